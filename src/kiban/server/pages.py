"""The web pages: the built front end with the language in the address, and a plain page about the API."""

from __future__ import annotations

import html
import mimetypes
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kiban.quantities import LANGUAGES, Language
from kiban.report.phrases import phrase
from kiban.server.access import look_up
from kiban.server.problems import refuse
from kiban.server.service import Service, ServiceOf
from kiban.server.settings import Settings

router = APIRouter(include_in_schema=False)
HASHED = re.compile(r"[-.][A-Za-z0-9_\-]{8,}\.[a-z0-9]+$")
SIGN_IN = "/sign-in"
FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/")
def root(request: Request) -> Response:
    """To the pages in the reader's language."""
    return RedirectResponse(f"/{preferred_language(request.headers.get('accept-language', ''))}/", status_code=307)


def preferred_language(accepted: str) -> Language:
    """The first of our languages in an Accept-Language header by its weights; English where none is there."""
    weighted = []
    for order, part in enumerate(accepted.split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            value = 0.0
        weighted.append((-value, order, name.lower().split("-")[0]))
    for value, _, name in sorted(weighted):
        for language in LANGUAGES:
            if name == language and value < 0:
                return language
    return "en"


@router.get("/api/v1/docs")
def docs(request: Request) -> HTMLResponse:
    """Every address with what it does, as a plain page that loads nothing."""
    language = preferred_language(request.headers.get("accept-language", ""))
    rows = []
    described: dict[str, Any] = request.app.openapi()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            address = f"<code>{method.upper()} {html.escape(path)}</code>"
            rows.append(f"<dt>{address}</dt><dd>{html.escape(operation.get('description', ''))}</dd>")
    title = html.escape(phrase("serve.docs", language))
    machine = html.escape(phrase("serve.docs_machine", language))
    link = '<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>'
    return plain_page(language, title, f"<p>{machine}{link}</p><dl>{''.join(rows)}</dl>")


@router.get("/{path:path}")
def page(path: str, request: Request, service: ServiceOf) -> Response:
    """A file of the front end; below `/ja/` and `/en/` its first page, which finds its way by the address."""
    settings = service.settings
    first = path.split("/", 1)[0]
    if first == "api":
        raise refuse("not-found", "no_page", name=f"/{path}")
    if first in LANGUAGES:
        if _must_sign_in(request, service):
            return RedirectResponse(SIGN_IN, status_code=303)
        return _start_page(settings, "ja" if first == "ja" else "en")
    file = _find_file(settings.static, path)
    if file is None:
        raise refuse("not-found", "no_page", name=f"/{path}")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"cache-control": FOR_EVER} if first == "assets" and HASHED.search(file.name) else {}
    return Response(file.read_bytes(), media_type=kind, headers=headers)


def _must_sign_in(request: Request, service: Service) -> bool:
    """Whether to lead a browser to the sign-in page instead of the pages, which would only say that they may not read.

    A browser that comes from another site does not send its strict cookie with the first page, only with what that
    page then asks for: it is let through, since the page itself holds no secret.
    """
    if service.settings.is_local or request.headers.get("sec-fetch-site") == "cross-site":
        return False
    return look_up(request, service.settings, service.store) is None


def _start_page(settings: Settings, language: Language) -> Response:
    start = settings.static / "index.html"
    if start.is_file():
        text = start.read_text(encoding="utf-8")
        # The page has one source for both languages; what reads it aloud needs to know which it is.
        return HTMLResponse(re.sub(r'(<html\b[^>]*\blang=")[^"]*"', rf'\g<1>{language}"', text, count=1))
    missing, api, build = (html.escape(phrase(f"serve.page_{key}", language)) for key in ("missing", "api", "build"))
    link = '<a href="/api/v1/docs">/api/v1/docs</a>'
    return plain_page(language, "kiban", f"<p>{missing}</p><p>{api}{link}</p><p>{build}</p>")


def _find_file(static: Path, path: str) -> Path | None:
    """The file of that name inside the folder, never one outside."""
    if "\0" in path:
        return None
    root = static.resolve()
    file = (root / path).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None


def plain_page(language: Language, title: str, body: str) -> HTMLResponse:
    """A page of its own in plain HTML; title and body are HTML already."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return HTMLResponse(
        f'<!doctype html><html lang="{language}"><head>{head}</head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
