"""A result says what it is about: on the screen, on paper and in every download; and what it does not know any more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import LANGUAGES, SHORT, Watched
from .looking import texts

SLIDER = "Clean share, hour by hour"
NOWHERE = (
    "set.supply.pv.max_mw=40&set.supply.wind_onshore.max_mw=30&set.supply.geothermal.max_mw=5"
    "&set.supply.wind_offshore_fixed.enabled=false&set.supply.wind_offshore_floating.enabled=false"
)
PAID = {
    "en": ("Tomakomai East, 100 MW: Tax credit of 20 %", "Tomakomai East, 100 MW: No support"),
    "ja": ("苫小牧東部 100 MW：税額控除 20%", "苫小牧東部 100 MW：支援なし"),
}


def taken(page: Any, figure: Any, name: str) -> bytes:
    with page.expect_download() as found:
        figure.get_by_role("button", name=name).click()
    return bytes(found.value.path().read_bytes())


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-").replace("+", ""))


def test_the_heading_follows_the_study_and_not_the_last_answer(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    assert page.locator("h1").inner_text() == "Tomakomai East, 100 MW"
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/api/v1/plans*", hold)
    page.get_by_label("IT load (MW)", exact=True).fill("12.345")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('h1').textContent === 'Tomakomai East, 12.345 MW'")
    assert "IT load 12.345 MW" in page.locator(".about").inner_text()
    assert page.locator(".answer.stale").count() == 1
    # What is taken along is about the answer that stands there.
    lines = taken(page, page.locator("figure").first, "Figures as CSV").decode("utf-8-sig").splitlines()
    assert lines[0].lstrip('"').startswith("# Tomakomai East, 100 MW (")
    watched.wait_until(lambda: bool(held))
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/plans*")
    watched.settle()
    assert "12.345" in page.locator(".answer").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_pay_says_what_it_is_about_and_reconciles_its_totals(watched: Watched, language: str) -> None:
    page, said = watched.page, texts(language)
    watched.open(f"/{language}/pay?{SHORT}&package=tax-credit")
    about, none = PAID[language]
    assert page.locator("h1").inner_text() == about
    figure = page.locator("figure", has=page.get_by_text(said["pay.bridge.gross"])).first
    answer = json.loads(taken(page, page, said["pay.file.json"]))
    assert answer["heading"][language].startswith(about.split("MW")[0])

    # The bridge begins with the support, passes the two totals that stand on top, and ends at zero.
    shown = figure.locator("svg[role=img] > text").all_text_contents()
    # A label holds itself again as the title that is shown where it is cut.
    steps = {label[: len(label) // 2]: text for label, text in zip(shown[::2], shown[1::2], strict=True)}
    kinds = answer["bridge"]
    gross = sum(min(one["amount_myen"], 0.0) for one in kinds if one["kind"] in {"support", "risk"})
    net = next(one["amount_myen"] for one in kinds if one["kind"] == "net")
    size = 100.0 if language == "ja" else 1000.0 if max(-gross, -net) >= 2000 else 1.0
    for key, value in (("gross", gross), ("fiscal", -answer["fiscal_cost_myen"]), ("net", net)):
        assert number(steps[said[f"pay.bridge.{key}"]]) == pytest.approx(value / size, rel=6e-3), key
    assert number(steps[said["pay.bridge.end"]]) == 0.0
    assert sum(one["yen"] for one in kinds if one["kind"] not in {"net", "end"}) == 0
    # The sentence names who pays and who wins, with what the chart of the parties shows of them.
    rates = {one["party"]: one["at_social_rate_myen"] for one in answer["parties"]}
    sentence = page.locator(".answer").inner_text()
    held = ("equity", "lenders", "users", "ratepayers", "national_treasury", "prefecture", "municipality")
    for party in (min(held, key=lambda one: rates[one]), max(held, key=lambda one: rates[one])):
        bar = page.locator("figure", has=page.get_by_text(said["pay.gain"], exact=True)).first
        label = next(one["label"][language] for one in answer["parties"] if one["party"] == party)
        rows = bar.locator("svg[role=img] > text").all_text_contents()
        amount = number(rows[rows.index(f"{label}{label}") + 1]) if f"{label}{label}" in rows else None
        assert amount == pytest.approx(rates[party] / size, rel=6e-3), (party, rows)
        assert label.removeprefix("the ") in sentence or party == "equity"

    form = page.get_by_role("button", name=said["pay.file.form"])
    with page.expect_download() as found:
        form.click()
    assert about in found.value.path().read_text(encoding="utf-8-sig").splitlines()[0]

    # No package is an answer of its own.
    page.locator(".package.on input").uncheck()
    page.wait_for_url("**package=none**")
    page.wait_for_function("(none) => document.querySelector('h1').textContent === none", arg=none)
    watched.settle()
    assert page.locator(".package.on").count() == 0
    nothing = {"en": "No support gives no support", "ja": "支援なしは"}[language]
    assert nothing in page.locator(".answer").inner_text()
    assert watched.faults == []


def test_pictures_carry_legend_and_heading(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/ja/build?{SHORT}")
    figure = page.locator("figure").first
    legend = figure.locator(".legend li").all_inner_texts()
    assert len(legend) >= 3
    picture = taken(page, figure, "図をSVGで保存").decode()
    for text in (*legend, "苫小牧東部 100 MW", figure.locator("h3").inner_text()[:8], "出典：kiban"):
        assert text in picture, text
    drawn = taken(page, figure, "図をPNGで保存")
    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) > 20_000


def test_a_report_opens_in_the_language_of_the_page(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/ja/build?{SHORT}&set.load.it_load_mw=90")
    with page.expect_download() as found:
        page.get_by_role("link", name="報告書（HTML）").click()
    report = page.context.new_page()
    report.goto(found.value.path().rename(found.value.path().with_suffix(".html")).as_uri())
    report.wait_for_selector(".answer")
    assert report.evaluate("() => document.documentElement.lang") == "ja"
    assert report.locator("h1").inner_text() == "苫小牧東部 90 MW"
    report.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_is_red_and_its_remedies_are_in_words(watched: Watched, language: str) -> None:
    page, said = watched.page, texts(language)
    watched.open(f"/{language}/build?{SHORT}&{NOWHERE}&set.target.clean_share=1")
    assert page.locator(".state.bad").inner_text() == said["state.infeasible"]
    red, _, blue = page.locator(".state.bad .dot").evaluate(
        "node => getComputedStyle(node).backgroundColor.match(/[0-9]+/g).map(Number)"
    )
    assert red > 120 > blue
    cards = page.locator(".card strong").all_inner_texts()
    assert cards
    for text in cards:
        assert "→" in text
        assert "_" not in text
        assert page.locator("main p").all_inner_texts().count(text) == 1, text
    assert any("100" in text and "%" in text for text in cards), cards


def test_a_lost_server_is_noticed_and_found_again(watched: Watched) -> None:
    page = watched.page
    watched.open(f"/en/build?{SHORT}")
    page.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    page.get_by_label(SLIDER, exact=True).fill("0.77")
    page.wait_for_function("(said) => document.querySelector('.state').innerText.includes(said)",
                           arg="The connection to the server is lost")  # fmt: skip
    assert page.locator(".answer.stale").count() == 1
    page.unroute("**/api/v1/**")
    # Nothing is moved: it is asked again by itself.
    page.wait_for_function("() => /77 % clean/.test(document.querySelector('.answer:not(.stale)')?.textContent ?? '')")
    watched.settle()
    assert page.locator("[role=alert]").count() == 0
    assert page.locator(".stale").count() == 0


def test_a_job_whose_stream_is_cut_says_so(watched: Watched) -> None:
    page = watched.page
    page.route("**/api/v1/jobs/*/events", lambda route: route.abort("connectionrefused"))
    page.route("**/api/v1/jobs/*", lambda route: route.abort("connectionrefused"))
    page.goto(f"{watched.base}/en/run?{SHORT}&run.forecast=persistence")
    page.wait_for_function("(said) => document.querySelector('.state')?.innerText.includes(said)",
                           arg="The connection to the server is lost")  # fmt: skip
    page.unroute("**/api/v1/jobs/*/events")
    page.unroute("**/api/v1/jobs/*")
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == "Tomakomai East, 100 MW"


def test_on_a_telephone_the_inputs_follow_the_answer(browser: Any, server: str) -> None:
    from .conftest import watch

    context = browser.new_context(viewport={"width": 375, "height": 800})
    watched = watch(context.new_page(), server)
    for screen in ("build", "pay"):
        watched.open(f"/en/{screen}?{SHORT}")
        tops = [watched.page.locator(one).first.bounding_box()["y"] for one in (".heads", "details.side", "figure")]
        assert tops == sorted(tops), screen
        assert watched.page.locator("details.side").get_attribute("open") is None
    context.close()


@pytest.mark.parametrize("screen", ["build", "pay"])
def test_paper_has_no_controls_and_lists_inputs_and_sources(watched: Watched, screen: str) -> None:
    page = watched.page
    watched.open(f"/en/{screen}?{SHORT}&set.target.clean_share=0.7")
    page.emulate_media(media="print")
    for control in ("details.side", "button", "input", "select", "nav"):
        assert [one for one in page.locator(control).all() if one.is_visible()] == [], control
    text = page.locator("main").inner_text()
    assert "Tomakomai East, 100 MW" in text
    assert "Clean share, hour by hour 70 %" in text
    if screen == "build":
        assert page.get_by_role("heading", name="Sources", exact=True).is_visible()
        assert page.locator(".sources li").count() > 10
        given = page.locator(".print-only table").inner_text()
        assert "clean" in given.lower()
