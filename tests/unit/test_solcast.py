"""Time series of Solcast: both ways in which it names its columns, its periods, and the place's own time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kiban.errors import WeatherError
from kiban.weather import Weather
from kiban.weather.frame import Place
from kiban.weather.solcast import read_solcast
from kiban.weather.sun import sun_of_steps

PLACE = Place(-33.86, 151.22, 20.0, 10.0)
NEW = "period_end,period,air_temp,dhi,dni,ghi,relative_humidity,surface_pressure,wind_speed_10m"
OLD = "PeriodEnd,PeriodStart,Period,AirTemp,Dhi,Dni,Ghi,RelativeHumidity,SurfacePressure,WindSpeed10m"


def rows(minutes: int = 60, old: bool = False, zone: str = "UTC") -> list[str]:
    """A year of the place's standard time."""
    first = pd.Timestamp("2023-01-01", tz="Etc/GMT-10")
    start = pd.date_range(first, first + pd.Timedelta(days=365), freq=f"{minutes}min", inclusive="left")
    sun = sun_of_steps(start, PLACE.latitude_deg, PLACE.longitude_deg, minutes / 60)
    dhi = 110.0 * sun.mean_cosine
    dni = np.where(sun.mean_cosine > 0.05, 550.0, 0.0)
    ghi = dhi + dni * sun.mean_cosine
    told = start.tz_convert(zone)
    made = []
    for i, time in enumerate(told):
        end = time + pd.Timedelta(minutes=minutes)
        stamps = [end.strftime("%Y-%m-%dT%H:%M:%SZ"), time.strftime("%Y-%m-%dT%H:%M:%SZ")] if old else [end.isoformat()]
        cells = [*stamps, f"PT{minutes}M", 18 + i % 7, round(dhi[i], 1), round(dni[i], 1), round(ghi[i], 1)]
        made.append(",".join(map(str, [*cells, 60 + i % 20, 1010.5, (i % 80) / 10])))
    return made


HOURS = rows()


def write(folder: Path, lines: list[str]) -> Path:
    file = folder / "site.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def read(file: Path, step_hours: float = 1.0) -> Weather:
    return read_solcast(file, PLACE, step_hours=step_hours)


def problems(file: Path) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read(file)
    return [str(problem) for problem in caught.value.problems]


def test_a_period_is_placed_by_its_end_in_the_time_of_the_place(tmp_path: Path) -> None:
    weather = read(write(tmp_path, [NEW, *HOURS]))
    assert str(weather.time[0]) == "2023-01-01 00:00:00+10:00"
    assert weather.years == (2023,)
    assert len(weather.time) == 8760
    np.testing.assert_array_equal(weather.ghi_w_m2, [float(row.split(",")[5]) for row in HOURS])
    assert weather.pressure_hpa[0] == 1010.5
    assert weather.wind_height_m == 10.0
    assert any("the place is the scenario's" in str(note) for note in weather.notes)


def test_the_toolkits_names_and_other_offsets_give_the_same(tmp_path: Path) -> None:
    weather = read(write(tmp_path, [NEW, *HOURS]))
    for lines in ([OLD, *rows(old=True)], [NEW, *rows(zone="Australia/Sydney")]):
        again = read(write(tmp_path, lines))
        assert (again.time == weather.time).all()
        np.testing.assert_array_equal(again.ghi_w_m2, weather.ghi_w_m2)


@pytest.mark.parametrize(("minutes", "step_hours"), [(30, 1.0), (30, 0.5), (15, 1.0)])
def test_shorter_periods_are_averaged_over_the_step(tmp_path: Path, minutes: int, step_hours: float) -> None:
    lines = rows(minutes)
    weather = read(write(tmp_path, [NEW, *lines]), step_hours)
    given = np.array([float(row.split(",")[5]) for row in lines])
    count = round(step_hours * 60 / minutes)
    np.testing.assert_allclose(weather.ghi_w_m2, given.reshape(-1, count).mean(axis=1))
    assert weather.step_hours == step_hours


def test_a_step_that_lacks_a_period_is_a_gap(tmp_path: Path) -> None:
    lines = rows(30)
    said = problems(write(tmp_path, [NEW, *lines[:100], *lines[101:]]))
    assert "missing (NaN) for 1 h from 2023-01-03 02:00" in said[0]
    assert said[0].endswith("(fill_gaps_hours = 1).")


def test_what_is_no_time_series_of_solcast(tmp_path: Path) -> None:
    assert "is not a time series of Solcast" in problems(write(tmp_path, ["time,ghi", "2023-01-01T00:00Z,1"]))[0]
    naive = [HOURS[0].replace("+00:00", ""), *HOURS[1:]]
    assert "not a time with its offset from UTC" in problems(write(tmp_path, [NEW, *naive]))[0]
    said = problems(write(tmp_path, [NEW, HOURS[0].replace("PT60M", "PT30M"), *HOURS[1:]]))
    assert "give one period in all files" in said[0]
    assert any("longitude" in text for text in problems_at(write(tmp_path, [NEW, *HOURS]), Place(-33.9, 18.4, 0, 10)))


def problems_at(file: Path, place: Place) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_solcast(file, place)
    return [str(problem) for problem in caught.value.problems]


def test_a_column_that_stands_there_twice(tmp_path: Path) -> None:
    twice = write(tmp_path, [f"{NEW},ghi", *(f"{row},0.0" for row in HOURS)])
    with pytest.raises(WeatherError, match="stands 2 times in the header"):
        read_solcast(twice, PLACE)
