"""Hourly observations of the Japan Meteorological Agency as checked weather years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.calendar import JAPAN_UTC_OFFSET_HOURS, years_of
from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.irradiance import SunshineModel, fill_by_clearness, model_global, split_global
from kiban.weather.jmafile import Observations, read_observations
from kiban.weather.rows import runs_of
from kiban.weather.sun import Floats, sun_of_steps
from kiban.weather.textfile import at_line, refuse
from kiban.weather.year import Weather, check_weather

if TYPE_CHECKING:
    import pandas as pd

W_M2_FROM_MJ_M2_H = 1e6 / 3600.0


def read_jma(
    paths: str | Path | Sequence[str | Path],
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    wind_height_m: float,
    years: Sequence[int] | None = None,
    first_month: int = 1,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
    station: str | None = None,
    sunshine: SunshineModel | None = None,
) -> Weather:
    """Weather years from hourly files of the agency: its download page's CSV or the tidy table.

    `paths` are files of one station in any order that together hold all `years` (None: every year that
    occurs). `wind_height_m` is the height of the station's anemometer above ground (10 to 60 m in cities;
    the agency publishes it in its list of stations). `station` chooses one of several stations of a file.

    The agency labels an hour by its end in Japanese standard time, so each step starts an hour earlier:

    * temperature, humidity and pressure are observed at the hour: the step gets the mean of both its ends
      (its end alone where the start is missing),
    * wind is the mean of the ten minutes before the hour and stands for the step; a mean of two would take
      out gusts and with them energy,
    * irradiance is the sum over the hour; blank with the sun down for the whole hour means zero. It is split
      into DNI and DHI by `irradiance.split_global`,
    * snow depth is as at the end of the hour; blank between zeros means that snow is not observed in summer
      and is zero.

    Files without irradiance but with hours of sunshine, as of most AMeDAS stations, get it by `sunshine`
    (`irradiance.model_global`), which is noted and marked as generated.

    Values of quality 4, 2, 1 or 0 count as missing. Gaps of at most `fill_gaps_hours` are filled on request,
    irradiance by its clearness and the rest linearly, irradiance between `-clip_negative_w_m2` and 0 is set to 0, and
    both are noted.

    Raises `WeatherError` with every problem of all files, each with file and line.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    observations = _read_all(files, station)
    starts = _starts(observations)
    columns = {
        name: np.array([v for found in observations for v in found.values[name]], dtype=np.float64)
        for name in observations[0].values
        if all(name in found.values for found in observations)
    }
    notes = [Message("note.split")]
    wanted = np.ones(len(starts), dtype=bool) if years is None else np.isin(years_of(starts, first_month), years)

    sun = sun_of_steps(starts, latitude_deg, longitude_deg, 1.0)
    is_modelled = "ghi_mj_m2" not in columns
    shone = columns.pop("sunshine_h", None)
    if not is_modelled:
        measured = columns.pop("ghi_mj_m2") * W_M2_FROM_MJ_M2_H
    elif sunshine is None or shone is None:
        raise WeatherError(Problem("jma.no_model", ", ".join(map(str, files))))
    else:
        measured = model_global(shone, sun, sunshine)
        notes = [Message("note.sunshine"), *notes]
    measured[np.isnan(measured) & (sun.largest_cosine <= 0.0)] = 0.0
    ghi = fill_by_clearness(measured, sun, int(fill_gaps_hours))
    filled = int((np.isnan(measured) & ~np.isnan(ghi) & wanted).sum())
    if filled:
        notes.append(Message("note.clearness", hours=filled, gap=fill_gaps_hours))
    dni, dhi = split_global(ghi, sun)

    in_sequence = np.concatenate(([False], np.diff(_hours(starts)) == 1))
    for name in ("temperature_c", "relative_humidity_pct", "pressure_hpa"):
        columns[name] = _mean_of_ends(columns[name], in_sequence)
    snow = _snow_depth(columns.pop("snow_depth_cm", None), wanted, notes)
    columns |= {"ghi_w_m2": ghi, "dni_w_m2": dni, "dhi_w_m2": dhi}
    columns |= {"snow_depth_cm": snow} if snow is not None else {}
    named = observations[0].station or Path(files[0]).stem
    try:
        return check_weather(
            starts,
            columns,
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            elevation_m=elevation_m,
            wind_height_m=wind_height_m,
            source=f"JMA: {named}",
            synthetic={"ghi_w_m2", "dni_w_m2", "dhi_w_m2"} if is_modelled else (),
            years=years,
            first_month=first_month,
            notes=notes,
            lines=[(found.path, line) for found in observations for line in found.lines],
            fill_gaps_hours=fill_gaps_hours,
            clip_negative_w_m2=clip_negative_w_m2,
        )
    except WeatherError as error:
        raise WeatherError(_placed(error.problems, observations)) from None


