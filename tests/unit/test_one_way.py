"""Flows that can happen: by hand, against whole numbers in every step, and what the plan says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.cases import FEATURES, resources
from tests.unit.test_schedule import build, study

from kiban.errors import InputError, SolverError
from kiban.linear import exclusive, solve
from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.planning import building
from kiban.planning.one_way import add_cuts, list_pairs, solve_one_way
from kiban.planning.plan import SURPLUS
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.schedule import tidy
from kiban.report.messages import say
from kiban.report.plan.words import infeasible_sentences
from kiban.scenario import parse_scenario

TARIFF = {
    "price_myen_per_mwh": 0.018, "energy_charge_myen_per_mwh": 0.0, "annual_cost_myen_per_mw": 1,
    "export_price_myen_per_mwh": 0.040, "max_export_mw": 50,
}  # fmt: skip


def notes_of(plan, language="en"):
    return [say(note, language) for note in plan.notes if note.code.startswith("one_way.")]


def test_a_connection_does_not_sell_what_it_buys():
    """Feed-in at 40 yen, power at 18: without a plant there is nothing to sell."""
    plan = build(study(grid=TARIFF))
    assert plan.cost_myen_per_year == pytest.approx(20 * 8760 * 0.018 + 20 + 20, rel=1e-8)
    assert plan.indicators["export_mwh_per_year"] == 0.0
    assert plan.indicators["clean_share"] == pytest.approx(0.3)
    (said,) = notes_of(plan)
    # On paper 50 MW are bought to be sold again in every hour.
    assert "buy and sell at once" in said or "not both at once as it would pay on paper in 8,760 hours" in said
    assert "¥9,586.0 m" in said
    assert "proven to be least" in said
    assert "9,586.0百万円" in notes_of(plan, "ja")[0]
    # What more feed-in would be worth is nothing where nothing can be fed in.
    (worth,) = [worth for worth in plan.worths if worth.key == "grid.max_export_mw"]
    assert worth.saving_myen == 0.0


def test_a_plant_sells_what_its_load_leaves():
    farm = {"availability": 1.0, "annual_cost_myen_per_mw": 20, "min_mw": 30, "max_mw": 30}
    plan = build(study(grid=TARIFF, supply={"farm": farm}))
    assert plan.cost_myen_per_year == pytest.approx(30 * 20 - 10 * 8760 * 0.04 + 10 + 20, rel=1e-8)
    assert plan.indicators["clean_share"] == pytest.approx(1.0)
    assert plan.hourly["export_mw"] == pytest.approx(np.full(24, 10.0), abs=1e-5)


BATTERY = {
    "enabled": True, "min_power_mw": 10, "max_power_mw": 10, "min_energy_mwh": 40, "max_energy_mwh": 40,
    "round_trip_efficiency": 0.81, "self_discharge_per_hour": 0.0,
    "power_capex_myen_per_mw": 0, "energy_capex_myen_per_mwh": 0, "fixed_om_share": 0,
}  # fmt: skip


def test_a_battery_does_not_burn_what_is_paid_for():
    """At -10 yen/kWh in every hour the linear programme charges 10 MW and discharges 8.1 MW at once."""
    grid = {"price_myen_per_mwh": -0.010, "energy_charge_myen_per_mwh": 0.0, "max_mw": 50}
    battery = {key: value for key, value in BATTERY.items() if key != "fixed_om_share"}
    plan = build(study(time={"hours": 8}, grid=grid, battery=battery))
    overlap = np.minimum(plan.hourly["charge_mw"], plan.hourly["discharge_mw"])
    assert overlap.max() <= exclusive.OVERLAP
    (said,) = notes_of(plan)
    assert said.startswith("a battery charges or discharges, not both at once")
    # In n of 8 hours it charges, at most 10 n MWh and at most 10 (8 - n) / 0.81: with n = 4 that is 40 MWh, which
    # give 32.4 back; with 5 it is 37, with 3 it is 30.
    drawn_mwh = 20 * 8 + (40 - 32.4)
    bought = -0.010 * drawn_mwh * 8760 / 8
    fixed = plan.cost_myen_per_year - plan.costs["energy"]
    assert plan.costs["energy"] == pytest.approx(bought, rel=1e-7)
    assert fixed > 0


def test_a_battery_of_any_size_at_negative_prices_names_the_limits_that_help():
    price = {"price_myen_per_mwh": -0.050, "energy_charge_myen_per_mwh": 0.0}
    with pytest.raises(InputError, match=r"at once: .* set battery.max_power_mw or grid.max_mw"):
        build(study(time={"hours": 8}, grid=price, battery={"enabled": True}))
    for battery, limit in (({"max_power_mw": 10}, {}), ({}, {"max_mw": 60})):
        plan = build(study(time={"hours": 8}, grid={**price, **limit}, battery={"enabled": True, **battery}))
        assert plan.status == "optimal"


@settings(max_examples=12)
@given(site=resources(known=[name for name in FEATURES if name != "tranches"]), seed=st.integers(0, 2**32 - 1))
def test_it_is_the_optimum_of_whole_numbers_in_every_step(site, seed):
    """Random sites over a day with prices that invite both directions, against HiGHS with a number in each step."""
    assume(site.grid is not None)
    rng, steps = np.random.default_rng(seed), site.steps
    peak = float(site.firm_mw.max() + site.arrivals_mw.max())
    price = np.where(rng.random(steps) < 0.3, -0.01, site.grid.price_myen_per_mwh)
    grid = replace(
        site.grid,
        max_mw=3 * peak,
        max_export_mw=peak,
        price_myen_per_mwh=price,
        export_price_myen_per_mwh=price * rng.choice([0.5, 1.5], steps),
    )
    battery = site.battery and replace(site.battery, max_power_mw=peak, max_energy_mwh=6 * peak)
    site = replace(site, grid=grid, battery=battery)
    optimum = solve(write_programme(site))
    assume(optimum.certificate is not None)
    programme = write_programme(site)
    every = {pair: np.ones(steps, dtype=bool) for pair in list_pairs(site)}
    status, _, _, _, bound = solve_highs(exclusive._with_whole_numbers(flatten(programme), every), most_nodes=600)
    try:
        found, two_way = solve_one_way(site, optimum, solve)
    except SolverError:
        assert status != "optimal"
        return
    if status == "infeasible":
        assert found.status == "infeasible"
        return
    assert found.certificate is not None
    size = 1 + abs(found.certificate.primal)
    # A bound of whole numbers is never above what was found, and what was found never above its own gap.
    assert bound <= found.certificate.primal + 1e-6 * size
    if status == "optimal":
        assert found.certificate.dual <= bound + 1e-6 * size
        if two_way is None or two_way.gap_myen_per_year == 0:
            assert found.certificate.primal == pytest.approx(bound, rel=1e-6, abs=1e-6)
    for pair in list_pairs(site):
        assert not exclusive.find_overlaps(tidy(site, found), pair).any()


def test_cuts_hold_for_every_plan_that_keeps_to_one_direction():
    """A plan that never overlaps satisfies them: the same optimum with and without."""
    farm = {"availability": 1.0, "annual_cost_myen_per_mw": 20, "min_mw": 30, "max_mw": 30}
    grid = {**TARIFF, "export_price_myen_per_mwh": 0.010}
    preparation = prepare(parse_scenario(study(grid=grid, supply={"farm": farm})))
    site = preparation.resources_for(preparation.cooling_systems[0])
    programme = write_programme(site)
    free = solve(programme).certificate.primal
    add_cuts(programme, site)
    assert solve(programme).certificate.primal == pytest.approx(free, rel=1e-8)


def reactor(tmp_path, **more):
    """Eight hours: four in which a plant of 30 MW cannot turn down to a load of 20, four in which it stands."""
    (tmp_path / "hours.csv").write_text("on\n" + "1\n" * 4 + "0\n" * 4)
    plant = {
        "availability": {"file": "hours.csv", "column": "on"},
        "annual_cost_myen_per_mw": 5, "min_mw": 30, "max_mw": 30, "least_load_share": 1.0, **more,
    }  # fmt: skip
    cells = {"annual_cost_myen_per_mw": 1, "annual_cost_myen_per_mwh": 1000, "max_power_mw": 100}
    battery = {"enabled": True, "round_trip_efficiency": 0.81, "self_discharge_per_hour": 0.0, **cells}
    return study(time={"hours": 8}, supply={"reactor": plant}, battery=battery)


def placed(raw, tmp_path):
    return building.build(parse_scenario(raw).placed_in(tmp_path))


def test_a_battery_does_not_burn_what_a_plant_cannot_turn_down(tmp_path):
    """On paper 53 MW of charging and 43 of discharging at once burn 10 MW, for less than cells of 36 MWh cost."""
    plan = placed(reactor(tmp_path), tmp_path)
    assert np.minimum(plan.hourly["charge_mw"], plan.hourly["discharge_mw"]).max() <= exclusive.OVERLAP
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(36.0, rel=1e-6)
    drawn = 20 - 32.4 / 4
    by_hand = 30 * 5 + 36 * 1000 + 10 * 1 + 20 * 1 + drawn * 1 + 4 * drawn * 0.033 * 8760 / 8
    assert plan.cost_myen_per_year == pytest.approx(by_hand, rel=1e-8)
    assert "not both at once" in notes_of(plan)[0]


def test_surplus_that_no_schedule_takes_is_said_to_be_it_and_the_remedies_work(tmp_path):
    raw = reactor(tmp_path, availability=1.0)
    plan = placed(raw, tmp_path)
    assert plan.status == "infeasible"
    assert plan.infeasibility.collisions == (SURPLUS,)
    (said,) = infeasible_sentences(plan, "en")["title.collisions"]
    assert "more power has to be taken than finds a use" in said
    for change in ({"least_load_share": 0.5}, {"min_mw": 20, "max_mw": 20}):
        reactor_of = {**raw["supply"]["reactor"], **change}
        assert placed({**raw, "supply": {"reactor": reactor_of}}, tmp_path).status == "optimal"
    assert placed({**raw, "grid": {**raw["grid"], "max_export_mw": 20}}, tmp_path).status == "optimal"


def test_surplus_beside_a_slow_plant_is_curtailed_and_not_burnt(tmp_path):
    """Of what costs nothing more the plan throws away, and leaves the battery alone."""
    raw = reactor(tmp_path, least_load_share=0.2, min_mw=0)
    sun = {"availability": 1.0, "annual_cost_myen_per_mw": 1, "min_mw": 60, "max_mw": 60}
    plan = placed({**raw, "supply": {**raw["supply"], "sun": sun}}, tmp_path)
    assert plan.hourly["curtailment_mw"] == pytest.approx(np.full(8, 40.0), abs=1e-5)
    assert plan.hourly["charge_mw"].max() <= exclusive.OVERLAP
    assert not notes_of(plan)


def test_under_a_production_credit_plans_are_as_their_programme_has_them():
    """Said in docs/model.md: what a battery burns of what is credited is not kept from it."""
    battery = {key: value for key, value in BATTERY.items() if key != "fixed_om_share"}
    farm = {"availability": 1.0, "annual_cost_myen_per_mw": 20, "min_mw": 30, "max_mw": 30}
    off = {"grid": {"enabled": False}, "battery": battery, "supply": {"farm": farm}}
    preparation = prepare(parse_scenario(study(time={"hours": 8}, **off)))
    site = preparation.resources_for(preparation.cooling_systems[0])
    credited = replace(site, supply=(replace(site.supply[0], production_credit_myen_per_mwh=0.02),))
    optimum = solve(write_programme(credited))
    found, two_way = solve_one_way(credited, optimum, solve)
    assert two_way is None
    assert found.certificate.primal == optimum.certificate.primal
