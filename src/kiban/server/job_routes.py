"""Addresses of jobs: look, cancel, and follow as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from kiban.report.names import Names
from kiban.report.plan.document import plan_document, stamp
from kiban.server.access import Caller
from kiban.server.bodies import Sharing
from kiban.server.ownership import may_see_plan, require_job, share_job
from kiban.server.packing import unpack
from kiban.server.problems import ProblemDocument, RefusedError, refuse
from kiban.server.service import Json, Planner, Service, ServiceOf, Viewer
from kiban.server.store import ENDED, Row

router = APIRouter(prefix="/api/v1")
BETWEEN_LOOKS_SECONDS = 0.25
HEARTBEAT_SECONDS = 10.0


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


@router.get("/jobs", tags=["jobs"])
def list_jobs(service: ServiceOf, caller: Viewer, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Json:
    """The newest jobs that are the caller's own or shared, an admin's of all."""
    return Json({"jobs": [job_document(row) for row in service.store.list_jobs(limit, caller.reader)]})


@router.get("/jobs/{job_id}", tags=["jobs"])
async def job(job_id: str, service: ServiceOf, caller: Viewer) -> Json:
    """A job, with its result when it is done."""
    return Json(await read_job(service, job_id, caller))


@router.patch("/jobs/{job_id}", tags=["jobs"], status_code=204)
def share(job_id: str, question: Sharing, request: Request, service: ServiceOf, caller: Planner) -> Response:
    """Share a job and its result with everybody who has a token, or keep it for its owner."""
    request.state.subject = job_id
    share_job(service.store, job_id, caller, shared=question.shared)
    return Response(status_code=204)


@router.delete("/jobs/{job_id}", tags=["jobs"])
async def cancel(job_id: str, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """Cancel a job: its worker stops, or is killed where it does not listen. A job that has ended stays as it is."""
    request.state.subject = job_id
    await run_in_threadpool(partial(require_job, service.store, job_id, caller, to_change=True))
    await run_in_threadpool(service.supervisor.cancel, job_id)
    return Json(await read_job(service, job_id, caller))


@router.get("/jobs/{job_id}/events", tags=["jobs"])
async def events(job_id: str, service: ServiceOf, caller: Viewer) -> StreamingResponse:
    """Follow a job as server-sent events until it ends."""
    await run_in_threadpool(require_job, service.store, job_id, caller)
    return StreamingResponse(_follow(service, job_id, caller), media_type="text/event-stream")


async def _follow(service: Service, job_id: str, caller: Caller) -> AsyncIterator[bytes]:
    loop, bell = asyncio.get_running_loop(), asyncio.Event()
    with service.supervisor.following(job_id, lambda: loop.call_soon_threadsafe(bell.set)):
        async for event in _events(service, job_id, caller, bell):
            yield event


async def _events(service: Service, job_id: str, caller: Caller, bell: asyncio.Event) -> AsyncIterator[bytes]:
    """A look at the store whenever the bell rings, and now and then for what happens on another server."""
    shown: object = None
    spoken = time.monotonic()
    number = 0
    while True:
        row = await run_in_threadpool(service.store.look_at_job, job_id)
        if row is None:
            return
        if row["state"] in ENDED:
            yield _event(row["state"], await read_job(service, job_id, caller), number)
            return
        position = await run_in_threadpool(service.store.position, row)
        present = (row["state"], row["progress"], position)
        if present != shown:
            shown, spoken = present, time.monotonic()
            yield _event("progress", job_document(row, position), number)
            number += 1
        elif time.monotonic() - spoken > HEARTBEAT_SECONDS:
            spoken = time.monotonic()
            yield b": still here\n\n"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), BETWEEN_LOOKS_SECONDS)
        bell.clear()


def _event(name: str, content: JobDocument, number: int) -> bytes:
    data = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n".encode()
