"""From a national study to the models of its sites: one scenario for each, read once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import Catalogue, load_catalogue, newest_complete_fiscal_year, price_statistics
from kiban.catalogue.prices import PRICE_AREAS
from kiban.errors import InputError, Problem, ScenarioError
from kiban.national.study.candidates import Candidate
from kiban.national.study.hazard import HazardCost, Values, choose_protection
from kiban.national.study.lead_times import check_lead_times, late_supply, mentioned_supply
from kiban.national.study.site_model import LoadClass, SiteModel, make_model
from kiban.national.study.site_programme import solve_at
from kiban.planning.annual_costs import CostReader
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.provenance import Recorder
from kiban.planning.resources import Resources
from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.own_terms import resolve_for
from kiban.policy.package_terms import read_construction_years
from kiban.policy.terms import PolicyTerms
from kiban.scenario import Grid, Load, Scenario, Site, Supply, Time
from kiban.scenario.national import NationalScenario
from kiban.scenario.package import load_package

FULL_MW = 1.0
EQUIPMENT = ("electrical", "fitout", "cooling", "chips")


@dataclass(frozen=True, slots=True, eq=False)
class SiteCase:
    """A candidate with everything about it that does not depend on the phase: cost per MW beside the programme.

    `hazards` are the protections, the cheapest first. `waiting` is the model without a connection, for
    the years before it; None where it never waits.
    """

    candidate: Candidate
    cooling_system: str
    model: SiteModel
    waiting: SiteModel | None
    hazards: tuple[HazardCost, ...]
    land_myen_per_mw: float


def study_catalogue(study: NationalScenario, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the study's own values."""
    return catalogue.overridden(study.assumptions) if study.assumptions else catalogue


def study_terms(study: NationalScenario) -> PolicyTerms | None:
    """The law and the support of the study's packages; None without packages, when costs are before tax."""
    if not study.policy.packages:
        return None
    packages = [load_package(name, study.folder) for name in study.policy.packages]
    catalogue = study_catalogue(study, load_catalogue())
    return resolve_for(
        packages,
        study.finance,
        start_year=study.policy.start_year,
        construction_years=read_construction_years(catalogue),
        catalogue=catalogue,
    )


def site_scenario(
    study: NationalScenario, candidate: Candidate, assumptions: Mapping[str, float], late: Collection[str] = ()
) -> Scenario:
    """The one-site scenario that describes the plant at a candidate, for 1 MW of inference, without `late` supply."""
    own = candidate.own
    # A lead time alone does not ask for the option where the place has no such resource.
    supply = {
        name: option
        for name, option in mentioned_supply(study, own).items()
        if option.model_fields_set != {"lead_time_years"}
    }
    supply |= {name: Supply(enabled=False) for name in late}
    moved = own is not None and candidate.catalogue_site != candidate.id
    site = Site(
        id=candidate.catalogue_site,
        name=candidate.name_en,
        latitude_deg=candidate.latitude_deg if moved or candidate.catalogue_site is None else None,
        longitude_deg=candidate.longitude_deg if moved or candidate.catalogue_site is None else None,
        elevation_m=own.elevation_m if own is not None else None,
        area=candidate.area,
    )
    hours = study.national.hours
    return Scenario(
        name=candidate.id,
        insist=study.insist,
        seed=study.national.seed,
        site=site,
        weather=own.weather if own is not None and own.weather is not None else study.weather,
        time=Time(first_hour=study.national.first_hour, hours=hours) if hours is not None else Time(),
        load=Load(
            it_load_mw=FULL_MW,
            deferrable_share=0.0,
            firm_shape="inference",
            chip=study.national.chip,
            it_annual_cost_myen_per_mw=study.national.it_annual_cost_myen_per_mw,
        ),
        cooling=study.cooling,
        supply=supply,
        battery=study.battery,
        grid=study.grid,
        backup=study.backup,
        target=study.target,
        finance=study.finance,
        policy=study.policy,
        money=study.money,
        assumptions=dict(assumptions),
    ).placed_in(study.folder)


def waiting_scenario(scenario: Scenario, hire_myen_per_mw: float) -> Scenario:
    """The same site before its connection: no grid, and hired gas engines; its targets hold all the same."""
    return scenario.model_copy(
        update={
            "grid": Grid(enabled=False),
            "backup": scenario.backup.model_copy(
                update={
                    "technology": "gas_engine",
                    "annual_cost_myen_per_mw": hire_myen_per_mw,
                    "permitted_hours_per_year": None,
                }
            ),
        }
    ).placed_in(scenario.folder)


