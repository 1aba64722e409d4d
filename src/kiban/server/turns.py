"""Whose job comes next: owners take turns, so that nobody waits behind all that another has queued.

The turn goes to the owner who was served longest ago; one who was never served comes first. Within an owner the oldest
job comes first. So the whole order is: by the place of a job among its owner's, then by when the owner was last
served, then by age; serving in this order leaves the order of the rest as it was.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from kiban.server.tables import jobs


def _places() -> sa.Subquery:
    """Every queued job with its place among its owner's, and when its owner was last served."""
    served = (
        sa.select(jobs.c.owner, sa.func.max(jobs.c.started).label("served"))
        .where(jobs.c.started.is_not(None))
        .group_by(jobs.c.owner)
        .subquery()
    )
    place = sa.func.row_number().over(partition_by=jobs.c.owner, order_by=(jobs.c.created, jobs.c.id))
    # Whoever was never served is served before anybody of any time.
    when = sa.func.coalesce(served.c.served, -1.0)
    return (
        sa.select(jobs.c.id, place.label("place"), when.label("served"))
        .outerjoin(served, served.c.owner == jobs.c.owner)
        .where(jobs.c.state == "queued")
        .subquery()
    )


def next_job() -> sa.Select[Any]:
    """The id of the job whose turn it is, if any; may be locked with `for update of jobs skip locked`."""
    places = _places()
    return (
        sa.select(jobs.c.id)
        .join(places, places.c.id == jobs.c.id)
        .where(jobs.c.state == "queued")
        .order_by(places.c.place, places.c.served, jobs.c.created, jobs.c.id)
        .limit(1)
    )


def count_before(job_id: str) -> sa.Select[Any]:
    """How many queued jobs come before this one."""
    places = _places()
    order = (places.c.place, places.c.served, jobs.c.created, jobs.c.id)
    turn = sa.func.row_number().over(order_by=order)
    turns = sa.select(jobs.c.id, turn.label("turn")).join(places, places.c.id == jobs.c.id).subquery()
    return sa.select((turns.c.turn - 1).label("before")).where(turns.c.id == job_id)


def count_queued_of(owner: str) -> sa.Select[Any]:
    """How many jobs of this owner wait."""
    return sa.select(sa.func.count().label("queued")).where(jobs.c.state == "queued", jobs.c.owner == owner)
