"""Forecasts of a file: what is known when, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cases.forecasts import PV, WIND, record

from kiban.errors import WeatherError
from kiban.operation.forecast.given import given_forecast
from kiban.operation.forecast.given_file import COLUMNS
from kiban.operation.forecast.persistence import PersistenceForecast

CASE = record(days=2, past_days=7)
TIME = CASE.conditions.time
HORIZON = 6


def rows(hours_between: int = 3, reach: int = 12) -> pd.DataFrame:
    """Wind issued every few hours; its value tells issue and step: 0.01 of the issue and 0.0001 of the step."""
    found = [
        (f"{TIME[issue]:%Y-%m-%d %H:%M}", f"{TIME[step]:%Y-%m-%d %H:%M}", WIND, issue / 100 + step / 10_000)
        for issue in range(0, 48, hours_between)
        for step in range(issue, min(issue + reach, 48))
    ]
    return pd.DataFrame(found, columns=list(COLUMNS))


def write(folder: Path, frame: pd.DataFrame, name: str = "wind.csv") -> Path:
    path = folder / name
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def read(path: Path, horizon: int = HORIZON):
    return given_forecast(path, CASE.conditions, horizon, PersistenceForecast(CASE))


@pytest.mark.parametrize("name", ["wind.csv", "wind.parquet"])
def test_the_newest_issue_counts_from_its_time_on(tmp_path: Path, name: str) -> None:
    forecast = read(write(tmp_path, rows(), name))
    for step in (0, 1, 2, 3, 7):
        newest = step - step % 3
        said = forecast.issue(step, 4)[WIND]
        assert said == pytest.approx(newest / 100 + (step + np.arange(4)) / 10_000, abs=1e-12)
    assert (forecast.issue(7, 4)[PV] == PersistenceForecast(CASE).issue(7, 4)[PV]).all()
    assert forecast.name == "given"


def test_an_older_issue_reaches_further(tmp_path: Path) -> None:
    """Long issues every twelve hours, short ones of two hours between: beyond these the long one is the newest."""
    frame = pd.concat([rows(12, 24), rows(1, 2)])
    said = read(write(tmp_path, frame)).issue(5, 4)[WIND]
    assert said == pytest.approx(np.array([5, 5, 0, 0]) / 100 + np.arange(5, 9) / 10_000, abs=1e-12)


def test_beyond_the_end_the_last_day_repeats_itself(tmp_path: Path) -> None:
    forecast = read(write(tmp_path, rows(24, 48)), 30)
    said = forecast.issue(40, 30)[WIND]
    assert said[:8] == pytest.approx(0.24 + np.arange(40, 48) / 10_000, abs=1e-12)
    # Steps 48 to 63 are those of a day before, as far as these are not over: 24 of 40 is.
    assert said[8:] == pytest.approx(0.24 + np.maximum(np.arange(24, 46), 40) / 10_000, abs=1e-12)


def test_times_with_an_offset_are_moved(tmp_path: Path) -> None:
    frame = rows()
    for column in COLUMNS[:2]:
        frame[column] = [f"{pd.Timestamp(one) - pd.Timedelta(hours=9):%Y-%m-%dT%H:%MZ}" for one in frame[column]]
    assert (
        read(write(tmp_path, frame)).issue(7, 4)[WIND] == read(write(tmp_path, rows(), "b.csv")).issue(7, 4)[WIND]
    ).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(issue_time=f.valid_time.where(f.index != 4, "2023-04-02 00:00")), "line 6"),
        (lambda f: f.assign(issue_time="2023-04-09 00:00"), "after the step that begins at"),
        (lambda f: f.assign(series="availability_wind_onshor"), "availability_wind_onshore"),
        (lambda f: f.assign(value="1,5"), "not a number"),
        (lambda f: f.assign(valid_time="soon"), "not a time"),
        (lambda f: f.rename(columns={"value": "mw"}), "value is no column"),
        (lambda f: f.iloc[12:], "issued by 2023-04-01 00:00"),
        (lambda f: f.iloc[:0], "no rows"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, change, said: str) -> None:
    with pytest.raises(WeatherError, match=said):
        read(write(tmp_path, change(rows())))


def test_issues_that_are_too_short_name_the_first_gap(tmp_path: Path) -> None:
    path = write(tmp_path, rows(3, 6))
    read(path, 4)
    with pytest.raises(WeatherError) as caught:
        read(path, 5)
    assert "issued by 2023-04-01 02:00, of the step that begins at 2023-04-01 06:00 (14 such cases)" in str(
        caught.value
    )
    assert "5 h ahead" in str(caught.value)
    assert caught.value.exit_code == 2
