"""Forecasts of a campus that is operated: what a model sees there, and how its loss is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from tests.cases.emulated_campus import EmulatedCampus
from tests.cases.operated import nine_weeks

from kiban.errors import InputError
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.choice import Circumstances
from kiban.operation.forecast.drift import DriftTest
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.trained import TrainedForecast
from kiban.operation.forecast.training import Settings, TrainedModel
from kiban.operation.learning import learn
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.issued import Issue, Issued
from kiban.operation.live.judging import Judge
from kiban.operation.live.measured_steps import MeasuredSteps
from kiban.operation.live.model_forecast import ModelForecast
from kiban.operation.live.record import issued_content, restore_issued
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.operation.power_limit import PowerLimit
from kiban.planning.plan import Plan

pytestmark = pytest.mark.slow

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
HOUR = timedelta(hours=1)
PV, WIND = "availability_pv", "availability_wind_onshore"
QUICK = Settings(horizon_hours=12, trees=20, least_rows_of_leaf=30)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return nine_weeks()


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan, horizon_hours=24)


@pytest.fixture(scope="module")
def model(plan: Plan) -> TrainedModel:
    return learn(plan, settings=QUICK)


def fed(campus: Campus, series: dict[str, np.ndarray], hours: int) -> MeasuredSteps:
    """Hours from `BEGINS` on, each measured twice around its mean."""
    steps = MeasuredSteps(campus)
    for hour in range(hours):
        for minutes, factor in ((30, 0.9), (60, 1.1)):
            seen = SimpleNamespace(
                seen=lambda name, *_, hour=hour, factor=factor: series[name][hour] * factor if name in series else None
            )
            steps.hear(BEGINS + hour * HOUR + timedelta(minutes=minutes), None, seen)  # type: ignore[arg-type]
    return steps


def test_a_reading_belongs_to_the_step_that_ends_with_it(campus: Campus) -> None:
    steps = fed(campus, {WIND: np.array([0.2, 0.6])}, 2)
    first = steps.step_of(BEGINS)
    assert [steps.mean(WIND, first + place) for place in range(3)] == [pytest.approx(0.2), pytest.approx(0.6), None]
    assert steps.step_of(BEGINS + HOUR) == first + 1
    assert steps.mean(PV, first) is None


def test_old_steps_are_forgotten(campus: Campus) -> None:
    steps = fed(campus, {WIND: np.full(80, 0.5)}, 80)
    first = steps.step_of(BEGINS)
    assert [steps.mean(WIND, first + place) is None for place in (0, 7, 8, 79)] == [True, True, False, False]


def test_the_model_says_beside_the_campus_what_it_says_in_a_run(campus: Campus, model: TrainedModel) -> None:
    """Same model, same measurements: `kiban run` and `kiban operate` have the same forecast."""
    import pandas as pd

    of, generator, count = campus.circumstances, np.random.default_rng(3), 96
    series = {name: values[:count] * generator.uniform(0.7, 1.0, count) for name, values in of.past.series.items()}
    series["pue"] = np.full(count, 1.2)
    nothing = np.zeros(count)
    time = pd.date_range(BEGINS, periods=count, freq="h")
    conditions = Conditions(time, 1.0, series, nothing, nothing, nothing, nothing)
    record = Circumstances(conditions, of.past, of.latitude_deg, of.longitude_deg, 12, 1).record()
    in_a_run = TrainedForecast(model, record, PersistenceForecast(record))
    ahead = ModelForecast(model, campus)
    for step in (24, 41, 47, 70):
        issues, unmeasured = ahead.issue(BEGINS + step * HOUR + STEP, fed(campus, series, step))
        assert unmeasured == ()
        wanted = in_a_run.issue(step, 12)
        assert {one.series for one in issues} == set(model.series)
        for name in model.series:
            found = [one for one in issues if one.series == name]
            assert [one.valid for one in found] == [BEGINS + (step + lead) * HOUR for lead in range(12)]
            assert [one.value for one in found] == pytest.approx(wanted[name].tolist(), abs=1e-9)


def test_what_was_not_measured_is_as_planned_and_without_the_newest_step_nothing_is_said(
    campus: Campus, model: TrainedModel
) -> None:
    step, planned = 40, {name: campus.expect(name, BEGINS, 40) for name in model.series}
    known = {name: values.copy() for name, values in planned.items()}
    whole, _ = ModelForecast(model, campus).issue(BEGINS + step * HOUR, fed(campus, known, step))
    bare = MeasuredSteps(campus)
    for name in model.series:
        bare._sums[name, bare.step_of(BEGINS) + step - 1] = (float(planned[name][-1]), 1)
    filled, unmeasured = ModelForecast(model, campus).issue(BEGINS + step * HOUR, bare)
    assert unmeasured == ()
    assert [one.value for one in filled] == pytest.approx([one.value for one in whole], abs=1e-9)
    silent = {name: values for name, values in known.items() if name != WIND}
    issues, unmeasured = ModelForecast(model, campus).issue(BEGINS + step * HOUR, fed(campus, silent, step))
    assert unmeasured == (WIND,)
    assert {one.series for one in issues} == set(model.series) - {WIND}


def test_a_model_of_another_plant_or_step_is_refused(campus: Campus, model: TrainedModel) -> None:
    other = replace(model, series={**model.series, "availability_hydro": model.series[WIND]})
    with pytest.raises(InputError, match="availability_hydro"):
        ModelForecast(other, campus)
    halved = replace(model, origin=replace(model.origin, step_hours=0.5))
    with pytest.raises(InputError, match=r"0\.5 h"):
        ModelForecast(halved, campus)


def issued(day: int, values: list[float], accepted: bool = True, version: str = "a") -> Issued:
    """Forecasts of the wind in the first hours of a day, made at its midnight."""
    at = BEGINS + timedelta(days=day)
    issues = [Issue(WIND, at, at + hour * HOUR, value) for hour, value in enumerate(values)]
    return Issued("model", version, issues, {WIND: (0.1, 0.05)} if accepted else {})


def judged(campus: Campus, steps: MeasuredSteps, forecasts: list[Issued], days: int) -> Judge:
    judge = Judge(campus)
    for day in range(days + 1):
        for one in forecasts:
            if one.issues[0].issued == BEGINS + timedelta(days=day):
                judge.take(one, steps)
        judge.hear(BEGINS + timedelta(days=day + 1), steps)
    return judge


def test_the_loss_of_a_day_and_its_cumulative_sum_by_hand(campus: Campus) -> None:
    steps = fed(campus, {WIND: np.full(72, 0.5)}, 72)
    # Errors of 0.4 and 0.8: half of them is 0.2 and 0.4, the day's loss 0.3.
    judge = judged(campus, steps, [issued(0, [0.1, 1.3]), issued(1, [0.5, 0.1])], 2)
    assert judge.losses == {WIND: pytest.approx(0.1)}
    test = DriftTest(0.1, 0.05, campus.drift_allowance, campus.drift_threshold)
    # (0.3 - 0.1) / 0.05 less the allowance, then 0 less the allowance.
    after = (4.0 - campus.drift_allowance) - campus.drift_allowance
    assert test.sums([0.3, 0.1])[-1] == pytest.approx(after)
    assert judge.drift == {WIND: pytest.approx(after / campus.drift_threshold)}


def test_a_day_is_judged_when_it_is_over_and_measured(campus: Campus) -> None:
    steps = fed(campus, {WIND: np.full(30, 0.5)}, 30)
    judge = Judge(campus)
    judge.take(issued(0, [0.3] * 36), steps)
    judge.hear(BEGINS + timedelta(hours=35), steps)
    assert judge.losses == {}
    # Six of 36 hours were not measured.
    judge.hear(BEGINS + timedelta(hours=36), steps)
    assert judge.losses == {WIND: pytest.approx(0.1)}
    hardly = fed(campus, {WIND: np.full(10, 0.5)}, 10)
    judge = Judge(campus)
    judge.take(issued(0, [0.3] * 36), hardly)
    judge.hear(BEGINS + timedelta(hours=48), hardly)
    assert judge.losses == {}


def test_a_day_goes_on_to_its_end(campus: Campus) -> None:
    """Of forecasts of the next hour none is open at six; at noon another one comes."""
    steps, judge = fed(campus, {WIND: np.full(30, 0.5)}, 30), Judge(campus)
    noon = BEGINS + 12 * HOUR
    judge.take(issued(0, [0.3]), steps)
    judge.hear(BEGINS + 6 * HOUR, steps)
    assert judge.losses == {}
    judge.take(Issued("model", "a", [Issue(WIND, noon, noon, 0.1)], {WIND: (0.1, 0.05)}), steps)
    judge.hear(BEGINS + 24 * HOUR, steps)
    assert judge.losses == {WIND: pytest.approx(0.15)}


def test_another_version_of_a_model_begins_anew_and_a_file_has_no_drift(campus: Campus) -> None:
    steps = fed(campus, {WIND: np.full(72, 0.5)}, 72)
    forecasts = [issued(0, [2.0, 2.0]), issued(1, [0.5, 0.5], version="b")]
    assert judged(campus, steps, forecasts[:1], 1).drift[WIND] > 1.0
    assert judged(campus, steps, forecasts, 2).drift == {WIND: 0.0}
    file = [issued(0, [2.0, 2.0], False), issued(1, [0.7, 0.7], False, "b")]
    judge = judged(campus, steps, file, 2)
    assert judge.losses == {WIND: pytest.approx(0.1)}
    assert judge.drift == {}


def test_what_was_issued_is_the_same_from_the_journal() -> None:
    one = issued(0, [0.25, 0.5])
    assert restore_issued(issued_content(one)) == one
    old = {"issues": [[WIND, BEGINS.isoformat(), BEGINS.isoformat(), 0.5]]}
    assert restore_issued(old) == Issued("", "", [Issue(WIND, BEGINS, BEGINS, 0.5)])


def drift_after(
    campus: Campus, model: TrainedModel, days: int, accepted: dict[str, tuple[float, float]] | None = None
) -> dict[str, float]:
    """What a model's drift is after some days of a campus that draws as it likes."""
    emulated, steering, ahead = EmulatedCampus(campus, BEGINS), Steering(campus, BEGINS), ModelForecast(model, campus)
    for number in range(1, days * 288 + 1):
        now = emulated.now
        if now.minute == 0:
            issues, _ = ahead.issue(now, steering.steps)
            if issues:
                steering.forecast(Issued("model", model.version, issues, accepted or ahead.accepted))
        steering.hear(now, emulated.readings)
        emulated.apply(PowerLimit(number, now, now + STEP, campus.facility.it_mw, 2.0, "window"))
    return steering.judge.drift


