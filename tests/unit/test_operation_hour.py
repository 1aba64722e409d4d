"""An hour in merit order: the optimum of the hour at the window's prices, with balances that close."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from scipy.optimize import linprog

from kiban.operation.hour import Handover, Happened, Measured, Plant, balance, run_hour

PLANT = Plant(energy_mwh=100.0, kept=0.999, charge_efficiency=0.95, discharge_efficiency=0.9, hours=1.0)
CALM = Measured(
    available_mw=60.0,
    firm_mw=50.0,
    pue=1.2,
    arrivals_mw=10.0,
    backlog_limit_mwh=80.0,
    import_limit_mw=20.0,
    backup_limit_mw=40.0,
    charge_limit_mw=30.0,
    discharge_limit_mw=30.0,
    served_limit_mw=40.0,
    import_price=0.02,
    backup_price=0.06,
    served_price=0.0,
    unserved_price=1.0,
    dropped_price=0.3,
)
NOTHING = Handover(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, storage_value=0.03, backlog_price=0.03)


def random_hour(seed: int) -> tuple[Measured, Plant, Handover, float, float]:
    rng = np.random.default_rng(seed)
    hours = float(rng.choice([0.5, 1.0]))
    plant = Plant(float(rng.uniform(0, 200)), 0.9999, 0.95, 0.93, hours)
    measured = Measured(
        available_mw=float(rng.uniform(0, 150)),
        firm_mw=float(rng.uniform(0, 80)),
        pue=float(rng.uniform(1.02, 1.5)),
        arrivals_mw=float(rng.uniform(0, 30)),
        backlog_limit_mwh=float(rng.uniform(0, 100)),
        import_limit_mw=float(rng.uniform(0, 50)),
        backup_limit_mw=float(rng.uniform(0, 50)),
        charge_limit_mw=float(rng.uniform(0, 60)),
        discharge_limit_mw=float(rng.uniform(0, 60)),
        served_limit_mw=float(rng.uniform(0, 60)),
        import_price=float(rng.uniform(-0.01, 0.06)),
        backup_price=float(rng.uniform(0.03, 0.1)),
        served_price=float(rng.uniform(0, 0.001)),
        unserved_price=1.0,
        dropped_price=0.3,
    )
    plan = Handover(
        *(float(value) for value in rng.uniform(0, 40, 6)),
        storage_value=float(rng.uniform(0, 0.08)),
        backlog_price=float(rng.uniform(0, 0.08)),
    )
    return measured, plant, plan, float(rng.uniform(0, 1) * plant.energy_mwh), float(rng.uniform(0, 60))


def cost_of(happened: Happened, measured: Measured, plan: Handover, hours: float) -> float:
    """What the hour costs less what is in store, and with what waits, at the window's prices."""
    paid = (
        measured.import_price * happened.import_mw
        + measured.backup_price * happened.backup_mw
        + measured.served_price * happened.served_mw
        + measured.unserved_price * happened.unserved_mw
        + measured.dropped_price * happened.dropped_mw
    )
    return paid * hours - plan.storage_value * happened.storage_mwh + plan.backlog_price * happened.backlog_mwh


def best_cost(measured: Measured, plant: Plant, plan: Handover, storage: float, backlog: float) -> float:
    """The same hour as a linear programme: charge, discharge, served, import, backup, curtailed, unserved, dropped,
    stored, waiting."""
    h, pue = plant.hours, measured.pue
    prices = [0, 0, measured.served_price, measured.import_price, measured.backup_price, 0, measured.unserved_price]
    cost = [*(h * price for price in (*prices, measured.dropped_price)), -plan.storage_value, plan.backlog_price]
    rows = [
        [-1, 1, -pue, 1, 1, -1, pue, 0, 0, 0],
        [-h * plant.charge_efficiency, h / plant.discharge_efficiency, 0, 0, 0, 0, 0, 0, 1, 0],
        [0, 0, h, 0, 0, 0, 0, h, 0, 1],
    ]
    right = [
        pue * measured.firm_mw - measured.available_mw,
        plant.kept * storage,
        backlog + h * measured.arrivals_mw,
    ]
    upper = (
        measured.charge_limit_mw,
        measured.discharge_limit_mw,
        measured.served_limit_mw,
        measured.import_limit_mw,
        measured.backup_limit_mw,
        measured.available_mw,
        measured.firm_mw,
        None,
        plant.energy_mwh,
        measured.backlog_limit_mwh,
    )
    # In one direction: energy is not burnt in the store where its price is negative.
    found = []
    for idle in (0, 1):
        bounds = [(0, 0 if number == idle else most) for number, most in enumerate(upper)]
        answer = linprog(cost, A_eq=rows, b_eq=right, bounds=bounds, method="highs")
        found += [float(answer.fun)] if answer.status == 0 else []
    return min(found)


