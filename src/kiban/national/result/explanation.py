"""Why there is no national plan: each limit alone, moved until there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from kiban.messages import Message
from kiban.national.result.plan import Relaxation
from kiban.national.search.cutting_planes import Found, Memory, search
from kiban.national.search.master import write_master
from kiban.national.search.subproblem import SLACKS
from kiban.national.study.problem import Problem
from kiban.progress import Report, say_nothing

CARBON_UNIT_T = SLACKS["carbon_excess"]
STEPS = 12
LEAST = 1e-6


def explain_infeasible(problem: Problem, memory: Memory, found: Found | None, report: Report) -> tuple[Relaxation, ...]:
    """Single changes that make the study feasible.

    `found` is the plan that breaks a clean share or a carbon cap as little as it can, where that is what fails.
    """
    report(Message("progress.national_explaining"))
    if found is not None:
        return tuple(_missed_targets(problem, found))
    changes = list(_structural(problem))
    if not changes and math.isfinite(problem.budget_myen):
        changes += _budget(problem, memory)
    return tuple(changes)


def _missed_targets(problem: Problem, found: Found) -> Iterator[Relaxation]:
    target = problem.study.target.clean_share
    if target is not None:
        reached = min(point.indicators["clean_share"] for point in found.points.values())
        if reached < target - LEAST:
            yield Relaxation("clean_share", target, max(math.floor(reached * 1e3) / 1e3, 0.0), "share")
    if math.isfinite(problem.carbon_cap_t):
        emitted = max(
            sum(
                point.indicators["emissions_t_per_year"]
                for (number, which), point in found.points.items()
                if phase in problem.blocks[number].functions[which].phases
            )
            for phase in range(problem.phases)
        )
        if emitted > problem.carbon_cap_t * (1 + LEAST):
            yield Relaxation("carbon", problem.carbon_cap_t, math.ceil(emitted), "t")


def _feasible(problem: Problem) -> bool:
    return write_master(problem, {}, "outer").solve(relative_gap=1.0) is not None


def _slack(problem: Problem, name: str) -> float | None:
    """The least by which one row must give way, or None where that does not help."""
    master = write_master(problem, {}, "outer", elastic=(name,))
    if name not in master.slacks:
        return None
    master.model.cost = [0.0] * len(master.model.cost)
    master.model.cost[master.slacks[name]] = 1.0
    choice = master.solve(relative_gap=1e-4)
    return None if choice is None else float(choice.objective)


def _structural(problem: Problem) -> Iterator[Relaxation]:
    """Changes of limits that do not depend on cost."""
    if _feasible(problem):
        return
    for number, tranche in enumerate(problem.tranches):
        if not tranche.must_serve:
            continue
        most = float(problem.demand_mw[number].max())
        less = _slack(problem, f"demand.{tranche.id}")
        if less is not None and LEAST < less < most - LEAST:
            yield Relaxation(f"demand.{tranche.id}", most, max(math.floor((most - less) * 10) / 10, 0.0), "MW")
        if tranche.max_round_trip_ms is not None:
            longer = _longer_round_trip(problem, number)
            if longer is not None:
                yield Relaxation(f"latency.{tranche.id}", tranche.max_round_trip_ms, longer, "ms")
        if tranche.survival_share > 0:
            less = _slack(problem, f"survival.{tranche.id}")
            if less is not None and less > LEAST:
                kept = max(tranche.survival_share - less / max(most, LEAST), 0.0)
                yield Relaxation(
                    f"survival.{tranche.id}", tranche.survival_share, math.floor(kept * 1e3) / 1e3, "share"
                )
    for area, limit in problem.areas.items():
        more = _slack(problem, f"headroom.{area}")
        if more is not None and more > LEAST:
            yield Relaxation(f"headroom.{area}", limit.headroom_mw, math.ceil(limit.headroom_mw + more), "MW")
    if problem.max_sites is not None:
        more = _slack(problem, "max_sites")
        if more is not None and more > LEAST:
            yield Relaxation("max_sites", problem.max_sites, math.ceil(problem.max_sites + more - LEAST), "")
    if problem.max_area_share < 1.0:
        share = _larger_share(problem)
        if share is not None:
            yield Relaxation("max_area_share", problem.max_area_share, math.ceil(share * 1e3) / 1e3, "share")
    most_mw = problem.study.limits.max_site_mw
    if most_mw is not None:
        size = _larger_sites(problem, most_mw)
        if size is not None:
            yield Relaxation("max_site_mw", most_mw, size, "MW")


def _longer_round_trip(problem: Problem, tranche: int) -> float | None:
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


def _larger_share(problem: Problem) -> float | None:
    return _bisect(lambda share: _feasible(replace(problem, max_area_share=share)), problem.max_area_share, 1.0)


def _larger_sites(problem: Problem, now_mw: float) -> float | None:
    def with_size(size: float) -> bool:
        places = tuple(
            replace(place, candidate=replace(place.candidate, max_mw=max(place.candidate.max_mw, size)))
            if place.candidate.max_mw >= now_mw
            else place
            for place in problem.places
        )
        return _feasible(replace(problem, places=places))

    size = _bisect(with_size, now_mw, float(np.max(problem.demand_mw.sum(axis=0))))
    return None if size is None else math.ceil(size)


def _bisect(works: Callable[[float], bool], lower: float, upper: float) -> float | None:
    """The least value between the two that works, or None where none does; `lower` does not work."""
    if upper <= lower or not works(upper):
        return None
    for _ in range(STEPS):
        middle = (lower + upper) / 2
        lower, upper = (lower, middle) if works(middle) else (middle, upper)
    return upper


def _budget(problem: Problem, memory: Memory) -> Iterator[Relaxation]:
    """The least cost without a budget."""
    study = problem.study.national
    open_problem = replace(problem, budget_myen=math.inf)
    found = search(open_problem, memory, gap=study.gap, max_rounds=study.max_rounds, report=say_nothing)
    if found is not None and found.excess <= LEAST:
        yield Relaxation("budget", problem.budget_myen, math.ceil(found.cost_myen), "myen")
