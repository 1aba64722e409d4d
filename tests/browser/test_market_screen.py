"""The screen Market in a real browser: answer, map of an hour, week; by mouse and keyboard, in both languages."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import numpy as np
import pytest
from tests.properties.test_market_laws import some_days

from kiban.catalogue import load_catalogue
from kiban.market import campus
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import CampusImpact, CampusLoad, ask_market
from kiban.market.placements import CampusDraw
from kiban.report.market.view import impact_view

from .conftest import LANGUAGES, Watched
from .looking import press_until, wrong_for_readers, wrong_layout, wrong_words

TOKYO = MARKET_AREAS.index("tokyo")
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


def on_two_days(monkeypatch: pytest.MonkeyPatch, load_mw: float, *, long_run: bool = False) -> CampusImpact:
    """A flat draw in Tokyo on two days, negative where a plan delivers."""
    days = some_days([121, 290])
    monkeypatch.setattr(campus, "synthetic_hours", lambda catalogue: days)
    load = np.where(np.arange(len(MARKET_AREAS)) == TOKYO, load_mw, 0.0)
    asked = CampusLoad("campus", "plan", load, CampusDraw(abs(load_mw)))
    return ask_market(asked, load_catalogue(), long_run=long_run)


def answered(watched: Watched, found: CampusImpact, asked: str) -> None:
    """Have the server's answers to some questions be this one."""
    view = json.dumps(impact_view(found))

    def fulfil(route: Any) -> None:
        if asked in (route.request.post_data or ""):
            route.fulfill(status=200, content_type="application/json", body=view)
        else:
            route.continue_()

    watched.page.route("**/api/v1/impact*", fulfil)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_long_run_and_what_is_lost_stand_beside_the_short_one(
    watched: Watched, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = on_two_days(monkeypatch, 3000.0, long_run=True)
    assert found.beyond is not None
    answered(watched, found, '"long_run":true')
    open_market(watched, language)
    page = watched.page
    short = page.locator("figure").count()
    page.locator(".longer button").click()
    watched.wait_until(lambda: page.locator("figure").count() == short + 4)
    assert page.locator(".longer").count() == 0
    text = page.locator("main").inner_text().replace("\u00a0", " ")
    said = {"en": ("short run", "long run", "takes most of the reserve"), "ja": ("短期", "長期", "予備率")}
    for phrase in said[language]:
        assert phrase in text
    before, after = found.beyond.adequacy_before, found.beyond.adequacy_after
    most = int(np.argmax(after.joined_mwh - before.joined_mwh))
    assert f"{before.joined_hours[most]:.1f}" in text
    assert f"{after.joined_hours[most]:.1f}" in text
    assert wrong_words(page, language) == []
    for width in (375, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert wrong_layout(page, width) == [], width
    # Another load: what was asked about the old one goes, and can be asked for again.
    field = page.locator(".levers input[type=number], .levers input[inputmode]").first
    field.fill("350")
    field.press("Enter")
    page.locator(".longer button").wait_for()
    assert watched.faults == []


def test_a_campus_that_delivers_is_drawn_as_less(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    found = on_two_days(monkeypatch, -900.0)
    answered(watched, found, "{")
    open_market(watched)
    page = watched.page
    text = page.locator("main").inner_text()
    for said in ("Others pay less, a year", "Prices fall most in", "saves the most", "Fuel imports, less"):
        assert said in text, said
    assert "¥-" not in page.locator("dl.heads").inner_text()
    # Bars to the left of the axis, with their lengths, on one scale.
    figure = page.locator("figure").first
    axis = float(figure.locator("svg line").first.get_attribute("x1") or 0)
    bars = [
        (float(bar.get_attribute("x") or 0), float(bar.get_attribute("width") or 0))
        for bar in figure.locator("svg rect").all()
    ]
    assert len(bars) == len(MARKET_AREAS)
    assert all(left + width <= axis + 0.5 for left, width in bars)
    # As long as what the areas save, the most first; the range over the variants is longer than each.
    saved = sorted(-found.impact.central.others_pay_yen / 1e9)[::-1]
    widths = [width for _, width in bars]
    assert widths[0] > 20.0
    for width, myen in zip(widths, saved, strict=True):
        assert width == pytest.approx(max(widths[0] * myen / saved[0], 1.0), abs=0.5)
    assert "bn" in figure.inner_text()
    for width in (1440, 375):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert wrong_layout(page, width) == [], width
    assert watched.faults == []
