"""Hours of a plan for charts: a range of steps, means of several, and the mean day of each month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from kiban.arrays import Array
from kiban.planning.plan import Plan
from kiban.quantities import unit_of

HOUR_DIGITS = 6


class HoursTime(TypedDict):
    """The steps of a document, which may be means of several steps of the plan."""

    start: str
    step_hours: float
    steps: int


# "from" is a word of the language, so that the keys are given in a call.
HoursDocument = TypedDict(
    "HoursDocument",
    {
        "time": HoursTime,
        "from": int,
        "to": int,
        "mean": int,
        "columns": dict[str, list[float]],
        "units": dict[str, str],
    },
)
"""Hourly columns of a plan from step `from` up to but not including `to`."""


class ProfileDocument(TypedDict):
    """The mean day of each month, 12 rows of 24 hours; a month that the horizon lacks is a row of nulls."""

    columns: dict[str, list[list[float | None]]]
    units: dict[str, str]


def hours_document(plan: Plan, columns: Sequence[str], first: int, end: int, mean: int) -> HoursDocument:
    """Columns from step `first` up to but not including `end`, in means of `mean` steps."""
    return {
        "time": {
            "start": plan.time[first].isoformat(),
            "step_hours": plan.scenario.time.step_hours * mean,
            "steps": -(-(end - first) // mean),
        },
        "from": first,
        "to": end,
        "mean": mean,
        "columns": {name: _rounded(_means(plan.hourly[name][first:end], mean)) for name in columns},
        "units": {name: unit_of(name) for name in columns},
    }


def profile_document(plan: Plan, columns: Sequence[str]) -> ProfileDocument:
    """The mean day of each month."""
    place = (plan.time.month.to_numpy() - 1) * 24 + plan.time.hour.to_numpy()
    counts = np.bincount(place, minlength=288)
    return {
        "columns": {name: _profile(plan.hourly[name], place, counts) for name in columns},
        "units": {name: unit_of(name) for name in columns},
    }


def _profile(values: Array, place: Any, counts: Any) -> list[list[float | None]]:
    sums = np.bincount(place, weights=values, minlength=288)
    means = _rounded(sums / np.maximum(counts, 1))
    flat = [mean if count else None for mean, count in zip(means, counts.tolist(), strict=True)]
    return [flat[month * 24 : month * 24 + 24] for month in range(12)]


def _means(values: Array, count: int) -> Array:
    if count == 1:
        return values
    starts = np.arange(0, len(values), count)
    lengths = np.diff(np.append(starts, len(values)))
    means: Array = np.add.reduceat(values, starts) / lengths
    return means


def _rounded(values: Array) -> list[float]:
    """Six significant digits, which keep the text short; plain zero below any meaning."""
    size = np.abs(values)
    means = size > 1e-9
    # A whole number of HOUR_DIGITS digits over or times a power of ten is the double nearest to that decimal.
    places = HOUR_DIGITS - 1 - np.floor(np.log10(np.where(means, size, 1.0)))
    over, times = 10.0 ** np.maximum(places, 0.0), 10.0 ** np.maximum(-places, 0.0)
    rounded: list[float] = np.where(means, np.rint(values * over / times) / over * times, 0.0).tolist()
    return rounded
