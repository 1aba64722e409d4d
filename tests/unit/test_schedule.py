"""Of all optima of one cost the one that a person would run: least capacities, no rounding, nothing for nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from tests.cases import FEATURES, resources

from kiban.linear import solve
from kiban.planning import building
from kiban.planning.evaluation import compute_costs
from kiban.planning.plan import NO_SUPPLY, NO_SUPPLY_AT_TIMES
from kiban.planning.programme import write_programme
from kiban.planning.schedule import HOURLY_DUST, tidy
from kiban.report.plan.words import infeasible_sentences
from kiban.scenario import parse_scenario

PLACE = {"latitude_deg": 43.0, "longitude_deg": 141.5, "area": "hokkaido", "utc_offset_hours": 9}
LOAD = {"it_load_mw": 20, "firm_shape": "flat", "deferrable_share": 0.0, "it_annual_cost_myen_per_mw": 1}
GRID = {
    "price_myen_per_mwh": 0.03, "energy_charge_myen_per_mwh": 0.003, "annual_cost_myen_per_mw": 1,
    "clean_share": 0.3, "emission_factor_t_per_mwh": 0.5,
}  # fmt: skip


def build(raw):
    return building.build(parse_scenario(raw))


def study(**given):
    raw = {
        "name": "By hand", "site": PLACE, "time": {"hours": 24}, "weather": {"source": "none"}, "load": LOAD,
        "cooling": {"pue": 1.0}, "battery": {"enabled": False}, "grid": GRID,
        "backup": {"technology": "none", "critical_share": 0},
    }  # fmt: skip
    for section, keys in given.items():
        raw[section] = {**raw.get(section, {}), **keys}
    return raw


def test_a_hall_that_stands_already_is_as_large_as_its_load():
    plan = build(study(load={"it_annual_cost_myen_per_mw": 0, "it_load_mw": 40}))
    assert plan.capacities["it_mw"] == pytest.approx(40.0, abs=1e-6)


def test_a_connection_for_nothing_carries_what_is_drawn():
    plan = build(study(grid={"annual_cost_myen_per_mw": 0}))
    assert plan.capacities["interconnection_mw"] == pytest.approx(20.0, abs=1e-6)


def test_free_supply_for_nothing_is_what_serves():
    """A plant that costs nothing and could be a hundred times the load: as much as one hour needs."""
    farm = {"availability": 0.5, "annual_cost_myen_per_mw": 0, "max_mw": 4000}
    plan = build(study(supply={"farm": farm}))
    assert plan.capacities["farm_mw"] == pytest.approx(40.0, abs=1e-5)
    assert plan.indicators["curtailment_mwh_per_year"] == 0.0


CELLS = {
    "annual_cost_myen_per_mw": 0.0, "annual_cost_myen_per_mwh": 0.0, "round_trip_efficiency": 0.9, "life_years": 20.0,
}  # fmt: skip
IDLE = {
    "a battery": {"battery": {"enabled": True, **CELLS}},
    "a storage of one's own": {"storage": {"flywheel": CELLS}},
    "both": {"battery": {"enabled": True, **CELLS}, "storage": {"flywheel": CELLS}},
    "a store of cold": {
        "cooling": {"pue": 1.25},
        "cooling_storage": {"chiller_cop": 4.0, "chiller_heat_share": 1.0, "annual_cost_myen_per_mwh": 0.0},
    },
    "backup": {"backup": {"technology": "diesel", "annual_cost_myen_per_mw": 0.0, "fuel_cost_myen_per_mwh": 9.0}},
    "all of it": {
        "load": {"it_annual_cost_myen_per_mw": 0}, "grid": {"annual_cost_myen_per_mw": 0},
        "battery": {"enabled": True, **CELLS}, "storage": {"flywheel": CELLS},
    },
}  # fmt: skip


@pytest.mark.parametrize("case", IDLE)
def test_what_costs_nothing_and_moves_nothing_is_not_built(case):
    """Nothing can be gained by it: one price in all hours, and one plant that is always there."""
    plan = build(study(**IDLE[case], supply={"farm": {"availability": 1.0, "annual_cost_myen_per_mw": 1e5}}))
    kept = {"it_mw": 20.0, "interconnection_mw": 25.0 if "cold" in case else 20.0}
    assert {name: size for name, size in plan.capacities.items() if size} == pytest.approx(kept, rel=1e-6)


def test_what_moves_energy_and_costs_nothing_is_as_large_as_what_it_moves(tmp_path):
    (tmp_path / "s.csv").write_text("price\n" + "0.01\n" * 12 + "0.05\n" * 12)
    price = {"price_myen_per_mwh": {"file": "s.csv", "column": "price"}, "max_mw": 60}
    battery = {"enabled": True, **CELLS, "self_discharge_per_hour": 0.0}
    plan = building.build(parse_scenario(study(grid=price, battery=battery)).placed_in(tmp_path))
    moved = 20 * 12 / np.sqrt(0.9)
    assert plan.hourly["state_of_charge_mwh"].min() == 0.0
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(moved, rel=1e-5)
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(plan.hourly["state_of_charge_mwh"].max(), rel=1e-9)


DARK = {
    "plants of nothing": {"supply": {"farm": {"availability": 0.5, "annual_cost_myen_per_mw": 1, "max_mw": 0}}},
    "plants that never run": {"supply": {"farm": {"availability": 0.0, "annual_cost_myen_per_mw": 1}}},
    "a storage beside a battery": {"battery": {"enabled": True}, "storage": {"flywheel": CELLS}},
    "load that may wait": {"load": {"deferrable_share": 0.5, "max_delay_hours": 4}},
    "a share that must be backed": {"backup": {"technology": "none", "critical_share": 0.5}},
}


@pytest.mark.parametrize("case", DARK)
def test_in_whatever_way_nothing_supplies_the_load_that_is_said(case):
    plan = build(study(**{"grid": {"enabled": False}, **DARK[case]}))
    assert plan.infeasibility.collisions == (NO_SUPPLY,)


def test_hours_in_which_nothing_supplies_the_load_are_named(tmp_path):
    """A plant that rests at night, and nothing beside it: no least capacity and no battery is at fault."""
    (tmp_path / "s.csv").write_text("sun\n" + "0\n" * 8 + "1\n" * 10 + "0\n" * 6)
    farm = {"availability": {"file": "s.csv", "column": "sun"}, "annual_cost_myen_per_mw": 1}
    alone = study(grid={"enabled": False}, supply={"farm": farm})
    plan = building.build(parse_scenario(alone).placed_in(tmp_path))
    assert plan.infeasibility.collisions == (NO_SUPPLY_AT_TIMES,)
    assert plan.infeasibility.shortfall_mwh == pytest.approx(14 * 20 * 365)
    said = infeasible_sentences(plan, "en")
    assert said["title.collisions"][0].startswith("In some hours nothing supplies the load: enable the grid, backup, a")
    assert "1 Jan 2025 00:00" in said["title.hours"][1]
    assert "供給するものがない時間" in infeasible_sentences(plan, "ja")["title.collisions"][0]
    remedies = (
        {"grid": GRID},
        {"backup": {"technology": "diesel", "annual_cost_myen_per_mw": 1.0, "fuel_cost_myen_per_mwh": 0.1}},
        {"battery": {"enabled": True, **CELLS}},
        {"supply": {"farm": farm, "other": {**farm, "availability": 1.0}}},
    )
    for change in remedies:
        assert building.build(parse_scenario({**alone, **change}).placed_in(tmp_path)).status == "optimal"


@pytest.mark.parametrize("battery", [False, True])
def test_where_nothing_supplies_the_load_that_is_what_is_said(battery):
    plan = build(study(grid={"enabled": False}, battery={"enabled": battery}))
    assert plan.status == "infeasible"
    assert plan.infeasibility.collisions == (NO_SUPPLY,)
    assert infeasible_sentences(plan, "en")["title.collisions"] == [
        "Nothing supplies the load: enable the grid, a supply option or backup"
    ]
    assert "供給するものがありません" in infeasible_sentences(plan, "ja")["title.collisions"][0]


@settings(max_examples=30)
@given(resources(known=FEATURES))
def test_tidying_costs_nothing_and_leaves_no_rounding(site):
    """Whatever is free is taken down to what is needed; the costs stay, and every limit of a capacity holds."""
    free = replace(
        site,
        it_annual_costs_myen_per_mw=dict.fromkeys(site.it_annual_costs_myen_per_mw, 0.0),
        grid=replace(site.grid, annual_cost_myen_per_mw=0.0) if site.grid else None,
        backup=replace(site.backup, annual_cost_myen_per_mw=0.0) if site.backup else None,
    )
    for resources_of in (site, free):
        solution = solve(write_programme(resources_of))
        if solution.certificate is None:
            continue
        tidied = tidy(resources_of, solution)
        cost = sum(compute_costs(resources_of, tidied).values())
        assert cost == pytest.approx(solution.certificate.primal, rel=1e-7, abs=1e-4)
        for values in tidied.hourly.values():
            assert not ((values != 0) & (np.abs(values) < HOURLY_DUST)).any()
        for name, variable in (
            ("interconnection", "import"),
            ("interconnection", "export"),
            ("backup", "backup_output"),
        ):
            if variable in tidied.hourly:
                assert tidied.hourly[variable].max() <= tidied.capacities[name] + 1e-6
        assert all(tidied.capacities[name] <= solution.capacities[name] for name in solution.capacities)
