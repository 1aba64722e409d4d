"""What a database says when it cannot do its work, and how that is told: no room, in use, out of reach, or damaged."""

from __future__ import annotations

import sqlite3
from typing import Literal

import sqlalchemy as sa

from kiban.server.problems import RefusedError, refuse

Fault = Literal["full", "locked", "away", "damaged"]
PASSING: frozenset[Fault] = frozenset({"full", "locked", "away"})
"""What passes by itself or when somebody makes room: worth trying again."""
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


class LockedError(Exception):
    """Nobody could write for a while, since another one did."""


def fault_of(error: BaseException) -> Fault | None:
    """What is wrong with the database; None for an error of another kind."""
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
    """What the database said, in one line for the log."""
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    return text[0] if text else type(error).__name__


def refusal_of_database(error: BaseException) -> RefusedError | None:
    """What to answer where the database is at fault; None for an error of another kind."""
    match fault_of(error):
        case "full":
            return refuse("storage-full", "store.full", headers={"Retry-After": "60"})
        case "locked":
            return refuse("unavailable", "store.locked", headers={"Retry-After": "5"})
        case "away":
            return refuse("unavailable", "store.away", headers={"Retry-After": "5"})
        case "damaged":
            return refuse("fault", "store.damaged")
        case None:
            return None