def _read_all(files: Sequence[str | Path], station: str | None) -> list[Observations]:
    """Observations of all files in order of time; problems of all files are raised together."""
    if not files:
        raise WeatherError(Problem("jma.no_file", key="paths"))
    found: list[Observations] = []
    problems: list[Problem] = []
    for path in files:
        try:
            found.append(read_observations(path, station))
        except WeatherError as error:
            problems += error.problems
    refuse(problems)
    stations = sorted({one.station for one in found if one.station})
    if len(stations) > 1:
        where = ", ".join(map(str, files))
        raise WeatherError(Problem("jma.stations", where, "station", stations=tuple(stations)))
    return sorted(found, key=lambda one: one.times[0])


def _starts(observations: Sequence[Observations]) -> pd.DatetimeIndex:
    """Start of each row's hour: the label is its end."""
    import pandas as pd

    zone = timezone(timedelta(hours=JAPAN_UTC_OFFSET_HOURS))
    ends = pd.DatetimeIndex([moment for found in observations for moment in found.times])
    return (ends - pd.Timedelta(hours=1)).tz_localize(zone)


def _hours(time: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    seconds = time.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    return seconds / 3600.0


def _mean_of_ends(at_end: Floats, in_sequence: npt.NDArray[np.bool_]) -> Floats:
    """Mean over the step of a value observed at its end; the row before holds the one at its start."""
    at_start = np.where(in_sequence, np.roll(at_end, 1), np.nan)
    return np.where(np.isnan(at_start), at_end, (at_start + at_end) / 2.0)


def _snow_depth(depth: Floats | None, wanted: npt.NDArray[np.bool_], notes: list[Message]) -> Floats | None:
    """Snow depth with the season without observation as zero; None where the station has no snow gauge."""
    if depth is None or np.isnan(depth[wanted]).all():
        return None
    whole = depth.copy()
    for start, length in runs_of(np.isnan(depth)):
        end = start + length
        bare_before = start == 0 or depth[start - 1] == 0.0
        bare_after = end == len(depth) or depth[end] == 0.0
        if bare_before and bare_after:
            whole[start:end] = 0.0
    zeroed = int((np.isnan(depth) & ~np.isnan(whole) & wanted).sum())
    if zeroed:
        notes.append(Message("note.snow_free", hours=zeroed))
    return whole


def _placed(problems: Sequence[Problem], observations: Sequence[Observations]) -> list[Problem]:
    """Problems each said once, those without a line with all files; and which values do not count as measured."""
    files = ", ".join(found.path for found in observations)
    keys = {problem.key for problem in problems}
    modelled = ("dni_w_m2", "dhi_w_m2") if "ghi_w_m2" in keys else ()
    placed = [replace(problem, where=problem.where or files) for problem in problems if problem.key not in modelled]
    for found in observations:
        for name, lines in found.rejected.items():
            key = "ghi_w_m2" if name == "ghi_mj_m2" else name
            if lines and key in keys:
                placed.append(Problem("jma.quality", at_line(found.path, lines[0]), key, count=len(lines)))
    return placed
