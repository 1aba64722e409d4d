"""Taxes on buying and on the size of a business, by hand: cash flow, ledger, user cost, and the model book."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.test_model_book import Worked, assert_same

from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.levelised import break_even_price
from kiban.finance.posting import Shares, post_entries
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    DepreciationTerms,
    PolicyTerms,
    PurchaseTaxTerms,
    SizeLevyTerms,
    TaxTerms,
)
from kiban.policy.user_cost import user_cost_factor
from kiban.report.payment.workbook import model_book_bytes

CASE = FinanceAssumptions(
    inflation=0.0, horizon_years=4, construction_years=1, capex_at_start_share=1.0, discount_rate_real=0.05,
    equity_rate=0.1, debt_share=0.0, debt_tenor_years=3, debt_reference_rate=0.02, debt_margin=0.01, dscr_target=1.4,
    upfront_fee_share=0.0, public_rate=0.0, group_tax_myen=1000.0, wages_of_operation_share=0.4,
)  # fmt: skip
LINE = DepreciationTerms("straight_line", 4)
SALES = PurchaseTaxTerms("sales_tax", 0.05, "prefecture")
ACQUISITION = PurchaseTaxTerms("acquisition_tax", 0.02, "municipality", deducted=True)
LEVY = SizeLevyTerms(0.012, 0.005, ((1000.0, 0.5),))
SHARES = Shares(dict.fromkeys(ASSETS, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0, {}, 0.04, (0.04,))


def project(
    *taxes: PurchaseTaxTerms, levy: SizeLevyTerms | None = None, price: float = 0.6, life: float = 4.0
) -> Project:
    """A building of 1,000 million yen that sells 1,000 MWh a year, with 50 of maintenance; tax of a quarter."""
    terms = AssetTerms(LINE, LINE, purchase_taxes=taxes, ordinary_purchase_taxes=taxes)
    tax = TaxTerms("law", 0.25, {"national_treasury": 1.0}, 1.0, None, 1.0, size_levy=levy)
    return Project(
        name="campus",
        assets=(ProjectAsset("building", "building", 1000.0, life, 50.0),),
        streams=(RevenueStream("base_load", 1000.0, price),),
        operating_costs_myen_per_year={},
        policy=PolicyTerms("case", "", "", tax, dict.fromkeys(ASSETS, terms)),
        start_year=2027,
    )


def paid(cash: CashFlow) -> dict[str, list[float]]:
    return {tax.account: [float(x) for x in tax.amount_myen] for tax in cash.purchase_taxes}


def test_sales_tax_is_paid_with_the_price_and_written_off_with_it() -> None:
    """50 on 1,000 in the first year; 1,050 in four parts of 262.5; tax 0.25 (600 - 50 - 262.5) = 71.875."""
    cash = project_cash_flow(project(SALES), CASE)
    assert paid(cash) == {"sales_tax": pytest.approx([50, 0, 0, 0, 0, 0])}
    assert cash.depreciation["building"] == pytest.approx([0, 0, 262.5, 262.5, 262.5, 262.5])
    assert cash.tax.due[2:] == pytest.approx([71.875] * 4)
    assert cash.project_flow == pytest.approx([-1050, 0, *[600 - 50 - 71.875] * 4])


def test_land_is_bought_once() -> None:
    """A building of two years, twice: 2 % of 1,000 each time, and 3 % for its land the first time alone."""
    land = PurchaseTaxTerms("acquisition_tax", 0.03, "municipality", deducted=True, first_only=True)
    cash = project_cash_flow(project(ACQUISITION, land, life=2.0), CASE)
    assert paid(cash) == {"acquisition_tax": pytest.approx([0, 50, 0, 20, 0, 0])}
    both = replace(ACQUISITION, rate=0.05)
    terms, once, always = (
        user_cost_factor(
            project(*taxes).policy.assets["building"], project().policy.tax, real_after_tax_rate=0.04, inflation=0.0,
            life_years=2.0, purchase_year=2027, horizon_years=4.0,
        ).capital_factor
        for taxes in ((ACQUISITION,), (ACQUISITION, land), (both,))
    )  # fmt: skip
    # Of the land's tax, the second purchase, two years later and as long, has 1.04^-2 of the worth of the first.
    assert (once - terms) / (always - terms) == pytest.approx(1 / (1 + 1.04**-2))


def test_acquisition_tax_is_an_expense_of_the_year_of_service() -> None:
    """20 at the end of construction, and a quarter of it back by the group's tax."""
    cash = project_cash_flow(project(ACQUISITION), CASE)
    assert paid(cash) == {"acquisition_tax": pytest.approx([0, 20, 0, 0, 0, 0])}
    assert cash.depreciation["building"] == pytest.approx([0, 0, 250, 250, 250, 250])
    assert cash.project_flow == pytest.approx([-1000, -15, *[600 - 50 - 75] * 4])


