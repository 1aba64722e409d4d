"""Costs by hand where the same prices are written in another way: in UTC, as a fiscal year, in a workbook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import openpyxl
import pytest

import kiban
from kiban.errors import InputError

JAPAN = timezone(timedelta(hours=9))
STUDY = """\
name = "Cheap from nine to three"
[site]
latitude_deg = 43.0
longitude_deg = 141.5
area = "hokkaido"
utc_offset_hours = 9
[time]
hours = 48
[weather]
source = "none"
[load]
it_load_mw = 20
firm_shape = "flat"
deferrable_share = 0.0
it_annual_cost_myen_per_mw = 1
[cooling]
pue = 1.0
[battery]
enabled = false
[backup]
technology = "none"
critical_share = 0
[grid]
price_myen_per_mwh = {{ file = "{prices}", column = "price", scale = 0.001 }}
energy_charge_myen_per_mwh = 0.003
annual_cost_myen_per_mw = 1
clean_share = 0.3
emission_factor_t_per_mwh = 0.5
[supply.farm]
availability = {{ file = "sun.csv", column = "sun" }}
annual_cost_myen_per_mw = 10
min_mw = 25
max_mw = 25
"""
# The sun serves the six cheap hours from 9 to 15; in the other 18, 20 MW are bought at 25 + 3 yen/kWh. The farm costs
# 250, connection and IT 20 each.
BY_HAND = 20 * 18 * 365 * 0.028 + 250 + 20 + 20


def is_day(time: datetime) -> bool:
    return 9 <= time.hour < 15


def study(folder: Path, prices: str) -> Path:
    day = [datetime(2022, 1, 1) + timedelta(hours=hour) for hour in range(48)]
    (folder / "sun.csv").write_text("sun\n" + "".join(f"{0.8 if is_day(time) else 0}\n" for time in day))
    (folder / "study.toml").write_text(STUDY.format(prices=prices))
    return folder / "study.toml"


def rows(first: datetime, hours: int) -> list[tuple[datetime, float]]:
    """Hours from `first` in the place's time, with the price of each."""
    times = [first + timedelta(hours=hour) for hour in range(hours)]
    return [(time, 5.0 if is_day(time) else 25.0) for time in times]


def write(file: Path, lines: list[tuple[datetime, float]]) -> str:
    file.write_text("time,price\n" + "".join(f"{time.isoformat()},{price}\n" for time, price in lines))
    return file.name


def cost(path: Path) -> float:
    return float(kiban.build(path).cost_myen_per_year)


def test_in_the_places_own_time(tmp_path):
    prices = write(tmp_path / "prices.csv", rows(datetime(2022, 1, 1, tzinfo=JAPAN), 48))
    assert cost(study(tmp_path, prices)) == pytest.approx(BY_HAND, rel=1e-8)
    assert pytest.approx(3_969.2) == BY_HAND


def test_in_utc(tmp_path):
    local = rows(datetime(2022, 1, 1, tzinfo=JAPAN), 48)
    prices = write(tmp_path / "prices.csv", [(time.astimezone(UTC), price) for time, price in local])
    assert cost(study(tmp_path, prices)) == pytest.approx(BY_HAND, rel=1e-8)


def test_two_days_of_utc_do_not_hold_two_days_of_japan(tmp_path):
    local = rows(datetime(2022, 1, 1, 9, tzinfo=JAPAN), 48)
    prices = write(tmp_path / "prices.csv", [(time.astimezone(UTC), price) for time, price in local])
    with pytest.raises(InputError, match="no row for 9 steps of the horizon"):
        cost(study(tmp_path, prices))


def test_a_fiscal_year(tmp_path):
    """As power companies and the exchange publish them, from April to March."""
    prices = write(tmp_path / "prices.csv", rows(datetime(2022, 4, 1), 8760))
    assert cost(study(tmp_path, prices)) == pytest.approx(BY_HAND, rel=1e-8)


def test_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for line in [("time", "price"), *rows(datetime(2022, 1, 1), 48)]:
        book.active.append(line)
    book.save(tmp_path / "prices.xlsx")
    assert cost(study(tmp_path, "prices.xlsx")) == pytest.approx(BY_HAND, rel=1e-8)
