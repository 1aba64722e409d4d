"""Demand and supply of one area as its network company publishes them (エリア需給実績), hour by hour.

Until March 2024 hours in MWh or 万kWh, thermal power as one sum; from then on (some companies a few months earlier)
half-hours in MW with thermal power by fuel, a battery column and an `other`. Columns are known by their names, since
their order and number differ from company to company. What the ties bring in is positive; a file in which the balance
closes only with the other sign is read so, and says it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError, nearest
from kiban.market.readings.headings import Floats, TimedTable, Times, hourly_means, read_timed_tables
from kiban.messages import Message
from kiban.weather.jepx import AREAS

AREA_NAMES: Final[Mapping[str, str]] = {
    **{area: name for area, name in AREAS.items() if area != "system"},
    "okinawa": "沖縄",
}
"""The ten areas in the order of their numbers in file names, 01 to 10."""

SUPPLIES: Final = (
    "nuclear", "thermal", "hydro", "geothermal", "biomass", "solar", "wind", "pumped", "battery", "other", "tie_inflow",
)  # fmt: skip
"""What adds up to demand; wind and sun as generated, storages and ties with their signs."""
CURTAILED: Final = ("solar_curtailed", "wind_curtailed")
NEEDED: Final = ("demand", "thermal", "solar")
"""What no area's file lacks; Okinawa has neither nuclear nor geothermal power, storages nor ties."""

# In this order: what is curtailed is named like what is generated, with a word more.
_KINDS: Final = (
    ("", re.compile(r"(火力|バイオマス)(出力)?制御量|合計|供給力$")),
    ("solar_curtailed", re.compile(r"太陽光.*(抑制|制御)")),
    ("wind_curtailed", re.compile(r"風力.*(抑制|制御)")),
    ("solar", re.compile(r"太陽光")),
    ("wind", re.compile(r"風力")),
    ("nuclear", re.compile(r"原子力")),
    ("thermal", re.compile(r"火力")),
    ("hydro", re.compile(r"水力")),
    ("geothermal", re.compile(r"地熱")),
    ("biomass", re.compile(r"バイオマス")),
    ("pumped", re.compile(r"揚水")),
    ("battery", re.compile(r"蓄電池")),
    ("tie_inflow", re.compile(r"連系線")),
    ("other", re.compile(r"その他")),
    ("demand", re.compile(r"需要")),
)
_FILE_NAMES: Final = (
    (re.compile(r"eria_jukyu_\d{6}_(\d{2})"), ""),
    (re.compile(r"\d{8}_hokkaido_jukyu|sup_dem_results_"), "hokkaido"),
    (re.compile(r"_tohoku_"), "tohoku"),
    (re.compile(r"^area-\d{4}"), "tokyo"),
    (re.compile(r"areabalance_current_term"), "chubu"),
    (re.compile(r"area_jisseki_rikuden"), "hokuriku"),
    (re.compile(r"area_jyukyu_jisseki_\d{4}\."), "kansai"),
    (re.compile(r"^kako-\d{4}"), "chugoku"),
    (re.compile(r"^jukyu\d{4}"), "shikoku"),
    (re.compile(r"area_jyukyu_jisseki_\w+_\d"), "kyushu"),
)
_CLOSED_SHARE: Final = 0.02
"""Share of demand by which the supplies of an hour may miss it: rounding to 万kWh, and what companies leave out."""


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """Hours of one area: MW by column (hours,), `start` in Japanese standard time."""

    area: str
    start: Times
    values: Mapping[str, Floats]
    """`demand`, `SUPPLIES` and `CURTAILED`; what the file lacks is zero."""
    notes: tuple[Message, ...]


def area_of_file(path: str | Path) -> str:
    """The area whose company names its files so; raises `WeatherError` where none does."""
    name = Path(path).name.lower()
    for pattern, area in _FILE_NAMES:
        found = pattern.search(name)
        if found is not None:
            number = int(found[1]) if not area else 0
            if area or 1 <= number <= len(AREA_NAMES):
                return area or list(AREA_NAMES)[number - 1]
    raise WeatherError(Problem("area_file.whose", str(path), names=tuple(AREA_NAMES)))


def read_area_record(path: str | Path, area: str = "") -> AreaRecord:
    """Hours of a file of any company (CSV or workbook); `area` where the file's name does not tell it.

    Raises `WeatherError` for a file of another kind, a column that is missing, a unit that is not written, values that
    are no numbers, and supplies that do not add up to demand.
    """
    if area and area not in AREA_NAMES:
        guess = nearest(area, AREA_NAMES)
        said = {"area": area, "near": guess, "names": tuple(AREA_NAMES)}
        raise WeatherError(Problem("jepx.area", "", "area", "nearest" if guess else "use_one_of", said))
    area = area or area_of_file(path)
    table = max(read_timed_tables(path), key=lambda one: len(one.rows))
    columns = _columns(table)
    missing = tuple(name for name in NEEDED if name not in columns)
    if missing:
        raise WeatherError(Problem("area_file.columns", table.path, columns=missing))
    values = {kind: _sum(table, columns.get(kind, ())) for kind in ("demand", *SUPPLIES, *CURTAILED)}
    start, means = hourly_means(table.start, np.column_stack(list(values.values())), table.step_minutes)
    hourly = dict(zip(values, means.T, strict=True))
    return AreaRecord(area, start, *_balanced(hourly, table.path))


def _columns(table: TimedTable) -> dict[str, list[int]]:
    """Positions of the columns of each kind."""
    found: dict[str, list[int]] = {}
    for position, name in enumerate(table.names[table.first_value :], start=table.first_value):
        kind = next((kind for kind, pattern in _KINDS if pattern.search(name)), "")
        if kind:
            found.setdefault(kind, []).append(position)
    return found


def _sum(table: TimedTable, positions: Sequence[int]) -> Floats:
    """The sum of columns in MW (rows,); raises `WeatherError` for cells that are empty in a row with values."""
    total = np.zeros(len(table.rows))
    for position in positions:
        column = table.column(position) * table.factor_mw(position)
        empty = np.flatnonzero(np.isnan(column))
        if 0 < empty.size < len(column):
            raise WeatherError(Problem("empty", table.at(int(empty[0])), table.names[position], "area_file.number"))
        total += np.nan_to_num(column)  # a column without any value is one that the company has no plant for
    return total


def _balanced(values: dict[str, Floats], path: str) -> tuple[dict[str, Floats], tuple[Message, ...]]:
    """The values, ties with the sign that closes the balance; raises `WeatherError` where none does."""
    demand = values["demand"]
    allowed = _CLOSED_SHARE * demand.mean()
    others = sum((values[name] for name in SUPPLIES if name != "tie_inflow"), np.zeros(len(demand)))
    missed = [float(np.median(np.abs(others + sign * values["tie_inflow"] - demand))) for sign in (1, -1)]
    if missed[0] <= allowed:
        return values, ()
    if missed[1] <= allowed:
        return {**values, "tie_inflow": -values["tie_inflow"]}, (Message("note.tie_sign", file=path),)
    said = {"missed": min(missed), "demand": float(demand.mean())}
    raise WeatherError(Problem("area_file.balance", path, values=said))
