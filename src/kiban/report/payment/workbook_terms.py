"""Terms of the money in the model book: paths of prices and costs, falling output, and cash that is kept.

They are those of `finance.money_terms`, as formulas. Growth, months and switches are inputs; a price path is a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kiban.calendar import MONTHS_PER_YEAR
from kiban.finance.cash_flow import POWER_ACCOUNTS, CashFlow
from kiban.finance.money_terms import MoneyTerms
from kiban.report.payment.workbook_rows import YearSheet

PRICE, OUTPUT, COST, POWER = "factor.price", "factor.output", "factor.cost", "factor.power"


def list_terms(terms: MoneyTerms) -> tuple[tuple[str, float], ...]:
    """Inputs of the book, by name: shares a year, months, and 1 or 0 for what holds or not."""
    return (
        ("price_growth", terms.price_escalation),
        ("cost_growth", terms.cost_escalation),
        ("power_growth", terms.power_escalation),
        ("output_decline", terms.output_degradation),
        ("debt_by_share", float(terms.debt_sizing == "share")),
        ("interest_while_building", float(terms.interest_during_construction)),
        ("debt_reserve_months", terms.debt_reserve_months),
        ("working_reserve_months", terms.working_reserve_months),
    )


def write_factors(sheet: YearSheet, flow: CashFlow, address: Callable[[str], str]) -> None:
    """Rows of factors by year: 0 before operation; the price's stands on its path, which is a row of inputs."""
    start = flow.start
    path = replace(flow.assumptions.terms, price_escalation=0.0).price_factors(flow.assumptions.horizon_years)

    def given(year: int) -> float:
        return float(path[year - start - 1]) if year > start else 0.0

    def grown(rate: str, sign: str = "+") -> Callable[[int], str]:
        return lambda year: f"(1{sign}{address(rate)})^{year - start - 1}"

    def operating(factor: Callable[[int], str]) -> Callable[[int], str | int]:
        return lambda year: f"={factor(year)}" if year > start else 0

    sheet.row("path.price", given, "price_path")
    dearer = grown("price_growth")
    sheet.row(PRICE, operating(lambda year: f"{sheet.at('path.price', year)}*{dearer(year)}"), "price_factor")
    sheet.row(OUTPUT, operating(grown("output_decline", "-")), "output_factor")
    sheet.row(COST, operating(grown("cost_growth")), "cost_factor")
    sheet.row(POWER, operating(grown("power_growth")), "power_factor")


def cost_factor(account: str) -> str:
    """The row of factors that an operating account follows."""
    return POWER if account in POWER_ACCOUNTS else COST


def write_kept_cash(sheet: YearSheet, flow: CashFlow, address: Callable[[str], str], spent: Sequence[str]) -> None:
    """The rows `kept`, cash at the end of each year, and `put_by`, its change."""
    start, last = flow.start, len(flow.years) - 1

    def kept(year: int) -> str | int:
        if not start <= year < last:
            return 0
        costs = "+".join(sheet.at(row, year + 1) for row in spent) or "0"
        service = f"{sheet.at('interest_paid', year + 1)}+{sheet.at('principal', year + 1)}"
        months = f"{address('debt_reserve_months')}*({service})+{address('working_reserve_months')}*({costs})"
        return f"=({months})/{MONTHS_PER_YEAR}+{float(flow.collateral[year])!r}"

    sheet.row("kept", kept, "kept_cash")
    sheet.row(
        "put_by", lambda year: f"={sheet.at('kept', year)}" + (f"-{sheet.at('kept', year - 1)}" if year else ""),
        "put_by",
    )  # fmt: skip
