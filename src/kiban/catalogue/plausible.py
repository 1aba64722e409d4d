"""What a scenario's price, cost, load or size usually is: outside of it a unit is probably wrong."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from kiban.catalogue.facts import Fact
from kiban.catalogue.tables import read_table

WITHOUT_RANGE = 3.0
"""Of a figure without a range of its own: how far from its value the plausible begins and ends, as a factor."""


@dataclass(frozen=True, slots=True)
class Plausible:
    """Lowest and highest plausible amount of a key, both above 0, in the unit with which the key's name ends."""

    lowest: float
    highest: float


@cache
def plausible_range(key: str) -> Plausible | None:
    """The range of a scenario key (`supply.pv.capex_myen_per_mw`), by the first pattern that fits; None without one."""
    # The plant of one candidate site is judged as that of every site.
    key = key[key.find("supply.") :] if ".supply." in key else key
    for row in read_table("plausible"):
        if fnmatchcase(key, row["pattern"]):
            return Plausible(float(row["lowest"]), float(row["highest"]))
    return None


def plausible_figure(fact: Fact) -> Plausible | None:
    """The range of a price, cost or size of the catalogue: its own, else a factor on its value; None for others."""
    if not _is_amount(fact.unit) or fact.value <= 0:
        return None
    low = fact.low if fact.low else fact.value / WITHOUT_RANGE
    high = fact.high if fact.high else fact.value * WITHOUT_RANGE
    return Plausible(low, high) if 0 < low <= high else None


def _is_amount(unit: str) -> bool:
    return unit.split("_", maxsplit=1)[0] in _CURRENCIES or unit in _SIZES


_CURRENCIES = frozenset({"myen", "usd", "eur", "yen"})
_SIZES = frozenset({"w", "kw", "mw", "mwh", "t_per_mwh"})
