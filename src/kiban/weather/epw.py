"""EnergyPlus weather files (EPW): one typical or actual year of hours, read by pvlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kiban.errors import Problem
from kiban.messages import Message
from kiban.quantities import HPA_PER_PA
from kiban.weather.frame import (
    Field,
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

EPW_HEADER_LINES = 8
EPW_CELLS = 35
FIELDS = {
    # Marks for missing values: EnergyPlus Auxiliary Programs, "EPW data dictionary" ("missing if >= ...").
    "temperature_c": Field("temp_air", missing_from=99.9),
    "relative_humidity_pct": Field("relative_humidity", missing_from=999.0),
    "pressure_hpa": Field("atmospheric_pressure", HPA_PER_PA, missing_from=999999.0),
    "ghi_w_m2": Field("ghi", missing_from=9999.0),
    "dni_w_m2": Field("dni", missing_from=9999.0),
    "dhi_w_m2": Field("dhi", missing_from=9999.0),
    "wind_speed_m_s": Field("wind_speed", missing_from=999.0),
}
DEW = Field("temp_dew", missing_from=99.9)
SNOW = Field("snow_depth", missing_from=999.0)

_LOCATION = {"latitude_deg": 6, "longitude_deg": 7, "utc_offset_hours": 8, "elevation_m": 9}
_LOCATION_CELLS = 10


def read_epw(path: str | Path, *, year: int, fill_gaps_hours: float = 0.0, clip_negative_w_m2: float = 0.0) -> Weather:
    """Weather year of an EPW file, laid on calendar `year`, in the standard time that the file names.

    Row "hour 1" is the step that starts at 00:00. Values are used as the file gives them: irradiance is
    the sum over the hour; temperature, humidity, pressure and wind stand for it, as in EnergyPlus, SAM and
    pvlib. Wind is at 10 m. Snow depth is returned if the file has it for every hour. 29 February is left out.
    Marks for missing values (9999 and the like) are derived where the format allows it
    (`completion.complete_columns`) or filled on request, with a note of each; `fill_gaps_hours` and
    `clip_negative_w_m2` as in `check_weather`.

    Raises `WeatherError` with every problem: no EPW header, more than one row an hour, cells that are no
    numbers, each by line, and all of `check_weather`.
    """
    import pvlib

    where = str(path)
    rows = read_lines(path, last_resort="latin-1")
    location, place, problems = _read_header(rows[:EPW_HEADER_LINES], where)
    refuse(problems)
    assert place is not None
    rows[EPW_HEADER_LINES:] = [_whole(row) for row in rows[EPW_HEADER_LINES:]]
    first_line = EPW_HEADER_LINES + 1
    dates = [_label(row) for row in rows[EPW_HEADER_LINES:] if row.strip()]
    month, day, hour, problems = read_labels(dates, where, first_line)
    problems += [
        Problem("epw.hour_zero", at_line(where, first_line + row), "hour")
        for row in np.flatnonzero(hour == 0)[:1].tolist()
    ]
    refuse(problems)
    # pvlib splits this line at every comma, those of a quoted name too.
    rows[0] = ",".join(cell.replace(",", " ") for cell in location)
    frame, _ = read_frame(pvlib.iotools.read_epw, rows, "EPW", where)
    refuse(row_problems(frame, len(dates), where))
    columns = check_columns(frame, {**FIELDS, "snow_depth_cm": SNOW}, where, first_line)
    columns = add_dew_point(columns, frame, DEW)
    notes = [Message("note.laid", where=where, year=year)] if frame["year"].nunique() > 1 else []
    if np.isnan(columns.values["snow_depth_cm"]).any():
        columns = columns.without("snow_depth_cm")
        notes.append(Message("note.no_snow", where=where))
    time, keep = lay_on_year(month, day, hour - 1, year, place.utc_offset_hours)
    return complete_year(
        columns.keep(keep),
        time,
        place,
        source=f"EPW: {location[1]} ({Path(path).name})",
        years=(year,),
        notes=notes,
        where=where,
        lines=np.arange(first_line, first_line + len(frame))[keep].tolist(),
        leap_rows=int((~keep).sum()),
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


def _whole(row: str) -> str:
    """The row with as many cells as the format has: older files lack the last ones, a spreadsheet adds empty ones."""
    bare = row.rstrip(", ")
    return bare + "," * (EPW_CELLS - 1 - bare.count(",")) if bare else ""


def _label(row: str) -> tuple[str, str, str]:
    """Month, day and hour of a row that starts with `year,month,day,hour`."""
    _, month, day, hour = [*row.split(",", 4), "", "", ""][:4]
    return month, day, hour


def _read_header(header: list[str], where: str) -> tuple[list[str], Place | None, list[Problem]]:
    """Cells of LOCATION and the place that they name, and what is wrong with the first eight lines."""
    if not header or not header[0].upper().startswith("LOCATION,"):
        return [], None, [Problem("epw.no_location", at_line(where, 1))]
    location = header_cells(header[0])
    if len(location) > _LOCATION_CELLS:
        return [], None, [Problem("epw.commas", at_line(where, 1), "LOCATION", count=len(location))]
    place, problems = read_place(location, _LOCATION, at_line(where, 1))
    last = header[-1].split(",") if len(header) == EPW_HEADER_LINES else []
    if not last or last[0].strip().upper() != "DATA PERIODS":
        problems.append(Problem("epw.no_periods", at_line(where, EPW_HEADER_LINES), remedy="file.download"))
    elif len(last) > 2 and last[2].strip() != "1":
        problems.append(Problem("epw.rows", at_line(where, EPW_HEADER_LINES), "DATA PERIODS", rows=last[2].strip()))
    return location, place, problems
