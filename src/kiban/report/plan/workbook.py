"""The plan as an Excel workbook; the same plan gives the same bytes.

The hourly sheet is written as text straight into the file, with six digits: openpyxl takes ten times as
long for the cells of a year.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.errors import OutputError, Problem, reason_of
from kiban.planning.plan import Plan
from kiban.quantities import LANGUAGES, unit_of, unit_text
from kiban.report.messages import say
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.tables import (
    Cell,
    Table,
    assumption_table,
    capacity_table,
    cost_table,
    indicator_table,
    provenance_table,
    worth_table,
)
from kiban.report.plan.words import answer, assumed_sentences, cooling_sentences, infeasible_sentences, proof_sentence
from kiban.whole_files import write_whole

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
DOCUMENT_DATE = "2000-01-01T00:00:00Z"
MOST_ROWS = 1_048_575
WIDEST_COLUMN = 60
SECONDS_PER_DAY = 86_400
EXCEL_EPOCH = "1899-12-30"
_FORMATS = {"share": "0.0%", "capacity_factor": "0.0%"}


def workbook_bytes(plan: Plan) -> bytes:
    """The content of `plan.xlsx`."""
    from openpyxl import Workbook

    book = Workbook()
    _fill_summary(book.active, plan)
    tables = {
        "design": capacity_table(plan),
        "costs": cost_table(plan),
        "constraints": worth_table(plan),
        "assumptions": assumption_table(plan),
        "provenance": provenance_table(plan),
    }
    for title, table in tables.items():
        fill_table(book.create_sheet(phrase(f"sheet.{title}", "en")), table)
    hourly = book.create_sheet(phrase("sheet.hourly", "en"))
    styles_row = _head_hourly(hourly, plan)
    raw = io.BytesIO()
    book.save(raw)
    return _rewrite(raw, f"xl/worksheets/sheet{len(book.sheetnames)}.xml", plan, styles_row)


def _fill_summary(sheet: Worksheet, plan: Plan) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.title = phrase("sheet.summary", "en")
    put(sheet, 1, 1, plan.scenario.name).font = Font(bold=True, size=14)
    row = 2
    for language in LANGUAGES:
        sentences = [answer(plan, language), proof_sentence(plan, language)]
        if plan.status == "optimal":
            sentences += [*cooling_sentences(plan, language), *assumed_sentences(plan.provenance, language)]
        for found in infeasible_sentences(plan, language).values():
            sentences += found
        for number, sentence in enumerate(filter(None, sentences)):
            row += 1
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)
            cell = put(sheet, row, 1, sentence)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 0)
            sheet.row_dimensions[row].height = 15.0 * (1 + _width(sentence) // 110)
        for note in plan.notes:
            row += 1
            put(sheet, row, 1, say(note, language))
        row += 1
    fill_table(sheet, indicator_table(plan), first_row=row + 2)


def fill_table(sheet: Worksheet, table: Table, first_row: int = 1) -> None:
    """Headings in both languages, then the rows; the headings stay in sight where they are the first row."""
    for column, name in enumerate(table.columns, start=1):
        _style_heading(put(sheet, first_row, column, _heading(name)))
    for number, cells in enumerate(table.rows, start=first_row + 1):
        for column, value in enumerate(cells, start=1):
            put(sheet, number, column, value).number_format = _format(table.columns[column - 1], value, cells)
    for column, name in enumerate(table.columns, start=1):
        widths = [_width(str(row[column - 1])) for row in table.rows if isinstance(row[column - 1], str)]
        widest = max([*widths, _width(_heading(name)) // 2 + 2, 10])
        sheet.column_dimensions[_letter(column)].width = min(widest + 2, WIDEST_COLUMN)
    if first_row == 1:
        sheet.freeze_panes = "B2"


def _heading(column: str) -> str:
    english, japanese = (phrase_or(f"heading.{column}", language, column) for language in LANGUAGES)
    unit = unit_text(unit_of(column), "en")
    return f"{english}{f' [{unit}]' if unit else ''}\n{japanese}"


def _format(column: str, value: Cell, row: tuple[Cell, ...]) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "General"
    if column == "capacity_factor" or (column == "value" and "share" in row):
        return _FORMATS["share"]
    return "#,##0" if isinstance(value, int) else "#,##0.000"


def _head_hourly(sheet: Worksheet, plan: Plan) -> int:
    """Headings of the hourly sheet and one row whose cells carry the styles; returns that row's number."""
    names = ["time", *plan.hourly]
    for column, name in enumerate(names, start=1):
        heading = _heading(name) if name == "time" else _hourly_heading(name)
        _style_heading(put(sheet, 1, column, heading))
        sheet.column_dimensions[_letter(column)].width = 18
        cell = put(sheet, 2, column, 0.0)
        cell.number_format = "yyyy-mm-dd hh:mm" if name == "time" else "#,##0.000"
    sheet.freeze_panes = "B2"
    return 2


