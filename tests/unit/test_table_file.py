"""Tables for people as CSV: Excel takes them for UTF-8 by their first bytes, and kiban reads back what it wrote."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from kiban.report.table_file import csv_text
from kiban.weather.series import read_series
from kiban.weather.table import read_lines, read_table, read_text_rows

HEADER = ["time", "太陽光", "load, MW"]
ROWS: dict[str, list[list[object]]] = {
    "Japanese": [["2025-01-01 00:00", "苫小牧東部", 1.5]],
    "commas and quotation marks": [["2025-01-01 00:00", 'a "b", c', 1.5]],
    "a line within a cell": [["2025-01-01 00:00", "一\n二", 1.5]],
    "semicolons": [["2025-01-01 00:00", "a;b;c;d;e", 1.5], ["2025-01-01 01:00", "a;b;c;d;e", 2.5]],
    "an empty cell": [["2025-01-01 00:00", "", 1.5]],
}


@pytest.mark.parametrize("case", ROWS)
def test_a_table_begins_with_the_mark_and_comes_back(case: str, tmp_path: Path) -> None:
    content = csv_text(HEADER, ROWS[case]).encode("utf-8")
    assert content.startswith(b"\xef\xbb\xbf")
    assert next(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == HEADER
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    table = read_table(file)
    assert list(table.header) == HEADER
    expected = [[str(cell) for cell in row] for row in ROWS[case]]
    assert [list(map(str, row)) for row in table.rows] == expected
    rows, in_rows = read_text_rows(file)
    assert not in_rows
    assert [cells for _, cells in rows] == [HEADER, *expected]
    assert read_series(file, "load, MW", len(expected)).tolist() == [row[2] for row in ROWS[case]]


def test_lines_of_a_table_keep_the_cells_that_hold_a_comma(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text('a;b\n"Town, North";"say ""x"""\n', encoding="utf-8")
    lines = read_lines(tmp_path / "table.csv")
    assert list(csv.reader(lines)) == [["a", "b"], ["Town, North", 'say "x"']]
