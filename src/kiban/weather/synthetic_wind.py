"""Hourly wind where only the annual mean is known: a stochastic model with a seed.

The wind of a year is ordered by a Gaussian process and takes its values from a Weibull distribution
(a Gaussian copula):

    z(t) = m(t) + s (sqrt(w) u1(t) + sqrt(1-w) u2(t)),   v(t) = Weibull quantile of the rank of z(t)

* `m(t)`: annual and daily cycle, harmonics of the day of the year and of the hour and the products of
  their first ones. The daily cycle fades with the logarithm of the height and is gone at 80 m, where
  the daily cycle of the surface layer reverses (Wieringa 1989, Boundary-Layer Meteorology 47, 85-110).
* `u1`, `u2`: first-order autoregressive processes of unit variance (breezes and gusts of some hours,
  weather systems of about a day) with weight `w`; `s` makes the variance of z one.
* The values are the Weibull quantiles `(i - 1/2) / n`, so each year has the same distribution and exactly
  the asked mean; the seed only decides when the wind blows. The shape grows with the square root of
  the mean (Justus et al. 1978, J. Appl. Meteor. 17, 350-353, found 0.94 for average sites), between 1.2
  and 2, the Rayleigh distribution that IEC 61400-1 assumes for hub heights.

The parameters are fitted (`fit_wind_shape`) on the eight stations of the typical years that have wind
and lie in the catalogue. Wind is independent of sun and temperature beyond their common cycles: at the
eight stations the daily means of wind and clearness correlate by less than 0.2, with either sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, gamma, sqrt

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR
from kiban.weather.sun import Floats

HARMONICS = (
    "annual_cos",
    "annual_sin",
    "half_year_cos",
    "half_year_sin",
    "daily_cos",
    "daily_sin",
    "half_day_cos",
    "half_day_sin",
    "daily_cos_annual_cos",
    "daily_sin_annual_cos",
    "daily_cos_annual_sin",
    "daily_sin_annual_sin",
)
"""Names of the cycles in the order of the columns of `_cycles`; all but the first four are daily."""
LOWEST_SHAPE, HIGHEST_SHAPE = 1.2, 2.0
REFERENCE_HEIGHT_M = 10.0
REVERSAL_HEIGHT_M = 80.0
FITTED_LAGS_HOURS = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72)
READING_STEP_M_S = 0.9
"""The stations read whole metres per second, reduced to a common height: steps of about 0.9."""


@dataclass(frozen=True, slots=True)
class WindShape:
    """Parameters of the model: coefficients of `HARMONICS`, the two processes, the Weibull shape.

    `shape_per_root_mean` in (m/s)^-1/2: Weibull shape over the square root of the mean wind speed.
    """

    cycles: tuple[float, ...]
    fast_weight: float
    fast_hours: float
    slow_hours: float
    shape_per_root_mean: float


def weibull_shape(mean_m_s: float, shape_per_root_mean: float) -> float:
    """Weibull shape parameter of the hourly wind speeds with a given annual mean."""
    return float(np.clip(shape_per_root_mean * np.sqrt(mean_m_s), LOWEST_SHAPE, HIGHEST_SHAPE))


def generate_wind(
    mean_m_s: float, height_m: float, shape: WindShape, *, steps: int, step_hours: float, seed: int
) -> Floats:
    """Wind speed in m/s at `height_m` for one year of `steps` steps, shape `(steps,)`, mean `mean_m_s`.

    Mean and height belong together; nothing is extrapolated here. Same arguments and seed, same series.
    """
    fade = 1.0 - np.log(height_m / REFERENCE_HEIGHT_M) / np.log(REVERSAL_HEIGHT_M / REFERENCE_HEIGHT_M)
    coefficients = np.array(shape.cycles)
    coefficients[4:] *= np.clip(fade, 0.0, 1.0)
    middle_hours = (np.arange(steps, dtype=np.float64) + 0.5) * step_hours
    cycle = _cycles(middle_hours) @ coefficients

    random = np.random.default_rng(seed)
    spread = sqrt(max(1.0 - float(cycle.var()), 0.0))
    fast = _autoregressive(random.standard_normal(steps), exp(-step_hours / shape.fast_hours))
    slow = _autoregressive(random.standard_normal(steps), exp(-step_hours / shape.slow_hours))
    process = cycle + spread * (sqrt(shape.fast_weight) * fast + sqrt(1.0 - shape.fast_weight) * slow)

    rank = np.empty(steps)
    rank[np.argsort(process, kind="stable")] = (np.arange(steps) + 0.5) / steps
    weibull = weibull_shape(mean_m_s, shape.shape_per_root_mean)
    speed = (-np.log1p(-rank)) ** (1.0 / weibull) / gamma(1.0 + 1.0 / weibull)
    return np.asarray(speed * (mean_m_s / speed.mean()), dtype=np.float64)


def _autoregressive(noise: Floats, decay: float) -> Floats:
    """Stationary first-order process of unit variance: `u[t] = decay u[t-1] + sqrt(1 - decay^2) noise[t]`."""
    innovations = (sqrt(1.0 - decay**2) * noise).tolist()
    state = float(noise[0])
    states = [state]
    for innovation in innovations[1:]:
        state = decay * state + innovation
        states.append(state)
    return np.array(states)


def fit_wind_shape(winds_m_s: Sequence[Floats]) -> WindShape:
    """Fit the model on hourly years of several stations (readings at the full hours 1 to 24).

    Each station's speeds become normal scores (equal readings are spread evenly over their step);
    least squares give the cycles, the mean autocorrelation of the rest gives the two processes. Its
    part that is lost within the first hour is the sampling noise of a ten-minute reading in steps of
    one metre per second and is left out, since a step's mean does not have it. Cycles, autocorrelation
    and shape are means over the stations.
    """
    from scipy.optimize import brentq, least_squares
    from scipy.stats import norm

    lags = np.array(FITTED_LAGS_HOURS, dtype=np.float64)
    cycles, autocorrelations, shapes = [], [], []
    for wind in winds_m_s:
        steps = len(wind)
        random = np.random.default_rng(0)
        spread = wind + random.uniform(-0.5, 0.5, steps) * READING_STEP_M_S
        score = np.empty(steps)
        score[np.argsort(spread, kind="stable")] = norm.ppf((np.arange(steps) + 0.5) / steps)
        columns = _cycles(np.arange(1, steps + 1, dtype=np.float64))
        coefficients = np.linalg.lstsq(columns, score, rcond=None)[0]
        rest = score - columns @ coefficients
        cycles.append(coefficients)
        autocorrelations.append([np.corrcoef(rest[:-lag], rest[lag:])[0, 1] for lag in FITTED_LAGS_HOURS])
        variation = wind.std() / wind.mean()

        def too_narrow(k: float, variation: float = variation) -> float:
            return float(sqrt(gamma(1 + 2 / k) / gamma(1 + 1 / k) ** 2 - 1) - variation)

        shapes.append(brentq(too_narrow, 0.5, 8.0) / np.sqrt(wind.mean()))
    mean_autocorrelation = np.mean(autocorrelations, axis=0)

    def difference(p: npt.NDArray[np.float64]) -> Floats:
        model = p[0] * (p[1] * np.exp(-lags / p[2]) + (1 - p[1]) * np.exp(-lags / p[3]))
        return np.asarray(model - mean_autocorrelation)

    bounds = ([0.3, 0.0, 0.5, 5.0], [1.0, 1.0, 8.0, 100.0])
    _, fast_weight, fast_hours, slow_hours = least_squares(difference, [0.75, 0.5, 3.0, 17.0], bounds=bounds).x
    return WindShape(
        cycles=tuple(float(value) for value in np.mean(cycles, axis=0)),
        fast_weight=float(fast_weight),
        fast_hours=float(fast_hours),
        slow_hours=float(slow_hours),
        shape_per_root_mean=float(np.mean(shapes)),
    )


def shape_from_values(values: Mapping[str, float]) -> WindShape:
    """`WindShape` from named values, the inverse of `values_of_shape`."""
    return WindShape(
        cycles=tuple(values[name] for name in HARMONICS),
        fast_weight=values["fast_weight"],
        fast_hours=values["fast_hours"],
        slow_hours=values["slow_hours"],
        shape_per_root_mean=values["shape_per_root_mean"],
    )


def values_of_shape(shape: WindShape) -> dict[str, float]:
    """Named values of `shape`, for the catalogue's table."""
    return {
        **dict(zip(HARMONICS, shape.cycles, strict=True)),
        "fast_weight": shape.fast_weight,
        "fast_hours": shape.fast_hours,
        "slow_hours": shape.slow_hours,
        "shape_per_root_mean": shape.shape_per_root_mean,
    }


def _cycles(hours: Floats) -> Floats:
    """Annual and daily harmonics at `hours` since the start of the year, shape `(n, 12)`."""
    year = 2.0 * np.pi * hours / HOURS_PER_YEAR
    day = 2.0 * np.pi * hours / 24.0
    columns = (
        np.cos(year),
        np.sin(year),
        np.cos(2.0 * year),
        np.sin(2.0 * year),
        np.cos(day),
        np.sin(day),
        np.cos(2.0 * day),
        np.sin(2.0 * day),
        np.cos(day) * np.cos(year),
        np.sin(day) * np.cos(year),
        np.cos(day) * np.sin(year),
        np.sin(day) * np.sin(year),
    )
    return np.column_stack(columns)
