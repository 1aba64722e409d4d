"""What a campus can give the grid when it is called, what that costs it, and what it is paid.

A call asks that import fall in some hours, told some hours before. For every call that may come, the window from where
operation then stands is solved twice: as it is, and with import in the called hours so dear that all is given up for it
but compute. What import falls by in the least of the called hours is what could be promised; what the window costs more
is the cost of the call.

An offer is a number of MW for the year, made before it from a year that is known: the plan's. What that could not have
delivered in nearly all hours in which a call may come is not offered: a campus that hardly imports in the evening has
nothing to give then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.ahead import look_ahead
from kiban.operation.course import Course
from kiban.operation.horizon import Manner
from kiban.operation.lane import solve_each
from kiban.operation.valuation import Valuation

CURVE_POINTS: Final = 11
LEAST_MW: Final = 1e-3
"""Less is the solver's rounding."""
SATURDAY: Final = 5
BELOW_LOSS: Final = 0.9
"""Import is held off at this share of the price of compute that is dropped: none is dropped for a call."""


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold: the price of a MW for a year, and when, how long and with what notice it may be called."""

    price_myen_per_mw_year: float
    call_hours: float
    notice_hours: float
    calls_per_year: float
    first_hour: float
    last_hour: float
    delivery_share: float
    """Share of the calls that may come which an offer must be able to meet."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """So many MW, the share of possible calls that deliver them, and what a MWh of such calls costs on average."""

    reduction_mw: float
    delivered_share: float
    cost_myen_per_mwh: float


@dataclass(frozen=True, slots=True)
class Flexibility:
    """What is offered and what it is worth a year, after calls and penalties; and the curve behind it."""

    offered_mw: float
    value_myen_per_year: float
    price_myen_per_mw_year: float
    penalty_myen_per_year: float
    """For what calls do not deliver of it; taken off the value."""
    calls: int
    """Calls that were tried."""
    answered_share: float
    """In how many of them import could fall at all."""
    delivered_share: float
    """In how many of them all that is offered is delivered."""
    mean_reduction_mw: float
    cost_myen_per_mwh: float
    """Of energy that import fell by, all calls together."""
    curve: tuple[CurvePoint, ...]


def read_product(take: Callable[[str], float], area: str) -> Product:
    """The capacity market's dispatch-order source of an area; `take` gives a row of the catalogue its value."""
    return Product(
        price_myen_per_mw_year=take(f"market.capacity_price.{area}"),
        call_hours=take("market.call_hours"),
        notice_hours=take("market.call_notice"),
        calls_per_year=take("market.calls_per_year"),
        first_hour=take("market.call_first_hour"),
        last_hour=take("market.call_last_hour"),
        delivery_share=take("market.call_delivery"),
    )


def sees_calls(manner: Manner, product: Product, step_hours: float) -> bool:
    """Whether a window reaches from a notice to the end of its call."""
    return (
        count_steps(product.notice_hours, step_hours) + count_steps(product.call_hours, step_hours)
        <= manner.horizon_steps
    )


def assess(
    course: Course,
    valuation: Valuation,
    manner: Manner,
    product: Product,
    penalty_factor: float,
    known: tuple[Course, Manner] | None = None,
) -> Flexibility:
    """What the campus offers, from what is known when it does so, and what that is worth along a course.

    `known` is the operation of the year that is known then; None where the course itself is of that year. What a call
    of the course then does not deliver is fined at its price times `penalty_factor`: years that turn out otherwise may
    cost more than the offer earns.
    """
    hours = product.call_hours
    called = list_calls(course, product)
    reductions, costs = answer_calls(course, valuation, manner, product, called)
    past, past_costs = reductions, costs
    if known is not None:
        before, how = known
        past, past_costs = answer_calls(before, valuation, how, product, list_calls(before, product))
    offered = met_in(product.delivery_share, past)
    if _earn(offered, past, past_costs, product, penalty_factor)[0] <= 0.0:
        offered = 0.0
    value, penalty = _earn(offered, reductions, costs, product, penalty_factor)
    energy = float(reductions.sum()) * hours
    return Flexibility(
        offered_mw=offered,
        value_myen_per_year=value,
        price_myen_per_mw_year=product.price_myen_per_mw_year,
        penalty_myen_per_year=penalty,
        calls=int(called.size),
        answered_share=float(np.mean(reductions > 0.0)) if called.size else 0.0,
        delivered_share=float(np.mean(reductions >= offered - LEAST_MW)) if called.size else 1.0,
        mean_reduction_mw=float(reductions.mean()) if called.size else 0.0,
        cost_myen_per_mwh=float(costs.sum()) / energy if energy > 0.0 else 0.0,
        curve=_draw_curve(reductions, costs, hours),
    )


