"""Whose a plan is, as questions to the database: who holds it, who may see it, what is shared and what is deleted.

A reader is a name and whether it is an admin's. Deleting is soft: a holding is marked, and `purge` removes what was
marked long enough ago, with the content of plans that nobody holds any more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiban.server.tables import holdings, jobs, plans

LARGE = ("scenario", "summary", "hours")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: sees what is its own and what is shared, an admin everything."""

    name: str
    is_admin: bool


def hold(connection: Connection, plan_id: str, owner: str, *, kept: bool) -> None:
    """Make a plan this owner's too, also where it was deleted; once kept it stays kept, and sharing stays as it was."""
    mine = sa.and_(holdings.c.plan_id == plan_id, holdings.c.owner == owner)
    now = time.time()
    changed: dict[str, Any] = {"created": now, "deleted": None, "deleted_by": None}
    changed |= {"kept": True} if kept else {}
    if connection.execute(holdings.update().where(mine).values(**changed)).rowcount == 0:
        new = {"plan_id": plan_id, "owner": owner, "created": now, "kept": kept, "shared": False}
        connection.execute(insert_or_ignore(connection, holdings).values(**new))


def insert_or_ignore(connection: Connection, table: sa.Table) -> Any:
    """Two servers may store the same row at once: the first wins and both are equal."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql(table).on_conflict_do_nothing()


def seen_by(reader: Reader) -> sa.ColumnElement[bool]:
    """Which holdings the reader may see, of those that are not deleted."""
    present = holdings.c.deleted.is_(None)
    if reader.is_admin:
        return present
    return sa.and_(present, sa.or_(holdings.c.owner == reader.name, holdings.c.shared.is_(sa.true())))


def jobs_seen_by(reader: Reader) -> sa.ColumnElement[bool]:
    """Which jobs the reader may see."""
    return sa.true() if reader.is_admin else sa.or_(jobs.c.owner == reader.name, jobs.c.shared.is_(sa.true()))


def may_see(plan_id: str, reader: Reader) -> sa.Select[Any]:
    """A row where the reader may see the plan, else none."""
    return sa.select(holdings.c.plan_id).where(holdings.c.plan_id == plan_id, seen_by(reader)).limit(1)


def holders(plan_id: str) -> sa.Select[Any]:
    """All holdings of a plan, the deleted ones too."""
    return sa.select(holdings).where(holdings.c.plan_id == plan_id).order_by(holdings.c.owner)


def list_plans(limit: int, reader: Reader, *, deleted: bool = False) -> sa.Select[Any]:
    """The newest plans that the reader may see, without their content, once each: the reader's own holding first.

    With `deleted` those that the reader may restore instead: its own, an admin everybody's.
    """
    if deleted:
        own = sa.true() if reader.is_admin else holdings.c.owner == reader.name
        which = sa.and_(holdings.c.deleted.is_not(None), own)
    else:
        which = seen_by(reader)
    mine_first = sa.case((holdings.c.owner == reader.name, 0), else_=1)
    place = sa.func.row_number().over(
        partition_by=holdings.c.plan_id, order_by=(mine_first, holdings.c.created.desc(), holdings.c.owner)
    )
    held = sa.select(holdings, place.label("place")).where(which).subquery()
    columns = [column for column in plans.c if column.name not in {*LARGE, "created"}]
    more = [held.c[name] for name in ("created", "owner", "kept", "shared", "deleted", "deleted_by")]
    return (
        sa.select(*columns, *more)
        .join(held, held.c.plan_id == plans.c.id)
        .where(held.c.place == 1)
        .order_by(held.c.created.desc(), plans.c.id)
        .limit(limit)
    )


def change(connection: Connection, plan_id: str, owner: str | None, *which: Any, **values: Any) -> int:
    """Change the holdings of a plan, of one owner or of all; how many."""
    wanted = [holdings.c.plan_id == plan_id, *which]
    if owner is not None:
        wanted.append(holdings.c.owner == owner)
    return connection.execute(holdings.update().where(*wanted).values(**values)).rowcount


def prune(connection: Connection, most: int) -> None:
    """Let each owner have only the newest `most` of the plans that no job made; what is deleted waits for `purge`."""
    place = sa.func.row_number().over(
        partition_by=holdings.c.owner, order_by=(holdings.c.created.desc(), holdings.c.plan_id)
    )
    instant = sa.and_(holdings.c.kept.is_(sa.false()), holdings.c.deleted.is_(None))
    ranked = sa.select(holdings.c.plan_id, holdings.c.owner, place.label("place")).where(instant).subquery()
    stale = sa.exists().where(
        ranked.c.plan_id == holdings.c.plan_id, ranked.c.owner == holdings.c.owner, ranked.c.place > most
    )
    connection.execute(holdings.delete().where(stale))
    _drop_unheld(connection)


def purge(connection: Connection, before: float) -> tuple[int, int]:
    """Remove for good what was deleted before this time; how many holdings and how many plans went."""
    gone = connection.execute(holdings.delete().where(holdings.c.deleted < before)).rowcount
    return gone, _drop_unheld(connection)


def _drop_unheld(connection: Connection) -> int:
    held = sa.exists().where(holdings.c.plan_id == plans.c.id)
    return connection.execute(plans.delete().where(~held)).rowcount
