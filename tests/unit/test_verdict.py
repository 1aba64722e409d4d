"""Proofs of infeasible and unbounded by hand, and what must not be believed."""

from dataclasses import replace

import numpy as np
import pytest

from kiban.errors import SolverError
from kiban.linear import Staircase, solve
from kiban.linear import solvers as solvers_module
from kiban.linear.curves import CostCurve
from kiban.linear.enclosure import FAR, Enclosure, largest_product
from kiban.linear.flat import flatten
from kiban.linear.kernel.method import UNCERTAIN, solve_kernel
from kiban.linear.phase_one import examine, has_no_whole_point
from kiban.linear.verdict import Verdicts


def capacities_in_totals(bounds, totals, costs=None):
    """Capacities `x0, x1, ...` within bounds, and total rows `(coefficients, lower, upper)`."""
    programme = Staircase(1)
    for k, (lower, upper) in enumerate(bounds):
        programme.add_capacity(f"x{k}", cost=costs[k] if costs else 0.0, lower=lower, upper=upper)
    for q, (coefficients, lower, upper) in enumerate(totals):
        programme.add_total(f"q{q}", lower=lower, upper=upper)
        for k, coefficient in enumerate(coefficients):
            programme.add_capacity_term(f"q{q}", f"x{k}", coefficient)
    return programme


def test_a_ray_by_hand_is_a_proof_and_half_of_it_is_none():
    # x0 + x1 >= 5 and x0 - x1 >= 2 with x1 >= 0 and x0 <= 3: twice x0 is at least 7.
    flat = flatten(capacities_in_totals([(0, 3), (-np.inf, np.inf)], [((1, 1), 5, np.inf), ((1, -1), 2, np.inf)]))
    verdicts = Verdicts(flat)
    assert verdicts.prove_infeasible(np.array([1.0, 1.0])) is not None
    assert verdicts.prove_infeasible(np.array([1.0, 0.0])) is None
    # Negative prices have nothing to pay with on rows that are open above.
    assert verdicts.prove_infeasible(np.array([-1.0, -1.0])) is None
    # With x0 <= 3.5 the rows meet in one point, and no ray may deny it.
    touching = flatten(capacities_in_totals([(0, 3.5), (-9, 9)], [((1, 1), 5, np.inf), ((1, -1), 2, np.inf)]))
    assert Verdicts(touching).prove_infeasible(np.array([1.0, 1.0])) is None


def test_noise_in_a_ray_is_dropped():
    # Two rows that contradict each other, and a third, with a free variable, that has nothing to do with it.
    rows = [((1, 0), 5, np.inf), ((1, 0), -np.inf, 4), ((0, 1), 0, np.inf)]
    flat = flatten(capacities_in_totals([(0, np.inf), (-np.inf, np.inf)], rows))
    ray = Verdicts(flat).prove_infeasible(np.array([1.0, -1.0 - 1e-13, 1e-4]))
    assert ray is not None
    assert ray[2] == 0.0


def test_a_gap_smaller_than_rounding_proves_nothing():
    # 0.1 x + 0.2 y - 0.3 z over held values: the sum is 5.6e-17 of what is added, by rounding alone.
    held = [(2.0**30, 2.0**30)] * 3
    flat = flatten(capacities_in_totals(held, [((0.1, 0.2, -0.3), -np.inf, 0.0)]))
    assert (flat.matrix @ flat.lower)[0] > 0.0
    verdicts = Verdicts(flat)
    assert verdicts.prove_infeasible(np.array([-1.0])) is None
    assert verdicts.prove_contradiction() is None
    # A thousandth is no rounding.
    verdicts = Verdicts(replace(flat, row_upper=np.array([-1e-3])))
    assert verdicts.prove_infeasible(np.array([-1.0])) is not None
    assert verdicts.prove_contradiction() is not None


