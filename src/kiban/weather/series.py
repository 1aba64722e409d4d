"""Any hourly input as a named column of a user's CSV, workbook or Parquet file.

Load, availability, price, emission factor, PUE, temperature: each can be replaced by a column with one
value for every step. Rows that have times are put where those say (`placement`); rows without are taken from
the start of the horizon, in order. What cannot be used is refused with line, value and remedy.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, steps_per_year
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.placement import Span, place_rows
from kiban.weather.table import place_at, read_table
from kiban.weather.textfile import check_file, parse_number, parse_time, read_bytes, refuse

Floats = npt.NDArray[np.float64]

TIME_COLUMN = "time"
MINUTES_PER_HOUR = 60
SHORTEST_ROW_MINUTES = 5
"""Rows closer to each other are no series of a market or a meter that anybody publishes."""
MOST_PARQUET_ROWS = 5_000_000
"""Of a Parquet file, whose few bytes may stand for any number of rows; a hundred years of half-hours are 1,752,000."""
MOST_HEADER_BYTES = 1_000_000
_PARQUET_MARK = b"PAR1"
_WITH_COMMAS = re.compile(r"[-+]?\d+(,\d+)+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column as texts or numbers, with the place of each, and the time column if there is one."""

    values: Sequence[object]
    times: Sequence[object] | None
    places: Sequence[int]
    in_rows: bool  # places are rows of a Parquet file or a sheet, not lines of a CSV

    def at(self, file: str | Path, position: int) -> Message:
        """Where value number `position` (0-based) stands."""
        return place_at(file, self.places[position], in_rows=self.in_rows)


@dataclass(frozen=True, slots=True)
class PlacedSeries:
    """A series over a span, and how its rows came to their steps."""

    values: Floats
    """One value for each step of the span."""
    notes: tuple[Message, ...]


def read_series(
    path: str | Path,
    column: str,
    steps: int,
    *,
    unit: str = "",
    lower: float = -math.inf,
    upper: float = math.inf,
    step_hours: float = 1.0,
) -> Floats:
    """Values of `column` in the order of the file: one row for each of `steps`, whatever its times.

    The file is a CSV (UTF-8 or Shift_JIS; comma, semicolon or tab), a workbook (.xlsx, first sheet) or Parquet.
    Returns a float array of shape `(steps,)`. `unit`, `lower` and `upper` say what is allowed; the unit is used for
    messages only. If the file has a column `time`, its times must run forward by `step_hours`
    without gap or duplicate; only 29 February and whole years may be skipped.

    Raises `WeatherError` with every problem: missing, empty, huge or unreadable file, unknown column (the
    nearest one is named), wrong number of rows, empty cell, NaN, text or value out of bounds (each by line).
    """
    cells = _read_cells(path, column)
    values, problems = _check_values(cells, path, column, unit, lower, upper)
    if len(values) != steps:
        problems.insert(0, _wrong_length(len(values), steps, step_hours, str(path), column))
    if cells.times is not None:
        problems += _time_problems(cells, path, step_hours)
    refuse(problems)
    return values


