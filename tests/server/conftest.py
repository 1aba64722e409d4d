"""A server inside the test, and real ones in processes of their own that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cases.servers import (
    PATIENCE_SECONDS,
    SOURCE,
    Client,
    LiveServer,
    free_port,
    open_client,
    wait_until_alive,
)
from tests.server.gates import SERVE, Gate

from kiban.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server of this machine's own user."""
    with open_client(Settings(data=tmp_path_factory.mktemp("data"))) as opened:
        yield opened


@pytest.fixture
def launch() -> Iterator[Callable[..., LiveServer]]:
    """Start `kiban serve` with arguments, its jobs behind a gate where one is given.

    Whatever still runs at the end of the test is killed.
    """
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, port: int | None = None, gate: Gate | None = None) -> LiveServer:
        port = port or free_port()
        program = ["-m", "kiban.cli"] if gate is None else ["-c", SERVE, str(gate.file)]
        command = [sys.executable, *program, "serve", "--port", str(port), *arguments]
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, ROOT))), "LANG": "C"}
        process = subprocess.Popen(
            command, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        server = LiveServer(process, f"http://127.0.0.1:{port}")
        try:
            wait_until_alive(server.get, lambda: process.poll() is None)
        except AssertionError:
            process.kill()
            raise AssertionError(process.stderr.read() if process.stderr else "ended") from None
        return server

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=PATIENCE_SECONDS)
        if process.stderr:
            process.stderr.close()
