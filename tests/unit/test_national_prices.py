"""Prices that answer to a national plan: two areas by hand, plan and market at rest, no slope, and a steeper one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.cases.documents import misfits

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.market.areas import ties_of
from kiban.market.blocks import Market, flat_block
from kiban.market.response import AreaMarket, area_market, hours_at
from kiban.market.storages import Storages
from kiban.market.year import default_case
from kiban.national.building import build_national
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.equilibrium import AGREED, draws_by_hour, find_equilibrium
from kiban.national.study.assembly import write_problem
from kiban.national.study.market_hours import StudyHours, market_of_study, study_hours
from kiban.progress import say_nothing
from kiban.report.layout import render
from kiban.report.national.document import NationalDocument, national_document
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import parse_national, with_price_response

CATALOGUE = load_catalogue()
HOURS = 24
AREAS = ("hokkaido", "tohoku")
GRID_MYEN = 0.010
NO_OTHERS = {
    name: {"enabled": False}
    for name in ("pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro")
}


def site_of(name: str, own_myen_per_mwh: float) -> dict[str, object]:
    """A site without cost of its own, with a plant that serves all of it at a price."""
    plant = {
        "availability": 1.0,
        "annual_cost_myen_per_mw": 0.0,
        "variable_cost_myen_per_mwh": own_myen_per_mwh,
        "emission_t_per_mwh": 0.0,
    }
    return {
        "id": name,
        "max_mw": 100.0,
        "connection_year": 2026,
        "connection_mw": 500.0,
        "fixed_cost_myen_per_year": 0.0,
        "supply": {**NO_OTHERS, "engine": plant},
    }


def two_sites(first_myen: float, second_myen: float):
    """100 MW in Hokkaido and 100 MW in Tohoku: grid power at 10 yen/kWh, or a plant of one's own."""
    return parse_national(
        {
            "national": {
                "name": "two sites", "sites": ["tomakomai", "rokkasho"], "hours": HOURS, "first_hour": 2400,
                "gap": 1e-4, "chip": "none",
            },
            "tranche": [{"id": "flat", "it_load_mw": 200}],
            "site": [site_of("tomakomai", first_myen), site_of("rokkasho", second_myen)],
            "area": {name: {"headroom_mw": 2000} for name in AREAS},
            "network": {"enabled": False},
            "cooling": {"system": "direct_liquid"},
            "battery": {"enabled": False},
            "backup": {"technology": "none", "critical_share": 0.0},
            "grid": {
                "price_myen_per_mwh": GRID_MYEN, "energy_charge_myen_per_mwh": 0.0, "annual_cost_myen_per_mw": 0.0,
            },
            "target": {"clean_share": 0.0},
        }
    )  # fmt: skip


def two_areas(tie_mw: float, slopes_yen_per_mw: tuple[float, float] = (0.01, 0.01)) -> tuple[AreaMarket, StudyHours]:
    """Supply that rises in a straight line from 10 yen/kWh in each area, 200 MW of demand in both, and one tie."""
    case = default_case(CATALOGUE)
    chosen = np.flatnonzero(case.hours.start.astype("datetime64[D]") == np.datetime64("2024-04-11"))
    assert chosen.size == HOURS
    picked = hours_at(case.hours, chosen)
    nothing, demand = np.zeros((HOURS, 2)), np.full((HOURS, 2), 200.0)
    names = [name for name in picked.__dataclass_fields__ if name.endswith("_mw")]
    hours = replace(picked, areas=AREAS, **dict.fromkeys(names, nothing) | {"demand_mw": demand})
    rises = np.array(slopes_yen_per_mw) * 1000.0
    line = replace(
        flat_block("plants", np.full((1, 2), 1000.0), 0.0, 1.0),
        low_yen_per_kwh=np.full((1, 2), 10.0),
        high_yen_per_kwh=10.0 + rises[None, :],
    )
    last = [flat_block("unserved", demand + 1000.0, 200.0, 3000.0)]
    last += [flat_block(name, nothing, 100.0, 101.0) for name in ("variable", "reserve")]
    market = Market(demand, (line, *last), ties_of(AREAS, [(*AREAS, tie_mw, tie_mw)]))
    # Prices are the same in all hours, so that a storage which loses a fifth stands still.
    still = Storages(np.array([0]), *(np.array([value]) for value in (10.0, 60.0, 0.8, 1.0)))
    whole = replace(case, hours=hours, storages=still)
    return AreaMarket(whole, market), StudyHours(chosen, np.arange(HOURS))


def at_rest(study, market: AreaMarket, hours: StudyHours):
    problem, _ = write_problem(study, CATALOGUE)
    pool = CutPool()
    gap = study.national.gap
    today = search(problem, pool, gap=gap, max_rounds=30, report=say_nothing)
    return problem, find_equilibrium(problem, pool, market, hours, today, gap=gap, max_rounds=30)


