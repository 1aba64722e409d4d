"""The search by cutting planes: the master proposes, the sites answer, the bounds meet.

Every round the outer master gives a lower bound and proposes sites and sizes; each open site is solved
there, which gives the proposal's real cost (an upper bound) and one more cut. The inner master mixes
what was evaluated and proposes too: it is nearly always near the optimum. What was evaluated is
remembered under the content of the site's programme, so that a question that leaves a programme as
it is costs no solve there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.messages import Message
from kiban.national.search.asking import MASTER_SHARE, allowed_doubt, ask_of, hand_out
from kiban.national.search.master import Choice, Known, solve_masters
from kiban.national.search.memory import SAME_MW, Memory
from kiban.national.search.mixed_integer import MixedInteger
from kiban.national.search.renewal import is_expected, renew
from kiban.national.search.scouting import coarsen
from kiban.national.search.subproblem import TOLERANCE, Point, SiteModel
from kiban.national.study.network import carry
from kiban.national.study.problem import Block, Function, Problem, point_of
from kiban.progress import Report, say_nothing

__all__ = ["Found", "Memory", "evaluate_choice", "search"]


ALLOWED_EXCESS = 1e-4
FIRST_SHARES = (1.0, 0.35)
"""Sizes at which a site is first asked, as shares of its largest."""
SCOUT_GAP = 0.01
BEYOND = 1.25
"""The year will differ a little from the scout's weeks: it is asked this far beyond the scout's answer."""
NEAR = 0.02
"""Two questions this near to each other are one in a round."""
BUDGET_TOLERANCE = 1e-6
ROUGH = 3e-4
ROUGH_SHARE = 0.06
"""How accurately sites are asked on the way, at most and as a share of the gap: a cut holds at any accuracy."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best plan that was evaluated: its choice, the points of its blocks and functions, its cost and parts."""

    choice: Choice
    points: dict[tuple[int, int], Point]
    cost_myen: float
    bound_myen: float
    rounds: int
    solves: int
    history: tuple[tuple[float, float], ...]

    @property
    def excess(self) -> float:
        """What the plan breaks of clean share and carbon, GWh and kt; above 0 no plan keeps them."""
        return sum(point.excess for point in self.points.values() if point.excess > ALLOWED_EXCESS)

    @property
    def relative_gap(self) -> float:
        """Distance of the bounds over the cost."""
        return (self.cost_myen - self.bound_myen) / max(1.0, abs(self.cost_myen))


def search(problem: Problem, memory: Memory, *, gap: float, max_rounds: int, report: Report) -> Found | None:
    """The best plan to a relative gap, or None where no plan satisfies the limits.

    A plan with `excess` says that clean share or carbon cap cannot be kept, and how nearly they can.
    Raises `SolverError` where the bounds do not meet in `max_rounds`.
    """
    before = memory.solves
    rough = max(min(ROUGH, ROUGH_SHARE * gap), TOLERANCE)
    _scout(problem, memory, gap, max_rounds, report)
    _ask_first(problem, memory, report, rough)
    renew(problem, memory, gap, rough, report)
    best: Found | None = None
    bound, upper = -math.inf, math.inf
    history: list[tuple[float, float]] = []
    for _ in range(max_rounds):
        known = memory.known(problem)
        outer, inner = solve_masters(problem, known, known, gap * MASTER_SHARE)
        if outer is None:
            return None
        bound = max(bound, outer.bound)
        if inner is not None:
            upper = min(upper, inner.objective)
        history.append((bound, upper))
        report(
            Message("progress.national_gap", gap=max(_relative(upper, bound), 0.0))
            if inner
            else Message("progress.national_choosing")
        )
        if inner is not None and _relative(inner.objective, bound) <= gap:
            # The mixture promises this cost; what is built is solved once more as it stands.
            best = _settle(problem, memory, inner, bound, best)
            if best is not None and _relative(best.cost_myen, bound) <= gap:
                break
        between = outer if inner is None else _between(outer, inner)
        doubts = _find_doubts(problem, known, between, gap)
        if not _ask_doubts(memory, doubts, rough) and not _ask_doubts(
            memory, _find_doubts(problem, known, outer, gap), rough
        ):
            # Nothing is left to ask: both proposals are known as they stand.
            for choice in (outer, inner):
                best = _settle(problem, memory, choice, bound, best) if choice is not None else best
            if best is None:
                return None
            if _relative(best.cost_myen, bound) <= gap:
                break
    if best is None or _relative(best.cost_myen, bound) > gap:
        raise SolverError(f"the bounds on the national plan did not meet in {max_rounds} rounds")
    _remember(problem, memory, best)
    # Rounding may leave the bound a hair above the cost.
    return replace(
        best, bound_myen=min(bound, best.cost_myen), solves=memory.solves - before, history=tuple(history),
        rounds=len(history),
    )  # fmt: skip


