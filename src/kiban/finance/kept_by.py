"""Who in Japan keeps what a campus and a package change: treasury, prefecture, and town after the allocation tax.

The ledger pays all tax on assets to the municipality and shares tax on income by law. `local_tax` moves from there
what the prefecture levies of large assets, and what the national treasury saves on grants. Nothing is made or lost: the
three add up to the same as in the ledger, in every year. Present values are million yen at the social rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.catalogue import Catalogue, load_catalogue
from kiban.finance.campus import Campus
from kiban.finance.cash_flow import CashFlow
from kiban.finance.ledger import REGION, TREASURIES
from kiban.finance.local_tax import (
    KeptTax,
    LocalTax,
    Municipality,
    join_taxes,
    keep_tax,
    read_local_rules,
    read_municipality,
)
from kiban.finance.national_payment import AnyPayment
from kiban.finance.national_side import join_ledgers
from kiban.planning.plan import Plan
from kiban.scenario.package import Package

JAPAN = "japan"
TREASURY, PREFECTURE, MUNICIPALITY = TREASURIES
BUILDING = "building"


@dataclass(frozen=True, slots=True)
class SideKept:
    """One side: local tax of the campus and where it stays, present values in million yen."""

    local_tax_myen: float
    """What the campus pays to town and prefecture, on assets and on income."""
    to_prefecture_myen: float
    """Of it, tax on assets that the prefecture and not the town levies."""
    less_grant_myen: Mapping[str, float]
    """What the grants of `prefecture` and `municipality` fall by."""
    kept_myen: Mapping[str, float]
    """What of the local tax stays with each of the three."""
    ledger_myen: Mapping[str, float]
    """Whole value of the campus to each of the three, as the ledger has it."""
    value_myen: Mapping[str, float]
    """The same after these rules."""


@dataclass(frozen=True, slots=True)
class PlaceKept:
    """Change of the three by a package at one municipality, before and after the rules, and both sides behind it."""

    place: Municipality
    before_rules_myen: Mapping[str, float]
    """Change as the ledger has it."""
    change_myen: Mapping[str, float]
    without: SideKept
    with_package: SideKept


@dataclass(frozen=True, slots=True)
class KeptBy:
    """Change of the three by a package, of all municipalities together and of each."""

    places: tuple[PlaceKept, ...]
    counted_share: float
    """Share of standard tax that a grant takes."""

    @property
    def before_rules_myen(self) -> Mapping[str, float]:
        """Change as the ledger has it."""
        return {party: sum(one.before_rules_myen[party] for one in self.places) for party in TREASURIES}

    @property
    def change_myen(self) -> Mapping[str, float]:
        """Change after the rules."""
        return {party: sum(one.change_myen[party] for one in self.places) for party in TREASURIES}


def keep_change(payment: AnyPayment) -> KeptBy | None:
    """Who keeps what a package changes; None where a law is not Japan's or a place is not of the catalogue."""
    catalogue, rules = catalogue_of(payment), read_local_rules(catalogue_of(payment))
    sides = (payment.before, payment.after)
    by_place = [_by_place(side.campuses) for side in sides]
    places = {site: read_municipality(catalogue, site) for site in dict.fromkeys((*by_place[0], *by_place[1]))}
    plans = [campus.plan for side in sides for campus in side.campuses]
    laws = {side.terms.tax.jurisdiction for side in sides}
    japanese = all(plan.scenario.finance.cost_set == JAPAN for plan in plans) and laws == {JAPAN}
    if None in places.values() or not japanese:
        return None
    rate, base = payment.shares.social_rate, payment.after.ledger.base_year
    found = []
    for site, place in places.items():
        assert place is not None
        before, after = (
            keep_side(own.get(site, ()), side.packages, place, catalogue, rate, base)
            for own, side in zip(by_place, sides, strict=True)
        )
        found.append(
            PlaceKept(
                place=place,
                before_rules_myen={p: after.ledger_myen[p] - before.ledger_myen[p] for p in TREASURIES},
                change_myen={p: after.value_myen[p] - before.value_myen[p] for p in TREASURIES},
                without=before,
                with_package=after,
            )
        )
    return KeptBy(tuple(found), rules.counted_share)


def _by_place(campuses: Iterable[Campus]) -> dict[str | None, list[Campus]]:
    """Campuses by the site of the catalogue where they stand."""
    found: dict[str | None, list[Campus]] = {}
    for campus in campuses:
        found.setdefault(campus.plan.scenario.site.id, []).append(campus)
    return found


def catalogue_of(payment: AnyPayment) -> Catalogue:
    """The catalogue with what the scenario of a payment says otherwise."""
    return catalogue_for(payment.after.campuses[0].plan)


def catalogue_for(plan: Plan) -> Catalogue:
    """The catalogue with what the plan's scenario says otherwise."""
    assumptions = plan.scenario.assumptions
    return load_catalogue().overridden(assumptions) if assumptions else load_catalogue()


