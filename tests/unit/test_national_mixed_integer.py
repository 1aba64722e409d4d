"""The small programmes with whole numbers against SciPy, and what rounding and an early end may and may not do."""

import numpy as np
import pytest
import scipy.optimize as so

from kiban.national.search.mixed_integer import MixedInteger

GAP = 1e-6


def facilities(seed):
    """Open some of eight sites, each at a fixed cost, and serve ten customers from those that are open."""
    draw = np.random.default_rng(seed)
    fixed, size = draw.uniform(20, 80, 8), draw.uniform(10, 40, 8)
    demand, price = draw.uniform(2, 8, 10), draw.uniform(1, 10, (8, 10))
    model = MixedInteger()
    opens = [model.add_column(cost, upper=1.0, whole=True) for cost in fixed]
    serves = np.array([[model.add_column(cost) for cost in row] for row in price])
    for site, opened in enumerate(opens):
        model.add_row([*((column, 1.0) for column in serves[site]), (opened, -size[site])], upper=0.0)
    for customer, need in enumerate(demand):
        model.add_row([(column, 1.0) for column in serves[:, customer]], lower=need)
    matrix = np.zeros((18, 88))
    for site in range(8):
        matrix[site, serves[site]], matrix[site, site] = 1.0, -size[site]
    for customer in range(10):
        matrix[8 + customer, serves[:, customer]] = 1.0
    rows = so.LinearConstraint(matrix, np.r_[np.full(8, -np.inf), demand], np.r_[np.zeros(8), np.full(10, np.inf)])
    answer = so.milp(
        np.r_[fixed, price.ravel()],
        constraints=rows,
        integrality=np.r_[np.ones(8), np.zeros(80)],
        bounds=so.Bounds(0, np.r_[np.ones(8), np.full(80, np.inf)]),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status == 0, answer.message
    return model, answer.fun


@pytest.mark.parametrize("seed", range(6))
def test_a_programme_with_whole_numbers_costs_what_scipy_says(seed):
    model, cost = facilities(seed)
    answer = model.solve(relative_gap=GAP)
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(cost, rel=2 * GAP)
    assert cost * (1 - 2 * GAP) <= answer.bound <= cost * (1 + 1e-9)
    opened = answer.values[:8]
    assert np.abs(opened - np.round(opened)).max() < 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_a_rough_answer_encloses_the_optimum_as_nearly_as_is_asked(seed):
    model, cost = facilities(seed)
    answer = model.solve(relative_gap=0.3)
    assert answer.bound <= cost * (1 + 1e-9)
    assert cost * (1 - 1e-9) <= answer.objective
    assert answer.objective - answer.bound <= 0.3 * answer.objective
    assert np.abs(answer.values[:8] - np.round(answer.values[:8])).max() < 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_that_is_cheap_enough_ends_the_search_and_proves_no_more_than_it_knows(seed):
    model, cost = facilities(seed)
    enough = model.solve(relative_gap=GAP, enough=1.2 * cost)
    assert cost * (1 - 1e-9) <= enough.objective <= 1.2 * cost
    assert enough.bound <= cost * (1 + 1e-9)
    # What cannot be had is looked for to the end.
    never = model.solve(relative_gap=GAP, enough=0.5 * cost)
    assert never.objective == pytest.approx(cost, rel=2 * GAP)
    assert never.bound >= cost * (1 - 2 * GAP)


def test_where_rounding_up_satisfies_no_row_branching_finds_what_does():
    model = MixedInteger()
    first, second = (model.add_column(-1.0, upper=1.0, whole=True) for _ in range(2))
    model.add_row([(first, 1.0), (second, 1.0)], upper=1.5)
    answer = model.solve()
    assert (answer.objective, answer.bound) == pytest.approx((-1.0, -1.0))
    # No whole numbers at all: the relaxation has a point, the programme none.
    model.add_row([(first, 1.0), (second, -1.0)], lower=0.0, upper=0.0)
    model.add_row([(first, 2.0)], lower=1.0, upper=1.0)
    assert model.solve().status == "infeasible"


def test_what_is_unbounded_or_infeasible_is_told_with_and_without_whole_numbers():
    for whole in (False, True):
        model = MixedInteger()
        free = model.add_column(-1.0)
        model.add_column(0.0, upper=1.0, whole=whole)
        assert model.solve().status == "unbounded"
        model.add_row([(free, 1.0)], upper=-1.0)
        assert model.solve().status == "infeasible"
