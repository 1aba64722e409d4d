"""Any hourly input as a named column of a user's CSV or Parquet file.

Load, availability, price, emission factor, PUE, temperature: each can be replaced by a column with one
value for every step of the weather years. What cannot be used is refused with line, value and remedy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, steps_per_year
from kiban.errors import Problem, WeatherError
from kiban.weather.textfile import (
    at_line,
    check_file,
    csv_rows,
    decode,
    meant,
    parse_number,
    parse_time,
    read_bytes,
    refuse,
)

Floats = npt.NDArray[np.float64]

TIME_COLUMN = "time"
DELIMITERS = (",", ";", "\t")
_PARQUET_MARK = b"PAR1"


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column as texts or numbers, with the place of each, and the time column if there is one."""

    values: Sequence[object]
    times: Sequence[object] | None
    places: Sequence[int]
    word: str  # how a place is called: line of a CSV, row of a Parquet file

    def at(self, file: str | Path, position: int) -> str:
        """Where value number `position` (0-based) stands."""
        return f"{file}, {self.word} {self.places[position]}"


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
    """Values of `column` of a CSV (UTF-8 or Shift_JIS; comma, semicolon or tab) or Parquet file.

    Returns a float array of shape `(steps,)` in the order of the file, one value for the start of each step
    of the weather years (29 February left out). `unit`, `lower` and `upper` say what is allowed; the unit is
    used for messages only. If the file has a column `time`, its times must run forward by `step_hours`
    without gap or duplicate; only 29 February and whole years may be skipped.

    Raises `WeatherError` with every problem: missing, empty, huge or unreadable file, unknown column (the
    nearest one is named), wrong number of rows, empty cell, NaN, text or value out of bounds (each by line).
    """
    file = check_file(path)
    content = read_bytes(file)
    is_parquet = content[:4] == _PARQUET_MARK or file.suffix.lower() in (".parquet", ".pq")
    cells = _read_parquet(file, column) if is_parquet else _read_csv(decode(content, str(path)), path, column)
    values, problems = _as_numbers(cells, path, column, unit)
    allowed = _allowed(lower, upper, unit)
    problems += [
        Problem(f"is {values[i]:g}{_spaced(unit)}", cells.at(path, i), column, f"give {allowed}")
        for i in np.flatnonzero((values < lower) | (values > upper)).tolist()
    ]
    problems.sort(key=lambda problem: int(str(problem.where).rsplit(" ", 1)[1]))
    if len(values) != steps:
        problems.insert(0, _wrong_length(len(values), steps, step_hours, str(path), column))
    if cells.times is not None:
        problems += _time_problems(cells, path, step_hours)
    refuse(problems)
    return values


def _read_csv(text: str, path: str | Path, column: str) -> _Cells:
    """The column's cells, stripped, with their line numbers."""
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    rows = csv_rows(text, str(path), delimiter)
    header_line, header = next(rows, (1, []))
    if not header:
        raise WeatherError(Problem("holds no text", where=str(path), remedy="export or download it again"))
    if parse_number(header[0]) is not None and parse_number(header[-1]) is not None:
        fault = "starts with numbers instead of column names"
        raise WeatherError(
            Problem(fault, at_line(path, header_line), remedy="put the names of the columns in the first line")
        )
    position = _find_column(header, column, path)
    time_position = _time_position(header, column)
    values: list[str] = []
    times: list[str] = []
    places: list[int] = []
    for line, row in rows:
        values.append(row[position] if position < len(row) else "")
        if time_position is not None:
            times.append(row[time_position] if time_position < len(row) else "")
        places.append(line)
    return _Cells(values, times if time_position is not None else None, places, "line")