def keep_side(
    campuses: Sequence[Campus],
    packages: tuple[Package, ...],
    place: Municipality,
    catalogue: Catalogue,
    rate: float,
    base_year: int | None,
) -> SideKept:
    """The local tax of the campuses of one side at a municipality, and where it stays.

    Present values at a real rate in a year, that of the first spade where None.
    """
    if not campuses:
        nothing = dict.fromkeys(TREASURIES, 0.0)
        return SideKept(0.0, 0.0, dict.fromkeys(REGION, 0.0), nothing, nothing, nothing)
    cashes = [campus.cash for campus in campuses]
    years = np.arange(min(cash.years[0] for cash in cashes), max(cash.years[-1] for cash in cashes) + 1)
    first = int(years[0]) if base_year is None else base_year
    level = (1.0 + cashes[0].assumptions.inflation) ** (years - first)
    ledger = join_ledgers([campus.ledger for campus in campuses], first)
    taxes = [_over(tax_of(cash, packages), cash, years) for cash in cashes]
    found = keep_tax(join_taxes(taxes), place, read_local_rules(catalogue), level)
    discount = (1.0 + rate) ** -np.asarray(years - first, dtype=float)

    def present(nominal: Array) -> float:
        return float((nominal / level) @ discount)

    less = {party: present(found.less_grant[party]) for party in REGION}
    paid = sum(present(found.paid[party]) for party in REGION)
    kept = {TREASURY: sum(less.values()), **{party: present(found.kept(party)) for party in REGION}}
    moved, own = _moved(found), {party: ledger.present_value(party, rate) for party in TREASURIES}
    return SideKept(
        local_tax_myen=paid,
        to_prefecture_myen=present(found.to_prefecture),
        less_grant_myen=less,
        kept_myen=kept,
        ledger_myen=own,
        value_myen={party: own[party] + present(moved[party]) for party in TREASURIES},
    )


def _over(tax: LocalTax, cash: CashFlow, years: npt.NDArray[np.int64]) -> LocalTax:
    """The local tax of a cash flow over the years of several."""
    ends = (int(cash.years[0] - years[0]), int(years[-1] - cash.years[-1]))

    def padded(flow: Array) -> Array:
        return np.pad(flow, ends)

    return LocalTax(
        padded(tax.on_assets),
        padded(tax.on_buildings),
        padded(tax.spared),
        {party: padded(flow) for party, flow in tax.income.items()},
        tax.asset_rate,
        tax.first + ends[0],
    )


def tax_of(cash: CashFlow, packages: tuple[Package, ...]) -> LocalTax:
    """The local tax in a cash flow, by year."""
    classes = {asset.name: asset.asset for asset in cash.project.assets}
    years = len(cash.years)
    terms = cash.project.policy.assets

    def total(flows: Mapping[str, Array], *, buildings: bool) -> Array:
        chosen = [flow for name, flow in flows.items() if (classes[name] == BUILDING) is buildings]
        return np.array(np.broadcast_to(sum(chosen, np.zeros(years)), (years,)))

    rates = [due.rate for name in cash.property_tax if (due := terms[classes[name]].property_tax) is not None]
    own = any(
        one.kind == "property_tax_relief" and one.law is None for package in packages for one in package.instrument
    )
    # What the state makes good is no loss of the town's: it is counted neither way.
    spared = sum((flow - cash.state_refunds[name] for name, flow in cash.property_tax_relief.items()), np.zeros(years))
    income = np.broadcast_to(cash.tax.before_credits, (years,))
    return LocalTax(
        on_assets=total(cash.property_tax, buildings=False),
        on_buildings=total(cash.property_tax, buildings=True),
        spared=np.broadcast_to(spared, (years,)) * float(own),
        income={
            party: cash.project.policy.tax.shares.get(party, 0.0) * income + _other_tax(cash, party) for party in REGION
        },
        asset_rate=max(rates, default=0.0),
        first=cash.start + 1,
    )


def _other_tax(cash: CashFlow, party: str) -> Array:
    """Tax on purchases and on size that a party receives."""
    paid = sum((tax.amount_myen for tax in cash.purchase_taxes if tax.payee == party), np.zeros(len(cash.years)))
    levy = cash.project.policy.tax.size_levy
    return np.asarray(paid + (cash.size_levy if levy is not None and levy.payee == party else 0.0))


def _moved(found: KeptTax) -> dict[str, Array]:
    """What the rules move to each of the three from what the ledger says; sums to nothing in each year."""
    less = found.less_grant
    return {
        TREASURY: less[PREFECTURE] + less[MUNICIPALITY],
        PREFECTURE: found.to_prefecture - less[PREFECTURE],
        MUNICIPALITY: -found.to_prefecture - less[MUNICIPALITY],
    }