def test_a_variable_without_a_bound_takes_that_of_its_rows():
    # 2 x + y <= 4 with y >= -2: x <= 3, and x >= 0 gives y <= 4.
    flat = flatten(capacities_in_totals([(0, np.inf), (-2, np.inf)], [((2, 1), -np.inf, 4)]))
    enclosure = Enclosure(flat)
    lower, upper = enclosure.narrow_box
    assert lower == pytest.approx([0, -2])
    assert upper == pytest.approx([3, 4], rel=1e-12)
    assert (upper > [3, 4]).all()
    assert enclosure.box[1] == pytest.approx(FAR * enclosure.size * enclosure.scales[1])
    # Where y has no bound the row bounds it, and not x; where neither has one, it bounds neither.
    for least, bounded in ((0, [False, True]), (-np.inf, [False, False])):
        flat = flatten(capacities_in_totals([(least, np.inf), (-np.inf, np.inf)], [((2, 1), -np.inf, 4)]))
        enclosure = Enclosure(flat)
        assert (enclosure.narrow_box[1] < enclosure.reach).tolist() == bounded


def test_a_price_off_by_rounding_may_not_meet_a_variable_without_an_end():
    # x - y >= 1 and y - (1 + d) x >= 0: a point exists for every d < 0, at x = -1 / d.
    def rows(slip):
        bounds = [(0, np.inf), (0, np.inf)]
        return flatten(capacities_in_totals(bounds, [((1, -1), 1, np.inf), ((-1 - slip, 1), 0, np.inf)]))

    ray = np.array([1.0, 1.0])
    assert Verdicts(rows(0.0)).prove_infeasible(ray) is not None
    assert Verdicts(rows(1e-3)).prove_infeasible(ray) is not None
    for slip in (-1e-3, -1e-5):
        assert Verdicts(rows(slip)).prove_infeasible(ray) is None
        assert Verdicts(rows(slip)).prove_infeasible(np.array([1.0, 1.0 / (1.0 + slip)])) is None


def test_the_largest_product_is_that_of_any_corner():
    rng = np.random.default_rng(1)
    value, error = rng.normal(size=500), np.abs(rng.normal(size=500)) * 0.3
    lower = rng.normal(size=500)
    upper = lower + rng.random(500)
    shares = np.linspace(0.0, 1.0, 21)
    tried = max_over(value, error, lower, upper, shares)
    assert largest_product(value, error, lower, upper) == pytest.approx(tried, abs=1e-12)


def max_over(value, error, lower, upper, shares):
    prices = value + error * (2.0 * shares[:, None, None] - 1.0)
    places = lower + (upper - lower) * shares[None, :, None]
    return (prices * places).max(axis=(0, 1))


def test_a_direction_by_hand_is_a_proof():
    # x - y = 0, costs -2 and 1: both may rise together without end.
    endless = flatten(capacities_in_totals([(0, np.inf), (0, np.inf)], [((1, -1), 0, 0)], costs=[-2.0, 1.0]))
    assert Verdicts(endless).prove_unbounded(np.array([1.0, 1.0])) is not None
    assert Verdicts(endless).prove_unbounded(np.array([1.0, 1.01])) is None
    # What leaves a row by next to nothing is moved until it leaves it by nothing.
    ray = Verdicts(endless).prove_unbounded(np.array([1.0, 1.0 + 1e-5]))
    assert ray[0] == pytest.approx(ray[1], rel=1e-15)
    assert Verdicts(replace(endless, cost=np.array([-1.0, 1.0]))).prove_unbounded(np.ones(2)) is None
    assert Verdicts(replace(endless, upper=np.array([np.inf, 9.0]))).prove_unbounded(np.ones(2)) is None
    # A curve that rises without end holds its capacity; one that flattens does not.
    rising, falling = CostCurve(1.0, 1.0, 0.5), CostCurve(-1.0, 1.0, -1.0, -1.0)
    assert Verdicts(replace(endless, curves={1: rising})).prove_unbounded(np.ones(2)) is None
    assert Verdicts(replace(endless, curves={1: falling})).prove_unbounded(np.ones(2)) is not None


