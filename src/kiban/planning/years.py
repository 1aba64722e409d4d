"""What each weather year of a plan costs and how clean it is, and the spread over the years.

A design for several years is chosen for all of them jointly: capacities are common, every year has its own schedule and
closes on itself, and yearly targets hold for the mean year. So a year y costs

    cost_y = sum_k cost_k x_k + (8760 / T_y) sum_{t in y} (operation of step t),     mean_y cost_y = the plan's cost

P50 is the median year. P90 is what 9 of 10 years keep: a cost that is not exceeded, a clean share that is reached.
Between the years it is interpolated linearly (quantiles 0.5 and 0.9, of the clean share 0.1, type 7 of Hyndman and Fan,
The American Statistician 50(4), 1996, 361-365).
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import years_of
from kiban.linear import Solution
from kiban.messages import Message
from kiban.planning.evaluation import compute_costs, compute_indicators
from kiban.planning.plan import Spread, YearFigures
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    import pandas as pd

KEPT_BY_MOST: Final = 0.9


def describe_years(
    resources: Resources, solution: Solution, hourly: dict[str, Array], time: pd.DatetimeIndex, first_month: int
) -> tuple[YearFigures, ...]:
    """The years of a plan, in the order of its steps; none where it has one year only.

    `hourly` are the plan's columns over `time`, `first_month` is the month with which a year begins.
    """
    block = resources.block_steps
    if resources.steps == block:
        return ()
    labels = years_of(time[::block], first_month)
    return tuple(
        _describe_year(resources, solution, hourly, slice(number * block, (number + 1) * block), int(label))
        for number, label in enumerate(labels)
    )


def measure_spread(years: tuple[YearFigures, ...]) -> Spread:
    """Median and what nine of ten of two or more years keep."""
    costs = [year.cost_myen_per_year for year in years]
    shares = [year.clean_share for year in years]
    return Spread(
        cost_p50_myen_per_year=float(np.quantile(costs, 0.5)),
        cost_p90_myen_per_year=float(np.quantile(costs, KEPT_BY_MOST)),
        clean_share_p50=float(np.quantile(shares, 0.5)),
        clean_share_p90=float(np.quantile(shares, 1.0 - KEPT_BY_MOST)),
    )


def say_spread(years: tuple[YearFigures, ...]) -> Message:
    """That the design is for all years jointly, and the spread over them."""
    spread = measure_spread(years)
    return Message(
        "note.years",
        count=len(years),
        years=tuple(year.year for year in years),
        cost_p50=spread.cost_p50_myen_per_year,
        cost_p90=spread.cost_p90_myen_per_year,
        clean_p50=spread.clean_share_p50,
        clean_p90=spread.clean_share_p90,
    )


def _describe_year(
    resources: Resources, solution: Solution, hourly: dict[str, Array], steps: slice, label: int
) -> YearFigures:
    own = replace(_cut(resources, resources.steps, steps), steps=resources.block_steps)
    of_year = replace(
        solution,
        hourly={name: _cut(column, resources.steps, steps) for name, column in solution.hourly.items()},
        row_prices={name: _cut(prices, resources.steps, steps) for name, prices in solution.row_prices.items()},
    )
    columns = {name: column[steps] for name, column in hourly.items()}
    costs = compute_costs(own, of_year)
    figures = compute_indicators(own, of_year, columns, costs)
    return YearFigures(label, figures["cost_myen_per_year"], figures["clean_share"], figures["emissions_t_per_year"])


def _cut(item: Any, steps: int, kept: slice) -> Any:
    """An item with every array over the steps cut to some of them: arrays, tuples and dataclasses of them."""
    if isinstance(item, np.ndarray):
        return item[kept] if item.shape == (steps,) else item
    if isinstance(item, tuple):
        return tuple(_cut(part, steps, kept) for part in item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        parts = {field.name: getattr(item, field.name) for field in dataclasses.fields(item) if field.init}
        return replace(item, **{name: _cut(part, steps, kept) for name, part in parts.items()})
    return item
