"""No forecast looks ahead: what becomes known later changes nothing that was said before, by not one byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cases.forecasts import PRICE, WIND, record

from kiban.operation.conditions import ARRIVALS, FIRM, Conditions, read_conditions
from kiban.operation.course import Course
from kiban.operation.facility import list_plants, read_facility
from kiban.operation.forecast.choice import Circumstances, choose_forecast
from kiban.operation.forecast.climatology import ClimatologyForecast
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.given import GivenForecast, lay_issues
from kiban.operation.forecast.given_file import GivenSeries
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.priced import PUBLICATION, PricedForecast
from kiban.operation.forecast.record import Record
from kiban.operation.forecast.trained import TrainedForecast
from kiban.operation.forecast.training import Settings, TrainedModel, train
from kiban.operation.foresight import value_states
from kiban.operation.horizon import Hour, Manner, operate
from kiban.operation.running import Setting
from kiban.operation.valuation import read_valuation
from kiban.planning.building import build
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario

PUBLICATION_HOUR = 10.0
HORIZON = 30
CASE = record(days=8, past_days=63)


@cache
def model() -> TrainedModel:
    return train(CASE, Settings(horizon_hours=HORIZON, trees=15, least_rows_of_leaf=50, issues_every_hours=6))


def issues_of_wind(change_from_s: int | None = None) -> GivenSeries:
    """Every five hours, for 36 hours; all that was issued from a time on can be changed."""
    starts = CASE.conditions.time.as_unit("s").asi8
    issue, ahead = (part.ravel() for part in np.meshgrid(np.arange(0, CASE.steps, 5), np.arange(36), indexing="ij"))
    inside = issue + ahead < CASE.steps
    issued, valid = starts[issue[inside]], starts[(issue + ahead)[inside]]
    value = np.sin(issued / 1e4 + valid / 1e5)
    if change_from_s is not None:
        value = np.where(issued >= change_from_s, -value, value)
    return GivenSeries(issued, valid, value)


def build_given(case: Record, change_from_s: int | None = None) -> GivenForecast:
    laid = lay_issues(issues_of_wind(change_from_s), case.conditions, HORIZON)
    return GivenForecast({WIND: laid}, PersistenceForecast(case))


FORECASTS: dict[str, Callable[[Record], Forecast]] = {
    "persistence": PersistenceForecast,
    "climatology": lambda case: ClimatologyForecast(case.conditions, case.past),
    "given": build_given,
    "trained": lambda case: TrainedForecast(model(), case, PersistenceForecast(case)),
}


def changed(conditions: Conditions, step: int, generator: np.random.Generator) -> Conditions:
    """Everything that is measured from a step on is otherwise, prices from the first that is not published then."""
    series = {name: values.copy() for name, values in conditions.series.items()}
    hour = conditions.time[step].hour
    known = 24 - hour + (24 if hour >= PUBLICATION_HOUR else 0)
    for name, values in series.items():
        # At each step: the rest of the day, and from the hour of publication on all of the next one.
        first = step + (known if name == PRICE else 0)
        values[first:] = generator.uniform(0, 2, len(values[first:]))
    return replace(conditions, series=series)


def said(forecast: Forecast, step: int) -> bytes:
    found = forecast.issue(step, HORIZON)
    return b"".join(found[name].tobytes() for name in sorted(found))


@pytest.mark.parametrize("name", FORECASTS)
@settings(max_examples=15)
@given(step=st.integers(0, CASE.steps - 1), seed=st.integers(0, 2**32 - 1))
def test_what_is_measured_later_changes_no_earlier_forecast(name: str, step: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    other = replace(CASE, conditions=changed(CASE.conditions, step, generator))
    before, after = (PricedForecast(FORECASTS[name](case), case.conditions, PUBLICATION_HOUR) for case in (CASE, other))
    for earlier in {step, *generator.integers(0, step + 1, 3).tolist()}:
        assert said(before, earlier) == said(after, earlier)


@pytest.mark.parametrize("name", ["persistence", "trained"])
def test_what_is_measured_does_change_the_next_forecast(name: str) -> None:
    """Else the law above would hold for a forecast that is deaf."""
    other = replace(CASE, conditions=changed(CASE.conditions, 50, np.random.default_rng(1)))
    assert said(FORECASTS[name](CASE), 51) != said(FORECASTS[name](other), 51)


@cache
def week() -> Setting:
    """A plan of a week with sun, geothermal power, a battery and little grid, as it is operated."""
    target = {"clean_share": 0.6}
    content = {
        "name": "week",
        "site": {"id": "tomakomai"},
        "time": {"first_hour": 2160, "hours": 168},
        "target": target,
    }
    plan = build(parse_scenario(content))
    preparation = prepare(plan.scenario)
    resources = preparation.resources_for(plan.cooling_system)
    take = preparation.recorder.take
    facility = read_facility(plan, resources)
    conditions = read_conditions(resources, preparation.time, list_plants(plan, resources))
    valuation = read_valuation(plan, take("operation.unserved_price"), take("compute.unserved_price"))
    return Setting(facility, conditions, value_states(facility, conditions, valuation))


def decide(wanted: str, hour: Hour, conditions: Conditions) -> Course:
    """What is done in the week under these conditions."""
    setting = week()
    circumstances = Circumstances(conditions, setting.conditions, 42.6, 141.6, 24, 1)
    forecast = choose_forecast(wanted, circumstances, {PUBLICATION: PUBLICATION_HOUR}.__getitem__)
    return operate(setting.facility, conditions, setting.valuation, Manner(forecast, 24, hour))


@cache
def decided(wanted: str, hour: Hour) -> Course:
    """What is done in the week as it is."""
    return decide(wanted, hour, week().conditions)


@pytest.mark.parametrize("hour", ["merit", "measured"])
@pytest.mark.parametrize("wanted", ["persistence", "climatology"])
@settings(max_examples=4)
@given(step=st.integers(1, 167), seed=st.integers(0, 2**32 - 1))
def test_what_becomes_known_later_changes_no_earlier_decision(wanted: str, hour: Hour, step: int, seed: int) -> None:
    """Supply, prices and PUE of later hours are otherwise: what was done before is the same to the byte."""
    setting = week()
    later = changed(setting.conditions, step, np.random.default_rng(seed))
    kept = {name: setting.conditions.series[name] for name in (FIRM, ARRIVALS)}
    later = replace(later, series={**later.series, **kept})

    before, after = decided(wanted, hour), decide(wanted, hour, later)
    for name, column in before.flows.items():
        assert column[:step].tobytes() == after.flows[name][:step].tobytes(), name
    assert any(column.tobytes() != after.flows[name].tobytes() for name, column in before.flows.items())


def test_who_looks_ahead_is_found() -> None:
    other = changed(CASE.conditions, 50, np.random.default_rng(1))
    assert said(PerfectForecast(CASE.conditions), 49) != said(PerfectForecast(other), 49)


@settings(max_examples=25)
@given(step=st.integers(1, CASE.steps - 1))
def test_what_is_issued_later_changes_no_earlier_given_forecast(step: int) -> None:
    time = CASE.conditions.time
    moment = int((time[step] - pd.Timestamp(0, tz="UTC")).total_seconds())
    before, after = build_given(CASE), build_given(CASE, moment)
    for earlier in range(step):
        assert said(before, earlier) == said(after, earlier)
    first_issue = -(-step // 5) * 5
    if first_issue < CASE.steps:
        assert said(before, first_issue) != said(after, first_issue)


def test_a_price_is_used_from_its_publication_on_and_not_before() -> None:
    """At 9:00 of the second day tomorrow's price is a forecast, at 10:00 it is what will be paid."""
    other = replace(CASE, conditions=changed(CASE.conditions, 24 + 9, np.random.default_rng(1)))
    plain, moved = (
        PricedForecast(PersistenceForecast(case), case.conditions, PUBLICATION_HOUR) for case in (CASE, other)
    )
    assert (plain.issue(33, HORIZON)[PRICE] == moved.issue(33, HORIZON)[PRICE]).all()
    assert (plain.issue(34, HORIZON)[PRICE][14:] != moved.issue(34, HORIZON)[PRICE][14:]).all()
