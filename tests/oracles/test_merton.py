"""Merton's values against Hull's example, and against published option values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.finance.merton import guarantee_value, value_debt


@pytest.mark.parametrize(
    ("equity", "equity_volatility", "face", "rate", "years", "value", "volatility", "default"),
    [
        # Hull, Options, Futures and Other Derivatives: equity 3 at 80 %, debt 10 in a year, 5 %.
        (3.0, 0.8, 10.0, 0.05, 1.0, 12.3954, 0.2123, 0.1270),
        (4.0, 0.6, 15.0, 0.06, 2.0, 17.0839, 0.1576, 0.1561),
        (2.0, 0.5, 5.0, 0.04, 1.0, 6.8012, 0.1482, 0.0115),
    ],
)
def test_the_assets_behind_an_equity_satisfy_mertons_two_equations(
    equity: float, equity_volatility: float, face: float, rate: float, years: float,
    value: float, volatility: float, default: float,
) -> None:  # fmt: skip
    debt = value_debt(value, face, rate=rate, volatility=volatility, years=years)
    assert debt.equity == pytest.approx(equity, abs=2e-4)
    assert debt.default_probability == pytest.approx(default, abs=6e-5)
    # Of one yen more of assets, N(d1) falls to equity: its volatility is that share of theirs.
    step = 1e-4 * value
    share = value_debt(value + step, face, rate=rate, volatility=volatility, years=years).equity
    share -= value_debt(value - step, face, rate=rate, volatility=volatility, years=years).equity
    assert share / (2 * step) * volatility * value == pytest.approx(equity_volatility * equity, rel=5e-4)


def test_hull_example_of_equity_3_and_debt_10() -> None:
    # Debt worth 9.40, default 12.7 %, expected loss 1.2 %.
    debt = value_debt(12.3954, 10.0, rate=0.05, volatility=0.2123, years=1.0)
    assert round(debt.debt, 2) == 9.40
    assert round(debt.default_probability, 3) == 0.127
    assert round(debt.expected_loss_share, 3) == 0.012
    assert round(debt.recovery_share, 2) == 0.90
    assert debt.guarantee == pytest.approx(0.1169, abs=5e-5)


def test_published_option_values() -> None:
    # At the money, 1 year, 5 %, 20 %: put 5.57 and call 10.45.
    debt = value_debt(100.0, 100.0, rate=0.05, volatility=0.2, years=1.0)
    assert round(debt.guarantee, 2) == 5.57
    assert round(debt.equity, 2) == 10.45
    # Five years, 30 %, debt 80 on 100 at 3 %, worked by hand with d1 0.89166 and d2 0.22084.
    assert value_debt(100.0, 80.0, rate=0.03, volatility=0.3, years=5.0).guarantee == pytest.approx(9.782, abs=5e-4)


positive = st.floats(0.2, 5.0)


@given(value=positive, face=positive, rate=st.floats(-0.01, 0.1), volatility=st.floats(0.05, 1.0), years=positive)
def test_laws(value: float, face: float, rate: float, volatility: float, years: float) -> None:
    debt = value_debt(value, face, rate=rate, volatility=volatility, years=years)
    # Equity and debt are the assets; a guarantee is what the debt lacks; half a guarantee is half.
    assert debt.equity + debt.debt == pytest.approx(value, rel=1e-9)
    assert debt.promised - debt.debt == pytest.approx(debt.guarantee, abs=1e-12)
    assert 0 <= debt.guarantee <= debt.promised
    half = value_debt(value, face, rate=rate, volatility=volatility, years=years, coverage=0.5)
    assert half.guarantee == pytest.approx(debt.guarantee / 2)
    # Riskier assets make the guarantee dearer.
    riskier = value_debt(value, face, rate=rate, volatility=1.1 * volatility, years=years)
    assert riskier.guarantee >= debt.guarantee - 1e-12
    # The spread is the yield that discounts the face to the value of the debt.
    if debt.debt > 1e-6:
        assert face * math.exp(-(rate + debt.spread) * years) == pytest.approx(debt.debt, rel=1e-6)


def test_a_loan_repaid_at_once_is_one_debt() -> None:
    single = value_debt(150.0, 100.0, rate=0.03, volatility=0.3, years=3.0).guarantee
    assert guarantee_value((100.0, 100.0, 100.0, 0.0), 150.0, rate=0.03, volatility=0.3) == pytest.approx(single)
    repaid = guarantee_value((100.0, 66.0, 33.0, 0.0), 150.0, rate=0.03, volatility=0.3, coverage=0.8)
    assert 0 < repaid < 0.8 * single


@pytest.mark.parametrize("change", [{"asset_value": 0.0}, {"volatility": 0.0}, {"years": -1.0}, {"coverage": 1.2}])
def test_arguments_out_of_range(change: dict[str, float]) -> None:
    arguments = {"asset_value": 1.0, "face": 1.0, "rate": 0.02, "volatility": 0.2, "years": 1.0} | change
    with pytest.raises(ValueError, match=r"positive|outside"):
        value_debt(**arguments)
