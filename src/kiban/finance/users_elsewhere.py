"""Electricity users elsewhere as parties, by area and class, and how a sum is shared out among them.

Weights of a kWh are at the meter. The surcharge has one rate for the country, so that all ten areas share it, less what
is exempt of it (減免); the network's charges are shared within an area, by what each class pays the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.sites import AREAS
from kiban.finance.ledger import Entry
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CENTRAL, CLASSES, INDUSTRY, Customers, load_customers
from kiban.market.hours import MarketHours
from kiban.quantities import YEN_PER_MYEN

USER_AREAS = (*MARKET_AREAS, *(area for area in AREAS if area not in MARKET_AREAS))
"""The areas of the market, and behind them the one without an exchange, whose users pay the surcharge too."""
USERS = tuple(f"electricity_users.{area}.{name}" for area in USER_AREAS for name in CLASSES)
"""Parties: all who use electricity in an area, but for the campus, by class."""


@dataclass(frozen=True, eq=False)
class UsersElsewhere:
    """Who shares a sum: `fed_mwh` and `metered_mwh` are a year's energy `(areas, classes)` of `USER_AREAS`.

    `fed_mwh` is counted where it enters the network. `relief` is the part of industry's energy without surcharge.
    """

    customers: Customers
    fed_mwh: Array
    relief: float

    @cached_property
    def metered_mwh(self) -> Array:
        """Energy at the meters."""
        return np.asarray(self.fed_mwh * (1.0 - self.customers.loss))

    def surcharge_weights(self) -> Array:
        """Shares in the surcharge, `(areas * classes,)` in the order of `USERS`."""
        charged = self.metered_mwh.copy()
        charged[:, INDUSTRY] *= 1.0 - self.relief
        return np.asarray(charged.ravel() / charged.sum())

    def network_weights(self, area: str) -> Array:
        """Shares in what the network of an area asks of its users."""
        return self._within(area, self.metered_mwh * self.customers.network_yen_per_kwh)

    def energy_weights(self, area: str) -> Array:
        """Shares in what the suppliers of an area bear by what their customers draw."""
        return self._within(area, self.fed_mwh)

    def passed(self, *, first_year: bool) -> Array:
        """Part of a rise of day-ahead prices that the users of the market's areas pay, `(areas, classes)`.

        The rest of each area's rise stays with suppliers.
        """
        fed = self.fed_mwh[: len(MARKET_AREAS)]
        share = fed / fed.sum(axis=1, keepdims=True)
        return np.asarray(share * self.customers.tariffs.passed(first_year=first_year)[CENTRAL])

    def _within(self, area: str, weights: Array) -> Array:
        held = np.zeros_like(weights)
        place = USER_AREAS.index(area)
        held[place] = weights[place] / weights[place].sum()
        return np.asarray(held.ravel())


def find_users(catalogue: Catalogue, hours: MarketHours) -> UsersElsewhere:
    """The users of the catalogue with the demand of these hours, and of the areas beyond with their yearly demand."""
    beyond = [catalogue.value(f"grid.{area}.yearly_demand") for area in USER_AREAS[len(MARKET_AREAS) :]]
    demand = np.array([*(hours.demand_mw.mean(axis=0) * HOURS_PER_YEAR), *beyond])
    customers = load_customers(catalogue, USER_AREAS)
    return UsersElsewhere(
        customers, customers.energy_mwh(demand), catalogue.value("customers.industry.surcharge_relief")
    )


def split_yen(total: int, weights: Array) -> npt.NDArray[np.int64]:
    """Whole yen in proportion to weights that sum to 1: differences of rounded running totals, so that none is lost."""
    ends = np.round(total * np.cumsum(weights)).astype(np.int64)
    ends[-1] = total
    return np.diff(ends, prepend=0)


def pay(year: int, payer: str, payee: str, account: str, yen: int, why: str) -> Entry:
    """An entry of whole yen; a negative sum is paid the other way."""
    first, second = (payer, payee) if yen >= 0 else (payee, payer)
    return Entry(year, first, second, account, abs(yen) / YEN_PER_MYEN, why)
