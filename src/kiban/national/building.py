"""BUILD at national scale: from a study to its plan."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain

from kiban.catalogue import load_catalogue
from kiban.messages import Message
from kiban.national.result.alternatives import cost_without, find_entries, find_near_optima
from kiban.national.result.annual_limits import find_limit_uses
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
from kiban.national.result.price_answer import describe_prices
from kiban.national.result.robustness import assess
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.equilibrium import cleared_again, find_equilibrium
from kiban.national.search.incumbent import Incumbent, income, keep_directions
from kiban.national.study.assembly import discounted_years, write_problem
from kiban.national.study.lead_times import late_supply
from kiban.national.study.market_hours import market_of_study
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_cases import study_catalogue
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario

NEAR_SHARES = (0.01, 0.03, 0.05)
"""Shares of the cost that the choice of sites can move within which other plans are looked for."""


def build_national(
    study: NationalScenario, *, pool: CutPool | None = None, report: Report | None = None
) -> NationalPlan:
    """The least-cost plan of a national study with its bounds, or a plan that explains why there is none.

    `pool` keeps what was solved for the next question. Raises `InputError` for input that cannot be
    used and `SolverError` where the bounds do not meet.
    """
    tell = report or say_nothing
    pool = pool if pool is not None else CutPool()
    tell(Message("progress.national_reading"))
    catalogue = study_catalogue(study, load_catalogue())
    problem, excluded = write_problem(study, catalogue)
    candidates = tuple(place.candidate for place in problem.places)
    incumbent = search(problem, pool, gap=study.national.gap, max_rounds=study.national.max_rounds, report=tell)
    common = common_cost(problem)
    gap, movable_gap = study.national.gap, study.national.movable_gap
    if movable_gap is not None and incumbent is not None and incumbent.excess <= 0:
        # The same gap once more, on the part that the choice of sites can move: the cut pool is kept.
        gap = movable_gap * max(incumbent.cost_myen - common, 0.0) / max(incumbent.cost_myen, 1.0)
        if incumbent.relative_gap > gap:
            first = incumbent
            incumbent = search(problem, pool, gap=gap, max_rounds=study.national.max_rounds, report=tell) or incumbent
            incumbent = replace(
                incumbent, rounds=first.rounds + incumbent.rounds, solves=first.solves + incumbent.solves
            )
    if incumbent is None or incumbent.excess > 0:
        relaxations = explain_infeasible(problem, pool, incumbent, tell)
        return NationalPlan("infeasible", study, candidates, tuple(excluded), relaxations=relaxations)
    rest = None
    if study.national.price_response == "market":
        market, hours = market_of_study(problem, catalogue)
        rest = find_equilibrium(
            problem, pool, market, hours, incumbent, gap=gap, max_rounds=study.national.max_rounds, report=tell
        )
        problem, incumbent = rest.problem, rest.found
    incumbent, one_way = keep_directions(problem, incumbent, pool.store)
    if rest is not None and one_way is not None:
        rest = cleared_again(rest, incumbent)
    tell(Message("progress.national_comparing"))
    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        # HiGHS leaves the interpreter free, and none of these questions waits for another.
        compared = executor.map(partial(_compare, problem, pool, incumbent), make_sites(problem, incumbent))
        near = executor.map(partial(_find_near_optima, problem, pool, incumbent, common), NEAR_SHARES)
        entering = executor.submit(find_entries, problem, pool.points_of(problem), incumbent)
        sites, near_optima = tuple(compared), tuple(chain.from_iterable(near))
        entries = entering.result()
    points = pool.points_of(problem)
    areas = make_areas(problem, incumbent, sites, catalogue)
    risk = study.risk
    robustness = None
    if risk is not None:
        robustness = assess(
            problem,
            points,
            incumbent,
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
        flows=find_flows(problem, points, incumbent, areas, catalogue),
        served_mw=served(problem, incumbent),
        net_cost_myen=incumbent.cost_myen,
        bound_myen=incumbent.bound_myen,
        reinforcement_myen=reinforcement_cost(problem, incumbent),
        income_myen=income(problem, incumbent.choice),
        rounds=incumbent.rounds,
        solves=incumbent.solves,
        common_myen=common,
        near_optima=near_optima,
        entries=entries,
        delay=find_delay(problem, pool, incumbent, catalogue) if risk is not None and risk.flip_points else None,
        robustness=robustness,
        late_supply=late_supply(study, None, catalogue, study.years[0]),
        price_answer=describe_prices(rest, tell) if rest is not None else None,
        one_way=one_way,
        limits=find_limit_uses(problem, points, incumbent, discounted_years(study, catalogue)),
    )


def _find_near_optima(
    problem: NationalProblem, pool: CutPool, incumbent: Incumbent, common: float, share: float
) -> tuple[NearOptimum, ...]:
    return find_near_optima(problem, pool.points_of(problem), incumbent, (share,), common)


def _compare(problem: NationalProblem, pool: CutPool, incumbent: Incumbent, site: SitePlan) -> SitePlan:
    number = next(n for n, place in enumerate(problem.places) if place.candidate.id == site.candidate.id)
    without = cost_without(problem, pool.fork(), incumbent, number)
    return replace(site, without_myen=without.most_myen, without_least_myen=without.least_myen, instead=without.instead)
