"""The screen Pay: every table that the command line prints, reached by keyboard, and what can be taken along."""

from __future__ import annotations

import json
from typing import Any

from .conftest import LANGUAGES, SHORT, Watched
from .looking import press_until, texts

CELLS = "tables => tables.map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)))"


def taken(page: Any, name: str) -> str:
    """The text that a button gives."""
    with page.expect_download() as found:
        page.get_by_role("button", name=name).click()
    return str(found.value.path().read_bytes().decode("utf-8"))


def test_every_table_is_on_the_screen_reached_by_keyboard_and_taken_along(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/pay?{SHORT}")
    for language in LANGUAGES:
        page.locator(f".tongues a[lang={language}]").click()
        page.wait_for_function("(language) => document.documentElement.lang === language", arg=language)
        said = texts(language)
        answer = json.loads(taken(page, said["pay.file.json"]))
        details = answer["details"][language]
        assert len(details) >= 10

        links, headings = page.locator(".contents a"), page.locator(".table-part h3")
        assert links.all_inner_texts() == headings.all_inner_texts() == [one["title"] for one in details]
        for section, shown in zip(details, page.locator(".table-part").all(), strict=True):
            assert shown.locator("table").evaluate_all(CELLS) == [
                [one["columns"], *one["rows"]] for one in section["tables"]
            ]
            assert shown.locator("li").all_text_contents() == section["sentences"]
        first, rest = taken(page, said["pay.file.form"]).removeprefix("\ufeff").split("\r\n", 1)
        assert first.startswith("# ")
        assert rest == answer["budget"]["form"][language].removeprefix("\ufeff")

    address = page.url
    page.locator("main h1").focus()
    press_until(page, ".contents li:nth-child(4) a")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.textContent") == details[3]["title"]
    assert 0 <= headings.nth(3).bounding_box()["y"] < 900
    assert page.url == address
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
