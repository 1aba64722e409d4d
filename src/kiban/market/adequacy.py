"""Reserve margin and energy that is expected not to be served, by area: forced outages of thermal units by convolution.

Units of an area and fuel are one of the largest size and others of equal size, each out by itself with the fuel's rate.
Their capacity that is there has a distribution, found unit by unit:

    P(there = x)  =  (1 - rate) P(others = x - size)  +  rate P(others = x)

The load that thermal plants have to serve is the net load less what pumped hydro shaves off the highest hours of each
day. Where hours are means of months, it is spread by the weather. Expected unserved energy is the mean of what the load
exceeds the capacity by; loss of load counts the hours in which it does.

Each area by itself is said exactly: where it would need its neighbours. With the ties it is drawn: outages of every
hour and the weather of every day, and what is then missing is cleared over the ties at the least sum. A load is judged
by the same draws as the year without it. Outages last longer than an hour, which changes no mean. Ties carry their
published limits: in need they are used to the full. The fleet is what was seen from March to August, so areas whose
peak is in winter look too short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.market.areas import Ties, load_ties
from kiban.market.blocks import Market, flat_block
from kiban.market.clearing import clear
from kiban.market.fleet import FUEL_OF_PLANT, ThermalFleet
from kiban.market.fuels import FUELS
from kiban.market.storages import Storages, load_storages
from kiban.market.tariffs import CAPACITY_MONTHS
from kiban.market.year import MarketCase

STEP_MW = 5.0
"""Grid of capacities; a unit between two of its points is put on both, so that its mean is kept."""
_BISECTIONS = 40
_SPREAD_POINTS = 15
_LEAST_SHORT_MW = 1.0
DRAWN_YEARS = 10
"""Years that are drawn."""


@dataclass(frozen=True, slots=True)
class Units:
    """Units of one area, each out by itself with the same rate; one has `largest_mw`, the others share the rest."""

    count: int
    capacity_mw: float
    largest_mw: float
    outage_rate: float

    @property
    def sizes_mw(self) -> list[float]:
        """Size of every unit."""
        if self.count == 1:
            return [self.capacity_mw]
        other = (self.capacity_mw - self.largest_mw) / (self.count - 1)
        return [self.largest_mw, *[other] * (self.count - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Adequacy:
    """Adequacy of a year; arrays `(areas,)`.

    `reserve_margin` is the least of all hours: capacity that is expected to be there with storages, less net load,
    over demand, of each area by itself. Unserved energy and hours are expected values: of areas by themselves, and
    joined by ties.
    """

    areas: tuple[str, ...]
    reserve_margin: Array
    alone_hours: Array
    alone_mwh: Array
    joined_hours: Array
    joined_mwh: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What thermal plants have to serve `(hours, areas)`, what of them is in no maintenance `(hours,)`, and units."""

    shaved_mw: Array
    demand_mw: Array
    there: Array
    units: list[list[Units]]
    spread: float


def find_adequacy(
    case: MarketCase, load_mw: Array | float = 0.0, *, draws: int = DRAWN_YEARS, seed: int = 0
) -> Adequacy:
    """The adequacy of the case's areas with `load_mw` more demand, of a shape that broadcasts to `(hours, areas)`."""
    catalogue, hours = case.catalogue, case.hours
    load = np.broadcast_to(load_mw, hours.demand_mw.shape)
    planned = [catalogue.value(f"market.adequacy.planned_share.{name}") for name in ("peak", "other")]
    wanted = _Wanted(
        shaved_mw=shave_peaks(hours.net_load_mw + load, load_storages(catalogue, 1.0)),
        demand_mw=hours.demand_mw + load,
        there=1.0 - np.where(np.isin(hours.month, CAPACITY_MONTHS), *planned),
        units=load_units(catalogue, case.fleet),
        spread=catalogue.value("market.adequacy.weather_spread") if hours.synthetic else 0.0,
    )
    expected = [sum(one.capacity_mw * (1.0 - one.outage_rate) for one in of_area) for of_area in wanted.units]
    margin = (wanted.there[:, None] * np.array(expected) - wanted.shaved_mw) / wanted.demand_mw
    scale = HOURS_PER_YEAR / hours.start.size
    alone = scale * _alone(wanted)
    joined = scale * _joined(wanted, load_ties(catalogue, "published"), draws, np.random.default_rng(seed))
    return Adequacy(hours.areas, margin.min(axis=0), *alone, *joined)


def _alone(wanted: _Wanted) -> Array:
    """Hours and MWh that are short in each area by itself, `(2, areas)`."""
    found = np.zeros((2, len(wanted.units)))
    for place, of_area in enumerate(wanted.units):
        for share in np.unique(wanted.there):
            chosen = wanted.there == share
            mw, probability = capacity_distribution(of_area, share)
            for weight, sigma in spread_points(wanted.spread):
                asked = wanted.shaved_mw[chosen, place] + sigma * wanted.demand_mw[chosen, place]
                found[:, place] += weight * np.array(expected_shortage(mw, probability, asked))
    return found