def _read_parquet(file: Path, column: str) -> _Cells:
    """The column of a Parquet file; places are row numbers from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file)
        names = list(source.schema_arrow.names)
        position = _find_column(names, column, file)
        time_position = _time_position(names, column)
        wanted = [names[position]] + ([names[time_position]] if time_position is not None else [])
        table = source.read(columns=wanted)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise WeatherError(
            Problem(f"is not a readable Parquet file ({reason})", str(file), remedy="write it again")
        ) from error
    values: list[Any] = table.column(0).to_pylist()
    times: list[Any] | None = table.column(1).to_pylist() if time_position is not None else None
    return _Cells(values, times, range(1, len(values) + 1), "row")


def _find_column(header: Sequence[str], column: str, path: str | Path) -> int:
    """Position of `column`; a name that is missing or stands twice is refused."""
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count > 1:
        fault = f"stands {count} times in the header"
        raise WeatherError(Problem(fault, str(path), column, "give each column a name of its own"))
    shown = ", ".join(f"'{name}'" for name in header[:12]) + (", ..." if len(header) > 12 else "")
    remedy = meant(column, header)
    raise WeatherError(Problem(f"is not a column; there are {shown}", str(path), column, remedy or "name one of these"))


def _time_position(header: Sequence[str], column: str) -> int | None:
    found = [i for i, name in enumerate(header) if name.lower() == TIME_COLUMN and name != column]
    return found[0] if found else None


def _as_numbers(cells: _Cells, path: str | Path, column: str, unit: str) -> tuple[Floats, list[Problem]]:
    """Cells as floats (NaN where they are none) and a problem for each that is not a finite number."""
    values = np.full(len(cells.values), np.nan)
    problems = []
    asked = f"give a number{_spaced(unit, 'in ')} for every step"
    for i, cell in enumerate(cells.values):
        number, fault = _as_number(cell)
        if number is None:
            problems.append(Problem(fault, cells.at(path, i), column, asked))
        else:
            values[i] = number
    return values, problems


def _as_number(cell: object) -> tuple[float | None, str]:
    """The number in a cell, or None and what it is instead."""
    if cell is None or (isinstance(cell, str) and not cell):
        return None, "is empty"
    if isinstance(cell, str):
        if cell.lower() in ("nan", "na", "n/a", "null", "none", "-", "#n/a"):
            return None, f"is missing ('{cell}')"
        number = parse_number(cell)
        return number, "" if number is not None else f"is '{cell[:40]}', not a number"
    if isinstance(cell, bool) or not hasattr(cell, "__float__"):
        return None, f"is {str(cell)[:40]!r}, not a number"
    number = float(cell)
    return (number, "") if math.isfinite(number) else (None, f"is {number} (not finite)")


def _spaced(unit: str, before: str = "") -> str:
    return f" {before}{unit}" if unit else ""


def _allowed(lower: float, upper: float, unit: str) -> str:
    if math.isinf(upper):
        return f"at least {lower:g}{_spaced(unit)}"
    if math.isinf(lower):
        return f"at most {upper:g}{_spaced(unit)}"
    return f"values from {lower:g} to {upper:g}{_spaced(unit)}"


def _wrong_length(got: int, wanted: int, step_hours: float, where: str, column: str) -> Problem:
    """One sentence with both lengths and the likely cause."""
    per_day = round(HOURS_PER_DAY / step_hours)
    years = wanted / steps_per_year(step_hours)
    remedy = f"give one value for each of the {wanted:,} steps of {step_hours:g} h"
    if got > wanted and (got - wanted) % per_day == 0 and 0 < (got - wanted) / per_day <= math.ceil(years):
        remedy = "leave out the rows of 29 February"
    elif got * 2 == wanted or got == wanted * 2:
        remedy = f"give steps of {step_hours:g} h, not of {step_hours * wanted / got:g} h"
    elif got == wanted + 1:
        remedy = "leave out the row that repeats the start of the next year"
    return Problem(f"has {got:,} values, wanted {wanted:,}", where, column, remedy)


def _time_problems(cells: _Cells, path: str | Path, step_hours: float) -> list[Problem]:
    """Rows whose time is unreadable, repeated, out of order, or leaves a gap."""
    problems: list[Problem] = []
    step = timedelta(hours=step_hours)
    previous: datetime | None = None
    for i, cell in enumerate(cells.times or ()):
        place = cells.at(path, i)
        now = _as_time(cell)
        if now is None:
            problems.append(Problem(f"is '{cell}', not a time", place, TIME_COLUMN, "write times as YYYY-MM-DD HH:MM"))
            continue
        if previous is not None:
            fault, remedy = _fault_between(previous, now, step)
            if fault:
                problems.append(Problem(fault, place, TIME_COLUMN, remedy))
        previous = now
    return problems


def _as_time(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    return parse_time(cell) if isinstance(cell, str) else None


def _fault_between(previous: datetime, now: datetime, step: timedelta) -> tuple[str, str]:
    """What is wrong with the move from one row's time to the next, and the remedy; empty if nothing."""
    if (previous.tzinfo is None) != (now.tzinfo is None):
        return f"{now} has an offset from UTC and its neighbour has none", "write all times in the same way"
    moved = now - previous
    if moved == step:
        return "", ""
    if moved == timedelta(0):
        return f"{now} is duplicated", "keep one row for each step, in standard time all year"
    if moved < timedelta(0):
        return f"{now} comes after {previous}", "sort the rows by time"
    if _skips_leap_day(now, moved, step) or _skips_years(previous, now, step):
        return "", ""
    hours, wanted = moved / timedelta(hours=1), step / timedelta(hours=1)
    remedy = "add the missing rows, in standard time all year"
    if hours < wanted:
        remedy = f"give one row for each {wanted:g} h"
    return f"{now} is {hours:g} h after the row before it instead of {wanted:g} h", remedy


def _skips_leap_day(now: datetime, moved: timedelta, step: timedelta) -> bool:
    return moved == timedelta(days=1) + step and (now.month, now.day) == (3, 1) and now.hour <= 1


def _skips_years(previous: datetime, now: datetime, step: timedelta) -> bool:
    expected = previous + step
    same_place = expected.replace(year=now.year, tzinfo=None) == now.replace(tzinfo=None)
    return now.year > expected.year and (now.month, now.day) == (1, 1) and same_place
