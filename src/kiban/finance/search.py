"""The amount of an instrument that spends a budget or reaches an aim, found on plans that are solved anew.

Whatever the amount, the yearly cost of one design is known without solving, and the least cost over all designs is
what a plan costs. Two plans, at a lower and a higher amount, say where the first gives way to the second: there the
next plan is solved. It is a design that is cheaper still, and takes the place of one of the two, or both designs are
least-cost plans at that amount, and so is every mixture of them: there fiscal cost jumps, and the mixture that spends
exactly the budget is taken. (Parametric programming: Gass and Saaty, 1955; Eisner and Severance, 1976.) Where designs
change without a jump, as along a demand curve, every other amount is that of the line between the two plans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from kiban.errors import SolverError
from kiban.finance.paying import Question
from kiban.finance.payment import Side
from kiban.planning.evaluation import paid_beyond_worth, reprice
from kiban.scenario.package import Package

COST_TOLERANCE = 1e-3
AMOUNT_TOLERANCE = 1e-4
"""How closely the amount that reaches an aim is found, as a share of the largest amount."""
SOLVER_TOLERANCE = 3e-6
"""Relative difference of two yearly costs, or of what is reached, that a solver's tolerance explains."""
LEAST_SERVED_STEP = 1e-3
"""Least difference of served compute, as a share of all of it, that makes a jump."""
FIRST_SHARE, GROWTH = 1.0 / 16.0, 4.0
"""First amount of the search for an aim, as a share of the largest, and how it grows while it is not enough."""
MOST_STEPS = 40
MOST_PRODUCTION_CREDIT = 0.05
"""Upper end of the search for a production credit, million yen a MWh: beyond any price of energy in the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A package at one amount: its side, and its fiscal cost in million yen."""

    package: Package
    amount: float
    side: Side
    cost: float


def largest_amount(package: Package) -> float:
    """The largest amount that makes sense: all of a cost or tax; for a production credit, the price of power twice."""
    return MOST_PRODUCTION_CREDIT if package.instrument[0].amount_key == "rate_myen_per_mwh" else 1.0


def spend(question: Question, package: Package, budget: float) -> tuple[Trial, bool]:
    """The package at the amount whose fiscal cost is the budget (million yen), or at its largest amount and False.

    Where the law makes cost jump over the budget (a depreciation that ends a year earlier), the amount is that before
    the jump. SolverError where `MOST_STEPS` plans do not find it.
    """
    search = _Search(question, package)
    low, high = search.nothing(), None
    for step in range(MOST_STEPS):
        amount = search.spending(low, high, budget)
        if high is not None and step % 2:
            # Along a demand curve designs change without a jump, and their costs hardly tell them apart.
            amount = _between(low, high, budget)
        if amount is not None and amount <= low.amount * (1.0 + AMOUNT_TOLERANCE / 2):
            # The cost of the design that is known jumps here, or is nearly the budget: look beyond.
            amount = min(low.amount * (1.0 + AMOUNT_TOLERANCE), search.largest)
        trial = search.at(search.largest if amount is None else amount)
        if abs(trial.cost - budget) <= COST_TOLERANCE * budget / 2:
            return trial, True
        if amount is None and trial.cost < budget:
            return trial, False
        if high is not None and search.is_jump(low, high, trial) and search.is_between(low, high, trial, budget):
            return search.mix_cost(low, high, trial.amount, budget), True
        low, high = (trial, high) if trial.cost < budget else (low, trial)
        if high is not None and high.amount <= low.amount * (1.0 + 2 * AMOUNT_TOLERANCE):
            if search.is_step(low, high, high) and search.is_between(low, high, high, budget):
                return search.mix_cost(low, high, high.amount, budget), True
            return low, True
    raise SolverError(f"{MOST_STEPS} plans under {package.name} did not find the amount that spends the budget")


