"""The journal of a service that operates: lines of JSON that only grow, each chained to the one before by its hash.

    {"number":7,"kind":"step","content":{...},"hash":"9f..."}

The hash is SHA-256 over the hash of the line before and the bytes of the line up to it. A line is on the disk before
anything follows from it. A process that is killed, or a machine that loses its power, leaves at most a last line
without its end: it is recognised, said, and cut off by who goes on. Every other line that does not fit was changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, get_args

from kiban.errors import OutputError, Problem, reason_of
from kiban.outside import may_open
from kiban.whole_files import write_whole

Kind = Literal["begun", "resumed", "step", "override", "call", "forecast", "scheduler", "calls", "forecaster"]
"""What a line says: settings, that it goes on, a decision, an order, a forecast, how who is asked answers."""
KINDS: Final = get_args(Kind)
ORIGIN: Final = "0" * 64
"""What stands for the hash before the first line."""
_HASH_BYTES: Final = len(',"hash":""}') + len(ORIGIN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `number` counts from 1."""

    number: int
    kind: Kind
    content: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What a file holds: its lines, and how many bytes of a last line without its end lie behind them."""

    entries: tuple[Entry, ...]
    whole_bytes: int
    torn_bytes: int

    @property
    def last_hash(self) -> str:
        """The hash to which the next line is chained."""
        return self.entries[-1].hash if self.entries else ORIGIN


class BrokenJournalError(Exception):
    """A line that does not fit: it was changed, removed or put in; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} does not follow from the one before")
        self.line = line


def write_line(number: int, kind: Kind, content: Mapping[str, Any], previous: str) -> tuple[bytes, str]:
    """A line with its end, and its hash. Raises ValueError for a number that is not finite."""
    found = {"number": number, "kind": kind, "content": content}
    body = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")[:-1]
    own = _hash_of(previous, body)
    return body + f',"hash":"{own}"}}\n'.encode("ascii"), own


def read_journal(content: bytes) -> Journal:
    """The lines of a file, every hash checked; raises `BrokenJournalError`."""
    return read_on(content, Journal((), 0, 0))


def read_on(content: bytes, before: Journal) -> Journal:
    """The lines that follow those of `before`, which need hold no more than its last one; raises `BrokenJournalError`.

    `content` begins where the whole lines of `before` end, and so do the bytes that are counted.
    """
    end = content.rfind(b"\n") + 1
    entries: list[Entry] = []
    previous, number = before.last_hash, before.entries[-1].number if before.entries else 0
    for place, line in enumerate(content[:end].splitlines(), start=number + 1):
        body = line[:-_HASH_BYTES]
        own = _hash_of(previous, body)
        if line != body + f',"hash":"{own}"}}'.encode("ascii"):
            raise BrokenJournalError(place)
        found = json.loads(line)
        if found["number"] != place or found["kind"] not in KINDS:
            raise BrokenJournalError(place)
        entries.append(Entry(place, found["kind"], found["content"], own))
        previous = own
    return Journal(tuple(entries), end, len(content) - end)


def load_journal(path: str | Path) -> Journal:
    """The journal in a file; raises `OutputError` where there is none, and `BrokenJournalError`."""
    path = Path(path)
    if not may_open(path):
        raise OutputError(Problem("files", path.name))
    try:
        return read_journal(path.read_bytes())
    except FileNotFoundError:
        raise OutputError(Problem("journal.absent", str(path))) from None
    except OSError as error:
        raise OutputError(Problem("journal.unreadable", str(path), reason=reason_of(error))) from None


class JournalFile:
    """A journal that is open to be written by this process alone; lines are on the disk when `append` returns."""

    def __init__(self, path: str | Path) -> None:
        """Open it, or make it where it is not there.

        Raises `OutputError` where it cannot be used or another process writes it, and `BrokenJournalError`.
        """
        self.path = Path(path)
        if not may_open(self.path):
            raise OutputError(Problem("files", self.path.name))
        self._made = False
        self._bytes = 0
        try:
            with contextlib.suppress(FileExistsError):
                write_whole(self.path, b"")
                self._made = True
            self._handle = os.open(self.path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise OutputError(Problem("journal.unreadable", str(self.path), reason=reason_of(error))) from None
        try:
            self._hold()
            self.found = read_journal(self.path.read_bytes())
            """What it held when it was opened."""
            if self.found.torn_bytes:
                os.ftruncate(self._handle, self.found.whole_bytes)
                os.fsync(self._handle)
        except BaseException:
            self.close()
            raise
        self._number, self._hash, self._bytes = len(self.found.entries), self.found.last_hash, self.found.whole_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give it free; one that was made here and in which nothing was written is gone."""
        os.close(self._handle)
        if self._made and self._bytes == 0:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def append(self, kind: Kind, content: Mapping[str, Any]) -> Entry:
        """Write a line; raises `OutputError` where the system refuses, and then nothing of it is left."""
        line, own = write_line(self._number + 1, kind, content, self._hash)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            os.ftruncate(self._handle, self._bytes)
            raise OutputError(Problem("journal.unwritable", str(self.path), reason=reason_of(error))) from None
        self._number, self._hash, self._bytes = self._number + 1, own, self._bytes + len(line)
        return Entry(self._number, kind, content, own)

    def _hold(self) -> None:
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(Problem("journal.held", str(self.path))) from None


def _hash_of(previous: str, body: bytes) -> str:
    return hashlib.sha256(previous.encode("ascii") + body).hexdigest()
