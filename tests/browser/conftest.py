"""A server on this machine and a real Chromium without a window; both come from the system, nothing is downloaded.

In CI a missing browser is a failure; elsewhere these tests are left out with a word why.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LANGUAGES = ("en", "ja")
# Two weeks of January stand for the year, so that a plan takes a second.
SHORT = "base=tomakomai&set.time.first_hour=336&set.time.hours=336"
PATIENCE_SECONDS = 300.0
"""Longest wait for what has to come. It ends a test that hangs; no test is decided by how soon something comes."""
# The worked example of the whole country, made small: nine sites, three days, a tenth of the demand.
SMALL_NATION: dict[str, object] = {
    "national.sites": [
        "tomakomai",
        "inzai",
        "sakai",
        "kawasaki",
        "satsumasendai",
        "kokonoe",
        "oita",
        "kumamoto",
        "kirishima",
    ],
    "national.first_hour": 336,
    "national.hours": 72,
    "national.gap": 0.03,
    "tranche.0.it_load_mw": 200,
    "tranche.1.it_load_mw": 80,
    "tranche.2.it_load_mw": 40,
}

SMALL_NATION_ADDRESS = "&".join(
    f"nation.{key}={','.join(value) if isinstance(value, list) else value}" for key, value in SMALL_NATION.items()
)


@dataclass
class Watched:
    """A page and what it did: addresses that it asked, and what went wrong in it."""

    page: Any
    base: str
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open an address of the server and wait until the last result is there."""
        self.page.goto(self.base + path)
        screen = urlsplit(path).path.split("/")[2]
        if screen == "pay" or (screen == "build" and "step=" not in path):
            self.page.wait_for_selector(".answer, [role=alert]")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being solved."""
        self.page.wait_for_selector("main h1")
        self.page.wait_for_function("() => !document.querySelector('.state.waiting')")
        self.page.wait_for_load_state("networkidle")

    def wait_until(self, seen: Callable[[], bool]) -> None:
        """Wait until something has happened in the page or outside it."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not seen():
            assert time.monotonic() < ends, "it does not come to pass"
            self.page.wait_for_timeout(50)

    @property
    def strangers(self) -> list[str]:
        """Requests that left this machine."""
        return [a for a in self.requests if urlsplit(a).scheme in {"http", "https", "ws", "wss"} and
                urlsplit(a).hostname not in {"127.0.0.1", "localhost"}]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs chromium: install the packages chromium and fonts-noto-cjk")
        pytest.skip("no chromium on this machine")
    return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    command = [sys.executable, "-c", "from kiban.cli import main; main()", "serve"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--data", str(folder / "data"), "--lang", "en"], stdout=log, stderr=log
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{base}/api/v1/health", process, folder / "log")
        yield base
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE_SECONDS)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Any, server: str) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield watch(context.new_page(), server)
    context.close()


def be_patient(page: Any) -> None:
    """Let a page take its time."""
    page.set_default_timeout(1000.0 * PATIENCE_SECONDS)


def watch(page: Any, base: str) -> Watched:
    """A page whose requests and faults are written down."""
    be_patient(page)
    found = Watched(page, base)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("pageerror", lambda error: found.faults.append(str(error)))
    page.on("console", lambda said: found.faults.append(said.text) if said.type == "error" else None)
    return found


@pytest.fixture(scope="session")
def screens(browser: Any, server: str) -> tuple[str, ...]:
    """The screens that the navigation offers."""
    page = browser.new_page()
    be_patient(page)
    page.goto(f"{server}/en/")
    page.wait_for_selector("nav.screens a[aria-current]")
    page.wait_for_load_state("networkidle")
    links = page.locator("nav.screens a").evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    page.close()
    return tuple(path.removeprefix("/en/") for path in links)


@pytest.fixture(scope="session")
def nation(server: str) -> str:
    """The job of a small national plan that has been made on the server, so that the screen Japan shows it."""
    body = json.dumps({"example": "japan", "changes": SMALL_NATION}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{server}/api/v1/national", body, headers)) as answer:
        job: str = json.load(answer)["job"]["id"]
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with urllib.request.urlopen(f"{server}/api/v1/jobs/{job}") as answer:
            found = json.load(answer)
        if found["state"] not in {"queued", "running"}:
            assert found["state"] == "done", found["problem"]
            assert found["result"]["national"]["status"] == "optimal"
            return job
        time.sleep(0.5)
    pytest.fail("the national plan took too long")