def _between(outer: Choice, inner: Choice) -> Choice:
    """Half way between two proposals: cuts there serve both, and the next proposals are nearer to each other.

    Where only one of them builds, its own proposal is taken.
    """
    alone = outer.load_mw.any(axis=1) != inner.load_mw.any(axis=1)
    weight = np.where(alone, outer.load_mw.any(axis=1).astype(float), 0.5)

    def mix(number: int, one: float, other: float) -> float:
        return float(weight[number]) * one + (1.0 - float(weight[number])) * other

    return replace(
        inner,
        open=np.maximum(outer.open, inner.open),
        load_mw=weight[:, None] * outer.load_mw + (1.0 - weight[:, None]) * inner.load_mw,
        connection_mw=weight * outer.connection_mw + (1.0 - weight) * inner.connection_mw,
        shared_mw={key: mix(key[0], outer.shared_mw[key], inner.shared_mw[key]) for key in inner.shared_mw},
        carbon_t={key: mix(key[0], outer.carbon_t[key], inner.carbon_t[key]) for key in inner.carbon_t},
        reinforcement_mw={
            area: 0.5 * (outer.reinforcement_mw[area] + inner.reinforcement_mw[area]) for area in inner.reinforcement_mw
        },
    )


def _relative(upper: float, lower: float) -> float:
    return (upper - lower) / max(1.0, abs(upper)) if math.isfinite(upper) else math.inf


def _settle(problem: Problem, memory: Memory, choice: Choice, bound: float, best: Found | None) -> Found | None:
    """The better of the best plan so far and a choice as it really is."""
    evaluated = evaluate_choice(problem, memory, choice)
    if evaluated is None or (best is not None and evaluated[0] >= best.cost_myen):
        return best
    cost, points, settled = evaluated
    return Found(settled, points, cost, bound, 0, 0, ())


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """A question whose answer is uncertain by `size_myen` a year; `z` are its arguments."""

    function: Function
    z: Array
    size_myen: float


def _find_doubts(problem: Problem, known: Known, choice: Choice, gap: float) -> list[Doubt]:
    """How far cuts and mixtures disagree at a choice, by function; small ones are left out."""
    generous = hand_out(problem, choice)
    allowed = allowed_doubt(choice, gap)
    doubts = []
    for number, which, function in problem.functions():
        if not choice.load_mw[number].any():
            continue
        z = ask_of(problem, generous, number, which, function)
        points = known[number, which]
        lower = max((point.cut_at(z) for point in points if point.has_cut), default=0.0)
        size = function.weight * (_mixture_cost(problem, points, z) - lower)
        if size > allowed:
            guess = function.weight * abs(lower)
            doubts.append(Doubt(function, z, size if math.isfinite(size) else guess))
    return doubts


def _mixture_cost(problem: Problem, points: Sequence[Point], z: Array) -> float:
    """The cheapest mixture of points that serves z, million yen; infinite where none does."""
    if not points:
        return math.inf
    model = MixedInteger()
    columns = [model.add_column(point.cost_myen) for point in points]
    model.add_row([(column, 1.0) for column in columns], upper=1.0)
    for place, value in enumerate(z):
        if place < problem.classes:
            terms = [(column, float(point.asked[place])) for column, point in zip(columns, points, strict=True)]
            model.add_row(terms, lower=float(value) * (1 - SAME_MW))
        else:
            terms = [(column, float(point.used[place])) for column, point in zip(columns, points, strict=True)]
            model.add_row(terms, upper=float(value) * (1 + SAME_MW) + SAME_MW)
    try:
        answer = model.solve()
    except SolverError:
        return math.inf
    return answer.objective if answer.status == "optimal" else math.inf


