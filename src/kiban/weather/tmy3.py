"""Typical years in the TMY3 format of the United States (NREL), read by pvlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kiban.calendar import DAYS_PER_MONTH
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.frame import (
    Field,
    Ints,
    Place,
    check_columns,
    complete_year,
    lay_on_year,
    read_frame,
    read_labels,
    read_place,
    row_problems,
)
from kiban.weather.textfile import at_line, header_cells, read_text, refuse, split_lines
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

_STATION = {"utc_offset_hours": 3, "latitude_deg": 4, "longitude_deg": 5, "elevation_m": 6}
_STATION_CELLS = 7
_FIRST_COLUMN = "Date (MM/DD/YYYY)"


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
    text = read_text(_locate(path), last_resort="latin-1")
    rows = split_lines(text)
    station, place, problems = _read_header(rows[:TMY3_HEADER_LINES], where)
    refuse(problems)
    assert place is not None
    first_line = TMY3_HEADER_LINES + 1
    labels = [_label(row) for row in rows[TMY3_HEADER_LINES:] if row.strip()]
    *label, problems = read_labels(labels, where, first_line)
    refuse(problems)
    # pvlib splits this line at every comma, those of a quoted name too.
    rows[0] = ",".join(cell.replace(",", " ") for cell in station)
    frame, _ = read_frame(pvlib.iotools.read_tmy3, rows, "TMY3", where)
    refuse(row_problems(frame, len(labels), where))
    columns = check_columns(frame, FIELDS, where, first_line)
    # pvlib moves midnight to the next day and skips a leap day then; the file's own labels are exact.
    month, day, hour = _start_of_hour(*label)
    time, keep = lay_on_year(month, day, hour, year, place.utc_offset_hours)
    several_years = len({row[6:10] for row in rows[TMY3_HEADER_LINES:]}) > 1
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


def _label(row: str) -> tuple[str, str, str]:
    """Month, day and hour of a row such as `01/31/1988,24:00,...`; the whole cells where they are not so."""
    date, clock = [*row.split(",", 2), ""][:2]
    parts = date.split("/")
    hour, _, minute = clock.partition(":")
    return (parts[0], parts[1], hour) if len(parts) == 3 and minute == "00" else (date, "", clock)


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
