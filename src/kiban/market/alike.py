"""Days of a market that are alike: they clear alike, so that one of them is cleared for all.

A year of means has few days: each month has one for work and one for rest. Measured days are all different.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.market.blocks import Market

Places = npt.NDArray[np.int64]


def find_alike(market: Market, horizon_hours: int) -> tuple[Places, Places]:
    """The hours of horizons that differ, `(n,)`, and for each hour of the market its place among those, `(hours,)`.

    Two horizons are alike where demand, capacities, offers and limits are the same in each of their hours.
    """
    count = market.hours // horizon_hours
    varying = [array.reshape(count, -1) for array in _by_hour(market)]
    first: dict[bytes, int] = {}
    chosen: list[int] = []
    place = np.empty(count, dtype=np.int64)
    for horizon in range(count):
        key = b"".join(array[horizon].tobytes() for array in varying)
        if key not in first:
            first[key] = len(chosen)
            chosen.append(horizon)
        place[horizon] = first[key]
    hours = np.arange(horizon_hours)
    starts = np.array(chosen, dtype=np.int64) * horizon_hours
    return (starts[:, None] + hours).ravel(), (place[:, None] * horizon_hours + hours).ravel()


def _by_hour(market: Market) -> Iterator[Array]:
    """Whatever has a value for each hour and bears on how it clears; what an output emits does not."""
    yield market.demand_mw
    arrays = [market.ties.forward_mw, market.ties.reverse_mw]
    for block in market.blocks:
        arrays += [block.capacity_mw, block.low_yen_per_kwh, block.high_yen_per_kwh]
    yield from (array for array in arrays if array.ndim == 2 and array.shape[0] == market.hours)
