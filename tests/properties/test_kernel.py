"""Laws of the staircase kernel on random programmes, with HiGHS as the oracle."""

import sys
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.linear.flat import BOUND_PREFIX, flatten
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.linear.solution import certify

sys.path.insert(0, str(Path(__file__).parent))
from random_programmes import random_programme

sys.path.pop(0)

KINDS = [
    {},
    {"spread": 4},
    {"spread": 8},
    {"zero_costs": True},
    {"near": 1e-4},
    {"largest_block": 60},
]


@st.composite
def programmes(draw, **fixed):
    kind = fixed or draw(st.sampled_from(KINDS))
    return random_programme(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), **kind)


def sizes(programme, flat):
    """Largest right-hand side and value, and largest cost: what errors are measured against."""
    sides = np.concatenate([flat.row_lower, flat.row_upper, flat.lower, flat.upper])
    return 1.0 + np.abs(sides[np.isfinite(sides)]).max(initial=0.0), 1.0 + np.abs(flat.cost).max(initial=0.0)


given_up = {"kernel": 0, "highs": 0, "solved": 0}


@seed(8760)
@settings(max_examples=250, derandomize=True)
@given(programmes())
def test_the_kernel_finds_the_optimum_that_highs_finds(programme):
    answer = solve_kernel(programme)
    given_up["solved"] += 1
    if answer.status is None:
        given_up["kernel"] += 1
        assert given_up["kernel"] <= 3 + 0.05 * given_up["solved"]
        return
    assert answer.status == "optimal", "the programme has an optimum by construction"
    try:
        oracle = solve(programme, "highs")
    except SolverError:  # HiGHS proves nothing here: the certificate below has to do
        given_up["highs"] += 1
        assert given_up["highs"] <= 3 + 0.02 * given_up["solved"]
        oracle = None
    certificate = answer.solution.certificate
    flat = flatten(programme)
    right, price = sizes(programme, flat)
    if oracle is not None and oracle.status == "optimal":
        # HiGHS may break its rows by 1e-9 each, which is worth something at a high price.
        slack = 1e-8 * sum(float(np.abs(p).sum()) for p in answer.solution.row_prices.values())
        assert certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-6, abs=1e-6 + slack)
    assert certificate.relative_gap <= 1e-7
    assert certificate.primal_residual <= 1e-7 * right
    assert certificate.dual_residual <= 1e-7 * price


@seed(8761)
@settings(max_examples=50, derandomize=True)
@given(programmes(feasible=False))
def test_what_cannot_be_met_is_never_called_optimal(programme):
    answer = solve_kernel(programme)
    assert answer.status in {"infeasible", None}
    assert solve(programme).status == "infeasible"


@seed(8762)
@settings(max_examples=40, derandomize=True)
@given(programmes())
def test_prices_are_complementary_to_the_point(programme):
    answer = solve_kernel(programme)
    if answer.solution is None:
        return
    flat = flatten(programme)
    right, price = sizes(programme, flat)
    solution = answer.solution
    point, prices = named_to_flat(programme, flat, solution)
    activity = flat.matrix @ point
    room = np.minimum(
        np.where(np.isfinite(flat.row_lower), activity - flat.row_lower, np.inf),
        np.where(np.isfinite(flat.row_upper), flat.row_upper - activity, np.inf),
    )
    products = np.abs(prices) * np.where(prices == 0.0, 0.0, np.maximum(room, 0.0))
    # Together they are the gap, which the certificate bounds.
    assert products.max(initial=0.0) <= 1e-6 * right * price * max(1.0, abs(solution.certificate.primal))


@seed(8763)
@settings(max_examples=40, derandomize=True)
@given(programmes())
def test_the_certificate_is_that_of_the_flattened_programme(programme):
    answer = solve_kernel(programme)
    if answer.solution is None:
        return
    flat = flatten(programme)
    point, prices = named_to_flat(programme, flat, answer.solution)
    reference, reduced = certify(flat, point, prices, solver="kernel", iterations=answer.iterations)
    mine = answer.solution.certificate
    right, price = sizes(programme, flat)
    scale = max(1.0, abs(reference.primal), abs(reference.dual))
    assert mine.primal == pytest.approx(reference.primal, abs=1e-11 * scale * right)
    assert mine.dual == pytest.approx(reference.dual, abs=1e-9 * scale)
    assert mine.primal_residual == pytest.approx(reference.primal_residual, abs=1e-11 * right)
    assert mine.dual_residual == pytest.approx(reference.dual_residual, abs=1e-11 * price)
    for name, value in answer.solution.capacity_prices.items():
        assert value == pytest.approx(reduced[flat.columns[name].start], abs=1e-9 * price)


