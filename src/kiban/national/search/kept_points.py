"""Evaluations that are kept: a search that was killed goes its way again, and solves no site that it has solved.

An evaluation is named by all that it depends on: the content of the site's model, the linking variables, the accuracy,
and the evaluation whose point it started from. The search is deterministic given the evaluations (masters are solved on
one thread, and where each solve starts is decided before any of them ends). So it asks the same again in the same order
and finds every answer until it comes to the first that is missing: nothing of its own state needs to be kept.

The point that a solve leaves for the next to start from is kept beside its answer, some megabytes for a year, as long
as the search may start from it. Where one is gone it is made again from its own evaluation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.arrays import Array
from kiban.national.search.subproblem import Point, evaluate_from, evaluate_one_way
from kiban.national.study.site_model import SiteModel
from kiban.planning.one_way import TwoWay
from kiban.tasks.task import Key

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.tasks.store import AnswerStore

UNKNOWN = "estimate_myen"
"""What a point that was evaluated does not have: minus infinity, which is no JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldStart:
    """A point on the way to an optimum, for the next solve to start from: one that is at hand."""

    warm: WarmStart

    def load(self) -> WarmStart | None:
        """The point itself."""
        return self.warm


@dataclass(frozen=True, slots=True, eq=False)
class KeptStart:
    """One that is in the store, under the name of the evaluation that left it."""

    name: str
    store: AnswerStore
    model: SiteModel
    z: Array
    tolerance: float
    before: KeptStart | None

    def load(self) -> WarmStart | None:
        """The point from the store, or made again; always as it was written."""
        from kiban.linear.kernel.packing import pack, unpack

        content = self.store.find_point(self.name)
        if content is None:
            start = self.before.load() if self.before is not None else None
            warm = evaluate_from(self.model, self.z, tolerance=self.tolerance, start=start)[1]
            if warm is None:
                return None
            content = pack(warm)
            self.store.keep_point(self.name, content)
        return unpack(content)


def evaluate_kept(
    store: AnswerStore, model: SiteModel, z: Array, *, tolerance: float, start: KeptStart | None
) -> tuple[Point, KeptStart | None]:
    """As `evaluate_from`, from the store where it is there, else made and kept."""
    from kiban.linear.kernel.packing import pack

    named = Named(store, model, z, tolerance, start)
    # Forks of a pool may ask for the same at the same time.
    with store.turn(named.key):
        known = named.find()
        if known is None:
            begun = start.load() if start is not None else None
            point, warm = evaluate_from(model, z, tolerance=tolerance, start=begun)
            known = named.keep(point, None if warm is None else pack(warm))
    return known


class Named:
    """An evaluation under its name in a store."""

    def __init__(
        self, store: AnswerStore, model: SiteModel, z: Array, tolerance: float, start: KeptStart | None
    ) -> None:
        name = _name_of(model, z, repr(tolerance), "" if start is None else start.name)
        self._store, self._own = store, KeptStart(name, store, model, z, tolerance, start)
        self.key = Key(model.key, f"site-{name}", store.edition)

    def find(self) -> tuple[Point, KeptStart | None] | None:
        """What is kept: the point, and the start that it leaves."""
        known = self._store.find(self.key)
        return None if known is None else self._read(known)

    def keep(self, point: Point, left: bytes | None) -> tuple[Point, KeptStart | None]:
        """Keep a point and the bytes of the start that it leaves."""
        if left is not None:
            # Before the answer: an answer that is there has its point.
            self._store.keep_point(self._own.name, left)
        content = {"point": plain_point(point), "leaves_point": left is not None}
        self._store.keep(self.key, content)
        return self._read(content)

    def _read(self, content: Mapping[str, Any]) -> tuple[Point, KeptStart | None]:
        return restore_point(content["point"]), self._own if content["leaves_point"] else None


def one_way_kept(store: AnswerStore | None, model: SiteModel, point: Point) -> tuple[Point, TwoWay | None]:
    """As `evaluate_one_way`, from the store where it is there, else made and kept; nothing is kept without one."""
    if store is None:
        return evaluate_one_way(model, point)
    content = plain_point(point)
    key = Key(model.key, f"one-way-{_name_of(model, point.z, repr(content))}", store.edition)
    known = store.find(key)
    if known is None:
        kept, two_way = evaluate_one_way(model, point)
        told = None if two_way is None else {f.name: getattr(two_way, f.name) for f in fields(TwoWay)}
        known = {"point": plain_point(kept), "two_way": told}
        store.keep(key, known)
    return restore_point(known["point"]), None if known["two_way"] is None else TwoWay(**known["two_way"])


def _name_of(model: SiteModel, z: Array, *more: str) -> str:
    content = hashlib.sha256()
    for part in (model.arrivals, model.floor_steps, z):
        content.update(repr(part.shape).encode())
        content.update(np.ascontiguousarray(part).tobytes())
    for text in (model.key, *more):
        content.update(f"{len(text)} {text}".encode())
    return content.hexdigest()


def plain_point(point: Point) -> dict[str, Any]:
    """A point in plain types; without what it does not know."""
    content: dict[str, Any] = {}
    for field in fields(Point):
        value = getattr(point, field.name)
        if field.name == UNKNOWN and not np.isfinite(value):
            continue
        content[field.name] = (
            value.tolist() if isinstance(value, np.ndarray) else dict(value) if isinstance(value, Mapping) else value
        )
    return content


def restore_point(content: Mapping[str, Any]) -> Point:
    """The point of `plain_point`."""
    arrays = {name: np.array(content[name], dtype=float) for name in ("z", "used", "slope", "import_mw")}
    return Point(**{**content, **arrays})
