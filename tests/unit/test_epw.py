"""EPW files, against pvlib's own reading of the same file; the fixture is a year by formula."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather import Weather
from kiban.weather.epw import read_epw
from kiban.weather.irradiance import LOWEST_BEAM_COSINE
from kiban.weather.rows import LISTED_AT_MOST
from kiban.weather.sun import sun_of_steps

LATITUDE, LONGITUDE, ZONE, ELEVATION = 42.64, 141.6, 9.0, 8.0
DRY_BULB, DEW_POINT, HUMIDITY, PRESSURE, GHI, DNI, DHI, WIND, SNOW = 6, 7, 8, 9, 13, 14, 15, 21, 30


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


def mean_cosine(weather: Weather) -> np.ndarray:
    return sun_of_steps(weather.time, LATITUDE, LONGITUDE, 1.0).mean_cosine


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


def test_marks_for_missing_values_are_refused_by_line_and_the_remedy_works(tmp_path: Path) -> None:
    lines = ROWS
    marks = [(DRY_BULB, "99.9"), (HUMIDITY, "999"), (GHI, "9999"), (DNI, "9999"), (WIND, "999")]
    for row, (column, mark) in enumerate(marks, start=2000):
        lines = replaced(lines, row, column, mark)
    lines = replaced(replaced(lines, 2002, DNI, "9999"), 2003, DHI, "9999")
    lines = replaced(lines, 2001, DEW_POINT, "99.9")  # which would give the humidity
    file = write(tmp_path, header() + lines)
    said = problems(file)
    assert [text.split(": ")[1].split(" is")[0] for text in said] == [
        "temperature_c",
        "relative_humidity_pct",
        "ghi_w_m2",
        "dni_w_m2",
        "dhi_w_m2",
        "wind_speed_m_s",
    ]
    assert said[0] == (
        "site.epw, line 2009: temperature_c is missing (99.9) for 1 h from 2023-03-25 08:00; "
        "complete the column, or ask to fill gaps (fill_gaps_hours = 1)."
    )
    assert said[5].startswith("site.epw, line 2013: wind_speed_m_s is missing (999) for 1 h")
    assert "dni_w_m2 is missing (9999) for 2 h" in said[3]
    assert said[3].endswith("(fill_gaps_hours = 2).")
    weather = read_epw(file, year=2023, fill_gaps_hours=2)
    whole = read_epw(write(tmp_path, header() + ROWS), year=2023)
    assert weather.temperature_c[2000] == (weather.temperature_c[1999] + weather.temperature_c[2001]) / 2
    # Irradiance follows the sun between its neighbours: the sky of the formula is even.
    np.testing.assert_allclose(weather.ghi_w_m2[2002], whole.ghi_w_m2[2002], rtol=0.1)
    cosine = mean_cosine(weather)[2002:2004]
    closed = weather.dhi_w_m2[2002:2004] + weather.dni_w_m2[2002:2004] * cosine
    np.testing.assert_allclose(closed, weather.ghi_w_m2[2002:2004])
    assert [str(note) for note in weather.notes[-2:]] == [
        "gaps of at most 2 h filled linearly: temperature_c 1 h, relative_humidity_pct 1 h, wind_speed_m_s 1 h",
        "gaps of at most 2 h filled along the sun's course: ghi_w_m2 1 h, dni_w_m2 2 h, dhi_w_m2 1 h",
    ]


@pytest.mark.parametrize(
    ("column", "mark", "name", "formula"),
    [
        (GHI, "9999", "ghi_w_m2", "DHI + DNI cos(zenith)"),
        (DNI, "9999", "dni_w_m2", "(GHI - DHI) / cos(zenith)"),
        (DHI, "9999", "dhi_w_m2", "GHI - DNI cos(zenith)"),
        (PRESSURE, "999999", "pressure_hpa", "standard atmosphere at 8 m"),
    ],
)
def test_a_column_that_the_others_give_is_derived_and_noted(
    tmp_path: Path, column: int, mark: str, name: str, formula: str
) -> None:
    """EnergyPlus does not read GHI at all and takes the standard pressure, so such files are valid and circulate."""
    lines = [replaced([row], 0, column, mark)[0] for row in ROWS]
    weather = read_epw(write(tmp_path, header() + lines), year=2023)
    assert f"{name}: 8,760 missing values derived: {formula}" in [str(note) for note in weather.notes]
    cosine = mean_cosine(weather)
    risen = (cosine > LOWEST_BEAM_COSINE) & (weather.dni_w_m2 > 0)
    assert risen.sum() > 3000
    closed = weather.dhi_w_m2 + weather.dni_w_m2 * cosine
    # The formula of the fixture takes the sun of the middle of the hour, and a file's own columns are rounded to 1.
    np.testing.assert_allclose(closed[risen], weather.ghi_w_m2[risen], atol=12.0)
    if name in {"ghi_w_m2", "dhi_w_m2"}:
        np.testing.assert_allclose(closed[risen], weather.ghi_w_m2[risen], atol=1e-9)
    # 101325 Pa (1 - 2.25577e-5 x 8)^5.25588 by hand.
    assert name != "pressure_hpa" or weather.pressure_hpa == pytest.approx(1012.2894, abs=1e-3)


def test_two_columns_of_irradiance_that_lack_are_refused(tmp_path: Path) -> None:
    lines = [replaced(replaced([row], 0, DNI, "9999"), 0, DHI, "9999")[0] for row in ROWS]
    said = problems(write(tmp_path, header() + lines))
    assert len(said) == 2
    assert "dni_w_m2 is missing (9999) for 8760 h" in said[0]
    assert said[0].endswith("complete the column, or use another station.")


def test_humidity_above_saturation_is_saturation(tmp_path: Path) -> None:
    """The data dictionary of EPW allows 0 to 110 %."""
    lines = replaced(replaced(ROWS, 100, HUMIDITY, "104"), 101, HUMIDITY, "110")
    weather = read_epw(write(tmp_path, header() + lines), year=2023)
    assert weather.relative_humidity_pct[100:102].tolist() == [100.0, 100.0]
    assert "relative_humidity_pct: 2 values above 100 set to 100" in [str(note) for note in weather.notes]
    said = problems(write(tmp_path, header() + replaced(ROWS, 100, HUMIDITY, "111")))
    assert said[0].startswith("site.epw, line 109: relative_humidity_pct is 111 at 2023-01-05 04:00, above 100")


def test_a_comma_in_the_name_of_the_city(tmp_path: Path) -> None:
    weather = read_epw(write(tmp_path, header('"Town, North"') + ROWS), year=2023)
    assert weather.source == "EPW: Town, North (site.epw)"
    assert (weather.latitude_deg, weather.longitude_deg) == (LATITUDE, LONGITUDE)
    said = problems(write(tmp_path, header("Town, North") + ROWS))
    assert said == [
        "site.epw, line 1: LOCATION has 11 cells instead of 10; "
        "write a name that holds a comma in quotation marks, or without the comma."
    ]
    said = problems(write(tmp_path, header(zone="36.1") + ROWS))
    assert said[0].startswith("site.epw, line 1: utc_offset_hours is 36.1 in the header; give a number from -12 to 14")


def test_a_missing_day_is_filled_where_that_is_asked_for_and_longer_gaps_are_not_offered(tmp_path: Path) -> None:
    file = write(tmp_path, header() + ROWS[:4800] + ROWS[4824:])
    [said] = problems(file)
    assert said.endswith(
        "24 h missing from 2023-07-20 00:00 to 2023-07-21 00:00; "
        "add the rows, or ask to fill gaps (fill_gaps_hours = 24)."
    )
    weather = read_epw(file, year=2023, fill_gaps_hours=24)
    whole = read_epw(write(tmp_path, header() + ROWS), year=2023)
    day = slice(4800, 4824)
    # By the sky of the evening before and the morning after, where the fixture has no beam; a straight line
    # from night to night would give nothing.
    assert 0.5 < weather.ghi_w_m2[day].sum() / whole.ghi_w_m2[day].sum() < 1.0
    [said] = problems(write(tmp_path, header() + ROWS[:4800] + ROWS[4825:]))
    assert said.endswith("to 2023-07-21 01:00; add the rows.")


def test_sensor_noise_is_clipped_where_that_is_asked_for(tmp_path: Path) -> None:
    lines = replaced(replaced(ROWS, 2, GHI, "-1"), 26, GHI, "-3.5")
    file = write(tmp_path, header() + lines)
    said = problems(file)
    assert said[0] == (
        "site.epw, line 11: ghi_w_m2 is -1 at 2023-01-01 02:00, negative; "
        "set sensor noise below zero to 0 before, or ask for it (clip_negative_w_m2 = 4)."
    )
    weather = read_epw(file, year=2023, clip_negative_w_m2=4)
    assert weather.ghi_w_m2.min() == 0.0
    assert "ghi_w_m2: 2 values between -4 and 0 set to 0" in [str(note) for note in weather.notes]
    said = problems(write(tmp_path, header() + replaced(ROWS, 2, GHI, "-21")))
    assert said[0].startswith("site.epw, line 11: ghi_w_m2 is -21 at 2023-01-01 02:00, below 0; give values from 0")


def test_many_missing_values_are_counted(tmp_path: Path) -> None:
    lines = ROWS
    for row in range(0, 24, 2):
        lines = replaced(lines, row, WIND, "999")
    said = problems(write(tmp_path, header() + lines))
    assert len(said) == LISTED_AT_MOST
    assert said[0].startswith("site.epw, line 9: wind_speed_m_s is missing (999) for 1 h from 2023-01-01 00:00")
    assert f", and in {12 - LISTED_AT_MOST} more places" in said[-1]


def test_incomplete_snow_depth_is_not_used_and_said(tmp_path: Path) -> None:
    weather = read_epw(write(tmp_path, header() + replaced(ROWS, 4000, SNOW, "999")), year=2023)
    assert weather.snow_depth_cm is None
    assert any("snow depth is incomplete and not used" in str(note) for note in weather.notes)


def test_text_is_refused_by_line(tmp_path: Path) -> None:
    said = problems(write(tmp_path, header() + replaced(ROWS, 8000, DRY_BULB, "cold")))
    assert said[0].startswith("site.epw, line 8009: temperature_c is 'cold', not a number; correct")


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
    assert said == ["site.epw, line 1: utc_offset_hours is 'JST' in the header, not a number; correct the header."]
    said = problems(write(tmp_path, header(rows_an_hour="4") + ROWS))
    assert said == ["site.epw, line 8: DATA PERIODS has 4 rows an hour; use a file with one row an hour."]
    assert "is a directory" in problems(tmp_path)[0]


def test_wrong_zone_is_refused(tmp_path: Path) -> None:
    said = problems(write(tmp_path, header(zone="0.0") + ROWS))
    assert any("UTC" in text for text in said)


def test_the_fixture_is_a_year_of_hours() -> None:
    assert len(ROWS) == 8760
    assert datetime(2021, 1, 1) + timedelta(hours=len(ROWS)) == datetime(2022, 1, 1)
