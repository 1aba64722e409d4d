"""Separation: where cuts are added, and how far the two models of a site's cost may differ there.

The outer model of a cost is the highest of its cuts, the inner one the cheapest convex combination of its designs.
They enclose the cost; where they differ by more than a part of the gap, the site is evaluated.

Cuts are stabilised by in-out separation (Ben-Ameur and Neto, 2007, Networks 49, 3-17): not at the proposal of the
outer master, as in Kelley's method, which swings from corner to corner, but half way between it (out) and the
proposal of the inner master (in), which the designs can build. A cut there serves both, and brings the next two
nearer to each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.national.search.cut_pool import SAME_MW, CutPool, SeparationPoint
from kiban.national.search.master import Choice
from kiban.national.search.mixed_integer import MixedInteger
from kiban.national.search.subproblem import Point, Points
from kiban.national.search.transport import spare_headroom
from kiban.national.study.problem import NationalProblem, Subproblem, linking_values

MASTER_SHARE = 0.1
"""Part of the gap that a master may leave open itself."""
SUBPROBLEMS_SHARE = 0.3
"""Part of the gap that the models of all subproblems may leave open together."""
SAME_ROUND = 0.02
"""Two separation points this near to each other are one in a round, as a share of the largest linking variable."""
IN_OUT = 0.5
"""Weight of the outer proposal in a separation point."""


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """A separation point, and by how much the outer and the inner model differ there, million yen a year."""

    point: SeparationPoint
    gap_myen: float


def linking_of(problem: NationalProblem, choice: Choice, number: int, which: int, subproblem: Subproblem) -> Array:
    """The linking variables z that a choice gives a subproblem."""
    load = np.zeros(problem.classes)
    for tranche, group in enumerate(problem.class_of):
        load[group] += choice.load_mw[number, tranche]
    shared = np.array([choice.shared_mw.get((number, name), 0.0) for name in subproblem.model.limited])
    carbon = choice.carbon_t.get((number, which), 0.0)
    return linking_values(subproblem, load, float(choice.connection_mw[number]), shared, carbon)


def allowed_gap(choice: Choice, gap: float) -> float:
    """How far the models of one subproblem may differ at a choice, million yen a year."""
    open_blocks = max(1, int(choice.load_mw.any(axis=1).sum()))
    return gap * SUBPROBLEMS_SHARE * max(1.0, abs(choice.objective)) / open_blocks


def between(outer: Choice, inner: Choice) -> Choice:
    """The in-out point: half way between the proposals of the two masters.

    Where only one of them builds, its own proposal is taken.
    """
    alone = outer.load_mw.any(axis=1) != inner.load_mw.any(axis=1)
    weight = np.where(alone, outer.load_mw.any(axis=1).astype(float), IN_OUT)

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
            area: IN_OUT * (outer.reinforcement_mw[area] + inner.reinforcement_mw[area])
            for area in inner.reinforcement_mw
        },
    )


def add_cuts(
    problem: NationalProblem, pool: CutPool, points: Points, choice: Choice, gap: float, tolerance: float
) -> bool:
    """Evaluate the sites where the models by `points` differ too much at a choice; whether anything was new."""
    separations = separate(problem, points, choice, gap)
    ranked = sorted(separations, key=lambda one: (-one.gap_myen, one.point.model.label))
    fresh: list[SeparationPoint] = []
    for point in (one.point for one in ranked):
        if pool.find(point.model, point.z, tolerance) is None and not any(
            other.model is point.model and _same_round(point.z, other.z) for other in fresh
        ):
            fresh.append(point)
    pool.evaluate(fresh, tolerance=tolerance)
    return bool(fresh)


def separate(problem: NationalProblem, points: Points, choice: Choice, gap: float) -> list[Separation]:
    """Where the outer and the inner model differ too much at a choice, by subproblem."""
    generous = distribute_slack(problem, choice)
    allowed = allowed_gap(choice, gap)
    separations = []
    for number, which, subproblem in problem.subproblems():
        if not choice.load_mw[number].any():
            continue
        z = linking_of(problem, generous, number, which, subproblem)
        own = points[number, which]
        lower = max((point.cut_at(z) for point in own if point.has_cut), default=0.0)
        apart = subproblem.weight * (inner_cost(problem, own, z) - lower)
        if apart > allowed:
            # Where no designs serve z, the cost itself says how much there is to learn.
            size = apart if math.isfinite(apart) else subproblem.weight * abs(lower)
            separations.append(Separation(SeparationPoint(subproblem.model, z), size))
    return separations


def inner_cost(problem: NationalProblem, points: Sequence[Point], z: Array) -> float:
    """The inner model at z, the cheapest convex combination of points that serves z, million yen; infinite without."""
    if not points:
        return math.inf
    model = MixedInteger()
    columns = [model.add_column(point.cost_myen) for point in points]
    model.add_row([(column, 1.0) for column in columns], upper=1.0)
    for place, value in enumerate(z):
        if place < problem.classes:
            terms = [(column, float(point.z[place])) for column, point in zip(columns, points, strict=True)]
            model.add_row(terms, lower=float(value) * (1 - SAME_MW))
        else:
            terms = [(column, float(point.used[place])) for column, point in zip(columns, points, strict=True)]
            model.add_row(terms, upper=float(value) * (1 + SAME_MW) + SAME_MW)
    try:
        answer = model.solve()
    except SolverError:
        return math.inf
    return answer.objective if answer.status == "optimal" else math.inf


def _same_round(z: Array, other: Array) -> bool:
    return bool(np.abs(z - other).max() <= SAME_ROUND * (1.0 + float(np.abs(z).max())))


def distribute_slack(problem: NationalProblem, choice: Choice) -> Choice:
    """The choice with the slack of every common limit shared out among open blocks by their load."""
    load = choice.load_mw.sum(axis=1)
    connection = choice.connection_mw.copy()
    within: dict[str, list[int]] = {area: [] for area in problem.areas}
    for number, block in enumerate(problem.blocks):
        if load[number] > 0 and any(subproblem.connected for subproblem in block.subproblems):
            within[problem.area_of(block)].append(number)
    left_mw = {
        area: limit.headroom_mw + choice.reinforcement_mw.get(area, 0.0) - float(connection[within[area]].sum())
        for area, limit in problem.areas.items()
    }
    left_mw = spare_headroom(problem, np.where(load > 0, connection, 0.0), left_mw, choice.expansion_mw)
    for area, blocks in within.items():
        left = left_mw[area]
        for number in blocks:
            block = problem.blocks[number]
            own = problem.places[block.site].candidate.connection_mw
            most = min(problem.connection_needed_mw(block), own)
            share = left * load[number] / float(load[blocks].sum())
            connection[number] = min(max(connection[number] + max(share, 0.0), 0.0), most)
    _hold_site_limits(problem, choice, connection)
    shared = _distribute_shared(problem, choice, load)
    carbon = dict(choice.carbon_t)
    if carbon:
        open_keys = [key for key in carbon if load[key[0]] > 0]
        for phase in range(problem.phases):
            now = [key for key in open_keys if phase in problem.blocks[key[0]].subproblems[key[1]].phases]
            if problem.phases == 1 and now:
                rest = problem.carbon_cap_t - sum(carbon[which] for which in now)
                whole = sum(load[which[0]] for which in now)
                for which in now:
                    carbon[which] += max(rest, 0.0) * load[which[0]] / whole
    return replace(choice, connection_mw=connection, shared_mw=shared, carbon_t=carbon)


def _distribute_shared(problem: NationalProblem, choice: Choice, load: Array) -> dict[tuple[int, str], float]:
    """Shared supply with its slack: a block under several limits gets no more than each can spare for it."""
    spare: dict[tuple[int, str], float] = {}
    for common in problem.shared:
        keys = [
            key
            for key in choice.shared_mw
            if key[1] == common.supply and problem.blocks[key[0]].site in common.sites and load[key[0]] > 0
        ]
        left = max(common.max_mw - sum(choice.shared_mw[key] for key in keys), 0.0)
        whole = sum(load[key[0]] for key in keys)
        for key in keys:
            spare[key] = min(spare.get(key, math.inf), left * float(load[key[0]]) / whole)
    return {key: mw + spare.get(key, 0.0) for key, mw in choice.shared_mw.items()}


def _hold_site_limits(problem: NationalProblem, choice: Choice, connection: Array) -> None:
    """A site's own connection limit holds for all of its blocks together."""
    for site, place in enumerate(problem.places):
        own = [number for number, block in enumerate(problem.blocks) if block.site == site]
        total = float(connection[own].sum())
        if len(own) > 1 and total > place.candidate.connection_mw:
            connection[own] = choice.connection_mw[own]
