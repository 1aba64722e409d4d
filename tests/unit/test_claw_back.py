"""What comes back if a campus closes early: credits by their vesting, grants by the book value they paid for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.claw_back import claw_back_by_year, vesting_years
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    GrantTerms,
    PolicyTerms,
    TaxTerms,
)

CASE = FinanceAssumptions(
    inflation=0.0, horizon_years=8, construction_years=1, capex_at_start_share=1.0, discount_rate_real=0.05,
    equity_rate=0.1, debt_share=0.0, debt_tenor_years=5, debt_reference_rate=0.02, debt_margin=0.01, dscr_target=1.4,
    upfront_fee_share=0.0, public_rate=0.0, tax_position="standalone",
)  # fmt: skip
LINE = DepreciationTerms("straight_line", 5)


def flow(law: str, life: float = 8.0, income: float = 1000.0, **support: Any) -> CashFlow:
    """1,000 million yen of servers, bought at the end of the first year."""
    terms = AssetTerms(LINE, LINE, **support)
    tax = TaxTerms(law, 0.25, {"national_treasury": 1.0}, 1.0, None, 1.0)
    project = Project(
        name="campus",
        assets=(ProjectAsset("chips", "chips", 1000.0, life),),
        streams=(RevenueStream("base_load", 1000.0, income / 1000.0),),
        operating_costs_myen_per_year={},
        policy=PolicyTerms("case", "", "", tax, dict.fromkeys(ASSETS, terms)),
        start_year=2027,
    )
    return project_cash_flow(project, CASE)


def back(cash: CashFlow) -> list[float]:
    return [float(amount) for amount in claw_back_by_year(cash, load_catalogue())]


def test_an_american_credit_is_vested_by_a_fifth_a_year() -> None:
    """100 paid out when service begins: 100, 80, 60, 40 and 20 come back in the five years after."""
    cash = flow("united-states", credits=(CreditTerms(0.1, refundable=True),))
    assert back(cash) == pytest.approx([0, 0, 100, 80, 60, 40, 20, 0, 0, 0])


def test_only_what_was_used_comes_back() -> None:
    """Income of 1,000 less 200 of depreciation, tax 200 a year, of which a tenth may be used: 20 a year of 100."""
    credit = CreditTerms(0.1, limit_share_of_tax=0.1, carry_forward_years=10)
    cash = flow("united-states", credits=(credit,))
    assert back(cash) == pytest.approx([0, 0, 20 * 1.0, 40 * 0.8, 60 * 0.6, 80 * 0.4, 100 * 0.2, 0, 0, 0])


def test_what_falls_away_with_a_credit_comes_back_with_it() -> None:
    """A yen of it has taken 1.143 yen of tax away."""
    cash = flow("united-states", credits=(CreditTerms(0.1, refundable=True, worth=1.143),))
    assert back(cash)[2] == pytest.approx(114.3)


def test_each_purchase_has_years_of_its_own() -> None:
    """Servers of four years, bought again in the fifth year of service; the first credit's last fifth is gone."""
    cash = flow("united-states", life=4.0, credits=(CreditTerms(0.1, refundable=True),))
    assert back(cash) == pytest.approx([0, 0, 100, 80, 60, 40, 20 + 100, 80, 60, 40])


def test_a_japanese_credit_is_not_claimed_back() -> None:
    assert vesting_years("japan", load_catalogue()) == 0
    assert back(flow("japan", credits=(CreditTerms(0.1, refundable=True),))) == pytest.approx([0] * 10)


def test_a_japanese_grant_comes_back_by_book_value() -> None:
    """300 for what is written off in five years in a straight line, whatever special depreciation is on top."""
    cash = flow("japan", grants=(GrantTerms(0.2), GrantTerms(0.1, "taxed")))
    assert back(cash) == pytest.approx([0, 0, 300, 240, 180, 120, 60, 0, 0, 0])
    faster = replace(LINE, first_year_share=0.5)
    terms = replace(cash.project.policy.assets["chips"], depreciation=faster)
    policy = replace(cash.project.policy, assets=dict.fromkeys(ASSETS, terms))
    assert back(project_cash_flow(replace(cash.project, policy=policy), CASE)) == pytest.approx(back(cash))


def test_under_no_law_nothing_comes_back() -> None:
    assert np.sum(back(flow("none", credits=(CreditTerms(0.1, refundable=True),), grants=(GrantTerms(0.2),)))) == 0
