"""A question that becomes a job: it is queued, and answered with where it stands."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kiban.server.access import Caller
from kiban.server.bodies import Numbered
from kiban.server.job_documents import read_job
from kiban.server.service import Json, Service, number


async def queue_job(
    kind: str, name: str, content: dict[str, Any], question: Numbered, request: Request, caller: Caller
) -> Json:
    """Queue a job of this kind: 202 with the job, and its address."""
    service: Service = request.app.state.service
    job_id = await run_in_threadpool(service.supervisor.submit, kind, name, caller.name, content)
    request.state.subject = job_id
    job = await read_job(service, job_id, caller)
    answer = number({"job": job}, question.session, question.sequence)
    return Json(answer, status_code=202, headers={"location": f"/api/v1/jobs/{job_id}"})
