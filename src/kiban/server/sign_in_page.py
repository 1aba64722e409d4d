"""The page to sign in and out, where the server needs to know who asks; it is plain, and loads one small script."""

from __future__ import annotations

import html
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.report.plan.document import stamp
from kiban.server.access import Caller, look_up
from kiban.server.pages import SIGN_IN, plain_page, preferred_language
from kiban.server.service import Service, ServiceOf

router = APIRouter(include_in_schema=False)
SCRIPT = "/sign-in.js"


@router.get(SIGN_IN)
def sign_in(request: Request, service: ServiceOf) -> Response:
    """Signed in: who, and a way out. Else the ways in. Where no sign-in is needed, to the pages."""
    if service.settings.is_local:
        return RedirectResponse("/", status_code=303)
    language = preferred_language(request.headers.get("accept-language", ""))
    caller = look_up(request, service.settings, service.store)
    body = _ways_in(service, language) if caller is None else _way_out(caller, language)
    title = html.escape(phrase("sign_in.title", language))
    return plain_page(language, title, f'{body}<p id="said" role="alert"></p><script src="{SCRIPT}"></script>')


@router.get(SCRIPT)
def script() -> Response:
    """What the page does."""
    return Response(_script(), media_type="text/javascript; charset=utf-8")


@cache
def _script() -> bytes:
    return resources.files("kiban.server").joinpath("sign_in.js").read_bytes()


def _ways_in(service: Service, language: Language) -> str:
    token, send = (html.escape(phrase(f"sign_in.{key}", language)) for key in ("token", "send"))
    account = ""
    if service.sign_in is not None:
        account = f'<p><a href="/api/v1/sign-in">{html.escape(phrase("sign_in.account", language))}</a></p>'
    return (
        f'{account}<form id="sign-in"><p><label for="token">{token}</label> '
        '<input id="token" name="token" type="password" autocomplete="current-password" maxlength="200" required> '
        f'<button type="submit">{send}</button></p></form>'
    )


def _way_out(caller: Caller, language: Language) -> str:
    who = phrase(
        "sign_in.signed_in", language, name=caller.shown or caller.name, role=caller.role, time=stamp(caller.expires)
    )
    pages, leave = (html.escape(phrase(f"sign_in.{key}", language)) for key in ("pages", "leave"))
    return (
        f'<p>{html.escape(who)}</p><p><a href="/">{pages}</a></p>'
        f'<form id="sign-out"><p><button type="submit">{leave}</button></p></form>'
    )
