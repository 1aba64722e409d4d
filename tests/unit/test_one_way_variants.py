"""Flows that can happen, in whatever way a scenario invites the others: against whole numbers in every step."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.test_schedule import study

from kiban.linear import exclusive, solve
from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.planning import building
from kiban.planning.one_way import list_pairs, solve_one_way
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.scenario import parse_scenario

HOURS = 8
PRICES = [-0.02, -0.01, 0.0, 0.01, 0.03, -0.03, 0.02, 0.05]
FEED_IN = [0.03, -0.01, 0.02, 0.04, 0.01, -0.04, 0.06, 0.0]
BELOW = {"price_myen_per_mwh": -0.010, "energy_charge_myen_per_mwh": 0.0, "max_mw": 60}
CHANGING = {
    "price_myen_per_mwh": {"file": "s.csv", "column": "price"}, "energy_charge_myen_per_mwh": 0.0, "max_mw": 50,
    "export_price_myen_per_mwh": {"file": "s.csv", "column": "feed_in"}, "max_export_mw": 25,
}  # fmt: skip
BATTERY = {
    "enabled": True, "min_power_mw": 10, "max_power_mw": 10, "min_energy_mwh": 40, "max_energy_mwh": 40,
    "round_trip_efficiency": 0.81, "self_discharge_per_hour": 0.0, "annual_cost_myen_per_mw": 0.0,
    "annual_cost_myen_per_mwh": 0.0,
}  # fmt: skip
OWN = {**{key: value for key, value in BATTERY.items() if key != "enabled"}, "life_years": 20.0}
UNEVEN = {**OWN, "charge_power_ratio": 2.0}
FARM = {"availability": {"file": "s.csv", "column": "sun"}, "annual_cost_myen_per_mw": 1.0}
PAID = {"availability": 1.0, "annual_cost_myen_per_mw": 1.0, "max_mw": 15, "variable_cost_myen_per_mwh": -0.005}
TANK = {
    "chiller_cop": 4.0, "chiller_heat_share": 1.0, "min_energy_mwh": 20, "max_energy_mwh": 20,
    "annual_cost_myen_per_mwh": 0.0, "charge_cop": 3.0,
}  # fmt: skip

VARIANTS = {
    "two storages at prices below zero": {"grid": BELOW, "battery": BATTERY, "storage": {"flywheel": OWN}},
    "a storage of one's own alone": {"grid": BELOW, "storage": {"flywheel": OWN}},
    "a storage that takes in faster than it gives": {"grid": BELOW, "storage": {"flywheel": UNEVEN}},
    "prices that change sign, feed-in above them at times": {"grid": CHANGING, "battery": BATTERY},
    "the same without a battery": {"grid": CHANGING},
    "the same with a plant that must be there": {
        "grid": CHANGING, "supply": {"farm": {**FARM, "min_mw": 30, "max_mw": 30}},
    },
    "a plant that is paid to run, and feed-in": {"grid": CHANGING, "supply": {"paid": PAID}, "battery": BATTERY},
    "two storages, a plant and feed-in": {
        "grid": CHANGING, "battery": BATTERY, "storage": {"flywheel": OWN}, "supply": {"farm": {**FARM, "max_mw": 40}},
    },
    "half of the hour": {"time": {"step_hours": 0.5, "hours": HOURS // 2}, "grid": CHANGING, "battery": BATTERY},
    "a connection that is away for a while": {
        "grid": {**CHANGING, "window": [{"start": "01-01 03:00", "hours": 3, "remaining_share": 0.42}]},
        "battery": BATTERY,
    },
    "load that may wait": {
        "load": {"deferrable_share": 0.4, "max_delay_hours": 4}, "grid": CHANGING, "battery": BATTERY,
    },
    "a battery filled by own plants alone": {
        "grid": CHANGING, "battery": {**BATTERY, "charge_from": "own_supply"},
        "supply": {"farm": {**FARM, "min_mw": 30, "max_mw": 40}},
    },
    "a cold store": {"grid": {**BELOW, "max_mw": 40}, "cooling_storage": TANK, "cooling": {"pue": 1.25}},
}  # fmt: skip


def scenario_of(folder, variant):
    rows = zip(PRICES, FEED_IN, np.linspace(0.0, 1.0, HOURS), strict=True)
    (folder / "s.csv").write_text("price,feed_in,sun\n" + "".join(f"{a},{b},{c:.3f}\n" for a, b, c in rows))
    given = {**{"time": {"hours": HOURS}}, **VARIANTS[variant]}
    return parse_scenario(study(**given)).placed_in(folder)


def pairs_in(plan):
    """What flows out and in of each place, MW by step."""
    hourly = plan.hourly
    yield hourly["import_mw"], hourly.get("export_mw", np.zeros(len(plan.time)))
    for name in hourly:
        if name.endswith("charge_mw") and not name.endswith("discharge_mw"):
            back = name.replace("charge_mw", "discharge_mw")
            if back in hourly:
                yield hourly[name], hourly[back]


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_variant_flows_both_ways_and_each_is_the_best_that_can_happen(variant, tmp_path):
    scenario = scenario_of(tmp_path, variant)
    plan = building.build(scenario)
    assert plan.status == "optimal"
    assert 0.0 <= plan.indicators["clean_share"] <= 1.0
    seen = list(pairs_in(plan))
    assert len(seen) == 1 + ("battery" in VARIANTS[variant]) + len(VARIANTS[variant].get("storage", {})) + (
        "cooling_storage" in VARIANTS[variant]
    )
    for there, back in seen:
        assert np.minimum(there, back).max() <= exclusive.OVERLAP
    site = prepare(scenario).resources_for(plan.cooling_system)
    programme = write_programme(site)
    every = {pair: np.ones(site.steps, dtype=bool) for pair in list_pairs(site)}
    status, _, _, _, best = solve_highs(exclusive._with_whole_numbers(flatten(programme), every), most_nodes=20_000)
    assert status == "optimal"
    found, _ = solve_one_way(site, solve(write_programme(site)), solve)
    assert found.certificate is not None
    assert found.certificate.primal == pytest.approx(best, rel=1e-6, abs=1e-6)


LARGE = {
    "round_trip_efficiency": 1.0, "min_power_mw": 50, "max_power_mw": 50, "min_energy_mwh": 190, "max_energy_mwh": 190,
}  # fmt: skip
CELLS, LOSSLESS = {**BATTERY, **LARGE}, {**OWN, **LARGE}
RESALE = {
    "by a battery": {"battery": CELLS},
    "by a storage of one's own": {"storage": {"flywheel": LOSSLESS}},
    "by both": {"battery": CELLS, "storage": {"flywheel": LOSSLESS}},
    "in half-hours": {"time": {"step_hours": 0.5, "hours": 4}, "battery": CELLS},
    "beside load that may wait": {
        "load": {"deferrable_share": 0.4, "max_delay_hours": 3}, "storage": {"flywheel": LOSSLESS},
    },
}  # fmt: skip


@pytest.mark.parametrize("variant", RESALE)
def test_what_is_bought_to_be_sold_on_leaves_the_share_of_the_load_as_it_is(variant, tmp_path):
    """A grid that is 30 % clean in every hour, nothing lost: the load is 30 % clean whatever is sold on."""
    rows = [(0.01, 0.0)] * 4 + [(0.05, 0.03)] * 4
    (tmp_path / "s.csv").write_text("price,feed_in\n" + "".join(f"{price},{sold}\n" for price, sold in rows))
    given = {"time": {"hours": HOURS}, "grid": {**CHANGING, "max_mw": 80}, **RESALE[variant]}
    plan = building.build(parse_scenario(study(**given)).placed_in(tmp_path))
    assert plan.hourly["export_mw"].max() > 1.0
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-6)
    for there, back in pairs_in(plan):
        assert np.minimum(there, back).max() <= exclusive.OVERLAP
