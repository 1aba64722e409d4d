"""Who pays for a package in a national plan as one JSON object: what `--json` prints.

Money is million yen, present values are those of the start year; see `finance.national_payment.NationalPayment`.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, TypedDict

from kiban.finance.budget import FiscalYear
from kiban.finance.campus import Campus
from kiban.finance.fiscal import PublicViews
from kiban.finance.levelised import LevelisedCost
from kiban.finance.metrics import Returns
from kiban.finance.national_payment import NationalPayment, Region
from kiban.finance.national_side import NationalSide
from kiban.finance.participation import EquityGain
from kiban.quantities import LANGUAGES, Language
from kiban.report.national.payment_words import basis_sentences, place_sentences
from kiban.report.payment.figures import (
    FundsAtRate,
    LedgerDocument,
    LedgerName,
    OwnerDocument,
    ParticipationDocument,
    RangeDocument,
    SideName,
    SupportDocument,
    funds_by_rate,
    induced_range,
    ledger_document,
    owner_document,
    participation_document,
    range_document,
    support_document,
)
from kiban.report.payment.fiscal import (
    BudgetDocument,
    IncidenceDocument,
    NationalKeptDocument,
    StepDocument,
    bridge_documents,
    budget_document,
    incidence_document,
    national_kept_document,
    year_documents,
)
from kiban.report.payment.others import OthersDocument, others_document
from kiban.report.payment.words import answer, further_sentences
from kiban.report.plan.record import Fields

FORMAT = "kiban national payment"
VERSION = 1


class RegionalBalances(TypedDict):
    """Present values of every party in a region, and its balances by year with the package."""

    present_values_myen: dict[LedgerName, dict[str, float]]
    by_party: dict[str, dict[str, float]]


class NationalLedgerDocument(LedgerDocument):
    """The ledger, with the place of every entry, and the parties by region."""

    by_area: dict[str, RegionalBalances]
    by_prefecture: dict[str, RegionalBalances]


class RegionDocument(TypedDict):
    """What a package changes in one grid area or prefecture; see `Region`."""

    name: str
    without_it_mw: float
    with_it_mw: float
    induced_it_mw: float
    induced_range_mw: list[float] | None
    moved_it_mw: float
    support_myen: float
    distortion_myen: float
    fiscal_cost_myen: float
    local_public_myen: float
    ratepayers_myen: float
    construction_jobs: list[float] | None
    value_added_myen: list[float] | None


class PlaceOfCampus(TypedDict):
    """Where a campus stands; None for a site that is chosen on neither side."""

    site: str | None
    area: str | None
    prefecture: str | None


class VintageDocument(TypedDict):
    """What is built at a site in one phase of a study with phases, with the package; money at prices of the base year.

    It is ordered in `order_year`, in service from the end of `service_year`, and runs on hired supply for
    `waiting_years` after that.
    """

    name: str
    order_year: int
    service_year: int
    waiting_years: int
    it_mw: float
    investment_myen: float
    debt_myen: float
    fiscal_cost_myen: float
    support_myen: float
    returns: Annotated[Fields, Returns]


class PaidSiteDocument(PlaceOfCampus):
    """What a package changes at one site."""

    id: str
    without_it_mw: float
    with_it_mw: float
    forced_it_mw: float
    moved_it_mw: float
    fiscal_cost_myen: float
    support_myen: float
    capacities: dict[str, float]
    returns: Annotated[Fields, Returns] | None
    """None where nothing is built, or in several phases, each of which has its own."""
    vintages: list[VintageDocument]


class NationalSideDocument(TypedDict):
    """All campuses of one side together."""

    equity_irr: float | None
    levelised: Annotated[Fields, LevelisedCost]
    debt_myen: float
    cost_myen_per_year: float
    clean_share: float
    served_mw: dict[str, float]
    bound_myen_per_year: float
    net_cost_myen_per_year: float
    relative_gap: float
    credit_utilisation: dict[str, dict[str, float]]


class RefusedInstrument(TypedDict):
    """An instrument of a package that does not apply at some sites, and the kind of condition that fails."""

    package: str
    instrument: int
    condition: str
    sites: list[str]


class NationalPaymentDocument(TypedDict):
    """Everything of a national payment."""

    format: str
    version: int
    name: str
    sentence: dict[Language, str]
    sentences: dict[Language, list[str]]
    assumptions: dict[Language, list[str]]
    packages: dict[Literal["with", "against"], list[str]]
    fiscal_cost_myen: float
    treasury_value_myen: float
    induced_it_mw: float
    induced_range_mw: list[float] | None
    range: RangeDocument | None
    moved_it_mw: float
    least_moved_it_mw: float
    damage_myen: float
    construction_jobs: float
    cost_per_induced_mw_myen: float | None
    owner: OwnerDocument
    participation: ParticipationDocument
    equity_gain: Annotated[Fields, EquityGain]
    social_rate: float
    value_of_public_funds: float | None
    value_of_public_funds_by_rate: list[FundsAtRate]
    value_without_risk_premium: float | None
    support: SupportDocument
    ledger: NationalLedgerDocument
    areas: list[RegionDocument]
    prefectures: list[RegionDocument]
    sites: list[PaidSiteDocument]
    finance: dict[SideName, NationalSideDocument]
    bridge: list[StepDocument]
    by_fiscal_year: list[Annotated[Fields, FiscalYear]]
    budget: BudgetDocument
    kept_by: NationalKeptDocument | None
    incidence: IncidenceDocument | None
    refused: list[RefusedInstrument]
    others: OthersDocument | None
    downside: dict[str, Any] | None
    known_induced_mw: dict[str, list[float]]
    """By curve of further demand, the range that holds what is served of it, given the sites."""
    solves: int


def national_payment_document(payment: NationalPayment) -> NationalPaymentDocument:
    """Everything of a national payment in plain types."""
    views = PublicViews(payment)
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": payment.before.problem.study.national.name,
        "sentence": {language: answer(payment, language) for language in LANGUAGES},
        "sentences": {
            language: [*further_sentences(payment, language), *place_sentences(payment, language)]
            for language in LANGUAGES
        },
        "assumptions": {language: list(basis_sentences(payment, language)) for language in LANGUAGES},
        "packages": {
            "with": [package.name for package in payment.after.packages],
            "against": [package.name for package in payment.before.packages],
        },
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "treasury_value_myen": payment.treasury_value_myen,
        "induced_it_mw": payment.induced_it_mw,
        "induced_range_mw": induced_range(payment),
        "range": range_document(payment),
        "moved_it_mw": payment.moved_mw,
        "least_moved_it_mw": payment.least_moved_mw,
        "damage_myen": payment.damage_myen,
        "construction_jobs": payment.construction_jobs,
        "cost_per_induced_mw_myen": payment.cost_per_induced_mw_myen,
        "owner": owner_document(payment),
        "participation": participation_document(payment),
        "equity_gain": dataclasses.asdict(payment.equity_gain),
        "social_rate": payment.shares.social_rate,
        "value_of_public_funds": payment.value_of_public_funds,
        "value_of_public_funds_by_rate": funds_by_rate(payment),
        "value_without_risk_premium": payment.public_funds.value_without_risk_premium,
        "support": support_document(payment),
        "ledger": _ledger(payment),
        "areas": [_region(region) for region in payment.areas],
        "prefectures": [_region(region) for region in payment.prefectures],
        "sites": _sites(payment),
        "finance": {"without": _side(payment.before), "with": _side(payment.after)},
        "bridge": bridge_documents(views.bridge),
        "by_fiscal_year": year_documents(views.budget),
        "budget": budget_document(views.budget),
        "kept_by": national_kept_document(views.kept_by),
        "incidence": incidence_document(views.incidence),
        "refused": [
            {"package": package, "instrument": number, "condition": kind, "sites": list(sites)}
            for (package, number, kind), sites in payment.after.refused.items()
        ],
        "others": others_document(payment),
        "downside": None if payment.downside is None else dict(payment.downside),
        "known_induced_mw": {name: list(ends) for name, ends in payment.after.known_mw.items()},
        "solves": payment.solves,
    }


def _ledger(payment: NationalPayment) -> NationalLedgerDocument:
    """The ledger of one campus's payment, with every entry at its place and the parties by region."""
    entries = [
        dataclasses.asdict(entry) | place
        for campus in payment.after.campuses
        for place in (_place(payment, campus),)
        for entry in campus.ledger.entries
    ]
    return {
        **ledger_document(payment),
        "by_area": {region.name: _balances(payment, region, "area") for region in payment.areas},
        "by_prefecture": {region.name: _balances(payment, region, "prefecture") for region in payment.prefectures},
        "entries": sorted(entries, key=lambda entry: entry["year"]),
    }


