"""From cash flow to ledger: every account once, zero to the yen, and the right owner and bearer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.payments import ELEVEN, campus, package, paid, question

from kiban.finance.ledger import PARTIES
from kiban.finance.paying import Question
from kiban.finance.payment import Side
from kiban.finance.posting import PAYEES, post_entries
from kiban.finance.project import OPERATING_ACCOUNTS
from kiban.finance.purchases import totals
from kiban.finance.vintages import HIRED

YEN = 1e-6
LENDING = ("debt_drawn", "interest", "debt_repaid", "loan_fee", "guarantee_fee")


def real(side: Side, nominal: object) -> np.ndarray:
    level = (1.0 + side.cash.assumptions.inflation) ** np.arange(len(side.cash.years))
    return np.broadcast_to(np.asarray(nominal), level.shape) / level


@pytest.mark.parametrize("name", ELEVEN)
def test_the_ledger_sums_to_zero_to_the_yen(name: str) -> None:
    payment = paid(name)
    for ledger in (payment.before.ledger, payment.after.ledger, payment.incidence):
        assert ledger.residual_yen == 0
        for year in ledger.years:
            yen = [round(ledger.balances[party][year] * 1e6) for party in PARTIES]
            assert sum(yen) == 0
    assert len(payment.after.ledger.years) == len(payment.after.cash.years)
    assert all(entry.amount_myen > 0 and entry.why for entry in payment.after.ledger.entries)


@pytest.mark.parametrize("name", [name for name in ELEVEN if name != "public-ownership"])
def test_the_owners_balance_is_the_cash_flow_of_equity(name: str) -> None:
    side = paid(name).after
    flow = real(side, side.cash.equity_flow)
    balance = side.ledger.balances["equity"]
    posted = [entry for entry in side.ledger.entries if "equity" in (entry.payer, entry.payee)]
    for year, amount in zip(side.cash.years, flow, strict=True):
        roundings = sum(entry.year == year for entry in posted)
        assert balance[int(year)] == pytest.approx(amount, abs=YEN * (1 + roundings / 2))


def signed(side: Side, account: str) -> float:
    """What the owner pays (positive) for an account over all years."""
    return -side.ledger.accounts("equity").get(account, 0.0)


@pytest.mark.parametrize("name", ["none", "tax-credit", "japan-current", "production-credit", "loan-guarantee"])
def test_every_account_is_posted_once(name: str) -> None:
    side = paid(name).after
    cash = side.cash
    debt = cash.debt
    fed = {
        "compute_sales": -totals(cash.revenue),
        "replacements": totals(cash.replacements),
        "residual_value": -totals(cash.residual_values),
        "decommissioning": cash.decommissioning,
        "operation": totals(cash.fixed_om),
        "property_tax": totals(cash.property_tax),
        "grant": -sum((grant.amount_myen for grant in cash.grants), np.zeros(1)),
        "production_credit": -sum((flow.amount_myen for flow in cash.production_credits), np.zeros(1)),
        "tax_credit": -sum((flow.amount_myen for flow in cash.tax.credits_worth), np.zeros(1)),
        "income_tax": cash.tax.before_credits,
        "debt_drawn": -debt.drawdown,
        "interest": debt.interest_paid,
        "debt_repaid": debt.principal,
        "loan_fee": debt.upfront_fee,
        "guarantee_fee": debt.guarantee_fee,
        "fuel": cash.operating_costs.get("fuel", 0.0),
        "carbon": cash.operating_costs.get("carbon", 0.0),
        "water": cash.operating_costs.get("water", 0.0),
    }
    fed |= {tax.account: tax.amount_myen for tax in cash.purchase_taxes}
    fed |= {"size_levy": cash.size_levy} if cash.size_levy.any() else {}
    for account, nominal in fed.items():
        assert signed(side, account) == pytest.approx(real(side, nominal).sum(), abs=200 * YEN), account
    # Two accounts are split by whom they are paid to: capital has land in it, grid energy its charges.
    capital = signed(side, "capex") + signed(side, "land")
    assert capital == pytest.approx(real(side, totals(cash.capex)).sum(), abs=200 * YEN)
    grid = sum(signed(side, account) for account in ("energy", "renewable_surcharge", "network_charges"))
    drawn = real(side, cash.operating_costs["energy"] + totals(cash.network_charges)).sum()
    assert grid == pytest.approx(drawn, abs=200 * YEN)
    known = {*fed, "capex", "land", "energy", "renewable_surcharge", "network_charges"}
    assert set(side.ledger.accounts("equity")) <= known


def test_every_operating_account_has_a_payee() -> None:
    # Beside a plan's own: what a contract with the network charges, and supply that is hired until it is connected.
    promised = {"minimum_charge", "exit_fee", HIRED}
    assert set(PAYEES) | {"energy"} == set(OPERATING_ACCOUNTS) | promised
    assert {payee for payee, _ in PAYEES.values()} <= set(PARTIES)


@pytest.mark.parametrize(
    ("account", "payee"),
    [
        ("fuel", "suppliers_abroad"), ("carbon", "national_treasury"), ("water", "municipality"),
        ("unserved", "users"), ("downtime", "users"), ("latency", "users"), ("land_rent", "landowners"),
        ("hazard", "suppliers_home"), ("site", "suppliers_home"), ("reinforcement", "suppliers_home"),
    ],
)  # fmt: skip
def test_who_is_paid_for_an_account(account: str, payee: str) -> None:
    cash, shares = paid("none").before.cash, paid("none").shares
    yearly = np.where(np.arange(len(cash.years)) > cash.start, 7.0, 0.0)
    ledger = post_entries(replace(cash, operating_costs={account: yearly}), shares)
    (found,) = {(entry.payer, entry.payee) for entry in ledger.entries if entry.account == account}
    assert found == ("equity", payee)


def test_revenue_from_exports_comes_from_suppliers_at_home() -> None:
    cash, shares = paid("none").before.cash, paid("none").shares
    ledger = post_entries(replace(cash, operating_costs={"export_revenue": np.full(len(cash.years), -2.0)}), shares)
    (found,) = {(entry.payer, entry.payee) for entry in ledger.entries if entry.account == "export_revenue"}
    assert found == ("suppliers_home", "equity")


def test_revenue_from_flexibility_comes_from_ratepayers() -> None:
    """Capacity and balancing are paid by suppliers and networks, who pass it on."""
    cash, shares = paid("none").before.cash, paid("none").shares
    yearly = np.full(len(cash.years), -2.0)
    ledger = post_entries(replace(cash, operating_costs={"flexibility_revenue": yearly}), shares)
    (found,) = {(entry.payer, entry.payee) for entry in ledger.entries if entry.account == "flexibility_revenue"}
    assert found == ("ratepayers", "equity")


def test_an_account_that_nobody_mapped_is_refused() -> None:
    cash, shares = paid("none").before.cash, paid("none").shares
    strange = {**cash.operating_costs, "tidal_rights": np.ones(1), "cable_rent": np.ones(1)}
    with pytest.raises(ValueError, match="nobody is said to be paid for cable_rent, tidal_rights"):
        post_entries(replace(cash, operating_costs=strange), shares)


def test_taxes_go_to_whom_the_law_says() -> None:
    side = paid("none").before
    shares = side.terms.tax.shares
    assert sum(shares.values()) == pytest.approx(1.0)
    tax = signed(side, "income_tax")
    for party, share in shares.items():
        assert side.ledger.accounts(party)["income_tax"] == pytest.approx(share * tax, abs=100 * YEN)
    assert side.ledger.accounts("municipality")["property_tax"] == pytest.approx(signed(side, "property_tax"))


def test_the_state_makes_good_what_the_law_says() -> None:
    side = paid("japan-current").after
    refund = side.ledger.accounts("municipality")["state_refund"]
    assert refund > 0
    assert refund == pytest.approx(-side.ledger.accounts("national_treasury")["state_refund"])
    assert refund == pytest.approx(real(side, totals(side.cash.state_refunds)).sum(), abs=100 * YEN)


def test_under_public_ownership_the_treasury_is_the_owner() -> None:
    side = paid("public-ownership").after
    assert all("equity" not in (entry.payer, entry.payee) for entry in side.ledger.entries)
    assert set(side.ledger.balances["equity"].values()) == {0.0}
    assert "income_tax" not in side.ledger.accounts("national_treasury")
    own = dict.fromkeys(("carbon",), 0.0)  # what it pays itself
    flow = real(side, side.cash.equity_flow)
    for account in own:
        flow = flow + real(side, side.cash.operating_costs.get(account, 0.0))
    for year, amount in zip(side.cash.years, flow, strict=True):
        assert side.ledger.balances["national_treasury"][int(year)] == pytest.approx(amount, abs=100 * YEN)


def test_a_guarantee_costs_the_state_what_it_must_expect_to_lose() -> None:
    payment = paid("loan-guarantee")
    side, shares = payment.after, payment.shares
    paid_out = -side.ledger.accounts("national_treasury")["expected_guarantee_payment"]
    coverage = side.terms.financing.guarantee_coverage
    balance = side.cash.debt.balance
    worst = coverage * (1 - shares.recovery) * shares.yearly_default * real(side, balance).sum()
    assert 0.5 * worst < paid_out < worst
    assert side.ledger.accounts("lenders")["expected_guarantee_payment"] == pytest.approx(paid_out)
    assert "expected_guarantee_payment" not in payment.before.ledger.accounts("lenders")


@pytest.mark.parametrize(("rule", "borne"), [("developer", 1.0), ("ratepayers", 0.0), ("shared", 0.3)])
def test_the_rule_splits_reinforcement_between_developer_and_ratepayers(rule: str, borne: float) -> None:
    grid = {"reinforcement_rule": rule, "reinforcement_myen_per_mw": 20.0, "reinforcement_developer_share": 0.3}
    side = Question(campus(grid=grid)).before
    mw = side.plan.capacities["interconnection_mw"]
    assert mw > 1
    on_bill = -side.ledger.accounts("ratepayers").get("grid_reinforcement", 0.0)
    assert on_bill == pytest.approx((1.0 - borne) * 20.0 * mw, rel=1e-6)
    per_mw = [
        sum(bought.capex_myen / bought.quantity for bought in one.plan.investments if bought.asset == "interconnection")
        for one in (side, paid("none").before)
    ]
    assert per_mw[0] - per_mw[1] == pytest.approx(borne * 20.0, abs=1e-9)
    assert side.ledger.residual_yen == 0


def test_relief_from_charges_is_borne_by_ratepayers() -> None:
    relief = package({"kind": "surcharge_relief", "rate": 0.8})
    payment = question().pay((relief,))
    before = payment.before.ledger.accounts("ratepayers")["renewable_surcharge"]
    after = payment.after.ledger.accounts("ratepayers")["renewable_surcharge"]
    drawn = [side.plan.indicators["import_mwh_per_year"] for side in (payment.before, payment.after)]
    assert after / drawn[1] == pytest.approx(0.2 * before / drawn[0], rel=1e-6)
    assert payment.party_values_myen["ratepayers"] < 0
