"""Hours that alone would stop a step are left behind: fewer iterations, the same optimum and the same accuracy."""

import numpy as np
import pytest
from tests.cases.plants import plant

from kiban.linear.kernel import method
from kiban.linear.kernel.manner import AFTER_A_STANDSTILL, USUAL, Manner
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.system import inverse_but_for

# One hour in a thousand of three months: two.
STEPS = 2184


@pytest.fixture(scope="module")
def programme():
    return plant(STEPS, storages=3, totals=2)


@pytest.fixture
def leaving(monkeypatch):
    """Solve with another share of the hours left behind."""

    def solve(programme, share, **options):
        monkeypatch.setattr(method._attempt, "__kwdefaults__", {**defaults, "manner": Manner(left_behind=share)})
        return solve_kernel(programme, **options)

    defaults = method._attempt.__kwdefaults__
    return solve


def test_the_optimum_is_the_same_in_fewer_iterations_and_no_less_accurate(programme, leaving):
    none, some = leaving(programme, 0.0), leaving(programme, USUAL.left_behind)
    assert some.status == none.status == "optimal"
    assert some.reason == none.reason == "converged"
    assert some.iterations < none.iterations
    first, second = none.solution.certificate, some.solution.certificate
    assert second.primal == pytest.approx(first.primal, rel=1e-8)
    assert second.relative_gap <= method.TOLERANCE
    assert second.primal_residual <= 1e-6


def test_both_systems_leave_the_same_hours_behind(programme):
    compiled, plain = solve_kernel(programme), solve_kernel(programme, plain=True)
    assert plain.iterations == compiled.iterations
    assert plain.solution.certificate.primal == pytest.approx(compiled.solution.certificate.primal, rel=1e-9)


def test_short_horizons_and_the_manners_after_a_standstill_leave_none(leaving):
    assert all(manner.left_behind == 0.0 for manner in AFTER_A_STANDSTILL)
    week = plant(168)
    assert leaving(week, 0.0).iterations == leaving(week, USUAL.left_behind).iterations


def test_the_step_is_that_of_all_hours_but_the_worst():
    ratios = np.array([0.5, 4.0, 2.0, -1.0])
    assert [inverse_but_for(hours, ratios, 0.0) for hours in range(3)] == [0.25, 0.5, 2.0]
    assert inverse_but_for(9, ratios, 0.0) > 1e29
    # Capacities are never left behind.
    assert inverse_but_for(2, ratios, 3.0) == pytest.approx(1 / 3)
