"""Files that a user hands over: checked, decoded, and read as numbers and times.

Every reader of this package starts here, so that a missing file, a directory, an empty or huge file
and a text in an unknown encoding are refused with the same sentences everywhere.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from kiban.errors import Problem, WeatherError, nearest, reason_of
from kiban.messages import Message
from kiban.outside import may_open

MAX_FILE_BYTES = 100_000_000
MAX_LISTED_PROBLEMS = 20
ENCODINGS = ("utf-8-sig", "cp932")  # Shift_JIS as Windows and the Japanese agencies write it

# NUL, and the bytes that Shift_JIS leaves unused (80, A0, FD to FF), which Python maps to these.
_NOT_TEXT = re.compile("[\x00\x80\uf8f0-\uf8f3]")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TIME = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.0*)?)?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def check_file(path: str | Path) -> Path:
    """The path of an existing, readable, non-empty file of at most `MAX_FILE_BYTES`.

    Raises `WeatherError` with one sentence that names the path and the remedy.
    """
    file = Path(path)
    if not may_open(file):
        raise WeatherError(Problem("files", file.name))
    try:
        if file.is_dir():
            raise WeatherError(Problem("file.directory", str(path)))
        if not file.exists():
            raise WeatherError(_absent(file, str(path)))
        size = file.stat().st_size
    except OSError as error:
        raise WeatherError(Problem("file.unopened", str(path), remedy="file.path", reason=reason_of(error))) from error
    if size == 0:
        raise WeatherError(Problem("empty", str(path), remedy="file.export"))
    if size > MAX_FILE_BYTES:
        raise WeatherError(Problem("file.too_big", str(path), size=size / 1e6, most=MAX_FILE_BYTES / 1e6))
    return file


def read_bytes(path: str | Path) -> bytes:
    """Content of a file that passed `check_file`."""
    file = check_file(path)
    try:
        return file.read_bytes()
    except OSError as error:
        raise WeatherError(Problem("file.unreadable", str(path), reason=reason_of(error))) from error


def decode(content: bytes, where: str, last_resort: str | None = None) -> str:
    """Text of `content` in UTF-8 (with or without byte-order mark) or Shift_JIS (cp932).

    Text in UTF-8 is practically never valid by chance, so it is tried first. Anything else is refused,
    unless the format is known to be written in `last_resort` too.
    """
    if content.startswith(_UTF16_MARKS):
        raise WeatherError(Problem("file.utf16", where))
    for encoding in (*ENCODINGS, *([last_resort] if last_resort else [])):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NOT_TEXT.search(text):
            return text
    raise WeatherError(Problem("file.encoding", where))


def read_text(path: str | Path, last_resort: str | None = None) -> str:
    """Decoded text of a file; see `check_file` and `decode` for what is refused."""
    return decode(read_bytes(path), str(path), last_resort)


def split_lines(text: str) -> list[str]:
    """Lines of a text that ends them with LF, CR LF or CR, without the empty line after the last one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if not lines[-1] else lines


def csv_rows(text: str, where: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Line number (1 is the first) and stripped cells of each row of a CSV; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    first_line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield first_line, stripped
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise WeatherError(Problem("file.not_csv", at_line(where, first_line), reason=str(error))) from error


def header_cells(line: str) -> list[str]:
    """Stripped cells of a line of a header; a comma between quotation marks belongs to its cell."""
    cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True), [])]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def at_line(path: str | Path, line: int) -> Message:
    """How every message names a line of a file."""
    return Message("at.line", file=str(path), line=line)


def plain_letters(text: str) -> str:
    """Full-width letters, digits and signs of Japanese input as the plain ones that they stand for."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-")


def parse_number(text: str) -> float | None:
    """A finite decimal number, in full-width digits too, or None: `nan`, `inf`, `1,234` and `1_000` are none here."""
    text = plain_letters(text)
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def parse_time(text: str) -> datetime | None:
    """A time such as `2022-01-01T24:00`, `2022/1/1 1:00:00` or `2022-01-01 00:00+09:00`, or None.

    24:00 is the first moment of the next day. Without an offset the result is naive.
    """
    match = _TIME.fullmatch(plain_letters(text.strip()))
    if match is None:
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    moment = day + timedelta(hours=hour, minutes=minute, seconds=second)
    zone = match["zone"]
    if zone is None:
        return moment
    if zone == "Z":
        return moment.replace(tzinfo=UTC)
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    offset = sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return moment.replace(tzinfo=timezone(offset)) if abs(offset) < timedelta(hours=24) else None


def refuse(problems: Sequence[Problem]) -> None:
    """Raise one `WeatherError` for all `problems`; of a long list the first ones and how many more."""
    if not problems:
        return
    listed = list(problems[:MAX_LISTED_PROBLEMS])
    if len(problems) > MAX_LISTED_PROBLEMS:
        more = len(problems) - MAX_LISTED_PROBLEMS
        listed.append(Problem("file.more", count=more))
    raise WeatherError(listed)


def _absent(file: Path, where: str) -> Problem:
    """That a file does not exist, with the one of the same folder that was probably meant."""
    if not file.parent.is_dir():
        return Problem("file.absent", where, remedy="file.no_folder", folder=str(file.parent))
    name = nearest(file.name, (entry.name for entry in file.parent.iterdir() if entry.is_file()))
    return Problem("file.absent", where, remedy="nearest" if name else "file.path", near=name)
