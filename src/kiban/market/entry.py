"""The long run: plants and batteries enter until none of them earns more than its annual cost.

One convex programme: the cost of serving the year with what is there and what enters, as it is offered, and the annual
cost of what enters. Its derivative in a capacity is the annual cost less what a MW earns, so at the least

    earned per MW  =  annual cost where a kind of plant enters,   earned  <=  annual cost where it does not

    plant     sum over hours of  availability (p s - low s - (high - low) s^2 / 2),    s its output per MW available
    battery   the same of what it delivers and takes between price and value, and of what it holds

Rules. New plants offer their fuel, those of before as they were seen to. They are paid for energy alone, so the price
pays for all of their cost. No plant of before leaves: payments for capacity hold it, and a new load raises what it
earns. Equal days are cleared once and counted as often as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.errors import SolverError
from kiban.market.blocks import Market, SupplyBlock
from kiban.market.clearing import Clearing, clear
from kiban.market.storages import HOLDING_YEN_PER_KWH, StorageClearing, Storages, clear_with_storages
from kiban.market.year import YEN_PER_THOUSAND

_THOUSAND_YEN_PER_BN = 1e6
_MW_PER_GW = 1000.0
_LEAST_BATTERY_MW = 1.0
"""A storage needs a size: batteries that leave an area again stand there with this one, at which they move no price."""
_FIRST_BATTERY_MW = 500.0
_MOST_STEPS = 400
ZERO_PROFIT = 2e-3
"""By how much of its annual cost a plant that enters may earn more or less."""


@dataclass(frozen=True, slots=True, eq=False)
class Entrant:
    """A kind of plant that may enter in every area.

    `availability` is what a MW can deliver, `(hours, areas)`; its offers rise from `low` to `high`, of a shape that
    broadcasts to that. `annual_cost_yen_per_mw` is what it has to earn.
    """

    name: str
    availability: Array
    low_yen_per_kwh: Array
    high_yen_per_kwh: Array
    emission_t_per_mwh: float
    annual_cost_yen_per_mw: float

    def block(self, capacity_mw: Array) -> SupplyBlock:
        """The block of a capacity by area."""
        return SupplyBlock(
            self.name,
            self.availability * capacity_mw,
            self.low_yen_per_kwh,
            self.high_yen_per_kwh,
            np.array(self.emission_t_per_mwh),
        )

    def earned_thousand_yen(self, price_yen_per_kwh: Array) -> Array:
        """What a MW earns beyond its offers in each hour and area."""
        width = self.high_yen_per_kwh - self.low_yen_per_kwh
        share = np.clip((price_yen_per_kwh - self.low_yen_per_kwh) / width, 0.0, 1.0)
        margin = (price_yen_per_kwh - self.low_yen_per_kwh) * share - 0.5 * width * share**2
        return np.asarray(self.availability * margin)


@dataclass(frozen=True, slots=True)
class BatteryEntrant:
    """A battery that may enter in every area; `hours` is what it holds, delivered, over its power."""

    hours: float
    efficiency: float
    band_yen_per_kwh: float
    annual_cost_yen_per_mw: float


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Days of a market that stand for others: `hours` are their places, `weight` how many days each one counts for."""

    hours: npt.NDArray[np.int64]
    weight: Array

    @property
    def hour_weight(self) -> Array:
        """Weight of every chosen hour, `(hours, 1)`."""
        return np.repeat(self.weight, HOURS_PER_DAY)[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class LongRun:
    """The market after entry: capacities `(kinds, areas)` in MW, the batteries' last where there are any.

    `earned_yen_per_mw` is of that shape, `annual_cost_yen_per_mw` `(kinds,)`. Hours and prices are those of the chosen
    `days`. `cost_yen` is what the programme minimises.
    """

    names: tuple[str, ...]
    capacity_mw: Array
    earned_yen_per_mw: Array
    annual_cost_yen_per_mw: Array
    clearing: Clearing
    days: Days
    cost_yen: float

    @property
    def price_yen_per_kwh(self) -> Array:
        """Prices of the chosen hours, `(hours, areas)`."""
        return self.clearing.price_yen_per_kwh

    def largest_profit(self) -> float:
        """The largest share of its cost by which a kind earns more, anywhere, or earns less where it entered."""
        more = self.earned_yen_per_mw / self.annual_cost_yen_per_mw[:, None] - 1.0
        entered = self.capacity_mw > _LEAST_BATTERY_MW
        return float(np.where(entered, np.abs(more), np.maximum(more, 0.0)).max(initial=0.0))


def equal_days(market: Market, more: Array, most_days: int = 400) -> Days:
    """The different days of a market, with `more` `(hours, n)` counted as what tells them apart.

    Where there are more than `most_days`, days at even distances stand for all.
    """
    count = market.hours // HOURS_PER_DAY
    if count * HOURS_PER_DAY != market.hours:
        raise ValueError("the hours of the market are whole days")
    tables = [market.demand_mw, more]
    for block in market.blocks:
        tables += [block.capacity_mw, block.low_yen_per_kwh, block.high_yen_per_kwh]
    changing = [table.reshape(count, -1) for table in tables if table.ndim == 2 and table.shape[0] == market.hours]
    _, first, times = np.unique(np.concatenate(changing, axis=1), axis=0, return_index=True, return_counts=True)
    weight = times.astype(np.float64)
    if first.size > most_days:
        first = np.unique(np.linspace(0, count - 1, most_days).round().astype(np.int64))
        weight = np.full(first.size, count / first.size)
    order = np.argsort(first)
    places = (first[order][:, None] * HOURS_PER_DAY + np.arange(HOURS_PER_DAY)).ravel()
    return Days(places, weight[order])


def at_hours(market: Market, hours: npt.NDArray[np.int64]) -> Market:
    """The market of some of its hours."""

    def chosen(table: Array) -> Array:
        return table[hours] if table.ndim == 2 and table.shape[0] == market.hours else table

    blocks = tuple(
        replace(
            block,
            capacity_mw=chosen(block.capacity_mw),
            low_yen_per_kwh=chosen(block.low_yen_per_kwh),
            high_yen_per_kwh=chosen(block.high_yen_per_kwh),
            emission_t_per_mwh=chosen(block.emission_t_per_mwh),
        )
        for block in market.blocks
    )
    limits = [chosen(limit) for limit in (market.ties.forward_mw, market.ties.reverse_mw)]
    ties = replace(market.ties, forward_mw=limits[0], reverse_mw=limits[1])
    return Market(market.demand_mw[hours], blocks, ties)


def find_long_run(
    market: Market,
    storages: Storages | None,
    entrants: Sequence[Entrant],
    battery: BatteryEntrant | None,
    days: Days,
    start_mw: Array | None = None,
) -> LongRun:
    """The least cost of a year of the chosen days: `market` and `entrants` are of all hours, weights of the days add
    up to a year.

    Capacities are looked for from `start_mw` on; then batteries join in the areas where a small one would earn more
    than its cost. Raises SolverError where zero profit is not reached.
    """
    programme = _Programme(market, storages, entrants, battery, days)
    begin = np.zeros((len(programme.names), market.demand_mw.shape[1])) if start_mw is None else start_mw
    found = _least(programme, begin)
    while battery is not None:
        paying = battery_earns_yen(found, battery) > battery.annual_cost_yen_per_mw * (1.0 + ZERO_PROFIT)
        more = paying & ~programme.with_battery
        if not more.any():
            break
        programme.with_battery |= more
        begin = found.capacity_mw.copy()
        begin[-1, more] = _FIRST_BATTERY_MW
        found = _least(programme, begin)
    if found.largest_profit() > ZERO_PROFIT:
        raise SolverError(f"a plant of the long run earns {found.largest_profit():.1%} beside its cost")
    return found


def battery_earns_yen(found: LongRun, battery: BatteryEntrant) -> Array:
    """What a MW of a small battery would earn in a year at the prices of each area, `(areas,)`, at the most.

    Each day by itself is a linear programme that ends with what it begins with; a band of prices would take part of it.
    """
    from scipy.optimize import linprog

    length = HOURS_PER_DAY
    # Unknowns: delivered, taken, held at the end of each hour.
    shift = np.eye(length) - np.roll(np.eye(length), -1, axis=1).T
    balance = np.hstack([np.eye(length), -battery.efficiency * np.eye(length), shift])
    bounds = [(0.0, 1.0)] * (2 * length) + [(0.0, battery.hours)] * length
    price = found.price_yen_per_kwh.reshape(-1, length, found.price_yen_per_kwh.shape[1])
    earned = np.zeros(price.shape[2])
    for weight, of_day in zip(found.days.weight, price, strict=True):
        for area in range(price.shape[2]):
            paid = np.concatenate([-of_day[:, area], of_day[:, area], np.zeros(length)])
            done = linprog(paid, A_eq=balance, b_eq=np.zeros(length), bounds=bounds, method="highs")
            earned[area] -= weight * done.fun * YEN_PER_THOUSAND
    return earned


class _Programme:
    """Cost and its derivative in the capacities `(kinds, areas)`, MW.

    `with_battery` says in which areas batteries are there.
    """

    def __init__(
        self,
        market: Market,
        storages: Storages | None,
        entrants: Sequence[Entrant],
        battery: BatteryEntrant | None,
        days: Days,
    ) -> None:
        def chosen(table: Array) -> Array:
            return table[days.hours] if table.ndim == 2 and table.shape[0] == market.hours else table

        self.market, self.storages, self.days, self.battery = at_hours(market, days.hours), storages, days, battery
        self.entrants = [
            replace(
                kind,
                availability=chosen(kind.availability),
                low_yen_per_kwh=chosen(kind.low_yen_per_kwh),
                high_yen_per_kwh=chosen(kind.high_yen_per_kwh),
            )
            for kind in entrants
        ]
        self.names = (*(kind.name for kind in entrants), *(("battery",) if battery else ()))
        costs = [kind.annual_cost_yen_per_mw for kind in entrants]
        self.annual_yen = np.array([*costs, *((battery.annual_cost_yen_per_mw,) if battery else ())])
        self.with_battery = np.zeros(market.demand_mw.shape[1], dtype=bool)
        self.price: Array | None = None

    def solve(self, capacity_mw: Array) -> LongRun:
        """The cleared days with these capacities, and what each kind earns."""
        blocks = [kind.block(capacity) for kind, capacity in zip(self.entrants, capacity_mw, strict=False)]
        market, storages = self.market.with_blocks(blocks), self.storages
        if self.with_battery.any():
            assert self.battery is not None
            storages = with_batteries(storages, self.battery, capacity_mw[-1], self.with_battery)
        weight, cleared = self.days.hour_weight, None
        if storages is None:
            clearing = self._clear(market)
            cost = clearing.cost_thousand_yen()
        else:
            cleared = clear_with_storages(market, storages, start=self._clear(market).price_yen_per_kwh)
            clearing, cost = cleared.clearing, _hourly_cost_thousand_yen(cleared)
        self.price = clearing.price_yen_per_kwh
        earned = [(kind.earned_thousand_yen(self.price) * weight).sum(axis=0) for kind in self.entrants]
        if self.battery is not None:
            earned.append(np.zeros(self.with_battery.size))
            if cleared is not None and self.with_battery.any():
                margin = (_storage_margin(cleared) * weight).sum(axis=0)
                earned[-1][self.with_battery] = margin[-int(self.with_battery.sum()) :]
        running = float((cost * weight[:, 0]).sum()) * YEN_PER_THOUSAND
        return LongRun(
            names=self.names,
            capacity_mw=capacity_mw,
            earned_yen_per_mw=np.array(earned) * YEN_PER_THOUSAND,
            annual_cost_yen_per_mw=self.annual_yen,
            clearing=clearing,
            days=self.days,
            cost_yen=running + float(self.annual_yen @ capacity_mw.sum(axis=1)),
        )

    def _clear(self, market: Market) -> Clearing:
        """The market cleared near the prices of before, or, where capacities moved far, from afresh."""
        try:
            return clear(market, self.price)
        except SolverError:
            if self.price is None:
                raise
            return clear(market)


def with_batteries(
    storages: Storages | None, battery: BatteryEntrant, power_mw: Array, chosen: npt.NDArray[np.bool_]
) -> Storages:
    """The storages with a battery more in each of the chosen areas."""
    area = np.flatnonzero(chosen)
    power, count = power_mw[area], area.size
    new = Storages(
        area=area,
        power_mw=power,
        size_mwh=battery.hours * power,
        efficiency=np.full(count, battery.efficiency),
        band_yen_per_kwh=np.full(count, battery.band_yen_per_kwh),
    )
    if storages is None:
        return new
    columns = ("area", "power_mw", "size_mwh", "efficiency", "band_yen_per_kwh")
    return Storages(*(np.concatenate([getattr(storages, name), getattr(new, name)]) for name in columns))


def _storage_margin(cleared: StorageClearing) -> Array:
    """What a MW of each storage earns beyond its own cost, thousand yen by hour, `(hours, storages)`."""
    storages, value = cleared.storages, cleared.value_yen_per_kwh
    price = cleared.clearing.price_yen_per_kwh[:, storages.area]
    deliver, take = cleared.deliver_mw / storages.power_mw, cleared.take_mw / storages.power_mw
    held = cleared.held_mwh / storages.size_mwh
    later = np.roll(value.reshape(-1, HOURS_PER_DAY, value.shape[1]), -1, axis=1).reshape(value.shape)
    band = storages.band_yen_per_kwh
    margin = (price - value) * deliver - 0.5 * band * deliver**2
    margin += (storages.efficiency * value - price) * take - 0.5 * band * take**2
    holding = (later - value) * held - 0.5 * HOLDING_YEN_PER_KWH * held**2
    return np.asarray(margin + storages.size_mwh / storages.power_mw * holding)


def _hourly_cost_thousand_yen(cleared: StorageClearing) -> Array:
    """Cost of supply, flows, bands and holding, `(hours,)`."""
    storages = cleared.storages
    bands = storages.band_yen_per_kwh / (2.0 * storages.power_mw) * (cleared.deliver_mw**2 + cleared.take_mw**2)
    holding = HOLDING_YEN_PER_KWH / (2.0 * storages.size_mwh) * cleared.held_mwh**2
    return np.asarray(cleared.clearing.cost_thousand_yen() + (bands + holding).sum(axis=1))


def _least(programme: _Programme, begin_mw: Array) -> LongRun:
    """The least over capacities of at least nothing, by a quasi-Newton method with bounds; units GW and bn yen."""
    from scipy.optimize import minimize

    best: list[LongRun] = []

    def cost(point: Array) -> tuple[float, Array]:
        found = programme.solve(_MW_PER_GW * point.reshape(begin_mw.shape))
        if not best or found.largest_profit() < best[0].largest_profit():
            best[:] = [found]
        slope = (programme.annual_yen[:, None] - found.earned_yen_per_mw) * _MW_PER_GW
        scale = YEN_PER_THOUSAND * _THOUSAND_YEN_PER_BN
        return found.cost_yen / scale, slope.ravel() / scale

    bounds: list[tuple[float, float | None]] = [(0.0, None)] * begin_mw.size
    if programme.battery is not None:
        least = _LEAST_BATTERY_MW / _MW_PER_GW
        bounds[-begin_mw.shape[1] :] = [(least, None) if there else (0.0, 0.0) for there in programme.with_battery]
    options = {"maxiter": _MOST_STEPS, "maxfun": _MOST_STEPS, "ftol": 0.0, "gtol": 1e-4, "maxcor": 30}
    begin = begin_mw.ravel() / _MW_PER_GW
    minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)  # type: ignore[call-overload]
    return best[0]
