"""The inputs of the model book: one coloured cell each, addressed by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiban.finance.cash_flow import CashFlow
from kiban.finance.project import MEASURED_ACCOUNTS
from kiban.quantities import LANGUAGES
from kiban.report.payment.workbook_rows import INPUT, label, write_label
from kiban.report.payment.workbook_terms import list_terms

if TYPE_CHECKING:
    from openpyxl import Workbook

INPUTS = "Inputs"


class Inputs:
    """The sheet of inputs; `of` gives the address of each."""

    def __init__(self, book: Workbook, flow: CashFlow) -> None:
        self._sheet = book.active
        self._sheet.title = INPUTS
        self._row = 1
        self._at: dict[str, str] = {}
        case, project, tax = flow.assumptions, flow.project, flow.project.policy.tax
        self._head(project.name)
        facts = {fact.id: fact for fact in case.facts}
        financing = project.policy.financing
        for name, value, fact_id in (
            ("inflation", case.inflation, "finance.inflation"),
            ("discount_rate", flow.discount_rate, ""),
            ("equity_rate", case.equity_rate, "finance.equity_rate"),
            ("tax_rate", tax.rate, ""),
            ("credit_base_share", tax.credit_base_share, ""),
            ("group_tax", case.group_tax_myen if case.tax_position == "group" else 0.0, "finance.group_tax"),
            ("opening_loss", case.opening_loss_myen, "finance.owner_losses.start_up"),
            ("loss_cap_share", tax.loss_cap_share, ""),
            ("debt_share", case.debt_share, "finance.debt_share"),
            ("debt_rate", flow.debt.rate, ""),
            ("dscr_target", case.dscr_target, "finance.dscr_target"),
            ("upfront_fee", case.upfront_fee_share, "finance.fee.upfront"),
            ("guarantee_fee", financing.guarantee_coverage * financing.guarantee_fee_rate, ""),
            ("decommissioning_share", case.decommissioning_share, "finance.decommissioning_share"),
            *((name, value, "") for name, value in list_terms(case.terms)),
            ("levy_of_profit", 0.0 if tax.size_levy is None else tax.size_levy.of_profit, ""),
            ("levy_on_capital", flow.levy_on_capital_myen, ""),
            ("wages_share", case.wages_of_operation_share, "finance.labour_share.operation"),
        ):
            fact = facts.get(fact_id)
            self._put(name, value, note=f"{fact.source} ({fact.status})" if fact else "")
        self._head(label("heading.streams"))
        for stream in project.streams:
            self._put(f"energy.{stream.name}", stream.it_energy_mwh_per_year, "energy", stream.name)
            self._put(f"price.{stream.name}", stream.price_myen_per_mwh or 0.0, "price", stream.name)
        self._put("gpu_hours", project.gpu_hours_per_year or 0.0)
        self._head(label("heading.costs"))
        for account, cost in project.operating_costs_myen_per_year.items():
            kind = "measured_cost" if account in MEASURED_ACCOUNTS else "cost"
            self._put(f"cost.{account}", cost, kind, account)
        self._head(label("heading.assets"))
        for asset in project.assets:
            self._put(f"capex.{asset.name}", asset.capex_myen, "capex", asset.name)
            self._put(f"om.{asset.name}", asset.fixed_om_myen_per_year, "om", asset.name)
            self._put(f"network.{asset.name}", asset.network_charge_myen_per_year, "network", asset.name)
        for credit in flow.production_credits:
            terms = project.policy.assets[_class_of(flow, credit.asset)].production_credit
            assert terms is not None
            output = project.clean_output_mwh_per_year[credit.asset]
            self._put(f"production.{credit.asset}", terms.rate_myen_per_mwh * output, "production", credit.asset)
        for number, rule in enumerate(flow.credit_rules):
            limit = 1.0 if rule.limit_share_of_tax is None else rule.limit_share_of_tax
            self._put(f"limit.{number}", limit, "limit", rule.measure)
            self._put(f"worth.{number}", rule.worth, "worth", rule.measure)
        for column, width in (("A", 44), ("B", 40), ("C", 18), ("D", 60)):
            self._sheet.column_dimensions[column].width = width

    def _head(self, text: str) -> None:
        from openpyxl.styles import Font

        self._row += 1
        write_label(self._sheet, self._row, 1, text).font = Font(bold=True, size=12)
        self._row += 1

    def _put(self, name: str, value: float, kind: str = "", what: str = "", note: str = "") -> None:
        from openpyxl.styles import PatternFill

        for column, language in enumerate(LANGUAGES, start=1):
            text = label(f"input.{kind or name}", language)
            write_label(self._sheet, self._row, column, f"{text}: {what}" if what else text)
        cell = self._sheet.cell(row=self._row, column=3, value=float(value))
        cell.fill = PatternFill("solid", start_color=INPUT)
        cell.number_format = "#,##0.0000"
        write_label(self._sheet, self._row, 4, note)
        self._at[name] = f"{INPUTS}!$C${self._row}"
        self._row += 1

    def of(self, name: str) -> str:
        """Address of an input."""
        return self._at[name]


def _class_of(flow: CashFlow, name: str) -> str:
    return next(asset.asset for asset in flow.project.assets if asset.name == name)
