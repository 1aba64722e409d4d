"""Many programmes of one shape, and the least cost as a function of rates."""

import itertools
import threading

import numpy as np
import pytest

from kiban.errors import SolverError
from kiban.interruption import UnwantedError, while_wanted
from kiban.linear import Staircase, solve
from kiban.linear.batch import solve_many
from kiban.linear.parametric import CostDirection, _furthest, solve_plane, solve_ray
from kiban.linear.staircase import with_costs


def design(scale=1.0):
    """Sun or wire for a load with a store."""
    steps = 48
    hour = np.arange(steps) % 24
    programme = Staircase(steps, 24)
    programme.add_constant(5.0)
    programme.add_capacity("sun", cost=3.0, upper=500.0)
    programme.add_capacity("energy", cost=0.7)
    programme.add_row("balance", equal=(8.0 + hour % 5) * scale)
    programme.add_capacity_term("balance", "sun", np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None))
    programme.add_variable("buy", cost=0.3 + 0.02 * (hour % 7))
    programme.add_variable("flow", lower=-20.0, upper=20.0)
    programme.add_variable("waste")
    programme.add_variable("state", capacity="energy")
    for name, sign in (("buy", 1.0), ("flow", -1.0), ("waste", -1.0)):
        programme.add_term("balance", name, sign)
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.99, lagged=True)
    programme.add_term("storage", "flow", -1.0)
    return programme


CREDIT = CostDirection({"sun": -3.0, "energy": -0.7}, {}, constant=0.5)
CARBON = CostDirection({}, {"buy": np.full(48, 0.1)})


def test_a_batch_keeps_its_order_and_does_not_depend_on_threads():
    scales = [1.0, 0.5, 2.0, 1.5, 0.1]
    alone = list(solve_many((design(s) for s in scales), threads=1))
    together = list(solve_many((design(s) for s in scales), threads=2))
    assert [s.certificate for s in alone] == [s.certificate for s in together]
    assert alone[2].certificate.primal > alone[0].certificate.primal > alone[1].certificate.primal


def test_a_programme_of_many_years_takes_one_thread_in_a_batch(monkeypatch):
    from kiban.linear.kernel import method

    asked = []
    make = method.make_system
    monkeypatch.setattr(
        method, "make_system", lambda *a, threads, **k: asked.append(threads) or make(*a, threads=threads, **k)
    )
    list(solve_many([design(), design(2.0)], threads=2))
    solve(design(), threads=3)
    assert asked == [1, 1, 3]


def test_a_batch_reads_no_further_than_it_must():
    read = []

    def endless():
        while True:
            read.append(len(read))
            yield design()

    stream = solve_many(endless(), threads=2)
    next(stream)
    stream.close()
    assert len(read) <= 4


def test_changed_costs_leave_the_original_alone():
    programme = design()
    changed = with_costs(programme, capacities={"sun": 1.0}, hourly={"buy": np.ones(48)}, constant=0.0)
    assert changed.capacities["sun"].cost == 1.0
    assert programme.capacities["sun"].cost == 3.0
    assert changed.rows is programme.rows
    with pytest.raises(KeyError):
        with_costs(programme, capacities={"moon": 1.0})


def test_a_ray_is_bounded_at_every_rate_from_few_solves():
    rates = np.linspace(0.0, 0.5, 41)
    result = solve_ray(design(), CREDIT, rates, tolerance=1e-3)
    assert result.relative_gap.max() <= 1e-3
    assert len(result.solved) < 15
    for place in (0, 7, 23, 40):
        costs = {"sun": 3.0 - 3.0 * rates[place], "energy": 0.7 - 0.7 * rates[place]}
        exact = solve(with_costs(design(), capacities=costs, constant=5.0 + 0.5 * rates[place]), "highs")
        slack = 1e-7 * abs(exact.certificate.primal)
        assert result.lower[place] - slack <= exact.certificate.primal <= result.upper[place] + slack


