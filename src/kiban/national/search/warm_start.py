"""Warm start of the cut pool after a change of prices: which of its cuts to prove anew.

A cut belongs to the prices at which it was found. What it will be at others is estimated to first order
from its design, and only where that matters is the site evaluated again, from where the old solve came
through. What is merely estimated never becomes a bound.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from kiban.messages import Message
from kiban.national.search.cut_pool import CutPool, SeparationPoint
from kiban.national.search.master import Choice, solve_masters
from kiban.national.search.separation import MASTER_SHARE, allowed_gap, linking_of
from kiban.national.search.subproblem import Point, Points
from kiban.national.study.problem import NationalProblem
from kiban.progress import Report

MOST_RENEWALS = 12
"""Rounds in which old cuts are proven at new prices before new ones are added."""
MOST_CUTS = 3
"""Old cuts of one site in such a round."""


def renew_cuts(problem: NationalProblem, pool: CutPool, gap: float, tolerance: float, report: Report) -> None:
    """After a change of prices, prove anew the cuts that are estimated to matter, as long as any does.

    The first proposal is made by the estimates of all cuts, the others by what is proven where anything is, until no
    estimate speaks against a proposal.
    """
    for number in range(MOST_RENEWALS):
        points = pool.points_of(problem)
        if not any(point.is_estimated for own in points.values() for point in own):
            return
        unproven = {key for key, own in points.items() if not any(point.has_cut for point in own)}
        estimated = {
            key: [_with_estimate(point) for point in own] if key in unproven or not number else own
            for key, own in points.items()
        }
        outer, inner = solve_masters(problem, estimated, points, gap * MASTER_SHARE)
        if outer is None:
            return
        if number and not unproven and inner is not None and inner.objective - outer.bound <= gap * inner.objective:
            # What is proven is enough, whatever is estimated of the rest.
            return
        old = _find_violated(problem, points, outer, gap)
        chosen = {point.model.key for point in old}
        old += [point for point in _first_of_each(problem, points, unproven) if point.model.key not in chosen]
        if old:
            report(Message("progress.national_renewing", count=len(old)))
            pool.evaluate(old, tolerance=tolerance)
        elif number:
            return


def _find_violated(problem: NationalProblem, points: Points, choice: Choice, gap: float) -> list[SeparationPoint]:
    """Separation points whose cuts are estimated to raise the cost of a choice above what is proven, or nearly do."""
    allowed = allowed_gap(choice, gap)
    violated = []
    for number, which, subproblem in problem.subproblems():
        if not choice.load_mw[number].any():
            continue
        z = linking_of(problem, choice, number, which, subproblem)
        proven = max((point.cut_at(z) for point in points[number, which] if point.has_cut), default=0.0)
        estimates = [(point.estimate_at(z), point) for point in points[number, which] if point.is_estimated]
        estimates.sort(key=lambda pair: -pair[0])
        for value, point in estimates[:MOST_CUTS]:
            # Proposals lie where several cuts meet: those that are nearly the highest matter as well.
            near_highest = subproblem.weight * (estimates[0][0] - value) <= allowed
            if subproblem.weight * (value - proven) > allowed and near_highest:
                violated.append(SeparationPoint(subproblem.model, point.z))
    return violated


def _first_of_each(
    problem: NationalProblem, points: Points, unproven: Collection[tuple[int, int]]
) -> list[SeparationPoint]:
    """One old separation point of every subproblem without a proven cut: that of the highest estimate."""
    first = []
    for number, which, subproblem in problem.subproblems():
        own = [point for point in points[number, which] if point.is_estimated]
        if (number, which) in unproven and own:
            middle = np.mean([point.z for point in own], axis=0)
            highest = max(range(len(own)), key=lambda place: own[place].estimate_at(middle))
            first.append(SeparationPoint(subproblem.model, own[highest].z))
    return first


def _with_estimate(point: Point) -> Point:
    """The point with its estimated cut as if it were proven."""
    return replace(point, bound_myen=point.estimate_myen) if point.is_estimated else point
