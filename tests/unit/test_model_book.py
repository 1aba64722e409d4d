"""The Excel model: its formulas, worked out by another program, give the cash flow, before and after a change."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook

from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, Draws, project_cash_flow
from kiban.finance.metrics import compute_returns
from kiban.finance.money_terms import MoneyTerms
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    FinancingTerms,
    GrantTerms,
    PolicyTerms,
    ProductionCreditTerms,
    PropertyTaxTerms,
    TaxTerms,
)
from kiban.report.payment.workbook import model_book_bytes
from kiban.report.payment.workbook_rows import INPUT

pytestmark = pytest.mark.slow

BALANCE = DepreciationTerms("declining_balance_200", 5)
LINE = DepreciationTerms("straight_line", 10)
OWN_TERMS = MoneyTerms(
    price_path=(1.0, 0.95, 0.9),
    price_escalation=0.01,
    cost_escalation=0.02,
    power_escalation=-0.03,
    output_degradation=0.04,
    interest_during_construction=False,
    undepreciated="lost",
    debt_reserve_months=6.0,
    working_reserve_months=3.0,
)
DUE = PropertyTaxTerms(0.014, 0.2, 0.9, 0.05, relief=(0.5,))


def case(**changes: object) -> FinanceAssumptions:
    plain = FinanceAssumptions(
        inflation=0.02, horizon_years=9, construction_years=1, capex_at_start_share=0.3, discount_rate_real=0.05,
        equity_rate=0.1, debt_share=0.6, debt_tenor_years=6, debt_reference_rate=0.02, debt_margin=0.01,
        dscr_target=1.4, upfront_fee_share=0.01, public_rate=0.017, group_tax_myen=60.0, decommissioning_share=0.02,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def project(*, refundable: bool = False, price: float = 1.1, cap: float | None = 20.0) -> Project:
    power = AssetTerms(
        LINE,
        LINE,
        credits=(CreditTerms(0.2, 0.5, limit_share_of_tax=0.2, carry_forward_years=2, measure="power"),),
        property_tax=DUE,
        ordinary_property_tax=DUE,
        production_credit=ProductionCreditTerms(0.05, 4),
    )
    chips = AssetTerms(
        BALANCE,
        BALANCE,
        credits=(CreditTerms(0.1, refundable=refundable, carry_forward_years=1, measure="chips"),),
        grants=(GrantTerms(0.05), GrantTerms(0.03, "taxed", cap_myen=cap)),
        last_year=2029,
    )
    tax = TaxTerms("law", 0.3, {"national_treasury": 1.0}, 0.75, 3, 0.5)
    return Project(
        name="=book",
        assets=(ProjectAsset("pv", "pv", 900.0, 15.0, 20.0, 3.0), ProjectAsset("chips", "chips", 800.0, 3.5, 10.0)),
        streams=(RevenueStream("base_load", 300.0, price), RevenueStream("batch", 200.0, 1.5)),
        operating_costs_myen_per_year={"energy": 40.0, "water": 2.0},
        policy=PolicyTerms(
            "book", "", "", tax, {a: chips if a == "chips" else power for a in ASSETS},
            FinancingTerms(guarantee_coverage=0.5, guarantee_fee_rate=0.004),
        ),
        start_year=2027,
        clean_output_mwh_per_year={"pv": 100.0},
        gpu_hours_per_year=1e6,
    )  # fmt: skip


class Worked:
    """A book whose formulas have been worked out by the package `formulas`."""

    def __init__(self, folder: Path, content: bytes) -> None:
        path = folder / "model.xlsx"
        path.write_bytes(content)
        self.book = load_workbook(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import formulas

            self._solution = formulas.ExcelModel().loads(str(path)).finish().calculate()

    def cell(self, sheet: str, address: str) -> Any:
        return self._solution[f"'[model.xlsx]{sheet.upper()}'!{address}"].value[0, 0]

    def row(self, sheet: str, words: str, nth: int = 0) -> np.ndarray[Any, Any]:
        page = self.book[sheet]
        rows = [row for row in range(1, page.max_row + 1) if page.cell(row, 1).value == words]
        cells = page[rows[nth]][3:]
        return np.array([float(self.cell(sheet, cell.coordinate)) for cell in cells])

    def named(self, sheet: str, words: str) -> float:
        page = self.book[sheet]
        row = next(row for row in range(1, page.max_row + 1) if page.cell(row, 1).value == words)
        return float(self.cell(sheet, f"C{row}"))


def assert_same(worked: Worked, flow: CashFlow) -> None:
    def same(words: str, expected: Any, nth: int = 0) -> None:
        expected = np.broadcast_to(expected, flow.years.shape)
        np.testing.assert_allclose(worked.row("Cash flow", words, nth), expected, rtol=1e-9, atol=1e-7, err_msg=words)

    same("Earnings before tax, interest and depreciation", flow.earnings)
    same("Flow before tax and debt", flow.flow_before_tax)
    same("Depreciation", sum(flow.depreciation.values()))
    same("Property tax", sum(flow.property_tax.values()))
    same("Taxable income", flow.tax.income)
    same("Balance", flow.debt.balance)
    same("Interest", flow.debt.interest)
    same("Tax before credits", flow.tax.before_credits, 0)
    same("Tax before credits", flow.unlevered_tax.before_credits, 1)
    same("Tax due", flow.tax.due, 0)
    same("Tax due", flow.unlevered_tax.due, 1)
    same("Flow of the project, after tax, without debt", flow.project_flow)
    same("Flow of equity", flow.equity_flow)
    returns = compute_returns(flow)
    for words, expected in (
        ("Net present value of the project [million yen]", returns.project_npv_myen),
        ("Return of the project", returns.project_irr),
        ("Net present value of equity [million yen]", returns.equity_npv_myen),
        ("Debt at the start of operation [million yen]", returns.debt_myen),
        ("Least debt service cover", returns.least_dscr),
        ("Mean debt service cover", returns.mean_dscr),
    ):
        assert worked.named("Returns", words) == pytest.approx(expected, rel=1e-7, abs=1e-6), words
    assert worked.named("Checks", "Sum of all checks") == 0


@pytest.mark.parametrize(
    ("changes", "refundable"),
    [
        ({}, False),
        ({"tax_position": "standalone", "repayment": "annuity", "debt_share": 0.3}, True),
        ({"construction_years": 0, "credit_delay_years": 1, "dscr_target": 2.5}, False),
        ({"terms": OWN_TERMS}, False),
        ({"terms": replace(OWN_TERMS, debt_sizing="share"), "construction_years": 2}, False),
        ({"terms": MoneyTerms(debt_sizing="share"), "repayment": "annuity", "debt_share": 0.3}, True),
    ],
)
def test_formulas_give_the_cash_flow(tmp_path: Path, changes: dict[str, Any], refundable: bool) -> None:
    flow = project_cash_flow(project(refundable=refundable), case(**changes))
    assert_same(Worked(tmp_path, model_book_bytes(flow)), flow)


def test_the_book_follows_terms_of_the_money(tmp_path: Path) -> None:
    """Growth, reserves and the debt's size written into the coloured cells give the cash flow under such terms."""
    book = load_workbook(io.BytesIO(model_book_bytes(project_cash_flow(project(), case()))))
    page = book["Inputs"]
    new = {
        "Growth of the price of what is sold, real, a year": 0.02,
        "Growth of costs without power, real, a year": 0.01,
        "Growth of the price of power, real, a year": 0.03,
        "Fall of what is sold, share a year": 0.05,
        "Debt by its share of the cost alone (1) or by cover too (0)": 1.0,
        "Interest accrues while building (1) or not (0)": 0.0,
        "Debt service kept in cash [months]": 6.0,
        "Running costs kept in cash [months]": 2.0,
    }
    for row in range(1, page.max_row + 1):
        if page.cell(row, 1).value in new:
            page.cell(row, 3).value = new.pop(page.cell(row, 1).value)
    assert new == {}
    terms = MoneyTerms((), 0.02, 0.01, 0.03, 0.05, "share", False, "deducted", 6.0, 2.0)
    after = project_cash_flow(project(), case(terms=terms))
    used = [claim.used_share[0] for terms in after.purchase_terms.values() for one in terms for claim in one.credits]
    rows = book["Purchases"].iter_rows(min_col=1, max_col=3)
    cells = [row[2] for row in rows if row[0].value == "Share of the credit that tax lets its owner use"]
    for cell, share in zip(cells, used, strict=True):
        cell.value = float(share)
    changed = io.BytesIO()
    book.save(changed)
    worked = Worked(tmp_path, changed.getvalue())
    np.testing.assert_allclose(worked.row("Cash flow", "Flow of equity"), after.equity_flow, atol=1e-7)
    np.testing.assert_allclose(worked.row("Cash flow", "Cash kept at the end of the year"), after.cash_reserves)
    assert after.cash_reserves.max() > 10.0
    assert worked.named("Checks", "Sum of all checks") == 0


