"""What was measured of supply and PUE in each step, as means of its readings: of it forecasts are made and judged.

A meter's reading is of the time before it: one at ten o'clock belongs to the step that ends then.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from kiban.operation.conditions import AVAILABILITY, PUE
from kiban.operation.live.campus import Campus
from kiban.operation.live.outlook import Outlook
from kiban.operation.live.telemetry import Telemetry

KEPT_DAYS = 3
"""A model looks back to the midnight before the last one."""


class MeasuredSteps:
    """Means by series and step; steps are counted by the site's clock from 1970 on."""

    def __init__(self, campus: Campus) -> None:
        self._hours = campus.facility.step_hours
        self._offset_s = campus.zone.utcoffset(None).total_seconds()
        self.names = tuple(name for name in campus.most if name == PUE or name.startswith(AVAILABILITY))
        self._sums: dict[tuple[str, int], tuple[float, int]] = {}
        self._kept = round(KEPT_DAYS * 24.0 / self._hours)
        self._newest: int | None = None

    def step_of(self, at: datetime) -> int:
        """The step in which a moment lies."""
        return math.floor((at.timestamp() + self._offset_s) / (self._hours * 3600.0))

    def hear(self, now: datetime, telemetry: Telemetry, outlook: Outlook) -> None:
        """Take what is measured now."""
        step = self.step_of(now - timedelta(seconds=1))
        for name in self.names:
            value = outlook.seen(name, now, telemetry)
            if value is not None:
                total, count = self._sums.get((name, step), (0.0, 0))
                self._sums[name, step] = (total + value, count + 1)
        if step != self._newest:
            self._newest = step
            self._sums = {key: value for key, value in self._sums.items() if key[1] > step - self._kept}

    def mean(self, name: str, step: int) -> float | None:
        """The mean of a series over a step; None where nothing was measured in it."""
        found = self._sums.get((name, step))
        return None if found is None else found[0] / found[1]
