"""Beside the best plan: what each site saves, and plans that cost little more and look different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiban.arrays import Array
from kiban.national.result.comparison import (
    COUNTED_MW,
    RELATIVE_GAP,
    SECONDS,
    grown_most,
    site_loads,
    site_names,
    turnover,
)
from kiban.national.result.plan import Entry, NearOptimum
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.incumbent import Incumbent, evaluate_choice
from kiban.national.search.master import Choice, Master, write_master
from kiban.national.search.subproblem import Points
from kiban.national.study.problem import NationalProblem

WITHOUT_GAP = 2e-4
"""Sites are told apart by less than the whole cost shows."""
ENTRY_GAP = 1e-4
ENTRY_MW = 100.0
"""Load at which a site that is not chosen is tried."""
MATCHED_MW = 1e-3
"""How nearly loads are matched where their least cost is found."""


@dataclass(frozen=True, slots=True)
class Without:
    """What the plan costs more without a site, million yen a year, and the sites that take most of its load.

    `most_myen` is proven by designs that were evaluated (None where no plan is possible without the site), `least_myen`
    by the cuts: no plan without the site costs less than this one and that.
    """

    most_myen: float | None
    least_myen: float
    instead: tuple[str, ...]


def cost_without(problem: NationalProblem, pool: CutPool, incumbent: Incumbent, site: int) -> Without:
    """What the plan costs more without a site, between two bounds.

    Subproblems are solved only where nothing that was evaluated makes a plan without it.
    """
    points = pool.points_of(problem)
    # A plan that the cuts allow for no more than the best plan costs settles that they tell the two apart by nothing.
    outer = write_master(problem, points, "outer", closed=(site,)).solve(
        relative_gap=WITHOUT_GAP, seconds=SECONDS, enough=incumbent.cost_myen
    )
    if outer is None:
        return Without(None, 0.0, ())
    without = write_master(problem, points, "inner", closed=(site,)).solve(relative_gap=WITHOUT_GAP, seconds=SECONDS)
    if without is None:
        plan = evaluate_choice(problem, pool, outer)
        if plan is None or plan.excess > 0:
            return Without(None, 0.0, ())
        without = plan.choice
    least = max(outer.bound - incumbent.cost_myen, 0.0)
    most = max(without.objective - incumbent.cost_myen, least)
    before, after = site_loads(problem, incumbent.choice), site_loads(problem, without)
    return Without(most, least, grown_most(problem, before, after))


def find_near_optima(
    problem: NationalProblem,
    points: Points,
    incumbent: Incumbent,
    shares: Sequence[float],
    common_myen: float = 0.0,
) -> tuple[NearOptimum, ...]:
    """For each share of the cost beyond `common_myen`, the plan within it that keeps the least load of the best plan.

    The difference counts the MW that stay at the best plan's sites, each in proportion to its size there.
    """
    best = site_loads(problem, incumbent.choice)
    near = []
    for share in shares:
        master = write_master(problem, points, "inner")
        limit = incumbent.cost_myen + share * max(incumbent.cost_myen - common_myen, 0.0)
        master.model.add_row(master.costs, upper=limit)
        _minimise_likeness(master, best)
        choice = master.solve(relative_gap=RELATIVE_GAP, seconds=SECONDS)
        if choice is None:
            continue
        loads = site_loads(problem, choice)
        changes = turnover(problem, best, loads)
        near.append(
            NearOptimum(
                share=share,
                cost_myen=_least_cost(problem, points, choice, limit),
                load_mw={
                    name: float(mw) for name, mw in zip(site_names(problem), loads, strict=True) if mw > COUNTED_MW
                },
                dropped=changes.dropped,
                added=changes.added,
            )
        )
    return tuple(near)


def _minimise_likeness(master: Master, best_mw: Array) -> None:
    """Replace the objective by the load at the best plan's sites."""
    master.model.cost = [0.0] * len(master.model.cost)
    whole = max(float(best_mw.sum()), 1.0)
    for (number, _), column in master.loads.items():
        master.model.cost[column] = float(best_mw[master.problem.blocks[number].site]) / whole
    for (site, _), column in master.opens.items():
        master.model.cost[column] = float(best_mw[site] > COUNTED_MW)