@pytest.mark.slow
def test_two_areas_apart_draw_until_the_price_is_that_of_their_own_plant() -> None:
    """Own power at 10.5 and 10.3 yen: with 0.01 yen/kWh for each MW the grid is as dear after 50 and 30 MW."""
    _, rest = at_rest(two_sites(0.0105, 0.0103), *two_areas(0.0))
    np.testing.assert_allclose(rest.draws_mw, np.tile([50.0, 30.0], (HOURS, 1)), rtol=2e-3)
    rise = rest.market.rise_yen_per_kwh(rest.after)
    np.testing.assert_allclose(rise, np.tile([0.5, 0.3], (HOURS, 1)), rtol=2e-3)
    assert rest.agrees
    assert rest.chosen_within_gap
    # Under the lines of supply: 0.01 x 50^2 / 2 and 0.01 x 30^2 / 2 thousand yen in each hour of the year.
    assert rest.dearer_myen == pytest.approx((12.5 + 4.5) * 8760 * 1e-3, rel=4e-3)


@pytest.mark.slow
def test_a_wide_tie_shares_the_rise_so_that_a_draw_in_one_area_moves_the_price_of_the_other() -> None:
    """Both areas make each MW: 0.005 yen/kWh. At 10.5 yen together 100 MW, and the price of both areas is 10.5."""
    _, rest = at_rest(two_sites(0.0105, 0.0105), *two_areas(5000.0))
    np.testing.assert_allclose(rest.draws_mw.sum(axis=1), 100.0, rtol=2e-3)
    np.testing.assert_allclose(rest.market.rise_yen_per_kwh(rest.after), 0.5, rtol=4e-3)
    # Where one plant is cheaper than the price that the other makes, its site buys nothing at all.
    _, rest = at_rest(two_sites(0.0105, 0.0103), *two_areas(5000.0))
    np.testing.assert_allclose(rest.draws_mw, np.tile([100.0, 0.0], (HOURS, 1)), atol=0.3)
    np.testing.assert_allclose(rest.market.rise_yen_per_kwh(rest.after), 0.5, rtol=4e-3)


class Unmoved(AreaMarket):
    """A market whose prices answer to nothing."""

    def rise_yen_per_kwh(self, after):
        return np.zeros_like(after.price_yen_per_kwh)


@pytest.mark.slow
def test_without_a_slope_the_plan_is_the_ordinary_one_to_the_last_digit() -> None:
    study = two_sites(0.0105, 0.0103)
    market, hours = two_areas(0.0)
    problem, rest = at_rest(study, Unmoved(market.case, market.market), hours)
    ordinary = search(problem, CutPool(), gap=study.national.gap, max_rounds=30, report=say_nothing)
    assert rest.found.cost_myen == rest.today.cost_myen == ordinary.cost_myen
    assert rest.found.choice.load_mw.tolist() == ordinary.choice.load_mw.tolist()
    for key, point in ordinary.points.items():
        assert rest.found.points[key].import_mw.tolist() == point.import_mw.tolist()
    assert rest.agrees


@pytest.mark.slow
def test_a_steeper_slope_never_lowers_the_price_nor_raises_what_is_drawn() -> None:
    study = two_sites(0.0105, 0.0104)
    found = []
    for slope in (0.001, 0.004, 0.02):
        _, rest = at_rest(study, *two_areas(60.0, (slope, slope / 2.0)))
        assert rest.agrees
        rise = rest.market.rise_yen_per_kwh(rest.after)
        found.append(((rise * rest.draws_mw).sum() / rest.draws_mw.sum(), rest.draws_mw.sum(), rest.found.cost_myen))
    for (price, drawn, cost), (steeper_price, steeper_drawn, steeper_cost) in pairwise(found):
        assert steeper_price >= price * (1 - 2e-3)
        assert steeper_drawn <= drawn * (1 + 2e-3)
        assert steeper_cost >= cost * (1 - 1e-6)


SIX = {
    "national": {
        "name": "three sites", "sites": ["tomakomai", "nanto", "kirishima"], "hours": 48, "first_hour": 2400,
        "price_response": "market",
    },
    "tranche": [{"id": "training", "it_load_mw": 500, "deferrable_share": 0.8}],
    "limits": {"max_site_mw": 300},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.3},
}  # fmt: skip


@pytest.fixture(scope="module")
def planned():
    return build_national(parse_national(SIX))


