"""The reserve for an outage: by hand, in windows against a plain programme, and held until the grid is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cases.operations import VALUATION, random_campus
from tests.unit.test_operation_flexibility import flat_campus

import kiban
from kiban.operation.course import RESERVE
from kiban.operation.events import GRID, Event
from kiban.operation.facility import Facility, Store, list_wide
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.foresight import foresee
from kiban.operation.horizon import Manner, operate
from kiban.operation.outage_reserve import find_need, hold_for_outage
from kiban.operation.period import Period
from kiban.planning.plan import Plan
from kiban.planning.resources import OutageResource

SCENARIO = Path(__file__).parents[1] / "cases" / "small_run.toml"
PRICED = replace(VALUATION, reserve_myen_per_mwh=0.25)
STORE = Store(
    name="battery",
    charge_limit_mw=80.0,
    discharge_limit_mw=80.0,
    energy_mwh=400.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
    kept_per_step=1.0,
    wear_myen_per_mwh=0.0,
    initial_mwh=400.0,
)


def campus(backup_mw: float) -> tuple[Facility, object]:
    facility, conditions = flat_campus(backup_mw)
    return replace(facility, stores=(STORE,)), conditions


def test_by_hand_what_two_hours_without_the_grid_need() -> None:
    """60 MW at the meter: two hours are 120 MWh, of a store that gives 0.8 of what it holds: 150 MWh."""
    facility, conditions = campus(0.0)
    assert find_need(facility, conditions, STORE, OutageResource(2.0, 1.0, np.inf)) == pytest.approx(150.0, rel=1e-6)
    assert find_need(facility, conditions, STORE, OutageResource(2.0, 0.5, np.inf)) == pytest.approx(75.0, rel=1e-6)


def test_by_hand_the_backup_takes_its_part_while_its_fuel_lasts() -> None:
    """40 MW of backup leave 20 MW to the store: 2 h x 20 / 0.8 = 50; with fuel for one hour it is 40 MWh less: 100."""
    facility, conditions = campus(40.0)
    assert find_need(facility, conditions, STORE, OutageResource(2.0, 1.0, np.inf)) == pytest.approx(50.0, rel=1e-5)
    assert find_need(facility, conditions, STORE, OutageResource(2.0, 1.0, 1.0)) == pytest.approx(100.0, rel=1e-5)


def test_a_backup_that_carries_all_leaves_nothing_to_hold() -> None:
    facility, conditions = campus(70.0)
    held = hold_for_outage(facility, conditions, facility, conditions, OutageResource(8.0, 1.0, np.inf))
    assert held is facility
    assert list_wide(held) == ()


def test_the_reserve_is_held_and_carries_the_outage_that_it_is_for() -> None:
    """Power is dear by day and empties the store each day; with the reserve it stops at 150 MWh."""
    facility, conditions = campus(0.0)
    hour = conditions.time.hour
    series = {**conditions.series, "price_myen_per_mwh": np.where(hour < 8, 0.01, 0.2)}
    conditions = replace(conditions, series=series)
    facility = replace(facility, import_limit_mw=np.full(240, 150.0))
    outage = OutageResource(2.0, 1.0, np.inf)
    holding = hold_for_outage(facility, conditions, facility, conditions, outage)
    assert "outage" in list_wide(holding)
    manner = Manner(PerfectForecast(conditions), 24)
    free, held = (operate(one, conditions, PRICED, manner) for one in (facility, holding))
    assert free.flows["state_of_charge_mwh"].min() < 1.0
    assert held.flows["state_of_charge_mwh"].min() == pytest.approx(150.0, abs=1e-3)
    assert held.flows[RESERVE] == pytest.approx(150.0, rel=1e-6)
    assert held.costs(PRICED)["reserve"] == pytest.approx(0.0, abs=1e-3)
    # When free operation is empty, the grid goes without a word for two hours.
    worst = int(np.argmin(free.flows["state_of_charge_mwh"][48:-48])) + 49
    away = replace(manner, events=(Event(GRID, worst, worst + 2),))
    lost, carried = (operate(one, conditions, PRICED, away) for one in (facility, holding))
    assert lost.flows["unserved_mw"].sum() > 50.0
    assert carried.flows["unserved_mw"].sum() < 1e-3  # what the plan counts as carried
    assert carried.flows[RESERVE][worst : worst + 2] == pytest.approx(0.0)


@pytest.mark.parametrize("seed", range(2))
def test_no_operation_with_a_reserve_costs_less_than_the_bound_of_foresight(seed: int) -> None:
    facility, conditions = random_campus(seed, 72)
    (store,) = facility.stores
    held = replace(facility, stores=(replace(store, reserve_mwh=np.full(72, 0.4 * store.energy_mwh)),))
    best = foresee(held, conditions, PRICED)
    course = operate(held, conditions, PRICED, Manner(PerfectForecast(conditions), 24))
    costs = [sum(one.costs(PRICED).values()) for one in (best.course, course)]
    assert best.bound_myen <= costs[0] + 1e-5
    assert best.bound_myen <= costs[1] + 1e-5
    assert costs[0] == pytest.approx(best.bound_myen, rel=1e-5, abs=1e-5)
    assert np.abs(course.imbalance_mw()).max() < 1e-9


def test_a_plan_with_an_outage_is_operated(tmp_path: Path) -> None:
    path = tmp_path / "held.toml"
    path.write_text(SCENARIO.read_text(encoding="utf-8") + "[outage]\nhours = 2\n", encoding="utf-8")
    plan = kiban.build(path)
    assert isinstance(plan, Plan)
    days = plan.time[24].date(), plan.time[71].date()
    some = kiban.run(plan, horizon_hours=24, period=Period(first=days[0], last=days[1]))
    assert some.time.size == 48
    operation = kiban.run(plan, horizon_hours=24)
    assert operation.total_unserved_mwh < 1e-3
    assert operation.bound_myen <= operation.cost_myen + 1e-4
