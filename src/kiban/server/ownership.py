"""What a caller may do with a plan or a job: see what is its own or shared, change what is its own, an admin all.

What a caller may not see is not there for it: 404, so that ids cannot be tried. What it sees but does not own is 403.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import time as read_clock

import sqlalchemy as sa

from kiban.server import holdings
from kiban.server.access import Caller
from kiban.server.problems import refuse
from kiban.server.store import Row, Store
from kiban.server.tables import jobs

DELETED_DAYS = 30
"""How long what was deleted can be restored before `kiban serve purge` removes it, unless it is told otherwise."""


def list_plans(store: Store, caller: Caller, limit: int, *, deleted: bool = False) -> Sequence[Row]:
    """The newest plans that the caller may see, or those deleted ones that it may restore."""
    return store.rows(holdings.list_plans(limit, caller.reader, deleted=deleted))


def may_see_plan(store: Store, plan_id: str, caller: Caller) -> bool:
    """Whether the plan is the caller's own or shared, and not deleted."""
    return bool(store.rows(holdings.may_see(plan_id, caller.reader)))


def _change_plan(
    store: Store,
    plan_id: str,
    caller: Caller,
    *which: sa.ColumnElement[bool],
    seen_deleted: bool = False,
    **values: object,
) -> int:
    """Change the caller's own holding; where it has none, an admin's call changes everybody's."""
    held = store.rows(holdings.holders(plan_id))
    mine = [row for row in held if row["owner"] == caller.name and (row["deleted"] is not None) == seen_deleted]
    if not mine and not caller.may("admin"):
        if not seen_deleted and may_see_plan(store, plan_id, caller):
            raise refuse("forbidden", "not_owner", name=plan_id)
        raise refuse("not-found", "no_plan", name=plan_id)
    with store.writing() as connection:
        return holdings.change(connection, plan_id, caller.name if mine else None, *which, **values)


def delete_plan(store: Store, plan_id: str, caller: Caller) -> None:
    """Take a plan out of sight; its owner or an admin can restore it until it is purged."""
    present = holdings.holdings.c.deleted.is_(None)
    if not _change_plan(store, plan_id, caller, present, deleted=read_clock(), deleted_by=caller.name):
        raise refuse("not-found", "no_plan", name=plan_id)


def restore_plan(store: Store, plan_id: str, caller: Caller) -> None:
    """Bring a deleted plan back, whoever deleted it."""
    gone = holdings.holdings.c.deleted.is_not(None)
    if not _change_plan(store, plan_id, caller, gone, seen_deleted=True, deleted=None, deleted_by=None):
        raise refuse("not-found", "no_deleted_plan", name=plan_id)


def share_plan(store: Store, plan_id: str, caller: Caller, *, shared: bool) -> None:
    """Let everybody see a plan, or its owner only."""
    present = holdings.holdings.c.deleted.is_(None)
    if not _change_plan(store, plan_id, caller, present, shared=shared):
        raise refuse("not-found", "no_plan", name=plan_id)


def require_job(store: Store, job_id: str, caller: Caller, *, to_change: bool = False) -> Row:
    """The job without its question and result; refused where the caller may not see it, or not change it."""
    row = store.look_at_job(job_id)
    own = row is not None and (row["owner"] == caller.name or caller.may("admin"))
    if row is None or not (own or row["shared"]):
        raise refuse("not-found", "no_job", name=job_id)
    if to_change and not own:
        raise refuse("forbidden", "not_owner", name=job_id)
    return row


def share_job(store: Store, job_id: str, caller: Caller, *, shared: bool) -> None:
    """Let everybody see a job and its result, or its owner only."""
    require_job(store, job_id, caller, to_change=True)
    with store.writing() as connection:
        connection.execute(jobs.update().where(jobs.c.id == job_id).values(shared=shared))


def purge(store: Store, days: float) -> tuple[int, int]:
    """Remove for good what was deleted more than so many days ago; how many deletions, how many plans."""
    with store.writing() as connection:
        return holdings.purge(connection, read_clock() - days * 86_400.0)
