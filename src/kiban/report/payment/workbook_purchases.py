"""Purchases in the model book: payments, taxes, grants, deductions, credits, worth at the end, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kiban.finance.cash_flow import CashFlow
from kiban.finance.purchases import PurchaseTerms
from kiban.report.payment.workbook_inputs import Inputs
from kiban.report.payment.workbook_rows import Content, YearSheet, label

if TYPE_CHECKING:
    from openpyxl import Workbook

PURCHASES = "Purchases"
TOTALS = (
    "capex", "replacement", "grant", "taxed_grant", "deduct", "property_tax", "purchase_tax", "purchase_tax_expense",
    "residual", "reserve",
)  # fmt: skip


def write_purchases(book: Workbook, flow: CashFlow, inputs: Inputs) -> YearSheet:
    """The sheet of purchases; its rows `total.KIND` and `total.ruleN` (credits of a rule) are for the cash flow."""
    sheet = YearSheet(book.create_sheet(PURCHASES), flow.years)
    sheet.row("index", lambda year: year, fill=False)
    sheet.row("price_level", lambda year: f"=(1+{inputs.of('inflation')})^{sheet.at('index', year)}")
    lists: dict[str, list[str]] = {}
    for name, purchases in flow.purchase_terms.items():
        for number, terms in enumerate(purchases):
            sheet.head(f"{name} {flow.years[flow.start + terms.vintage.bought]}")
            _write_purchase(sheet, flow, inputs, lists, name, f"{name}.{number}", terms)
            _write_reserve(sheet, flow, inputs, lists, f"{name}.{number}", terms)
    sheet.head(label("heading.totals"))
    for kind in (*TOTALS, *(f"rule{number}" for number in range(len(flow.credit_rules)))):
        words = "total_credit" if kind.startswith("rule") else f"total_{kind}"
        sheet.sum_row(f"total.{kind}", lists.get(kind, []), [], words)
    return sheet


def _write_purchase(
    sheet: YearSheet,
    flow: CashFlow,
    inputs: Inputs,
    lists: dict[str, list[str]],
    name: str,
    key: str,
    terms: PurchaseTerms,
) -> None:
    bought, last_year = terms.vintage.bought, len(flow.years) - 1
    price = inputs.of(f"capex.{name}")
    first = flow.start + bought + 1

    def keep(kind: str, row: str, content: Content, words: str) -> None:
        sheet.row(row, content, words)
        lists.setdefault(kind, []).append(row)

    def in_service(by_year: Callable[[int], float]) -> Content:
        return lambda year: by_year(year - first) if 0 <= year - first < len(terms.deductions) else 0.0

    def pay(year: int) -> str:
        return f"={price}*{sheet.at(f'share.{key}', year)}*{sheet.at('price_level', year)}"

    sheet.row(f"share.{key}", lambda year: float(terms.payment_shares[year]), "share")
    keep("capex" if bought == 0 else "replacement", f"pay.{key}", pay, "pay")
    cost = f"SUM({sheet.across(f'pay.{key}')})"
    basis = "1"
    for number, tax in enumerate(terms.purchase_taxes):
        given = sheet.scalar(f"purchase_tax_share.{key}.{number}", tax.rate, f"{tax.account}_share")
        row = f"purchase_tax.{key}.{number}"
        if tax.deducted:
            keep("purchase_tax", row, _once(f"={given}*{cost}", first - 1), "purchase_tax")
            lists.setdefault("purchase_tax_expense", []).append(row)
        else:
            keep("purchase_tax", row, _times(given, sheet, f"pay.{key}"), "purchase_tax")
            basis += f"+{given}"
    for number, (treatment, share) in enumerate(terms.grants):
        given = sheet.scalar(f"grant_share.{key}.{number}", float(share[0]), f"grant_{treatment}")
        row = f"grant.{key}.{number}"
        keep("grant", row, _times(given, sheet, f"pay.{key}"), "grant")
        if treatment == "taxed":
            lists.setdefault("taxed_grant", []).append(row)
        if treatment == "reduces_basis":
            basis += f"-{given}"
    claimed = min(flow.start + bought + flow.assumptions.credit_delay_years, last_year)
    for number, claim in enumerate(terms.credits):
        given = sheet.scalar(f"credit_share.{key}.{number}", float(claim.cost_share[0]), "credit_share")
        used = sheet.scalar(f"credit_used.{key}.{number}", float(claim.used_share[0]), "credit_used_share")
        lost = sheet.scalar(f"basis_cut.{key}.{number}", claim.basis_cut_share, "basis_cut")
        kind = f"rule{flow.credit_rules.index(claim.rule)}"
        keep(kind, f"credit.{key}.{number}", _once(f"={given}*{cost}", claimed), "credit")
        basis += f"-{given}*{used}*{lost}"
    base = sheet.scalar(f"basis.{key}", f"={cost}*MAX({basis},0)", "basis", fill=False)
    sheet.row(f"law.{key}", in_service(lambda age: float(terms.deductions[age])), "law")
    keep("deduct", f"deduct.{key}", _times(base, sheet, f"law.{key}"), "deduct")
    sheet.row(f"due.{key}", in_service(lambda age: float(terms.property_tax[age])), "due")
    keep("property_tax", f"tax.{key}", _times(cost, sheet, f"due.{key}"), "property_tax")
    if terms.residual_share > 0:
        left = sheet.scalar(f"left.{key}", terms.residual_share, "residual_share")
        worth = _once(f"={left}*{price}*{sheet.at('price_level', last_year)}", last_year)
        keep("residual", f"residual.{key}", worth, "residual")


def _write_reserve(
    sheet: YearSheet, flow: CashFlow, inputs: Inputs, lists: dict[str, list[str]], key: str, terms: PurchaseTerms
) -> None:
    """What pays for a replacement, less its grants and usable credits, if spread evenly over the life before it."""
    earlier, later = terms.vintage.replaces, terms.vintage.bought
    if earlier is None:
        return
    cost = f"SUM({sheet.across(f'pay.{key}')})"
    for number in range(len(terms.purchase_taxes)):
        cost += f"+SUM({sheet.across(f'purchase_tax.{key}.{number}')})"
    for number in range(len(terms.grants)):
        cost += f"-SUM({sheet.across(f'grant.{key}.{number}')})"
    for number in range(len(terms.credits)):
        used = sheet.scalar_at(f"credit_used.{key}.{number}")
        worth = inputs.of(f"worth.{flow.credit_rules.index(terms.credits[number].rule)}")
        cost += f"-{used}*{worth}*SUM({sheet.across(f'credit.{key}.{number}')})"

    span = later - earlier

    def content(year: int) -> str | int:
        return f"=MAX({cost},0)/{span}" if 0 <= later - (year - flow.start) < span else 0

    sheet.row(f"reserve.{key}", content, "reserve")
    lists.setdefault("reserve", []).append(f"reserve.{key}")


def _times(factor: str, sheet: YearSheet, row: str) -> Content:
    return lambda year: f"={factor}*{sheet.at(row, year)}"


def _once(formula: str, when: int) -> Content:
    return lambda year: formula if year == when else 0