def test_drift_is_found_where_the_losses_are_above_those_of_the_model(campus: Campus, model: TrainedModel) -> None:
    """The emulated campus goes by the plan's means, easy to forecast; a model that was better drifts."""
    as_accepted = drift_after(campus, model, 4)
    assert set(as_accepted) == set(model.series)
    assert max(as_accepted.values()) < 1.0
    assert drift_after(campus, model, 4, {WIND: (1e-3, 1e-4)})[WIND] > 1.0


def test_a_forecast_is_corrected_by_what_the_plant_gives_of_it(campus: Campus) -> None:
    """A plant that gives four fifths of what is forecast of it is expected to go on so, where that is sure."""
    steering = Steering(campus, BEGINS)
    hours = [BEGINS + place * HOUR for place in range(24)]
    steering.forecast(Issued("file", "", [Issue(WIND, BEGINS - HOUR, hour, 0.5) for hour in hours]))
    at = BEGINS + 2 * HOUR
    plain = steering.outlook.base(WIND, at, 4, {})
    assert plain.tolist() == pytest.approx([0.5] * 4)
    assert steering.outlook.base(WIND, at, 4, {WIND: 0.8}).tolist() == pytest.approx([0.4] * 4)


def test_issues_are_kept_for_the_day_that_is_looked_at_and_then_forgotten(campus: Campus) -> None:
    steering = Steering(campus, BEGINS)
    steering.forecast(Issued("file", "", [Issue(WIND, BEGINS, BEGINS, 0.5), Issue(WIND, BEGINS, BEGINS + HOUR, 0.5)]))
    steering.hear(BEGINS + timedelta(hours=30), [])
    assert steering.outlook.base(WIND, BEGINS, 1, {})[0] == pytest.approx(0.5)
    steering.hear(BEGINS + timedelta(hours=60), [])
    assert steering.outlook.base(WIND, BEGINS, 1, {})[0] == campus.expect(WIND, BEGINS, 1)[0]
