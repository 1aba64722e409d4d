"""A sheet whose columns are years and whose rows have names, so that formulas can be written by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kiban.quantities import LANGUAGES, Language
from kiban.report.phrases import phrase

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

INPUT = "FFF2CC"
"""Colour of cells that may be changed."""
FIRST_YEAR_COLUMN = 4
SCALAR_COLUMN = 3
Content = Callable[[int], Any]


def label(key: str, language: Language | None = None) -> str:
    """Words of the model book: in one language, or in both, one after the other."""
    if language is not None:
        return phrase(f"model_{key}", language)
    return " / ".join(phrase(f"model_{key}", each) for each in LANGUAGES)


def write_label(sheet: Worksheet, row: int, column: int, text: str) -> Any:
    """A cell with a text that stays text even if it looks like a formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = sheet.cell(row=row, column=column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)
    cell.data_type = "s"
    return cell


class YearSheet:
    """Rows by name; year 0 stands in the first column of years."""

    def __init__(self, sheet: Worksheet, years: npt.NDArray[np.int64]) -> None:
        from openpyxl.styles import Font

        self._sheet = sheet
        self._years = len(years)
        self._rows: dict[str, int] = {}
        self._next = 2
        for number, year in enumerate(years):
            cell = sheet.cell(row=1, column=FIRST_YEAR_COLUMN + number, value=int(year))
            cell.font = Font(bold=True)
            sheet.column_dimensions[_letter(FIRST_YEAR_COLUMN + number)].width = 13
        for column, width in ((1, 40), (2, 36), (SCALAR_COLUMN, 14)):
            sheet.column_dimensions[_letter(column)].width = width
        sheet.freeze_panes = "D2"

    def head(self, text: str) -> None:
        """A heading on a row of its own."""
        from openpyxl.styles import Font

        self._next += 1
        write_label(self._sheet, self._next, 1, text).font = Font(bold=True, size=12)
        self._next += 1

    def row(
        self,
        name: str,
        content: Content,
        kind: str = "",
        *,
        what: str = "",
        fill: bool = True,
        strong: bool = False,
    ) -> None:
        """A row of numbers (inputs, in colour where `fill`) or formulas by year, labelled by its kind."""
        self.reserve_row(name, kind or name, what, strong=strong)
        self.fill_row(name, content, fill=fill)

    def reserve_row(self, name: str, kind: str, what: str = "", *, strong: bool = False) -> None:
        """A labelled row whose cells are written later, so that other rows may refer to it."""
        from openpyxl.styles import Font

        for column, language in enumerate(LANGUAGES, start=1):
            text = label(f"row.{kind}", language)
            cell = write_label(self._sheet, self._next, column, f"{text}: {what}" if what else text)
            cell.font = Font(bold=strong)
        self._rows[name] = self._next
        self._next += 1

    def fill_row(self, name: str, content: Content, *, fill: bool = True) -> None:
        """The cells of a row that has its place."""
        from openpyxl.styles import PatternFill

        for year in range(self._years):
            value = content(year)
            cell = self._sheet.cell(row=self._rows[name], column=FIRST_YEAR_COLUMN + year, value=value)
            cell.number_format = "#,##0.00"
            if fill and isinstance(value, float):
                cell.fill = PatternFill("solid", start_color=INPUT)

    def scalar(self, name: str, value: float | str, kind: str, *, fill: bool = True) -> str:
        """One cell, a number or a formula; returns its address on this sheet."""
        from openpyxl.styles import PatternFill

        self.reserve_row(name, kind)
        cell = self._sheet.cell(row=self._rows[name], column=SCALAR_COLUMN, value=value)
        cell.number_format = "#,##0.0000"
        if fill:
            cell.fill = PatternFill("solid", start_color=INPUT)
        return self.scalar_at(name)

    def sum_row(self, name: str, plus: Sequence[str], minus: Sequence[str], kind: str) -> None:
        """A row that adds some rows and takes others away."""

        def total(year: int) -> str:
            added = "+".join(self.at(row, year) for row in plus) or "0"
            taken = "".join(f"-{self.at(row, year)}" for row in minus)
            return f"={added}{taken}"

        self.row(name, total, kind, fill=False, strong=True)

    def at(self, name: str, year: int) -> str:
        """Address of a row's cell on this sheet."""
        return f"{_letter(FIRST_YEAR_COLUMN + year)}{self._rows[name]}"

    def scalar_at(self, name: str) -> str:
        """Address of a single cell on this sheet."""
        return f"${_letter(SCALAR_COLUMN)}${self._rows[name]}"

    def there(self, sheet: str, name: str, year: int) -> str:
        """Address of a row's cell as seen from another sheet."""
        return f"{_quoted(sheet)}!{self.at(name, year)}"

    def span(self, name: str, first: int, last: int) -> str:
        """A row from one year to another."""
        row = self._rows[name]
        return f"${_letter(FIRST_YEAR_COLUMN + first)}${row}:${_letter(FIRST_YEAR_COLUMN + last)}${row}"

    def across(self, name: str) -> str:
        """A row over all years."""
        return self.span(name, 0, self._years - 1)

    def span_there(self, sheet: str, name: str, first: int = 0) -> str:
        """A row to the last year as seen from another sheet."""
        return f"{_quoted(sheet)}!{self.span(name, first, self._years - 1)}"


def _quoted(sheet: str) -> str:
    return f"'{sheet}'" if " " in sheet else sheet


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))
