"""The frontier as files to take home: a page, a drawing, tables, and the file from which it is read again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from kiban.planning.frontier import Frontier
from kiban.quantities import LANGUAGES, Language
from kiban.report.phrases import phrase
from kiban.report.plan.frontier import (
    best_sentence,
    finding,
    frontier_csv,
    frontier_page,
    frontier_svg,
    frontier_table,
)
from kiban.report.plan.frontier_document import frontier_file
from kiban.report.plan.workbook import fill_table, put, with_fixed_dates

KINDS: Final = ("html", "csv", "xlsx", "svg", "json")


def make_file(frontier: Frontier, kind: str, language: Language) -> bytes:
    """The content of a file of one of the `KINDS`, in the language where it has one."""
    if kind == "xlsx":
        return frontier_workbook(frontier)
    text = {
        "html": lambda: frontier_page(frontier, language),
        "csv": lambda: frontier_csv(frontier),
        "svg": lambda: frontier_svg(frontier, language),
        "json": lambda: frontier_file(frontier),
    }[kind]()
    return text.encode("utf-8")


def frontier_workbook(frontier: Frontier) -> bytes:
    """The table as a workbook, what was found above it and headings in both languages; the same bytes each time."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = phrase("frontier.sheet", "en")
    lines = [said for language in LANGUAGES for said in _say_all(frontier, language)]
    for row, line in enumerate(lines, start=1):
        put(sheet, row, 1, line)
    fill_table(sheet, frontier_table(frontier), first_row=len(lines) + 2)
    raw = io.BytesIO()
    book.save(raw)
    return with_fixed_dates(raw)


def _say_all(frontier: Frontier, language: Language) -> Iterator[str]:
    yield phrase("frontier.title", language, name=frontier.scenario.name)
    yield finding(frontier, language)
    if frontier.best is not None:
        yield best_sentence(frontier, language)
