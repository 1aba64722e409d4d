"""Instruments side by side: at equal cost to the treasuries, and the least public money that reaches an aim.

How the amount of an instrument (its rate, or its price a MWh) is found is said in `search`, and for a country in
`national_search`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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


Kind = Literal["as_it_is", "amount", "budget_myen", "induced_it_mw", "clean_share"]
"""At its own amount, at a given one, at that which spends a budget, or at the least that reaches an aim."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One answer about one package: which amount is meant, and the number that says so (none for its own amount)."""

    package: Package
    kind: Kind = "as_it_is"
    value: float | None = None


def as_they_are_wanted(packages: Sequence[Package]) -> list[Wanted]:
    """Each package at its own amount."""
    return [Wanted(package) for package in packages]


def equal_cost_wanted(budget_myen: float, packages: Sequence[Package]) -> list[Wanted]:
    """Each at the amount that spends the budget; `ScenarioError` for a budget that is none."""
    if budget_myen <= 0:
        raise ScenarioError(Problem("finance.budget", key="budget", budget=budget_myen))
    return [Wanted(package, "budget_myen", budget_myen) for package in packages]


def least_public_money_wanted(aim: Aim, target: float, packages: Sequence[Package]) -> list[Wanted]:
    """Each at the least amount that reaches the aim; `ScenarioError` for an aim that is none."""
    most = 1.0 if aim == "clean_share" else math.inf
    if not 0 < target <= most:
        remedy = "finance.share" if aim == "clean_share" else "finance.budget"
        raise ScenarioError(Problem("finance.aim", key=aim, remedy=remedy, target=target))
    return [Wanted(package, aim, target) for package in packages]


def sweep_wanted(over: str, folder: Path) -> list[Wanted]:
    """A package at each rate of `NAME=from:to:step`; `NAME` is one of `SWEEPS` or the name of a package."""
    name, amounts = _parse_range(over)
    package = load_package(SWEEPS.get(name, name), folder)
    for amount in amounts:
        package.scaled(amount)  # what has no such rate is said before anything is solved
    return [Wanted(package, "amount", amount) for amount in amounts]


def answer(question: AnyQuestion, wanted: Wanted) -> Instrument:
    """The answer about one package, which no other one before it moves."""
    package = wanted.package
    if wanted.value is None:
        return Instrument(package.name, package.amount, question.pay((package,)))
    if wanted.kind == "amount":
        scaled = package.scaled(wanted.value)
        return Instrument(scaled.name, wanted.value, question.pay((scaled,)))
    own = question.about((package,))
    if wanted.kind == "budget_myen":
        return _spend(own, package, wanted.value)
    assert wanted.kind != "as_it_is"
    return _reach(own, package, wanted.kind, wanted.value)


def equal_cost(
    question: AnyQuestion, budget_myen: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the amount whose fiscal cost is the budget (present value), to one part in a thousand.

    Where the law makes cost jump over the budget, that is the amount before the jump, which costs less.
    """
    return _answers(question, equal_cost_wanted(budget_myen, _load(question, packages)))


def least_public_money(
    question: AnyQuestion, aim: Aim, target: float, packages: Sequence[str | Package] = INSTRUMENTS
) -> tuple[Instrument, ...]:
    """Each instrument at the least amount that induces `target` MW of IT load, or reaches that clean share."""
    return _answers(question, least_public_money_wanted(aim, target, _load(question, packages)))


def as_they_are(question: AnyQuestion, packages: Sequence[str | Package] = INSTRUMENTS) -> tuple[Instrument, ...]:
    """Each package at its own amount."""
    return _answers(question, as_they_are_wanted(_load(question, packages)))


def sweep(question: AnyQuestion, over: str) -> tuple[Instrument, ...]:
    """The same question at each rate of `NAME=from:to:step`; `NAME` is one of `SWEEPS` or the name of a package."""
    return _answers(question, sweep_wanted(over, question.folder))


def _load(question: AnyQuestion, packages: Sequence[str | Package]) -> list[Package]:
    return [load_package(package, question.folder) for package in packages]


def _answers(question: AnyQuestion, wanted: Sequence[Wanted]) -> tuple[Instrument, ...]:
    return tuple(answer(question, one) for one in wanted)


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
