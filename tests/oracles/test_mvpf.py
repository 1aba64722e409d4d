"""Marginal value of public funds and the analytic windfall, against published and worked numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.finance.public_funds import (
    PublicFunds,
    check_windfall,
    cost_per_induced,
    implied_elasticity,
    transfer_funds,
)


def test_published_grant() -> None:
    # Policy Impacts library, Angrist, Autor and Pallais: cost 32,250, earnings 21,150, tax 20 %:
    # externality 4,230, net cost 28,020, willingness to pay 49,170, MVPF 1.75.
    funds = transfer_funds(32_250, induced_income=21_150, tax_rate=0.2)
    assert funds.fiscal_externality == pytest.approx(4_230)
    assert funds.net_cost == pytest.approx(28_020)
    assert funds.willingness_to_pay == pytest.approx(49_170)
    assert round(funds.marginal_value, 2) == 1.75


def test_scholarship_with_windfall() -> None:
    # 1,000 each for 100 who would enrol anyway and 20 induced, who earn 15,000 more, taxed at 20 %.
    low = PublicFunds(100_000, 120_000, 60_000)
    high = PublicFunds(120_000, 120_000, 60_000)
    assert (round(low.marginal_value, 3), high.marginal_value) == (1.667, 2.0)
    assert cost_per_induced(low.net_cost, 20) == 3_000
    assert cost_per_induced(low.net_cost, 0) is None


def test_what_pays_for_itself() -> None:
    assert PublicFunds(10.0, 5.0, 5.0).marginal_value == math.inf
    assert PublicFunds(10.0, 5.0, 6.0).marginal_value == math.inf
    assert PublicFunds(-10.0, 5.0, 6.0).marginal_value == -math.inf
    assert math.isnan(PublicFunds(0.0, 5.0, 5.0).marginal_value)


@pytest.mark.parametrize(
    ("elasticity", "ratio", "windfall"), [(0.7, 1.0765, 0.929), (6.0, 1.8817, 0.531), (0.0, 1.0, 1.0)]
)
def test_windfall_of_a_tenth_off_the_user_cost(elasticity: float, ratio: float, windfall: float) -> None:
    check = check_windfall(1.0, 0.9, elasticity)
    assert round(check.investment_ratio, 4) == ratio
    assert round(check.windfall_share, 3) == windfall
    assert check.windfall_share + check.induced_share == 1.0


def test_credit_per_induced_yen() -> None:
    assert check_windfall(1.0, 0.9, 0.0).credit_per_induced(0.1) == math.inf
    check = check_windfall(1.0, 0.9, 6.0)
    paid, induced = 0.1 * check.investment_ratio, check.investment_ratio - 1.0
    assert check.credit_per_induced(0.1) == pytest.approx(paid / induced)


@given(fall=st.floats(0.001, 0.5), elasticity=st.floats(0.05, 10.0))
def test_elasticity_is_found_again(fall: float, elasticity: float) -> None:
    check = check_windfall(2.0, 2.0 * (1 - fall), elasticity)
    assert implied_elasticity(2.0, 2.0 * (1 - fall), check.investment_ratio) == pytest.approx(elasticity, rel=1e-9)
    # For small changes the linear version agrees: 1 - 1/(1 + e dln c).
    small = check_windfall(1.0, 1.0 - 1e-6, elasticity)
    assert small.induced_share == pytest.approx(1 - 1 / (1 + elasticity * 1e-6), rel=1e-4)


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="cannot raise"):
        check_windfall(1.0, 1.1, 1.0)
    with pytest.raises(ValueError, match="elasticity"):
        check_windfall(1.0, 0.9, -1.0)
    with pytest.raises(ValueError, match="differ"):
        implied_elasticity(1.0, 1.0, 1.1)