def reach(question: Question, package: Package, reached: Callable[[Side], float], target: float) -> tuple[Trial, bool]:
    """The package at the least amount whose plan reaches the target, or at its largest amount and False."""
    search = _Search(question, package)
    enough = target * (1.0 - SOLVER_TOLERANCE)
    low, high = search.nothing(), search.at(FIRST_SHARE * search.largest)
    while reached(high.side) < enough:
        if high.amount >= search.largest:
            return high, False
        low, high = high, search.at(min(GROWTH * high.amount, search.largest))
    for step in range(MOST_STEPS):
        if high.amount - low.amount <= AMOUNT_TOLERANCE * search.largest:
            break
        # Halving now and then, so that the bracket shrinks whatever the curve looks like.
        middle = (low.amount + high.amount) / 2
        if step % 4 < 3:
            middle = search.crossing(low, high, reached, target, beyond=step % 2 == 0)
        trial = search.at(middle)
        if search.is_jump(low, high, trial):
            mixed = search.mix_reached(low, high, trial.amount, reached, target)
            if reached(mixed.side) >= enough:
                return mixed, True
        low, high = (low, trial) if reached(trial.side) >= enough else (trial, high)
    return high, True


@dataclass(frozen=True, slots=True)
class _Search:
    question: Question
    package: Package

    @property
    def largest(self) -> float:
        return largest_amount(self.package)

    def nothing(self) -> Trial:
        """The package at no amount."""
        return Trial(self.package.scaled(0.0), 0.0, self.question.before, 0.0)

    def at(self, amount: float, served_mw: Mapping[str, float] | None = None) -> Trial:
        scaled = self.package.scaled(amount)
        side = self.question.build_side((scaled,), self.question.before, served_mw)
        return Trial(scaled, amount, side, self.question.fiscal_cost(side))

    def design_cost(self, trial: Trial, amount: float) -> float:
        """Yearly cost of the design of a trial at another amount, as its programme counts it where prices answer."""
        side = trial.side
        costs = self.question.preparation.under(
            (self.package.scaled(amount),),
            credit_utilisation=side.credit_utilisation,
            without=side.refused,
            financed_share=side.financed_share,
        )
        resources = costs.resources_for(side.plan.cooling_system)
        return reprice(side.plan, resources) - paid_beyond_worth(side.plan, resources)

    def fiscal_cost(self, trial: Trial, amount: float) -> float:
        """Fiscal cost of the design of a trial at another amount."""
        return self.question.fiscal_cost(trial.side, self.question.terms_of(self.package.scaled(amount), trial.side))

    def crossing(
        self, low: Trial, high: Trial, reached: Callable[[Side], float], target: float, *, beyond: bool
    ) -> float:
        """Where to look for the amount that reaches the target: along a demand curve on the line between two plans."""
        if not _is_on_curve(high):
            return self.same_cost(low, high)
        ends, width = (reached(low.side), reached(high.side)), high.amount - low.amount
        line = low.amount + (target - ends[0]) / (ends[1] - ends[0]) * width
        # A little to either side in turns, so that the bracket closes from both.
        line += (1 if beyond else -1) * 0.4 * AMOUNT_TOLERANCE * self.largest
        return min(max(line, low.amount + 0.01 * width), high.amount - 0.01 * width)

    def same_cost(self, low: Trial, high: Trial) -> float:
        """The amount at which the two designs cost the same, within the amounts of the two."""

        def ahead(amount: float) -> float:
            return self.design_cost(low, amount) - self.design_cost(high, amount)

        scale = SOLVER_TOLERANCE * abs(high.side.plan.net_cost_myen_per_year) * 1e-3
        found = find_rising_root(ahead, low.amount, high.amount, scale)
        # At the end of a bracket the same plan would be solved again.
        inside = found is not None and low.amount < found < high.amount
        return found if found is not None and inside else (low.amount + high.amount) / 2

    def spending(self, low: Trial, high: Trial | None, budget: float) -> float | None:
        """The amount at which the least of the known designs spends the budget; None if no amount does."""
        close = COST_TOLERANCE * budget / 10
        last = self.largest if high is None else high.amount
        border = last if high is None else self.same_cost(low, high)
        if self.fiscal_cost(low, border) >= budget:
            return find_rising_root(lambda amount: self.fiscal_cost(low, amount) - budget, low.amount, border, close)
        if high is None:
            return None
        if self.fiscal_cost(high, border) <= budget:
            return find_rising_root(lambda amount: self.fiscal_cost(high, amount) - budget, border, last, close)
        return border

    def is_least(self, known: Trial, trial: Trial) -> bool:
        """Whether a known design costs as little as the plan that was solved at the trial's amount."""
        plan = trial.side.plan
        beyond = paid_beyond_worth(plan, self.question.preparation.resources_for(plan.cooling_system))
        least = plan.net_cost_myen_per_year - beyond
        return self.design_cost(known, trial.amount) - least <= SOLVER_TOLERANCE * abs(least)

    def is_jump(self, low: Trial, high: Trial, trial: Trial) -> bool:
        """Whether two designs that serve different compute are both least-cost plans at the trial's amount.

        Never along a demand curve: its worth is strictly concave, so that one amount has one served load.
        """
        return self.is_step(low, high, trial) and self.is_least(low, trial) and self.is_least(high, trial)

    def is_step(self, low: Trial, high: Trial, trial: Trial) -> bool:
        """Whether two designs serve different compute where demand is no curve."""
        further = high.side.served_mw - low.side.served_mw > LEAST_SERVED_STEP * high.side.plan.capacities["it_mw"]
        return further and not _is_on_curve(trial)

    def is_between(self, low: Trial, high: Trial, trial: Trial, budget: float) -> bool:
        """Whether one design spends less than the budget at the trial's amount, and the other more."""
        return self.fiscal_cost(low, trial.amount) < budget < self.fiscal_cost(high, trial.amount)

    def mix_cost(self, low: Trial, high: Trial, amount: float, budget: float) -> Trial:
        """The mixture of two designs that spends the budget."""
        bottom, top = (0.0, self.fiscal_cost(low, amount)), (1.0, self.fiscal_cost(high, amount))
        for step in range(MOST_STEPS):
            rise = top[1] - bottom[1]
            line = (budget - bottom[1]) / rise if rise > 0 and step % 3 < 2 else 0.5
            share = bottom[0] + (top[0] - bottom[0]) * min(max(line, 0.0), 1.0)
            found = self.at(amount, _mixture(low, high, share))
            if abs(found.cost - budget) <= COST_TOLERANCE * budget / 2 or top[0] - bottom[0] < SOLVER_TOLERANCE:
                break
            bottom, top = ((share, found.cost), top) if found.cost < budget else (bottom, (share, found.cost))
        return found

    def mix_reached(
        self, low: Trial, high: Trial, amount: float, reached: Callable[[Side], float], target: float
    ) -> Trial:
        """The mixture of two designs that reaches the target and no more."""
        ends = reached(low.side), reached(high.side)
        share = (target - ends[0]) / (ends[1] - ends[0])
        return self.at(amount, _mixture(low, high, min(max(share, 0.0), 1.0)))


