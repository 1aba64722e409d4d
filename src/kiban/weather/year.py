"""One or several checked weather years, and the check that makes them.

Every reader hands its columns to `check_weather`, which either returns a `Weather` or raises one
`WeatherError` with everything that is wrong, each with file, line, value and remedy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.calendar import SECONDS_PER_HOUR, hours_before_month, steps_per_year, year_index
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.gaps import Texts, fill_gaps
from kiban.weather.limits import IRRADIANCE, range_problems, sun_problems
from kiban.weather.rows import Lines, Where, align_rows
from kiban.weather.sun import Floats, sun_of_steps

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("temperature_c", "relative_humidity_pct", *IRRADIANCE, "wind_speed_m_s", "pressure_hpa")

_OF_PLACE = ("latitude_deg", "longitude_deg", "elevation_m", "wind_height_m", "step_hours", "first_month")

ZONE_TOLERANCE_HOURS = 3.5
"""Legal time is at most three hours and a few minutes from mean solar time (western China)."""

WIND_HEIGHT_M = 10.0
"""Height of the anemometer where a format or a service has the standard one."""


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Weather of one or several years at one place; every array has shape `(n,)`, n = years x steps.

    `time` is the start of each step in the place's standard time (fixed offset from UTC), years one
    after another, without 29 February. Values are means over the step, or the value that represents
    it. `wind_speed_m_s` holds at `wind_height_m` above ground, `pressure_hpa` at the place's elevation.
    `synthetic` names the fields that were generated and not observed; `notes` is what must be said
    wherever a result rests on this weather. `source` is a proper name, or a message where the name has a Japanese
    form too. The arrays are read-only.
    """

    time: pd.DatetimeIndex
    years: tuple[int, ...]
    step_hours: float
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    temperature_c: Floats
    relative_humidity_pct: Floats
    ghi_w_m2: Floats
    dni_w_m2: Floats
    dhi_w_m2: Floats
    wind_speed_m_s: Floats
    pressure_hpa: Floats
    wind_height_m: float
    snow_depth_cm: Floats | None
    source: str | Message
    synthetic: frozenset[str]
    notes: tuple[Message, ...]

    @property
    def first_month(self) -> int:
        """Month with which each of its years begins."""
        return int(self.time[0].month)


def check_weather(
    time: pd.DatetimeIndex,
    columns: Mapping[str, npt.ArrayLike],
    *,
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    wind_height_m: float,
    source: str | Message,
    step_hours: float = 1.0,
    years: Sequence[int] | None = None,
    first_month: int = 1,
    synthetic: Collection[str] = (),
    notes: Sequence[Message] = (),
    where: Where = "",
    lines: Lines | None = None,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
    texts: Texts | None = None,
) -> Weather:
    """Check the columns of a file or service and return them as `Weather`.

    `time` is the start of each row's step (time-zone aware, fixed offset), in the order of the file;
    a reader of labels at the end of the step subtracts the step first. `columns` maps each name of
    `COLUMNS`, and optionally `snow_depth_cm`, to as many values as there are times, NaN where a value
    is missing. `years` are the years wanted, in order; None means every year that occurs. They begin with `first_month`
    and are called by the calendar year of that. `where` is
    the file or service for messages, `lines` the line number of each row in it (or file and line of each row),
    `texts` what stands there in place of a missing value, by column and row.

    Only on request: gaps of at most `fill_gaps_hours` are filled (`gaps.fill_gaps`), and irradiance between
    `-clip_negative_w_m2` and 0 is set to 0. Both are noted.

    Raises `WeatherError` with every problem: missing column, wrong length, missing zone or daylight
    saving, rows out of order, duplicated, off the grid or missing, NaN, value outside its physical
    range, irradiance above what the sun can give or at night, irradiance not centred on noon (wrong
    zone or labels), implausible annual sum (wrong unit), GHI that is not DHI + DNI cos(zenith).
    """
    place_problems = _problems_of_place(latitude_deg, longitude_deg, elevation_m, wind_height_m, where)
    values, column_problems = _as_arrays(columns, len(time), where)
    problems = [*place_problems, *column_problems]
    alignment = align_rows(time, step_hours=step_hours, years=years, first_month=first_month, where=where, lines=lines)
    problems += alignment.problems
    if not len(alignment.index) or column_problems or place_problems:
        raise WeatherError([*problems, *alignment.gap_problems])

    said = list(notes)
    zone_problem = _zone_problem(alignment.index, longitude_deg, where)
    problems += zone_problem
    aligned = {name: _take(column, alignment.row) for name, column in values.items()}
    _clip_negative(aligned, clip_negative_w_m2, said)
    sun = sun_of_steps(alignment.index, latitude_deg, longitude_deg, step_hours)
    filled, gap_problems = fill_gaps(aligned, alignment, sun, fill_gaps_hours, texts or {})
    said += filled
    problems += gap_problems
    problems += range_problems(aligned, alignment)
    if not zone_problem:
        problems += sun_problems(aligned, alignment, sun)
    if problems:
        raise WeatherError(problems)
    if alignment.leap_rows:
        said.append(Message("note.leap", rows=alignment.leap_rows))
    for column in aligned.values():
        column.flags.writeable = False
    return Weather(
        time=alignment.index,
        years=alignment.years,
        step_hours=step_hours,
        latitude_deg=float(latitude_deg),
        longitude_deg=float(longitude_deg),
        elevation_m=float(elevation_m),
        wind_height_m=float(wind_height_m),
        snow_depth_cm=aligned.get("snow_depth_cm"),
        source=source,
        synthetic=frozenset(synthetic),
        notes=tuple(said),
        **{name: aligned[name] for name in COLUMNS},
    )


