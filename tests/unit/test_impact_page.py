"""`kiban impact --report`: a page that needs no network and says in both languages what the terminal says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.on_others import impact_of_load
from kiban.report.market.words import answer, note_sentences

ASKED = ("impact", "--load", "400", "--area", "tokyo", "--fast")


def test_the_page_holds_the_answer_in_both_languages_and_no_address(tmp_path: Path) -> None:
    page = tmp_path / "others.html"
    done = CliRunner().invoke(app, [*ASKED, "--report", str(page), "--lang", "en"])
    assert done.exit_code == 0, done.stderr
    assert "others.html" in done.stderr
    text = page.read_text(encoding="utf-8")
    held = json.loads(re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    found = impact_of_load(400.0, "tokyo", fast=True)
    view = next(one for one in _within(held) if isinstance(one, dict) and "said" in one)
    for language in ("en", "ja"):
        assert view["said"][language]["sentence"] == answer(found, language)
        assert view["said"][language]["notes"] == note_sentences(found, language)
    assert [one["id"] for one in view["impact"]["variants"]][-1] == "observed_slope"
    assert not re.search(r'(?:src|href)="https?://', text)


def test_a_page_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    page = tmp_path / "others.html"
    page.write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(app, [*ASKED, "--report", str(page)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert page.read_text(encoding="utf-8") == "mine"


def _within(held: object) -> list[object]:
    inner = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    return [held, *(one for value in inner for one in _within(value))]