def prepare_sites(
    study: NationalScenario,
    candidates: Sequence[Candidate],
    catalogue: Catalogue,
    classes: Sequence[LoadClass],
    *,
    waits: Callable[[Candidate], bool],
    year: int | None,
    assumptions: Mapping[str, float] | None = None,
    suffix: str = "",
) -> tuple[SiteCase, ...]:
    """The model of every candidate with the supply that can stand in `year`.

    Raises `InputError` with the problems of all sites at once.
    """
    # What the law forbids is the same at every site, and said once.
    study_terms(study)
    values = {**study.assumptions, **(assumptions or {})}

    def work(candidate: Candidate) -> SiteCase | list[Problem]:
        try:
            return _prepare_site(study, candidate, catalogue, classes, waits(candidate), year, values, suffix)
        except InputError as error:
            return [
                replace(problem, where=f"site {candidate.id}: {problem.where}".rstrip(": "))
                for problem in error.problems
            ]

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(work, candidates))
    problems = [problem for result in results if isinstance(result, list) for problem in result]
    if problems:
        # What two cooling systems have in common is said once.
        raise ScenarioError(problem for number, problem in enumerate(problems) if problem not in problems[:number])
    return tuple(result for result in results if isinstance(result, SiteCase))


def _prepare_site(
    study: NationalScenario,
    candidate: Candidate,
    catalogue: Catalogue,
    classes: Sequence[LoadClass],
    waits: bool,
    year: int | None,
    assumptions: Mapping[str, float],
    suffix: str,
) -> SiteCase:
    late = late_supply(study, candidate.own, catalogue, year)
    problems = list(check_lead_times(late, mentioned_supply(study, candidate.own), year))
    if problems:
        raise ScenarioError(problems)
    scenario = site_scenario(study, candidate, assumptions, late)
    preparation = prepare(scenario)
    shared = [resource for resource in study.shared if candidate.id in resource.sites]
    carbon = study.limits.carbon_cap_t_per_year is not None
    label = f"{candidate.id}{suffix}"

    def model_with(source: Preparation, system: str, name: str) -> SiteModel:
        resources = source.resources_for(system)
        offered = {option.name for option in resources.supply}
        limited = sorted({resource.supply for resource in shared} & offered)
        if len(study.years) > 1:
            # What one phase builds is not there for the next: every limit of the site is shared by its blocks.
            limited = sorted(option.name for option in resources.supply if math.isfinite(option.max_mw))
        floor = _floor_steps(resources, candidate.area)
        return make_model(name, resources, resources.firm_mw / FULL_MW, classes, limited, carbon, floor)

    systems = preparation.cooling_systems
    models = {system: model_with(preparation, system, label) for system in systems}
    system = systems[0] if len(systems) == 1 else _cheapest_cooling(models, candidate)
    waiting = None
    if waits:
        hire = catalogue.value("national.temporary_gas.annual_cost")
        waiting = model_with(prepare(waiting_scenario(scenario, hire)), system, f"{label} waiting")
    values = _values(scenario, system, models[system].resources, catalogue, candidate)
    rate = values[1]
    land = candidate.land_price_myen_per_m2 * catalogue.value("datacentre.land_need") * rate
    hazards = choose_protection(candidate.exposure, values[0], catalogue, study.hazard.protection)
    return SiteCase(candidate, system, models[system], waiting, hazards, land)


def _cheapest_cooling(models: Mapping[str, SiteModel], candidate: Candidate) -> str:
    """The system with the least cost at half of the site's size, every class alike."""

    def cost(model: SiteModel) -> float:
        z = np.full(model.size, 10.0 * candidate.max_mw)
        z[: model.classes] = candidate.max_mw / 2 / model.classes
        if model.has_carbon:
            z[-1] = candidate.max_mw * HOURS_PER_YEAR
        _, _, certificate = solve_at(model, z)
        return certificate.primal

    return min(models, key=lambda system: (cost(models[system]), system))


def _values(
    scenario: Scenario, system: str, resources: Resources, catalogue: Catalogue, candidate: Candidate
) -> tuple[Values, float]:
    """Value of building and equipment per MW of IT, and the discount rate."""
    known = catalogue.overridden(scenario.assumptions) if scenario.assumptions else catalogue
    plain = scenario.model_copy(update={"load": scenario.load.model_copy(update={"it_annual_cost_myen_per_mw": None})})
    costs = CostReader(plain, Recorder(known))
    costs.it_capacity(system if system != "given" else "direct_liquid", resources.gpus_per_mw, candidate.area)
    parts = {asset.asset: asset for asset in costs.assets["it"]}
    building = parts["building"]
    rate = costs.discount_rate
    return Values(
        building_myen_per_mw=building.capex_myen,
        equipment_myen_per_mw=sum(parts[name].capex_myen for name in EQUIPMENT if name in parts),
        building_recovery_factor=capital_recovery_factor(rate, building.life_years),
    ), rate


def _floor_steps(resources: Resources, area: str) -> Array:
    """The steps in which the area's price is at its floor: 1 there, else 0."""
    marked = np.zeros(resources.steps)
    if resources.grid is None or area not in PRICE_AREAS:
        return marked
    statistics = price_statistics(area, newest_complete_fiscal_year())
    count = round(statistics.floor_hours / HOURS_PER_YEAR * resources.steps)
    marked[np.argsort(resources.grid.price_myen_per_mwh, kind="stable")[:count]] = 1.0
    return marked
