"""Numbers of a payment in plain types that one campus and the country share: support, ledger, and instruments.

Money is million yen; present values are those of the start year: a party's at its own rate, and what adds several
parties at the social rate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, cast

from kiban.finance.additionality import AssetSupport
from kiban.finance.compared import ComparedInstrument, InstrumentRow
from kiban.finance.ledger import Ledger
from kiban.finance.national_payment import AnyPayment
from kiban.report.names import Names
from kiban.report.phrases import phrase

SideName = Literal["without", "with"]
LedgerName = Literal["without", "with", "change"]


class AssetDocument(TypedDict):
    """Support of one asset, per unit of capacity and in all; see `AssetSupport`."""

    capacity: str
    asset: str
    unit: str
    quantity_without: float
    quantity_with: float
    quantity_forced: float
    support_per_unit_myen: float
    windfall_myen: float
    induced_myen: float
    distortion_myen: float
    total_myen: float


class SupportDocument(TypedDict):
    """How the support splits, in all and by asset."""

    total_myen: float
    windfall_myen: float
    induced_myen: float
    distortion_myen: float
    windfall_share: float
    assets: list[AssetDocument]


class LedgerFlow(TypedDict):
    """Present value of what goes from one party to another, at the social rate."""

    payer: str
    payee: str
    myen: float


class LedgerDocument(TypedDict):
    """Balances by party and year, present values, and flows: without the package, with it, and the change."""

    residual_yen: float
    years: list[int]
    present_values_myen: dict[LedgerName, dict[str, float]]
    by_party: dict[LedgerName, dict[str, dict[str, float]]]
    flows: dict[LedgerName, list[LedgerFlow]]
    entries: list[dict[str, Any]]


class FundsAtRate(TypedDict):
    """Marginal value of public funds at one real rate for all parties; None where nothing is spent net."""

    rate: float
    value: float | None


class OwnerDocument(TypedDict):
    """Who owns the campus: tax a year on other income, and losses from before the first spade, million yen."""

    type: str
    label: Names
    other_tax_myen: float
    opening_loss_myen: float


class EndsDocument(TypedDict):
    """Lowest and highest value of a figure."""

    low: float
    high: float


class RangeDocument(TypedDict):
    """Figures over what is assumed of demand, each assumption alone (elasticity, share of a fall passed on)."""

    fiscal_cost_myen: EndsDocument
    windfall_share: EndsDocument
    induced_it_mw: EndsDocument
    induced_share: EndsDocument | None


class ParticipationDocument(TypedDict):
    """Returns of equity that are asked and earned, nominal and after tax, and the real rate before tax of the design.

    `rate_is_given` where the scenario says what capital costs, from which the return that is asked then follows.
    """

    required_return: float
    return_without: float | None
    return_with: float | None
    builds_without: bool
    builds_with: bool
    discount_rate: float
    rate_is_given: bool


def funds_by_rate(payment: AnyPayment) -> list[FundsAtRate]:
    """The value of public funds at the social rate and at those beside it."""
    return [{"rate": rate, "value": value} for rate, value in payment.value_of_public_funds_by_rate.items()]


def owner_document(payment: AnyPayment) -> OwnerDocument:
    """The owner as the answer names it."""
    case = payment.assumptions
    return {
        "type": case.owner,
        "label": {"en": phrase(f"pay.owner.{case.owner}", "en"), "ja": phrase(f"pay.owner.{case.owner}", "ja")},
        "other_tax_myen": case.group_tax_myen if case.tax_position == "group" else 0.0,
        "opening_loss_myen": case.opening_loss_myen,
    }


def range_document(payment: AnyPayment) -> RangeDocument | None:
    """The range of the answer; None where the tranches of a scenario are offered, of which nothing is assumed."""
    over = payment.range
    if over is None:
        return None
    return {
        "fiscal_cost_myen": _ends(over.fiscal_cost_myen),
        "windfall_share": _ends(over.windfall_share),
        "induced_it_mw": _ends(over.induced_it_mw),
        "induced_share": None if over.induced_share is None else _ends(over.induced_share),
    }


def _ends(found: tuple[float, float]) -> EndsDocument:
    return {"low": found[0], "high": found[1]}


def induced_range(payment: AnyPayment) -> list[float] | None:
    """Induced load at the lowest and the highest elasticity, MW."""
    return None if payment.induced_range_mw is None else list(payment.induced_range_mw)


def participation_document(payment: AnyPayment) -> ParticipationDocument:
    """Whether the owner takes part."""
    found = payment.participation
    return {
        "required_return": found.required_return,
        "return_without": found.return_without,
        "return_with": found.return_with,
        "builds_without": found.builds_without,
        "builds_with": found.builds_with,
        "discount_rate": found.discount_rate,
        "rate_is_given": found.rate_is_given,
    }


def support_document(payment: AnyPayment) -> SupportDocument:
    """The split of the support, in all and by asset."""
    support = payment.support
    return {
        "total_myen": support.total_myen,
        "windfall_myen": support.windfall_myen,
        "induced_myen": support.induced_myen,
        "distortion_myen": support.distortion_myen,
        "windfall_share": support.windfall_share,
        "assets": [_asset(asset) for asset in support.assets],
    }


def _asset(asset: AssetSupport) -> AssetDocument:
    return {
        "capacity": asset.capacity,
        "asset": asset.asset,
        "unit": asset.unit,
        "quantity_without": asset.quantity_without,
        "quantity_with": asset.quantity_with,
        "quantity_forced": asset.quantity_forced,
        "support_per_unit_myen": asset.support_per_unit_myen,
        "windfall_myen": asset.windfall_myen,
        "induced_myen": asset.induced_myen,
        "distortion_myen": asset.distortion_myen,
        "total_myen": asset.total_myen,
    }


def ledger_document(payment: AnyPayment) -> LedgerDocument:
    """Balances, present values and flows, and every entry with the package."""
    rates = payment.shares.party_rates
    ledgers: dict[LedgerName, Ledger] = {
        "without": payment.before.ledger,
        "with": payment.after.ledger,
        "change": payment.incidence,
    }
    return {
        "residual_yen": max(ledger.residual_yen for ledger in ledgers.values()),
        "years": list(payment.after.ledger.years),
        "present_values_myen": {
            "without": dict(payment.before.ledger.present_values(rates)),
            "with": dict(payment.after.ledger.present_values(rates)),
            "change": dict(payment.party_values_myen),
        },
        "by_party": {
            name: {party: {str(year): amount for year, amount in by.items()} for party, by in ledger.balances.items()}
            for name, ledger in ledgers.items()
        },
        "flows": {
            name: [
                {"payer": payer, "payee": payee, "myen": amount}
                for (payer, payee), amount in sorted(ledger.flows(payment.shares.social_rate).items())
            ]
            for name, ledger in ledgers.items()
        },
        "entries": [dataclasses.asdict(entry) for entry in payment.after.ledger.entries],
    }


def instrument_documents(rows: Sequence[InstrumentRow]) -> list[ComparedInstrument]:
    """The comparison of instruments, one object each."""
    shown = ComparedInstrument.__annotations__
    return [cast(ComparedInstrument, {name: row[name] for name in row if name in shown}) for row in rows]  # type: ignore[literal-required]
