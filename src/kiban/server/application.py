"""The application: its addresses, how errors become problems, and its description."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from kiban.errors import MOST_PROBLEMS, KibanError, Problem
from kiban.server import (
    access_routes,
    job_routes,
    market_routes,
    operation_routes,
    pages,
    planning_routes,
    reading_routes,
    sign_in_page,
)
from kiban.server.answers import Answers
from kiban.server.audit import AuditLog
from kiban.server.audit_key import find_or_make_key
from kiban.server.bodies import LARGEST_SEQUENCE, LONGEST_SESSION
from kiban.server.database_faults import refusal_of_database
from kiban.server.description import describe_api
from kiban.server.gate import App, Gate
from kiban.server.live_operation import JournalFollower
from kiban.server.oidc import SignIn
from kiban.server.problems import MEDIA_TYPE, RefusedError, refusal_of, refuse
from kiban.server.service import Json, Service
from kiban.server.settings import Settings
from kiban.server.store import Store
from kiban.server.supervisor import Supervisor
from kiban.tasks.database import LockedError, first_line

log = logging.getLogger("kiban.server")
CALCULATING_THREADS = 4
"""Requests that read and write at once: all of Python shares one interpreter, and beside many no plan is solved."""


def make_application(settings: Settings) -> FastAPI:
    """The application of one server; it opens the store now and works on jobs while it runs."""
    from kiban import __version__

    store = Store(settings.database_url)
    sign_in = SignIn(settings.oidc) if settings.oidc is not None else None
    audit = AuditLog(store, find_or_make_key(settings.data))
    followed = None if settings.operate is None else JournalFollower(settings.operate)
    service = Service(settings, store, Answers(store, settings), Supervisor(store, settings), audit, sign_in, followed)

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = CALCULATING_THREADS
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

    class Application(FastAPI):
        """The application behind its gate, which is outside of everything: also what fails passes it."""

        def build_middleware_stack(self) -> Any:
            return Gate(cast("Any", super().build_middleware_stack()), settings, audit)

    app = Application(
        title="kiban",
        version=__version__,
        summary="Plan AI data centres together with their clean power, at provably least cost.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=live,
    )
    app.state.service = service
    rooms = (
        reading_routes,
        access_routes,
        job_routes,
        planning_routes,
        operation_routes,
        market_routes,
        sign_in_page,
        pages,
    )
    for routes in rooms:
        app.include_router(routes.router)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    for kind in (RefusedError, KibanError, RecursionError, SQLAlchemyError, LockedError):
        app.add_exception_handler(kind, _answer_error)
    app.add_exception_handler(Exception, _answer_error)
    if not settings.is_local:
        app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=4)
    app.openapi = lambda: describe_api(app)  # type: ignore[method-assign]
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    at_fault = refusal_of_database(error)
    refusal = at_fault or refusal_of(error)
    if at_fault is not None:
        log.warning("%s %s: the database is at fault: %s", request.method, request.url.path, first_line(error))
    elif refusal.status >= 500 and not isinstance(error, RefusedError):
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if sign_in_page.is_shown_as_page(request):
        return sign_in_page.failed_page(request, refusal)
    document = dict(refusal.document)
    document.update(await _number_of(request))
    return Json(document, status_code=refusal.status, headers=refusal.headers, media_type=MEDIA_TYPE)


async def _number_of(request: Request) -> dict[str, Any]:
    """The session and number of the question, so that the caller knows which one failed."""
    try:
        body = await request.json()
    except Exception:
        return {}
    sequence, session = (body.get("sequence"), body.get("session", "")) if isinstance(body, dict) else (None, None)
    if not isinstance(sequence, int) or not isinstance(session, str) or len(session) > LONGEST_SESSION:
        return {}
    return {"session": session, "sequence": min(sequence, LARGEST_SEQUENCE)}


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = []
    for item in error.errors()[:MOST_PROBLEMS]:
        if item["type"] == "json_invalid":
            reason = item.get("ctx", {}).get("error", item["msg"])
            problems.append(Problem("json", reason=reason))
            continue
        path = ".".join(str(part) for part in item["loc"][1:])
        problems.append(Problem("parameter", key=path, reason=item["msg"]))
    return await _answer_error(request, RefusedError("request", problems))


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
