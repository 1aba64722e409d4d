"""Telemetry in a text file, as a spreadsheet or a logger writes it: a column of times, and columns of series.

It is in UTF-8 or Shift_JIS, its cells parted by commas, tabs or semicolons, in the last case with decimal commas too.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from kiban.errors import InputError, Problem
from kiban.operation.live.telemetry import Reading
from kiban.weather.table import part_text
from kiban.weather.textfile import at_line, decode, parse_number, parse_time

TIME: Final = "time"


def read_rows(content: bytes, path: str) -> list[tuple[datetime, list[Reading]]]:
    """The rows of a file that may still be written, by their time: a last line without its end is left out.

    A cell that is empty says nothing; one that is no number is read as not a number. Raises `InputError` for a text in
    another encoding, without a column of times, with a time without its offset, and with a number that a comma cuts.
    """
    # The cut may go through a letter.
    rows, delimiter = part_text(decode(content[: content.rfind(b"\n") + 1], path), path)
    _, names = next(rows, (1, [""]))
    if TIME not in names:
        raise InputError(Problem("source.no_time", path, TIME))
    place, found = names.index(TIME), []
    for line, cells in rows:
        if any(cells[len(names) :]):
            row = delimiter.join(cells)
            where = at_line(path, line)
            raise InputError(Problem("table.more_cells", where, cells=len(cells), columns=len(names), row=row))
        at = _time(cells[place]) if place < len(cells) else None
        if at is None:
            raise InputError(Problem("source.bad_time", path, TIME, line=line))
        named = [(name, cell) for name, cell in zip(names, cells, strict=False) if name not in ("", TIME) and cell]
        found.append((at, [Reading(name, at, _number(cell, delimiter)) for name, cell in named]))
    return sorted(found, key=lambda pair: pair[0])


def _time(text: str) -> datetime | None:
    try:
        found: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        found = parse_time(text)
    return found if found is not None and found.tzinfo is not None else None


def _number(text: str, delimiter: str) -> float:
    """A cell as a number; who parts cells by semicolons does so because a comma stands before decimals."""
    found = parse_number(text.replace(",", ".") if delimiter == ";" else text)
    return math.nan if found is None else found
