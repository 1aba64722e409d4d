"""A user's table as rows of cells: CSV as any office program writes it, or the first sheet of a workbook (.xlsx).

What belongs to no column is refused by line: a decimal comma, or a comma between thousands, splits a number in two
cells, and the rest of it would be lost.
"""

from __future__ import annotations

import csv
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.weather.textfile import (
    at_line,
    check_file,
    csv_rows,
    decode,
    parse_number,
    plain_letters,
    read_bytes,
    refuse,
    split_lines,
)

DELIMITERS: Final = (",", ";", "\t")
MAX_UNPACKED_BYTES: Final = 1_000_000_000
"""A workbook is packed; beyond this its parts are not unpacked."""
LISTED_AT_MOST: Final = 3
"""Rows with too many cells that are named; the others are counted."""
MOST_SHOWN: Final = 40
"""Letters of a row or a formula that a message shows."""
LINES_LOOKED_AT: Final = 20
LONGEST_BEGINNING: Final = 100_000
"""Lines and letters of a text from which it is told what parts its cells."""
_WORKBOOK_ENDING: Final = ".xlsx"
_QUOTED: Final = re.compile(r'"[^"]*"')
_TO_QUOTE: Final = re.compile(r'[,"]')
_SEPARATOR: Final = re.compile(r"sep=([,;\t])", re.IGNORECASE)
"""What Excel takes the first line of a CSV for, where it says how cells are parted."""
_WRITTEN_OTHERWISE: Final = re.compile(rb"<(?:\w+:)?(?:f|mergeCell)[\s/>]")
"""In a sheet, cells that a formula gives or that are merged."""
_PACKED_MARK: Final = b"PK\x03\x04"
_TRUE: Final = frozenset({"true", "yes", "y", "1", "はい", "有", "○", "〇", "◯"})
_FALSE: Final = frozenset({"false", "no", "n", "0", "いいえ", "無", "×"})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a header; cells are texts (stripped), numbers, truth values, times or None."""

    path: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    """Each as long as the header."""
    places: Sequence[int]
    """Line of a CSV, or row of a sheet, in which each row stands."""
    in_rows: bool
    """Whether places are rows of a sheet."""

    def at(self, number: int) -> Message:
        """Where row `number` (0-based) stands."""
        return place_at(self.path, self.places[number], in_rows=self.in_rows)


def place_at(path: str | Path, place: int, *, in_rows: bool) -> Message:
    """How messages name a row of a table, or a line of a text."""
    return Message("at.row", file=str(path), row=place) if in_rows else at_line(path, place)


def read_table(path: str | Path) -> Table:
    """The table in a CSV (UTF-8 or Shift_JIS; comma, semicolon or tab) or in the first sheet of a workbook.

    Empty rows, and columns that are empty down to the last row, are left out. Raises `WeatherError` for a file that
    cannot be read, for one without a header, and for cells beyond the last column, each by line.
    """
    rows, in_rows = read_rows(path)
    first, header = next(rows, (1, []))
    if not header:
        raise WeatherError(Problem("series.no_text", str(path), remedy="file.export"))
    names = ["" if cell is None else str(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    if _is_number(header[0]) and _is_number(header[len(names) - 1]):
        raise WeatherError(Problem("series.no_header", place_at(path, first, in_rows=in_rows)))
    kept: list[Sequence[object]] = []
    places: list[int] = []
    split: list[Problem] = []
    for place, row in rows:
        filled = len(row)
        while filled and _is_empty(row[filled - 1]):
            filled -= 1
        if filled > len(names):
            where = place_at(path, place, in_rows=in_rows)
            split.append(Problem("table.more_cells", where, cells=filled, columns=len(names), row=_shown(row)))
        kept.append([row[i] if i < len(row) else "" for i in range(len(names))])
        places.append(place)
    nameless = [i for i, name in enumerate(names) if not name]
    problems = [
        Problem("table.no_name", place_at(path, first, in_rows=in_rows), column=i + 1)
        for i in nameless
        if any(not _is_empty(row[i]) for row in kept)
    ]
    problems += split[:LISTED_AT_MOST]
    if len(split) > LISTED_AT_MOST:
        problems.append(Problem("file.more", str(path), count=len(split) - LISTED_AT_MOST))
    refuse(problems)
    if nameless:
        chosen = [i for i, name in enumerate(names) if name]
        names = [names[i] for i in chosen]
        kept = [[row[i] for i in chosen] for row in kept]
    return Table(str(path), tuple(names), kept, places, in_rows)


def read_rows(path: str | Path) -> tuple[Iterator[tuple[int, Sequence[object]]], bool]:
    """Every filled row of a CSV or of the first sheet of a workbook, with its line or row; and whether those are rows.

    Rows come as they stand, whatever their length; CSV in UTF-8 or Shift_JIS, with comma, semicolon or tab.
    """
    content, in_rows = _read(path)
    if in_rows:
        return _sheet_rows(content, str(path)), True
    return part_text(decode(content, str(path)), str(path))[0], False


def read_text_rows(path: str | Path) -> tuple[list[tuple[int, list[str]]], bool]:
    """Place and texts of each row that is not empty, whatever stands in the first ones, and whether places are rows.

    For formats whose header is not their first line; files as `read_table` takes them.
    """
    content, in_rows = _read(path)
    if in_rows:
        return [(place, [_text(cell) for cell in row]) for place, row in _sheet_rows(content, str(path))], True
    text = decode(content, str(path))
    return list(csv_rows(text, str(path), _delimiter(text))), False


def read_lines(path: str | Path, last_resort: str | None = None) -> list[str]:
    """Lines of cells that commas part, as a format has them whose readers want lines.

    Cells that are parted otherwise, and those of a workbook, are written so; `last_resort` as in `decode`.
    """
    content, in_rows = _read(path)
    if not in_rows:
        text = decode(content, str(path), last_resort)
        lines, delimiter = split_lines(text), _delimiter(text)
        return (
            lines if delimiter == "," else [_line(next(csv.reader([line], delimiter=delimiter), [])) for line in lines]
        )
    lines = []
    for place, row in _sheet_rows(content, str(path)):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        lines += [""] * (place - 1 - len(lines)) + [_line(cells)]
    return lines


def _read(path: str | Path) -> tuple[bytes, bool]:
    """The content of a file, and whether it is a workbook."""
    file = check_file(path)
    content = read_bytes(file)
    return content, content.startswith(_PACKED_MARK) or file.suffix.lower() == _WORKBOOK_ENDING


def _delimiter(text: str) -> str:
    """What parts the cells: the mark that most of the first lines have, since cells may hold the others."""
    beginning = _QUOTED.sub("", "\n".join(split_lines(text[:LONGEST_BEGINNING])[:LINES_LOOKED_AT])).split("\n")
    return max(DELIMITERS, key=lambda mark: sum(mark in line for line in beginning))


def _line(cells: Sequence[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell for cell in cells)


def _text(cell: object) -> str:
    """A cell of a sheet as a file of texts has it."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return f"{cell:%H:%M}" if isinstance(cell, time) else str(cell)


