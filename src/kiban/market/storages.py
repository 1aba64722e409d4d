"""The market with storages, cleared exactly: prices of the areas and the value of stored energy in every hour.

A storage is a node of its own in each hour, joined to its area by what it delivers and takes, and to itself an hour
later by what it holds, between nothing and its size. A day (or another horizon) begins with what it ends with.

    deliver  g = clip(P (price - value) / band, 0, P)           value: of a kWh that can be delivered
    take     c = clip(P (efficiency value - price) / band, 0, P)
    hold     x = clip(size (value an hour later - value) / HOLDING_YEN_PER_KWH, 0, size)
    value    x before + efficiency c = g + x after              (its balance)

The band is the spread of prices over which a storage comes to its full output; it makes the programme strictly convex,
as does a holding cost of a tick of the exchange. The dual is that of `clearing` with one unknown more for each
storage and hour, and the same method solves it, a day at a time, all days side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.catalogue import Catalogue
from kiban.errors import SolverError
from kiban.market.alike import find_alike
from kiban.market.areas import MARKET_AREAS
from kiban.market.blocks import Market
from kiban.market.clearing import BALANCED_MW, Clearing, HourDuals, clear, find_prices
from kiban.market.elimination import Edge, eliminate, filled, find_pattern
from kiban.market.newton import Pieces, minimise

HOLDING_YEN_PER_KWH = 0.01
"""By how much the value of stored energy rises in an hour in which a storage is full."""
_LEAST_SLOPE = 1e-3
_CLEARED_MW = 1e-7
_ROUGHLY_MWH = 1.0
_VALUE_HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Storages:
    """Storages of the areas, arrays `(storages,)`: place of the area, power both ways, size in delivered MWh.

    `efficiency` is that of a round trip; `band_yen_per_kwh` the spread of prices from standstill to full output.
    """

    area: npt.NDArray[np.int64]
    power_mw: Array
    size_mwh: Array
    efficiency: Array
    band_yen_per_kwh: Array

    def __post_init__(self) -> None:
        positive = (self.power_mw, self.size_mwh, self.band_yen_per_kwh)
        if not all((values > 0.0).all() for values in positive):
            raise ValueError("power, size and band of a storage are positive")
        if not ((self.efficiency > 0.0) & (self.efficiency <= 1.0)).all():
            raise ValueError("the efficiency of a storage lies between 0 and 1")


@dataclass(frozen=True, slots=True, eq=False)
class StorageClearing:
    """A cleared market with storages: arrays `(hours, storages)`, power in MW, `held_mwh` at the end of the hour.

    `clearing` has demand less what storages deliver. `gap_thousand_yen` is the cost of all hours less the value of the
    dual, a bound on what any other schedule could save.
    """

    clearing: Clearing
    storages: Storages
    deliver_mw: Array
    take_mw: Array
    held_mwh: Array
    value_yen_per_kwh: Array
    cost_thousand_yen: float
    gap_thousand_yen: float

    @property
    def output_mw(self) -> Array:
        """Delivered less taken by area, `(hours, areas)`."""
        return area_output_mw(self.storages, self.deliver_mw - self.take_mw, self.clearing.market.demand_mw.shape[1])


def load_storages(catalogue: Catalogue, used_share: float | None = None) -> Storages:
    """Pumped hydro of the areas, `used_share` of its nameplate (None: of the catalogue), with its whole reservoir."""
    share = catalogue.value("market.pumped.used_share") if used_share is None else used_share
    names = [area for area in MARKET_AREAS if f"market.pumped.{area}.capacity" in catalogue]
    nameplate = np.array([catalogue.value(f"market.pumped.{area}.capacity") for area in names])
    count = len(names)
    return Storages(
        area=np.array([MARKET_AREAS.index(area) for area in names], dtype=np.int64),
        power_mw=share * nameplate,
        size_mwh=catalogue.value("market.pumped.duration") * nameplate,
        efficiency=np.full(count, catalogue.value("market.pumped.efficiency")),
        band_yen_per_kwh=np.full(count, catalogue.value("market.pumped.price_band")),
    )


def clear_with_storages(
    market: Market, storages: Storages, horizon_hours: int = HOURS_PER_DAY, start: Array | None = None
) -> StorageClearing:
    """Prices, flows and schedules of least cost; each horizon begins with what its storages hold at its end.

    Horizons that are alike are cleared once. `start` are prices near those that are looked for, best of the same
    market with a little other demand: what storages do at them is where they begin. Raises SolverError where a horizon
    does not clear.
    """
    if horizon_hours < 2 or market.hours % horizon_hours:
        raise ValueError("the hours of the market are a whole number of horizons of two hours or more")
    areas = market.demand_mw.shape[1]
    some, place = find_alike(market, horizon_hours)
    different = market.at(some)
    near = clear(different).price_yen_per_kwh if start is None else start[some]
    duals = HorizonDuals(different, storages, horizon_hours, near)
    point = _values_of_whole_horizons(duals)
    minimise(duals, point, BALANCED_MW)
    gradient, *_, prices = duals.evaluate(point)
    left = int((~(np.abs(gradient).max(axis=(0, 1)) <= BALANCED_MW)).sum())
    if left:
        raise SolverError(f"the market of {left} horizons with storages does not clear")
    price, value, excess = in_time(prices)[place], in_time(point)[place], in_time(gradient)[place]
    deliver, take, held = (in_time(part)[place] for part in duals.use(point)[:3])
    clearing = clear(market.with_demand(-area_output_mw(storages, deliver - take, areas)), price)
    bands = storages.band_yen_per_kwh / (2.0 * storages.power_mw) * (deliver**2 + take**2)
    holding = HOLDING_YEN_PER_KWH / (2.0 * storages.size_mwh) * held**2
    cost = float(clearing.cost_thousand_yen().sum() + bands.sum() + holding.sum())
    # Every amount is the best answer to its prices, so that cost and dual differ by the balances that are left open.
    gap = float((clearing.excess_mw * clearing.price_yen_per_kwh).sum() + (excess * value).sum())
    return StorageClearing(clearing, storages, deliver, take, held, value, cost, gap)


def _values_of_whole_horizons(duals: HorizonDuals) -> Array:
    """Values near those of least cost: one for a whole horizon, as if storages were large and held for nothing."""
    duals.constant, whole = True, first_values(duals)
    minimise(duals, whole, _ROUGHLY_MWH)
    duals.evaluate(whole)
    duals.constant = False
    return spread_values(duals, whole)


def first_values(duals: HorizonDuals) -> Array:
    """Values of whole horizons that balance what is taken and delivered at the present prices, `(storages, 1, n)`."""
    efficiency = duals.storages.efficiency[:, None, None]
    paid = duals.price[duals.storages.area]
    low, high = paid.min(axis=1, keepdims=True), paid.max(axis=1, keepdims=True) / efficiency
    for _ in range(_VALUE_HALVINGS):
        value = 0.5 * (low + high)
        deliver, take, *_ = duals.use(value)
        more = (deliver - efficiency * take).sum(axis=1, keepdims=True) > 0.0
        low, high = np.where(more, value, low), np.where(more, high, value)
    return np.asarray(value)


def spread_values(duals: HorizonDuals, whole: Array) -> Array:
    """Values hour by hour from those of whole horizons.

    They rise with what is held and fall back where a storage is empty, as values of least cost do.
    """
    size = duals.storages.size_mwh[:, None, None]
    deliver, take, *_ = duals.use(whole)
    stored = np.cumsum(duals.storages.efficiency[:, None, None] * take - deliver, axis=1)
    held = np.minimum(stored - stored.min(axis=1, keepdims=True), size)
    rise = np.roll(HOLDING_YEN_PER_KWH * held / size, 1, axis=1)
    empty = held.argmin(axis=1)[:, None, :]
    since = np.cumsum(rise, axis=1)
    since -= np.take_along_axis(since, empty, axis=1)
    # Hours before the empty one come after that of the day before.
    since += np.where(np.arange(since.shape[1])[None, :, None] > empty, 0.0, rise.sum(axis=1, keepdims=True))
    middle = 0.5 * (since.max(axis=1, keepdims=True) + since.min(axis=1, keepdims=True))
    return np.asarray(whole + since - middle)


def area_output_mw(storages: Storages, output_mw: Array, areas: int) -> Array:
    """Outputs `(hours, storages)` added up by area."""
    found = np.zeros((output_mw.shape[0], areas))
    for place, area in enumerate(storages.area):
        found[:, area] += output_mw[:, place]
    return found


def by_horizon(series: Array, horizon_hours: int) -> Array:
    """`(hours, n)` as `(n, hours of a horizon, horizons)`."""
    return np.ascontiguousarray(series.reshape(-1, horizon_hours, series.shape[1]).transpose(2, 1, 0))


def in_time(parts: Array) -> Array:
    """`(n, hours of a horizon, horizons)` as `(hours, n)`."""
    return np.ascontiguousarray(parts.transpose(2, 1, 0).reshape(-1, parts.shape[0]))


class HorizonDuals:
    """The duals of the horizons of a market with storages, least over the prices of areas; the batch of `newton`.

    Points are values of stored energy `(storages, hours of a horizon, horizons)`. At each point the hours are cleared,
    as a market in which storages are blocks of supply, from the prices of the point before. Where values are
    `constant` over a horizon, points are `(storages, 1, horizons)`, and what is held has neither cost nor limit.
    """

    constant = False

    def __init__(self, market: Market, storages: Storages, horizon_hours: int, price: Array) -> None:
        horizons = market.hours // horizon_hours
        order = np.arange(market.hours).reshape(horizons, horizon_hours).T.ravel()
        self.length, self.count = horizon_hours, horizons
        self.areas, self.size = market.demand_mw.shape[1], storages.area.size
        self.storages = storages
        # Two blocks of each area for its first storage, two for its second.
        self.ranks = [int((storages.area[:place] == area).sum()) for place, area in enumerate(storages.area)]
        self.spare = 2 * (max(self.ranks, default=0) + 1)
        self.hours = HourDuals(market, self.spare).chosen(order)
        self.price = by_horizon(price, horizon_hours)
        blocks = self.hours.blocks[:, -self.spare :]
        for place, (area, rank) in enumerate(zip(storages.area, self.ranks, strict=True)):
            # What a storage does not take is supply beside a demand of all that it may take.
            self.hours.demand[area] += storages.power_mw[place]
            blocks[0, 2 * rank : 2 * rank + 2, area] = storages.power_mw[place] / storages.band_yen_per_kwh[place]
            blocks[2, 2 * rank : 2 * rank + 2, area] = storages.power_mw[place]
        links = [(int(area), self.areas + place) for place, area in enumerate(storages.area)]
        self.pairs = [(a, b) for a in range(self.size) for b in range(a + 1, self.size)]
        edges: tuple[Edge, ...] = (
            *self.hours.edges,
            *links,
            *((self.areas + a, self.areas + b) for a, b in self.pairs),
        )
        self.pattern = find_pattern(self.areas + self.size, edges, self.areas)

    def chosen(self, members: npt.NDArray[np.int64]) -> HorizonDuals:
        """The same for some of the horizons."""
        other = object.__new__(HorizonDuals)
        other.__dict__.update(self.__dict__)
        places = (np.arange(self.length)[:, None] * self.count + members).ravel()
        other.hours, other.count, other.price = self.hours.chosen(places), members.size, self.price[..., members]
        return other

    def use(self, value: Array) -> tuple[Array, ...]:
        """What storages deliver, take and hold at the end of each hour; and the slopes of the three, 0 at a limit."""
        storages = self.storages
        power, size, efficiency, band = (
            values[:, None, None]
            for values in (storages.power_mw, storages.size_mwh, storages.efficiency, storages.band_yen_per_kwh)
        )
        paid = self.price[storages.area]
        rises = (
            (power, power / band, paid - value),
            (power, power / band, efficiency * value - paid),
            (size, size / HOLDING_YEN_PER_KWH, np.roll(value, -1, axis=1) - value),
        )
        amounts, slopes = [], []
        for most, slope, difference in rises:
            wanted = slope * difference
            slopes.append(slope * ((wanted > 0.0) & (wanted < most)))
            amounts.append(np.clip(wanted, 0.0, most))
        return (*amounts, *slopes)

    def evaluate(self, point: Array) -> Pieces:
        """Excess of stored energy; its slopes by storages of the hour and to the hour after; prices of the areas."""
        price = self._clear(np.broadcast_to(point, (self.size, self.length, self.count)))
        _, slope, off = self.hours.evaluate(price)
        shape = (-1, self.length, self.count)
        self.price = price.reshape(shape)
        deliver, take, held, on_deliver, on_take, on_held = self.use(point)
        efficiency = self.storages.efficiency[:, None, None]
        gradient = efficiency * take - deliver - held + np.roll(held, 1, axis=1)
        own = on_deliver + efficiency**2 * on_take + on_held + np.roll(on_held, 1, axis=1) + _LEAST_SLOPE
        diagonal = np.concatenate([slope.reshape(shape), own])
        entries = filled(self.pattern, np.concatenate([off.reshape(shape), -on_deliver - efficiency * on_take]))
        eliminate(self.pattern, diagonal, entries, np.zeros_like(diagonal))
        dense = np.empty((self.size, self.size, self.length, self.count))
        for place in range(self.size):
            dense[place, place] = diagonal[self.areas + place]
        for (first, last), edge in zip(self.pairs, self._places_of_pairs(), strict=True):
            dense[first, last] = dense[last, first] = entries[edge]
        if self.constant:
            gradient, dense = gradient.sum(axis=1, keepdims=True), dense.sum(axis=2, keepdims=True)
            on_held = np.zeros_like(gradient)
        return gradient, dense, -on_held, self.price

    def bend(self, pieces: Pieces, way: Array) -> Array:
        """Second derivative of the duals along a way."""
        _, dense, carry, _ = pieces
        bend = np.einsum("atb,actb,ctb->b", way, dense, way, optimize=True)
        return np.asarray(bend + 2.0 * (carry * way * np.roll(way, -1, axis=1)).sum(axis=(0, 1)))

    def direction(self, pieces: Pieces) -> Array:
        """Newton's direction, values hour after hour."""
        gradient, dense, carry, self.price = pieces
        return solve_ring(np.ascontiguousarray(dense.transpose(2, 3, 0, 1)), carry, -gradient)

    def _clear(self, value: Array) -> Array:
        """Prices of all hours at these values, `(areas, hours)`."""
        blocks = self.hours.blocks[1, -self.spare :]
        for place, (area, rank) in enumerate(zip(self.storages.area, self.ranks, strict=True)):
            power, worth = self.storages.power_mw[place], value[place].ravel()
            rise = power / self.storages.band_yen_per_kwh[place]
            blocks[2 * rank, area] = rise * worth
            blocks[2 * rank + 1, area] = rise * self.storages.efficiency[place] * worth - power
        price = self.price.reshape(self.areas, -1).copy()
        find_prices(self.hours, price, _CLEARED_MW)
        return price

    def _places_of_pairs(self) -> range:
        first = len(self.hours.edges) + self.size
        return range(first, first + len(self.pairs))


