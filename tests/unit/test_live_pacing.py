"""The limits of a year while it is lived: their prices follow what was measured, as those of `kiban run` do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.cases.emulated_campus import EmulatedCampus, Truth
from tests.cases.operated import SMALL, plan_of

from kiban.operation.budget import MOST, UNCLEAN, Budget, Used, price_factor
from kiban.operation.conditions import AVAILABILITY
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import Manner, operate
from kiban.operation.live.campus import LOAD_MWH, USED, Campus, lay_conditions, lay_facility, read_campus
from kiban.operation.live.pacing import Pacing, account_of
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.planning.plan import Plan

BEGINS = datetime.fromisoformat("2026-01-18T00:00:00+09:00")
HOURS = 14 * 24
"""To the end of the month."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def live(campus: Campus, truth: Truth) -> Steering:
    """Two weeks of steps up to a month's last, decided every hour; every unit does what it is told."""
    emulated, steering = EmulatedCampus(campus, BEGINS, truth), Steering(campus, BEGINS, "month")
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
    pacing = live(campus, truth).pacing
    over = pacing.over[UNCLEAN]
    assert over == pytest.approx(run(campus, truth), abs=0.03 * planned)
    assert abs(over) > 0.02 * planned
    assert (pacing.factors[UNCLEAN] - 1.0) * over > 0.0


def test_the_price_follows_what_is_over_by_hand() -> None:
    """A tenth too much of what is left: three tenths dearer; far too much is bounded, far too little is nothing."""
    assert price_factor(10.0, 100.0) == pytest.approx(1.3)
    assert price_factor(-10.0, 100.0) == pytest.approx(0.7)
    assert price_factor(1000.0, 100.0) == MOST
    assert price_factor(-1000.0, 100.0) == 0.0


def test_accounts_begin_with_the_year_the_fiscal_year_and_the_month() -> None:
    at = datetime.fromisoformat("2026-02-03T04:05:06+09:00")

    def days(account: str) -> list[str]:
        return [moment.isoformat() for moment in account_of(at, account)]  # type: ignore[arg-type]

    assert days("year") == ["2026-01-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00"]
    assert days("fiscal_year") == ["2025-04-01T00:00:00+09:00", "2026-04-01T00:00:00+09:00"]
    assert days("month") == ["2026-02-01T00:00:00+09:00", "2026-03-01T00:00:00+09:00"]
    december = datetime.fromisoformat("2026-12-31T23:00:00+09:00")
    assert account_of(december, "month")[1].isoformat() == "2027-01-01T00:00:00+09:00"


def test_what_is_not_measured_is_as_planned_and_an_account_begins_anew(campus: Campus) -> None:
    begins = datetime.fromisoformat("2026-01-31T23:00:00+09:00")
    emulated, pacing = EmulatedCampus(campus, begins, Truth(availability=0.5)), Pacing(campus, "month")
    telemetry = Steering(campus, begins).telemetry

    def step(*, measured: bool) -> float:
        readings = [one for one in emulated.readings if measured or one.series != "import_mw"]
        telemetry.hear(emulated.now, readings)
        pacing.hear(emulated.now, telemetry)
        emulated.now += STEP
        emulated._draw(2.0)
        return pacing.over[UNCLEAN]

    assert step(measured=True) == 0.0
    over = step(measured=True)
    assert over != 0.0
    for _ in range(3):
        step(measured=False)
    silent = pacing.over[UNCLEAN]
    assert step(measured=False) == silent
    while emulated.now <= begins + timedelta(hours=1):
        step(measured=True)
    assert pacing.over[UNCLEAN] == 0.0
