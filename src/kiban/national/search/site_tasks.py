"""Evaluations of sites as tasks of a pool of workers: any process makes the same points, to the last bit.

What crosses is the programme of the site with the point to start from, in text: some megabytes for a year, beside
seconds of work. Prices of areas and what a package makes of costs change it from question to question, so that no
shorter name would say which one is meant.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from kiban.arrays import Array
from kiban.linear.kernel.packing import pack, unpack
from kiban.national.search.kept_points import HeldStart, KeptStart, Named, plain_point, restore_point
from kiban.national.search.subproblem import Point, evaluate_from
from kiban.national.study.site_model import SiteModel
from kiban.tasks.content import plain_bytes, plain_content, restore_bytes, restore_content

if TYPE_CHECKING:
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore

SITE_FUNCTION = "kiban.national.search.site_tasks:answer_site"


class SiteAsked(NamedTuple):
    """An evaluation that is wanted: of which site, where, to which accuracy, and where it starts."""

    model: SiteModel
    z: Array
    tolerance: float
    start: HeldStart | KeptStart | None

    def arguments(self) -> dict[str, Any]:
        """What a worker is told."""
        begun = self.start.load() if self.start is not None else None
        return {
            "model": plain_content(self.model),
            "z": plain_content(self.z),
            "tolerance": self.tolerance,
            "start": None if begun is None else plain_bytes(pack(begun)),
        }


def answer_site(model: Mapping[str, Any], z: Mapping[str, Any], tolerance: float, start: str | None) -> dict[str, Any]:
    """The point at z, and what it leaves for others to start from; raises `SolverError` where nothing can be proven."""
    begun = None if start is None else unpack(restore_bytes(start))
    point, left = evaluate_from(restore_content(model), restore_content(z), tolerance=tolerance, start=begun)
    return {"point": plain_point(point), "left": None if left is None else plain_bytes(pack(left))}


class SiteWorkers:
    """A pool that evaluates sites, for a search and its forks; one of them at a time hands out its sites."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = threading.Lock()

    def evaluate(
        self, asked: Sequence[SiteAsked], store: AnswerStore | None
    ) -> list[tuple[Point, HeldStart | KeptStart | None]]:
        """Points and what they leave, in order: from the store, or made, and kept as they come."""
        with self._turn:
            found: dict[int, tuple[Point, HeldStart | KeptStart | None]] = {}
            named: dict[int, Named] = {}
            if store is not None:
                for place, one in enumerate(asked):
                    assert not isinstance(one.start, HeldStart)
                    named[place] = Named(store, one.model, one.z, one.tolerance, one.start)
                    known = named[place].find()
                    if known is not None:
                        found[place] = known
            left = [place for place in range(len(asked)) if place not in found]
            for number, answer in self._pool.answer(SITE_FUNCTION, _Arguments([asked[place] for place in left])):
                place, content = left[number], answer["left"]
                packed = None if content is None else restore_bytes(content)
                point = restore_point(answer["point"])
                if place in named:
                    found[place] = named[place].keep(point, packed)
                else:
                    found[place] = point, None if packed is None else HeldStart(unpack(packed))
            return [found[place] for place in range(len(asked))]


class _Arguments(Sequence[Mapping[str, Any]]):
    """Arguments that are written when they are sent: all of a round would take the memory of all sites."""

    def __init__(self, asked: Sequence[SiteAsked]) -> None:
        self._asked = asked

    def __len__(self) -> int:
        return len(self._asked)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (one.arguments() for one in self._asked)

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Any:
        return _Arguments(self._asked[place]) if isinstance(place, slice) else self._asked[place].arguments()
