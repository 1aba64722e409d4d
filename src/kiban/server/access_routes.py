"""Addresses of access: sign in and out, who am I, and the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from kiban.server import sessions
from kiban.server.access import (
    COOKIE,
    LOCAL,
    Caller,
    cookie_in,
    digest_of,
    find_caller,
    look_up,
    make_session,
)
from kiban.server.access_documents import audit_document, proof_document, session_document
from kiban.server.audit_proof import verify
from kiban.server.bodies import SessionQuestion
from kiban.server.oidc import SignIn
from kiban.server.problems import refuse
from kiban.server.service import Admin, Json, Service, ServiceOf

router = APIRouter(prefix="/api/v1")
SIGN_IN_COOKIE = "kiban_sign_in"
SIGN_IN_PATH = "/api/v1/sign-in"
SIGN_IN_SECONDS = 600


@router.get("/session", tags=["access"])
def read_session(request: Request, service: ServiceOf) -> Json:
    """Who the caller is to this server. Needs no token."""
    return Json(session_document(look_up(request, service.settings, service.store), service.settings))


@router.post("/session", tags=["access"])
def open_session(question: SessionQuestion, request: Request, service: ServiceOf) -> Json:
    """Open a session for a token: a cookie that no script can read and that is not the token. Needs no other token."""
    caller = LOCAL if service.settings.is_local else find_caller(question.token, service.store)
    if caller is None:
        raise refuse("unauthorised", "wrong_token", path="token")
    request.state.caller = caller
    if service.settings.is_local:
        return Json(session_document(caller, service.settings))
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
    answer = Json(session_document(Caller(caller.name, caller.role, expires=end), service.settings))
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


@router.get("/sign-in", tags=["access"], status_code=303)
def begin_sign_in(request: Request, service: ServiceOf) -> Response:
    """To the provider of identities, if the server has one, and back to `/sign-in/return`. Needs no token."""
    address, secret = _sign_in_of(service).begin()
    answer = RedirectResponse(address, status_code=303)
    # The provider's page leads back here: a strict cookie would not come along.
    answer.set_cookie(
        SIGN_IN_COOKIE,
        secret,
        max_age=SIGN_IN_SECONDS,
        path=SIGN_IN_PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/sign-in/return", tags=["access"], status_code=303)
def end_sign_in(request: Request, service: ServiceOf) -> Response:
    """Where the provider sends the browser to: opens a session and leads to the pages. Needs no token."""
    found = _sign_in_of(service).end(dict(request.query_params), request.cookies.get(SIGN_IN_COOKIE, ""))
    request.state.caller = Caller(found.name, found.role)
    cookie = make_session()
    hours = service.settings.session_hours
    sessions.open_session(service.store, digest_of(cookie), found.name, found.role, hours=hours, shown=found.shown)
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(SIGN_IN_COOKIE, path=SIGN_IN_PATH, httponly=True, samesite="lax")
    set_cookie(answer, cookie, request, hours)
    return answer


def _sign_in_of(service: Service) -> SignIn:
    if service.sign_in is None:
        raise refuse("not-found", "no_sign_in")
    return service.sign_in


@router.get("/audit", tags=["access"])
def audit(service: ServiceOf, caller: Admin, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Json:
    """Who ran what, the newest first; the signed head of the chain; and how often strangers called, by hour."""
    return Json(audit_document(service.audit, limit))


@router.get("/audit/proof", tags=["access"])
def audit_proof(service: ServiceOf, caller: Admin) -> Json:
    """Whether every row and signed head of this server's log is as it was written, from the first one on.

    It is the server that looks, with its own key: `kiban audit verify` on another machine's copy trusts neither.
    """
    log = service.audit
    trusted = [log.key.public] if log.key is not None else []
    return Json(proof_document(verify(log.rows_after(0), log.heads(), trusted)))
