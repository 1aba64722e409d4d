"""The design of one site of a national plan as a plan of its own, for all that is asked of plans of one site.

Its programme is solved once more where the national plan settled, so that every figure is made as for one campus. What
a national plan counts beside the programme (hazard, land, latency, the site itself, its part in the reinforcement of
the area) stands among its costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kiban.calendar import JAPAN_UTC_OFFSET_HOURS, year_index
from kiban.catalogue import load_catalogue
from kiban.national.result.comparison import site_loads
from kiban.national.search.incumbent import SERVED_MW, Incumbent
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_cases import site_scenario, study_catalogue
from kiban.national.study.site_programme import SLACKS, load_resources, solve_site_one_way
from kiban.national.study.variants import energy_per_mw
from kiban.planning.building import describe_design, list_capital_factors
from kiban.planning.plan import Plan, ServedTranche
from kiban.planning.series_inputs import Horizon
from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.terms import PolicyTerms
from kiban.scenario import Scenario


def chosen_sites(problem: NationalProblem, incumbent: Incumbent) -> tuple[int, ...]:
    """Numbers of the sites that serve load, in the order of the candidates."""
    return tuple(int(site) for site in np.flatnonzero(site_loads(problem, incumbent.choice) > SERVED_MW))


def built_blocks(problem: NationalProblem, incumbent: Incumbent) -> tuple[int, ...]:
    """Numbers of the blocks that serve load, by site in the order of the candidates, then by phase."""
    built = np.flatnonzero(incumbent.choice.load_mw.sum(axis=1) > SERVED_MW)
    return tuple(sorted((int(block) for block in built), key=lambda number: _order(problem, number)))


def _order(problem: NationalProblem, number: int) -> tuple[int, int]:
    block = problem.blocks[number]
    return block.site, block.phase


def block_design(problem: NationalProblem, incumbent: Incumbent, number: int, terms: PolicyTerms) -> Plan:
    """The plan of a built block as it stands in the end; `terms` are those of the problem's costs."""
    last = len(problem.blocks[number].subproblems) - 1
    plan = _design_of(problem, incumbent, number, last, terms)
    tranches = tuple(_tranches(problem, incumbent, number))
    costs = dict(plan.costs)
    costs |= {name: cost for name, cost in _site_costs(problem, incumbent, number).items() if cost}
    if tranches:
        gain = problem.blocks[number].gain
        costs["compute_revenue"] = -gain * sum(t.price_myen_per_mwh * t.it_energy_mwh_per_year for t in tranches)
    return replace(
        plan,
        costs=costs,
        tranches=tranches,
        ratepayers_works_myen=plan.ratepayers_works_myen + _works_of_others(problem, incumbent, number),
    )


def waiting_design(
    problem: NationalProblem, incumbent: Incumbent, number: int, terms: PolicyTerms
) -> tuple[Plan, dict[str, float]] | None:
    """What a block runs on until its connection is ready, and its costs beside the programme; None where it is ready.

    A block that is never connected stands in the end as it waits: then there is one design, and this is None.
    """
    if len(problem.blocks[number].subproblems) < 2:
        return None
    costs = {name: cost for name, cost in _site_costs(problem, incumbent, number).items() if cost}
    costs.pop("reinforcement", None)
    return _design_of(problem, incumbent, number, 0, terms), costs


def _design_of(problem: NationalProblem, incumbent: Incumbent, number: int, which: int, terms: PolicyTerms) -> Plan:
    block = problem.blocks[number]
    point, model = incumbent.points[number, which], block.subproblems[which].model
    resources = load_resources(model, point.z)
    solution, _ = solve_site_one_way(resources)
    built = {name: value for name, value in solution.capacities.items() if name not in SLACKS}
    scenario = _scenario_of(problem, number)
    years = resources.steps // resources.block_steps
    labels = scenario.weather.years or tuple(scenario.base_year + year for year in range(years))
    horizon = Horizon(scenario, labels[:years])
    time = year_index(horizon.labels, JAPAN_UTC_OFFSET_HOURS, horizon.step_hours)[horizon.positions]
    return describe_design(scenario, time, terms, resources, replace(solution, capacities=built))


