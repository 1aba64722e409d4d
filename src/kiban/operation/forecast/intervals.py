"""Intervals around a forecast of means that hold what they promise: split conformal prediction by time ahead.

What the errors were on a time that the forecast was not fitted on says how far the truth lies from its mean. With `n`
errors of past forecasts the quantile at a level of a half or more is the one of rank `ceil((n + 1) level)`, mirrored
for levels below, so that an interval covers at least its share of what comes, whatever the forecast, as long as errors
do not change their kind (Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World; Lei and others 2018,
JASA 113, 1094).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.operation.forecast.scores import Issues

LEAD_GROUPS_H = ((0, 2), (3, 5), (6, 11), (12, 23), (24, 47), (48, 167))
"""Hours ahead, first and last, within which errors are alike."""


@dataclass(frozen=True, eq=False)
class ConformalErrors:
    """Errors of past forecasts of one series by group of steps ahead, observation less forecast, sorted."""

    groups: tuple[tuple[int, int], ...]
    errors: tuple[Array, ...]
    lowest: float
    highest: float
    """Between which the series lies."""

    def quantiles(self, mean: Array, levels: Sequence[float]) -> Array:
        """Quantiles around the means of one issue, shape `(levels, horizon)`; `mean` has shape `(horizon,)`.

        Raises ValueError beyond the last group. Where there are too few errors for a level, the bound of the series.
        """
        found = np.empty((len(levels), mean.size))
        if mean.size > self.groups[-1][1] + 1:
            raise ValueError(f"errors are known for {self.groups[-1][1] + 1} steps ahead, not for {mean.size}")
        for (first, last), errors in zip(self.groups, self.errors, strict=True):
            part = mean[first : last + 1]
            for row, level in enumerate(levels):
                found[row, first : last + 1] = part + conformal_quantile(errors, level)
        return np.clip(found, self.lowest, self.highest)


def conformal_quantile(errors: Array, level: float) -> float:
    """The error below which the next one lies with a chance of `level` at least (at most, for levels below a half).

    `errors` are sorted, shape `(n,)`. Infinite where `n` is too small.
    """
    if level < 0.5:
        return -conformal_quantile(-errors[::-1], 1.0 - level)
    # Sums such as (9 + 1) * 0.9 must not come out above the whole number that they are.
    rank = math.ceil((errors.size + 1) * level - 1e-9)
    return float(errors[rank - 1]) if rank <= errors.size else math.inf


def calibrate(
    issues: Issues, step_hours: float, *, lowest: float = -math.inf, highest: float = math.inf
) -> ConformalErrors:
    """The errors of past forecasts, of issues that the forecast was not fitted on."""
    horizon = issues.forecast.shape[1]
    groups, errors = [], []
    for first_hour, last_hour in LEAD_GROUPS_H:
        first, last = round(first_hour / step_hours), min(round((last_hour + 1) / step_hours), horizon) - 1
        if first < horizon:
            groups.append((first, last))
            errors.append(np.sort(-issues.errors[:, first : last + 1].ravel()))
    return ConformalErrors(tuple(groups), tuple(errors), lowest, highest)
