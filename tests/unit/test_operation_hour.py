"""An hour in merit order: the optimum of the hour at the window's prices, with balances that close."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from kiban.operation.hour import (
    Equipment,
    Handover,
    Happened,
    HeldStore,
    Measured,
    PromiseLimits,
    SourceLimits,
    Standing,
    StoreLimits,
    balance,
    run_hour,
)

EQUIPMENT = Equipment((HeldStore(energy_mwh=100.0, kept=0.999),), (None, None), (False, False), 1.0)
IMPORT, BACKUP = SourceLimits(0.0, 20.0, 0.02), SourceLimits(0.0, 40.0, 0.06)
CALM = Measured(
    sources=(IMPORT, BACKUP),
    stores=(StoreLimits(30.0, 30.0, 0.95, 0.9),),
    available_mw=60.0,
    firm_mw=50.0,
    pue=1.2,
    arrivals_mw=10.0,
    backlog_limit_mwh=80.0,
    served_limit_mw=40.0,
    served_price=0.0,
    unserved_price=1.0,
    dropped_price=0.3,
)
NOTHING = Handover((0.0, 0.0), (0.0,), (0.0,), 0.0, 0.0, (0.03,), 0.03, (0.0, 0.0))


def stand(stored_mwh: float, waiting_mwh: float) -> Standing:
    return Standing((stored_mwh,), waiting_mwh, (0.0, 0.0))


def random_hour(seed: int) -> tuple[Measured, Equipment, Handover, Standing]:
    """The grid, the backup, up to two plants, perhaps a sink; none to three stores."""
    rng = np.random.default_rng(seed)
    hours = float(rng.choice([0.5, 1.0]))
    sources = [
        SourceLimits(0.0, float(rng.uniform(0, 50)), float(rng.uniform(-0.01, 0.06))),
        SourceLimits(0.0, float(rng.uniform(0, 50)), float(rng.uniform(0.03, 0.1))),
    ]
    ramps: list[float | None] = [None, None]
    for _ in range(int(rng.integers(0, 3))):
        most = float(rng.uniform(0, 40))
        sources.append(SourceLimits(float(rng.uniform(0, 0.5)) * most, most, float(rng.uniform(0.005, 0.05))))
        ramps.append(float(rng.uniform(2, 20)) if rng.random() < 0.5 else None)
    if rng.random() < 0.5:
        sources.append(SourceLimits(-float(rng.uniform(0, 30)), 0.0, float(rng.uniform(0.0, 0.02))))
        ramps.append(None)
    stores, held, limits = int(rng.integers(0, 4)), [], []
    for _ in range(stores):
        held.append(HeldStore(float(rng.uniform(0, 200)), 0.9999, float(rng.uniform(0, 0.002))))
        limits.append(StoreLimits(float(rng.uniform(0, 60)), float(rng.uniform(0, 60)), 0.95, 0.93))
    measured = Measured(
        sources=tuple(sources),
        stores=tuple(limits),
        available_mw=float(rng.uniform(0, 150)),
        firm_mw=float(rng.uniform(0, 80)),
        pue=float(rng.uniform(1.02, 1.5)),
        arrivals_mw=float(rng.uniform(0, 30)),
        backlog_limit_mwh=float(rng.uniform(0, 100)),
        served_limit_mw=float(rng.uniform(0, 60)),
        served_price=float(rng.uniform(0, 0.001)),
        unserved_price=1.0,
        dropped_price=0.3,
    )
    count = len(sources)

    def draw(many: int, most: float) -> tuple[float, ...]:
        return tuple(rng.uniform(0, most, many).tolist())

    plan = Handover(
        draw(count, 40.0),
        draw(stores, 40.0),
        draw(stores, 40.0),
        float(rng.uniform(0, 40)),
        float(rng.uniform(0, 40)),
        draw(stores, 0.08),
        float(rng.uniform(0, 0.08)),
        tuple(float(rng.uniform(-0.01, 0.01)) if ramp is not None else 0.0 for ramp in ramps),
    )
    standing = Standing(
        tuple(float(rng.uniform(0, 1)) * store.energy_mwh for store in held),
        float(rng.uniform(0, 60)),
        tuple(float(rng.uniform(one.least_mw, one.most_mw)) for one in sources),
    )
    equipment = Equipment(tuple(held), tuple(ramps), (False,) * count, hours)
    promises = int(rng.integers(0, 3))
    owed = tuple(
        PromiseLimits(float(rng.uniform(0, 20)), float(rng.choice([0.0, 50.0])), float(rng.uniform(0.2, 0.5)))
        for _ in range(promises)
    )
    measured = replace(measured, promises=owed)
    plan = replace(plan, delivered_mw=draw(promises, 30.0), owed_prices=draw(promises, 0.08))
    standing = replace(standing, owed_mwh=draw(promises, 40.0))
    return measured, equipment, plan, standing


def limits_of(measured: Measured, equipment: Equipment, standing: Standing) -> list[tuple[float, float]]:
    """Of every source, within its ramp."""
    found = []
    for (least, most, _), ramp, before in zip(measured.sources, equipment.ramps_mw, standing.sources_mw, strict=True):
        change = np.inf if ramp is None else ramp
        found.append((min(max(least, before - change), most), max(min(most, before + change), least)))
    return found


def cost_of(happened: Happened, measured: Measured, equipment: Equipment, plan: Handover) -> float:
    """What the hour costs less what is in store, and with what waits, at the window's prices."""
    prices = [one.price + later for one, later in zip(measured.sources, plan.sources_later, strict=True)]
    paid = (
        float(np.dot(prices, happened.sources_mw))
        + float(np.dot([store.wear_price for store in equipment.stores], happened.discharges_mw))
        + measured.served_price * happened.served_mw
        + measured.unserved_price * happened.unserved_mw
        + measured.dropped_price * happened.dropped_mw
    )
    held = float(np.dot(plan.storage_values, happened.stored_mwh))
    paid += measured.served_price * sum(happened.delivered_mw)
    paid += sum(one.short_price * short for one, short in zip(measured.promises, happened.short_mw, strict=True))
    owed = float(np.dot(plan.owed_prices, happened.owed_mwh))
    return paid * equipment.hours - held + plan.backlog_price * happened.backlog_mwh + owed


