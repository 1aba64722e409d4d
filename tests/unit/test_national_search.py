"""The search in parts: its state, the in-out point, and the least value that works."""

import math

import numpy as np
import pytest

from kiban.national.result.explanation import _least_that_works
from kiban.national.search.cutting_planes import SearchState
from kiban.national.search.incumbent import Incumbent, relative_gap
from kiban.national.search.master import Choice
from kiban.national.search.separation import between


def choice(loads, *, objective=0.0, bound=0.0, connection=(0.0, 0.0)):
    load = np.array(loads, dtype=float)[:, None]
    return Choice(
        open=(load > 0).astype(float),
        load_mw=load,
        connection_mw=np.array(connection, dtype=float),
        shared_mw={(0, "geothermal"): float(load[0, 0])},
        carbon_t={(1, 0): 2.0 * float(load[1, 0])},
        reinforcement_mw={"tohoku": float(load.sum())},
        objective=objective,
        bound=bound,
    )


def test_bounds_only_close_in_and_are_remembered():
    state = SearchState()
    assert (state.lower_myen, state.upper_myen, state.incumbent) == (-math.inf, math.inf, None)
    assert not state.is_proven(1.0)
    state = state.bounded(choice([1, 0], bound=90.0), None)
    state = state.bounded(choice([1, 0], bound=80.0), choice([1, 0], objective=120.0))
    state = state.bounded(choice([1, 0], bound=95.0), choice([1, 0], objective=130.0))
    assert state.history == ((90.0, math.inf), (90.0, 120.0), (95.0, 120.0))


def test_only_a_cheaper_plan_becomes_the_incumbent_and_the_lower_bound_proves_it():
    state = SearchState().bounded(choice([1, 0], bound=95.0), None)
    dear, cheap = (Incumbent(choice([1, 0]), {}, cost) for cost in (110.0, 100.0))
    assert state.improved(None) is state
    state = state.improved(dear).improved(cheap).improved(dear)
    assert state.incumbent is cheap
    assert state.is_proven(0.05)
    assert not state.is_proven(0.0499)
    assert relative_gap(100.0, 95.0) == pytest.approx(0.05)
    assert relative_gap(math.inf, 95.0) == math.inf


def test_the_in_out_point_lies_half_way_where_both_masters_build():
    outer, inner = choice([100, 40], connection=(10, 4)), choice([60, 80], connection=(6, 8))
    middle = between(outer, inner)
    assert middle.load_mw[:, 0].tolist() == [80.0, 60.0]
    assert middle.connection_mw.tolist() == [8.0, 6.0]
    assert middle.shared_mw == {(0, "geothermal"): 80.0}
    assert middle.carbon_t == {(1, 0): 120.0}
    assert middle.reinforcement_mw == {"tohoku": 140.0}


def test_where_only_one_master_builds_its_own_proposal_is_taken():
    outer, inner = choice([100, 0], connection=(10, 0)), choice([0, 80], connection=(0, 8))
    middle = between(outer, inner)
    assert middle.load_mw[:, 0].tolist() == [100.0, 80.0]
    assert middle.connection_mw.tolist() == [10.0, 8.0]
    assert middle.open[:, 0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("edge", [0.3001, 0.5, 0.7777, 1.0])
def test_the_least_value_that_works_is_found_to_a_part_in_thousands(edge):
    found = _least_that_works(lambda share: share >= edge, 0.3, 1.0)
    assert found is not None
    assert edge <= found <= edge + 0.7 / 4096 + 1e-12


def test_nothing_is_found_where_nothing_works():
    assert _least_that_works(lambda share: False, 0.3, 1.0) is None
    assert _least_that_works(lambda share: True, 1.0, 1.0) is None
