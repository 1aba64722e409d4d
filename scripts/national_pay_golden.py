"""Write what packages do to the national example: python scripts/national_pay_golden.py [PACKAGE ...].

It takes some ten minutes of one core for three packages, and writes scenarios/japan.pay.golden.json; review the diff.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from kiban.finance.national import NationalQuestion
from kiban.finance.national_payment import NationalPayment
from kiban.report.national.payment_document import national_payment_document
from kiban.scenario.national_file import read_national

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
EXAMPLE = "japan"
PACKAGES = ("tax-credit", "property-tax-relief", "production-credit")
DIGITS = 7
KEPT = (
    *("fiscal_cost_myen", "treasury_value_myen", "induced_it_mw", "moved_it_mw"),
    *("least_moved_it_mw", "construction_jobs", "cost_per_induced_mw_myen", "value_of_public_funds"),
)
Figures = dict[str, object]


def figures_of(payment: NationalPayment) -> Figures:
    """What the documentation says about one package in the national plan."""
    summary = national_payment_document(payment)
    figures: Figures = {name: summary[name] for name in KEPT}
    figures["support"] = {key: amount for key, amount in summary["support"].items() if key != "assets"}
    figures["change_myen"] = summary["ledger"]["present_values_myen"]["change"]
    figures["gains_myen"] = payment.gains_myen
    figures["residual_yen"] = summary["ledger"]["residual_yen"]
    for kind in ("areas", "prefectures"):
        figures[kind] = {region.pop("name"): region for region in summary[kind]}
    figures["sites"] = {
        site["id"]: {key: site[key] for key in ("area", "prefecture", "without_it_mw", "with_it_mw", "moved_it_mw")}
        for site in summary["sites"]
    }
    for side in ("without", "with"):
        finance = summary["finance"][side]
        figures[side] = {key: finance[key] for key in ("clean_share", "relative_gap", "equity_irr", "levelised")}
    return figures


def rounded(value: object) -> object:
    """The same with every number to seven digits; what is below a yen is nothing."""
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(f"{value:.{DIGITS}g}") if abs(value) > 1e-6 else 0.0


def write_golden(packages: tuple[str, ...]) -> None:
    """Ask the national example under packages, and write the part of each anew as soon as it is known."""
    path = FOLDER / f"{EXAMPLE}.pay.golden.json"
    question = NationalQuestion(read_national(FOLDER / f"{EXAMPLE}.toml"))
    for package in packages:
        print(package, flush=True)
        found = {package.replace("-", "_"): rounded(figures_of(question.pay((package,))))}
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**known, **found}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden(tuple(sys.argv[1:]) or PACKAGES)
