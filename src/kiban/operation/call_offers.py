"""What calls can have: by hour of the day, notice and duration, by what it may cost, and by classes of firm compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiban.calendar import HOURS_PER_DAY
from kiban.operation.conditions import FIRM, PUE
from kiban.operation.course import Course
from kiban.operation.facility import EXPORT
from kiban.operation.flexibility import (
    BELOW_LOSS,
    LEAST_MW,
    Product,
    answer_calls,
    count_steps,
    list_calls,
    met_in,
    sees_calls,
    solve_calls,
)
from kiban.operation.horizon import Manner
from kiban.operation.job_classes import GivenUp
from kiban.operation.valuation import Valuation

NOTICES_HOURS: Final = (0.0, 3.0, 24.0)
"""Hours that a call is told before."""
DURATIONS_HOURS: Final = (1.0, 3.0, 6.0)
DAYS_APART: Final = 13
"""Calls are tried on every so many days: no multiple of a week."""
PRICE_PARTS: Final = (0.0625, 0.125, 0.25, 0.5, 1.0)
"""Of the price of compute that is dropped: so much may a MWh cost that is given up."""
MOST_CALLS: Final = 120
"""Calls that are tried where each takes milliseconds."""


@dataclass(frozen=True, slots=True)
class HourOffer:
    """What calls of some hours that begin in an hour of the day can have, told some hours before."""

    hour: int
    notice_hours: float
    duration_hours: float
    offered_mw: float
    """In the share of the calls that an offer must be able to meet."""
    mean_mw: float
    cost_myen_per_mwh: float


@dataclass(frozen=True, slots=True)
class PricedOffer:
    """What is offered where a MWh that is given up may cost `most` at most; the mean is over all called hours."""

    most_myen_per_mwh: float
    offered_mw: float
    mean_mw: float
    cost_myen_per_mwh: float


@dataclass(frozen=True, slots=True)
class ClassOffer:
    """What a class of firm compute gives up in the calls of the capacity market, beside all else."""

    name: str
    power_share: float
    work_share: float
    offered_mw: float
    cost_myen_per_mwh: float


def offer_by_hour(course: Course, valuation: Valuation, manner: Manner, product: Product) -> Iterator[HourOffer]:
    """Every notice and duration that a window sees, and every hour of the day, on every thirteenth day."""
    conditions = course.conditions
    step_hours = conditions.step_hours
    time = conditions.time
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    day = np.arange(conditions.steps) // round(HOURS_PER_DAY / step_hours)
    tried = np.flatnonzero((hour == np.floor(hour)) & (day % DAYS_APART == 0))
    for notice in NOTICES_HOURS:
        for duration in DURATIONS_HOURS:
            one = replace(product, notice_hours=notice, call_hours=duration)
            if not sees_calls(manner, one, step_hours):
                continue
            length = count_steps(duration, step_hours)
            called = tried[(tried >= count_steps(notice, step_hours)) & (tried + length <= conditions.steps)]
            reductions, costs = answer_calls(course, valuation, manner, one, called)
            for at in range(HOURS_PER_DAY):
                here = hour[called] == at
                if here.any():
                    energy = float(reductions[here].sum()) * duration
                    yield HourOffer(
                        at,
                        notice,
                        duration,
                        met_in(product.delivery_share, reductions[here]),
                        float(reductions[here].mean()),
                        float(costs[here].sum()) / energy if energy > 0.0 else 0.0,
                    )


def offer_by_price(course: Course, valuation: Valuation, manner: Manner, product: Product) -> Iterator[PricedOffer]:
    """The calls of a product where a MWh that is given up may cost so much and no more."""
    called = list_calls(course, product)
    highest = BELOW_LOSS * valuation.dropped_myen_per_mwh / float(course.conditions.series[PUE].max())
    for part in PRICE_PARTS:
        most = part * highest
        usual, left, extra = solve_calls(course, valuation, manner, product, called, most)
        fallen = np.maximum(usual - left, 0.0)
        energy = float(fallen.sum()) * course.facility.step_hours
        yield PricedOffer(
            most,
            met_in(product.delivery_share, fallen.min(axis=1)) if called.size else 0.0,
            float(fallen.mean()) if called.size else 0.0,
            max(float(extra.sum()), 0.0) / energy if energy > LEAST_MW else 0.0,
        )


def offer_classes(
    course: Course,
    valuation: Valuation,
    manner: Manner,
    product: Product,
    given_up: Sequence[GivenUp],
    compute_price_myen_per_mwh: float,
) -> Iterator[ClassOffer]:
    """What each class adds, the cheapest first: never more than is still imported in the called hours."""
    called = list_calls(course, product)
    usual, left, _ = solve_calls(course, valuation, manner, product, called)
    length = count_steps(product.call_hours, course.facility.step_hours)
    steps = called[:, None] + np.arange(length)
    series = course.conditions.series
    firm = (series[PUE] * np.maximum(series[FIRM] - course.flows["unserved_mw"], 0.0))[steps]
    fallen = usual - left
    before = met_in(product.delivery_share, fallen.min(axis=1)) if called.size else 0.0
    for one in given_up:
        fallen = np.minimum(fallen + firm * one.power_share, usual)
        offered = met_in(product.delivery_share, fallen.min(axis=1)) if called.size else 0.0
        yield ClassOffer(
            one.name,
            one.power_share,
            one.work_share,
            max(offered - max(before, 0.0), 0.0),
            one.cost_myen_per_mwh(compute_price_myen_per_mwh),
        )
        before = offered


def offer_with_export(course: Course, valuation: Valuation, manner: Manner, product: Product) -> tuple[float, float]:
    """What could be offered, MW, and its value a year, if the connection took as much power in calls as it gives.

    What is fed in counts, and earns nothing but the call.
    """
    facility = course.facility
    called = list_calls(course, product)
    # Windows of a plant that feeds in are not compiled: as many calls as a sample needs.
    called = called[:: max(called.size // MOST_CALLS, 1)]
    if not called.size:
        return 0.0, 0.0
    seen = course
    if not facility.sells:
        changed = replace(facility, export_limit_mw=facility.import_limit_mw.copy())
        begun = replace(course.begun, sources_mw=(*course.begun.sources_mw, 0.0))
        flows = {**course.flows, EXPORT: np.zeros(course.conditions.steps)}
        seen = replace(course, facility=changed, flows=flows, begun=begun)
    # Outside of calls nothing is fed in that was not before.
    usual, _, _ = solve_calls(course, valuation, manner, product, called, net=True)
    _, left, extra = solve_calls(seen, valuation, manner, product, called, net=True)
    reductions, costs = (usual - left).min(axis=1), np.maximum(extra, 0.0)
    offered = max(met_in(product.delivery_share, reductions), 0.0)
    enough = (reductions >= offered - LEAST_MW) & (reductions > 0.0)
    energy = float(reductions[enough].sum()) * product.call_hours
    cost = float(costs[enough].sum()) / energy if energy > 0.0 else 0.0
    yearly = product.price_myen_per_mw_year - product.calls_per_year * product.call_hours * cost
    return offered, max(offered * yearly, 0.0)
