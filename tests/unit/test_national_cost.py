"""The cost of a site as a subproblem: the one-site plan's cost, slopes as finite differences, cuts below, convexity."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.national.search.coarse import coarsen, worthwhile
from kiban.national.search.subproblem import evaluate, reprice
from kiban.national.study.assembly import write_problem
from kiban.planning import build
from kiban.scenario import Cooling, Load, Scenario, Site, Target, Time
from kiban.scenario.national_file import parse_national

TRANCHES = [
    {"id": "training", "it_load_mw": 100, "deferrable_share": 0.8, "max_delay_hours": 12},
    {"id": "answers", "it_load_mw": 100, "firm_shape": "inference"},
]


def study(**sections):
    raw = {
        "national": {"name": "cost", "sites": ["kirishima"], "hours": 168, "first_hour": 2400},
        "tranche": TRANCHES,
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": 0.8},
        "shared": [{"id": "field", "supply": "geothermal", "sites": ["kirishima"], "max_mw": 250}],
        "limits": {"carbon_cap_t_per_year": 1e6},
    }
    return write_problem(parse_national({**raw, **sections}), load_catalogue())[0]


@pytest.fixture(scope="module")
def model():
    return study().blocks[0].subproblems[0].model


@pytest.mark.parametrize("z", [(150, 80, 60, 60, 1e5), (40, 10, 500, 250, 1e6), (10, 200, 30, 20, 6e4)])
def test_slopes_are_finite_differences(model, z):
    z = np.array(z, dtype=float)
    here = evaluate(model, z)
    for place in range(z.size):
        step = np.zeros(z.size)
        step[place] = 2e-3 * z[place]
        more, less = evaluate(model, z + step), evaluate(model, z - step)
        difference = (more.cost_myen - less.cost_myen) / (2 * step[place])
        # The subproblem has kinks: the slope lies between the differences to both sides.
        right = (more.cost_myen - here.cost_myen) / step[place]
        left = (here.cost_myen - less.cost_myen) / step[place]
        # The optima are exact to 1e-6, and their differences to what that leaves.
        size = 1e-4 * abs(difference) + 3e-6 * here.cost_myen / step[place]
        assert left - size <= here.slope[place] <= right + size


def test_cuts_lie_below_and_mixtures_above(model):
    generator = np.random.default_rng(3)
    points = [evaluate(model, generator.uniform(0.1, 1.0, 5) * np.array([300, 200, 300, 250, 3e5])) for _ in range(6)]
    for one in points:
        for other in points:
            assert one.cut_at(other.z) <= other.cost_myen * (1 + 1e-7)
    middle = evaluate(model, (points[0].z + points[1].z) / 2)
    assert middle.bound_myen <= (points[0].cost_myen + points[1].cost_myen) / 2 * (1 + 1e-7)


def test_it_is_the_cost_of_the_plan_of_one_site():
    problem = study(tranche=[{**TRANCHES[1], "deferrable_share": 0.5, "max_delay_hours": 12}], shared=[], limits={})
    point = evaluate(problem.blocks[0].subproblems[0].model, np.array([120.0, 1e4]))
    plan = build(
        Scenario(
            name="one",
            site=Site(id="kirishima"),
            time=Time(first_hour=2400, hours=168),
            load=Load(it_load_mw=120.0, deferrable_share=0.5, max_delay_hours=12, firm_shape="inference"),
            cooling=Cooling(system="direct_liquid"),
            target=Target(clean_share=0.8),
        )
    )
    assert point.cost_myen == pytest.approx(plan.cost_myen_per_year, rel=1e-5)
    assert sum(point.costs.values()) == pytest.approx(point.cost_myen, rel=1e-6)


def test_a_design_priced_anew_costs_what_its_capacities_say(model):
    z = np.array([100.0, 50.0, 300.0, 250.0, 1e6])
    point = evaluate(model, z)
    dearer = study(assumptions={"pv.capex": 250.0, "battery.energy_capex": 80.0}).blocks[0].subproblems[0].model
    assert dearer.shape == model.shape
    assert dearer.key != model.key
    priced, exact = reprice(point, model.resources, dearer.resources, model.classes), evaluate(dearer, z)
    assert not priced.has_cut
    assert exact.bound_myen <= priced.cost_myen * (1 + 1e-7)
    back = reprice(priced, dearer.resources, model.resources, model.classes)
    assert back.cost_myen == pytest.approx(point.cost_myen, rel=1e-12)


def test_another_hour_is_another_programme(model):
    other = study(national={"name": "cost", "sites": ["kirishima"], "hours": 168, "first_hour": 2568})
    assert other.blocks[0].subproblems[0].model.shape != model.shape
    assert study().blocks[0].subproblems[0].model.key == model.key


def test_a_site_without_load_is_not_asked(model):
    with pytest.raises(ValueError, match="without load"):
        evaluate(model, np.array([0.0, 0.0, 10.0, 10.0, 10.0]))


def test_a_short_window_has_no_coarse_problem_and_a_year_has_four_weeks():
    assert coarsen(study()) is None
    whole = study(national={"name": "cost", "sites": ["kirishima"]})
    short = coarsen(whole)
    assert short is not None
    coarse = short.blocks[0].subproblems[0].model
    assert coarse.resources.steps == 4 * 168
    assert coarse.resources.block_steps == 168
    year = whole.blocks[0].subproblems[0].model
    assert coarse.resources.pue.mean() == pytest.approx(year.resources.pue.mean(), rel=0.02)


def test_a_closed_site_is_tried_at_a_quarter_of_its_largest_load_or_more():
    problem = study(limits={"max_site_mw": 400, "carbon_cap_t_per_year": 1e6})
    block = problem.blocks[0]
    assert problem.largest_mw(block) == 400
    small = np.array([20.0, 5.0, 15.0, 10.0, 1e4])
    assert worthwhile(problem, block, small) == pytest.approx(4.0 * small)
    large = np.array([80.0, 40.0, 15.0, 10.0, 1e4])
    assert worthwhile(problem, block, large) == pytest.approx(large)