def _place(payment: NationalPayment, campus: Campus | None) -> PlaceOfCampus:
    if campus is None:
        return {"site": None, "area": None, "prefecture": None}
    area = next(candidate.area for candidate in payment.candidates if candidate.id == campus.site)
    return {"site": campus.site, "area": area, "prefecture": campus.prefecture}


def _balances(payment: NationalPayment, region: Region, kind: Literal["area", "prefecture"]) -> RegionalBalances:
    """Present values of every party in a region, and its balances by year with the package."""
    total: dict[str, dict[str, float]] = {}
    for campus in payment.after.campuses:
        if (_place(payment, campus)[kind] or "") != region.name:
            continue
        for party, by_year in campus.ledger.balances.items():
            known = total.setdefault(party, {})
            for year, amount in by_year.items():
                known[str(year)] = round(known.get(str(year), 0.0) + amount, 6)
    return {
        "present_values_myen": {
            "without": dict(region.without_myen),
            "with": dict(region.with_myen),
            "change": dict(region.change_myen),
        },
        "by_party": total,
    }


def _region(region: Region) -> RegionDocument:
    return {
        "name": region.name,
        "without_it_mw": region.without_mw,
        "with_it_mw": region.with_mw,
        "induced_it_mw": region.induced_mw,
        "induced_range_mw": None if region.induced_range_mw is None else list(region.induced_range_mw),
        "moved_it_mw": region.moved_mw,
        "support_myen": region.support_myen,
        "distortion_myen": region.distortion_myen,
        "fiscal_cost_myen": region.fiscal_cost_myen,
        "local_public_myen": region.local_public_myen,
        "ratepayers_myen": region.change_myen["ratepayers"],
        "construction_jobs": None if region.jobs is None else list(region.jobs),
        "value_added_myen": None if region.value_added_myen is None else list(region.value_added_myen),
    }