def begin_in_month(weather: Weather, first_month: int) -> Weather:
    """Years laid on the calendar as years from `first_month` on: their months before it come last.

    For typical years, whose months have no order in time; each keeps its name. The same weather where it begins so.
    """
    if weather.first_month == first_month:
        return weather
    per_year = steps_per_year(weather.step_hours)
    moved = round(hours_before_month(first_month) / weather.step_hours)
    rows = (np.arange(len(weather.years))[:, None] * per_year + np.roll(np.arange(per_year), -moved)).ravel()
    offset = weather.time[0].utcoffset()
    assert offset is not None
    time = year_index(weather.years, offset.total_seconds() / SECONDS_PER_HOUR, weather.step_hours, first_month)
    note = Message("note.begun_in", month=first_month, years=weather.years)
    return replace(_take_rows(weather, rows), time=time, notes=(*weather.notes, note))


def join_years(parts: Sequence[Weather]) -> Weather:
    """Weather years of one place, one after another; `WeatherError` where they are of several places."""
    first = parts[0]
    for other in parts[1:]:
        differing = [name for name in _OF_PLACE if getattr(other, name) != getattr(first, name)]
        if differing:
            said = {"first": first.source, "value": getattr(other, differing[0]), "known": getattr(first, differing[0])}
            raise WeatherError(Problem("weather.places", other.source, differing[0], values=said))
    if len(parts) == 1:
        return first
    columns: dict[str, Floats] = {}
    for name in (*COLUMNS, "snow_depth_cm"):
        if all(getattr(part, name) is not None for part in parts):
            columns[name] = np.concatenate([getattr(part, name) for part in parts])
            columns[name].flags.writeable = False
    years = tuple(year for part in parts for year in part.years)
    offset = first.time[0].utcoffset()
    assert offset is not None
    notes: list[Message] = []
    for part in parts:
        notes += [note for note in part.notes if note not in notes]
    return replace(
        first,
        time=year_index(years, offset.total_seconds() / SECONDS_PER_HOUR, first.step_hours, first.first_month),
        years=years,
        source=", ".join(str(part.source) for part in parts),
        synthetic=frozenset[str]().union(*(part.synthetic for part in parts)),
        notes=tuple(notes),
        **{"snow_depth_cm": None, **columns},  # type: ignore[arg-type]
    )


