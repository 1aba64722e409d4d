"""A national plan as a folder: the report in both languages, every digit as JSON, tables and the map."""

from __future__ import annotations

from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of
from kiban.national.result.plan import NationalPlan
from kiban.quantities import LANGUAGES
from kiban.report.layout import render
from kiban.report.national.document import national_document
from kiban.report.national.flows import flows_csv
from kiban.report.national.map import draw_map
from kiban.report.national.terminal import national_text
from kiban.report.plan.folder import check_folder
from kiban.report.plan.record import to_json
from kiban.report.table_file import csv_text
from kiban.whole_files import write_whole

REPORT_WIDTH = 110


def save_national(plan: NationalPlan, folder: str | Path) -> Path:
    """Write a national plan to a new folder and return it; `OutputError` where it cannot be written."""
    folder = Path(folder)
    check_folder(folder)
    content = {name: text.encode("utf-8") for name, text in _texts(plan).items()}
    try:
        return write_whole(folder, content, make_parents=True)
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(Problem("output.unwritable", str(folder), remedy="output.elsewhere", reason=reason)) from None


def _texts(plan: NationalPlan) -> dict[str, str]:
    texts = {"summary.json": to_json(national_document(plan)), "sites.csv": sites_csv(plan)}
    for language in LANGUAGES:
        report = national_text(plan, language, REPORT_WIDTH)
        texts[f"report.{language}.txt"] = render(report, width=REPORT_WIDTH, colour=False)
        if plan.status == "optimal":
            texts[f"map.{language}.svg"] = draw_map(plan, language)
    if plan.flows is not None:
        texts["interconnectors.csv"] = flows_csv(plan.flows)
    return texts


def sites_csv(plan: NationalPlan) -> str:
    """One row per site of the plan, units at the end of the names."""
    tranches = [tranche.id for tranche in plan.study.tranche]
    loads = [f"{name}_mw" for name in tranches]
    costs = ["cost_myen_per_year", "power_cost_myen_per_mwh", "without_myen_per_year"]
    rows: list[list[object]] = []
    for site in plan.sites:
        served = [site.load_mw.get(name, 0.0) for name in tranches]
        figures = [site.total_mw, site.connection_mw, site.clean_share, site.cost_myen, site.power_cost_myen_per_mwh]
        without = "" if site.without_myen is None else site.without_myen
        rows.append([site.candidate.id, site.candidate.area, *served, *figures, without])
    return csv_text(["site", "area", *loads, "it_load_mw", "connection_mw", "clean_share", *costs], rows)
