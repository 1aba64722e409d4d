"""What a kWh of heat costs the plants in each month: customs prices, with part of the LNG at the spot price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.errors import CatalogueError, Problem
from kiban.quantities import KWH_PER_MWH, YEN_PER_MYEN

MJ_PER_KWH = 3.6
KG_PER_T = 1000.0
KWH_PER_MMBTU = 293.07107
FUELS = ("coal", "gas", "oil")


@dataclass(frozen=True, slots=True, eq=False)
class FuelPrices:
    """Yen per kWh of heat (higher heating value) by month, carbon price included, arrays `(months,)`."""

    coal_yen_per_kwh: Array
    gas_yen_per_kwh: Array
    oil_yen_per_kwh: Array


def fuel_prices(
    catalogue: Catalogue,
    months: npt.NDArray[np.datetime64],
    *,
    spot_share: float | None = None,
    lead_months: int | None = None,
    carbon_price_myen_per_t: float | None = None,
    table: Sequence[Mapping[str, str]] | None = None,
) -> FuelPrices:
    """Prices of `months` (`datetime64[M]`); what is None is taken from the catalogue.

    Customs prices are those of `lead_months` later, when the cargoes that are bought now arrive; the table's last
    month stands for what lies beyond it. `table` holds months that go before those of the catalogue. Raises
    CatalogueError where a month itself is in neither.
    """
    known = [*read_table("market_fuels"), *(table or ())]
    rows = {(int(row["year"]), int(row["month"])): row for row in known}
    keys = sorted(rows)
    lead = int(catalogue.value("market.fuel.lead_months")) if lead_months is None else lead_months
    share = catalogue.value("market.fuel.spot_share") if spot_share is None else spot_share
    carbon = catalogue.value("market.carbon_price") if carbon_price_myen_per_t is None else carbon_price_myen_per_t
    heat = {name: catalogue.value(f"market.fuel.{name}.heat") for name in ("coal", "lng", "oil")}

    def emission_cost(name: str) -> float:
        return carbon * YEN_PER_MYEN * catalogue.value(f"market.fuel.{name}.emission_factor") / KG_PER_T

    coal, gas, oil = [], [], []
    for month in months.astype("datetime64[M]").astype(np.int64):
        key = (1970 + int(month) // 12, int(month) % 12 + 1)
        if key not in rows:
            first, last = (f"{year}-{number:02d}" for year, number in (keys[0], keys[-1]))
            raise CatalogueError(
                Problem("market.no_fuel_month", month=f"{key[0]}-{key[1]:02d}", first=first, last=last)
            )
        now, customs = rows[key], rows[keys[min(max(keys.index(key) + lead, 0), len(keys) - 1)]]
        spot = float(now["spot_lng_usd_per_mmbtu"]) * float(now["yen_per_usd"]) / KWH_PER_MMBTU
        arriving = float(customs["lng_yen_per_t"]) / KG_PER_T / heat["lng"] * MJ_PER_KWH
        coal.append(float(customs["steam_coal_yen_per_t"]) / KG_PER_T / heat["coal"] * MJ_PER_KWH)
        gas.append((1.0 - share) * arriving + share * spot)
        oil.append(float(customs["crude_yen_per_kl"]) / 1000.0 / heat["oil"] * MJ_PER_KWH)
    return FuelPrices(
        coal_yen_per_kwh=np.array(coal) + emission_cost("coal"),
        gas_yen_per_kwh=np.array(gas) + emission_cost("lng"),
        oil_yen_per_kwh=np.array(oil) + emission_cost("oil"),
    )


def customs_yen_per_mwh(catalogue: Catalogue, months: npt.NDArray[np.datetime64]) -> Array:
    """Customs price of a MWh of heat in each month, without carbon, `(fuels, months)` in the order of `FUELS`.

    Raises CatalogueError where the catalogue has no price of a month.
    """
    prices = fuel_prices(catalogue, months, spot_share=0.0, lead_months=0, carbon_price_myen_per_t=0.0)
    by_fuel = (prices.coal_yen_per_kwh, prices.gas_yen_per_kwh, prices.oil_yen_per_kwh)
    return KWH_PER_MWH * np.stack(by_fuel)
