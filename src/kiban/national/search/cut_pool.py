"""The cut pool: what was evaluated of the sites, for the next round and for the next question.

Points are kept under the content of a site's programme: a question that leaves a programme as it is
costs no solve there. Where a price changes, the same points are evaluated again, and each solve starts
from a point on the way to its old solution, which leaves a tenth of the work.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kiban.arrays import Array
from kiban.national.search.kept_points import HeldStart, KeptStart, evaluate_kept
from kiban.national.search.site_tasks import SiteAsked, SiteWorkers
from kiban.national.search.subproblem import Point, Points, evaluate_from, reprice
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_model import SiteModel
from kiban.national.study.site_programme import SITE_TOLERANCE

if TYPE_CHECKING:
    from kiban.tasks.store import AnswerStore

SAME_MW = 1e-4
"""Share of a linking variable by which two values may differ and still be one, where no finer accuracy is asked."""
SAME_SHARE = 1e-3
"""A limit of which a larger share is left over is no limit."""
SIMILAR = 0.15
"""A solve starts from another if its load and limits differ by less than this share of the load."""
MOST_STARTS = 12
"""Warm starts of one site in the pool, four megabytes each for a year."""
MOST_CARRIED = 24
"""Designs of one site that are carried over to other prices."""


class SeparationPoint(NamedTuple):
    """Where to evaluate the least cost of a site: its model, and the linking variables z."""

    model: SiteModel
    z: Array


def is_same(z: Array, other: Array, tolerance: float = np.inf) -> bool:
    """Whether two values of the linking variables are one, each by its own size: MW stand beside tonnes.

    A cost changes by no greater a share than the load. So what is known to a `tolerance` stands for nothing that lies
    further off than that: else a plan would cost less than is proven of the load that it serves.
    """
    apart = min(SAME_MW, tolerance)
    return bool(np.all(np.abs(z - other) <= apart * (1.0 + np.abs(z))))


@dataclass(slots=True)
class CutPool:
    """Points by the content of a site's programme; by its label, separation points and warm starts."""

    points: dict[str, list[Point]] = field(default_factory=dict)
    separation_points: dict[str, list[Array]] = field(default_factory=dict)
    shapes: dict[str, SiteModel] = field(default_factory=dict)
    starts: dict[str, list[tuple[Point, HeldStart | KeptStart]]] = field(default_factory=dict)
    solves: int = 0
    store: AnswerStore | None = None
    """Keeps every evaluation, and has those of a search that did not come to its end (`kept_points`)."""
    is_fork: bool = False
    workers: SiteWorkers | None = None
    """Evaluate the sites, where that is not this process."""

    def points_of(self, problem: NationalProblem) -> Points:
        """The points of every subproblem of a problem."""
        return {
            (block, which): self.points.get(subproblem.model.key, [])
            for block, which, subproblem in problem.subproblems()
        }

    def find(self, model: SiteModel, z: Array, tolerance: float = np.inf) -> Point | None:
        """A point at z with a cut, as accurate as asked, or None."""
        for point in self.points.get(model.key, ()):
            if point.has_cut and point.tolerance <= tolerance and is_same(z, point.z, tolerance):
                return point
        return None

    def carry_over(self, model: SiteModel) -> None:
        """Take over designs of the same site at other yearly costs of capacity, priced anew."""
        before = self.shapes.get(model.shape)
        if before is not None and before.key != model.key and model.key not in self.points:
            known = self.points.get(before.key, ())[-MOST_CARRIED:]
            self.points[model.key] = [
                reprice(point, before.resources, model.resources, model.classes) for point in known
            ]
        self.shapes[model.shape] = model

    def evaluate(
        self,
        separation_points: Iterable[SeparationPoint],
        *,
        tolerance: float = SITE_TOLERANCE,
        threads: int | None = None,
    ) -> list[Point]:
        """The points at all separation points, in order; those not in the pool to `tolerance` are solved in parallel.

        Where each solve starts is decided before any of them ends, so that results do not depend on threads.
        """
        listed = list(separation_points)
        found = [self.find(model, z, tolerance) for model, z in listed]
        missing = [number for number, point in enumerate(found) if point is None]
        starts = {number: self._find_start(*listed[number]) for number in missing}

        def solve(number: int) -> tuple[Point, HeldStart | KeptStart | None]:
            (model, z), start = listed[number], starts[number]
            if self.store is not None:
                assert not isinstance(start, HeldStart)
                return evaluate_kept(self.store, model, z, tolerance=tolerance, start=start)
            begun = start.load() if start is not None else None
            point, left = evaluate_from(model, z, tolerance=tolerance, start=begun)
            return point, HeldStart(left) if left is not None else None

        if self.workers is not None:
            asked = [SiteAsked(*listed[number], tolerance, starts[number]) for number in missing]
            solved = self.workers.evaluate(asked, self.store)
        else:
            with ThreadPoolExecutor(threads or os.cpu_count() or 1) as executor:
                solved = list(executor.map(solve, missing))
        for number, (point, start) in zip(missing, solved, strict=True):
            found[number] = point
            self._add(listed[number].model, point, start)
        self.solves += len(missing)
        return [point for point in found if point is not None]

    def fork(self) -> CutPool:
        """A pool with the same content, which grows on its own."""
        return replace(
            self,
            points=dict(self.points),
            separation_points=dict(self.separation_points),
            shapes=dict(self.shapes),
            starts=dict(self.starts),
            is_fork=True,
        )

    def _find_start(self, model: SiteModel, z: Array) -> HeldStart | KeptStart | None:
        """The warm start that the most similar solve left behind, if any is similar."""
        starts = [(point, start) for point, start in self.starts.get(model.label, ()) if point.z.size == z.size]
        apart = [distance(point, z, model.classes) for point, _ in starts]
        return starts[int(np.argmin(apart))][1] if apart and min(apart) <= SIMILAR else None

    def _add(self, model: SiteModel, point: Point, start: HeldStart | KeptStart | None) -> None:
        """A new point takes the place of one that was less accurate, or priced anew."""
        others = self.points.get(model.key, ())
        self.points[model.key] = [*(other for other in others if not is_same(point.z, other.z, point.tolerance)), point]
        if start is not None:
            others_started = [one for one in self.starts.get(model.label, ()) if not _same_start(one[0].z, point.z)]
            before = self.starts.get(model.label, [])
            self.starts[model.label] = [*others_started, (point, start)][-MOST_STARTS:]
            if self.store is not None and not self.is_fork:
                # A fork's own may be another's too.
                left = {one.name for _, one in self.starts[model.label] if isinstance(one, KeptStart)}
                gone = {one.name for _, one in before if isinstance(one, KeptStart)} - left
                self.store.remove_points(gone)


def _same_start(z: Array, other: Array) -> bool:
    return z.size == other.size and is_same(z, other)


def distance(point: Point, z: Array, classes: int) -> float:
    """How far z is from where a point was solved: the largest change of a load or limit, as a share of the load.

    A limit that left the design room counts from where the new one would cut into it.
    """
    slack = (point.used < point.z * (1.0 - SAME_SHARE)) & (np.arange(z.size) >= classes)
    old, new = np.where(slack, point.used, point.z), np.where(slack, np.minimum(z, point.used), z)
    return float(np.abs(new - old).max() / point.z[:classes].sum())
