"""The screen Run: the answer of a short operation, its weeks by keyboard, an event that changes it, a job that ends."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from .conftest import LANGUAGES, SHORT, Watched, watch
from .looking import wrong_for_readers, wrong_layout, wrong_words

OUTAGE = '[[event]]\nkind = "grid_outage"\nfrom = 2001-01-17T18:00:00\nhours = 6\n'
WIDTHS = (375, 768, 1440)


def open_run(watched: Watched, language: str = "en", more: str = "") -> None:
    """Open the screen and wait for the week player of its answer."""
    watched.page.goto(f"{watched.base}/{language}/run?{SHORT}{more}")
    watched.page.wait_for_selector(".player, [role=alert]", state="attached")
    watched.settle()


def test_the_screen_is_whole_in_every_width_and_language(browser: Any, server: str) -> None:
    context = browser.new_context()
    watched = watch(context.new_page(), server)
    wrong: dict[tuple[str, int, str], Any] = {}
    for language in LANGUAGES:
        open_run(watched, language)
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": 900})
            watched.page.wait_for_timeout(200)
            wrong |= {
                (language, width, "words"): wrong_words(watched.page, language),
                (language, width, "layout"): wrong_layout(watched.page, width),
            }
        wrong |= {(language, 0, "axe"): wrong_for_readers(watched.page)}
        watched.page.emulate_media(media="print")
        assert not watched.page.locator(".player").is_visible()
        assert watched.page.locator(".answer").is_visible()
        watched.page.emulate_media(media="screen")
    assert {key: found for key, found in wrong.items() if found} == {}
    assert watched.faults == []
    assert watched.strangers == []
    context.close()


def test_weeks_are_played_by_keyboard_and_an_event_changes_the_answer(watched: Watched) -> None:
    open_run(watched)
    page = watched.page
    before = page.locator(".answer").first.inner_text()
    assert "than with perfect foresight" in before
    assert page.locator("figure").count() >= 6
    week = page.get_by_label("First day", exact=True)
    week.focus()
    page.keyboard.press("Home")
    assert page.get_by_role("heading", name="The week from 2001-01-15 to 2001-01-21").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("heading", name="The week from 2001-01-16 to 2001-01-22").is_visible()
    page.get_by_label("As seen from").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("heading", name="What was expected on 2001-01-17, and what came").is_visible()
    page.get_by_role("button", name="Worst week").click()
    page.get_by_text("As text").click()
    page.get_by_role("textbox", name="As text").fill(OUTAGE)
    page.keyboard.press("Tab")
    page.get_by_role("region", name="What happened").wait_for()
    watched.settle()
    assert (
        "Outage of the grid from 2001-01-17 18:00, for 6 h"
        in page.get_by_role("region", name="What happened").inner_text()
    )
    assert page.locator(".answer").first.inner_text() != before
    page.reload()
    page.get_by_role("region", name="What happened").wait_for()
    page.get_by_role("button", name="Remove all").click()
    page.get_by_role("region", name="What happened").wait_for(state="detached")
    assert watched.faults == []


def test_a_changed_input_cancels_the_job_before(watched: Watched) -> None:
    """A year is asked for and given up for two weeks: the first job is cancelled, and its answer is never shown."""
    page = watched.page
    page.goto(f"{watched.base}/en/run?base=tomakomai")
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_label("What is known ahead").select_option("perfect")
    page.wait_for_function("() => location.search.includes('run.forecast=perfect')")
    jobs: list[dict[str, Any]] = []

    def first_is_cancelled() -> bool:
        with urllib.request.urlopen(f"{watched.base}/api/v1/jobs?limit=2") as answer:
            jobs[:] = json.load(answer)["jobs"]
        return [job["kind"] for job in jobs] == ["run", "run"] and jobs[1]["state"] == "cancelled"

    watched.wait_until(first_is_cancelled)
    # The second may have ended by now.
    page.evaluate(
        "[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === 'Cancel')?.click()"
    )
    page.wait_for_function("() => !document.querySelector('.state.waiting')")
    watched.wait_until(lambda: first_is_cancelled() and jobs[0]["state"] in {"cancelled", "done"})
    assert (page.locator(".answer").count() > 0) == (jobs[0]["state"] == "done")


def test_what_cannot_be_operated_is_said_and_the_last_answer_stays(watched: Watched) -> None:
    open_run(watched)
    page = watched.page
    page.get_by_text("As text").click()
    page.get_by_role("textbox", name="As text").fill(OUTAGE.replace("hours = 6", "hours = 9000"))
    page.keyboard.press("Tab")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "hours" in alert.inner_text()
    assert "8760" in alert.inner_text()
    assert page.locator(".answer").first.is_visible()


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_figures_are_taken_home(watched: Watched, kind: str) -> None:
    open_run(watched)
    with watched.page.expect_download() as taken:
        watched.page.get_by_role("link", name=kind.upper()).click()
    assert taken.value.suggested_filename.endswith(f".{kind}")
