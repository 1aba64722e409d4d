"""Tables of Japanese network companies: lines above the header, headers of several lines, units and times of rows.

Each company has its own dialect, and changes it. What they share: one line begins with the name of the time column
(DATE, DATE_TIME, 月日, ...); the lines below it down to the first row with a time belong to the header, as do those
just above it whose first cell is empty; and the unit stands in a column's name or in a line above.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.table import place_at, read_rows
from kiban.weather.textfile import parse_number, parse_time, plain_letters, refuse

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]

TIME_NAMES: Final = ("DATE", "DATE_TIME", "月日", "日付", "年月日", "日時", "対象日", "対象年月日")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2})(?::\d{2})?|時)(?:\s*[-~]\s*\d{1,2}:\d{2})?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_UNIT: Final = re.compile(r"万kWh|万kW|GWh|MWh|MW|kWh|kW", re.IGNORECASE)
_ENERGY_MWH: Final = {"万kwh": 10.0, "gwh": 1e3, "mwh": 1.0, "kwh": 1e-3}
_POWER_MW: Final = {"万kw": 10.0, "mw": 1.0, "kw": 1e-3}
_NOTHING: Final = frozenset("-－−‐ー―—–")
_MINUTES_PER_DAY: Final = 24 * 60
ALLOWED_STEP_MINUTES: Final = (5, 30, 60)


@dataclass(frozen=True, slots=True)
class TimedTable:
    """Rows with their times, below a header of one or more lines.

    `names` are the header's cells of each column joined, in plain letters without spaces. `start` is the start of each
    row's step (rows,), in Japanese standard time. `heading` is all text above the rows.
    """

    path: str
    names: tuple[str, ...]
    heading: str
    rows: Sequence[Sequence[object]]
    places: Sequence[int]
    in_rows: bool
    start: Times
    step_minutes: int
    first_value: int
    """Position of the first column that is no time."""

    def at(self, number: int) -> Message:
        """Where row `number` (0-based) stands."""
        return place_at(self.path, self.places[number], in_rows=self.in_rows)

    def column(self, position: int) -> Floats:
        """Numbers of a column (rows,): a dash is 0, an empty cell NaN. Raises `WeatherError` for any other text."""
        found = np.full(len(self.rows), np.nan)
        problems = []
        for number, row in enumerate(self.rows):
            cell = row[position] if position < len(row) else None
            value = number_of(cell)
            if value is not None:
                found[number] = value
            elif cell is not None and str(cell).strip():
                problems.append(
                    Problem("not_a_number", self.at(number), self.names[position], "area_file.number", text=str(cell))
                )
        refuse(problems)
        return found

    def factor_mw(self, position: int) -> float:
        """What a number of a column is multiplied by to be MW; raises `WeatherError` where no unit is written."""
        found = _UNIT.search(self.names[position]) or _UNIT.search(self.heading)
        if found is None:
            raise WeatherError(Problem("area_file.unit", self.path, self.names[position]))
        unit = found[0].lower()
        return _POWER_MW[unit] if unit in _POWER_MW else _ENERGY_MWH[unit] * 60.0 / self.step_minutes


def read_timed_tables(path: str | Path) -> list[TimedTable]:
    """Every table of a file whose header names a time column, in order.

    Raises `WeatherError` where there is none, and where times cannot be read, repeat or are no even steps.
    """
    filled, in_rows = read_rows(path)
    lines = list(filled)
    anchors = [i for i, (_, row) in enumerate(lines) if row and _plain(row[0]).upper() in TIME_NAMES]
    if not anchors:
        raise WeatherError(Problem("area_file.dialect", str(path), names=TIME_NAMES[:3]))
    ends = [*anchors[1:], len(lines)]
    tables = [_table(str(path), lines, anchor, end, in_rows) for anchor, end in zip(anchors, ends, strict=True)]
    found = [table for table in tables if table is not None]
    if not found:
        raise WeatherError(Problem("rows.none", str(path), remedy="file.download"))
    return found


def hourly_means(start: Times, values: Floats, step_minutes: int) -> tuple[Times, Floats]:
    """Hours that have all their steps, and the mean of each; `values` is (rows,) or (rows, columns)."""
    hours, first, count = np.unique(start.astype("datetime64[h]"), return_index=True, return_counts=True)
    whole = count == 60 // step_minutes
    sums = np.add.reduceat(values, first, axis=0) if len(values) else values
    means = sums / count.reshape(-1, *[1] * (values.ndim - 1))
    return hours[whole], means[whole]


def number_of(cell: object) -> float | None:
    """A number as companies write it: `2,555`, full-width digits, △ for minus, a dash for nothing (0)."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    text = str(cell).strip() if cell is not None else ""
    if text and set(text) <= _NOTHING:
        return 0.0
    text = re.sub("^[△▲]", "-", plain_letters(text))
    return parse_number(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)


