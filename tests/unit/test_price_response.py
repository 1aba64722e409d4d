"""A price that answers to what the campus draws: the plan by hand, its bill, its market, what it does not go with."""

from dataclasses import replace

import numpy as np
import pytest

from kiban.errors import InputError, ScenarioError
from kiban.finance import search
from kiban.finance.paying import Question
from kiban.linear import solve
from kiban.market.areas import Ties
from kiban.market.blocks import Market, flat_block
from kiban.market.clearing import clear
from kiban.planning.assumptions import resting_cost_myen
from kiban.planning.building import build
from kiban.planning.evaluation import cost_at_prices_of, paid_beyond_worth
from kiban.planning.frontier import trace
from kiban.planning.preparation import prepare
from kiban.planning.price_response import find_market_slope
from kiban.planning.programme import write_programme
from kiban.report.messages import say
from kiban.scenario import parse_scenario
from kiban.scenario.package import load_package

WEEK = 168


def campus(**sections):
    """20 MW of IT at a PUE of 1.2 in Tokyo; sections replace those here."""
    return {
        "name": "Answer",
        "site": {"name": "Bench", "latitude_deg": 35.8, "longitude_deg": 140.1, "area": "tokyo", "utc_offset_hours": 9},
        "weather": {"source": "none"},
        "time": {"first_hour": 0, "hours": 96},
        "load": {
            "it_load_mw": 20.0,
            "firm_shape": "flat",
            "deferrable_share": 0.0,
            "it_annual_cost_myen_per_mw": 1.0,
            "chip": "none",
        },
        "cooling": {"pue": 1.2},
        "battery": {"enabled": False},
        "backup": {"technology": "none", "critical_share": 0.0},
        "grid": {
            "price_myen_per_mwh": 0.012,
            "energy_charge_myen_per_mwh": 0.004,
            "annual_cost_myen_per_mw": 0.0,
            "clean_share": 0.2,
            "emission_factor_t_per_mwh": 0.4,
            "price_response_yen_per_kwh_per_gw": 500.0,
        },
        **sections,
    }


def with_grid(**keys):
    return {**campus()["grid"], **keys}


def gas(cost=0.020):
    """A plant that burns at a price and costs nothing to build."""
    return {
        "engine": {
            "availability": 1.0,
            "max_mw": 100.0,
            "annual_cost_myen_per_mw": 0.0,
            "variable_cost_myen_per_mwh": cost,
            "life_years": 20.0,
            "clean": False,
        }
    }


def planned(raw):
    plan = build(parse_scenario(raw))
    assert plan.certificate is not None
    return plan


def prepared(raw):
    preparation = prepare(parse_scenario(raw))
    return preparation.resources_for(preparation.cooling_systems[0])


def test_the_bill_is_at_the_price_of_the_hour_by_hand():
    """24 MW raise 16 yen/kWh by 500 x 0.024 = 12: 28 yen on all of 24 x 8760 MWh, of which the area under the curve
    counts 22."""
    plan = planned(campus())
    energy = 24.0 * 8760.0
    assert plan.costs["energy"] == pytest.approx(0.028 * energy, rel=1e-9)
    assert plan.hourly["grid_price_myen_per_mwh"] == pytest.approx(0.028)
    assert plan.certificate.primal == pytest.approx(0.022 * energy + 20.0, rel=1e-8)
    assert plan.net_cost_myen_per_year == pytest.approx(0.028 * energy + 20.0, rel=1e-9)
    # One MWh more is worth what the market asks for it: the campus takes the price as it finds it.
    assert plan.hourly["energy_value_myen_per_mwh"] == pytest.approx(0.028, rel=1e-6)


def test_a_price_taker_buys_until_the_price_is_that_of_its_own_plant():
    """16 + 0.5 x against 20 yen: 8 MW are bought at 20. Who held back for what he moves would buy 4, at 18."""
    plan = planned(campus(supply=gas()))
    assert plan.hourly["import_mw"] == pytest.approx(8.0, rel=1e-5)
    assert plan.hourly["engine_mw"] == pytest.approx(16.0, rel=1e-5)
    assert plan.costs["energy"] == pytest.approx(0.020 * 8.0 * 8760.0, rel=1e-5)
    assert plan.hourly["energy_value_myen_per_mwh"] == pytest.approx(0.020, rel=1e-6)


