"""Prices as they were seen to rise with load, and what the rise brings to plants and to ties while flows stay.

Prices of the areas of one frequency rise together, by the slope on net load that was observed. What others pay more is
received where the power came from: with flows as they were (means of fiscal year 2022),

    sum over areas of rise x demand  =  sum of rise x supply of the area  +  sum of rise x inflow

The last sum is the rent of the ties: of the frequency converters alone, since prices within a frequency rise alike.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import MarketHours, profile_by_hour

MW_PER_GW = 1000.0


def seen_rise(catalogue: Catalogue, areas: tuple[str, ...], load_mw: Array) -> Array:
    """By how much prices rise for a load `(hours, areas)`, yen/kWh, of the same shape."""
    frequency = np.array([catalogue.value(f"grid.{area}.frequency") for area in areas])
    rise = np.zeros(load_mw.shape)
    for hertz in np.unique(frequency):
        inside = frequency == hertz
        slope = catalogue.value(f"market.slope.{hertz:.0f}_hz") / MW_PER_GW
        rise[:, inside] = slope * load_mw[:, inside].sum(axis=1, keepdims=True)
    return rise


def seen_inflow_mw(hours: MarketHours) -> Array:
    """What came into each area over its ties in such hours, `(hours, areas)`; Tokyo has what the others sent."""
    inflow = profile_by_hour(hours.start, "tie_in")
    tokyo = MARKET_AREAS.index("tokyo")
    inflow[:, tokyo] = 0.0
    inflow[:, tokyo] = -inflow.sum(axis=1)
    return inflow


def seen_rent_thousand_yen(catalogue: Catalogue, hours: MarketHours, load_mw: Array) -> float:
    """What ties receive more over the hours, with flows as they were; negative where they carried towards the lower."""
    return float((seen_rise(catalogue, hours.areas, load_mw) * seen_inflow_mw(hours)).sum())
