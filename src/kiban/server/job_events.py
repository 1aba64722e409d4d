"""Following a job as server-sent events: while the caller may see it, and while the database is away for a moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from kiban.server.access import Caller, look_up
from kiban.server.database_faults import PASSING
from kiban.server.job_documents import JobDocument, job_document, read_job
from kiban.server.ownership import require_job
from kiban.server.problems import RefusedError
from kiban.server.service import Service
from kiban.server.store import ENDED
from kiban.tasks.database import LockedError, fault_of, first_line

log = logging.getLogger("kiban.server")
BETWEEN_LOOKS_SECONDS = 0.25
BETWEEN_CHECKS_SECONDS = 1.0
"""How long a stream may outlive the session or the sharing that it was opened with; a result is never sent after it."""
HEARTBEAT_SECONDS = 10.0
_HEARTBEAT = b": still here\n\n"


async def follow(service: Service, job_id: str, caller: Caller, request: Request) -> AsyncIterator[bytes]:
    """The events of a job until it ends; fewer where the caller's session ends or the job is not shared any more."""
    loop, bell = asyncio.get_running_loop(), asyncio.Event()
    stream = _Stream(service, job_id, caller, request)
    with service.supervisor.following(job_id, lambda: loop.call_soon_threadsafe(bell.set)):
        while not stream.is_over:
            event = await stream.look()
            if event:
                yield event
            if not stream.is_over:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), BETWEEN_LOOKS_SECONDS)
                bell.clear()


class _Stream:
    """What one follower was told; each look at the store says what is new."""

    def __init__(self, service: Service, job_id: str, caller: Caller, request: Request) -> None:
        self.is_over = False
        self._service, self._job_id, self._caller, self._request = service, job_id, caller, request
        self._shown: object = None
        self._number = 0
        self._spoken = time.monotonic()
        self._checked = float("-inf")
        self._is_troubled = False

    async def look(self) -> bytes:
        """What to send now, maybe nothing.

        A look every quarter of a second beside the bell hears of what happens on another server. While the database
        is at fault the stream stays open: the job goes on, and its end is told when it can be read again.
        """
        try:
            event = await self._look()
        except RefusedError:
            self.is_over = True
            return b""
        except (SQLAlchemyError, LockedError) as error:
            fault = fault_of(error)
            if fault is None:
                raise
            if not self._is_troubled:
                log.warning("job %s is followed, but the database is at fault: %s", self._job_id, first_line(error))
            self._is_troubled, self.is_over = True, fault not in PASSING
            event = b""
        else:
            self._is_troubled = False
        if not event and not self.is_over and time.monotonic() - self._spoken > HEARTBEAT_SECONDS:
            event = _HEARTBEAT
        if event:
            self._spoken = time.monotonic()
        return event

    async def _look(self) -> bytes:
        service = self._service
        row = await run_in_threadpool(service.store.look_at_job, self._job_id)
        ended = row is not None and row["state"] in ENDED
        if row is None or not await self._may_see(anew=ended):
            self.is_over = True
            return b""
        if ended:
            document = await read_job(service, self._job_id, self._caller)
            self.is_over = True
            return self._event(row["state"], document)
        position = await run_in_threadpool(service.store.position, row)
        present = (row["state"], row["progress"], position)
        if present == self._shown:
            return b""
        self._shown = present
        return self._event("progress", job_document(row, position))

    async def _may_see(self, *, anew: bool) -> bool:
        """Whether the caller is still known under this name and may see the job; looked up every now and then."""
        now = time.monotonic()
        if not anew and now - self._checked < BETWEEN_CHECKS_SECONDS:
            return True
        found = await run_in_threadpool(look_up, self._request, self._service.settings, self._service.store)
        if found is None or found.name != self._caller.name:
            return False
        await run_in_threadpool(require_job, self._service.store, self._job_id, found)
        self._caller, self._checked = found, now
        return True

    def _event(self, name: str, content: JobDocument) -> bytes:
        data = json.dumps(content, ensure_ascii=False, allow_nan=False)
        number, self._number = self._number, self._number + 1
        return f"id: {number}\nevent: {name}\ndata: {data}\n\n".encode()
