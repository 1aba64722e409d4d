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
from kiban.national.result.plan import SERVED_MW
from kiban.national.search.incumbent import Incumbent
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


def site_design(problem: NationalProblem, incumbent: Incumbent, site: int, terms: PolicyTerms) -> Plan:
    """The plan of a chosen site of a study with one phase; `terms` are those of the problem's costs."""
    number = _block_of(problem, site)
    point, model = incumbent.points[number, 0], problem.blocks[number].subproblems[0].model
    resources = load_resources(model, point.z)
    solution, _ = solve_site_one_way(resources)
    built = {name: value for name, value in solution.capacities.items() if name not in SLACKS}
    scenario = _scenario_of(problem, site)
    years = resources.steps // resources.block_steps
    labels = scenario.weather.years or tuple(scenario.base_year + year for year in range(years))
    horizon = Horizon(scenario, labels[:years])
    time = year_index(horizon.labels, JAPAN_UTC_OFFSET_HOURS, horizon.step_hours)[horizon.positions]
    plan = describe_design(scenario, time, terms, resources, replace(solution, capacities=built))
    tranches = tuple(_tranches(problem, incumbent, number))
    costs = dict(plan.costs)
    costs |= {name: cost for name, cost in _site_costs(problem, incumbent, site, number).items() if cost}
    if tranches:
        costs["compute_revenue"] = -sum(t.price_myen_per_mwh * t.it_energy_mwh_per_year for t in tranches)
    return replace(
        plan,
        costs=costs,
        tranches=tranches,
        ratepayers_works_myen=plan.ratepayers_works_myen + _works_of_others(problem, incumbent, site, number),
    )


def nothing_built(problem: NationalProblem, site: int, terms: PolicyTerms) -> Plan:
    """The plan of a site that is not chosen: nothing is built or drawn, and what capital would cost is known."""
    model = problem.blocks[_block_of(problem, site)].subproblems[0].model
    return Plan(
        status="optimal",
        scenario=_scenario_of(problem, site),
        cooling_system=problem.places[site].cooling_system,
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
        capital_factors=list_capital_factors(model.resources),
        policy=terms,
    )


def _block_of(problem: NationalProblem, site: int) -> int:
    (number,) = (number for number, block in enumerate(problem.blocks) if block.site == site)
    return number


def _scenario_of(problem: NationalProblem, site: int) -> Scenario:
    return site_scenario(problem.study, problem.places[site].candidate, problem.study.assumptions)


def _site_costs(problem: NationalProblem, incumbent: Incumbent, site: int, number: int) -> dict[str, float]:
    place, load = problem.places[site], incumbent.choice.load_mw[number]
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
        "site": place.candidate.fixed_cost_myen_per_year,
        "latency": sum(latency),
        "reinforcement": borne * _works(problem, incumbent, site, number),
    }


def _works(problem: NationalProblem, incumbent: Incumbent, site: int, number: int) -> float:
    """Yearly cost of the site's part in what is added to its area and to interconnectors, by connection."""
    used = {
        block: float(point.used[problem.classes])
        for (block, which), point in incumbent.points.items()
        if problem.blocks[block].subproblems[which].connected
    }
    own, area = used.get(number, 0.0), problem.places[site].candidate.area
    if own <= 0:
        return 0.0
    within = sum(mw for block, mw in used.items() if problem.area_of(problem.blocks[block]) == area)
    added = incumbent.choice.reinforcement_mw.get(area, 0.0) * problem.areas[area].reinforcement_myen_per_mw
    links = problem.network.links if problem.network is not None else ()
    between = sum(incumbent.choice.expansion_mw.get(link.id, 0.0) * link.expansion_myen_per_mw for link in links)
    return added * own / within + between * own / sum(used.values())


def _works_of_others(problem: NationalProblem, incumbent: Incumbent, site: int, number: int) -> float:
    """The part of those works that ratepayers bear, million yen at once."""
    yearly = (1.0 - problem.study.grid.reinforcement_borne) * _works(problem, incumbent, site, number)
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
            offered_mw=float(problem.demand_mw[which, 0]),
            served_mw=served,
            price_myen_per_mwh=tranche.price_myen_per_mw_year / energy,
            it_energy_mwh_per_year=served * energy,
            must_serve=False,
        )
