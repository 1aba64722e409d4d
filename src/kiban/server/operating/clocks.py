"""The clock of a service: the machine's own, or one that runs faster from a moment on.

A fast clock goes from step to step. A step takes at least its share of the machine's time, and as much as it needs: on
a machine that is slow the clock is slow, and no step is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol


class Clock(Protocol):
    """What time it is at the campus."""

    def now(self) -> datetime:
        """The time of the campus."""
        ...

    def wait(self, until: datetime, stop: threading.Event) -> None:
        """Return at that time, or when `stop` is set."""
        ...

    def at(self, machine_seconds: float) -> datetime:
        """The campus's time of a moment of the machine's clock, in seconds since 1970."""
        ...


class RealClock:
    """The machine's clock, in the time zone of the campus."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        """As the machine says."""
        return datetime.now(self._zone)

    def wait(self, until: datetime, stop: threading.Event) -> None:
        """Sleep until then."""
        stop.wait(max((until - self.now()).total_seconds(), 0.0))

    def at(self, machine_seconds: float) -> datetime:
        """The same moment."""
        return datetime.fromtimestamp(machine_seconds, self._zone)


class FastClock:
    """A clock that begins at a time and runs `speed` times as fast as the machine's; infinity waits for nothing."""

    def __init__(self, begins: datetime, speed: float, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self._speed = speed
        # Two last moments: of the machine, and of the campus.
        self._before = self._last = (machine(), begins)

    def now(self) -> datetime:
        """The time of the last step."""
        return self._last[1]

    def wait(self, until: datetime, stop: threading.Event) -> None:
        """Sleep the step's share of time, then it is then."""
        took = self._machine() - self._last[0]
        stop.wait(max((until - self._last[1]).total_seconds() / self._speed - took, 0.0))
        if until > self._last[1]:
            self._before, self._last = self._last, (self._machine(), until)

    def at(self, machine_seconds: float) -> datetime:
        """Between the last two steps as the machine's time ran; what lies before them is as far away as it is fast."""
        (machine, campus), (last_machine, last_campus) = self._before, self._last
        if machine_seconds >= last_machine or last_machine <= machine:
            return last_campus
        share = (last_machine - machine_seconds) / (last_machine - machine)
        return last_campus - share * (last_campus - campus)


def next_step(after: datetime, step: timedelta) -> datetime:
    """The first multiple of a step, counted from midnight UTC, that is later than a time."""
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    return (origin + ((after - origin) // step + 1) * step).astimezone(after.tzinfo)
