"""Run the server on a port until it is told to stop, and say on the terminal what it does."""

from __future__ import annotations

import errno
import logging
import math
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

from kiban.errors import OutputError, Problem
from kiban.outside import restrict
from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.server.confinement import reach_of
from kiban.server.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

LOCK_FILE = "server.lock"


def run(settings: Settings, language: Language, say: Callable[[str], None]) -> None:
    """Serve until interrupted; raises `OutputError` where the port, the folder or the database cannot be used."""
    from kiban.server.application import make_application
    from kiban.server.sessions import list_tokens

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with ExitStack() as held:
        held.callback(restrict, restrict(reach_of(settings)))
        if not settings.database:
            held.enter_context(hold_folder(settings))
        listener = held.enter_context(listen(settings.host, settings.port))
        app = make_application(settings)
        for line in greeting(settings, language, has_tokens=bool(list_tokens(app.state.service.store))):
            say(line)
        configure(app).run(sockets=[listener])


def configure(app: FastAPI, *, patience_seconds: int = 5) -> uvicorn.Server:
    """The HTTP server around an application."""
    import uvicorn

    from kiban.server.connections import make_protocol
    from kiban.server.gate import HEADERS

    limits = app.state.service.settings.limits
    config = uvicorn.Config(
        app,
        http=make_protocol(limits, HEADERS),
        # Longer than clients keep theirs: who asks again just when the server hangs up would see a fault.
        timeout_keep_alive=math.ceil(limits.header_seconds),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=patience_seconds,
        # A proxy in front says who asks only where it is on this machine.
        forwarded_allow_ips="127.0.0.1",
    )
    return uvicorn.Server(config)


def greeting(settings: Settings, language: Language, *, has_tokens: bool) -> list[str]:
    """What the server says when it starts."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    lines = [phrase("serve.listening", language, address=f"http://{host}:{settings.port}/{language}/")]
    place = settings.data if not settings.database else "PostgreSQL"
    lines.append(phrase("serve.data", language, place=place))
    if not (settings.static / "index.html").is_file():
        lines.append(phrase("serve.no_static", language, folder=settings.static))
    if not settings.is_loopback:
        lines += [phrase("serve.open", language), phrase("serve.plain", language)]
    if not settings.is_local and settings.oidc is None and not has_tokens:
        lines.append(phrase("serve.no_tokens", language))
    return [*lines, phrase("serve.stop", language)]


def listen(host: str, port: int) -> socket.socket:
    """A socket on the address; `OutputError` where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only on sockets that name their protocol; else each waits some 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError):
        listener.close()
        raise OutputError(Problem("serve.port", host=host, port=port)) from None
    listener.set_inheritable(True)
    return listener


def hold_folder(settings: Settings) -> IO[bytes]:
    """The folder's lock, held while the file is open; two servers on one folder would run each other's jobs."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (settings.data / LOCK_FILE).open("ab")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problem = Problem("output.unwritable", str(settings.data), remedy="serve.folder", reason=reason)
        raise OutputError(problem) from None
    try:
        _lock(file)
    except OSError as error:
        file.close()
        if error.errno not in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
            raise
        raise OutputError(Problem("serve.locked", str(settings.data))) from None
    return file


def _lock(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
