"""What electricity users elsewhere pay more or less because a package changes what a campus draws from the grid.

They are parties of a ledger of their own, by area and class: a transfer beside the ledger of the campus, whose payments
stay as they are, and zero to the yen like that one. Its accounts are

    price_effect      what they pay more at day-ahead prices, to the plants that generate; what tariffs do not pass on
                      is borne by their suppliers
    congestion_rent   the part of it that ties receive, whose flows stay as they were
    charges           surcharge, network and its works, capacity: what the campus carries, others need not

    price effect of an area and year = slope of prices that was seen x change of the draw x demand of the area

It is posted with the slope, to which other plants and users had answered, for the years until the fleet has changed.
The exchange's bid curves, which nobody answers, say how much it is at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.finance.carried_charges import CARRIED, pass_capacity_on, pass_on
from kiban.finance.ledger import Entry, Ledger
from kiban.finance.users_elsewhere import USER_AREAS, USERS, UsersElsewhere, find_users, pay
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CLASSES
from kiban.market.hours import synthetic_hours
from kiban.market.impact import find_quick_impact, yearly
from kiban.market.seen_rise import seen_rent_thousand_yen
from kiban.market.year import YEN_PER_THOUSAND
from kiban.planning.grid_draw import load_of_plan
from kiban.planning.plan import Plan
from kiban.quantities import YEN_PER_MYEN

GENERATORS = "generators"
SUPPLIERS = "electricity_suppliers"
TIES = "interconnectors"
PRICE = "price_effect"
RENT = "congestion_rent"
OTHERS = (*USERS, SUPPLIERS)
"""Those who bear what day-ahead prices move: the users, and their suppliers until contracts are set anew."""
PARTIES_ELSEWHERE = (*OTHERS, GENERATORS, TIES, CARRIED)


@dataclass(frozen=True, slots=True, eq=False)
class PriceEffects:
    """Changes of what others pay at day-ahead prices, million yen a year at constant prices, `(areas,)`.

    They are negative where others pay less. `yearly_myen` is by the slope that was seen, and is what the ledger holds;
    `by_bids_myen` by the bid curves. `rent_myen` of it goes to ties. `years` is how long prices stay moved.
    """

    yearly_myen: Array
    by_bids_myen: Array
    ledger: Ledger
    years: int
    rent_myen: float = 0.0

    @property
    def total_myen(self) -> float:
        """A year, all areas."""
        return float(self.yearly_myen.sum())

    def range_myen(self) -> tuple[float, float]:
        """A year, all areas: by the slope and by the bid curves, the lesser first."""
        first, second = self.total_myen, float(self.by_bids_myen.sum())
        return min(first, second), max(first, second)

    def values_myen(self, real_rate: float) -> Mapping[tuple[str, str], float]:
        """Present value of what each party has more by account, `(party, account)`, at a real rate."""
        first = self.ledger.base_year if self.ledger.base_year is not None else min(self.ledger.years, default=0)
        found: dict[tuple[str, str], float] = {}
        for entry in self.ledger.entries:
            value = entry.amount_myen * (1.0 + real_rate) ** (first - entry.year)
            for party, sign in ((entry.payee, 1.0), (entry.payer, -1.0)):
                found[party, entry.account] = found.get((party, entry.account), 0.0) + sign * value
        return found

    def present_value_myen(self, real_rate: float) -> float:
        """What others have more over the years, charges included, at a real rate: negative where they pay more."""
        return sum(value for (party, _), value in self.values_myen(real_rate).items() if party in OTHERS)

    def values_by_group_myen(self, real_rate: float) -> dict[str, float]:
        """What each class, suppliers, plants, ties and the campus's charges have more, present value; sums to zero."""
        found = dict.fromkeys((*CLASSES, SUPPLIERS, GENERATORS, TIES, CARRIED), 0.0)
        for (party, _), value in self.values_myen(real_rate).items():
            found[group_of(party)] += value
        return found

    def values_by_area_myen(self, real_rate: float) -> dict[str, dict[str, float]]:
        """What the users of each area have more by class, present value; areas without any change are left out."""
        found: dict[str, dict[str, float]] = {}
        for (party, _), value in self.values_myen(real_rate).items():
            if party in USERS:
                _, area, name = party.split(".")
                of_area = found.setdefault(area, dict.fromkeys(CLASSES, 0.0))
                of_area[name] += value
        return {area: found[area] for area in USER_AREAS if area in found}

    def values_of_account_myen(self, account: str, real_rate: float) -> dict[str, float]:
        """What each class and the suppliers have more by one account, present value."""
        found = dict.fromkeys((*CLASSES, SUPPLIERS), 0.0)
        for (party, name), value in self.values_myen(real_rate).items():
            if name == account and party in OTHERS:
                found[group_of(party)] += value
        return found

    def values_by_account_myen(self, real_rate: float) -> dict[str, float]:
        """What others have more by account, present value; accounts without any are left out."""
        found: dict[str, float] = {}
        for (party, account), value in self.values_myen(real_rate).items():
            if party in OTHERS:
                found[account] = found.get(account, 0.0) + value
        return {name: value for name, value in found.items() if value}


