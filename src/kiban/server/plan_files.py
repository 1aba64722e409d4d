"""A plan as files to take home."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from kiban.planning.plan import Plan
from kiban.quantities import Language
from kiban.report.page import fill_page
from kiban.report.plan.document import Circumstances, plan_document, reproduction
from kiban.report.plan.folder import plan_contents
from kiban.report.plan.workbook import ZIP_DATE, workbook_bytes
from kiban.scenario import dump_scenario
from kiban.server.problems import refuse

FILE_KINDS = ("xlsx", "zip", "html", "toml")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def plan_file(plan: Plan, plan_id: str, kind: str, language: Language = "en") -> tuple[bytes, str, str]:
    """Content, media type and name of a file of a plan; a page opens in `language`."""
    stem = f"kiban-{plan_id}"
    if kind == "toml":
        return dump_scenario(plan.scenario).encode("utf-8"), "application/toml", f"{stem}.toml"
    if kind == "html":
        how = Circumstances(plan_id, 0.0, 0.0, "report")
        again = reproduction(plan) if plan.status == "optimal" else None
        page = fill_page(plan_document(plan, how), plan.hourly, language, again=again)
        return page.encode("utf-8"), "text/html; charset=utf-8", f"{stem}.html"
    if kind == "xlsx":
        return workbook_bytes(plan), XLSX, f"{stem}.xlsx"
    if plan.status != "optimal":
        raise refuse("conflict", "no_hours", name=plan_id)
    return _zip_folder(plan, stem), "application/zip", f"{stem}.zip"


def _zip_folder(plan: Plan, stem: str) -> bytes:
    """The folder that `kiban build --out` writes; the same plan gives the same bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(plan_contents(plan, Path(stem)).items()):
            entry = zipfile.ZipInfo(f"{stem}/{name}", ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return written.getvalue()
