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
from kiban.operation.balancing import MINUTES_PER_HOUR
from kiban.operation.conditions import PRICE
from kiban.operation.course import Course
from kiban.operation.facility import IMPORT
from kiban.operation.horizon import Manner
from kiban.operation.settlement import require_rules
from kiban.policy.law import Law
from kiban.quantities import KW_PER_MW, YEN_PER_MYEN

RULE: Final = "jp_imbalance"
ROUNDING_STEPS: Final = 1e-9


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
    """What an operation drew other than planned at gate closure, MWh, and how that is settled, million yen."""

    hours: float
    short_mwh: float
    """Drawn above the plan."""
    long_mwh: float
    """Planned and not drawn."""
    settled_myen: float
    """What is paid for what was short, less what comes back for what was long."""
    cost_myen: float
    """By how much that is more than the same energy at the spot price."""


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


def count_gate_steps(rule: ImbalanceRule, manner: Manner, step_hours: float) -> int:
    """How many steps before each its plan is closed; 0 where no window reaches from there to the step."""
    steps = max(int(np.ceil(rule.gate_closure_hours / step_hours - ROUNDING_STEPS)), 1)
    return steps if steps < manner.horizon_steps else 0


def price_against(rule: ImbalanceRule, spot_myen_per_mwh: Array, off_mw: Array, spread_myen_per_mwh: float) -> Array:
    """An imbalance price that is always against the campus: a spread above spot where it is short, below where long.

    It stays between the floor and the cap of the rule.
    """
    against = spot_myen_per_mwh + spread_myen_per_mwh * np.sign(off_mw)
    found: Array = np.clip(against, rule.floor_myen_per_mwh, rule.cap_myen_per_mwh)
    return found


def weigh_imbalance(course: Course, rule: ImbalanceRule, spread_myen_per_mwh: float) -> Imbalance | None:
    """How an operation's imbalance is settled at the prices of `price_against`; None where it kept no plan."""
    planned_mw = course.planned_import_mw
    if planned_mw is None:
        return None
    hours, drawn = course.facility.step_hours, course.flows[IMPORT]
    spot = course.conditions.series.get(PRICE, np.zeros(drawn.size))
    off = drawn - planned_mw
    settled = float(
        settle_imbalance(planned_mw, drawn, price_against(rule, spot, off, spread_myen_per_mwh), hours).sum()
    )
    return Imbalance(
        hours=course.conditions.steps * hours,
        short_mwh=float(np.maximum(off, 0.0).sum()) * hours,
        long_mwh=float(np.maximum(-off, 0.0).sum()) * hours,
        settled_myen=settled,
        cost_myen=settled - float(spot @ off) * hours,
    )
