"""EPW files, against pvlib's own reading of the same file; the fixture is a year by formula."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather.epw import read_epw
from kiban.weather.rows import LISTED_AT_MOST

LATITUDE, LONGITUDE, ZONE, ELEVATION = 42.64, 141.6, 9.0, 8.0
DRY_BULB, HUMIDITY, PRESSURE, GHI, DNI, WIND, SNOW = 6, 8, 9, 13, 14, 21, 30


def header(city: str = "Tomakomai", zone: str = "9.0", rows_an_hour: str = "1") -> list[str]:
    return [
        f"LOCATION,{city},HKD,JPN,made up,474240,{LATITUDE},{LONGITUDE},{zone},{ELEVATION}",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,made by a formula for a test",
        "COMMENTS 2,",
        f"DATA PERIODS,1,{rows_an_hour},Data,Sunday,1/1,12/31",
    ]


def rows(first_year: int, last_year: int | None = None) -> list[str]:
    """A year of rows; the second half of it comes from `last_year`."""
    times = pd.date_range(f"{first_year}-01-01", f"{first_year + 1}-01-01", freq="h", inclusive="left", tz="Etc/GMT-9")
    middle = times + pd.Timedelta(minutes=30)
    sun = pvlib.solarposition.get_solarposition(middle, LATITUDE, LONGITUDE)
    cosine = np.cos(np.radians(np.minimum(sun["zenith"].to_numpy(), 90.0)))
    dni = np.where(cosine > 0.1, 500.0, 0.0)
    dhi = 150.0 * cosine
    made = []
    for i, time in enumerate(times):
        year = last_year if last_year is not None and time.month > 6 else first_year
        cells: list[object] = [year, time.month, time.day, time.hour + 1, 60, "?9?9?9"]
        cells += [round(8 - 12 * np.cos(2 * np.pi * i / 8760), 1), -2.0, 60 + i % 30, 101000 + i % 100]
        cells += [0, 0, 300, round(dhi[i] + dni[i] * cosine[i]), round(dni[i]), round(dhi[i])]
        cells += [999999, 999999, 999999, 9999, 180, (i % 100) / 10, 5, 5, 9999, 99999, 9, 999999999]
        cells += [10, 0.1, i % 50, 88, 0.2, 0.0, 1.0]
        made.append(",".join(map(str, cells)))
    return made


ROWS = rows(2021, 2009)


def write(folder: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    file = folder / "site.epw"
    file.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return file


def replaced(lines: list[str], row: int, column: int, cell: str) -> list[str]:
    cells = lines[row].split(",")
    cells[column] = cell
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


def problems(file: Path, year: int = 2023) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_epw(file, year=year)
    return [str(problem).replace(str(file), file.name) for problem in caught.value.problems]


@pytest.mark.parametrize("year", [2023, 2024])
def test_agrees_with_pvlib(tmp_path: Path, year: int) -> None:
    file = write(tmp_path, header() + ROWS)
    weather = read_epw(file, year=year)
    frame, meta = pvlib.iotools.read_epw(file, coerce_year=2023)
    if year == 2023:
        assert (weather.time == frame.index).all()
    assert len(weather.time) == 8760
    assert str(weather.time[0]) == f"{year}-01-01 00:00:00+09:00"
    assert str(weather.time[-1]) == f"{year}-12-31 23:00:00+09:00"
    assert (weather.latitude_deg, weather.longitude_deg) == (meta["latitude"], meta["longitude"])
    assert weather.elevation_m == meta["altitude"]
    for ours, theirs, factor in (
        ("temperature_c", "temp_air", 1.0),
        ("relative_humidity_pct", "relative_humidity", 1.0),
        ("pressure_hpa", "atmospheric_pressure", 0.01),
        ("ghi_w_m2", "ghi", 1.0),
        ("dni_w_m2", "dni", 1.0),
        ("dhi_w_m2", "dhi", 1.0),
        ("wind_speed_m_s", "wind_speed", 1.0),
        ("snow_depth_cm", "snow_depth", 1.0),
    ):
        np.testing.assert_allclose(getattr(weather, ours), frame[theirs].to_numpy() * factor)
    assert weather.wind_height_m == 10.0
    assert weather.source == "EPW: Tomakomai (site.epw)"
    assert [str(note) for note in weather.notes] == [f"{file}: rows of different years are laid on {year}"]


def test_leap_day_is_left_out_and_said(tmp_path: Path) -> None:
    leap = rows(2024)
    assert len(leap) == 8784
    for year in (2023, 2024):
        weather = read_epw(write(tmp_path, header() + leap), year=year)
        assert len(weather.time) == 8760
        assert [str(note) for note in weather.notes] == ["29 February is left out (24 rows)"]
        march = (31 + 28) * 24
        assert weather.pressure_hpa[march] == pytest.approx(1010 + (march + 24) % 100 / 100)


def test_marks_for_missing_values_are_refused_by_line(tmp_path: Path) -> None:
    lines = ROWS
    for row, (column, mark) in enumerate(
        [(DRY_BULB, "99.9"), (HUMIDITY, "999"), (PRESSURE, "999999"), (GHI, "9999"), (DNI, "9999"), (WIND, "999")]
    ):
        lines = replaced(lines, row, column, mark)
    said = problems(write(tmp_path, header() + lines))
    assert [text.split(": ")[1].split(" is")[0] for text in said] == [
        "temperature_c",
        "relative_humidity_pct",
        "pressure_hpa",
        "ghi_w_m2",
        "dni_w_m2",
        "wind_speed_m_s",
    ]
    assert said[0] == (
        "site.epw, line 9: temperature_c is 99.9, a mark for a missing value or no number; "
        "complete the file, or use another station."
    )
    assert said[5].startswith("site.epw, line 14: wind_speed_m_s is 999,")


def test_many_missing_values_are_counted(tmp_path: Path) -> None:
    lines = ROWS
    for row in range(12):
        lines = replaced(lines, row, WIND, "999")
    said = problems(write(tmp_path, header() + lines))
    assert len(said) == LISTED_AT_MOST
    assert said[0].startswith("site.epw, line 9: wind_speed_m_s is 999, a mark")
    assert f"or no number, and so are {12 - LISTED_AT_MOST} more" in said[-1]


def test_incomplete_snow_depth_is_not_used_and_said(tmp_path: Path) -> None:
    weather = read_epw(write(tmp_path, header() + replaced(ROWS, 4000, SNOW, "999")), year=2023)
    assert weather.snow_depth_cm is None
    assert any("snow depth is incomplete and not used" in str(note) for note in weather.notes)


def test_text_is_refused_by_line(tmp_path: Path) -> None:
    said = problems(write(tmp_path, header() + replaced(ROWS, 8000, DRY_BULB, "cold")))
    assert said[0].startswith("site.epw, line 8009: temperature_c is 'cold', a mark")


def test_city_in_latin_letters_with_accents(tmp_path: Path) -> None:
    assert read_epw(write(tmp_path, header("São") + ROWS, "latin-1"), year=2023).source.startswith("EPW: S")
    assert "São" in read_epw(write(tmp_path, header("São") + ROWS), year=2023).source


def test_truncated_and_longer_files_are_refused(tmp_path: Path) -> None:
    said = problems(write(tmp_path, header() + ROWS[:-1]))
    assert any("1 h missing from 2023-12-31 23:00" in text for text in said)
    said = problems(write(tmp_path, [*header(), *ROWS, ROWS[-1]]))
    assert any("line 8769: time 2023-12-31 23:00 is duplicated" in text for text in said)
    said = problems(write(tmp_path, header() + ROWS[:20]))
    assert any("20 of 8760 steps" in text for text in said)
    assert problems(write(tmp_path, header()))


def test_months_and_hours_that_do_not_exist(tmp_path: Path) -> None:
    lines = replaced(replaced(ROWS, 3, 3, "25"), 5, 1, "13")
    said = problems(write(tmp_path, header() + lines))
    assert said[0].startswith("site.epw, line 12: time month 1, day 1, hour 25 does not exist")
    assert said[1].startswith("site.epw, line 14: time month 13, day 1, hour 6 does not exist")
    assert "line 10: hour is 0" in problems(write(tmp_path, header() + replaced(ROWS, 1, 3, "0")))[0]
    assert "line 9: time month 1, day x," in problems(write(tmp_path, header() + replaced(ROWS, 0, 2, "x")))[0]


def test_wrong_headers_are_refused(tmp_path: Path) -> None:
    assert problems(write(tmp_path, ROWS)) == [
        "site.epw, line 1 is not an EPW file: the first line does not start with LOCATION; "
        "give an EnergyPlus weather file (.epw)."
    ]
    assert "the eighth line does not start with DATA PERIODS" in problems(write(tmp_path, header()[:7] + ROWS))[0]
    said = problems(write(tmp_path, header(zone="JST") + ROWS))
    assert said == ["site.epw, line 1: utc_offset_hours is 'JST' in LOCATION, not a number; correct the header."]
    said = problems(write(tmp_path, header(rows_an_hour="4") + ROWS))
    assert said == ["site.epw, line 8: DATA PERIODS has 4 rows an hour; use a file with one row an hour."]
    assert "is a directory" in problems(tmp_path)[0]


def test_wrong_zone_is_refused(tmp_path: Path) -> None:
    said = problems(write(tmp_path, header(zone="0.0") + ROWS))
    assert any("UTC" in text for text in said)


def test_the_fixture_is_a_year_of_hours() -> None:
    assert len(ROWS) == 8760
    assert datetime(2021, 1, 1) + timedelta(hours=len(ROWS)) == datetime(2022, 1, 1)