def test_what_replaces_an_asset_pays_again_and_is_set_aside_for() -> None:
    cash = project_cash_flow(project(SALES, ACQUISITION, life=2.0), CASE)
    assert paid(cash) == {
        "sales_tax": pytest.approx([50, 0, 0, 50, 0, 0]),
        "acquisition_tax": pytest.approx([0, 20, 0, 20, 0, 0]),
    }
    assert cash.reserve == pytest.approx([0, 0, 535, 535, 0, 0])


def test_the_ledger_pays_each_to_whom_it_is_owed() -> None:
    ledger = post_entries(project_cash_flow(project(SALES, ACQUISITION, levy=LEVY), CASE), SHARES)
    assert ledger.residual_yen == 0
    assert ledger.accounts("prefecture") == {
        "sales_tax": pytest.approx(50.0),
        "size_levy": pytest.approx(4 * 0.012 / 1.012 * (600 - 50 - 262.5 + 20) - 0.012 / 1.012 * 20, abs=1e-5),
    }
    assert ledger.accounts("municipality") == {"acquisition_tax": pytest.approx(20.0)}


def test_value_added_is_profit_interest_and_wages() -> None:
    """600 less 50 less 250 is profit, 20 of the 50 are wages: 1.2 % of what is left of 320 after the levy itself."""
    cash = project_cash_flow(project(levy=LEVY), CASE)
    levy = 0.012 / 1.012 * 320
    assert cash.size_levy[2:] == pytest.approx([levy] * 4)
    assert 0.012 * (320 - levy) == pytest.approx(levy)
    assert cash.tax.due[2:] == pytest.approx([0.25 * (300 - levy)] * 4)
    indebted = project_cash_flow(project(levy=LEVY), replace(CASE, debt_share=0.5))
    assert indebted.debt.amount_myen > 100
    assert indebted.size_levy == pytest.approx(cash.size_levy)


def test_a_group_pays_on_no_new_capital_and_a_company_of_its_own_does() -> None:
    """Of 1,000 paid in 5 a year, and half of what is above 1,000; a loss of its own makes no negative levy."""
    alone = replace(CASE, tax_position="standalone")
    cash = project_cash_flow(project(levy=LEVY), alone)
    assert cash.levy_on_capital_myen == pytest.approx(5.0)
    assert cash.size_levy[2:] == pytest.approx([0.012 / 1.012 * (320 - 5) + 5] * 4)
    half = project_cash_flow(project(levy=LEVY), replace(alone, debt_share=0.5))
    assert half.levy_on_capital_myen == pytest.approx(2.5)
    assert LEVY.taxed_capital(1500.0) == pytest.approx(1250.0)
    poor = project_cash_flow(project(levy=LEVY, price=0.1), alone)
    assert poor.size_levy[2:] == pytest.approx([5.0] * 4)
    assert project_cash_flow(project(levy=LEVY, price=0.1), CASE).size_levy[3] < 0


def test_the_design_counts_both_as_the_cash_flow_does() -> None:
    """The user cost of a yen times the price is the level rent at which the purchase is worth nothing."""
    taxed = project(SALES, ACQUISITION, levy=LEVY)
    taxed = replace(taxed, assets=(ProjectAsset("building", "building", 1000.0, 4.0),))
    built_at_once = replace(CASE, construction_years=0)
    rent = break_even_price(taxed, built_at_once) * 1000.0
    tax = taxed.policy.tax
    cost = user_cost_factor(
        taxed.policy.assets["building"], tax, real_after_tax_rate=0.05 * 0.75, inflation=0.0, life_years=4.0,
        purchase_year=2027,
    )  # fmt: skip
    assert cost.annual_factor * 1000.0 == pytest.approx(rent, rel=1e-9)
    assert tax.marginal_rate == pytest.approx(0.012 / 1.012 + 0.25 / 1.012)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"debt_share": 0.5}, {"tax_position": "standalone", "debt_share": 0.4}])
def test_the_model_book_has_them_as_formulas(tmp_path: Path, changes: dict[str, Any]) -> None:
    flow = project_cash_flow(project(SALES, ACQUISITION, levy=LEVY, life=2.0), replace(CASE, **changes))
    worked = Worked(tmp_path, model_book_bytes(flow))
    assert_same(worked, flow)
    np.testing.assert_allclose(worked.row("Cash flow", "Tax on value added and capital"), flow.size_levy, atol=1e-9)
