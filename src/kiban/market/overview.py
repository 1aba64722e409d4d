"""A cleared year at a glance: means by month, and what its weeks cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.market.year import MarketYear

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class MarketOverview:
    """Means over the hours: prices `(areas,)` and `(months, areas)`, demand and flows `(months, areas or ties)`.

    `months` are 1 to 12 in the order of the year. The weeks begin with its first day, `week_first` `datetime64[D]`;
    their price `(weeks,)` is what demand pays for a kWh. Days beyond the last whole week are left out.
    """

    year: MarketYear
    months: tuple[int, ...]
    price_yen_per_kwh: Array
    month_price_yen_per_kwh: Array
    month_demand_mw: Array
    month_flow_mw: Array
    week_first: npt.NDArray[np.datetime64]
    week_price_yen_per_kwh: Array


def overlook(year: MarketYear) -> MarketOverview:
    """The year by month and week."""
    hours, price = year.case.hours, year.price_yen_per_kwh
    month = hours.places_of("M")
    days = hours.start[::HOURS_PER_DAY].astype("datetime64[D]")
    weeks = days.size // DAYS_PER_WEEK
    whole = slice(0, weeks * DAYS_PER_WEEK * HOURS_PER_DAY)
    paid = (price * hours.demand_mw)[whole].sum(axis=1).reshape(weeks, -1).sum(axis=1)
    return MarketOverview(
        year=year,
        months=tuple(int(name) for name in hours.month[np.unique(month, return_index=True)[1]]),
        price_yen_per_kwh=price.mean(axis=0),
        month_price_yen_per_kwh=_means(price, month),
        month_demand_mw=_means(hours.demand_mw, month),
        month_flow_mw=_means(year.cleared.clearing.flow_mw, month),
        week_first=days[: weeks * DAYS_PER_WEEK : DAYS_PER_WEEK],
        week_price_yen_per_kwh=paid / hours.demand_mw[whole].sum(axis=1).reshape(weeks, -1).sum(axis=1),
    )


def _means(values: Array, groups: npt.NDArray[np.int64]) -> Array:
    """Means by group, `(groups, columns)`."""
    sums = np.zeros((groups.max() + 1, values.shape[1]))
    np.add.at(sums, groups, values)
    return np.asarray(sums / np.bincount(groups)[:, None])
