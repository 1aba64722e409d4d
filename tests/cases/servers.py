"""A server inside the test and its client, studies that are quickly planned, and waiting for jobs."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from tests.cases.loaded_processes import loaded_processes

import kiban
from kiban.server.application import make_application
from kiban.server.running import configure
from kiban.server.service import Service
from kiban.server.settings import DATABASE_FILE, Settings
from kiban.server.store import Store

SOURCE = Path(kiban.__file__).parents[1]
WEEK = {"time.first_hour": 4704, "time.hours": 168}
ENDED = ("done", "failed", "cancelled")
PATIENCE_SECONDS = 600.0
"""Longest wait for what has to come. It ends a test that hangs; no test is decided by how soon something comes."""


def study(**changes: Any) -> dict[str, Any]:
    """The default example over one week of July, which is planned in a tenth of a second."""
    return {"example": "tomakomai", "changes": {**WEEK, **{key.replace("__", "."): v for key, v in changes.items()}}}


# No design: nothing but a little grid, and all of the load to be served clean.
IMPOSSIBLE = {
    **study(target__clean_share=1.0, battery__enabled=False, grid__max_mw=1.0, backup__technology="none"),
}
for _name in ("pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro"):
    IMPOSSIBLE["changes"][f"supply.{_name}.enabled"] = False


class Client(httpx.Client):
    """Asks a server that runs in a thread of this process; `service` is its inside."""

    service: Service


@cache
def new_database() -> bytes:
    """The file that a store makes where there is none; its steps are walked once, and tests of the store walk them."""
    with tempfile.TemporaryDirectory() as folder:
        Store(Settings(data=Path(folder)).database_url).close()
        assert [file.name for file in Path(folder).iterdir()] == [DATABASE_FILE]
        return (Path(folder) / DATABASE_FILE).read_bytes()


@contextlib.contextmanager
def open_client(settings: Settings) -> Iterator[Client]:
    """A server with these settings, on a free port of this machine whatever its settings say; its workers fork."""
    file = settings.data / DATABASE_FILE
    if not settings.database and not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(new_database())
    app = make_application(settings)
    app.state.service.supervisor._context = loaded_processes()
    server = configure(app, patience_seconds=1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(base_url=address, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            client.service = app.state.service
            wait_until_alive(client.get, thread.is_alive)
            yield client
        server.should_exit = True
        thread.join(timeout=PATIENCE_SECONDS)


def wait_until(seen: Callable[[], Any]) -> Any:
    """What is seen, when there is something to see."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := seen()):
        assert time.monotonic() < until, "it does not come to pass"
        time.sleep(0.05)
    return found


def wait_until_alive(get: Callable[[str], httpx.Response], is_alive: Callable[[], bool]) -> None:
    def answers() -> bool:
        assert is_alive(), "the server does not answer"
        with contextlib.suppress(httpx.TransportError):
            return bool(get("/api/v1/health"))
        return False

    wait_until(answers)


def wait_for_job(get: Callable[[str], httpx.Response], job_id: str) -> dict[str, Any]:
    """The job when it has ended."""

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = get(f"/api/v1/jobs/{job_id}").json()
        return job if job["state"] in ENDED else None

    job: dict[str, Any] = wait_until(ended)
    return job


def wait_until_working(get: Callable[[str], httpx.Response], job_id: str, attempt: int = 1) -> None:
    """Wait until a job has a step behind it, in this attempt."""

    def works() -> bool:
        job = get(f"/api/v1/jobs/{job_id}").json()
        return job["attempts"] == attempt and (job["progress"]["done"] or 0) >= 1

    wait_until(works)


@dataclass
class LiveServer:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, timeout=PATIENCE_SECONDS)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return httpx.post(self.address + path, json=body, timeout=PATIENCE_SECONDS)

    def delete(self, path: str) -> httpx.Response:
        return httpx.delete(self.address + path, timeout=PATIENCE_SECONDS)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
