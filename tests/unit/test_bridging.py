"""Time to power: hired engines and permitted hours of backup against a connection that is called."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.cases import make_resources
from tests.unit.test_connection_limits import campus

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.building import build
from kiban.planning.hours import clean_energy
from kiban.planning.programme import write_programme

CALLED = {"window": [{"kind": "call", "start": "01-01 08:00", "hours": 6}]}
HIRE = {
    "max_mw": 8.0,
    "annual_cost_myen_per_mw": 60.0,
    "fuel_cost_myen_per_mwh": 0.02,
    "emission_factor_t_per_mwh": 0.4,
}
BACKUP = {
    "critical_share": 0.0,
    "annual_cost_myen_per_mw": 5.0,
    "fuel_cost_myen_per_mwh": 0.1,
    "emission_factor_t_per_mwh": 0.7,
}


def test_hired_engines_and_backup_share_the_called_hours():
    plan = build(campus(CALLED, bridging=HIRE, backup=BACKUP))
    called = np.zeros(48, dtype=bool)
    called[8:14] = True
    # In 1,095 hours a MW of hire costs 60 + 21.9, one of backup 5 + 109.5: the hire is taken as far as it goes.
    assert plan.capacities["bridging_gas_mw"] == pytest.approx(8.0, rel=1e-6)
    assert plan.hourly["bridging_gas_mw"] == pytest.approx(np.where(called, 8.0, 0.0), abs=1e-6)
    assert plan.hourly["backup_mw"] == pytest.approx(np.where(called, 2.0, 0.0), abs=1e-6)
    assert plan.costs["bridging_gas"] == pytest.approx(480.0, rel=1e-6)
    assert plan.costs["fuel"] == pytest.approx(1095.0 * (8 * 0.02 + 2 * 0.1), rel=1e-6)
    (worth,) = [worth for worth in plan.worths if worth.name == "bridging_gas_limit"]
    assert worth.key == "bridging.max_mw"
    assert worth.saving_myen == pytest.approx(5.0 + 109.5 - 60.0 - 21.9, rel=1e-6)
    unclean, load = clean_energy(plan)
    assert unclean == pytest.approx(load, rel=1e-6)
    hired = [built for built in plan.investments if built.capacity == "bridging_gas"]
    assert [built.capex_myen for built in hired] == [0.0]


def test_the_catalogue_has_the_hire_where_the_scenario_gives_none():
    plan = build(campus(CALLED, bridging={"max_mw": 20.0}, backup={"technology": "none"}))
    assert plan.capacities["bridging_gas_mw"] == pytest.approx(10.0, rel=1e-6)
    taken = {entry.name for entry in plan.provenance}
    assert {"national.temporary_gas.annual_cost", "backup_gas_engine.fuel_cost"} <= taken


def test_hired_batteries_carry_called_hours_as_far_as_they_hold():
    """5 MW with 30 MWh carry 30 x 0.86^0.5 MWh of the 60 in the called hours, backup the rest."""
    hire = {"max_mw": 0.0, "battery_max_mw": 5.0, "battery_hours": 6.0}
    plan = build(campus(CALLED, bridging=hire, backup=BACKUP))
    assert plan.capacities["storage_bridging_battery_power_mw"] == pytest.approx(5.0, rel=1e-6)
    assert plan.capacities["storage_bridging_battery_energy_mwh"] == pytest.approx(30.0, rel=1e-6)
    carried = float(plan.hourly["storage_bridging_battery_discharge_mw"][8:14].sum())
    assert carried == pytest.approx(30 * 0.86**0.5, rel=1e-3)
    assert plan.capacities["backup_mw"] == pytest.approx(10 - carried / 6, rel=1e-3)
    assert plan.costs["storage_bridging_battery_power"] == pytest.approx(35.0 * 5, rel=1e-6)
    hired = [built for built in plan.investments if built.capacity.startswith("storage_bridging_battery")]
    assert {built.capex_myen for built in hired} == {0.0}
    (worth,) = [worth for worth in plan.worths if worth.key == "bridging.battery_max_mw"]
    more = build(campus(CALLED, bridging={**hire, "battery_max_mw": 5.1}, backup=BACKUP))
    assert worth.saving_myen * 0.1 == pytest.approx(plan.cost_myen_per_year - more.cost_myen_per_year, rel=1e-3)


def test_no_storage_of_ones_own_has_the_name_of_the_hired_one():
    tank = {"round_trip_efficiency": 0.8, "annual_cost_myen_per_mw": 1.0, "annual_cost_myen_per_mwh": 1.0}
    with pytest.raises(InputError, match="'bridging_battery' cannot name a storage"):
        campus(CALLED, storage={"bridging_battery": tank})


def test_a_permit_makes_more_backup_run_for_less_and_has_its_worth():
    free = build(campus(CALLED, backup=BACKUP))
    assert free.capacities["backup_mw"] == pytest.approx(10.0, rel=1e-6)
    plan = build(campus(CALLED, backup={**BACKUP, "permitted_hours_per_year": 500.0}))
    assert plan.capacities["backup_mw"] == pytest.approx(10.0 * 1095.0 / 500.0, rel=1e-6)
    assert plan.indicators["backup_mwh_per_year"] <= 500.0 * plan.capacities["backup_mw"] * (1 + 1e-9)
    (worth,) = [worth for worth in plan.worths if worth.name == "backup_hours"]
    # 21.9 MW at 5 million yen carry 10,950 MWh: an hour more saves 5 x 10,950 / 500 / 500.
    assert worth.saving_myen == pytest.approx(5.0 * 10950.0 / 500.0**2, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_more_permitted_hours_never_cost_more(seed):
    features = frozenset({"grid", "backup", "clean_share", "import_windows", "unserved"})
    site = make_resources(seed, features, block_steps=48)

    def cost(hours):
        backup = replace(site.backup, permitted_hours_per_year=hours)
        return solve(write_programme(replace(site, backup=backup))).certificate.primal

    costs = [cost(hours) for hours in (0.0, 100.0, 1000.0, None)]
    assert all(more <= less * (1 + 1e-8) for less, more in itertools.pairwise(costs))
