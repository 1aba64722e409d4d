"""A start between two programmes: fewer iterations to the same proof, in whatever units the two were solved."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.test_kernel_warm import design

from kiban.linear import solve
from kiban.linear.kernel.between import mix
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.planning.frontier import find_start, list_rounds

VALUES, PRICES = ("y", "r", "x", "rx"), ("z", "u", "zx", "ux", "lambdas", "q")


def capped(cap):
    """Of what is bought no more than `cap` in all."""
    programme = design()
    programme.add_total("bought", upper=cap)
    programme.add_total_term("bought", "buy", 1.0)
    return programme


@pytest.fixture(scope="module")
def neighbours():
    return {cap: solve_kernel(capped(cap), keep=KEPT_GAPS) for cap in (400.0, 460.0)}


@pytest.fixture(scope="module")
def starts(neighbours):
    return {cap: answer.warm for cap, answer in neighbours.items()}


def test_half_way_between_two_caps_fewer_iterations_lead_to_the_same_proof(neighbours, starts):
    programme = capped(430.0)
    cold, warm = solve_kernel(programme), solve_kernel(programme, warm=find_start(starts, 430.0))
    assert warm.iterations <= 0.75 * cold.iterations
    assert warm.solution.certificate.relative_gap <= 1e-9
    cost = warm.solution.certificate.primal
    assert cost == pytest.approx(cold.solution.certificate.primal, rel=2e-9)
    assert cost == pytest.approx(solve(programme, "highs").certificate.primal, rel=1e-7)
    # The cap binds, so that the three are not one programme.
    assert neighbours[460.0].solution.certificate.primal < cost * (1 - 1e-4)
    assert neighbours[400.0].solution.certificate.primal > cost * (1 + 1e-4)


def test_the_units_of_the_second_are_taken_into_account(starts):
    first, second = starts.values()
    scales = first.scales
    other = replace(
        scales,
        rows=tuple(2.0 * s for s in scales.rows),
        totals=tuple(4.0 * s for s in scales.totals),
        columns=tuple((0.5, 8.0)[place % 2] * s for place, s in enumerate(scales.columns)),
        border=tuple((2.0, 16.0)[place % 2] * s for place, s in enumerate(scales.border)),
        costs=4.0 * scales.costs,
        right=0.25 * scales.right,
    )
    point = mix(first, replace(second, scales=other), 1.0).iterates[0]
    own = next(iterate for iterate in second.iterates if iterate.gap == point.gap)
    column = np.array([(0.5, 8.0)[place % 2] for place in range(len(own.y))])
    border = np.array([(2.0, 16.0)[place % 2] for place in range(len(own.x))])
    upper = column[[bound[1] for bound in first.pattern.bounds]]
    right, costs = 0.25, 4.0
    wanted = {
        "y": own.y * (column * right)[:, None],
        "r": own.r * (upper * right)[:, None],
        "z": own.z * (costs / column)[:, None],
        "u": own.u * (costs / upper)[:, None],
        "lambdas": own.lambdas * 2.0 * costs,
        "x": own.x * border * right,
        "rx": own.rx * border * right,
        "zx": own.zx * costs / border,
        "ux": own.ux * costs / border,
        "q": own.q * 4.0 * costs,
    }
    for name in (*VALUES, *PRICES):
        assert np.allclose(getattr(point, name), wanted[name], rtol=1e-5, atol=1e-6 * np.abs(wanted[name]).max()), name


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_mixture_lies_between_the_two_point_by_point(starts, share):
    first, second = starts.values()
    second = replace(second, scales=first.scales)
    mixed = mix(first, second, share)
    assert [point.gap for point in mixed.iterates] == sorted(
        {point.gap for point in first.iterates} & {point.gap for point in second.iterates}
    )
    for point in mixed.iterates:
        one, other = (next(p for p in start.iterates if p.gap == point.gap) for start in (first, second))
        for name in (*VALUES, *PRICES):
            wanted = (1.0 - share) * getattr(one, name) + share * getattr(other, name)
            size = max(np.abs(getattr(one, name)).max(initial=0.0), np.abs(getattr(other, name)).max(initial=0.0))
            assert np.allclose(getattr(point, name), wanted, rtol=1e-5, atol=1e-6 * size), name


def test_what_has_nothing_in_common_has_nothing_between(starts):
    first, second = starts.values()
    assert mix(first, solve_kernel(design(), keep=KEPT_GAPS).warm, 0.5) is None
    assert mix(first, replace(second, iterates=()), 0.5) is None
    assert find_start(starts, 390.0) is None
    assert find_start(starts, 470.0) is None
    assert find_start({}, 1.0) is None


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 18, 198])
def test_rounds_take_each_place_once_and_lie_between_what_is_known(count):
    rounds = list_rounds(count)
    assert sorted(place for places in rounds for place in places) == list(range(count))
    known = {count}
    for places in rounds[:1]:
        known |= set(places)
    for places in rounds[1:]:
        for place in places:
            assert min(known) < place < max(known)
        known |= set(places)
    assert len(rounds) <= 2 + int(np.ceil(np.log2(max(count, 1))))
