"""The imbalance (インバランス): what was drawn other than planned at gate closure, its price, and what it costs.

One price holds for what is too much and what is too little. Where the reserves of all areas are short it is at least
what the supplement says (`price_scarcity`), in straight lines between the points of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.ahead import look_ahead
from kiban.operation.balancing import MINUTES_PER_HOUR
from kiban.operation.course import Course
from kiban.operation.facility import IMPORT
from kiban.operation.horizon import Manner
from kiban.operation.lane import solve_each
from kiban.operation.settlement import require_rules
from kiban.operation.valuation import Valuation
from kiban.policy.law import Law
from kiban.quantities import KW_PER_MW, YEN_PER_MYEN

RULE: Final = "jp_imbalance"


@dataclass(frozen=True, slots=True)
class ImbalanceRule:
    """The terms of one day; prices in million yen per MWh, margins as shares of demand."""

    start_margin_share: float
    knee_margin_share: float
    cap_margin_share: float
    knee_myen_per_mwh: float
    cap_myen_per_mwh: float
    floor_myen_per_mwh: float
    gate_closure_hours: float


@dataclass(frozen=True, slots=True)
class Imbalance:
    """What an operation drew other than planned at gate closure, MWh, and what that costs above its spot price."""

    hours: float
    short_mwh: float
    """Drawn above the plan."""
    long_mwh: float
    """Planned and not drawn."""
    cost_myen: float


def read_imbalance_rule(rules: Law, day: date) -> ImbalanceRule:
    """The terms on a day; `InputError` where the rule does not hold on it."""
    require_rules(rules, (RULE,), day)

    def number(name: str) -> float:
        return rules.number(RULE, name, day)

    def price(name: str) -> float:
        return number(name) * KW_PER_MW / YEN_PER_MYEN

    return ImbalanceRule(
        start_margin_share=number("start_margin_share"),
        knee_margin_share=number("knee_margin_share"),
        cap_margin_share=number("cap_margin_share"),
        knee_myen_per_mwh=price("knee_yen_per_kwh"),
        cap_myen_per_mwh=price("cap_yen_per_kwh"),
        floor_myen_per_mwh=price("floor_yen_per_kwh"),
        gate_closure_hours=number("gate_closure_minutes") / MINUTES_PER_HOUR,
    )


def price_scarcity(rule: ImbalanceRule, margin_share: Array) -> Array:
    """The least imbalance price at a margin of reserve, million yen per MWh."""
    margins = (rule.cap_margin_share, rule.knee_margin_share, rule.start_margin_share)
    prices = (rule.cap_myen_per_mwh, rule.knee_myen_per_mwh, 0.0)
    found: Array = np.interp(margin_share, margins, prices)
    return found


def price_imbalance(
    rule: ImbalanceRule, balancing_myen_per_mwh: Array, margin_share: Array, curtailed: npt.NDArray[np.bool_]
) -> Array:
    """The price: that of the balancing energy, at least that of scarcity; the floor where supply is curtailed."""
    dearer = np.maximum(balancing_myen_per_mwh, price_scarcity(rule, margin_share))
    found: Array = np.where(curtailed, rule.floor_myen_per_mwh, dearer)
    return found


def settle_imbalance(planned_mw: Array, drawn_mw: Array, price_myen_per_mwh: Array, hours: float) -> Array:
    """What each block pays, million yen: what is short is bought at the price, what is long is sold at it."""
    paid: Array = (drawn_mw - planned_mw) * price_myen_per_mwh * hours
    return paid


def plan_at_gate(course: Course, valuation: Valuation, manner: Manner, rule: ImbalanceRule) -> Array:
    """Import in each step as the window planned it at gate closure, MW; what has no window before it, as it was."""
    steps = course.conditions.steps
    ahead_steps = max(int(np.ceil(rule.gate_closure_hours / course.facility.step_hours - 1e-9)), 1)
    begins = np.arange(steps - ahead_steps)
    planned: Array = course.flows[IMPORT].copy()
    if begins.size and ahead_steps < manner.horizon_steps:
        seen = look_ahead(
            course.facility,
            course.conditions,
            manner.forecast,
            manner.events,
            begins,
            manner.horizon_steps,
            measured=True,
        )
        standings = [course.standing(int(step)) for step in begins]
        imported, _ = solve_each(seen, valuation, standings, np.zeros(seen.steps.shape))
        planned[ahead_steps:] = imported[:, ahead_steps]
    return planned


def weigh_imbalance(course: Course, planned_mw: Array, spread_myen_per_mwh: float) -> Imbalance:
    """What an operation's imbalance costs where each MWh is a spread dearer than its spot price, either way."""
    off = (course.flows[IMPORT] - planned_mw) * course.facility.step_hours
    return Imbalance(
        hours=course.conditions.steps * course.facility.step_hours,
        short_mwh=float(np.maximum(off, 0.0).sum()),
        long_mwh=float(np.maximum(-off, 0.0).sum()),
        cost_myen=spread_myen_per_mwh * float(np.abs(off).sum()),
    )