@pytest.mark.parametrize("seed", range(200))
def test_an_hour_is_the_optimum_at_the_windows_prices(seed: int) -> None:
    """Whatever the set-points were: the order of merit is the linear programme of the hour."""
    measured, plant, plan, storage, backlog = random_hour(seed)
    happened = run_hour(measured, plant, plan, storage, backlog)
    least = best_cost(measured, plant, plan, storage, backlog)
    # Places are only changed where a MWh saves more than a yen.
    assert cost_of(happened, measured, plan, plant.hours) <= least + 1e-6 * 300
    assert cost_of(happened, measured, plan, plant.hours) >= least - 1e-9


@pytest.mark.parametrize("seed", range(200))
def test_every_balance_closes_and_every_limit_holds(seed: int) -> None:
    measured, plant, plan, storage, backlog = random_hour(seed)
    one = run_hour(measured, plant, plan, storage, backlog)
    h = plant.hours
    supplied = measured.available_mw - one.curtailed_mw + one.import_mw + one.backup_mw + one.discharge_mw
    used = measured.pue * (measured.firm_mw - one.unserved_mw + one.served_mw) + one.charge_mw
    assert supplied == pytest.approx(used, abs=1e-10)
    stored = plant.kept * storage + h * (
        one.charge_mw * plant.charge_efficiency - one.discharge_mw / plant.discharge_efficiency
    )
    assert one.storage_mwh == pytest.approx(stored, abs=1e-10)
    waiting = backlog + h * (measured.arrivals_mw - one.served_mw - one.dropped_mw)
    assert one.backlog_mwh == pytest.approx(waiting, abs=1e-10)
    assert one.backlog_mwh <= measured.backlog_limit_mwh + 1e-10
    assert min(astuple(one)) >= -1e-12
    assert min(one.charge_mw, one.discharge_mw) == 0.0
    assert one.storage_mwh <= plant.energy_mwh
    assert one.import_mw <= measured.import_limit_mw
    assert one.backup_mw <= measured.backup_limit_mw
    assert one.served_mw <= measured.served_limit_mw + 1e-12


def test_what_is_as_planned_stays_as_planned() -> None:
    """Energy in store and waiting compute may be worth the same: then the set-points decide, not a rounding."""
    served = 65.0 / 1.2 - 50.0
    margin = Handover(0.0, 5.0, served, 0.0, 0.0, 0.0, storage_value=0.018, backlog_price=0.024)
    happened = run_hour(CALM, PLANT, margin, 50.0, 20.0)
    assert (happened.discharge_mw, happened.served_mw, happened.import_mw) == pytest.approx((5.0, served, 0.0))
    # Where import is cheaper than both, less is taken from the store or more is served: both are worth the same.
    dear = Handover(0.0, 5.0, served, 0.0, 0.0, 0.0, storage_value=0.027, backlog_price=0.036)
    swapped = run_hour(CALM, PLANT, dear, 50.0, 20.0)
    assert swapped.import_mw == pytest.approx(20.0)
    assert 5.0 - swapped.discharge_mw + 1.2 * (swapped.served_mw - served) == pytest.approx(20.0)


def test_what_is_missing_is_taken_from_the_cheapest_first() -> None:
    """30 MW short by hand: import up to its 20 MW at 0.02, then the store at 0.03 / 0.9, then the backup at 0.06."""
    short = Measured(**{**{f: getattr(CALM, f) for f in Measured.__slots__}, "available_mw": 30.0, "arrivals_mw": 0.0})
    happened = run_hour(short, PLANT, NOTHING, 100.0, 0.0)
    assert happened.import_mw == pytest.approx(20.0)
    assert happened.discharge_mw == pytest.approx(10.0)
    assert happened.backup_mw == 0.0
    empty = run_hour(short, PLANT, NOTHING, 0.0, 0.0)
    assert (empty.import_mw, empty.backup_mw) == pytest.approx((20.0, 10.0))


def test_what_no_one_can_give_is_not_served() -> None:
    dark = Measured(
        **{
            **{field: getattr(CALM, field) for field in Measured.__slots__},
            "available_mw": 0.0,
            "import_limit_mw": 0.0,
            "backup_limit_mw": 12.0,
        }
    )
    happened = run_hour(dark, PLANT, NOTHING, 0.0, 0.0)
    assert happened.backup_mw == pytest.approx(12.0)
    assert happened.unserved_mw == pytest.approx(50.0 - 12.0 / 1.2)
    assert happened.served_mw == 0.0


def test_compute_that_is_due_is_served_before_it_is_dropped() -> None:
    due = Measured(**{**{field: getattr(CALM, field) for field in Measured.__slots__}, "backlog_limit_mwh": 5.0})
    happened = run_hour(due, PLANT, NOTHING, 0.0, 20.0)
    # 30 MWh wait and 5 may: 25 are due; 60 MW are there for 60, so import and backup give what it takes.
    assert happened.served_mw == pytest.approx(25.0)
    assert happened.dropped_mw == 0.0


def test_balance_ends_where_no_two_segments_should_change_places() -> None:
    places = [5.0, 0.0, 5.0]
    balance(12.0, [0.0, 0.0, 0.0], [10.0, 10.0, 10.0], [3.0, 1.0, 2.0], places)
    assert places == pytest.approx([0.0, 10.0, 2.0])
