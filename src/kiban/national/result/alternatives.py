"""Beside the best plan: what each site saves, and plans that cost little more and look different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiban.national.result.plan import Entry, NearOptimum
from kiban.national.search.cutting_planes import ALLOWED_EXCESS, Found, Memory, evaluate_choice
from kiban.national.search.master import Choice, Known, Master, write_master
from kiban.national.study.problem import Problem

GAP = 1e-3
CLOSE_GAP = 2e-4
"""Sites are told apart by less than the whole cost shows."""
SECONDS = 20.0
LEAST_MW = 1.0
SHOWN_INSTEAD = 3
ENTRY_MW = 100.0
"""Load at which a site that is not chosen is tried."""


@dataclass(frozen=True, slots=True)
class Without:
    """What the plan costs more without a site, million yen a year, and the sites that take most of its load.

    `most_myen` is proven by designs that were evaluated (None where no plan is possible without the site), `least_myen`
    by the cuts: no plan without the site costs less than this one and that.
    """

    most_myen: float | None
    least_myen: float
    instead: tuple[str, ...]


def cost_without(problem: Problem, memory: Memory, found: Found, site: int) -> Without:
    """What the plan costs more without a site, between two bounds.

    Sites are asked anew only where nothing that was evaluated makes a plan without it.
    """
    known = memory.known(problem)
    beyond = write_master(problem, known, "outer", closed=(site,)).solve(relative_gap=CLOSE_GAP, seconds=SECONDS)
    if beyond is None:
        return Without(None, 0.0, ())
    without = write_master(problem, known, "inner", closed=(site,)).solve(relative_gap=CLOSE_GAP, seconds=SECONDS)
    if without is None:
        evaluated = evaluate_choice(problem, memory, beyond)
        if evaluated is None or any(point.excess > ALLOWED_EXCESS for point in evaluated[1].values()):
            return Without(None, 0.0, ())
        without = evaluated[2]
    least = max(beyond.bound - found.cost_myen, 0.0)
    most = max(without.objective - found.cost_myen, least)
    gained = site_loads(problem, without) - site_loads(problem, found.choice)
    order = [int(other) for other in np.argsort(-gained, kind="stable") if gained[other] > LEAST_MW]
    return Without(most, least, tuple(problem.places[other].candidate.id for other in order[:SHOWN_INSTEAD]))


def site_loads(problem: Problem, choice: Choice) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """IT load of every site in the last phase, MW."""
    loads = np.zeros(len(problem.places))
    for number, block in enumerate(problem.blocks):
        loads[block.site] += float(choice.load_mw[number].sum())
    return loads


def find_near_optima(
    problem: Problem, known: Known, found: Found, shares: Sequence[float], common_myen: float = 0.0
) -> tuple[NearOptimum, ...]:
    """For each share of the cost beyond `common_myen`, the plan within it that keeps the least load of the best plan.

    The difference counts the MW that stay at the best plan's sites, each in proportion to its size there.
    """
    best = site_loads(problem, found.choice)
    results = []
    for share in shares:
        master = write_master(problem, known, "inner")
        limit = found.cost_myen + share * max(found.cost_myen - common_myen, 0.0)
        master.model.add_row(master.costs, upper=limit)
        _keep_least(master, best)
        choice = master.solve(relative_gap=GAP, seconds=SECONDS)
        if choice is None:
            continue
        loads = site_loads(problem, choice)
        names = [place.candidate.id for place in problem.places]
        results.append(
            NearOptimum(
                share=share,
                cost_myen=_cost_of(problem, known, choice, limit),
                load_mw={name: float(mw) for name, mw in zip(names, loads, strict=True) if mw > LEAST_MW},
                dropped=tuple(name for name, was, now in zip(names, best, loads, strict=True) if was > LEAST_MW >= now),
                added=tuple(name for name, was, now in zip(names, best, loads, strict=True) if now > LEAST_MW >= was),
            )
        )
    return tuple(results)


def _keep_least(master: Master, best: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Replace the objective by the load at the best plan's sites."""
    master.model.cost = [0.0] * len(master.model.cost)
    whole = max(float(best.sum()), 1.0)
    for (number, _), column in master.loads.items():
        master.model.cost[column] = float(best[master.problem.blocks[number].site]) / whole
    for (site, _), column in master.opens.items():
        master.model.cost[column] = float(best[site] > LEAST_MW)


def _cost_of(problem: Problem, known: Known, choice: Choice, limit: float) -> float:
    """The least cost of the same sites and loads, since the search for difference leaves it open."""
    exact = write_master(problem, known, "inner")
    for key, column in exact.loads.items():
        exact.model.lower[column] = max(float(choice.load_mw[key]) - 1e-3, 0.0)
        exact.model.upper[column] = float(choice.load_mw[key]) + 1e-3
    for key, column in exact.opens.items():
        exact.model.lower[column] = exact.model.upper[column] = float(choice.open[key])
    settled = exact.solve(relative_gap=GAP, seconds=SECONDS)
    return limit if settled is None else min(settled.objective, limit)


def find_entries(problem: Problem, known: Known, found: Found) -> tuple[Entry, ...]:
    """For each site that is not chosen, the support per MW that would bring it in, the cheapest first.

    The site is made to serve `ENTRY_MW` (its largest load if that is less) beside the plan's sites, which give
    up load for it; what the plan then costs more, over that load, is the support, or the fall of its own cost,
    that is enough to make it as good as the plan.
    """
    chosen = site_loads(problem, found.choice)
    entries = []
    for site, place in enumerate(problem.places):
        load = min(ENTRY_MW, place.candidate.max_mw)
        if chosen[site] > LEAST_MW or load <= LEAST_MW:
            continue
        master = write_master(problem, known, "inner")
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
            held = 1.0 if other == site else float(found.choice.open[other, phase])
            master.model.lower[column] = held if other != site or phase == problem.phases - 1 else 0.0
            master.model.upper[column] = held
        forced = master.solve(relative_gap=GAP / 10, seconds=SECONDS)
        if forced is not None:
            more = max(forced.objective - found.cost_myen, 0.0)
            entries.append(Entry(place.candidate.id, load, more / (load * first)))
    return tuple(sorted(entries, key=lambda entry: (entry.support_myen_per_mw, entry.site)))
