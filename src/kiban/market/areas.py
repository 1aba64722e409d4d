"""The nine connected areas of Japan's day-ahead market, and the ties between them with a limit in each direction.

Okinawa is joined to none of them and has no exchange; it is no area of this market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.prices import PRICE_AREAS as MARKET_AREAS

__all__ = ["MARKET_AREAS", "Ties", "load_ties"]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Ties from one area to another, by their places in `areas`.

    `forward_mw` limits flows from `origin` to `destination`, `reverse_mw` those back; both are at least 0, of shape
    `(ties,)`, or `(hours, ties)` where limits change.
    """

    areas: tuple[str, ...]
    origin: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    forward_mw: Array
    reverse_mw: Array

    def __post_init__(self) -> None:
        count, places = self.origin.size, len(self.areas)
        for limit in (self.forward_mw, self.reverse_mw):
            if limit.shape[-1] != count or not (np.isfinite(limit) & (limit >= 0.0)).all():
                raise ValueError("a tie needs a finite limit of at least 0 MW in each direction")
        ends = np.concatenate([self.origin, self.destination])
        if ends.size and (ends.min() < 0 or ends.max() >= places or (self.origin == self.destination).any()):
            raise ValueError("a tie joins two different areas of the market")

    @property
    def names(self) -> tuple[str, ...]:
        """`FROM-TO` of every tie."""
        return tuple(f"{self.areas[a]}-{self.areas[b]}" for a, b in zip(self.origin, self.destination, strict=True))


def load_ties(catalogue: Catalogue, limits: str = "operating") -> Ties:
    """The ties between the nine areas: their `operating` limits, or the `published` ones.

    Published limits are the rows `interconnector.*`. Operating limits, rows `market.tie.*`, are the flows that were
    seen on ties that are not in a ring, and the published ones elsewhere.
    """
    root = {"operating": "market.tie", "published": "interconnector"}[limits]
    names = [
        fact.removesuffix(".forward").removeprefix("interconnector.")
        for fact in catalogue.facts
        if fact.startswith("interconnector.") and fact.endswith(".forward")
    ]
    found = []
    for name in names:
        first, _, last = name.partition("-")
        forward, reverse = (catalogue.value(f"{root}.{name}.{way}") for way in ("forward", "reverse"))
        found.append((first, last, forward, reverse))
    return ties_of(MARKET_AREAS, found)


def ties_of(areas: Sequence[str], ties: Sequence[tuple[str, str, float, float]]) -> Ties:
    """Ties of a list of `(from, to, forward_mw, reverse_mw)`."""
    places = {area: place for place, area in enumerate(areas)}
    return Ties(
        areas=tuple(areas),
        origin=np.array([places[first] for first, *_ in ties], dtype=np.int64),
        destination=np.array([places[last] for _, last, *_ in ties], dtype=np.int64),
        forward_mw=np.array([forward for *_, forward, _ in ties], dtype=np.float64),
        reverse_mw=np.array([reverse for *_, reverse in ties], dtype=np.float64),
    )
