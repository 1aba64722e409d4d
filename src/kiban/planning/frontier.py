"""The frontier between cost and what it buys: less carbon dioxide, or a larger clean share.

    minimise cost   subject to   emissions <= E   (or clean share >= S),   E from its value at least cost downwards

No design is better in both than a point of the frontier. It begins at the least cost, where the scenario's own target
of the measure is left out, and ends where the rest of the measure, at the price of the last step, would cost more than
an ordinary plan. Between the ends the targets are evenly spaced. Each point is an optimum with its proof; all but a few
start from between two that are known (`linear.kernel.between`), so that they are found in rounds: the middle, then the
middle of each half, and so on.

A cap on emissions is a right-hand side, so that the price of an optimum bounds the cost of a cooling system at every
other cap: where that is dearer than a plan that is known, the system is not solved. An outage that the scenario asks
for is survived at every point (`outages`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from kiban.errors import Problem, ScenarioError, SolverError
from kiban.linear import Solution
from kiban.linear.batch import answer_many
from kiban.linear.elastic import SLACK, relax
from kiban.messages import Message
from kiban.planning.evaluation import compute_emissions, compute_load, name_capacities
from kiban.planning.infeasibility import estimate_cost
from kiban.planning.one_way import solve_one_way
from kiban.planning.outages import OutageGuard
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.price_response import refuse_response
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.planning.schedule import tidy
from kiban.progress import Report, say_nothing
from kiban.scenario import Scenario

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

Measure = Literal["emissions", "clean_share"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
POINTS: Final = 20
MOST_DESIGNS: Final = 200
# Relative gap of a point: finer than any drawing and any number that is shown.
TRACED_TO: Final = 1e-7
# A point that is worse than its neighbour by this share of the range is the solver's rounding of the same design.
SAME: Final = 1e-6
# A price that is nothing beside the cost is the solver's rounding; a measure that is nothing is not divided by.
NO_PRICE: Final = 1e-10
TINY: Final = 1e-9
# A budget is spent to this share of itself, in so many steps at most.
SPENT_TO: Final = 1e-6
MOST_STEPS: Final = 40


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """The least cost at one target; `price_myen` is what the last tonne, or the last point of clean share, costs."""

    cost_myen_per_year: float
    emissions_t_per_year: float
    clean_share: float
    price_myen: float
    cooling_system: str
    capacities: dict[str, float]
    relative_gap: float


@dataclass(frozen=True, slots=True)
class Tangent:
    """What a cooling system costs at least: `bound_myen` at a target, and `price_myen` more for each unit below it."""

    target: float
    bound_myen: float
    price_myen: float

    def at(self, target: float) -> float:
        """The bound at another target."""
        return self.bound_myen + self.price_myen * (self.target - target)


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of the frontier of one cooling system, and what is known of all between."""

    resources: Resources
    first: FrontierPoint
    last: FrontierPoint
    tangents: tuple[Tangent, ...]
    warm: WarmStart | None = None
    """Points on the way to the last one."""


@dataclass(frozen=True, slots=True)
class Aimed:
    """What was found at a target; `point` is None where there is no design."""

    target: float
    solution: Solution
    point: FrontierPoint | None


@dataclass(frozen=True, slots=True)
class Frontier:
    """Points from the least cost on, each dearer and better than the one before; `best` is the best for the budget."""

    scenario: Scenario
    measure: Measure
    points: tuple[FrontierPoint, ...]
    best: FrontierPoint | None = None