def _joined(wanted: _Wanted, ties: Ties, draws: int, random: np.random.Generator) -> Array:
    """The same with ties, as means of draws. Hours in which no area is short by itself need no clearing."""
    hours, areas = wanted.shaved_mw.shape
    found = np.zeros((2, areas))
    for _ in range(draws):
        there = wanted.there[:, None] * draw_capacity(wanted.units, hours, random)
        weather = np.repeat(random.standard_normal(hours // HOURS_PER_DAY), HOURS_PER_DAY)[:, None]
        asked = np.maximum(wanted.shaved_mw + wanted.spread * weather * wanted.demand_mw, 0.0)
        short = (asked > there).any(axis=1)
        if short.any():
            missing = least_shortage(asked[short], there[short], ties)
            found += np.stack([(missing > _LEAST_SHORT_MW).sum(axis=0), missing.sum(axis=0)]) / draws
    return found


def draw_capacity(units: list[list[Units]], hours: int, random: np.random.Generator) -> Array:
    """Thermal capacity that is not out, drawn for every hour by itself, `(hours, areas)`."""
    found = np.zeros((hours, len(units)))
    for place, of_area in enumerate(units):
        for one in of_area:
            largest, other = one.sizes_mw[0], one.sizes_mw[-1]
            found[:, place] += largest * (random.random(hours) >= one.outage_rate)
            found[:, place] += other * random.binomial(one.count - 1, 1.0 - one.outage_rate, hours)
    return found


def least_shortage(asked_mw: Array, there_mw: Array, ties: Ties) -> Array:
    """What is missing by hour and area, `(hours, areas)` MW, where areas help each other over ties: least in sum."""
    # What is missing begins to cost where the last of what is there ends.
    blocks = (flat_block("there", there_mw, 0.0, 1.0), flat_block("missing", asked_mw + 1.0, 1.0, 2.0))
    clearing = clear(Market(asked_mw, blocks, ties))
    return clearing.output_mw(blocks[1])


def load_units(catalogue: Catalogue, fleet: ThermalFleet) -> list[list[Units]]:
    """Thermal units by area of the fleet: those that were seen, and small ones where more ran than they could make."""
    found: dict[str, list[Units]] = {area: [] for area in fleet.areas}
    rates = {fuel: catalogue.value(f"market.adequacy.{fuel}.forced_outage") for fuel in FUELS}
    for row in read_table("market_fleet"):
        fuel = FUEL_OF_PLANT.get(row["plant"])
        if fuel is not None and row["area"] in found and float(row["capacity_mw"]):
            sizes = float(row["capacity_mw"]), float(row["largest_mw"])
            found[row["area"]].append(Units(int(row["units"]), *sizes, rates[fuel]))
    small = catalogue.value("market.adequacy.small_unit")
    seen = fleet.coal_mw + fleet.gas_mw + fleet.oil_mw
    for area, more in zip(fleet.areas, fleet.month_peak_mw.max(axis=0) - seen, strict=True):
        if more > 0.0:
            count = int(np.ceil(more / small))
            found[area].append(Units(count, float(more), float(more) / count, rates["gas"]))
    return list(found.values())


def capacity_distribution(units: list[Units], share: float = 1.0) -> tuple[Array, Array]:
    """Capacities on a grid and how probable each is, where every unit has `share` of its size."""
    sizes = [(share * size, one.outage_rate) for one in units for size in one.sizes_mw]
    probability = np.zeros(sum(int(size // STEP_MW) + 1 for size, _ in sizes) + 1)
    probability[0] = 1.0
    for size, rate in sizes:
        below = int(size // STEP_MW)
        above = size / STEP_MW - below
        there = (1.0 - above) * _moved(probability, below) + above * _moved(probability, below + 1)
        probability = rate * probability + (1.0 - rate) * there
    return STEP_MW * np.arange(float(probability.size)), probability


def _moved(values: Array, places: int) -> Array:
    return np.concatenate([np.zeros(places), values[: values.size - places]])


def expected_shortage(capacity_mw: Array, probability: Array, wanted_mw: Array) -> tuple[float, float]:
    """Hours in which less is there than is wanted, and what is then missing, MWh, over all hours of `wanted_mw`."""
    at_most, first_moment = np.cumsum(probability), np.cumsum(probability * capacity_mw)
    last = np.searchsorted(capacity_mw, wanted_mw, side="left") - 1
    short = last >= 0
    chance = np.where(short, at_most[last], 0.0)
    missing = np.where(short, wanted_mw * at_most[last] - first_moment[last], 0.0)
    return float(chance.sum()), float(missing.sum())


def spread_points(spread: float) -> list[tuple[float, float]]:
    """Weights and places of a normal spread, for a mean over it."""
    if spread == 0.0:
        return [(1.0, 0.0)]
    points, weights = np.polynomial.hermite_e.hermegauss(_SPREAD_POINTS)
    return [
        (float(weight / weights.sum()), float(spread * point)) for point, weight in zip(points, weights, strict=True)
    ]


def shave_peaks(net_load_mw: Array, storages: Storages) -> Array:
    """Net load less what storages deliver in the highest hours of each day, `(hours, areas)`; whole days.

    Each day has a level down to which a storage delivers, up to its power, until it has given what it holds. What it
    takes for it in the valleys is left out: they are not where load is lost.
    """
    shaved = net_load_mw.reshape(-1, HOURS_PER_DAY, net_load_mw.shape[1]).copy()
    for area, power, size in zip(storages.area, storages.power_mw, storages.size_mwh, strict=True):
        load = shaved[:, :, area]
        low, high = load.min(axis=1) - power, load.max(axis=1)
        for _ in range(_BISECTIONS):
            level = 0.5 * (low + high)
            given = np.clip(load - level[:, None], 0.0, power).sum(axis=1)
            low, high = np.where(given > size, level, low), np.where(given > size, high, level)
        shaved[:, :, area] = load - np.clip(load - high[:, None], 0.0, power)
    return shaved.reshape(net_load_mw.shape)
