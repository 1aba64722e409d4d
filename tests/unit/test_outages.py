"""An outage that is survived: by hand, against all starts in one programme, and what more of it costs."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from tests.cases import make_resources
from tests.unit.test_connection_limits import campus

from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.highs import solve_highs
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.building import build
from kiban.planning.outages import OutageGuard
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.pypsa_outages import describe_outage
from kiban.planning.resources import OutageResource
from kiban.report.messages import say

BATTERY = {
    "enabled": True,
    "annual_cost_myen_per_mw": 2.0,
    "annual_cost_myen_per_mwh": 3.0,
    "round_trip_efficiency": 0.81,
    "self_discharge_per_hour": 0.0,
}
BACKUP = {"critical_share": 0.0, "annual_cost_myen_per_mw": 5.0, "fuel_cost_myen_per_mwh": 0.1}
NO_BACKUP = {"technology": "none"}


def test_a_battery_alone_is_full_at_every_hour():
    plan = build(campus({}, battery=BATTERY, backup=NO_BACKUP, outage={"hours": 3, "share": 0.5}))
    # 5 MW for 3 hours, and a tenth is lost on the way out.
    assert plan.capacities["battery_power_mw"] == pytest.approx(5.0, rel=1e-6)
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(15.0 / 0.9, rel=1e-6)
    assert plan.hourly["state_of_charge_mwh"] == pytest.approx(np.full(48, 15.0 / 0.9), rel=1e-6)
    (worth,) = [worth for worth in plan.worths if worth.name == "outage_share"]
    # One point is 0.1 MW: its power, and three hours of it.
    assert worth.saving_myen == pytest.approx(0.1 * 2.0 + 0.3 / 0.9 * 3.0, rel=1e-5)
    (note,) = [note for note in plan.notes if note.code == "outage.survived"]
    assert "3 h is survived with 50% of the firm load, whichever of the 48 steps" in say(note, "en")
    assert "48" in say(note, "ja")


def test_backup_carries_what_its_fuel_lasts_for():
    outage = {"hours": 3, "fuel_hours": 2}
    plan = build(campus({}, battery=BATTERY, backup=BACKUP, outage=outage))
    # A MW of backup carries 2 MWh for 5 million yen, 2.5 a MWh; a MWh of battery costs 3 / 0.9, and 2 a MW of power.
    # 15 MW of backup burn 30 MWh in three hours: 75. Any MW less needs 2 MWh of the battery: 6.67 instead of 5.
    assert plan.capacities["backup_mw"] == pytest.approx(15.0, rel=1e-6)
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(0.0, abs=1e-5)
    dear = build(campus({}, battery=BATTERY, backup={**BACKUP, "annual_cost_myen_per_mw": 9.0}, outage=outage))
    # At 9, ten MW that burn 20 MWh stand beside 10 MWh of battery, of 10/3 MW.
    backup, energy = dear.capacities["backup_mw"], dear.capacities["battery_energy_mwh"]
    assert 2.0 * backup + 0.9 * energy == pytest.approx(30.0, rel=1e-6)
    assert dear.capacities["battery_power_mw"] + backup >= 10.0 - 1e-6


def test_a_storage_beside_the_battery_carries_an_outage_too():
    """No battery, but a tank with 0.9 out: 5 MW for three hours are 15 / 0.9 MWh, full at every hour."""
    tank = {"charge_efficiency": 0.9, "discharge_efficiency": 0.9, "self_discharge_per_hour": 0.0}
    cost = {"annual_cost_myen_per_mw": 2.0, "annual_cost_myen_per_mwh": 3.0}
    outage = {"hours": 3, "share": 0.5}
    plan = build(campus({}, storage={"tank": {**tank, **cost}}, backup=NO_BACKUP, outage=outage))
    assert plan.capacities["storage_tank_power_mw"] == pytest.approx(5.0, rel=1e-6)
    assert plan.capacities["storage_tank_energy_mwh"] == pytest.approx(15.0 / 0.9, rel=1e-6)


def test_capacity_that_costs_nothing_stays_for_the_outage():
    free = {**BACKUP, "annual_cost_myen_per_mw": 0.0}
    plan = build(campus({}, backup=free, outage={"hours": 2}))
    assert plan.capacities["backup_mw"] >= 10.0 - 1e-6


def test_what_cannot_be_survived_is_named_with_remedies_that_work():
    backup = {**BACKUP, "max_mw": 4.0}
    scenario = campus({}, backup=backup, outage={"hours": 4, "fuel_hours": 3})
    plan = build(scenario)
    assert plan.status == "infeasible"
    assert plan.infeasibility.collisions == ("outage.hours", "outage.share")
    changes = {
        change.key: change.needed for relaxation in plan.infeasibility.relaxations for change in relaxation.changes
    }
    # 12 MWh last 4 hours at 3 MW, and no length lets 4 MW carry 10.
    assert changes == {"outage.share": pytest.approx(0.3)}
    assert build(campus({}, backup=backup, outage={"hours": 4, "fuel_hours": 3, "share": 0.3})).status == "optimal"
    with_battery = campus({}, battery={**BATTERY, "max_energy_mwh": 12.0}, backup=NO_BACKUP, outage={"hours": 4})
    (hours,) = [
        change.needed
        for relaxation in build(with_battery).infeasibility.relaxations
        for change in relaxation.changes
        if change.key == "outage.hours"
    ]
    assert hours == 1.0  # 10.8 MWh come out


def with_all_starts(site):
    """The least cost with every start's schedule in one programme; infinite where there is no design."""
    outage, battery, flat = site.outage, site.battery, flatten(write_programme(site))
    length, hours, first = outage.steps(site), site.step_hours, flat.cost.size
    kept = 1.0 - self_discharge_per_step(battery.self_discharge_per_hour, hours)
    capacity = {name: columns.start for name, columns in flat.columns.items() if columns.stop - columns.start == 1}
    entries, lower, upper = [], [], []

    def add(terms, low, high):
        entries.extend((len(lower), column, value) for column, value in terms)
        lower.append(low)
        upper.append(high)

    for start in range(site.steps):
        block = start // site.block_steps * site.block_steps
        own = first + start * length * 5
        for age in range(length):
            step = block + (start - block + age) % site.block_steps
            burn, charge, discharge, state, spill = (own + age * 5 + i for i in range(5))
            terms = [(burn, 1.0), (discharge, 1.0), (charge, -1.0), (spill, -1.0)]
            terms += [(capacity[supply.name], supply.availability[step]) for supply in site.supply]
            terms += [
                (capacity[tranche.capacity], -outage.share * site.pue[step] * tranche.shape[step])
                for tranche in site.tranches
                if not tranche.may_wait
            ]
            terms += [(capacity[m.name], outage.share * m.saving_mw[step]) for m in site.measures]
            need = outage.share * site.pue[step] * site.firm_mw[step]
            add(terms, need, need)
            for column, most in (
                (burn, "backup"),
                (charge, "battery_power"),
                (discharge, "battery_power"),
                (state, "battery_energy"),
            ):
                add([(column, 1.0), (capacity[most], -1.0)], -np.inf, 0.0)
            gained = [(charge, -battery.charge_efficiency * hours), (discharge, hours / battery.discharge_efficiency)]
            if age:
                before = (state - 5, -kept)
            elif not battery.cyclic and start == block:
                before = (capacity["battery_energy"], -kept * battery.initial_share)
            else:
                last = start - 1 if start > block else block + site.block_steps - 1
                before = (flat.columns["state_of_charge"].start + last, -kept)
            add([(state, 1.0), before, *gained], 0.0, 0.0)
        if np.isfinite(outage.fuel_hours):
            burnt = [(own + age * 5, hours) for age in range(length)]
            add([*burnt, (capacity["backup"], -outage.fuel_hours)], -np.inf, 0.0)
    count = site.steps * length * 5
    rows, columns, values = zip(*entries, strict=True)
    below = sp.coo_array((values, (rows, columns)), shape=(len(lower), first + count))
    matrix = sp.vstack([sp.hstack([flat.matrix, sp.csc_array((flat.matrix.shape[0], count))]), below])
    whole = FlatProgramme(
        **{
            **{name: getattr(flat, name) for name in FlatProgramme.__dataclass_fields__},
            "matrix": sp.csc_array(matrix),
            "cost": np.concatenate([flat.cost, np.zeros(count)]),
            "lower": np.concatenate([flat.lower, np.zeros(count)]),
            "upper": np.concatenate([flat.upper, np.full(count, np.inf)]),
            "row_lower": np.concatenate([flat.row_lower, lower]),
            "row_upper": np.concatenate([flat.row_upper, upper]),
            "integer": np.concatenate([flat.integer, np.zeros(count, dtype=bool)]),
        }
    )
    status, point, *_ = solve_highs(whole)
    return float(whole.cost @ point) + whole.constant if status == "optimal" else np.inf


