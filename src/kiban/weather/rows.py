"""The rows of a file against the hours of the years that are wanted: order, duplicates, gaps, leap day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR, steps_per_year, year_index
from kiban.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

ALLOWED_STEP_HOURS = (1.0, 0.5)
LISTED_AT_MOST = 3
"""Of each kind of fault this many places are listed, then the rest is counted."""


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
    where: str
    lines: Sequence[int] | None

    def place_of(self, step: int) -> str:
        """File and line of a step, or the file alone where no row holds it."""
        row = int(self.row[step])
        return place(self.where, row, self.lines) if row >= 0 else self.where


def place(where: str, row: int, lines: Sequence[int] | None) -> str:
    """`file, line 12` for row number `row` (0-based); `row 13` where the reader knows no lines."""
    position = f"line {lines[row]}" if lines is not None else f"row {row + 1}"
    return f"{where}, {position}" if where else position


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


def row_count_problem(rows: int, step_hours: float, where: str = "") -> Problem | None:
    """What is wrong with a file of `rows` rows and no times, or None if it is whole weather years."""
    per_year = steps_per_year(step_hours)
    if rows and rows % per_year == 0:
        return None
    with_leap_day = per_year + round(24 / step_hours)
    remedy = f"give {per_year} rows for each year, starting on 1 January 00:00"
    if rows == with_leap_day:
        remedy = "drop the rows of 29 February, or give the rows a time so that they can be dropped here"
    return Problem(f"has {rows} rows, a weather year has {per_year}", where=where, remedy=remedy)


def align_rows(
    time: pd.DatetimeIndex,
    *,
    step_hours: float = 1.0,
    years: Sequence[int] | None = None,
    where: str = "",
    lines: Sequence[int] | None = None,
) -> Alignment:
    """Find the row of each step of `years` (all years that occur, if None).

    `time` is the start of each row's step, with a fixed offset from UTC, in the order of the file. Rows
    of other years are left out. `lines` are the line numbers of the rows. Nothing is raised: faults are in
    `problems`. Without a usable zone the index is empty.
    """
    import pandas as pd

    offset_hours = fixed_offset_hours(time)
    problems: list[Problem] = []
    if step_hours not in ALLOWED_STEP_HOURS:
        problems.append(
            Problem(f"step of {step_hours:g} h is not supported", where, "time", "give hourly or half-hourly rows")
        )
    elif len(time) == 0:
        problems.append(Problem("has no rows", where, "time", "give a file with at least one full year"))
    elif bool(time.isna().any()):
        row = int(np.flatnonzero(np.asarray(time.isna()))[0])
        problems.append(
            Problem("is not a time", place(where, row, lines), "time", "write every time as YYYY-MM-DD HH:MM")
        )
    elif offset_hours is None:
        fault = "has no time zone" if time.tz is None else "changes its offset from UTC (daylight saving)"
        problems.append(
            Problem(fault, where, "time", "give local standard time with a fixed offset, such as UTC+9 for Japan")
        )
    if years is not None and (not years or len(set(years)) != len(years)):
        fault = f"names {'no year' if not years else 'a year twice'}"
        problems.append(Problem(fault, where, "years", "name each wanted year once"))
    if problems or offset_hours is None:
        empty = pd.DatetimeIndex([])
        return Alignment(empty, (), np.empty(0, np.int64), 0, (), (), tuple(problems), where, lines)

    row_year = time.year.to_numpy()
    wanted = tuple(sorted(set(row_year.tolist()))) if years is None else tuple(years)
    in_wanted = np.isin(row_year, wanted)
    leap = np.asarray((time.month == 2) & (time.day == 29)) & in_wanted
    seconds = time.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    problems += _order_problems(time, seconds, step_hours, where, lines)

    index = year_index(wanted, offset_hours, step_hours) if wanted else pd.DatetimeIndex([])
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
    time: pd.DatetimeIndex, seconds: Ints, step_hours: float, where: str, lines: Sequence[int] | None
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
    kinds = (
        (repeated, "is duplicated", "keep one row for each step"),
        (backward, "is earlier than the row before it", "sort the rows by time, and check the time zone"),
        (
            off_grid,
            f"is not on the {step_hours:g} h grid",
            f"give one row every {step_hours:g} h, at its start",
        ),
    )
    for mask, fault, remedy in kinds:
        rows = np.flatnonzero(mask)
        for shown, row in enumerate(rows[:LISTED_AT_MOST].tolist()):
            said = f"{time[row]:%Y-%m-%d %H:%M} {fault}"
            if mask is repeated:
                said += f" (first in {place('', first_of_time[int(seconds[row])], lines)})"
            more = len(rows) - LISTED_AT_MOST
            if shown == LISTED_AT_MOST - 1 and more > 0:
                said += f", and {more} more rows"
            problems.append(Problem(said, place(where, row, lines), "time", remedy))
    return problems


def _gaps(
    index: pd.DatetimeIndex,
    years: Sequence[int],
    row: Ints,
    *,
    where: str,
    lines: Sequence[int] | None,
) -> tuple[tuple[tuple[int, int], ...], tuple[Problem, ...]]:
    """Runs of missing steps, and one problem for each (a single one for a year that is mostly missing)."""
    per_year = len(index) // max(len(years), 1)
    step_hours = HOURS_PER_YEAR / max(per_year, 1)
    step = timedelta(hours=step_hours)
    gaps: list[tuple[int, int]] = []
    problems: list[Problem] = []
    complete = [y for k, y in enumerate(years) if (row[k * per_year : (k + 1) * per_year] >= 0).all()]
    advice = f"choose among the complete years ({', '.join(map(str, complete))})" if complete else ""
    for k, year in enumerate(years):
        of_year = row[k * per_year : (k + 1) * per_year]
        missing = of_year < 0
        year_gaps = runs_of(missing)
        gaps += [(k * per_year + start, length) for start, length in year_gaps]
        count = int(missing.sum())
        if count > per_year // 2:
            fault = f"year {year} has {per_year - count} of {per_year} steps"
            present = of_year[~missing]
            spot = place(where, int(present[0]), lines) if len(present) else where
            remedy = advice or "give every step from 1 January 00:00 to 31 December, 29 February not needed"
            if 0 < len(present) <= 24 and len(years) > 1:
                remedy = f"remove the rows of {year}; {remedy}"
            problems.append(Problem(fault, spot, "time", remedy))
            continue
        for shown, (start, length) in enumerate(year_gaps[:LISTED_AT_MOST]):
            first = index[k * per_year + start]
            last = index[k * per_year + start + length - 1]
            span = f"from {first:%Y-%m-%d %H:%M} to {last + step:%Y-%m-%d %H:%M}"
            fault = f"{length * step_hours:g} h missing {span}"
            more = len(year_gaps) - LISTED_AT_MOST
            if shown == LISTED_AT_MOST - 1 and more > 0:
                fault += f", and {more} more gaps in {year}"
            before = of_year[start - 1] if start else -1
            spot = place(where, int(before), lines) if before >= 0 else where
            remedy = "add the rows, or ask to fill short gaps (fill_gaps_hours)"
            problems.append(Problem(fault, spot, "time", f"{remedy}, or {advice}" if advice else remedy))
    return tuple(gaps), tuple(problems)
