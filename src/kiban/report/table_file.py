"""A table as a CSV file that people open: also by a double click in Excel, whatever language Windows speaks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes a CSV for the code page of Windows, in Japan Shift_JIS. Every reader of kiban skips it."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table with its header; in UTF-8 the text begins with the bytes EF BB BF."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
