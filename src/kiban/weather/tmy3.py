"""Typical years in the TMY3 format of the United States (NREL), read by pvlib."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiban.calendar import DAYS_PER_MONTH
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.frame import (
    Field,
    Ints,
    Place,
    add_dew_point,
    check_columns,
    complete_year,
    lay_on_year,
    read_frame,
    read_labels,
    read_place,
    row_problems,
)
from kiban.weather.table import read_lines
from kiban.weather.textfile import at_line, header_cells, refuse
from kiban.weather.year import Weather

TMY3_HEADER_LINES = 2
PVLIB_PREFIX = "pvlib:"
MISSING = {"missing_from": 9900.0, "missing_to": -9900.0}
"""TMY3 marks missing values with -9900 (Wilcox and Marion 2008, NREL/TP-581-43156); older files with 9999."""
FIELDS = {
    "temperature_c": Field("temp_air", **MISSING),
    "relative_humidity_pct": Field("relative_humidity", **MISSING),
    "pressure_hpa": Field("pressure", **MISSING),  # mbar = hPa
    "ghi_w_m2": Field("ghi", **MISSING),
    "dni_w_m2": Field("dni", **MISSING),
    "dhi_w_m2": Field("dhi", **MISSING),
    "wind_speed_m_s": Field("wind_speed", **MISSING),
}
DEW = Field("temp_dew", **MISSING)

_STATION = {"utc_offset_hours": 3, "latitude_deg": 4, "longitude_deg": 5, "elevation_m": 6}
_STATION_CELLS = 7
_FIRST_COLUMN = "Date (MM/DD/YYYY)"
_AMERICAN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})")
_JAPANESE = re.compile(r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})")
_IN_A_SHEET = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) 00:00:00")
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):00(?::00)?")
_MIDNIGHT = ("1899-12-31 00:00:00", "1900-01-01 00:00:00", "1 day, 0:00:00")
"""How a sheet holds 24:00."""


def read_tmy3(path: str | Path, *, year: int, fill_gaps_hours: float = 0.0, clip_negative_w_m2: float = 0.0) -> Weather:
    """Weather year of a TMY3 file, laid on calendar `year`, in the standard time that the file names.

    `path` may be `pvlib:723170TYA.CSV` for a file that ships with pvlib. TMY3 labels an hour by its end
    (01:00 to 24:00, or 00:00 of the next day); the step starts an hour earlier. Values are
    used as the file gives them: irradiance is the sum over the hour; temperature, humidity, pressure and
    wind are those at its end and stand for it, as in SAM and pvlib. Wind is at 10 m. TMY3 has no snow depth.
    Marks for missing values (-9900, 9999) are derived from other columns where those give them
    (`completion.complete_columns`) or filled on request, with a note of each; `fill_gaps_hours` and
    `clip_negative_w_m2` as in `check_weather`.

    Raises `WeatherError` with every problem: no TMY3 header, cells that are no numbers, each by line, and all
    of `check_weather`.
    """
    import pvlib

    where = str(path)
    rows = read_lines(_locate(path), last_resort="latin-1")
    station, place, problems = _read_header(rows[:TMY3_HEADER_LINES], where)
    refuse(problems)
    assert place is not None
    first_line = TMY3_HEADER_LINES + 1
    stamps = [_stamp(row) for row in rows[TMY3_HEADER_LINES:] if row.strip(", ")]
    *label, problems = read_labels([stamp.label for stamp in stamps], where, first_line)
    refuse(problems)
    rows = [*rows[:TMY3_HEADER_LINES], *(stamp.row for stamp in stamps)]
    # pvlib splits this line at every comma, those of a quoted name too.
    rows[0] = ",".join(cell.replace(",", " ") for cell in station)
    frame, _ = read_frame(pvlib.iotools.read_tmy3, rows, "TMY3", where)
    refuse(row_problems(frame, len(stamps), where))
    columns = add_dew_point(check_columns(frame, FIELDS, where, first_line), frame, DEW)
    # pvlib moves midnight to the next day and skips a leap day then; the file's own labels are exact.
    month, day, hour = _start_of_hour(*label)
    time, keep = lay_on_year(month, day, hour, year, place.utc_offset_hours)
    several_years = len({stamp.year for stamp in stamps}) > 1
    return complete_year(
        columns.keep(keep),
        time,
        place,
        source=f"TMY3: {station[1]} ({station[0]})",
        years=(year,),
        notes=[Message("note.laid", where=where, year=year)] if several_years else [],
        where=where,
        lines=np.arange(first_line, first_line + len(frame))[keep].tolist(),
        leap_rows=int((~keep).sum()),
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A row as the format writes it, its year, and its month, day and hour."""

    row: str
    year: str
    label: tuple[str, str, str]


def _stamp(row: str) -> _Stamp:
    """The stamp of a row such as `01/31/1988,24:00,...`, or as a spreadsheet writes it again (`1988/1/31,1:00,...`).

    The label of any other row is its whole cells.
    """
    date, clock, *rest = [*row.split(",", 2), ""][:3]
    day = _AMERICAN.fullmatch(date) or _JAPANESE.fullmatch(date) or _IN_A_SHEET.fullmatch(date)
    hour = _CLOCK.fullmatch(clock)
    if day is None or not (hour or clock in _MIDNIGHT):
        return _Stamp(row, "", (date, "", clock))
    label = (day["month"], day["day"], hour["hour"] if hour else "24")
    month, number, ends = (text.zfill(2) for text in label)
    return _Stamp(",".join([f"{month}/{number}/{day['year']}", f"{ends}:00", *rest]), day["year"], label)


def _start_of_hour(month: Ints, day: Ints, hour: Ints) -> tuple[Ints, Ints, Ints]:
    """Month, day and hour an hour before the label, in a year without 29 February."""
    midnight = hour == 0
    first = midnight & (day == 1)
    before = np.where(month == 1, 12, month - 1)
    last_day = np.array(DAYS_PER_MONTH)[np.clip(before, 1, 12) - 1]
    return (
        np.where(first, before, month),
        np.where(first, last_day, np.where(midnight, day - 1, day)),
        np.where(midnight, 23, hour - 1),
    )


def _locate(path: str | Path) -> Path:
    """The file itself; `pvlib:NAME` is looked up among the TMY3 files that ship with pvlib."""
    if not str(path).startswith(PVLIB_PREFIX):
        return Path(path)
    import pvlib

    name = str(path).removeprefix(PVLIB_PREFIX)
    folder = Path(pvlib.__file__).parent / "data"
    shipped = sorted(file.name for file in folder.iterdir() if file.name[:6].isdigit() and "TY" in file.name)
    if name not in shipped:
        guess = nearest(name, shipped)
        said = {"near": guess, "names": tuple(shipped)}
        raise WeatherError(Problem("tmy3.not_shipped", str(path), "", "nearest" if guess else "use_one_of", said))
    return folder / name


def _read_header(header: list[str], where: str) -> tuple[list[str], Place | None, list[Problem]]:
    """Cells of the station line and the place that they name, and what is wrong with the first two lines."""
    station = header_cells(header[0]) if header else []
    if len(header) < TMY3_HEADER_LINES or len(station) < _STATION_CELLS or not header[1].startswith(_FIRST_COLUMN):
        return [], None, [Problem("tmy3.header", at_line(where, 1))]
    return station, *read_place(station, _STATION, at_line(where, 1))
