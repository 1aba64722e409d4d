"""What a load does to others: bid curves by hand, the hours of a plan, the command and its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len
from tests.cases.documents import misfits
from tests.properties.test_market_laws import some_days
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import ScenarioError
from kiban.market import campus as module
from kiban.market.areas import MARKET_AREAS
from kiban.market.bid_curves import load_bid_curves
from kiban.market.campus import CampusLoad, ask_market, load_of_study
from kiban.market.hours import synthetic_hours
from kiban.market.impact import find_fast_impact
from kiban.market.placements import CampusDraw
from kiban.planning.grid_draw import load_of_plan, place_in_year
from kiban.quantities import MoneyFormat
from kiban.report.layout import render
from kiban.report.market.document import ImpactDocument, impact_document
from kiban.report.market.terminal import impact_text
from kiban.scenario.examples import find_national
from kiban.scenario.national_file import read_national

TOKYO = MARKET_AREAS.index("tokyo")
HOURS = synthetic_hours(load_catalogue())
FAST = ("impact", "--load", "400", "--area", "tokyo", "--fast")


def in_tokyo(load_mw: float) -> np.ndarray:
    load = np.zeros(9)
    load[TOKYO] = load_mw
    return load


def test_a_response_runs_straight_between_the_loads_of_the_table() -> None:
    """Tokyo, April 2024, midnight."""
    curves = load_bid_curves(2024, "mean")
    known = {250.0: curves.responses_yen_per_kwh[2, 3, 0, TOKYO], 1000.0: curves.responses_yen_per_kwh[3, 3, 0, TOKYO]}
    assert list(curves.loads_mw) == [-1000.0, 0.0, 250.0, 1000.0]
    assert 0.0 < known[250.0] < known[1000.0]
    slope = (known[1000.0] - known[250.0]) / 750.0
    for load, expected in (
        (0.0, 0.0),
        (125.0, 0.5 * known[250.0]),
        (250.0, known[250.0]),
        (625.0, 0.5 * (known[250.0] + known[1000.0])),
        (1000.0, known[1000.0]),
        (1750.0, known[1000.0] + 750.0 * slope),
        (-1000.0, curves.responses_yen_per_kwh[0, 3, 0, TOKYO]),
        (-500.0, 0.5 * curves.responses_yen_per_kwh[0, 3, 0, TOKYO]),
    ):
        assert curves.rise(HOURS, in_tokyo(load))[0, TOKYO] == pytest.approx(expected, rel=1e-12)


def test_an_area_shares_the_rise_of_another_as_often_as_it_had_its_price() -> None:
    curves = load_bid_curves(2023, "median")
    rise = curves.rise(HOURS, in_tokyo(700.0))
    np.testing.assert_allclose(rise, rise[:, [TOKYO]] * curves.shared[TOKYO])
    assert (np.diag(curves.shared) == 1.0).all()
    assert ((curves.shared >= 0.0) & (curves.shared <= 1.0)).all()
    # Loads in two areas add up.
    both = in_tokyo(700.0)
    both[0] = 200.0
    alone = np.where(np.arange(9) == 0, 200.0, 0.0)
    np.testing.assert_allclose(curves.rise(HOURS, both), rise + curves.rise(HOURS, alone))


def test_a_fast_answer_is_a_range_over_four_tables_and_the_slope_and_none_without_a_load() -> None:
    impact = find_fast_impact(load_catalogue(), HOURS, in_tokyo(1000.0))
    assert [variant.name for variant in impact.variants] == [
        "bids_mean_2024", "bids_median_2024", "bids_mean_2023", "bids_median_2023", "observed_slope",
    ]  # fmt: skip
    low, high = impact.total_range_yen()
    assert 1e11 < low < high < 1e12
    # 0.43 yen/kWh for 1 GW, in the areas of 50 Hz: the least of the five.
    slope = load_catalogue().value("market.slope.50_hz")
    assert low == pytest.approx(slope * HOURS.demand_mw[:, :3].sum() * 1000.0)
    curves = load_bid_curves()
    rise = curves.rise(HOURS, in_tokyo(1000.0))
    np.testing.assert_allclose(impact.central.others_pay_yen, 1000.0 * (rise * HOURS.demand_mw).sum(axis=0))
    paid = 1000.0 * 1000.0 * (curves.price_of(HOURS) + rise)[:, TOKYO].sum()
    assert impact.central.load_pays_yen == pytest.approx(paid)
    for variant in find_fast_impact(load_catalogue(), HOURS, np.zeros(9)).variants:
        assert (variant.others_pay_yen == 0.0).all()
        assert variant.load_pays_yen == 0.0
    with pytest.raises(ScenarioError, match=r"1000"):
        find_fast_impact(load_catalogue(), HOURS, np.full(9, 112.0))


def test_a_plan_is_met_at_the_same_month_day_and_hour() -> None:
    start = np.array(["2024-04-01T00", "2024-04-01T13", "2025-01-02T03", "2025-02-28T05", "2025-12-31T23"], "M8[h]")
    places = place_in_year(start)
    assert list(places) == [90 * 24, 90 * 24 + 13, 24 + 3, 58 * 24 + 5, 8759]
    assert list(place_in_year(np.array(["2024-02-29T05"], "M8[h]"))) == [58 * 24 + 5]
    time = pd.date_range("2019-01-01", periods=2 * 48, freq="30min", tz="Asia/Tokyo")
    halves = np.arange(96, dtype=float)
    plan: Any = SimpleNamespace(
        time=time,
        hourly={"load_mw": np.full(96, 50.0), "import_mw": halves, "export_mw": np.full(96, 1.0)},
        scenario=SimpleNamespace(
            name="two days",
            site=SimpleNamespace(area="kansai", id=None),
            time=SimpleNamespace(step_hours=0.5),
            load=SimpleNamespace(deferrable_share=0.25, max_delay_hours=12),
        ),
    )
    asked = load_of_plan(plan, start)
    kansai = MARKET_AREAS.index("kansai")
    # 3 o'clock on 2 January are the steps 54 and 55; midnight and 13 o'clock are means of both days.
    assert list(asked.load_mw[:3, kansai]) == [(0 + 1 + 48 + 49) / 4 - 1, (26 + 27 + 74 + 75) / 4 - 1, 54.5 - 1]
    assert asked.load_mw.sum() == asked.load_mw[:, kansai].sum()
    assert asked.draw.flat_mw == 50.0
    assert (asked.draw.flexible_share, asked.draw.delay_hours) == (0.25, 12)
    assert asked.flat_mw is not None
    assert list(asked.flat_mw) == [50.0 if area == "kansai" else 0.0 for area in MARKET_AREAS]
    plan.scenario.site = SimpleNamespace(area=None, id=None)
    with pytest.raises(ScenarioError, match="abroad"):
        load_of_plan(plan, start)


def test_a_study_is_shared_over_the_connections_that_it_names() -> None:
    """Japan: 300 MW in Hokkaido, 300 + 150 in Tokyo, 250 in Kansai, 350 in Kyushu, of 1,350 in all."""
    path = find_national("japan")
    assert path is not None
    asked = load_of_study(read_national(path), load_catalogue())
    by_area = dict(zip(MARKET_AREAS, asked.load_mw, strict=True))
    expected = {"hokkaido": 300.0, "tokyo": 450.0, "kansai": 250.0, "kyushu": 350.0}
    assert by_area == {area: pytest.approx(3000.0 * expected.get(area, 0.0) / 1350.0) for area in MARKET_AREAS}
    # Four fifths of 2,000 MW of training may wait a day.
    assert (asked.draw.flexible_share, asked.draw.delay_hours) == (pytest.approx(1600.0 / 3000.0), 24)
    assert asked.basis == "connections"


def test_the_command_answers_from_bid_curves_as_json_and_as_text() -> None:
    done = CliRunner().invoke(app, [*FAST, "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert not misfits(found, ImpactDocument)
    assert {area["id"] for area in found["areas"]} == set(MARKET_AREAS)
    for area in found["areas"]:
        paid = area["others_pay_myen_per_year"]
        # By the slope one side of the country pays alone.
        assert (paid["low"] > 0.0) == (area["id"] in {"hokkaido", "tohoku", "tokyo"})
        assert 0.0 <= paid["low"] <= paid["central"] <= paid["high"]
        assert area["price_after_yen_per_kwh"] > area["price_before_yen_per_kwh"]
    assert found["load_mwh_per_year"] == pytest.approx(400.0 * 8760)
    assert (found["emissions_t_per_year"], found["curtailment_absorbed_mwh"]) == (None, None)
    assert found["residual_yen"] == 0.0
    assert "400 MW in Tokyo" in found["sentence"]
    for language in ("ja", "en"):
        text = CliRunner().invoke(app, [*FAST, "--lang", language], env={"COLUMNS": "80"}).stdout
        assert "2024" in text
        assert max(map(cell_len, text.splitlines())) <= 80


def test_a_fast_answer_loads_no_planning() -> None:
    """It is to be there within a second, most of which is the start of Python."""
    asked = (
        "import sys\n"
        "from kiban.finance.on_others import impact_of_load\n"
        "from kiban.report.market.terminal import impact_text\n"
        "impact_text(impact_of_load(400.0, 'tokyo', fast=True), 'en')\n"
        "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('kiban.')}))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert not {"planning", "national", "scenario", "physics", "server"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--load", "1200", "--area", "tokyo", "--fast"), "1000 MW"),
        (("--load", "5", "--area", "okinawa"), "no exchange"),
        (("--load", "5", "--area", "tokio"), "did you mean 'tokyo'"),
        (("--load", "5"), "--area"),
        (("--area", "tokyo"), "--load"),
        (("inzai", "--load", "5", "--area", "tokyo"), "leave one of them out"),
        (("--load", "5", "--area", "tokyo", "--build"), "--build"),
        (("--load", "5", "--area", "tokyo", "--fast", "--areas"), "--fast"),
        (("--load", "5", "--area", "tokyo", "--fast", "--long-run"), "--long-run clears the market"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["impact", *arguments])
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_own_power_stands_beside_the_flat_load_and_every_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days; a campus of 500 MW in Tokyo that draws at night alone."""
    days = some_days([121, 290])
    monkeypatch.setattr(module, "synthetic_hours", lambda catalogue: days)
    night = np.where(np.arange(48) % 24 < 6, 500.0, 0.0)
    load = np.zeros((48, 9))
    load[:, TOKYO] = night
    asked = CampusLoad("campus", "plan", load, CampusDraw(500.0, 0.5, 6, night), in_tokyo(500.0))
    found = ask_market(asked, load_catalogue(), everywhere=True)
    assert found.inflexible is not None
    own, flat = found.impact.central.others_pay_yen.sum(), found.inflexible.others_pay_yen.sum()
    assert 0.0 < own < flat
    placed = {placement.area: placement for placement in found.placements}
    assert list(placed) == [*MARKET_AREAS, "okinawa"]
    tokyo = placed["tokyo"]
    assert tokyo.inflexible_yen == pytest.approx(flat, rel=1e-3)
    assert tokyo.own_power_yen == pytest.approx(own, rel=1e-3)
    for area in MARKET_AREAS:
        worth = placed[area].worth_of_flexibility_yen
        assert worth is not None
        assert worth > 0.0
    assert placed["okinawa"].inflexible_yen is None
    assert abs(found.impact.residual_yen) < 1.0
    for language in ("ja", "en"):
        document = impact_document(found, language)
        assert not misfits(json.loads(json.dumps(document)), ImpactDocument)
        assert len(document["placements"]) == 10
    assert get_type_hints(ImpactDocument).keys() == document.keys()
    average = 500.0 * 6 / 24 * 8760 * load_catalogue().value("grid.tokyo.emission_factor")
    assert found.average_emissions_t == pytest.approx(average)