def _plain(cell: object) -> str:
    """A header's cell in plain letters without spaces and line breaks."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", "" if cell is None else str(cell)))


def _table(
    path: str, lines: Sequence[tuple[int, Sequence[object]]], anchor: int, end: int, in_rows: bool
) -> TimedTable | None:
    first = next((i for i in range(anchor + 1, end) if _day(lines[i][1][0]) is not None), end)
    top = anchor
    while top and not _plain(lines[top - 1][1][0]):
        top -= 1
    names = _names([row for _, row in lines[top:first]])
    # The time has a column of its own unless the first one says it all.
    split = len(names) > 1 and _clock(lines[first][1][1]) is not None if first < end else False
    body = list(_body(lines[first:end], split, 2 if split else 1))
    if not body:
        return None
    heading = " ".join(_plain(cell) for _, row in lines[:first] for cell in row)
    places = [place for place, _, _, _ in body]
    closed = any(is_last for _, _, is_last, _ in body)
    start, step = _starts(path, [moment for _, moment, _, _ in body], closed, places, in_rows)
    rows = [row for _, _, _, row in body]
    return TimedTable(path, names, heading, rows, places, in_rows, start, step, 2 if split else 1)


def _names(header: Sequence[Sequence[object]]) -> tuple[str, ...]:
    """Names of the columns: the cells of each column joined, below the name of its group.

    Where 実績 and 抑制量 are all that a column says, 太陽光 or 風力 may stand above the first of the two alone.
    """
    width = max(len(row) for row in header)
    grid = [[_plain(row[i]) if i < len(row) else "" for i in range(width)] for row in header]
    names = ["".join(line[i] for line in grid) for i in range(width)]
    for i, name in enumerate(names):
        if re.match(r"実績|抑制量|出力制御量", name):
            above = (next((cell for cell in reversed(line[:i]) if cell), "") for line in grid if not line[i])
            names[i] = next(above, "") + name
    return tuple(names)


def _body(
    lines: Sequence[tuple[int, Sequence[object]]], split: bool, first_value: int
) -> Iterator[tuple[int, datetime | str, bool, Sequence[object]]]:
    """Rows with values: place, moment (or the text that is none), and whether the moment is written as 24:00.

    A day may be written on its first row alone; rows below that are no times end the table.
    """
    day: date | None = None
    for place, row in lines:
        if not any(_plain(cell) for cell in row[first_value:]):
            continue  # companies fill the days to come with times
        text = " ".join("" if cell is None else str(cell) for cell in row[:first_value]).strip()
        moment: datetime | None
        if split:
            written = _day(row[0])
            minutes = _clock(row[1]) if len(row) > 1 else None
            if written is None and minutes is None:
                return
            day = written or (None if _plain(row[0]) else day)
            whole = day is not None and minutes is not None
            moment = datetime.combine(day, time()) + timedelta(minutes=minutes) if whole else None  # type: ignore[arg-type]
        else:
            moment = row[0] if isinstance(row[0], datetime) else parse_time(text)
        yield place, moment or text, "24:00" in text, row


def _day(cell: object) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    text = _plain(cell)
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}/{text[4:6]}/{text[6:]}"
    moment = parse_time("" if cell is None else text if re.fullmatch(r"[\d/-]+", text) else str(cell))
    return moment.date() if moment is not None else None


def _clock(cell: object) -> int | None:
    """Minutes from midnight of 0:30, 24:00, 5時 or a range, which is told by its start."""
    if isinstance(cell, time):
        return cell.hour * 60 + cell.minute
    found = _CLOCK.fullmatch(_plain(cell).replace("~", "-"))
    minutes = int(found[1]) * 60 + int(found[2] or 0) if found else -1
    return minutes if 0 <= minutes <= _MINUTES_PER_DAY and int((found and found[2]) or 0) < 60 else None


def _starts(
    path: str, moments: Sequence[datetime | str], closed: bool, places: Sequence[int], in_rows: bool
) -> tuple[Times, int]:
    """Starts of the steps, and their length: the labels, or where they are the ends of steps, those less a step.

    Ends they are where a day is `closed` by 24:00, or where the first is a step past midnight and the last is 0:00.
    """
    refuse(
        [
            Problem("not_a_time", place_at(path, place, in_rows=in_rows), "time", "area_file.time", text=moment)
            for place, moment in zip(places, moments, strict=True)
            if isinstance(moment, str)
        ]
    )
    label = np.array(moments, dtype="datetime64[m]")
    gaps = np.diff(label).astype(np.int64)
    backward = np.flatnonzero(gaps <= 0)
    if backward.size:
        where = place_at(path, places[int(backward[0]) + 1], in_rows=in_rows)
        raise WeatherError(Problem("area_file.order", where, "time", text=str(moments[int(backward[0]) + 1])))
    step = int(gaps.min()) if gaps.size else 60
    if step not in ALLOWED_STEP_MINUTES or (gaps % step).any():
        raise WeatherError(Problem("area_file.step", path, "time", minutes=step))
    clock = (label - label.astype("datetime64[D]")).astype(np.int64)
    ends = closed or (clock[0] == step and clock[-1] == 0)
    if clock[0] == step and not ends:
        raise WeatherError(Problem("area_file.label", place_at(path, places[0], in_rows=in_rows), "time"))
    return np.asarray(label - np.timedelta64(step if ends else 0, "m"), dtype="datetime64[m]"), step
