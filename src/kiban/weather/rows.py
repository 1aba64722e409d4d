"""The rows of a file against the hours of the years that are wanted: order, duplicates, gaps, leap day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR, steps_per_year, year_index, years_of
from kiban.errors import Problem
from kiban.messages import Message

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Where = str | Message
Lines = Sequence[int] | Sequence[tuple[str, int]]
"""Where each row stands: its line, or its file and line where the rows come from several files."""

ALLOWED_STEP_HOURS = (1.0, 0.5)
LISTED_AT_MOST = 3
"""Of each kind of fault this many places are listed, then the rest is counted."""
LONGEST_FILLED_GAP_HOURS = 24
"""Longer gaps are not filled even on request: nothing near them says what the weather was."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which row of the file holds each step of the wanted years.

    `index`: starts of the steps, `len(years) * steps_per_year`. `row`: position in the file of each
    step, -1 where the file has none, same length. `leap_rows`: rows of 29 February that are left out.
    `gaps`: missing steps as `(first step, number of steps)`, with a sentence for each (or for each year
    that is mostly missing) in `gap_problems`. `problems`: everything else that is wrong with the times.
    """

    index: pd.DatetimeIndex
    years: tuple[int, ...]
    row: Ints
    leap_rows: int
    gaps: tuple[tuple[int, int], ...]
    gap_problems: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    where: Where
    lines: Lines | None

    def place_of(self, step: int) -> Where:
        """File and line of a step, or the file alone where no row holds it."""
        row = int(self.row[step])
        return place(self.where, row, self.lines) if row >= 0 else self.where


def place(where: Where, row: int, lines: Lines | None) -> Message:
    """`file, line 12` for row number `row` (0-based); `row 13` where the reader knows no lines."""
    if lines is None:
        return Message("at.row", file=where, row=row + 1) if where else Message("at.row_alone", row=row + 1)
    line = lines[row]
    if isinstance(line, tuple):
        return Message("at.line", file=line[0], line=line[1])
    return Message("at.line", file=where, line=line) if where else Message("at.line_alone", line=line)


def runs_of(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """`(start, length)` of every run of True in a one-dimensional mask."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def fixed_offset_hours(time: pd.DatetimeIndex) -> float | None:
    """Offset of `time` from UTC in hours, or None where it has no zone or changes (daylight saving)."""
    if time.tz is None or len(time) == 0:
        return None
    local = time.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    universal = time.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    offset = local - universal
    return float(offset[0]) / 3600.0 if (offset == offset[0]).all() else None


def row_count_problem(rows: int, step_hours: float, where: Where = "") -> Problem | None:
    """What is wrong with a file of `rows` rows and no times, or None if it is whole weather years."""
    per_year = steps_per_year(step_hours)
    if rows and rows % per_year == 0:
        return None
    with_leap_day = per_year + round(24 / step_hours)
    remedy = "rows.leap_day" if rows == with_leap_day else "rows.count"
    return Problem("rows.count", where, remedy=remedy, rows=rows, wanted=per_year)


def align_rows(
    time: pd.DatetimeIndex,
    *,
    step_hours: float = 1.0,
    years: Sequence[int] | None = None,
    first_month: int = 1,
    where: Where = "",
    lines: Lines | None = None,
) -> Alignment:
    """Find the row of each step of `years` (all years that occur, if None), each from `first_month` on.

    `time` is the start of each row's step, with a fixed offset from UTC, in the order of the file. Rows
    of other years are left out. `lines` say where each row stands. Nothing is raised: faults are in
    `problems`. Without a usable zone the index is empty.
    """
    import pandas as pd

    offset_hours = fixed_offset_hours(time)
    problems: list[Problem] = []
    if step_hours not in ALLOWED_STEP_HOURS:
        problems.append(Problem("rows.step", where, "time", hours=step_hours))
    elif len(time) == 0:
        problems.append(Problem("rows.none", where, "time", "rows.full_year"))
    elif bool(time.isna().any()):
        row = int(np.flatnonzero(np.asarray(time.isna()))[0])
        problems.append(Problem("rows.no_time", place(where, row, lines), "time"))
    elif offset_hours is None:
        fault = "rows.no_zone" if time.tz is None else "rows.daylight_saving"
        problems.append(Problem(fault, where, "time", "rows.zone"))
    if years is not None and (not years or len(set(years)) != len(years)):
        problems.append(Problem("rows.year_twice" if years else "rows.no_year", where, "years", "rows.years"))
    if problems or offset_hours is None:
        empty = pd.DatetimeIndex([])
        return Alignment(empty, (), np.empty(0, np.int64), 0, (), (), tuple(problems), where, lines)

    row_year = years_of(time, first_month)
    wanted = tuple(sorted(set(row_year.tolist()))) if years is None else tuple(years)
    in_wanted = np.isin(row_year, wanted)
    leap = np.asarray((time.month == 2) & (time.day == 29)) & in_wanted
    seconds = time.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    problems += _order_problems(time, seconds, step_hours, where, lines)

    index = year_index(wanted, offset_hours, step_hours, first_month) if wanted else pd.DatetimeIndex([])
    target = index.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    kept = np.flatnonzero(in_wanted & ~leap)
    by_time = kept[np.argsort(seconds[kept], kind="stable")]
    held: Ints = np.full(len(index), -1, dtype=np.int64)
    if len(by_time):
        found = np.minimum(np.searchsorted(seconds[by_time], target), len(by_time) - 1)
        hit = seconds[by_time[found]] == target
        held[hit] = by_time[found[hit]]
    gaps, gap_problems = _gaps(index, wanted, held, where=where, lines=lines)
    return Alignment(index, wanted, held, int(leap.sum()), gaps, gap_problems, tuple(problems), where, lines)


