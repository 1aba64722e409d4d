"""Files of the National Solar Radiation Database (NSRDB): "SAM CSV" as its viewer and its service write it.

Two lines of metadata (names, values), a line of column names, then rows with Year, Month, Day, Hour and Minute.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.frame import Columns, Field, Place, add_dew_point, check_columns, complete_year, read_place
from kiban.weather.sun import Floats
from kiban.weather.table import read_lines
from kiban.weather.textfile import at_line, header_cells, refuse
from kiban.weather.year import Weather

if TYPE_CHECKING:
    import pandas as pd

HEADER_LINES = 3
LOW_WIND_HEIGHT_M = 2.0
"""Wind speed is at 2 m above the surface (github.com/NREL/nsrdb, nsrdb/config/var_descriptions.csv)."""
MISSING_TO = -900.0
FIELDS = {
    "temperature_c": Field("Temperature", missing_to=MISSING_TO),
    "relative_humidity_pct": Field("Relative Humidity", missing_to=MISSING_TO),
    "pressure_hpa": Field("Pressure", missing_to=0.0),  # mbar = hPa
    "ghi_w_m2": Field("GHI", missing_to=MISSING_TO),
    "dni_w_m2": Field("DNI", missing_to=MISSING_TO),
    "dhi_w_m2": Field("DHI", missing_to=MISSING_TO),
    "wind_speed_m_s": Field("Wind Speed", missing_to=MISSING_TO),
}
DEW = Field("Dew Point", missing_to=MISSING_TO)
STAMP = ("Year", "Month", "Day", "Hour", "Minute")
_PLACE = {
    "latitude_deg": "Latitude",
    "longitude_deg": "Longitude",
    "utc_offset_hours": "Time Zone",
    "elevation_m": "Elevation",
}
_LOCAL_ZONE = "Local Time Zone"


@dataclass(frozen=True, slots=True)
class _File:
    """One file: its place, the stamps of its rows in its own zone, and its columns."""

    path: str
    place: Place
    local_offset_hours: float
    station: str
    stamps: pd.DatetimeIndex
    columns: Columns


def read_nsrdb(
    paths: str | Path | Sequence[str | Path],
    *,
    year: int,
    years: Sequence[int] | None = None,
    first_month: int = 1,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
) -> Weather:
    """Weather years of files of one place, in its local standard time; a typical year (TMY) is laid on `year`.

    Years begin with `first_month`, a typical year with January.

    Rows are put where their stamps say: a stamp in the middle of its step (minute 30 of an hour, 15 and 45 of
    half-hours) stands for the step, one at its start holds at that moment, and the step gets the mean of both its ends
    (wind: that of its start). Steps are hours or half-hours. `years` are those wanted (None: every year that occurs).
    What is missing as in `completion.complete_columns`.

    Raises `WeatherError` with every problem: no NSRDB header, another step, several places, and all of `check_weather`.
    """
    import pandas as pd

    names = [paths] if isinstance(paths, str | Path) else list(paths)
    found = [_read_file(str(path)) for path in names]
    first = found[0]
    for other in found[1:]:
        if replace(other.place, elevation_m=0.0) != replace(first.place, elevation_m=0.0):
            raise WeatherError(Problem("nsrdb.places", other.path, first=first.path))
    stamps = pd.DatetimeIndex(first.stamps.append([other.stamps for other in found[1:]]))
    step_hours, centred = _step_of(stamps, first.path)
    lines = [(file.path, HEADER_LINES + 1 + row) for file in found for row in range(len(file.stamps))]
    columns = _joined([file.columns for file in found])
    notes: list[Message] = [Message("note.wind_low", height=LOW_WIND_HEIGHT_M)]
    if not centred:
        columns = _means_of_ends(columns)
        notes.append(Message("note.moments", title="NSRDB"))
    start = stamps - pd.Timedelta(hours=step_hours / 2 if centred else 0.0)
    zone = timezone(timedelta(hours=first.place.utc_offset_hours))
    wanted: Sequence[int] | None = years
    if len(found) == 1 and not stamps.is_monotonic_increasing:
        kept = np.asarray(~((start.month == 2) & (start.day == 29)))
        laid = pd.to_datetime(
            {"year": year, "month": start.month, "day": start.day, "hour": start.hour, "minute": start.minute}
        )
        start, columns = pd.DatetimeIndex(laid[kept]), columns.keep(kept)
        lines = [lines[row] for row in np.flatnonzero(kept)]
        notes.append(Message("note.laid", where=first.path, year=year))
        wanted, first_month = (year,), 1
    local = timezone(timedelta(hours=first.local_offset_hours))
    return complete_year(
        columns,
        start.tz_localize(zone).tz_convert(local),
        first.place,
        source=f"NSRDB: {first.station}",
        years=wanted,
        first_month=first_month,
        notes=notes,
        where=", ".join(file.path for file in found),
        lines=lines,
        wind_height_m=LOW_WIND_HEIGHT_M,
        step_hours=step_hours,
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


def _read_file(path: str) -> _File:
    import pandas as pd

    rows = read_lines(path, last_resort="latin-1")
    header = [header_cells(row) for row in rows[:HEADER_LINES]]
    if len(header) < HEADER_LINES or header[0][:1] != ["Source"] or tuple(header[2][: len(STAMP)]) != STAMP:
        raise WeatherError(Problem("nsrdb.header", at_line(path, 1)))
    names, values, columns = header
    positions = {key: names.index(name) if name in names else len(names) for key, name in _PLACE.items()}
    place, problems = read_place(values, positions, at_line(path, 2))
    local_position = {
        "utc_offset_hours": names.index(_LOCAL_ZONE) if _LOCAL_ZONE in names else positions["utc_offset_hours"]
    }
    local, local_problems = read_place(values, {**positions, **local_position}, at_line(path, 2))
    refuse(problems or local_problems)
    assert place is not None
    assert local is not None
    try:
        frame = pd.read_csv(io.StringIO("\n".join(rows[HEADER_LINES:])), header=None, names=columns, index_col=False)
        stamps = pd.to_datetime(frame[list(STAMP)].astype(int))
    except (ValueError, TypeError, OverflowError, pd.errors.ParserError) as error:
        raise WeatherError(Problem("frame.incomplete", path, kind="NSRDB", reason=str(error).split("\n")[0])) from error
    read = add_dew_point(check_columns(frame, FIELDS, path, HEADER_LINES + 1), frame, DEW)
    station = values[names.index("Location ID")] if "Location ID" in names else Path(path).name
    return _File(path, place, local.utc_offset_hours, station, pd.DatetimeIndex(stamps), read)


def _step_of(stamps: pd.DatetimeIndex, path: str) -> tuple[float, bool]:
    """Length of a step in hours, and whether its stamp is in its middle (else at its start)."""
    minutes = tuple(sorted(set(stamps.minute.tolist())))
    known = {(30,): (1.0, True), (0,): (1.0, False), (15, 45): (0.5, True), (0, 30): (0.5, False)}
    if minutes not in known:
        raise WeatherError(Problem("nsrdb.step", path, "Minute", minutes=tuple(map(str, minutes[:6]))))
    return known[minutes]


def _joined(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    common = [name for name in parts[0].values if all(name in part.values for part in parts)]
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in common}
    texts: dict[str, list[str | Message]] = {}
    for name in values:
        if any(name in part.texts for part in parts):
            empty: list[list[str | Message]] = [part.texts.get(name, [""] * len(part.values[name])) for part in parts]
            texts[name] = [text for texts_of in empty for text in texts_of]
    absent = {name: column for part in parts for name, column in part.absent.items()}
    return Columns(values, texts, absent, [problem for part in parts for problem in part.problems])


def _means_of_ends(columns: Columns) -> Columns:
    """Means over the step of values that hold at its start; the next row holds the one at its end."""

    def mean(column: Floats) -> Floats:
        return np.asarray((column + np.append(column[1:], column[-1])) / 2.0)

    values = {name: column if name == "wind_speed_m_s" else mean(column) for name, column in columns.values.items()}
    return replace(columns, values=values)
