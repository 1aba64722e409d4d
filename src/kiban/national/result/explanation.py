"""Why there is no national plan: each limit alone, moved until there is one."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from kiban.messages import Message
from kiban.national.result.plan import Relaxation
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_programme import SLACKS
from kiban.progress import Report, say_nothing

CARBON_UNIT_T = SLACKS["carbon_excess"]
RELAXATION_STEPS = 4096
"""Parts of an interval in which the least value that works is looked for."""
NO_CHANGE = 1e-6
MOST_TIMES = 21.0
"""Factor on all annual limits up to which a change is looked for, in steps of less than a hundredth."""


def explain_infeasible(
    problem: NationalProblem, pool: CutPool, incumbent: Incumbent | None, report: Report
) -> tuple[Relaxation, ...]:
    """Single changes that make the study feasible.

    `incumbent` is the plan that breaks a clean share or a carbon cap as little as it can, where that is what fails.
    """
    report(Message("progress.national_explaining"))
    if incumbent is not None:
        return tuple(_missed_targets(problem, incumbent))
    changes = list(_structural(problem))
    if not changes and math.isfinite(problem.budget_myen):
        changes += _budget(problem, pool)
    return tuple(changes)


def _missed_targets(problem: NationalProblem, incumbent: Incumbent) -> Iterator[Relaxation]:
    target = problem.study.target.clean_share
    if target is not None:
        reached = min(point.indicators["clean_share"] for point in incumbent.points.values())
        if reached < target - NO_CHANGE:
            yield Relaxation("clean_share", target, max(math.floor(reached * 1e3) / 1e3, 0.0), "share")
    if math.isfinite(problem.carbon_cap_t):
        emitted = max(
            sum(
                point.indicators["emissions_t_per_year"]
                for (number, which), point in incumbent.points.items()
                if phase in problem.blocks[number].subproblems[which].phases
            )
            for phase in range(problem.phases)
        )
        if emitted > problem.carbon_cap_t * (1 + NO_CHANGE):
            yield Relaxation("carbon", problem.carbon_cap_t, math.ceil(emitted), "t")


def _feasible(problem: NationalProblem) -> bool:
    return write_master(problem, {}, "outer").solve(relative_gap=1.0) is not None


def _slack(problem: NationalProblem, name: str) -> float | None:
    """The least by which one row must give way, or None where that does not help."""
    master = write_master(problem, {}, "outer", elastic=(name,))
    if name not in master.slacks:
        return None
    master.model.cost = [0.0] * len(master.model.cost)
    master.model.cost[master.slacks[name]] = 1.0
    choice = master.solve(relative_gap=1e-4)
    return None if choice is None else float(choice.objective)


def _structural(problem: NationalProblem) -> Iterator[Relaxation]:
    """Changes of limits that do not depend on cost."""
    if _feasible(problem):
        return
    for number, tranche in enumerate(problem.tranches):
        if not tranche.must_serve:
            continue
        most = float(problem.demand_mw[number].max())
        less = _slack(problem, f"demand.{tranche.id}")
        if less is not None and NO_CHANGE < less < most - NO_CHANGE:
            yield Relaxation(f"demand.{tranche.id}", most, max(math.floor((most - less) * 10) / 10, 0.0), "MW")
        if tranche.max_round_trip_ms is not None:
            longer = _longer_round_trip(problem, number)
            if longer is not None:
                yield Relaxation(f"latency.{tranche.id}", tranche.max_round_trip_ms, longer, "ms")
        if tranche.survival_share > 0:
            less = _slack(problem, f"survival.{tranche.id}")
            if less is not None and less > NO_CHANGE:
                kept = max(tranche.survival_share - less / max(most, NO_CHANGE), 0.0)
                yield Relaxation(
                    f"survival.{tranche.id}", tranche.survival_share, math.floor(kept * 1e3) / 1e3, "share"
                )
    for area, limit in problem.areas.items():
        more = _slack(problem, f"headroom.{area}")
        if more is not None and more > NO_CHANGE:
            yield Relaxation(f"headroom.{area}", limit.headroom_mw, math.ceil(limit.headroom_mw + more), "MW")
    yield from _annual_limits(problem)
    if problem.max_sites is not None:
        more = _slack(problem, "max_sites")
        if more is not None and more > NO_CHANGE:
            yield Relaxation("max_sites", problem.max_sites, math.ceil(problem.max_sites + more - NO_CHANGE), "")
    if problem.max_area_share < 1.0:
        share = _larger_share(problem)
        if share is not None:
            yield Relaxation("max_area_share", problem.max_area_share, math.ceil(share * 1e3) / 1e3, "share")
    most_mw = problem.study.limits.max_site_mw
    if most_mw is not None:
        size = _larger_sites(problem, most_mw)
        if size is not None:
            yield Relaxation("max_site_mw", most_mw, size, "MW")


def _annual_limits(problem: NationalProblem) -> Iterator[Relaxation]:
    """How much more people or goods of one limit are needed in every year; where none helps alone, of all of them."""
    found = False
    for limit in problem.annual_limits:
        more = _slack(problem, f"build_limit.{limit.id}")
        if more is not None and more > NO_CHANGE:
            least = min(limit.available.values())
            found = True
            needed = math.ceil((least + more) * 10 - NO_CHANGE) / 10
            yield Relaxation(f"build_limit.{limit.terms.name or limit.id}", least, needed, limit.terms.unit)
    if found or not problem.annual_limits or not _feasible(replace(problem, annual_limits=())):
        return
    factor = _least_that_works(lambda times: _feasible(_with_more(problem, times)), 1.0, MOST_TIMES)
    if factor is not None:
        yield Relaxation("build_limits", 1.0, math.ceil(factor * 100) / 100, "")


def _with_more(problem: NationalProblem, times: float) -> NationalProblem:
    """The problem with so many times what there is of every limit in every year."""
    limits = (
        replace(limit, available={year: times * units for year, units in limit.available.items()})
        for limit in problem.annual_limits
    )
    return replace(problem, annual_limits=tuple(limits))


def _longer_round_trip(problem: NationalProblem, tranche: int) -> float | None:
    """The shortest round trip of a tranche with which the rest can be kept, rounded up to a tenth."""
    now = problem.tranches[tranche].max_round_trip_ms
    assert now is not None
    for limit in sorted(set(problem.latency_ms[:, tranche])):
        if limit <= now:
            continue
        serves = problem.serves.copy()
        serves[:, tranche] = problem.latency_ms[:, tranche] <= limit
        if _feasible(replace(problem, serves=serves)):
            return math.ceil(float(limit) * 10) / 10
    return None


def _larger_share(problem: NationalProblem) -> float | None:
    return _least_that_works(
        lambda share: _feasible(replace(problem, max_area_share=share)), problem.max_area_share, 1.0
    )


def _larger_sites(problem: NationalProblem, now_mw: float) -> float | None:
    def with_size(size: float) -> bool:
        places = tuple(
            replace(place, candidate=replace(place.candidate, max_mw=max(place.candidate.max_mw, size)))
            if place.candidate.max_mw >= now_mw
            else place
            for place in problem.places
        )
        return _feasible(replace(problem, places=places))

    size = _least_that_works(with_size, now_mw, float(np.max(problem.demand_mw.sum(axis=0))))
    return None if size is None else math.ceil(size)


def _least_that_works(works: Callable[[float], bool], lower: float, upper: float) -> float | None:
    """The least value of a grid between the two that works, or None where none does; `lower` does not work.

    A value works or not, so that there is no function whose root a solver of equations could find.
    """
    if upper <= lower or not works(upper):
        return None

    def value(step: int) -> float:
        return lower + (upper - lower) * (step / RELAXATION_STEPS)

    steps = range(1, RELAXATION_STEPS)
    return value(1 + bisect.bisect_left(steps, True, key=lambda step: works(value(step))))


def _budget(problem: NationalProblem, pool: CutPool) -> Iterator[Relaxation]:
    """The least cost without a budget."""
    study = problem.study.national
    open_problem = replace(problem, budget_myen=math.inf)
    incumbent = search(open_problem, pool, gap=study.gap, max_rounds=study.max_rounds, report=say_nothing)
    if incumbent is not None and incumbent.excess <= NO_CHANGE:
        yield Relaxation("budget", problem.budget_myen, math.ceil(incumbent.cost_myen), "myen")
