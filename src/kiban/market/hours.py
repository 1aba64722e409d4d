"""Hours of the market: demand, and supply that does not follow prices, by area.

Measured hours come from the companies' files. Without them there is a synthetic year: each hour has the mean of its
month, kind of day and hour in the area. It has no weather: hours at the floor and hours of scarcity are too few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import holidays
import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import FISCAL_YEAR_FIRST_MONTH, HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.market.areas import MARKET_AREAS

Hours = npt.NDArray[np.datetime64]
DAY_KINDS = ("work", "off")
EPOCH_YEAR = 1970
"""Year from which `datetime64` counts."""
SYNTHETIC_FISCAL_YEAR = 2024
"""Calendar of the synthetic year and its fuel prices: the newest without an estimated customs price."""


@dataclass(frozen=True, slots=True, eq=False)
class MarketHours:
    """Demand and supply by hour and area, arrays `(hours, areas)` in MW; `start` is `datetime64[h]` in Japan's time.

    Solar and wind are what they could deliver before curtailment. Biomass is what runs without curtailment.
    `pumped_mw` is the observed output of pumped hydro less pumping. `synthetic` says that the hours are means.
    """

    areas: tuple[str, ...]
    start: Hours
    demand_mw: Array
    nuclear_mw: Array
    hydro_mw: Array
    geothermal_mw: Array
    biomass_mw: Array
    solar_mw: Array
    wind_mw: Array
    pumped_mw: Array
    synthetic: bool = False

    @property
    def month(self) -> npt.NDArray[np.int64]:
        """Month 1 to 12 of every hour."""
        return self.start.astype("datetime64[M]").astype(np.int64) % MONTHS_PER_YEAR + 1

    @property
    def fixed_mw(self) -> Array:
        """Nuclear, river hydro and geothermal: the last to be curtailed."""
        return np.asarray(self.nuclear_mw + self.hydro_mw + self.geothermal_mw)

    @property
    def variable_mw(self) -> Array:
        """Solar and wind before curtailment."""
        return np.asarray(self.solar_mw + self.wind_mw)

    @property
    def net_load_mw(self) -> Array:
        """Demand less all that does not follow prices; storage and thermal plants serve it."""
        return np.asarray(self.demand_mw - self.fixed_mw - self.biomass_mw - self.variable_mw)

    def places_of(self, unit: str) -> npt.NDArray[np.int64]:
        """Which day (`D`) or month (`M`) of the hours each hour lies in, counted from 0 without gaps."""
        return np.unique(self.start.astype(f"datetime64[{unit}]"), return_inverse=True)[1].astype(np.int64)


def synthetic_hours(catalogue: Catalogue, fiscal_year: int = SYNTHETIC_FISCAL_YEAR) -> MarketHours:
    """A year from April in which each hour has the mean of fiscal year 2022 for its month, kind of day and hour.

    Of Tokyo only demand and sun were published; its other supply is assumed, rows `market.tokyo.*`.
    """
    first = f"{FISCAL_YEAR_FIRST_MONTH:02d}-01"
    start = np.arange(f"{fiscal_year}-{first}T00", f"{fiscal_year + 1}-{first}T00", dtype="datetime64[h]")
    by_hour = partial(profile_by_hour, start)
    tokyo = MARKET_AREAS.index("tokyo")
    hydro, biomass, wind = by_hour("hydro"), by_hour("biomass"), by_hour("wind")
    hydro[:, tokyo] = catalogue.value("market.tokyo.hydro_of_tohoku") * hydro[:, MARKET_AREAS.index("tohoku")]
    biomass[:, tokyo] = catalogue.value("market.tokyo.biomass")
    wind[:, tokyo] = catalogue.value("market.tokyo.wind")
    return MarketHours(
        areas=MARKET_AREAS,
        start=start,
        demand_mw=by_hour("demand"),
        nuclear_mw=by_hour("nuclear"),
        hydro_mw=hydro,
        geothermal_mw=by_hour("geothermal"),
        biomass_mw=biomass,
        solar_mw=by_hour("solar") + by_hour("solar_curtailed"),
        wind_mw=wind,
        pumped_mw=by_hour("pumped"),
        synthetic=True,
    )


def profile_by_hour(start: Hours, quantity: str) -> Array:
    """A quantity of fiscal year 2022 in hours that begin at `start`, MW `(hours, areas)`; see `read_profiles`."""
    day, month = start.astype("datetime64[D]"), start.astype("datetime64[M]").astype(np.int64)
    years = (month // MONTHS_PER_YEAR + EPOCH_YEAR).tolist()
    feasts = holidays.country_holidays("JP", years=range(min(years), max(years) + 1))
    off = ~np.is_busday(day, holidays=np.array(sorted(feasts), dtype="datetime64[D]"))
    places = (month % MONTHS_PER_YEAR, off.astype(np.int64), (start - day).astype(np.int64))
    return np.asarray(read_profiles()[quantity][places])


@cache
def read_profiles() -> dict[str, Array]:
    """Mean MW of fiscal year 2022 by quantity: arrays `(12 months, 2 kinds of day, 24 hours, areas)`; 0 where none."""
    shape = (MONTHS_PER_YEAR, len(DAY_KINDS), HOURS_PER_DAY, len(MARKET_AREAS))
    found: dict[str, Array] = {}
    for row in read_table("market_profiles"):
        array = found.setdefault(row["quantity"], np.zeros(shape))
        values = [float(row[f"hour_{hour:02d}"]) for hour in range(HOURS_PER_DAY)]
        array[int(row["month"]) - 1, DAY_KINDS.index(row["day"]), :, MARKET_AREAS.index(row["area"])] = values
    return found
