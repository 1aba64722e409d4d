"""Addresses of jobs: look, share, cancel, and follow as server-sent events."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from kiban.quantities import Language
from kiban.report.plan.frontier_document import restore_frontier
from kiban.report.plan.frontier_files import KINDS, make_file
from kiban.server.bodies import Sharing
from kiban.server.job_documents import job_document, read_job
from kiban.server.job_events import follow
from kiban.server.ownership import require_job, share_job
from kiban.server.plan_files import XLSX
from kiban.server.problems import refuse
from kiban.server.service import Json, Planner, ServiceOf, Viewer, attachment

router = APIRouter(prefix="/api/v1")
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX,
    "svg": "image/svg+xml",
    "json": "application/json",
}


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


@router.get("/jobs/{job_id}/files/{kind}", tags=["jobs"])
async def file(job_id: str, kind: str, service: ServiceOf, caller: Viewer, lang: Language = "en") -> Response:
    """The frontier that a job has traced as a page, a drawing, a table or a workbook."""
    if kind not in KINDS:
        raise refuse("not-found", "no_file_kind", name=kind, names=KINDS)
    found = await read_job(service, job_id, caller)
    traced = (found["result"] or {}).get("frontier")
    if traced is None:
        raise refuse("conflict", "no_frontier", name=job_id)
    content = await run_in_threadpool(lambda: make_file(restore_frontier(traced), kind, lang))
    return attachment(content, MEDIA_TYPES[kind], f"kiban-frontier-{traced['measure']}.{kind}")


@router.get("/jobs/{job_id}/events", tags=["jobs"])
async def events(job_id: str, request: Request, service: ServiceOf, caller: Viewer) -> StreamingResponse:
    """Follow a job as server-sent events until it ends, or the caller may not see it any more."""
    await run_in_threadpool(require_job, service.store, job_id, caller)
    return StreamingResponse(follow(service, job_id, caller, request), media_type="text/event-stream")
