"""TMY3 files, against pvlib's own reading of the two files that ship with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather.tmy3 import read_tmy3

FOLDER = Path(pvlib.__file__).parent / "data"
SHIPPED = ("723170TYA.CSV", "703165TY.csv")


@pytest.fixture(scope="module")
def greensboro_lines() -> list[str]:
    return (FOLDER / SHIPPED[0]).read_text().splitlines()


def write(folder: Path, lines: list[str]) -> Path:
    file = folder / "station.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def replaced(lines: list[str], line: int, column: int, cell: str) -> list[str]:
    """The lines with one cell of one line (1 is the first) replaced."""
    cells = lines[line - 1].split(",")
    cells[column] = cell
    return [*lines[: line - 1], ",".join(cells), *lines[line:]]


def problems(file: Path | str) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_tmy3(file, year=2023)
    return [str(problem).replace(str(file), Path(file).name) for problem in caught.value.problems]


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("year", [2023, 2024])
def test_agrees_with_pvlib_on_start_labels(name: str, year: int) -> None:
    weather = read_tmy3(f"pvlib:{name}", year=year)
    frame, meta = pvlib.iotools.read_tmy3(FOLDER / name, coerce_year=2023)
    assert (weather.latitude_deg, weather.longitude_deg) == (meta["latitude"], meta["longitude"])
    assert weather.elevation_m == meta["altitude"]
    assert weather.wind_height_m == 10.0
    assert weather.snow_depth_cm is None
    assert weather.years == (year,)
    assert len(weather.time) == 8760
    assert str(weather.time[0])[:19] == f"{year}-01-01 00:00:00"
    assert str(weather.time[-1])[:19] == f"{year}-12-31 23:00:00"
    assert weather.time[0].utcoffset() == pd.Timedelta(hours=meta["TZ"])
    if year == 2023:
        assert (weather.time == frame.index - pd.Timedelta(hours=1)).all()
    pairs = {
        "temperature_c": "temp_air",
        "relative_humidity_pct": "relative_humidity",
        "pressure_hpa": "pressure",
        "ghi_w_m2": "ghi",
        "dni_w_m2": "dni",
        "dhi_w_m2": "dhi",
        "wind_speed_m_s": "wind_speed",
    }
    for ours, theirs in pairs.items():
        np.testing.assert_array_equal(getattr(weather, ours), frame[theirs].to_numpy())


def test_says_where_it_comes_from() -> None:
    weather = read_tmy3("pvlib:723170TYA.CSV", year=2023)
    assert weather.source == "TMY3: GREENSBORO PIEDMONT TRIAD INT (723170)"
    assert [str(note) for note in weather.notes] == ["pvlib:723170TYA.CSV: rows of different years are laid on 2023"]
    assert weather.synthetic == frozenset()
    assert 1500 < weather.ghi_w_m2.sum() / 1000 < 1650  # kWh/m2 a year


def test_last_hour_of_february_of_a_leap_year(tmp_path: Path, greensboro_lines: list[str]) -> None:
    """pvlib moves 24:00 of 28 February of a leap year to 1 March; the step is still 28 February 23:00."""
    line = 2 + 59 * 24
    assert ",24:00," in greensboro_lines[line - 1]
    lines = replaced(greensboro_lines, line, 0, "02/28/1996")
    lines = replaced(lines, line, 31, "-7.7")
    weather = read_tmy3(write(tmp_path, lines), year=2023)
    assert weather.temperature_c[59 * 24 - 1] == -7.7


def test_midnight_may_be_zero_hours_of_the_next_day(tmp_path: Path, greensboro_lines: list[str]) -> None:
    moved = greensboro_lines[:2]
    for line in greensboro_lines[2:]:
        date, clock, rest = line.split(",", 2)
        if clock == "24:00":
            next_day = pd.Timestamp(date) + pd.Timedelta(days=1)
            moved.append(f"{next_day:%m/%d/%Y},00:00,{rest}")
        else:
            moved.append(line)
    weather = read_tmy3(write(tmp_path, moved), year=2023)
    usual = read_tmy3("pvlib:723170TYA.CSV", year=2023)
    np.testing.assert_array_equal(weather.temperature_c, usual.temperature_c)


@pytest.mark.parametrize(
    ("column", "cell", "said_of"),
    [
        (1, "25:00", "month 01, day 02, hour 25"),
        (1, "04:30", "month 01/02/1988, day , hour 04:30"),
        (0, "13/01/1988", "month 13, day 01, hour 04"),
        (0, "02/30/1988", "month 02, day 30, hour 04"),
        (0, "1988-01-02", "month 1988-01-02, day , hour 04:00"),
    ],
)
def test_hours_and_days_that_do_not_exist(
    tmp_path: Path, greensboro_lines: list[str], column: int, cell: str, said_of: str
) -> None:
    said = problems(write(tmp_path, replaced(greensboro_lines, 30, column, cell)))
    assert said[0].startswith(f"station.csv, line 30: time {said_of} does not exist")


@pytest.mark.parametrize("mark", ["-9900", "9999", "9900"])
def test_marks_for_missing_values_are_refused_by_line(tmp_path: Path, greensboro_lines: list[str], mark: str) -> None:
    lines = replaced(greensboro_lines, 100, 31, mark)
    lines = replaced(lines, 200, 46, mark)
    said = problems(write(tmp_path, lines))
    remedy = "complete the column, or ask to fill gaps (fill_gaps_hours = 1)."
    assert said == [
        f"station.csv, line 100: temperature_c is missing ({mark}) for 1 h from 2023-01-05 01:00; {remedy}",
        f"station.csv, line 200: wind_speed_m_s is missing ({mark}) for 1 h from 2023-01-09 05:00; {remedy}",
    ]
    weather = read_tmy3(tmp_path / "station.csv", year=2023, fill_gaps_hours=1)
    assert weather.temperature_c[97] == pytest.approx((weather.temperature_c[96] + weather.temperature_c[98]) / 2)


def test_text_and_empty_cells_are_refused_by_line(tmp_path: Path, greensboro_lines: list[str]) -> None:
    lines = replaced(greensboro_lines, 50, 31, "warm")
    lines = replaced(lines, 60, 4, "")
    assert problems(write(tmp_path, lines)) == [
        "station.csv, line 50: temperature_c is 'warm', not a number; correct the cell, or use another station."
    ]
    lines = replaced(replaced(greensboro_lines, 60, 31, ""), 61, 4, "")
    [said] = problems(write(tmp_path, lines))
    assert said.startswith("station.csv, line 60: temperature_c is missing (no value) for 1 h from 2023-01-03 09:00")


def test_irradiance_that_the_other_two_give_is_derived(tmp_path: Path, greensboro_lines: list[str]) -> None:
    weather = read_tmy3(write(tmp_path, replaced(greensboro_lines, 15, 4, "-9900")), year=2023)
    usual = read_tmy3("pvlib:723170TYA.CSV", year=2023)
    assert "ghi_w_m2: 1 missing values derived: DHI + DNI cos(zenith)" in [str(note) for note in weather.notes]
    assert usual.ghi_w_m2[12] > 100
    assert weather.ghi_w_m2[12] == pytest.approx(usual.ghi_w_m2[12], rel=0.05)
    without = [",".join(line.split(",")[:4] + line.split(",")[7:]) for line in greensboro_lines[1:]]
    whole = read_tmy3(write(tmp_path, [greensboro_lines[0], *without]), year=2023)
    assert whole.ghi_w_m2.sum() == pytest.approx(usual.ghi_w_m2.sum(), rel=0.05)


def test_a_comma_in_the_name_of_the_station(tmp_path: Path, greensboro_lines: list[str]) -> None:
    first = '723170,"GREENSBORO, PIEDMONT",NC,-5.0,36.100,-79.950,273'
    weather = read_tmy3(write(tmp_path, [first, *greensboro_lines[1:]]), year=2023)
    assert weather.source == "TMY3: GREENSBORO, PIEDMONT (723170)"
    said = problems(write(tmp_path, [first.replace('"', ""), *greensboro_lines[1:]]))
    assert said[0].startswith("station.csv, line 1: ")


def test_truncated_and_repeated_rows_are_refused(tmp_path: Path, greensboro_lines: list[str]) -> None:
    said = problems(write(tmp_path, greensboro_lines[:-24]))
    assert any("24 h missing from 2023-12-31 00:00" in text for text in said)
    said = problems(write(tmp_path, [*greensboro_lines[:9], greensboro_lines[8], *greensboro_lines[9:]]))
    assert any("line 10: time 2023-01-01 06:00 is duplicated" in text for text in said)


def test_wrong_headers_are_refused(tmp_path: Path, greensboro_lines: list[str]) -> None:
    assert "is not a TMY3 file: a station line" in problems(write(tmp_path, greensboro_lines[1:]))[0]
    assert "is not a TMY3 file" in problems(write(tmp_path, ["a,b", "1,2"]))[0]
    said = problems(write(tmp_path, replaced(greensboro_lines, 1, 4, "north")))
    assert said[0] == "station.csv, line 1: latitude_deg is 'north' in the header, not a number; correct the header."
    without = [",".join(line.split(",")[:31] + line.split(",")[34:]) for line in greensboro_lines[1:]]
    said = problems(write(tmp_path, [greensboro_lines[0], *without]))
    assert said == ["station.csv has no column 'temp_air' (temperature_c); use a file with all standard columns."]
    assert "is a directory" in problems(tmp_path)[0]


def test_wrong_zone_is_refused(tmp_path: Path, greensboro_lines: list[str]) -> None:
    """With UTC instead of UTC-5 in the header the sun would shine at night."""
    said = problems(write(tmp_path, replaced(greensboro_lines, 1, 3, "0.0")))
    assert any("zone" in text or "UTC" in text for text in said)


def test_unknown_shipped_file_names_the_nearest() -> None:
    assert problems("pvlib:723170TY.CSV") == [
        "pvlib:723170TY.CSV does not ship with pvlib; did you mean '723170TYA.CSV'?"
    ]
    assert "use one of 703165TY.csv, 723170TYA.CSV" in problems("pvlib:../secret")[0]
