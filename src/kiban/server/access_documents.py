"""What the server says of access as JSON: who the caller is, who did what, and whether the log of it is whole."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from kiban.quantities import Language
from kiban.report.messages import say
from kiban.report.names import Names
from kiban.report.phrases import phrase
from kiban.report.plan.document import stamp
from kiban.server.access import ROLES, Caller, Role
from kiban.server.audit import AuditLog
from kiban.server.audit_proof import Verdict
from kiban.server.settings import Settings
from kiban.server.store import Row

MOST_STRANGERS_SHOWN = 100


class SessionDocument(TypedDict):
    """Who the caller is to the server; `required` says whether it needs to know, `ways` how one signs in."""

    required: bool
    name: str | None
    shown: str | None
    role: Role | None
    expires: str | None
    roles: list[Role]
    ways: list[Literal["token", "provider"]]


class AuditEntryDocument(TypedDict):
    """A row of the audit log: who did what; `hash` covers it and, by `previous`, all rows before."""

    number: int
    time: str | None
    who: str
    role: str
    action: str
    subject: str
    status: int
    address: str
    previous: str
    hash: str


class HeadDocument(TypedDict):
    """A signed head: the newest row when it was signed; `time_seconds` is what was signed, seconds since 1970."""

    number: int
    hash: str
    time: str | None
    time_seconds: float
    key: str
    signature: str


class StrangersDocument(TypedDict):
    """Calls of those whom the server does not know, from one address in one hour."""

    hour: str | None
    address: str
    calls: int


class AuditDocument(TypedDict):
    """The newest rows of the audit log, the newest signed head, and how often strangers called."""

    entries: list[AuditEntryDocument]
    head: HeadDocument | None
    strangers: list[StrangersDocument]


class AuditProofDocument(TypedDict):
    """Whether the audit log is whole: how many rows and heads were looked at, and in `said` what was found."""

    whole: bool
    rows: int
    heads: int
    last_number: int
    last_signed: int
    said: Names


def session_document(caller: Caller | None, settings: Settings) -> SessionDocument:
    """Who the caller is; None for somebody whom the server does not know."""
    return {
        "required": not settings.is_local,
        "name": caller.name if caller is not None else None,
        "shown": (caller.shown or caller.name) if caller is not None else None,
        "role": caller.role if caller is not None else None,
        "expires": stamp(caller.expires) if caller is not None else None,
        "roles": list(ROLES),
        "ways": ["token", "provider"] if settings.oidc is not None else ["token"],
    }


def audit_document(log: AuditLog, limit: int) -> AuditDocument:
    """The newest rows, at most `limit`, the newest first; the newest signed head; and strangers by hour."""
    head = log.newest_head()
    return {
        "entries": [_entry(row) for row in log.read(limit)],
        "head": _head(head) if head is not None else None,
        "strangers": [
            {"hour": stamp(row["hour"] * 3600.0), "address": row["address"], "calls": row["calls"]}
            for row in log.strangers(MOST_STRANGERS_SHOWN)
        ],
    }


def _entry(row: Row) -> Any:
    return {**dict(row), "time": stamp(row["time"])}


def _head(row: Row) -> HeadDocument:
    return {
        "number": row["number"],
        "hash": row["hash"],
        "time": stamp(row["time"]),
        "time_seconds": row["time"],
        "key": row["key"],
        "signature": row["signature"],
    }


def proof_document(verdict: Verdict) -> AuditProofDocument:
    """What was found of the log, in the words of `kiban audit verify`."""
    return {
        "whole": verdict.broken is None,
        "rows": verdict.rows,
        "heads": verdict.heads,
        "last_number": verdict.last_number,
        "last_signed": verdict.last_signed,
        "said": {"en": _say(verdict, "en"), "ja": _say(verdict, "ja")},
    }


def _say(verdict: Verdict, language: Language) -> str:
    if verdict.broken is not None:
        return phrase("audit.broken", language, what=say(verdict.broken, language))
    return phrase(
        "audit.whole",
        language,
        rows=verdict.rows,
        heads=verdict.heads,
        signed=verdict.last_signed or "-",
        number=verdict.last_number or "-",
    )
