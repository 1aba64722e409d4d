"""The amount of an instrument that spends a budget or reaches an aim in a country, in as few searches as may be.

What the design of one amount costs the treasuries at another is known without a search. So the first amount is that at
which the design without the package would spend the budget, the next that at which the design found there would, and so
on, within a bracket that each search narrows: designs change little with the amount, and two or three searches do.
Where fiscal cost jumps over the budget, as where a site opens, that is the amount before the jump: a country does not
build mixtures of its plans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiban.errors import SolverError
from kiban.finance.campus import fiscal_cost
from kiban.finance.national import NationalQuestion
from kiban.finance.national_side import NationalSide
from kiban.finance.search import AMOUNT_TOLERANCE, COST_TOLERANCE, FIRST_SHARE, GROWTH, find_rising_root, largest_amount
from kiban.scenario.package import Package

MOST_SEARCHES = 16
REACH_TOLERANCE = 1e-3
"""By how much, as a share, an aim may be passed: the least amount is then known as closely."""


@dataclass(frozen=True, slots=True, eq=False)
class NationalTrial:
    """A package at one amount: its side, and its fiscal cost in million yen."""

    package: Package
    amount: float
    side: NationalSide
    cost: float


def spend_in_country(question: NationalQuestion, package: Package, budget: float) -> tuple[NationalTrial, bool]:
    """The package at the amount whose fiscal cost is the budget (million yen), or at its largest amount and False.

    To one part in a thousand; where cost jumps over the budget, the amount before the jump.
    """
    largest = largest_amount(package)
    low, high = NationalTrial(package.scaled(0.0), 0.0, question.before, 0.0), None
    known = low
    for _ in range(MOST_SEARCHES):
        amount = _spending(question, package, known.side, budget, largest)
        last = largest if high is None else high.amount
        if not low.amount < amount < last and not (high is None and amount == largest):
            amount = 0.5 * (low.amount + last)
        trial = _try(question, package, amount)
        if abs(trial.cost - budget) <= COST_TOLERANCE * budget:
            return trial, True
        if trial.cost < budget and amount == largest:
            return trial, False
        low, high = (trial, high) if trial.cost < budget else (low, trial)
        known = trial
        if high is not None and high.amount - low.amount <= AMOUNT_TOLERANCE * high.amount:
            return low, True
    raise SolverError(f"{MOST_SEARCHES} plans under {package.name} did not find the amount that spends the budget")


def reach_in_country(
    question: NationalQuestion, package: Package, reached: Callable[[NationalSide], float], target: float
) -> tuple[NationalTrial, bool]:
    """The package at the least amount whose plan reaches the target, or at its largest amount and False."""
    largest = largest_amount(package)
    low = NationalTrial(package.scaled(0.0), 0.0, question.before, 0.0)
    if reached(low.side) >= target:
        return low, True
    high = _try(question, package, FIRST_SHARE * largest)
    while reached(high.side) < target:
        if high.amount >= largest:
            return high, False
        low, high = high, _try(question, package, min(GROWTH * high.amount, largest))
    for step in range(MOST_SEARCHES):
        ends = reached(low.side), reached(high.side)
        if ends[1] <= target * (1.0 + REACH_TOLERANCE) or high.amount - low.amount <= AMOUNT_TOLERANCE * largest:
            break
        # Halving now and then, so that the bracket shrinks whatever the curve looks like.
        share = 0.5 if step % 3 == 2 else (target * (1.0 + REACH_TOLERANCE / 2) - ends[0]) / (ends[1] - ends[0])
        share = min(max(share, 0.02), 0.98)
        trial = _try(question, package, low.amount + share * (high.amount - low.amount))
        low, high = (low, trial) if reached(trial.side) >= target else (trial, high)
    return high, True


def _try(question: NationalQuestion, package: Package, amount: float) -> NationalTrial:
    scaled = package.scaled(amount)
    side = question.build_side((scaled,), question.before)
    return NationalTrial(scaled, amount, side, question.fiscal_cost(side))


def _spending(question: NationalQuestion, package: Package, side: NationalSide, budget: float, largest: float) -> float:
    """The amount at which the design of a side would spend the budget; the largest where none does."""

    def over(amount: float) -> float:
        terms_of = question.terms_by_campus((package.scaled(amount),), side)
        ordinary = question.before.terms_of
        return (
            sum(
                fiscal_cost(campus, ordinary(campus.name), question.campus_terms, under=terms_of(campus.name))
                for campus in side.campuses
            )
            - budget
        )

    found = find_rising_root(over, 0.0, largest, 0.1 * COST_TOLERANCE * budget)
    return largest if found is None else found
