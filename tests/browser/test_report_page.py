"""The report as one file, of a plan, of who pays, and of the whole country: it opens from the disk and prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import LANGUAGES, watch
from .looking import WIDTHS, wrong_for_readers, wrong_layout, wrong_words

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
NATIONAL = """
[national]
name = "200 MW"
decision_year = 2026
sites = ["tomakomai", "inzai", "kokonoe"]
first_hour = 336
hours = 72
gap = 0.02

[[tranche]]
id = "training"
it_load_mw = 150.0
deferrable_share = 0.5

[[tranche]]
id = "metro"
it_load_mw = 50.0
firm_shape = "inference"
max_round_trip_ms = 5.0

[target]
clean_share = 0.5

[cooling]
system = "direct_liquid"
"""
# What makes each kind of report, and figures that it must hold.
KINDS = {
    "plan": (("--frontier",), {"costs", "design", "worths", "frontier-emissions"}),
    "pay": (
        ("--package", "tax-credit"),
        {"parties", "support", "flows", "treasury", "policy-design", "downside", "costs", "design"},
    ),
    "national": ((), {"national-map", "national-areas"}),
}


def kiban(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from kiban.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    (folder / "two_weeks.toml").write_text(SCENARIO, encoding="utf-8")
    (folder / "country.toml").write_text(NATIONAL, encoding="utf-8")
    made = {}
    for kind, (options, _) in KINDS.items():
        source = folder / ("country.toml" if kind == "national" else "two_weeks.toml")
        made[kind] = folder / f"{kind}.html"
        done = kiban("report", str(source), *options, "-o", str(made[kind]), "--lang", "ja")
        assert done.returncode == 0, done.stderr
    return made


def open_report(browser: Any, path: Path, language: str, width: int = 1100) -> Any:
    page = browser.new_page(viewport={"width": width, "height": 900})
    watched = watch(page, "")
    page.goto(path.as_uri())
    page.wait_for_selector(".answer")
    if language == "en":
        page.get_by_role("button", name="Read in English").click()
    page.wait_for_function("(language) => document.documentElement.lang === language", arg=language)
    return watched


def test_a_report_that_is_there_is_kept(reports: dict[str, Path], tmp_path: Path) -> None:
    again = kiban("report", "-o", str(reports["plan"]))
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_a_hostile_name_stays_a_name(browser: Any, reports: dict[str, Path]) -> None:
    page = open_report(browser, reports["plan"], "ja").page
    assert "Two weeks in Tomakomai </script><b>" in page.locator("h1 + .note").inner_text()
    assert page.locator(".heads dd").count() >= 4
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_opens_from_the_disk_in_both_languages(browser: Any, reports: dict[str, Path], kind: str) -> None:
    answers = set()
    for language in LANGUAGES:
        watched = open_report(browser, reports[kind], language)
        page = watched.page
        assert watched.faults == []
        assert [address for address in watched.requests if not address.startswith(("file:", "data:", "blob:"))] == []
        assert ("億円" if language == "ja" else "¥") in page.locator(".answer").first.inner_text()
        answers.add(page.locator(".answer").first.inner_text())
        assert wrong_words(page, language) == []
        assert wrong_for_readers(page) == []
        page.close()
    assert len(answers) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_holds_its_figures_with_unit_source_and_table(
    browser: Any, reports: dict[str, Path], kind: str
) -> None:
    page = open_report(browser, reports[kind], "en").page
    names = set()
    figures = page.locator("figure")
    for number in range(figures.count()):
        figure = figures.nth(number)
        with page.expect_download() as found:
            figure.get_by_role("button", name="Figures as CSV").click()
        names.add(re.sub(r"^kiban-|\.csv$", "", found.value.suggested_filename))
        lines = found.value.path().read_text(encoding="utf-8-sig").splitlines()
        assert "unit:" in lines[2]
        assert "Source: kiban" in lines[3]
        assert len(lines) >= 5
    assert KINDS[kind][1] <= names
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_fits_narrow_and_wide_windows(browser: Any, reports: dict[str, Path], kind: str) -> None:
    for width in WIDTHS:
        for language in LANGUAGES:
            page = open_report(browser, reports[kind], language, width).page
            assert wrong_layout(page, width) == [], (width, language)
            page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_prints_on_a4(browser: Any, reports: dict[str, Path], kind: str, tmp_path: Path) -> None:
    page = open_report(browser, reports[kind], "ja").page
    page.emulate_media(media="print")
    # The text of an A4 sheet is 182 mm wide; nothing may be cut at its edge.
    page.set_viewport_size({"width": 688, "height": 1000})
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 688
    assert wrong_layout(page, 688) == []
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF")
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", printed))
    # Charts are drawn for the sheet; assumptions that nobody opened stay folded.
    assert 2 <= sheets <= 20
    assert re.search(rb"/MediaBox\s*\[0 0 59[45](\.\d+)? 84[12]", printed)
    page.close()


def test_a_saved_national_plan_makes_the_same_map(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "country.toml").write_text(NATIONAL, encoding="utf-8")
    done = kiban("build", str(tmp_path / "country.toml"), "--out", str(tmp_path / "plan"))
    assert done.returncode == 0, done.stderr
    done = kiban("report", str(tmp_path / "plan"), "-o", str(tmp_path / "report.html"), "--lang", "ja")
    assert done.returncode == 0, done.stderr
    page = open_report(browser, tmp_path / "report.html", "ja").page
    assert page.locator(".map .site").count() >= 1
    assert page.locator(".map path").count() >= 40
    assert page.get_by_role("table").count() == 1
    page.close()


def test_a_saved_payment_makes_a_report(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "two_weeks.toml").write_text(SCENARIO, encoding="utf-8")
    done = kiban("pay", str(tmp_path / "two_weeks.toml"), "--json")
    assert done.returncode == 0, done.stderr
    (tmp_path / "pay.json").write_text(done.stdout, encoding="utf-8")
    done = kiban("report", str(tmp_path / "pay.json"), "-o", str(tmp_path / "report.html"), "--lang", "ja")
    assert done.returncode == 0, done.stderr
    watched = open_report(browser, tmp_path / "report.html", "ja")
    assert watched.page.locator("figure").count() >= 5
    assert "億円" in watched.page.locator(".answer").inner_text()
    assert watched.faults == []
    watched.page.close()
