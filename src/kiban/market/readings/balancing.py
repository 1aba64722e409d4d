"""Results of the balancing market (需給調整市場) as its exchange EPRX publishes them, by half-hour and area.

A file begins with a line of what it is, a line of its period and blocks a day, and the header; each row is one quantity
of one block in the nine areas and their total. Prices are in yen per kW and 30 minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.market.readings.area_record import AREA_NAMES
from kiban.market.readings.headings import Floats, Times, number_of
from kiban.weather.table import place_at, read_rows
from kiban.weather.textfile import plain_letters

_BLOCK: Final = re.compile(r"(\d{4})(\d{2})(\d{2})B(\d{2})")
_MINUTES_PER_DAY: Final = 24 * 60
_AREAS: Final = tuple(AREA_NAMES)[:9]
ITEMS: Final = (
    ("wanted_mw", re.compile(r"募集量")),
    ("offered_mw", re.compile(r"応札量合計")),
    ("accepted_mw", re.compile(r"落札量合計\(TSO別\)|約定量")),
    ("highest_yen", re.compile(r"最高落札価格\(TSO別\)")),
    ("lowest_yen", re.compile(r"最低落札価格\(TSO別\)")),
    ("mean_yen", re.compile(r"平均落札価格\(TSO別\)")),
)
"""Quantities that are read; prices in yen per kW and 30 minutes."""


@dataclass(frozen=True, slots=True)
class BalancingResults:
    """Blocks (blocks,) and each quantity by area (blocks, 9 areas); NaN where nothing was accepted."""

    areas: tuple[str, ...]
    start: Times
    values: Mapping[str, Floats]


def read_balancing(path: str | Path) -> BalancingResults:
    """The blocks of one file of a product; raises `WeatherError` for a file of another kind."""
    rows, in_rows = read_rows(path)
    lines = list(rows)
    header = next((i for i, (_, row) in enumerate(lines) if {"北海道", "九州"} <= {str(c).strip() for c in row}), None)
    if header is None:
        raise WeatherError(Problem("balancing_file.dialect", str(path)))
    names = [str(cell).strip() for cell in lines[header][1]]
    missing = [AREA_NAMES[area] for area in _AREAS if AREA_NAMES[area] not in names]
    if missing:
        raise WeatherError(Problem("balancing_file.area", str(path), areas=tuple(missing)))
    places = [names.index(AREA_NAMES[area]) for area in _AREAS]
    found: dict[tuple[np.datetime64, int], dict[str, list[float]]] = {}
    for place, row in lines[header + 1 :]:
        block = _BLOCK.fullmatch(str(row[0]).strip())
        if block is None:
            where = place_at(path, place, in_rows=in_rows)
            raise WeatherError(Problem("balancing_file.block", where, text=str(row[0])))
        item = next((name for name, pattern in ITEMS if pattern.search(plain_letters(str(row[1])))), None)
        if item is not None:
            values = [number_of(row[i]) if i < len(row) else None for i in places]
            key = np.datetime64(f"{block[1]}-{block[2]}-{block[3]}", "m"), int(block[4])
            found.setdefault(key, {})[item] = [np.nan if value is None else value for value in values]
    if not found:
        raise WeatherError(Problem("rows.none", str(path), remedy="file.download"))
    keys = sorted(found)
    # A day has 8 blocks of three hours, or 48.
    minutes = _MINUTES_PER_DAY // (48 if max(number for _, number in keys) > 8 else 8)
    start = np.array([day + np.timedelta64((number - 1) * minutes, "m") for day, number in keys])
    nothing = [np.nan] * len(_AREAS)
    values_of = {name: np.array([found[key].get(name, nothing) for key in keys]) for name, _ in ITEMS}
    return BalancingResults(_AREAS, start, values_of)
