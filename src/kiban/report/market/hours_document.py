"""A year of the market by month, and some of its days hour by hour without and with a load: what the pages draw.

Prices are in yen per kWh with two digits after the point, power in whole MW; arrays by month or hour.
"""

from __future__ import annotations

from typing import TypedDict

from kiban.arrays import Array
from kiban.market.areas import Ties
from kiban.market.bid_curves import MOST_BID_LOAD_MW
from kiban.market.days import DaysSide, MarketDays
from kiban.market.overview import MarketOverview

_DIGITS_OF_PRICES = 2
_DATE = len("2024-04-01")


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
    """A year of the market; `months` are 1 to 12 in its order, prices of weeks are what demand pays for a kWh.

    `fast_most_mw` is the largest load that the bid curves alone answer."""

    first: str
    last: str
    synthetic: bool
    fast_most_mw: float
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


def year_document(found: MarketOverview) -> MarketYearDocument:
    """The year without any load of ours, by month and week."""
    hours = found.year.case.hours
    price, demand = found.month_price_yen_per_kwh.T, found.month_demand_mw.T
    return {
        "first": str(hours.start[0])[:_DATE],
        "last": str(hours.start[-1])[:_DATE],
        "synthetic": hours.synthetic,
        "fast_most_mw": MOST_BID_LOAD_MW,
        "months": list(found.months),
        "areas": [
            {
                "id": area,
                "price_yen_per_kwh": round(float(found.price_yen_per_kwh[place]), _DIGITS_OF_PRICES),
                "month_price_yen_per_kwh": _prices(price[place]),
                "month_demand_mw": demand[place].round().tolist(),
            }
            for place, area in enumerate(hours.areas)
        ],
        "ties": tie_documents(found.year.case.ties),
        "month_flow_mw": found.month_flow_mw.T.round().tolist(),
        "week_first": [str(day) for day in found.week_first],
        "week_price_yen_per_kwh": _prices(found.week_price_yen_per_kwh),
    }


def days_document(days: MarketDays) -> MarketDaysDocument:
    """Days without and with a load, hour by hour."""
    hours = days.hours
    return {
        "start": f"{hours.start[0]}:00",
        "hours": len(hours.start),
        "synthetic": hours.synthetic,
        "areas": list(hours.areas),
        "ties": tie_documents(days.ties),
        "load_mw": days.load_mw.tolist(),
        "demand_mw": _powers(hours.demand_mw),
        "before": _side(days.before),
        "after": _side(days.after),
    }


def _side(side: DaysSide) -> MarketSideDocument:
    clearing = side.cleared.clearing
    return {
        "price_yen_per_kwh": [_prices(column) for column in clearing.price_yen_per_kwh.T],
        "flow_mw": _powers(clearing.flow_mw),
        "supply_mw": {name: _powers(output) for name, output in side.supply_mw.items()},
    }


def tie_documents(ties: Ties) -> list[TieDocument]:
    """The ties with their limits; where limits change from hour to hour, the highest."""
    forward, reverse = (limit.reshape(-1, ties.origin.size).max(axis=0) for limit in (ties.forward_mw, ties.reverse_mw))
    return [
        {
            "from_area": ties.areas[first],
            "to_area": ties.areas[last],
            "forward_mw": float(most),
            "reverse_mw": float(back),
        }
        for first, last, most, back in zip(ties.origin, ties.destination, forward, reverse, strict=True)
    ]


def _prices(values: Array) -> list[float]:
    # Adding 0 makes a zero of what rounds to minus zero.
    found: list[float] = (values.round(_DIGITS_OF_PRICES) + 0.0).tolist()
    return found


def _powers(values: Array) -> list[list[int]]:
    """Whole MW by column, `(columns, hours)`."""
    found: list[list[int]] = values.T.round().astype(int).tolist()
    return found
