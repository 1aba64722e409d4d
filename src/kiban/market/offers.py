"""What plants offer in each hour: thermal blocks of few parameters, and curtailment in the official order.

From the cheapest to the dearest, in every area:

    must-run     thermal output that runs at any price: a share of the fleet, and a part that follows the day's peak of
                 net load, since what is committed for the evening runs at least load at noon
    fixed        nuclear, river hydro and geothermal; then sun and wind; then biomass above its least output: curtailed
                 from the last to the first, in steps of the lowest price of the exchange
    low load     thermal plants that would rather run below cost than stop; coal; three blocks of gas; oil
    scarcity     the last and dear offers of the fleet
    reserve      what is held back: its price rises by the imbalance rule
    unserved     demand that is given up, up to the value of lost load; a load that comes is given up last

Thermal offers rise and fall with the place of the hour in its day and of the day in its month, by synchronous region.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.market.areas import MARKET_AREAS, Ties
from kiban.market.blocks import Market, SupplyBlock, flat_block
from kiban.market.fleet import ThermalFleet
from kiban.market.fuels import FuelPrices, fuel_prices
from kiban.market.hours import MarketHours

MUST_RUN, FIXED, VARIABLE, BIOMASS = "must_run", "fixed", "variable", "biomass"
RESERVE, UNSERVED, UNSERVED_LOAD = "reserve", "unserved", "unserved_load"
"""Output that comes last; the last of them is a new load's own (`added_load`)."""
_GAS_SHARES = (0.4, 0.3, 0.3)
_LEAST_RISE_YEN = 0.05
"""A thermal block rises at least by this much, so that its output follows from the price."""
_MOST_ABOVE_MEAN = 1.0
_MOST_ABOVE_MONTH = 0.6
_SCALES = (0.2, 3.0)


@dataclass(frozen=True, slots=True, eq=False)
class OfferParameters:
    """The model of offers; rows `market.offer.*` say what each one is and between which values a fit may look.

    Efficiencies here are those that explain offers; they need not be those of plants. Arrays are by area.
    """

    coal_efficiency_best: float
    coal_efficiency_worst: float
    gas_efficiency_1: float
    gas_efficiency_2: float
    gas_efficiency_3: float
    gas_efficiency_4: float
    oil_efficiency_best: float
    oil_efficiency_worst: float
    oil_share: float
    variable_cost_yen_per_kwh: float
    availability: float
    month_weight: float
    low_load_share: float
    low_load_price: float
    scarcity_share: float
    scarcity_price_yen_per_kwh: float
    peak_share: float
    rise_above_mean: float
    fall_below_mean: float
    rise_of_day: float
    fleet_factor: Array
    must_run_share: Array
    price_factor: Array


_BY_AREA = ("fleet_factor", "must_run_share", "price_factor")


def load_offers(catalogue: Catalogue) -> OfferParameters:
    """The parameters of the catalogue."""
    found: dict[str, float | Array] = {}
    for name in OfferParameters.__dataclass_fields__:
        row = name.removesuffix("_yen_per_kwh")
        if name in _BY_AREA:
            found[name] = np.array([catalogue.value(f"market.offer.{area}.{row}") for area in MARKET_AREAS])
        else:
            found[name] = catalogue.value(f"market.offer.{row}")
    return OfferParameters(**found)  # type: ignore[arg-type]


def build_market(
    hours: MarketHours,
    fleet: ThermalFleet,
    ties: Ties,
    offers: OfferParameters,
    catalogue: Catalogue,
    *,
    fuels: FuelPrices | None = None,
    storage_mw: Array | None = None,
) -> Market:
    """The market of the hours, demand less `storage_mw` (output of storages, pumping negative) where it is given.

    `fuels` holds the months of the hours in order; None takes the catalogue's.
    """
    demand = hours.demand_mw if storage_mw is None else hours.demand_mw - storage_mw
    return Market(demand, build_blocks(hours, fleet, offers, catalogue, fuels), ties)


