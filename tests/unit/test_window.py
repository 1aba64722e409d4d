"""Windows of operation: cases worked by hand, prices by perturbation, what cannot move, what stands beside a window."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.windows import harsh_windows, random_windows

from kiban.linear.window import Windows, WindowSequence, solve_windows, task
from kiban.linear.window.general import programme_of, solve_generally
from kiban.linear.window.solution import AMOUNTS
from kiban.linear.window.windows import NUMBERS, SERIES

QUIET = {
    "pue": np.array(1.25),
    "unserved_cost_myen_per_mwh": np.array(1.0),
    "dropped_cost_myen_per_mwh": np.array(0.3),
}


def plant(available, firm, **given):
    return Windows(**{**QUIET, "available_mw": np.array(available, float), "firm_mw": np.array(firm, float), **given})


def number(value):
    return np.array(float(value))


def same_bits(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("amounts", "prices", "cost_myen"))


def test_the_task_is_laid_out_as_the_compiled_method_reads_it() -> None:
    functions = task.find_functions()
    assert functions is not None
    assert functions.kiban_task_bytes() == ctypes.sizeof(task.Task)


def test_three_hours_by_hand() -> None:
    """10 MW at a PUE of 1.25 are 12.5 MW. Power of the second hour is dear: what the first has over is kept for it.

    Hour 1: 20 MW are there, 7.5 over: 4 MW (the limit) charge 3.6 MWh. Hour 2: nothing is there, 3.6 * 0.9 = 3.24 MW
    come back, the remaining 9.26 are bought at 0.05. Hour 3: 12.5 bought at 0.01.
    """
    windows = plant(
        [20, 0, 0],
        [10, 10, 10],
        charge_limit_mw=number(4),
        discharge_limit_mw=number(4),
        storage_limit_mwh=number(8),
        charge_efficiency=number(0.9),
        discharge_efficiency=number(0.9),
        import_limit_mw=number(50),
        import_price_myen_per_mwh=np.array([0.04, 0.05, 0.01]),
    )
    found = solve_windows(windows)
    assert found.proven.all()
    assert found.cost_myen[0] == pytest.approx(9.26 * 0.05 + 12.5 * 0.01, rel=1e-9)
    assert found.first("charge_mw")[0] == pytest.approx(4.0, rel=1e-7)
    assert found.first("curtailed_mw")[0] == pytest.approx(3.5, rel=1e-7)
    assert found.amount("discharge_mw")[0] == pytest.approx([0.0, 3.24, 0.0], abs=1e-7)
    assert found.amount("import_mw")[0] == pytest.approx([0.0, 9.26, 12.5], abs=1e-7)
    # One MWh more of need: curtail less, buy, buy. One MWh stored after hour 1 saves 0.9 MWh at 0.05.
    assert found.power_price_myen_per_mwh[0] == pytest.approx([0.0, 0.05, 0.01], abs=1e-7)
    assert found.storage_value_myen_per_mwh[0, 0] == pytest.approx(0.045, abs=1e-7)


def test_compute_waits_for_cheap_power_and_is_dropped_where_it_must() -> None:
    """6 MWh arrive in the first hour, power costs 0.21, 0.01, 0.2: 4 MWh wait (the limit), 2 are served at once.

    Of the 4 that wait 3 fit into the second hour: 1 waits on into the third, where it costs 1.25 * 0.2 = 0.25, less
    than to drop it at 0.3. At 0.25 for power both the first and the third hour cost 0.3125: 3 are dropped.
    """
    windows = plant(
        [0, 0, 0],
        [0, 0, 0],
        arrivals_mw=np.array([6.0, 0, 0]),
        served_limit_mw=number(3),
        backlog_limit_mwh=number(4),
        import_limit_mw=number(50),
        import_price_myen_per_mwh=np.array([0.21, 0.01, 0.2]),
        final_backlog_cost_myen_per_mwh=number(1),
    )
    found = solve_windows(windows)
    assert found.amount("served_mw")[0] == pytest.approx([2, 3, 1], abs=1e-6)
    assert found.amount("backlog_mwh")[0] == pytest.approx([4, 1, 0], abs=1e-6)
    assert found.cost_myen[0] == pytest.approx(1.25 * (2 * 0.21 + 3 * 0.01 + 0.2), rel=1e-8)
    dearer = solve_windows(replace(windows, import_price_myen_per_mwh=np.array([0.25, 0.01, 0.25])))
    assert dearer.amount("dropped_mw")[0].sum() == pytest.approx(3, abs=1e-6)


def test_the_final_value_falls() -> None:
    """50 MWh could be sold to the end at 0.04 - 0.001 s for power that costs 0.01: 30 MWh are charged, no more."""
    windows = plant(
        [0],
        [0],
        charge_limit_mw=number(50),
        storage_limit_mwh=number(60),
        import_limit_mw=number(100),
        import_price_myen_per_mwh=number(0.01),
        final_storage_value_myen_per_mwh=number(0.04),
        final_storage_slope_myen_per_mwh2=number(0.001),
    )
    found = solve_windows(replace(windows, available_mw=np.array([[0.0]]), firm_mw=np.array([[0.0]])))
    assert found.amount("storage_mwh")[0, 0] == pytest.approx(30, rel=1e-6)
    assert found.cost_myen[0] == pytest.approx(30 * 0.01 - (30 * 0.04 - 0.0005 * 900), rel=1e-8)
    assert found.storage_value_myen_per_mwh[0, 0] == pytest.approx(0.01, rel=1e-6)


def test_steps_of_half_an_hour() -> None:
    """The same plant in half hours: power stays power, energy halves, so that two of them are the hour."""
    rng = np.random.default_rng(1)
    hourly = random_windows(rng, 4, 6)
    halves = {name: np.repeat(getattr(hourly, name), 2, axis=1) for name in SERIES}
    half = Windows(**halves, **{name: getattr(hourly, name) for name in NUMBERS}, step_hours=0.5)
    half = replace(half, kept_per_step=np.ones(4))
    one, two = solve_windows(replace(hourly, kept_per_step=np.ones(4))), solve_windows(half)
    # What fits hours fits half hours; half hours may do better, since the store may turn within the hour.
    assert (two.cost_myen <= one.cost_myen + 1e-7).all()
    general = solve_generally(half)
    assert two.cost_myen == pytest.approx(general.cost_myen, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("harsh", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 9, 48])
def test_agrees_with_the_general_solvers(steps: int, harsh: bool) -> None:
    rng = np.random.default_rng(steps)
    windows = (harsh_windows if harsh else random_windows)(rng, 12, steps)
    windows = replace(windows, final_storage_slope_myen_per_mwh2=rng.choice([0, 1e-4, 1e-3], 12))
    found, general = solve_windows(windows), solve_generally(windows)
    assert found.proven.all()
    assert general.proven.all()
    assert found.cost_myen == pytest.approx(general.cost_myen, rel=1e-7, abs=1e-7)
    assert (found.bound_myen <= general.cost_myen + 1e-7 * (1 + np.abs(general.cost_myen))).all()
    assert found.open_mwh.max() < 1e-6


def test_balances_hold_and_nothing_leaves_its_limits() -> None:
    windows = harsh_windows(np.random.default_rng(2), 24, 48)
    found = solve_windows(windows)
    at = {name: found.amount(name) for name in AMOUNTS}
    supply = windows.available_mw + at["discharge_mw"] + at["import_mw"] + at["backup_mw"]
    load = windows.pue * (windows.firm_mw - at["unserved_mw"] + at["served_mw"])
    assert supply == pytest.approx(load + at["charge_mw"] + at["curtailed_mw"], abs=1e-6)
    stored = np.column_stack([windows.initial_storage_mwh, at["storage_mwh"]])
    gained = at["charge_mw"] * windows.charge_efficiency[:, None]
    drained = at["discharge_mw"] / windows.discharge_efficiency[:, None]
    assert stored[:, 1:] == pytest.approx(windows.kept_per_step[:, None] * stored[:, :-1] + gained - drained, abs=1e-6)
    waiting = np.column_stack([windows.initial_backlog_mwh, at["backlog_mwh"]])
    gone = at["served_mw"] + at["dropped_mw"]
    assert waiting[:, 1:] == pytest.approx(waiting[:, :-1] + windows.arrivals_mw - gone, abs=1e-6)
    limits = {
        "charge_mw": windows.charge_limit_mw,
        "discharge_mw": windows.discharge_limit_mw,
        "served_mw": windows.served_limit_mw,
        "import_mw": windows.import_limit_mw,
        "backup_mw": windows.backup_limit_mw,
        "curtailed_mw": windows.available_mw,
        "unserved_mw": windows.firm_mw,
        "storage_mwh": windows.storage_limit_mwh,
        "backlog_mwh": windows.backlog_limit_mwh,
    }
    for name, limit in limits.items():
        assert (at[name] >= 0).all(), name
        assert (at[name] <= limit * (1 + 1e-12)).all(), name


def changed(windows, name, window, step, by):
    value = np.array(getattr(windows, name))
    if value.ndim == 2:
        value[window, step] += by
    else:
        value[window] += by
    return replace(windows, **{name: value})


@pytest.mark.parametrize("seed", range(6))
def test_prices_are_what_one_unit_more_costs(seed: int) -> None:
    """A price lies between the saving by a little less and the cost of a little more."""
    rng = np.random.default_rng(seed)
    windows = (harsh_windows if seed % 2 else random_windows)(rng, 1, 24)
    found = solve_windows(windows, tolerance=1e-12)
    steps, by = rng.choice(24, 6, replace=False), 1e-4
    for step in steps:
        cases = [("initial_storage_mwh", found.prices[0, 1, 0] * windows.kept_per_step[0])] if step < 5 else []
        if windows.arrivals_mw[0, step] > 0:
            cases.append(("arrivals_mw", found.prices[0, 2, step]))
        if windows.available_mw[0, step] > 0:
            # More supply is less need; what cannot be used of it is curtailed at no cost.
            cases.append(("available_mw", min(-found.prices[0, 0, step], 0.0)))
        for name, price in cases:
            if (
                name == "initial_storage_mwh"
                and not 1 < windows.initial_storage_mwh[0] < windows.storage_limit_mwh.min() - 1
            ):
                continue
            more = solve_windows(changed(windows, name, 0, step, by), tolerance=1e-12).cost_myen[0]
            less = solve_windows(changed(windows, name, 0, step, -by), tolerance=1e-12).cost_myen[0]
            slack = 1e-5 + 1e-3 * abs(price)
            assert (found.cost_myen[0] - less) / by - slack <= price <= (more - found.cost_myen[0]) / by + slack, name


def test_windows_do_not_disturb_each_other() -> None:
    """Whatever stands beside a window, and however many threads there are, its bits are the same."""
    rng = np.random.default_rng(3)
    windows = harsh_windows(rng, 29, 48)
    found = solve_windows(windows, threads=1)
    assert same_bits(found, solve_windows(windows, threads=2))
    assert same_bits(found, solve_windows(windows, threads=5))
    order = rng.permutation(29)
    moved = Windows(**{name: getattr(windows, name)[order] for name in (*SERIES, *NUMBERS)})
    mixed = solve_windows(moved)
    assert np.array_equal(mixed.amounts, found.amounts[order])
    assert np.array_equal(mixed.prices, found.prices[order])
    assert np.array_equal(mixed.iterations, found.iterations[order])
    alone = solve_windows(windows.chosen(slice(5, 6)))
    assert np.array_equal(alone.amounts[0], found.amounts[5])


def test_a_window_without_an_answer_says_so_and_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than three iterations for any: none is proven, and the general solvers are asked."""
    windows = random_windows(np.random.default_rng(4), 11, 24)
    whole = solve_windows(windows)
    broken = np.array(windows.storage_limit_mwh)
    # More is stored in the third window than its limit allows later on, and its discharge is cut off by its load.
    third = replace(
        windows,
        storage_limit_mwh=np.where(
            np.arange(11)[:, None] == 3, 0.5 * broken.max(axis=1, keepdims=True) * (np.arange(24) < 1), broken
        ),
        firm_mw=np.where(np.arange(11)[:, None] == 3, 0.0, windows.firm_mw),
        served_limit_mw=np.where(np.arange(11)[:, None] == 3, 0.0, windows.served_limit_mw),
        initial_storage_mwh=np.where(np.arange(11) == 3, 0.5 * broken.max(axis=1), windows.initial_storage_mwh),
        discharge_limit_mw=np.where(np.arange(11)[:, None] == 3, 1000.0, windows.discharge_limit_mw),
        charge_efficiency=np.where(np.arange(11) == 3, 1.0, windows.charge_efficiency),
        discharge_efficiency=np.where(np.arange(11) == 3, 1.0, windows.discharge_efficiency),
    )
    found = solve_windows(third)
    others = np.arange(11) != 3
    assert found.proven.tolist() == others.tolist()
    assert np.array_equal(found.amounts[others], whole.amounts[others])
    monkeypatch.setattr(task, "MOST_ITERATIONS", 3)
    asked = solve_windows(windows)
    assert asked.proven.all()
    assert asked.cost_myen == pytest.approx(whole.cost_myen, rel=1e-7, abs=1e-7)
    assert (asked.iterations > 3).all()


