"""Tax in the model book: the levy on size, losses carried forward and credits within their limits, as formulas.

The oldest amount leaves first, whether used or expired. So what has left by a year is the larger of what had left
before plus what is used, and all that is too old: two rows of running totals hold the whole queue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kiban.finance.cash_flow import CashFlow
from kiban.report.payment.workbook_rows import YearSheet, label


def write_tax(
    sheet: YearSheet,
    flow: CashFlow,
    name: str,
    income: str,
    credits: Mapping[int, Callable[[int], str]],
    address: Callable[[str], str],
) -> None:
    """Rows from income to the tax that is due, under `name.`; `credits` is what each rule earns by year."""
    tax = flow.project.policy.tax
    other = f"IF({address('tax_rate')}>0,{address('group_tax')}/{address('tax_rate')},0)"

    def at(row: str, year: int) -> str:
        return sheet.at(f"{name}.{row}", year) if year >= 0 else "0"

    sheet.head(label(f"heading.tax_{name}"))
    sheet.row(f"{name}.together", lambda y: f"={sheet.at(income, y)}+{other}", "together")
    sheet.row(
        f"{name}.loss",
        lambda y: f"={at('loss', y - 1) if y else address('opening_loss')}+MAX(-{at('together', y)},0)",
        "loss",
    )
    sheet.reserve_row(f"{name}.loss_gone", "loss_gone")
    sheet.row(
        f"{name}.loss_used",
        lambda y: (
            f"=MIN({address('loss_cap_share')}*MAX({at('together', y)},0),{at('loss', y - 1)}-{at('loss_gone', y - 1)})"
        ),
        "loss_used",
    )
    sheet.fill_row(
        f"{name}.loss_gone",
        lambda y: f"=MAX({at('loss_gone', y - 1)}+{at('loss_used', y)},{_too_old(at, 'loss', y, tax.loss_years)})",
    )
    sheet.row(f"{name}.taxable", lambda y: f"=MAX({at('together', y)},0)-{at('loss_used', y)}", "taxable")
    sheet.row(
        f"{name}.before",
        lambda y: f"={address('tax_rate')}*({at('taxable', y)}-{other})",
        "tax_before",
    )
    sheet.row(
        f"{name}.base",
        lambda y: f"=MAX({address('credit_base_share')}*MAX({at('before', y)}+{address('group_tax')},0),0)",
        "credit_base",
    )
    for number, earned in credits.items():
        _write_rule(sheet, flow, name, number, earned, address)
    sheet.row(
        f"{name}.due",
        lambda y: (
            f"={at('before', y)}"
            + "".join(f"-{address(f'worth.{number}')}*{at(f'used.{number}', y)}" for number in credits)
        ),
        "tax_due",
        strong=True,
    )


def write_levy(sheet: YearSheet, flow: CashFlow, address: Callable[[str], str]) -> None:
    """The row `size_levy`: tax on value added and on paid-in capital, from the income before it."""
    start, alone = flow.start, flow.assumptions.tax_position != "group"
    wages = [f"om.{asset.name}" for asset in flow.project.assets if asset.fixed_om_myen_per_year]
    rate = address("levy_of_profit")

    def levy(year: int) -> str:
        paid = "+".join(sheet.at(row, year) for row in wages) or "0"
        capital = address("levy_on_capital") if year > start else "0"
        base = f"{sheet.at('income_before_levy', year)}+{address('wages_share')}*({paid})-{capital}"
        return f"={rate}*" + (f"MAX({base},0)" if alone else f"({base})") + f"+{capital}"

    sheet.fill_row("size_levy", levy)


def _write_rule(
    sheet: YearSheet,
    flow: CashFlow,
    name: str,
    number: int,
    earned: Callable[[int], str],
    address: Callable[[str], str],
) -> None:
    rule, last = flow.credit_rules[number], len(flow.years) - 1
    carry = rule.carry_forward_years
    what = rule.measure

    def at(row: str, year: int) -> str:
        return sheet.at(f"{name}.{row}.{number}", year) if year >= 0 else "0"

    def used(year: int) -> str:
        if rule.refundable:
            return f"={at('earned', year)}"
        limit = f"{address(f'limit.{number}')}*{sheet.at(f'{name}.base', year)}"
        others = "".join(
            f"-{sheet.at(f'{name}.used.{other}', year)}"
            for other in range(number)
            if not flow.credit_rules[other].refundable
        )
        room = f"{sheet.at(f'{name}.base', year)}{others}"
        return f"=MAX(MIN({at('earned_total', year)}-{at('gone', year - 1)},{limit},{room}),0)"

    def gone(year: int) -> str:
        if year == last:
            return f"={at('earned_total', year)}"
        return f"=MAX({at('gone', year - 1)}+{at('used', year)},{_too_old(at, 'earned_total', year, carry)})"

    sheet.row(f"{name}.earned.{number}", lambda y: f"={earned(y)}", "credit_earned", what=what)
    sheet.row(
        f"{name}.earned_total.{number}", lambda y: f"={at('earned_total', y - 1)}+{at('earned', y)}", "credit_total"
    )
    sheet.reserve_row(f"{name}.gone.{number}", "credit_gone")
    sheet.row(f"{name}.used.{number}", used, "credit_used")
    sheet.fill_row(f"{name}.gone.{number}", gone)
    sheet.row(
        f"{name}.expired.{number}",
        lambda y: f"={at('gone', y)}-{at('gone', y - 1)}-{at('used', y)}",
        "credit_expired",
    )


def _too_old(at: Callable[[str, int], str], total: str, year: int, years: int | None) -> str:
    """Running total of what may no longer be carried out of the year."""
    return "0" if years is None else at(total, year - years)