def build_blocks(
    hours: MarketHours,
    fleet: ThermalFleet,
    offers: OfferParameters,
    catalogue: Catalogue,
    fuels: FuelPrices | None = None,
) -> tuple[SupplyBlock, ...]:
    """The blocks of supply of every hour and area, from the cheapest to the dearest."""
    months = np.unique(hours.start.astype("datetime64[M]"))
    prices = fuel_prices(catalogue, months) if fuels is None else fuels
    place = hours.places_of("M")
    available = available_mw(hours, fleet, offers)
    must_run = must_run_mw(hours, available, offers)
    coal = np.minimum(fleet.coal_mw / fleet.capacity_mw, 0.95) * available
    oil = np.broadcast_to(offers.oil_share * offers.availability * fleet.oil_mw, available.shape)
    gas = np.maximum(available - coal - oil, 0.0)
    low_load = np.minimum(offers.low_load_share * available, np.maximum(available - must_run, 0.0))
    taken = must_run + low_load  # from coal first, then from gas
    coal_left, gas_left = np.maximum(coal - taken, 0.0), np.maximum(gas - np.maximum(taken - coal, 0.0), 0.0)
    scale = offer_scale(hours, offers, catalogue)

    def offer(heat_yen_per_kwh: Array, efficiency: float) -> Array:
        cost = heat_yen_per_kwh[place] / efficiency + offers.variable_cost_yen_per_kwh
        return np.asarray(cost[:, None] * offers.price_factor * scale)

    gas_edges = [
        offer(prices.gas_yen_per_kwh, efficiency)
        for efficiency in (
            offers.gas_efficiency_1,
            offers.gas_efficiency_2,
            offers.gas_efficiency_3,
            offers.gas_efficiency_4,
        )
    ]
    coal_edges = (
        offer(prices.coal_yen_per_kwh, offers.coal_efficiency_best),
        offer(prices.coal_yen_per_kwh, offers.coal_efficiency_worst),
    )
    oil_edges = (
        offer(prices.oil_yen_per_kwh, offers.oil_efficiency_best),
        offer(prices.oil_yen_per_kwh, offers.oil_efficiency_worst),
    )
    emission = emissions_of_blocks(catalogue)
    scarcity_low = gas_edges[-1]
    scarcity_high = np.full_like(scarcity_low, offers.scarcity_price_yen_per_kwh)
    share_of_coal = np.divide(np.minimum(taken, coal), taken, where=taken > 0.0, out=np.ones_like(taken))
    low_emission = emission["coal"] * share_of_coal + emission["gas_2"] * (1.0 - share_of_coal)
    thermal = [
        _rising("low_load", low_load, (offers.low_load_price * coal_edges[0], coal_edges[0]), low_emission),
        _rising("coal", coal_left, coal_edges, emission["coal"]),
        *(
            _rising(f"gas_{at + 1}", share * gas_left, (gas_edges[at], gas_edges[at + 1]), emission[f"gas_{at + 1}"])
            for at, share in enumerate(_GAS_SHARES)
        ),
        _rising("oil", oil, oil_edges, emission["oil"]),
        _rising("scarcity", offers.scarcity_share * available, (scarcity_low, scarcity_high), emission["gas_3"]),
    ]
    return (*_curtailed_blocks(hours, must_run, low_emission, catalogue), *thermal, *_last_blocks(hours, catalogue))


def available_mw(hours: MarketHours, fleet: ThermalFleet, offers: OfferParameters) -> Array:
    """Thermal capacity that is there in each hour: the month's peak of what ran, weighed with the fleet."""
    peak = fleet.month_peak_mw / np.maximum(fleet.month_peak_mw.max(axis=0), 1e-9) * fleet.capacity_mw
    of_month = offers.month_weight * peak + (1.0 - offers.month_weight) * fleet.capacity_mw
    return np.asarray((offers.availability * offers.fleet_factor * of_month)[hours.month - 1])


def must_run_mw(hours: MarketHours, available: Array, offers: OfferParameters) -> Array:
    """Thermal output that runs at any price; no more than is there."""
    day = hours.places_of("D")
    peak = np.full((day.max() + 1, available.shape[1]), -np.inf)
    np.maximum.at(peak, day, hours.net_load_mw)
    return np.clip(offers.must_run_share * available + offers.peak_share * peak[day], 0.0, available)