def test_a_contradiction_made_by_rounding_is_none():
    # The kernel's form moves what is held to the right-hand side, where 0.1 + 0.2 - 0.3 is no longer zero.
    programme = capacities_in_totals([(2.0**40, 2.0**40)] * 3, [((0.1, 0.2, -0.3), 0, 0)])
    assert solve_kernel(programme).status is None
    assert solve_kernel(programme).reason.startswith(UNCERTAIN)
    with pytest.raises(SolverError, match=r"no verdict: .* the best point breaks a row by 6\.1e-05 where .*e\+11"):
        solve(programme)
    torn = capacities_in_totals([(2.0**40, 2.0**40)] * 3, [((0.1, 0.2, -0.3), 1e3, np.inf)])
    assert solve_kernel(torn).status == solve(torn).status == "infeasible"


def test_a_programme_with_neither_point_nor_price_is_called_infeasible():
    rows = [((1, 0), 5, np.inf), ((1, 0), -np.inf, 4)]
    both = capacities_in_totals([(0, np.inf), (0, np.inf)], rows, costs=[0.0, -1.0])
    assert solve_kernel(both).status == solve(both).status == solve(both, "highs").status == "infeasible"


@pytest.mark.parametrize("word", ["infeasible", "unbounded"])
def test_the_word_of_a_general_solver_is_no_proof(monkeypatch, word):
    def claim(flat):
        return word, np.full(flat.cost.size, np.nan), np.full(flat.row_lower.size, np.nan), 1, -np.inf

    programme = capacities_in_totals([(0, 3)], [((1,), 2, np.inf)], costs=[1.0])
    monkeypatch.setattr(solvers_module, "solve_clarabel", claim)
    with pytest.raises(SolverError, match="no verdict: no optimum was proven by clarabel, and there is a point"):
        solve(programme, "clarabel")
    monkeypatch.setattr(solvers_module, "_solve_kernel", lambda *given: None)
    assert solve(programme).certificate.primal == pytest.approx(2.0)
    monkeypatch.setattr(solvers_module, "solve_highs", claim)
    with pytest.raises(SolverError, match="no verdict"):
        solve(programme)


@pytest.mark.parametrize("solver", ["kernel", "clarabel", "highs"])
def test_every_solver_hands_over_its_proof(solver):
    short = capacities_in_totals([(0, 3), (0, np.inf)], [((1, 1), 5, np.inf), ((0, 1), -np.inf, 1)])
    answer = solve(short, solver)
    assert answer.status == "infeasible"
    assert Verdicts(flatten(short)).prove_infeasible(answer.ray) is not None
    endless = capacities_in_totals([(0, np.inf), (0, np.inf)], [((1, -1), 0, 0)], costs=[-2.0, 1.0])
    answer = solve(endless, solver)
    assert answer.status == "unbounded"
    assert Verdicts(flatten(endless)).prove_unbounded(answer.ray) is not None


def test_phase_one_says_how_much_a_row_is_broken():
    # Held at 1 and 2 exactly but for 1e-7 of it: neither a proof at fourteen digits' worth of doubt nor a clean point.
    flat = flatten(capacities_in_totals([(1, 1), (2, 2)], [((1, 1), 3 + 3e-7, 3 + 3e-7)]))
    assert examine(flat).status == "infeasible"
    found = examine(replace(flat, row_lower=flat.row_lower - 4e-7))
    assert found.status is None
    assert found.violation == 0.0
    assert found.point == pytest.approx([1.0, 2.0])


def test_no_whole_point_is_proven_by_cutting_the_choices():
    programme = Staircase(1)
    for name in ("a", "b"):
        programme.add_capacity(name, cost=1.0, upper=1.0, integer=True)
    programme.add_total("half", lower=0.4, upper=0.6)
    programme.add_capacity_term("half", "a", 1.0)
    programme.add_capacity_term("half", "b", 1.0)
    assert has_no_whole_point(flatten(programme))
    assert solve(programme).status == "infeasible"
    programme.totals["half"].upper = 1.0
    assert not has_no_whole_point(flatten(programme))
    assert solve(programme).certificate.primal == pytest.approx(1.0)
