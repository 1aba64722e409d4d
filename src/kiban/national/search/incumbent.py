"""The incumbent: a choice of sites evaluated as it would be built, with its cost and the parts of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kiban.errors import SolverError
from kiban.national.search.cut_pool import SAME_MW, CutPool, SeparationPoint
from kiban.national.search.kept_points import one_way_kept
from kiban.national.search.master import Choice
from kiban.national.search.separation import distribute_slack, linking_of
from kiban.national.search.subproblem import Point
from kiban.national.search.transport import carry
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_programme import SITE_TOLERANCE
from kiban.planning.one_way import TwoWay

if TYPE_CHECKING:
    from kiban.tasks.store import AnswerStore

SERVED_MW = 1e-3
"""A load below it is rounding of the solver: nothing is served there."""
ALLOWED_EXCESS = 1e-4
"""What a point may give of a clean share (GWh) or a carbon cap (kt) and still keep it."""
BUDGET_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """A plan that was evaluated: its choice, the point of every subproblem, its cost, and the bound that is proven.

    Costs are million yen a year. `history` holds the lower and the upper bound after each round of its search.
    """

    choice: Choice
    points: dict[tuple[int, int], Point]
    cost_myen: float
    bound_myen: float = -math.inf
    rounds: int = 0
    solves: int = 0
    history: tuple[tuple[float, float], ...] = ()

    @property
    def excess(self) -> float:
        """What the plan breaks of clean share and carbon, GWh and kt; above 0 no plan keeps them."""
        return sum(point.excess for point in self.points.values() if point.excess > ALLOWED_EXCESS)

    @property
    def relative_gap(self) -> float:
        """Distance of the bounds over the cost."""
        return relative_gap(self.cost_myen, self.bound_myen)


def relative_gap(upper_myen: float, lower_myen: float) -> float:
    """Distance of two bounds over the upper one; infinite where there is none."""
    return (upper_myen - lower_myen) / max(1.0, abs(upper_myen)) if math.isfinite(upper_myen) else math.inf


def evaluate_choice(
    problem: NationalProblem, pool: CutPool, choice: Choice, accuracy: float = SITE_TOLERANCE
) -> Incumbent | None:
    """A choice as it really is, with its true cost to a relative accuracy; None where it breaks the budget.

    The slack of an area's connection, of a shared resource and of the carbon cap is first distributed among
    the sites that are open: that costs nothing and can only help them.
    """
    generous = distribute_slack(problem, choice)
    keys: list[tuple[int, int]] = []
    separation_points: list[SeparationPoint] = []
    for number, which, subproblem in problem.subproblems():
        if not choice.load_mw[number].any():
            continue
        keys.append((number, which))
        z = linking_of(problem, generous, number, which, subproblem)
        separation_points.append(SeparationPoint(subproblem.model, z))
    points = dict(zip(keys, pool.evaluate(separation_points, tolerance=accuracy), strict=True))
    return incumbent_of(problem, generous, points)


def keep_directions(
    problem: NationalProblem, incumbent: Incumbent, store: AnswerStore | None = None
) -> tuple[Incumbent, TwoWay | None]:
    """The same choice with flows that go in one direction, and what that costs; the bound stays proven.

    The hours are those of the site that has most of them; None where every site keeps to it already. Raises
    `SolverError` where no design of the choice keeps to it within the budget.
    """
    changed: list[tuple[float, TwoWay]] = []
    points = dict(incumbent.points)
    for (number, which), point in incumbent.points.items():
        subproblem = problem.blocks[number].subproblems[which]
        points[number, which], two_way = one_way_kept(store, subproblem.model, point)
        if two_way is not None:
            changed.append((subproblem.weight, two_way))
    if not changed:
        return incumbent, None
    kept = incumbent_of(problem, incumbent.choice, points)
    if kept is None:
        raise SolverError("with flows in one direction the plan that was found costs more than the budget allows")
    return replace(incumbent, choice=kept.choice, points=points, cost_myen=kept.cost_myen), TwoWay(
        import_hours=max(two_way.import_hours for _, two_way in changed),
        charge_hours=max(two_way.charge_hours for _, two_way in changed),
        cost_myen_per_year=sum(weight * two_way.cost_myen_per_year for weight, two_way in changed),
        gap_myen_per_year=sum(weight * two_way.gap_myen_per_year for weight, two_way in changed),
    )


def incumbent_of(problem: NationalProblem, generous: Choice, points: dict[tuple[int, int], Point]) -> Incumbent | None:
    """A choice with a design of every subproblem, and what it costs; None where it breaks the budget."""
    cost = fixed_cost(problem, generous)
    cost += sum(problem.blocks[b].subproblems[w].weight * point.cost_myen for (b, w), point in points.items())
    needed = reinforcement_needed(problem, points)
    cost += sum(problem.areas[area].reinforcement_myen_per_mw * more for area, more in needed.items())
    carried = carry(problem, points)
    cost += carried.cost_myen if carried is not None else 0.0
    if cost + income(problem, generous) > problem.budget_myen * (1 + BUDGET_TOLERANCE):
        return None
    expansion = carried.expansion_mw if carried is not None else {}
    built = replace(generous, reinforcement_mw=needed, objective=cost, expansion_mw=expansion)
    return Incumbent(built, points, cost)


def income(problem: NationalProblem, choice: Choice) -> float:
    """What buyers of optional tranches pay a year, million yen."""
    return sum(
        problem.income_per_mw(number, tranche) * float(choice.load_mw[number, tranche])
        for number in range(len(problem.blocks))
        for tranche in range(len(problem.tranches))
    )


def fixed_cost(problem: NationalProblem, choice: Choice) -> float:
    """Cost of a choice beside the sites' programmes and the reinforcement, million yen a year."""
    cost = 0.0
    for site, place in enumerate(problem.places):
        cost += place.candidate.fixed_cost_myen_per_year * float(choice.open[site] @ problem.phase_weights)
    for number, block in enumerate(problem.blocks):
        for tranche in range(len(problem.tranches)):
            cost += problem.tranche_cost(block, tranche) * float(choice.load_mw[number, tranche])
    return cost


def reinforcement_needed(problem: NationalProblem, points: dict[tuple[int, int], Point]) -> dict[str, float]:
    """Connection beyond the headroom that the designs use, MW by area."""
    used: dict[str, float] = {}
    for (number, which), point in points.items():
        block = problem.blocks[number]
        if block.subproblems[which].connected:
            area = problem.places[block.site].candidate.area
            used[area] = used.get(area, 0.0) + float(point.used[problem.classes])
    return {area: more for area, mw in used.items() if (more := mw - problem.areas[area].headroom_mw) > SAME_MW}
