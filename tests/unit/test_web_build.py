"""The front end as committed: texts with equal keys, the budget of JavaScript, a page that fits its policy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web" / "src"
STATIC = files("kiban.server").joinpath("static")
BLANK = re.compile(r"\{(\w+)\}")
MADE = ("example.", "criterion.", "file.", "kind.", "area.", "lever.", "month.", "week.", "status.", "nav.", "wizard.",
        "pay.part.", "pay.owner.", "cause.", "worth.", "role.", "saved.kind.", "saved.state.", "run.kind.",
        "run.forecast.", "run.file.", "live.", "market.day.", "market.source.", "market.class.", "market.kind.",
        "market.entrant.", "market.run.", "national.lever.",
        "frontier.file.", "frontier.emissions",
        "frontier.clean_share")  # fmt: skip
"""Keys that are put together at run time."""
LESS = ".less"
"""Ends the key of a sentence whose figure falls where that of the key without it rises."""
LATER = [
    f"assets/{name}"
    for name in (
        "FrontierPart",
        *("Japan", "Japan"),
        *("Market", "Market", "Pay", "Pay", "Run", "Run"),
        "Split",
        "Years",
        "en",
        "ja",
        "operation",
    )
]
"""What a page loads when it is asked for: four screens with styles of their own, the frontier, what two of them
share, and the texts."""


def texts(language: str) -> dict[str, str]:
    pairs = json.loads((WEB / "text" / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names)
    return dict(pairs)


def test_both_languages_have_the_same_keys_and_blanks() -> None:
    english, japanese = texts("en"), texts("ja")
    assert list(english) == list(japanese)
    for key, text in english.items():
        assert set(BLANK.findall(text)) == set(BLANK.findall(japanese[key])), key
        assert japanese[key], key


def test_every_key_is_used_and_every_used_key_exists() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in WEB.rglob("*") if path.suffix in {".ts", ".svelte"}
    )
    known = set(texts("en"))
    used = set(re.findall(r"\bt\(\s*'([\w.]+)'", sources)) | set(re.findall(r"'([a-z_]+\.[\w.]+)'", sources)) & known
    assert used - known == set()
    ternaries = {key for key in known if f"'{key}'" in sources}
    less = {key for key in known if key.endswith(LESS) and key.removesuffix(LESS) in used}
    assert {key for key in known - used - ternaries - less if not key.startswith(MADE)} == set()


def test_japanese_texts_are_japanese() -> None:
    english, japanese = texts("en"), texts("ja")
    same = {key for key, text in japanese.items() if text == english[key] and re.search(r"[A-Za-z]{5}", text)}
    assert same == set()


def test_the_budget_of_javascript_holds() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "check_bundle.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    for said in ("of 120 kB JavaScript that a page loads first, compressed", "of 190 kB of all screens"):
        assert said in done.stdout
    assert re.search(r"Run-.*\.js, later$", done.stdout, re.M), "the screen Run is loaded with the first page"


def test_the_page_names_only_what_is_built_and_runs_no_inline_script() -> None:
    page = STATIC.joinpath("index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)
    built = {f"assets/{item.name}" for item in STATIC.joinpath("assets").iterdir()}
    assert set(named) <= built
    # The page names what it loads first; beside it there are the texts of each language and what some screens load.
    others = {name for name in built - set(named) if name.endswith((".js", ".css"))}
    assert sorted(name.split("-")[0] for name in others) == LATER, "an older build was left"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("name", ["report.html"])
def test_the_report_template_has_one_place_for_its_plan(name: str) -> None:
    from kiban.report.page import MARK

    page = files("kiban.report").joinpath("template", name).read_text(encoding="utf-8")
    assert page.count(MARK) == 1
    assert not re.search(r'(?:src|href)="(?!data:)', page)