def _hourly_heading(name: str) -> str:
    unit = unit_of(name)
    words = name.removesuffix(f"_{unit}").replace("_", " ") if unit else name.replace("_", " ")
    return f"{words} [{unit_text(unit, 'en') or '1'}]"


def _rewrite(raw: io.BytesIO, hourly_sheet: str, plan: Plan, styles_row: int) -> bytes:
    """The same archive with fixed dates, and with the hours in their sheet."""

    def insert(content: bytes) -> bytes:
        return _insert_hours(content.decode("utf-8"), plan, styles_row).encode("utf-8")

    return with_fixed_dates(raw, {hourly_sheet: insert})


def check_new_file(path: str | Path) -> None:
    """`OutputError` where a name is taken, before minutes are spent on what would be written there."""
    if Path(path).exists():
        raise _taken(path)


def write_new_file(raw: bytes, path: str | Path) -> Path:
    """Write a new file; `OutputError` where the name is taken or cannot be written."""
    try:
        return write_whole(path, raw)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise OutputError(
            Problem("output.unwritable", str(path), remedy="output.elsewhere", reason=reason_of(error))
        ) from None


def _taken(path: str | Path) -> OutputError:
    return OutputError(Problem("output.taken", str(path)))


def with_fixed_dates(raw: io.BytesIO, changes: Mapping[str, Callable[[bytes], bytes]] | None = None) -> bytes:
    """The same archive with fixed dates, so that it has the same bytes each time; `changes` rewrite files by name."""
    written = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", DOCUMENT_DATE.encode(), content)
            if changes is not None and entry.filename in changes:
                content = changes[entry.filename](content)
            info = zipfile.ZipInfo(entry.filename, ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return written.getvalue()


def _insert_hours(sheet: str, plan: Plan, styles_row: int) -> str:
    pattern = rf'<row r="{styles_row}"[^>]*>.*?</row>'
    found = re.search(pattern, sheet, flags=re.DOTALL)
    assert found is not None, "openpyxl wrote no row of styles"
    styles = re.findall(r'\bs="(\d+)"', found.group())
    rows = "".join(_hour_rows(plan, styles, styles_row)) if plan.hourly else ""
    last = styles_row - 1 + (len(plan.time) if plan.hourly else 0)
    sheet = sheet.replace(found.group(), rows)
    return re.sub(r'<dimension ref="A1:([A-Z]+)\d+"', rf'<dimension ref="A1:\g<1>{last}"', sheet)


def _hour_rows(plan: Plan, styles: list[str], first_row: int) -> Iterator[str]:
    import pandas as pd

    since = plan.time.tz_localize(None) - pd.Timestamp(EXCEL_EPOCH)
    days = (since.total_seconds() / SECONDS_PER_DAY).tolist()
    columns = [column.tolist() for column in plan.hourly.values()]
    letters = [_letter(number) for number in range(1, len(columns) + 2)]
    heads = [f'" s="{style}"><v>' for style in styles]
    for number, values in enumerate(zip(days[:MOST_ROWS], *columns, strict=False), start=first_row):
        cells = [f'<c r="A{number}{heads[0]}{values[0]!r}</v></c>']
        cells += [
            f'<c r="{letter}{number}{head}{value:.6g}</v></c>'
            for letter, head, value in zip(letters[1:], heads[1:], values[1:], strict=True)
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> Any:
    """A cell with a value; text that looks like a formula stays text."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", value)
        cell.data_type = "s"
    else:
        cell.value = value
    return cell


def _style_heading(cell: Any) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", start_color="E7EEF3")
    cell.alignment = Alignment(wrap_text=True, vertical="center")


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def _width(text: str) -> int:
    """Width in columns of a fixed font: Japanese characters take two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
