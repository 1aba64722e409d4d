"""Hours of a plan for charts: a range of steps, means of several, and the mean day of each month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.planning.plan import Plan
from kiban.quantities import unit_of
from kiban.server.problems import refuse

DIGITS = 6


def hours_view(
    plan: Plan, plan_id: str, columns: Sequence[str], first: int, last: int | None, mean: int
) -> dict[str, Any]:
    """Columns from step `first` up to but not including `last`, in means of `mean` steps."""
    names = choose_columns(plan, plan_id, columns)
    steps = len(plan.time)
    end = steps if last is None else last
    if not 0 <= first < end <= steps:
        raise refuse("request", "range", path="from", first=first, last=end, steps=steps)
    return {
        "time": {
            "start": plan.time[first].isoformat(),
            "step_hours": plan.scenario.time.step_hours * mean,
            "steps": -(-(end - first) // mean),
        },
        "from": first,
        "to": end,
        "mean": mean,
        "columns": {name: _rounded(_means(plan.hourly[name][first:end], mean)) for name in names},
        "units": {name: unit_of(name) for name in names},
    }


def profile_view(plan: Plan, plan_id: str, columns: Sequence[str]) -> dict[str, Any]:
    """The mean day of each month, 12 rows of 24 hours; a month that the horizon lacks is a row of nulls."""
    names = choose_columns(plan, plan_id, columns)
    place = (plan.time.month.to_numpy() - 1) * 24 + plan.time.hour.to_numpy()
    counts = np.bincount(place, minlength=288)
    return {
        "columns": {name: _profile(plan.hourly[name], place, counts) for name in names},
        "units": {name: unit_of(name) for name in names},
    }


def choose_columns(plan: Plan, plan_id: str, columns: Sequence[str]) -> list[str]:
    """The wanted columns, or all; refused where the plan has none of that name."""
    if plan.status != "optimal":
        raise refuse("conflict", "no_hours", name=plan_id)
    for name in columns:
        if name not in plan.hourly:
            raise refuse("request", "no_column", path="columns", name=name, names=", ".join(plan.hourly))
    return list(dict.fromkeys(columns)) or list(plan.hourly)


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
    # A whole number of DIGITS digits over or times a power of ten is the double nearest to that decimal.
    places = DIGITS - 1 - np.floor(np.log10(np.where(means, size, 1.0)))
    over, times = 10.0 ** np.maximum(places, 0.0), 10.0 ** np.maximum(-places, 0.0)
    rounded: list[float] = np.where(means, np.rint(values * over / times) / over * times, 0.0).tolist()
    return rounded