def best_cost(measured: Measured, equipment: Equipment, plan: Handover, standing: Standing) -> float:
    """The same hour as linear programmes, one for each way in which the stores may run.

    Columns: sources; charge, discharge and stored of each store; served, short and owed of each promise; served,
    curtailed, unserved, dropped, waiting.
    """
    h, pue, stores, promises = equipment.hours, measured.pue, measured.stores, measured.promises
    count = len(measured.sources)
    width = count + 3 * len(stores) + 3 * len(promises) + 5
    cost, meter = np.zeros(width), np.zeros(width)
    cost[:count] = [h * (one.price + later) for one, later in zip(measured.sources, plan.sources_later, strict=True)]
    meter[:count] = 1.0
    bounds: list[tuple[float, float | None]] = list(limits_of(measured, equipment, standing))
    rows, right = [meter], [pue * measured.firm_mw - measured.available_mw]
    for number, (limits, store) in enumerate(zip(stores, equipment.stores, strict=True)):
        at = count + 3 * number
        meter[at : at + 2] = -1.0, 1.0
        cost[at + 1], cost[at + 2] = h * store.wear_price, -plan.storage_values[number]
        row = np.zeros(width)
        row[at : at + 3] = -h * limits.charge_efficiency, h / limits.discharge_efficiency, 1.0
        rows.append(row)
        right.append(store.kept * standing.stored_mwh[number])
        bounds += [(0.0, limits.charge_mw), (0.0, limits.discharge_mw), (0.0, store.energy_mwh)]
    hall = np.zeros(width)
    for number, promise in enumerate(promises):
        at = count + 3 * len(stores) + 3 * number
        meter[at], hall[at], cost[at] = -pue, 1.0, h * measured.served_price
        cost[at + 1], cost[at + 2] = h * promise.short_price, plan.owed_prices[number]
        row = np.zeros(width)
        row[at : at + 3] = h, h, 1.0
        rows.append(row)
        right.append(standing.owed_mwh[number] + h * promise.arrivals_mw)
        bounds += [(0.0, None), (0.0, None), (0.0, promise.room_mwh)]
    served, curtailed, unserved, dropped, waiting = range(width - 5, width)
    hall[served] = 1.0
    meter[served], meter[curtailed], meter[unserved] = -pue, -1.0, pue
    cost[served], cost[unserved] = h * measured.served_price, h * measured.unserved_price
    cost[dropped], cost[waiting] = h * measured.dropped_price, plan.backlog_price
    row = np.zeros(width)
    row[served], row[dropped], row[waiting] = h, h, 1.0
    rows.append(row)
    right.append(standing.waiting_mwh + h * measured.arrivals_mw)
    forced = sum(max(least, 0.0) for least, _ in limits_of(measured, equipment, standing))
    bounds += [(0.0, measured.served_limit_mw), (0.0, measured.available_mw + forced), (0.0, measured.firm_mw)]
    bounds += [(0.0, None), (0.0, measured.backlog_limit_mwh)]
    # In one direction: energy is not burnt in a store where its price is negative.
    found = []
    for idle in product((0, 1), repeat=len(stores)):
        tried = list(bounds)
        for number, which in enumerate(idle):
            tried[count + 3 * number + which] = (0.0, 0.0)
        answer = linprog(
            cost, hall[None], [measured.served_limit_mw], np.array(rows), right, bounds=tried, method="highs"
        )
        found += [float(answer.fun)] if answer.status == 0 else []
    return min(found)