COMMON = frozenset({"grid", "battery", "backup", "clean_share", "unserved", "supply_limits"})


def drawn(seed, **outage):
    """A random site of one or two days, and its outage."""
    features = COMMON | ({"tranches"} if seed % 2 else {"export"}) | ({"battery_start"} if seed % 3 == 1 else set())
    features |= {"short_steps"} if seed % 4 == 3 else set()
    site = make_resources(seed, frozenset(features), block_steps=24, blocks=1 + seed % 2)
    given = {"hours": 5.0, "share": 0.9, "fuel_hours": 2.0 if seed % 2 else np.inf}
    return replace(site, outage=OutageResource(**{**given, **outage}))


def least_cost(site):
    solution = OutageGuard(site).solve(write_programme(site))
    return solution.certificate.primal if solution.certificate else np.inf


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 7])
def test_all_starts_in_one_programme_cost_the_same(seed):
    site = drawn(seed)
    assert least_cost(site) == pytest.approx(with_all_starts(site), rel=1e-7)
    assert least_cost(replace(site, outage=None)) < least_cost(site) * (1 - 1e-6)


@pytest.mark.parametrize("seed", [1, 2])
def test_more_to_survive_never_costs_less(seed):
    site = drawn(seed)
    cost = least_cost(site)
    noise = 1e-7 * abs(cost)
    assert least_cost(drawn(seed, hours=3.0)) <= cost + noise <= least_cost(drawn(seed, hours=8.0)) + 2 * noise
    assert least_cost(drawn(seed, share=0.6)) <= cost + noise
    assert least_cost(drawn(seed, fuel_hours=1.0)) >= cost - noise
    assert least_cost(drawn(seed, fuel_hours=np.inf)) <= cost + noise


def test_the_worth_of_a_point_is_what_a_little_less_saves():
    site = drawn(1)
    guard = OutageGuard(site)
    solution = guard.solve(write_programme(site))
    (worth,) = guard.worths(solution)
    step = 1e-3
    saved = (least_cost(site) - least_cost(drawn(1, share=0.9 - step))) / step / 100
    assert worth.saving_myen == pytest.approx(saved, rel=1e-3)


def test_a_network_holds_every_start():
    site = drawn(1)
    said = describe_outage(site)["outage"]
    assert (said["steps"], said["share"], said["fuel_hours"]) == (5, 0.9, 2.0)
    assert said["served"] == ["tranche_prompt"]
    assert prepare(campus({}, outage={"hours": 3})).resources_for("given").outage == OutageResource(3.0, 1.0, np.inf)
