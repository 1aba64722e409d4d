"""Blocks of supply that rise in price, and the market of many hours that they make with demand and ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.market.areas import Ties


@dataclass(frozen=True, slots=True, eq=False)
class SupplyBlock:
    """Supply that is offered between two prices: nothing at the lower one, all of it at the higher, in a straight line.

    Arrays have the shape `(hours, areas)` or one that broadcasts to it. Capacities are at least 0 and the higher price
    is above the lower one, so that output and price determine each other. `emission_t_per_mwh` counts what an output
    emits.
    """

    name: str
    capacity_mw: Array
    low_yen_per_kwh: Array
    high_yen_per_kwh: Array
    emission_t_per_mwh: Array

    def output_mw(self, price_yen_per_kwh: Array) -> Array:
        """Output at prices of shape `(hours, areas)`, of that shape."""
        width = self.high_yen_per_kwh - self.low_yen_per_kwh
        return np.asarray(self.capacity_mw * np.clip((price_yen_per_kwh - self.low_yen_per_kwh) / width, 0.0, 1.0))

    def cost_thousand_yen(self, output_mw: Array) -> Array:
        """Cost of an output over an hour: the area under the offer, thousand yen (MWh times yen/kWh)."""
        width = self.high_yen_per_kwh - self.low_yen_per_kwh
        # Nothing comes out of a block without capacity.
        rising = output_mw**2 / np.maximum(2.0 * self.capacity_mw, 1e-300)
        return np.asarray(self.low_yen_per_kwh * output_mw + width * rising)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Demand, blocks of supply and ties of many hours; `demand_mw` has the shape `(hours, areas)`.

    The blocks must be able to serve every hour: one of them stands for demand that is not served.
    """

    demand_mw: Array
    blocks: tuple[SupplyBlock, ...]
    ties: Ties

    def __post_init__(self) -> None:
        shape = self.demand_mw.shape
        if shape[1:] != (len(self.ties.areas),) or not np.isfinite(self.demand_mw).all():
            raise ValueError("demand is a finite number for every hour and area of the ties")
        for block in self.blocks:
            if not (np.broadcast_to(block.high_yen_per_kwh - block.low_yen_per_kwh, shape) > 0.0).all():
                raise ValueError(f"the offer of {block.name} does not rise")
            if not (np.broadcast_to(block.capacity_mw, shape) >= 0.0).all():
                raise ValueError(f"the capacity of {block.name} is negative")

    @property
    def hours(self) -> int:
        """Number of hours."""
        return int(self.demand_mw.shape[0])

    def at(self, hours: npt.NDArray[np.int64]) -> Market:
        """The market of some of the hours, by their places."""
        blocks = tuple(
            SupplyBlock(
                block.name,
                _at(block.capacity_mw, hours, self.hours),
                _at(block.low_yen_per_kwh, hours, self.hours),
                _at(block.high_yen_per_kwh, hours, self.hours),
                _at(block.emission_t_per_mwh, hours, self.hours),
            )
            for block in self.blocks
        )
        ties = replace(
            self.ties,
            forward_mw=_at(self.ties.forward_mw, hours, self.hours),
            reverse_mw=_at(self.ties.reverse_mw, hours, self.hours),
        )
        return Market(self.demand_mw[hours], blocks, ties)

    def with_demand(self, more_mw: Array) -> Market:
        """The same market with more demand, of a shape that broadcasts to that of demand."""
        return Market(self.demand_mw + more_mw, self.blocks, self.ties)

    def with_blocks(self, blocks: Sequence[SupplyBlock]) -> Market:
        """The same market with more blocks of supply."""
        return Market(self.demand_mw, (*self.blocks, *blocks), self.ties)


def _at(array: Array, hours: npt.NDArray[np.int64], count: int) -> Array:
    """An array at some of `count` hours; as it is where it is the same at all times."""
    return array[hours] if array.ndim == 2 and array.shape[0] == count else array


def flat_block(name: str, capacity_mw: Array, low: float, high: float) -> SupplyBlock:
    """A block whose prices are the same at all times and which emits nothing."""
    return SupplyBlock(name, capacity_mw, np.array(low), np.array(high), np.array(0.0))
