"""Weather and price files that a spreadsheet has saved again are the same: workbooks, semicolons, tabs, padding."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from tests.remedies.weather_files import two_stations
from tests.unit import test_jepx, test_jma
from tests.unit.test_asked_of_weather import READERS, check

from kiban.errors import InputError
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario
from kiban.weather.jepx import read_fiscal_year
from kiban.weather.recognition import recognise
from kiban.weather.tmy3 import _stamp

pytestmark = pytest.mark.slow
Save = Callable[[Path, Sequence[str]], Path]


def cells_of(lines: Sequence[str]) -> list[list[str]]:
    return list(csv.reader(lines))


def cell(text: str) -> object:
    """What a spreadsheet makes of a text when it opens a CSV."""
    for pattern in ("%m/%d/%Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, pattern)
    if re.fullmatch(r"\d{2}:00", text):
        return time(int(text[:2])) if text != "24:00" else datetime(1899, 12, 31)
    try:
        number = float(text)
    except ValueError:
        return text or None
    return int(number) if number.is_integer() and "." not in text else number


def as_workbook(folder: Path, lines: Sequence[str]) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in cells_of(lines):
        sheet.append([cell(text) for text in row])
    book.save(folder / "site.xlsx")
    return folder / "site.xlsx"


def parted_by(mark: str, encoding: str = "utf-8") -> Save:
    def save(folder: Path, lines: Sequence[str]) -> Path:
        file = folder / "site.csv"
        with file.open("w", encoding=encoding, newline="") as opened:
            csv.writer(opened, delimiter=mark).writerows(cells_of(lines))
        return file

    return save


def padded(folder: Path, lines: Sequence[str]) -> Path:
    """Every row as long as the longest, as a spreadsheet saves a table."""
    rows = cells_of(lines)
    width = max(map(len, rows))
    with (folder / "site.csv").open("w", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened).writerows([*row, *[""] * (width - len(row))] for row in rows)
    return folder / "site.csv"


def dated(folder: Path, lines: Sequence[str]) -> Path:
    """American dates and times as a Japanese spreadsheet writes them again."""
    changed = [re.sub(r"^(\d\d)/(\d\d)/(\d{4}),0?(\d+):00,", r"\3/\1/\2,\4:00,", line) for line in lines]
    assert changed != list(lines)
    return padded(folder, changed)


SAVED: dict[str, Save] = {
    "workbook": as_workbook,
    "semicolons": parted_by(";"),
    "tabs": parted_by("\t"),
    "Shift_JIS and semicolons": parted_by(";", "cp932"),
    "padded": padded,
    "dates as in Japan": dated,
}


def read(folder: Path, name: str, file: Path, offered: bool = False) -> Any:
    reader = READERS["jma" if name == "jma page" else name]
    if offered:
        assert recognise(file) == reader.source
    weather = {"source": reader.source, "files": [file.name], **reader.more}
    raw = {"name": "x", "site": {**reader.site, "area": "hokkaido"}, "time": {"hours": 24}, "weather": weather}
    return prepare(parse_scenario(raw).placed_in(folder)).weather


CASES = [
    *((name, "workbook") for name in ("nsrdb", "solcast", "jma page")),
    *((name, "padded") for name in (*READERS, "jma page")),
    *(("epw", saved) for saved in ("semicolons", "tabs")),
    *(("tmy3", saved) for saved in ("semicolons", "dates as in Japan")),
    *(("jma page", saved) for saved in ("Shift_JIS and semicolons", "tabs")),
    ("nsrdb", "semicolons"),
]


@pytest.mark.parametrize(("name", "saved"), CASES)
def test_the_weather_is_the_same(name: str, saved: str, tmp_path: Path) -> None:
    lines = test_jma.PAGE if name == "jma page" else list(READERS[name].lines())
    reader = READERS["jma" if name == "jma page" else name]
    whole = check(tmp_path, reader, lines, {}).weather
    weather = read(tmp_path, name, SAVED[saved](tmp_path, lines), offered=True)
    for column in ("temperature_c", "relative_humidity_pct", "ghi_w_m2", "dni_w_m2", "wind_speed_m_s", "pressure_hpa"):
        np.testing.assert_allclose(getattr(weather, column), getattr(whole, column), rtol=1e-12)
    assert (weather.time == whole.time).all()


@pytest.mark.parametrize("saved", ["workbook", "semicolons", "padded"])
def test_prices_of_the_exchange_are_the_same(saved: str, tmp_path: Path) -> None:
    lines = [test_jepx.HEADER, *test_jepx.ROWS[2023]]
    (tmp_path / "spot.csv").write_text("\n".join(lines) + "\n", encoding="cp932")
    whole = read_fiscal_year(tmp_path / "spot.csv", "tokyo", 2023)
    np.testing.assert_array_equal(read_fiscal_year(SAVED[saved](tmp_path, lines), "tokyo", 2023), whole)


def test_one_of_several_stations_of_a_file_is_chosen_in_the_scenario(tmp_path: Path) -> None:
    reader = READERS["jma"]
    both = two_stations()
    with pytest.raises(InputError, match=r"name one of them in weather\.station"):
        check(tmp_path, reader, both, {})
    chosen = check(tmp_path, reader, both, {"station": "札幌"}).weather
    np.testing.assert_array_equal(chosen.ghi_w_m2, check(tmp_path, reader, test_jma.PAGE, {}).weather.ghi_w_m2)


def test_a_row_of_an_american_year_as_a_sheet_holds_it() -> None:
    assert _stamp("1988-01-31 00:00:00,1899-12-31 00:00:00,0,0").row == "01/31/1988,24:00,0,0"
    assert _stamp("1988-01-31 00:00:00,01:00,0,0").label == ("01", "31", "01")
    assert _stamp("noon,01:30,0").label == ("noon", "", "01:30")
