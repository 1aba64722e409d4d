"""The search: Benders decomposition by cutting planes, the bounds of two masters closing on each other.

Every round the outer master gives a lower bound and proposes sites and sizes, and the inner master an upper bound
and a proposal of its own, which is nearly always near the optimum (`master.py`). Half way between the two, each
site about whose cost they differ is evaluated, which gives a cut and a design more (`separation.py`, `subproblem.py`).
When the bounds meet, the inner proposal is evaluated as it would be built: the incumbent. What was evaluated stays in
the cut pool under the content of the site's programme, so that a question that leaves a programme as it is costs no
solve there. The method in whole, with its references: `docs/japan.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kiban.errors import SolverError
from kiban.messages import Message
from kiban.national.search.coarse import coarsen, first_sizes, worthwhile
from kiban.national.search.cut_pool import CutPool, SeparationPoint
from kiban.national.search.incumbent import Incumbent, evaluate_choice, relative_gap
from kiban.national.search.master import Choice, solve_masters
from kiban.national.search.separation import MASTER_SHARE, add_cuts, between
from kiban.national.search.warm_start import renew_cuts
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_programme import SITE_TOLERANCE
from kiban.progress import Report, say_nothing

COARSE_GAP = 0.01
ROUGH = 3e-4
ROUGH_SHARE = 0.06
"""How accurately sites are evaluated on the way, at most and as a share of the gap: a cut holds at any accuracy."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchState:
    """Where a search stands after a round; costs are million yen a year.

    `lower_myen` is what the outer masters prove, `upper_myen` the least that an inner master promises, and `incumbent`
    the best plan that was evaluated as it would be built. `history` holds both bounds after each round.
    """

    lower_myen: float = -math.inf
    upper_myen: float = math.inf
    incumbent: Incumbent | None = None
    history: tuple[tuple[float, float], ...] = ()

    def bounded(self, outer: Choice, inner: Choice | None) -> SearchState:
        """The state after one more round of masters."""
        lower = max(self.lower_myen, outer.bound)
        upper = self.upper_myen if inner is None else min(self.upper_myen, inner.objective)
        return replace(self, lower_myen=lower, upper_myen=upper, history=(*self.history, (lower, upper)))

    def improved(self, plan: Incumbent | None) -> SearchState:
        """The state with the better of its incumbent and an evaluated plan."""
        if plan is None or (self.incumbent is not None and plan.cost_myen >= self.incumbent.cost_myen):
            return self
        return replace(self, incumbent=plan)

    def is_proven(self, gap: float) -> bool:
        """Whether the incumbent costs no more than the lower bound, to a relative gap."""
        return self.incumbent is not None and relative_gap(self.incumbent.cost_myen, self.lower_myen) <= gap


