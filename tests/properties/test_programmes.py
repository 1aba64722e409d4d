"""Random staircase programmes: Clarabel and HiGHS agree, and the certificate holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.linear import Staircase, solve


@st.composite
def programmes(draw):
    """Small feasible programmes with a store, capacities, a paid slack and a yearly row."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    block = draw(st.integers(2, 12))
    years = draw(st.integers(1, 3))
    scale = 10.0 ** draw(st.integers(-2, 3))
    steps = block * years
    programme = Staircase(steps, block)
    programme.add_constant(float(rng.uniform(0, 5)))
    load = rng.uniform(0, 10, steps) * scale
    programme.add_capacity("sun", cost=float(rng.uniform(0.5, 5)), upper=float(rng.uniform(0, 30)) * scale)
    programme.add_capacity("wire", cost=float(rng.uniform(0, 2)))
    programme.add_capacity("store", cost=float(rng.choice([0.0, 0.1, 1.0])), upper=20.0 * scale)
    programme.add_row("balance", equal=load)
    programme.add_row("storage", equal=0.0)
    programme.add_variable("buy", cost=rng.uniform(0.1, 3, steps), capacity="wire")
    programme.add_variable("lost", cost=50.0)
    programme.add_variable("waste", upper=float(draw(st.sampled_from([np.inf, 100.0]))) * scale)
    programme.add_variable("state", capacity="store", factor=rng.choice([0.5, 1.0]))
    programme.add_variable("flow", lower=-5.0 * scale, upper=5.0 * scale)
    for variable, sign in (("buy", 1.0), ("lost", 1.0), ("waste", -1.0), ("flow", -1.0)):
        programme.add_term("balance", variable, sign)
    programme.add_capacity_term("balance", "sun", rng.uniform(0, 1, steps) * (rng.random(steps) < 0.6))
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.98, lagged=True)
    programme.add_term("storage", "flow", -1.0)
    programme.add_total("bought", upper=float(load.sum()) * draw(st.sampled_from([0.2, 0.7, 2.0])))
    programme.add_total_term("bought", "buy")
    return programme


@settings(max_examples=60)
@given(programmes())
def test_two_solvers_agree_and_prove_it(programme):
    fast, oracle = solve(programme, "clarabel"), solve(programme, "highs")
    assert fast.status == oracle.status == "optimal"
    assert fast.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-6, abs=1e-6)
    scale = max(1.0, *(float(np.abs(values).max()) for values in fast.hourly.values()))
    for certificate in (fast.certificate, oracle.certificate):
        assert certificate.relative_gap < 1e-6
        assert certificate.primal_residual < 1e-6 * scale
        assert certificate.dual_residual < 1e-6
        assert certificate.dual <= oracle.certificate.primal + 1e-6 * max(1.0, abs(oracle.certificate.primal))
