"""Connections of the server: so many at a time, and each has to come to its question.

uvicorn waits for ever for the rest of a header. Here a connection that has sent no whole header in time is closed,
and where there are too many, the one that has been waiting longest makes room; so that whoever opens many and says
nothing keeps nobody out.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from kiban.server.problems import MEDIA_TYPE, refuse, render
from kiban.server.settings import Limits

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

DESCRIPTORS_FOR_THE_REST = 64
"""Files and sockets that the server needs beside its connections."""


def count_allowed(limits: Limits) -> int:
    """Connections at a time: the setting, or fewer where the system lets the process open fewer files."""
    if sys.platform == "win32":
        return limits.connections
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return limits.connections
    return max(1, min(limits.connections, most - DESCRIPTORS_FOR_THE_REST))


def make_protocol(limits: Limits, headers: tuple[tuple[str, str], ...]) -> type[asyncio.Protocol]:
    """The protocol of a server with these limits; `headers` stand on the answer to a connection too many."""
    waiting: dict[BoundedConnection, None] = {}
    most = count_allowed(limits)

    class BoundedConnection(H11Protocol):
        """A connection with a deadline for each of its headers."""

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self._deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Take the connection, or the place of one that says nothing, or none."""
            super().connection_made(transport)
            if len(self.connections) > most:
                if not waiting:
                    transport.write(_too_many(len(self.connections) - 1, headers))
                    transport.close()
                    return
                next(iter(waiting)).give_up()
            self._await_header()

        def data_received(self, data: bytes) -> None:
            """Read on; the clock stops when the header is whole and starts with the first byte of the next one."""
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_waiting()
            elif self._deadline is None and not self.transport.is_closing():
                self._await_header()

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the connection."""
            self._stop_waiting()
            super().connection_lost(exc)

        def give_up(self) -> None:
            """Close a connection that waits for its header."""
            self._stop_waiting()
            self.transport.close()

        def _await_header(self) -> None:
            self._deadline = self.loop.call_later(limits.header_seconds, self.give_up)
            waiting[self] = None

        def _stop_waiting(self) -> None:
            waiting.pop(self, None)
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return cast("type[asyncio.Protocol]", BoundedConnection)


def _too_many(count: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    refusal = refuse("busy", "connections_full", count=count)
    content = render(refusal.document)
    lines = [
        "HTTP/1.1 503 Service Unavailable",
        *(f"{name}: {value}" for name, value in headers),
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(content)}",
        "retry-after: 2",
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
