"""What a search has learnt about the sites, for its next round and for the next question.

Points are kept under the content of a site's programme: a question that leaves a programme as it is
costs no solve there. Where a price changes, the same arguments are asked again, and each solve starts
from a point on the way to its old answer, which leaves a tenth of the work.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.national.search.master import Known
from kiban.national.search.subproblem import TOLERANCE, Point, SiteModel, evaluate_from, reprice
from kiban.national.study.problem import Problem

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

SAME_MW = 1e-4
SIMILAR = 0.3
"""A solve starts from another whose arguments differ by less than this share of the largest."""
MOST_STARTS = 12
"""Starts that are kept of one site, four megabytes each for a year."""


def is_same(z: Array, other: Array) -> bool:
    """Whether two arguments are one question."""
    return bool(np.abs(z - other).max() <= SAME_MW * (1.0 + float(np.abs(z).max())))


MOST_RECALLED = 24
"""Designs of one site that are taken over at other prices."""


@dataclass(slots=True)
class Memory:
    """Points by the content of a site's programme; by its label, the arguments that mattered and where to start."""

    points: dict[str, list[Point]] = field(default_factory=dict)
    asked: dict[str, list[Array]] = field(default_factory=dict)
    shapes: dict[str, SiteModel] = field(default_factory=dict)
    starts: dict[str, list[tuple[Array, WarmStart]]] = field(default_factory=dict)
    solves: int = 0

    def known(self, problem: Problem) -> Known:
        """The points of every function of a problem."""
        return {
            (block, which): self.points.get(function.model.key, []) for block, which, function in problem.functions()
        }

    def find(self, model: SiteModel, z: Array, tolerance: float = np.inf) -> Point | None:
        """A point at the same arguments, as accurate as asked, or None."""
        for point in self.points.get(model.key, ()):
            if point.has_cut and point.tolerance <= tolerance and is_same(z, point.asked):
                return point
        return None

    def recall(self, model: SiteModel) -> None:
        """Take over designs of the same site at other yearly costs of capacity, priced anew."""
        before = self.shapes.get(model.shape)
        if before is not None and before.key != model.key and model.key not in self.points:
            known = self.points.get(before.key, ())[-MOST_RECALLED:]
            self.points[model.key] = [
                reprice(point, before.resources, model.resources, model.classes) for point in known
            ]
        self.shapes[model.shape] = model

    def ask(
        self,
        questions: Iterable[tuple[SiteModel, Array]],
        *,
        tolerance: float = TOLERANCE,
        threads: int | None = None,
    ) -> list[Point]:
        """The points at all questions, in order; those that are not known to `tolerance` are solved in parallel.

        Where each solve starts is decided before any of them ends, so that answers do not depend on threads.
        """
        listed = list(questions)
        found = [self.find(model, z, tolerance) for model, z in listed]
        missing = [number for number, point in enumerate(found) if point is None]
        starts = {number: self._find_start(*listed[number]) for number in missing}

        def solve(number: int) -> tuple[Point, WarmStart | None]:
            return evaluate_from(*listed[number], tolerance=tolerance, start=starts[number])

        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            solved = list(pool.map(solve, missing))
        for number, (point, start) in zip(missing, solved, strict=True):
            found[number] = point
            self._keep(listed[number][0], point, start)
        self.solves += len(missing)
        return [point for point in found if point is not None]

    def fork(self) -> Memory:
        """A memory with the same content, which learns on its own."""
        return Memory(dict(self.points), dict(self.asked), dict(self.shapes), dict(self.starts), self.solves)

    def _find_start(self, model: SiteModel, z: Array) -> WarmStart | None:
        """Where the solve of the most similar arguments came through, if any are similar."""
        kept = [(other, start) for other, start in self.starts.get(model.label, ()) if other.size == z.size]
        apart = [float(np.abs(other - z).max()) for other, _ in kept]
        if not apart or min(apart) > SIMILAR * (1.0 + float(np.abs(z).max())):
            return None
        return kept[int(np.argmin(apart))][1]

    def _keep(self, model: SiteModel, point: Point, start: WarmStart | None) -> None:
        """A new point takes the place of one that was less accurate, or priced anew."""
        others = self.points.get(model.key, ())
        self.points[model.key] = [*(other for other in others if not is_same(point.asked, other.asked)), point]
        if start is not None:
            before = [kept for kept in self.starts.get(model.label, ()) if not _same_start(kept[0], point.asked)]
            self.starts[model.label] = [*before, (point.asked, start)][-MOST_STARTS:]


def _same_start(z: Array, other: Array) -> bool:
    return z.size == other.size and is_same(z, other)
