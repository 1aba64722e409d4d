"""The screen Pay: every table that the command line prints, reached by keyboard, and what can be taken along."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from .conftest import LANGUAGES, SHORT, Watched
from .looking import texts


def press_until(page: Any, selector: str, most: int = 120) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
    pytest.fail(f"Tab never reached {selector}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_on_the_screen_reached_by_keyboard_and_taken_along(watched: Watched, language: str) -> None:
    page, said = watched.page, texts(language)
    watched.open(f"/{language}/pay?{SHORT}&package=japan-current")
    with page.expect_download() as taken:
        page.get_by_role("button", name=said["pay.file.json"]).click()
    answer = json.loads(taken.value.path().read_text(encoding="utf-8"))
    details = answer["details"][language]
    assert len(details) >= 10

    links, headings = page.locator(".contents a"), page.locator(".table-part h3")
    assert links.all_inner_texts() == headings.all_inner_texts() == [one["title"] for one in details]
    for section, shown in zip(details, page.locator(".table-part").all(), strict=True):
        tables = shown.locator("table").evaluate_all(
            "tables => tables.map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)))"
        )
        assert tables == [[one["columns"], *one["rows"]] for one in section["tables"]]
        assert shown.locator("li").all_text_contents() == section["sentences"]

    address = page.url
    press_until(page, ".contents li:nth-child(4) a")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.textContent") == details[3]["title"]
    assert headings.nth(3).bounding_box()["y"] < 900
    assert page.url == address

    with page.expect_download() as taken:
        page.get_by_role("button", name=said["pay.file.form"]).click()
    written = taken.value.path().read_text(encoding="utf-8")
    assert (
        written == answer["budget"]["form"][language].replace("\r\n", "\n")
        or written == answer["budget"]["form"][language]
    )
    assert len(list(csv.reader(io.StringIO(written)))) > len(answer["years"]) / 2
    assert watched.faults == []


def test_tables_wait_while_a_slider_moves_and_follow_it(watched: Watched) -> None:
    """What is asked while the slider moves comes without tables; the last ones stay, paler, until they are anew."""
    page = watched.page
    watched.open(f"/en/pay?{SHORT}")
    before = page.locator(".table-part").first.inner_text()
    short: list[dict[str, Any]] = []
    page.on("response", lambda got: short.append(got.json()["pay"]) if "view=short" in got.url else None)
    page.get_by_label("Tax credit: rate", exact=True).fill("0.3")
    page.wait_for_function("() => /30\\.0 %/.test(document.querySelector('.answer').textContent)")
    assert page.locator(".table-part").count() >= 10
    page.wait_for_function("(before) => document.querySelector('.table-part').innerText !== before", arg=before)
    watched.settle()
    assert short
    assert all(answer["details"] == {"en": [], "ja": []} for answer in short)
    assert page.locator("section.stale").count() == 0
