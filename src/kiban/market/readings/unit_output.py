"""Half-hourly output of power units as OCCTO publishes it (ユニット別発電実績), summed by area and source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.market.readings.area_record import AREA_NAMES
from kiban.market.readings.headings import Floats, Times, number_of
from kiban.weather.table import read_table
from kiban.weather.textfile import parse_time, plain_letters

_COLUMNS: Final = ("エリア", "発電方式・燃種", "対象日")
_HALF_HOUR: Final = re.compile(r"(\d{1,2}):(00|30)\[kWh\]")
_HALF_HOURS: Final = 48
_MW_FROM_KWH_PER_HALF_HOUR: Final = 2e-3
SOURCES: Final = (
    ("coal", re.compile(r"石炭")),
    ("gas", re.compile(r"LNG|ガス|GTCC", re.IGNORECASE)),
    ("oil", re.compile(r"石油|重油|原油")),
    ("nuclear", re.compile(r"原子力")),
    ("pumped", re.compile(r"揚水")),
    ("hydro", re.compile(r"水力")),
)
"""Sources by what the column of the kind of plant says; `other` is everything else."""
THERMAL: Final = ("coal", "gas", "oil", "other")


@dataclass(frozen=True, slots=True)
class UnitOutput:
    """Hours by area and source: MW (hours,), `start` in Japanese standard time."""

    start: Times
    values: Mapping[tuple[str, str], Floats]
    units: int


def source_of(text: str) -> str:
    """The source of a kind of plant such as 火力(石炭)."""
    plain = plain_letters(text)
    return next((source for source, pattern in SOURCES if pattern.search(plain)), "other")


def read_unit_output(path: str | Path) -> UnitOutput:
    """Hours of a file of units (CSV or workbook), one row a unit and day with 48 half-hours in kWh.

    A unit that a day's rows lack adds nothing to it. Raises `WeatherError` for a file of another kind.
    """
    table = read_table(path)
    halves = [(i, _HALF_HOUR.fullmatch(plain_letters(name))) for i, name in enumerate(table.header)]
    places = [(i, int(found[1]) * 2 + (found[2] == "30") - 1) for i, found in halves if found is not None]
    missing = [name for name in _COLUMNS if name not in table.header]
    if missing or {half for _, half in places} != set(range(_HALF_HOURS)):
        raise WeatherError(Problem("unit_file.dialect", table.path, columns=tuple(missing or ["00:30[kWh]"])))
    area_at, kind_at, day_at = (table.header.index(name) for name in _COLUMNS)
    areas = {name: area for area, name in AREA_NAMES.items()}
    days: dict[np.datetime64, dict[tuple[str, str], Floats]] = {}
    for number, row in enumerate(table.rows):
        area = areas.get(str(row[area_at]).strip())
        if area is None:
            raise WeatherError(
                Problem("unit_file.area", table.at(number), "エリア", text=str(row[area_at]), names=tuple(areas))
            )
        cell = row[day_at]
        moment = cell if isinstance(cell, datetime) else parse_time(str(cell))
        if moment is None:
            raise WeatherError(
                Problem("not_a_time", table.at(number), "対象日", "area_file.time", text=str(row[day_at]))
            )
        output = np.zeros(_HALF_HOURS)
        for place, half in places:
            output[half] = (number_of(row[place]) or 0.0) * _MW_FROM_KWH_PER_HALF_HOUR
        of_day = days.setdefault(np.datetime64(moment.date()), {})
        key = (area, source_of(str(row[kind_at])))
        of_day[key] = of_day.get(key, np.zeros(24)) + output.reshape(24, 2).mean(axis=1)
    ordered = sorted(days)
    keys = sorted({key for day in days.values() for key in day})
    start: Times = np.array(ordered, dtype="datetime64[h]").repeat(24) + np.tile(np.arange(24), len(ordered)).astype(
        "timedelta64[h]"
    )
    nothing = np.zeros(24)
    values = {key: np.concatenate([days[day].get(key, nothing) for day in ordered]) for key in keys}
    return UnitOutput(start, values, len(table.rows))
