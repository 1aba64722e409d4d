"""A followed journal as server-sent events, while the caller may see it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from kiban.server.access import Caller, look_up
from kiban.server.live_operation import LiveDocument
from kiban.server.service import Service

BETWEEN_READS_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 10.0
"""After which a word is sent, so that nobody between takes the line for dead."""


async def follow_journal(service: Service, caller: Caller, request: Request) -> AsyncIterator[bytes]:
    """The journal as server-sent events while the caller may see it: the last day, then the steps that are new."""
    follower = service.live
    assert follower is not None
    shown: LiveDocument | None = None
    spoken = time.monotonic()
    while True:
        found = await run_in_threadpool(look_up, request, service.settings, service.store)
        if found is None or found.name != caller.name:
            return
        document = await run_in_threadpool(follower.look)
        if document != shown:
            told = shown["steps"][-1]["number"] if shown is not None and shown["steps"] else 0
            anew = shown is None or document["decisions"] < shown["decisions"]
            fresh = document["steps"] if anew else [one for one in document["steps"] if one["number"] > told]
            shown, spoken = document, time.monotonic()
            data = json.dumps({**document, "steps": fresh}, ensure_ascii=False, allow_nan=False)
            yield f"event: {'journal' if anew else 'step'}\ndata: {data}\n\n".encode()
        elif time.monotonic() - spoken > SILENCE_SECONDS:
            spoken = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(BETWEEN_READS_SECONDS)