def test_the_sentence_says_by_how_much():
    plan = planned(campus(supply=gas()))
    note = next(note for note in plan.notes if note.code == "grid_note.price_response")
    assert note.values["rise"] == pytest.approx(4.0, rel=1e-4)
    assert note.values["before"] == pytest.approx(16.0)
    assert note.values["cost"] == pytest.approx(0.004 * 8.0 * 8760.0, rel=1e-4)
    assert say(note, "en").startswith(
        "what the campus draws itself raises the price that it pays by 4.00 yen/kWh on average, from 16.00 to 20.00"
    )
    assert "平均4.00円/kWh上がります" in say(note, "ja")
    silent = planned(campus(grid=with_grid(price_response_yen_per_kwh_per_gw=0.0)))
    assert not any(note.code == "grid_note.price_response" for note in silent.notes)


def test_what_is_fed_in_lowers_its_price_unless_it_is_a_contract():
    """12 yen less 0.5 for each MW against a cost of 6: 12 MW are sold at 6, or all that may be at a fixed 9."""
    sold = campus(
        supply=gas(0.006),
        grid=with_grid(max_export_mw=30.0, max_mw=30.0),
        assumptions={"grid.generator_charge_energy": 0.0},
    )
    plan = planned(sold)
    assert plan.hourly["export_mw"] == pytest.approx(12.0, rel=1e-4)
    assert plan.costs["export_revenue"] == pytest.approx(-0.006 * 12.0 * 8760.0, rel=1e-4)
    fixed = planned(sold | {"grid": {**sold["grid"], "export_price_myen_per_mwh": 0.009}})
    assert fixed.hourly["export_mw"] == pytest.approx(30.0, rel=1e-5)
    assert fixed.costs["export_revenue"] == pytest.approx(-0.009 * 30.0 * 8760.0, rel=1e-5)


def storing(seed=1):
    """A campus under a price that swings, with sun and a battery."""
    rng = np.random.default_rng(seed)
    hour = np.arange(WEEK)
    price = 0.012 + 0.006 * np.sin(hour / 24 * 2 * np.pi) + 0.002 * rng.random(WEEK)
    sun = np.maximum(np.sin((hour - 6) / 24 * 2 * np.pi), 0.0) * rng.uniform(0.3, 1.0, WEEK)
    site = prepared(
        campus(
            time={"first_hour": 0, "hours": WEEK},
            battery={"annual_cost_myen_per_mw": 0.8, "annual_cost_myen_per_mwh": 0.5},
            supply={"pv": {"availability": 0.5, "annual_cost_myen_per_mw": 15.0, "max_mw": 100.0, "life_years": 20.0}},
        )
    )
    (pv,) = [one for one in site.supply if one.name == "pv"]
    return replace(
        site,
        supply=(replace(pv, availability=sun),),
        grid=replace(site.grid, price_myen_per_mwh=price, price_slope_myen_per_mwh2=3e-4),
    )


def test_no_plan_is_cheaper_at_the_prices_that_this_one_makes():
    """Plan and market agree: at its own prices, taken as they are, the plan is the optimum, to 1e-7 of its bill."""
    site = storing()
    ours = solve(write_programme(site))
    drawn = ours.hourly["import"]
    assert np.ptp(drawn) > 5.0
    assert ours.capacities["battery_energy"] > 1.0
    made = site.grid.price_myen_per_mwh + site.grid.price_slope_myen_per_mwh2 * drawn
    taken = replace(site, grid=replace(site.grid, price_myen_per_mwh=made, price_slope_myen_per_mwh2=0.0))
    beyond = 0.5 * site.grid.price_slope_myen_per_mwh2 * float(drawn @ drawn) * site.step_weight_h
    best = solve(write_programme(taken)).certificate
    assert best.primal == pytest.approx(ours.certificate.primal + beyond, rel=1e-7)


def test_a_market_of_one_area_makes_the_prices_that_the_plan_counts_on():
    """Offers that rise evenly, cleared with and without the plan's import: its prices, to a thousandth."""
    site = storing()
    drawn = solve(write_programme(site)).hourly["import"]
    slope = site.grid.price_slope_myen_per_mwh2 * 1e3  # yen/kWh for each MW
    nobody = np.zeros(0)
    ties = Ties(("tokyo",), nobody.astype(np.int64), nobody.astype(np.int64), nobody, nobody)
    offers = flat_block("offers", np.full((WEEK, 1), 400.0), 0.0, 400.0 * slope)
    lost = flat_block("unserved", np.full((WEEK, 1), 1e4), 3000.0, 3001.0)
    without = site.grid.price_myen_per_mwh * 1e3
    market = Market((without / slope)[:, None], (offers, lost), ties)
    assert clear(market).price_yen_per_kwh[:, 0] == pytest.approx(without, rel=1e-6)
    after = clear(market.with_demand(drawn[:, None])).price_yen_per_kwh[:, 0]
    assert after == pytest.approx(without + slope * drawn, rel=1e-3)


