"""Whether the audit log is whole: every row fits its hash and the row before, every signed head fits its row.

What cannot be seen: rows after the last signed head that were removed together, and a log that was made anew by
somebody who has the key. A copy that `kiban audit export` keeps elsewhere shows both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiban.errors import InputError, OutputError, Problem
from kiban.messages import Message
from kiban.server.audit import AuditLog
from kiban.server.audit_key import is_signed
from kiban.server.chain import BEGINNING, FIELDS, hash_of

EXPORTED = (*FIELDS, "hash")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: how much is whole, and in `broken` the first thing that is not."""

    rows: int
    heads: int
    last_number: int
    last_hash: str
    last_signed: int
    broken: Message | None


def verify(rows: Iterable[Mapping[str, Any]], heads: Iterable[Mapping[str, Any]], trusted: Collection[str]) -> Verdict:
    """Check a log from its beginning; `trusted` are public keys whose heads count.

    Rows and heads are in order of their numbers. A head of another key is a fault, since whoever makes the log anew
    can sign it with a key of their own.
    """
    waiting: dict[int, list[Mapping[str, Any]]] = {}
    for head in heads:
        waiting.setdefault(head["number"], []).append(head)
    count, signed, last_signed, number, previous = 0, 0, 0, 0, BEGINNING

    def verdict(broken: Message | None) -> Verdict:
        return Verdict(count, signed, number, previous, last_signed, broken)

    for row in rows:
        if row["previous"] != previous:
            if count == 0:
                return verdict(Message("audit.beginning", number=row["number"]))
            return verdict(Message("audit.removed", number=row["number"], before=number))
        if hash_of(row) != row["hash"]:
            return verdict(Message("audit.changed", number=row["number"]))
        absent = min((head for head in waiting if head < row["number"]), default=None)
        if absent is not None:
            return verdict(Message("audit.no_row", number=absent))
        count, number, previous = count + 1, row["number"], row["hash"]
        for head in waiting.pop(number, ()):
            fault = _fault_of(head, row, trusted)
            if fault is not None:
                return verdict(fault)
            signed, last_signed = signed + 1, number
    if waiting:
        return verdict(Message("audit.cut_off", number=number, signed=max(waiting)))
    return verdict(None)


def _fault_of(head: Mapping[str, Any], row: Mapping[str, Any], trusted: Collection[str]) -> Message | None:
    if head["hash"] != row["hash"]:
        return Message("audit.other_head", number=row["number"])
    if head["key"] not in trusted:
        return Message("audit.strange_key", number=row["number"], key=head["key"])
    if not is_signed(head, key=head["key"], signature=head["signature"]):
        return Message("audit.signature", number=row["number"])
    return None


def verify_copy(copied: Iterable[Mapping[str, Any]], log: AuditLog) -> Message | None:
    """The first row of an exported copy that the log does not hold as it is in the copy; None where it holds all."""
    kept = log.rows_after(0)
    for row in copied:
        own = next(kept, None)
        if own is None or any(row.get(name) != own[name] for name in EXPORTED):
            return Message("audit.copy", number=row.get("number", "-"))
    return None


def export(log: AuditLog, path: Path) -> int:
    """Append to a file the rows that it does not hold yet, one JSON object a line; how many.

    Raises `OutputError` where the file cannot be written, `InputError` where its last row is not one of the log.
    """
    try:
        last = _last_line(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    number = 0
    if last is not None:
        number = int(last["number"])
        kept = next(log.rows_after(number - 1), None)
        if kept is None or kept["hash"] != last["hash"]:
            raise InputError(Problem("audit.other_file", str(path), number=number))
    written = 0
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            for row in log.rows_after(number):
                file.write(json.dumps({name: row[name] for name in EXPORTED}, ensure_ascii=False) + "\n")
                written += 1
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from None
    return written


def read_export(path: Path) -> list[Mapping[str, Any]]:
    """The rows of an exported file; raises `InputError` where it is none."""
    rows: list[Mapping[str, Any]] = []
    try:
        with path.open(encoding="utf-8") as file:
            for line_number, line in enumerate(file, start=1):
                rows.append(_parse(line, path, line_number))
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
        raise InputError(Problem("audit.unreadable", str(path), reason=reason)) from None
    return rows


def _last_line(path: Path) -> Mapping[str, Any] | None:
    if not path.exists():
        return None
    last, count = "", 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for count, line in enumerate(file, start=1):  # noqa: B007
            last = line
    if not last:
        return None
    if not last.endswith("\n"):
        raise InputError(Problem("audit.no_export", str(path), line=count))
    return _parse(last, path, count)


def _parse(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or set(row) != set(EXPORTED) or not isinstance(row["number"], int):
        raise InputError(Problem("audit.no_export", str(path), line=number))
    return row


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(Problem("audit.unwritable", str(path), reason=(error.strerror or type(error).__name__).lower()))
