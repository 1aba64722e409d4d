"""What a reader does: the wizard by keyboard, the slider, an infeasible plan, the address, the downloads."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from .conftest import SHORT, Watched

SLIDER = "Clean share, hour by hour"


def press_until(page: Any, selector: str, most: int = 120) -> None:
    """Press Tab until an element of that kind has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
    pytest.fail(f"Tab never reached {selector}")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_wizard_works_by_keyboard_alone(watched: Watched, language: str) -> None:
    page = watched.page
    watched.open(f"/{language}/build?{SHORT}&step=1")
    for step in (1, 2, 3, 4):
        assert f"step={step}" in page.url
        if step == 2:
            press_until(page, "input[type=range]")
            page.keyboard.press("ArrowRight")
        press_until(page, "form button[type=submit]")
        page.keyboard.press("Enter")
    watched.settle()
    assert "step=" not in page.url
    assert "set.load.it_load_mw=105" in page.url
    assert page.locator(".answer").inner_text()
    assert page.locator(".state .dot").count() == 1


def test_sites_of_the_map_are_reached_by_keyboard(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}&step=1")
    press_until(page, "g.site")
    label = page.evaluate("() => document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    chosen = page.locator("g.site[aria-pressed=true]")
    assert chosen.count() == 1
    assert chosen.get_attribute("aria-label") == label
    assert "set.site.id=" in page.url


def test_a_slider_repaints_the_optimum(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    slider = page.get_by_label(SLIDER, exact=True)
    before = page.locator(".answer").inner_text()
    took = []
    for value in (0.8, 0.7, 0.6, 0.5, 0.75, 0.65, 0.55, 0.85):
        begun = time.perf_counter()
        slider.fill(str(value))
        # The page says the share in the answer: it is painted once the answer speaks of this value.
        page.wait_for_function(
            "(text) => document.querySelector('.answer').textContent.includes(text)", arg=f"{value:.0%}"[:-1] + " %"
        )
        took.append(1000 * (time.perf_counter() - begun))
        page.wait_for_timeout(150)
    watched.settle()
    took.sort()
    print(f"\nslider to repainted optimum: median {statistics.median(took):.0f} ms, worst {took[-1]:.0f} ms")
    assert page.locator(".answer").inner_text() != before
    assert watched.faults == []


def test_no_stale_answer_is_painted(watched: Watched) -> None:
    """Answers come late and out of turn; the page paints none that is older than what it shows."""
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    page.evaluate(
        """() => {
          window.painted = [];
          const note = () => {
            const share = /(\\d+) % clean/.exec(document.querySelector('.answer')?.textContent ?? '');
            const last = window.painted.at(-1);
            const stale = document.querySelector('.answer').classList.contains('stale');
            if (share && (last?.[0] !== share[1] || last?.[1] !== stale)) window.painted.push([share[1], stale]);
          };
          new MutationObserver(note).observe(document.querySelector('main'),
            { subtree: true, childList: true, characterData: true, attributes: true });
        }"""
    )
    slow = iter((900, 0, 700, 0, 300))

    def delay(route: Any) -> None:
        page.wait_for_timeout(next(slow, 0))
        route.continue_()

    page.route("**/api/v1/plans", delay)
    slider = page.get_by_label(SLIDER, exact=True)
    wanted = [80, 75, 70, 65, 60, 55]
    for value in wanted:
        slider.fill(str(value / 100))
        page.wait_for_timeout(120)
    page.wait_for_function("() => /55 % clean/.test(document.querySelector('.answer').textContent)", timeout=60_000)
    watched.settle()
    seen = page.evaluate("() => window.painted")
    shares = [int(share) for share, _ in seen]
    order = [90, *wanted]
    assert [order.index(share) for share in shares] == sorted(order.index(share) for share in shares)
    assert any(stale for _, stale in seen), "the last result was never marked while a new one was awaited"
    assert seen[-1] == ["55", False]


def test_an_infeasible_plan_offers_relaxations_that_mend_it(watched: Watched) -> None:
    page = watched.page
    limits = "set.supply.pv.max_mw=40&set.supply.wind_onshore.max_mw=30&set.supply.geothermal.max_mw=5"
    away = "set.supply.wind_offshore_fixed.enabled=false&set.supply.wind_offshore_floating.enabled=false"
    watched.open(f"/en/build?{SHORT}&{limits}&{away}")
    assert page.locator(".answer").inner_text().startswith("No design serves")
    buttons = page.get_by_role("button", name="Apply")
    assert buttons.count() >= 1
    buttons.first.click()
    page.wait_for_function("() => !/^No design/.test(document.querySelector('.answer').textContent)", timeout=60_000)
    watched.settle()
    assert page.locator(".heads dd").count() >= 4


def test_the_address_holds_the_study_and_the_language(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    page.get_by_label(SLIDER, exact=True).fill("0.7")
    watched.settle()
    address = page.url
    assert "set.target.clean_share=0.7" in address
    assert "base=tomakomai" in address
    cost = page.locator(".heads dd").first.inner_text()
    page.goto("about:blank")
    page.goto(address.replace("/en/", "/ja/"))
    watched.settle()
    assert "億円" in page.locator(".heads dd").first.inner_text()
    page.goto(address)
    watched.settle()
    assert page.locator(".heads dd").first.inner_text() == cost


def test_charts_download_with_headings_units_and_source(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    figure = page.locator("figure").first
    with page.expect_download() as found:
        figure.get_by_role("button", name="Figures as CSV").click()
    lines = found.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith(("# ", '"# '))
    assert "unit: ¥" in lines[1]
    assert "Source: kiban" in lines[2]
    assert "accelerators and servers" in "\n".join(lines)
    with page.expect_download() as found:
        figure.get_by_role("button", name="Picture as SVG").click()
    picture = found.value.path().read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "Source: kiban" in picture
    figure.get_by_role("button", name="Table").click()
    assert figure.locator("tbody tr").count() > 5


def test_a_problem_is_told_and_the_last_result_stays(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    page.get_by_label(f"{SLIDER} (%)", exact=True).fill("120")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert "clean_share" in page.locator("[role=alert]").inner_text()
    assert page.locator(".heads dd").count() >= 4


def test_four_clicks_to_who_pays(watched: Watched, screens: tuple[str, ...]) -> None:
    if "pay" not in screens:
        pytest.skip("this server does not answer who pays")
    page = watched.page
    begun = time.perf_counter()
    watched.open("/en/")
    page.get_by_role("button", name="Who pays?").click()
    page.wait_for_selector(".answer", timeout=110_000)
    assert "20" in page.get_by_label("Tax credit: rate (%)").input_value()
    assert "¥" in page.locator(".answer").inner_text()
    assert time.perf_counter() - begun < 120
