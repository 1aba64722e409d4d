"""Day-ahead prices by area: statistics of each fiscal year, monthly means and daily profiles.

All prices are million yen per MWh (0.001 is 1 yen/kWh) before network charges and levies. A Japanese
fiscal year runs from April to March, so its January to March lie in the next calendar year. Okinawa
has no day-ahead market.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR, hour_of_step, month_of_step
from kiban.catalogue.sites import AREAS
from kiban.catalogue.tables import Row, read_table
from kiban.errors import CatalogueError, Problem, nearest

Prices = npt.NDArray[np.float64]
Season = Literal["winter", "transition", "summer"]
SEASONS: tuple[Season, ...] = ("winter", "transition", "summer")

PRICE_AREAS = tuple(area for area in AREAS if area != "okinawa")

PRICE_SEASON_OF_MONTH: tuple[Season, ...] = (
    "winter", "winter", "transition", "transition", "transition", "summer",
    "summer", "summer", "summer", "transition", "transition", "winter",
)  # fmt: skip
"""Season of the daily profiles for January to December; summer is June to September."""

_FEWEST_HALF_HOURS = 17_000  # a year with a few days without trade still counts as complete


@dataclass(frozen=True, slots=True)
class PriceStatistics:
    """Distribution of the half-hourly prices of one area in one fiscal year.

    `floor_hours` counts hours at the lowest price of 0.01 yen/kWh, when sun and wind are curtailed or
    nearly so. `complete` is False for a year that is still running.
    """

    area: str
    fiscal_year: int
    half_hours: int
    mean_myen_per_mwh: float
    p10_myen_per_mwh: float
    median_myen_per_mwh: float
    p90_myen_per_mwh: float
    maximum_myen_per_mwh: float
    floor_hours: float
    hours_below_one_yen: float
    source: str
    status: Literal["verified", "assumed"]

    @property
    def complete(self) -> bool:
        """Whether the whole fiscal year is covered."""
        return self.half_hours >= _FEWEST_HALF_HOURS


def price_statistics(area: str, fiscal_year: int) -> PriceStatistics:
    """Statistics of one area and fiscal year; CatalogueError where there are none."""
    row = _row("prices_yearly", area, fiscal_year)
    return PriceStatistics(
        area=area,
        fiscal_year=fiscal_year,
        half_hours=int(row["half_hours"]),
        mean_myen_per_mwh=float(row["mean_myen_per_mwh"]),
        p10_myen_per_mwh=float(row["p10_myen_per_mwh"]),
        median_myen_per_mwh=float(row["median_myen_per_mwh"]),
        p90_myen_per_mwh=float(row["p90_myen_per_mwh"]),
        maximum_myen_per_mwh=float(row["maximum_myen_per_mwh"]),
        floor_hours=float(row["floor_hours"]),
        hours_below_one_yen=float(row["hours_below_one_yen"]),
        source=row["source"],
        status=cast(Literal["verified", "assumed"], row["status"]),
    )


def price_years(area: str) -> tuple[int, ...]:
    """Fiscal years with statistics for an area, oldest first."""
    _check_area(area)
    return tuple(year for name, year in _index("prices_yearly") if name == area)


@cache
def newest_complete_fiscal_year() -> int:
    """The newest fiscal year that every area covers with statistics, months and profiles."""
    complete = [
        year
        for year in price_years(PRICE_AREAS[0])
        if all(
            price_statistics(area, year).complete
            and all(_index("prices_monthly")[area, year][_month(month)] for month in range(1, 13))
            and _profile_seasons(area, year) == set(SEASONS)
            for area in PRICE_AREAS
        )
    ]
    return complete[-1]


def price_month_means(area: str, fiscal_year: int) -> Prices:
    """Mean price of January to December of a fiscal year, shape `(12,)`.

    Raises CatalogueError where a month is missing or incomplete.
    """
    row = _row("prices_monthly", area, fiscal_year)
    missing = tuple(month for month in range(1, MONTHS_PER_YEAR + 1) if not row[_month(month)])
    if missing:
        raise CatalogueError(
            Problem(
                "catalogue_prices.missing_months",
                area=area,
                year=fiscal_year,
                months=missing,
                newest=newest_complete_fiscal_year(),
            )
        )
    return np.array([float(row[_month(month)]) for month in range(1, MONTHS_PER_YEAR + 1)])


def price_hour_profile(area: str, fiscal_year: int) -> Mapping[Season, Prices]:
    """Mean price of the hours 0 to 23 in each season, arrays of shape `(24,)`.

    Seasons are those of `PRICE_SEASON_OF_MONTH`; a running year has only the seasons that it covers.
    Raises CatalogueError where the area or the year has no profile.
    """
    _check_area(area)
    table = {
        cast(Season, row["season"]): np.array([float(row[f"hour_{hour:02d}"]) for hour in range(HOURS_PER_DAY)])
        for row in read_table("prices_hourly")
        if row["area"] == area and int(row["fiscal_year"]) == fiscal_year
    }
    if not table:
        years = sorted({int(row["fiscal_year"]) for row in read_table("prices_hourly")})
        raise CatalogueError(_no_year(area, fiscal_year, years))
    return table


def typical_prices(area: str, fiscal_year: int) -> Prices:
    """Hourly prices of a weather year from monthly means and daily profiles, shape `(8760,)`.

    Each hour is the season's mean profile at that hour, scaled so that every month keeps its mean. The
    spread from day to day is lost: hours at the floor and spikes do not occur. For a study that rests
    on them, read the exchange's hourly file instead.
    """
    means = price_month_means(area, fiscal_year)
    profile = price_hour_profile(area, fiscal_year)
    missing = tuple(season for season in SEASONS if season not in profile)
    if missing:
        raise CatalogueError(
            Problem(
                "catalogue_prices.missing_seasons",
                area=area,
                year=fiscal_year,
                seasons=missing,
                newest=newest_complete_fiscal_year(),
            )
        )
    shape = np.stack([profile[season] / profile[season].mean() for season in PRICE_SEASON_OF_MONTH])
    month, hour = month_of_step() - 1, hour_of_step()
    return np.asarray(means[month] * shape[month, hour], dtype=np.float64)


def _month(month: int) -> str:
    return f"month_{month:02d}"


@cache
def _index(table: str) -> Mapping[tuple[str, int], Row]:
    return {(row["area"], int(row["fiscal_year"])): row for row in read_table(table)}


def _profile_seasons(area: str, fiscal_year: int) -> set[str]:
    rows = read_table("prices_hourly")
    return {row["season"] for row in rows if row["area"] == area and int(row["fiscal_year"]) == fiscal_year}


def _row(table: str, area: str, fiscal_year: int) -> Row:
    _check_area(area)
    rows = _index(table)
    if (area, fiscal_year) not in rows:
        raise CatalogueError(_no_year(area, fiscal_year, [year for name, year in rows if name == area]))
    return rows[area, fiscal_year]


def _check_area(area: str) -> None:
    if area == "okinawa":
        raise CatalogueError(Problem("catalogue_prices.okinawa"))
    if area not in PRICE_AREAS:
        near = nearest(area, PRICE_AREAS)
        remedy = "nearest" if near else "choose"
        raise CatalogueError(
            Problem("catalogue_prices.no_area", remedy=remedy, name=area, near=near, names=PRICE_AREAS)
        )


def _no_year(area: str, fiscal_year: int, years: list[int]) -> Problem:
    return Problem("catalogue_prices.no_year", area=area, year=fiscal_year, first=min(years), last=max(years))
