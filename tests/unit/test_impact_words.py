"""What is said of a load's effect on others: of none, of less and of more, and of what is not known."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.properties.test_market_laws import some_days
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.market import campus as module
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import CampusImpact, CampusLoad, ask_market, bare_load, load_of_study
from kiban.market.placements import CampusDraw
from kiban.national.result.grid_draw import load_of_national_plan
from kiban.report.market.words import answer, further_sentences, note_sentences
from kiban.scenario.national_file import read_national

pytestmark = pytest.mark.slow
TOKYO = MARKET_AREAS.index("tokyo")


def campus_that_draws(by_hour_mw: np.ndarray, *, fast: bool = False) -> CampusImpact:
    """A plan of 500 MW in Tokyo, on two days of the market."""
    load = np.zeros((48, 9))
    load[:, TOKYO] = by_hour_mw
    flat = np.where(np.arange(9) == TOKYO, 500.0, 0.0)
    asked = CampusLoad("campus", "plan", load, CampusDraw(500.0, own_power_mw=load[:, TOKYO]), flat)
    return ask_market(asked, load_catalogue(), fast=fast)


@pytest.fixture(autouse=True)
def two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    days = some_days([121, 290])
    monkeypatch.setattr(module, "synthetic_hours", lambda catalogue: days)


def test_a_campus_that_delivers_is_said_without_signs() -> None:
    found = campus_that_draws(np.full(48, -300.0))
    low, high = found.impact.total_range_yen()
    assert low < high < 0.0
    said = answer(found, "en")
    assert said.startswith("campus, which delivers 300 MW in the mean in Tokyo, lets all others pay about ¥")
    # The lesser change first: the range of what they pay less.
    first, last = re.findall(r"¥([\d.]+) bn(?= to| over)", said)
    assert (float(first), float(last)) == pytest.approx((-high / 1e9, -low / 1e9), rel=5e-3)
    sentences = further_sentences(found, "en")
    receivers = next(sentence for sentence in sentences if sentence.startswith("The load receives"))
    assert "Generators receive ¥" in receivers
    assert re.search(r"congestion rent (rises|falls) by ¥", receivers)
    assert any("t of CO2 less a year" in sentence and "t less." in sentence for sentence in sentences)
    assert any(sentence.startswith("Of what others pay less") for sentence in sentences)
    assert any(sentence.startswith("A household's bill falls most in") for sentence in sentences)
    assert sentences[-1].endswith("less.")
    for text in (said, *(sentence for sentence in sentences if not sentence.startswith("The fitted market"))):
        assert "-" not in text
    assert "系統へ送電" in answer(found, "ja")
    for sentence in further_sentences(found, "ja"):
        assert "-" not in sentence or sentence.startswith("実績に合わせた市場")


def test_what_is_received_adds_up_in_the_sentence() -> None:
    found = campus_that_draws(np.full(48, 500.0))
    central = found.impact.central
    receivers = next(sentence for sentence in further_sentences(found, "en") if sentence.startswith("The load pays"))
    size = {"bn": 1e9, "m": 1e6}
    load, *gains = (float(number) * size[unit] for number, unit in re.findall(r"¥([\d.]+) (bn|m)\b", receivers))
    signs = [
        -1.0 if word in {"less", "falls"} else 1.0 for word in re.findall(r"\b(more|less|rises|falls)\b", receivers)
    ]
    assert len(gains) == len(signs) == 3
    received = sum(sign * gain for sign, gain in zip(signs, gains, strict=True))
    assert received == pytest.approx(central.total_yen + load, rel=2e-2)


def test_a_range_over_less_and_more_says_both() -> None:
    """A campus that draws in some hours and delivers in others: what the bids make of it differs by table."""
    found = campus_that_draws(np.where(np.arange(48) % 24 < 8, 300.0, -90.0), fast=True)
    low, high = found.impact.total_range_yen()
    assert low < 0.0 < high
    assert re.search(r": ¥[\d.]+ (bn|m) less to ¥[\d.]+ (bn|m) more over the variants", answer(found, "en"))
    assert re.search(r"円の減少から[\d.,億万]+円の増加まで", answer(found, "ja"))


def test_no_load_changes_nothing_and_no_more_is_said() -> None:
    found = ask_market(bare_load(0.0, "tokyo"), load_catalogue())
    assert answer(found, "en") == "A load of 0 MW does not change what others pay for power."
    assert further_sentences(found, "en") == further_sentences(found, "ja") == []
    island = campus_that_draws(np.zeros(48))
    assert (
        answer(island, "en") == "campus, which draws nothing from the grid, does not change what others pay for power."
    )
    (only,) = further_sentences(island, "en")
    assert only.endswith("as planned, nothing more.")
    (said,) = further_sentences(island, "ja")
    assert said.endswith("計画どおりなら増減なしです。")


def test_bids_alone_are_said_to_be_a_bound_and_balance_no_payments() -> None:
    fast = ("impact", "--load", "0.5", "--area", "tokyo", "--fast", "--lang")
    text = " ".join(CliRunner().invoke(app, [*fast, "en"]).stdout.split())
    assert "while nobody bids otherwise" in text
    assert "an upper bound:" in text
    assert "the slope of prices that was seen among them" in text
    assert "Payments and receipts" not in text
    assert "短期の上限" in "".join(CliRunner().invoke(app, [*fast, "ja"]).stdout.split())


def test_a_large_campus_that_draws_little_is_answered_fast() -> None:
    """1,500 MW of which the grid gives 200: the bids know what is drawn, and nothing of the whole load taken flat."""
    load = np.where(np.arange(9) == TOKYO, 200.0, 0.0)
    for whole_mw, known in ((1500.0, False), (900.0, True)):
        asked = CampusLoad("campus", "plan", load, CampusDraw(whole_mw), load / 200.0 * whole_mw)
        found = ask_market(asked, load_catalogue(), fast=True)
        assert found.impact.central.total_yen > 1e9
        assert (found.inflexible is not None) == known
        assert any(sentence.startswith("Taken flat") for sentence in further_sentences(found, "en")) == known


def test_beyond_the_bids_is_judged_by_all_areas_together() -> None:
    """600 MW in each of two areas that mostly share their price are beyond 1,000 MW."""
    load = np.zeros(9)
    load[[TOKYO, 0]] = 600.0
    found = ask_market(CampusLoad("", "load", load, CampusDraw(1200.0)), load_catalogue())
    assert found.impact.most_mw == 1200.0
    assert any("1,000 MW" in note for note in note_sentences(found, "en"))


def test_sites_without_an_exchange_are_named(tmp_path: Path) -> None:
    lines = ["[national]", 'name = "a study"', "[[tranche]]", 'id = "all"', "it_load_mw = 10"]
    for site in ("okinawa", "inzai"):
        lines += ["[[site]]", f'id = "{site}"', "connection_mw = 10"]
    path = tmp_path / "study.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    asked = load_of_study(read_national(path), load_catalogue())
    assert asked.left_out == ("okinawa",)
    assert asked.load_mw.sum() == 10.0
    found = ask_market(asked, load_catalogue(), fast=True)
    for language in ("ja", "en"):
        assert any("okinawa" in note for note in note_sentences(found, language))


def test_the_site_of_a_plan_without_an_exchange_is_named_and_draws_nothing_elsewhere() -> None:
    sites = tuple(
        SimpleNamespace(candidate=SimpleNamespace(id=name, area=area), energy_mwh={"import": 8760.0 * mw})
        for name, area, mw in (("okinawa", "okinawa", 30.0), ("inzai", "tokyo", 20.0))
    )
    plan = SimpleNamespace(sites=sites, study=SimpleNamespace(national=SimpleNamespace(name="a plan")))
    asked = load_of_national_plan(plan)
    assert asked.left_out == ("okinawa",)
    assert asked.load_mw.sum() == pytest.approx(20.0)
    found = ask_market(asked, load_catalogue(), fast=True)
    for language, said in (("ja", "どの価格も動かさず"), ("en", "moves no price")):
        assert any("okinawa" in note and said in note for note in note_sentences(found, language))
