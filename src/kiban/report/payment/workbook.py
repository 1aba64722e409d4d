"""The cash flow as an Excel model: inputs in colour, everything else a live formula, and checks that are all zero.

Change an input and the book follows: prices, costs, shares of support, rates, the terms of the debt. Its shape (years,
assets, dates of purchases, the statutory schedules) is written once. Same cash flow, same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kiban.arrays import Array
from kiban.finance.cash_flow import CashFlow
from kiban.quantities import LANGUAGES, YEN_PER_MYEN
from kiban.report.payment.workbook_inputs import Inputs
from kiban.report.payment.workbook_purchases import PURCHASES, write_purchases
from kiban.report.payment.workbook_rows import Content, YearSheet, label, write_label
from kiban.report.payment.workbook_tax import write_levy, write_tax
from kiban.report.payment.workbook_terms import COST, OUTPUT, PRICE, cost_factor, write_factors, write_kept_cash
from kiban.report.plan.workbook import with_fixed_dates, write_new_file

if TYPE_CHECKING:
    from openpyxl import Workbook

CASH_FLOW, RETURNS, CHECKS = "Cash flow", "Returns", "Checks"
CHECK_DIGITS = 6
NOTHING = 1e-9


def model_book_bytes(cash_flow: CashFlow) -> bytes:
    """The content of `model.xlsx` for one case (not for draws)."""
    from openpyxl import Workbook

    if cash_flow.tax.income.ndim != 1:
        raise ValueError("a model book shows one case, not draws")
    book = Workbook()
    inputs = Inputs(book, cash_flow)
    purchases = write_purchases(book, cash_flow, inputs)
    money = _write_cash_flow(book, cash_flow, inputs, purchases)
    _write_returns(book, cash_flow, inputs, money)
    _write_checks(book, cash_flow, purchases, money)
    raw = io.BytesIO()
    book.save(raw)
    return with_fixed_dates(raw)


def save_model_book(cash_flow: CashFlow, path: str | Path) -> Path:
    """Write the model to a new file; `OutputError` where the name is taken or cannot be written."""
    return write_new_file(model_book_bytes(cash_flow), path)


def _write_cash_flow(book: Workbook, flow: CashFlow, inputs: Inputs, bought: YearSheet) -> YearSheet:
    start, last = flow.start, len(flow.years) - 1
    project = flow.project
    sheet = YearSheet(book.create_sheet(CASH_FLOW), flow.years)

    def level(year: int) -> str:
        return bought.there(PURCHASES, "price_level", year)

    def total(kind: str) -> Content:
        return lambda year: f"={bought.there(PURCHASES, f'total.{kind}', year)}"

    def yearly(name: str, *factors: str) -> Content:
        """An amount of the start year's prices, with inflation and the factors of these rows."""

        def content(year: int) -> str | int:
            moved = "".join(f"*{sheet.at(factor, year)}" for factor in factors)
            return f"={inputs.of(name)}*{level(year)}{moved}" if year > start else 0

        return content

    def sold(stream: str) -> Content:
        amount = yearly(f"energy.{stream}", PRICE, OUTPUT)
        return lambda year: f"{amount(year)}*{inputs.of(f'price.{stream}')}" if year > start else 0

    sheet.head(label("heading.operation"))
    write_factors(sheet, flow, inputs.of)
    revenue = []
    for stream in project.streams:
        revenue.append(f"revenue.{stream.name}")
        sheet.row(revenue[-1], sold(stream.name), "revenue", what=stream.name)
    production = []
    for credit in flow.production_credits:
        production.append(f"production.{credit.asset}")
        last_paid = start + int((credit.amount_myen > NOTHING).sum())
        sheet.row(production[-1], _until(last_paid, yearly(production[-1], OUTPUT)), "production", what=credit.asset)
    spent = []
    for account in project.operating_costs_myen_per_year:
        spent.append(f"cost.{account}")
        sheet.row(spent[-1], yearly(spent[-1], cost_factor(account)), "cost", what=account)
    due = {} if project.contract is None else project.contract.charges(last - start)
    for account, amounts in due.items():
        spent.append(f"cost.{account}")
        sheet.row(spent[-1], _promised(amounts, start, level), "cost", what=account)
    for kind in ("om", "network"):
        for asset in project.assets:
            name = f"{kind}.{asset.name}"
            if asset.fixed_om_myen_per_year if kind == "om" else asset.network_charge_myen_per_year:
                spent.append(name)
                sheet.row(name, yearly(name, COST), kind, what=asset.name)
    sheet.row("property_tax", total("property_tax"), "total_property_tax")
    spent.append("property_tax")
    before_levy = [*spent]
    sheet.reserve_row("size_levy", "size_levy")
    spent.append("size_levy")
    sheet.sum_row("earnings", [*revenue, *production], spent, "earnings")
    sheet.head(label("heading.investment"))
    for kind in ("capex", "replacement", "purchase_tax", "grant", "residual"):
        sheet.row(kind, total(kind), f"total_{kind}")
    first_cost = "+".join(inputs.of(f"capex.{asset.name}") for asset in project.assets)
    sheet.row(
        "decommissioning",
        lambda y: f"={inputs.of('decommissioning_share')}*({first_cost})*{level(y)}" if y == last else 0,
        "decommissioning",
    )
    sheet.sum_row(
        "before_tax",
        ["earnings", "grant", "residual"],
        ["capex", "replacement", "purchase_tax", "decommissioning"],
        "before_tax",
    )
    sheet.row("deduct", total("deduct"), "total_deduct")
    sheet.row("taxed_grant", total("taxed_grant"), "total_taxed_grant")
    sheet.row("purchase_tax_expense", total("purchase_tax_expense"), "total_purchase_tax_expense")
    sheet.sum_row(
        "income_before_levy",
        [*revenue, "taxed_grant", "residual"],
        [*before_levy, "deduct", "purchase_tax_expense", "decommissioning"],
        "income_before_levy",
    )
    write_levy(sheet, flow, inputs.of)
    sheet.sum_row("income", ["income_before_levy"], ["size_levy"], "income")
    _write_debt(sheet, flow, inputs, _elsewhere(bought, "total.reserve"))
    sheet.sum_row("levered_income", ["income"], ["interest", "fee", "guarantee"], "levered_income")
    credits = {number: _elsewhere(bought, f"total.rule{number}") for number in range(len(flow.credit_rules))}
    write_tax(sheet, flow, "paid", "levered_income", credits, inputs.of)
    write_tax(sheet, flow, "without_debt", "income", credits, inputs.of)
    sheet.head(label("heading.flows"))
    write_kept_cash(sheet, flow, inputs.of, spent)
    sheet.sum_row("project_flow", ["before_tax"], ["without_debt.due"], "project_flow")
    sheet.sum_row(
        "equity_flow",
        ["before_tax", "drawdown"],
        ["interest_paid", "principal", "fee", "guarantee", "paid.due", "put_by"],
        "equity_flow",
    )
    sheet.row("dividends", lambda y: f"=MAX({sheet.at('equity_flow', y)},0)", "dividends", fill=False)
    sheet.row("contributions", lambda y: f"=MAX(-{sheet.at('equity_flow', y)},0)", "contributions", fill=False)
    return sheet