def test_without_any_load_everything_is_curtailed() -> None:
    windows = plant(
        [5, 0, 7], [0, 0, 0], import_limit_mw=number(9), import_price_myen_per_mwh=np.array([0.02, 0.02, -0.03])
    )
    found = solve_windows(windows)
    assert found.proven.all()
    assert found.amount("curtailed_mw")[0].tolist() == [5, 0, 7]
    assert found.cost_myen[0] == 0.0
    # One MWh of need: less is curtailed, or bought, or somebody pays for taking it.
    assert found.power_price_myen_per_mwh[0].tolist() == [0.0, 0.0, -0.03]
    costly = solve_windows(replace(windows, curtailed_cost_myen_per_mwh=number(0.01)))
    assert costly.cost_myen[0] == pytest.approx(0.12, rel=1e-12)
    assert costly.bound_myen[0] == pytest.approx(0.12, rel=1e-12)


def test_a_blackout_serves_nothing_and_prices_it() -> None:
    """An empty store and no supply in the second hour: its 8 MW are not served, at 1.0, a MWh of power is worth 0.8."""
    windows = plant(
        [20, 0, 20],
        [8, 8, 8],
        charge_limit_mw=np.array([0.0, 5, 5]),
        discharge_limit_mw=number(5),
        storage_limit_mwh=number(10),
    )
    found = solve_windows(windows)
    assert found.proven.all()
    assert found.amount("unserved_mw")[0] == pytest.approx([0, 8, 0], abs=1e-9)
    assert found.cost_myen[0] == pytest.approx(8.0, rel=1e-9)
    assert found.power_price_myen_per_mwh[0, 1] == pytest.approx(0.8, rel=1e-9)
    # One MWh in the store before the first hour would serve 0.8 MWh more, as long as 5 MW bring it.
    assert found.storage_value_myen_per_mwh[0, 0] == pytest.approx(0.8, rel=1e-9)


