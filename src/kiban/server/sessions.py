"""Tokens and sessions as the store keeps them: by digest, each with an end.

A token is for a program or to sign in with; a session is what a browser's cookie stands for. A session that was opened
with a token ends with it: when it expires, is withdrawn, or its name is given to another token.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import time as read_clock

import sqlalchemy as sa

from kiban.server.store import Row, Store
from kiban.server.tables import sessions, tokens

DAY_SECONDS = 86_400.0
TOKEN_DAYS = 90
MOST_TOKEN_DAYS = 366
MOST_SESSIONS = 50
"""Sessions of one name; the oldest make way."""
RESERVED = ("local", "unknown", "shell:", "oidc:")
"""Names, and beginnings of names, that no token may bear: whoever had them would own what is another's."""


def is_nameable(name: str) -> bool:
    """Whether a token may bear this name."""
    return bool(name.strip()) and len(name) <= 80 and name.isprintable() and not is_reserved(name)


def is_reserved(name: str) -> bool:
    """Whether the name stands for somebody who has no token."""
    lowered = name.strip().lower()
    return any(lowered.startswith(taken) if taken.endswith(":") else lowered == taken for taken in RESERVED)


def add_token(store: Store, name: str, role: str, digest: str, *, days: float = TOKEN_DAYS) -> bool:
    """Store the digest of a token that is good for so many days; False where the name is taken by one that lives."""
    now = read_clock()
    values = {"name": name, "role": role, "digest": digest, "created": now, "expires": now + days * DAY_SECONDS}
    try:
        with store.writing() as connection:
            connection.execute(tokens.delete().where(tokens.c.name == name, tokens.c.expires <= now))
            connection.execute(tokens.insert().values(**values))
    except sa.exc.IntegrityError:
        return False
    return True


def remove_token(store: Store, name: str) -> bool:
    """Withdraw a token and end what it opened; whether there was one."""
    mine = sa.select(tokens.c.digest).where(tokens.c.name == name)
    with store.writing() as connection:
        connection.execute(sessions.delete().where(sessions.c.token_digest.in_(mine)))
        return connection.execute(tokens.delete().where(tokens.c.name == name)).rowcount > 0


def list_tokens(store: Store) -> Sequence[Row]:
    """Names, roles and ends of all tokens, the expired ones too."""
    columns = (tokens.c.name, tokens.c.role, tokens.c.created, tokens.c.expires)
    return store.rows(sa.select(*columns).order_by(tokens.c.name))


def find_token(store: Store, digest: str) -> Row | None:
    """Name, role and end of the token with this digest, unless it has expired."""
    return store.row(
        sa.select(tokens.c.name, tokens.c.role, tokens.c.expires).where(
            tokens.c.digest == digest, tokens.c.expires > read_clock()
        )
    )


def open_session(
    store: Store, digest: str, name: str, role: str, *, hours: float, shown: str = "", token_digest: str | None = None
) -> float:
    """Keep a session and return its end, seconds since 1970: after so many hours, with its token if that is sooner."""
    now = read_clock()
    expires = now + hours * 3600.0
    if token_digest is not None:
        token = find_token(store, token_digest)
        expires = min(expires, token["expires"]) if token is not None else now
    values = {"name": name, "role": role, "shown": shown, "token_digest": token_digest}
    others = sa.select(sessions.c.digest).where(sessions.c.name == name).order_by(sessions.c.created.desc())
    with store.writing() as connection:
        connection.execute(sessions.delete().where(sessions.c.expires <= now))
        kept = connection.execute(others.limit(MOST_SESSIONS - 1)).scalars().all()
        connection.execute(sessions.delete().where(sessions.c.name == name, sessions.c.digest.not_in(kept)))
        connection.execute(sessions.insert().values(**values, digest=digest, created=now, expires=expires))
    return expires


def find_session(store: Store, digest: str) -> Row | None:
    """Name, role, end and what to show of the session with this digest, unless it or its token has ended."""
    now = read_clock()
    alive = sa.exists().where(tokens.c.digest == sessions.c.token_digest, tokens.c.expires > now)
    return store.row(
        sa.select(sessions.c.name, sessions.c.role, sessions.c.shown, sessions.c.expires).where(
            sessions.c.digest == digest,
            sessions.c.expires > now,
            sa.or_(sessions.c.token_digest.is_(None), alive),
        )
    )


def close_session(store: Store, digest: str) -> bool:
    """End a session; whether there was one."""
    with store.writing() as connection:
        return connection.execute(sessions.delete().where(sessions.c.digest == digest)).rowcount > 0


def close_sessions_of(store: Store, name: str) -> int:
    """End all sessions of a name; how many."""
    with store.writing() as connection:
        return connection.execute(sessions.delete().where(sessions.c.name == name)).rowcount


def list_sessions(store: Store) -> Sequence[Row]:
    """The sessions that have not ended, without their digests."""
    columns = (sessions.c.name, sessions.c.shown, sessions.c.role, sessions.c.created, sessions.c.expires)
    query = sa.select(*columns).where(sessions.c.expires > read_clock())
    return store.rows(query.order_by(sessions.c.name, sessions.c.created))
