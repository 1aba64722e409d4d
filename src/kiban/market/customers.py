"""Who uses the power of an area, by class and tariff, and what they pay for it.

    household        low voltage of homes: households times what one uses
    small_business   the rest of low voltage, and high voltage
    industry         special high voltage

No statistics divide the sales of an area by class: homes are counted, the rest is divided as in the whole country, and
in every hour alike. Energy is counted where it enters the network, so that the classes add up to the area's demand.

    bill = (wholesale + capacity) / (1 - loss) + network + supplier          yen/kWh, without tax and surcharge
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import MONTHS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.errors import CatalogueError, Problem
from kiban.quantities import KWH_PER_MWH

CLASSES: Final = ("household", "small_business", "industry")
HOUSEHOLD, SMALL_BUSINESS, INDUSTRY = range(len(CLASSES))
TARIFFS: Final = ("regulated", "market_linked", "fixed")
FIXED = TARIFFS.index("fixed")
ENDS: Final = ("low", "value", "high")
"""The ends of what is known of a figure, and the value between them."""
CENTRAL = ENDS.index("value")
MWH_PER_GWH = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Tariffs:
    """How much of a lasting rise of the day-ahead price the tariffs pass on, and when; first axes are `ENDS`.

    `share` `(ends, classes, tariffs)` holds the tariffs that are no fixed ones, by energy; fixed ones are the rest.
    `pass_through` and `lag_months` are `(ends, tariffs)`.
    """

    share: Array
    pass_through: Array
    lag_months: Array

    def passed(self, *, first_year: bool = False) -> Array:
        """Part of a rise that each class pays, `(ends, classes)`: in every year later, or in the first with its lags.

        The lowest end has the lowest pass-through and the longest lags, and of each tariff the least where it passes
        on more than a fixed one, else the most.
        """
        found = np.empty(self.share.shape[:2])
        for end in range(len(ENDS)):
            rate = self.pass_through[end]
            if first_year:
                rate = rate * np.clip(1.0 - self.lag_months[-1 - end] / MONTHS_PER_YEAR, 0.0, 1.0)
            beyond_fixed = rate[:FIXED] - rate[FIXED]
            share = np.where(beyond_fixed >= 0.0, self.share[end], self.share[-1 - end])
            found[end] = rate[FIXED] + share @ beyond_fixed
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Customers of some areas: arrays `(areas,)`, or `(classes,)` for what is alike in all of them.

    `household_use_mwh` is what all households of an area use in a year at their meters; `industry_share` the part of
    special high voltage in what is no household's. Prices are without tax and surcharge.
    """

    areas: tuple[str, ...]
    households: Array
    household_use_mwh: Array
    industry_share: float
    loss: Array
    network_yen_per_kwh: Array
    supplier_yen_per_kwh: Array
    capacity_yen_per_kwh: float
    tariffs: Tariffs

    def energy_mwh(self, demand_mwh: Array) -> Array:
        """A year's demand of the areas `(areas,)` by class, `(areas, classes)`, where it enters the network.

        Raises CatalogueError where households alone would use more than an area's demand.
        """
        household = self.household_use_mwh / (1.0 - self.loss[HOUSEHOLD])
        if (household > demand_mwh).any():
            worst = int(np.argmax(household - demand_mwh))
            used, demand = (round(float(sums[worst]) / MWH_PER_GWH) for sums in (household, demand_mwh))
            said = {"area": self.areas[worst], "used_gwh": used, "demand_gwh": demand}
            raise CatalogueError(Problem("market.households_above_demand", values=said))
        rest = demand_mwh - household
        return np.stack([household, (1.0 - self.industry_share) * rest, self.industry_share * rest], axis=1)

    def bill_yen_per_kwh(self, wholesale_yen_per_kwh: Array) -> Array:
        """Mean bill at the meter, `(areas, classes)`, where all power is bought at the areas' mean price."""
        bought = wholesale_yen_per_kwh[:, None] + self.capacity_yen_per_kwh
        return np.asarray(bought / (1.0 - self.loss) + self.network_yen_per_kwh + self.supplier_yen_per_kwh)


def load_customers(catalogue: Catalogue, areas: Sequence[str]) -> Customers:
    """The customers of the catalogue, rows `customers.*`, in these areas; Okinawa has its rows too."""

    def by_area(name: str) -> Array:
        return np.array([catalogue.value(f"customers.{area}.{name}") for area in areas])

    def by_class(name: str) -> Array:
        return np.array([catalogue.value(f"customers.{name_of_class}.{name}") for name_of_class in CLASSES])

    households = by_area("households")
    return Customers(
        areas=tuple(areas),
        households=households,
        household_use_mwh=households * by_area("household_use") / KWH_PER_MWH,
        industry_share=catalogue.value("customers.industry.share"),
        loss=by_class("loss"),
        network_yen_per_kwh=by_class("network"),
        supplier_yen_per_kwh=by_class("retail"),
        capacity_yen_per_kwh=catalogue.value("customers.capacity_cost"),
        tariffs=load_tariffs(catalogue),
    )


def load_tariffs(catalogue: Catalogue) -> Tariffs:
    """The tariffs of the catalogue with both ends of what is known of them; a figure that was given has no range."""

    def ends_of(fact_id: str) -> list[float]:
        fact = catalogue.fact(fact_id)
        return [fact.value if end is None else end for end in (fact.low, fact.value, fact.high)]

    share = [[ends_of(f"customers.{name}.{tariff}.share") for tariff in TARIFFS[:FIXED]] for name in CLASSES]
    rates = ([ends_of(f"customers.{tariff}.{name}") for tariff in TARIFFS] for name in ("pass_through", "lag"))
    pass_through, lag = (np.array(rows).T for rows in rates)
    return Tariffs(np.moveaxis(np.array(share), -1, 0), pass_through, lag)
