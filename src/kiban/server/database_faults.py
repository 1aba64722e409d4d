"""What a database says when it cannot do its work, and how that is told: no room, in use, out of reach, or damaged."""

from __future__ import annotations

from kiban.server.problems import RefusedError, refuse
from kiban.tasks.database import Fault, fault_of

PASSING: frozenset[Fault] = frozenset({"full", "locked", "away"})
"""What passes by itself or when somebody makes room: worth trying again."""


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