def parse_truth(cell: object) -> bool | None:
    """Yes or no as tables write it (true, yes, 1, はい; false, no, 0, いいえ), or None."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float):
        return {0.0: False, 1.0: True}.get(float(cell))
    word = plain_letters(str(cell)).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return parse_number(cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _shown(row: Sequence[object], most: int = MOST_SHOWN) -> str:
    text = ",".join("" if cell is None else str(cell) for cell in row)
    return text if len(text) <= most else f"{text[:most]}..."


def part_text(text: str, where: str) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Line and cells of each filled row of a CSV, and what parts its cells: a comma, a semicolon or a tab."""
    first_line = text.lstrip("\r\n").split("\n", 1)[0].rstrip("\r")
    told = _SEPARATOR.fullmatch(first_line)
    delimiter = told[1] if told else max(DELIMITERS, key=_QUOTED.sub("", first_line).count)
    rows = csv_rows(text, where, delimiter)
    return (row for number, row in enumerate(rows) if number or not told), delimiter


def _sheet_rows(content: bytes, where: str) -> Iterator[tuple[int, Sequence[object]]]:
    """Rows of the first sheet that is shown, without those that are empty; formulas by the value that was saved."""
    import openpyxl

    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
            _refuse_what_is_too_big(unpacked, where)
            sheets = [name for name in packed.namelist() if "/worksheets/" in name]
            is_plain = not any(_WRITTEN_OTHERWISE.search(packed.read(name)) for name in sheets)
        with warnings.catch_warnings():
            # Of what a workbook has beside its cells.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
            sheet = _first_shown(book)
            if not is_plain:
                refuse(_untold_cells(_first_shown(openpyxl.load_workbook(BytesIO(content))), sheet, where))
            for place, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                cells = [_cell(cell) for cell in row]
                if not all(_is_empty(cell) for cell in cells):
                    yield place, cells
    except WeatherError:
        raise
    except Exception as error:  # whatever a broken workbook makes its reader raise
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise WeatherError(Problem("table.not_workbook", where, reason=reason)) from error


def _first_shown(book: Any) -> Any:
    """The first sheet that is not hidden."""
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return (shown or book.worksheets)[0]


def _untold_cells(written: Any, sheet: Any, where: str) -> list[Problem]:
    """Cells that look filled and hold nothing: formulas that no spreadsheet has worked out, and merged cells below.

    `written` is the sheet with its formulas, `sheet` the one with the values that were saved for them.
    """
    rows = [list(row) for row in written.iter_rows(values_only=True)]
    first = next((number for number, row in enumerate(rows) if not all(_is_empty(cell) for cell in row)), 0)
    problems = [
        Problem("table.formula", place_at(where, number + 1, in_rows=True), str(rows[first][i]), text=cell[:MOST_SHOWN])
        for number, (row, values) in enumerate(zip(rows, sheet.iter_rows(values_only=True), strict=False))
        for i, cell in enumerate(row)
        if isinstance(cell, str) and cell.startswith("=") and (values[i] if i < len(values) else None) is None
    ]
    problems += [
        Problem("table.merged", place_at(where, area.min_row, in_rows=True), cells=area.coord)
        for area in written.merged_cells.ranges
        if area.max_row > first + 1
    ]
    return problems


def _refuse_what_is_too_big(unpacked_bytes: int, where: str) -> None:
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        most = MAX_UNPACKED_BYTES / 1e6
        raise WeatherError(Problem("file.too_big", where, size=unpacked_bytes / 1e6, most=most))


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, datetime):
        # A sheet keeps times as shares of a day, which end a millisecond before the hour.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0)
    return value
