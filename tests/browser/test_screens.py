"""Every screen in a real browser: nothing leaves the machine, both languages are whole, anyone can use it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from .conftest import LANGUAGES, SHORT, SMALL_NATION_ADDRESS, Watched, watch
from .looking import WIDTHS, wrong_for_readers, wrong_layout, wrong_words

VARIANTS = ("&set.target.clean_share=0.7", "&set.target.clean_share=0.7&set.load.deferrable_share=0.4")
COMPARISON = "compare?" + "".join(f"other={quote(SHORT + variant)}&" for variant in VARIANTS)
STEPS = ("build?step=1&", "build?step=2&", "build?step=3&", "build?step=4&package=tax-credit&")


def visit(watched: Watched, screen: str, language: str) -> None:
    nation = f"&{SMALL_NATION_ADDRESS}" if screen == "japan" else ""
    watched.open(f"/{language}/{screen}{'' if '?' in screen else '?'}{SHORT}{nation}")
    if nation:
        watched.page.wait_for_selector(".answer")
        watched.settle()
    if screen == COMPARISON:
        watched.page.wait_for_selector("figure")
        watched.page.wait_for_function("() => !document.querySelector('.choice .note')")
        watched.settle()


def test_the_navigation_offers_the_screens_that_work(screens: tuple[str, ...]) -> None:
    assert {"", "build", "run", "japan", "compare"} <= set(screens)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_is_whole(
    browser: Any, server: str, screens: tuple[str, ...], nation: str, language: str, width: int
) -> None:
    """One visit of each screen: its words, its layout, what axe finds, what it asked and what failed in it."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    watched = watch(context.new_page(), server)
    wrong: dict[tuple[str, str], Any] = {}
    for screen in (*screens, *STEPS, COMPARISON):
        visit(watched, screen, language)
        page = watched.page
        assert page.locator("main h1").count() == 1, screen
        assert page.evaluate("() => document.documentElement.lang") == language, screen
        wrong |= {
            (screen, "raw keys or foreign text"): wrong_words(page, language),
            (screen, "wider than the window or letters that overlap"): wrong_layout(page, width),
            (screen, "axe"): wrong_for_readers(page),
        }
    wrong |= {("all", "asked elsewhere"): watched.strangers, ("all", "failed"): watched.faults}
    assert {key: found for key, found in wrong.items() if found} == {}
    assert watched.requests
    context.close()


def test_every_chart_has_a_finding_a_unit_a_source_and_figures(
    watched: Watched, screens: tuple[str, ...], nation: str
) -> None:
    for screen, least in (("build", 8), ("pay", 5), ("japan", 5), (COMPARISON, 2)):
        if screen == "build":
            # The charts of the hours need a whole year.
            watched.open("/en/build?base=tomakomai")
            watched.page.wait_for_selector("canvas")
        else:
            visit(watched, screen, "en")
        figures = watched.page.locator("figure")
        assert figures.count() >= least, screen
        for figure in figures.all():
            title, what = figure.locator("h3").inner_text(), figure.locator(".what")
            assert len(title) > 10, (screen, title)
            assert title != what.inner_text(), (screen, title)
            assert figure.locator(".unit").count() == 1 or "class" in title, (screen, title)
            assert figure.locator(".source").inner_text().startswith("Source: "), (screen, title)
            assert figure.get_by_role("button").count() >= 3
            figure.get_by_role("button", name="Table").click()
            assert figure.locator("thead th").count() >= 2, (screen, title)
            assert figure.locator("tbody tr").count() >= 1, (screen, title)
        watched.settle()
    assert watched.faults == []


def test_the_screens_print(watched: Watched, screens: tuple[str, ...], nation: str) -> None:
    for screen in ("build", "pay", "japan", COMPARISON):
        visit(watched, screen, "ja")
        assert watched.page.pdf(format="A4", print_background=True).startswith(b"%PDF"), screen
