"""Persistence: what was measured last goes on."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kiban.arrays import Array
from kiban.operation.forecast.forecast import AVAILABILITY
from kiban.operation.forecast.record import Record

LOW_SUN_W_M2 = 50.0
"""Below this a clear sky is so dim that the ratio of two days says nothing."""


class PersistenceForecast:
    """The last value, or that of the same time of the day before.

    Supply that follows the sun is what it was at this time of the last day, in proportion to the clear sky of both;
    other supply stays as it was last; prices, PUE and load are as at this time of the last day.
    """

    name = "persistence"
    measures_first_step = False

    def __init__(self, record: Record) -> None:
        self._record = record

    @cached_property
    def _largest(self) -> dict[str, float]:
        return {name: float(series.max()) for name, series in self._record.past.series.items()}

    def issue(self, step: int, horizon_steps: int) -> dict[str, Array]:
        """Every series from `step` on."""
        record = self._record
        now, per_day = record.start + step, record.steps_per_day
        lead = np.arange(horizon_steps)
        back = now - per_day + lead % per_day
        found: dict[str, Array] = {}
        for name in record.names:
            measured = record.before(name, step)
            if record.is_solar[name]:
                ahead = record.clear_sky_w_m2[record.start :].take(step + lead, mode="wrap")
                then = record.clear_sky_w_m2[back]
                bright = then > LOW_SUN_W_M2
                growth = np.where(bright, ahead / np.where(bright, then, 1.0), 1.0)
                found[name] = np.minimum(measured[back] * growth, self._largest[name])
            elif name.startswith(AVAILABILITY):
                found[name] = np.full(horizon_steps, measured[-1])
            else:
                found[name] = measured[back]
        return found