def _least_cost(problem: NationalProblem, points: Points, choice: Choice, limit: float) -> float:
    """The least cost of the same sites and loads, since the search for difference leaves it open."""
    exact = write_master(problem, points, "inner")
    for key, column in exact.loads.items():
        exact.model.lower[column] = max(float(choice.load_mw[key]) - MATCHED_MW, 0.0)
        exact.model.upper[column] = float(choice.load_mw[key]) + MATCHED_MW
    for key, column in exact.opens.items():
        exact.model.lower[column] = exact.model.upper[column] = float(choice.open[key])
    settled = exact.solve(relative_gap=RELATIVE_GAP, seconds=SECONDS)
    return limit if settled is None else min(settled.objective, limit)


def find_entries(problem: NationalProblem, points: Points, incumbent: Incumbent) -> tuple[Entry, ...]:
    """For each site that is not chosen, the support per MW that would bring it in, the cheapest first.

    The site is made to serve `ENTRY_MW` (its largest load if that is less) beside the plan's sites, which give
    up load for it; what the plan then costs more, over that load, is the support, or the fall of its own cost,
    that is enough to make it as good as the plan.
    """
    chosen = site_loads(problem, incumbent.choice)
    entries = []
    for site, place in enumerate(problem.places):
        load = min(ENTRY_MW, place.candidate.max_mw)
        if chosen[site] > COUNTED_MW or load <= COUNTED_MW:
            continue
        master = write_master(problem, points, "inner")
        own = [
            (column, problem.blocks[number].weight)
            for (number, _), column in master.loads.items()
            if problem.blocks[number].site == site
        ]
        first = max((weight for _, weight in own), default=0.0)
        if first <= 0:
            continue
        master.model.add_row([(column, weight / first) for column, weight in own], lower=load)
        for (other, phase), column in master.opens.items():
            # With what is open held, nothing is left to branch on.
            held = 1.0 if other == site else float(incumbent.choice.open[other, phase])
            master.model.lower[column] = held if other != site or phase == problem.phases - 1 else 0.0
            master.model.upper[column] = held
        forced = master.solve(relative_gap=ENTRY_GAP, seconds=SECONDS)
        if forced is not None:
            more = max(forced.objective - incumbent.cost_myen, 0.0)
            entries.append(Entry(place.candidate.id, load, more / (load * first)))
    return tuple(sorted(entries, key=lambda entry: (entry.support_myen_per_mw, entry.site)))


def least_moved(
    problem: NationalProblem, points: Points, loads_mw: Mapping[str, float], limit_myen: float
) -> float | None:
    """Least load, MW, that stands at another site than in `loads_mw` (by site), in any plan that costs at most a limit.

    Sites build convex combinations of designs that were evaluated, so that the figure may be too large, never too small
    a move for them. None where no combination costs so little.
    """
    master = write_master(problem, points, "inner")
    master.model.add_row(master.costs, upper=limit_myen)
    master.model.cost = [0.0] * len(master.model.cost)
    for site, name in enumerate(site_names(problem)):
        columns = [column for (number, _), column in master.loads.items() if problem.blocks[number].site == site]
        more, less = master.model.add_column(0.5), master.model.add_column(0.5)
        terms = [*((column, 1.0) for column in columns), (more, -1.0), (less, 1.0)]
        load = loads_mw.get(name, 0.0)
        master.model.add_row(terms, lower=load, upper=load)
    choice = master.solve(relative_gap=RELATIVE_GAP, seconds=SECONDS)
    return None if choice is None else max(float(choice.objective), 0.0)
