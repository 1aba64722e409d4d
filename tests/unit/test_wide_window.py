"""Windows of any number of stores and sources: against a plain linear programme, the kernel and the narrow window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from kiban.errors import SolverError
from kiban.linear.window import (
    Chillers,
    Source,
    States,
    WideQueue,
    WideSequence,
    WideStore,
    WideWindows,
    Windows,
    solve_long,
    solve_windows,
)
from kiban.linear.window.wide import charge_of, discharge_of, stored_in


def random_windows(seed: int, count: int = 4, steps: int = 12) -> tuple[WideWindows, States]:
    """Three stores, one of own supply and one of cold; the grid, a plant that ramps, a sink; compute that waits.

    Two queues apart, one of which closes within the window, and a reserve that two of the stores hold, of which one
    counts for its power alone.
    """
    rng = np.random.default_rng(seed)
    shape = (count, steps)
    price = rng.uniform(0.0, 0.03, shape)
    most = np.where(rng.random(shape) < 0.9, 25.0, 5.0)
    sources = (
        Source("grid", np.zeros(shape), rng.uniform(20.0, 60.0, shape), price),
        Source("plant", np.minimum(6.0, most), most, np.full(shape, 0.012), ramp_mw=4.0, own=True),
        Source("sink", np.full(shape, -15.0), np.zeros(shape), 0.6 * price),
    )
    whole = np.ones(shape)
    stores = (
        WideStore("a", 20.0 * whole, 25.0 * whole, 80.0 * whole, 0.95 * whole, 0.9 * whole, 0.999, 1e-4, 0.012),
        WideStore("b", 9.0 * whole, 9.0 * whole, 200.0 * whole, 0.7 * whole, rng.uniform(0.6, 0.8, shape), 1.0, 0.0,
                  0.01, own_supply=True),
        WideStore("cold", 4.0 * whole, 3.0 * whole, 30.0 * whole, 4.0 * whole, rng.uniform(0.1, 0.3, shape), 0.99,
                  0.0, 0.001, chillers=Chillers(rng.uniform(0.05, 0.2, shape), 9.0 * whole)),
    )  # fmt: skip
    closes = np.where(np.arange(steps) == 7, 0.0, 60.0) * whole
    begins = np.where(np.arange(steps) == 8, 30.0, 0.0) * whole
    stores = (
        replace(stores[0], given_per_mwh=0.9, most_given_mwh=25.0),
        replace(stores[1], given_per_mwh=0.7, most_given_mwh=140.0),
        stores[2],
    )
    windows = WideWindows(
        queues=(
            WideQueue("day", begins, closes, 60.0, 0.4, 0.016),
            WideQueue("soon", rng.uniform(0.0, 3.0, shape), 4.0 * whole, 4.0, 0.25, 0.02),
        ),
        reserve_mwh=rng.uniform(20.0, 90.0, shape),
        reserve_cost_myen_per_mwh=0.01,
        available_mw=rng.uniform(0.0, 60.0, shape),
        firm_mw=rng.uniform(20.0, 40.0, shape),
        pue=rng.uniform(1.1, 1.3, shape),
        unserved_cost_myen_per_mwh=whole,
        dropped_cost_myen_per_mwh=0.3,
        arrivals_mw=rng.uniform(0.0, 10.0, shape),
        served_limit_mw=15.0 * whole,
        backlog_limit_mwh=30.0 * whole,
        served_cost_myen_per_mwh=1e-4 * whole,
        final_backlog_cost_myen_per_mwh=0.015,
        sources=sources,
        stores=stores,
        step_hours=0.5,
    )
    return windows, States((30.0, 50.0, 5.0), 12.0, (0.0, 10.0, 0.0), (40.0, 2.0))


def plain_cost(windows: WideWindows, window: int, states: States) -> float:
    """The same window written out hour by hour for scipy."""
    steps, h = windows.shape[1], windows.step_hours
    names = ["served", "unserved", "dropped", "curtailed", "waiting"]
    names += [one.name for one in windows.sources]
    names += [f"{flow}{one.name}" for one in windows.stores for flow in ("in", "out", "held", "given")]
    names += [f"{flow}{one.name}" for one in windows.queues for flow in ("served_", "short_", "owed_")]
    names += ["below"]
    all_served = ["served", *(f"served_{one.name}" for one in windows.queues)]
    place = {name: number for number, name in enumerate(names)}
    width = len(names) * steps

    def at(name: str, step: int) -> int:
        return step * len(names) + place[name]

    cost, low, high = np.zeros(width), np.zeros(width), np.full(width, np.inf)
    equal, right, less, most = [], [], [], []
    for t in range(steps):
        row = np.zeros(width)
        pue = windows.pue[window, t]
        need = pue * windows.firm_mw[window, t] - windows.available_mw[window, t]
        row[at("unserved", t)], row[at("curtailed", t)] = pue, -1.0
        row[[at(name, t) for name in all_served]] = -pue
        hall, kept = np.zeros(width), np.zeros(width)
        hall[[at(name, t) for name in all_served]] = 1.0
        less.append(hall)
        most.append(windows.served_limit_mw[window, t])
        own, own_limit = np.zeros(width), windows.available_mw[window, t]
        own[at("curtailed", t)] = 1.0
        forced = 0.0
        for number, source in enumerate(windows.sources):
            low[at(source.name, t)] = source.least_mw[window, t]
            high[at(source.name, t)] = source.most_mw[window, t]
            cost[at(source.name, t)] = h * source.cost_myen_per_mwh[window, t]
            row[at(source.name, t)] = 1.0
            forced += max(source.least_mw[window, t], 0.0)
            own[at(source.name, t)] -= source.own
            if source.ramp_mw is None:
                continue
            before = states.output_mw[number] if t == 0 else 0.0
            fall = source.ramp_mw if t == 0 else source.ramp_mw + max(
                source.most_mw[window, t - 1] - source.most_mw[window, t], 0.0
            )  # fmt: skip
            rise = source.ramp_mw if t == 0 else source.ramp_mw + max(
                source.least_mw[window, t] - source.least_mw[window, t - 1], 0.0
            )  # fmt: skip
            for sign, limit in ((1.0, rise), (-1.0, fall)):
                ramp = np.zeros(width)
                ramp[at(source.name, t)] = sign
                if t:
                    ramp[at(source.name, t - 1)] = -sign
                bound = limit + sign * before
                if t == 0:
                    edge = source.least_mw[window, 0] if sign > 0 else -source.most_mw[window, 0]
                    bound = max(bound, edge)
                less.append(ramp)
                most.append(bound)
        for number, store in enumerate(windows.stores):
            charge, discharge, held = (at(f"{flow}{store.name}", t) for flow in ("in", "out", "held"))
            high[charge], high[discharge] = store.charge_limit_mw[window, t], store.discharge_limit_mw[window, t]
            high[held] = store.limit_mwh[window, t]
            cost[discharge] = h * store.wear_myen_per_mwh
            cost[held] = -store.final_value_myen_per_mwh if t == steps - 1 else 0.0
            row[charge], row[discharge] = -1.0, 1.0
            own[charge] += store.own_supply
            if store.chillers is not None:
                power = store.chillers.power_mw_per_mw[window, t]
                cooled = power * windows.firm_mw[window, t]
                for sign, limit in ((1.0, cooled), (-1.0, max(store.chillers.most_mw[window, t] - cooled, 0.0))):
                    chiller = np.zeros(width)
                    chiller[discharge], chiller[charge] = sign, 0.0 if sign > 0 else 1.0
                    chiller[[at(name, t) for name in all_served]] = -sign * power
                    chiller[at("unserved", t)] = sign * power
                    less.append(chiller)
                    most.append(limit)
            given, from_store = at(f"given{store.name}", t), np.zeros(width)
            high[given] = store.most_given_mwh
            from_store[given], from_store[held], kept[given] = 1.0, -store.given_per_mwh, -1.0
            less.append(from_store)
            most.append(0.0)
            state = np.zeros(width)
            state[held] = 1.0
            state[charge] = -h * store.charge_efficiency[window, t]
            state[discharge] = h / store.discharge_efficiency[window, t]
            if t:
                state[at(f"held{store.name}", t - 1)] = -store.kept_per_step
            equal.append(state)
            right.append(0.0 if t else store.kept_per_step * states.stored_mwh[number])
        high[at("curtailed", t)] = windows.available_mw[window, t] + forced
        high[at("unserved", t)] = windows.firm_mw[window, t]
        high[at("served", t)] = windows.served_limit_mw[window, t]
        high[at("waiting", t)] = windows.backlog_limit_mwh[window, t]
        cost[at("unserved", t)] = h * windows.unserved_cost_myen_per_mwh[window, t]
        cost[at("served", t)] = h * windows.served_cost_myen_per_mwh[window, t]
        cost[at("dropped", t)] = h * windows.dropped_cost_myen_per_mwh
        cost[at("waiting", t)] = windows.final_backlog_cost_myen_per_mwh if t == steps - 1 else 0.0
        queue = np.zeros(width)
        queue[at("waiting", t)] = 1.0
        queue[at("served", t)] = queue[at("dropped", t)] = h
        if t:
            queue[at("waiting", t - 1)] = -1.0
        equal += [row, queue]
        right += [need, h * windows.arrivals_mw[window, t] + (0.0 if t else states.waiting_mwh)]
        for number, each in enumerate(windows.queues):
            served, short, owed = (at(f"{flow}{each.name}", t) for flow in ("served_", "short_", "owed_"))
            high[owed] = each.limit_mwh[window, t]
            cost[served], cost[short] = (
                h * windows.served_cost_myen_per_mwh[window, t],
                h * each.short_cost_myen_per_mwh,
            )
            cost[owed] = each.final_cost_myen_per_mwh if t == steps - 1 else 0.0
            line = np.zeros(width)
            line[owed], line[served], line[short] = 1.0, h, h
            if t:
                line[at(f"owed_{each.name}", t - 1)] = -1.0
            equal.append(line)
            right.append(h * each.arrivals_mw[window, t] + (0.0 if t else states.owed_mwh[number]))
        cost[at("below", t)], kept[at("below", t)] = h * windows.reserve_cost_myen_per_mwh, -1.0
        assert windows.reserve_mwh is not None
        less += [own, kept]
        most += [own_limit, -windows.reserve_mwh[window, t]]
    answer = linprog(cost, np.array(less), most, np.array(equal), right, np.stack([low, high], axis=1), method="highs")
    assert answer.status == 0
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(12))
def test_windows_agree_with_a_plain_programme_and_with_the_kernel(seed: int) -> None:
    windows, states = random_windows(seed)
    sequence = WideSequence(windows)
    for window in range(windows.shape[0]):
        cost = plain_cost(windows, window, states)
        found = sequence.solve(window, states)
        # What is stored and served early is worth a hundredth of a yen.
        assert found.cost_myen == pytest.approx(cost, abs=1e-8 * 400 * windows.shape[1])
        assert abs(found.cost_myen - found.bound_myen) <= 1e-7 * max(1.0, abs(found.cost_myen))
        if window == 0:
            assert solve_long(windows, states).cost_myen == pytest.approx(cost, rel=1e-7, abs=1e-7)


def test_a_window_does_not_depend_on_the_one_before_but_in_its_last_digits() -> None:
    windows, states = random_windows(3, count=6)
    sequence = WideSequence(windows)
    following = [sequence.solve(window, states).cost_myen for window in range(6)]
    alone = [WideSequence(windows).solve(window, states).cost_myen for window in range(6)]
    assert following == pytest.approx(alone, rel=1e-9)


def test_a_plain_plant_is_the_narrow_window() -> None:
    rng = np.random.default_rng(5)
    shape = (10, 24)
    whole, price = np.ones(shape), rng.uniform(0.0, 0.03, (10, 24))
    available, firm = rng.uniform(0.0, 80.0, shape), rng.uniform(20.0, 40.0, shape)
    narrow = Windows(
        available_mw=available, firm_mw=firm, pue=1.2 * whole, unserved_cost_myen_per_mwh=whole,
        dropped_cost_myen_per_mwh=np.array(0.3), arrivals_mw=5.0 * whole, served_limit_mw=20.0 * whole,
        backlog_limit_mwh=30.0 * whole, charge_limit_mw=15.0 * whole, discharge_limit_mw=15.0 * whole,
        storage_limit_mwh=np.array(60.0), import_limit_mw=30.0 * whole, backup_limit_mw=20.0 * whole,
        import_price_myen_per_mwh=price, backup_cost_myen_per_mwh=0.05 * whole, kept_per_step=np.array(0.999),
        charge_efficiency=np.array(0.95), discharge_efficiency=np.array(0.93), initial_storage_mwh=np.array(20.0),
        initial_backlog_mwh=np.array(10.0), final_storage_value_myen_per_mwh=np.array(0.01),
        final_backlog_cost_myen_per_mwh=np.array(0.02),
    )  # fmt: skip
    zero = np.zeros(shape)
    wide = WideWindows(
        available_mw=available, firm_mw=firm, pue=1.2 * whole, unserved_cost_myen_per_mwh=whole,
        dropped_cost_myen_per_mwh=0.3, arrivals_mw=5.0 * whole, served_limit_mw=20.0 * whole,
        backlog_limit_mwh=30.0 * whole, served_cost_myen_per_mwh=zero, final_backlog_cost_myen_per_mwh=0.02,
        sources=(Source("import", zero, 30.0 * whole, price), Source("backup", zero, 20.0 * whole, 0.05 * whole)),
        stores=(WideStore("battery", 15.0 * whole, 15.0 * whole, 60.0 * whole, 0.95 * whole, 0.93 * whole, 0.999, 0.0,
                          0.01),),
        step_hours=1.0,
    )  # fmt: skip
    expected = solve_windows(narrow).cost_myen
    sequence, states = WideSequence(wide), States((20.0,), 10.0, (0.0, 0.0))
    found = [sequence.solve(window, states).cost_myen for window in range(10)]
    assert found == pytest.approx(expected, abs=1e-8 * 100 * 24)


def test_of_equal_optima_the_one_that_stores_first_is_taken() -> None:
    """40 MW too many in both hours and room for 20 MWh: the store takes them in the first."""
    whole, zero = np.ones((1, 2)), np.zeros((1, 2))
    windows = WideWindows(
        available_mw=60.0 * whole, firm_mw=20.0 * whole, pue=whole, unserved_cost_myen_per_mwh=whole,
        dropped_cost_myen_per_mwh=0.3, arrivals_mw=zero, served_limit_mw=zero, backlog_limit_mwh=zero,
        served_cost_myen_per_mwh=zero, final_backlog_cost_myen_per_mwh=0.0, sources=(),
        stores=(WideStore("s", 30.0 * whole, 30.0 * whole, 20.0 * whole, whole, whole, 1.0, 0.0, 0.01),),
        step_hours=1.0,
    )  # fmt: skip
    found = WideSequence(windows).solve(0, States((0.0,), 0.0, ()))
    assert found.amounts[charge_of("s")] == pytest.approx([20.0, 0.0])
    assert found.amounts[stored_in("s")] == pytest.approx([20.0, 20.0])
    assert found.amounts[discharge_of("s")] == pytest.approx([0.0, 0.0])


def test_what_does_not_exist_is_refused() -> None:
    windows, states = random_windows(0)
    with pytest.raises(IndexError, match="window 4 of 4"):
        WideSequence(windows).solve(4, states)
    full = replace(states, stored_mwh=(500.0, 50.0, 5.0))
    with pytest.raises(SolverError):
        WideSequence(windows).solve(0, full)
    with pytest.raises(SolverError):
        solve_long(windows, full)
