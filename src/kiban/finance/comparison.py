"""Instruments side by side: at equal cost to the treasuries, and the least public money that reaches an aim.

How the amount of an instrument (its rate, or its price a MWh) is found is said in `search`, and for a country in
`national_search`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kiban.errors import Problem, ScenarioError
from kiban.finance.national import NationalQuestion
from kiban.finance.national_payment import NationalPayment
from kiban.finance.national_search import NationalTrial, reach_in_country, spend_in_country
from kiban.finance.national_side import NationalSide
from kiban.finance.paying import Question
from kiban.finance.payment import Payment, Side
from kiban.finance.search import Trial, reach, spend
from kiban.scenario.package import Package, load_package

INSTRUMENTS = ("tax-credit", "special-depreciation", "capital-grant", "production-credit", "property-tax-relief")
AnyQuestion = Question | NationalQuestion
Aim = Literal["induced_it_mw", "clean_share"]


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One instrument at the amount that was looked for; `payment` is None where no amount reaches it."""

    package: str
    amount: float | None
    """None where the package has no single one."""
    payment: Payment | NationalPayment | None
    most: Payment | NationalPayment | None = None
    """What the largest amount gives, where even that does not reach."""


def equal_cost(
    question: AnyQuestion, budget_myen: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the amount whose fiscal cost is the budget (present value), to one part in a thousand.

    Where the law makes cost jump over the budget, that is the amount before the jump, which costs less.
    """
    if budget_myen <= 0:
        raise ScenarioError(Problem("finance.budget", key="budget", budget=budget_myen))
    loaded = [load_package(package, question.folder) for package in packages]
    asked = ((question.about((package,)), package) for package in loaded)
    return tuple(_spend(own, package, budget_myen) for own, package in asked)


def least_public_money(
    question: AnyQuestion, aim: Aim, target: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the least amount that induces `target` MW of IT load, or reaches that clean share."""
    most = 1.0 if aim == "clean_share" else math.inf
    if not 0 < target <= most:
        remedy = "finance.share" if aim == "clean_share" else "finance.budget"
        raise ScenarioError(Problem("finance.aim", key=aim, remedy=remedy, target=target))

    loaded = [load_package(package, question.folder) for package in packages]
    asked = ((question.about((package,)), package) for package in loaded)
    return tuple(_reach(own, package, aim, target) for own, package in asked)


def as_they_are(question: AnyQuestion, packages: Sequence[str | Package] = INSTRUMENTS) -> tuple[Instrument, ...]:
    """Each package at its own amount."""
    loaded = [load_package(package, question.folder) for package in packages]
    return tuple(Instrument(one.name, one.amount, question.pay((one,))) for one in loaded)


def _spend(question: AnyQuestion, package: Package, budget_myen: float) -> Instrument:
    if isinstance(question, NationalQuestion):
        return _pay_in_country(question, package, spend_in_country(question, package, budget_myen))
    return _pay(question, package, spend(question, package, budget_myen))


def _reach(question: AnyQuestion, package: Package, aim: Aim, target: float) -> Instrument:
    if isinstance(question, NationalQuestion):
        before = question.before.total_mw

        def of_country(side: NationalSide) -> float:
            return side.total_mw - before if aim == "induced_it_mw" else side.clean_share

        return _pay_in_country(question, package, reach_in_country(question, package, of_country, target))
    served = question.before.served_mw

    def of_campus(side: Side) -> float:
        return side.served_mw - served if aim == "induced_it_mw" else side.plan.indicators["clean_share"]

    return _pay(question, package, reach(question, package, of_campus, target))


def _pay(question: Question, package: Package, found: tuple[Trial, bool]) -> Instrument:
    trial, reached = found
    return _answer(package, trial.amount, question.pay((trial.package,), after=trial.side), reached)


def _pay_in_country(question: NationalQuestion, package: Package, found: tuple[NationalTrial, bool]) -> Instrument:
    trial, reached = found
    return _answer(package, trial.amount, question.pay((trial.package,), after=trial.side), reached)


def _answer(package: Package, amount: float, payment: Payment | NationalPayment, reached: bool) -> Instrument:
    """The answer at the amount that was found, or what the largest amount gives."""
    if reached:
        return Instrument(package.name, amount, payment)
    return Instrument(package.name, amount, None, payment)


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


def sweep(question: AnyQuestion, over: str) -> tuple[Instrument, ...]:
    """The same question at each rate of `NAME=from:to:step`; `NAME` is one of `SWEEPS` or the name of a package."""
    name, amounts = _parse_range(over)
    package = load_package(SWEEPS.get(name, name), question.folder)
    scaled = [package.scaled(amount) for amount in amounts]
    return tuple(
        Instrument(one.name, amount, question.pay((one,))) for one, amount in zip(scaled, amounts, strict=True)
    )


def _parse_range(over: str) -> tuple[str, list[float]]:
    name, equals, text = over.partition("=")
    try:
        first, last, step = (float(part) for part in text.split(":"))
    except ValueError:
        raise ScenarioError(Problem("finance.no_range", key="over", remedy="finance.range", range=over)) from None
    if not equals or not math.isfinite(first + last + step) or step <= 0 or last < first:
        raise ScenarioError(Problem("finance.falling_range", key="over", remedy="finance.range", range=over))
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > MOST_POINTS:
        raise ScenarioError(
            Problem("finance.many_points", key="over", remedy="finance.range", count=count, most=MOST_POINTS)
        )
    return name, [first + step * point for point in range(count)]
