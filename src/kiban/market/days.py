"""Some days of a case, cleared without and with a load, and what served them.

Offers follow the mean of the month and the fleet that of the year, so the days keep their place in the case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.market.hours import Hours, MarketHours
from kiban.market.offers import BIOMASS, FIXED, MUST_RUN, RESERVE, UNSERVED, VARIABLE, build_market
from kiban.market.storages import StorageClearing, clear_with_storages
from kiban.market.year import MarketCase

THERMAL: Final = {
    "coal": ("coal",),
    "gas": ("gas_1", "gas_2", "gas_3"),
    "oil": ("oil",),
    "least": (MUST_RUN, "low_load"),
    "last": ("scarcity", RESERVE),
    "unserved": (UNSERVED,),
}
"""Sources and the blocks of offers that they are made of: `least` is thermal output that runs at almost any price,
`last` the dear end of all fleets."""
SOURCES: Final = ("nuclear", "hydro", "geothermal", "biomass", "solar", "wind", *THERMAL, "pumped")


@dataclass(frozen=True, slots=True, eq=False)
class MarketDays:
    """Days of a case, cleared `before` and `after` the load came; arrays there are `(hours of these days, ...)`."""

    hours: MarketHours
    before: StorageClearing
    after: StorageClearing

    @property
    def start(self) -> Hours:
        """When each hour begins."""
        return self.hours.start


def clear_days(case: MarketCase, first_hour: int, hours: int, load_mw: Array) -> MarketDays:
    """The days from `first_hour` on, without and with `load_mw` `(areas,)`, as they clear in the whole case."""
    chosen = np.arange(first_hour, first_hour + hours)
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels).at(chosen)
    before = clear_with_storages(market, case.storages)
    after = before
    if load_mw.any():
        loaded = market.with_demand(np.broadcast_to(load_mw, market.demand_mw.shape))
        after = clear_with_storages(loaded, case.storages, start=before.clearing.price_yen_per_kwh)
    return MarketDays(_hours_at(case.hours, chosen), before, after)


def _hours_at(hours: MarketHours, chosen: np.typing.NDArray[np.int64]) -> MarketHours:
    by_hour = [name for name in hours.__dataclass_fields__ if name not in {"areas", "synthetic"}]
    return replace(hours, **{name: getattr(hours, name)[chosen] for name in by_hour})


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
    found |= {name: np.asarray(sum(made[block] for block in blocks)) for name, blocks in THERMAL.items()}
    return {**found, "pumped": cleared.output_mw}


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)
