"""Instruments side by side: at equal cost to the treasuries, and the least public money that reaches an aim.

The amount of an instrument (its rate, or its price a MWh) is found by bisection on plans that are solved anew. Where
a further tranche of compute begins to pay, cost jumps: at that amount every mixture of the two plans is a least-cost
plan, and the one that spends exactly the budget is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kiban.errors import Problem, ScenarioError
from kiban.finance.paying import Payment, Question, Side
from kiban.scenario.package import Package, load_package

INSTRUMENTS = ("tax-credit", "special-depreciation", "capital-grant", "production-credit", "property-tax-relief")
COST_TOLERANCE = 1e-3
JUMP_TOLERANCE = 1e-3
"""How closely, as a share of the amount, the amount of a jump is found before its two plans are mixed."""
AMOUNT_TOLERANCE = 1e-7
SOLVER_TOLERANCE = 1e-6
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
    return tuple(_spend(question, load_package(package, question.scenario.folder), budget_myen) for package in packages)


def least_public_money(
    question: Question, aim: Aim, target: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the least amount that induces `target` MW of IT load, or reaches that clean share."""

    most = 1.0 if aim == "clean_share" else math.inf
    if not 0 < target <= most:
        limit = " and at most 1" if aim == "clean_share" else ""
        raise ScenarioError(Problem(f"is {target:g}", key=aim, remedy=f"give one above 0{limit}"))

    def reached(side: Side) -> float:
        if aim == "induced_it_mw":
            return side.served_mw - question.before.served_mw
        return side.plan.indicators["clean_share"]

    folder = question.scenario.folder
    return tuple(_reach(question, load_package(package, folder), reached, target) for package in packages)


def largest_amount(package: Package) -> float:
    """The largest amount that makes sense: all of a cost or tax; for a production credit, the price of power twice."""
    return MOST_PRODUCTION_CREDIT if package.instrument[0].amount_key == "rate_myen_per_mwh" else 1.0


MOST_PRODUCTION_CREDIT = 0.05
"""Upper end of the search for a production credit, million yen a MWh: beyond any price of energy in the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A package at one amount: its side, and its fiscal cost."""

    package: Package
    amount: float
    side: Side
    cost: float


def _try(question: Question, package: Package, amount: float, served_mw: Mapping[str, float] | None = None) -> _Trial:
    scaled = package.scaled(amount)
    side = question.build_side((scaled,), question.before, served_mw)
    return _Trial(scaled, amount, side, question.fiscal_cost(side))


def _pay(question: Question, trial: _Trial) -> Payment:
    return question.pay((trial.package,), after=trial.side)


def _spend(question: Question, package: Package, budget: float) -> Instrument:
    """Only sides are built while searching: the plan that serves the same without the policy waits for the end."""
    high = _try(question, package, largest_amount(package))
    if high.cost < budget * (1.0 - COST_TOLERANCE):
        return Instrument(package.name, high.amount, None, _pay(question, high))
    low = _Trial(package.scaled(0.0), 0.0, question.before, 0.0)
    for step in range(MOST_STEPS):
        if abs(high.cost - budget) <= COST_TOLERANCE * budget / 2:
            break
        gap = high.amount - low.amount
        at_jump = gap <= JUMP_TOLERANCE * high.amount and _is_jump(question, low, high, budget)
        if at_jump or gap <= AMOUNT_TOLERANCE * max(high.amount, AMOUNT_TOLERANCE):
            high = _mix(question, package, low, high, budget)
            break
        middle = _try(question, package, _between(low, high, budget) if step % 2 == 0 else low.amount + gap / 2)
        if middle.cost < budget * (1.0 - COST_TOLERANCE / 2):
            low = middle
        else:
            high = middle
    return Instrument(package.name, high.amount, _pay(question, high))


def _is_jump(question: Question, low: _Trial, high: _Trial, budget: float) -> bool:
    """Whether the budget lies between two designs whatever the amount is between their amounts."""
    return question.fiscal_cost(low.side, high.side.terms) < budget < question.fiscal_cost(high.side, low.side.terms)


def _between(low: _Trial, high: _Trial, budget: float) -> float:
    """The next amount: along the line between the ends, kept away from them so that the bracket always shrinks."""
    share = (budget - low.cost) / (high.cost - low.cost) if high.cost > low.cost else 0.5
    return low.amount + (high.amount - low.amount) * min(max(share, 0.1), 0.9)


def _mix(question: Question, package: Package, low: _Trial, high: _Trial, budget: float) -> _Trial:
    """The plan between two that are equally good at the same amount, whose cost is the budget."""
    ends = [{served.name: served.served_mw for served in trial.side.plan.tranches} for trial in (low, high)]
    bottom, top, found = (0.0, low.cost), (1.0, high.cost), high
    for step in range(MOST_STEPS):
        rise = top[1] - bottom[1]
        line = (budget - bottom[1]) / rise if rise > 0 and step % 3 < 2 else 0.5
        share = bottom[0] + (top[0] - bottom[0]) * min(max(line, 0.0), 1.0)
        served = {name: (1.0 - share) * ends[0][name] + share * ends[1][name] for name in ends[0]}
        found = _try(question, package, high.amount, served)
        if abs(found.cost - budget) <= COST_TOLERANCE * budget / 2:
            break
        bottom, top = ((share, found.cost), top) if found.cost < budget else (bottom, (share, found.cost))
    return found


def _reach(question: Question, package: Package, reached: Callable[[Side], float], target: float) -> Instrument:
    high = _try(question, package, largest_amount(package))
    if reached(high.side) < target * (1.0 - SOLVER_TOLERANCE):
        return Instrument(package.name, high.amount, None, _pay(question, high))
    low, least = 0.0, 1e-4 * largest_amount(package)
    while high.amount - low > least:
        trial = _try(question, package, (low + high.amount) / 2)
        if reached(trial.side) >= target * (1.0 - SOLVER_TOLERANCE):
            high = trial
        else:
            low = trial.amount
    return Instrument(package.name, high.amount, _pay(question, high))


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
    scaled = [package.scaled(amount) for amount in amounts]
    return tuple(
        Instrument(one.name, amount, question.pay((one,))) for one, amount in zip(scaled, amounts, strict=True)
    )


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
