"""Time series of Solcast in CSV, as its toolkit (`PeriodEnd`) and its service (`period_end`) write them.

The file does not say where it is from: the place is the scenario's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.frame import Columns, Field, Place, add_dew_point, check_columns, complete_year
from kiban.weather.table import Table, read_table
from kiban.weather.textfile import parse_time, refuse
from kiban.weather.year import Weather

if TYPE_CHECKING:
    import pandas as pd

FIELDS = {
    "temperature_c": Field("airtemp"),
    "relative_humidity_pct": Field("relativehumidity"),
    "pressure_hpa": Field("surfacepressure"),
    "ghi_w_m2": Field("ghi"),
    "dni_w_m2": Field("dni"),
    "dhi_w_m2": Field("dhi"),
    "wind_speed_m_s": Field("windspeed10m"),
}
"""By the names of the file in small letters without `_`; irradiance in W/m2, pressure in hPa, wind at 10 m in m/s."""
DEW = Field("dewpointtemp")
_PERIOD = re.compile(r"PT(?:(?P<hours>\d{1,2})H)?(?:(?P<minutes>\d{1,3})M)?")
_LONGEST_MINUTES = 60
_MINUTES_PER_HOUR = 60


def read_solcast(
    paths: str | Path | Sequence[str | Path],
    place: Place,
    *,
    years: Sequence[int] | None = None,
    first_month: int = 1,
    step_hours: float = 1.0,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
) -> Weather:
    """Weather years of files of one place that together hold all `years` (None: every year that occurs).

    A row is the mean of the period that ends (`period_end`) or starts (`period_start`) at its time, of the length in
    `period`; times carry their offset from UTC and are moved to the standard time of `place`. Periods shorter than
    `step_hours` are averaged over the step, all of which must be there.

    Raises `WeatherError` with every problem: no times, times without an offset, and all of `check_weather`.
    """
    import pandas as pd

    names = [paths] if isinstance(paths, str | Path) else list(paths)
    tables = [read_table(path) for path in names]
    starts: list[pd.Timestamp] = []
    lines: list[tuple[str, int]] = []
    frames = []
    minutes = set()
    for table in tables:
        frame = _frame_of(table)
        times, period = _starts_of(table, frame)
        starts += times
        minutes.add(period)
        lines += [(table.path, line) for line in table.places]
        frames.append(frame)
    if len(minutes) > 1:
        raise WeatherError(
            Problem("solcast.periods", tables[-1].path, "period", values={"minutes": tuple(map(str, sorted(minutes)))})
        )
    zone = timezone(timedelta(hours=place.utc_offset_hours))
    frame = pd.concat(frames, ignore_index=True)
    columns = add_dew_point(check_columns(frame, FIELDS, tables[0].path, 2), frame, DEW)
    refuse(columns.problems)
    time = pd.DatetimeIndex(pd.to_datetime(starts, utc=True)).tz_convert(zone)
    period_hours = minutes.pop() / _MINUTES_PER_HOUR
    if period_hours < step_hours:
        time, columns, lines = _averaged(time, columns, lines, round(step_hours / period_hours), step_hours)
    return complete_year(
        columns,
        time,
        place,
        source=f"Solcast ({place.latitude_deg:g}, {place.longitude_deg:g})",
        years=years,
        first_month=first_month,
        notes=[Message("note.place_of_scenario", title="Solcast")],
        where=", ".join(table.path for table in tables),
        lines=lines,
        step_hours=max(period_hours, step_hours),
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


def _frame_of(table: Table) -> pd.DataFrame:
    import pandas as pd

    names = [name.lower().replace("_", "") for name in table.header]
    return pd.DataFrame(list(table.rows), columns=names)


def _starts_of(table: Table, frame: pd.DataFrame) -> tuple[list[pd.Timestamp], int]:
    """Start of each row's period, in its own offset, and the length of the periods in minutes."""
    import pandas as pd

    label = next((name for name in ("periodstart", "periodend") if name in frame.columns), None)
    if label is None or "period" not in frame.columns or not len(frame):
        raise WeatherError(Problem("solcast.header", table.path))
    periods = {str(cell) for cell in frame["period"]}
    match = _PERIOD.fullmatch(next(iter(periods))) if len(periods) == 1 else None
    minutes = int(match["hours"] or 0) * _MINUTES_PER_HOUR + int(match["minutes"] or 0) if match else 0
    if not 0 < minutes <= _LONGEST_MINUTES or _LONGEST_MINUTES % minutes:
        raise WeatherError(
            Problem("solcast.periods", table.path, "period", values={"minutes": tuple(sorted(periods)[:3])})
        )
    problems = []
    starts = []
    for row, cell in enumerate(frame[label]):
        # Seven digits of a second, as the toolkit writes them, say nothing.
        moment = parse_time(str(cell).strip())
        if moment is None or moment.tzinfo is None:
            problems.append(Problem("solcast.time", table.at(row), label, text=str(cell)))
            continue
        starts.append(pd.Timestamp(moment) - (timedelta(minutes=minutes) if label == "periodend" else timedelta(0)))
    refuse(problems)
    return starts, minutes


def _averaged(
    time: pd.DatetimeIndex, columns: Columns, lines: list[tuple[str, int]], count: int, step_hours: float
) -> tuple[pd.DatetimeIndex, Columns, list[tuple[str, int]]]:
    """Means over steps of `count` periods each; a step that lacks one of them, or a value of it, is missing."""
    import pandas as pd

    step = time.tz_localize(None).floor(pd.Timedelta(hours=step_hours))
    first = np.flatnonzero(np.concatenate(([True], step[1:] != step[:-1])))
    ends = np.append(first[1:], len(step))
    whole = ends - first == count
    values = {}
    for name, column in columns.values.items():
        sums = np.add.reduceat(column, first)
        values[name] = np.where(whole, sums / count, np.nan)
    texts: dict[str, list[str | Message]] = {}
    for name, said in columns.texts.items():
        texts[name] = [next((text for text in said[a:b] if text), "") for a, b in zip(first, ends, strict=True)]
    laid = pd.DatetimeIndex(step[first]).tz_localize(time.tz)
    return laid, Columns(values, texts, columns.absent, []), [lines[row] for row in first]
