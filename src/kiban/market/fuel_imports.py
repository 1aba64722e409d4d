"""Fuel that thermal plants burn in a year of the market, and what of it is imported at customs prices.

    heat burnt     =  output x emission of the block / emission factor of its fuel             MWh, higher heating value
    paid abroad    =  heat burnt / heat of the fuel x customs price of the month x share imported

Emissions rest on the efficiency of plants, not on that which explains their offers. Must-run and low load are of coal
and gas together, in the shares that their emissions say. Spot cargoes are counted at the customs price, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.market.fuels import FUELS, customs_yen_per_mwh
from kiban.market.impact import yearly
from kiban.market.offers import emissions_of_blocks
from kiban.market.year import MarketYear
from kiban.quantities import KWH_PER_MWH

ROW_OF_FUEL: Final = {"coal": "coal", "gas": "lng", "oil": "oil"}
"""What the catalogue calls a fuel."""
_MJ_PER_MWH = 3600.0
_MIXED = "gas_2"
"""The block of gas whose emission mixed blocks share with coal."""


@dataclass(frozen=True, slots=True, eq=False)
class FuelImports:
    """What is imported more in a year of 8,760 hours: arrays by `FUELS`, negative where it is less.

    `amount` is t of coal and LNG and kl of crude, `paid_yen` at customs prices.
    """

    amount: Array
    paid_yen: Array

    @property
    def total_yen(self) -> float:
        """What is paid abroad for all fuels."""
        return float(self.paid_yen.sum())


def find_fuel_imports(before: MarketYear, after: MarketYear) -> FuelImports:
    """What one cleared year imports more than another of the same hours."""
    catalogue, hours = before.case.catalogue, before.case.hours
    place = hours.places_of("M")
    heat = _heat_by_month(after) - _heat_by_month(before)
    months = np.unique(hours.start.astype("datetime64[M]"))
    assert heat.shape == (len(FUELS), int(place.max()) + 1)
    share = np.array([catalogue.value(f"market.fuel.{ROW_OF_FUEL[fuel]}.import_share") for fuel in FUELS])
    # MJ of a kg or litre are GJ of a t or kl.
    content = np.array([catalogue.value(f"market.fuel.{ROW_OF_FUEL[fuel]}.heat") for fuel in FUELS])
    price = customs_yen_per_mwh(catalogue, months)
    scale = yearly(hours) * share
    amount = heat.sum(axis=1) * _MJ_PER_MWH / KWH_PER_MWH / content
    return FuelImports(amount * scale, (heat * price).sum(axis=1) * scale)


def _heat_by_month(year: MarketYear) -> Array:
    """Heat burnt, MWh `(fuels, months)`."""
    catalogue, place = year.case.catalogue, year.case.hours.places_of("M")
    clearing = year.cleared.clearing
    emission = emissions_of_blocks(catalogue)
    found = np.zeros((len(FUELS), int(place.max()) + 1))
    for block in clearing.market.blocks:
        rate = np.broadcast_to(block.emission_t_per_mwh, clearing.price_yen_per_kwh.shape)
        if not rate.any():
            continue
        tonnes = clearing.output_mw(block) * rate
        for at, share in enumerate(_shares(block.name, rate, emission)):
            factor = catalogue.value(f"market.fuel.{ROW_OF_FUEL[FUELS[at]]}.emission_factor")
            found[at] += np.bincount(place, (tonnes * share).sum(axis=1)) / factor
    return found


def _shares(name: str, rate: Array, emission: dict[str, float]) -> tuple[Array, Array, Array]:
    """Shares of coal, gas and oil in what a block emits."""
    if name == "oil":
        return np.zeros_like(rate), np.zeros_like(rate), np.ones_like(rate)
    if name.startswith("gas") or name == "scarcity":
        return np.zeros_like(rate), np.ones_like(rate), np.zeros_like(rate)
    of_coal = np.clip((rate - emission[_MIXED]) / (emission["coal"] - emission[_MIXED]), 0.0, 1.0)
    coal = of_coal * emission["coal"] / rate
    return coal, 1.0 - coal, np.zeros_like(rate)
