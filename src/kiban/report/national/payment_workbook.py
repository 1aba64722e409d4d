"""The ledger of a national payment as an Excel workbook: areas, sites, parties by area, bridge, every entry.

The same payment gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kiban.finance.ledger import PARTIES
from kiban.finance.national_payment import NationalPayment, Region
from kiban.report.national.payment_document import RegionDocument, national_payment_document
from kiban.report.payment.document import account_name
from kiban.report.payment.findings import party_name
from kiban.report.payment.fiscal import StepDocument
from kiban.report.plan.workbook import with_fixed_dates, write_new_file

if TYPE_CHECKING:
    from openpyxl import Workbook

REGION_KEYS = (
    *("name", "without_it_mw", "with_it_mw", "induced_it_mw", "induced_low_it_mw", "induced_high_it_mw"),
    *("moved_it_mw", "support_myen", "distortion_myen", "fiscal_cost_myen", "local_public_myen", "ratepayers_myen"),
)
SITE_KEYS = (
    *("id", "area", "prefecture", "without_it_mw", "with_it_mw", "forced_it_mw", "moved_it_mw", "support_myen"),
    "fiscal_cost_myen",
)
BRIDGE_KEYS = ("step", "段階", "kind", "amount_myen", "running_myen")
ENTRY_KEYS = ("year", "site", "area", "prefecture", "payer", "payee", "account", "amount_myen", "why")


def ledger_book_bytes(payment: NationalPayment) -> bytes:
    """The content of the workbook."""
    from openpyxl import Workbook

    summary = national_payment_document(payment)
    book = Workbook()
    sheet = book.active
    sheet.title = "Answer"
    for language in ("en", "ja"):
        sheet.append([summary["sentence"][language]])
        for sentence in summary["sentences"][language]:
            sheet.append([sentence])
        sheet.append([])
    for title, regions in (("Areas", summary["areas"]), ("Prefectures", summary["prefectures"])):
        _write(book, title, REGION_KEYS, (_region(region) for region in regions))
    _write(book, "Sites", SITE_KEYS, ([site.get(key) for key in SITE_KEYS] for site in summary["sites"]))
    _write_parties(book, payment.areas)
    _write(book, "Bridge", BRIDGE_KEYS, (_bridge(step) for step in summary["bridge"]))
    _write(book, "Ledger", ENTRY_KEYS, (_entry(entry) for entry in summary["ledger"]["entries"]))
    raw = io.BytesIO()
    book.save(raw)
    return with_fixed_dates(raw)


def save_ledger_book(payment: NationalPayment, path: str | Path) -> Path:
    """Write the workbook to a new file; `OutputError` where the name is taken or cannot be written."""
    return write_new_file(ledger_book_bytes(payment), path)


def _write(book: Workbook, title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from openpyxl.styles import Font

    sheet = book.create_sheet(title)
    sheet.append(list(headings))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(list(row))


def _write_parties(book: Workbook, areas: Sequence[Region]) -> None:
    """Change of the present value of every party by area, and in all."""
    names = [region.name for region in areas]
    rows: list[list[object]] = []
    last = chr(ord("A") + len(names))
    for number, party in enumerate(PARTIES, start=2):
        amounts = [region.change_myen[party] for region in areas]
        rows.append([party_name(party, "en"), *amounts, f"=SUM(B{number}:{last}{number})"])
    _write(book, "Parties", ("present value, million yen", *names, "all"), rows)


def _region(region: RegionDocument) -> list[object]:
    low, high = region["induced_range_mw"] or (None, None)
    cells: dict[str, object] = {**region, "induced_low_it_mw": low, "induced_high_it_mw": high}
    return [cells[key] for key in REGION_KEYS]


def _bridge(step: StepDocument) -> list[object]:
    return [step["label"]["en"], step["label"]["ja"], step["kind"], step["amount_myen"], step["running_myen"]]


def _entry(entry: dict[str, object]) -> list[object]:
    named = {**entry, "account": account_name(str(entry["account"]), "en")}
    named |= {side: party_name(str(entry[side]), "en") for side in ("payer", "payee")}
    return [named[key] for key in ENTRY_KEYS]
