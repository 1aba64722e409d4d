"""Ramps, least loads, whole units, degradation and carbon of building: by hand, and against HiGHS."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cases import make_resources
from tests.unit.test_connection_limits import campus

from kiban.errors import InputError
from kiban.linear import solve
from kiban.linear.branching import solve_branching
from kiban.linear.solvers import _solve_continuous
from kiban.planning.building import build
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.report.messages import say

GAS = {
    "availability": 1.0,
    "annual_cost_myen_per_mw": 10.0,
    "variable_cost_myen_per_mwh": 0.02,
    "emission_t_per_mwh": 0.4,
    "clean": False,
}
ISLAND = {"enabled": False}


def island(gas, *, hours=24, load=None, folder=None, **more):
    """A campus on gas alone, or beside what else is given."""
    made = {"supply": {"gas": {**GAS, **gas}}, "backup": {"technology": "none"}, **more}
    given = campus(ISLAND, hours=hours, **made)
    if load is not None:
        (folder / "load.csv").write_text("load\n" + "\n".join(map(str, load)))
        series = {"file": "load.csv", "column": "load"}
        given = campus(
            ISLAND, hours=hours, **made, load={**given.load.model_dump(exclude_none=True), "it_load_mw": series}
        )
    return given.placed_in(folder) if folder is not None else given


def test_a_plant_that_gives_more_than_its_rating_is_smaller():
    assert build(island({"availability": 1.25})).capacities["gas_mw"] == pytest.approx(8.0, rel=1e-6)
    with pytest.raises(InputError):
        island({"availability": 1.6})


def test_degradation_counts_with_the_mean_year_of_the_life():
    plan = build(island({"degradation_per_year": 0.02, "life_years": 3.0}))
    mean = (1.0 + 0.98 + 0.98**2) / 3
    assert plan.capacities["gas_mw"] == pytest.approx(10.0 / mean, rel=1e-6)
    with pytest.raises(InputError):
        prepare(island({"degradation_per_year": 0.02})).resources_for("given")


def test_a_ramp_makes_a_plant_larger_or_a_schedule_slower(tmp_path):
    load = np.where(np.arange(24) < 12, 2.0, 10.0)
    ramp = {"ramp_share_per_hour": 0.25}
    # Nothing can take what is too much, so that the jump of 8 MW each way needs 32 MW of plant.
    assert build(island(ramp, load=load, folder=tmp_path)).capacities["gas_mw"] == pytest.approx(32.0, rel=1e-6)
    # With the battery that costs nothing the plant follows within its ramp.
    battery = {"enabled": True, "annual_cost_myen_per_mw": 0.0, "annual_cost_myen_per_mwh": 0.0}
    plan = build(island(ramp, load=load, folder=tmp_path, battery=battery))
    gas = plan.hourly["gas_mw"]
    change = np.abs(gas - np.roll(gas, 1))
    assert (change <= 0.25 * plan.capacities["gas_mw"] + 1e-6).all()
    assert plan.capacities["gas_mw"] < 12.0


def test_a_least_load_holds_while_the_plant_is_there(tmp_path):
    load = np.where(np.arange(24) < 12, 2.0, 10.0)
    grid = {"annual_cost_myen_per_mw": 1.0, "price_myen_per_mwh": 0.03, "clean_share": 0.0,
            "emission_factor_t_per_mwh": 0.5, "energy_charge_myen_per_mwh": 0.0}  # fmt: skip
    scenario = island({"least_load_share": 0.5}, load=load, folder=tmp_path)
    scenario = scenario.model_copy(update={"grid": campus(grid).grid}).placed_in(tmp_path)
    plan = build(scenario)
    built = plan.capacities["gas_mw"]
    # No more than 4 MW are built: half of it is the least that the load of 2 MW can take.
    assert built == pytest.approx(4.0, rel=1e-6)
    assert plan.hourly["gas_mw"] == pytest.approx(np.where(load == 2.0, 2.0, 4.0), abs=1e-6)


def test_only_whole_units_are_built_and_it_is_said():
    plan = build(island({"unit_mw": 4.0}))
    assert plan.capacities == pytest.approx({**plan.capacities, "gas_mw": 12.0})
    assert not [name for name in plan.capacities if "units" in name]
    (note,) = [note for note in plan.notes if note.code == "units.proven"]
    assert say(note, "en") == "whole units: 3 × 4 MW of gas, proven to be the best numbers"
    assert "3基" in say(note, "ja")


def test_carbon_of_building_is_in_the_account_and_under_the_cap_without_the_price():
    gas = {"embodied_t_per_mw": 1000.0, "life_years": 20.0}
    plan = build(island(gas, target={"carbon_price_myen_per_t": 0.01}))
    burnt = 10.0 * 8760 * 0.4
    assert plan.indicators["embodied_t_per_year"] == pytest.approx(500.0)
    assert plan.indicators["emissions_t_per_year"] == pytest.approx(burnt + 500.0)
    assert plan.costs["carbon"] == pytest.approx(0.01 * burnt)
    assert build(island(gas, target={"carbon_cap_t_per_year": burnt + 499.0})).status == "infeasible"
    assert build(island(gas, target={"carbon_cap_t_per_year": burnt + 501.0})).status == "optimal"


def with_units(seed):
    """A random site of two days whose plants come in units."""
    features = frozenset({"grid", "battery", "clean_share", "fuel_supply", "supply_limits", "ramps", "least_loads"})
    site = make_resources(seed, features, block_steps=48)
    sizes = {"pv": 0.13, "geothermal": 0.21, "gas": 0.17}
    peak = float(site.firm_mw.max())
    return replace(
        site,
        supply=tuple(
            replace(supply, unit_mw=sizes[supply.name] * peak) if supply.name in sizes else supply
            for supply in site.supply
        ),
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_search_by_the_kernel_finds_what_highs_finds(seed):
    site = with_units(seed)
    programme = write_programme(site)
    whole = solve(programme)
    found = solve_branching(programme, lambda part: _solve_continuous(part, "auto"))
    assert "highs" in whole.certificate.solver
    assert found.certificate.primal == pytest.approx(whole.certificate.primal, rel=1e-6)
    assert found.certificate.relative_gap <= 2e-7
    for supply in site.supply:
        if supply.unit_mw is not None:
            count = found.capacities[supply.name] / supply.unit_mw
            assert count == pytest.approx(round(count), abs=1e-5)
    free = replace(site, supply=tuple(replace(supply, unit_mw=None) for supply in site.supply))
    assert solve(write_programme(free)).certificate.primal <= found.certificate.primal * (1 + 1e-8)


def test_a_search_that_ends_early_says_how_far_it_came(monkeypatch):
    monkeypatch.setattr("kiban.linear.branching.MOST_PROGRAMMES", 3)
    programme = write_programme(with_units(0))
    found = solve_branching(programme, lambda part: _solve_continuous(part, "auto"))
    best = solve(programme).certificate.primal
    assert found.certificate.dual <= best * (1 + 1e-8) <= found.certificate.primal * (1 + 2e-8)
    assert found.certificate.relative_gap > 1e-3
    assert found.certificate.relative_gap == pytest.approx(
        (found.certificate.primal - found.certificate.dual) / found.certificate.primal
    )


def test_units_that_no_number_of_fits_are_refused_and_the_remedies_work():
    """Between 8 and 20 MW there is no whole number of 50: 50 MW may be built, or none."""
    gas = {**GAS, "unit_mw": 50, "min_mw": 8, "max_mw": 20}
    with pytest.raises(InputError, match=r"unit_mw is 50; no number of whole units.* at least 50, or min_mw = 0"):
        build(campus({}, supply={"gas": gas}))
    for change in ({"max_mw": 50}, {"min_mw": 0}):
        assert build(campus({}, supply={"gas": {**gas, **change}})).status == "optimal"