def group_of(party: str) -> str:
    """The class of users of an area, any other party itself."""
    return party.rpartition(".")[2]


def find_price_effects(
    before: Plan, after: Plan, base_year: int, first_year: int, charges: Ledger | None = None
) -> PriceEffects | None:
    """The effect of one plan less that of another; None where the campus is in no area of the market.

    `base_year` is that of present values, `first_year` the first of operation. `charges` is the change of the campus's
    ledger, whose payments to ratepayers are passed on; without it the ledger holds prices alone.
    """
    catalogue = load_catalogue()
    hours = synthetic_hours(catalogue)
    try:
        asked = [load_of_plan(plan, hours.start) for plan in (before, after)]
    except ScenarioError:
        return None
    found = []
    for one in asked:
        slope, bids = find_quick_impact(catalogue, hours, one.load_mw).variants
        found.append((slope.others_pay_yen / YEN_PER_MYEN, bids.others_pay_yen / YEN_PER_MYEN))
    yearly_myen, by_bids = (with_ - without for without, with_ in zip(*found, strict=True))
    drawn = asked[1].load_mw - asked[0].load_mw
    rent = seen_rent_thousand_yen(catalogue, hours, drawn) * YEN_PER_THOUSAND / YEN_PER_MYEN * yearly(hours)
    users, years = find_users(catalogue, hours), round(catalogue.value("market.price_effect.years"))
    entries = list(_price_entries(yearly_myen, rent, users, range(first_year, first_year + years)))
    if charges is not None:
        assert asked[1].flat_mw is not None
        area = MARKET_AREAS[int(np.argmax(asked[1].flat_mw))]
        entries += pass_on(charges, area, users)
        operated = range(first_year, max(charges.years, default=first_year) + 1)
        entries += pass_capacity_on(catalogue, hours, drawn.sum(axis=1), area, users, operated)
    ledger = Ledger(tuple(sorted(entries, key=lambda entry: entry.year)), base_year, PARTIES_ELSEWHERE)
    return PriceEffects(yearly_myen, by_bids, ledger, years, rent)


def _price_entries(yearly_myen: Array, rent_myen: float, users: UsersElsewhere, years: range) -> Iterator[Entry]:
    """What users and suppliers pay at the higher price, whole yen, and what of it plants leave to ties."""
    for year in years:
        passed = users.passed(first_year=year == years[0])
        for place, area in enumerate(MARKET_AREAS):
            left = round(float(yearly_myen[place]) * YEN_PER_MYEN)
            for name, part in zip(CLASSES, passed[place], strict=True):
                yen = round(float(yearly_myen[place] * part) * YEN_PER_MYEN)
                left -= yen
                if yen:
                    party = f"electricity_users.{area}.{name}"
                    yield pay(year, party, GENERATORS, PRICE, yen, "day-ahead prices of the area")
            if left:
                yield pay(year, SUPPLIERS, GENERATORS, PRICE, left, "day-ahead prices that tariffs do not pass on")
        rent = round(rent_myen * YEN_PER_MYEN)
        if rent:
            yield pay(year, GENERATORS, TIES, RENT, rent, "difference of prices over the frequency converters")
