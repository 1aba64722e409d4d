"""Climatology: the mean of each month and time of day, of other years or of the year of the design."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.errors import InputError, Problem
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.record import step_of_day


class ClimatologyForecast:
    """What the past was in the mean in this month at this time of day; nothing that happens changes it.

    Raises `InputError` where the past lacks a month that is operated.
    """

    name = "climatology"
    measures_first_step = False

    def __init__(self, conditions: Conditions, past: Conditions) -> None:
        self._conditions = conditions
        self._past = past
        lacking = sorted(set(conditions.time.month) - set(past.time.month))
        if lacking:
            raise InputError(Problem("forecast.no_months", months=tuple(map(str, lacking))))

    @cached_property
    def expected(self) -> dict[str, Array]:
        """The mean of each series in each step of the operation, shape `(steps,)`."""
        return {name: month_means(series, self._past, self._conditions) for name, series in self._past.series.items()}

    def issue(self, step: int, horizon_steps: int) -> dict[str, Array]:
        """Every series from `step` on."""
        ahead = np.arange(step, step + horizon_steps)
        return {name: mean.take(ahead, mode="wrap") for name, mean in self.expected.items()}


def month_means(series: Array, past: Conditions, conditions: Conditions) -> Array:
    """Mean of a series of the past by month and time of day, laid on each step of the conditions, shape `(steps,)`.

    Not a number where the past has no such month.
    """
    return lay_months(month_table(series, past), conditions)


def month_table(series: Array, past: Conditions) -> Array:
    """Mean of a series by month and step of the day, shape `(12, steps_per_day)`; not a number where there is none."""
    per_day = round(HOURS_PER_DAY / past.step_hours)
    cell = (past.time.month.to_numpy().astype(np.int64) - 1) * per_day + step_of_day(past)
    counts = np.bincount(cell, minlength=MONTHS_PER_YEAR * per_day)
    sums = np.bincount(cell, weights=series, minlength=counts.size)
    means: Array = np.divide(sums, counts, out=np.full(counts.size, np.nan), where=counts > 0)
    return means.reshape(MONTHS_PER_YEAR, per_day)


def lay_months(table: Array, conditions: Conditions) -> Array:
    """A table by month and step of the day on each step of the conditions, shape `(steps,)`."""
    laid: Array = table[conditions.time.month.to_numpy() - 1, step_of_day(conditions)]
    return laid
