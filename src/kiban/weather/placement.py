"""The rows of a series put where their times say: which row holds each step of the horizon.

A row is taken for its own month, day and hour, in the place's standard time. Where the file holds the horizon's own
calendar year, that year's rows are taken; else, a fiscal year from April say, the rows of the months it has. The 29th
of February belongs to no weather year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from kiban.calendar import DAYS_PER_MONTH, DAYS_PER_YEAR, HOURS_PER_DAY, fiscal_year, steps_per_year
from kiban.errors import Problem, WeatherError
from kiban.messages import Message

Ints = npt.NDArray[np.int64]

_MINUTES_PER_HOUR = 60
_FORMAT = "%Y-%m-%d %H:%M"
_DAYS_BEFORE = np.concatenate(([0], np.cumsum(DAYS_PER_MONTH)))


@dataclass(frozen=True, slots=True)
class Span:
    """The steps that a series is wanted for: the same window of each of some years, in the place's standard time."""

    years: tuple[int, ...]
    """The calendar year in which each weather year begins."""
    utc_offset_hours: float
    step_hours: float = 1.0
    first_step: int = 0
    """First step of the window in each year."""
    block_steps: int | None = None
    """Steps of the window; None for the whole year."""
    first_month: int = 1
    """Month with which each year begins."""

    @property
    def steps_of_year(self) -> int:
        """Steps of one whole weather year."""
        return steps_per_year(self.step_hours)

    @property
    def window(self) -> slice:
        """Steps of the window within a year."""
        return slice(self.first_step, self.first_step + self.steps_of_window)

    @property
    def steps_of_window(self) -> int:
        """Steps of the window of one year."""
        return self.steps_of_year if self.block_steps is None else self.block_steps

    @property
    def steps(self) -> int:
        """Number of steps that are wanted."""
        return len(self.years) * self.steps_of_window

    @property
    def whole_steps(self) -> int:
        """Number of steps of the whole years."""
        return len(self.years) * self.steps_of_year

    def start(self, year: int, step: int) -> datetime:
        """When a step of a year begins (29 February left out), as a naive time of the place."""
        minutes = round(step * self.step_hours * _MINUTES_PER_HOUR)
        day, minute = divmod(minutes, HOURS_PER_DAY * _MINUTES_PER_HOUR)
        later, day = divmod(day + int(_DAYS_BEFORE[self.first_month - 1]), DAYS_PER_YEAR)
        month = int(np.searchsorted(_DAYS_BEFORE, day, side="right"))
        return datetime(year + later, month, day - int(_DAYS_BEFORE[month - 1]) + 1) + timedelta(minutes=minute)


@dataclass(frozen=True, slots=True)
class Placement:
    """Which row holds each step."""

    row: Ints
    """Row of each wanted step, shape `(steps,)`."""
    notes: tuple[Message, ...]
    """What a reader of the plan should know: where the rows are from, and that 29 February is left out."""


def place_rows(times: Sequence[datetime], span: Span, where: str) -> Placement:
    """The row of each step of `span`; `times` are the starts of the rows, in order (naive ones are the place's).

    Raises `WeatherError` where steps have no row, with both spans, and where more years are there than are wanted and
    none is one of those.
    """
    local = [_localised(time, span.utc_offset_hours) for time in times]
    per_year = span.steps_of_year
    year = np.array([fiscal_year(time.year, time.month, span.first_month) for time in local], dtype=np.int64)
    day = _DAYS_BEFORE[np.array([time.month for time in local]) - 1] + np.array([time.day for time in local]) - 1
    day = (day - _DAYS_BEFORE[span.first_month - 1]) % DAYS_PER_YEAR
    minute = np.array([time.hour * _MINUTES_PER_HOUR + time.minute for time in local])
    leap = np.array([(time.month, time.day) == (2, 29) for time in local], dtype=bool)
    in_steps = (day * HOURS_PER_DAY * _MINUTES_PER_HOUR + minute) / (span.step_hours * _MINUTES_PER_HOUR)
    between = np.flatnonzero((in_steps != np.floor(in_steps)) | np.array([time.second != 0 for time in local]))
    if between.size:
        said = {"time": local[int(between[0])].strftime(_FORMAT), "hours": span.step_hours}
        raise WeatherError(Problem("placement.between", where, "time", values=said))
    step = np.floor(in_steps).astype(np.int64)

    held = np.full((len(span.years), per_year), -1, dtype=np.int64)
    used = leap.copy()
    for number, label in enumerate(span.years):
        rows = np.flatnonzero((year == label) & ~leap)
        held[number, step[rows]] = rows
        used[rows] = True
    spare = np.flatnonzero(~used)
    own = held >= 0
    _fill(held, step, spare, span, local, where)
    wanted = held[:, span.window]
    missing = np.flatnonzero(wanted.ravel() < 0)
    if missing.size:
        raise WeatherError(_missing(int(missing[0]), int(missing.size), local, span, where))
    row = wanted.ravel()
    how = "note.placed" if own[:, span.window].all() else "note.placed_by_month"
    notes = [Message(how, first=local[0].strftime(_FORMAT), last=local[-1].strftime(_FORMAT))]
    if leap.any():
        notes.append(Message("note.leap_day"))
    return Placement(row, tuple(notes))


def _localised(time: datetime, utc_offset_hours: float) -> datetime:
    if time.tzinfo is None:
        return time
    return time.astimezone(timezone(timedelta(hours=utc_offset_hours))).replace(tzinfo=None)


def _fill(held: Ints, step: Ints, spare: Ints, span: Span, local: Sequence[datetime], where: str) -> None:
    """Steps that no row of their own year holds, by the rows of other years in their order."""
    in_window = (step[spare] >= span.window.start) & (step[spare] < span.window.stop)
    waiting = spare[in_window]
    open_years = (held < 0).sum(axis=0)
    count = np.bincount(step[waiting], minlength=held.shape[1])
    # A year that is wanted and there needs no other; only where steps stay open do other years serve.
    crowded = np.flatnonzero((count > open_years) & (open_years > 0))
    if crowded.size:
        rows = waiting[step[waiting] == crowded[0]]
        said = {"times": tuple(local[int(row)].strftime(_FORMAT) for row in rows[:3]), "years": span.years}
        raise WeatherError(Problem("placement.which_year", where, "time", values=said))
    for row in waiting[open_years[step[waiting]] > 0].tolist():
        free = np.flatnonzero(held[:, step[row]] < 0)
        held[free[0], step[row]] = row


def _missing(first: int, count: int, local: Sequence[datetime], span: Span, where: str) -> Problem:
    """That the file does not hold what is wanted: how many steps, the first of them, and both spans."""
    number, step = divmod(first, span.steps_of_window)
    year, step = span.years[number], span.first_step + step
    said = {
        "count": count,
        "first_missing": span.start(year, step).strftime(_FORMAT),
        "first": local[0].strftime(_FORMAT),
        "last": local[-1].strftime(_FORMAT),
        "wanted_first": span.start(span.years[0], span.window.start).strftime(_FORMAT),
        "wanted_last": span.start(span.years[-1], span.window.stop - 1).strftime(_FORMAT),
    }
    years = len(span.years)
    remedy = "placement.years" if years > 1 and len(local) <= DAYS_PER_YEAR * HOURS_PER_DAY / span.step_hours else ""
    return Problem("placement.missing", where, "time", remedy or "placement.missing", {**said, "years": span.years})
