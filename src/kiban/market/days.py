"""Some days of a case, cleared without and with a load, and what served them.

Offers follow the mean of the month and the fleet that of the year, so the days keep their place in the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.errors import Problem, ScenarioError
from kiban.market.added_load import with_load
from kiban.market.areas import Ties
from kiban.market.hours import MarketHours
from kiban.market.offers import BIOMASS, FIXED, MUST_RUN, RESERVE, UNSERVED, UNSERVED_LOAD, VARIABLE, build_market
from kiban.market.response import hours_at
from kiban.market.storages import StorageClearing, clear_with_storages
from kiban.market.year import MarketCase

THERMAL: Final = {
    "coal": ("coal",),
    "gas": ("gas_1", "gas_2", "gas_3"),
    "oil": ("oil",),
    "least": (MUST_RUN, "low_load"),
    "last": ("scarcity", RESERVE),
    "unserved": (UNSERVED, UNSERVED_LOAD),
}
"""Sources and the blocks of offers that they are made of: `least` is thermal output that runs at almost any price,
`last` the dear end of all fleets."""
SOURCES: Final = ("nuclear", "hydro", "geothermal", "biomass", "solar", "wind", *THERMAL, "pumped")


@dataclass(frozen=True, slots=True, eq=False)
class DaysSide:
    """The days without or with the load: how they clear, and what serves demand, MW by `SOURCES`, `(hours, areas)`."""

    cleared: StorageClearing
    supply_mw: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class MarketDays:
    """Days of a case, `before` and `after` a load `(areas,)` came."""

    hours: MarketHours
    ties: Ties
    load_mw: Array
    before: DaysSide
    after: DaysSide


def clear_days(case: MarketCase, first: date, days: int, load_mw: Array) -> MarketDays:
    """The days from `first` on, without and with a load `(areas,)`, as they clear in the whole case.

    Raises `ScenarioError` where the case does not hold them all.
    """
    chosen = hours_of_days(case.hours, first, days)
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels).at(chosen)
    hours = hours_at(case.hours, chosen)
    without = clear_with_storages(market, case.storages)
    before = DaysSide(without, supply_by_source(hours, without))
    if not load_mw.any():
        return MarketDays(hours, market.ties, load_mw, before, before)
    loaded = with_load(market, load_mw)
    cleared = clear_with_storages(loaded, case.storages, start=without.clearing.price_yen_per_kwh)
    return MarketDays(hours, market.ties, load_mw, before, DaysSide(cleared, supply_by_source(hours, cleared)))


def hours_of_days(hours: MarketHours, first: date, days: int, key: str = "first") -> npt.NDArray[np.int64]:
    """Places of the hours of so many days; `ScenarioError` of the key where they are not all there."""
    all_days = hours.start[::HOURS_PER_DAY].astype("datetime64[D]")
    places = np.flatnonzero(all_days == np.datetime64(first, "D"))
    if not places.size or places[0] + days > all_days.size:
        said = {"value": f"{first}", "first": f"{all_days[0]}", "last": f"{all_days[-days]}"}
        raise ScenarioError(Problem("market.no_days", key=key, values=said))
    return np.arange(days * HOURS_PER_DAY, dtype=np.int64) + int(places[0]) * HOURS_PER_DAY


def supply_by_source(hours: MarketHours, cleared: StorageClearing) -> dict[str, Array]:
    """What served demand, MW by `SOURCES`, each `(hours, areas)`; `pumped` is negative where it stores.

    What is curtailed of a group is missing in each of its sources alike.
    """
    clearing = cleared.clearing
    made = {block.name: clearing.output_mw(block) for block in clearing.market.blocks}
    least = next(block for block in clearing.market.blocks if block.name == FIXED).capacity_mw - hours.fixed_mw
    taken = _share(made[FIXED], hours.fixed_mw + least)
    variable = _share(made[VARIABLE], hours.variable_mw)
    found = {
        "nuclear": hours.nuclear_mw * taken,
        "hydro": hours.hydro_mw * taken,
        "geothermal": hours.geothermal_mw * taken,
        "biomass": least * taken + made[BIOMASS],
        "solar": hours.solar_mw * variable,
        "wind": hours.wind_mw * variable,
    }
    found |= {
        name: np.asarray(sum(made[block] for block in blocks if block in made)) for name, blocks in THERMAL.items()
    }
    return {**found, "pumped": cleared.output_mw}


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)
