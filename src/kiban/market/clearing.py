"""The market of each hour, cleared exactly: prices of the areas from the dual by a safeguarded Newton method.

Least cost of serving demand, hour by hour, with output q of block k in area a between 0 and its capacity and flow f on
tie t within its limits:

    min  sum_k (low q + (high - low) q^2 / (2 capacity)) + sum_t f^2 / (2 TIE_SLOPE_MW_PER_YEN)
    s.t. sum_k q + flows in - flows out = demand in every area                   (dual: the area's price)

The dual is convex, once differentiable and piecewise quadratic in the prices of the areas; its gradient is the excess
of supply. Newton's method ends on the right piece after a few steps. All hours are worked on side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.market.areas import Ties
from kiban.market.blocks import Market, SupplyBlock
from kiban.market.elimination import edges_of, find_pattern, ordered, solve_pattern
from kiban.market.newton import MOST_NEWTON_STEPS, Pieces, minimise

TIE_SLOPE_MW_PER_YEN = 200_000.0
"""Flow on a tie per yen/kWh of price difference: 2,000 MW cost one tick of the exchange, 0.01 yen/kWh."""
BALANCED_MW = 1e-6
"""An hour is cleared when supply exceeds demand nowhere by more, up or down."""
_HOURS_AT_ONCE = 512
"""Hours whose blocks fit into the cache of a processor."""
_FIRST_PRICE_YEN = 10.0
_OTHER_PRICES_YEN = (0.0, 30.0, 100.0, 300.0, 15.0)
_SOME = 12
_FLAT_SLOPE_MW_PER_YEN = 1e-6
"""Slope that Newton's matrix has where no supply answers to the price; the balance does not know it.

