"""A worker process: it takes jobs from its server one by one, and ends when its server does.

A job that is cancelled ends at its next step, so that what the worker remembers serves the next one; the server
kills a worker that does not come to a step.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from kiban.errors import KibanError
from kiban.interruption import UnwantedError, end_if_unwanted, while_wanted
from kiban.server.packing import unpack
from kiban.server.problems import RefusedError, refusal_of

log = logging.getLogger("kiban.server")


def serve_jobs(line: Connection) -> None:
    """Do every job that comes over the line and send back progress and the outcome, until the line closes.

    Messages from the server: `("do", job, kind, question)`, `("cancel", job)`. Messages to the server:
    `("ready", "", None)` once, `("progress", job, progress)`, `("done", job, Outcome)`, `("problem", job, document)`,
    `("cancelled", job, None)`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the server's to handle
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    _offer_to_be_killed_first()
    inbox = Inbox(line)
    from kiban.server.tasks import run

    _send(line, "ready", "", None)
    while True:
        job_id, kind, question = inbox.take()
        try:
            with while_wanted(partial(inbox.wants, job_id)):
                outcome = run(kind, unpack(question), partial(_tell, line, job_id))
        except UnwantedError:
            _send(line, "cancelled", job_id, None)
        except Exception as error:
            if not isinstance(error, KibanError | RefusedError):
                log.exception("job %s failed", job_id)
            _send(line, "problem", job_id, refusal_of(error).document)
        else:
            _send(line, "done", job_id, outcome)


class Inbox:
    """What the server says, heard also while a job is done; the process ends where the line does."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._waiting: deque[tuple[str, str, bytes]] = deque()
        self._cancelled: set[str] = set()
        self._heard = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def take(self) -> tuple[str, str, bytes]:
        """The next job: its id, kind and question."""
        with self._heard:
            while not self._waiting:
                self._heard.wait()
            return self._waiting.popleft()

    def wants(self, job_id: str) -> bool:
        """Whether a job is still to be done."""
        return job_id not in self._cancelled

    def _listen(self) -> None:
        while True:
            try:
                what, *said = self._line.recv()
            except (EOFError, OSError):
                os._exit(0)
            with self._heard:
                if what == "cancel":
                    self._cancelled.add(said[0])
                else:
                    # A job is given when the one before it has ended: what was cancelled until now is over.
                    self._cancelled.clear()
                    self._waiting.append((said[0], said[1], said[2]))
                    self._heard.notify()


def _tell(line: Connection, job_id: str, progress: object) -> None:
    end_if_unwanted()
    _send(line, "progress", job_id, progress)


def _send(line: Connection, *message: Any) -> None:
    try:
        line.send(message)
    except (BrokenPipeError, OSError):
        os._exit(1)


def _offer_to_be_killed_first() -> None:
    """Where memory runs out, the system is to end the job that takes it, and not the server."""
    with contextlib.suppress(OSError):
        handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(handle, b"500")
        finally:
            os.close(handle)


def _end_with_the_server() -> None:
    """A server that is killed leaves no process behind that works for nobody."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)
