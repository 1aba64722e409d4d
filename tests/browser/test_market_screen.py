"""The screen Market in a real browser: answer, map of an hour, week; by mouse and keyboard, in both languages."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from .conftest import LANGUAGES, Watched
from .looking import press_until, wrong_for_readers, wrong_layout, wrong_words

SHORT = "market.area=hokkaido&market.load_mw=300&market.first=2024-08-05"


def read(server: str, path: str) -> Any:
    with urllib.request.urlopen(f"{server}/api/v1/{path}") as answer:
        return json.load(answer)


def open_market(watched: Watched, language: str = "en", query: str = SHORT) -> None:
    watched.open(f"/{language}/market?{query}")
    watched.page.wait_for_selector(".answer")
    watched.page.wait_for_selector(".player")
    watched.settle()


def sign_of(page: Any, area: str) -> str | None:
    """What stands in the box of an area."""
    sign: str | None = page.locator(f'g.site[aria-label^="{area}"] text').nth(1).text_content()
    return sign


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_stands_first_and_nothing_is_wrong(watched: Watched, language: str) -> None:
    open_market(watched, language)
    page = watched.page
    answer = page.locator(".answer").inner_text()
    assert "300 MW" in answer.replace("\u00a0", " ")
    assert ("Hokkaido" if language == "en" else "北海道") in answer
    assert page.locator(".answer").bounding_box()["y"] < page.locator("figure").first.bounding_box()["y"]
    assert page.locator("figure").count() == 10
    for figure in page.locator("figure").all():
        figure.get_by_role("button", name="Table" if language == "en" else "表").click()
        assert figure.locator("tbody tr").count() >= 6
    assert wrong_words(page, language) == []
    assert wrong_for_readers(page) == []
    for width in (1440, 375):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert wrong_layout(page, width) == [], width
    assert watched.strangers == []
    assert watched.faults == []


def test_the_map_shows_the_hour_that_the_slider_has(watched: Watched, server: str) -> None:
    open_market(watched)
    page = watched.page
    days = read(server, "market/days?first=2024-08-05&area=hokkaido&load_mw=300")
    hour = page.locator(".player input[type=range]")
    hour.focus()
    for steps in (0, 7):
        for _ in range(steps):
            page.keyboard.press("ArrowRight")
        at = 12 + steps
        for place, area in enumerate(("Hokkaido", "Tohoku", "Tokyo")):
            price = days["after"]["price_yen_per_kwh"][place][at]
            assert sign_of(page, area) == f"{price + 1e-9:.1f}", (area, at)
        assert f"2024-08-05 {at}:00" in page.locator(".now").inner_text()
    page.get_by_label("without the load").check()
    assert sign_of(page, "Hokkaido") == f"{days['before']['price_yen_per_kwh'][0][19] + 1e-9:.1f}"


def test_the_hours_play_and_stop(watched: Watched) -> None:
    open_market(watched)
    page = watched.page
    said = page.locator(".now").inner_text()
    page.get_by_role("button", name="Play").click()
    watched.wait_until(lambda: page.locator(".now").inner_text() != said)
    page.get_by_role("button", name="Stop").click()
    stopped = page.locator(".now").inner_text()
    page.wait_for_timeout(1200)
    assert page.locator(".now").inner_text() == stopped


def test_an_area_of_the_map_is_chosen_by_keyboard(watched: Watched) -> None:
    open_market(watched)
    page = watched.page
    press_until(page, 'g.site[aria-label^="Kansai"]')
    page.keyboard.press("Enter")
    assert page.locator('g.site[aria-label^="Kansai"]').get_attribute("aria-pressed") == "true"
    assert page.locator("figure h3", has_text="Kansai:").count() == 2
    # Okinawa has no exchange, so that nothing could be shown of it.
    page.locator('g.site[aria-label^="Okinawa"]').press("Enter")
    assert page.locator('g.site[aria-label^="Kansai"]').get_attribute("aria-pressed") == "true"


def test_load_area_and_week_stand_in_the_address_and_in_the_answer(watched: Watched) -> None:
    open_market(watched)
    page = watched.page
    page.get_by_label("Where it stands").select_option("tokyo")
    field = page.get_by_label("New load (MW)")
    field.fill("650")
    field.press("Enter")
    watched.wait_until(lambda: "650 MW" in page.locator(".answer").inner_text().replace("\u00a0", " "))
    watched.settle()
    assert "in Tokyo" in page.locator(".answer").inner_text()
    assert "market.area=tokyo" in page.url
    assert "market.load_mw=650" in page.url
    page.get_by_role("button", name="The dearest week").click()
    page.locator("h2", has_text="2025\u201101\u2011").wait_for()
    page.reload()
    page.wait_for_selector(".answer")
    watched.settle()
    assert page.get_by_label("New load (MW)").input_value() == "650"
    assert watched.faults == []


def test_without_a_load_nothing_changes(watched: Watched) -> None:
    open_market(watched, query="market.load_mw=0&market.first=2024-08-05")
    page = watched.page
    assert "does not change what others pay" in page.locator(".answer").inner_text()
    assert page.get_by_label("without the load").count() == 0
    assert watched.faults == []
