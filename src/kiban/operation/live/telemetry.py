"""What is measured: readings with their times, judged before anything is made of them.

A reading is refused where it comes from the future, is older than one that is known, or cannot be. A series that says
the same to the last bit while it must move is stuck: its readings count no more until it moves. A series without a
reading for longer than `GAP` has a gap. Every fault is kept with its first and last time and its count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

STEP: Final = timedelta(minutes=5)
"""A decision is made so often."""
GAP: Final = timedelta(minutes=12)
"""A series that is silent for longer has a gap: two steps, and what a meter needs to be read."""
CLOCK_ERROR: Final = timedelta(seconds=5)
"""A reading that is so much ahead of the clock is not from the future: clocks differ."""
STUCK_READINGS: Final = 12
"""So many readings in a row that are equal to the last bit are none of a meter that works: an hour of steps."""

FaultKind = Literal["gap", "stuck", "impossible", "future", "late"]
FAULT_KINDS: Final = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter said; `at` has its time zone, `value` is in the unit of its series and may be not a number."""

    series: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Meter:
    """A series that may be measured: between which limits it lies, and whether it must move where it is not at one.

    Without the series that are `needed` no window can be solved.
    """

    series: str
    least: float
    most: float
    moves: bool = False
    needed: bool = False

    def is_possible(self, value: float) -> bool:
        """Whether the value can be."""
        return math.isfinite(value) and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Fault:
    """Readings that were not used, or were missing, from `first` to `last`."""

    kind: FaultKind
    series: str
    first: datetime
    last: datetime
    count: int


@dataclass(slots=True)
class _Line:
    """What is known of a series."""

    newest: Reading | None = None
    """The newest reading that can be."""
    same: int = 0
    """How many readings in a row were equal to the one before."""
    open: dict[FaultKind, Fault] = field(default_factory=dict)
    """Faults that go on."""


class Telemetry:
    """Everything that was read, as it came; the same readings in the same order leave the same state."""

    def __init__(self, meters: Iterable[Meter], begins: datetime) -> None:
        self._meters: Mapping[str, Meter] = {meter.series: meter for meter in meters}
        self._lines = {series: _Line() for series in self._meters}
        self._begins = begins
        self.closed: list[Fault] = []
        """Faults that are over, in the order in which they ended."""

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series that may be measured."""
        return tuple(self._meters)

    def hear(self, now: datetime, readings: Iterable[Reading]) -> list[Fault]:
        """Take readings at the time `now`; the faults that begin with them. Other series than the meters' are left."""
        begun: list[Fault] = []
        for reading in readings:
            line = self._lines.get(reading.series)
            if line is not None:
                begun += self._take(now, line, self._meters[reading.series], reading)
        for series, line in self._lines.items():
            begun += self._look_for_gap(now, series, line)
        return begun

    def value(self, series: str, now: datetime) -> float | None:
        """What a series is worth now; None where it is stuck, has a gap or was never read."""
        line = self._lines[series]
        if line.newest is None or "stuck" in line.open or now - line.newest.at > GAP:
            return None
        return line.newest.value

    def last(self, series: str) -> float | None:
        """The newest reading however old it is, where it is not stuck."""
        line = self._lines[series]
        return None if line.newest is None or "stuck" in line.open else line.newest.value

    def missing(self, now: datetime) -> tuple[str, ...]:
        """Series that are needed and have no value now."""
        return tuple(
            series for series, meter in self._meters.items() if meter.needed and self.value(series, now) is None
        )

    def age(self, now: datetime) -> timedelta:
        """How old the oldest of the needed series is; since the beginning where one was never read."""
        times = [
            self._begins if line.newest is None else line.newest.at
            for series, line in self._lines.items()
            if self._meters[series].needed
        ]
        return now - min(times, default=now)

    @property
    def open(self) -> list[Fault]:
        """Faults that go on."""
        return [fault for line in self._lines.values() for fault in line.open.values()]

    def _take(self, now: datetime, line: _Line, meter: Meter, reading: Reading) -> list[Fault]:
        if reading.at > now + CLOCK_ERROR:
            return self._note(line, "future", reading)
        if line.newest is not None and reading.at <= line.newest.at:
            # The newest reading comes again where nothing new was measured; that is no fault.
            return [] if reading.at == line.newest.at else self._note(line, "late", reading)
        if not meter.is_possible(reading.value):
            return self._note(line, "impossible", reading)
        self._close(line, "future", "late", "impossible", "gap")
        before = line.newest
        line.newest = reading
        at_rest = reading.value in (meter.least, meter.most, 0.0)
        line.same = line.same + 1 if before is not None and before.value == reading.value and not at_rest else 0
        if not meter.moves or line.same < STUCK_READINGS - 1:
            self._close(line, "stuck")
            return []
        return self._note(line, "stuck", reading)

    def _look_for_gap(self, now: datetime, series: str, line: _Line) -> list[Fault]:
        since = self._begins if line.newest is None else line.newest.at
        if now - since <= GAP:
            return []
        found = line.open.get("gap")
        if found is not None:
            line.open["gap"] = replace(found, last=now, count=found.count + 1)
            return []
        # A series that has never been read is not there; only what is needed is missed from the start.
        if line.newest is None and not self._meters[series].needed:
            return []
        line.open["gap"] = Fault("gap", series, since, now, 1)
        return [line.open["gap"]]

    def _note(self, line: _Line, kind: FaultKind, reading: Reading) -> list[Fault]:
        found = line.open.get(kind)
        if found is not None:
            line.open[kind] = replace(found, last=max(found.last, reading.at), count=found.count + 1)
            return []
        line.open[kind] = Fault(kind, reading.series, reading.at, reading.at, 1)
        return [line.open[kind]]

    def _close(self, line: _Line, *kinds: FaultKind) -> None:
        self.closed += [line.open.pop(kind) for kind in kinds if kind in line.open]
