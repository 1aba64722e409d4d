"""Who works on which job: a lease until a time by the database's own clock, and what becomes of jobs nobody holds.

The clocks of two servers may differ, so that none of them is asked. A server renews its leases every second or so; one
that is gone loses them after `LEASE_SECONDS`, and its jobs are queued again. How often a job was started says nothing
of the job; only the ends of its process by its own fault count against it (`kiban.server.deaths`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiban.server.tables import jobs

LEASE_SECONDS = 10.0
"""A server that has not been heard of for so long is gone."""
UNIX_EPOCH_JULIAN_DAY = 2_440_587.5
SECONDS_OF_A_DAY = 86_400.0


def clock(connection: Connection) -> sa.ColumnElement[float]:
    """The time of the database, in seconds since 1970 in UTC."""
    if connection.dialect.name == "sqlite":
        return (sa.func.julianday("now") - UNIX_EPOCH_JULIAN_DAY) * SECONDS_OF_A_DAY
    return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float(53))


def _until(connection: Connection) -> sa.ColumnElement[float]:
    return clock(connection) + LEASE_SECONDS


def take(connection: Connection, job_id: str, holder: str, started: float) -> None:
    """Make a queued job this server's."""
    mine = {"state": "running", "holder": holder, "lease": _until(connection), "started": started}
    connection.execute(jobs.update().where(jobs.c.id == job_id).values(**mine, attempts=jobs.c.attempts + 1))


def renew(connection: Connection, holder: str) -> None:
    """Hold on to everything that this server holds."""
    mine = sa.and_(jobs.c.holder == holder, jobs.c.state == "running")
    connection.execute(jobs.update().where(mine).values(lease=_until(connection)))


def give_back(connection: Connection, job_id: str, holder: str, progress: str, *, own_fault: bool) -> bool:
    """Queue a job again that this server holds, at its old place; whether it still held it."""
    mine = sa.and_(jobs.c.id == job_id, jobs.c.holder == holder, jobs.c.state == "running")
    deaths = jobs.c.deaths + (1 if own_fault else 0)
    return _queue_again(connection, mine, progress, deaths=deaths) > 0


def give_back_lost(connection: Connection, holder: str, held: Collection[str], progress: str) -> int:
    """Queue again what stands as this server's but is not among what it works on; how many there were."""
    lost = sa.and_(jobs.c.holder == holder, jobs.c.state == "running", jobs.c.id.not_in(held))
    return _queue_again(connection, lost, progress)


def give_back_expired(connection: Connection, progress: str) -> int:
    """Queue again what no living server holds; how many there were."""
    over = sa.or_(jobs.c.lease.is_(None), jobs.c.lease < clock(connection))
    expired = sa.select(jobs.c.id).where(jobs.c.state == "running", over)
    if connection.dialect.name != "sqlite":
        # What a server renews or ends just now is alive.
        expired = expired.with_for_update(skip_locked=True)
    found = [job_id for (job_id,) in connection.execute(expired)]
    return _queue_again(connection, jobs.c.id.in_(found), progress) if found else 0


def give_back_all(connection: Connection, holder: str, progress: str) -> int:
    """Queue again whatever any other server holds, where it is known that there is none; how many there were."""
    others = sa.and_(jobs.c.state == "running", sa.or_(jobs.c.holder.is_(None), jobs.c.holder != holder))
    return _queue_again(connection, others, progress)


def _queue_again(connection: Connection, which: sa.ColumnElement[bool], progress: str, **values: Any) -> int:
    queued = {"state": "queued", "holder": None, "lease": None, "progress": progress, **values}
    return connection.execute(jobs.update().where(which).values(**queued)).rowcount