def test_steps_to_and_fro_between_market_and_plan_end_at_the_same_plan():
    """The fixed point is sought as a stranger would: prices of the last plan, a small step towards the next one."""
    site = storing()
    slope = site.grid.price_slope_myen_per_mwh2
    ours = solve(write_programme(site)).hourly["import"]
    drawn = np.zeros(WEEK)
    for turn in range(150):
        priced = replace(
            site.grid, price_myen_per_mwh=site.grid.price_myen_per_mwh + slope * drawn, price_slope_myen_per_mwh2=0.0
        )
        wanted = solve(write_programme(replace(site, grid=priced)), "kernel").hourly["import"]
        drawn = drawn + (wanted - drawn) * 2.0 / (turn + 2.0)
    price = site.grid.price_myen_per_mwh
    paid, own = float((price + slope * drawn) @ drawn), float((price + slope * ours) @ ours)
    assert paid == pytest.approx(own, rel=1e-3)


def test_the_slope_is_that_of_the_catalogue_or_the_market():
    observed = prepared(campus(grid={"price_response": "observed", "price_myen_per_mwh": 0.012, "clean_share": 0.2}))
    assert observed.grid.price_slope_myen_per_mwh2 == pytest.approx(0.43e-6)
    none = prepared(campus(grid={"price_myen_per_mwh": 0.012, "clean_share": 0.2}))
    assert none.grid.price_slope_myen_per_mwh2 == 0.0


@pytest.mark.slow
def test_the_slope_of_the_market_model_is_that_of_its_prices():
    tokyo = find_market_slope("tokyo", 1000.0)
    # The model's mean of the year; the exchange's bid curves say some 1.2, days against days 0.43.
    assert 0.1 < tokyo < 1.5
    modelled = prepared(campus(grid={"price_response": "market", "price_myen_per_mwh": 0.012, "clean_share": 0.2}))
    assert modelled.grid.price_slope_myen_per_mwh2 == pytest.approx(find_market_slope("tokyo", 20.0) * 1e-6)


def test_more_load_never_lowers_the_price_that_is_paid():
    paid = []
    for load in (5.0, 10.0, 20.0, 40.0):
        plan = planned(campus(load={**campus()["load"], "it_load_mw": load}))
        paid.append(plan.costs["energy"] / (load * 1.2 * 8760.0))
    assert paid == sorted(paid)
    assert paid[-1] > paid[0]


def test_dearer_cooling_is_shown_with_its_bill():
    """Two PUEs cannot be given, so of two systems each has the bill at its own prices."""
    raw = campus(site={"id": "inzai"}, weather={"source": "typical"}, cooling={}, load={"it_load_mw": 20.0})
    raw["grid"] = {"price_response_yen_per_kwh_per_gw": 500.0}
    raw["time"] = {"first_hour": 0, "hours": 72}
    plan = planned(raw)
    (other,) = plan.alternatives
    assert not other.is_bound
    assert other.cost_myen_per_year > plan.net_cost_myen_per_year
    alone = planned(raw | {"cooling": {"system": other.cooling_system}})
    assert other.cost_myen_per_year == pytest.approx(alone.net_cost_myen_per_year, rel=1e-6)


def test_what_it_does_not_go_with_is_refused_by_name():
    bought = campus(grid={"price_response": "observed", "price_myen_per_mwh": 0.012, "clean_share": 0.2})
    for raw, code in (
        ({**bought, "procurement": {"tariff_date": "2026-11"}}, "planning.response_procurement"),
        ({**bought, "site": {**bought["site"], "area": "okinawa"}}, "planning.response_nowhere"),
        (
            {**bought, "target": {"objective": "emissions", "budget_myen_per_year": 1e4}},
            "planning.response_objective",
        ),
    ):
        with pytest.raises(InputError) as raised:
            build(parse_scenario(raw))
        assert [problem.code for problem in raised.value.problems] == [code]
    with pytest.raises(ScenarioError) as raised:
        trace(parse_scenario(bought))
    assert raised.value.problems[0].code == "planning.response_objective"


def test_pay_takes_the_bill_at_the_price_that_answers():
    """A payment of a campus whose price answers: the energy of its cash is what the plan pays, and all sums to zero."""
    from tests.cases.payments import campus as week

    from kiban.finance.paying import Question

    asked = Question(week(grid={"price_response_yen_per_kwh_per_gw": 100.0}, supply={"geothermal": {"enabled": False}}))
    answer = asked.pay(("tax-credit",))
    plan = answer.before.plan
    assert plan.costs["energy"] > 0.0
    drawn = plan.hourly["import_mw"]
    weight = 8760.0 / drawn.size
    assert float(plan.hourly["grid_price_myen_per_mwh"] @ drawn) * weight == pytest.approx(plan.costs["energy"])
    assert plan.net_cost_myen_per_year > plan.certificate.primal + 1.0