@pytest.mark.slow
def test_the_long_run_stands_beside_the_short_one_with_the_load_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days, in which 3 GW in Tokyo call for plants."""
    days = some_days([121, 290])
    monkeypatch.setattr(module, "synthetic_hours", lambda catalogue: days)
    asked = CampusLoad("", "load", in_tokyo(3000.0), CampusDraw(3000.0, 0.0, 0.0))
    found = ask_market(asked, load_catalogue(), long_run=True)
    assert found.beyond is not None
    long, short = found.beyond.long_run, found.impact.central
    assert 0.0 < long.total_yen < short.total_yen
    assert long.after.largest_profit() < 5e-3
    more = {name: mw.sum() for name, mw in long.entered_mw.items()}
    assert sum(more.values()) > 100.0
    margins = (found.beyond.adequacy_before.reserve_margin, found.beyond.adequacy_after.reserve_margin)
    assert margins[1][TOKYO] < margins[0][TOKYO]
    others = [place for place in range(9) if place != TOKYO]
    np.testing.assert_array_equal(margins[0][others], margins[1][others])
    for language in ("ja", "en"):
        document = impact_document(found, language)
        assert not misfits(json.loads(json.dumps(document)), ImpactDocument)
        assert document["long_run"] is not None
        assert sum(area["others_pay_myen_per_year"] for area in document["long_run"]["areas"]) == pytest.approx(
            document["long_run"]["others_pay_myen_per_year"]
        )
        entered = {name: sum(area["entered_mw"][name] for area in document["long_run"]["areas"]) for name in more}
        assert entered == pytest.approx(more)
        assert [area["id"] for area in document["adequacy"]] == list(MARKET_AREAS)
        text = render(impact_text(found, language), width=80, colour=False)
        assert max(map(cell_len, text.splitlines())) <= 80
        said = MoneyFormat(language).amount(long.total_yen / 1e6)
        assert any(said in sentence for sentence in document["sentences"])
        assert said in text.replace("\n", "")
    assert document["adequacy"][TOKYO]["reserve_margin_after"] == margins[1][TOKYO]
