"""Windows and trees against HiGHS: a thousand windows to 1e-7, prices by a little more, trees as one programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.windows import harsh_windows, random_scenarios, random_windows

from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.linear.window import Windows, solve_tree, solve_windows
from kiban.linear.window.general import programme_of
from kiban.linear.window.windows import SERIES

AGREED = 1e-7


def highs_cost(windows: Windows, window: int) -> float:
    flat = flatten(programme_of(windows, window))
    status, point, _, _, _ = solve_highs(flat)
    assert status == "optimal"
    return float(flat.cost @ point)


def differences(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """How far cost and bound are from what HiGHS finds, over one and its cost."""
    found = solve_windows(windows)
    assert found.proven.all()
    costs = np.array([highs_cost(windows, window) for window in range(windows.shape[0])])
    return tuple(np.abs(side - costs) / (1 + np.abs(costs)) for side in (found.cost_myen, found.bound_myen))


@pytest.mark.parametrize(("steps", "count"), [(48, 300), (96, 120), (168, 80)])
@pytest.mark.parametrize("harsh", [False, True])
def test_a_thousand_windows_agree(steps: int, count: int, harsh: bool) -> None:
    windows = (harsh_windows if harsh else random_windows)(np.random.default_rng(steps), count, steps)
    for side in differences(windows):
        assert side.max() < AGREED


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_short_steps_agree(minutes: int) -> None:
    windows = harsh_windows(np.random.default_rng(minutes), 30, 48, step_hours=minutes / 60)
    for side in differences(windows):
        assert side.max() < AGREED


def test_other_units_agree() -> None:
    """The same windows in GW and in kW, in yen and in trillions: the method has no scale of its own."""
    windows = harsh_windows(np.random.default_rng(1), 40, 48)
    found = solve_windows(windows)
    for power, money in ((1e-3, 1.0), (1e3, 1.0), (1.0, 1e6), (1.0, 1e-6)):
        new = {}
        for name in (*SERIES, "initial_storage_mwh", "initial_backlog_mwh"):
            if name.endswith(("_mw", "_mwh")) and "per_mwh" not in name:
                new[name] = getattr(windows, name) * power
        for name in (*SERIES, "final_storage_value_myen_per_mwh", "final_backlog_cost_myen_per_mwh"):
            if "per_mwh" in name:
                new[name] = getattr(windows, name) * money
        other = solve_windows(replace(windows, **new))
        assert other.proven.all()
        assert other.cost_myen / (power * money) == pytest.approx(found.cost_myen, rel=AGREED, abs=AGREED)


@pytest.mark.parametrize("harsh", [False, True])
def test_more_of_anything_never_costs_more(harsh: bool) -> None:
    rng = np.random.default_rng(2)
    windows = (harsh_windows if harsh else random_windows)(rng, 120, 48)
    cost = solve_windows(windows).cost_myen
    for name in SERIES:
        if not name.endswith(("limit_mw", "limit_mwh", "available_mw")):
            continue
        more = solve_windows(replace(windows, **{name: getattr(windows, name) * 1.3 + 0.5}))
        assert (more.cost_myen <= cost + AGREED * (1 + np.abs(cost))).all(), name
    for name in ("unserved_cost_myen_per_mwh", "backup_cost_myen_per_mwh", "import_price_myen_per_mwh"):
        dearer = solve_windows(replace(windows, **{name: getattr(windows, name) + 0.01}))
        assert (dearer.cost_myen >= cost - AGREED * (1 + np.abs(cost))).all(), name


def test_prices_are_those_of_a_little_more() -> None:
    """HiGHS on the window with a little more need, more arriving, more stored: the price is within what it says."""
    rng, by = np.random.default_rng(3), 1e-3
    windows = random_windows(rng, 40, 48)
    found = solve_windows(windows, tolerance=1e-12)
    for window in range(40):
        flat = flatten(programme_of(windows, window))
        base = highs_cost(windows, window)
        for number, row in enumerate(("balance", "storage", "backlog")):
            step = int(rng.integers(48))
            at = flat.rows[row].start + step
            costs = []
            for sign in (-1, 1):
                lower, upper = flat.row_lower.copy(), flat.row_upper.copy()
                lower[at] += sign * by
                upper[at] += sign * by
                status, point, *_ = solve_highs(replace(flat, row_lower=lower, row_upper=upper))
                costs.append(float(flat.cost @ point) if status == "optimal" else np.inf)
            price, slack = found.prices[window, number, step], 1e-5
            assert (base - costs[0]) / by - slack <= price <= (costs[1] - base) / by + slack, (window, row, step)


@pytest.mark.parametrize("harsh", [False, True])
def test_trees_agree(harsh: bool) -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        count = int(rng.integers(2, 12))
        scenarios = random_scenarios(rng, count, 48, harsh=harsh)
        weights = rng.dirichlet(np.ones(count))
        found = solve_tree(scenarios, weights)
        assert found.proven
        cost = tree_cost(scenarios, weights)
        assert abs(found.cost_myen - cost) < AGREED * (1 + abs(cost))
        assert abs(found.bound_myen - cost) < AGREED * (1 + abs(cost))


def tree_cost(scenarios: Windows, weights: np.ndarray) -> float:
    """The deterministic equivalent: every scenario a copy of its window, the copies' first steps held equal."""
    import scipy.sparse as sp

    flats = [flatten(programme_of(scenarios, scenario)) for scenario in range(scenarios.shape[0])]
    width = flats[0].cost.size
    firsts = np.array([columns.start for columns in flats[0].columns.values()])
    pick = sp.csr_array((np.ones(firsts.size), (np.arange(firsts.size), firsts)), shape=(firsts.size, width))
    blocks = [[flat.matrix if i == j else None for j in range(len(flats))] for i, flat in enumerate(flats)]
    blocks += [
        [pick if j == 0 else -pick if j == scenario else None for j in range(len(flats))]
        for scenario in range(1, len(flats))
    ]
    equal = np.zeros(firsts.size * (len(flats) - 1))
    whole = replace(
        flats[0],
        matrix=sp.block_array(blocks).tocsc(),
        cost=np.concatenate([weight * flat.cost for weight, flat in zip(weights, flats, strict=True)]),
        lower=np.concatenate([flat.lower for flat in flats]),
        upper=np.concatenate([flat.upper for flat in flats]),
        row_lower=np.concatenate([*(flat.row_lower for flat in flats), equal]),
        row_upper=np.concatenate([*(flat.row_upper for flat in flats), equal]),
        integer=np.zeros(width * len(flats), dtype=bool),
    )
    status, point, *_ = solve_highs(whole)
    assert status == "optimal"
    return float(whole.cost @ point)
