"""Files of the NSRDB, against pvlib's own reading; the fixture is a year by formula in the layout of the service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather.nsrdb import read_nsrdb
from kiban.weather.sun import sun_of_steps

LATITUDE, LONGITUDE, ZONE = 40.01, -105.26, -7
NAMES = "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone,GHI Units,Version"
COLUMNS = "Year,Month,Day,Hour,Minute,Temperature,Dew Point,DHI,DNI,GHI,Relative Humidity,Pressure,Wind Speed"


def rows(year: int, minutes: int = 60, centred: bool = True, utc: bool = False) -> list[str]:
    """Lines of one year; the stamp is in the middle of each step, or at its start."""
    zone = "UTC" if utc else "Etc/GMT+7"
    start = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq=f"{minutes}min", inclusive="left", tz=zone)
    sun = sun_of_steps(start, LATITUDE, LONGITUDE, minutes / 60)
    dhi = 120.0 * sun.mean_cosine
    dni = np.where(sun.mean_cosine > 0.1, 600.0, 0.0)
    ghi = dhi + dni * sun.mean_cosine
    stamp = start + pd.Timedelta(minutes=minutes / 2 if centred else 0)
    temperature = 10.0 - 12.0 * np.cos(2 * np.pi * np.arange(len(start)) / len(start))
    lines = []
    for i, time in enumerate(stamp):
        cells = [time.year, time.month, time.day, time.hour, time.minute]
        cells += [round(temperature[i], 1), round(temperature[i] - 5, 1)]
        cells += [round(dhi[i], 1), round(dni[i], 1), round(ghi[i], 1), 70.5, 835 + i % 9, (i % 70) / 10]
        lines.append(",".join(map(str, cells)))
    return lines


def header(zone: int = ZONE, columns: str = COLUMNS) -> list[str]:
    values = f"NSRDB,145809,-,Colorado,United States,{LATITUDE},{LONGITUDE},{zone},1655,{ZONE},w/m2,3.2.2"
    return [NAMES, values, columns]


def write(folder: Path, lines: list[str], name: str = "site.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def problems(paths: Path | list[Path], **asked: object) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_nsrdb(paths, year=2023, **asked)
    return [str(problem) for problem in caught.value.problems]


YEAR = rows(2021)


def test_agrees_with_pvlib(tmp_path: Path) -> None:
    file = write(tmp_path, [*header(), *YEAR])
    weather = read_nsrdb(file, year=2023)
    frame, meta = pvlib.iotools.read_nsrdb_psm4(file)
    assert (weather.time == frame.index - pd.Timedelta(minutes=30)).all()
    assert (weather.latitude_deg, weather.elevation_m) == (meta["latitude"], meta["altitude"])
    assert weather.years == (2021,)
    assert weather.source == "NSRDB: 145809"
    assert weather.wind_height_m == 2.0
    assert any("wind is at 2 m" in str(note) for note in weather.notes)
    for ours, theirs in {
        "temperature_c": "temp_air",
        "relative_humidity_pct": "relative_humidity",
        "pressure_hpa": "pressure",
        "ghi_w_m2": "ghi",
        "dni_w_m2": "dni",
        "dhi_w_m2": "dhi",
        "wind_speed_m_s": "wind_speed",
    }.items():
        np.testing.assert_array_equal(getattr(weather, ours), frame[theirs].to_numpy())


def test_moments_at_the_start_become_means_of_both_ends(tmp_path: Path) -> None:
    lines = [",".join([*cells[:4], "0", *cells[5:]]) for cells in (row.split(",") for row in YEAR)]
    weather = read_nsrdb(write(tmp_path, [*header(), *lines]), year=2023)
    whole = read_nsrdb(write(tmp_path, [*header(), *YEAR]), year=2023)
    noon = 24 * 170 + 12
    assert weather.ghi_w_m2[noon] == pytest.approx((whole.ghi_w_m2[noon] + whole.ghi_w_m2[noon + 1]) / 2)
    np.testing.assert_array_equal(weather.wind_speed_m_s, whole.wind_speed_m_s)
    assert str(weather.time[0]) == "2021-01-01 00:00:00-07:00"


@pytest.mark.parametrize("centred", [True, False])
def test_half_hours(tmp_path: Path, centred: bool) -> None:
    weather = read_nsrdb(write(tmp_path, [*header(), *rows(2021, 30, centred)]), year=2023)
    assert weather.step_hours == 0.5
    assert len(weather.time) == 17520
    assert str(weather.time[1]) == "2021-01-01 00:30:00-07:00"


def test_a_typical_year_is_laid_on_one_year(tmp_path: Path) -> None:
    mixed = [row.replace("2021", "1999", 1) if ",7," in row[:8] else row for row in YEAR]
    weather = read_nsrdb(write(tmp_path, [*header(), *mixed]), year=2023)
    assert weather.years == (2023,)
    assert any("laid on 2023" in str(note) for note in weather.notes)


def test_humidity_of_the_dew_point(tmp_path: Path) -> None:
    """17 C over a dew point of 12 C is 72.3 % by the Magnus form, by hand: 14.02 / 19.38 hPa."""
    without = [",".join(cells[:10] + cells[11:]) for cells in (row.split(",") for row in YEAR)]
    columns = COLUMNS.replace(",Relative Humidity", "")
    weather = read_nsrdb(write(tmp_path, [*header(columns=columns), *without]), year=2023)
    step = int(np.argmin(np.abs(weather.temperature_c - 17.0)))
    assert weather.relative_humidity_pct[step] == pytest.approx(72.3, abs=0.2)


def test_several_files_and_a_leap_year(tmp_path: Path) -> None:
    files = [write(tmp_path, [*header(), *rows(year)], f"{year}.csv") for year in (2020, 2021)]
    weather = read_nsrdb(files, year=2023, years=(2020, 2021))
    assert weather.years == (2020, 2021)
    assert len(weather.time) == 2 * 8760
    elsewhere = write(tmp_path, [line.replace("40.01", "41.01") for line in [*header(), *YEAR]], "other.csv")
    assert "is of another place than" in problems([files[0], elsewhere])[0]


def test_a_file_in_utc_is_moved_and_its_missing_hours_named(tmp_path: Path) -> None:
    file = write(tmp_path, [*header(zone=0), *rows(2021, utc=True)])
    [said] = problems(file, years=(2021,))
    assert "7 h missing from 2021-12-31 17:00" in said
    assert said.endswith("(fill_gaps_hours = 7).")
    weather = read_nsrdb(file, year=2023, years=(2021,), fill_gaps_hours=7)
    assert str(weather.time[0]) == "2021-01-01 00:00:00-07:00"


def test_what_is_no_file_of_the_nsrdb(tmp_path: Path) -> None:
    assert "is not a file of the NSRDB" in problems(write(tmp_path, YEAR))[0]
    said = problems(write(tmp_path, [*header(), *rows(2021, 15)]))
    assert "has rows at the minutes 7, 22, 37, 52; ask the NSRDB for an interval of 60 or 30 minutes" in said[0]
    said = problems(write(tmp_path, [line.replace("40.01", "north") for line in [*header(), *YEAR]]))
    assert "line 2: latitude_deg is 'north' in the header" in said[0]
    broken = [*YEAR[:50], YEAR[50].replace(",835,", ",low,").replace(",840,", ",low,"), *YEAR[51:]]
    assert "is 'low', not a number" in problems(write(tmp_path, [*header(), *broken]))[0]
    assert "is not a complete NSRDB file" in problems(write(tmp_path, [*header(), "a,b,c"]))[0]


def test_a_year_of_thirty_digits(tmp_path: Path) -> None:
    first, *others = rows(2021)
    (problem,) = problems(write(tmp_path, [*header(), "9" * 30 + first[4:], *others]))
    assert "is not a complete NSRDB file" in problem