def _promised(amounts: Array, start: int, level: Callable[[int], str]) -> Content:
    """What a contract asks by year of service, at prices of the start year, with inflation."""
    return lambda year: f"={float(amounts[year - start - 1])!r}*{level(year)}" if year > start else 0


def _until(last: int, content: Content) -> Content:
    return lambda year: content(year) if year <= last else 0


def _elsewhere(bought: YearSheet, row: str) -> Callable[[int], str]:
    """Addresses of a row of the purchases."""
    return lambda year: bought.there(PURCHASES, row, year)


def _write_debt(sheet: YearSheet, flow: CashFlow, inputs: Inputs, reserve: Callable[[int], str]) -> None:
    start = flow.start
    tenor = min(flow.assumptions.debt_tenor_years, flow.assumptions.horizon_years)
    rate, share, fee = inputs.of("debt_rate"), inputs.of("debt_share"), inputs.of("upfront_fee")
    by_share = inputs.of("debt_by_share")

    def serves(year: int) -> bool:
        return start < year <= start + tenor

    sheet.head(label("heading.debt"))
    sheet.row(
        "need",
        lambda y: f"={sheet.at('capex', y)}+{sheet.at('purchase_tax', y)}-{sheet.at('grant', y)}" if y <= start else 0,
        "need",
    )
    sheet.row("available", lambda y: f"={sheet.at('earnings', y)}-{reserve(y)}" if y > start else 0, "available")
    accrues = inputs.of("interest_while_building")
    sheet.row("growth", lambda y: f"=(1+{rate}*{accrues})^{start - y}" if y <= start else 0, "growth")
    sheet.row("discount", lambda y: f"=(1+{rate})^-{y - start}" if serves(y) else 0, "discount")
    if flow.assumptions.repayment == "sculpted":
        sheet.row(
            "carried", lambda y: f"=MAX({sheet.at('available', y)},0)/{inputs.of('dscr_target')}" if serves(y) else 0,
            "carried",
        )  # fmt: skip
    else:
        worst = f"MIN({sheet.span('available', start + 1, start + tenor)})"
        level = f"IF({by_share}>0,1,MAX({worst},0)/{inputs.of('dscr_target')})"
        sheet.row("carried", lambda y: f"={level}" if serves(y) else 0, "carried")
    cost = f"SUM({sheet.across('need')})"
    grown = sheet.scalar("grown", f"=SUMPRODUCT({sheet.across('need')},{sheet.across('growth')})", "grown", fill=False)
    most = sheet.scalar(
        "most",
        f"={share}*{cost}/({grown}-{share}*({grown}-{cost})-{share}*{fee}*{grown})*{grown}",
        "most",
        fill=False,
    )
    worth = sheet.scalar(
        "worth", f"=SUMPRODUCT({sheet.across('carried')},{sheet.across('discount')})", "worth", fill=False
    )
    sized = f"IF({by_share}>0,{most},MIN({most},{worth}))"
    amount = sheet.scalar("debt", f"=IF({worth}>0,{sized},0)", "debt", fill=False)
    sheet.row("drawdown", lambda y: f"={sheet.at('need', y)}*{amount}/{grown}" if y <= start else 0, "drawdown")
    sheet.row(
        "service", lambda y: f"={sheet.at('carried', y)}*IF({worth}>0,{amount}/{worth},0)" if serves(y) else 0,
        "service",
    )  # fmt: skip
    sheet.reserve_row("balance", "balance")
    sheet.row(
        "interest",
        lambda y: f"={rate}*{sheet.at('balance', y - 1)}" + ("" if y > start else f"*{accrues}") if y > 0 else 0,
        "interest",
    )
    sheet.row("interest_paid", lambda y: f"={sheet.at('interest', y)}" if y > start else 0, "interest_paid")
    sheet.row(
        "principal", lambda y: f"={sheet.at('service', y)}-{sheet.at('interest', y)}" if y > start else 0, "principal"
    )
    sheet.fill_row("balance", lambda y: _balance(sheet, y, start))
    sheet.row("fee", lambda y: f"={fee}*{amount}" if y == 0 else 0, "fee")
    sheet.row(
        "guarantee",
        lambda y: f"={inputs.of('guarantee_fee')}*{sheet.at('balance', y - 1)}" if y > 0 else 0,
        "guarantee",
    )
    sheet.row(
        "cover",
        lambda y: (
            f'=IF({sheet.at("service", y)}>{NOTHING},{sheet.at("available", y)}/{sheet.at("service", y)},"")'
            if serves(y)
            else ""
        ),
        "cover",
    )


