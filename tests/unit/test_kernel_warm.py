"""Warm starts of the kernel: what they save, when they are ignored, and how planning hands them on."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from kiban.linear import Staircase, solve
from kiban.linear.kernel import method
from kiban.linear.kernel.manner import USUAL
from kiban.linear.kernel.method import Method, solve_kernel
from kiban.linear.kernel.rays import Rays
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.linear.staircase import with_costs
from kiban.planning.building import build
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.scenario import parse_scenario
from kiban.scenario.examples import example_path


def design(days=20, *, load=10.0, sun=8.0, wire=2.0, most=np.inf):
    """Sun, wire and store for an even load."""
    steps, rng = days * 24, np.random.default_rng(5)
    hour = np.arange(steps) % 24
    light = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.3, 1.0, days).repeat(24)
    programme = Staircase(steps)
    programme.add_capacity("sun", cost=sun * days / 365, upper=1000.0)
    programme.add_capacity("power", cost=2.0 * days / 365)
    programme.add_capacity("energy", cost=1.0 * days / 365)
    programme.add_capacity("wire", cost=wire * days / 365, upper=most)
    programme.add_row("balance", equal=load * rng.uniform(0.9, 1.1, steps))
    programme.add_capacity_term("balance", "sun", light)
    programme.add_variable("buy", cost=rng.uniform(0.01, 0.03, steps), capacity="wire")
    programme.add_variable("waste")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    for name, sign in (("buy", 1.0), ("waste", -1.0), ("charge", -1.0), ("discharge", 1.0)):
        programme.add_term("balance", name, sign)
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.999, lagged=True)
    programme.add_term("storage", "charge", -0.95)
    programme.add_term("storage", "discharge", 1.05)
    return programme


@pytest.fixture(scope="module")
def start():
    return solve_kernel(design(), keep=KEPT_GAPS).warm


CHANGES = {
    "a price": {"sun": 7.6},
    "another price": {"wire": 2.1},
    "the load": {"load": 10.2},
    "a limit": {"most": 9.0},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_a_small_change_fewer_iterations_lead_to_the_same_proof(start, change):
    programme = design(**change)
    if "most" in change:
        start = solve_kernel(design(most=9.5), keep=KEPT_GAPS).warm
    cold, warm = solve_kernel(programme), solve_kernel(programme, warm=start)
    assert warm.iterations <= 0.75 * cold.iterations
    certificate = warm.solution.certificate
    assert certificate.solver == "kernel"
    assert certificate.relative_gap <= 1e-9
    assert certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=2e-9)
    assert certificate.primal == pytest.approx(solve(programme, "highs").certificate.primal, rel=1e-7)


def test_points_are_kept_on_the_way_though_hours_are_left_behind():
    # What those hours break stays open for long: a point that waited for it would be too near to the optimum.
    def programme(clean_share):
        raw = tomllib.loads(example_path("tomakomai").read_text(encoding="utf-8"))
        raw |= {"time": {"hours": 2016}, "target": {"clean_share": clean_share}}
        preparation = prepare(parse_scenario(raw))
        return write_programme(preparation.resources_for(preparation.cooling_systems[0]))

    assert USUAL.left_behind * 2016 >= 1
    start = solve_kernel(programme(0.9), keep=KEPT_GAPS).warm
    cold, warm = solve_kernel(programme(0.92)), solve_kernel(programme(0.92), warm=start)
    assert warm.iterations <= 0.75 * cold.iterations
    assert warm.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=2e-9)


def test_a_load_that_grows_as_a_whole_takes_the_point_with_it(start):
    cold, warm = solve_kernel(design(load=30.0)), solve_kernel(design(load=30.0), warm=start)
    assert warm.iterations < cold.iterations
    assert warm.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=2e-9)


def test_the_same_start_gives_the_same_bits(start):
    one, other = (solve_kernel(design(sun=7.0), warm=start).solution for _ in range(2))
    assert one.certificate == other.certificate
    assert all(np.array_equal(one.hourly[name], other.hourly[name]) for name in one.hourly)


def test_points_are_kept_only_where_asked_for_and_near_their_gaps():
    programme = design(5)
    assert solve_kernel(programme).warm is None
    kept = solve_kernel(programme, keep=(1e-2, 1e-4)).warm
    assert [point.gap for point in kept.iterates] == [1e-4, 1e-2]


def test_gaps_that_a_warm_solve_jumps_over_keep_their_points(start):
    later = solve_kernel(design(sun=7.9), warm=start, keep=KEPT_GAPS).warm
    assert {point.gap for point in later.iterates} >= {point.gap for point in start.iterates}
    assert [point.gap for point in later.iterates] == sorted(point.gap for point in later.iterates)
    again = solve_kernel(design(sun=7.8), warm=later)
    assert again.solution.certificate.relative_gap <= 1e-9


def _other_hours():
    return design(21)


def _other_names():
    programme = design()
    programme.add_variable("more", cost=1.0)
    return programme


def _other_terms():
    programme = design()
    programme.add_capacity_term("storage", "sun", 0.01)
    return programme


def _capacity_held():
    return design(most=0.0, sun=7.0)


@pytest.mark.parametrize("other", [_other_hours, _other_names, _other_terms, _capacity_held])
def test_another_structure_ignores_the_start(start, other):
    cold, warm = solve_kernel(other()), solve_kernel(other(), warm=start)
    assert warm.iterations == cold.iterations
    assert warm.solution is None or warm.solution.certificate == cold.solution.certificate


def with_more(upper, **numbers):
    """The design with a further source of even power, up to `upper` of it, that is worth about what it costs."""
    programme = design(**numbers)
    programme.add_capacity("more", cost=75.0 * 20 / 365, upper=upper)
    programme.add_capacity_term("balance", "more", np.ones(programme.steps))
    programme.add_total("limit", upper=900.0)
    programme.add_capacity_term("limit", "sun", 1.0)
    return programme


@pytest.mark.parametrize(("first", "second"), [(0.0, 3.0), (3.0, 0.0)], ids=["becomes free", "becomes held"])
def test_a_capacity_that_is_held_in_one_programme_alone_takes_no_start_away(first, second):
    start = solve_kernel(with_more(first), keep=KEPT_GAPS).warm
    cold = solve_kernel(with_more(second, sun=7.9))
    warm = solve_kernel(with_more(second, sun=7.9), warm=start)
    assert warm.iterations <= cold.iterations - 2
    assert warm.solution.certificate.relative_gap <= 1e-9
    assert warm.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=2e-9)
    assert (warm.solution.capacities["more"] > 0.1) == (second > 0)


def test_a_wildly_different_programme_still_ends_right(start):
    programme = design(sun=800.0, load=0.01, wire=0.001)
    programme = with_costs(programme, hourly={"buy": np.linspace(0.0, 5.0, programme.steps)})
    warm = solve_kernel(programme, warm=start)
    assert warm.status == "optimal"
    assert warm.solution.certificate.primal == pytest.approx(solve(programme, "highs").certificate.primal, rel=1e-6)


def test_a_start_that_leads_nowhere_costs_its_iterations_and_no_search_for_rays(start, monkeypatch):
    looked = []
    monkeypatch.setattr(Rays, "infeasible", lambda self, *, sure: looked.append(sure))
    monkeypatch.setattr(Method, "_step", lambda self, now, step=Method._step: None if self.warm else step(self, now))
    warm = solve_kernel(design(sun=7.9), warm=start)
    assert warm.status == "optimal"
    assert False not in looked
    assert warm.solution.certificate == solve_kernel(design(sun=7.9)).solution.certificate


def test_a_rough_answer_ends_with_the_first_certificate_that_proves_it(monkeypatch):
    found = []

    def finish(self, iteration, finish=Method._finish):
        answer = finish(self, iteration)
        found.append(answer is not None)
        return answer

    monkeypatch.setattr(Method, "_finish", finish)
    monkeypatch.setattr(method, "FEASIBLE", 1e-30)  # no residual is small enough to end by itself
    rough = solve_kernel(design(), tolerance=1e-3)
    assert found.count(True) == 1
    assert rough.solution.certificate.relative_gap <= 1e-3
    found.clear()
    fine = solve_kernel(design(), tolerance=1e-7)
    assert found.count(True) == 2, "an accurate one takes the better of it and the next"
    assert rough.solution.certificate.dual <= fine.solution.certificate.primal * (1 + 1e-7)


def test_infeasible_and_unbounded_are_told_from_a_warm_start_too(start):
    dark = design(most=1.0)
    dark.capacities["sun"] = replace(dark.capacities["sun"], upper=1.0)
    near = solve_kernel(design(most=100.0), keep=KEPT_GAPS).warm
    assert solve_kernel(dark, warm=near).status == "infeasible"
    paid = with_costs(design(), hourly={"waste": np.full(480, -10.0)})
    paid.capacities["sun"] = replace(paid.capacities["sun"], upper=np.inf)
    open_start = with_costs(paid, hourly={"waste": np.full(480, 0.01)})
    near = solve_kernel(open_start, keep=KEPT_GAPS).warm
    assert solve_kernel(paid, warm=near).status == "unbounded"


def plant(load):
    supply = {"pv": {"availability": 0.16, "max_mw": 500}}
    for other in ("wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro"):
        supply[other] = {"enabled": False}
    return parse_scenario(
        {
            "name": "Points handed on",
            "site": {"id": "tomakomai"},
            "time": {"hours": 480},
            "load": {"it_load_mw": load},
            "supply": supply,
        }
    )


def test_planning_hands_the_points_on():
    points = {}
    first = build(plant(100.0), warm=points)
    assert set(points) >= {first.cooling_system}
    before = dict(points)
    cold, warm = build(plant(103.0)), build(plant(103.0), warm=points)
    assert points[first.cooling_system] is not before[first.cooling_system]
    assert warm.certificate.iterations < cold.certificate.iterations
    assert warm.certificate.primal == pytest.approx(cold.certificate.primal, rel=2e-9)
    assert warm.certificate.relative_gap <= 1e-9
