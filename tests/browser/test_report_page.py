"""The report as one file: it opens from the disk, asks for nothing, speaks both languages and prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import watch

SCENARIO = """
name = "Two weeks in Tomakomai </script><b>"

[site]
id = "tomakomai"

[time]
first_hour = 336
hours = 336

[target]
clean_share = 0.8
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "two_weeks.toml").write_text(SCENARIO, encoding="utf-8")
    command = [sys.executable, "-c", "from kiban.cli import main; main()", "report", str(folder / "two_weeks.toml")]
    command += ["-o", str(folder / "report.html")]
    done = subprocess.run([*command, "--lang", "ja"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    return folder / "report.html"


def test_the_report_opens_from_the_disk_and_prints(browser: Any, report: Path) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    watched = watch(page, "")
    page.goto(report.as_uri())
    page.wait_for_selector(".heads dd")
    page.wait_for_timeout(300)
    assert watched.faults == []
    assert [address for address in watched.requests if not address.startswith(("file:", "data:", "blob:"))] == []
    assert page.locator("h1").inner_text() == "Two weeks in Tomakomai </script><b>"
    assert "億円" in page.locator(".answer").inner_text()
    page.get_by_role("button", name="Read in English").click()
    assert "a year" in page.locator(".answer").inner_text()
    assert page.evaluate("() => document.documentElement.lang") == "en"
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 2
    page.close()