def _balance(sheet: YearSheet, year: int, start: int) -> str:
    before = sheet.at("balance", year - 1) if year else "0"
    if year <= start:
        return f"={before}+{sheet.at('interest', year)}+{sheet.at('drawdown', year)}"
    return f"={before}-{sheet.at('principal', year)}"


def _write_returns(book: Workbook, flow: CashFlow, inputs: Inputs, money: YearSheet) -> None:
    sheet = book.create_sheet(RETURNS)
    project, equity = (money.span_there(CASH_FLOW, name) for name in ("project_flow", "equity_flow"))

    def value(rate: str, name: str) -> str:
        rest = money.span_there(CASH_FLOW, name, first=1)
        return f"{money.there(CASH_FLOW, name, 0)}+NPV({inputs.of(rate)},{rest})"

    energy = "+".join(inputs.of(f"energy.{stream.name}") for stream in flow.project.streams) or "0"
    revenue = "+".join(
        f"{inputs.of(f'energy.{s.name}')}*{inputs.of(f'price.{s.name}')}" for s in flow.project.streams
    ) or "0"  # fmt: skip
    hours = inputs.of("gpu_hours")
    cover = money.span_there(CASH_FLOW, "cover")
    rows = [
        ("project_npv", f"={value('discount_rate', 'project_flow')}"),
        ("project_irr", f'=IFERROR(IRR({project},0.08),"")'),
        ("equity_npv", f"={value('equity_rate', 'equity_flow')}"),
        ("equity_irr", f'=IFERROR(IRR({equity},0.08),"")'),
        ("debt", f"={CASH_FLOW_QUOTED}!{money.scalar_at('debt')}"),
        ("least_dscr", f'=IF(COUNT({cover})>0,MIN({cover}),"")'),
        ("mean_dscr", f'=IFERROR(AVERAGE({cover}),"")'),
        ("mean_price", f'=IF(({energy})>0,({revenue})/({energy}),"")'),
        ("gpu_hour_price", f'=IF({hours}>0,({revenue})/{hours}*{YEN_PER_MYEN:.0f},"")'),
    ]
    for place, (name, formula) in enumerate(rows, start=2):
        for column, language in enumerate(LANGUAGES, start=1):
            write_label(sheet, place, column, label(f"return.{name}", language))
        cell = sheet.cell(row=place, column=3, value=formula)
        cell.number_format = "0.00%" if name.endswith("irr") else "#,##0.0000"
    for letter, width in (("A", 44), ("B", 40), ("C", 18)):
        sheet.column_dimensions[letter].width = width


