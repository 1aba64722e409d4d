"""What the campaigns share: servers that can be killed, jobs that are followed to their end, and counting."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from tests.cases.servers import ENDED, SOURCE, LiveServer, free_port, study, wait_until_alive

ROOT = Path(__file__).resolve().parents[2]
MOST_WAIT_SECONDS = 600.0
"""A job that has not ended after so long, with nothing in its way, is stuck."""
SURROUNDINGS = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, ROOT))), "LANG": "C"}
WEEK = """
name = "A week"
site = {id = "tomakomai"}
load = {it_load_mw = 100.0}
time = {first_hour = 4704, hours = 168}
"""
"""A scenario file that is planned in a moment."""
SWEEP = {"key": "target.clean_share", "values": [0.5, 0.6, 0.7], "mode": "job"}
GONE = (httpx.TransportError,)


def launch(*arguments: str, program: Sequence[str] = ("-m", "kiban.cli"), port: int | None = None) -> LiveServer:
    """`kiban serve` in a process of its own, when it answers."""
    port = port or free_port()
    command = [sys.executable, *program, "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(
        command, env=SURROUNDINGS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    server = LiveServer(process, f"http://127.0.0.1:{port}")
    try:
        wait_until_alive(server.get, lambda: process.poll() is None)
    except AssertionError:
        process.kill()
        raise
    return server


def end(server: LiveServer, how: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a server and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        server.process.send_signal(how)
    server.process.wait(timeout=MOST_WAIT_SECONDS)


@contextlib.contextmanager
def launched(*arguments: str, program: Sequence[str] = ("-m", "kiban.cli")) -> Iterator[LiveServer]:
    """A server as `launch` starts it, which is gone afterwards whatever happened meanwhile."""
    server = launch(*arguments, program=program)
    try:
        yield server
    finally:
        end(server)


def children_of(process_id: int) -> set[int]:
    """Processes of this machine whose parent is this one."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            status = (place / "stat").read_text(encoding="utf-8", errors="replace")
            if int(status.rpartition(")")[2].split()[1]) == process_id:
                found.add(int(place.name))
    return found


def workers_of(process_id: int) -> list[int]:
    """The processes among them that work on jobs; another child is Python's own tracker of resources."""
    found = []
    for child in children_of(process_id):
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def is_gone(process_id: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    except OSError:
        return True


def wait_at_most(seconds: float, seen: Callable[[], Any]) -> Any:
    """What is seen, as soon as there is something to see; else what is seen at the end."""
    until = time.monotonic() + seconds
    while not (found := seen()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def follow(server: LiveServer, names: Sequence[str], counts: Counter[str]) -> None:
    """Wait for jobs and count those that are lost, stuck, failed, or done without all of their result."""
    for name in names:

        def ended(name: str = name) -> Any:
            answer = server.get(f"/api/v1/jobs/{name}")
            job = answer.json()
            return job if answer.status_code == 404 or job.get("state") in ENDED else None

        job = wait_at_most(MOST_WAIT_SECONDS, ended)
        if job is None:
            counts["stuck"] += 1
        elif job.get("state") is None:
            counts["lost"] += 1
        elif job["state"] != "done":
            counts["failed"] += 1
        elif not is_whole(job):
            counts["half"] += 1
        else:
            counts["done"] += 1


def is_whole(job: Mapping[str, Any]) -> bool:
    """Whether a finished job has everything that was asked for."""
    result = job["result"] or {}
    if job["kind"] == "plan":
        return bool(result.get("plan")) and result["plan"]["status"] == "optimal"
    return len(result.get("points", ())) == len(SWEEP["values"])


def any_job(share: float, *, sweep: bool) -> tuple[str, dict[str, Any]]:
    """An address and a question that becomes a job of a second or two."""
    if sweep:
        return "/api/v1/sweep", {**study(site__name=f"s{share}"), **SWEEP}
    return "/api/v1/plans", {**study(target__clean_share=share), "mode": "job"}


def reader(description: str, count: int, what: str) -> argparse.ArgumentParser:
    """The options that every campaign has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--seed", type=int, default=1, help="of the random moments")
    options.add_argument("--count", type=int, default=count, help=what)
    return options


def tell(name: str, counts: Mapping[str, float], zeros: Sequence[str]) -> int:
    """Print what was counted; the exit code is 1 where one of `zeros` is none."""
    missed = [key for key in zeros if counts.get(key, 0)]
    shown = {**dict.fromkeys(zeros, 0), **counts}
    print(f"{name}: {', '.join(f'{key} {value:g}' for key, value in sorted(shown.items()))}")
    print(f"{name}: {'MISSED: ' + ', '.join(missed) if missed else 'all zeros'}")
    return 1 if missed else 0