def search(
    problem: NationalProblem,
    pool: CutPool,
    *,
    gap: float,
    max_rounds: int,
    report: Report,
    accuracy: float = SITE_TOLERANCE,
) -> Incumbent | None:
    """The best plan to a relative gap, or None where no plan satisfies the limits.

    Sites are solved to a relative `accuracy`, which a gap below it needs to be finer.

    A plan with `excess` says that clean share or carbon cap cannot be kept, and how nearly they can.
    Raises `SolverError` where the bounds do not meet in `max_rounds`.
    """
    solves_before = pool.solves
    rough = max(min(ROUGH, ROUGH_SHARE * gap), accuracy)
    _solve_coarse(problem, pool, gap, max_rounds, report)
    _add_first_cuts(problem, pool, report, rough)
    renew_cuts(problem, pool, gap, rough, report)
    state = SearchState()
    for _ in range(max_rounds):
        points = pool.points_of(problem)
        outer, inner = solve_masters(problem, points, points, gap * MASTER_SHARE)
        if outer is None:
            return None
        state = state.bounded(outer, inner)
        report(_progress(state, inner))
        if inner is not None and relative_gap(inner.objective, state.lower_myen) <= gap:
            # A convex combination of designs promises this cost; what is built is evaluated as it stands.
            state = state.improved(evaluate_choice(problem, pool, inner, accuracy))
            if state.is_proven(gap):
                break
        proposal = outer if inner is None else between(outer, inner)
        # Where the point between teaches nothing, Kelley's own point may: the proposal of the outer master.
        if add_cuts(problem, pool, points, proposal, gap, rough) or add_cuts(problem, pool, points, outer, gap, rough):
            continue
        # The models agree wherever sites are proposed: both proposals are evaluated as they stand.
        for choice in (outer, inner):
            if choice is not None:
                state = state.improved(evaluate_choice(problem, pool, choice, accuracy))
        if state.incumbent is None:
            return None
        if state.is_proven(gap):
            break
    incumbent = state.incumbent
    if incumbent is None or not state.is_proven(gap):
        raise SolverError(f"the bounds on the national plan did not meet in {max_rounds} rounds")
    _keep_separation_points(problem, pool, incumbent)
    return replace(
        incumbent,
        # Rounding may leave the bound a hair above the cost.
        bound_myen=min(state.lower_myen, incumbent.cost_myen),
        rounds=len(state.history),
        solves=pool.solves - solves_before,
        history=state.history,
    )


def _progress(state: SearchState, inner: Choice | None) -> Message:
    if inner is None:
        return Message("progress.national_choosing")
    return Message("progress.national_gap", gap=max(relative_gap(state.upper_myen, state.lower_myen), 0.0))


def _solve_coarse(problem: NationalProblem, pool: CutPool, gap: float, max_rounds: int, report: Report) -> None:
    """Take the first separation points from the coarse problem; none where it has no plan."""
    labels = {subproblem.model.label for _, _, subproblem in problem.subproblems()}
    if labels <= pool.separation_points.keys():
        return
    coarse = coarsen(problem)
    if coarse is None:
        return
    report(Message("progress.national_coarse"))
    try:
        plan = search(coarse, pool, gap=max(gap, COARSE_GAP), max_rounds=max_rounds, report=say_nothing)
    except SolverError:
        return
    if plan is None:
        return
    for (number, which, subproblem), (_, _, short) in zip(problem.subproblems(), coarse.subproblems(), strict=True):
        point = plan.points.get((number, which))
        known = pool.points.get(short.model.key, ())
        if point is None and known:
            smallest = min(known, key=lambda other: float(other.z[: problem.classes].sum()))
            first = [worthwhile(problem, problem.blocks[number], smallest.z)]
        else:
            first = [point.z] if point is not None else []
        pool.separation_points[subproblem.model.label] = first


def _add_first_cuts(problem: NationalProblem, pool: CutPool, report: Report, tolerance: float) -> None:
    """Evaluate every subproblem where an earlier question of the same site ended, or else at a few sizes."""
    first: list[SeparationPoint] = []
    for number, _, subproblem in problem.subproblems():
        model = subproblem.model
        pool.carry_over(model)
        if any(point.has_cut or point.is_estimated for point in pool.points.get(model.key, ())):
            continue
        earlier = [z for z in pool.separation_points.get(model.label, ()) if z.size == model.size]
        sizes = earlier or first_sizes(problem, problem.blocks[number], subproblem)
        first += [SeparationPoint(model, z) for z in sizes]
    if first:
        report(Message("progress.national_solving", count=len(first)))
        pool.evaluate(first, tolerance=tolerance)


def _keep_separation_points(problem: NationalProblem, pool: CutPool, incumbent: Incumbent) -> None:
    """Keep for the next question the separation points of the plan, and one of every other subproblem."""
    for number, which, subproblem in problem.subproblems():
        point, known = incumbent.points.get((number, which)), pool.points.get(subproblem.model.key, ())
        if point is None and known:
            point = known[0]
        pool.separation_points[subproblem.model.label] = [point.z] if point is not None else []
