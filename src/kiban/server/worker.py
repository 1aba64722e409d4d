"""A worker process: it takes jobs from its server one by one, and ends when its server does."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from kiban.errors import KibanError
from kiban.server.packing import unpack
from kiban.server.problems import RefusedError, refusal_of

log = logging.getLogger("kiban.server")


def serve_jobs(line: Connection) -> None:
    """Do every job that comes over the line and send back progress and the outcome, until the line closes.

    Messages to the server: `("progress", job, progress)`, `("done", job, Outcome)`, `("problem", job, document)`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the server's to handle
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    from kiban.server.tasks import run

    while True:
        try:
            job_id, kind, question = line.recv()
        except (EOFError, OSError):
            return
        try:
            outcome = run(kind, unpack(question), partial(_send, line, "progress", job_id))
        except Exception as error:
            if not isinstance(error, KibanError | RefusedError):
                log.exception("job %s failed", job_id)
            _send(line, "problem", job_id, refusal_of(error).document)
        else:
            _send(line, "done", job_id, outcome)


def _send(line: Connection, *message: Any) -> None:
    try:
        line.send(message)
    except (BrokenPipeError, OSError):
        os._exit(1)


def _end_with_the_server() -> None:
    """A server that is killed leaves no process behind that works for nobody."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)