def test_the_book_follows_its_inputs(tmp_path: Path) -> None:
    """Other prices, costs, rates and debt written into the coloured cells give the cash flow of such a project."""
    before = project_cash_flow(project(cap=None), case())
    book = load_workbook(io.BytesIO(model_book_bytes(before)))
    page = book["Inputs"]
    new = {
        "Price [million yen/MWh]: base_load": 0.9,
        "Price [million yen]: chips": 700.0,
        "Inflation": 0.03,
        "Rate of tax on income": 0.35,
        "Largest share of debt in the cost": 0.4,
        "Tax on the group's other income [million yen a year]": 20.0,
        "Cost that follows the load [million yen a year]: energy": 55.0,
    }
    for row in range(1, page.max_row + 1):
        if page.cell(row, 1).value in new:
            page.cell(row, 3).value = new.pop(page.cell(row, 1).value)
    assert new == {}
    of_new = project(price=0.9, cap=None)
    of_new = replace(
        of_new,
        assets=(of_new.assets[0], replace(of_new.assets[1], capex_myen=700.0)),
        operating_costs_myen_per_year={"energy": 55.0, "water": 2.0},
        policy=replace(of_new.policy, tax=replace(of_new.policy.tax, rate=0.35)),
    )
    after = project_cash_flow(of_new, case(inflation=0.03, debt_share=0.4, group_tax_myen=20.0))
    # What the owner's tax leaves of each credit is an input, too: it would go around with the cut of the basis.
    used = [claim.used_share[0] for terms in after.purchase_terms.values() for one in terms for claim in one.credits]
    rows = book["Purchases"].iter_rows(min_col=1, max_col=3)
    cells = [row[2] for row in rows if row[0].value == "Share of the credit that tax lets its owner use"]
    for cell, share in zip(cells, used, strict=True):
        cell.value = float(share)
    changed = io.BytesIO()
    book.save(changed)
    worked = Worked(tmp_path, changed.getvalue())
    np.testing.assert_allclose(worked.row("Cash flow", "Revenue: base_load"), after.revenue["base_load"])
    np.testing.assert_allclose(worked.row("Cash flow", "Flow of equity"), after.equity_flow, atol=1e-7)
    assert np.abs(worked.row("Cash flow", "Flow of equity") - before.equity_flow).max() > 30.0
    assert worked.named("Checks", "Sum of all checks") == 0


def test_only_inputs_are_numbers_and_they_are_coloured() -> None:
    book = load_workbook(io.BytesIO(model_book_bytes(project_cash_flow(project(), case()))))
    for sheet in ("Purchases", "Cash flow"):
        for row in book[sheet].iter_rows(min_row=3, min_col=3):
            for cell in row:
                if isinstance(cell.value, float):
                    assert cell.fill.start_color.rgb == f"00{INPUT}", (sheet, cell.coordinate)
    formulas = [c for row in book["Cash flow"].iter_rows(min_row=2) for c in row if c.data_type == "f"]
    assert len(formulas) > 500
    assert all(c.data_type != "f" for row in book["Inputs"].iter_rows() for c in row)
    assert book["Inputs"]["A2"].value == "=book"


def test_same_cash_flow_same_bytes() -> None:
    flow = project_cash_flow(project(), case())
    assert model_book_bytes(flow) == model_book_bytes(flow)


def test_draws_have_no_book() -> None:
    flow = project_cash_flow(project(), case())
    draws = project_cash_flow(project(), case(), draws=Draws(delay_years=np.zeros((2, 1))), debt=flow.debt)
    with pytest.raises(ValueError, match="one case"):
        model_book_bytes(draws)
