"""What is expected of the hours ahead: forecasts that were issued, else the plan's year, and what is seen now.

    expected[k] = base[k] + (measured now - base now) exp(-lead / FADE)

within what the series can be. The base of a series is the newest forecast that was issued by now, where there is one,
else the plan's mean of the month and time of day, corrected by the twin. Nothing is made from nothing: where the plan
expects no output, as at night, none is expected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE
from kiban.operation.live.campus import LOAD, SERVED, Campus
from kiban.operation.live.issued import Issue
from kiban.operation.live.telemetry import Telemetry

FADE: Final = timedelta(hours=6)
"""In this time what is seen now loses all but a third of its weight: weather of some hours."""


class Issues:
    """Forecasts as they were heard: of each step, by the site's clock, the newest issue."""

    def __init__(self, offset: timedelta) -> None:
        self._found: dict[str, dict[int, tuple[int, float]]] = {}
        self._offset_s = offset.total_seconds()

    def hear(self, issues: Iterable[Issue]) -> None:
        """Take forecasts; an older issue of the same step gives way."""
        for one in issues:
            steps = self._found.setdefault(one.series, {})
            valid, issued = self._local(one.valid), int(one.issued.timestamp())
            if valid not in steps or steps[valid][0] <= issued:
                steps[valid] = (issued, one.value)

    def forget(self, before: datetime) -> None:
        """Leave out what lies behind."""
        edge = self._local(before)
        for steps in self._found.values():
            for valid in [valid for valid in steps if valid < edge]:
                del steps[valid]

    def lay(self, name: str, at: datetime, base: Array, step_hours: float) -> Array:
        """The base with forecasts where there are any for the whole of a step; steps lie on the plan's grid."""
        steps = self._found.get(name)
        if not steps:
            return base
        length = step_hours * 3600.0
        begin = at.timestamp() + self._offset_s
        whole = math.floor(begin / length)
        share = begin / length - whole
        laid = base.copy()
        for place in range(base.size):
            here, after = (steps.get(int((whole + place + more) * length)) for more in (0, 1))
            if here is not None and (after is not None or share == 0.0):
                later = here if after is None else after
                laid[place] = (1.0 - share) * here[1] + share * later[1]
        return laid

    def _local(self, at: datetime) -> int:
        return int(at.timestamp() + self._offset_s)


class Outlook:
    """What is expected, from everything that was heard so far."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._offset_s = campus.zone.utcoffset(None).total_seconds()
        self.issues = Issues(campus.zone.utcoffset(None))
        self._arrived: dict[int, list[float]] = {}
        """Measured arrivals by the hour, MW."""

    def hear(self, now: datetime, telemetry: Telemetry) -> None:
        """Keep what arrived: what may wait depends on it."""
        value = telemetry.value(ARRIVALS, now)
        if value is not None:
            self._arrived.setdefault(self._step_of(now), []).append(value)
        edge = self._step_of(now) - self._campus.facility.delay_steps - 1
        for old in [step for step in self._arrived if step < edge]:
            del self._arrived[old]

    def base(self, name: str, at: datetime, steps: int, factors: Mapping[str, float]) -> Array:
        """A series without what is seen now.

        What a plant could give is set against what was forecast of it, so that its factor corrects a forecast too;
        that of the PUE is the plan's alone.
        """
        campus, factor = self._campus, factors.get(name, 1.0)
        plan, hours = campus.expect(name, at, steps), campus.facility.step_hours
        if name.startswith(AVAILABILITY):
            return self.issues.lay(name, at, plan, hours) * factor
        return self.issues.lay(name, at, plan * factor, hours)

    def expect(self, now: datetime, telemetry: Telemetry, factors: Mapping[str, float]) -> dict[str, Array]:
        """Every series from `now` on, each of the window's length; the mean of each step."""
        campus, steps = self._campus, self._campus.horizon_steps
        hours = campus.facility.step_hours
        fading = np.exp(-(np.arange(steps) + 0.5) * hours / (FADE.total_seconds() / 3600.0))
        found = {}
        for name, most in campus.most.items():
            base = self.base(name, now, steps, factors)
            seen = self.seen(name, now, telemetry)
            if seen is not None:
                # The mean of the step around now is what is expected of this moment.
                middle = float(self.base(name, now - timedelta(hours=hours / 2.0), 1, factors)[0])
                base = base + (seen - middle) * np.where(base != 0.0, fading, 0.0)
            low = {PRICE: -math.inf, PUE: 1.0}.get(name, 0.0)
            high = math.inf if name in (PRICE, PUE, ARRIVALS, FIRM) else max(most, 1.0)
            found[name] = np.clip(base, low, high)
        return found

    def seen(self, name: str, now: datetime, telemetry: Telemetry) -> float | None:
        """A series of the conditions as it is measured now; None where it is not."""
        if name == PUE:
            load, firm, served = (telemetry.value(one, now) for one in (LOAD, FIRM, SERVED))
            if load is None or firm is None or served is None or firm + served <= 0.0:
                return None
            return max(load / (firm + served), 1.0)
        if name.startswith(AVAILABILITY):
            plant = name.removeprefix(AVAILABILITY)
            possible = telemetry.value(self._campus.possible_series(plant), now)
            return None if possible is None else possible / self._campus.capacity_of(plant)
        return telemetry.value(name, now) if name in telemetry.series else None

    def arrived(self, now: datetime) -> Array:
        """Arrivals in the steps before now within the allowed delay, the newest last; as planned where unmeasured."""
        campus = self._campus
        delay = campus.facility.delay_steps
        planned = campus.expect(ARRIVALS, now, delay, -delay)
        here = self._step_of(now)
        for place in range(delay):
            values = self._arrived.get(here - delay + place)
            if values:
                planned[place] = sum(values) / len(values)
        return planned

    def _step_of(self, at: datetime) -> int:
        return math.floor((at.timestamp() + self._offset_s) / (self._campus.facility.step_hours * 3600.0))
