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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.finance.carried_charges import CARRIED, RATEPAYERS, pass_capacity_on, pass_on
from kiban.finance.ledger import Entry, Ledger
from kiban.finance.users_elsewhere import USER_AREAS, USERS, UsersElsewhere, find_users, pay
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CLASSES
from kiban.market.hours import synthetic_hours
from kiban.market.impact import find_quick_impact, yearly
from kiban.market.seen_rise import seen_rent_thousand_yen
from kiban.market.year import YEN_PER_THOUSAND
from kiban.planning.grid_draw import Times, load_of_plan
from kiban.planning.plan import Plan
from kiban.quantities import YEN_PER_MYEN

GENERATORS = "generators"
SUPPLIERS = "electricity_suppliers"
TIES = "interconnectors"
PRICE = "price_effect"
RENT = "congestion_rent"
MOST_NAMED = 3
"""Parties that are named for what changes most."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What is built somewhere, and the first year in which it draws from the grid."""

    plan: Plan
    first_year: int


def is_among_the_largest(effects: PriceEffects | None, changes_myen: Mapping[str, float], social_rate: float) -> bool:
    """Whether what others have more or less is among the three largest changes of all parties, at one rate.

    Ratepayers are not held against them: charges pass on to these users what the ledger of the campus gives those.
    """
    if effects is None:
        return False
    others = abs(effects.present_value_myen(social_rate))
    larger = sum(abs(change) > others for party, change in changes_myen.items() if party != RATEPAYERS)
    return others > 0.0 and larger < MOST_NAMED


def find_price_effects(
    before: Plan, after: Plan, base_year: int, first_year: int, charges: Ledger | None = None
) -> PriceEffects | None:
    """The effect of one plan less that of another; None where the campus is in no area of the market.

    `base_year` is that of present values, `first_year` the first of operation. `charges` is the change of the campus's
    ledger, whose payments to ratepayers are passed on; without it the ledger holds prices alone.
    """
    without, with_ = (Drawn(before, first_year),), (Drawn(after, first_year),)
    passed = None
    if charges is not None:
        flat = _loads(with_, synthetic_hours(load_catalogue()).start)
        passed = {flat[0].area: charges} if flat else {}
    return find_joint_effects(without, with_, base_year, passed)


def find_joint_effects(
    before: Sequence[Drawn], after: Sequence[Drawn], base_year: int, charges: Mapping[str, Ledger] | None = None
) -> PriceEffects | None:
    """The effect of all that one side draws together less that of another; None where neither draws in the market.

    What stands in no area of the market moves no price. The slope that was seen is a straight line, so that campuses
    add up and each counts from its own first year on; `yearly_myen` is with all of them. `charges` is by area the
    change of the ledgers there.
    """
    catalogue = load_catalogue()
    hours = synthetic_hours(catalogue)
    sides = [_loads(side, hours.start) for side in (before, after)]
    if not any(sides):
        return None
    users, years = find_users(catalogue, hours), round(catalogue.value("market.price_effect.years"))

    def changed(first_year: int | None = None, area: str | None = None) -> tuple[Array, Array]:
        """Loads `(hours, areas)` before and after: of those that begin in a year, or stand in an area, or of all."""
        chosen = [
            [one.load_mw for one in side if first_year in (None, one.first_year) and area in (None, one.area)]
            for side in sides
        ]
        without, with_ = (sum(loads, np.zeros(hours.demand_mw.shape)) for loads in chosen)
        return without, with_

    def priced(loads: tuple[Array, Array]) -> tuple[Array, Array, float]:
        found = []
        for load in loads:
            slope, bids = find_quick_impact(catalogue, hours, load).variants
            found.append((slope.others_pay_yen / YEN_PER_MYEN, bids.others_pay_yen / YEN_PER_MYEN))
        by_slope, by_bids = (with_ - without for without, with_ in zip(*found, strict=True))
        rent = seen_rent_thousand_yen(catalogue, hours, loads[1] - loads[0]) * YEN_PER_THOUSAND / YEN_PER_MYEN
        return by_slope, by_bids, rent * yearly(hours)

    yearly_myen, by_bids, rent = priced(changed())
    firsts = sorted({one.first_year for side in sides for one in side})
    entries: list[Entry] = []
    for first in firsts:
        own, _, own_rent = (yearly_myen, by_bids, rent) if len(firsts) == 1 else priced(changed(first))
        entries += _price_entries(own, own_rent, users, range(first, first + years))
    for area, change in (charges or {}).items():
        entries += pass_on(change, area, users)
        for first in firsts:
            without, with_ = changed(first, area)
            operated = range(first, max(change.years, default=first) + 1)
            if area in MARKET_AREAS and (without.any() or with_.any()):
                drawn = (with_ - without).sum(axis=1)
                entries += pass_capacity_on(catalogue, hours, drawn, area, users, operated)
    ledger = Ledger(tuple(sorted(entries, key=lambda entry: entry.year)), base_year, PARTIES_ELSEWHERE)
    return PriceEffects(yearly_myen, by_bids, ledger, years, rent)


@dataclass(frozen=True, slots=True, eq=False)
class _Load:
    area: str
    first_year: int
    load_mw: Array


def _loads(side: Sequence[Drawn], start: Times) -> list[_Load]:
    """What each draws, `(hours, areas)`, where and from when; without those in no area of the market."""
    found = []
    for one in side:
        try:
            asked = load_of_plan(one.plan, start)
        except ScenarioError:
            continue
        assert asked.flat_mw is not None
        found.append(_Load(MARKET_AREAS[int(np.argmax(asked.flat_mw))], one.first_year, asked.load_mw))
    return found


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
