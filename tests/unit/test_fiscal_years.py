"""Years that begin with another month than January: calendar, series, weather, prices, windows and the plan."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.unit import test_jma, test_solcast
from tests.unit.test_placement import hours, refused, write
from tests.unit.test_preparation import make

import kiban
from kiban.calendar import month_of_step, year_index, years_of
from kiban.errors import WeatherError
from kiban.planning.connection_limits import mark_window
from kiban.planning.preparation import prepare
from kiban.planning.series_inputs import Horizon
from kiban.scenario import parse_scenario
from kiban.scenario.connection import ConnectionWindow
from kiban.weather.jma import read_jma
from kiban.weather.placement import Span
from kiban.weather.series import place_series
from kiban.weather.solcast import read_solcast
from kiban.weather.year import begin_in_month

BEFORE_APRIL = 90 * 24


@pytest.mark.parametrize("first_month", [1, 4, 7, 12])
def test_the_calendar_of_a_year_from_any_month(first_month: int) -> None:
    time = year_index([2022, 2023], 9.0, 0.5, first_month)
    assert len(time) == 2 * 17_520
    assert (time[0].year, time[0].month, time[0].day) == (2022, first_month, 1)
    assert not ((time.month == 2) & (time.day == 29)).any()
    np.testing.assert_array_equal(time.month, np.tile(month_of_step(0.5, first_month), 2))
    np.testing.assert_array_equal(years_of(time, first_month), np.repeat([2022, 2023], 17_520))
    span = Span((2022, 2023), 9.0, step_hours=0.5, first_month=first_month)
    for step in (0, 1, 2_879, 2_880, 13_151, 17_519):
        assert span.start(2023, step) == time[17_520 + step].replace(tzinfo=None)


def test_a_series_of_its_own_fiscal_year_is_laid_whole(tmp_path) -> None:
    """January to March of the file are those of the next calendar year; the leap day of 2024 is left out."""
    times = hours(datetime(2023, 1, 1), datetime(2024, 6, 1))
    number = [float((time - datetime(2000, 1, 1)) / timedelta(hours=1)) for time in times]
    span = Span((2023,), 9.0, first_month=4)
    placed = place_series(write(tmp_path, times, number), "load", span)
    wanted = [time.replace(tzinfo=None) for time in year_index(2023, 9.0, 1.0, 4)]
    assert placed.values.tolist() == [(time - datetime(2000, 1, 1)) / timedelta(hours=1) for time in wanted]
    assert [note.code for note in placed.notes] == ["note.placed", "note.leap_day"]


def test_a_calendar_year_serves_for_a_fiscal_one_by_its_months_and_that_is_said(tmp_path) -> None:
    times = hours(datetime(2023, 1, 1), datetime(2024, 1, 1))
    file = write(tmp_path, times, np.arange(8760.0).tolist())
    placed = place_series(file, "load", Span((2023,), 9.0, first_month=4))
    np.testing.assert_array_equal(placed.values, np.roll(np.arange(8760.0), -BEFORE_APRIL))
    assert [note.code for note in placed.notes] == ["note.placed_by_month"]
    said = refused(write(tmp_path, times[:-24]), Span((2023,), 9.0, first_month=4))
    assert "the horizon from 2023-04-01 00:00 to 2024-03-31 23:00" in said


def test_fiscal_years_may_be_left_out_between_two(tmp_path) -> None:
    times = [*hours(datetime(2020, 4, 1), datetime(2021, 4, 1)), *hours(datetime(2022, 4, 1), datetime(2023, 4, 1))]
    file = write(tmp_path, times, [float(time.year) for time in times])
    placed = place_series(file, "load", Span((2020, 2022), 9.0, first_month=4))
    months = 275 * 24
    np.testing.assert_array_equal(placed.values, np.repeat([2020.0, 2021.0, 2022.0, 2023.0], [months, 2160] * 2))


@pytest.mark.slow
def test_observations_of_a_fiscal_year_need_no_more_than_it(tmp_path) -> None:
    two = [*test_jma.TIDY[1:], *test_jma.tidy_lines(test_jma.made(2023))[1:]]
    file = test_jma.write(tmp_path, [test_jma.TIDY_HEADER, *two[BEFORE_APRIL : BEFORE_APRIL + 8760]])
    weather = read_jma(file, *test_jma.PLACE, years=[2022], first_month=4)
    assert str(weather.time[0]) == "2022-04-01 00:00:00+09:00"
    assert str(weather.time[-1]) == "2023-03-31 23:00:00+09:00"
    whole = read_jma(test_jma.write(tmp_path, [test_jma.TIDY_HEADER, *two]), *test_jma.PLACE, years=[2022, 2023])
    np.testing.assert_array_equal(weather.ghi_w_m2, whole.ghi_w_m2[BEFORE_APRIL : BEFORE_APRIL + 8760])
    with pytest.raises(WeatherError, match="2021"):
        read_jma(file, *test_jma.PLACE, years=[2021], first_month=4)


def test_a_typical_year_is_turned_and_keeps_every_value(tmp_path) -> None:
    file = test_solcast.write(tmp_path, [test_solcast.NEW, *test_solcast.HOURS])
    january = read_solcast(file, test_solcast.PLACE)
    april = begin_in_month(january, 4)
    assert (april.years, april.first_month, len(april.time)) == (january.years, 4, 8760)
    assert str(april.time[0])[:10] == f"{january.years[0]}-04-01"
    assert str(april.time[-1])[:10] == f"{january.years[0] + 1}-03-31"
    for name in ("temperature_c", "ghi_w_m2", "wind_speed_m_s"):
        np.testing.assert_array_equal(getattr(april, name), np.roll(getattr(january, name), -BEFORE_APRIL))
    assert april.notes[-1].code == "note.begun_in"
    assert begin_in_month(january, 1) is january


def test_a_window_of_the_connection_is_at_its_own_date() -> None:
    scenario = parse_scenario({"name": "x", "site": {"id": "inzai"}, "time": {"first_month": 4}})
    horizon = Horizon(scenario, [2022])
    time = year_index(2022, 9.0, 1.0, 4)
    window = ConnectionWindow(start="07-14 08:00", hours=3.0)
    assert [f"{moment:%Y-%m-%d %H}" for moment in time[mark_window(window, horizon)]] == [
        "2022-07-14 08",
        "2022-07-14 09",
        "2022-07-14 10",
    ]
    across = ConnectionWindow(start="03-31 23:00", hours=2.0)
    assert [str(moment)[:13] for moment in time[mark_window(across, horizon)]] == ["2022-04-01 00", "2023-03-31 23"]


def test_every_model_of_a_month_is_turned_with_the_year() -> None:
    """Solar output, hydro's months, geothermal's planned outage and the area's prices: the same hours, turned."""

    def read(first_month: int):
        raw = {"name": "x", "site": {"id": "tomakomai"}, "time": {"first_month": first_month}}
        preparation = prepare(parse_scenario(raw))
        return preparation, preparation.resources_for("direct_liquid")

    (january, before), (april, after) = read(1), read(4)
    assert str(april.time[0])[:10] == "2001-04-01"
    turned = {supply.name: np.roll(supply.availability, -BEFORE_APRIL) for supply in before.supply}
    for supply in after.supply:
        exact = supply.name in {"hydro", "geothermal", "wind_onshore"}
        # The sun of 2002 is not quite that of 2001, of which the quarter after December is made.
        tolerance = 1e-12 if exact else 0.02
        np.testing.assert_allclose(supply.availability, turned[supply.name], atol=tolerance, err_msg=supply.name)
    assert {"hydro", "geothermal", "pv"} <= set(turned)
    np.testing.assert_allclose(
        after.grid.price_myen_per_mwh, np.roll(before.grid.price_myen_per_mwh, -BEFORE_APRIL), atol=1e-12
    )
    np.testing.assert_allclose(after.grid.clean_share, np.roll(before.grid.clean_share, -BEFORE_APRIL), atol=1e-9)
    assert january.weather.first_month == 1


