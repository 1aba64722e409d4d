"""Flows that can happen in a national plan: where power pays for being taken, no battery burns it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import kiban
from kiban.catalogue import load_catalogue
from kiban.linear.solution import Certificate
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import keep_directions
from kiban.national.study.assembly import write_problem
from kiban.national.study.site_programme import load_resources, solve_site, solve_site_one_way
from kiban.report.national.document import national_document
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import parse_national

PAID = {"price_myen_per_mwh": -0.01, "energy_charge_myen_per_mwh": 0.0}


def study(grid=PAID, **sections):
    return parse_national(
        {
            "national": {"name": "two sites", "sites": ["inzai", "tomakomai"], "hours": 24, "first_hour": 2400},
            "tranche": [{"id": "training", "it_load_mw": 100.0}],
            "cooling": {"system": "direct_liquid"},
            "battery": {"max_power_mw": 50.0},
            "grid": grid,
            **sections,
        }
    )


def settled(national):
    problem, _ = write_problem(national, load_catalogue())
    return problem, search(problem, CutPool(), gap=1e-3, max_rounds=20, report=lambda _: None)


def test_no_battery_of_the_plan_burns_energy():
    problem, relaxed = settled(study())
    kept, two_way = keep_directions(problem, relaxed)
    assert two_way.charge_hours == 8760.0
    assert two_way.cost_myen_per_year > 100.0
    assert kept.cost_myen == pytest.approx(relaxed.cost_myen + two_way.cost_myen_per_year, rel=1e-6)
    assert kept.bound_myen == relaxed.bound_myen <= kept.cost_myen
    for (number, which), point in kept.points.items():
        resources = load_resources(problem.blocks[number].subproblems[which].model, point.z)
        burning, (solution, _) = solve_site(resources), solve_site_one_way(resources)
        assert np.minimum(burning.hourly["charge"], burning.hourly["discharge"]).max() > 1.0
        assert np.minimum(solution.hourly["charge"], solution.hourly["discharge"]).max() <= 1e-5
        assert isinstance(solution.certificate, Certificate)
        assert point.cost_myen == solution.certificate.primal
        assert sum(point.costs.values()) == pytest.approx(point.cost_myen, rel=1e-6)


def test_a_plan_says_what_it_costs_to_go_in_one_direction():
    plan = kiban.build(study())
    assert plan.net_cost_myen >= plan.bound_myen
    assert national_document(plan)["one_way"]["cost_myen_per_year"] == plan.one_way.cost_myen_per_year > 0
    console = Console(width=200, record=True)
    console.print(national_text(plan, "en", 200))
    assert "a battery charges or discharges, not both at once as it would pay on paper in 8,760 hours" in (
        console.export_text()
    )


def test_a_plan_that_keeps_to_it_is_left_as_it_is():
    problem, found = settled(study(grid={"price_myen_per_mwh": 0.01}))
    kept, two_way = keep_directions(problem, found)
    assert kept is found
    assert two_way is None
    assert kiban.build(study(grid={"price_myen_per_mwh": 0.01})).one_way is None


def test_a_budget_holds_for_the_plan_that_can_run():
    problem, relaxed = settled(study())
    bare = replace(problem, budget_myen=relaxed.cost_myen + 1.0)
    with pytest.raises(kiban.errors.SolverError, match="more than the budget allows"):
        keep_directions(bare, relaxed)