def test_before_anything_has_arrived_its_price_is_that_of_the_cheapest_way() -> None:
    windows = plant(
        [0, 0, 0],
        [4, 4, 4],
        arrivals_mw=np.array([0.0, 0, 2]),
        served_limit_mw=np.array([0.0, 3, 3]),
        backlog_limit_mwh=number(5),
        import_limit_mw=number(50),
        import_price_myen_per_mwh=np.array([0.04, 0.08, 0.12]),
        final_backlog_cost_myen_per_mwh=number(1),
    )
    found = solve_windows(windows)
    assert found.amount("served_mw")[0].tolist()[:2] == [0.0, 0.0]
    # What arrived in the first hour would wait for the second, at 1.25 * 0.08.
    assert found.backlog_price_myen_per_mwh[0] == pytest.approx([0.1, 0.1, 0.15], abs=1e-7)


def test_a_store_that_is_shut_off_keeps_what_it_holds() -> None:
    """Full, without power in the first two hours; the third sells it to the load at 0.1. Loss 1 % an hour."""
    windows = plant(
        [0, 0, 0],
        [4, 4, 4],
        charge_limit_mw=np.array([0.0, 0, 9]),
        discharge_limit_mw=np.array([0.0, 0, 9]),
        storage_limit_mwh=number(3),
        initial_storage_mwh=number(3),
        kept_per_step=number(0.99),
        import_limit_mw=number(50),
        import_price_myen_per_mwh=number(0.1),
    )
    found = solve_windows(windows)
    assert found.proven.all()
    assert found.amount("storage_mwh")[0] == pytest.approx([2.97, 2.9403, 0], abs=1e-6)
    assert found.cost_myen[0] == pytest.approx(0.1 * (15 - 3 * 0.99**3), rel=1e-8)
    assert found.storage_value_myen_per_mwh[0] == pytest.approx([0.1 * 0.99**2, 0.099, 0.1], rel=1e-6)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"available_mw": [[1.0, np.nan]]}, "'available_mw' has a value that is not a finite number"),
        ({"import_limit_mw": np.inf}, "'import_limit_mw' has a value that is not a finite number"),
        ({"firm_mw": [[1.0, -2.0]]}, "'firm_mw' has a value below zero: -2"),
        ({"charge_efficiency": 1.1}, "'charge_efficiency' is a share, and has a value above one: 1.1"),
        ({"discharge_efficiency": 0.0}, "'discharge_efficiency' has a value of zero"),
        ({"pue": 0.0}, "'pue' has a value of zero"),
        ({"final_storage_slope_myen_per_mwh2": -1.0}, "'final_storage_slope_myen_per_mwh2' has a value below zero: -1"),
        ({"firm_mw": [[1.0, 2.0, 3.0]]}, r"'firm_mw' has the shape \(1, 3\), which does not fit"),
        ({"initial_storage_mwh": [[0.0, 0.0]]}, r"'initial_storage_mwh' has the shape \(1, 2\)"),
        ({"initial_backlog_mwh": [0.0, 0.0, 1.0], "firm_mw": [[1.0, 1.0]] * 2}, "2 windows have numbers for 3"),
        ({"available_mw": np.zeros((0, 2))}, "at least one window of one step"),
        ({"step_hours": 0.0}, "'step_hours' is 0.0"),
        ({"initial_storage_mwh": 9.0, "storage_limit_mwh": [[9.0, 5.0]], "discharge_limit_mw": 1.0},
         "'storage_limit_mwh' is 5 in window 0, step 1, and 7 MWh at least are left"),
    ],
)  # fmt: skip
def test_what_is_no_window_is_refused_in_one_sentence(given, sentence) -> None:
    plain = {"available_mw": np.array([[1.0, 2.0]]), "firm_mw": np.array([[1.0, 1.0]]), **QUIET}
    given = {name: value if name == "step_hours" else np.array(value, float) for name, value in given.items()}
    with pytest.raises(ValueError, match=sentence):
        Windows(**{**plain, **given})


