"""The frontier on the Build screen: asked, drawn with the plan in it, taken over by keyboard, and taken home."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import LANGUAGES, SHORT, Watched, watch
from .looking import WIDTHS, wrong_for_readers, wrong_layout, wrong_words

FIGURE = "#frontier figure"
KEYS = {"emissions": "set.target.carbon_cap_t_per_year", "clean_share": "set.target.clean_share"}


def ask(watched: Watched, measure: str) -> None:
    """Ask for the frontier on the screen that is open, and wait until it is drawn."""
    page = watched.page
    page.wait_for_selector("#frontier-measure")
    page.select_option("#frontier-measure", measure)
    page.click("#frontier button.button")
    page.wait_for_selector(FIGURE)
    watched.settle()


def test_a_point_that_is_chosen_becomes_the_target_of_the_scenario(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}&set.target.clean_share=0.7")
    ask(watched, "clean_share")
    points = page.locator(f"{FIGURE} g.site")
    assert points.count() == 20
    assert page.locator(f"{FIGURE} path[stroke-width='3']").count() == 1
    wanted = points.nth(12)
    said = wanted.get_attribute("aria-label")
    wanted.focus()
    assert page.locator(f"{FIGURE} p.note").inner_text() == said
    page.keyboard.press("Enter")
    watched.wait_until(lambda: "set.target.clean_share=0.7&" not in f"{page.url}&")
    watched.settle()
    share = float(parse_qs(urlsplit(page.url).query)[KEYS["clean_share"]][0])
    assert f"{100 * share:.1f} % clean" in said
    # The plan stands where the point was, and the frontier is still the one of this scenario.
    plan = page.locator(f"{FIGURE} path[stroke-width='3']").bounding_box()
    point = points.nth(12).locator("circle").last.bounding_box()
    for side, size in (("x", "width"), ("y", "height")):
        assert plan[side] + plan[size] / 2 == pytest.approx(point[side] + point[size] / 2, abs=1.0)
    assert page.locator("#frontier .state").inner_text().startswith("20 designs")
    # Another load is another frontier.
    page.get_by_label("IT load", exact=True).first.fill("90")
    page.keyboard.press("Enter")
    page.wait_for_selector("#frontier .figure.stale")
    watched.settle()
    assert "trace it again" in page.locator("#frontier .state").inner_text()
    assert watched.faults == []


def test_table_and_files_hold_the_points_of_the_drawing(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/ja/build?{SHORT}")
    ask(watched, "emissions")
    page.locator(FIGURE).get_by_role("button", name="表").click()
    assert page.locator(f"{FIGURE} tbody tr").count() == 20
    content = {}
    for link in page.locator("#frontier a.button").all():
        address = link.get_attribute("href")
        answer = page.request.get(watched.base + address)
        assert answer.ok, address
        content[urlsplit(address).path.rsplit("/", 1)[1]] = answer.body()
    rows = list(csv.DictReader(io.StringIO(content["csv"].decode("utf-8-sig"))))
    first = float(page.locator(f"{FIGURE} tbody th").first.inner_text())
    assert float(rows[0]["cost_myen_per_year"]) / 100 == pytest.approx(first, rel=1e-5)
    assert len(rows) == 20
    assert zipfile.is_zipfile(io.BytesIO(content["xlsx"]))
    assert '<html lang="ja">' in content["html"].decode("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_whole_in_both_languages_wide_and_narrow(browser: Any, server: str, language: str) -> None:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    watched = watch(context.new_page(), server)
    watched.open(f"/{language}/build?{SHORT}")
    ask(watched, "emissions")
    for width in WIDTHS:
        watched.page.set_viewport_size({"width": width, "height": 900})
        watched.page.wait_for_timeout(200)
        assert wrong_words(watched.page, language) == []
        assert wrong_layout(watched.page, width) == []
        assert wrong_for_readers(watched.page) == []
    assert watched.faults == []
    assert watched.strangers == []
    context.close()
