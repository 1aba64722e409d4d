"""Steps of different lengths: weather held within shorter ones, series averaged or held, prices of half-hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.unit import test_solcast
from tests.unit.test_placement import refused, write
from tests.unit.test_preparation import make

from kiban.errors import ScenarioError, WeatherError
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario
from kiban.weather.jepx import read_jepx
from kiban.weather.placement import Span
from kiban.weather.series import place_series
from kiban.weather.solcast import read_solcast
from kiban.weather.sub_hours import hold_within_steps
from kiban.weather.sun import sun_of_steps


def every(minutes: float, first: datetime, last: datetime) -> list[datetime]:
    count = round((last - first) / timedelta(minutes=minutes))
    return [first + i * timedelta(minutes=minutes) for i in range(count)]


@pytest.mark.parametrize("step_hours", [0.5, 0.25])
def test_weather_on_shorter_steps_keeps_its_means_and_follows_the_sun(tmp_path: Path, step_hours: float) -> None:
    file = test_solcast.write(tmp_path, [test_solcast.NEW, *test_solcast.HOURS])
    hourly = read_solcast(file, test_solcast.PLACE)
    held = hold_within_steps(hourly, step_hours)
    parts = round(1 / step_hours)
    assert (held.step_hours, len(held.time)) == (step_hours, 8760 * parts)
    sun = sun_of_steps(held.time, held.latitude_deg, held.longitude_deg, step_hours)
    lit = np.repeat(sun.mean_cosine.reshape(-1, parts).max(axis=1) > 0, parts)
    for name in ("temperature_c", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_speed_m_s", "pressure_hpa"):
        means = getattr(held, name).reshape(-1, parts).mean(axis=1)
        np.testing.assert_allclose(means, getattr(hourly, name), rtol=1e-12, atol=1e-9, err_msg=name)
    for name in ("temperature_c", "dni_w_m2"):
        np.testing.assert_array_equal(getattr(held, name), np.repeat(getattr(hourly, name), parts))
    below = lit & (sun.mean_cosine == 0)
    assert below.any()
    assert held.ghi_w_m2[below].max() == 0
    # The same sky at every height of the sun: of two parts of an hour the one with the higher sun has more.
    whole = np.repeat(sun.mean_cosine.reshape(-1, parts).mean(axis=1), parts)
    high = whole > 0.1
    ratio = held.ghi_w_m2[high] / np.repeat(hourly.ghi_w_m2, parts)[high]
    np.testing.assert_allclose(ratio, (sun.mean_cosine / np.where(whole > 0, whole, 1))[high], rtol=1e-9)
    assert held.notes[-1].code == "note.held"
    assert hold_within_steps(hourly, 1.0) is hourly


def test_a_plan_in_quarters_of_an_hour_has_the_energy_of_its_hours() -> None:
    def output(step_hours: float):
        raw = {"name": "x", "site": {"id": "tomakomai"}, "time": {"step_hours": step_hours, "hours": 48}}
        preparation = prepare(parse_scenario(raw))
        resources = preparation.resources_for("direct_liquid")
        return preparation, {supply.name: supply.availability for supply in resources.supply}

    preparation, quarters = output(0.25)
    _, halves = output(0.5)
    assert len(preparation.time) == 192
    assert [str(moment)[11:16] for moment in preparation.time[:4]] == ["00:00", "00:15", "00:30", "00:45"]
    np.testing.assert_allclose(quarters["pv"].reshape(-1, 2).mean(axis=1), halves["pv"], atol=0.01)


@pytest.mark.parametrize(
    ("step_hours", "said"),
    [(0.75, "0.75; give 1, 0.5 or 0.25"), (0.1, "0.1; it must be at least 0.25"), (2.0, "2.0; it must be at most 1")],
)
def test_other_steps_are_refused(step_hours: float, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        parse_scenario({"name": "x", "site": {"id": "inzai"}, "time": {"step_hours": step_hours}})


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_rows_of_minutes_are_averaged_over_hours(tmp_path: Path, minutes: int) -> None:
    times = every(minutes, datetime(2025, 7, 16), datetime(2025, 7, 18))
    file = write(tmp_path, times, [float(i) for i in range(len(times))])
    span = Span((2025,), 9.0, first_step=4704, block_steps=48)
    placed = place_series(file, "load", span)
    parts = 60 // minutes
    np.testing.assert_allclose(placed.values, np.arange(48) * parts + (parts - 1) / 2)
    assert str(placed.notes[-1]) == f"rows of {minutes} minutes are averaged over steps of 1 h"
    lacking = write(tmp_path, [time for time in times if time != datetime(2025, 7, 16, 3, 30)])
    assert "2025-07-16 03" in refused(lacking, span) or "is 1 h after" in refused(lacking, span)


@pytest.mark.parametrize(("minutes", "parts"), [(60, 4), (30, 2)])
def test_rows_of_an_hour_hold_for_its_quarters(tmp_path: Path, minutes: int, parts: int) -> None:
    times = every(minutes, datetime(2025, 7, 16), datetime(2025, 7, 17))
    file = write(tmp_path, times, [float(i) for i in range(len(times))])
    span = Span((2025,), 9.0, step_hours=0.25, first_step=4704 * 4, block_steps=96)
    placed = place_series(file, "load", span)
    np.testing.assert_array_equal(placed.values, np.repeat(np.arange(96 // parts), parts))
    assert placed.notes[-1].code == "note.held_rows"


def test_rows_of_days_or_minutes_that_fit_no_step_are_refused(tmp_path: Path) -> None:
    span = Span((2025,), 9.0, first_step=0, block_steps=48)
    for minutes in (1, 7, 45, 180):
        times = every(minutes, datetime(2025, 1, 1), datetime(2025, 1, 3))
        with pytest.raises(WeatherError):
            place_series(write(tmp_path, times), "load", span)


def spot(folder: Path, first: datetime, last: datetime) -> Path:
    """A spot_summary of some half-hours: the price is the number of the half-hour, in yen/kWh."""
    file = folder / "spot.csv"
    rows = [f"{t:%Y/%m/%d},{2 * t.hour + t.minute // 30 + 1},{i}" for i, t in enumerate(every(30, first, last))]
    file.write_text("受渡日,時刻コード,エリアプライス東京(円/kWh)\n" + "\n".join(rows) + "\n")
    return file


def test_prices_of_a_window_need_its_own_hours_alone(tmp_path: Path) -> None:
    file = spot(tmp_path, datetime(2022, 7, 16), datetime(2022, 7, 17))
    window = {"first_step": 4704, "block_steps": 24}
    price = read_jepx(file, "tokyo", Span((2022,), 9.0, **window))
    np.testing.assert_allclose(price, (np.arange(24) * 2 + 0.5) * 1e-3)
    quarters = read_jepx(file, "tokyo", Span((2022,), 9.0, 0.25, 4704 * 4, 96))
    np.testing.assert_allclose(quarters, np.repeat(np.arange(48), 2) * 1e-3)
    # An hour from UTC: the file's half-hours are Japan's.
    moved = read_jepx(file, "tokyo", Span((2022,), 8.0, first_step=4703, block_steps=24))
    np.testing.assert_allclose(moved, price)
    with pytest.raises(WeatherError, match="2022-07-17 lacks half-hours 1, 2"):
        read_jepx(file, "tokyo", Span((2022,), 9.0, first_step=4705, block_steps=24))


def test_a_fiscal_year_of_prices_needs_its_own_file_alone(tmp_path: Path) -> None:
    file = spot(tmp_path, datetime(2023, 4, 1), datetime(2024, 4, 1))
    price = read_jepx(file, "tokyo", Span((2023,), 9.0, 0.5, first_month=4))
    leap_day = slice(334 * 48, 335 * 48)
    np.testing.assert_allclose(price, np.delete(np.arange(366 * 48), leap_day) * 1e-3)
    with pytest.raises(WeatherError, match="fiscal year 2022, which holds 2023-01-01 to 2023-03-31"):
        read_jepx(file, "tokyo", Span((2023,), 9.0))


def test_half_hour_prices_on_hourly_and_quarter_steps_of_a_scenario(tmp_path: Path) -> None:
    spot(tmp_path, datetime(2025, 1, 1), datetime(2025, 1, 3))
    grid = {"price_myen_per_mwh": {"jepx_files": ["spot.csv"], "area": "tokyo"}, "energy_charge_myen_per_mwh": 0.0}
    _, hourly = make(folder=tmp_path, time={"hours": 48}, grid=grid)
    np.testing.assert_allclose(hourly.grid.price_myen_per_mwh, (np.arange(48) * 2 + 0.5) * 1e-3)
    _, quarters = make(folder=tmp_path, time={"hours": 48, "step_hours": 0.25}, grid=grid)
    np.testing.assert_allclose(quarters.grid.price_myen_per_mwh, np.repeat(np.arange(96), 2) * 1e-3)


def test_what_the_weather_decides_is_remembered_on_turned_and_shorter_steps_too() -> None:
    for time in ({"hours": 48}, {"hours": 48, "first_month": 4}, {"hours": 48, "step_hours": 0.25}):
        raw = {"name": "x", "site": {"id": "tomakomai"}, "time": time}
        assert prepare(parse_scenario(raw)).weather is prepare(parse_scenario(raw)).weather
