"""Who asks, and what they may do: tokens, kept as digests, with one of three roles.

A token has 256 random bits, so that a plain SHA-256 of it cannot be turned back by trying.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

from fastapi import Request

from kiban.server.problems import refuse
from kiban.server.settings import Settings
from kiban.server.store import Store

Role = Literal["viewer", "planner", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
COOKIE = "kiban_token"
PREFIX = "kiban_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Name and role of the one who asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the role is this one or a lesser one."""
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = Caller("local", "admin")


def make_token() -> str:
    """A new token."""
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def find_caller(token: str, store: Store) -> Caller | None:
    """Who has this token."""
    found = store.find_token(digest_of(token)) if token.startswith(PREFIX) else None
    return Caller(found["name"], found["role"]) if found is not None else None


def token_in(request: Request) -> str:
    """The token of a request: of its header, else of its cookie; empty where it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(COOKIE, "")


def identify(request: Request, settings: Settings, store: Store) -> Caller:
    """Who asks; refused where a token is needed and is not there or not known."""
    if settings.is_local:
        return LOCAL
    token = token_in(request)
    challenge = {"WWW-Authenticate": 'Bearer realm="kiban"'}
    if not token:
        raise refuse("unauthorised", "no_token", headers=challenge)
    caller = find_caller(token, store)
    if caller is None:
        raise refuse("unauthorised", "wrong_token", headers=challenge)
    return caller


def require(caller: Caller, role: Role) -> None:
    """Refuse a caller whose role is too small."""
    if not caller.may(role):
        raise refuse("forbidden", "role", role=caller.role, needed=role)
