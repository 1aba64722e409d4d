"""A year of the market by month, and some of its days hour by hour without and with a load: what the pages draw.

Prices are in yen per kWh with two digits after the point, power in whole MW; arrays by month or hour.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from kiban.arrays import Array
from kiban.market.areas import Ties
from kiban.market.days import MarketDays, supply_by_source
from kiban.market.storages import StorageClearing
from kiban.market.year import MarketYear

_DIGITS_OF_PRICES = 2


class TieDocument(TypedDict):
    """A tie between two areas and its limits each way, MW."""

    from_area: str
    to_area: str
    forward_mw: float
    reverse_mw: float


class MarketAreaDocument(TypedDict):
    """An area in a year without the load; prices are means of the hours, by month in the order of the year."""

    id: str
    price_yen_per_kwh: float
    month_price_yen_per_kwh: list[float]
    month_demand_mw: list[float]


class MarketYearDocument(TypedDict):
    """A year of the market; `months` are 1 to 12 in its order, `week_price_yen_per_kwh` is the mean of each week of
    its days, weighted by demand."""

    first: str
    last: str
    synthetic: bool
    months: list[int]
    areas: list[MarketAreaDocument]
    ties: list[TieDocument]
    month_flow_mw: list[list[float]]
    week_first: list[str]
    week_price_yen_per_kwh: list[float]


class MarketSideDocument(TypedDict):
    """Days without or with the load: by area, by tie, and by source and area."""

    price_yen_per_kwh: list[list[float]]
    flow_mw: list[list[int]]
    supply_mw: dict[str, list[list[int]]]


class MarketDaysDocument(TypedDict):
    """Some days of the market; `start` is the first hour in Japan's time, `load_mw` by area."""

    start: str
    hours: int
    synthetic: bool
    areas: list[str]
    ties: list[TieDocument]
    load_mw: list[float]
    demand_mw: list[list[int]]
    before: MarketSideDocument
    after: MarketSideDocument


def year_document(year: MarketYear) -> MarketYearDocument:
    """The year without any load of ours, by month and week."""
    hours = year.case.hours
    month = hours.places_of("M")
    price, demand = year.price_yen_per_kwh, hours.demand_mw
    by_month, used = _means(price, month), _means(demand, month)
    flow = _means(year.cleared.clearing.flow_mw, month)
    day = hours.start[::24].astype("datetime64[D]")
    weeks = range(0, len(day) - 6, 7)
    paid = [(price * demand)[24 * first : 24 * first + 168].sum() for first in weeks]
    taken = [demand[24 * first : 24 * first + 168].sum() for first in weeks]
    names = hours.month[np.unique(month, return_index=True)[1]]
    return {
        "first": str(day[0]),
        "last": str(day[-1]),
        "synthetic": hours.synthetic,
        "months": [int(name) for name in names],
        "areas": [
            {
                "id": area,
                "price_yen_per_kwh": round(float(price[:, place].mean()), _DIGITS_OF_PRICES),
                "month_price_yen_per_kwh": _prices(by_month[:, place]),
                "month_demand_mw": [float(value) for value in used[:, place].round()],
            }
            for place, area in enumerate(hours.areas)
        ],
        "ties": tie_documents(year.case.ties),
        "month_flow_mw": [[float(value) for value in tie.round()] for tie in flow.T],
        "week_first": [str(day[first]) for first in weeks],
        "week_price_yen_per_kwh": [
            round(float(yen / mwh), _DIGITS_OF_PRICES) for yen, mwh in zip(paid, taken, strict=True)
        ],
    }


def days_document(days: MarketDays, load_mw: Array) -> MarketDaysDocument:
    """Days without and with a load `(areas,)`, hour by hour."""
    hours = days.hours
    return {
        "start": str(hours.start[0].astype("datetime64[m]")),
        "hours": len(hours.start),
        "synthetic": hours.synthetic,
        "areas": list(hours.areas),
        "ties": tie_documents(days.before.clearing.market.ties),
        "load_mw": [float(value) for value in load_mw],
        "demand_mw": _powers(hours.demand_mw),
        "before": _side(days, days.before),
        "after": _side(days, days.after),
    }


def _side(days: MarketDays, cleared: StorageClearing) -> MarketSideDocument:
    price = cleared.clearing.price_yen_per_kwh
    supply = supply_by_source(days.hours, cleared)
    return {
        "price_yen_per_kwh": [_prices(column) for column in price.T],
        "flow_mw": _powers(cleared.clearing.flow_mw),
        "supply_mw": {name: _powers(output) for name, output in supply.items()},
    }


def tie_documents(ties: Ties) -> list[TieDocument]:
    """The ties with their limits; where limits change from hour to hour, the highest."""
    forward, reverse = (np.atleast_2d(limit).max(axis=0) for limit in (ties.forward_mw, ties.reverse_mw))
    return [
        {
            "from_area": ties.areas[first],
            "to_area": ties.areas[last],
            "forward_mw": float(most),
            "reverse_mw": float(back),
        }
        for first, last, most, back in zip(ties.origin, ties.destination, forward, reverse, strict=True)
    ]


def _means(values: Array, groups: np.typing.NDArray[np.int64]) -> Array:
    """Means by group, `(groups, columns)`."""
    sums = np.zeros((groups.max() + 1, values.shape[1]))
    np.add.at(sums, groups, values)
    return np.asarray(sums / np.bincount(groups)[:, None])


def _prices(values: Array) -> list[float]:
    # Adding 0 makes a zero of what rounds to minus zero.
    return [float(value) + 0.0 for value in values.round(_DIGITS_OF_PRICES)]


def _powers(values: Array) -> list[list[int]]:
    """Whole MW by column, `(columns, hours)`."""
    return [[int(value) for value in column] for column in values.T.round()]
