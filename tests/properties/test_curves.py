"""Random programmes with curved costs: Clarabel's conic form, the conditions of an optimum, the plain path."""

import numpy as np
import pytest
from tests.properties.random_programmes import bend, random_programme

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.linear.kernel.method import solve_kernel

KINDS = {
    "quadratic": (1.0,),
    "rising power": (0.5, 2.0, 3.0),
    "falling power": (-0.3, -0.6),
    "logarithm": (-1.0,),
    "steep demand": (-2.0, -4.0),
    "every kind": (1.0, 0.4, 2.5, -0.5, -1.0, -2.0),
}
SEEDS = range(60)


def curved_programmes(kind):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        programme = bend(rng, random_programme(rng), KINDS[kind])
        if any(capacity.curve is not None for capacity in programme.capacities.values()):
            yield programme


def proven(programme, solver):
    try:
        with np.errstate(all="ignore"):
            return solve(programme, solver)
    except SolverError:
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_the_optimum_is_that_of_the_conic_form(kind):
    both = 0
    for programme in curved_programmes(kind):
        mine, oracle = proven(programme, "kernel"), proven(programme, "clarabel")
        if mine is None or oracle is None:
            continue
        assert mine.status == oracle.status
        if mine.status == "optimal":
            both += 1
            # Each proves its own to 1e-7, on different sides.
            assert mine.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-7, abs=1e-7)
            assert mine.certificate.dual <= oracle.certificate.primal + 1e-7 * (1 + abs(oracle.certificate.primal))
    assert both >= 0.8 * sum(1 for _ in curved_programmes(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_capacity_pays_what_one_unit_more_costs(kind):
    for programme in curved_programmes(kind):
        answer = proven(programme, "kernel")
        if answer is None or answer.status != "optimal":
            continue
        for name, capacity in programme.capacities.items():
            x, curve = answer.capacities[name], capacity.curve
            if curve is None or capacity.lower == capacity.upper:
                continue
            paid = sum(
                float(c @ answer.row_prices[r.name])
                for r in programme.rows.values()
                for k, c in r.capacities
                if k == name
            )
            paid += sum(
                c * answer.total_prices[q.name] for q in programme.totals.values() for k, c in q.capacities if k == name
            )
            paid -= sum(
                float(v.factor @ answer.bound_prices[v.name])
                for v in programme.variables.values()
                if v.capacity == name
            )
            left = capacity.cost + curve.slope(x) - paid
            size = 1.0 + abs(capacity.cost) + abs(curve.slope(x)) + abs(paid)
            room = min(x - capacity.lower, capacity.upper - x)
            if room > 1e-3:
                assert abs(left) <= 1e-4 * size
            elif x - capacity.lower <= 1e-6:
                assert left >= -1e-4 * size
            elif capacity.upper - x <= 1e-6:
                assert left <= 1e-4 * size


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_path_takes_the_same_way(kind):
    for programme in list(curved_programmes(kind))[:15]:
        with np.errstate(all="ignore"):
            mine, plain = solve_kernel(programme), solve_kernel(programme, plain=True)
        assert mine.status == plain.status
        if mine.status == "optimal":
            assert abs(mine.iterations - plain.iterations) <= 2
            assert plain.solution.certificate.primal == pytest.approx(
                mine.solution.certificate.primal, rel=1e-7, abs=1e-7
            )