def nothing_built(problem: NationalProblem, number: int, terms: PolicyTerms) -> Plan:
    """The plan of a block that is not built: nothing is built or drawn, and what capital would cost is known."""
    block = problem.blocks[number]
    return Plan(
        status="optimal",
        scenario=_scenario_of(problem, number),
        cooling_system=problem.places[block.site].cooling_system,
        capacities={},
        costs={},
        indicators={"import_mwh_per_year": 0.0},
        worths=(),
        alternatives=(),
        time=None,  # type: ignore[arg-type]
        hourly={},
        certificate=None,
        provenance=(),
        notes=(),
        capital_factors=list_capital_factors(block.subproblems[-1].model.resources),
        policy=terms,
    )


def _scenario_of(problem: NationalProblem, number: int) -> Scenario:
    """The scenario of the site of a block, which starts as much later as its phase is after the first."""
    block = problem.blocks[number]
    scenario = site_scenario(problem.study, problem.places[block.site].candidate, problem.study.assumptions)
    after = problem.years_after_first(block)
    if not after:
        return scenario
    policy = scenario.policy.model_copy(update={"start_year": scenario.policy.start_year + after})
    return scenario.model_copy(update={"policy": policy}).placed_in(scenario.folder)


def _site_costs(problem: NationalProblem, incumbent: Incumbent, number: int) -> dict[str, float]:
    site = problem.blocks[number].site
    place, load = problem.places[site], incumbent.choice.load_mw[number]
    first = next(one for one in built_blocks(problem, incumbent) if problem.blocks[one].site == site)
    total, hazard = float(load.sum()), place.hazards[0]
    latency = (
        tranche.latency_cost_myen_per_mw_ms * float(problem.latency_ms[site, which] * load[which])
        for which, tranche in enumerate(problem.tranches)
    )
    borne = problem.study.grid.reinforcement_borne
    return {
        "hazard": total * (hazard.damage_myen + hazard.protection_myen),
        "downtime": total * hazard.downtime_myen,
        "land_rent": total * place.land_myen_per_mw,
        # The campus is there once, whatever is added to it later.
        "site": place.candidate.fixed_cost_myen_per_year if number == first else 0.0,
        "latency": sum(latency),
        "reinforcement": borne * _works(problem, incumbent, number),
    }


def _works(problem: NationalProblem, incumbent: Incumbent, number: int) -> float:
    """Yearly cost of the site's part in what is added to its area and to interconnectors, by connection."""
    used = {
        block: float(point.used[problem.classes])
        for (block, which), point in incumbent.points.items()
        if problem.blocks[block].subproblems[which].connected
    }
    own, area = used.get(number, 0.0), problem.area_of(problem.blocks[number])
    if own <= 0:
        return 0.0
    within = sum(mw for block, mw in used.items() if problem.area_of(problem.blocks[block]) == area)
    added = incumbent.choice.reinforcement_mw.get(area, 0.0) * problem.areas[area].reinforcement_myen_per_mw
    links = problem.network.links if problem.network is not None else ()
    between = sum(incumbent.choice.expansion_mw.get(link.id, 0.0) * link.expansion_myen_per_mw for link in links)
    return added * own / within + between * own / sum(used.values())


def _works_of_others(problem: NationalProblem, incumbent: Incumbent, number: int) -> float:
    """The part of those works that ratepayers bear, million yen at once."""
    yearly = (1.0 - problem.study.grid.reinforcement_borne) * _works(problem, incumbent, number)
    if not yearly:
        return 0.0
    catalogue = study_catalogue(problem.study, load_catalogue())
    given = problem.study.finance.discount_rate
    rate = catalogue.value("finance.discount_rate") if given is None else given
    return yearly / capital_recovery_factor(rate, catalogue.value("grid.life"))


def _tranches(problem: NationalProblem, incumbent: Incumbent, number: int) -> Iterator[ServedTranche]:
    """The optional tranches that the site serves."""
    for which, tranche in enumerate(problem.tranches):
        served = float(incumbent.choice.load_mw[number, which])
        if tranche.must_serve or tranche.price_myen_per_mw_year is None or served <= 0:
            continue
        energy = energy_per_mw(problem, which)
        yield ServedTranche(
            name=tranche.id,
            offered_mw=float(problem.demand_mw[which, -1]),
            served_mw=served,
            price_myen_per_mwh=tranche.price_myen_per_mw_year / energy,
            it_energy_mwh_per_year=served * energy,
            must_serve=False,
        )