def test_a_plane_of_two_rates():
    rates = np.array([(a, b) for a in np.linspace(0, 0.5, 6) for b in np.linspace(0, 4, 5)])
    result = solve_plane(design(), [CREDIT, CARBON], rates, tolerance=1e-3)
    assert result.relative_gap.max() <= 1e-3
    assert len(result.solved) < len(rates)
    for place in (3, 11, 29):
        credit, carbon = rates[place]
        exact = solve(
            with_costs(
                design(),
                capacities={"sun": 3.0 * (1 - credit), "energy": 0.7 * (1 - credit)},
                hourly={"buy": design().variables["buy"].cost + 0.1 * carbon},
                constant=5.0 + 0.5 * credit,
            ),
            "highs",
        )
        slack = 1e-7 * abs(exact.certificate.primal)
        assert result.lower[place] - slack <= exact.certificate.primal <= result.upper[place] + slack


def test_rates_are_solved_two_at_a_time_and_no_two_that_teach_the_same():
    both = threading.Barrier(2, timeout=60)

    def in_pairs(programme):
        both.wait()
        return solve(programme, tolerance=1e-4)

    rates = np.linspace(0.0, 0.5, 41)
    result = solve_ray(design(), CREDIT, rates, tolerance=1e-3, most_solves=6)
    paired = solve_plane(design(), [CREDIT], rates[:, None], tolerance=1e-3, most_solves=6, solver=in_pairs)
    assert len(paired.solved) % 2 == 0
    assert paired.solved == result.solved
    assert all(abs(first - second) > 2 for first, second in itertools.pairwise(result.solved))


def test_the_next_rates_are_where_the_bounds_are_furthest_apart_and_away_from_each_other():
    rates = np.linspace(0.0, 1.0, 11)[:, None]
    gap = np.array([0.0, 2.0, 5.0, 9.0, 5.0, 0.0, 1.0, 2.0, 3.0, 1.0, 0.0])
    # What is solved at 3 tells half of what is asked at 2 and 4, and nothing beyond what is solved.
    assert _furthest(rates, [0, 5, 10], gap, 0.5) == [3, 8]
    assert _furthest(rates, [0, 5, 10], gap, 4.0) == [3, 2]
    assert _furthest(rates, [0, 3, 5, 10], gap, 8.5) == []
    gap[6:] = np.inf
    assert _furthest(rates, [0, 5], gap, 0.5)[0] >= 6


def test_a_limit_on_solves_leaves_honest_bounds():
    rates = np.linspace(0.0, 0.5, 21)
    result = solve_ray(design(), CREDIT, rates, tolerance=1e-9, most_solves=3)
    assert len(result.solved) == 3
    assert (result.lower <= result.upper + 1e-6).all()
    assert np.isfinite(result.lower).all()


def test_rates_without_an_optimum_are_refused():
    programme = design()
    programme.add_row("no", lower=1.0)
    programme.add_variable("never", upper=0.5)
    programme.add_term("no", "never")
    with pytest.raises(SolverError, match="infeasible"):
        solve_ray(programme, CREDIT, [0.0, 0.1])
    with pytest.raises(ValueError, match="directions"):
        solve_plane(design(), [CREDIT], np.zeros((2, 2)))


def test_a_batch_ends_in_its_threads_where_nobody_waits_any_more():
    asked = itertools.count()
    with while_wanted(lambda: next(asked) < 6), pytest.raises(UnwantedError):
        list(solve_many((design(s) for s in (1.0, 0.5, 2.0, 1.5)), threads=2))
    # Each of two threads may ask once more before it hears of it; what is waiting does not begin, or ends at once.
    assert next(asked) <= 12


def test_a_batch_is_solved_as_nearly_as_is_asked():
    rough, fine = (list(solve_many([design(), design(2.0)], tolerance=gap, threads=2)) for gap in (1e-2, 1e-9))
    for coarse, exact in zip(rough, fine, strict=True):
        assert coarse.certificate.iterations < exact.certificate.iterations
        assert exact.certificate.relative_gap <= 1e-9 < coarse.certificate.relative_gap <= 1e-2
        assert coarse.certificate.dual <= exact.certificate.primal <= coarse.certificate.primal


def test_a_batch_is_read_by_the_thread_that_asks():
    readers = []

    def read():
        for scale in (1.0, 0.5, 2.0):
            readers.append(threading.current_thread())
            yield design(scale)

    assert len(list(solve_many(read(), threads=2))) == 3
    assert set(readers) == {threading.current_thread()}
