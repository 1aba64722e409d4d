"""Inputs with which a review of PAY broke it, each as it was given, and what is right by hand.

What else it found stands in `test_pay_review`: credits without use, two tax laws, windows of law, a package beside the
user, a grant of the state to itself, an owner without tax.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.cases.payments import campus, package, paid, question

from kiban.finance.campus import BEARERS
from kiban.finance.ledger import PARTIES, TREASURIES
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.report.payment.words import PAID_FOR_GOODS, answer, further_sentences, payment_money
from kiban.report.phrases import phrase

TWO_WEEKS: dict[str, Any] = {"load": {"it_load_mw": 100}, "target": {"clean_share": 0.7}, "time": {"hours": 336}}
GAIN = ("equity", "lenders", "users", "ratepayers")
FIVE = ("special-depreciation", "japan-current", "property-tax-relief", "tax-credit", "blueprint-japan")


# ---- one social rate


def by_hand(payment: Payment, rate: float) -> tuple[float, float]:
    """What is gained and what the treasuries lose, from the entries of both ledgers and nothing else."""
    balance = dict.fromkeys(PARTIES, 0.0)
    for ledger, sign in ((payment.after.ledger, 1.0), (payment.before.ledger, -1.0)):
        for entry in ledger.entries:
            worth = sign * entry.amount_myen * (1.0 + rate) ** (2027 - entry.year)
            balance[entry.payee] += worth
            balance[entry.payer] -= worth
    # Further compute is worth to its buyers what they bid for it, which is no loss to them.
    cash = payment.after.cash
    served = {one.name: one for one in payment.after.plan.tranches}
    years = range(cash.start + 1, len(cash.years))
    bids = sum(
        tranche.it_energy_mwh_per_year * tranche.price_myen_per_mwh * (1.0 + rate) ** -year
        for tranche in served.values()
        for year in years
    )
    return sum(balance[party] for party in GAIN) + bids, -sum(balance[party] for party in TREASURIES)


@pytest.mark.parametrize("name", FIVE)
def test_gains_and_costs_are_at_one_rate(name: str) -> None:
    """At 9.8 % for the owner, 6.4 % for users and 1.27 % for the state a credit gave 0.547 and at 4 % for all 0.982."""
    payment = paid(name)
    for rate, value in payment.value_of_public_funds_by_rate.items():
        gained, spent = by_hand(payment, rate)
        assert value == pytest.approx(gained / spent, rel=1e-6)
    assert payment.value_of_public_funds == payment.value_of_public_funds_by_rate[0.04]


@pytest.mark.parametrize("name", FIVE)
def test_who_gains_most_is_said_at_that_rate_too(name: str) -> None:
    """A party's rate is for its own value: at 6.4 % users had more of a credit than the owner at 9.8 %."""
    payment = paid(name)
    changes = payment.changes_at_social_rate_myen
    gained, spent = by_hand(payment, 0.04)
    assert sum(changes[party] for party in GAIN) == pytest.approx(gained, rel=1e-6)
    assert sum(changes[party] for party in TREASURIES) == pytest.approx(-spent, rel=1e-6)
    said, money = answer(payment, "en"), payment_money(payment, "en")
    most, least = max(GAIN, key=lambda party: changes[party]), min(TREASURIES, key=lambda party: changes[party])
    assert (least == "national_treasury") == (name != "property-tax-relief")
    payer, winner = phrase(f"pay.the.{least}", "en"), phrase(f"pay.the.{most}", "en")
    assert f"most of the bill falls on {payer} ({money.amount(-changes[least])})" in said
    gained_most = f"most of the gain goes to {winner} ({money.amount(changes[most])})"
    assert f"{gained_most}, present values at one social rate" in said
    spending = sum(changes[party] for party in PAID_FOR_GOODS)
    assert f"paid {money.amount(spending)} more" in " ".join(further_sentences(payment, "en"))


