"""The cheapest plan among cooling systems and accounts of the clean share: what could be cheapest is looked at next.

A linear optimum bounds what becomes of it once its flows go in one direction, which takes several solves. Losses of
storages are met from the own clean output, or are more than that: two accounts, of which the cheaper is the plan. So
every system has candidates, each with a cost that it does not fall below,

    not written yet  ->  linear optimum  ->  plan

and the one of least bound is taken a step further until that is a plan. The others stay where they are: their bounds
say that they are dearer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from kiban.errors import SolverError
from kiban.linear import Solution, Staircase
from kiban.linear.solvers import ACCEPTED
from kiban.planning.evaluation import compute_load
from kiban.planning.one_way import TwoWay, keep_to_one_way, solve_one_way
from kiban.planning.price_response import paid_beyond_objective
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.planning.stored_energy import may_lose_purchases

BEYOND_ANY_SITE: Final = 1e6
"""MW or MWh: a capacity that no site has."""
HARDLY_A_COST: Final = 1e-9
"""Share of a plan's cost that is less than what its proof leaves open."""
ROUGH_GAP: Final = 1e-3
"""Relative gap to which a system that is dearer by more than that need be solved."""

Solve = Callable[[Staircase], Solution]


class Stage(IntEnum):
    """How far a candidate has come; of equal bounds the furthest goes first."""

    PLAN = 0
    OPTIMUM = 1
    UNWRITTEN = 2


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What one system may cost under one account: exactly where it is a plan, else no less than `bound_myen`.

    `bound_myen` is infinite where there is no plan; `two_way` says what the linear optimum did in both directions.
    """

    system: int
    resources: Resources
    stage: Stage
    bound_myen: float
    solution: Solution | None
    two_way: TwoWay | None = None

    @property
    def order(self) -> tuple[float, Stage]:
        """Which comes next: a plan goes before what could be cheaper by less than its proof leaves open."""
        given = HARDLY_A_COST * max(1.0, abs(self.bound_myen)) if math.isfinite(self.bound_myen) else 0.0
        return self.bound_myen - given if self.stage is Stage.PLAN else self.bound_myen, self.stage

    @property
    def least_bill_myen(self) -> float:
        """What a plan costs at the prices that it makes; where there is none yet, no plan costs less than the bound."""
        if self.stage is not Stage.PLAN or self.solution is None:
            return self.bound_myen
        return self.bound_myen + paid_beyond_objective(self.resources, self.solution)


def choose(systems: Sequence[tuple[Resources, Solution | float]], solves: Sequence[Solve]) -> list[Candidate]:
    """The best candidate of each system, the plan first; `solves` finds the optimum of a programme of each.

    A system comes with its optimum, or with what it does not cost less than, million yen a year. The first one's bound
    is infinite where no system has a plan.
    """
    candidates = [
        candidate
        for system, (resources, optimum) in enumerate(systems)
        for candidate in _list_accounts(system, resources, optimum)
    ]
    while True:
        best = min(candidates, key=lambda candidate: candidate.order)
        if best.stage is Stage.PLAN:
            break
        candidates[candidates.index(best)] = _advance(best, solves[best.system])
    kept = [
        min((one for one in candidates if one.system == system), key=lambda candidate: candidate.order)
        for system in range(len(systems))
    ]
    return sorted(kept, key=lambda candidate: candidate.order)


def _list_accounts(system: int, resources: Resources, optimum: Solution | float) -> list[Candidate]:
    if isinstance(optimum, float):
        return [Candidate(system, resources, Stage.UNWRITTEN, optimum, None)]
    accounts = [_from_optimum(system, resources, optimum)]
    if may_lose_purchases(resources):
        # Without the target nothing costs less than this optimum, where the target does not hold it up.
        bound = -math.inf if _is_held_up(resources, optimum) else cost_of(optimum)
        losing = replace(resources, loses_purchases=True)
        accounts.append(Candidate(system, losing, Stage.UNWRITTEN, bound, None))
    return accounts


def _from_optimum(system: int, resources: Resources, optimum: Solution) -> Candidate:
    """A linear optimum, which is a plan where its flows go in one direction anyway."""
    plan = keep_to_one_way(resources, optimum)
    stage = Stage.OPTIMUM if plan is None else Stage.PLAN
    return Candidate(system, resources, stage, cost_of(optimum), plan or optimum)


def _advance(candidate: Candidate, solve: Solve) -> Candidate:
    resources, optimum = candidate.resources, candidate.solution
    if optimum is None:
        return _from_optimum(candidate.system, resources, prove(write_programme(resources), solve))
    plan, two_way = solve_one_way(resources, optimum, solve)
    return replace(candidate, stage=Stage.PLAN, bound_myen=cost_of(plan), solution=plan, two_way=two_way)


def _is_held_up(resources: Resources, optimum: Solution) -> bool:
    """Whether an optimum would cost less without its target of clean share; else no account of that share does.

    Without the target nothing costs less than the optimum by more than its price times the energy that is not clean.
    """
    if optimum.certificate is None:
        return True
    load_mwh = float(compute_load(resources, optimum).sum()) * resources.step_weight_h
    return -optimum.total_prices["clean_share"] * load_mwh > HARDLY_A_COST * max(1.0, abs(cost_of(optimum)))


def prove(programme: Staircase, solve_it: Callable[[Staircase], Solution]) -> Solution:
    """The solution, or the proof that there is none: a proof adds up what every limit leaves, which takes limits.

    Where no verdict is found, capacities without a limit have none beyond what any site could build.
    """
    try:
        return solve_it(programme)
    except SolverError:
        limited = copy.copy(programme)
        limited.capacities = {
            name: replace(capacity, upper=min(capacity.upper, BEYOND_ANY_SITE))
            for name, capacity in programme.capacities.items()
        }
        solution = solve_it(limited)
        if solution.status != "infeasible":
            raise
        return solution


def may_be_bounded(resources: Resources) -> bool:
    """Whether one bound stands for all accounts of a system, and one solve finds it."""
    return resources.outage is None and not may_lose_purchases(resources)


def bound_of(programme: Staircase, rough: Solution) -> float | None:
    """What a programme does not cost less than, million yen a year, by the prices of a rough optimum; None where they
    prove nothing: as in any answer, what a bound at infinity would have to pay must be a rounding.
    """
    certificate = rough.certificate
    if rough.status != "optimal" or certificate is None:
        return None
    largest = max(abs(capacity.cost) for capacity in programme.capacities.values()) if programme.capacities else 0.0
    if certificate.dual_residual > ACCEPTED * (1.0 + largest):
        return None
    return certificate.dual - HARDLY_A_COST * max(1.0, abs(certificate.dual))


def cost_of(solution: Solution) -> float:
    """Million yen a year; infinite without a plan."""
    return math.inf if solution.certificate is None else solution.certificate.primal
