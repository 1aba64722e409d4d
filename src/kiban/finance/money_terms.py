"""What a user says of a project's money beside the catalogue's rates: paths of prices, output, debt, reserves, the end.

Each is neutral where nothing is said. Factors multiply amounts at constant prices of the start year, by operating
year k = 1, 2, ...; a rate of growth g counts from the first of them:

    price_k = path_k (1 + g)^(k-1)        output_k = (1 - d)^(k-1)        revenue_k = energy price price_k output_k

`path` is a factor for each operating year, its last one for all that follow. Growth is real: inflation comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.calendar import MONTHS_PER_YEAR
from kiban.scenario.study import Finance

DebtSizing = Literal["cover", "share"]
Undepreciated = Literal["deducted", "lost"]


@dataclass(frozen=True, slots=True)
class MoneyTerms:
    """Terms of a cash flow; growth and degradation are shares a year, reserves are counted in months."""

    price_path: tuple[float, ...] = ()
    price_escalation: float = 0.0
    cost_escalation: float = 0.0
    """Of operating costs and fixed charges, power apart."""
    power_escalation: float = 0.0
    """Of power that is bought and sold."""
    output_degradation: float = 0.0
    """Of what is sold, and of the clean output that earns a production credit."""
    debt_sizing: DebtSizing = "cover"
    """Whether the cover of its service limits the debt, or its share of the cost alone says how large it is."""
    interest_during_construction: bool = True
    undepreciated: Undepreciated = "deducted"
    """What the schedule has left of an asset when it is retired or the horizon ends: deducted then, or never. With
    half a year of straight line in the first year, it is the half-year of the last."""
    debt_reserve_months: float = 0.0
    """Months of the next year's debt service that are kept in cash from the start of operation on."""
    working_reserve_months: float = 0.0
    """Months of the next year's operating costs that are kept in cash."""

    def price_factors(self, horizon_years: int) -> Array:
        """Of the price of what is sold, by operating year."""
        path = np.ones(horizon_years)
        if self.price_path:
            given = self.price_path[:horizon_years]
            path[: len(given)], path[len(given) :] = given, given[-1]
        return path * grow(self.price_escalation, horizon_years)

    def output_factors(self, horizon_years: int) -> Array:
        """Of the energy that is sold, by operating year."""
        return grow(-self.output_degradation, horizon_years)

    def reserves(self, debt_service: Array, costs: Array, start: int) -> Array:
        """Cash that is kept at the end of each year, million yen (..., years): nothing before operation and at the end.

        `debt_service` and `costs` are by year, and index `start` is the end of construction.
        """
        service, running = np.broadcast_arrays(debt_service, costs)
        kept = np.zeros(service.shape)
        coming = self.debt_reserve_months * service + self.working_reserve_months * running
        kept[..., start:-1] = coming[..., start + 1 :] / MONTHS_PER_YEAR
        return kept


PLAIN = MoneyTerms()
"""Nothing is said."""


def grow(rate: float, years: int) -> Array:
    """Factors of growth by year, 1 in the first."""
    return np.asarray((1.0 + rate) ** np.arange(years))


def read_money_terms(finance: Finance) -> MoneyTerms:
    """What a scenario says."""
    return MoneyTerms(
        price_path=finance.price_path,
        price_escalation=finance.price_escalation_per_year,
        cost_escalation=finance.cost_escalation_per_year,
        power_escalation=finance.power_escalation_per_year,
        output_degradation=finance.output_degradation_per_year,
        debt_sizing=finance.debt_sizing,
        interest_during_construction=finance.interest_during_construction,
        undepreciated=finance.undepreciated,
        debt_reserve_months=finance.debt_reserve_months,
        working_reserve_months=finance.working_reserve_months,
    )
