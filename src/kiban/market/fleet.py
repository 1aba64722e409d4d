"""Thermal plants by area and fuel, and how much of them is there in each month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import read_profiles

FUEL_OF_PLANT = {"coal": "coal", "gas": "gas", "oil": "oil", "unknown": "oil"}
"""Large units of unknown fuel are taken for oil: they hardly run."""


@dataclass(frozen=True, slots=True, eq=False)
class ThermalFleet:
    """Capacity by area, arrays `(areas,)` in MW; `month_peak_mw` `(12, areas)` is the most that ran in each month.

    The units are those above about 100 MW. What ran includes smaller ones, so it may be more than their sum.
    """

    areas: tuple[str, ...]
    coal_mw: Array
    gas_mw: Array
    oil_mw: Array
    month_peak_mw: Array

    @property
    def capacity_mw(self) -> Array:
        """The fleet that may run in a year: units of coal and gas, or what ran where that was more."""
        return np.asarray(np.maximum(self.coal_mw + self.gas_mw, self.month_peak_mw.max(axis=0)))


def load_fleet(catalogue: Catalogue) -> ThermalFleet:
    """The units seen in 2026, with the highest mean hour of each month of fiscal year 2022."""
    capacity = {fuel: np.zeros(len(MARKET_AREAS)) for fuel in ("coal", "gas", "oil")}
    for row in read_table("market_fleet"):
        fuel = FUEL_OF_PLANT.get(row["plant"])
        if fuel is not None:
            capacity[fuel][MARKET_AREAS.index(row["area"])] += float(row["capacity_mw"])
    profiles = read_profiles()
    thermal = profiles["thermal"].copy()
    tokyo, tohoku = MARKET_AREAS.index("tokyo"), MARKET_AREAS.index("tohoku")
    # Tokyo's thermal output is what its demand leaves after the supply that is known or assumed.
    thermal[..., tokyo] = (
        profiles["demand"][..., tokyo]
        - profiles["solar"][..., tokyo]
        - catalogue.value("market.tokyo.hydro_of_tohoku") * profiles["hydro"][..., tohoku]
        - catalogue.value("market.tokyo.biomass")
        - catalogue.value("market.tokyo.wind")
        + profiles["tie_in"].sum(axis=-1)
    )
    return ThermalFleet(
        areas=MARKET_AREAS,
        coal_mw=capacity["coal"],
        gas_mw=capacity["gas"],
        oil_mw=capacity["oil"],
        month_peak_mw=thermal.max(axis=(1, 2)),
    )