def _order_problems(
    time: pd.DatetimeIndex, seconds: Ints, step_hours: float, where: Where, lines: Lines | None
) -> list[Problem]:
    """Rows that repeat a time, go back in time or lie between the steps."""
    first_of_time: dict[int, int] = {}
    unique, first = np.unique(seconds, return_index=True)
    repeated = np.ones(len(seconds), dtype=bool)
    repeated[first] = False
    first_of_time = dict(zip(unique.tolist(), first.tolist(), strict=True)) if repeated.any() else {}
    highest = np.maximum.accumulate(seconds)
    backward = np.concatenate(([False], seconds[1:] < highest[:-1])) & ~repeated
    off_grid = seconds % round(step_hours * 3600) != 0

    problems = []
    for mask, fault in ((repeated, "rows.duplicated"), (backward, "rows.backward"), (off_grid, "rows.off_grid")):
        rows = np.flatnonzero(mask)
        for shown, row in enumerate(rows[:LISTED_AT_MOST].tolist()):
            more = len(rows) - LISTED_AT_MOST
            said: dict[str, object] = {
                "time": f"{time[row]:%Y-%m-%d %H:%M}",
                "hours": step_hours,
                "more": Message("more.rows", count=more) if shown == LISTED_AT_MOST - 1 and more > 0 else "",
            }
            if mask is repeated:
                said["first"] = place("", first_of_time[int(seconds[row])], lines)
            problems.append(Problem(fault, place(where, row, lines), "time", values=said))
    return problems


def _gaps(
    index: pd.DatetimeIndex,
    years: Sequence[int],
    row: Ints,
    *,
    where: Where,
    lines: Lines | None,
) -> tuple[tuple[tuple[int, int], ...], tuple[Problem, ...]]:
    """Runs of missing steps, and one problem for each (a single one for a year that is mostly missing)."""
    per_year = len(index) // max(len(years), 1)
    step_hours = HOURS_PER_YEAR / max(per_year, 1)
    step = timedelta(hours=step_hours)
    gaps: list[tuple[int, int]] = []
    problems: list[Problem] = []
    complete = tuple(y for k, y in enumerate(years) if (row[k * per_year : (k + 1) * per_year] >= 0).all())
    for k, year in enumerate(years):
        of_year = row[k * per_year : (k + 1) * per_year]
        missing = of_year < 0
        year_gaps = runs_of(missing)
        gaps += [(k * per_year + start, length) for start, length in year_gaps]
        count = int(missing.sum())
        if count > per_year // 2:
            present = of_year[~missing]
            spot = place(where, int(present[0]), lines) if len(present) else where
            remedy = "rows.complete_years" if complete else "rows.every_step"
            if 0 < len(present) <= 24 and len(years) > 1:
                remedy = "rows.remove_or_choose" if complete else "rows.remove_or_complete"
            said = {"year": year, "steps": per_year - count, "wanted": per_year, "complete": complete}
            problems.append(Problem("rows.year_incomplete", spot, "time", remedy, said))
            continue
        fillable = [length * step_hours for _, length in year_gaps if length * step_hours <= LONGEST_FILLED_GAP_HOURS]
        for shown, (start, length) in enumerate(year_gaps[:LISTED_AT_MOST]):
            first = index[k * per_year + start]
            last = index[k * per_year + start + length - 1]
            more = len(year_gaps) - LISTED_AT_MOST
            listed = shown == LISTED_AT_MOST - 1 and more > 0
            said = {
                "hours": length * step_hours,
                "first": f"{first:%Y-%m-%d %H:%M}",
                "end": f"{last + step:%Y-%m-%d %H:%M}",
                "more": Message("more.gaps", count=more, year=year) if listed else "",
                "complete": complete,
                "fill": math.ceil(max(fillable, default=0)),
            }
            before = of_year[start - 1] if start else -1
            spot = place(where, int(before), lines) if before >= 0 else where
            remedy = "rows.fill_or_choose" if complete else "rows.fill"
            if length * step_hours > LONGEST_FILLED_GAP_HOURS:
                remedy = "rows.add_or_choose" if complete else "rows.add"
            problems.append(Problem("rows.gap", spot, "time", remedy, said))
    return tuple(gaps), tuple(problems)
