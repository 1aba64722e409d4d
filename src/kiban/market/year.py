"""The cleared hours as accounts: who pays and who is paid, what is emitted, what is curtailed and what is missing.

    payment of consumers = revenue of generators + margin of storages + congestion rent          (to the yen)

Prices are those of the day-ahead market for all demand: contracts at other prices share the same sum out otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.market.added_load import with_load
from kiban.market.areas import Ties, load_ties
from kiban.market.calibration import load_fitted_ties
from kiban.market.clearing import Clearing
from kiban.market.fleet import ThermalFleet, load_fleet
from kiban.market.fuels import FuelPrices, fuel_prices
from kiban.market.hours import MarketHours, synthetic_hours
from kiban.market.offers import (
    RESERVE,
    UNSERVED,
    UNSERVED_LOAD,
    VARIABLE,
    OfferParameters,
    build_market,
    load_offers,
)
from kiban.market.storages import StorageClearing, Storages, clear_with_storages, load_storages

YEN_PER_THOUSAND = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class MarketCase:
    """Everything that a market of many hours is made of."""

    catalogue: Catalogue
    hours: MarketHours
    fleet: ThermalFleet
    ties: Ties
    offers: OfferParameters
    fuels: FuelPrices
    storages: Storages


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Sums over the hours, yen and MWh; arrays are by area, `congestion_rent_yen` by tie.

    `residual_yen` is what consumers pay beyond what the others get: rounding alone.
    """

    consumer_payment_yen: Array
    generator_revenue_yen: Array
    storage_margin_yen: Array
    congestion_rent_yen: Array
    demand_mwh: Array
    emissions_t: Array
    curtailed_mwh: Array
    unserved_mwh: Array
    reserve_used_mwh: Array

    @property
    def residual_yen(self) -> float:
        """Payment less revenue, margin and rent."""
        paid = self.consumer_payment_yen.sum() - self.generator_revenue_yen.sum()
        return float(paid - self.storage_margin_yen.sum() - self.congestion_rent_yen.sum())


@dataclass(frozen=True, slots=True, eq=False)
class MarketYear:
    """A cleared year, or any other number of whole days, with its accounts."""

    case: MarketCase
    cleared: StorageClearing
    accounts: Accounts

    @property
    def price_yen_per_kwh(self) -> Array:
        """Prices `(hours, areas)`."""
        return self.cleared.clearing.price_yen_per_kwh


def default_case(catalogue: Catalogue, hours: MarketHours | None = None) -> MarketCase:
    """The case of the catalogue: its synthetic or other hours, its fleet, fitted ties and offers, and pumped hydro."""
    chosen = synthetic_hours(catalogue) if hours is None else hours
    return MarketCase(
        catalogue=catalogue,
        hours=chosen,
        fleet=load_fleet(catalogue),
        ties=load_fitted_ties(catalogue),
        offers=load_offers(catalogue),
        fuels=fuel_prices(catalogue, np.unique(chosen.start.astype("datetime64[M]"))),
        storages=load_storages(catalogue),
    )


def clear_year(case: MarketCase, load_mw: Array | float = 0.0, start: Array | None = None) -> MarketYear:
    """The hours of the case, with `load_mw` more demand of a shape that broadcasts to `(hours, areas)`.

    What plants are committed follows the demand that was there before: a new load meets the same offers. `start` is
    where prices are looked for first.
    """
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels)
    cleared = clear_with_storages(with_load(market, np.asarray(load_mw, dtype=np.float64)), case.storages, start=start)
    return MarketYear(case, cleared, account(cleared.clearing, cleared.output_mw))


def account(clearing: Clearing, output_mw: Array) -> Accounts:
    """The accounts of cleared hours, whose demand is less `output_mw`, what storages deliver by hour and area."""
    price, output = clearing.price_yen_per_kwh, output_mw
    demand = clearing.market.demand_mw + output
    blocks = {block.name: clearing.output_mw(block) for block in clearing.market.blocks}
    emissions = sum((blocks[block.name] * block.emission_t_per_mwh).sum(axis=0) for block in clearing.market.blocks)
    unserved = blocks[UNSERVED] + blocks.get(UNSERVED_LOAD, 0.0)
    revenue = sum((price * made).sum(axis=0) for made in blocks.values())
    return Accounts(
        consumer_payment_yen=(price * demand).sum(axis=0) * YEN_PER_THOUSAND,
        generator_revenue_yen=np.asarray(revenue) * YEN_PER_THOUSAND,
        storage_margin_yen=(price * output).sum(axis=0) * YEN_PER_THOUSAND,
        congestion_rent_yen=clearing.congestion_rent_thousand_yen().sum(axis=0) * YEN_PER_THOUSAND,
        demand_mwh=demand.sum(axis=0),
        emissions_t=np.asarray(emissions),
        curtailed_mwh=curtailed_mw(clearing).sum(axis=0),
        unserved_mwh=unserved.sum(axis=0),
        reserve_used_mwh=blocks[RESERVE].sum(axis=0),
    )


def curtailed_mw(clearing: Clearing) -> Array:
    """Sun and wind that are not taken, `(hours, areas)`."""
    block = next(block for block in clearing.market.blocks if block.name == VARIABLE)
    return np.asarray(block.capacity_mw - clearing.output_mw(block))


def with_used_pumped_hydro(case: MarketCase, used_share: float) -> MarketCase:
    """The case with another share of pumped hydro that follows prices."""
    return replace(case, storages=load_storages(case.catalogue, used_share))


def with_published_ties(case: MarketCase) -> MarketCase:
    """The case with the published limits of the ties."""
    return replace(case, ties=load_ties(case.catalogue, "published"))
