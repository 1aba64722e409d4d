"""Whole programmes on the plain path of the kernel: against HiGHS, and against the compiled path."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.plants import PLANTS, plant
from tests.properties.random_programmes import random_programme

from kiban.linear import Staircase, solve
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS


@pytest.mark.parametrize("name", PLANTS)
def test_the_plain_path_finds_the_optimum_that_highs_finds(name):
    block, blocks, kind = PLANTS[name]
    programme = plant(block, blocks, **kind)
    plain, compiled = solve_kernel(programme, plain=True), solve_kernel(programme)
    oracle = solve(programme, "highs")
    assert plain.status == compiled.status == oracle.status == "optimal"
    assert plain.iterations == compiled.iterations
    certificate = plain.solution.certificate
    assert certificate.relative_gap <= 1e-9
    assert certificate.primal == pytest.approx(compiled.solution.certificate.primal, rel=1e-9)
    assert certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-7)
    assert plain.solution.capacities == pytest.approx(oracle.capacities, rel=1e-4, abs=1e-4)
    assert plain.solution.total_prices == pytest.approx(oracle.total_prices, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("segments", [1, 2, 7, 20])
def test_segments_of_the_plain_path_change_nothing_but_rounding(segments):
    programme = plant(20, 2)
    cut, usual = solve_kernel(programme, plain=True, segments=segments), solve_kernel(programme, plain=True)
    assert cut.solution.certificate.primal == pytest.approx(usual.solution.certificate.primal, rel=1e-9)
    for name, prices in usual.solution.row_prices.items():
        assert cut.solution.row_prices[name] == pytest.approx(prices, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (True, True)])
def test_a_point_that_one_system_kept_starts_the_other(first, second):
    programme, dearer = plant(48, 2), plant(48, 2)
    dearer.capacities["sun"] = replace(dearer.capacities["sun"], cost=8.3)
    start = solve_kernel(programme, keep=KEPT_GAPS, plain=first).warm
    cold, warm = (solve_kernel(dearer, warm=points, plain=second) for points in (None, start))
    assert warm.iterations < cold.iterations
    assert warm.solution.certificate.relative_gap <= 1e-9
    assert warm.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=2e-9)


def test_the_plain_path_says_what_has_no_optimum():
    short = plant(12)
    short.rows["balance"].lower = short.rows["balance"].upper = np.full(12, -100.0)
    short.variables["waste"].upper[:] = 5.0
    assert solve_kernel(short, plain=True).status == "infeasible"
    paid = plant(12)
    paid.add_capacity("gift", cost=-1.0)
    assert solve_kernel(paid, plain=True).status == "unbounded"
    bare = Staircase(24, 24)
    bare.add_capacity("size", cost=2.0, lower=1.0)
    bare.add_variable("sold", cost=-1.0, upper=3.0)
    assert solve_kernel(bare, plain=True).solution.certificate.primal == pytest.approx(2.0 - 72.0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{}, {"zero_costs": True}, {"spread": 4}, {"largest_block": 60}, {"feasible": False}])
def test_random_programmes_end_alike_on_both_paths(kind):
    """Both end with the same verdict; a standstill of one may be an optimum of the other, by rounding."""
    stalled = 0
    for seed in range(25):
        programme = random_programme(np.random.default_rng(seed), **kind)
        plain, compiled = solve_kernel(programme, plain=True), solve_kernel(programme)
        if plain.status is None or compiled.status is None:
            stalled += 1
            continue
        assert plain.status == compiled.status, seed
        if plain.status == "optimal":
            expected = compiled.solution.certificate.primal
            assert plain.solution.certificate.primal == pytest.approx(expected, rel=1e-7, abs=1e-7), seed
    assert stalled <= 1


@pytest.mark.slow
def test_a_month_on_the_plain_path_is_the_month_on_the_other():
    programme = plant(730)
    plain, compiled = solve_kernel(programme, plain=True), solve_kernel(programme)
    assert plain.iterations == pytest.approx(compiled.iterations, abs=2)
    expected = compiled.solution.certificate.primal
    assert plain.solution.certificate.primal == pytest.approx(expected, rel=1e-9)
    assert plain.solution.capacities == pytest.approx(compiled.solution.capacities, rel=1e-4, abs=1e-4)
