"""The cut pool: accuracy, where solves start, and what cuts are estimated to be at other prices."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.national_studies import one_site

from kiban.catalogue import load_catalogue
from kiban.national.search.cut_pool import MOST_STARTS, CutPool, SeparationPoint, distance, is_same
from kiban.national.search.cutting_planes import search
from kiban.national.search.master import write_master
from kiban.national.search.subproblem import evaluate, evaluate_from, reprice
from kiban.national.study.assembly import write_problem
from kiban.national.study.variants import with_more
from kiban.scenario.national_file import parse_national

pytestmark = pytest.mark.slow

STUDY = {
    "national": {"name": "pool", "sites": ["tomakomai", "kitakyushu", "inzai"], "hours": 336, "gap": 1e-3},
    "tranche": [{"id": "training", "it_load_mw": 300.0}],
}


def problem(**assumptions):
    study = parse_national({**STUDY, "assumptions": {k.replace("__", "."): v for k, v in assumptions.items()}})
    return write_problem(study, load_catalogue())[0]


def cheaper(share=0.95):
    return problem(battery__energy_capex=load_catalogue().value("battery.energy_capex") * share)


@pytest.fixture(scope="module")
def model():
    return problem().blocks[0].subproblems[0].model


@pytest.fixture(scope="module")
def z(model):
    z = np.full(model.size, 1e4)
    z[: model.classes] = 100.0
    return z


def test_a_rough_point_gives_way_to_an_accurate_one(model, z):
    pool = CutPool()
    (rough,) = pool.evaluate([SeparationPoint(model, z)], tolerance=1e-3)
    assert pool.find(model, z, 1e-3) is rough
    assert pool.find(model, z, 1e-6) is None
    (fine,) = pool.evaluate([SeparationPoint(model, z)], tolerance=1e-6)
    assert pool.points[model.key] == [fine]
    assert pool.evaluate([SeparationPoint(model, z)], tolerance=1e-3) == [fine]
    assert pool.solves == 2
    assert rough.bound_myen <= fine.cost_myen * (1 + 1e-9)
    assert fine.bound_myen <= rough.cost_myen * (1 + 1e-9)
    assert rough.cost_myen - rough.bound_myen <= 1e-3 * rough.cost_myen


def test_values_are_told_apart_each_by_its_own_size():
    """100 and 109 MW are two loads, however many tonnes or MW of connection stand beside them."""
    z = np.array([100.0, 700.0, 3e5])
    assert is_same(z, z * (1.0 + 5e-5))
    assert not is_same(z, np.array([109.0, 700.0, 3e5]))
    assert not is_same(z, np.array([100.05, 700.0, 3e5]))
    assert is_same(z, z * (1.0 + 5e-10), 1e-9)
    assert not is_same(z, z * (1.0 + 5e-8), 1e-9)


def test_a_little_more_costs_a_little_more_and_no_plan_less_than_is_proven():
    """3 W and 10 W more of 100 MW cost what a MW more does: they cost nothing, 1e-7 below the proven bound."""
    pool, whole = CutPool(), write_problem(one_site(), load_catalogue())[0]

    def plan(more_mw):
        return search(
            with_more(whole, 0, 0, more_mw), pool, gap=1e-8, max_rounds=20, report=lambda _: None, accuracy=1e-9
        )

    rest, price = plan(0.0).cost_myen, plan(1.0).cost_myen - plan(0.0).cost_myen
    assert price > 100.0
    for more_mw in (3e-6, 1e-5, 1e-4):
        found = plan(more_mw)
        bound = write_master(with_more(whole, 0, 0, more_mw), pool.points_of(whole), "outer").solve(relative_gap=1e-9)
        assert found.cost_myen - rest == pytest.approx(price * more_mw, abs=2e-9 * rest)
        assert found.cost_myen >= bound.bound * (1 - 2e-9)


def test_a_warm_evaluation_is_the_cold_one(model, z):
    _, start = evaluate_from(model, z)
    near = z.copy()
    near[: model.classes] *= 1.05
    cold, (warm, _) = evaluate(model, near), evaluate_from(model, near, start=start)
    assert warm.cost_myen == pytest.approx(cold.cost_myen, rel=3e-6)
    assert warm.bound_myen <= cold.cost_myen * (1 + 1e-9)
    assert cold.bound_myen <= warm.cost_myen * (1 + 1e-9)


def test_points_are_as_far_apart_as_load_and_binding_limits_move(model, z):
    point = evaluate(model, z)
    used = float(point.used[model.classes])
    assert used < z[model.classes], "the connection leaves room"
    load = float(z[: model.classes].sum())
    assert distance(point, z, model.classes) == 0.0
    for connection, apart in ((1e5, 0.0), (used, 0.0), (used - 0.3 * load, 0.3)):
        other = z.copy()
        other[model.classes] = connection
        assert distance(point, other, model.classes) == pytest.approx(apart)
    grown = z.copy()
    grown[: model.classes] *= 1.2
    assert distance(point, grown, model.classes) == pytest.approx(0.2 * z[: model.classes].max() / load)


def test_starts_are_few_and_a_fork_grows_on_its_own(model, z):
    pool = CutPool()
    shares = np.linspace(0.5, 1.0, MOST_STARTS + 2)
    pool.evaluate([SeparationPoint(model, z * np.r_[share, np.ones(z.size - 1)]) for share in shares])
    assert len(pool.starts[model.label]) == MOST_STARTS
    other = pool.fork()
    other.evaluate([SeparationPoint(model, z * 0.3)])
    assert len(other.points[model.key]) == len(pool.points[model.key]) + 1
    assert other.solves == pool.solves + 1


def test_what_a_cut_will_be_at_other_prices_is_estimated_to_first_order(model, z):
    now = cheaper().blocks[0].subproblems[0].model
    assert now.shape == model.shape
    assert now.key != model.key
    before, exact = evaluate(model, z), evaluate(now, z)
    priced = reprice(before, model.resources, now.resources, model.classes)
    assert priced.is_estimated
    assert not before.is_estimated
    change = exact.bound_myen - before.bound_myen
    assert change < 0
    # The optimum is concave in prices: the estimate is never below it, but for the accuracy of the solves.
    slack = 2e-6 * before.cost_myen
    assert priced.estimate_at(z) >= exact.bound_myen - slack
    assert priced.estimate_at(z) - before.bound_myen == pytest.approx(change, rel=0.2, abs=slack)


def test_after_a_changed_price_bounds_are_proven_and_no_estimate_counts():
    pool = CutPool()
    first = search(problem(), pool, gap=1e-3, max_rounds=40, report=lambda _: None)
    told = []
    second = search(cheaper(), pool, gap=1e-3, max_rounds=40, report=told.append)
    cold = search(cheaper(), CutPool(), gap=1e-3, max_rounds=40, report=lambda _: None)
    assert any(step.code == "progress.national_renewing" for step in told)
    assert second.solves < first.solves
    assert second.relative_gap <= 1e-3
    assert second.bound_myen <= cold.cost_myen * (1 + 1e-9)
    assert cold.bound_myen <= second.cost_myen * (1 + 1e-9)
    assert all(point.has_cut for point in second.points.values())


def test_a_wrong_estimate_costs_solves_and_never_the_bound():
    pool, other = CutPool(), cheaper()
    search(problem(), pool, gap=1e-3, max_rounds=40, report=lambda _: None)
    for points in pool.points.values():
        points[:] = [replace(point, bound_myen=point.bound_myen * 3.0) for point in points]
    found = search(other, pool, gap=1e-3, max_rounds=60, report=lambda _: None)
    cold = search(other, CutPool(), gap=1e-3, max_rounds=40, report=lambda _: None)
    assert found.bound_myen <= cold.cost_myen * (1 + 1e-9)
    assert found.relative_gap <= 1e-3