def _ask_doubts(memory: Memory, doubts: Sequence[Doubt], tolerance: float) -> bool:
    """Ask all doubts in parallel, the largest first; whether anything new was asked."""
    ranked = sorted(doubts, key=lambda doubt: (-doubt.size_myen, doubt.function.model.label))
    chosen: list[tuple[SiteModel, Array]] = []
    for doubt in ranked:
        model, z = doubt.function.model, doubt.z
        if memory.find(model, z, tolerance) is None and not any(
            other is model and _near(z, asked) for other, asked in chosen
        ):
            chosen.append((model, z))
    memory.ask(chosen, tolerance=tolerance)
    return bool(chosen)


def _near(z: Array, other: Array) -> bool:
    return bool(np.abs(z - other).max() <= NEAR * (1.0 + float(np.abs(z).max())))


def evaluate_choice(
    problem: Problem, memory: Memory, choice: Choice
) -> tuple[float, dict[tuple[int, int], Point], Choice] | None:
    """The real cost of a choice, its points and the choice as settled; None where its limits cannot be kept.

    What is left of an area's connection, of a shared resource and of the carbon cap is first handed to
    the sites that are open: that costs nothing and can only help them.
    """
    generous = hand_out(problem, choice)
    keys: list[tuple[int, int]] = []
    questions: list[tuple[SiteModel, Array]] = []
    for number, which, function in problem.functions():
        if not choice.load_mw[number].any():
            continue
        keys.append((number, which))
        questions.append((function.model, ask_of(problem, generous, number, which, function)))
    answers = memory.ask(questions)
    points = dict(zip(keys, answers, strict=True))
    cost = fixed_cost(problem, generous)
    cost += sum(problem.blocks[b].functions[w].weight * point.cost_myen for (b, w), point in points.items())
    needed = reinforcement_needed(problem, points)
    cost += sum(problem.areas[area].reinforcement_myen_per_mw * more for area, more in needed.items())
    carried = carry(problem, points)
    cost += carried.cost_myen if carried is not None else 0.0
    if cost + income(problem, generous) > problem.budget_myen * (1 + BUDGET_TOLERANCE):
        return None
    expansion = carried.expansion_mw if carried is not None else {}
    return cost, points, replace(generous, reinforcement_mw=needed, objective=cost, expansion_mw=expansion)


def income(problem: Problem, choice: Choice) -> float:
    """What buyers of optional tranches pay a year, million yen."""
    return sum(
        problem.income_per_mw(number, tranche) * float(choice.load_mw[number, tranche])
        for number in range(len(problem.blocks))
        for tranche in range(len(problem.tranches))
    )


def fixed_cost(problem: Problem, choice: Choice) -> float:
    """Cost of a choice beside the sites' programmes and the reinforcement, million yen a year."""
    cost = 0.0
    for site, place in enumerate(problem.places):
        cost += place.candidate.fixed_cost_myen_per_year * float(choice.open[site] @ problem.phase_weights)
    for number, block in enumerate(problem.blocks):
        for tranche in range(len(problem.tranches)):
            cost += problem.tranche_cost(block, tranche) * float(choice.load_mw[number, tranche])
    return cost


def reinforcement_needed(problem: Problem, points: dict[tuple[int, int], Point]) -> dict[str, float]:
    """Connection beyond the headroom that the designs use, MW by area."""
    used: dict[str, float] = {}
    for (number, which), point in points.items():
        block = problem.blocks[number]
        if block.functions[which].connected:
            area = problem.places[block.site].candidate.area
            used[area] = used.get(area, 0.0) + float(point.used[problem.classes])
    return {area: more for area, mw in used.items() if (more := mw - problem.areas[area].headroom_mw) > SAME_MW}


