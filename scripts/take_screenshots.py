"""Take the pictures for docs/web.md: python scripts/take_screenshots.py [--only SCREEN].

It starts a server of its own and has `kiban report japan` write the report of the national plan, unless `--server` and
`--national` name ones that are there. It needs Chromium, and what `pip install .[docs]` brings.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "web"
WIDTH, HEIGHT = 1280, 960
COMPARISON = (
    "compare?base=tomakomai&other=base%3Dtomakomai%26set.target.clean_share%3D0.7%26set.grid.max_mw%3D30"
    "%26set.assumptions.battery.energy_capex%3D40"
)
MARKET = "market?market.area=tokyo&market.load_mw=1000"
# name of the picture: address, and what it shows (None: the top of the page; "below X": the page from X on)
SCREENS = {
    "start": ("", None),
    "wizard": ("build?base=tomakomai&step=1", None),
    "build": ("build?base=tomakomai", None),
    "pay": ("pay?base=tomakomai&package=tax-credit", None),
    "run": ("run?base=tomakomai", None),
    "weeks": ("run?base=tomakomai", "below .player"),
    "flows": ("pay?base=tomakomai&package=tax-credit", ".figures > .whole figure"),
    "japan": ("japan", "below #japan-criterion"),
    "market": (MARKET, None),
    "hours": (MARKET, "below .player"),
    "compare": (COMPARISON, "below main .state"),
}
NARROW = {"narrow": ("build?base=tomakomai", None)}
NATIONAL = {"nation": "below main figure", "lines": "below figure:has(line[stroke-linecap=round])"}
SPLIT = "() => !document.querySelector('.choice .note')"
QUIET = "() => !document.querySelector('.state.waiting')"
COLOURS = 128


def main() -> None:
    """Read the command line and write docs/images/web/SCREEN.LANGUAGE.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="address of a running server")
    parser.add_argument("--national", type=Path, help="report of the national plan")
    parser.add_argument("--only", help="one screen")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as open_things:
        server = options.server or open_things.enter_context(_running_server(Path(made)))
        national = options.national
        if national is None and (options.only is None or options.only in NATIONAL):
            national = _write_national(Path(made))
        take_pictures(server, national, options.only)


@contextlib.contextmanager
def _running_server(folder: Path) -> Iterator[str]:
    """The address of a server that ends with the pictures."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "kiban.cli", "serve", "--port", str(port), "--data", str(folder / "data")]
    with subprocess.Popen(command) as process:
        try:
            while not _is_alive(address):
                if process.poll() is not None:
                    sys.exit("the server did not start")
                time.sleep(0.2)
            yield address
        finally:
            process.terminate()


def _is_alive(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api/v1/health", timeout=2):
        return True
    return False


def _write_national(folder: Path) -> Path:
    page = folder / "japan.html"
    subprocess.run([sys.executable, "-m", "kiban.cli", "report", "japan", "-o", str(page)], check=True)
    return page


def take_pictures(server: str, national: Path | None, only: str | None) -> None:
    """Write the picture of every screen, or of one, in both languages."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for language in ("en", "ja"):
            for screens, width in ((SCREENS, WIDTH), (NARROW, 375)):
                page = browser.new_page(viewport={"width": width, "height": HEIGHT})
                for name, (address, part) in screens.items():
                    if only in {None, name}:
                        _open_screen(page, f"{server}/{language}/{address}", name)
                        _take(page, part, f"{name}.{language}")
                page.close()
            if national is not None:
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.goto(national.resolve().as_uri())
                button = page.get_by_role("button", name="Read in English" if language == "en" else "日本語で読む")
                if button.count():
                    button.click()
                page.wait_for_timeout(500)
                for name, part in NATIONAL.items():
                    if only in {None, name}:
                        _take(page, part, f"{name}.{language}")
                page.close()
        browser.close()


def _open_screen(page: Any, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_selector("main h1")
    if name in {"build", "pay", "flows", "run", "weeks", "compare", "narrow", "market", "hours"}:
        page.wait_for_selector(".answer", timeout=300_000)
    page.wait_for_function(QUIET, timeout=300_000)
    page.wait_for_timeout(1500)
    page.wait_for_function(SPLIT, timeout=300_000)
    page.wait_for_function(QUIET, timeout=300_000)


def _take(page: Any, part: str | None, name: str) -> None:
    from PIL import Image

    if part is None or part.startswith("below "):
        top = page.locator(part.removeprefix("below ")).first if part else None
        place = top.evaluate("(node) => node.getBoundingClientRect().top + scrollY - 24") if top is not None else 0
        page.evaluate("(place) => scrollTo(0, place)", place)
        page.wait_for_timeout(200)
        taken = page.screenshot()
    else:
        taken = page.locator(part).first.screenshot()
    picture = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS)
    picture.save(FOLDER / f"{name}.png", optimize=True)
    print(f"{name}.png")


if __name__ == "__main__":
    main()
