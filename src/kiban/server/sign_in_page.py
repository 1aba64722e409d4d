"""The page to sign in and out, where the server needs to know who asks; it is plain, and loads one small script.

Where signing in with an account fails, a browser gets a page too: it was sent there, so nobody reads JSON for it.
"""

from __future__ import annotations

import html
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from kiban.quantities import Language
from kiban.report.messages import say_fault, say_remedy
from kiban.report.phrases import phrase
from kiban.report.plan.document import stamp
from kiban.server.access import Caller, look_up
from kiban.server.access_routes import SIGN_IN_PATH
from kiban.server.pages import SIGN_IN, plain_page, preferred_language
from kiban.server.problems import RefusedError
from kiban.server.provider_file import RETURN_PATH
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


def is_shown_as_page(request: Request) -> bool:
    """Whether what goes wrong here is seen by somebody whom a browser was sent here with."""
    path, accepted = request.url.path, request.headers.get("accept", "")
    return path in {SIGN_IN_PATH, RETURN_PATH} and "text/html" in accepted


def failed_page(request: Request, refusal: RefusedError) -> Response:
    """Why nobody was signed in, and what to do, in the reader's language; the status stays that of the refusal."""
    language = preferred_language(request.headers.get("accept-language", ""))
    said = [html.escape(_as_sentences(part, language)) for part in _what_and_remedy(refusal, language) if part]
    again, ways = (html.escape(phrase(f"sign_in.{key}", language)) for key in ("again", "ways"))
    links = f'<p><a href="{SIGN_IN_PATH}">{again}</a></p><p><a href="{SIGN_IN}">{ways}</a></p>'
    title = html.escape(phrase("sign_in.failed", language))
    page = plain_page(language, title, "".join(f"<p>{part}</p>" for part in said) + links)
    page.status_code = refusal.status
    page.headers.update(refusal.headers)
    return page


def _what_and_remedy(refusal: RefusedError, language: Language) -> tuple[str, str]:
    problem = refusal.problems[0]
    return say_fault(problem, language), say_remedy(problem, language)


def _as_sentences(text: str, language: Language) -> str:
    return f"{text}。" if language == "ja" else f"{text[:1].upper()}{text[1:]}."


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
        account = f'<p><a href="{SIGN_IN_PATH}">{html.escape(phrase("sign_in.account", language))}</a></p>'
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
