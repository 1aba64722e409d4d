"""Rows of a typical-year file that pvlib has read: numbers checked by line, laid on one calendar year.

The months of a typical year come from different years, so its own years mean nothing: each row keeps its
month, day and hour, and gets the calendar year that the scenario asks for.
"""

from __future__ import annotations

import calendar
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.completion import DEW_POINT, complete_columns
from kiban.weather.rows import LISTED_AT_MOST, Lines
from kiban.weather.textfile import at_line, parse_number, refuse
from kiban.weather.year import WIND_HEIGHT_M, Weather, check_weather

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


LONGEST_LABEL = 4
"""Digits of a month, a day or an hour, with zeros before them."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file: its name there, factor to our unit, and which values mark a missing one.

    Values at or above `missing_from`, or at or below `missing_to`, are marks, not measurements.
    """

    name: str
    factor: float = 1.0
    missing_from: float = np.inf
    missing_to: float = -np.inf


def read_frame(
    read: Callable[[io.StringIO], tuple[pd.DataFrame, Any]], rows: Sequence[str], kind: str, where: str
) -> tuple[pd.DataFrame, Any]:
    """Table and metadata that a reader of pvlib makes of a file's rows; `WeatherError` where it cannot."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # text is refused by line in check_columns
            return read(io.StringIO("\n".join(rows)))
    except Exception as error:  # whatever a reader of pvlib stumbles over, the file is at fault
        reason = str(error).split("\n")[0].rstrip(".")
        raise WeatherError(Problem("frame.incomplete", where, kind=kind, reason=reason)) from error


def row_problems(frame: pd.DataFrame, rows: int, where: str) -> list[Problem]:
    """A problem if pvlib read fewer or more than the file's `rows`."""
    if len(frame) == rows:
        return []
    return [Problem("frame.rows", where, rows=rows, read=len(frame))]


@dataclass(frozen=True, slots=True)
class Place:
    """Where and in which standard time the header of a file says that its weather was."""

    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    utc_offset_hours: float


HEADER_BOUNDS: Mapping[str, tuple[float, float]] = {
    "latitude_deg": (-90.0, 90.0),
    "longitude_deg": (-180.0, 180.0),
    "elevation_m": (-450.0, 9000.0),
    "utc_offset_hours": (-12.0, 14.0),
}


def read_place(
    cells: Sequence[str], positions: Mapping[str, int], where: str | Message
) -> tuple[Place | None, list[Problem]]:
    """The place in the cells of a header, by the position of each number; a problem for each that cannot be."""
    problems: list[Problem] = []
    found: dict[str, float] = {}
    for name, (low, high) in HEADER_BOUNDS.items():
        cell = cells[positions[name]] if positions[name] < len(cells) else ""
        number = parse_number(cell)
        if number is None:
            problems.append(Problem("frame.header", where, name, text=cell))
        elif not low <= number <= high:
            problems.append(Problem("frame.header_range", where, name, value=number, low=low, high=high))
        else:
            found[name] = number
    return (None if problems else Place(**found)), problems


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a file in our names and units, as `check_columns` reads them."""

    values: dict[str, Floats]
    """Of each wanted name, NaN where the file has no value."""
    texts: dict[str, list[str | Message]]
    """What stands in the file where a column has no value, of the columns that lack some."""
    absent: dict[str, str]
    """The file's own name of each wanted column that it does not have."""
    problems: list[Problem]
    """Cells that are neither a number nor a mark for a missing value."""

    def keep(self, rows: npt.NDArray[np.bool_]) -> Columns:
        """The same of some rows only."""
        values = {name: column[rows] for name, column in self.values.items()}
        kept = np.flatnonzero(rows).tolist()
        texts = {name: [said[row] for row in kept] for name, said in self.texts.items()}
        return replace(self, values=values, texts=texts)

    def without(self, name: str) -> Columns:
        """The same without one of the columns."""
        values = {other: column for other, column in self.values.items() if other != name}
        return replace(self, values=values, problems=[problem for problem in self.problems if problem.key != name])

    def lacking(self, values: Mapping[str, Floats], where: str) -> list[Problem]:
        """A problem for each column that the file does not have and that `values`, completed, do not have either."""
        return [
            Problem("frame.no_column", where, column=column, name=name)
            for name, column in self.absent.items()
            if np.isnan(values[name]).any()
        ]