@pytest.mark.parametrize("name", ["tax-credit", "special-depreciation"])
def test_who_earns_what_he_asks_for_his_risk_gains_nothing(name: str) -> None:
    """At 4 % the owner of induced load seems to gain, though at his own rate it is worth nothing to him.

    By hand from the entries: what 1 MW is worth to owner and lenders without the package, at 4 %, for each induced MW.
    """
    payment = paid(name)
    each = 0.0
    for entry in payment.before.ledger.entries:
        worth = entry.amount_myen * 1.04 ** (2027 - entry.year) / payment.load_mw
        each += worth * ((entry.payee in BEARERS) - (entry.payer in BEARERS))
    funds = payment.public_funds
    assert payment.before.returns.equity_npv_myen == pytest.approx(0.0, abs=1.0)
    assert each > 0.0
    assert funds.risk_premium == pytest.approx(each * payment.induced_it_mw, rel=1e-6)
    gained = funds.willingness_to_pay - each * payment.induced_it_mw
    assert funds.value_without_risk_premium == pytest.approx(gained / funds.net_cost, rel=1e-6)
    assert paid("public-ownership").public_funds.risk_premium == 0.0


# ---- several instruments on one asset


CREDIT = {"kind": "tax_credit", "assets": ["compute"], "rate": 0.3, "refundable": True}
GRANT = {"kind": "capital_grant", "assets": ["compute"], "rate": 0.3}
WRITE_OFF = {"kind": "special_depreciation", "assets": ["compute"], "rate": 1.0}


def paid_out(payment: Payment, account: str) -> float:
    """Over the cost of all servers, at constant prices."""
    amounts = {entry.account: 0.0 for entry in payment.after.ledger.entries}
    for entry in payment.after.ledger.entries:
        amounts[entry.account] += entry.amount_myen
    cash = payment.after.cash
    bought = sum(float((flows["chips"] / cash.price_level).sum()) for flows in (cash.capex, cash.replacements))
    return amounts[account] / bought


def test_a_credit_is_of_what_a_grant_leaves() -> None:
    payment = question().pay((package(CREDIT, GRANT, WRITE_OFF),))
    assert paid_out(payment, "grant") == pytest.approx(0.3, rel=1e-6)
    assert payment.incidence.residual_yen == 0


def test_two_grants_add_up() -> None:
    payment = question().pay((package({**GRANT, "treatment": "taxed"}, GRANT),))
    assert paid_out(payment, "grant") == pytest.approx(0.6, rel=1e-6)
    assert payment.incidence.residual_yen == 0


# ---- extremes


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(finite(one) for one in value.values())
    if isinstance(value, list):
        return all(finite(one) for one in value)
    return not isinstance(value, float) or math.isfinite(value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"assumptions": {"finance.discount_rate": 0.4}},
        {
            "tranche": [
                {"name": "cheap", "it_load_mw": 50, "price_myen_per_mwh": 0.01, "shape": "load", "must_serve": True}
            ]
        },
    ],
    ids=["capital at 40 %", "must serve at a loss"],
)
def test_extremes_are_answered(changes: dict[str, Any]) -> None:
    payment = Question(campus(**TWO_WEEKS, **changes)).pay(("tax-credit",))
    assert payment.incidence.residual_yen == 0
    assert payment.after.ledger.residual_yen == 0
    assert math.isfinite(payment.fiscal_cost_myen)


def test_a_credit_of_no_use_is_nothing_in_every_figure_of_the_object() -> None:
    """No debt, no gain and no cost: what stands in the object is what stands there without any package."""
    credit = {"kind": "tax_credit", "assets": ["compute", "datacentre"], "rate": 0.3}
    payment = question().pay((package({**credit, "limit_share_of_tax": 0.0, "carry_forward_years": 0}),))
    assert payment.after.returns.debt_myen == pytest.approx(payment.before.returns.debt_myen, rel=1e-6)
    assert max(map(abs, payment.changes_at_social_rate_myen.values())) < 5.0
