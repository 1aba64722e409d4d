"""What every request passes: the name it asks for, the size of its body, the headers of its answer, the audit log.

Plain ASGI, outside of the application, so that also what the application never sees is answered well.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from kiban.errors import Problem
from kiban.messages import Message as Sentence
from kiban.outside import restricted
from kiban.scenario.bounds import LONGEST_WORD
from kiban.server.audit import AuditLog
from kiban.server.confinement import reach_of
from kiban.server.problems import MEDIA_TYPE, RefusedError, refusal_of, refuse, render
from kiban.server.settings import LOOPBACK, Settings

log = logging.getLogger("kiban.server")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    ("content-security-policy", SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED_IN = "/api/v1/sign-in/return"
"""A GET that changes something: it opens a session."""
SHOWN_LETTERS = 40
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.\-]+))(?::[0-9]{0,5})?")
QUIET = ("/api/v1/check",)
"""Addresses that change nothing and are asked at every keystroke: they leave no trace in the audit log."""


class Gate:
    """The application behind its checks."""

    def __init__(self, app: App, settings: Settings, audit: AuditLog) -> None:
        self.app = app
        self.settings = settings
        self.audit = audit
        self.reach = reach_of(settings)
        self.names = {*settings.hosts, settings.host} | (LOOPBACK if settings.host in LOOPBACK else set())
        self.checks_names = settings.is_loopback or bool(settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status, begun, ended = 500, False, False

        async def answer(message: Message) -> None:
            nonlocal status, begun, ended
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                message["headers"] = _with_headers(message.get("headers", []), scope["path"])
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._check_names(scope["method"], scope["path"], headers)
            body = await self._read(scope["method"], headers, receive)
            with restricted(self.reach):
                await self.app(scope, _replay(body, receive), answer)
        except ConnectionAbortedError:
            log.debug("a caller went away before the end of its question")
        except RefusedError as refusal:
            await _answer_problem(refusal, answer)
        except Exception as error:
            if begun and not ended:
                raise  # nothing but a broken connection can say so
            if not begun:
                log.exception("%s %s failed", scope["method"], scope["path"])
                await _answer_problem(refusal_of(error), answer)
        finally:
            await self._note(scope, status)

    def _check_names(self, method: str, path: str, headers: dict[str, str]) -> None:
        """A page of another site must not reach a server on this machine, whatever name it gives it."""
        if "\0" in path:
            raise refuse("not-found", "no_page", name=path)
        host = headers.get("host", "")
        if self.checks_names and _host_in(host) not in self.names:
            raise refuse("misdirected", "host", host=host)
        origin = headers.get("origin")
        if method not in SAFE and origin is not None and _place_in(origin) != host:
            raise refuse("forbidden", "origin", origin=origin)

    async def _read(self, method: str, headers: dict[str, str], receive: Receive) -> bytes:
        most = self.settings.limits.body_bytes
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > most:
            raise refuse("too-large", "body", most=most)
        seconds = self.settings.limits.body_seconds
        try:
            async with asyncio.timeout(seconds):
                body = await _receive_body(receive, most)
        except TimeoutError:
            raise refuse("timeout", "bounds.body_slow", seconds=seconds) from None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and body and kind != "application/json":
            raise refuse("media-type", "media", kind=kind or "-")
        if method == "POST" and body:
            check_json(body)
        return body

    async def _note(self, scope: Scope, status: int) -> None:
        """Who did what: what changes something or was refused; strangers are only counted. No bodies, no tokens."""
        path: str = scope["path"]
        refused = status in {401, 403}
        counts = refused or scope["method"] not in SAFE or path == SIGNED_IN
        if not path.startswith("/api/") or not counts or path in QUIET:
            return
        from starlette.concurrency import run_in_threadpool

        state = scope["state"]
        caller = state.get("caller")
        address = scope.get("client") or ("", 0)
        if caller is None:
            try:
                await run_in_threadpool(self.audit.count_stranger, str(address[0]))
            except Exception:
                log.exception("the calls of strangers could not be counted")
            return
        entry = {
            "time": time.time(),
            "who": caller.name,
            "role": caller.role,
            "action": f"{scope['method']} {path.removeprefix('/api/v1')}"[:200],
            "subject": str(state.get("subject", ""))[:200],
            "status": status,
            "address": str(address[0])[:80],
        }
        try:
            await self.audit.note_in_time(entry)
        except Exception:
            log.exception("the audit log could not be written")


async def _receive_body(receive: Receive, most: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionAbortedError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise refuse("too-large", "body", most=most)
    return bytes(body)


def check_json(body: bytes) -> None:
    """Refuse a body that is no JSON, or that holds numbers of no use: NaN, 1e999, 5,000 digits."""
    try:
        json.loads(body, parse_constant=_refuse_number, parse_float=_refuse_infinite, parse_int=_refuse_long)
    except RecursionError:
        raise RefusedError("request", Problem("nesting"), status=400) from None
    except ValueError as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else Sentence("words.not_text")
        raise refuse("request", "json", reason=reason) from None


def _refuse_number(text: str) -> None:
    shown = text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}…"
    raise refuse("request", "bounds.number", text=shown)


def _refuse_infinite(text: str) -> None:
    if len(text) > LONGEST_WORD or not math.isfinite(float(text)):
        _refuse_number(text)


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST_WORD:
        _refuse_number(text)


def _host_in(header: str) -> str:
    """The name in a header `Host` in lower case, without brackets and port; empty for what is no name."""
    found = _HOST.fullmatch(header)
    return (found["address"] or found["name"]).lower() if found is not None else ""


def _place_in(address: str) -> str | None:
    """Host and port of an address as they stand there; None where they cannot be read."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return None


def _with_headers(headers: list[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    added = [(name.encode(), value.encode()) for name, value in HEADERS if name.encode() not in present]
    if b"cache-control" not in present:
        rule = b"no-store" if path.startswith("/api/") else b"no-cache"
        added.append((b"cache-control", rule))
    return [*headers, *added]


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, then whatever comes (the end of the connection)."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


async def _answer_problem(refusal: RefusedError, send: Send) -> None:
    content = render(refusal.document)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(content)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
