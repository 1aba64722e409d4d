"""Instruments side by side: at equal cost to the treasuries, and the least public money that reaches an aim.

The amount of an instrument (its rate, or its price a MWh) is found by bisection on plans that are solved anew. Where
a further tranche of compute begins to pay, cost jumps: at that amount every mixture of the two plans is a least-cost
plan, and the one that spends exactly the budget is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from kiban.errors import Problem, ScenarioError
from kiban.finance.paying import Payment, Question
from kiban.scenario.package import Package, load_package

INSTRUMENTS = ("tax-credit", "special-depreciation", "capital-grant", "production-credit", "property-tax-relief")
COST_TOLERANCE = 1e-3
AMOUNT_TOLERANCE = 1e-7
MOST_STEPS = 40
Aim = Literal["induced_it_mw", "clean_share"]


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One instrument at the amount that was looked for; `payment` is None where no amount reaches it."""

    package: str
    amount: float | None
    """None where the package has no single one."""
    payment: Payment | None
    most: Payment | None = None
    """What the largest amount gives, where even that does not reach."""


def equal_cost(
    question: Question, budget_myen: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the amount whose fiscal cost is the budget (present value), to one part in a thousand."""
    if budget_myen <= 0:
        raise ScenarioError(Problem(f"is {budget_myen:g} million yen", key="budget", remedy="give one above 0"))
    return tuple(_spend(question, load_package(package), budget_myen) for package in packages)


def least_public_money(
    question: Question, aim: Aim, target: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the least amount that induces `target` MW of IT load, or reaches that clean share."""

    def reached(payment: Payment) -> float:
        if aim == "induced_it_mw":
            return payment.induced_it_mw
        return payment.after.plan.indicators["clean_share"]

    return tuple(_reach(question, load_package(package), reached, target) for package in packages)


def largest_amount(package: Package) -> float:
    """The largest amount that makes sense: all of a cost or tax; for a production credit, the price of power twice."""
    return MOST_PRODUCTION_CREDIT if package.instrument[0].amount_key == "rate_myen_per_mwh" else 1.0


MOST_PRODUCTION_CREDIT = 0.05
"""Upper end of the search for a production credit, million yen a MWh: beyond any price of energy in the catalogue."""


def _spend(question: Question, package: Package, budget: float) -> Instrument:
    name, high_amount = package.name, largest_amount(package)

    def at(amount: float) -> Payment:
        return question.pay((package.scaled(amount),))

    high = at(high_amount)
    if high.fiscal_cost_myen < budget * (1.0 - COST_TOLERANCE):
        return Instrument(name, high_amount, None, high)
    low_amount, low = 0.0, at(0.0)
    for _ in range(MOST_STEPS):
        if abs(high.fiscal_cost_myen - budget) <= COST_TOLERANCE * budget / 2:
            return Instrument(name, high_amount, high)
        if high_amount - low_amount <= AMOUNT_TOLERANCE * max(high_amount, AMOUNT_TOLERANCE):
            return Instrument(name, high_amount, _mix(question, package.scaled(high_amount), low, high, budget))
        middle = _between(low_amount, high_amount, low.fiscal_cost_myen, high.fiscal_cost_myen, budget)
        payment = at(middle)
        if payment.fiscal_cost_myen < budget * (1.0 - COST_TOLERANCE / 2):
            low_amount, low = middle, payment
        else:
            high_amount, high = middle, payment
    return Instrument(name, high_amount, high)


def _between(low: float, high: float, low_cost: float, high_cost: float, budget: float) -> float:
    """The next amount: along the line between the ends, kept away from them so that the bracket always shrinks."""
    share = (budget - low_cost) / (high_cost - low_cost) if high_cost > low_cost else 0.5
    return low + (high - low) * min(max(share, 0.1), 0.9)


def _mix(question: Question, package: Package, low: Payment, high: Payment, budget: float) -> Payment:
    """The plan between two that are equally good at the same amount, whose cost is the budget."""
    ends = [{t.name: t.served_mw for t in payment.after.plan.tranches} for payment in (low, high)]
    bottom, top, found = 0.0, 1.0, high
    for _ in range(MOST_STEPS):
        share = (bottom + top) / 2
        served = {name: (1.0 - share) * ends[0][name] + share * ends[1][name] for name in ends[0]}
        found = question.pay((package,), served_mw=served)
        if abs(found.fiscal_cost_myen - budget) <= COST_TOLERANCE * budget / 2:
            break
        bottom, top = (share, top) if found.fiscal_cost_myen < budget else (bottom, share)
    return found


def _reach(question: Question, package: Package, reached: Callable[[Payment], float], target: float) -> Instrument:
    high_amount = largest_amount(package)
    high = question.pay((package.scaled(high_amount),))
    if reached(high) < target:
        return Instrument(package.name, high_amount, None, high)
    low_amount = 0.0
    while high_amount - low_amount > 1e-4 * largest_amount(package):
        middle = (low_amount + high_amount) / 2
        payment = question.pay((package.scaled(middle),))
        if reached(payment) >= target:
            high_amount, high = middle, payment
        else:
            low_amount = middle
    return Instrument(package.name, high_amount, high)


SWEEPS = {
    "credit_rate": "tax-credit",
    "depreciation_rate": "special-depreciation",
    "grant_rate": "capital-grant",
    "production_credit": "production-credit",
    "property_tax_relief": "property-tax-relief",
    "guarantee_rate": "loan-guarantee",
}
"""Rates that can be varied, and the package whose only instrument has it."""
MOST_POINTS = 1001


def sweep(question: Question, over: str) -> tuple[Instrument, ...]:
    """The same question at each rate of `NAME=from:to:step`; `NAME` is one of `SWEEPS` or the name of a package."""
    name, amounts = _parse_range(over)
    package = load_package(SWEEPS.get(name, name), question.scenario.folder)
    return tuple(Instrument(package.name, amount, question.pay((package.scaled(amount),))) for amount in amounts)


def _parse_range(over: str) -> tuple[str, list[float]]:
    name, equals, text = over.partition("=")
    remedy = "write it as credit_rate=0:0.5:0.01"
    try:
        first, last, step = (float(part) for part in text.split(":"))
    except ValueError:
        raise ScenarioError(Problem(f"is '{over}', which is no range", key="over", remedy=remedy)) from None
    if not equals or not math.isfinite(first + last + step) or step <= 0 or last < first:
        raise ScenarioError(Problem(f"is '{over}', which does not rise by steps", key="over", remedy=remedy))
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > MOST_POINTS:
        raise ScenarioError(
            Problem(f"has {count} points, and at most {MOST_POINTS} are asked", key="over", remedy=remedy)
        )
    return name, [first + step * point for point in range(count)]