CASH_FLOW_QUOTED = f"'{CASH_FLOW}'"


def _write_checks(book: Workbook, flow: CashFlow, bought: YearSheet, money: YearSheet) -> None:
    """What must be zero whatever the inputs: nothing is lost or made on the way."""
    sheet = book.create_sheet(CHECKS)
    deducted = bought.span_there(PURCHASES, "total.deduct")
    bases = "+".join(
        f"{PURCHASES}!{bought.scalar_at(f'basis.{name}.{number}')}"
        f"*SUM({bought.span_there(PURCHASES, f'law.{name}.{number}')})"
        for name, purchases in flow.purchase_terms.items()
        for number, terms in enumerate(purchases)
        if terms.deductions.any()
    )
    rate_free = [money.span_there(CASH_FLOW, name) for name in ("dividends", "contributions", "equity_flow")]
    last = len(flow.years) - 1
    shield = [money.span_there(CASH_FLOW, name) for name in ("equity_flow", "before_tax", "paid.due", "drawdown")]
    paid = [money.span_there(CASH_FLOW, name) for name in ("interest_paid", "principal", "fee", "guarantee")]
    rows = [
        ("deductions", f"SUM({deducted})-({bases or '0'})"),
        ("balance", money.there(CASH_FLOW, "balance", last)),
        ("drawdown", " - ".join([
            f"SUM({money.span_there(CASH_FLOW, 'drawdown')})+SUM({money.span_there(CASH_FLOW, 'interest')})",
            f"SUM({money.span_there(CASH_FLOW, 'interest_paid')})-SUM({money.span_there(CASH_FLOW, 'principal')})",
        ])),
        ("dividends", f"SUM({rate_free[0]})-SUM({rate_free[1]})-SUM({rate_free[2]})"),
        ("equity", f"SUM({shield[0]})-SUM({shield[1]})+SUM({shield[2]})-SUM({shield[3]})+"
                   + "+".join(f"SUM({span})" for span in paid)),
    ]  # fmt: skip
    for tax in ("paid", "without_debt"):
        for number in range(len(flow.credit_rules)):
            parts = [money.span_there(CASH_FLOW, f"{tax}.{kind}.{number}") for kind in ("earned", "used", "expired")]
            rows.append((f"credits_{tax}", f"SUM({parts[0]})-SUM({parts[1]})-SUM({parts[2]})"))
    for place, (name, formula) in enumerate(rows, start=2):
        for column, language in enumerate(LANGUAGES, start=1):
            write_label(sheet, place, column, label(f"check.{name}", language))
        sheet.cell(row=place, column=3, value=f"=ROUND({formula},{CHECK_DIGITS})")
    end = len(rows) + 1
    for column, language in enumerate(LANGUAGES, start=1):
        write_label(sheet, end + 2, column, label("check.all", language))
    sheet.cell(row=end + 2, column=3, value=f"=SUMPRODUCT(ABS(C2:C{end}))")
    for letter, width in (("A", 60), ("B", 60), ("C", 18)):
        sheet.column_dimensions[letter].width = width
