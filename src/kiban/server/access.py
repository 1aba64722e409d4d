"""Who asks, and what they may do: tokens and sessions, kept as digests, with one of three roles.

A token or a session has 256 random bits, so that a plain SHA-256 of it cannot be turned back by trying.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, cast, get_args

from fastapi import Request

from kiban.server import sessions
from kiban.server.holdings import Reader
from kiban.server.problems import refuse
from kiban.server.settings import Settings
from kiban.server.store import Store

Role = Literal["viewer", "planner", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
COOKIE = "kiban_session"
PREFIX = "kiban_"
SESSION_PREFIX = "kibans_"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kiban"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Name and role of the one who asks; `shown` is a friendlier name, `expires` when it ends (seconds since 1970)."""

    name: str
    role: Role
    shown: str = ""
    expires: float | None = None

    def may(self, role: Role) -> bool:
        """Whether the role is this one or a lesser one."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def reader(self) -> Reader:
        """What the store needs to know of the caller to say what may be seen."""
        return Reader(self.name, self.may("admin"))


LOCAL = Caller("local", "admin")


def make_token() -> str:
    """A new token."""
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def make_session() -> str:
    """What a new session's cookie holds."""
    return f"{SESSION_PREFIX}{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """What the store keeps of a token or a session."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def find_caller(token: str, store: Store) -> Caller | None:
    """Who has this token; None where nobody has, or not any more."""
    found = sessions.find_token(store, digest_of(token)) if token.startswith(PREFIX) else None
    return Caller(found["name"], cast("Role", found["role"]), expires=found["expires"]) if found is not None else None


def find_signed_in(cookie: str, store: Store) -> Caller | None:
    """Whose session this cookie stands for; None where it stands for none, or not any more."""
    found = sessions.find_session(store, digest_of(cookie)) if cookie.startswith(SESSION_PREFIX) else None
    if found is None:
        return None
    return Caller(found["name"], cast("Role", found["role"]), found["shown"], found["expires"])


def token_in(request: Request) -> str:
    """The token in a request's header; empty where it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_in(request: Request) -> str:
    """What a request's cookie says of its session; empty where it has none."""
    return request.cookies.get(COOKIE, "")


def look_up(request: Request, settings: Settings, store: Store) -> Caller | None:
    """Who asks, where the server knows; a token in the header counts before a cookie, right or wrong."""
    if settings.is_local:
        return LOCAL
    token = token_in(request)
    if token:
        return find_caller(token, store)
    cookie = cookie_in(request)
    return find_signed_in(cookie, store) if cookie else None


def identify(request: Request, settings: Settings, store: Store) -> Caller:
    """Who asks; refused where a token is needed and is not there or not known."""
    caller = look_up(request, settings, store)
    if caller is not None:
        return caller
    if token_in(request):
        raise refuse("unauthorised", "wrong_token", headers=CHALLENGE)
    raise refuse("unauthorised", "no_session" if cookie_in(request) else "no_token", headers=CHALLENGE)


def require(caller: Caller, role: Role) -> None:
    """Refuse a caller whose role is too small."""
    if not caller.may(role):
        raise refuse("forbidden", "role", role=caller.role, needed=role)