def _is_on_curve(trial: Trial) -> bool:
    """Whether demand answers along a curve, and not tranche by tranche."""
    return any(tranche.sold_as_load for tranche in trial.side.plan.tranches)


def _between(low: Trial, high: Trial, budget: float) -> float:
    """The amount at which the budget would be spent if cost rose in a line; well within the two."""
    share = (budget - low.cost) / (high.cost - low.cost) if high.cost > low.cost else 0.5
    return low.amount + min(max(share, 0.01), 0.99) * (high.amount - low.amount)


def _mixture(low: Trial, high: Trial, share: float) -> dict[str, float]:
    """Served MW of each tranche between two plans."""
    ends = [{tranche.name: tranche.served_mw for tranche in trial.side.plan.tranches} for trial in (low, high)]
    return {name: (1.0 - share) * ends[0][name] + share * ends[1][name] for name in ends[0]}


def find_rising_root(value: Callable[[float], float], low: float, high: float, tolerance: float) -> float | None:
    """Root of a rising function between two points, to a tolerance of its value; None where none lies there."""
    from scipy.optimize import brentq

    @cache
    def beyond(amount: float) -> float:
        found = value(amount)
        return 0.0 if abs(found) <= tolerance else found

    if beyond(low) > 0 or beyond(high) < 0:
        return None
    return brentq(beyond, low, high)
