"""Marginal value of public funds and the windfall of plans, against published, worked and analytic numbers."""

from __future__ import annotations

import pytest
from tests.cases.payments import paid

from kiban.finance.campus import GAINERS
from kiban.finance.posting import tranche_sales
from kiban.finance.public_funds import PublicFunds, cost_per_induced_mw


def test_published_grant() -> None:
    # Policy Impacts library, Angrist, Autor and Pallais: cost 32,250, earnings 21,150, tax 20 %:
    # externality 4,230, net cost 28,020, willingness to pay 49,170, MVPF 1.75.
    tax = 0.2 * 21_150
    funds = PublicFunds(willingness_to_pay=32_250 + 21_150 - tax, outlay=32_250, fiscal_externality=tax)
    assert funds.net_cost == pytest.approx(28_020)
    assert funds.willingness_to_pay == pytest.approx(49_170)
    assert funds.marginal_value == pytest.approx(1.75, abs=5e-3)


def test_scholarship_with_windfall() -> None:
    # 1,000 each for 100 who would enrol anyway and 20 induced, who earn 15,000 more, taxed at 20 %.
    low = PublicFunds(100_000, 120_000, 60_000)
    high = PublicFunds(120_000, 120_000, 60_000)
    assert (low.marginal_value, high.marginal_value) == pytest.approx((5 / 3, 2.0))
    assert cost_per_induced_mw(low.net_cost, 20) == 3_000
    assert cost_per_induced_mw(low.net_cost, 0) is None


def test_what_pays_for_itself() -> None:
    for externality in (5.0, 6.0):
        assert PublicFunds(10.0, 5.0, externality).marginal_value is None
    assert PublicFunds(0.0, 0.0, 0.0).marginal_value is None
    assert PublicFunds(-10.0, 5.0, 1.0).marginal_value == -2.5


@pytest.mark.parametrize("name", ["tax-credit", "capital-grant", "openai-ask-us"])
def test_the_windfall_of_plans_is_that_of_a_constant_elasticity(name: str) -> None:
    """Investment answers I1/I0 = (p1/p0)^-e to the price that users pay, so that (p1/p0)^e would be built anyway.

    A part of the cost that no support touches dilutes the answer of single assets.
    """
    payment = paid(name)
    assert payment.elasticity is not None
    fall = payment.after.levelised.myen_per_it_mwh / payment.before.levelised.myen_per_it_mwh
    paid_price = 1.0 - payment.pass_through * (1.0 - fall)
    assert payment.support.windfall_share == pytest.approx(paid_price**payment.elasticity, abs=0.03)


def test_the_value_of_public_funds_is_what_the_ledger_says() -> None:
    payment = paid("tax-credit")
    funds = payment.public_funds
    assert funds.net_cost == pytest.approx(-payment.treasury_value_myen, rel=1e-12)
    assert payment.value_of_public_funds == funds.marginal_value
    rate = payment.shares.social_rate
    gained = sum(payment.incidence.present_value(party, rate) for party in GAINERS)
    gained += tranche_sales(payment.after.cash, rate) - tranche_sales(payment.before.cash, rate)
    assert funds.willingness_to_pay == pytest.approx(gained, rel=1e-6)
