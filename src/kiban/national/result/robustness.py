"""How firm the choice of sites is: joint draws of the assumptions, and the changes at which the largest site falls.

What was evaluated for the plan is priced anew, item by item, and the inner master chooses sites and sizes
again: no site is solved. Designs therefore do not answer to a price by themselves; the mixture of designs
does. The cost in a draw is an upper bound on the least cost there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.messages import Message
from kiban.national.result.comparison import COUNTED_MW, RELATIVE_GAP, grown_most, site_loads, site_names, turnover
from kiban.national.result.plan import FlipPoint, Robustness, Turnover
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import Choice, write_master
from kiban.national.search.subproblem import Point, Points
from kiban.national.study.problem import NationalProblem
from kiban.progress import Report

ITEMS: Mapping[str, tuple[str, ...]] = {
    "energy": ("energy",),
    "pv": ("pv",),
    "wind": ("wind_onshore", "wind_offshore_fixed", "wind_offshore_floating"),
    "battery": ("battery_power", "battery_energy"),
    "geothermal": ("geothermal",),
    "interconnection": ("interconnection",),
    "construction": ("it_building", "it_electrical", "it_fitout", "it_cooling"),
}
"""Items of a site's cost that an assumption scales."""

ROWS: Mapping[str, str] = {
    "energy": "grid.all_in_price",
    "pv": "pv.capex",
    "wind": "wind_onshore.capex",
    "battery": "battery.energy_capex",
    "geothermal": "geothermal.capex",
    "interconnection": "grid.connection_capex",
    "construction": "datacentre.building.capex",
    "hazard": "hazard.shaking.building_damage",
    "site": "national.site_fixed",
    "headroom": "grid.tohoku.headroom",
}
"""Catalogue row whose range is the range of an assumption, as factors on its value."""

NETWORK = ("spare", "interconnectors")
"""What areas can spare and interconnectors carry: moved for flip points only, as their joint range is not known."""

SEARCH = (0.5, 2.0)
"""Factors between which flip points are searched."""
BISECTIONS = 5
DRAW_SECONDS = 10.0
"""Most time for the choice of one draw."""
PERCENTILES = (5.0, 50.0, 95.0)


def read_ranges(catalogue: Catalogue) -> dict[str, tuple[float, float]]:
    """Factors between which each assumption is drawn, from the ranges of the catalogue."""
    ranges = {}
    for name, row in ROWS.items():
        fact = catalogue.fact(row)
        if fact.value > 0 and fact.low is not None and fact.high is not None:
            ranges[name] = (fact.low / fact.value, fact.high / fact.value)
    return ranges


def assess(
    problem: NationalProblem,
    points: Points,
    incumbent: Incumbent,
    catalogue: Catalogue,
    *,
    draws: int,
    seed: int,
    flips: bool,
    report: Report,
) -> Robustness | None:
    """How often each site is chosen over joint draws, and the flip points of the largest site; None for neither."""
    if not draws and not flips:
        return None
    ranges = read_ranges(catalogue)
    generator = np.random.default_rng(seed)
    drawn = [
        {
            name: float(generator.triangular(low, 1.0, high)) if low < high else 1.0
            for name, (low, high) in ranges.items()
        }
        for _ in range(draws)
    ]
    report(Message("progress.national_drawing", count=draws))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        choices = list(pool.map(lambda factors: choose(problem, points, factors), drawn))
    feasible = [choice for choice in choices if choice is not None]
    names = site_names(problem)
    loads = np.array([site_loads(problem, choice) for choice in feasible]).reshape(-1, len(names))
    count = max(len(feasible), 1)
    costs = [choice.objective for choice in feasible]
    low, middle, high = np.percentile(costs, PERCENTILES).tolist() if costs else (incumbent.cost_myen,) * 3
    return Robustness(
        draws=len(feasible),
        ranges={**ranges, "search": SEARCH},
        chosen={name: float((loads[:, n] > COUNTED_MW).sum()) / count for n, name in enumerate(names)},
        mean_mw={name: float(loads[:, n].sum()) / count for n, name in enumerate(names)},
        cost_myen=(low, middle, high),
        flips=find_flips(problem, points, incumbent) if flips else (),
    )


