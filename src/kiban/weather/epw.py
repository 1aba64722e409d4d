"""EnergyPlus weather files (EPW): one typical or actual year of hours, read by pvlib."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kiban.errors import Problem
from kiban.messages import Message
from kiban.quantities import HPA_PER_PA
from kiban.weather.frame import Field, check_columns, lay_on_year, read_frame, read_labels, row_problems
from kiban.weather.textfile import at_line, parse_number, read_text, refuse, split_lines
from kiban.weather.year import WIND_HEIGHT_M, Weather, check_weather

EPW_HEADER_LINES = 8
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
SNOW = Field("snow_depth", missing_from=999.0)

_LOCATION_FIELDS = (("latitude_deg", 6), ("longitude_deg", 7), ("utc_offset_hours", 8), ("elevation_m", 9))


def read_epw(path: str | Path, *, year: int) -> Weather:
    """Weather year of an EPW file, laid on calendar `year`, in the standard time that the file names.

    Row "hour 1" is the step that starts at 00:00. Values are used as the file gives them: irradiance is
    the sum over the hour; temperature, humidity, pressure and wind stand for it, as in EnergyPlus, SAM and
    pvlib. Wind is at 10 m. Snow depth is returned if the file has it for every hour. 29 February is left out.

    Raises `WeatherError` with every problem: no EPW header, more than one row an hour, marks for missing
    values (9999 and the like) and cells that are no numbers, each by line, and all of `check_weather`.
    """
    import pvlib

    where = str(path)
    text = read_text(path, last_resort="latin-1")
    rows = split_lines(text)
    refuse(_header_problems(rows[:EPW_HEADER_LINES], where))
    first_line = EPW_HEADER_LINES + 1
    dates = [_label(row) for row in rows[EPW_HEADER_LINES:] if row.strip()]
    month, day, hour, problems = read_labels(dates, where, first_line)
    problems += [
        Problem("epw.hour_zero", at_line(where, first_line + row), "hour")
        for row in np.flatnonzero(hour == 0)[:1].tolist()
    ]
    refuse(problems)
    frame, meta = read_frame(pvlib.iotools.read_epw, rows, "EPW", where)
    columns, problems = check_columns(frame, FIELDS, where, first_line)
    refuse([*problems, *row_problems(frame, len(dates), where)])
    notes = [Message("note.laid", where=where, year=year)] if frame["year"].nunique() > 1 else []
    snow, snow_problems = check_columns(frame, {"snow_depth_cm": SNOW}, where, first_line)
    if snow_problems:
        notes.append(Message("note.no_snow", where=where))
    else:
        columns |= snow

    time, keep = lay_on_year(month, day, hour - 1, year, float(meta["TZ"]))
    lines = np.arange(first_line, first_line + len(frame))[keep]
    weather = check_weather(
        time,
        {name: column[keep] for name, column in columns.items()},
        latitude_deg=meta["latitude"],
        longitude_deg=meta["longitude"],
        elevation_m=meta["altitude"],
        wind_height_m=WIND_HEIGHT_M,
        source=f"EPW: {meta['city']} ({Path(path).name})",
        years=(year,),
        notes=notes,
        where=where,
        lines=lines.tolist(),
    )
    dropped = int((~keep).sum())
    if dropped:
        weather = replace(weather, notes=(*weather.notes, Message("note.leap", rows=dropped)))
    return weather


def _label(row: str) -> tuple[str, str, str]:
    """Month, day and hour of a row that starts with `year,month,day,hour`."""
    _, month, day, hour = [*row.split(",", 4), "", "", ""][:4]
    return month, day, hour


def _header_problems(header: list[str], where: str) -> list[Problem]:
    """What is wrong with the first eight lines: LOCATION with four numbers, one row an hour."""
    if not header or not header[0].upper().startswith("LOCATION,"):
        return [Problem("epw.no_location", at_line(where, 1))]
    problems = []
    location = header[0].split(",")
    for name, position in _LOCATION_FIELDS:
        cell = location[position].strip() if position < len(location) else ""
        if parse_number(cell) is None:
            problems.append(Problem("epw.location", at_line(where, 1), name, text=cell))
    last = header[-1].split(",") if len(header) == EPW_HEADER_LINES else []
    if not last or last[0].strip().upper() != "DATA PERIODS":
        problems.append(Problem("epw.no_periods", at_line(where, EPW_HEADER_LINES), remedy="file.download"))
    elif len(last) > 2 and last[2].strip() != "1":
        problems.append(Problem("epw.rows", at_line(where, EPW_HEADER_LINES), "DATA PERIODS", rows=last[2].strip()))
    return problems