def check_columns(frame: pd.DataFrame, fields: Mapping[str, Field], where: str, first_line: int) -> Columns:
    """Columns in our names and units; marks for missing values, empty cells and absent columns become NaN.

    Row i of `frame` stands in line `first_line + i` of the file. WeatherError where a column stands there twice.
    """
    columns = Columns({}, {}, {}, [])
    for name, field in fields.items():
        count = int((frame.columns == field.name).sum())
        if count > 1:
            raise WeatherError(Problem("series.column_twice", where, field.name, count=count))
        if field.name not in frame.columns:
            columns.absent[name] = field.name
            columns.values[name] = np.full(len(frame), np.nan)
            continue
        cells = frame[field.name]
        values = _as_floats(cells)
        no_number = ~np.isfinite(values)
        missing = no_number | (values >= field.missing_from) | (values <= field.missing_to)
        columns.values[name] = np.where(missing, np.nan, values * field.factor)
        if missing.any():
            columns.texts[name] = [
                _cell_said(cell) if lacks else "" for cell, lacks in zip(cells.tolist(), missing.tolist(), strict=True)
            ]
        words = [
            (row, cell.strip())
            for row, cell in enumerate(cells.tolist())
            if no_number[row] and isinstance(cell, str) and cell.strip()
        ]
        for shown, (row, text) in enumerate(words[:LISTED_AT_MOST]):
            more = len(words) - LISTED_AT_MOST
            said = {
                "text": text,
                "more": Message("more.values", count=more) if shown == LISTED_AT_MOST - 1 and more > 0 else "",
            }
            columns.problems.append(Problem("frame.text", at_line(where, first_line + row), name, values=said))
    return columns


def add_dew_point(columns: Columns, frame: pd.DataFrame, field: Field) -> Columns:
    """The columns with the dew point of a file that has it: `complete_columns` derives a missing humidity from it."""
    if int((frame.columns == field.name).sum()) != 1:
        return columns
    values = _as_floats(frame[field.name])
    missing = ~np.isfinite(values) | (values >= field.missing_from) | (values <= field.missing_to)
    return replace(columns, values={**columns.values, DEW_POINT: np.where(missing, np.nan, values)})


def complete_year(
    columns: Columns,
    time: pd.DatetimeIndex,
    place: Place,
    *,
    source: str,
    years: Sequence[int] | None,
    notes: Sequence[Message],
    where: str,
    lines: Lines,
    first_month: int = 1,
    wind_height_m: float = WIND_HEIGHT_M,
    leap_rows: int = 0,
    step_hours: float = 1.0,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
) -> Weather:
    """The checked weather of a file's columns: what they lack is derived (`complete_columns`), filled or refused.

    Row i of `columns` starts at `time[i]` and stands in line `lines[i]`. `leap_rows` rows of
    29 February were left out before.
    """
    values, derived = complete_columns(
        columns.values,
        time,
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        elevation_m=place.elevation_m,
        step_hours=step_hours,
    )
    refuse([*columns.problems, *columns.lacking(values, where)])
    return check_weather(
        time,
        values,
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        elevation_m=place.elevation_m,
        wind_height_m=wind_height_m,
        source=source,
        step_hours=step_hours,
        years=years,
        first_month=first_month,
        notes=[*notes, *derived, *([Message("note.leap", rows=leap_rows)] if leap_rows else [])],
        where=where,
        lines=lines,
        texts=columns.texts,
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


def lay_on_year(
    month: Ints, day: Ints, hour: Ints, year: int, utc_offset_hours: float
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.bool_]]:
    """Starts of the rows on the calendar of `year`, and which rows are kept.

    `hour` (0 to 23) is the start of the row's hour. 29 February is left out: most files lack it.
    """
    import pandas as pd

    keep = ~((month == 2) & (day == 29))
    stamps = pd.to_datetime(
        {"year": np.full(int(keep.sum()), year), "month": month[keep], "day": day[keep], "hour": hour[keep]}
    )
    zone = timezone(timedelta(hours=utc_offset_hours))
    return pd.DatetimeIndex(stamps).tz_localize(zone), keep


def read_labels(
    labels: Sequence[tuple[str, str, str]], where: str, first_line: int
) -> tuple[Ints, Ints, Ints, list[Problem]]:
    """Month, day and hour (0 to 24, the label at the end of the hour) of each row from their texts.

    A problem for each row whose label does not exist, such as month 13 or hour 25.
    """
    longest = [0, *(calendar.monthrange(2000, number)[1] for number in range(1, MONTHS_PER_YEAR + 1))]
    numbers = np.ones((len(labels), 3), dtype=np.int64)
    bad = []
    for row, texts in enumerate(labels):
        stripped = [text.strip() for text in texts]
        if all(text.isdecimal() and len(text) <= LONGEST_LABEL for text in stripped):
            month, day, hour = (int(text) for text in stripped)
            if 1 <= month <= MONTHS_PER_YEAR and 1 <= day <= longest[month] and hour <= HOURS_PER_DAY:
                numbers[row] = month, day, hour
                continue
        bad.append(row)
    problems = [
        Problem(
            "frame.label",
            at_line(where, first_line + row),
            "time",
            values=dict(zip(("month", "day", "hour"), labels[row], strict=True)),
        )
        for row in bad[:LISTED_AT_MOST]
    ]
    return numbers[:, 0], numbers[:, 1], numbers[:, 2], problems


def _as_floats(cells: pd.Series) -> Floats:
    if cells.dtype.kind in "iuf":
        return cells.to_numpy(dtype=np.float64)
    numbers = [parse_number(str(cell).strip()) for cell in cells]
    return np.array([np.nan if number is None else number for number in numbers])


def _cell_said(cell: object) -> str | Message:
    """The number or the text of a cell that holds no value."""
    text = cell.strip() if isinstance(cell, str) else f"{float(str(cell)):g}"
    return Message("cell.empty") if text in {"", "nan"} else text
