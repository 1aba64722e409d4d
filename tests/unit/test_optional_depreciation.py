"""Optional depreciation by hand: the law's limit on a book value, against a loss that is carried forward."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.test_model_book import Worked, assert_same
from tests.unit.test_purchase_tax import CASE, project

from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.money_terms import MoneyTerms
from kiban.finance.optional_depreciation import may_choose, take_what_income_bears
from kiban.finance.project import Project, ProjectAsset
from kiban.finance.purchases import Purchases, list_purchases
from kiban.policy.terms import ASSETS, AssetTerms, DepreciationTerms
from kiban.report.payment.workbook import model_book_bytes

LINE = DepreciationTerms("straight_line", 4)
DECLINING = DepreciationTerms("declining_balance_200", 4)
ALONE = replace(CASE, tax_position="standalone", group_tax_myen=0.0, equity_rate=0.1)


def bought(method: DepreciationTerms, years: int) -> dict[str, Purchases]:
    """A building of 1,000 for that many years of operation."""
    asset = ProjectAsset("building", "building", 1000.0, float(years), 0.0)
    case = replace(ALONE, horizon_years=years)
    one = list_purchases(asset, AssetTerms(method, method), case, start_year=2027, capex_factor=np.ones(1))
    return {"building": one}


def taken(method: DepreciationTerms, room: list[float]) -> list[float]:
    """Deductions by year of operation where income before them is `room`."""
    found = take_what_income_bears(bought(method, len(room)), np.array([0.0, 0.0, *room]), keeps_all=True)
    return [float(x) for x in found["building"].depreciation[2:]]


@pytest.mark.parametrize("method", [LINE, DECLINING, DepreciationTerms("declining_balance_200", 9, (), 0.3)])
def test_with_enough_income_it_is_the_schedule_of_the_law(method: DepreciationTerms) -> None:
    whole = bought(method, 12)["building"].depreciation[2:]
    assert taken(method, [5000.0] * 12) == pytest.approx(list(whole), abs=1e-6)


def test_straight_line_waits_behind_the_end_of_the_life() -> None:
    """250 a year at most: 100, 0, then 250 three times, and the last 150 in year 6."""
    assert taken(LINE, [100, 0, 400, 400, 400, 400, 400]) == pytest.approx([100, 0, 250, 250, 250, 150, 0])


def test_a_declining_balance_is_on_what_is_left() -> None:
    """Rate 0.5, guarantee 0.12499 of 1,000: 0, 0, 500, 250, then 125 twice (125 x 1.000)."""
    assert taken(DECLINING, [0, -10, 600, 600, 600, 600]) == pytest.approx([0, 0, 500, 250, 125, 125])


def test_what_is_left_goes_when_the_asset_leaves() -> None:
    """Retired after five years without income: all 1,000 at once, a loss that is no choice."""
    assert taken(LINE, [0, 0, 0, 0, 0]) == pytest.approx([0, 0, 0, 0, 1000])


def test_a_special_allowance_waits_one_year_and_no_more() -> None:
    """30 % of 1,000 on top of 250. Half of 550 is taken: 275; then 250 and the other 150; then 250 and what is left."""
    special = DepreciationTerms("straight_line", 4, (), 0.3)
    assert taken(special, [275, 1000, 1000, 1000]) == pytest.approx([275, 400, 250, 75])
    assert taken(special, [0, 0, 1000, 1000, 1000, 1000]) == pytest.approx([0, 0, 250, 250, 250, 250])


def losing(path: tuple[float, ...], method: DepreciationTerms, jurisdiction: str = "japan") -> Project:
    """A building that earns 500 a year times its path; tax of 30 %, losses for ten years against half of income."""
    plain = project(price=0.5, life=float(len(path)))
    asset = replace(plain.assets[0], fixed_om_myen_per_year=0.0)
    tax = replace(plain.policy.tax, jurisdiction=jurisdiction, rate=0.3, loss_years=10, loss_cap_share=0.5)
    policy = replace(plain.policy, tax=tax, assets=dict.fromkeys(ASSETS, AssetTerms(method, method)))
    return replace(plain, assets=(asset,), policy=policy)


def flow(path: tuple[float, ...], method: DepreciationTerms, jurisdiction: str = "japan") -> CashFlow:
    case = replace(ALONE, horizon_years=len(path), terms=MoneyTerms(price_path=path))
    return project_cash_flow(losing(path, method, jurisdiction), case)


def test_an_owner_alone_keeps_book_value_where_losses_would_expire() -> None:
    """Eleven years without income, then three of 500.

    Whole limit: losses of 250 in years 1 to 4; the first expires after year 11, the others count against half of
    500: 250, 250, 250 are taxed, 75 a year. Less: nothing until year 12, then 250, 250, and all 500 that is left:
    75, 75, 0.
    """
    path = (*(0.0,) * 11, 1.0, 1.0, 1.0)
    chosen, american = flow(path, LINE), flow(path, LINE, "united-states")
    assert american.tax.due[-3:] == pytest.approx([75, 75, 75])
    assert american.depreciation["building"][2:6] == pytest.approx([250] * 4)
    assert chosen.tax.due[-3:] == pytest.approx([75, 75, 0])
    assert chosen.depreciation["building"][-3:] == pytest.approx([250, 250, 500])
    assert chosen.postponed_depreciation[2:6] == pytest.approx([250] * 4)
    assert chosen.postponed_depreciation.sum() == pytest.approx(0.0)


def test_a_declining_balance_is_kept_for_the_years_that_tax_it_whole() -> None:
    """Whole: -500, -250, 375, 375, 500, 500 less losses of 187.5, 187.5, 250, 125; less: 0, 0, 0, 250, 375, 375."""
    path = (0.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    whole = flow(path, DECLINING, "united-states")
    assert whole.tax.due[2:] == pytest.approx([0, 0, 0.3 * 187.5, 0.3 * 187.5, 0.3 * 250, 0.3 * 375])
    assert flow(path, DECLINING).tax.due[2:] == pytest.approx([0, 0, 0, 75, 112.5, 112.5])


def test_the_limit_is_taken_where_waiting_costs_more_than_the_loss() -> None:
    """Straight line, 100, 100, then 400: losses come back sooner (75 of 150) than what waits behind the life."""
    path = (0.2, 0.2, 0.8, 0.8, 0.8, 0.8)
    found = flow(path, LINE)
    assert found.depreciation["building"][2:] == pytest.approx([250, 250, 250, 250, 0, 0])
    assert found.tax.due[2:] == pytest.approx([0, 0, 22.5, 22.5, 75, 120])
    assert not found.postponed_depreciation.any()


def test_a_group_that_relieves_losses_at_once_has_nothing_to_choose() -> None:
    path = (*(0.0,) * 11, 1.0, 1.0, 1.0)
    case = replace(CASE, horizon_years=14, terms=MoneyTerms(price_path=path))
    found = project_cash_flow(losing(path, LINE), case)
    assert found.depreciation["building"][2:6] == pytest.approx([250] * 4)
    assert not found.postponed_depreciation.any()


def test_american_law_and_tables_leave_no_choice() -> None:
    assert may_choose("japan", bought(LINE, 4))
    assert not may_choose("united-states", bought(LINE, 4))
    table = DepreciationTerms("table", 4, (0.25, 0.25, 0.25, 0.25))
    assert not may_choose("japan", bought(table, 4))


@pytest.mark.slow
def test_the_model_book_follows_the_choice(tmp_path: Path) -> None:
    path = (0.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    case = replace(ALONE, horizon_years=6, debt_share=0.2, terms=MoneyTerms(price_path=path, debt_sizing="share"))
    cash = project_cash_flow(losing(path, DECLINING), case)
    assert cash.postponed_depreciation[2] == pytest.approx(500)
    assert_same(Worked(tmp_path, model_book_bytes(cash)), cash)
