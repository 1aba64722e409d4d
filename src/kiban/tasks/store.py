"""The store of answers: one SQLite file in a folder, or a PostgreSQL database, for those who make answers together.

An answer is kept under what was asked about, what was asked, and the edition of kiban that answered (`Key`). The first
answer stays: whoever makes it a second time changes nothing. Each is on the disk when `keep` returns, so that a process
may be killed at any moment: what was kept is there, and nothing is there by half. What stands there is JSON with a hash
beside it; anything else that lies under the name is refused, and never overwritten.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.tasks.database import (
    DRIVER,
    PATIENCE_WITH_LOCKS_SECONDS,
    DamagedError,
    LockedError,
    connect,
    driver_url,
    fault_of,
    file_url,
    first_line,
    without_password,
    without_user,
)
from kiban.tasks.task import Key, from_text, to_text

OPTION = "--resume"
FILE = "answers.sqlite3"
FORMAT = "kiban answers 1"
MOST_ASKED_AT_ONCE = 500
"""Keys of one query: SQLite takes no more than some thousand values."""

metadata = sa.MetaData()
formats = sa.Table("kiban_answers_format", metadata, sa.Column("format", sa.String(40), primary_key=True))
answers = sa.Table(
    "kiban_answers",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("question", sa.String(160), primary_key=True),
    sa.Column("edition", sa.String(60), primary_key=True),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)
# What is no answer but spares work on the way to the next one: kept by its name, and of no harm where it is gone.
points = sa.Table(
    "kiban_points",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("edition", sa.String(60), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)


class AnswerStore:
    """Answers of one edition; may be used from any thread, and by several processes at a time."""

    def __init__(self, place: str | Path, *, edition: str) -> None:
        """`place` is a folder, which is made where it is missing, or the address of a PostgreSQL database.

        `InputError` where it is neither, `OutputError` where it cannot be used, is damaged, or holds something else.
        """
        self.edition = edition
        self.shown, url = _address_of(place)
        self._engine = _open(url, self.shown)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        self._writing = threading.Lock()
        self._turns: dict[Key, threading.Lock] = {}
        with self._explained():
            self._prepare()

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    # ---- answers

    def find(self, key: Key) -> Any | None:
        """The answer under a key, or None; `OutputError` where it is not what was kept."""
        return self.find_all([key]).get(key)

    def turn(self, key: Key) -> AbstractContextManager[object]:
        """The turn to look for an answer and to make it: of two threads that want it the second finds it made."""
        return self._turns.setdefault(key, threading.Lock())

    def find_all(self, keys: Sequence[Key]) -> dict[Key, Any]:
        """The answers that are there."""
        found: dict[Key, Any] = {}
        for some in _parts(keys):
            wanted = sa.tuple_(answers.c.subject, answers.c.question, answers.c.edition).in_(list(map(tuple, some)))
            for row in self._rows(sa.select(answers).where(wanted)):
                self._require_same(row.answer.encode("utf-8"), row.hash)
                found[Key(row.subject, row.question, row.edition)] = from_text(row.answer)
        return found

    def count_others(self, keys: Sequence[Key]) -> int:
        """To how many of these questions other editions have left an answer."""
        count = 0
        for some in _parts(keys):
            wanted = sa.tuple_(answers.c.subject, answers.c.question).in_([(one.subject, one.question) for one in some])
            other = sa.select(answers.c.subject, answers.c.question).where(wanted, answers.c.edition != self.edition)
            count += len(self._rows(other.distinct()))
        return count

    def keep(self, key: Key, answer: Any) -> bool:
        """Keep an answer, which is on the disk when this returns; whether it is new: one that is there stays."""
        text = to_text(answer)
        values = {**key._asdict(), "answer": text, "hash": _hash(text.encode("utf-8")), "created": time.time()}
        return self._insert(answers, values)

    def remove_before(self, moment: float) -> int:
        """Remove what was made before a moment (seconds since 1970); how many answers that were."""
        with self._explained(), self._write() as connection:
            connection.execute(points.delete().where(points.c.created < moment))
            return connection.execute(answers.delete().where(answers.c.created < moment)).rowcount

    # ---- points to start from

    def keep_point(self, name: str, content: bytes) -> None:
        """Keep what a later answer may start from."""
        named = {"name": name, "edition": self.edition, "created": time.time()}
        self._insert(points, {**named, "content": content, "hash": _hash(content)})

    def find_point(self, name: str) -> bytes | None:
        """What was kept under a name, or None."""
        own = sa.and_(points.c.name == name, points.c.edition == self.edition)
        rows = self._rows(sa.select(points.c.content, points.c.hash).where(own))
        if not rows:
            return None
        content = bytes(rows[0].content)
        self._require_same(content, rows[0].hash)
        return content

    def remove_points(self, names: Collection[str]) -> None:
        """Remove points that nothing starts from any more."""
        if names:
            own = sa.and_(points.c.name.in_(list(names)), points.c.edition == self.edition)
            with self._explained(), self._write() as connection:
                connection.execute(points.delete().where(own))

    # ---- the database

    def _prepare(self) -> None:
        """The tables, in a database that is empty or ours."""
        with self._write() as connection:
            if not self._is_sqlite:
                connection.execute(sa.text("select pg_advisory_xact_lock(7219412)"))
            names = set(sa.inspect(connection).get_table_names())
            if self._is_sqlite and names and formats.name not in names:
                raise OutputError(Problem("answers.foreign", self.shown))
            metadata.create_all(connection)
            found = [str(row.format) for row in connection.execute(sa.select(formats))]
            if not found:
                connection.execute(formats.insert().values(format=FORMAT))
            elif found != [FORMAT]:
                raise OutputError(Problem("answers.format", self.shown, format=found[0], own=FORMAT))

    def _insert(self, table: sa.Table, values: Mapping[str, Any]) -> bool:
        insert = (sqlite if self._is_sqlite else postgresql).insert(table)
        with self._explained(), self._write() as connection:
            statement = insert.values(**values).on_conflict_do_nothing()
            # SQLAlchemy asks for the count of an insertion only where it is told to: psycopg would not know it later.
            return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount > 0

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._explained(), self._engine.connect() as connection:
            return connection.execute(query).all()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction; SQLite has one writer at a time, and waiting here is fairer than its own retries."""
        if not self._is_sqlite:
            with self._engine.begin() as connection:
                yield connection
            return
        if not self._writing.acquire(timeout=PATIENCE_WITH_LOCKS_SECONDS):
            raise LockedError
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        finally:
            self._writing.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What the database says becomes a sentence."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, LockedError) as error:
            raise OutputError(_unusable(error, self.shown)) from None

    def _require_same(self, content: bytes, expected: str) -> None:
        if _hash(content) != expected:
            raise OutputError(Problem("answers.changed", self.shown))