@seed(8764)
@settings(max_examples=25, derandomize=True)
@given(programmes(largest_block=40), st.integers(1, 8))
def test_segments_change_nothing_but_rounding(programme, segments):
    if programme.block_steps < 2 * segments:
        segments = 1
    one, many = solve_kernel(programme, segments=1), solve_kernel(programme, segments=segments)
    if one.solution is None or many.solution is None:
        return
    assert many.solution.certificate.primal == pytest.approx(one.solution.certificate.primal, rel=1e-6, abs=1e-6)


def named_to_flat(programme, flat, solution):
    point, prices = np.zeros(flat.cost.size), np.zeros(flat.row_lower.size)
    for name, value in solution.capacities.items():
        point[flat.columns[name]] = value
    for name, value in solution.hourly.items():
        point[flat.columns[name]] = value
    for name, rows in flat.rows.items():
        if name.startswith(BOUND_PREFIX):
            prices[rows] = solution.bound_prices[name.removeprefix(BOUND_PREFIX)]
        else:
            prices[rows] = solution.row_prices[name] if name in solution.row_prices else solution.total_prices[name]
    return point, prices


def changed(programme, rng, size):
    """The same structure at other numbers: costs, right-hand sides, bounds, each a little off."""

    def near(values):
        return values * (1.0 + size * rng.uniform(-1.0, 1.0, np.shape(values)))

    def apart(lower, upper):
        # A common factor keeps every interval an interval, and what is fixed fixed.
        factor = 1.0 + size * float(rng.uniform(-0.5, 0.5))
        return lower * factor, upper * factor

    other = copy(programme)
    other.capacities = {
        name: replace(capacity, cost=float(near(capacity.cost))) for name, capacity in programme.capacities.items()
    }
    other.variables = {
        name: replace(variable, cost=near(variable.cost)) for name, variable in programme.variables.items()
    }
    other.rows = {}
    for name, row in programme.rows.items():
        lower, upper = apart(row.lower, row.upper)
        other.rows[name] = replace(row, lower=lower, upper=upper)
    return other


warm_answers = {"all": 0, "other": 0}


@seed(8765)
@settings(max_examples=80, derandomize=True)
@given(programmes(), st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1e-3, 0.05, 0.5, 3.0]))
def test_a_warm_start_never_changes_the_answer(programme, number, size):
    start = solve_kernel(programme, keep=KEPT_GAPS).warm
    other = changed(programme, np.random.default_rng(number), size)
    cold, warm = solve_kernel(other), solve_kernel(other, warm=start)
    warm_answers["all"] += 1
    if cold.status != warm.status:
        # One of them gave up; they never contradict each other.
        assert None in {cold.status, warm.status}
        warm_answers["other"] += 1
        assert warm_answers["other"] <= 3 + 0.03 * warm_answers["all"]
        return
    if cold.status != "optimal":
        return
    certificate, reference = warm.solution.certificate, cold.solution.certificate
    scale = max(1.0, abs(reference.primal))
    assert abs(certificate.primal - reference.primal) <= 1e-6 * scale
    assert certificate.relative_gap <= 1e-7
    flat = flatten(other)
    right, price = sizes(other, flat)
    assert certificate.primal_residual <= 1e-7 * right
    assert certificate.dual_residual <= 1e-7 * price


@seed(8766)
@settings(max_examples=40, derandomize=True)
@given(programmes(), programmes())
def test_points_of_a_foreign_programme_do_no_harm(programme, foreign):
    start = solve_kernel(foreign, keep=KEPT_GAPS).warm
    cold, warm = solve_kernel(programme), solve_kernel(programme, warm=start)
    assert warm.status == cold.status
    if cold.status == "optimal":
        reference = cold.solution.certificate.primal
        assert warm.solution.certificate.primal == pytest.approx(reference, rel=1e-6, abs=1e-6)
