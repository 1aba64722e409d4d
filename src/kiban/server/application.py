"""The application: its addresses, how errors become problems, and its description."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from kiban.errors import KibanError, Problem
from kiban.server import access_routes, job_routes, pages, planning_routes, reading_routes
from kiban.server.answers import Answers
from kiban.server.audit import AuditLog
from kiban.server.audit_key import find_or_make_key
from kiban.server.description import describe_api
from kiban.server.gate import App, Gate
from kiban.server.problems import MEDIA_TYPE, RefusedError, refusal_of, refuse
from kiban.server.service import Json, Service
from kiban.server.settings import Settings
from kiban.server.store import Store
from kiban.server.supervisor import Supervisor

log = logging.getLogger("kiban.server")


def make_application(settings: Settings) -> FastAPI:
    """The application of one server; it opens the store now and works on jobs while it runs."""
    from kiban import __version__

    store = Store(settings.database_url)
    audit = AuditLog(store, find_or_make_key(settings.data))
    service = Service(settings, store, Answers(store, settings), Supervisor(store, settings), audit)

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        service.supervisor.start()
        audit.start()
        service.answers.warm_up()
        try:
            yield
        finally:
            service.supervisor.stop()
            service.answers.close()
            audit.stop()
            store.close()

    app = FastAPI(
        title="kiban",
        version=__version__,
        summary="Plan AI data centres together with their clean power, at provably least cost.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=live,
    )
    app.state.service = service
    for routes in (reading_routes, access_routes, job_routes, planning_routes, pages):
        app.include_router(routes.router)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    for kind in (RefusedError, KibanError, RecursionError):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(Exception, _answer_error)
    if not settings.is_local:
        app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=4)
    app.add_middleware(cast("Any", Gate), settings=settings, audit=audit)
    app.openapi = lambda: describe_api(app)  # type: ignore[method-assign]
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    refusal = refusal_of(error)
    if refusal.status >= 500 and not isinstance(error, RefusedError):
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    document = dict(refusal.document)
    document.update(await _number_of(request))
    return Json(document, status_code=refusal.status, headers=refusal.headers, media_type=MEDIA_TYPE)


async def _number_of(request: Request) -> dict[str, Any]:
    """The session and number of the question, so that the caller knows which one failed."""
    try:
        body = await request.json()
    except Exception:
        return {}
    if not isinstance(body, dict) or body.get("sequence") is None:
        return {}
    return {"session": body.get("session", ""), "sequence": body["sequence"]}


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = []
    for item in error.errors():
        if item["type"] == "json_invalid":
            reason = item.get("ctx", {}).get("error", item["msg"])
            problems.append(Problem("json", reason=reason))
            continue
        path = ".".join(str(part) for part in item["loc"][1:])
        problems.append(Problem("parameter", key=path, reason=item["msg"]))
    return await _answer_error(request, RefusedError("request", problems[:100]))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        found = refuse("method", "method", headers=error.headers)
    elif error.status_code == 404:
        found = refuse("not-found", "no_page", name=request.url.path)
    else:
        # What cannot be parsed at all, such as a body that nests without end.
        problem = Problem("json", reason=str(error.detail).rstrip("."))
        found = RefusedError("request", problem, status=error.status_code)
    return await _answer_error(request, found)


__all__ = ["App", "make_application"]
