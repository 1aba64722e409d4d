"""Ways of a campus to power: room of ties, costs until the firm connection, designs and the queue, by hand."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from tests.cases.purchases import campus
from tests.unit.test_market import two_areas
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import InputError
from kiban.finance import connecting
from kiban.finance.connecting import (
    Connecting,
    at_times,
    compare_connections,
    costs_until_firm,
    ready_at,
    value_of_starting,
)
from kiban.finance.waiting import Walk
from kiban.market.clearing import Clearing, clear
from kiban.market.congestion import Calls, count_calls, import_room_mw, unused_plants_mw
from kiban.planning.building import build
from kiban.planning.preparation import prepare
from kiban.quantities import Language
from kiban.report.connecting import connecting_text
from kiban.scenario import Scenario, parse_scenario

HOURS_PER_YEAR = 8760.0
WALK = Walk(volatility=0.25, riskless_rate=0.01, payout=0.08, growth=0.0)


def cleared(limit_mw: float, more_east_mw: tuple[float, ...]) -> Clearing:
    """Two areas, whose east has so much more demand in each hour; see `two_areas`."""
    more = np.array([[0.0, more] for more in more_east_mw])
    return clear(two_areas(limit_mw, hours=len(more)).with_demand(more))


def test_a_load_is_called_where_the_ties_have_less_room_than_it_needs() -> None:
    # East needs 600 MW and gets 300, all that the tie carries; then 100 MW, all over the tie: 200 are left.
    found = cleared(300.0, (0.0, -500.0))
    np.testing.assert_allclose(import_room_mw(found, "east"), [0.0, 200.0], atol=1e-3)
    # West could stop to send, and be sent as much again.
    np.testing.assert_allclose(import_room_mw(found, "west"), [600.0, 400.0], atol=1e-3)
    calls = count_calls(found, "east", 250.0)
    assert (calls.hours, calls.energy_mwh) == (2, pytest.approx(300.0, abs=1e-2))
    assert calls.kept_share == pytest.approx(1.0 - 300.0 / 500.0, abs=1e-4)
    assert count_calls(found, "east", 150.0).hours == 1
    assert count_calls(found, "west", 350.0).hours == 0


def test_idle_plants_make_room_where_they_are_counted() -> None:
    found = cleared(300.0, (0.0,))
    # East makes 300 of its 1,000 MW, west 500.
    np.testing.assert_allclose(unused_plants_mw(found, "east"), [700.0], atol=1e-3)
    assert count_calls(found, "east", 600.0, with_plants=True).hours == 0
    assert count_calls(found, "east", 800.0, with_plants=True).energy_mwh == pytest.approx(100.0, abs=1e-2)
    assert count_calls(found, "east", 600.0).energy_mwh == pytest.approx(600.0, abs=1e-2)


def test_an_area_that_sheds_load_has_no_room_though_its_tie_has() -> None:
    # All 2,000 MW run, 300 are given up in one of the areas, and the tie is nowhere near its limit.
    found = cleared(50_000.0, (1500.0,))
    shed = found.output_mw(found.market.blocks[1])[0]
    assert shed.sum() == pytest.approx(300.0, abs=1e-3)
    for area, lost in zip(("west", "east"), shed, strict=True):
        assert (import_room_mw(found, area)[0] == 0.0) == (lost > 1.0)
    assert (shed > 1.0).any()


def test_more_load_is_called_no_less() -> None:
    found = cleared(300.0, (0.0, -400.0, -500.0, -550.0))
    calls = [count_calls(found, "east", load) for load in (50.0, 150.0, 250.0, 500.0)]
    assert [one.hours for one in calls] == sorted(one.hours for one in calls)
    assert calls[0].hours < calls[-1].hours
    assert all(a.energy_mwh < b.energy_mwh for a, b in itertools.pairwise(calls))


def test_the_room_of_an_hour_is_that_of_its_day_in_another_year() -> None:
    hours = np.arange("2022-04-01T00", "2023-04-01T00", dtype="datetime64[h]")
    series = np.arange(8760.0)
    time = pd.DatetimeIndex(["2019-04-02 03:00", "2019-03-31 23:00", "2020-02-29 05:00"], tz="Asia/Tokyo")
    like = series[(hours == np.datetime64("2023-02-28T05"))][0]
    np.testing.assert_array_equal(at_times(series, hours, time, 1.0), [27.0, 8759.0, like])
    # A step of two hours has the lesser of both: after the last hour of March comes the first of April.
    np.testing.assert_array_equal(at_times(series, hours, time[:2], 2.0), [27.0, 0.0])


def test_costs_of_a_way_by_hand() -> None:
    costs = costs_until_firm(1.5, 3.0, 0.1, 0.0, 5.0)
    assert len(costs) == 61
    assert np.isinf(costs[:18]).all()
    np.testing.assert_allclose(costs[[18, 24, 30, 36, 60]], [1.15, 1.1, 1.05, 1.0, 1.0])
    # A day between two steps is not reached at the earlier one.
    assert np.isinf(costs_until_firm(1.51, 3.0, 0.1, 0.0, 5.0)[18])
    np.testing.assert_array_equal(np.isinf(ready_at(0.0, 1.0)), False)


def test_the_right_to_begin_in_a_month_by_hand() -> None:
    up = math.exp(0.25 / math.sqrt(12.0))
    rise = WALK.chance(0.01 - 0.08, 1.0 / 12.0)
    by_hand = math.exp(-0.01 / 12.0) * rise * (up - 1.0)
    assert value_of_starting(ready_at(1.0 / 12.0, 1.0 / 12.0), WALK) == pytest.approx(by_hand, rel=1e-12)


def test_later_or_dearer_is_worth_less_and_never_less_than_to_wait_for_the_firm_one() -> None:
    later = [value_of_starting(ready_at(years, 15.0), WALK) for years in (0.0, 1.0, 3.0, 7.0)]
    assert later == sorted(later, reverse=True)
    dearer = [value_of_starting(costs_until_firm(1.0, 7.0, extra, 0.03, 15.0), WALK) for extra in (0.0, 0.01, 0.1, 9.0)]
    assert dearer == sorted(dearer, reverse=True)
    assert dearer[0] == later[1]
    assert dearer[-1] == pytest.approx(later[-1], rel=1e-12)


def small(**sections: object) -> Scenario:
    """Twenty MW of even load in Tokyo, four days."""
    raw = campus({}, **sections)
    del raw["procurement"]
    return parse_scenario(raw)


@pytest.fixture(scope="module")
def found() -> Connecting:
    return compare_connections(small())


def test_each_way_costs_what_its_design_does(found: Connecting) -> None:
    catalogue = load_catalogue()
    firm, non_firm, temporary = found.ways
    assert firm.cost_myen_per_year == pytest.approx(build(small()).net_cost_myen_per_year, rel=1e-8)
    assert (firm.extra_myen_per_year, found.connection_mw) == (0.0, pytest.approx(24.0))
    fuel = catalogue.value("backup_gas_engine.fuel_cost") + catalogue.value("backup_gas_engine.variable_om")
    engines = 24.0 * (catalogue.value("national.temporary_gas.annual_cost") + HOURS_PER_YEAR * fuel)
    assert temporary.cost_myen_per_year == pytest.approx(20.0 * 1.0 + engines, rel=1e-6)
    assert found.calls is not None
    assert found.calls.hours == 0 or non_firm.value_myen is None or non_firm.extra_myen_per_year >= -1e-6


def test_a_non_firm_connection_has_the_room_of_each_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = np.arange("2022-04-01T00", "2023-04-01T00", dtype="datetime64[h]")
    room = np.where(hours == np.datetime64("2023-01-02T05"), 0.0, 1e4)
    monkeypatch.setattr(connecting, "import_room_mw", lambda clearing, area: room)
    monkeypatch.setattr(connecting, "count_calls", lambda *_, with_plants: Calls(1, 24.0, 0.0))
    scenario = small(backup={"technology": "diesel", "critical_share": 0.0})
    firm, non_firm, _ = compare_connections(scenario).ways
    preparation = prepare(scenario)
    resources = preparation.resources_for(preparation.cooling_systems[0])
    # One hour of four days is 91.25 of a year: diesel in the place of the grid, and the engines for it.
    dearer = resources.backup.fuel_cost_myen_per_mwh[29] - resources.grid.price_myen_per_mwh[29]
    by_hand = 24.0 * (resources.backup.annual_cost_myen_per_mw + HOURS_PER_YEAR / 96.0 * dearer)
    assert non_firm.extra_myen_per_year == pytest.approx(by_hand, rel=1e-6)
    assert firm.extra_myen_per_year == 0.0


def test_the_queue_and_the_years_of_waiting(found: Connecting) -> None:
    firm, _, temporary = found.ways
    assert (found.area, found.lead_years) == ("tokyo", 7.0)
    assert [way.ready_years for way in found.ways] == [7.0, 3.0, 1.5]
    paid = temporary.extra_by_year_myen
    assert (temporary.first_year, len(paid), paid[-1]) == (2, 6, 0.0)
    assert paid[-2] == pytest.approx(temporary.extra_myen_per_year, rel=0.05)
    assert found.a_year_earlier_myen >= 0.0
    assert found.best.value_myen == max(way.value_myen for way in found.ways if way.value_myen is not None)
    assert firm.value_myen <= found.best.value_myen


def test_an_area_without_ties_knows_no_calls() -> None:
    place = {"name": "x", "latitude_deg": 26.4, "longitude_deg": 127.9, "area": "okinawa", "utc_offset_hours": 9}
    answer = compare_connections(small(site=place))
    assert answer.calls is None
    assert [way.name for way in answer.ways] == ["firm", "temporary"]


def test_no_grid_and_no_area_are_said() -> None:
    for sections in ({"grid": {"enabled": False}}, {"site": {**campus({})["site"], "area": None}}):
        with pytest.raises(InputError, match="lead time"):
            compare_connections(small(**{**sections, "backup": {"technology": "diesel"}}))


def test_the_command_says_the_same_in_both_languages(found: Connecting, tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "small.toml"
    file.write_text(
        'name = "Purchases"\n[site]\nname = "Bench"\nlatitude_deg = 35.8\nlongitude_deg = 140.1\narea = "tokyo"\n'
        'utc_offset_hours = 9\n[weather]\nsource = "none"\n[time]\nfirst_hour = 0\nhours = 96\n[load]\n'
        'it_load_mw = 20.0\nfirm_shape = "flat"\ndeferrable_share = 0.0\nit_annual_cost_myen_per_mw = 1.0\n'
        'chip = "none"\n[cooling]\npue = 1.2\n[battery]\nenabled = false\n[backup]\ntechnology = "none"\n'
        "critical_share = 0.0\n[grid]\nprice_myen_per_mwh = 0.012\nclean_share = 0.2\n"
        "emission_factor_t_per_mwh = 0.4\n",
        encoding="utf-8",
    )
    answer = CliRunner().invoke(app, ["connect", str(file), "--json"])
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert [way["name"] for way in document["ways"]] == [way.name for way in found.ways]
    assert document["best"] == found.best.name
    for language, word in (("en", "hired engines"), ("ja", "仮設の発電機")):
        said = CliRunner().invoke(app, ["connect", str(file), "--lang", language])
        assert said.exit_code == 0
        assert word in said.stdout
        assert "…" not in said.stdout


def test_a_value_moves_with_what_is_assumed(found: Connecting) -> None:
    calm = replace(WALK, volatility=0.12)
    assert value_of_starting(ready_at(3.0, 15.0), calm) < value_of_starting(ready_at(3.0, 15.0), WALK)
    assert found.capital_myen >= 0.0


PV = {"pv": {"availability": 0.2, "annual_cost_myen_per_mw": 40.0}}
"""Sun that an island takes rather than burn: 22.8 yen/kWh, dearer than the grid."""


def test_engines_beside_no_grid_buy_nothing_whatever_the_ways_to_buy(found: Connecting) -> None:
    bought = compare_connections(parse_scenario(campus({"menu": {}})))
    assert bought.ways[-1].name == "temporary"
    assert bought.ways[-1].cost_myen_per_year == pytest.approx(found.ways[-1].cost_myen_per_year, rel=1e-6)
    assert bought.ways[0].cost_myen_per_year != pytest.approx(found.ways[0].cost_myen_per_year, rel=1e-3)


def test_a_budget_moves_no_way() -> None:
    """Each way is at least cost: a budget that the firm campus keeps and engines do not is none of theirs."""
    least = compare_connections(small(supply=PV))
    for budget in (4800.0, 6000.0):
        objective = {"objective": "emissions", "budget_myen_per_year": budget}
        aimed = compare_connections(small(supply=PV, target=objective))
        for one, other in zip(aimed.ways, least.ways, strict=True):
            assert one.cost_myen_per_year == pytest.approx(other.cost_myen_per_year, rel=1e-6)


def test_what_is_said_of_calls_holds(found: Connecting) -> None:
    def say(answer: Connecting, language: Language) -> str:
        console = Console(width=1000)
        with console.capture() as capture:
            console.print(connecting_text(small(), answer, language))
        return capture.get()

    never = replace(found, calls=Calls(0, 0.0, 1.0), calls_with_plants=Calls(0, 0.0, 1.0))
    often = replace(found, calls=Calls(7, 84.0, 0.5), calls_with_plants=Calls(3, 36.0, 0.5))
    # Cheap sun all day: no connection is built, which says nothing of the ties of Tokyo.
    alone = compare_connections(small(supply={"pv": {"availability": 1.0, "annual_cost_myen_per_mw": 15.0}}))
    assert alone.connection_mw == 0.0
    few = replace(found, ways=(*found.ways[:2], replace(found.ways[2], cost_myen_per_year=None, value_myen=None)))
    assert "With hired engines the campus has no design" in say(few, "en") and "設計がありません" in say(few, "ja")
    assert "has no design" not in say(found, "en")
    assert "in no hour" in say(never, "en") and "抑制されません" in say(never, "ja")
    assert "in 7 hours" in say(often, "en") and "7時間" in say(often, "ja")
    assert "no ties" not in say(alone, "en") and "takes nothing from the grid" in say(alone, "en")
    assert "連系していない" not in say(alone, "ja") and "受電しない" in say(alone, "ja")