def trace(
    scenario: Scenario,
    measure: Measure = "emissions",
    *,
    points: int = POINTS,
    budget_myen_per_year: float | None = None,
    report: Report | None = None,
) -> Frontier:
    """The frontier between cost and `measure`, and the least emissions or the most clean share for a budget.

    Raises `InputError` for input that cannot be used, `ScenarioError` where no design exists, where the budget pays
    for none, or where `points` is not between 2 and 200, and `SolverError` where nothing could be proven.
    """
    if not 2 <= points <= MOST_DESIGNS:
        raise ScenarioError(Problem("value", key="points", remedy="between", value=points, low=2, high=MOST_DESIGNS))
    tell = report or say_nothing
    tell(Message("progress.inputs"))
    preparation = prepare(scenario)
    candidates = [_without_target(resources, measure) for resources in _list_resources(preparation)]
    systems = _find_all_ends(candidates, measure)
    if not systems:
        raise ScenarioError(Problem("frontier_nowhere", key="target"))
    first, last = _bracket(systems, measure)
    targets = [float(target) for target in np.linspace(_badness(first, measure), _badness(last, measure), points)[1:-1]]
    traced = list(_trace_between(systems, targets, measure, tell))
    kept = tuple(_keep_best([first, *traced, last], measure))
    best = None
    if budget_myen_per_year is not None:
        used = {point.cooling_system for point in kept}
        tell(Message("progress.frontier_budget"))
        best = _spend(
            [resources for resources in candidates if resources.cooling_system in used],
            kept,
            measure,
            budget_myen_per_year,
        )
    return Frontier(scenario, measure, kept, best)


def spend_budget(preparation: Preparation, measure: Measure, budget_myen_per_year: float) -> Resources | None:
    """What the best design for a budget is made of, its value of the measure in it as the target; None without design.

    Raises `ScenarioError` where the budget pays for none.
    """
    candidates = [_without_target(resources, measure) for resources in _list_resources(preparation)]
    systems = _find_all_ends(candidates, measure)
    if not systems:
        return None
    ends = _bracket(systems, measure)
    best = _spend(candidates, ends, measure, budget_myen_per_year, "target.budget_myen_per_year")
    chosen = next(resources for resources in candidates if resources.cooling_system == best.cooling_system)
    # Beside the rounding of the point itself, which is proven to as much.
    return _with_target(chosen, measure, _badness(best, measure) * (1.0 + TRACED_TO) + TINY)


def _find_all_ends(candidates: Sequence[Resources], measure: Measure) -> list[Ends]:
    """The ends of every cooling system that has a design, the cheapest first."""
    found = answer_many(candidates, lambda resources: find_ends(resources, measure))
    return sorted((ends for ends in found if ends is not None), key=lambda ends: _cost(ends.first))


def _bracket(systems: Sequence[Ends], measure: Measure) -> tuple[FrontierPoint, FrontierPoint]:
    """The least cost, and the end of the cooling system that would be chosen at the price of the end."""
    first = systems[0].first
    per_badness = estimate_cost(systems[0].resources) / max(_badness(first, measure), TINY)
    last = min((ends.last for ends in systems), key=lambda point: _cost(point) + per_badness * _badness(point, measure))
    return first, last


def _trace_between(
    systems: Sequence[Ends], targets: Sequence[float], measure: Measure, tell: Report
) -> Iterator[FrontierPoint]:
    """The points at the targets by cooling system, but for those where a system before is cheaper."""
    cheapest = dict.fromkeys(targets, np.inf)
    for ends in systems:
        tell(Message("progress.frontier", technology=ends.resources.cooling_system, count=len(targets)))
        for target, point in _trace_system(ends, measure, targets, cheapest, tell).items():
            cheapest[target] = min(cheapest[target], _cost(point))
            yield point


def _trace_system(
    ends: Ends, measure: Measure, targets: Sequence[float], cheapest: Mapping[float, float], tell: Report
) -> dict[float, FrontierPoint]:
    """The points of one system: each from between the nearest that are known, round by round.

    Left out is a target without a design, and one at which it costs more than the `cheapest` that is known; but a
    system that needs no cap to stay below the target has its least cost there, which stands further on.
    """
    tangents, points = list(ends.tangents), dict[float, FrontierPoint]()
    starts = {} if ends.warm is None else {_badness(ends.last, measure): ends.warm}
    rounds, done = [[targets[place] for place in places] for places in list_rounds(len(targets))], 0
    for number, aims in enumerate(rounds, 1):
        known, last = dict(starts), number == len(rounds)
        asked = [
            target
            for target in aims
            if _badness(ends.first, measure) <= target
            or max(tangent.at(target) for tangent in tangents) <= cheapest[target]
        ]

        def answer(target: float, known: Mapping[float, WarmStart] = known, keep: bool = not last) -> Aimed:
            aimed = _with_target(ends.resources, measure, target)
            solution = _solve_at(aimed, find_start(known, target), keep)
            return Aimed(target, solution, _read_point(aimed, solution, measure))

        for found in answer_many(asked, answer):
            tangents += _touch(found.solution, found.target, measure)
            if found.solution.warm is not None:
                starts[found.target] = found.solution.warm
            if found.point is not None:
                points[found.target] = found.point
        done += len(aims)
        tell(Message("progress.frontier_done", done=done, of=len(targets)))
    return points


