"""The life of a forecast model beside a plan: learnt from a time, and judged in yen by operating another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.catalogue import load_catalogue
from kiban.operation.conditions import Conditions, read_conditions
from kiban.operation.facility import list_plants, served_load
from kiban.operation.forecast.choice import Circumstances, Wanted, choose_forecast
from kiban.operation.forecast.drift import drift_test
from kiban.operation.forecast.intervals import LEAD_GROUPS_H
from kiban.operation.forecast.record import record_of
from kiban.operation.forecast.scores import Score, collect_issues, coverage, ranked_probability_score, score_leads
from kiban.operation.forecast.training import Settings, TrainedModel, losses_of_days, train
from kiban.operation.operation import Operation
from kiban.operation.period import Period, read_period
from kiban.operation.purchases import list_series
from kiban.operation.register import Judgement
from kiban.operation.running import run
from kiban.planning.preparation import prepare
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

NO_CHAMPION: Final = "climatology"
"""What a model is judged against where there is no champion."""
LEVELS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
ISSUES_EVERY_HOURS: Final = 3
"""Of the issues of a time every so many are scored."""


@dataclass(frozen=True, slots=True)
class SeriesScore:
    """How good a model's forecasts of a series were: errors by hours ahead, and its intervals.

    `ranked_probability_score` and the errors are in the unit of the series; `coverage_share` is that of the interval
    from the 10 % to the 90 % quantile, which promises 0.8. `drift_day` is the day (from 0) on which the test of drift
    gave its alarm; None where it gave none.
    """

    series: str
    leads: tuple[Score, ...]
    ranked_probability_score: float
    coverage_share: float
    drift_day: int | None


@dataclass(frozen=True, eq=False)
class Trial:
    """A model and its rival on the same days: what operation cost with each, and how good its forecasts were."""

    operation: Operation
    rival: Operation
    scores: tuple[SeriesScore, ...]


def learn(plan: Plan, period: Period | None = None, settings: Settings | None = None) -> TrainedModel:
    """A model of what a plan needs to know, learnt from a period, or from the plan's own year.

    Raises `InputError` for input that cannot be used, for less than eight weeks, and without scikit-learn.
    """
    past, place = _read(plan, period)
    return train(record_of(past, past, place[0], place[1]), settings)


def try_model(
    plan: Plan,
    model: TrainedModel,
    rival: Wanted = NO_CHAMPION,
    period: Period | None = None,
    *,
    horizon_hours: float | None = None,
    report: Report | None = None,
) -> Trial:
    """Operate a plan with a model and with its rival, and score the model's forecasts of these days."""
    tell = report or say_nothing
    operations = [
        run(plan, period=period, forecast=one, horizon_hours=horizon_hours, report=tell) for one in (model, rival)
    ]
    conditions, place = _read(plan, period)
    past, _ = _read(plan, None)
    scores = score_model(model, Circumstances(conditions, past, *place, horizon_steps=1, seed=plan.scenario.seed))
    return Trial(operations[0], operations[1], scores)


def judge_of(trial: Trial, rival: str) -> Judgement:
    """What of a trial is kept in a register; `rival` is how that calls the other one."""
    time = trial.operation.time
    first, last = (f"{time[place]:%Y-%m-%d}" for place in (0, -1))
    return Judgement(rival, trial.operation.cost_myen, trial.rival.cost_myen, first, last)


def score_model(model: TrainedModel, of: Circumstances) -> tuple[SeriesScore, ...]:
    """Scores of a model under conditions, series by series."""
    conditions, step_hours = of.conditions, of.conditions.step_hours
    horizon = min(round(model.settings.horizon_hours / step_hours), conditions.steps)
    catalogue = load_catalogue()
    forecast = choose_forecast(model, replace(of, horizon_steps=horizon), catalogue.value)
    groups = [(round(first / step_hours), round((last + 1) / step_hours) - 1) for first, last in LEAD_GROUPS_H]
    steps = range(0, conditions.steps - horizon + 1, max(round(ISSUES_EVERY_HOURS / step_hours), 1))
    found = []
    for name, one in model.series.items():
        issues = collect_issues(forecast, conditions, name, horizon, steps)
        quantiles = np.stack([one.errors.quantiles(mean, LEVELS) for mean in issues.forecast])
        flat = np.moveaxis(quantiles, 1, 2).reshape(-1, len(LEVELS))
        losses = losses_of_days(issues, np.array(steps) // round(24 / step_hours))
        found.append(
            SeriesScore(
                series=name,
                leads=tuple(score_leads(issues, name, groups)),
                ranked_probability_score=float(
                    ranked_probability_score(issues.observed.ravel(), flat, np.array(LEVELS)).mean()
                ),
                coverage_share=coverage(issues.observed, quantiles[:, 0], quantiles[:, -1]),
                drift_day=drift_test(one.losses, catalogue).first_alarm(losses),
            )
        )
    return tuple(found)


def _read(plan: Plan, period: Period | None) -> tuple[Conditions, tuple[float, float]]:
    """The conditions of a period, or of the plan's own year, and where the plan stands (degrees north and east)."""
    if period is None:
        preparation, first, end = prepare(plan.scenario), 0, None
    else:
        preparation, first, end = read_period(plan, period)
    resources = preparation.resources_for(plan.cooling_system)
    load = served_load(plan, resources.tranches)
    bought = None if resources.procurement is None else list_series(plan, resources)
    conditions = read_conditions(resources, preparation.time, list_plants(plan, resources), load, bought)
    place = preparation.place
    return conditions.cut(first, conditions.steps if end is None else end), (place.latitude_deg, place.longitude_deg)
