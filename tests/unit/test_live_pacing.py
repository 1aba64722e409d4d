"""The limits of a year while it is lived: their prices follow what was measured, as those of `kiban run` do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.cases.emulated_campus import EmulatedCampus, Truth

import kiban
from kiban.operation.budget import UNCLEAN, Budget, Used
from kiban.operation.conditions import AVAILABILITY
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import Manner, operate
from kiban.operation.live.campus import LOAD_MWH, USED, Campus, lay_conditions, lay_facility, read_campus
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.planning.plan import Plan

SCENARIO = Path(__file__).parents[1] / "cases" / "small_run.toml"
BEGINS = datetime.fromisoformat("2026-01-18T00:00:00+09:00")
HOURS = 14 * 24
"""To the end of the month."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    built = kiban.build(SCENARIO)
    assert isinstance(built, Plan)
    return built


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def live(campus: Campus, truth: Truth, *, paced: bool = True) -> Steering:
    """Two weeks of steps up to a month's last, decided every hour; every unit does what it is told."""
    emulated, steering = EmulatedCampus(campus, BEGINS, truth), Steering(campus, BEGINS, "month")
    if not paced:
        steering.pacing._price = lambda *_: None  # type: ignore[method-assign]
    while emulated.now < BEGINS + timedelta(hours=HOURS):
        steering.hear(emulated.now, emulated.readings)
        if emulated.now.minute == 0:
            decision = steering.decide(emulated.now)
            emulated.setpoints_mw = decision.guess.units_mw
        emulated.now += STEP
        emulated._draw(decision.limit.flexible_mw)
    return steering


def run(campus: Campus, truth: Truth) -> float:
    """What `kiban run` uses beyond what is allowed in the same hours."""
    series = {
        name: campus.expect(name, BEGINS, HOURS) * (truth.availability if name.startswith(AVAILABILITY) else 1.0)
        for name in campus.most
    }
    facility = lay_facility(campus, BEGINS, 0, HOURS)
    facility = replace(
        facility, stores=tuple(replace(store, initial_mwh=store.energy_mwh / 2.0) for store in facility.stores)
    )
    conditions = lay_conditions(campus, BEGINS, 0, HOURS, series)
    expected, load = (campus.expect(name, BEGINS, HOURS) for name in (f"{USED}{UNCLEAN}", LOAD_MWH))
    budget = Budget(UNCLEAN, expected, load, campus.slacks[UNCLEAN])
    manner = Manner(PerfectForecast(conditions), campus.horizon_steps, budgets=(budget,))
    course = operate(facility, conditions, campus.valuation, manner)
    used = Used(facility, conditions, np.array([course.flows[name] for name in facility.sources]), course.it_load_mw)
    return float(used.amount(UNCLEAN).sum() - expected.sum() - budget.slack * (used.load_mwh.sum() - load.sum()))


@pytest.mark.parametrize("availability", [0.85, 1.0])
def test_a_month_ends_on_its_target_as_kiban_run_does(campus: Campus, availability: float) -> None:
    """Less wind and sun than planned, and more: the price leans against it, and ends where `kiban run` does."""
    truth = Truth(availability=availability, noise=0.0)
    planned = float(campus.expect(f"{USED}{UNCLEAN}", BEGINS, HOURS).sum())
    paced, free = live(campus, truth), live(campus, truth, paced=False)
    over, without = paced.pacing.over[UNCLEAN], free.pacing.over[UNCLEAN]
    print(planned, over, without, run(campus, truth), paced.pacing.factors)
    assert abs(over) <= abs(without)
    assert over == pytest.approx(run(campus, truth), abs=0.03 * planned)
    assert (paced.pacing.factors[UNCLEAN] - 1.0) * over > 0.0
    assert free.pacing.factors[UNCLEAN] == 1.0
