"""SQLite and PostgreSQL: how a database is reached, and what is wrong where it cannot do its work."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kiban.whole_files import write_whole

Fault = Literal["full", "locked", "away", "damaged"]
PATIENCE_WITH_LOCKS_SECONDS = 10.0
"""How long to wait for another one who writes."""
SQLITE: dict[int, Fault] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_IOERR: "away",
    sqlite3.SQLITE_CANTOPEN: "away",
    sqlite3.SQLITE_READONLY: "away",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
"""Primary result codes of SQLite, https://www.sqlite.org/rescode.html."""
POSTGRESQL: dict[str, Fault] = {
    "53100": "full",
    "40001": "locked",
    "40P01": "locked",
    "55P03": "locked",
    "53300": "away",
    "57P01": "away",
    "57P02": "away",
    "57P03": "away",
    "XX001": "damaged",
    "XX002": "damaged",
}
"""Its SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html."""
ADDRESSES = ("postgresql://", "postgres://")
DRIVER = "postgresql+psycopg://"


class LockedError(Exception):
    """Nobody could write for a while, since another one did."""


class DamagedError(Exception):
    """An SQLite file that is not whole."""


def driver_url(address: str) -> str:
    """The URL for SQLAlchemy; PostgreSQL is spoken to through psycopg 3."""
    for plain in ADDRESSES:
        if address.startswith(plain):
            return f"{DRIVER}{address.removeprefix(plain)}"
    return address


def file_url(path: Path) -> str:
    """The URL of an SQLite file, whatever characters its path has."""
    return sa.URL.create("sqlite", database=path.as_posix()).render_as_string()


def connect(url: str) -> Engine:
    """The database behind a URL, which answers and, where it is a file, is whole.

    Raises `ModuleNotFoundError` without the driver, `DamagedError` for a file that is not whole, and what SQLAlchemy
    and the system say where it cannot be reached.
    """
    if not url.startswith("sqlite:"):
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    else:
        file = Path(sa.engine.make_url(url).database or "")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            # SQLite would make it for all to read; its journals take over who may read the file.
            with contextlib.suppress(FileExistsError):
                write_whole(file, b"", only_owner=True)
        engine = sa.create_engine(url, connect_args={"timeout": PATIENCE_WITH_LOCKS_SECONDS})
        sa.event.listen(engine, "connect", _tune_sqlite)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _require_whole(connection)
    return engine


def _tune_sqlite(connection: Any, _: object) -> None:
    # Transactions begin where the store says so, and as writers: none finds out later that it may not write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _require_whole(connection: Connection) -> None:
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if found != "ok":
        raise DamagedError(" ".join(found.split()))


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    try:
        return sa.engine.make_url(url).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number
        return "the database"


def without_user(text: str) -> str:
    """What was meant as an address, as it may be shown: without what stands before the host and may be secret."""
    return re.sub(r"(?<=://).*@", "***@", text, flags=re.DOTALL)


def fault_of(error: BaseException) -> Fault | None:
    """What is wrong with the database; None for an error of another kind."""
    if isinstance(error, DamagedError):
        return "damaged"
    if isinstance(error, LockedError | sa.exc.TimeoutError):
        return "locked"
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    raw = error.orig
    code = getattr(raw, "sqlite_errorcode", None)
    if isinstance(code, int):
        return SQLITE.get(code & 0xFF)
    state = getattr(raw, "sqlstate", None)
    if isinstance(state, str):
        return POSTGRESQL.get(state, "away" if state.startswith("08") else None)
    # A connection that broke or could not be made has no code.
    return "away" if error.connection_invalidated or isinstance(error, sa.exc.OperationalError) else None


def first_line(error: BaseException) -> str:
    """What the database said, in one line."""
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    return text[0] if text else type(error).__name__
