"""A payment as one JSON object: what `--json` prints, and what the web pages and the HTML report read.

Present values are million yen at constant prices of the start year; balances and flows are what the party receives
less what it pays. Names and sentences stand beside the numbers in both languages.

Version 2 is one object. Version 1, as the command line printed it, kept what only the pages show apart under `screen`;
`renewed` makes it version 2.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypedDict

from kiban.finance.budget import FiscalYear
from kiban.finance.environment import Damage, DamageTerms
from kiban.finance.fiscal import FiscalViews
from kiban.finance.ledger import PARTIES, TREASURIES, Ledger
from kiban.finance.levelised import LevelisedCost
from kiban.finance.metrics import Returns
from kiban.finance.participation import EquityGain
from kiban.finance.payment import Estimate, LawChange, Payment, Side
from kiban.finance.public_funds import PublicFunds
from kiban.linear import Certificate
from kiban.planning.plan import ServedTranche
from kiban.quantities import LANGUAGES, Language
from kiban.report.names import Names, named, subject_name, unit_names
from kiban.report.payment.details import DetailDocument, payment_details
from kiban.report.payment.figures import (
    FundsAtRate,
    LedgerDocument,
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
from kiban.report.payment.findings import (
    LEAST_SHOWN_MYEN,
    capacity_changes,
    party_changes,
    party_name,
    payment_findings,
)
from kiban.report.payment.firmness import FirmnessDocument, firmness_document
from kiban.report.payment.fiscal import (
    BudgetDocument,
    IncidenceDocument,
    KeptDocument,
    StepDocument,
    bridge_documents,
    budget_document,
    incidence_document,
    kept_document,
    year_documents,
)
from kiban.report.payment.others import OthersDocument, others_document
from kiban.report.payment.outlook import (
    LargeLoadDocument,
    LeakageDocument,
    TimingDocument,
    large_load_document,
    leakage_document,
    timing_document,
)
from kiban.report.payment.remarks import list_conditions
from kiban.report.payment.words import (
    PAID_FOR_GOODS,
    answer,
    assumption_sentences,
    further_sentences,
    payment_heading,
    residual_sentence,
)
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.record import Fields
from kiban.scenario.package import Package

FORMAT = "kiban payment"
VERSION = 2
WITH_SCREEN = 1


# "with" is a word of the language, so that the keys are given in a call.
EnvironmentDocument = TypedDict(
    "EnvironmentDocument",
    {
        "without": Annotated[Fields, Damage],
        "with": Annotated[Fields, Damage],
        "damage_change_myen": float,
        "damage_of_a_tonne": Annotated[Fields, DamageTerms],
        "status": Literal["assumed"],
    },
)
"""Emissions and their damage, which no entry of the ledger pays for; present values."""


class SideDocument(TypedDict):
    """Design and returns of one side."""

    returns: Annotated[Fields, Returns]
    levelised: Annotated[Fields, LevelisedCost]
    capacities: dict[str, float]
    cooling_system: str
    cost_myen_per_year: float
    clean_share: float
    served_it_mw: float
    tranches: list[Annotated[Fields, ServedTranche]]
    credit_utilisation: dict[str, float]
    credit_utilisation_unsettled: float
    financed_share: float
    effective_tax_rates: dict[str, float | None]
    yen_per_million_tokens: dict[str, float]
    certificate: Annotated[Fields, Certificate] | None


class SupportedAsset(TypedDict):
    """How the support of one asset class splits."""

    asset: str
    label: Names
    windfall_myen: float
    induced_myen: float
    distortion_myen: float


class AccountDocument(TypedDict):
    """What one account of the ledger changes for a party."""

    account: str
    label: Names
    present_value_myen: float


class PartyDocument(TypedDict):
    """What a party gains; one that `delivers` is paid for it, so that more sales are no gain."""

    party: str
    label: Names
    rate: float
    public: bool
    delivers: bool
    present_value_myen: float
    """At its own rate."""
    at_social_rate_myen: float
    by_year_myen: list[float]
    accounts: list[AccountDocument]


class FlowDocument(TypedDict):
    """Present value of what goes from one party to another with the package, at one rate."""

    payer: str
    payer_label: Names
    payee: str
    payee_label: Names
    amount_myen: float


CapacityChange = TypedDict(
    "CapacityChange",
    {
        "name": str,
        "subject": str,
        "label": Names,
        "unit": str,
        "unit_text": Names,
        "without": float,
        "with": float,
    },
)
"""What is built without the package and with it."""


class LossDocument(TypedDict):
    """What the treasuries lose under one kind of support, over the draws."""

    kind: str
    label: Names
    expected_myen: float
    high_myen: float
    worst_myen: float
    default_probability: float


class PaymentDocument(TypedDict):
    """Everything of a payment; `downside` and `losses` are empty where what the treasuries may lose is not drawn.

    `details` has the tables of the command line; in a short document it is empty, and `kept_by`, `incidence`,
    `large_load`, `leakage` and `timing` are None.
    """

    format: str
    version: int
    name: str
    heading: Names
    title: Names
    against_title: Names
    packages: dict[Literal["with", "against"], list[str]]
    sentence: dict[Language, str]
    sentences: dict[Language, list[str]]
    assumptions: dict[Language, list[str]]
    residual: dict[Language, str]
    findings: dict[Language, dict[str, str]]
    fiscal_cost_myen: float
    treasury_value_myen: float
    risk_charge_myen: float
    induced_it_mw: float
    induced_range_mw: list[float] | None
    range: RangeDocument | None
    firmness: FirmnessDocument | None
    construction_jobs: float
    cost_per_induced_mw_myen: float | None
    owner: OwnerDocument
    participation: ParticipationDocument
    equity_gain: Annotated[Fields, EquityGain]
    social_rate: float
    value_of_public_funds: float | None
    value_of_public_funds_by_rate: list[FundsAtRate]
    value_without_risk_premium: float | None
    public_funds: Annotated[Fields, PublicFunds]
    law_change: Annotated[Fields, LawChange] | None
    conditions: list[dict[str, Any]]
    environment: EnvironmentDocument
    support: SupportDocument
    support_by_asset: list[SupportedAsset]
    parties: list[PartyDocument]
    years: list[int]
    flow_rate: float
    flows: list[FlowDocument]
    ledger: LedgerDocument
    others: OthersDocument | None
    finance: dict[SideName, SideDocument]
    bridge: list[StepDocument]
    by_fiscal_year: list[Annotated[Fields, FiscalYear]]
    budget: BudgetDocument
    kept_by: KeptDocument | None
    incidence: IncidenceDocument | None
    large_load: LargeLoadDocument | None
    leakage: LeakageDocument | None
    timing: TimingDocument | None
    details: dict[Language, list[DetailDocument]]
    capacities: list[CapacityChange]
    losses: list[LossDocument]
    draws: int
    downside: dict[str, Any] | None
    estimate: Annotated[Fields, Estimate] | None


def payment_document(payment: Payment, *, short: bool = False) -> PaymentDocument:
    """Everything of a payment in plain types; `short` without the tables in words and what they alone show."""
    rate = payment.shares.social_rate
    before, after = payment.before, payment.after
    fiscal = FiscalViews(payment)
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": after.plan.scenario.name,
        "heading": {"en": payment_heading(payment, "en"), "ja": payment_heading(payment, "ja")},
        "title": _title(after.packages),
        "against_title": _title(before.packages),
        "packages": {
            "with": [package.name for package in after.packages],
            "against": [package.name for package in before.packages],
        },
        "sentence": {language: answer(payment, language) for language in LANGUAGES},
        "sentences": {language: list(further_sentences(payment, language)) for language in LANGUAGES},
        "assumptions": {language: list(assumption_sentences(payment, language)) for language in LANGUAGES},
        "residual": {language: residual_sentence(payment, language) for language in LANGUAGES},
        "findings": {language: payment_findings(payment, language) for language in LANGUAGES},
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "treasury_value_myen": payment.treasury_value_myen,
        "risk_charge_myen": payment.risk_charge_myen,
        "induced_it_mw": payment.induced_it_mw,
        "induced_range_mw": induced_range(payment),
        "range": range_document(payment),
        "firmness": firmness_document(payment),
        "construction_jobs": payment.construction_jobs,
        "cost_per_induced_mw_myen": payment.cost_per_induced_mw_myen,
        "owner": owner_document(payment),
        "participation": participation_document(payment),
        "equity_gain": dataclasses.asdict(payment.equity_gain),
        "social_rate": rate,
        "value_of_public_funds": payment.value_of_public_funds,
        "value_of_public_funds_by_rate": funds_by_rate(payment),
        "value_without_risk_premium": payment.public_funds.value_without_risk_premium,
        "public_funds": dataclasses.asdict(payment.public_funds),
        "law_change": dataclasses.asdict(payment.law_change) if payment.law_change is not None else None,
        "conditions": list_conditions(payment),
        "environment": _environment(payment),
        "support": support_document(payment),
        "support_by_asset": _support_by_asset(payment),
        "parties": _parties(payment),
        "years": list(payment.incidence.years),
        "flow_rate": rate,
        "flows": _flows(after.ledger, rate),
        "ledger": ledger_document(payment),
        "others": others_document(payment),
        "finance": {"without": _side(before), "with": _side(after)},
        "bridge": bridge_documents(fiscal.bridge),
        "by_fiscal_year": year_documents(fiscal.budget),
        "budget": budget_document(fiscal.budget),
        "kept_by": None if short else kept_document(fiscal.kept_by),
        "incidence": None if short else incidence_document(fiscal.incidence),
        "large_load": None if short else large_load_document(fiscal.large_load),
        "leakage": None if short else leakage_document(fiscal.leakage),
        "timing": None if short else timing_document(fiscal.timing),
        "details": {language: [] if short else payment_details(fiscal, language) for language in LANGUAGES},
        "capacities": _capacities(payment),
        "losses": _losses(payment),
        "draws": payment.downside["draws"] if payment.downside is not None else 0,
        "downside": dict(payment.downside) if payment.downside is not None else None,
        "estimate": dataclasses.asdict(payment.estimate) if payment.estimate is not None else None,
    }


def renewed(saved: Mapping[str, Any]) -> dict[str, Any]:
    """What an older kiban printed of a payment as this one would; KeyError where it is none."""
    if saved["version"] != WITH_SCREEN:
        return dict(saved)
    screen = saved["screen"]
    kept = ("title", "against_title", "parties", "years", "flow_rate", "flows", "capacities", "losses")
    return {
        **{name: content for name, content in saved.items() if name != "screen"},
        **{name: screen[name] for name in kept},
        "version": VERSION,
        "support_by_asset": screen["support"]["assets"],
        "residual": {language: said["residual"] for language, said in screen["sentences"].items()},
        "findings": {language: said["findings"] for language, said in screen["sentences"].items()},
        "draws": saved["downside"]["draws"] if saved["downside"] else 0,
    }


def _side(side: Side) -> SideDocument:
    return {
        "returns": dataclasses.asdict(side.returns),
        "levelised": dataclasses.asdict(side.levelised),
        "capacities": dict(side.plan.capacities),
        "cooling_system": side.plan.cooling_system,
        "cost_myen_per_year": side.plan.cost_myen_per_year,
        "clean_share": side.plan.indicators["clean_share"],
        "served_it_mw": side.served_mw,
        "tranches": [dataclasses.asdict(tranche) for tranche in side.plan.tranches],
        "credit_utilisation": dict(side.credit_utilisation),
        "credit_utilisation_unsettled": side.unsettled,
        "financed_share": side.financed_share,
        "effective_tax_rates": dict(side.effective_tax_rates),
        "yen_per_million_tokens": dict(side.token_costs),
        "certificate": dataclasses.asdict(side.plan.certificate) if side.plan.certificate else None,
    }


def _environment(payment: Payment) -> EnvironmentDocument:
    before, after = payment.before.damage, payment.after.damage
    assert before is not None and after is not None
    return {
        "without": dataclasses.asdict(before),
        "with": dataclasses.asdict(after),
        "damage_change_myen": payment.damage_myen,
        "damage_of_a_tonne": dataclasses.asdict(payment.damage_terms),
        "status": "assumed",
    }


def _title(packages: Iterable[Package]) -> Names:
    titles = [(package.title_en or package.name, package.title_ja or package.name) for package in packages]
    return {"en": " + ".join(english for english, _ in titles), "ja": " + ".join(japanese for _, japanese in titles)}


def _support_by_asset(payment: Payment) -> list[SupportedAsset]:
    assets: dict[str, SupportedAsset] = {}
    for item in payment.support.assets:
        row = assets.setdefault(
            item.asset,
            {
                "asset": item.asset,
                "label": named(subject_name, item.asset),
                "windfall_myen": 0.0,
                "induced_myen": 0.0,
                "distortion_myen": 0.0,
            },
        )
        row["windfall_myen"] += item.windfall_myen
        row["induced_myen"] += item.induced_myen
        row["distortion_myen"] += item.distortion_myen
    return [row for row in assets.values() if row["windfall_myen"] or row["induced_myen"] or row["distortion_myen"]]


def account_name(account: str, language: Language) -> str:
    """Name of an account of the ledger."""
    return phrase_or(f"pay.account.{account}", language, account.replace("_", " "))


def _parties(payment: Payment) -> list[PartyDocument]:
    rates, ledger, changes = payment.shares.party_rates, payment.incidence, party_changes(payment)
    social = payment.changes_at_social_rate_myen
    return [
        {
            "party": party,
            "label": named(party_name, party),
            "rate": rates[party],
            "public": party in TREASURIES,
            "delivers": party in PAID_FOR_GOODS,
            "present_value_myen": changes[party],
            "at_social_rate_myen": social[party],
            "by_year_myen": [ledger.balances[party][year] for year in ledger.years],
            "accounts": _accounts(ledger, party, rates[party]),
        }
        for party in PARTIES
    ]


def _accounts(ledger: Ledger, party: str, rate: float) -> list[AccountDocument]:
    """What each account changes for a party, the largest first."""
    accounts = sorted({entry.account for entry in ledger.entries if party in {entry.payer, entry.payee}})
    values = {name: ledger.present_value(party, rate, accounts=frozenset({name})) for name in accounts}
    shown = sorted(values.items(), key=lambda item: -abs(item[1]))
    return [
        {"account": name, "label": named(account_name, name), "present_value_myen": value}
        for name, value in shown
        if abs(value) > LEAST_SHOWN_MYEN
    ]


def _flows(ledger: Ledger, rate: float) -> list[FlowDocument]:
    """The flows that are not negligible, the largest first."""
    if not ledger.entries:
        return []
    flows = sorted(ledger.flows(rate).items(), key=lambda item: -item[1])
    return [
        {
            "payer": payer,
            "payer_label": named(party_name, payer),
            "payee": payee,
            "payee_label": named(party_name, payee),
            "amount_myen": amount,
        }
        for (payer, payee), amount in flows
        if amount > LEAST_SHOWN_MYEN
    ]


def _capacities(payment: Payment) -> list[CapacityChange]:
    return [
        {
            "name": item.name,
            "subject": item.subject,
            "label": named(subject_name, item.subject),
            "unit": item.unit,
            "unit_text": unit_names(item.unit),
            "without": without,
            "with": policy,
        }
        for item, without, policy in capacity_changes(payment)
    ]


def _losses(payment: Payment) -> list[LossDocument]:
    """What the treasuries lose under each kind of support; empty where nothing was drawn."""
    cases = payment.downside["cases"] if payment.downside is not None else {}
    return [
        {
            "kind": kind,
            "label": {"en": phrase(f"pay.kind.{kind}", "en"), "ja": phrase(f"pay.kind.{kind}", "ja")},
            "expected_myen": case["expected_myen"],
            "high_myen": case["percentile_95_myen"],
            "worst_myen": case["worst_myen"],
            "default_probability": case["default_probability"],
        }
        for kind, case in cases.items()
    ]
