"""The choice of sites against brute force and against one monolithic model, on small real cases."""

from __future__ import annotations

import itertools

import pytest

from kiban.catalogue import load_catalogue
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.master import write_master
from kiban.national.study.assembly import write_problem
from kiban.scenario.national_file import parse_national

pytestmark = pytest.mark.slow

SITES = ["tomakomai", "inzai", "nanto", "kirishima"]
BASE = {
    "national": {"name": "four sites", "sites": SITES, "hours": 168, "first_hour": 2400, "gap": 1e-4},
    "tranche": [
        {"id": "training", "it_load_mw": 300, "deferrable_share": 0.8},
        {"id": "metro", "it_load_mw": 100, "firm_shape": "inference", "max_round_trip_ms": 5},
    ],
    "limits": {"max_site_mw": 250},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.7},
}


def changed(**sections):
    raw = {name: (dict(part) if isinstance(part, dict) else list(part)) for name, part in BASE.items()}
    for name, part in sections.items():
        raw[name] = {**raw.get(name, {}), **part} if isinstance(part, dict) else part
    return raw


def solve(raw, pool=None):
    study = parse_national(raw)
    problem, _ = write_problem(study, load_catalogue())
    return problem, search(
        problem,
        pool if pool is not None else CutPool(),
        gap=study.national.gap,
        max_rounds=60,
        report=lambda _: None,
    )


def closed_cost(problem, pool, gap, shut):
    """The least cost with a set of sites shut and the others forced open."""
    from dataclasses import replace

    places = [
        replace(
            place,
            candidate=replace(
                place.candidate,
                max_mw=0.0 if number in shut else place.candidate.max_mw,
                min_mw=0.0 if number in shut else place.candidate.min_mw,
                must_open=number not in shut,
                fixed_cost_myen_per_year=0.0 if number in shut else place.candidate.fixed_cost_myen_per_year,
            ),
        )
        for number, place in enumerate(problem.places)
    ]
    return search(replace(problem, places=tuple(places)), pool, gap=gap, max_rounds=60, report=lambda _: None)


TIGHT = {
    "area": {
        area: {"spare_supply_mw": mw}
        for area, mw in {"hokkaido": 20, "tokyo": 30, "hokuriku": 10, "kyushu": 25, "tohoku": 5, "chugoku": 5}.items()
    },
    "network": {"free_share": 1.0},
    "interconnector": [
        {"id": "tohoku-tokyo", "forward_mw": 10, "reverse_mw": 10},
        {"id": "tokyo-chubu", "forward_mw": 5, "reverse_mw": 5},
        {"id": "chubu-hokuriku", "forward_mw": 8, "reverse_mw": 8},
        {"id": "hokuriku-kansai", "forward_mw": 12, "reverse_mw": 12},
    ],
}


@pytest.mark.parametrize("sections", [{}, TIGHT], ids=["loose", "tight interconnectors"])
def test_the_choice_is_that_of_brute_force_over_all_subsets(sections):
    pool = CutPool()
    problem, found = solve(changed(**sections), pool)
    costs = {}
    for count in range(len(SITES) + 1):
        for shut in itertools.combinations(range(len(SITES)), count):
            one = closed_cost(problem, pool, 1e-4, set(shut))
            if one is not None:
                costs[shut] = one
    best = min(costs.values(), key=lambda one: one.cost_myen)
    assert found.cost_myen == pytest.approx(best.cost_myen, rel=2e-4)
    assert found.bound_myen <= best.cost_myen * (1 + 1e-9)
    lowest = min(one.bound_myen for one in costs.values())
    assert found.cost_myen >= lowest * (1 - 1e-9)
    assert len(costs) > 4


def test_the_bounds_bracket_the_optimum_and_the_parts_add_up():
    from kiban.national.result.plan import costs_add_up

    pool = CutPool()
    problem, found = solve(BASE, pool)
    assert found.bound_myen <= found.cost_myen
    assert found.relative_gap <= 1e-4
    assert costs_add_up(problem, found) == pytest.approx(found.cost_myen, rel=1e-6)
    inner = write_master(problem, pool.points_of(problem), "inner").solve(relative_gap=1e-6)
    assert inner is not None
    assert found.cost_myen <= inner.objective * (1 + 1e-4)


def test_a_near_tranche_never_lands_beyond_its_round_trip():
    problem, found = solve(BASE)
    metro = next(number for number, tranche in enumerate(problem.tranches) if tranche.id == "metro")
    for number, block in enumerate(problem.blocks):
        if found.choice.load_mw[number, metro] > 0:
            assert problem.places[block.site].candidate.reach_ms("nearest") <= 5
    assert found.choice.load_mw[:, metro].sum() >= 100 - 1e-6


def test_the_same_question_costs_no_solve_the_second_time():
    pool = CutPool()
    _, first = solve(BASE, pool)
    _, second = solve(BASE, pool)
    assert first.solves > 0
    assert second.solves == 0
    assert second.cost_myen == pytest.approx(first.cost_myen, rel=1e-9)


def test_a_change_of_limits_alone_asks_only_where_it_must():
    pool = CutPool()
    _, first = solve(BASE, pool)
    _, second = solve(changed(limits={"max_site_mw": 240}), pool)
    assert second.solves < first.solves
    assert second.cost_myen >= first.bound_myen * (1 - 1e-9)


@pytest.mark.parametrize("kind", ["outer", "inner"])
def test_a_site_that_is_open_in_part_costs_that_part_of_an_open_one(kind):
    """A master that is relaxed knows the cost of a site in proportion to how far it is open (its perspective)."""
    from dataclasses import replace

    pool = CutPool()
    problem, found = solve(BASE, pool)
    problem = replace(problem, network=None)

    def cost(part):
        areas = {name: replace(area, headroom_mw=area.headroom_mw * part) for name, area in problem.areas.items()}
        smaller = replace(problem, demand_mw=problem.demand_mw * part, areas=areas)
        master = write_master(smaller, pool.points_of(problem), kind)
        for (site, _), column in master.opens.items():
            master.model.lower[column] = master.model.upper[column] = part * float(site in found.choice.sites)
            master.model.whole[column] = False
        choice = master.solve(relative_gap=0.0)
        assert choice is not None
        return choice.objective

    whole = cost(1.0)
    assert whole == pytest.approx(found.cost_myen, rel=2e-4)
    for part in (0.25, 0.6):
        assert cost(part) == pytest.approx(part * whole, rel=1e-6)