def _earn(
    offered_mw: float, reductions: Array, costs: Array, product: Product, penalty_factor: float
) -> tuple[float, float]:
    """What an offer earns a year after its calls and penalties, and the penalties, where any call is as likely."""
    if offered_mw <= 0.0:
        return 0.0, 0.0
    missing = float(np.maximum(offered_mw - reductions, 0.0).mean()) if reductions.size else 0.0
    penalty = penalty_factor * missing * product.price_myen_per_mw_year
    per_mwh = _cost_at(offered_mw, reductions, costs, product.call_hours)
    called = product.calls_per_year * product.call_hours * (offered_mw - missing) * per_mwh
    return offered_mw * product.price_myen_per_mw_year - called - penalty, penalty


def list_calls(course: Course, product: Product) -> npt.NDArray[np.int64]:
    """First steps of the calls that may come: on each weekday one after the other within the hours of the product."""
    conditions = course.conditions
    time, step_hours = conditions.time, conditions.step_hours
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    within = (hour >= product.first_hour) & (hour + product.call_hours <= product.last_hour)
    begins = (
        within
        & (np.mod(hour - product.first_hour, product.call_hours) == 0.0)
        & (time.day_of_week.to_numpy() < SATURDAY)
    )
    steps = np.flatnonzero(begins)
    notice, length = count_steps(product.notice_hours, step_hours), count_steps(product.call_hours, step_hours)
    return steps[(steps >= notice) & (steps + length <= conditions.steps)]


def answer_calls(
    course: Course,
    valuation: Valuation,
    manner: Manner,
    product: Product,
    called: npt.NDArray[np.int64],
) -> tuple[Array, Array]:
    """By how many MW import falls in the least hour of each call, and what the call costs, million yen."""
    usual, left, extra = solve_calls(course, valuation, manner, product, called)
    reductions = (usual - left).min(axis=1)
    answered = reductions > LEAST_MW
    return np.where(answered, reductions, 0.0), np.where(answered, np.maximum(extra, 0.0), 0.0)


def solve_calls(
    course: Course,
    valuation: Valuation,
    manner: Manner,
    product: Product,
    called: npt.NDArray[np.int64],
    most_myen_per_mwh: float | None = None,
    *,
    net: bool = False,
) -> tuple[Array, Array, Array]:
    """Import in the called hours without and with the call, `(calls, steps)` in MW, and what the call costs.

    What is given up costs at most `most` a MWh; None gives up all but compute. `net` counts what is fed in, too.
    """
    if not called.size:
        steps = count_steps(product.call_hours, course.facility.step_hours)
        return np.zeros((0, steps)), np.zeros((0, steps)), np.zeros(0)
    facility, conditions = course.facility, course.conditions
    notice = count_steps(product.notice_hours, conditions.step_hours)
    length = count_steps(product.call_hours, conditions.step_hours)
    begins = called - notice
    ahead = look_ahead(
        facility,
        conditions,
        manner.forecast,
        manner.events,
        begins,
        min(manner.horizon_steps, conditions.steps),
        measured=True,
    )
    standings = [course.standing(int(step)) for step in begins]
    hours = slice(notice, notice + length)
    nothing = np.zeros(ahead.steps.shape)
    surcharge = nothing.copy()
    highest = BELOW_LOSS * valuation.dropped_myen_per_mwh / float(ahead.pue.max())
    surcharge[:, hours] = highest if most_myen_per_mwh is None else min(most_myen_per_mwh, highest)
    free, free_cost = solve_each(ahead, valuation, standings, nothing, net=net)
    held, held_cost = solve_each(ahead, valuation, standings, surcharge, net=net)
    usual, left = free[:, hours], held[:, hours]
    paid = held_cost - (surcharge[:, hours] * left).sum(axis=1) * conditions.step_hours
    return usual, left, paid - free_cost


def met_in(share: float, reductions: Array) -> float:
    """The most that so large a share of the calls delivers, MW; less than `LEAST_MW` is nothing."""
    needed = int(np.ceil(share * reductions.size - 1e-9))
    most = float(np.sort(reductions)[reductions.size - needed]) if needed else 0.0
    return most if abs(most) > LEAST_MW else 0.0


def count_steps(hours: float, step_hours: float) -> int:
    """Hours in whole steps."""
    return max(round(hours / step_hours), 0)


def _draw_curve(reductions: Array, costs: Array, hours: float) -> tuple[CurvePoint, ...]:
    """From nothing to the most that any call delivers."""
    most = float(reductions.max(initial=0.0))
    if most <= 0.0:
        return ()
    levels = np.linspace(0.0, most, CURVE_POINTS)[1:]
    return tuple(
        CurvePoint(
            float(level), float(np.mean(reductions >= level - 1e-9)), _cost_at(float(level), reductions, costs, hours)
        )
        for level in levels
    )


def _cost_at(level: float, reductions: Array, costs: Array, hours: float) -> float:
    """Mean cost of a MWh of the calls that deliver at least so much."""
    enough = (reductions >= level - 1e-9) & (reductions > 0.0)
    energy = float(reductions[enough].sum()) * hours
    return float(costs[enough].sum()) / energy if energy > 0.0 else 0.0
