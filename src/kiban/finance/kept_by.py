"""Who in Japan keeps what a campus and a package change: treasury, prefecture, and town after the allocation tax.

The ledger pays all tax on assets to the municipality and shares tax on income by law. `local_tax` moves from there
what the prefecture levies of large assets, and what the national treasury saves on grants. Nothing is made or lost: the
three add up to the same as in the ledger, in every year. Present values are million yen at the social rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue, load_catalogue
from kiban.finance.cash_flow import CashFlow
from kiban.finance.ledger import REGION, TREASURIES
from kiban.finance.local_tax import (
    KeptTax,
    LocalTax,
    Municipality,
    keep_tax,
    read_local_rules,
    read_municipality,
)
from kiban.finance.payment import Payment, Side
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
    value_myen: Mapping[str, float]
    """Whole value of the campus to each of the three, after these rules."""


@dataclass(frozen=True, slots=True)
class KeptBy:
    """Change of the three by a package, before and after the rules, and both sides behind it."""

    place: Municipality
    counted_share: float
    """Share of standard tax that a grant takes."""
    before_rules_myen: Mapping[str, float]
    """Change as the ledger has it."""
    change_myen: Mapping[str, float]
    without: SideKept
    with_package: SideKept


def keep_change(payment: Payment) -> KeptBy | None:
    """Who keeps what a package changes; None where a law is not Japan's or the place is not of the catalogue."""
    plan = payment.after.plan
    catalogue = catalogue_of(plan)
    place = read_municipality(catalogue, plan.scenario.site.id)
    laws = {side.terms.tax.jurisdiction for side in (payment.before, payment.after)}
    if place is None or plan.scenario.finance.cost_set != JAPAN or laws != {JAPAN}:
        return None
    rate = payment.shares.social_rate
    before, after = (keep_side(side, place, catalogue, rate) for side in (payment.before, payment.after))
    return KeptBy(
        place=place,
        counted_share=read_local_rules(catalogue).counted_share,
        before_rules_myen={party: payment.incidence.present_value(party, rate) for party in TREASURIES},
        change_myen={party: after.value_myen[party] - before.value_myen[party] for party in TREASURIES},
        without=before,
        with_package=after,
    )


def catalogue_of(plan: Plan) -> Catalogue:
    """The catalogue with what the plan's scenario says otherwise."""
    assumptions = plan.scenario.assumptions
    return load_catalogue().overridden(assumptions) if assumptions else load_catalogue()


def keep_side(side: Side, place: Municipality, catalogue: Catalogue, rate: float) -> SideKept:
    """The local tax of one side and where it stays, at a real rate."""
    cash = side.cash
    level = cash.price_level
    found = keep_tax(tax_of(cash, side.packages), place, read_local_rules(catalogue), level)

    ages = np.asarray(cash.years - min(side.ledger.years), dtype=float)

    def present(nominal: Array) -> float:
        return float((nominal / level) @ (1.0 + rate) ** -ages)

    less = {party: present(found.less_grant[party]) for party in REGION}
    paid = sum(present(found.paid[party]) for party in REGION)
    kept = {TREASURY: sum(less.values()), **{party: present(found.kept(party)) for party in REGION}}
    moved = _moved(found)
    return SideKept(
        local_tax_myen=paid,
        to_prefecture_myen=present(found.to_prefecture),
        less_grant_myen=less,
        kept_myen=kept,
        value_myen={party: side.ledger.present_value(party, rate) + present(moved[party]) for party in TREASURIES},
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
