"""What every request passes: the name it asks for, the size of its body, the headers of its answer, the audit log.

Plain ASGI, outside of the application, so that also what the application never sees is answered well.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from kiban.server.audit import AuditLog
from kiban.server.problems import MEDIA_TYPE, RefusedError, refuse
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
QUIET = ("/api/v1/check",)
"""Addresses that change nothing and are asked at every keystroke: they leave no trace in the audit log."""


class Gate:
    """The application behind its checks."""

    def __init__(self, app: App, settings: Settings, audit: AuditLog) -> None:
        self.app = app
        self.settings = settings
        self.audit = audit
        self.names = {*settings.hosts, settings.host} | (LOOPBACK if settings.host in LOOPBACK else set())
        self.checks_names = settings.is_loopback or bool(settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message.get("headers", []), scope["path"])
            await send(message)

        try:
            if "\0" in scope["path"]:
                raise refuse("not-found", "no_page", name=scope["path"])
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._check_names(scope["method"], headers)
            body = await self._read(scope["method"], headers, receive)
            await self.app(scope, _replay(body, receive), answer)
        except RefusedError as refusal:
            await _answer_problem(refusal, answer)
        finally:
            await self._note(scope, status)

    def _check_names(self, method: str, headers: dict[str, str]) -> None:
        """A page of another site must not reach a server on this machine, whatever name it gives it."""
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if self.checks_names and name not in self.names:
            raise refuse("misdirected", "host", host=host)
        origin = headers.get("origin")
        if method not in SAFE and origin is not None and urlsplit(origin).netloc != host:
            raise refuse("forbidden", "origin", origin=origin)

    async def _read(self, method: str, headers: dict[str, str], receive: Receive) -> bytes:
        most = self.settings.limits.body_bytes
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > most:
            raise refuse("too-large", "body", most=most)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise refuse("too-large", "body", most=most)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and body and kind != "application/json":
            raise refuse("media-type", "media", kind=kind or "-")
        return bytes(body)

    async def _note(self, scope: Scope, status: int) -> None:
        """Who did what: what changes something or was refused; strangers are only counted. No bodies, no tokens."""
        path: str = scope["path"]
        refused = status in {401, 403}
        if not path.startswith("/api/") or not (refused or scope["method"] not in SAFE) or path in QUIET:
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
            await run_in_threadpool(self.audit.note, entry)
        except Exception:
            log.exception("the audit log could not be written")


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
    content = json.dumps(refusal.document, ensure_ascii=False).encode("utf-8", "replace")
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(content)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
