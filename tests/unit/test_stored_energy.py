"""The clean share follows energy through storage and sale: by hand, as a target, and within 0 and 1 on any site."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.cases import FEATURES, resources
from tests.unit.test_schedule import build, study

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.planning.choice import choose, prove
from kiban.planning.evaluation import compute_load
from kiban.planning.hours import clean_energy
from kiban.planning.programme import write_programme
from kiban.planning.schedule import tidy
from kiban.planning.stored_energy import (
    follow_stored_energy,
    least_bought_unclean,
    list_sources,
    list_stores,
    may_lose_purchases,
)

BATTERY = {
    "enabled": True, "min_power_mw": 60, "max_power_mw": 60, "min_energy_mwh": 900, "max_energy_mwh": 900,
    "round_trip_efficiency": 1.0, "self_discharge_per_hour": 0, "annual_cost_myen_per_mw": 0,
    "annual_cost_myen_per_mwh": 0,
}  # fmt: skip
SERIES = {
    "price": [0.010] * 8 + [0.035] * 16, "export": [0.005] * 8 + [0.030] * 16,
    "night": [1] * 8 + [0] * 16, "sun": [0] * 8 + [1] * 8 + [0] * 8,
}  # fmt: skip


@pytest.fixture
def trade(tmp_path):
    """Builds case 20, with changes: a battery buys at night, serves the day and sells the rest."""
    file = tmp_path / "day.csv"
    rows = zip(*SERIES.values(), strict=True)
    file.write_text("\n".join([",".join(SERIES), *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    grid = {
        "price_myen_per_mwh": "price", "energy_charge_myen_per_mwh": 0, "annual_cost_myen_per_mw": 1,
        "max_export_mw": 50, "export_price_myen_per_mwh": "export", "clean_share": 0.3,
    }  # fmt: skip

    def lay(value):
        if isinstance(value, dict):
            return {key: lay(item) for key, item in value.items()}
        return {"file": str(file), "column": value} if value in SERIES else value

    def build_trade(**changes):
        raw = study(battery=BATTERY, grid=grid)
        for section, keys in changes.items():
            raw[section] = {**raw.get(section, {}), **keys}
        return build(lay(raw))

    return build_trade


def test_what_is_sold_on_is_not_used_here(trade):
    """640 MWh are bought a day, 160 sold, 480 used: 30 % of each are clean, not 1 - 0.7 x 640 / 480 = 6.7 %."""
    plan = trade()
    assert plan.indicators["import_mwh_per_year"] == pytest.approx(640 * 365, rel=1e-7)
    assert plan.indicators["export_mwh_per_year"] == pytest.approx(160 * 365, rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-7)
    assert plan.hourly["unclean_mw"].sum() == pytest.approx(0.7 * 480, rel=1e-6)
    # Of a week or an hour no more can be unclean than is used.
    assert (clean_energy(plan)[0] <= plan.hourly["load_mw"]).all()


def test_twice_the_trade_leaves_the_share(trade):
    larger = {"min_power_mw": 120, "max_power_mw": 120, "min_energy_mwh": 1800, "max_energy_mwh": 1800}
    plan = trade(battery=larger, grid={"max_export_mw": 100})
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-7)


@pytest.mark.parametrize("sold", [0, 50])
@pytest.mark.parametrize("standing", [0.0, 0.001])
def test_losses_have_the_mix_of_what_is_bought(trade, sold, standing):
    """A site that buys all of its energy is as clean as what it buys, however much its battery loses."""
    lossy = {"round_trip_efficiency": 0.81, "self_discharge_per_hour": standing}
    plan = trade(battery=lossy, grid={"max_export_mw": sold})
    assert plan.indicators["import_mwh_per_year"] > plan.indicators["export_mwh_per_year"] + 1.1 * 480 * 365
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-7)
    fossil = trade(battery=lossy, grid={"max_export_mw": sold, "clean_share": 0.0})
    assert fossil.indicators["clean_share"] == pytest.approx(0.0, abs=1e-7)


def test_the_target_is_held_by_the_share_that_is_shown(trade):
    """Trading costs no clean share: what is reached without a target can be asked for, and a little more cannot."""
    lossy = {"round_trip_efficiency": 0.81}
    free, held = trade(battery=lossy), trade(battery=lossy, target={"clean_share": 0.3})
    assert held.cost_myen_per_year == pytest.approx(free.cost_myen_per_year, rel=1e-6)
    assert held.indicators["clean_share"] == pytest.approx(0.3, abs=1e-7)
    beyond = trade(battery=lossy, target={"clean_share": 0.301})
    assert beyond.status == "infeasible"
    assert "target.clean_share" in beyond.infeasibility.collisions


def test_a_mix_that_changes_is_kept_by_its_hour(trade):
    """Clean at night, not by day: 8 hours of 20 MW and what is stored for the day are clean, whatever is sold."""
    mixed = {"clean_share": "night", "max_mw": 40}
    plan = trade(grid=mixed, target={"clean_share": 0.6})
    # Of 40 MW at night 20 serve, 20 are stored: 160 MWh for 16 hours, 320 of 480 in all.
    assert trade(grid=mixed, target={"clean_share": 0.6666}).status == "optimal"
    assert trade(grid=mixed, target={"clean_share": 0.6667}).status == "infeasible"
    assert plan.indicators["clean_share"] >= 0.6 - 1e-7


def test_losses_are_met_from_own_output_first(trade):
    """A plant of 100 MWh a day beside a battery that loses 40: what is bought counts in full, 1 - 0.7 x 420 / 480."""
    farm = {"availability": "sun", "annual_cost_myen_per_mw": 0, "min_mw": 12.5, "max_mw": 12.5}
    lossy = {
        "round_trip_efficiency": 0.81, "min_power_mw": 26.31578947, "max_power_mw": 26.31578947,
        "min_energy_mwh": 900, "max_energy_mwh": 900,
    }  # fmt: skip
    plan = trade(battery=lossy, grid={"max_export_mw": 0}, supply={"farm": farm})
    lost = (plan.hourly["charge_mw"] - plan.hourly["discharge_mw"]).sum()
    assert lost == pytest.approx(0.19 * 8 * 26.31578947, rel=1e-6)
    bought = 480 + lost - 100
    assert plan.hourly["import_mw"].sum() == pytest.approx(bought, rel=1e-6)
    assert "unclean_mw" not in plan.hourly
    assert plan.indicators["clean_share"] == pytest.approx(1 - 0.7 * bought / 480, abs=1e-7)
    # Half of the plant covers half of the losses or so: the rest is borne by what is bought.
    small = {**farm, "min_mw": 2.5, "max_mw": 2.5}
    plan = trade(battery=lossy, grid={"max_export_mw": 0}, supply={"farm": small})
    assert plan.hourly["import_mw"].sum() == pytest.approx(480 + lost - 20, rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-6)


def test_nothing_is_written_where_the_simple_account_is_exact():
    """No sale, and a target that no purchase reaches: the programme has no account, and no second one is solved."""
    from kiban.planning.preparation import prepare
    from kiban.scenario import parse_scenario

    preparation = prepare(parse_scenario(study(battery=BATTERY, target={"clean_share": 0.31})))
    site = preparation.resources_for(preparation.cooling_systems[0])
    assert not may_lose_purchases(site)
    assert may_lose_purchases(replace(site, clean_share=0.3))
    assert not any(name.startswith(("kept_", "sold_")) for name in write_programme(site).variables)


def test_purchases_that_serve_the_load_are_no_cleaner_than_the_hours_that_the_connection_takes():
    """20 MW of load; 12 hours of a fifth and 12 of four fifths: 30 MW carry 360 of 480 MWh in the cleaner hours."""
    from kiban.planning.preparation import prepare
    from kiban.scenario import parse_scenario

    preparation = prepare(parse_scenario(study(battery=BATTERY, target={"clean_share": 0.5})))
    site = preparation.resources_for(preparation.cooling_systems[0])
    assert site.firm_energy_mwh_per_year == pytest.approx(480 * 365)
    grid = replace(site.grid, clean_share=np.repeat([0.2, 0.8], site.steps // 2), max_mw=30.0)
    assert least_bought_unclean(replace(site, grid=grid)) == pytest.approx((360 * 0.2 + 120 * 0.8) / 480)
    assert least_bought_unclean(replace(site, grid=replace(grid, max_mw=np.inf))) == pytest.approx(0.2)
    # What the connection cannot carry at all comes from elsewhere, and is not clean.
    assert least_bought_unclean(replace(site, grid=replace(grid, max_mw=10.0))) == pytest.approx(
        (120 * 0.2 + 120 * 0.8 + 240) / 480
    )
    halved = replace(grid, import_share=np.repeat([1.0, 0.5], site.steps // 2))
    assert least_bought_unclean(replace(site, grid=halved)) == pytest.approx((180 * 0.2 + 300 * 0.8) / 480)
    limited = replace(grid, import_limit_mw=np.full(site.steps, 15.0))
    assert least_bought_unclean(replace(site, grid=limited)) == pytest.approx((180 * (0.2 + 0.8) + 120) / 480)
    # Load that may go unserved asks for nothing.
    free = replace(site, grid=grid, unserved_price_myen_per_mwh=1.0)
    assert least_bought_unclean(free) == pytest.approx(0.2)


FIRM = [name for name in FEATURES if name not in {"tranches", "measures", "unserved"}]
"""Of load that nobody insists on any share is clean, as soon as there is none of it."""


@settings(max_examples=5)
@given(site=resources(known=FIRM, required=("battery", "grid", "clean_share")))
def test_a_second_programme_that_is_not_written_has_no_design(site):
    assume(not may_lose_purchases(site) and any(store.takes for store in list_stores(site)))
    try:
        second = prove(write_programme(replace(site, loses_purchases=True)), solve)
    except SolverError:
        return
    assert second.status == "infeasible"


@settings(max_examples=25)
@given(site=resources(known=[name for name in FEATURES if name != "tranches"], required=("battery", "grid")))
def test_any_site_has_a_share_between_none_and_all_that_keeps_its_target(site):
    optimum = prove(write_programme(site), solve)
    assume(optimum.status != "unbounded")
    try:
        plan = choose([(site, optimum)], [solve])[0]
    except SolverError:
        return
    assume(plan.solution.status == "optimal")
    counted, shown = plan.resources, tidy(plan.resources, plan.solution)
    load = compute_load(site, shown).sum()
    unclean = follow_stored_energy(counted, shown)
    if unclean is None:
        unclean = sum((share * shown.hourly[name] for name, share in list_sources(site)), np.zeros(site.steps))
    used = float(np.sum(unclean)) / load
    assert -1e-7 <= used <= 1.0 + 1e-6
    if site.clean_share is not None:
        assert 1.0 - used >= site.clean_share - 1e-6


@settings(max_examples=10)
@given(site=resources(required=("battery", "grid", "export", "clean_share")), part=st.floats(0.0, 1.0))
def test_a_lower_target_never_costs_more(site, part):
    costs = []
    for target in (site.clean_share * part, site.clean_share):
        asked = replace(site, clean_share=target)
        try:
            solution = choose([(asked, prove(write_programme(asked), solve))], [solve])[0].solution
        except SolverError:
            return
        costs.append(solution.certificate.primal if solution.certificate else np.inf)
    assert costs[0] <= costs[1] + 1e-6 * (min(abs(costs[1]), 1e12) + 1e4)
