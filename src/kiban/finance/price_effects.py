"""What electricity users elsewhere pay more or less because a package changes what a campus draws from the grid.

They are parties of a ledger of their own, by area of the day-ahead market: what they pay more goes to the plants that
generate at the higher price. It is a transfer beside the ledger of the campus, whose payments stay as they are, and
sums to zero to the yen like that one.

    entry of an area and year = slope of prices that was seen x change of the draw x demand of the area

It is posted with the slope, to which other plants and users had answered, for the years until the fleet has changed.
The exchange's bid curves, which nobody answers, say how much it is at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.finance.ledger import Entry, Ledger
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import synthetic_hours
from kiban.market.impact import find_quick_impact
from kiban.planning.grid_draw import load_of_plan
from kiban.planning.plan import Plan
from kiban.quantities import YEN_PER_MYEN

GENERATORS = "generators"
ACCOUNT = "price_effect"
USERS = tuple(f"electricity_users.{area}" for area in MARKET_AREAS)
"""Parties: all who use electricity in an area of the market, but for the campus."""


@dataclass(frozen=True, slots=True, eq=False)
class PriceEffects:
    """Changes of what others pay, million yen a year at constant prices, `(areas,)`; negative where they pay less.

    `yearly_myen` is by the slope that was seen, and is what the ledger holds; `by_bids_myen` by the bid curves.
    """

    yearly_myen: Array
    by_bids_myen: Array
    ledger: Ledger
    years: int

    @property
    def total_myen(self) -> float:
        """A year, all areas."""
        return float(self.yearly_myen.sum())

    def range_myen(self) -> tuple[float, float]:
        """A year, all areas: by the slope and by the bid curves, the lesser first."""
        first, second = self.total_myen, float(self.by_bids_myen.sum())
        return min(first, second), max(first, second)

    def present_value_myen(self, real_rate: float) -> float:
        """What all users have more over the years, at a real rate: negative where they pay more."""
        return sum(self.ledger.present_value(party, real_rate) for party in USERS)


def find_price_effects(before: Plan, after: Plan, base_year: int, first_year: int) -> PriceEffects | None:
    """The effect of one plan less that of another; None where the campus is in no area of the market.

    `base_year` is that of present values, `first_year` the first of operation.
    """
    catalogue = load_catalogue()
    hours = synthetic_hours(catalogue)
    found = []
    for plan in (before, after):
        try:
            load = load_of_plan(plan, hours.start).load_mw
        except ScenarioError:
            return None
        slope, bids = find_quick_impact(catalogue, hours, load).variants
        found.append((slope.others_pay_yen / YEN_PER_MYEN, bids.others_pay_yen / YEN_PER_MYEN))
    yearly, by_bids = (with_ - without for without, with_ in zip(*found, strict=True))
    years = round(catalogue.value("market.price_effect.years"))
    entries = tuple(_entries(yearly, range(first_year, first_year + years)))
    return PriceEffects(yearly, by_bids, Ledger(entries, base_year, (*USERS, GENERATORS)), years)


def _entries(yearly_myen: Array, years: range) -> list[Entry]:
    posted = []
    for year in years:
        for party, amount in zip(USERS, yearly_myen, strict=True):
            rounded = float(np.round(amount * YEN_PER_MYEN)) / YEN_PER_MYEN
            if rounded:
                entry = Entry(year, party, GENERATORS, ACCOUNT, abs(rounded), "day-ahead prices of the area")
                posted.append(entry if rounded > 0 else replace(entry, payer=GENERATORS, payee=party))
    return posted
