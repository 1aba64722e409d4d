"""Addresses of operations: operate a plan as a job, its hours, its files, and a campus that is operated now."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from kiban.quantities import Language
from kiban.scenario.plain import plain_scenario
from kiban.server.access import Caller
from kiban.server.bodies import RunQuestion
from kiban.server.live_events import follow_journal
from kiban.server.live_operation import NOTHING
from kiban.server.operations import FILE_KINDS, check_run, run_file
from kiban.server.ownership import require_job
from kiban.server.packing import unpack
from kiban.server.problems import refuse
from kiban.server.queueing import queue_job
from kiban.server.service import Json, Planner, Service, ServiceOf, Viewer, attachment
from kiban.server.studies import find_scenario

router = APIRouter(prefix="/api/v1")


@router.post("/runs", tags=["operation"])
async def run(question: RunQuestion, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """Operate the plan of a study hour by hour under forecasts and events: always a job."""
    if question.mode == "instant":
        raise refuse("too-large", "instant", path="mode", seconds="9")
    check_run(question)
    scenario = await run_in_threadpool(find_scenario, question, service.settings, service.store, caller)
    asked = {name: getattr(question, name) for name in ("forecast", "hour", "horizon_hours", "events", "first", "last")}
    content = {"scenario": plain_scenario(scenario), **asked}
    return await queue_job("run", scenario.name, content, question, request, caller)


@router.get("/runs/{job_id}/hours", tags=["operation"])
def hours(job_id: str, service: ServiceOf, caller: Viewer) -> Json:
    """The hours of an operation that has ended."""
    return Json(_content(job_id, service, caller)["hours"])


@router.get("/runs/{job_id}/files/{kind}", tags=["operation"])
def file(job_id: str, kind: str, service: ServiceOf, caller: Viewer, lang: Language = "en") -> Response:
    """An operation as JSON as `kiban run --json` prints it, its hours as CSV, or its report as one HTML page."""
    if kind not in FILE_KINDS:
        raise refuse("not-found", "no_file_kind", name=kind, names=FILE_KINDS)
    return attachment(*run_file(_content(job_id, service, caller), job_id, kind, lang))


@router.get("/operating", tags=["operation"])
def operating(service: ServiceOf, caller: Viewer) -> Json:
    """What the journal that this server follows says; the state is `off` where it follows none."""
    return Json(NOTHING if service.live is None else service.live.look())


@router.get("/operating/events", tags=["operation"])
async def operating_events(request: Request, service: ServiceOf, caller: Viewer) -> StreamingResponse:
    """Follow the journal as server-sent events: `journal` with the last day, then `step` with what is new."""
    if service.live is None:
        raise refuse("not-found", "no_journal")
    return StreamingResponse(follow_journal(service, caller, request), media_type="text/event-stream")


def _content(job_id: str, service: Service, caller: Caller) -> dict[str, Any]:
    """What an operation's job has left; refused where the caller may not see it, or there is none."""
    require_job(service.store, job_id, caller)
    row = service.store.find_job(job_id)
    if row is None or row["kind"] != "run" or row["state"] != "done" or row["result"] is None:
        raise refuse("not-found", "no_job", name=job_id)
    found: dict[str, Any] = unpack(row["result"])
    return found