def test_windows_that_slide_over_a_year_are_views_of_it() -> None:
    year = np.linspace(0, 50, 1000)
    sliding = np.lib.stride_tricks.sliding_window_view(year, 48)
    windows = plant(
        sliding, 20.0 + 0 * sliding[:, :1], import_limit_mw=number(90), import_price_myen_per_mwh=number(0.1)
    )
    assert windows.shape == (953, 48)
    assert np.shares_memory(windows.import_limit_mw, windows.import_limit_mw[:1, :1])
    assert windows.import_limit_mw.strides == (0, 0)
    found = solve_windows(windows)
    copied = solve_windows(replace(windows, available_mw=sliding.copy()))
    assert found.proven.all()
    assert same_bits(found, copied)


def test_a_sequence_hands_its_states_on() -> None:
    """Hour after hour from the state that the decision leaves: each window as if it stood alone, warm or cold."""
    year = random_windows(np.random.default_rng(6), 1, 80)
    slides = {name: np.lib.stride_tricks.sliding_window_view(getattr(year, name)[0], 48) for name in SERIES}
    windows = Windows(**slides, **{name: getattr(year, name) for name in NUMBERS})
    ways = {}
    for warm in (False, True):
        sequence = WindowSequence(windows, warm=warm)
        stored, waiting, costs, iterations = 0.5 * float(windows.storage_limit_mwh.min()), 0.0, [], []
        for hour in range(windows.shape[0]):
            found = sequence.solve(hour, stored, waiting)
            assert found.proven[0]
            alone = replace(
                windows.chosen(slice(hour, hour + 1)),
                initial_storage_mwh=number(stored),
                initial_backlog_mwh=number(waiting),
            )
            assert found.cost_myen == pytest.approx(solve_windows(alone).cost_myen, rel=1e-8, abs=1e-8)
            costs.append(found.cost_myen[0])
            iterations.append(int(found.iterations[0]))
            stored = max(float(found.first("storage_mwh")[0]), 0.0)
            waiting = max(float(found.first("backlog_mwh")[0]), 0.0)
        ways[warm] = costs, iterations
    assert ways[True][0] == pytest.approx(ways[False][0], rel=1e-6)
    assert sum(ways[True][1]) < sum(ways[False][1])