@pytest.mark.slow
def test_the_market_cleared_again_at_the_plans_draws_gives_the_prices_it_was_made_at() -> None:
    """The fixed point: nothing of the search is believed, the market is cleared anew from the catalogue."""
    study = parse_national(SIX)
    problem, _ = write_problem(study, CATALOGUE)
    market, hours = market_of_study(problem, CATALOGUE)
    _, rest = at_rest(study, market, hours)
    assert rest.agrees
    drawn = {key: point.import_mw for key, point in rest.found.points.items()}
    load = draws_by_hour(problem, drawn, market, hours)
    np.testing.assert_allclose(load, rest.draws_mw)
    assert load.sum() > 1000.0
    again = area_market(default_case(CATALOGUE), hours.chosen).clear(load)
    for number, block in enumerate(rest.problem.blocks):
        area = market.areas.index(problem.area_of(block))
        rise = (again.price_yen_per_kwh - market.before.price_yen_per_kwh)[hours.place, area] * 1e-3
        made = block.subproblems[0].model.resources.grid
        old = problem.blocks[number].subproblems[0].model.resources.grid
        weight = np.maximum(load[hours.place, area], 1.0)
        off = np.abs(made.price_myen_per_mwh - old.price_myen_per_mwh - rise) @ weight
        assert off <= AGREED * (made.price_myen_per_mwh @ weight)
    # At these prices the designs are optima, which another evaluation proves.
    assert rest.open_cost <= AGREED
    assert rest.found.bound_myen <= rest.found.cost_myen


@pytest.mark.slow
def test_the_plan_says_what_its_sites_and_all_others_pay_more(planned) -> None:
    answer = planned.price_answer
    assert answer.agrees
    assert answer.residual_yen == pytest.approx(0.0, abs=0.5)
    assert {one.area for one in answer.areas} == set(market_areas())
    # Trade carries the rise to areas without a site.
    tokyo = next(one for one in answer.areas if one.area == "tokyo")
    assert tokyo.draw_mwh == 0.0
    assert tokyo.after_yen_per_kwh > tokyo.before_yen_per_kwh
    assert answer.others_pay_myen == pytest.approx(sum(one.others_pay_myen for one in answer.areas))
    assert answer.pays_more_myen == pytest.approx(sum(one.pays_more_myen for one in answer.sites))
    assert answer.pays_more_myen > 0.0
    drawn = sum(site.energy_mwh.get("import", 0.0) for site in planned.sites)
    assert answer.draw_mwh == pytest.approx(drawn, rel=1e-4)
    assert sum(one.load_mw for one in answer.sites) == pytest.approx(500.0, rel=1e-3)
    # One window of the year has no range.
    assert answer.others_pay_low_myen is None


@pytest.mark.slow
def test_the_report_and_json_say_it_in_both_languages(planned) -> None:
    document = national_document(planned)
    assert misfits(document, NationalDocument) == []
    assert document["price_answer"]["agrees"]
    assert document["price_answer"]["sentences"]["ja"] != document["price_answer"]["sentences"]["en"]
    for language, title, said in (
        ("en", "Prices that answer to all sites", "All others pay"),
        ("ja", "全拠点の受電に応じて動く価格", "他の需要家"),
    ):
        text = render(national_text(planned, language, 100), width=100, colour=False)
        assert title in text
        assert said in text.split(title)[1]


def market_areas() -> tuple[str, ...]:
    return default_case(CATALOGUE).hours.areas


def test_a_window_draws_in_the_hours_it_holds_and_the_mean_of_their_hour_in_the_others() -> None:
    hours = default_case(CATALOGUE).hours
    time = np.arange("2023-04-11T06", "2023-04-12T12", dtype="datetime64[h]")
    place = study_hours(time, hours)
    # Two whole days are cleared, 30 hours are held.
    assert place.chosen.size == 48
    assert [str(hours.start[place.chosen[at]])[5:] for at in (0, 47)] == ["04-11T00", "04-12T23"]
    assert place.place.tolist() == list(range(6, 36))
    drawn = place.by_hour(np.arange(30.0))
    np.testing.assert_allclose(drawn[6:36], np.arange(30.0))
    # Hour 0 of the first day as that of the second, hour 23 of the second as that of the first.
    assert drawn[0] == 18.0
    assert drawn[47] == 17.0
    assert not place.is_whole_year


def test_phases_and_american_costs_have_no_prices_that_answer() -> None:
    phased = {**SIX, "phases": {"years": [2030, 2035], "last_year": 2040}}
    with pytest.raises(ScenarioError, match=r"national\.price_response"):
        parse_national(phased)
    plain = {**phased, "national": {**SIX["national"], "price_response": "none"}}
    with pytest.raises(ScenarioError, match=r"\[phases\]"):
        with_price_response(parse_national(plain))
    with pytest.raises(ScenarioError, match="United States"):
        parse_national({**SIX, "finance": {"cost_set": "united-states"}})
    assert (
        with_price_response(parse_national({**SIX, "national": plain["national"]})).national.price_response == "market"
    )
