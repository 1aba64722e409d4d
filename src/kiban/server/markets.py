"""The market of the catalogue as the pages ask for it: a year, some of its days, and what a load does to others.

The case is the catalogue's own, so that its year is cleared once in a process and answers whoever asks.
"""

from __future__ import annotations

from functools import cache
from typing import TypedDict

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.catalogue import load_catalogue
from kiban.market.areas import MARKET_AREAS
from kiban.market.days import clear_days
from kiban.market.impact import find_impact
from kiban.market.year import MarketCase, MarketYear, clear_year, default_case
from kiban.quantities import YEN_PER_MYEN
from kiban.report.market.hours_document import MarketDaysDocument, MarketYearDocument, days_document, year_document
from kiban.server.problems import refuse

ALL_AREAS = "all"
"""A load that is spread over the areas as their demand is."""


@cache
def find_case() -> MarketCase:
    """The case of the catalogue."""
    return default_case(load_catalogue())


@cache
def find_year() -> MarketYear:
    """Its year without any load of ours."""
    return clear_year(find_case())


@cache
def answer_year() -> MarketYearDocument:
    """The year by month."""
    return year_document(find_year())


def spread(area: str, load_mw: float) -> Array:
    """A load `(areas,)` in one area, or over all of them as their demand is."""
    if area == ALL_AREAS:
        demand = find_case().hours.demand_mw.sum(axis=0)
        return np.asarray(load_mw * demand / demand.sum())
    if area not in MARKET_AREAS:
        raise refuse("request", "no_market_area", path="area", name=area, names=(*MARKET_AREAS, ALL_AREAS))
    return np.where(np.array(MARKET_AREAS) == area, load_mw, 0.0)


class ImpactAreaAnswer(TypedDict):
    """An area without and with the load, and what its others pay."""

    id: str
    price_before_yen_per_kwh: float
    price_after_yen_per_kwh: float
    others_pay_myen_per_year: RangeAnswer


class RangeAnswer(TypedDict):
    """A central figure and the range of all variants."""

    central: float
    low: float
    high: float


class ImpactAnswer(TypedDict):
    """What a load does to others in a year."""

    areas: list[ImpactAreaAnswer]
    others_pay_myen_per_year: RangeAnswer
    load_mwh: float
    synthetic: bool
    emissions_t_per_year: float
    curtailment_absorbed_mwh: float
    residual_yen: float


def answer_impact(area: str, load_mw: float) -> ImpactAnswer:
    """What a load does to others, over all variants."""
    found = find_impact(find_case(), spread(area, load_mw))
    central = found.central
    low, high = found.others_pay_range_yen()

    def of(middle: float, least: float, most: float) -> RangeAnswer:
        return {"central": middle / YEN_PER_MYEN, "low": least / YEN_PER_MYEN, "high": most / YEN_PER_MYEN}

    return {
        "areas": [
            {
                "id": name,
                "price_before_yen_per_kwh": float(central.price_before_yen_per_kwh[place]),
                "price_after_yen_per_kwh": float(central.price_after_yen_per_kwh[place]),
                "others_pay_myen_per_year": of(*(float(one[place]) for one in (central.others_pay_yen, low, high))),
            }
            for place, name in enumerate(found.areas)
        ],
        "others_pay_myen_per_year": of(float(central.others_pay_yen.sum()), *found.total_range_yen()),
        "load_mwh": found.load_mwh,
        "synthetic": found.synthetic,
        "emissions_t_per_year": float(central.emissions_t or 0.0),
        "curtailment_absorbed_mwh": float(central.curtailment_absorbed_mwh or 0.0),
        "residual_yen": found.residual_yen,
    }


def answer_days(first: str, days: int, area: str, load_mw: float) -> MarketDaysDocument:
    """Days of the year hour by hour, without and with the load; refused where the year does not hold them all."""
    case = find_case()
    start = case.hours.start
    year = [str(day) for day in start[::HOURS_PER_DAY].astype("datetime64[D]")]
    place = year.index(first) if first in year else len(year)
    if place + days > len(year):
        raise refuse("request", "no_market_days", path="first", name=first, first=year[0], last=year[-days])
    load = spread(area, load_mw)
    return days_document(clear_days(case, place * HOURS_PER_DAY, days * HOURS_PER_DAY, load), load)
