"""Jobs that wait where a test wants them: a gate is a file, and while it is shut every job stays at its second step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kiban.interruption import end_if_unwanted
from kiban.server import tasks
from kiban.server.worker import serve_jobs

SERVE = """
import sys
from pathlib import Path
from kiban.cli import main
from kiban.server import supervisor
from tests.server.gates import Gate
supervisor.serve_jobs = Gate(Path(sys.argv.pop(1))).worker
main()
"""
"""The program of a server whose jobs wait at a gate: `python -c SERVE GATE serve ...`."""


@dataclass(frozen=True, slots=True)
class Gate:
    """While the file is there, a job that has told of its first step done goes no further; it listens to a cancel."""

    file: Path

    def shut(self) -> None:
        self.file.touch()

    def open(self) -> None:
        self.file.unlink(missing_ok=True)

    @property
    def worker(self) -> Callable[[Connection], None]:
        """Stands for `serve_jobs` of the supervisor: what each of its processes does."""
        return partial(serve_held_jobs, self)

    def wait(self) -> None:
        while self.file.exists():
            end_if_unwanted()
            time.sleep(0.02)


def serve_held_jobs(gate: Gate, line: Connection) -> None:
    """What a worker does, with a gate after the first step of every job."""
    run = tasks.run

    def run_held(kind: str, question: Mapping[str, Any], tell: Callable[[tasks.Progress], None]) -> tasks.Outcome:
        def tell_and_wait(progress: tasks.Progress) -> None:
            tell(progress)
            if (progress["done"] or 0) >= 1:
                gate.wait()

        return run(kind, question, tell_and_wait)

    tasks.run = run_held
    serve_jobs(line)
