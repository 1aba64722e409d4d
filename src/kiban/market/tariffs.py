"""Charges on power that is bought in Japan, by area and date: network, generation side, capacity, surcharge.

A dated row of the catalogue is named `STEM.YEAR_MONTH` and holds from that month until the next row of its stem; the
newest one holds on. Prices that include consumption tax are counted without it, since a business deducts what it pays:

    network basic       12 basic (1 - rate (100 factor - 100 base)) / (1 + tax)      million yen per MW and year
    network energy      energy / (1 + tax)                                            million yen per MWh drawn
    surcharge           surcharge (1 - reduction) / (1 + tax)                         million yen per MWh drawn
    capacity            price of the auction x share of suppliers                     million yen per MW and year

The capacity contribution is borne by suppliers according to their customers' part of the area's monthly peaks in six
months of the year (July to September, December to February).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kiban.calendar import MONTHS_PER_YEAR
from kiban.errors import Problem, ScenarioError

CAPACITY_MONTHS: Final = (1, 2, 7, 8, 9, 12)
"""Months whose peaks share out the capacity contribution: those in which reserves are least."""
POINTS_OF_POWER_FACTOR: Final = 100.0
"""Points of power factor in one."""


def find_dated(known: Iterable[str], stem: str, date: str) -> str:
    """The id of the row of a stem that holds on a date (`2026-11`), of those that are known.

    Raises `ScenarioError` where the first row of the stem begins later.
    """
    rows = sorted(name for name in known if name.startswith(f"{stem}.") and _is_date(name[len(stem) + 1 :]))
    wanted = f"{stem}.{date.replace('-', '_')}"
    held = [name for name in rows if name <= wanted]
    if not held:
        first = rows[0][len(stem) + 1 :].replace("_", "-") if rows else ""
        said = {"value": date, "name": stem, "first": first}
        raise ScenarioError(Problem("procurement.no_tariff", key="procurement.tariff_date", values=said))
    return held[-1]


def _is_date(text: str) -> bool:
    year, _, month = text.partition("_")
    return year.isdigit() and month.isdigit() and len(text) == len("2026_11")


@dataclass(frozen=True, slots=True)
class NetworkTariff:
    """What the network of an area asks of a user at special high voltage; prices as listed, tax included."""

    basic_myen_per_mw_month: float
    energy_myen_per_mwh: float
    loss_share: float
    """Of what leaves a plant: `1 - loss_share` of it arrives."""
    power_factor_base: float
    power_factor_rate: float
    consumption_tax: float

    def basic_myen_per_mw_year(self, power_factor: float) -> float:
        """Basic charge on a MW of contract power for a year, without tax."""
        points = POINTS_OF_POWER_FACTOR * (power_factor - self.power_factor_base)
        share = 1.0 - self.power_factor_rate * points
        return MONTHS_PER_YEAR * self.basic_myen_per_mw_month * share / (1.0 + self.consumption_tax)

    @property
    def energy_without_tax_myen_per_mwh(self) -> float:
        """Charge on a MWh drawn, without tax."""
        return self.energy_myen_per_mwh / (1.0 + self.consumption_tax)
