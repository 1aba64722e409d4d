"""Flexibility worked by hand, and held against windows whose import is capped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.operations import VALUATION, random_campus

from kiban.linear.window import solve_windows
from kiban.operation.ahead import look_ahead
from kiban.operation.conditions import ARRIVALS, FIRM, PRICE, PUE
from kiban.operation.flexibility import Product, answer_calls, assess, list_calls
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import Manner, operate
from kiban.operation.window import write_windows

PRODUCT = Product(
    price_myen_per_mw_year=15.0,
    call_hours=3.0,
    notice_hours=3.0,
    calls_per_year=12.0,
    first_hour=9.0,
    last_hour=20.0,
    delivery_share=0.9,
)
PENALTY_FACTOR = 1.1


def flat_campus(backup_mw: float, steps: int = 240):
    """50 MW of IT at a PUE of 1.2, no sun, no wind, no store: 60 MW from the grid in every hour."""
    facility, conditions = random_campus(1, steps, store=False)
    flat = {
        PUE: np.full(steps, 1.2),
        FIRM: np.full(steps, 50.0),
        ARRIVALS: np.zeros(steps),
        PRICE: np.full(steps, 0.01),
    }
    series = {name: flat.get(name, np.zeros(steps)) for name in conditions.series}
    conditions = replace(conditions, series=series, grid_clean_share=np.full(steps, 0.5))
    conditions = replace(conditions, grid_emission_factor_t_per_mwh=np.full(steps, 0.4))
    facility = replace(facility, import_limit_mw=np.full(steps, 80.0), backup_limit_mw=backup_mw)
    return facility, conditions


def test_by_hand_the_backup_is_what_can_be_offered() -> None:
    """20 MW of backup take the place of 20 MW of import, at the difference of their costs.

    import 0.01 + (0.003 + 0.001) x 0.4 + 0.02 x 0.5 = 0.0216 million yen a MWh
    backup 0.04 + (0.003 + 0.001) x 0.7 + 0.02       = 0.0628 million yen a MWh
    """
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    found = assess(course, VALUATION, manner, PRODUCT, PENALTY_FACTOR)
    assert found.offered_mw == pytest.approx(20.0, rel=1e-6)
    assert found.cost_myen_per_mwh == pytest.approx(0.0412, rel=1e-5)
    assert found.value_myen_per_year == pytest.approx(20.0 * (15.0 - 12 * 3 * 0.0412), rel=1e-5)
    assert found.answered_share == 1.0
    assert found.curve[-1].delivered_share == 1.0
    assert found.curve[-1].reduction_mw == pytest.approx(20.0, rel=1e-6)


def test_compute_is_not_dropped_for_a_call() -> None:
    facility, conditions = flat_campus(0.0)
    manner = Manner(PerfectForecast(conditions), 48)
    found = assess(operate(facility, conditions, VALUATION, manner), VALUATION, manner, PRODUCT, PENALTY_FACTOR)
    assert (found.offered_mw, found.value_myen_per_year, found.mean_reduction_mw) == (0.0, 0.0, 0.0)
    assert found.curve == ()


def test_what_nine_calls_of_ten_do_not_meet_is_not_offered() -> None:
    """The grid is away in every sixth call: there is nothing to give then."""
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    limit = facility.import_limit_mw.copy()
    for step in list_calls(course, PRODUCT)[::6]:
        limit[step : step + 3] = 40.0
    less = replace(facility, import_limit_mw=limit)
    found = assess(operate(less, conditions, VALUATION, manner), VALUATION, manner, PRODUCT, PENALTY_FACTOR)
    assert found.offered_mw == 0.0
    often = replace(PRODUCT, delivery_share=0.8)
    assert (
        assess(operate(less, conditions, VALUATION, manner), VALUATION, manner, often, PENALTY_FACTOR).offered_mw > 19.9
    )


def test_an_offer_rests_on_the_year_that_is_known_and_is_fined_in_the_year_that_comes() -> None:
    """Known: 20 MW in every call. What comes: the grid is short in every second call, which then delivers nothing.

    20 MW earn 20 x 15 = 300; the calls deliver 10 MW on average at 12 x 3 x 0.0412, and 1.1 x 10 x 15 = 165 are fined.
    """
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    known = operate(facility, conditions, VALUATION, manner)
    limit = facility.import_limit_mw.copy()
    called = list_calls(known, PRODUCT)[:20]
    for step in called[::2]:
        limit[step : step + 3] = 40.0
    steps = int(called[-1]) + 3
    met = replace(facility, import_limit_mw=limit).cut(0, steps), conditions.cut(0, steps)
    there = replace(manner, forecast=PerfectForecast(met[1]))
    course = operate(*met, VALUATION, there)
    found = assess(course, VALUATION, there, PRODUCT, PENALTY_FACTOR, (known, manner))
    assert found.calls == 20
    assert found.offered_mw == pytest.approx(20.0, rel=1e-6)
    assert found.delivered_share == 0.5
    assert found.penalty_myen_per_year == pytest.approx(165.0, rel=1e-6)
    assert found.value_myen_per_year == pytest.approx(300.0 - 12 * 3 * 10.0 * 0.0412 - 165.0, rel=1e-5)
    assert assess(course, VALUATION, there, PRODUCT, PENALTY_FACTOR).offered_mw == 0.0
    # A year in which nothing is delivered costs more than it earns, and was offered nevertheless.
    limit[:] = np.where(np.isin(np.arange(limit.size), called[:, None] + np.arange(3)), 40.0, 80.0)
    never = operate(replace(facility, import_limit_mw=limit).cut(0, steps), met[1], VALUATION, there)
    lost = assess(never, VALUATION, there, PRODUCT, PENALTY_FACTOR, (known, manner))
    assert (lost.offered_mw, lost.delivered_share) == (pytest.approx(20.0, rel=1e-6), 0.0)
    assert lost.value_myen_per_year == pytest.approx(300.0 - 330.0, rel=1e-5)


def test_calls_come_on_weekdays_within_the_hours_of_the_product() -> None:
    facility, conditions = flat_campus(0.0)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24))
    called = list_calls(course, PRODUCT)
    time = conditions.time[called]
    assert set(time.hour) == {9, 12, 15}
    assert set(time.day_of_week) == {0, 1, 2, 3, 4}
    # From Thursday, 1 March 2001, ten days hold seven weekdays.
    assert called.size == 3 * 7


@pytest.mark.parametrize("seed", range(3))
def test_what_is_promised_can_be_delivered_at_its_cost(seed: int) -> None:
    """With import capped at what it would be less the reduction, the window drops nothing and costs no more."""
    facility, conditions = random_campus(seed, 240)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    called = list_calls(course, PRODUCT)
    reductions, costs = answer_calls(course, VALUATION, manner, PRODUCT, called)
    assert reductions.max() > 0.0
    begins = called - 3
    windows = write_windows(look_ahead(facility, conditions, manner.forecast, (), begins, 48, measured=True), VALUATION)
    stored = course.flows["state_of_charge_mwh"][begins - 1]
    windows = replace(windows, initial_storage_mwh=stored, initial_backlog_mwh=course.flows["backlog_mwh"][begins - 1])
    free = solve_windows(windows)
    limit = np.array(windows.import_limit_mw)
    usual = free.amount("import_mw")[:, 3:6]
    limit[:, 3:6] = np.maximum(usual - reductions[:, None], 0.0)
    capped = solve_windows(replace(windows, import_limit_mw=limit))
    assert np.abs(capped.amount("dropped_mw") - free.amount("dropped_mw")).max() < 1e-4
    assert (capped.cost_myen - free.cost_myen <= costs + 1e-6).all()


def test_notice_makes_a_call_cheaper() -> None:
    facility, conditions = random_campus(2, 480)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    told = [
        assess(course, VALUATION, manner, replace(PRODUCT, notice_hours=hours), PENALTY_FACTOR) for hours in (0.0, 24.0)
    ]
    assert told[1].cost_myen_per_mwh < told[0].cost_myen_per_mwh
