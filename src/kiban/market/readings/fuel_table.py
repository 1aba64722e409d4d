"""Fuel prices of months in a table of one's own, beside or in place of those of the catalogue.

Columns: year, month, lng_yen_per_t, steam_coal_yen_per_t, crude_yen_per_kl (customs prices), spot_lng_usd_per_mmbtu and
yen_per_usd, one row a month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from kiban.errors import Problem, WeatherError
from kiban.market.readings.headings import number_of
from kiban.weather.table import read_table

PRICES: Final[Mapping[str, tuple[float, float]]] = {
    "lng_yen_per_t": (1e4, 5e5),
    "steam_coal_yen_per_t": (1e3, 2e5),
    "crude_yen_per_kl": (1e4, 5e5),
    "spot_lng_usd_per_mmbtu": (1.0, 100.0),
    "yen_per_usd": (50.0, 400.0),
}
"""Columns of prices, and between which values a price is not taken for one of another unit."""
COLUMNS: Final = ("year", "month", *PRICES)


def read_fuel_table(path: str | Path) -> tuple[Mapping[str, str], ...]:
    """Rows in the order of months, as the catalogue's table has them.

    Raises `WeatherError` for a table that lacks a column, a month that is missing or told twice, and a price that is
    none of its unit.
    """
    table = read_table(path)
    missing = [name for name in COLUMNS if name not in table.header]
    if missing:
        raise WeatherError(Problem("fuel_file.dialect", table.path, columns=tuple(missing)))
    at = [table.header.index(name) for name in COLUMNS]
    months: dict[int, Mapping[str, str]] = {}
    for number, row in enumerate(table.rows):
        values = [number_of(row[place]) if row[place] is not None else None for place in at]
        year, month, *prices = values
        if year is None or month is None or not (year == int(year) and month in range(1, 13)):
            raise WeatherError(Problem("fuel_file.month", table.at(number), "month", text=f"{row[at[0]]}-{row[at[1]]}"))
        for (name, (low, high)), price in zip(PRICES.items(), prices, strict=True):
            if price is None or not low <= price <= high:
                said = "" if price is None else f"{price:g}"
                raise WeatherError(
                    Problem("fuel_file.price", table.at(number), name, text=said, low=f"{low:g}", high=f"{high:g}")
                )
        key = int(year) * 12 + int(month) - 1
        if key in months:
            raise WeatherError(
                Problem("fuel_file.twice", table.at(number), "month", text=f"{int(year)}-{int(month):02d}")
            )
        known = dict(zip(PRICES, (repr(price) for price in prices), strict=True))
        months[key] = {"year": str(int(year)), "month": str(int(month)), **known}
    if not months:
        raise WeatherError(Problem("rows.none", table.path, remedy="file.download"))
    _refuse_gaps(table.path, sorted(months))
    return tuple(months[key] for key in sorted(months))


def _refuse_gaps(path: str, keys: Sequence[int]) -> None:
    for before, after in pairwise(keys):
        if after != before + 1:
            gap = before + 1
            raise WeatherError(Problem("fuel_file.gap", path, month=f"{gap // 12}-{gap % 12 + 1:02d}"))