def test_run_says_that_it_does_not_know_it():
    from tests.cases.payments import campus as week

    from kiban.operation.running import arrange

    plan = build(week(grid={"price_response": "observed"}))
    with pytest.raises(InputError) as raised:
        arrange(plan)
    (problem,) = raised.value.problems
    assert problem.code == "operation.uncovered"
    assert problem.values["names"] == ("grid.price_response",)


def test_a_campus_of_tranches_alone_moves_the_market_by_their_size():
    """Not by that of some other campus: in Hokkaido 1 GW is met by dearer plants than 30 MW."""
    raw = campus(
        grid={"price_response": "market", "price_myen_per_mwh": 0.012, "clean_share": 0.2},
        tranche=[{"name": "batch", "it_load_mw": 30.0, "price_myen_per_mwh": 0.05}],
    )
    raw["site"] = raw["site"] | {"area": "hokkaido"}
    raw["load"] = raw["load"] | {"it_load_mw": 0.0}
    slope = prepared(raw).grid.price_slope_myen_per_mwh2
    assert slope == pytest.approx(find_market_slope("hokkaido", 30.0) * 1e-6)
    assert find_market_slope("hokkaido", 1000.0) > 2 * find_market_slope("hokkaido", 30.0)


def test_what_would_give_a_design_is_the_least_where_the_price_answers_strongly():
    """1,200 MW with a wire of 500 and engines of 100: 600 MW are missing, however dear the price makes the wire."""
    engine = gas()["engine"] | {"max_mw": 100.0}
    raw = campus(supply={"engine": engine}, grid=with_grid(max_mw=500.0, price_response_yen_per_kwh_per_gw=1000.0))
    raw["load"] = raw["load"] | {"it_load_mw": 1000.0}
    plan = build(parse_scenario(raw))
    needed = {
        one.changes[0].key: (one.changes[0].needed, one.cost_myen_per_year) for one in plan.infeasibility.relaxations
    }
    assert needed["supply.engine.max_mw"][0] == pytest.approx(700.0, rel=1e-3)
    assert needed["grid.max_mw"][0] == pytest.approx(1100.0, rel=1e-3)
    # 700 MW burn at 20 yen, and 500 are bought at 16 + 500.
    bill = 8760.0 * (700.0 * 0.020 + 500.0 * 0.516) + 1000.0
    assert needed["supply.engine.max_mw"][1] == pytest.approx(bill, rel=1e-3)


def test_the_bill_rests_on_the_slope_that_was_seen():
    plan = planned(campus(grid={"price_response": "observed", "price_myen_per_mwh": 0.012, "clean_share": 0.2}))
    assert any(entry.name == "market.slope.50_hz" for entry in plan.provenance)
    assert resting_cost_myen("market.slope.50_hz", plan) == plan.costs["energy"] > 0.0


def test_demand_begins_at_the_price_that_is_there_and_not_at_what_the_bill_rises_by():
    """24 MW at 28 yen: a MW of IT more costs 1.2 x 28 and its equipment, though the bill rises by 1.2 x 40 for it."""
    question = Question(parse_scenario(campus()))
    (offered,) = question.scenario.tranche
    without = question.build_side(question.against, question.before)
    assert offered.name == "elastic"
    assert without.served_mw == pytest.approx(0.0, abs=1e-6)
    assert question.before.plan.hourly["import_mw"] == pytest.approx(24.0)
    dearer = planned(campus(load={**campus()["load"], "it_load_mw": 20.2}))
    plan, resources = question.before.plan, prepared(campus())
    more = cost_at_prices_of(plan, dearer, resources) - plan.net_cost_myen_per_year
    assert more == pytest.approx(0.2 * (1.2 * 0.028 * 8760.0 + 1.0), rel=1e-6)
    bill = dearer.net_cost_myen_per_year - plan.net_cost_myen_per_year
    assert bill == pytest.approx(0.2 * (1.2 * (0.028 + 0.0121) * 8760.0 + 1.0), rel=1e-3)
    assert plan.net_cost_myen_per_year - paid_beyond_worth(plan, resources) == pytest.approx(plan.certificate.primal)
    looked = search._Search(question, load_package("tax-credit"))
    trial = looked.at(0.3 * looked.largest)
    assert looked.design_cost(trial, trial.amount) == pytest.approx(trial.side.plan.certificate.primal)
    assert looked.is_least(trial, trial)
