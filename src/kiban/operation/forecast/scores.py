"""How good a forecast was: loss of quantiles, the ranked probability score, coverage, and errors by time ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.forecast import Forecast


def pinball_loss(observed: npt.ArrayLike, quantile: npt.ArrayLike, level: npt.ArrayLike) -> Array:
    """Loss of a forecast of a quantile, element by element: `level (y - q)` above it, `(1 - level) (q - y)` below.

    In the unit of what is forecast, never negative; its mean is least for the true quantile (Koenker and Bassett 1978,
    Econometrica 46, 33).
    """
    above = np.asarray(observed, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    share = np.asarray(level, dtype=np.float64)
    return np.maximum(share * above, (share - 1.0) * above)


def ranked_probability_score(observed: Array, quantiles: Array, levels: Array) -> Array:
    """Continuous ranked probability score of each forecast, from its quantiles: twice their mean pinball loss.

    `observed` has shape `(n,)`, `quantiles` `(n, m)`, `levels` `(m,)`; exact as levels become dense (Gneiting and
    Raftery 2007, JASA 102, 359). In the unit of what is forecast; of one value without spread it is the absolute error.
    """
    score: Array = 2.0 * pinball_loss(observed[:, None], quantiles, levels).mean(axis=1)
    return score


def coverage(observed: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Share of the observations that lie within their intervals, ends included."""
    values = np.asarray(observed)
    return float(((values >= np.asarray(low)) & (values <= np.asarray(high))).mean())


@dataclass(frozen=True, eq=False)
class Issues:
    """Every forecast of one series beside what came; both of shape `(issues, horizon)`, the step that begins first."""

    forecast: Array
    observed: Array

    @property
    def errors(self) -> Array:
        """Forecast less observation: positive where too much was expected."""
        return self.forecast - self.observed


def collect_issues(
    forecast: Forecast, conditions: Conditions, name: str, horizon_steps: int, steps: Sequence[int] | None = None
) -> Issues:
    """What a forecast says of a series when it is issued at `steps` (default: whenever the whole horizon is operated).

    Raises KeyError where it does not forecast the series.
    """
    chosen = range(conditions.steps - horizon_steps + 1) if steps is None else steps
    said = np.array([forecast.issue(step, horizon_steps)[name] for step in chosen])
    ahead = np.asarray(chosen)[:, None] + np.arange(horizon_steps)
    return Issues(said.reshape(len(chosen), horizon_steps), conditions.series[name].take(ahead, mode="wrap"))


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of a series so many steps ahead, in its unit; the step that begins is 0 ahead."""

    series: str
    first_step_ahead: int
    last_step_ahead: int
    mean_absolute_error: float
    root_mean_square_error: float
    bias: float
    """Mean of forecast less observation."""


def score_leads(issues: Issues, series: str, groups: Sequence[tuple[int, int]]) -> list[Score]:
    """Errors for groups of steps ahead, each `(first, last)`, as far as the horizon reaches."""
    horizon = issues.forecast.shape[1]
    found = []
    for first, last in groups:
        if first >= horizon:
            continue
        errors = issues.errors[:, first : last + 1]
        found.append(
            Score(
                series=series,
                first_step_ahead=first,
                last_step_ahead=min(last, horizon - 1),
                mean_absolute_error=float(np.abs(errors).mean()),
                root_mean_square_error=float(np.sqrt(np.square(errors).mean())),
                bias=float(errors.mean()),
            )
        )
    return found
