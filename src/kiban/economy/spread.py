"""A figure with the ends of its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of the plan's own case, and its range over what is assumed."""

    value: float
    low: float
    high: float


def times(spread: Spread, factor: float) -> Spread:
    """A figure and its range times a factor that is not negative."""
    return Spread(factor * spread.value, factor * spread.low, factor * spread.high)


def add(spreads: Sequence[Spread]) -> Spread:
    """The sum of figures whose cases go together."""
    return Spread(sum(one.value for one in spreads), sum(one.low for one in spreads), sum(one.high for one in spreads))


def per_year(total: Spread, years: int) -> Spread:
    """The mean of a year; nothing without years."""
    count = max(years, 1)
    return Spread(total.value / count, total.low / count, total.high / count)
