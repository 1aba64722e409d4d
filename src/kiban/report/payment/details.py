"""What the command line says of a payment beneath its answer, as titles, sentences and tables of plain text.

Who pays and gains, what the support pays for, how firm it is, the bridge, the budget's form, who keeps the tax, who
ends with the support, contracts, what leaks and when it is ordered, finance and the downside: the same sections in the
same words and order, taken apart for documents and pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypedDict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kiban.finance.fiscal import FiscalViews
from kiban.quantities import Language
from kiban.report.layout import NOTHING, Sentence
from kiban.report.payment.terminal import payment_sections

NUMBER = re.compile(r"[-+−<~]?(US\$|¥)?\d")


class TableDocument(TypedDict):
    """Headings and rows of text; `numeric` has the numbers of columns of numbers, `bold` those of rows that sum up."""

    columns: list[str]
    numeric: list[int]
    rows: list[list[str]]
    bold: list[int]


class DetailDocument(TypedDict):
    """A section in one language: its title, its tables, and what is said beside them."""

    title: str
    tables: list[TableDocument]
    sentences: list[str]


def payment_details(views: FiscalViews, language: Language) -> list[DetailDocument]:
    """The sections of a payment."""
    return list(_sections(payment_sections(views, language)))


def _sections(parts: Iterable[RenderableType]) -> Iterator[DetailDocument]:
    """Titles and what follows each of them; a title is text in a style, as `layout.section` makes it."""
    made: DetailDocument | None = None
    for part in parts:
        if isinstance(part, Text):
            if not part.plain:
                continue
            if made is not None:
                yield made
            made = {"title": part.plain, "tables": [], "sentences": []}
        elif made is not None:
            _take(part, made)
    if made is not None:
        yield made


def _take(part: object, into: DetailDocument) -> None:
    match part:
        case Padding():
            _take(part.renderable, into)
        case Group():
            for one in part.renderables:
                _take(one, into)
        case Sentence():
            into["sentences"].append(part.text)
        case Text():
            if part.plain:
                into["sentences"].append(part.plain)
        case Table() if part.box is None:
            into["sentences"] += [_text(cell) for cell in part.columns[-1].cells]
        case Table():
            into["tables"].append(_table(part))
        case _:
            raise TypeError(f"a section holds a {type(part).__name__}, which no page can show")


def _table(found: Table) -> TableDocument:
    columns = [[_text(cell) for cell in column.cells] for column in found.columns]
    first = found.columns[0].cells
    return {
        "columns": [" ".join(_text(column.header).split()) for column in found.columns],
        "numeric": [number for number, texts in enumerate(columns) if all(map(_is_number, texts))],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "bold": [row for row, cell in enumerate(first) if isinstance(cell, Text | Sentence) and cell.style == "bold"],
    }


def _is_number(text: str) -> bool:
    return not text or text == NOTHING or NUMBER.match(text) is not None


def _text(cell: object) -> str:
    match cell:
        case Sentence():
            return cell.text
        case Text():
            return cell.plain.strip()
        case str():
            return cell.strip()
    raise TypeError(f"a table holds a {type(cell).__name__}, which no page can show")
