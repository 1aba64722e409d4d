"""Debt by hand and against a published figure."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.finance.debt import Debt, size_debt


def debt(available: list[float], *, need: float = 100.0, **terms: object) -> Debt:
    spent = np.zeros(len(available))
    spent[0] = need
    plain = {"start": 0, "rate": 0.05, "share": 1.0, "tenor_years": 20, "cover": 1.25}
    return size_debt(spent, np.array(available), **{**plain, **terms})  # type: ignore[arg-type]


def test_sculpted_service_follows_the_cash_flow() -> None:
    loan = debt([0.0, 10.0, 20.0, 30.0])
    np.testing.assert_allclose(loan.service, [0, 8, 16, 24])
    assert loan.amount_myen == pytest.approx(8 / 1.05 + 16 / 1.05**2 + 24 / 1.05**3)
    assert (loan.binding, loan.balance[-1]) == ("cover", pytest.approx(0.0))
    np.testing.assert_allclose(loan.interest[1], 0.05 * loan.amount_myen)


def test_a_smaller_share_shrinks_all_service_alike() -> None:
    loan = debt([0.0, 10.0, 20.0, 30.0], share=0.2)
    assert (loan.amount_myen, loan.binding) == (pytest.approx(20.0), "share")
    np.testing.assert_allclose(loan.service / [1, 1, 2, 3], np.array([0, 1, 1, 1]) * loan.service[1])


def test_an_annuity_is_held_to_the_worst_year() -> None:
    loan = debt([0.0, 10.0, 20.0, 30.0], repayment="annuity")
    np.testing.assert_allclose(loan.service[1:], 8.0)


def test_years_beyond_the_tenor_carry_nothing() -> None:
    loan = debt([0.0, 10.0, 20.0, 30.0], tenor_years=2)
    np.testing.assert_allclose(loan.service, [0, 8, 16, 0])


def test_a_year_without_cash_pays_nothing_and_adds_its_interest() -> None:
    loan = debt([0.0, 10.0, -5.0, 30.0])
    assert loan.service[2] == 0
    assert loan.principal[2] == pytest.approx(-loan.interest[2])
    assert loan.balance[-1] == pytest.approx(0.0)


def test_no_share_is_no_debt() -> None:
    loan = debt([0.0, 10.0, 20.0], share=0.0)
    assert (loan.amount_myen, loan.binding) == (0.0, "none")
    assert not loan.service.any()


def test_interest_while_building_and_fees_count_as_cost() -> None:
    need, available = np.array([60.0, 40.0, 0.0, 0.0]), np.array([0.0, 0.0, 90.0, 90.0])
    loan = size_debt(
        need, available, start=1, rate=0.1, share=0.7, tenor_years=2, cover=1.2, upfront_fee_share=0.02,
        guarantee_fee_rate=0.005,
    )  # fmt: skip
    cost = 100.0 + loan.interest_during_construction.sum() + loan.upfront_fee.sum()
    assert loan.amount_myen == pytest.approx(0.7 * cost)
    assert loan.balance[1] == pytest.approx(loan.amount_myen)
    assert loan.interest[1] == pytest.approx(0.1 * loan.drawdown[0])
    assert loan.interest_paid[1] == 0
    np.testing.assert_allclose(loan.guarantee_fee[1:], 0.005 * loan.balance[:-1])


@pytest.mark.parametrize("repayment", ["sculpted", "annuity"])
def test_nothing_is_lent_that_nothing_can_repay(repayment: str) -> None:
    loan = debt([0.0, -1.0, 0.0], repayment=repayment)
    assert (loan.amount_myen, loan.binding) == (0.0, "cover")
    assert not loan.drawdown.any()