def test_the_plan_of_a_year_does_not_depend_on_the_month_with_which_it_begins(tmp_path) -> None:
    """States close within the year, so that the same hours in another order are the same programme."""
    times = hours(datetime(2025, 1, 1), datetime(2026, 1, 1))
    day = np.arange(8760) / 24
    sun = np.maximum(np.sin(2 * np.pi * (day - 0.25)), 0) * (0.7 - 0.3 * np.cos(2 * np.pi * day / 365))
    write(tmp_path, times, sun.round(4).tolist())

    def build(first_month: int):
        series = {"file": "load.csv", "column": "load"}
        own = {"sun": {"availability": series, "annual_cost_myen_per_mw": 10.0}}
        preparation, _ = make(folder=tmp_path, time={"hours": 8760, "first_month": first_month}, supply=own)
        return kiban.build(preparation.scenario)

    january, july = build(1), build(7)
    assert july.cost_myen_per_year == pytest.approx(january.cost_myen_per_year, rel=1e-7)
    assert str(july.time[0])[:10] == "2025-07-01"
    assert january.capacities["sun_mw"] > 1.0
    assert july.capacities["sun_mw"] == pytest.approx(january.capacities["sun_mw"], rel=1e-4)
    assert july.hourly["import_mw"].sum() == pytest.approx(january.hourly["import_mw"].sum(), rel=1e-4)
    noon = (july.time.month == 6) & (july.time.hour == 12)
    assert july.hourly["sun_available_mw"][noon].mean() == pytest.approx(
        january.hourly["sun_available_mw"][(january.time.month == 6) & (january.time.hour == 12)].mean(), rel=1e-4
    )