def offer_scale(hours: MarketHours, offers: OfferParameters, catalogue: Catalogue) -> Array:
    """Factor on thermal offers, `(hours, areas)`: by net load of the hour over its day's mean and of the day over its
    month's, in the areas of the same frequency together."""
    frequency = np.array([catalogue.value(f"grid.{area}.frequency") for area in hours.areas])
    day, month = hours.places_of("D"), hours.places_of("M")
    scale = np.ones_like(hours.demand_mw)
    for region in np.unique(frequency):
        net = hours.net_load_mw[:, frequency == region].sum(axis=1)
        of_day, of_month = _means(net, day), _means(net, month)
        hour = np.clip((net - of_day) / of_day, -_MOST_ABOVE_MEAN, _MOST_ABOVE_MEAN)
        days = np.clip((of_day - of_month) / of_month, -_MOST_ABOVE_MONTH, _MOST_ABOVE_MONTH)
        found = 1.0 + offers.rise_of_day * days
        found += offers.rise_above_mean * np.maximum(hour, 0.0) + offers.fall_below_mean * np.minimum(hour, 0.0)
        scale[:, frequency == region] = np.clip(found, *_SCALES)[:, None]
    return scale


def emissions_of_blocks(catalogue: Catalogue) -> dict[str, float]:
    """Tonnes of CO2 per MWh of output of the thermal blocks, by the efficiency of plants in their place."""

    def of(fuel: str, plant: str, place: float) -> float:
        best, worst = (catalogue.value(f"market.thermal.{plant}.efficiency_{end}") for end in ("best", "worst"))
        return catalogue.value(f"market.fuel.{fuel}.emission_factor") / (best + place * (worst - best))

    edges = np.cumsum((0.0, *_GAS_SHARES))
    gas = {f"gas_{at + 1}": of("lng", "gas", (edges[at] + edges[at + 1]) / 2.0) for at in range(len(_GAS_SHARES))}
    return {"coal": of("coal", "coal", 0.5), **gas, "oil": of("oil", "oil", 0.5)}


def _curtailed_blocks(
    hours: MarketHours, must_run: Array, emission: Array, catalogue: Catalogue
) -> tuple[SupplyBlock, ...]:
    tick = catalogue.value("market.price_floor")
    least = catalogue.value("market.biomass.least_share")
    return (
        SupplyBlock(MUST_RUN, must_run, np.array(-tick), np.array(-tick / 2.0), emission),
        flat_block(FIXED, hours.fixed_mw + least * hours.biomass_mw, -tick / 2.0, 0.0),
        flat_block(VARIABLE, hours.variable_mw, 0.0, tick),
        flat_block(BIOMASS, (1.0 - least) * hours.biomass_mw, tick, 2.0 * tick),
    )


def _last_blocks(hours: MarketHours, catalogue: Catalogue) -> tuple[SupplyBlock, ...]:
    """The reserve between its two margins, and demand that is not served."""
    begins, ends = (catalogue.value(f"market.reserve.{name}") for name in ("scarcity_margin", "least_margin"))
    low, high = (catalogue.value(f"market.reserve.{name}") for name in ("scarcity_price", "highest_price"))
    lost = catalogue.value("market.value_of_lost_load")
    return (
        flat_block(RESERVE, (begins - ends) * hours.demand_mw, low, high),
        # One MW more than all demand, so that every hour can be cleared.
        flat_block(UNSERVED, hours.demand_mw + 1.0, high, lost),
    )


def _rising(name: str, capacity: Array, edges: tuple[Array, Array], emission: float | Array) -> SupplyBlock:
    low, high = edges
    return SupplyBlock(name, capacity, low, np.maximum(high, low + _LEAST_RISE_YEN), np.asarray(emission))


def _means(values: Array, places: np.typing.NDArray[np.int64]) -> Array:
    """Mean of the group of each value."""
    return np.asarray((np.bincount(places, values) / np.bincount(places))[places])