def solve_ring(dense: Array, carry: Array, right: Array) -> Array:
    """Symmetric systems whose blocks stand in a ring of hours: `dense` on the diagonal, `carry` to the hour after.

    `dense` `(hours, batch, n, n)` is overwritten; `carry` and `right` are `(n, hours, batch)`, `carry` the diagonal of
    its blocks. The hours are eliminated one by one against the next and the last.
    """
    hours = dense.shape[0]
    last = hours - 1
    side = right.transpose(1, 2, 0)[..., None].copy()
    link = np.ascontiguousarray(carry.transpose(1, 2, 0))
    inverses, to_last = [], []
    far = np.zeros(dense.shape[1:])
    np.einsum("bii->bi", far)[...] = link[last]
    for hour in range(last):
        if hour == last - 1:
            np.einsum("bii->bi", far)[...] += link[hour]
        inverse = np.linalg.inv(dense[hour])
        inverses.append(inverse)
        to_last.append(far)
        turned = np.swapaxes(far, 1, 2) @ inverse
        dense[last] -= turned @ far
        side[last] -= turned @ side[hour]
        if hour < last - 1:
            near = link[hour]
            dense[hour + 1] -= near[:, :, None] * inverse * near[:, None, :]
            side[hour + 1] -= near[:, :, None] * (inverse @ side[hour])
            far = -near[:, :, None] * (inverse @ far)
    side[last] = np.linalg.solve(dense[last], side[last])
    for hour in range(last - 1, -1, -1):
        rest = side[hour] - to_last[hour] @ side[last]
        if hour < last - 1:
            rest -= link[hour][:, :, None] * side[hour + 1]
        side[hour] = inverses[hour] @ rest
    return np.ascontiguousarray(side[..., 0].transpose(2, 0, 1))