def list_rounds(count: int) -> list[list[int]]:
    """Places `0..count-1` in rounds, each half way between those of the rounds before; a point is known at `count`."""
    if count == 0:
        return []
    rounds, gaps = [sorted({0, count // 2})], [(0, count // 2), (count // 2, count)]
    while gaps := [(low, high) for low, high in gaps if high - low > 1]:
        rounds.append([(low + high) // 2 for low, high in gaps])
        gaps = [part for low, high in gaps for part in ((low, (low + high) // 2), ((low + high) // 2, high))]
    return rounds


def find_start(known: Mapping[float, WarmStart], target: float) -> WarmStart | None:
    """A start between the nearest targets that are known on both sides; a single one is mostly too far away."""
    from kiban.linear.kernel.between import mix

    below = max((one for one in known if one <= target), default=None)
    above = min((one for one in known if one > target), default=None)
    if below is None or above is None:
        return None
    return mix(known[below], known[above], (target - below) / (above - below))


def _spend(
    candidates: Sequence[Resources],
    points: Sequence[FrontierPoint],
    measure: Measure,
    budget: float,
    key: str = "budget",
) -> FrontierPoint:
    """The best point whose cost the budget pays: cost is convex in the target, so chord and tangent enclose it."""
    least = points[0].cost_myen_per_year
    if budget < least:
        raise ScenarioError(Problem("frontier_budget", key=key, value=budget, least=least))
    below = max((point for point in points if point.cost_myen_per_year <= budget), key=_cost)
    above = min((point for point in points if point.cost_myen_per_year > budget), key=_cost, default=None)
    for _ in range(MOST_STEPS):
        if above is None or budget - below.cost_myen_per_year <= SPENT_TO * abs(budget):
            break
        share = (budget - _cost(below)) / (_cost(above) - _cost(below))
        chord = _badness(below, measure) + share * (_badness(above, measure) - _badness(below, measure))
        per_badness = above.price_myen * (100.0 if measure == "clean_share" else 1.0)
        tangent = _badness(above, measure) + (_cost(above) - budget) / max(per_badness, 1e-300)
        target = (chord + min(max(tangent, _badness(above, measure)), chord)) / 2.0
        aimed = [_with_target(resources, measure, target) for resources in candidates]
        found = [_read_point(resources, _solve_at(resources), measure) for resources in aimed]
        point = min((one for one in found if one is not None), key=_cost, default=None)
        if point is None:
            break
        below, above = (point, above) if _cost(point) <= budget else (below, point)
    return below


def _cost(point: FrontierPoint) -> float:
    return point.cost_myen_per_year


def _list_resources(preparation: Preparation) -> list[Resources]:
    listed = [preparation.resources_for(system) for system in preparation.cooling_systems]
    for resources in listed:
        # Points are held against a budget, which pays bills.
        refuse_response(resources)
    return listed


def _without_target(resources: Resources, measure: Measure) -> Resources:
    if measure == "emissions":
        return replace(resources, carbon_cap_t_per_year=None)
    return replace(resources, clean_share=None)


def _with_target(resources: Resources, measure: Measure, badness: float) -> Resources:
    if measure == "emissions":
        return replace(resources, carbon_cap_t_per_year=max(badness, 0.0))
    return replace(resources, clean_share=1.0 - badness)


def _badness(point: FrontierPoint, measure: Measure) -> float:
    """What a point of the frontier has less of the further it stands: tonnes, or the share that is not clean."""
    return point.emissions_t_per_year if measure == "emissions" else 1.0 - point.clean_share


def _row(measure: Measure) -> str:
    return "carbon_cap" if measure == "emissions" else "clean_share"


def find_ends(resources: Resources, measure: Measure) -> Ends | None:
    """The least cost, and the end: the ideal target, broken at the price of an ordinary plan for all of it."""
    guard = OutageGuard(resources)
    start = guard.solve(write_programme(resources), tolerance=TRACED_TO, threads=1)
    first = _read_point(resources, start, measure)
    if first is None or start.certificate is None:
        return None
    # No target makes anything cheaper.
    flat = Tangent(0.0, start.certificate.dual, 0.0)
    load = float(compute_load(resources, start).sum()) * resources.step_weight_h
    unit = 1.0 if measure == "emissions" else load
    size = _badness(first, measure) * unit
    if size <= TINY * unit:
        return Ends(resources, first, first, (flat,))
    ideal = write_programme(_with_target(resources, measure, 0.0))
    relaxed = relax(ideal, {_row(measure): estimate_cost(resources) / size})
    broken = guard.solve(relaxed, tolerance=TRACED_TO, threads=1)
    # Solved once more at what it comes to, so that the point has a proof of its own cost.
    reached = max(broken.capacities[SLACK + _row(measure)] / unit, 0.0) * (1.0 + TRACED_TO)
    aimed = _with_target(resources, measure, reached)
    solution = _solve_at(aimed)
    last = _read_point(aimed, solution, measure)
    warm = None if last is None else solution.warm
    return Ends(resources, first, last or first, (flat, *_touch(solution, reached, measure)), warm)


def _solve_at(resources: Resources, warm: WarmStart | None = None, keep: bool = True) -> Solution:
    """The optimum at the target in the resources, from where another was on its way; `keep` points on the way."""
    programme, guard = write_programme(resources), OutageGuard(resources)
    try:
        return guard.solve(programme, solver="kernel", tolerance=TRACED_TO, warm=warm, keep_warm=keep, threads=1)
    except SolverError:
        return guard.solve(programme, tolerance=TRACED_TO, threads=1)


def _touch(optimum: Solution, target: float, measure: Measure) -> list[Tangent]:
    """What an optimum says of other targets; nothing of other shares, which are coefficients of the programme."""
    if optimum.certificate is None or measure != "emissions":
        return []
    return [Tangent(target, optimum.certificate.dual, max(-optimum.total_prices[_row(measure)], 0.0))]


def _read_point(resources: Resources, solution: Solution, measure: Measure) -> FrontierPoint | None:
    solution, _ = solve_one_way(resources, solution, OutageGuard(resources).solve)
    if solution.certificate is None:
        return None
    tidied = tidy(resources, solution)
    load = float(compute_load(resources, tidied).sum())
    unclean = sum(float(share @ tidied.hourly[name]) for name, share in resources.unclean_shares())
    emissions = compute_emissions(resources, tidied)
    price = abs(min(solution.total_prices.get(_row(measure), 0.0), 0.0))
    if measure == "clean_share":
        price *= load * resources.step_weight_h / 100.0
    size = emissions if measure == "emissions" else 1.0
    if price * max(size, 1.0) < NO_PRICE * abs(solution.certificate.primal):
        price = 0.0
    return FrontierPoint(
        cost_myen_per_year=solution.certificate.primal,
        emissions_t_per_year=emissions,
        clean_share=1.0 - unclean / load if load > 0 else 1.0,
        price_myen=price,
        cooling_system=resources.cooling_system,
        capacities=name_capacities(resources, tidied),
        relative_gap=solution.certificate.relative_gap,
    )


def _keep_best(points: Sequence[FrontierPoint], measure: Measure) -> Iterator[FrontierPoint]:
    """Points that no other one beats in both, by cost."""
    span = max((_badness(point, measure) for point in points), default=0.0)
    best = np.inf
    for point in sorted(points, key=lambda point: (_cost(point), _badness(point, measure))):
        if best == np.inf or _badness(point, measure) < best - SAME * span:
            best = _badness(point, measure)
            yield point