A region between the offers of two blocks is left by steps of what it lacks over this slope: a larger one crawls.
"""
_REGULAR_SLOPE_MW_PER_YEN = 1e-8
"""What is left of it in local slopes, so that their systems are regular."""


@dataclass(frozen=True, slots=True, eq=False)
class Clearing:
    """A cleared market: arrays by hour first, then by area or by tie.

    `flow_mw` is positive from origin to destination. `excess_mw` is what is left of the balance, supply less demand.
    """

    market: Market
    price_yen_per_kwh: Array
    flow_mw: Array
    excess_mw: Array

    def output_mw(self, block: SupplyBlock) -> Array:
        """Output of a block of this market, `(hours, areas)`."""
        return block.output_mw(self.price_yen_per_kwh)

    def cost_thousand_yen(self) -> Array:
        """Cost of supply and of flows in each hour, shape `(hours,)`."""
        supply = sum(block.cost_thousand_yen(self.output_mw(block)).sum(axis=1) for block in self.market.blocks)
        return np.asarray(supply + (self.flow_mw**2).sum(axis=1) / (2.0 * TIE_SLOPE_MW_PER_YEN))

    def congestion_rent_thousand_yen(self) -> Array:
        """Flow times difference of prices, destination less origin, by hour and tie."""
        ties, price = self.market.ties, self.price_yen_per_kwh
        return np.asarray(self.flow_mw * (price[:, ties.destination] - price[:, ties.origin]))

    def respond(self, more_mw: Array) -> Array:
        """Change of prices per unit of more demand in the directions `more_mw`, `(hours, areas)`: the local slope."""
        dual = HourDuals(self.market)
        _, slope, off = dual.evaluate(np.ascontiguousarray(self.price_yen_per_kwh.T))
        more = np.broadcast_to(more_mw, self.price_yen_per_kwh.shape).T
        # The balance knows no slope but those of supply and ties; a trace of one keeps the systems regular.
        exact = slope - (_FLAT_SLOPE_MW_PER_YEN - _REGULAR_SLOPE_MW_PER_YEN)
        return np.ascontiguousarray(solve_pattern(dual.pattern, exact, off, more).T)


def clear(market: Market, start_yen_per_kwh: Array | None = None) -> Clearing:
    """The prices, flows and outputs of all hours; `start_yen_per_kwh` is where the search for prices begins.

    Raises SolverError where an hour does not clear, which happens where no block serves demand.
    """
    duals = HourDuals(market)
    if start_yen_per_kwh is None:
        price = np.full_like(duals.demand, _FIRST_PRICE_YEN)
        _find_from_few(duals, price)
    else:
        price = np.array(np.broadcast_to(start_yen_per_kwh, market.demand_mw.shape).T, order="C")
        find_prices(duals, price, BALANCED_MW)
    excess = _refine(duals, price)
    open_hours = int((~(np.abs(excess).max(axis=0) <= BALANCED_MW)).sum())
    if open_hours:
        raise SolverError(f"the market of {open_hours} hours does not clear")
    return Clearing(
        market=market,
        price_yen_per_kwh=np.ascontiguousarray(price.T),
        flow_mw=tie_flow_mw(market.ties, price).T,
        excess_mw=np.ascontiguousarray(excess.T),
    )


def _refine(duals: HourDuals, price: Array) -> Array:
    """One step more where it makes the balance better, in place; what is left of the balance.

    On the right piece a step is exact but for rounding, so that payments of a year balance to the yen.
    """
    pieces = duals.evaluate(price)
    nearer = price + duals.direction(pieces)
    excess, *_ = duals.evaluate(nearer)
    better = np.abs(excess).max(axis=0) < np.abs(pieces[0]).max(axis=0)
    price[:, better] = nearer[:, better]
    return np.where(better, excess, pieces[0])


def _find_from_few(duals: HourDuals, price: Array) -> None:
    """Clear a few hours first: in the order of net load each of the others begins where its neighbour ended."""
    free = duals.blocks[1].max(axis=(1, 2)) <= 0.0
    order = np.argsort((duals.demand - duals.blocks[2][free].sum(axis=0)).sum(axis=0))
    few = order[_SOME // 2 :: _SOME]
    if few.size:
        found = price[:, few]
        find_prices(duals.chosen(few), found, BALANCED_MW)
        price[:, order] = found[:, np.minimum(np.arange(order.size) // _SOME, few.size - 1)]
    find_prices(duals, price, BALANCED_MW)


def find_prices(duals: HourDuals, price: Array, tolerance_mw: float) -> None:
    """Move prices `(areas, hours)` to where all hours are cleared, in place.

    The rare hour in which supply does not answer to prices over a wide stretch, so that steps go to and fro, begins
    again from other prices.
    """
    steps = minimise(duals, price, tolerance_mw)
    for other in _OTHER_PRICES_YEN:
        if steps < MOST_NEWTON_STEPS:
            return
        left = np.flatnonzero(np.abs(duals.evaluate(price)[0]).max(axis=0) > tolerance_mw)
        again = np.full((price.shape[0], left.size), other)
        steps = minimise(duals.chosen(left), again, tolerance_mw)
        price[:, left] = again


def tie_flow_mw(ties: Ties, price: Array) -> Array:
    """Flows at prices `(areas, hours)`, shape `(ties, hours)`."""
    wanted = TIE_SLOPE_MW_PER_YEN * (price[ties.destination] - price[ties.origin])
    return np.clip(wanted, *_limits(ties))


def _limits(ties: Ties) -> tuple[Array, Array]:
    if ties.forward_mw.ndim == 1:
        return -ties.reverse_mw[:, None], ties.forward_mw[:, None]
    return -ties.reverse_mw.T, ties.forward_mw.T


class HourDuals:
    """The duals of the hours of a market, or of some of them: excess supply is their gradient.

    Arrays have the areas, blocks or ties first and the hours last, so that vectors over hours lie in one piece.
    """

    def __init__(self, market: Market, spare_blocks: int = 0) -> None:
        shape = market.demand_mw.shape
        ties = market.ties
        self.demand = np.ascontiguousarray(market.demand_mw.T)
        # For each block: MW per yen/kWh, what that makes of the lower price, and its capacity. Spare ones are empty.
        self.blocks = np.zeros((3, len(market.blocks) + spare_blocks, *shape[::-1]))
        for place, block in enumerate(market.blocks):
            rise = block.capacity_mw / (block.high_yen_per_kwh - block.low_yen_per_kwh)
            for part, value in enumerate((rise, block.low_yen_per_kwh * rise, block.capacity_mw)):
                self.blocks[part, place] = np.broadcast_to(value, shape).T
        self.least, self.most = (np.broadcast_to(limit, (ties.origin.size, shape[0])) for limit in _limits(ties))
        self.ends = list(zip(ties.origin.tolist(), ties.destination.tolist(), strict=True))
        self.edges = edges_of(self.ends)
        self.places = [self.edges.index(ordered(*ends)) for ends in self.ends]
        self.pattern = find_pattern(shape[1], self.edges)

    def chosen(self, hours: npt.NDArray[np.int64]) -> HourDuals:
        """The same for some of the hours."""
        other = object.__new__(HourDuals)
        other.ends, other.edges, other.places, other.pattern = self.ends, self.edges, self.places, self.pattern
        for name in ("demand", "blocks", "least", "most"):
            setattr(other, name, np.take(getattr(self, name), hours, axis=-1))
        return other

    def evaluate(self, price: Array) -> Pieces:
        """Excess of supply `(areas, hours)`, its own slopes of that shape, and its slopes across edges."""
        excess, slope = np.empty_like(price), np.empty_like(price)
        for first in range(0, price.shape[1], _HOURS_AT_ONCE):
            some = slice(first, first + _HOURS_AT_ONCE)
            rise, begin, capacity = self.blocks[..., some]
            wanted = price[:, some] * rise
            wanted -= begin
            output = np.maximum(wanted, 0.0)
            np.minimum(output, capacity, out=output)
            np.add.reduce(output, axis=0, out=excess[:, some])
            # A block that gives what its line wants is on it.
            np.multiply(rise, wanted == output, out=wanted)
            np.add.reduce(wanted, axis=0, out=slope[:, some])
        excess -= self.demand
        slope += _FLAT_SLOPE_MW_PER_YEN
        off = np.zeros((len(self.edges), price.shape[1]))
        for (origin, destination), place, least, most in zip(
            self.ends, self.places, self.least, self.most, strict=True
        ):
            flow = TIE_SLOPE_MW_PER_YEN * (price[destination] - price[origin])
            free = TIE_SLOPE_MW_PER_YEN * ((flow > least) & (flow < most))
            flow = np.clip(flow, least, most)
            excess[origin] -= flow
            excess[destination] += flow
            slope[origin] += free
            slope[destination] += free
            off[place] -= free
        return excess, slope, off

    def direction(self, pieces: Pieces) -> Array:
        """Newton's direction of all hours."""
        excess, slope, off = pieces
        return solve_pattern(self.pattern, slope, off, -excess)

    def bend(self, pieces: Pieces, way: Array) -> Array:
        """Second derivative of the duals along a way."""
        _, slope, off = pieces
        bend = (slope * way**2).sum(axis=0)
        for (first, last), across in zip(self.edges, off, strict=True):
            bend += 2.0 * across * way[first] * way[last]
        return np.asarray(bend)
