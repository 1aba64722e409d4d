"""How often an area can take no more from its neighbours: the hours in which a non-firm load there would yield.

An area's room in an hour is what its ties could still bring in beyond what flows, tie by tie, whoever would supply it,

    room = sum over its ties of (limit towards the area - flow towards the area)        before the load is there

and a non-firm load takes what fits into it: it is called where the room is smaller than the load, and keeps the room.
An hour in which the area falls back on its reserve or sheds load leaves no room at all. Its own plants that stand still
are not counted, since the network keeps them for those who have a firm connection; with them counted (`with_plants`)
there are fewer such hours, and the two bound what a network would do. What is full below the level of an area, a
substation or a line, the market of areas does not know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.market.clearing import Clearing
from kiban.market.offers import RESERVE, UNSERVED, UNSERVED_LOAD

LAST_RESORT = (RESERVE, UNSERVED, UNSERVED_LOAD)
TRACE_MW = 1.0
"""Room, or supply, that is none."""


@dataclass(frozen=True, slots=True)
class Calls:
    """How a non-firm load of one area is called over the hours of a market."""

    hours: int
    energy_mwh: float
    """What it does not draw when called at full load."""
    kept_share: float
    """Of the load in the mean of the hours called; 1 where there are none."""


def import_room_mw(clearing: Clearing, area: str) -> Array:
    """What the ties of an area could still bring in, `(hours,)`; none in hours in which the area is short."""
    ties, flow = clearing.market.ties, clearing.flow_mw
    place = ties.areas.index(area)
    forward, reverse = (np.broadcast_to(limit, flow.shape) for limit in (ties.forward_mw, ties.reverse_mw))
    inward = np.where(ties.destination == place, forward - flow, 0.0)
    inward = inward + np.where(ties.origin == place, reverse + flow, 0.0)
    short = _supply(clearing, place, last_resort=True) > TRACE_MW
    return np.asarray(np.where(short, 0.0, np.maximum(inward, 0.0).sum(axis=1)))


def unused_plants_mw(clearing: Clearing, area: str) -> Array:
    """What plants of an area could still give, `(hours,)`, the reserve apart."""
    place = clearing.market.ties.areas.index(area)
    blocks = [block for block in clearing.market.blocks if block.name not in LAST_RESORT]
    capacity = sum((block.capacity_mw[:, place] for block in blocks), np.zeros(len(clearing.price_yen_per_kwh)))
    return np.asarray(capacity - _supply(clearing, place, last_resort=False))


def count_calls(clearing: Clearing, area: str, load_mw: float, *, with_plants: bool = False) -> Calls:
    """How a non-firm load of `load_mw` in an area is called; with `with_plants` its idle plants make room too."""
    room = import_room_mw(clearing, area)
    if with_plants:
        room = room + unused_plants_mw(clearing, area)
    missing = np.maximum(load_mw - room, 0.0)
    called = missing > TRACE_MW
    hours, energy = int(called.sum()), float(missing[called].sum())
    return Calls(hours, energy, 1.0 - energy / (hours * load_mw) if hours else 1.0)


def _supply(clearing: Clearing, place: int, *, last_resort: bool) -> Array:
    """Output in an area of what comes last (reserve, shed load), or of all the rest."""
    blocks = [block for block in clearing.market.blocks if (block.name in LAST_RESORT) == last_resort]
    return sum((clearing.output_mw(block)[:, place] for block in blocks), np.zeros(len(clearing.price_yen_per_kwh)))
