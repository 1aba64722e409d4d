"""A synthetic forecast with errors as large as those of a weather model, where no forecast was recorded.

The error of a technology is one path over the year, seen from every issue: at lead time k

    forecast[t+k] = output[t+k] + s(k) e[t+k]             wind, share of capacity
    forecast[t+k] = output[t+k] (1 + s(k) e[t+k])         PV, share of output

with e an autoregressive path of unit variance, e[t] = m e[t-1] + sqrt(1 - m^2) noise, and s(k) growing in a straight
line from the hour that begins to its full size. All sizes are rows `forecast.synthetic.*` of the catalogue. It is made
of what really happens: it is a model of a forecast, and none that could be used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.conditions import AVAILABILITY, PRICE, Conditions
from kiban.operation.forecast.published import PublishedPrices

WIND = "wind_"
PV = "pv"


@dataclass(frozen=True, slots=True)
class ErrorSize:
    """Standard deviation of an error in the hour that begins and full grown, as a share."""

    now: float
    grown: float


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How large errors are, their autocorrelation from hour to hour, and the lead time at which they are full grown."""

    wind: ErrorSize
    pv: ErrorSize
    memory: float
    growth_hours: float


def read_error_model(take: Callable[[str], float]) -> tuple[ErrorModel, float]:
    """The model of the catalogue, and the hour at which tomorrow's prices are published; `take` gives a row's value."""
    row = "forecast.synthetic."
    model = ErrorModel(
        wind=ErrorSize(take(f"{row}wind_error_now"), take(f"{row}wind_error_grown")),
        pv=ErrorSize(take(f"{row}pv_error_now"), take(f"{row}pv_error_grown")),
        memory=take(f"{row}memory"),
        growth_hours=take(f"{row}growth"),
    )
    return model, take("market.publication_hour")


@dataclass(frozen=True, slots=True)
class _Erring:
    """A series, the path of its error, and the most that is forecast."""

    series: Array
    path: Array
    size: ErrorSize
    is_relative: bool
    most: float


class SyntheticForecast:
    """The conditions with errors; prices as they are published."""

    name = "synthetic"
    measures_first_step = False

    def __init__(self, conditions: Conditions, model: ErrorModel, publication_hour: float, seed: int) -> None:
        self._published = PublishedPrices(conditions, publication_hour) if PRICE in conditions.series else None
        self._growth = model.growth_hours / conditions.step_hours
        self._erring: dict[str, _Erring] = {}
        memory = model.memory**conditions.step_hours
        # Each technology has a path of its own, whichever others are built.
        for name, series in conditions.series.items():
            technology = name.removeprefix(AVAILABILITY)
            # A plant elsewhere has its own name behind its kind.
            kind = technology.partition(".")[0]
            is_wind, is_pv = kind.startswith(WIND), kind == PV
            if technology != name and (is_wind or is_pv):
                path = _error_path(np.random.default_rng([seed, *technology.encode()]), series.size, memory)
                size = model.wind if is_wind else model.pv
                self._erring[name] = _Erring(series, path, size, is_pv, max(float(series.max()), 1.0))

    def issue(self, step: int, horizon_steps: int) -> Mapping[str, Array]:
        """Output of wind and PV with errors, and published prices; the rest is known."""
        return {name: series[0] for name, series in self.issue_all(np.array([step]), horizon_steps).items()}

    def issue_all(self, begins: npt.NDArray[np.int64], horizon_steps: int) -> dict[str, Array]:
        """The same from each of some steps on, `(steps, horizon_steps)`."""
        lead = np.arange(horizon_steps)
        ahead, grown = begins[:, None] + lead, np.minimum(lead / self._growth, 1.0)
        found: dict[str, Array] = {}
        for name, one in self._erring.items():
            output = one.series.take(ahead, mode="wrap")
            error = (one.size.now + (one.size.grown - one.size.now) * grown) * one.path.take(ahead, mode="wrap")
            expected = output * (1.0 + error) if one.is_relative else output + error
            found[name] = np.minimum(np.maximum(expected, 0.0), one.most)
        if self._published is not None:
            found[PRICE] = self._published.issue_prices(begins, horizon_steps)
        return found


def _error_path(rng: np.random.Generator, steps: int, memory: float) -> Array:
    """An autoregressive path of mean 0 and variance 1, `(steps,)`."""
    noise = rng.standard_normal(steps)
    path = np.empty(steps)
    value, fresh = float(noise[0]), float(np.sqrt(1.0 - memory**2))
    for step, drawn in enumerate(noise.tolist()):
        value = value if step == 0 else memory * value + fresh * drawn
        path[step] = value
    return path
