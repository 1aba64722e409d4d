"""Instruments side by side in plain figures: what they are compared by, and what it takes to write it down.

Money is million yen; present values are those of the start year: a party's at its own rate, and what adds several
parties at the social rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from kiban.finance.comparison import Instrument
from kiban.finance.ledger import REGION
from kiban.finance.national_payment import AnyPayment, NationalPayment
from kiban.quantities import Currency

RATE = "money.yen_per_usd"
"""Name of the exchange rate among the inputs of a plan."""


class InstrumentFigures(TypedDict):
    """What instruments are compared by."""

    fiscal_cost_myen: float
    induced_it_mw: float
    induced_range_mw: list[float] | None
    windfall_share: float
    clean_share: float
    yen_per_gpu_hour: float | None
    treasury_myen: float
    support_myen: float
    equity_gain_myen: float
    users_gain_myen: float
    ratepayers_myen: float
    region_myen: float
    equity_irr: float | None
    construction_jobs: float


class ComparedInstrument(InstrumentFigures):
    """An instrument at an amount; `reached` is false where no amount is enough."""

    package: str
    amount: float | None
    reached: bool


class InstrumentRow(ComparedInstrument):
    """The same, and in what its amount and its money are written; `yen_per_usd` is None where the catalogue says it."""

    amount_key: str | None
    currency: Currency
    yen_per_usd: float | None


def instrument_rows(instruments: Sequence[Instrument]) -> list[InstrumentRow]:
    """A row for each instrument."""
    return [instrument_row(instrument) for instrument in instruments]


def instrument_row(instrument: Instrument) -> InstrumentRow:
    """What one instrument does at its amount."""
    payment = instrument.payment or instrument.most
    assert payment is not None
    currency, rate = _money_of(payment)
    support = payment.after.packages[0].instrument
    return {
        "package": instrument.package,
        "amount": instrument.amount,
        "reached": instrument.payment is not None,
        **instrument_figures(payment),
        "amount_key": support[0].amount_key if support else None,
        "currency": currency,
        "yen_per_usd": rate,
    }


def instrument_figures(payment: AnyPayment) -> InstrumentFigures:
    """What instruments are compared by."""
    shares = payment.shares
    return {
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "induced_it_mw": payment.induced_it_mw,
        "induced_range_mw": None if payment.induced_range_mw is None else list(payment.induced_range_mw),
        "windfall_share": payment.support.windfall_share,
        "clean_share": payment.after.clean_share,
        "yen_per_gpu_hour": payment.after.levelised.yen_per_gpu_hour,
        "treasury_myen": payment.treasury_value_myen,
        "support_myen": payment.support.total_myen,
        "equity_gain_myen": payment.gains_myen["equity"],
        "users_gain_myen": payment.gains_myen["users"],
        "ratepayers_myen": payment.party_values_myen["ratepayers"],
        "region_myen": sum(payment.incidence.present_value(party, shares.social_rate) for party in REGION),
        "equity_irr": payment.after.equity_return,
        "construction_jobs": payment.construction_jobs,
    }


def _money_of(payment: AnyPayment) -> tuple[Currency, float | None]:
    """The currency in which money is written, and the rate that the plan used."""
    if isinstance(payment, NationalPayment):
        money = payment.after.problem.study.money
        return money.currency, money.yen_per_usd
    plan = payment.after.plan
    recorded = [float(str(entry.value)) for entry in plan.provenance if entry.name == RATE]
    money = plan.scenario.money
    return money.currency, recorded[0] if recorded else money.yen_per_usd
