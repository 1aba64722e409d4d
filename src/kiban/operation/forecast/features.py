"""What a trained model looks at: the newest measurements, the calendar, the sun, and what the month usually is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.forecast.record import Record

Ints = npt.NDArray[np.int64]

LAGS_H = (1, 2, 3, 6)
"""Hours before the issue whose values are looked at; 1 is the newest one."""
MEANS_H = (6, 24)
"""Hours before the issue over which means are taken."""
NAMES = (
    *(f"value_{hours}_h_before" for hours in LAGS_H),
    *(f"mean_of_{hours}_h_before" for hours in MEANS_H),
    "last_day_against_climatology",
    "hours_ahead",
    "sine_of_day",
    "cosine_of_day",
    "clear_sky_w_m2",
    "climatology",
    "same_time_of_the_last_day",
)
"""Columns, in their order. The day of the year is none: by it a model would know each day of its past by heart."""


class FeatureTable:
    """The features of one series.

    `climatology` is the mean by month and time of day of each step of past and operation, shape `(start + steps,)`,
    made of the past alone.
    """

    def __init__(self, record: Record, name: str, climatology: Array) -> None:
        self._record = record
        self._name = name
        self._climatology = climatology

    def rows(self, issued: Ints, ahead: Ints) -> Array:
        """Features of forecasts issued at steps of the operation, for steps ahead, shape `(n, len(NAMES))`.

        `issued` and `ahead` have shape `(n,)`; negative steps lie in the past. Of what is measured only the steps
        before each issue are read. Beyond the last step that is operated the calendar goes on from the first one.
        """
        record = self._record
        per_day = record.steps_per_day
        per_hour = 1.0 / record.conditions.step_hours
        # No issue reads what is measured at its own step or later: each position below lies before `now`.
        measured = record.before(self._name, int(issued.max()))
        now = record.start + issued
        sums = np.concatenate([[0.0], np.cumsum(measured)])
        usual = np.concatenate([[0.0], np.cumsum(self._climatology[: measured.size])])
        due = now + ahead
        due = np.where(due < self._climatology.size, due, record.start + (due - record.start) % record.steps)
        day = 2.0 * np.pi * record.time_of_day[due] / per_day
        # The ratio of two small sums says nothing: both get a tenth of the usual day.
        little = 0.1 * per_day * self._climatology[: record.start].mean()
        last_day = sums[now] - sums[now - per_day] + little
        columns = [
            *(measured[now - round(hours * per_hour)] for hours in LAGS_H),
            *(self._mean_before(sums, now, round(hours * per_hour)) for hours in MEANS_H),
            last_day / (usual[now] - usual[now - per_day] + little) if little > 0 else np.ones(len(now)),
            ahead / per_hour,
            np.sin(day),
            np.cos(day),
            record.clear_sky_w_m2[due],
            self._climatology[due],
            measured[now - per_day + ahead % per_day],
        ]
        return np.column_stack(columns)

    @staticmethod
    def _mean_before(sums: Array, now: Ints, steps: int) -> Array:
        mean: Array = (sums[now] - sums[now - steps]) / steps
        return mean
