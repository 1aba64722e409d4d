"""Take the pictures of the screens for docs/web.md: python scripts/take_screenshots.py http://127.0.0.1:8765.

Needs a running `kiban serve`, Chromium, and the packages playwright and pillow. The national plan is shown if one has
been made on that server.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "web"
WIDTH, HEIGHT = 1280, 960
COMPARISON = "compare?base=tomakomai&other=base%3Dtomakomai%26set.target.clean_share%3D0.7"
# name of the picture: address, and what the top of the picture shows (None: the top of the page)
SCREENS = {
    "start": ("", None),
    "wizard": ("build?base=tomakomai&step=1", None),
    "build": ("build?base=tomakomai", None),
    "pay": ("pay?base=tomakomai&package=tax-credit", None),
    "flows": ("pay?base=tomakomai&package=tax-credit", ".figures > .whole figure"),
    "japan": ("japan", None),
    "compare": (COMPARISON, None),
}
COLOURS = 128


def main() -> None:
    """Write docs/images/web/SCREEN.LANGUAGE.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="address of a running server")
    parser.add_argument("--only", help="one screen")
    options = parser.parse_args()

    from PIL import Image
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for language in ("en", "ja"):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            for name, (address, top) in SCREENS.items():
                if options.only not in {None, name}:
                    continue
                page.goto(f"{options.server}/{language}/{address}")
                page.wait_for_selector("main h1")
                if name in {"build", "pay", "flows", "compare"}:
                    page.wait_for_selector(".answer", timeout=300_000)
                page.wait_for_function("() => !document.querySelector('.state.waiting')", timeout=300_000)
                page.wait_for_timeout(1500)
                if top is None:
                    page.evaluate("() => scrollTo(0, 0)")
                    taken = page.screenshot()
                else:
                    taken = page.locator(top).screenshot()
                picture = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS)
                picture.save(FOLDER / f"{name}.{language}.png", optimize=True)
                print(f"{name}.{language}.png")
        browser.close()


if __name__ == "__main__":
    main()