def test_a_sequence_refuses_states_that_it_cannot_hold() -> None:
    windows = random_windows(np.random.default_rng(7), 3, 4)
    sequence = WindowSequence(windows)
    with pytest.raises(IndexError, match="window 3 of 3"):
        sequence.solve(3, 0.0, 0.0)
    with pytest.raises(ValueError, match="states of nan MWh"):
        sequence.solve(0, np.nan, 0.0)
    with pytest.raises(ValueError, match="stored and -1"):
        sequence.solve(0, 0.0, -1.0)
    with pytest.raises(ValueError, match="'storage_limit_mwh' is"):
        sequence.solve(0, 1e6, 0.0)


def test_points_of_earlier_windows_save_iterations() -> None:
    windows = random_windows(np.random.default_rng(8), 24, 48)
    first = solve_windows(windows, keep_points=True)
    again = solve_windows(windows, start=first.points, shift=0)
    assert again.proven.all()
    assert again.cost_myen == pytest.approx(first.cost_myen, rel=1e-8, abs=1e-8)
    assert again.iterations.mean() < 0.8 * first.iterations.mean()
    with pytest.raises(ValueError, match="'start' has the shape"):
        solve_windows(windows.chosen(slice(0, 3)), start=first.points)
    with pytest.raises(ValueError, match="'shift' is -1"):
        solve_windows(windows, start=first.points, shift=-1)


def test_without_a_compiled_method_the_general_solvers_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = harsh_windows(np.random.default_rng(9), 5, 24)
    compiled, sequence = solve_windows(windows), WindowSequence(windows)
    step = sequence.solve(2, float(windows.initial_storage_mwh[2]), float(windows.initial_backlog_mwh[2]))
    for module in ("batch", "sequence", "tree"):
        monkeypatch.setattr(f"kiban.linear.window.{module}.find_functions", lambda: None)
    plain, sequence = solve_windows(windows), WindowSequence(windows)
    assert plain.proven.all()
    assert plain.cost_myen == pytest.approx(compiled.cost_myen, rel=1e-7, abs=1e-7)
    other = sequence.solve(2, float(windows.initial_storage_mwh[2]), float(windows.initial_backlog_mwh[2]))
    assert other.cost_myen == pytest.approx(step.cost_myen, rel=1e-7, abs=1e-7)


def test_the_programme_of_a_window_has_its_names() -> None:
    programme = programme_of(random_windows(np.random.default_rng(10), 1, 5), 0)
    assert tuple(programme.variables) == AMOUNTS
    assert tuple(programme.rows) == ("balance", "storage", "backlog")