def choose(problem: NationalProblem, points: Points, factors: Mapping[str, float]) -> Choice | None:
    """The choice of sites with some assumptions scaled; None where none satisfies the limits."""
    changed = _scale(problem, factors)
    master = write_master(changed, points, "inner", price=lambda point: _price(point, factors))
    return master.solve(relative_gap=RELATIVE_GAP, seconds=DRAW_SECONDS)


def _price(point: Point, factors: Mapping[str, float]) -> float:
    """The cost of a design with scaled items."""
    more = 0.0
    for name, items in ITEMS.items():
        factor = factors.get(name, 1.0)
        more += (factor - 1.0) * sum(point.costs.get(item, 0.0) for item in items)
    return point.cost_myen + more


def _scale(problem: NationalProblem, factors: Mapping[str, float]) -> NationalProblem:
    """The problem with what is scaled outside the sites' programmes: hazard, fixed cost of sites, connection."""
    hazard = factors.get("hazard", 1.0) - 1.0
    site, headroom = factors.get("site", 1.0), factors.get("headroom", 1.0)
    places = tuple(
        replace(
            place,
            candidate=replace(
                place.candidate, fixed_cost_myen_per_year=place.candidate.fixed_cost_myen_per_year * site
            ),
        )
        for place in problem.places
    )
    blocks = tuple(
        replace(
            block,
            cost_myen_per_mw=block.cost_myen_per_mw
            + hazard
            * (problem.places[block.site].hazards[0].damage_myen + problem.places[block.site].hazards[0].downtime_myen),
        )
        for block in problem.blocks
    )
    areas = {area: replace(limit, headroom_mw=limit.headroom_mw * headroom) for area, limit in problem.areas.items()}
    network = problem.network
    if network is not None:
        spare, carried = (factors.get(name, 1.0) for name in NETWORK)
        network = replace(
            network,
            spare_mw={area: mw * spare for area, mw in network.spare_mw.items()},
            links=tuple(
                replace(
                    link,
                    forward_mw=tuple(mw * carried for mw in link.forward_mw),
                    reverse_mw=tuple(mw * carried for mw in link.reverse_mw),
                )
                for link in network.links
            ),
        )
    return replace(problem, places=places, blocks=blocks, areas=areas, network=network)


def find_flips(problem: NationalProblem, points: Points, incumbent: Incumbent) -> tuple[FlipPoint, ...]:
    """For each assumption alone, the factors at which the plan's largest site is no longer chosen.

    And which sites come and go at the ends of the range.
    """
    best = site_loads(problem, incumbent.choice)
    leading = int(np.argmax(best))
    names = site_names(problem)
    flips = []
    for assumption in (*ROWS, *(NETWORK if problem.network is not None else ())):
        ends = [_find_edge(problem, points, assumption, end, leading, best) for end in SEARCH]
        flips.append(
            FlipPoint(
                assumption,
                names[leading],
                lower=ends[0].factor,
                upper=ends[1].factor,
                instead=ends[0].instead or ends[1].instead,
                at_low=ends[0].turnover,
                at_high=ends[1].turnover,
            )
        )
    return tuple(flips)


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a search: the factor at which the site is gone, what takes its place, and what changes at the end."""

    factor: float | None
    instead: tuple[str, ...]
    turnover: Turnover | None


def _find_edge(
    problem: NationalProblem,
    points: Points,
    assumption: str,
    end: float,
    leading: int,
    best: Array,
) -> _End:
    """The factor nearest to 1 towards `end` at which the site is gone, and what takes its place there."""

    def loads_at(factor: float) -> Array | None:
        choice = choose(problem, points, {assumption: factor})
        return None if choice is None else site_loads(problem, choice)

    at_end = loads_at(end)
    if at_end is None:
        return _End(None, (), None)
    changes = turnover(problem, best, at_end)
    if at_end[leading] > COUNTED_MW:
        return _End(None, (), changes)
    stays, gone, then = 1.0, end, at_end
    for _ in range(BISECTIONS):
        middle = (stays + gone) / 2
        loads = loads_at(middle)
        if loads is None or loads[leading] > COUNTED_MW:
            stays = middle
        else:
            gone, then = middle, loads
    return _End(gone, grown_most(problem, best, then), changes)
