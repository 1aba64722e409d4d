"""How far the exchange's own bid curves move prices for more or less demand, all other bids held.

A table of means and medians by fiscal year, area, month and hour of the day, computed from the published half-hourly
curves. An area has the curve of the group of areas that shared its price in the half-hour, so that a load moves the
prices of its group. Which areas those are comes as the part of an area's rise that fell into half-hours in which
another area had the same price:

    rise of area b = sum over areas a of   shared[a, b] response[a](load of a)

The response runs straight between the loads of the table, and on beyond them. Nobody answers the load with other bids:
a bound from above for the short run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.catalogue.tables import read_table
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import MarketHours

Places = npt.NDArray[np.int64]
Statistic = Literal["mean", "median"]
BID_YEARS = (2023, 2024)
NEWEST_BIDS = BID_YEARS[-1]
MOST_BID_LOAD_MW = 1000.0
"""The largest load of the table."""
_POINTS_MW: dict[Statistic, tuple[tuple[str, float], ...]] = {
    "mean": (("minus_1000_mean", -1000.0), ("plus_250_mean", 250.0), ("plus_1000_mean", 1000.0)),
    "median": (("minus_1000_median", -1000.0), ("plus_1000_median", 1000.0)),
}


@dataclass(frozen=True, slots=True, eq=False)
class BidCurves:
    """The responses of one fiscal year: arrays `(12 months, 24 hours, areas)`, yen/kWh.

    `responses` holds one array for each of `loads_mw`, which rise and hold 0; `shared` is `(areas, areas)`.
    """

    price_yen_per_kwh: Array
    loads_mw: Array
    responses_yen_per_kwh: Array
    shared: Array

    def price_of(self, hours: MarketHours) -> Array:
        """Mean price of each hour's month and hour of the day, `(hours, areas)`."""
        return np.asarray(self.price_yen_per_kwh[_month_and_hour(hours)])

    def rise(self, hours: MarketHours, load_mw: Array) -> Array:
        """Rise of prices `(hours, areas)` for a load of that shape, MW; falls where it is negative."""
        load = np.broadcast_to(load_mw, hours.demand_mw.shape)
        known = self.responses_yen_per_kwh[:, *_month_and_hour(hours)]
        # The stretch of the table that the load falls into; the outer ones run on.
        at = np.clip(np.searchsorted(self.loads_mw, load, side="right") - 1, 0, self.loads_mw.size - 2)
        low, high = (np.take_along_axis(known, (at + step)[None], axis=0)[0] for step in (0, 1))
        first, last = self.loads_mw[at], self.loads_mw[at + 1]
        return np.asarray((low + (high - low) * (load - first) / (last - first)) @ self.shared)


def _month_and_hour(hours: MarketHours) -> tuple[Places, Places]:
    day = hours.start.astype("datetime64[D]")
    return np.asarray(hours.month - 1), np.asarray((hours.start - day).astype(np.int64))


@cache
def load_bid_curves(fiscal_year: int = NEWEST_BIDS, statistic: Statistic = "mean") -> BidCurves:
    """The bid curves of a fiscal year, one of `BID_YEARS`."""
    known = _read_bids()
    price = known[fiscal_year, "price"]
    points = {mw: known[fiscal_year, name] for name, mw in _POINTS_MW[statistic]} | {0.0: np.zeros_like(price)}
    loads = sorted(points)
    return BidCurves(price, np.array(loads), np.stack([points[mw] for mw in loads]), _read_groups()[fiscal_year])


@cache
def _read_bids() -> dict[tuple[int, str], Array]:
    """Arrays `(12 months, 24 hours, areas)` by fiscal year and quantity."""
    shape = (MONTHS_PER_YEAR, HOURS_PER_DAY, len(MARKET_AREAS))
    columns = [f"hour_{hour:02d}" for hour in range(HOURS_PER_DAY)]
    found: dict[tuple[int, str], Array] = {}
    for row in read_table("market_bids"):
        array = found.setdefault((int(row["fiscal_year"]), row["quantity"]), np.full(shape, np.nan))
        array[int(row["month"]) - 1, :, MARKET_AREAS.index(row["area"])] = [float(row[name]) for name in columns]
    return found


def _read_groups() -> dict[int, Array]:
    """By fiscal year, of the rise in the row's area the part that the column's area shares, `(areas, areas)`."""
    found: dict[int, Array] = {}
    for row in read_table("market_bid_groups"):
        array = found.setdefault(int(row["fiscal_year"]), np.zeros((len(MARKET_AREAS), len(MARKET_AREAS))))
        array[MARKET_AREAS.index(row["area"])] = [float(row[area]) for area in MARKET_AREAS]
    return found
