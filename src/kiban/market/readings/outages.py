"""Outages of power units as the exchange's system publishes them (HJKS 停止情報), hour by hour and area.

A file has one row a notice: the unit, what it may give, whether it stands still (計画停止, 計画外停止) or gives less
(出力低下), from when, and to which day it is expected back. Powers are in kW.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.market.readings.area_record import AREA_NAMES
from kiban.market.readings.headings import Floats, Times, number_of
from kiban.market.readings.unit_output import source_of
from kiban.weather.table import Table, read_table
from kiban.weather.textfile import parse_time, plain_letters

COLUMNS: Final = (
    "エリア", "発電所名", "発電形式", "ユニット名", "認可出力", "停止区分", "低下量", "停止日時", "復旧予定日"
)  # fmt: skip
KINDS: Final = ("計画停止", "計画外停止", "出力低下")
REDUCED: Final = "出力低下"
_KW_PER_MW: Final = 1000.0
_UNIT: Final = re.compile(r"\(kW\)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outage:
    """A notice: what a unit cannot give, MW, from `start` up to, not including, `end`; None where no day is told."""

    area: str
    source: str
    unit: str
    planned: bool
    lost_mw: float
    capacity_mw: float
    start: np.datetime64
    end: np.datetime64 | None


def read_outages(path: str | Path) -> tuple[Outage, ...]:
    """The notices of a file (CSV or workbook).

    A unit that stands still loses all that it may give. One that is expected back on a day without a time is away to
    the end of that day. Raises `WeatherError` for a file of another kind and for a row that cannot be read.
    """
    table = read_table(path)
    names = [_UNIT.sub("", plain_letters(name).replace(" ", "")) for name in table.header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise WeatherError(Problem("outage_file.dialect", table.path, columns=tuple(missing)))
    at = {name: names.index(name) for name in COLUMNS}
    return tuple(_outage(table, number, [row[at[name]] for name in COLUMNS]) for number, row in enumerate(table.rows))


def _outage(table: Table, number: int, cells: Sequence[object]) -> Outage:
    area_name, plant, form, unit, capacity_cell, kind, less_cell, from_cell, back_cell = cells
    area = {name: area for area, name in AREA_NAMES.items()}.get(str(area_name).strip())
    if area is None:
        raise WeatherError(
            Problem("unit_file.area", table.at(number), "エリア", text=str(area_name), names=tuple(AREA_NAMES.values()))
        )
    word = str(kind).strip()
    if word not in KINDS:
        raise WeatherError(Problem("outage_file.kind", table.at(number), "停止区分", text=word, names=KINDS))
    column = "低下量" if word == REDUCED else "認可出力"
    capacity, less = number_of(capacity_cell), number_of(less_cell)
    lost = less if word == REDUCED else capacity
    if lost is None or capacity is None:
        raise WeatherError(Problem("empty", table.at(number), column))
    if not 0.0 <= lost <= capacity:
        raise WeatherError(
            Problem("outage_file.more", table.at(number), column, lost=f"{lost:g}", capacity=f"{capacity:g}")
        )
    start, end = _moment(table, number, "停止日時", from_cell), None
    if back_cell is not None and str(back_cell).strip(" -－"):
        end = _moment(table, number, "復旧予定日", back_cell)
        if ":" not in str(back_cell) and end == end.astype("datetime64[D]"):
            end = end + np.timedelta64(1, "D")
        if end <= start:
            raise WeatherError(Problem("outage_file.order", table.at(number), "復旧予定日", text=str(back_cell)))
    return Outage(
        area, source_of(str(form)), f"{plant} {unit}".strip(), word == KINDS[0], lost / _KW_PER_MW,
        capacity / _KW_PER_MW, start, end,
    )  # fmt: skip


def _moment(table: Table, number: int, column: str, cell: object) -> np.datetime64:
    moment = cell if isinstance(cell, datetime) else parse_time(str(cell))
    if moment is None:
        raise WeatherError(Problem("not_a_time", table.at(number), column, "area_file.time", text=str(cell)))
    return np.datetime64(moment, "m")


def lost_mw(outages: Sequence[Outage], start: Times, areas: Sequence[str], sources: Sequence[str] = ()) -> Floats:
    """What units cannot give in each hour, MW (hours, areas), of these sources (none: of all).

    Of several notices of one unit in an hour the largest counts. A notice without an end lasts to the last hour.
    """
    found = np.zeros((len(start), len(areas)))
    units: dict[tuple[str, str], list[Outage]] = {}
    for outage in outages:
        if outage.area in areas and (not sources or outage.source in sources):
            units.setdefault((outage.area, outage.unit), []).append(outage)
    hour = start.astype("datetime64[m]")
    minutes = 60.0
    for (area, _), notices in units.items():
        lost = np.zeros(len(start))
        for notice in notices:
            end = hour[-1] + np.timedelta64(60, "m") if notice.end is None else notice.end
            inside = np.minimum(hour + np.timedelta64(60, "m"), end) - np.maximum(hour, notice.start)
            share = np.clip(inside / np.timedelta64(1, "m"), 0.0, minutes) / minutes
            lost = np.maximum(lost, notice.lost_mw * share)
        found[:, list(areas).index(area)] += lost
    return found