def _address_of(place: str | Path) -> tuple[str, str]:
    """How a place is shown, and its URL."""
    text = str(place)
    if isinstance(place, Path) or ("://" not in text and text.strip()):
        path = Path(place) / FILE
        return str(path), file_url(path)
    url = driver_url(text)
    try:
        if not url.startswith(DRIVER):
            raise ValueError(text)  # noqa: TRY301
        sa.engine.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InputError(Problem("answers.no_place", key=OPTION, text=without_user(text))) from None
    return without_password(url), url


def _open(url: str, shown: str) -> Engine:
    try:
        return connect(url)
    except ModuleNotFoundError:
        raise OutputError(Problem("answers.driver", shown)) from None
    except OSError as error:
        raise OutputError(Problem("answers.unusable", shown, reason=reason_of(error))) from None
    except ValueError as error:  # a path with a null byte
        raise OutputError(Problem("answers.unusable", shown, reason=str(error))) from None
    except (sa.exc.SQLAlchemyError, DamagedError) as error:
        raise OutputError(_unusable(error, shown)) from None


def _unusable(error: Exception, shown: str) -> Problem:
    if fault_of(error) == "damaged":
        return Problem("answers.damaged", shown, reason=first_line(error))
    return Problem("answers.unusable", shown, reason=first_line(error))


def _parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for first in range(0, len(keys), MOST_ASKED_AT_ONCE):
        yield keys[first : first + MOST_ASKED_AT_ONCE]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
