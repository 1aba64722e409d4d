"""Rows of a typical-year file that pvlib has read: numbers checked by line, laid on one calendar year.

The months of a typical year come from different years, so its own years mean nothing: each row keeps its
month, day and hour, and gets the calendar year that the scenario asks for.
"""

from __future__ import annotations

import calendar
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.rows import LISTED_AT_MOST
from kiban.weather.textfile import at_line, parse_number

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


def check_columns(
    frame: pd.DataFrame, fields: Mapping[str, Field], where: str, first_line: int
) -> tuple[dict[str, Floats], list[Problem]]:
    """Columns in our names and units, and a problem for each cell that is missing or not a number.

    Row i of `frame` stands in line `first_line + i` of the file.
    """
    columns: dict[str, Floats] = {}
    problems: list[Problem] = []
    for name, field in fields.items():
        if field.name not in frame.columns:
            problems.append(Problem("frame.no_column", where, column=field.name, name=name))
            continue
        cells = frame[field.name]
        values = _as_floats(cells)
        missing = ~np.isfinite(values) | (values >= field.missing_from) | (values <= field.missing_to)
        bad = np.flatnonzero(missing)
        for shown, row in enumerate(bad[:LISTED_AT_MOST].tolist()):
            more = len(bad) - LISTED_AT_MOST
            said = {
                "text": _cell_said(cells.iloc[row]),
                "more": Message("more.values", count=more) if shown == LISTED_AT_MOST - 1 and more > 0 else "",
            }
            fault = "frame.mark" if said["text"] else "frame.empty"
            problems.append(Problem(fault, at_line(where, first_line + row), name, "frame.mark", said))
        columns[name] = values * field.factor
    return columns, problems


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


def _cell_said(cell: object) -> str:
    """The cell's text in quotes or its number; empty where the cell is."""
    if isinstance(cell, str):
        return f"'{cell}'"
    number = float(str(cell))
    return "" if np.isnan(number) else f"{number:g}"
