"""Trees of scenarios: by hand, against one programme of the whole tree, and what a tree must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.windows import random_scenarios, random_windows

from kiban.linear.window import Windows, solve_tree, solve_windows, tree
from kiban.linear.window.windows import NUMBERS, SERIES


def picked(scenarios, numbers):
    return Windows(**{name: getattr(scenarios, name)[numbers] for name in (*SERIES, *NUMBERS)})


def test_the_first_step_by_hand() -> None:
    """5 MWh for the store cost 0.03 now; tomorrow they replace power at 0.10 with probability p, else at 0.01.

    Charging pays where p * 0.10 + (1 - p) * 0.01 > 0.03, above p = 2/9.
    """
    scenarios = Windows(
        available_mw=np.zeros((2, 2)),
        firm_mw=np.array([[4.0, 6.0]]),
        pue=np.array(1.0),
        charge_limit_mw=np.array(9.0),
        discharge_limit_mw=np.array(5.0),
        storage_limit_mwh=np.array(5.0),
        import_limit_mw=np.array(20.0),
        import_price_myen_per_mwh=np.array([[0.03, 0.10], [0.03, 0.01]]),
        unserved_cost_myen_per_mwh=np.array(1.0),
        dropped_cost_myen_per_mwh=np.array(1.0),
    )
    for p, charged in ((0.2, 0.0), (0.25, 5.0)):
        found = solve_tree(scenarios, np.array([p, 1 - p]))
        assert found.proven
        assert found.first("storage_mwh") == pytest.approx([charged, charged], abs=1e-5)
        bought = 0.03 * (4 + charged) + (6 - charged) * (p * 0.10 + (1 - p) * 0.01)
        assert found.cost_myen == pytest.approx(bought, rel=1e-7)
        # Prices after the first step are those within the scenario.
        assert found.power_price_myen_per_mwh[:, 1] == pytest.approx([0.10, 0.01], rel=1e-5)
        # One MWh more in the store saves a purchase today, either way.
        assert found.storage_value_myen_per_mwh[:, 0] == pytest.approx([0.03, 0.03], rel=1e-5)


@pytest.mark.parametrize("harsh", [False, True])
@pytest.mark.parametrize("count", [1, 3, 8, 11])
def test_agrees_with_one_programme_of_the_whole_tree(count: int, harsh: bool) -> None:
    rng = np.random.default_rng(count)
    scenarios = random_scenarios(rng, count, 24, harsh=harsh)
    slope = np.full(count, rng.choice([0.0, 1e-4]))
    scenarios = replace(scenarios, final_storage_slope_myen_per_mwh2=slope)
    weights = rng.dirichlet(np.ones(count))
    found, general = solve_tree(scenarios, weights), tree._solve_generally(scenarios, weights)
    assert found.proven
    assert general.proven
    assert found.cost_myen == pytest.approx(general.cost_myen, rel=1e-7, abs=1e-7)
    assert found.relative_gap < 1e-7
    assert found.open_mwh < 1e-6
    # One first step, and every scenario's balances from it.
    for numbers in (found.amounts, found.prices):
        assert (numbers[:, :, 0] == numbers[:1, :, 0]).all()


def test_one_scenario_is_a_window() -> None:
    windows = random_windows(np.random.default_rng(1), 6, 48)
    alone = solve_windows(windows)
    for number in range(6):
        found = solve_tree(windows.chosen(slice(number, number + 1)), np.ones(1))
        assert found.cost_myen == pytest.approx(alone.cost_myen[number], rel=1e-9, abs=1e-9)
        assert found.amounts[0] == pytest.approx(alone.amounts[number], abs=1e-5)


def test_a_scenario_counted_twice_is_the_scenario() -> None:
    rng = np.random.default_rng(2)
    scenarios = random_scenarios(rng, 5, 36)
    weights = rng.dirichlet(np.ones(5))
    twice = np.array([0, 1, 1, 2, 3, 4, 4, 4, 4, 4])
    shares = weights[twice] / np.bincount(twice)[twice]
    one, other = solve_tree(scenarios, weights), solve_tree(picked(scenarios, twice), shares)
    assert other.cost_myen == pytest.approx(one.cost_myen, rel=1e-8)
    assert other.iterations == one.iterations
    assert other.amounts == pytest.approx(one.amounts[twice], abs=1e-4)
    assert np.array_equal(other.amounts[1], other.amounts[2])


def test_equal_scenarios_are_the_chain() -> None:
    windows = random_windows(np.random.default_rng(3), 1, 48)
    same = picked(windows, np.zeros(8, dtype=int))
    found, alone = solve_tree(same, np.full(8, 0.125)), solve_windows(windows)
    assert found.cost_myen == pytest.approx(alone.cost_myen[0], rel=1e-9)
    assert found.amounts == pytest.approx(np.repeat(alone.amounts, 8, axis=0), abs=1e-4)


def test_the_order_of_scenarios_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    scenarios, weights, order = random_scenarios(rng, 10, 24), rng.dirichlet(np.ones(10)), rng.permutation(10)
    one, other = solve_tree(scenarios, weights), solve_tree(picked(scenarios, order), weights[order])
    assert other.cost_myen == pytest.approx(one.cost_myen, rel=1e-9)
    assert other.amounts[:, :, 0] == pytest.approx(one.amounts[:, :, 0], abs=1e-4)


def test_knowing_more_is_worth_something() -> None:
    """The mean of the windows' costs, each with its own first step, is below the tree; the best common one is above."""
    rng = np.random.default_rng(5)
    scenarios, weights = random_scenarios(rng, 8, 48), np.full(8, 0.125)
    found, each = solve_tree(scenarios, weights), solve_windows(scenarios)
    assert float(weights @ each.cost_myen) <= found.cost_myen + 1e-7


