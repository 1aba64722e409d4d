"""Prices and flows that the model gives for hours that were: demand, weather and outages known, prices not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.market.areas import MARKET_AREAS, Ties
from kiban.market.blocks import Market, SupplyBlock
from kiban.market.clearing import clear
from kiban.market.fleet import ThermalFleet
from kiban.market.fuels import FuelPrices, fuel_prices
from kiban.market.offers import OfferParameters, build_market
from kiban.market.readings.observed import ObservedHours
from kiban.market.storages import Storages, area_output_mw, clear_with_storages
from kiban.messages import Message

PEAK_QUANTILE = 0.99
"""Of the hours of a month, the thermal output that only this share does not exceed stands for what was there."""
_NO_LIMIT_MW = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Backcast:
    """What the model gives: yen/kWh and MW by (hours, areas); storage positive when it gives, inflow into the area."""

    price_yen_per_kwh: Array
    storage_mw: Array
    inflow_mw: Array
    curtailed_mw: Array


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Hours to be back-cast and what does not change from one try of the parameters to the next.

    `value_yen_per_kwh` (hours, storages) is what stored energy is worth under the parameters tried last; None where
    storages have served the net load already.
    """

    observed: ObservedHours
    fleet: ThermalFleet
    storages: Storages
    catalogue: Catalogue
    fuels: FuelPrices
    value_yen_per_kwh: Array | None = None

    def plain_market(self, offers: OfferParameters, ties: Ties) -> Market:
        """The market without storages."""
        return build_market(self.observed.hours, self.fleet, ties, offers, self.catalogue, fuels=self.fuels)

    def market(self, offers: OfferParameters, ties: Ties) -> Market:
        """The market in which storages answer to prices at the values that stored energy has."""
        plain = self.plain_market(offers, ties)
        give, take = self._blocks()
        return plain.with_demand(take.capacity_mw).with_blocks((give, take)) if give.capacity_mw.any() else plain

    def storage_mw(self, price: Array) -> Array:
        """What storages give less what they take at prices (hours, areas)."""
        give, take = self._blocks()
        return np.asarray(give.output_mw(price) - (take.capacity_mw - take.output_mw(price)))

    def balanced(self, offers: OfferParameters, ties: Ties, start: Array | None = None) -> tuple[Setting, Array]:
        """The setting with the values that balance each day under these parameters, and the prices there."""
        if not self.observed.stored:
            return self, clear(self.plain_market(offers, ties), start).price_yen_per_kwh
        found = clear_with_storages(self.plain_market(offers, ties), self.storages, start=start)
        return replace(self, value_yen_per_kwh=found.value_yen_per_kwh), found.clearing.price_yen_per_kwh

    def _blocks(self) -> tuple[SupplyBlock, SupplyBlock]:
        """What storages give; and what they would take, as supply that is there at high prices and not at low ones."""
        shape = self.observed.price_yen_per_kwh.shape
        if self.value_yen_per_kwh is None:
            nothing = SupplyBlock("storage", np.zeros(shape), np.array(0.0), np.array(1.0), np.array(0.0))
            return nothing, nothing
        stored = self.storages
        power, value, band, efficiency = np.zeros(shape), np.zeros(shape), np.ones(shape), np.ones(shape)
        for number, area in enumerate(stored.area):
            power[:, area], value[:, area] = stored.power_mw[number], self.value_yen_per_kwh[:, number]
            band[:, area], efficiency[:, area] = stored.band_yen_per_kwh[number], stored.efficiency[number]
        low = efficiency * value
        return (
            SupplyBlock("storage", power, value, value + band, np.array(0.0)),
            SupplyBlock("charging", power, low - band, low, np.array(0.0)),
        )


def prepare(observed: ObservedHours, fleet: ThermalFleet, storages: Storages, catalogue: Catalogue) -> Setting:
    """The whole days among the hours, with the fleet as it was there and the fuel prices of their months."""
    day = observed.hours.places_of("D")
    whole = observed.chosen((np.bincount(day) == HOURS_PER_DAY)[day])
    months = np.unique(whole.start.astype("datetime64[M]"))
    last = last_fuel_month()
    if months[-1] > last:
        whole = replace(whole, notes=(*whole.notes, Message("note.fuel_of_last_month", month=str(last))))
    fuels = fuel_prices(catalogue, np.minimum(months, last))
    return Setting(whole, seen_fleet(whole, fleet, storages), storages, catalogue, fuels)


def last_fuel_month() -> np.datetime64:
    """The last month of which fuel prices are known; it stands for later ones."""
    row = read_table("market_fuels")[-1]
    return np.datetime64(f"{row['year']}-{int(row['month']):02d}", "M")


def seen_fleet(observed: ObservedHours, fleet: ThermalFleet, storages: Storages) -> ThermalFleet:
    """The fleet with the months' peaks of what ran in the hours; months without hours keep theirs.

    Where only large plants are known, months without hours have the highest peak seen. An area whose record tells no
    storage although it has some counts that output among its thermal power: it is taken off.
    """
    peaks = fleet.month_peak_mw.copy()
    months = np.unique(observed.hours.month)
    told = observed.hours.pumped_mw.any(axis=0) | (not observed.stored)
    power = area_output_mw(storages, storages.power_mw[None, :], len(MARKET_AREAS))[0]
    for month in months:
        seen = np.quantile(observed.thermal_mw[observed.hours.month == month], PEAK_QUANTILE, axis=0)
        peaks[month - 1] = np.maximum(seen - np.where(told, 0.0, power), 0.0)
    if not observed.stored:
        others = np.setdiff1d(np.arange(1, MONTHS_PER_YEAR + 1), months)
        peaks[others - 1] = peaks[months - 1].max(axis=0)
    return replace(fleet, month_peak_mw=peaks)


def back_cast(setting: Setting, offers: OfferParameters, ties: Ties) -> Backcast:
    """Prices, storages and flows of the hours under these parameters."""
    setting, start = setting.balanced(offers, ties)
    cleared = clear(setting.market(offers, ties), start)
    price = cleared.price_yen_per_kwh
    inflow = np.zeros_like(price)
    for tie, (first, last) in enumerate(zip(ties.origin, ties.destination, strict=True)):
        inflow[:, first] -= cleared.flow_mw[:, tie]
        inflow[:, last] += cleared.flow_mw[:, tie]
    variable = next(block for block in cleared.market.blocks if block.name == "variable")
    shed = setting.observed.hours.variable_mw - variable.output_mw(price)
    return Backcast(price, setting.storage_mw(price), inflow, shed)


def one_node(ties: Ties) -> Ties:
    """Ties without limits: all areas have one price."""
    whole = np.full_like(ties.forward_mw, _NO_LIMIT_MW)
    return replace(ties, forward_mw=whole, reverse_mw=whole)
