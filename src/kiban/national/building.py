"""BUILD for the country: from a national study to its plan."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain

from kiban.catalogue import load_catalogue
from kiban.messages import Message
from kiban.national.result.alternatives import cost_without, find_entries, find_near_optima
from kiban.national.result.area_flows import find_flows
from kiban.national.result.common_cost import common_cost
from kiban.national.result.delay import find_delay
from kiban.national.result.explanation import explain_infeasible
from kiban.national.result.plan import (
    NationalPlan,
    NearOptimum,
    SitePlan,
    make_areas,
    make_sites,
    reinforcement_cost,
    served,
)
from kiban.national.result.robustness import assess
from kiban.national.search.cutting_planes import Found, income, search
from kiban.national.search.memory import Memory
from kiban.national.study.assembly import write_problem
from kiban.national.study.lead_times import late_supply
from kiban.national.study.problem import Problem
from kiban.national.study.site_models import study_catalogue
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario

NEAR = (0.01, 0.03, 0.05)
"""Shares of the cost that siting can move within which other plans are looked for."""


def build_national(
    study: NationalScenario, *, memory: Memory | None = None, report: Report | None = None
) -> NationalPlan:
    """The least-cost plan of a national study with its bounds, or a plan that explains why there is none.

    `memory` keeps what was solved for the next question. Raises `InputError` for input that cannot be
    used and `SolverError` where the bounds do not meet.
    """
    tell = report or say_nothing
    memory = memory if memory is not None else Memory()
    tell(Message("progress.national_reading"))
    catalogue = study_catalogue(study, load_catalogue())
    problem, excluded = write_problem(study, catalogue)
    candidates = tuple(place.candidate for place in problem.places)
    found = search(problem, memory, gap=study.national.gap, max_rounds=study.national.max_rounds, report=tell)
    common = common_cost(problem)
    movable_gap = study.national.movable_gap
    if movable_gap is not None and found is not None and found.excess <= 0:
        # The same gap once more, on the part that siting can move: what is known is kept.
        gap = movable_gap * max(found.cost_myen - common, 0.0) / max(found.cost_myen, 1.0)
        if found.relative_gap > gap:
            first = found
            found = search(problem, memory, gap=gap, max_rounds=study.national.max_rounds, report=tell) or found
            found = replace(found, rounds=first.rounds + found.rounds, solves=first.solves + found.solves)
    if found is None or found.excess > 0:
        relaxations = explain_infeasible(problem, memory, found, tell)
        return NationalPlan("infeasible", study, candidates, tuple(excluded), relaxations=relaxations)
    tell(Message("progress.national_comparing"))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        # HiGHS leaves the interpreter free, and none of these questions waits for another.
        compared = pool.map(partial(_compare, problem, memory, found), make_sites(problem, found))
        near = pool.map(partial(_find_near_optima, problem, memory, found, common), NEAR)
        entering = pool.submit(find_entries, problem, memory.known(problem), found)
        sites, near_optima = tuple(compared), tuple(chain.from_iterable(near))
        entries = entering.result()
    known = memory.known(problem)
    areas = make_areas(problem, found, sites, catalogue)
    risk = study.risk
    robustness = None
    if risk is not None:
        robustness = assess(
            problem,
            known,
            found,
            catalogue,
            draws=risk.draws,
            seed=study.national.seed,
            flips=risk.flip_points,
            report=tell,
        )
    return NationalPlan(
        status="optimal",
        study=study,
        candidates=candidates,
        excluded=tuple(excluded),
        sites=sites,
        areas=areas,
        flows=find_flows(problem, known, found, areas, catalogue),
        served_mw=served(problem, found),
        net_cost_myen=found.cost_myen,
        bound_myen=found.bound_myen,
        reinforcement_myen=reinforcement_cost(problem, found),
        income_myen=income(problem, found.choice),
        rounds=found.rounds,
        solves=found.solves,
        common_myen=common,
        near_optima=near_optima,
        entries=entries,
        delay=find_delay(problem, memory, found, catalogue) if risk is not None and risk.flip_points else None,
        robustness=robustness,
        late_supply=late_supply(study, None, catalogue, study.years[0]),
    )


def _find_near_optima(
    problem: Problem, memory: Memory, found: Found, common: float, share: float
) -> tuple[NearOptimum, ...]:
    return find_near_optima(problem, memory.known(problem), found, (share,), common)


def _compare(problem: Problem, memory: Memory, found: Found, site: SitePlan) -> SitePlan:
    number = next(n for n, place in enumerate(problem.places) if place.candidate.id == site.candidate.id)
    without = cost_without(problem, memory.fork(), found, number)
    return replace(site, without_myen=without.most_myen, without_least_myen=without.least_myen, instead=without.instead)