def test_a_scenario_that_hardly_ever_comes_hardly_counts() -> None:
    rng = np.random.default_rng(6)
    scenarios = random_scenarios(rng, 3, 24)
    rare = solve_tree(scenarios, np.array([0.5, 0.5 - 1e-9, 1e-9]))
    without = solve_tree(scenarios.chosen(slice(0, 2)), np.array([0.5, 0.5]))
    assert rare.proven
    assert rare.cost_myen == pytest.approx(without.cost_myen, rel=1e-6, abs=1e-6)


def test_what_is_no_tree_is_refused_in_one_sentence() -> None:
    scenarios = random_scenarios(np.random.default_rng(7), 3, 6)
    even = np.full(3, 1 / 3)
    with pytest.raises(ValueError, match=r"'probabilities' have the shape \(2,\), expected \(3,\)"):
        solve_tree(scenarios, np.full(2, 0.5))
    with pytest.raises(ValueError, match="above zero and add up to one, not to"):
        solve_tree(scenarios, np.full(3, 0.3))
    with pytest.raises(ValueError, match="above zero"):
        solve_tree(scenarios, np.array([0.5, 0.5, 0.0]))
    with pytest.raises(ValueError, match="above zero"):
        solve_tree(scenarios, np.array([np.nan, 0.5, 0.5]))
    other = scenarios.available_mw.copy()
    other[1, 0] += 1.0
    with pytest.raises(ValueError, match="'available_mw' differs between the scenarios in the first step"):
        solve_tree(replace(scenarios, available_mw=other), even)
    with pytest.raises(ValueError, match="'initial_storage_mwh' differs between the scenarios"):
        solve_tree(replace(scenarios, initial_storage_mwh=np.array([0.0, 0.0, 1e-3])), even)


def test_without_a_compiled_method_the_general_solvers_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    scenarios, weights = random_scenarios(rng, 4, 12, harsh=True), rng.dirichlet(np.ones(4))
    compiled = solve_tree(scenarios, weights)
    monkeypatch.setattr(tree, "find_functions", lambda: None)
    plain = solve_tree(scenarios, weights)
    assert plain.proven
    assert plain.cost_myen == pytest.approx(compiled.cost_myen, rel=1e-7, abs=1e-7)
