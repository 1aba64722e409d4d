"""Hours of the nine areas as they were: demand and supply, what thermal plants and ties gave, and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.market.hours import MarketHours
from kiban.messages import Message


@dataclass(frozen=True, slots=True, eq=False)
class ObservedHours:
    """Hours in order, possibly with gaps; arrays are MW by (hours, areas) in the order of the hours' areas.

    Ties' flows are positive into the area. `stored` says whether storages still have to serve the net load; where only
    large plants are known they have served it already, and all else that is known of an area stands as its sun.
    """

    hours: MarketHours
    thermal_mw: Array
    curtailed_mw: Array
    tie_inflow_mw: Array
    price_yen_per_kwh: Array
    stored: bool
    notes: tuple[Message, ...] = ()

    @property
    def start(self) -> npt.NDArray[np.datetime64]:
        """Start of each hour, Japanese standard time (hours,)."""
        return self.hours.start

    def chosen(self, mask: npt.NDArray[np.bool_]) -> ObservedHours:
        """Some of the hours."""
        return replace(self, hours=replace(self.hours, **_rows(self.hours, mask)), **_rows(self, mask))

    def between(self, first: np.datetime64, end: np.datetime64) -> ObservedHours:
        """Hours from `first` up to, not including, `end`."""
        return self.chosen((self.start >= first) & (self.start < end))


def _rows(whole: Any, mask: npt.NDArray[np.bool_]) -> Mapping[str, Any]:
    """The arrays of a dataclass at some of their rows."""
    arrays = {field.name: getattr(whole, field.name) for field in fields(whole)}
    return {name: array[mask] for name, array in arrays.items() if isinstance(array, np.ndarray)}