@pytest.mark.parametrize("seed", range(200))
def test_an_hour_is_the_optimum_at_the_windows_prices(seed: int) -> None:
    """Whatever the set-points were: the order of merit is the linear programme of the hour."""
    measured, equipment, plan, standing = random_hour(seed)
    happened = run_hour(measured, equipment, plan, standing)
    least = best_cost(measured, equipment, plan, standing)
    # Places are only changed where a MWh saves more than a yen.
    assert cost_of(happened, measured, equipment, plan) <= least + 1e-6 * 600
    assert cost_of(happened, measured, equipment, plan) >= least - 1e-9


@pytest.mark.parametrize("seed", range(200))
def test_every_balance_closes_and_every_limit_holds(seed: int) -> None:
    measured, equipment, plan, standing = random_hour(seed)
    one = run_hour(measured, equipment, plan, standing)
    h = equipment.hours
    supplied = measured.available_mw - one.curtailed_mw + sum(one.sources_mw) + sum(one.discharges_mw)
    it_mw = measured.firm_mw - one.unserved_mw + one.served_mw + sum(one.delivered_mw)
    used = measured.pue * it_mw + sum(one.charges_mw)
    assert supplied == pytest.approx(used, abs=1e-10)
    for number, (limits, store) in enumerate(zip(measured.stores, equipment.stores, strict=True)):
        charge, discharge = one.charges_mw[number], one.discharges_mw[number]
        moved = charge * limits.charge_efficiency - discharge / limits.discharge_efficiency
        stored = store.kept * standing.stored_mwh[number] + h * moved
        assert one.stored_mwh[number] == pytest.approx(stored, abs=1e-10)
        assert 0.0 <= one.stored_mwh[number] <= store.energy_mwh
        assert min(charge, discharge) == 0.0
        assert 0.0 <= charge <= limits.charge_mw + 1e-12
        assert 0.0 <= discharge <= limits.discharge_mw + 1e-12
    waiting = standing.waiting_mwh + h * (measured.arrivals_mw - one.served_mw - one.dropped_mw)
    assert one.backlog_mwh == pytest.approx(waiting, abs=1e-10)
    assert one.backlog_mwh <= measured.backlog_limit_mwh + 1e-10
    assert min(one.served_mw, one.curtailed_mw, one.unserved_mw, one.dropped_mw, one.backlog_mwh) >= -1e-12
    for output, (least, most) in zip(one.sources_mw, limits_of(measured, equipment, standing), strict=True):
        assert least - 1e-12 <= output <= most + 1e-12
    assert one.served_mw + sum(one.delivered_mw) <= measured.served_limit_mw + 1e-12
    for number, promise in enumerate(measured.promises):
        delivered, short, owed = one.delivered_mw[number], one.short_mw[number], one.owed_mwh[number]
        before = standing.owed_mwh[number] + h * promise.arrivals_mw
        assert before - h * (delivered + short) == pytest.approx(owed, abs=1e-10)
        assert min(delivered, short, owed) >= -1e-12
        assert owed <= promise.room_mwh + 1e-10


def test_a_store_of_own_supply_takes_no_more_than_that() -> None:
    """Import costs nothing and a MWh in store is worth much: the plain store takes all it can, the other 10 MW."""
    free = replace(CALM, available_mw=70.0, arrivals_mw=0.0, sources=(SourceLimits(0.0, 200.0, 0.0), BACKUP))
    taking = run_hour(free, EQUIPMENT, NOTHING, stand(0.0, 0.0))
    assert taking.charges_mw == pytest.approx((30.0,))
    own = replace(EQUIPMENT, stores=(replace(EQUIPMENT.stores[0], own_supply=True),))
    night = replace(free, available_mw=8.0)
    assert run_hour(night, own, NOTHING, stand(0.0, 0.0)).charges_mw == pytest.approx((8.0,))
    plant = replace(own, own=(False, True))
    running = replace(night, sources=(free.sources[0], SourceLimits(5.0, 5.0, 0.06)))
    assert run_hour(running, plant, NOTHING, stand(0.0, 0.0)).charges_mw == pytest.approx((13.0,))