def _scout(problem: Problem, memory: Memory, gap: float, max_rounds: int, report: Report) -> None:
    """Learn from a few weeks at which sizes to ask; nothing is learnt where the weeks have no plan."""
    labels = {function.model.label for _, _, function in problem.functions()}
    if labels <= memory.asked.keys():
        return
    short = coarsen(problem)
    if short is None:
        return
    report(Message("progress.national_scouting"))
    try:
        found = search(short, memory, gap=max(gap, SCOUT_GAP), max_rounds=max_rounds, report=say_nothing)
    except SolverError:
        return
    if found is None:
        return
    for (number, which, function), (_, _, scout) in zip(problem.functions(), short.functions(), strict=True):
        point = found.points.get((number, which))
        if point is not None:
            block = problem.blocks[number]
            memory.asked[function.model.label] = [point.asked, *_pure(problem, block, point.asked)]
        else:
            known = memory.points.get(scout.model.key, ())
            smallest = min(known, key=lambda other: float(other.asked[: problem.classes].sum()), default=None)
            memory.asked[function.model.label] = [smallest.asked] if smallest is not None else []


def _pure(problem: Problem, block: Block, z: Array) -> list[Array]:
    """A site's answer with all of its load in one class, for every class that it may serve, and a little larger.

    Their mixtures hold every split of the load between the classes.
    """
    served = {group for tranche, group in enumerate(problem.class_of) if problem.serves[block.site, tranche]}
    total = float(z[: problem.classes].sum())
    most = problem.largest_mw(block) / max(total, SAME_MW)
    asked = []
    for group in sorted(served):
        pure = z * min(BEYOND, max(most, 1.0))
        pure[: problem.classes] = 0.0
        pure[group] = total * min(BEYOND, max(most, 1.0))
        asked.append(pure)
    return asked


def _ask_first(problem: Problem, memory: Memory, report: Report, tolerance: float) -> None:
    """Ask every function at a few sizes, with what mattered in an earlier question of the same site first."""
    questions: list[tuple[SiteModel, Array]] = []
    for number, _, function in problem.functions():
        memory.recall(function.model)
        if any(point.has_cut or is_expected(point) for point in memory.points.get(function.model.key, ())):
            continue
        recalled = [z for z in memory.asked.get(function.model.label, ()) if z.size == function.model.size]
        block = problem.blocks[number]
        questions += [(function.model, z) for z in recalled or _first_arguments(problem, block, function)]
    if questions:
        report(Message("progress.national_solving", count=len(questions)))
        memory.ask(questions, tolerance=tolerance)


def _first_arguments(problem: Problem, block: Block, function: Function) -> list[Array]:
    """Large and small with all that the site may draw on; nothing where no tranche may be served there."""
    place = problem.places[block.site]
    demand = np.zeros(problem.classes)
    for tranche, group in enumerate(problem.class_of):
        if problem.serves[block.site, tranche]:
            demand[group] += float(problem.demand_mw[tranche].max())
    if not demand.any():
        return []
    headroom = problem.areas[place.candidate.area].headroom_mw
    wide = min(headroom, problem.connection_needed_mw(block), place.candidate.connection_mw)
    shared = np.array([_largest_shared(problem, block, name) for name in function.model.limited])
    mix = demand / demand.sum()
    return [
        point_of(
            function, mix * min(place.candidate.max_mw * share, float(demand.sum())), wide, shared, problem.carbon_cap_t
        )
        for share in FIRST_SHARES
    ]


def _largest_shared(problem: Problem, block: Block, name: str) -> float:
    return min(
        (limit.max_mw for limit in problem.shared if limit.supply == name and block.site in limit.sites), default=0.0
    )


def _remember(problem: Problem, memory: Memory, best: Found) -> None:
    """Keep for the next question the arguments of the plan, and one of every other function."""
    for number, which, function in problem.functions():
        point = best.points.get((number, which))
        known: Sequence[Point] = memory.points.get(function.model.key, ())
        kept = [point.asked] if point is not None else [known[0].asked] if known else []
        memory.asked[function.model.label] = kept