def select_years(weather: Weather, years: Sequence[int]) -> Weather:
    """The given years of `weather`, in the given order; `WeatherError` for a year that it does not hold."""
    absent = [year for year in years if year not in weather.years]
    if absent or not years or len(set(years)) != len(years):
        said = {"years": str(list(years)), "held": weather.years}
        raise WeatherError(Problem("weather.years_absent", weather.source, "years", values=said))
    per_year = steps_per_year(weather.step_hours)
    starts = [weather.years.index(year) * per_year for year in years]
    rows = np.concatenate([np.arange(start, start + per_year) for start in starts])
    return replace(_take_rows(weather, rows), time=weather.time[rows], years=tuple(years))


def _take_rows(weather: Weather, rows: npt.NDArray[np.int64]) -> Weather:
    """The columns at some rows; times and years are the caller's to set."""
    chosen: dict[str, Floats] = {}
    for name in (*COLUMNS, "snow_depth_cm"):
        column = getattr(weather, name)
        if column is not None:
            chosen[name] = column[rows]
            chosen[name].flags.writeable = False
    return replace(weather, **chosen)  # type: ignore[arg-type]


def _problems_of_place(
    latitude_deg: float, longitude_deg: float, elevation_m: float, wind_height_m: float, where: Where
) -> list[Problem]:
    bounds = (
        ("latitude_deg", latitude_deg, -90.0, 90.0),
        ("longitude_deg", longitude_deg, -180.0, 180.0),
        ("elevation_m", elevation_m, -450.0, 9000.0),
        ("wind_height_m", wind_height_m, 0.5, 300.0),
    )
    return [
        Problem("out_of_range", where, name, value=value, low=low, high=high)
        for name, value, low, high in bounds
        if not low <= value <= high
    ]


def _as_arrays(
    columns: Mapping[str, npt.ArrayLike], rows: int, where: Where
) -> tuple[dict[str, Floats], list[Problem]]:
    """Columns as float arrays of the right length, and what is wrong with the set of them."""
    known = (*COLUMNS, "snow_depth_cm")
    problems = [Problem("missing", where, name, "weather.every_source") for name in COLUMNS if name not in columns]
    values: dict[str, Floats] = {}
    for name, column in columns.items():
        if name not in known:
            guess = nearest(name, known)
            remedy = "nearest" if guess else "weather.not_column"
            problems.append(Problem("weather.not_column", where, name, remedy, {"near": guess}))
            continue
        array = np.array(column, dtype=np.float64)
        if array.shape != (rows,):
            shape = " x ".join(map(str, array.shape))
            problems.append(Problem("weather.shape", where, name, shape=shape, rows=rows))
        values[name] = array
    return values, problems


def _take(column: Floats, row: npt.NDArray[np.int64]) -> Floats:
    """Values at the aligned rows; NaN where the file has no row."""
    return np.where(row >= 0, column[np.maximum(row, 0)], np.nan)


def _zone_problem(index: pd.DatetimeIndex, longitude_deg: float, where: Where) -> list[Problem]:
    offset = index[0].utcoffset()
    hours = offset.total_seconds() / 3600.0 if offset is not None else 0.0
    apart = abs((hours - longitude_deg / 15.0 + 12.0) % 24.0 - 12.0)
    if apart <= ZONE_TOLERANCE_HOURS:
        return []
    said = {"offset": hours, "longitude": longitude_deg, "solar": longitude_deg / 15.0}
    return [Problem("weather.zone", where, "time", values=said)]


def _clip_negative(columns: dict[str, Floats], limit_w_m2: float, notes: list[Message]) -> None:
    """Set small negative irradiance to zero, in place, where that was asked for."""
    for name in IRRADIANCE:
        small = (columns[name] < 0) & (columns[name] >= -limit_w_m2)
        if small.any():
            columns[name][small] = 0.0
            notes.append(Message("note.negative", weather_columns=name, count=int(small.sum()), limit=limit_w_m2))
