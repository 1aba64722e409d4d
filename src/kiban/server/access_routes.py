"""Addresses of access: sign in and out, who am I, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from kiban.report.plan.document import stamp
from kiban.server import sessions
from kiban.server.access import (
    COOKIE,
    LOCAL,
    ROLES,
    Caller,
    cookie_in,
    digest_of,
    find_caller,
    look_up,
    make_session,
)
from kiban.server.bodies import SessionQuestion
from kiban.server.problems import refuse
from kiban.server.service import Admin, Json, ServiceOf
from kiban.server.settings import Settings
from kiban.server.store import Row

router = APIRouter(prefix="/api/v1")
MOST_STRANGERS_SHOWN = 100


@router.get("/session", tags=["access"])
def read_session(request: Request, service: ServiceOf) -> Json:
    """Who the caller is to this server. Needs no token."""
    return Json(_session(look_up(request, service.settings, service.store), service.settings))


@router.post("/session", tags=["access"])
def open_session(question: SessionQuestion, request: Request, service: ServiceOf) -> Json:
    """Open a session for a token: a cookie that no script can read and that is not the token. Needs no other token."""
    caller = LOCAL if service.settings.is_local else find_caller(question.token, service.store)
    if caller is None:
        raise refuse("unauthorised", "wrong_token", path="token")
    request.state.caller = caller
    if service.settings.is_local:
        return Json(_session(caller, service.settings))
    cookie = make_session()
    hours = service.settings.session_hours
    end = sessions.open_session(
        service.store,
        digest_of(cookie),
        caller.name,
        caller.role,
        hours=hours,
        token_digest=digest_of(question.token),
    )
    answer = Json(_session(Caller(caller.name, caller.role, expires=end), service.settings))
    set_cookie(answer, cookie, request, hours)
    return answer


def set_cookie(answer: Response, cookie: str, request: Request, hours: float) -> None:
    """Let the browser keep a session: out of reach of scripts and of other sites' pages."""
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(hours * 3600),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


@router.delete("/session", tags=["access"], status_code=204)
async def close_session(request: Request, service: ServiceOf) -> Response:
    """Sign out: the session ends here and the cookie goes."""
    cookie = cookie_in(request)
    if cookie:
        request.state.caller = await run_in_threadpool(look_up, request, service.settings, service.store)
        await run_in_threadpool(sessions.close_session, service.store, digest_of(cookie))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _session(caller: Caller | None, settings: Settings) -> dict[str, Any]:
    return {
        "required": not settings.is_local,
        "name": caller.name if caller is not None else None,
        "shown": (caller.shown or caller.name) if caller is not None else None,
        "role": caller.role if caller is not None else None,
        "expires": stamp(caller.expires) if caller is not None else None,
        "roles": list(ROLES),
    }


@router.get("/audit", tags=["access"])
def audit(service: ServiceOf, caller: Admin, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Json:
    """Who ran what, the newest first; the signed head of the chain; and how often strangers called, by hour."""
    log = service.audit
    head = log.newest_head()
    return Json(
        {
            "entries": [{**dict(row), "time": stamp(row["time"])} for row in log.read(limit)],
            "head": _head(head) if head is not None else None,
            "strangers": [
                {"hour": stamp(row["hour"] * 3600.0), "address": row["address"], "calls": row["calls"]}
                for row in log.strangers(MOST_STRANGERS_SHOWN)
            ],
        }
    )


def _head(row: Row) -> dict[str, Any]:
    """A signed head; `time_seconds` is what was signed."""
    return {
        "number": row["number"],
        "hash": row["hash"],
        "time": stamp(row["time"]),
        "time_seconds": row["time"],
        "key": row["key"],
        "signature": row["signature"],
    }
