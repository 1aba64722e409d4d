"""The cheapest of cooling systems and accounts of the clean share: against all of them solved, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.cases import FEATURES, resources
from tests.cases.known_solutions import remember
from tests.unit.test_one_way import BATTERY
from tests.unit.test_schedule import study

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.planning.choice import Stage, bound_of, choose, cost_of, prove
from kiban.planning.one_way import solve_one_way
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.stored_energy import may_lose_purchases
from kiban.scenario import parse_scenario


def burning(firm_mw=20.0):
    """A site whose battery would charge and discharge at once at a price of -10 yen/kWh in every hour."""
    grid = {"price_myen_per_mwh": -0.010, "energy_charge_myen_per_mwh": 0.0, "max_mw": 50}
    battery = {key: value for key, value in BATTERY.items() if key != "fixed_om_share"}
    preparation = prepare(parse_scenario(study(time={"hours": 8}, grid=grid, battery=battery)))
    site = preparation.resources_for(preparation.cooling_systems[0])
    return replace(site, firm_mw=np.full(8, firm_mw), min_it_mw=firm_mw)


def count_solves(counts, system):
    def solve_it(programme):
        counts[system] += 1
        return solve(programme)

    return solve_it


@pytest.mark.parametrize("order", [(20.0, 16.0), (16.0, 20.0)])
def test_what_is_dearer_already_is_not_solved_again(order):
    """Each MWh of load earns 10 yen/kWh: less of it is dearer, by more than what directions cost."""
    sites = [burning(firm_mw) for firm_mw in order]
    counts = [0, 0]
    optima = [solve(write_programme(site)) for site in sites]
    solves = [count_solves(counts, system) for system in (0, 1)]
    best, other = choose(list(zip(sites, optima, strict=True)), solves)
    assert best.system == order.index(20.0)
    assert best.stage is Stage.PLAN
    assert best.two_way is not None
    assert other.stage is Stage.OPTIMUM
    assert other.bound_myen == cost_of(optima[other.system])
    assert counts[best.system] > 0
    assert counts[other.system] == 0


def test_a_bound_that_is_less_than_the_plan_is_looked_at():
    """By 0.1 MW more load the optimum is cheaper by less than what its directions cost: both have to be known."""
    sites = [burning(20.0), burning(19.9)]
    counts = [0, 0]
    optima = [solve(write_programme(site)) for site in sites]
    found = choose(list(zip(sites, optima, strict=True)), [count_solves(counts, system) for system in (0, 1)])
    assert [candidate.stage for candidate in found] == [Stage.PLAN, Stage.PLAN]
    assert min(counts) > 0
    assert found[0].bound_myen < found[1].bound_myen


def test_what_is_known_by_a_bound_is_solved_where_the_bound_is_not_enough():
    """Each MWh of load earns 10 yen/kWh: 16 MW cost more than 20, which a bound near their optimum proves."""
    sites = [burning(20.0), burning(16.0)]
    optima = [solve(write_programme(site)) for site in sites]
    dear = cost_of(optima[1])
    for bound, solved in ((dear - 1e-3 * abs(dear), False), (-1e9, True)):
        counts = [0, 0]
        solves = [count_solves(counts, system) for system in (0, 1)]
        best, other = choose([(sites[0], optima[0]), (sites[1], bound)], solves)
        assert (best.system, best.stage) == (0, Stage.PLAN)
        assert (counts[1] > 0) == solved
        if solved:
            assert other.bound_myen >= dear - 1e-7 * abs(dear)
        else:
            assert (other.stage, other.bound_myen) == (Stage.UNWRITTEN, bound)
    # A bound of what is best in truth is no obstacle to it.
    counts = [0, 0]
    best, _ = choose(
        [(sites[0], cost_of(optima[0]) - 1.0), (sites[1], optima[1])], [count_solves(counts, one) for one in (0, 1)]
    )
    assert best.system == 0
    assert best.bound_myen == pytest.approx(choose([(sites[0], optima[0])], [solve])[0].bound_myen, rel=1e-9)


def test_a_bound_is_no_more_than_the_optimum():
    programme = write_programme(burning(20.0))
    exact = solve(programme)
    for gap in (1e-1, 1e-2, 1e-3):
        rough = solve(programme, tolerance=gap)
        bound = bound_of(programme, rough)
        assert bound is not None
        assert exact.certificate.dual - gap * abs(exact.certificate.dual) <= bound
        assert bound <= exact.certificate.primal
        unpaid = replace(rough, certificate=replace(rough.certificate, dual_residual=1e3))
        assert bound_of(programme, unpaid) is None
    assert bound_of(programme, replace(exact, status="infeasible", certificate=None)) is None


def test_a_memory_of_solutions_tells_programmes_apart():
    counts = [0]
    solve_once = remember(count_solves(counts, 0))
    found = [solve_once(write_programme(burning(firm_mw))) for firm_mw in (20.0, 16.0, 20.0)]
    assert counts == [2]
    assert found[0] is found[2]
    assert [cost_of(one) for one in found[:2]] == [cost_of(solve(write_programme(burning(mw)))) for mw in (20.0, 16.0)]
    assert cost_of(found[0]) != cost_of(found[1])


@settings(max_examples=25)
@given(
    site=resources(known=[name for name in FEATURES if name != "tranches"], required=("battery", "grid")),
    more=st.floats(0.9, 1.1),
    paid=st.booleans(),
)
def test_it_is_the_cheapest_of_all_solved(site, more, paid):
    if paid:
        price = np.where(np.arange(site.steps) % 3 == 0, -0.01, site.grid.price_myen_per_mwh)
        site = replace(site, grid=replace(site.grid, max_mw=500.0, price_myen_per_mwh=price))
        site = replace(site, battery=replace(site.battery, max_power_mw=50.0, max_energy_mwh=300.0))
    systems = [site, replace(site, pue=site.pue * more)]
    # What is chosen and what it is held against come from the same programmes.
    solve_once = remember(solve)
    try:
        optima = [prove(write_programme(one), solve_once) for one in systems]
        assume(all(optimum.status == "optimal" for optimum in optima))
        costs = []
        for one, optimum in zip(systems, optima, strict=True):
            costs.append([cost_of(solve_one_way(one, optimum, solve_once)[0])])
            if may_lose_purchases(one):
                losing = replace(one, loses_purchases=True)
                paper = prove(write_programme(losing), solve_once)
                costs[-1].append(cost_of(solve_one_way(losing, paper, solve_once)[0]))
    except SolverError:
        assume(False)
    found = choose(list(zip(systems, optima, strict=True)), [solve_once, solve_once])
    size = 1e-7 * max(1.0, abs(min(map(min, costs))))
    assert found[0].stage is Stage.PLAN
    assert found[0].bound_myen == pytest.approx(min(map(min, costs)), rel=0, abs=size)
    assert found[1].bound_myen <= min(costs[found[1].system]) + size
    assert found[0].bound_myen <= found[1].bound_myen + size
