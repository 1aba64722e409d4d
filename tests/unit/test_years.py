"""Designs for several weather years: what each year costs, the spread over them, and files of several years."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from tests.unit import test_epw
from tests.unit.test_placement import hours, write
from tests.unit.test_preparation import make

import kiban
from kiban.errors import WeatherError
from kiban.planning.plan import YearFigures
from kiban.planning.years import measure_spread
from kiban.report.plan.record import restore, summarise
from kiban.scenario import parse_scenario

WINDOW = {"first_hour": 4704, "hours": 72}
YEARS = (2021, 2022, 2023)
GRID = {"price_myen_per_mwh": 0.03, "max_mw": 13.0}


def plan_of(folder, years, *, sun_mw=None, target=None, first_month=1, **battery):
    """A campus with sun of other strength each year; `sun_mw` fixes what is built."""
    times = hours(datetime(2021, 1, 1), datetime(2024, 1, 1))
    strength = {2021: 0.9, 2022: 0.5, 2023: 0.7}
    values = [max(np.sin((time.hour - 5.5) / 13 * np.pi), 0) * strength[time.year] for time in times]
    write(folder, times, [round(float(value), 4) for value in values])
    sun = {"availability": {"file": "load.csv", "column": "load"}, "annual_cost_myen_per_mw": 12.0}
    if sun_mw is not None:
        sun |= {"min_mw": sun_mw, "max_mw": sun_mw}
    first_hour = (WINDOW["first_hour"] - 24 * sum((31, 28, 31)[: first_month - 1])) % 8760
    preparation, _ = make(
        folder=folder,
        time={**WINDOW, "first_hour": first_hour, "first_month": first_month},
        weather={"source": "none", "years": list(years)},
        supply={"sun": sun},
        grid=GRID,
        target=target or {},
        battery=battery,
    )
    return kiban.build(preparation.scenario)


def test_years_add_up_to_the_plan(tmp_path) -> None:
    plan = plan_of(tmp_path, YEARS, target={"clean_share": 0.999})
    assert [year.year for year in plan.years] == list(YEARS)
    assert np.mean([year.cost_myen_per_year for year in plan.years]) == pytest.approx(plan.cost_myen_per_year, rel=1e-9)
    emissions = [year.emissions_t_per_year for year in plan.years]
    assert np.mean(emissions) == pytest.approx(plan.indicators["emissions_t_per_year"], rel=1e-9)
    # The load is the same every year, so that the mean of the shares is that of the plan, where the target holds.
    assert plan.indicators["clean_share"] == pytest.approx(0.999, abs=1e-6)
    assert np.mean([year.clean_share for year in plan.years]) == pytest.approx(0.999, abs=1e-6)
    best, worst, middle = plan.years
    assert best.clean_share == middle.clean_share > worst.clean_share
    assert best.cost_myen_per_year <= middle.cost_myen_per_year < worst.cost_myen_per_year


def test_each_year_is_the_joint_design_operated_over_it(tmp_path) -> None:
    """Nothing but the capacities joins the years here, so that each is an optimum of its own for what is built."""
    plan = plan_of(tmp_path, YEARS, enabled=False)
    for year in plan.years:
        alone = plan_of(tmp_path, [year.year], sun_mw=plan.capacities["sun_mw"], enabled=False)
        assert alone.years == ()
        # Alone, a year would take the least connection that it needs.
        connection = plan.capacities["interconnection_mw"] - alone.capacities["interconnection_mw"]
        assert year.cost_myen_per_year == pytest.approx(alone.cost_myen_per_year + 2.0 * connection, rel=1e-6)


def test_fiscal_years_are_called_by_the_year_in_which_they_begin(tmp_path) -> None:
    january, april = plan_of(tmp_path, YEARS), plan_of(tmp_path, YEARS, first_month=4)
    # The window lies in July, whatever the month with which the year begins.
    assert [f"{time:%m-%d}" for time in april.time[[0, 72, 144]]] == ["07-16"] * 3
    assert april.years == january.years


def test_half_the_years_and_nine_of_ten() -> None:
    years = tuple(
        YearFigures(2000 + n, 100.0 + 10 * n, 0.9 - 0.05 * n, 0.0) for n in (3, 0, 10, 7, 1, 2, 4, 5, 6, 8, 9)
    )
    spread = measure_spread(years)
    assert spread.cost_p50_myen_per_year == pytest.approx(150.0)
    assert spread.cost_p90_myen_per_year == pytest.approx(190.0)
    assert spread.clean_share_p50 == pytest.approx(0.65)
    assert spread.clean_share_p90 == pytest.approx(0.45)
    # Between two years it is interpolated: 0.9 of the way to the dearer one.
    assert measure_spread(years[:2]).cost_p90_myen_per_year == pytest.approx(127.0)


def test_the_years_are_told_and_kept(tmp_path) -> None:
    plan = plan_of(tmp_path, YEARS)
    record = summarise(plan)
    assert record["years"]["method"] == "designed_jointly"
    assert [year["year"] for year in record["years"]["each"]] == list(YEARS)
    spread = measure_spread(plan.years)
    assert record["years"]["spread"]["cost_p90_myen_per_year"] == spread.cost_p90_myen_per_year
    assert restore(record, plan.scenario, plan.time, plan.hourly).years == plan.years
    said = str(plan.notes[-1])
    assert said.startswith("designed jointly for the weather of 3 years (2021, 2022, 2023): in the median year ¥")
    assert f"nine of ten years cost at most ¥{spread.cost_p90_myen_per_year:,.1f} m" in said
    one = plan_of(tmp_path, [2021])
    assert summarise(one)["years"] is None
    old = {name: value for name, value in summarise(one).items() if name != "years"}
    assert restore(old, one.scenario, one.time, one.hourly).years == ()


def weather_of(folder, files, years):
    site = {"latitude_deg": test_epw.LATITUDE, "longitude_deg": test_epw.LONGITUDE, "area": "hokkaido"}
    raw = {"name": "x", "site": site, "weather": {"source": "epw", "files": files, "years": years}}
    return kiban.check(parse_scenario(raw).placed_in(folder)).weather


def test_several_files_are_several_years(tmp_path) -> None:
    for name in ("a.epw", "b.epw"):
        (tmp_path / name).write_text("\n".join([*test_epw.header(), *test_epw.ROWS]) + "\n")
    weather = weather_of(tmp_path, ["a.epw", "b.epw"], [2019, 2022])
    assert weather.years == (2019, 2022)
    assert [str(weather.time[at])[:10] for at in (0, 8760, -1)] == ["2019-01-01", "2022-01-01", "2022-12-31"]
    np.testing.assert_array_equal(weather.ghi_w_m2[:8760], weather.ghi_w_m2[8760:])
    assert weather_of(tmp_path, ["a.epw", "b.epw"], []).years == (2025, 2026)
    with pytest.raises(WeatherError, match="names 2 files, and the years are 2019; give as many different years"):
        weather_of(tmp_path, ["a.epw", "b.epw"], [2019])
    header = test_epw.header()
    header[0] = header[0].replace(f"{test_epw.LATITUDE:g}", f"{test_epw.LATITUDE + 1:g}", 1)
    (tmp_path / "c.epw").write_text("\n".join([*header, *test_epw.ROWS]) + "\n")
    with pytest.raises(WeatherError, match="join files of one place, one for each year"):
        weather_of(tmp_path, ["a.epw", "c.epw"], [2019, 2022])
