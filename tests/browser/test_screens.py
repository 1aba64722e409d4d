"""Every screen in a real browser: nothing leaves the machine, both languages are whole, anyone can use it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import LANGUAGES, SHORT, Watched, watch

TEXT = Path(__file__).resolve().parents[2] / "web" / "src" / "text"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
# In Japanese pages a site's or package's own English stays out; sources keep the language of their title.
MAY_BE_JAPANESE = ".brand, .tongues, [lang=ja]"
MAY_BE_ENGLISH = ".brand, .tongues, [lang=en], .note, code, pre"
WIDTHS = (375, 1600)


COMPARISON = f"compare?other={quote(SHORT + '&set.target.clean_share=0.7')}&"
NATIONAL = {
    "name": "3 GW by 2030",
    "status": "optimal",
    "years": [2030],
    "cost_myen_per_year": 3.76e6,
    "bound_myen_per_year": 3.75e6,
    "relative_gap": 0.004,
    "sites": [
        {
            "id": site,
            "area": area,
            "it_load_mw": load,
            "load_mw": {"training": load},
            "connection_year": 2030,
            "waits": False,
            "capacities": {},
            "clean_share": 0.8,
            "cost_myen_per_year": 1e5,
            "power_cost_myen_per_mwh": 0.017,
            "without_myen_per_year": 9175.5,
            "instead": ["kumamoto", "oita"],
        }
        for site, area, load in (("kokonoe", "kyushu", 600.0), ("tomakomai", "hokkaido", 337.2))
    ],
    "areas": [
        {"area": "hokkaido", "load_mw": 337.2, "headroom_mw": 500.0, "connection_mw": 170.0, "reinforcement_mw": 0.0},
        {"area": "kyushu", "load_mw": 600.0, "headroom_mw": None, "connection_mw": 300.0, "reinforcement_mw": 0.0},
    ],
    "near_optima": [
        {"share": 0.01, "cost_myen": 3.8e6, "load_mw": {}, "dropped": ["tomakomai"], "added": ["kumamoto", "muroran"]}
    ],
    "sentences": {"en": "937 MW of AI load at 2 sites.", "ja": "AI負荷937 MWを2拠点で担います。"},
}


def with_national_plan(page: Any) -> None:
    """Answer for the server that a national plan has been made: a real one takes minutes."""
    job = {"id": "j_1", "kind": "national", "state": "done", "result": {"national": NATIONAL}, "problem": None}
    page.route("**/api/v1/jobs?limit=50", lambda route: route.fulfill(json={"jobs": [job]}))
    page.route("**/api/v1/jobs/j_1", lambda route: route.fulfill(json=job))


def texts(language: str) -> dict[str, str]:
    return dict(json.loads((TEXT / f"{language}.json").read_text(encoding="utf-8")))


def visit(watched: Watched, screen: str, language: str) -> None:
    watched.open(f"/{language}/{screen}{'' if '?' in screen else '?'}{SHORT}")
    if screen == COMPARISON:
        watched.page.wait_for_selector("figure", timeout=60_000)
        watched.settle()


def shown_text(page: Any, without: str) -> str:
    script = """(without) => {
      const copy = document.body.cloneNode(true);
      for (const node of copy.querySelectorAll(without + ', script, style')) node.remove();
      return copy.innerText + ' ' + [...copy.querySelectorAll('[aria-label]')].map(n => n.ariaLabel).join(' ');
    }"""
    return str(page.evaluate(script, without))


def test_the_navigation_offers_the_screens_that_work(screens: tuple[str, ...]) -> None:
    assert {"", "build", "japan", "compare"} <= set(screens)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_leaves_the_machine_and_nothing_fails(
    watched: Watched, screens: tuple[str, ...], language: str
) -> None:
    with_national_plan(watched.page)
    for screen in (*screens, COMPARISON):
        visit(watched, screen, language)
        assert watched.page.locator("main h1").count() == 1, screen
    assert watched.requests
    assert watched.strangers == []
    assert watched.faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_raw_key_and_no_foreign_text(watched: Watched, screens: tuple[str, ...], language: str) -> None:
    own, other = texts(language), texts("ja" if language == "en" else "en")
    with_national_plan(watched.page)
    for screen in (*screens, COMPARISON):
        visit(watched, screen, language)
        assert watched.page.evaluate("() => document.documentElement.lang") == language
        shown = shown_text(watched.page, MAY_BE_JAPANESE if language == "en" else MAY_BE_ENGLISH)
        raw = [key for key in own if "." in key and re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", shown)]
        assert raw == [], screen
        assert not re.search(r"\{\w+\}|undefined|NaN|\[object", shown), screen
        if language == "en":
            assert JAPANESE.findall(shown) == [], screen
        else:
            foreign = [
                text
                for key, text in other.items()
                if len(text) > 6 and text != own[key] and "{" not in text and text in shown
            ]
            assert foreign == [], screen


def test_axe_finds_nothing(watched: Watched, screens: tuple[str, ...]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    with_national_plan(watched.page)
    for language in LANGUAGES:
        for screen in (*screens, "build?step=1&", "build?step=3&", "build?step=4&package=tax-credit&", COMPARISON):
            path = f"/{language}/{screen}"
            visit(watched, screen, language)
            found = Axe().run(watched.page, options=rules).response["violations"]
            seen = [(item["id"], [node["html"][:160] for node in item["nodes"][:3]]) for item in found]
            assert seen == [], path


@pytest.mark.parametrize("width", WIDTHS)
def test_no_screen_is_wider_than_the_window(browser: Any, server: str, screens: tuple[str, ...], width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    watched = watch(context.new_page(), server)
    outside = """(width) => [...document.querySelectorAll('main *, header *, footer *')].filter(node => {
      const box = node.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !node.closest('.scroll, svg, .sr, .uplot, .side');
    }).map(node => node.outerHTML.slice(0, 120))"""
    with_national_plan(watched.page)
    for language in LANGUAGES:
        for screen in (*screens, COMPARISON):
            visit(watched, screen, language)
            assert watched.page.evaluate("() => document.documentElement.scrollWidth") <= width, (language, screen)
            assert watched.page.evaluate(outside, width) == [], (language, screen)
    context.close()


def test_letters_of_a_chart_do_not_lie_on_each_other(browser: Any, server: str, screens: tuple[str, ...]) -> None:
    overlaps = """() => {
      const found = [];
      for (const svg of document.querySelectorAll('.figure svg[role=img]')) {
        const boxes = [...svg.querySelectorAll('text')].filter(n => n.textContent.trim()).map(n => [n.textContent, n.getBoundingClientRect()]);
        boxes.forEach(([a, x], i) => boxes.slice(i + 1).forEach(([b, y]) => {
          const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
          const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
          if (wide > 2 && high > 5) found.push(`${a} / ${b}`);
        }));
      }
      return found;
    }"""  # noqa: E501
    for width in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": 900})
        watched = watch(context.new_page(), server)
        with_national_plan(watched.page)
        for language in LANGUAGES:
            for screen in ("build", "japan", "pay", COMPARISON):
                if screen != "pay" or "pay" in screens:
                    visit(watched, screen, language)
                    assert watched.page.evaluate(overlaps) == [], (width, language, screen)
        context.close()
