"""The staircase form, its flattening, its solvers and its certificate."""

from dataclasses import replace

import numpy as np
import pytest

from kiban.errors import SolverError
from kiban.linear import Staircase, solve
from kiban.linear.elastic import SLACK, relax
from kiban.linear.flat import flatten
from kiban.linear.staircase import hold_capacities


def storage_programme(price, load, *, block=None, cyclic=True, power=2.0, energy=3.0):
    """Buy at `price` to serve `load`, with a loss-free store of given size."""
    steps = len(price)
    programme = Staircase(steps, block)
    programme.add_capacity("power", cost=0.0, upper=power)
    programme.add_capacity("energy", cost=0.0, upper=energy)
    programme.add_row("balance", equal=np.asarray(load, dtype=float))
    programme.add_row("storage", equal=0.0)
    programme.add_variable("buy", cost=np.asarray(price, dtype=float))
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    programme.add_term("balance", "buy")
    programme.add_term("balance", "charge", -1.0)
    programme.add_term("balance", "discharge")
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -1.0, lagged=True, cyclic=cyclic)
    programme.add_term("storage", "charge", -1.0)
    programme.add_term("storage", "discharge")
    return programme


@pytest.mark.parametrize("solver", ["kernel", "clarabel", "highs"])
def test_storage_moves_energy_from_cheap_to_dear_hours(solver):
    solution = solve(storage_programme([1.0, 5.0, 1.0, 9.0], [1.0, 1.0, 1.0, 1.0]), solver)
    # One unit each is bought in the two cheap hours for the two dear ones.
    assert solution.certificate.primal == pytest.approx(4.0, abs=1e-7)
    assert solution.hourly["buy"] == pytest.approx([2.0, 0.0, 2.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("solver", ["kernel", "clarabel", "highs"])
def test_states_close_within_each_block(solver):
    # The first block is dear, the second cheap; energy may not cross.
    solution = solve(storage_programme([5.0, 5.0, 1.0, 1.0], np.ones(4), block=2), solver)
    assert solution.certificate.primal == pytest.approx(12.0, abs=1e-7)


def test_an_unlinked_start_is_empty():
    programme = storage_programme([9.0, 1.0], np.ones(2), cyclic=False)
    assert solve(programme).certificate.primal == pytest.approx(10.0, abs=1e-7)
    programme = storage_programme([9.0, 1.0], np.ones(2), cyclic=True)
    assert solve(programme).certificate.primal == pytest.approx(2.0, abs=1e-7)


def test_prices_are_derivatives_of_the_optimum():
    price, load = np.array([1.0, 4.0, 2.0, 8.0]), np.array([1.0, 2.0, 1.5, 1.0])
    base = solve(storage_programme(price, load, power=0.5, energy=0.4))
    step = 1e-3
    for hour in range(4):
        more = load.copy()
        more[hour] += step
        cost = solve(storage_programme(price, more, power=0.5, energy=0.4)).certificate.primal
        assert (cost - base.certificate.primal) / step == pytest.approx(base.row_prices["balance"][hour], abs=1e-5)
    cost = solve(storage_programme(price, load, power=0.5, energy=0.4 + step)).certificate.primal
    assert (cost - base.certificate.primal) / step == pytest.approx(base.capacity_prices["energy"], abs=1e-5)


def test_capacities_that_are_held_are_numbers_in_every_limit():
    """Against the same capacities as decisions that have no choice: in bounds, rows, totals and the cost."""

    def write(lower, upper):
        programme = storage_programme([1.0, 5.0, 1.0, 9.0], [1.0, 2.0, 1.0, 1.5])
        programme.add_capacity("line", cost=3.0, lower=lower, upper=upper)
        programme.add_row("imports", upper=0.2)
        programme.add_term("imports", "buy")
        programme.add_capacity_term("imports", "line", np.array([-1.0, -0.5, -1.0, -0.4]))
        programme.add_total("most", upper=1.0)
        programme.add_total_term("most", "charge")
        programme.add_capacity_term("most", "line", -0.25)
        programme.add_capacity_term("most", "power", -0.5)
        return programme

    held = hold_capacities(write(0.0, 9.0), {"line": 2.0, "power": 1.5})
    assert set(held.capacities) == {"energy"}
    chosen = write(2.0, 2.0)
    chosen.capacities["power"] = replace(chosen.capacities["power"], lower=1.5, upper=1.5)
    one, other = (solve(programme, "highs") for programme in (held, chosen))
    assert one.certificate.primal == pytest.approx(other.certificate.primal, rel=1e-9)
    assert solve(held).certificate.primal == pytest.approx(other.certificate.primal, rel=1e-7)
    free = solve(write(0.0, 9.0), "highs").certificate.primal
    assert free < one.certificate.primal - 0.01


def test_infeasible_and_unbounded_are_recognised():
    programme = Staircase(2)
    programme.add_variable("y", upper=1.0)
    programme.add_row("row", equal=2.0)
    programme.add_term("row", "y")
    assert solve(programme).status == "infeasible"
    programme = Staircase(2)
    programme.add_variable("y", cost=-1.0)
    programme.add_row("row", lower=0.0)
    programme.add_term("row", "y")
    assert solve(programme).status == "unbounded"


def test_whole_numbers_are_decided_and_proven():
    programme = Staircase(3)
    programme.add_capacity("a", cost=3.0, upper=1.0, integer=True)
    programme.add_capacity("b", cost=2.0, upper=1.0, integer=True)
    programme.add_row("need", lower=1.0)
    programme.add_variable("buy", cost=1.5)
    programme.add_term("need", "buy")
    programme.add_capacity_term("need", "a", 1.0)
    programme.add_capacity_term("need", "b", 0.5)
    solution = solve(programme)
    # By hand: none 4.5, a 3.0, b 2 + 2.25 = 4.25, both 5.0.
    assert solution.certificate.primal == pytest.approx(3.0, abs=1e-6)
    assert solution.capacities["a"] == pytest.approx(1.0)
    assert solution.certificate.relative_gap < 1e-6
    assert "whole numbers" in solution.certificate.solver


def test_an_elastic_programme_measures_the_breach():
    programme = Staircase(2)
    programme.add_capacity("x", cost=1.0, upper=3.0)
    programme.add_variable("y", capacity="x")
    programme.add_row("row", equal=5.0)
    programme.add_term("row", "y")
    assert solve(programme).status == "infeasible"
    assert solve(relax(programme, {"x": 1.0})).capacities[SLACK + "x"] == pytest.approx(2.0, abs=1e-6)
    assert solve(relax(programme, {"row": 1.0})).hourly[SLACK + "row"] == pytest.approx([2.0, 2.0], abs=1e-6)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda p: p.add_variable("x"), "defined twice"),
        (lambda p: p.add_total("row"), "defined twice"),
        (lambda p: p.add_term("row", "z"), "unknown variable 'z'"),
        (lambda p: p.add_term("rows", "y"), "unknown row 'rows'"),
        (lambda p: p.add_variable("w", capacity="k"), "unknown capacity 'k'"),
        (lambda p: p.add_variable("w", cost=np.ones(3)), r"shape \(3,\)"),
        (lambda p: p.add_variable("w", cost=np.nan), "not a number"),
        (lambda p: p.add_capacity("w", cost=np.inf), "not a number"),
    ],
)
def test_labels_refuse_what_does_not_fit(action, message):
    programme = Staircase(2)
    programme.add_capacity("x", cost=1.0)
    programme.add_variable("y")
    programme.add_row("row")
    with pytest.raises(ValueError, match=message):
        action(programme)


def test_blocks_must_divide_the_horizon():
    with pytest.raises(ValueError, match="blocks of 3"):
        Staircase(8, 3)


def test_flattening_places_every_name_once():
    flat = flatten(storage_programme(np.ones(4), np.ones(4), block=2))
    columns = np.concatenate([np.arange(s.start, s.stop) for s in flat.columns.values()])
    rows = np.concatenate([np.arange(s.start, s.stop) for s in flat.rows.values()])
    assert sorted(columns) == list(range(flat.cost.size))
    assert sorted(rows) == list(range(flat.row_lower.size))


def test_a_solver_that_gives_up_is_a_fault_not_an_answer(monkeypatch):
    from kiban.linear import solvers as module

    def give_up(flat):
        return None, np.zeros(flat.cost.size), np.zeros(flat.row_lower.size), 0

    monkeypatch.setattr(module, "_solve_kernel", lambda *given: None)
    monkeypatch.setattr(module, "solve_clarabel", give_up)
    programme = storage_programme(np.ones(2), np.ones(2))
    with pytest.raises(SolverError, match="clarabel"):
        solve(programme, "clarabel")
    assert solve(programme, "auto").certificate.solver == "highs (kernel and clarabel gave up)"
