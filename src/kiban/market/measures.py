"""How near the prices and flows of a model come to those that were: by area, between neighbours, and in their answer.

Prices are yen/kWh by (hours, areas); hours may have gaps, `start` says when each is. What is measured is held between
the exchange's lowest price and a highest one, so that a few hours of scarcity do not decide everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

Hours = npt.NDArray[np.datetime64]

LOWEST_YEN, HIGHEST_YEN = 0.01, 120.0
"""Range in which prices are compared; the lower end is the exchange's lowest bid."""
FLOOR_YEN: Final = 1.0
"""Below this an hour counts as one at the floor."""
SPLIT_YEN: Final = 0.5
"""Two areas are split in an hour when their prices differ by more."""
MW_PER_GW: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class AreaMeasures:
    """One area's prices against what they were; yen/kWh, hours, and a correlation from -1 to 1."""

    area: str
    mae_yen_per_kwh: float
    correlation: float
    bias_yen_per_kwh: float
    floor_hours: int
    floor_hours_actual: int
    daily_spread_yen_per_kwh: float
    daily_spread_actual_yen_per_kwh: float


@dataclass(frozen=True, slots=True)
class Slope:
    """How a price answers to the net load of a region: yen/kWh per GW from day to day, modelled and actual."""

    region: str
    area: str
    yen_per_kwh_per_gw: float
    actual_yen_per_kwh_per_gw: float


def held(price: Array) -> Array:
    """Prices within the range in which they are compared."""
    return np.clip(price, LOWEST_YEN, HIGHEST_YEN)


def measure_areas(areas: Sequence[str], start: Hours, price: Array, actual: Array) -> tuple[AreaMeasures, ...]:
    """Measures of each area over the hours in which both prices are numbers; correlation 0 where one is flat."""
    found = []
    for number, area in enumerate(areas):
        both = np.isfinite(price[:, number]) & np.isfinite(actual[:, number])
        modelled, seen, when = held(price[both, number]), held(actual[both, number]), start[both]
        error = modelled - seen
        found.append(
            AreaMeasures(
                area=area,
                mae_yen_per_kwh=float(np.abs(error).mean()),
                correlation=correlate(modelled, seen),
                bias_yen_per_kwh=float(error.mean()),
                floor_hours=int((modelled < FLOOR_YEN).sum()),
                floor_hours_actual=int((seen < FLOOR_YEN).sum()),
                daily_spread_yen_per_kwh=daily_spread(when, modelled),
                daily_spread_actual_yen_per_kwh=daily_spread(when, seen),
            )
        )
    return tuple(found)


def correlate(first: Array, second: Array) -> float:
    """Correlation of two series; 0 where one of them never changes."""
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def daily_spread(start: Hours, price: Array) -> float:
    """Highest less lowest price of a day, mean over the days (hours,)."""
    _, first = np.unique(start.astype("datetime64[D]"), return_index=True)
    return float((np.maximum.reduceat(price, first) - np.minimum.reduceat(price, first)).mean())


def split_share(price: Array, first: int, second: int) -> float:
    """Share of hours in which the prices of two areas differ by more than `SPLIT_YEN`."""
    return float((np.abs(held(price[:, first]) - held(price[:, second])) > SPLIT_YEN).mean())


def day_pairs(start: Hours) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions of hours whose same hour of the day before is there too, and of those hours."""
    place = np.searchsorted(start, start - np.timedelta64(24, "h"))
    place = np.minimum(place, len(start) - 1)
    later = np.flatnonzero(start[place] == start - np.timedelta64(24, "h"))
    return later, place[later]


def slope_weights(start: Hours, net_load_mw: Array) -> Array:
    """Weights (hours,) with which a price sums up to its slope on a net load (hours,), yen/kWh per GW.

    The slope of the day-to-day change of the price on that of the net load of the same hour, through the origin.
    """
    later, earlier = day_pairs(start)
    change = (net_load_mw[later] - net_load_mw[earlier]) / MW_PER_GW
    weights = np.zeros(len(start))
    np.add.at(weights, later, change)
    np.add.at(weights, earlier, -change)
    return weights / (change @ change)


def regional_slope_weights(
    areas: Sequence[str], start: Hours, net_load_mw: Array, regions: Sequence[tuple[str, Sequence[str], str]]
) -> list[tuple[str, str, Array]]:
    """For each `(region, its areas, priced area)`: region, priced area and the weights of its slope."""
    place = {area: number for number, area in enumerate(areas)}
    return [
        (region, priced, slope_weights(start, net_load_mw[:, [place[one] for one in members]].sum(axis=1)))
        for region, members, priced in regions
    ]


REGIONS: Final = (
    ("50 Hz", ("hokkaido", "tohoku", "tokyo"), "tokyo"),
    ("60 Hz", ("chubu", "hokuriku", "kansai", "chugoku", "shikoku", "kyushu"), "kansai"),
)
"""The two synchronous regions and the area whose price stands for each."""


def measure_slopes(
    areas: Sequence[str], start: Hours, net_load_mw: Array, price: Array, actual: Array
) -> tuple[Slope, ...]:
    """Slopes of the two regions, modelled and actual, on the same net load (hours, areas)."""
    place = {area: number for number, area in enumerate(areas)}
    return tuple(
        Slope(region, area, float(weights @ held(price[:, place[area]])), float(weights @ held(actual[:, place[area]])))
        for region, area, weights in regional_slope_weights(areas, start, net_load_mw, REGIONS)
    )


CUTS: Final = (
    ("hokkaido-tohoku", ("hokkaido",)),
    ("tohoku-tokyo", ("hokkaido", "tohoku")),
    ("tokyo-chubu", ("hokkaido", "tohoku", "tokyo")),
    ("kyushu-chugoku", ("kyushu",)),
)
"""Ties that alone join some areas to the others: their flow, out of those, follows from what flows into each area."""


@dataclass(frozen=True, slots=True)
class FlowMeasures:
    """A tie's flow against what it was, MW."""

    tie: str
    mae_mw: float
    correlation: float


def measure_flows(areas: Sequence[str], inflow_mw: Array, actual_inflow_mw: Array) -> tuple[FlowMeasures, ...]:
    """Flows over `CUTS` from what flows into each area (hours, areas), modelled and actual."""
    place = {area: number for number, area in enumerate(areas)}
    found = []
    for tie, behind in CUTS:
        rows = [place[area] for area in behind]
        flow, seen = (-inflow[:, rows].sum(axis=1) for inflow in (inflow_mw, actual_inflow_mw))
        found.append(FlowMeasures(tie, float(np.abs(flow - seen).mean()), correlate(flow, seen)))
    return tuple(found)
