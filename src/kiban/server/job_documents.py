"""A job as JSON: where it is, and its result for those who may see it."""

from __future__ import annotations

import json
from typing import Any, Literal, TypedDict

from starlette.concurrency import run_in_threadpool

from kiban.report.names import Names
from kiban.report.plan.document import plan_document, stamp
from kiban.server.access import Caller
from kiban.server.ownership import may_see_plan, require_job
from kiban.server.packing import unpack
from kiban.server.problems import ProblemDocument, RefusedError, refuse
from kiban.server.service import Service
from kiban.server.store import Row


class ProgressDocument(TypedDict):
    """Where a job is: what it does, and how much of how much is done where that is known."""

    message: Names
    done: int | None
    of: int | None


class JobDocument(TypedDict):
    """A job; `result` is there once it is done, `problem` once it has failed."""

    id: str
    kind: str
    name: str
    owner: str
    shared: bool
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    created: str | None
    started: str | None
    finished: str | None
    progress: ProgressDocument
    position: int
    result: dict[str, Any] | None
    problem: ProblemDocument | None
    attempts: int


def job_document(row: Row, position: int = 0, result: dict[str, Any] | None = None) -> JobDocument:
    """A job as JSON."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "name": row["name"],
        "owner": row["owner"],
        "shared": row["shared"],
        "state": row["state"],
        "created": stamp(row["created"]),
        "started": stamp(row["started"]),
        "finished": stamp(row["finished"]),
        "progress": json.loads(row["progress"]),
        "position": position,
        "result": result,
        "problem": json.loads(row["problem"]) if row["problem"] else None,
        "attempts": row["attempts"],
    }


async def read_job(service: Service, job_id: str, caller: Caller) -> JobDocument:
    """A job with its result where it is done; refused where the caller may not see it."""
    await run_in_threadpool(require_job, service.store, job_id, caller)
    row = await run_in_threadpool(service.store.find_job, job_id)
    if row is None:
        raise refuse("not-found", "no_job", name=job_id)
    position = await run_in_threadpool(service.store.position, row)
    return job_document(row, position, await _result(service, row))


async def _result(service: Service, row: Row) -> dict[str, Any] | None:
    if row["state"] != "done" or row["result"] is None:
        return None
    content: dict[str, Any] = unpack(row["result"])
    if row["kind"] == "run":
        # Its hours are many, and have an address of their own.
        return {"operation": content["operation"], "run": row["id"]}
    if row["kind"] != "plan":
        return content
    # Who sees the job sees its plan, unless the job's owner has deleted that.
    owner = Caller(row["owner"], "viewer")
    try:
        if not await run_in_threadpool(may_see_plan, service.store, content["plan"], owner):
            return {"plan": None}
        made, how = await service.answers.look_up(content["plan"])
    except RefusedError:
        return {"plan": None}
    return {"plan": await run_in_threadpool(plan_document, made, how)}
