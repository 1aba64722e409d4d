"""Demand, forecast and supply capacity of a day as the companies show them (でんき予報, power usage files).

A file holds blocks of its day, a table of hours (当日実績, 予測値, 使用率, 供給力) and one of five minutes with the
sun. Years before that are one table of hours with demand alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.market.readings.headings import Floats, TimedTable, Times, hourly_means, read_timed_tables

_DEMAND: Final = re.compile(r"実績")
_FORECAST: Final = re.compile(r"予測値|予想値")
_CAPACITY: Final = re.compile(r"供給力")
_SOLAR: Final = re.compile(r"太陽光発電実績")


@dataclass(frozen=True, slots=True)
class PowerUsage:
    """Hours of one area, MW (hours,); NaN where a file holds no such column. `start` in Japanese standard time."""

    start: Times
    demand_mw: Floats
    forecast_mw: Floats
    supply_capacity_mw: Floats
    solar_mw: Floats


def read_power_usage(path: str | Path) -> PowerUsage:
    """Hours of a power usage file; the sun's are means of its five minutes.

    Raises `WeatherError` for a file without a table of hourly demand.
    """
    tables = read_timed_tables(path)
    hourly = next((t for t in tables if t.step_minutes == 60 and _position(t, _DEMAND) is not None), None)
    if hourly is None:
        raise WeatherError(Problem("area_file.columns", str(path), columns=("demand",)))
    columns = [_values(hourly, pattern) for pattern in (_DEMAND, _FORECAST, _CAPACITY)]
    # Hours to come stand in the file with a demand of nothing.
    past = np.nan_to_num(columns[0]) > 0
    start = hourly.start.astype("datetime64[h]")[past]
    demand, forecast, capacity = (column[past] for column in columns)
    solar = np.full(len(start), np.nan)
    fine = next((t for t in tables if t.step_minutes < 60 and _position(t, _SOLAR) is not None), None)
    if fine is not None:
        hours, means = hourly_means(fine.start, _values(fine, _SOLAR), fine.step_minutes)
        _, ours, theirs = np.intersect1d(start, hours, return_indices=True)
        solar[ours] = means[theirs]
    return PowerUsage(start, demand, forecast, capacity, solar)


def _position(table: TimedTable, pattern: re.Pattern[str]) -> int | None:
    names = enumerate(table.names[table.first_value :], start=table.first_value)
    return next((i for i, name in names if pattern.search(name)), None)


def _values(table: TimedTable, pattern: re.Pattern[str]) -> Floats:
    position = _position(table, pattern)
    if position is None:
        return np.full(len(table.rows), np.nan)
    return table.column(position) * table.factor_mw(position)