def _sites(payment: NationalPayment) -> list[PaidSiteDocument]:
    before, after = _by_site(payment.before), _by_site(payment.after)
    found: list[PaidSiteDocument] = []
    for site in dict.fromkeys([*before, *after, *payment.forced_mw]):
        own = after.get(site, [])
        campus = next(iter([*own, *before.get(site, [])]), None)
        found.append(
            {
                "id": site,
                **_place(payment, campus),
                "without_it_mw": payment.before.loads.get(site, 0.0),
                "with_it_mw": payment.after.loads.get(site, 0.0),
                "forced_it_mw": payment.forced_mw.get(site, 0.0),
                "moved_it_mw": payment.moved_by_site_mw.get(site, 0.0),
                "fiscal_cost_myen": payment.fiscal_cost_at(site),
                "support_myen": payment.support_at(site),
                "capacities": _capacities(own),
                "returns": dataclasses.asdict(own[0].returns) if len(own) == 1 else None,
                "vintages": [_vintage(payment, one) for one in own] if payment.after.problem.phases > 1 else [],
            }
        )
    return found


def _by_site(side: NationalSide) -> dict[str, list[Campus]]:
    found: dict[str, list[Campus]] = {}
    for campus in side.campuses:
        found.setdefault(campus.site, []).append(campus)
    return found


def _capacities(campuses: list[Campus]) -> dict[str, float]:
    total: dict[str, float] = {}
    for campus in campuses:
        for name, value in campus.plan.capacities.items():
            total[name] = total[name] + value if name in total else value
    return total


def _vintage(payment: NationalPayment, campus: Campus) -> VintageDocument:
    project, cash = campus.project, campus.cash
    return {
        "name": campus.name,
        "order_year": project.start_year,
        "service_year": project.start_year + cash.start,
        "waiting_years": project.waiting_years,
        "it_mw": campus.it_mw,
        "investment_myen": sum(asset.capex_myen for asset in project.assets),
        "debt_myen": campus.returns.debt_myen,
        "fiscal_cost_myen": payment.fiscal_costs_myen[campus.name],
        "support_myen": payment.supports[campus.name].total_myen,
        "returns": dataclasses.asdict(campus.returns),
    }


def _side(side: NationalSide) -> NationalSideDocument:
    return {
        "equity_irr": side.equity_return,
        "levelised": dataclasses.asdict(side.levelised),
        "debt_myen": side.debt_myen,
        "cost_myen_per_year": side.cost_myen_per_year,
        "clean_share": side.clean_share,
        "served_mw": dict(side.served_mw),
        "bound_myen_per_year": side.bound_myen,
        "net_cost_myen_per_year": side.found.cost_myen,
        "relative_gap": side.relative_gap,
        "credit_utilisation": {site: dict(shares) for site, shares in side.credit_utilisation.items()},
    }
