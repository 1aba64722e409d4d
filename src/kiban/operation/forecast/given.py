"""Given forecasts: in each step what had been issued by then, the newest issue first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kiban.arrays import Array
from kiban.errors import Problem, WeatherError
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.given_file import GivenSeries, read_given


class GivenForecast:
    """Forecasts of a file, and another forecast for the series that the file does not have.

    At each step an issue counts from its issue time on; each step ahead is taken from the newest issue that reaches it.
    Ahead of the last step that is operated nothing is given: there the last day of what is repeats itself.
    """

    name = "given"
    measures_first_step = False

    def __init__(self, given: Mapping[str, Array], others: Forecast) -> None:
        """`given` are arrays of shape `(steps, horizon)`, as `lay_issues` makes them."""
        self._given = given
        self._others = others

    def issue(self, step: int, horizon_steps: int) -> dict[str, Array]:
        """Every series from `step` on; ValueError beyond the horizon for which the file was laid out."""
        found = dict(self._others.issue(step, horizon_steps))
        for name, issues in self._given.items():
            if horizon_steps > issues.shape[1]:
                raise ValueError(f"the file was laid out for {issues.shape[1]} steps, not for {horizon_steps}")
            found[name] = issues[step, :horizon_steps]
        return found


def given_forecast(path: str | Path, conditions: Conditions, horizon_steps: int, others: Forecast) -> GivenForecast:
    """The forecasts of a file (see `read_given`) for an operation whose windows have so many steps.

    Raises `WeatherError` for what cannot be read and where a step ahead has no forecast that was issued by then.
    """
    offset = conditions.time[0].utcoffset()
    assert offset is not None
    found = read_given(path, tuple(conditions.series), offset.total_seconds() / 3600.0)
    laid, problems = {}, []
    for name, series in found.items():
        issues = lay_issues(series, conditions, horizon_steps)
        missing = np.argwhere(np.isnan(issues))
        if missing.size:
            step, ahead = (int(one) for one in missing[0])
            last = min(step + ahead, conditions.steps - 1)
            problems.append(
                Problem(
                    "forecast.gap",
                    str(path),
                    name,
                    count=len(missing),
                    issued=f"{conditions.time[step]:%Y-%m-%d %H:%M}",
                    valid=f"{conditions.time[last]:%Y-%m-%d %H:%M}",
                    hours=horizon_steps * conditions.step_hours,
                )
            )
        issues.flags.writeable = False
        laid[name] = issues
    if problems:
        raise WeatherError(problems)
    return GivenForecast(laid, others)


def lay_issues(series: GivenSeries, conditions: Conditions, horizon_steps: int) -> Array:
    """What is known at each step of each step ahead, shape `(steps, horizon)`; not a number where nothing is.

    Rows for steps that are not operated are left out.
    """
    starts = conditions.time.as_unit("s").asi8
    steps, per_day = conditions.steps, round(24 / conditions.step_hours)
    # The steps of a file are those of the operation or none.
    position = np.searchsorted(starts, series.valid_s)
    inside = (position < steps) & (starts[np.minimum(position, steps - 1)] == series.valid_s)
    order = np.argsort(series.issued_s[inside], kind="stable")
    issued, valid, value = (part[inside][order] for part in (series.issued_s, position, series.value))
    ends = np.searchsorted(issued, starts, side="right")
    newest = np.full(steps, np.nan)
    found = np.empty((steps, horizon_steps))
    ahead = np.arange(horizon_steps)
    begin = 0
    for step, end in enumerate(ends):
        newest[valid[begin:end]] = value[begin:end]
        begin = end
        wanted = step + ahead
        # Past the end: the same time of the last day that is operated, and not before now.
        beyond = -(-np.maximum(wanted - (steps - 1), 0) // per_day) * per_day
        found[step] = newest[np.maximum(wanted - beyond, step)]
    return found