def place_series(path: str | Path, column: str, span: Span) -> PlacedSeries:
    """Values of `column` over `span`, each row at the step that its time names.

    Rows of 5 to 30 minutes are averaged over longer steps, all of which must be there; rows of up to an hour hold for
    every shorter step in them. Without a column `time` the rows are taken in order, one for each step of the span, or
    of its whole years. Raises `WeatherError` as `read_series` does, and where the times do not hold the span (see
    `placement`).
    """
    cells = _read_cells(path, column)
    values, problems = _check_values(cells, path, column, "", -math.inf, math.inf)
    if cells.times is None:
        if len(values) == span.steps:
            refuse(problems)
            return PlacedSeries(values, (Message("note.untimed"),))
        if len(values) != span.whole_steps:
            problems.insert(0, _wrong_length(len(values), span.steps, span.step_hours, str(path), column, span))
        refuse(problems)
        chosen = values.reshape(len(span.years), span.steps_of_year)[:, span.window]
        return PlacedSeries(np.ascontiguousarray(chosen.ravel()), (Message("note.untimed_year"),))
    own = _span_of_rows(cells.times, span)
    refuse([*problems, *_time_problems(cells, path, own.step_hours)])
    if not len(values):
        raise WeatherError(_wrong_length(0, span.steps, span.step_hours, str(path), column))
    times = [time for time in map(_as_time, cells.times) if time is not None]
    placement = place_rows(times, own, str(path))
    placed, said = values[placement.row], {"minutes": own.step_hours * MINUTES_PER_HOUR, "hours": span.step_hours}
    if own.steps > span.steps:
        notes = (*placement.notes, Message("note.averaged", said))
        return PlacedSeries(placed.reshape(span.steps, -1).mean(axis=1), notes)
    if own.steps < span.steps:
        notes = (*placement.notes, Message("note.held_rows", said))
        return PlacedSeries(np.repeat(placed, span.steps // own.steps), notes)
    return PlacedSeries(placed, placement.notes)


def _span_of_rows(cells: Sequence[object], span: Span) -> Span:
    """The span in steps as long as the rows of a file are apart most often, where those and its own fit each other."""
    times = [time for time in map(_as_time, cells) if time is not None]
    apart = Counter(
        later - earlier
        for earlier, later in itertools.pairwise(times)
        if (earlier.tzinfo is None) == (later.tzinfo is None)
    )
    minutes, wanted = span.step_hours * MINUTES_PER_HOUR, span.step_hours * MINUTES_PER_HOUR
    if apart:
        minutes = apart.most_common(1)[0][0] / timedelta(minutes=1)
    ratio = wanted / minutes if minutes > 0 else 0.0
    fits = ratio.is_integer() or (ratio > 0 and (1.0 / ratio).is_integer())
    if not fits or ratio == 1 or not SHORTEST_ROW_MINUTES <= minutes <= MINUTES_PER_HOUR:
        return span
    first, end = (round(step * ratio) for step in (span.window.start, span.window.stop))
    if (first / ratio, end / ratio) != (span.window.start, span.window.stop):
        return span
    return replace(span, step_hours=minutes / MINUTES_PER_HOUR, first_step=first, block_steps=end - first)


def _read_cells(path: str | Path, column: str) -> _Cells:
    file = check_file(path)
    if read_bytes(file)[:4] == _PARQUET_MARK or file.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(file, column)
    table = read_table(path)
    position = _find_column(table.header, column, path)
    time_position = _time_position(table.header, column)
    times = [row[time_position] for row in table.rows] if time_position is not None else None
    return _Cells([row[position] for row in table.rows], times, table.places, table.in_rows)


def _check_values(
    cells: _Cells, path: str | Path, column: str, unit: str, lower: float, upper: float
) -> tuple[Floats, list[Problem]]:
    """Cells as numbers, and a problem for each that is none or out of bounds."""
    values, by_position = _as_numbers(cells, path, column, unit)
    remedy = "series.at_least" if math.isinf(upper) else "series.at_most" if math.isinf(lower) else "series.between"
    for i in np.flatnonzero((values < lower) | (values > upper)).tolist():
        said = {"value": float(values[i]), "of_unit": _spaced(unit), "low": lower, "high": upper}
        by_position[i] = Problem("series.value", cells.at(path, i), column, remedy, said)
    return values, [by_position[i] for i in sorted(by_position)]


def _read_parquet(file: Path, column: str) -> _Cells:
    """The column of a Parquet file; places are row numbers from 1."""
    import pyarrow.parquet as pq

    try:
        # Texts as a dictionary: a long one that is repeated in every row is held once.
        names = pq.ParquetFile(file, thrift_string_size_limit=MOST_HEADER_BYTES).schema_arrow.names
        source = pq.ParquetFile(file, read_dictionary=list(dict.fromkeys(names)))
        _refuse_many_rows(source.metadata.num_rows, file)
        names = list(source.schema_arrow.names)
        position = _find_column(names, column, file)
        time_position = _time_position(names, column)
        wanted = [names[position]] + ([names[time_position]] if time_position is not None else [])
        table = source.read(columns=wanted)
        values, *others = [_plain_cells(table.column(number)) for number in range(len(wanted))]
    except WeatherError:
        raise
    except Exception as error:  # whatever a broken file makes its reader raise
        reason = str(error).split("\n")[0].rstrip(".")
        raise WeatherError(Problem("series.not_parquet", str(file), reason=reason)) from error
    return _Cells(values, others[0] if others else None, range(1, len(values) + 1), True)


def _refuse_many_rows(count: int, file: Path) -> None:
    if count > MOST_PARQUET_ROWS:
        raise WeatherError(Problem("bounds.rows", str(file), count=count, most=MOST_PARQUET_ROWS))


def _plain_cells(column: Any) -> list[object]:
    """The cells of a column of Arrow as Python's; a text that stands in many rows is one object."""
    cells: list[object] = []
    for part in column.chunks:
        if hasattr(part, "dictionary"):
            known = part.dictionary.to_pylist()
            cells += [None if place is None else known[place] for place in part.indices.to_pylist()]
        else:
            cells += part.to_pylist()
    return cells


def _find_column(header: Sequence[str], column: str, path: str | Path) -> int:
    """Position of `column`; a name that is missing or stands twice is refused."""
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count > 1:
        raise WeatherError(Problem("series.column_twice", str(path), column, count=count))
    shown = (*(f"'{name}'" for name in header[:12]), *(["..."] if len(header) > 12 else []))
    guess = nearest(column, header)
    remedy = "nearest" if guess else "series.no_column"
    raise WeatherError(Problem("series.no_column", str(path), column, remedy, {"names": shown, "near": guess}))


def _time_position(header: Sequence[str], column: str) -> int | None:
    found = [i for i, name in enumerate(header) if name.lower() == TIME_COLUMN and name != column]
    return found[0] if found else None


def _as_numbers(cells: _Cells, path: str | Path, column: str, unit: str) -> tuple[Floats, dict[int, Problem]]:
    """Cells as floats (NaN where they are none) and, by position, a problem for each that is not a finite number."""
    values = np.full(len(cells.values), np.nan)
    problems = {}
    wanted = "series.number_in" if unit else "series.number"
    for i, cell in enumerate(cells.values):
        number, fault = _as_number(cell)
        if number is None:
            written = isinstance(cell, str) and _WITH_COMMAS.fullmatch(cell.strip())
            remedy = "table.more_cells" if written else wanted
            problems[i] = Problem(fault, cells.at(path, i), column, remedy, text=str(cell)[:40], in_unit=unit)
        else:
            values[i] = number
    return values, problems


def _as_number(cell: object) -> tuple[float | None, str]:
    """The number in a cell, or None and the code of what it is instead."""
    if cell is None or (isinstance(cell, str) and not cell):
        return None, "empty"
    if isinstance(cell, str):
        if cell.lower() in ("nan", "na", "n/a", "null", "none", "-", "#n/a"):
            return None, "series.missing"
        return parse_number(cell), "not_a_number"
    if isinstance(cell, bool) or not hasattr(cell, "__float__"):
        return None, "not_a_number"
    number = float(cell)
    return (number if math.isfinite(number) else None), "series.not_finite"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


def _wrong_length(
    got: int, wanted: int, step_hours: float, where: str, column: str, span: Span | None = None
) -> Problem:
    """One sentence with both lengths and the likely cause."""
    per_day, per_year = round(HOURS_PER_DAY / step_hours), steps_per_year(step_hours)
    years = wanted / per_year
    remedy = "series.length"
    if years > 1 and got == per_year and wanted % per_year == 0:
        remedy = "series.years"
    elif got > wanted and (got - wanted) % per_day == 0 and 0 < (got - wanted) / per_day <= math.ceil(years):
        remedy = "series.leap_day"
    elif got * 2 == wanted or got == wanted * 2:
        remedy = "series.steps"
    elif got == wanted + 1:
        remedy = "series.next_year"
    said = {"got": got, "wanted": wanted, "hours": step_hours, "found": step_hours * wanted / max(got, 1)}
    said |= {"years": round(years), "per_year": per_year}
    return Problem("series.length", where, column, remedy, said)


def _time_problems(cells: _Cells, path: str | Path, step_hours: float) -> list[Problem]:
    """Rows whose time is unreadable, repeated, out of order, or leaves a gap."""
    problems: list[Problem] = []
    step = timedelta(hours=step_hours)
    previous: datetime | None = None
    for i, cell in enumerate(cells.times or ()):
        place = cells.at(path, i)
        now = _as_time(cell)
        if now is None:
            problems.append(Problem("not_a_time", place, TIME_COLUMN, text=str(cell)))
            continue
        if previous is not None:
            fault, remedy = _fault_between(previous, now, step)
            if fault:
                said = {"time": str(now), "previous": str(previous), "wanted": step / timedelta(hours=1)}
                if fault == "series.gap":
                    said["hours"] = (now - previous) / timedelta(hours=1)
                problems.append(Problem(fault, place, TIME_COLUMN, remedy, said))
        previous = now
    return problems


def _as_time(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    return parse_time(cell) if isinstance(cell, str) else None


def _fault_between(previous: datetime, now: datetime, step: timedelta) -> tuple[str, str]:
    """The code of what is wrong with the move from one row's time to the next, and of the remedy; empty if nothing."""
    if (previous.tzinfo is None) != (now.tzinfo is None):
        return "series.mixed_zones", ""
    moved = now - previous
    if moved == step:
        return "", ""
    if moved == timedelta(0):
        return "series.duplicated", ""
    if moved < timedelta(0):
        return "series.backward", ""
    if _skips_leap_day(now, moved, step) or _skips_years(previous, now, step):
        return "", ""
    return "series.gap", "series.too_many" if moved < step else "series.gap"


def _skips_leap_day(now: datetime, moved: timedelta, step: timedelta) -> bool:
    return moved == timedelta(days=1) + step and (now.month, now.day) == (3, 1) and now.hour <= 1


def _skips_years(previous: datetime, now: datetime, step: timedelta) -> bool:
    """Whether whole years are left out between two rows, at the turn of a year, whatever month it begins with."""
    expected = previous + step
    if now.year <= expected.year or (expected.month, expected.day) == (2, 29):
        return False
    return now.day == 1 and expected.replace(year=now.year, tzinfo=None) == now.replace(tzinfo=None)
