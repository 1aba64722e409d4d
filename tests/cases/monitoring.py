"""A Prometheus and an Alertmanager of one's own on this machine, and a webhook that hears alerts; Debian has both."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from tests.cases.servers import PATIENCE_SECONDS, free_port, wait_until

PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager")


def missing_programs() -> str:
    """Why real monitoring cannot be had here; empty where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


@contextlib.contextmanager
def open_pages(answer: Callable[[str, bytes], tuple[int, str]]) -> Iterator[str]:
    """A server of pages: `answer` gets path and body, and gives status and text. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, text = answer(self.path, body)
            content = text.encode("utf-8")
            self.send_response(status)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Alerts:
    """What the webhook heard: names and labels of alerts as they fire and resolve."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, _: str, body: bytes) -> tuple[int, str]:
        for alert in json.loads(body)["alerts"]:
            self.heard.append((alert["labels"]["alertname"], alert["status"]))
        return 200, ""


@contextlib.contextmanager
def open_alertmanager(place: Path, webhook: str) -> Iterator[str]:
    """An Alertmanager that sends every alert to the webhook at once; yields its address."""
    place.mkdir()
    settings = {
        "route": {
            "receiver": "webhook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s",
        },
        "receivers": [{"name": "webhook", "webhook_configs": [{"url": f"http://{webhook}/", "send_resolved": True}]}],
    }  # fmt: skip
    (place / "alertmanager.yml").write_text(json.dumps(settings), encoding="utf-8")
    port = free_port()
    command = [
        "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with started(command, place, f"http://127.0.0.1:{port}/-/ready"):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def open_prometheus(
    place: Path,
    jobs: dict[str, str],
    *,
    interval: str = "1s",
    rules: str = "",
    alertmanager: str = "",
) -> Iterator[str]:
    """A Prometheus that scrapes `jobs` (names and addresses); yields its URL."""
    place.mkdir()
    settings: dict[str, Any] = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "1s"},
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [address]}]} for name, address in jobs.items()
        ],
    }
    if rules:
        (place / "rules.yml").write_text(rules, encoding="utf-8")
        settings["rule_files"] = ["rules.yml"]
    if alertmanager:
        settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    (place / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
    port = free_port()
    command = [
        "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--rules.alert.resend-delay=1s",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with started(command, place, f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def started(command: list[str], place: Path, ready: str) -> Iterator[None]:
    """A program that runs until the end of the block; it is ready where its address says so."""
    with (place / "log").open("wb") as log, subprocess.Popen(command, cwd=place, stdout=log, stderr=log) as process:
        try:

            def is_ready() -> bool:
                assert process.poll() is None, (place / "log").read_text(encoding="utf-8")[-2000:]
                with contextlib.suppress(httpx.TransportError):
                    return httpx.get(ready, trust_env=False).status_code == 200
                return False

            wait_until(is_ready)
            yield
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)