def test_what_is_as_planned_stays_as_planned() -> None:
    """Energy in store and waiting compute may be worth the same: then the set-points decide, not a rounding."""
    served = 65.0 / 1.2 - 50.0
    margin = replace(NOTHING, discharges_mw=(5.0,), served_mw=served, storage_values=(0.018,), backlog_price=0.024)
    happened = run_hour(CALM, EQUIPMENT, margin, stand(50.0, 20.0))
    assert happened.discharges_mw == pytest.approx((5.0,))
    assert (happened.served_mw, happened.sources_mw[0]) == pytest.approx((served, 0.0))
    # Where import is cheaper than both, less is taken from the store or more is served: both are worth the same.
    dear = replace(margin, storage_values=(0.027,), backlog_price=0.036)
    swapped = run_hour(CALM, EQUIPMENT, dear, stand(50.0, 20.0))
    assert swapped.sources_mw[0] == pytest.approx(20.0)
    assert 5.0 - swapped.discharges_mw[0] + 1.2 * (swapped.served_mw - served) == pytest.approx(20.0)


def test_what_is_missing_is_taken_from_the_cheapest_first() -> None:
    """30 MW short by hand: import up to its 20 MW at 0.02, then the store at 0.03 / 0.9, then the backup at 0.06."""
    short = replace(CALM, available_mw=30.0, arrivals_mw=0.0)
    happened = run_hour(short, EQUIPMENT, NOTHING, stand(100.0, 0.0))
    assert happened.sources_mw == pytest.approx((20.0, 0.0))
    assert happened.discharges_mw == pytest.approx((10.0,))
    empty = run_hour(short, EQUIPMENT, NOTHING, stand(0.0, 0.0))
    assert empty.sources_mw == pytest.approx((20.0, 10.0))
    # A store that wears 0.03 a MWh comes after the backup.
    worn = replace(EQUIPMENT, stores=(replace(EQUIPMENT.stores[0], wear_price=0.03),))
    assert run_hour(short, worn, NOTHING, stand(100.0, 0.0)).sources_mw == pytest.approx((20.0, 10.0))


def test_what_no_one_can_give_is_not_served() -> None:
    dark = replace(CALM, available_mw=0.0, sources=(SourceLimits(0.0, 0.0, 0.02), SourceLimits(0.0, 12.0, 0.06)))
    happened = run_hour(dark, EQUIPMENT, NOTHING, stand(0.0, 0.0))
    assert happened.sources_mw[1] == pytest.approx(12.0)
    assert happened.unserved_mw == pytest.approx(50.0 - 12.0 / 1.2)
    assert happened.served_mw == 0.0


def test_a_plant_that_trips_does_so_at_once_and_comes_back_as_it_may() -> None:
    """Ramp of 4 MW: from 30 MW it falls to the 10 MW that are left, and rises from there to 14 MW."""
    ramped = replace(EQUIPMENT, ramps_mw=(None, 4.0))
    before = Standing((0.0,), 0.0, (0.0, 30.0))
    tripped = replace(CALM, available_mw=0.0, sources=(IMPORT, SourceLimits(0.0, 10.0, 0.01)))
    assert run_hour(tripped, ramped, NOTHING, before).sources_mw[1] == pytest.approx(10.0)
    back = replace(tripped, sources=(IMPORT, SourceLimits(0.0, 40.0, 0.01)))
    assert run_hour(back, ramped, NOTHING, Standing((0.0,), 0.0, (0.0, 10.0))).sources_mw[1] == pytest.approx(14.0)


def test_compute_that_is_due_is_served_before_it_is_dropped() -> None:
    due = replace(CALM, backlog_limit_mwh=5.0)
    happened = run_hour(due, EQUIPMENT, NOTHING, stand(0.0, 20.0))
    # 30 MWh wait and 5 may: 25 are due; 60 MW are there for 60, so import and backup give what it takes.
    assert happened.served_mw == pytest.approx(25.0)
    assert happened.dropped_mw == 0.0


def test_balance_ends_where_no_two_segments_should_change_places() -> None:
    places = [5.0, 0.0, 5.0]
    balance(12.0, [0.0, 0.0, 0.0], [10.0, 10.0, 10.0], [3.0, 1.0, 2.0], places)
    assert places == pytest.approx([0.0, 10.0, 2.0])
