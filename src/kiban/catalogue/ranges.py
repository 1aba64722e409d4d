"""Between which values a figure may be assumed: what its unit allows, and what the formulas that use it hold for."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from kiban.catalogue.tables import read_table
from kiban.catalogue.units import UNITS


@dataclass(frozen=True, slots=True)
class Range:
    """The range of all figures whose id fits a pattern."""

    pattern: str
    lowest: float
    highest: float


@cache
def read_ranges() -> tuple[Range, ...]:
    """The ranges of `tables/ranges.csv`; of those that fit an id the first one holds."""
    rows = read_table("ranges")
    return tuple(Range(row["pattern"], float(row["lowest"]), float(row["highest"])) for row in rows)


@cache
def range_of(fact_id: str, unit: str) -> tuple[float, float]:
    """Lowest and highest value that a figure of this id and unit may have."""
    lowest, highest = UNITS[unit].lowest, UNITS[unit].highest
    for narrow in read_ranges():
        if fnmatchcase(fact_id, narrow.pattern):
            return max(lowest, narrow.lowest), min(highest, narrow.highest)
    return lowest, highest
