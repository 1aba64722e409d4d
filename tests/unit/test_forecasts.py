"""Persistence, climatology and published prices, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pvlib.clearsky import haurwitz
from pvlib.solarposition import get_solarposition
from tests.cases.forecasts import LATITUDE_DEG, LONGITUDE_DEG, PRICE, PUE, PV, WIND, conditions, record

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.operation.forecast.climatology import ClimatologyForecast
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.priced import PUBLICATION, PricedForecast
from kiban.operation.forecast.record import Record, clear_sky_w_m2, record_of


def test_wind_stays_as_it_was_last() -> None:
    case = record()
    said = PersistenceForecast(case).issue(30, 48)[WIND]
    assert (said == case.conditions.series[WIND][29]).all()


def test_before_the_first_step_the_past_is_what_was_last() -> None:
    case = record()
    said = PersistenceForecast(case).issue(0, 30)
    assert (said[WIND] == case.past.series[WIND][-1]).all()
    assert (said[PUE][:24] == case.past.series[PUE][-24:]).all()
    assert (said[PUE][24:] == said[PUE][:6]).all()


def test_prices_and_pue_are_as_at_this_time_of_the_last_day() -> None:
    case = record()
    said = PersistenceForecast(case).issue(30, 48)
    for name in (PRICE, PUE):
        last_day = case.conditions.series[name][6:30]
        assert (said[name] == np.tile(last_day, 2)).all()


def test_sun_keeps_its_share_of_the_clear_sky() -> None:
    """At noon of a day the sky is as cloudy as at noon of the day before: the ratio of the two clear skies is kept."""
    case = record()
    now, noon = 48, 12
    said = PersistenceForecast(case).issue(now, 24)[PV]
    clear = case.clear_sky_w_m2[case.start :]
    yesterday = case.conditions.series[PV][now - 24 + noon]
    assert said[noon] == pytest.approx(yesterday * clear[now + noon] / clear[now - 24 + noon], rel=1e-12)
    assert said[noon] != yesterday
    assert said[0] == 0.0


def test_what_follows_the_sun_is_found_in_the_past() -> None:
    assert record().is_solar == {
        PV: True,
        WIND: False,
        PRICE: False,
        PUE: False,
        "firm_mw": False,
        "arrivals_mw": False,
    }


def test_half_hours_have_days_of_48_steps() -> None:
    case = record(days=3, past_days=2, step_hours=0.5)
    said = PersistenceForecast(case).issue(60, 96)[PUE]
    assert (said[:48] == case.conditions.series[PUE][12:60]).all()


def test_the_clear_sky_agrees_with_pvlib_at_the_middle_of_the_hour() -> None:
    time = pd.date_range("2023-06-21", periods=24, freq="h", tz="Asia/Tokyo")
    own = clear_sky_w_m2(time, LATITUDE_DEG, LONGITUDE_DEG, 1.0)
    sun = get_solarposition(time + pd.Timedelta(minutes=30), LATITUDE_DEG, LONGITUDE_DEG)
    theirs = haurwitz(sun["apparent_zenith"])["ghi"].to_numpy()
    assert np.abs(own - theirs).max() < 6.0  # W/m2: refraction, and the mean over the hour


def test_climatology_is_the_mean_of_the_month_and_hour() -> None:
    """Two days of April at 2 and 4, one of May at 10: a day of April is 3, a day of May 10."""
    past = conditions(3, 1, "2022-04-29")
    past = replace(past, series={PUE: np.repeat([2.0, 4.0, 10.0], 24) + np.tile(np.arange(24) / 100, 3)})
    now = conditions(2, 1, "2023-04-30")
    now = replace(now, series={PUE: np.zeros(48)})
    said = ClimatologyForecast(now, past).issue(0, 48)[PUE]
    assert said == pytest.approx(np.repeat([3.0, 10.0], 24) + np.tile(np.arange(24) / 100, 2), rel=1e-12)


def test_climatology_without_a_month_is_refused() -> None:
    with pytest.raises(InputError, match="month 5"):
        ClimatologyForecast(conditions(40, 1, "2023-04-01"), conditions(20, 2, "2022-04-01"))


def test_of_the_past_whole_days_count_from_the_time_of_day_at_which_operation_begins() -> None:
    now = conditions(2, 1)
    past = conditions(3, 2, "2022-04-01 06:00")
    case = record_of(now, past, LATITUDE_DEG, LONGITUDE_DEG)
    assert (case.past.time[0], case.past.steps) == (past.time[18], 48)
    assert (case.time_of_day[:24] == np.arange(24)).all()
    with pytest.raises(InputError, match="one whole day"):
        record_of(now, past.cut(0, 30), LATITUDE_DEG, LONGITUDE_DEG)
    with pytest.raises(ValueError, match="time of day"):
        Record(now, past, np.zeros(now.steps + past.steps))


def test_prices_of_tomorrow_are_known_from_the_catalogues_hour_on() -> None:
    """At 9:00 prices are known for 15 hours, at 10:00 for 38; then the last day that is known comes again."""
    case = record()
    plain = PersistenceForecast(case)
    forecast = PricedForecast(plain, case.conditions, load_catalogue().value(PUBLICATION))
    price = case.conditions.series[PRICE]
    for step, known in ((9, 15), (10, 38), (23, 25), (24, 24)):
        said = forecast.issue(step, 48)
        assert (said[PRICE][:known] == price[step : step + known]).all()
        assert (said[PRICE][known:] == np.resize(price[step + known - 24 : step + known], 48 - known)).all()
        assert (said[WIND] == plain.issue(step, 48)[WIND]).all()
    assert forecast.issue(10, 12)[PRICE].shape == (12,)
    assert forecast.name == "persistence"
    assert not forecast.measures_first_step
    assert PricedForecast(PerfectForecast(case.conditions), case.conditions, 10.0).measures_first_step


def test_half_hours_know_as_much() -> None:
    case = conditions(3, 1, step_hours=0.5)
    forecast = PricedForecast(PerfectForecast(case), case, 10.0)
    for step, known in ((19, 29), (20, 76)):
        said = forecast.issue(step, 90)[PRICE]
        assert (said[:known] == case.series[PRICE][step : step + known]).all()
        assert said[known] == case.series[PRICE][step + known - 48]
