"""From a national study to its problem: candidates, phases, models and limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.national.study.build_limits import read_annual_limits
from kiban.national.study.candidates import Candidate, Exclusion, list_candidates
from kiban.national.study.network import read_network
from kiban.national.study.problem import AreaLimit, Block, NationalProblem, Place, SharedLimit, Subproblem
from kiban.national.study.site_cases import SiteCase, prepare_sites, study_catalogue
from kiban.national.study.site_model import class_of, list_classes
from kiban.policy.annuity import capital_recovery_factor
from kiban.scenario.national import NationalScenario
from kiban.scenario.plausibility import refuse_slips

CHANGING = ("pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro")
"""Supply options whose capital cost changes by phase."""
BATTERY_PARTS = ("power_capex", "energy_capex")


def write_problem(study: NationalScenario, catalogue: Catalogue) -> tuple[NationalProblem, list[Exclusion]]:
    """The problem of a study, and the candidates that a hazard limit leaves out; raises `InputError`."""
    refuse_slips(study)
    known = study_catalogue(study, catalogue)
    candidates, excluded = list_candidates(study, known)
    classes = list_classes(study.tranche)
    years = study.years
    weights = phase_weights(study, known)
    places: list[Place] = []
    blocks: list[Block] = []
    for phase, year in enumerate(years):
        changed = cost_changes(study, known, year)

        def waits(candidate: Candidate, year: int | None = year) -> bool:
            return year is not None and candidate.connection_year > year

        suffix = f" {year}" if study.phases is not None else ""
        cases = prepare_sites(
            study, candidates, known, classes, waits=waits, year=year, assumptions=changed, suffix=suffix
        )
        _require_one_time_axis(cases)
        for site, case in enumerate(cases):
            place = Place(case.candidate, case.cooling_system, case.hazards, case.land_myen_per_mw)
            if phase == 0:
                places.append(place)
            block = _make_block(study, known, site, phase, case, place, weights)
            if block is not None:
                blocks.append(block)
    tranches = study.tranche
    places_serve = [[place.candidate.serves(tranche) for tranche in tranches] for place in places]
    latency = [[place.candidate.reach_ms(tranche.hub) for tranche in tranches] for place in places]
    limits = study.limits
    return NationalProblem(
        study=study,
        tranches=tranches,
        class_of=tuple(classes.index(class_of(tranche)) for tranche in tranches),
        places=tuple(places),
        blocks=tuple(blocks),
        areas={area: _area_limit(study, known, area) for area in dict.fromkeys(c.area for c in candidates)},
        shared=(*_shared_limits(study, candidates), *_own_limits(study, blocks)),
        demand_mw=np.array([[tranche.load_mw(phase) for phase in range(len(years))] for tranche in tranches]),
        phase_weights=weights,
        latency_ms=np.array(latency),
        serves=np.array(places_serve),
        budget_myen=_or_open(limits.budget_myen_per_year),
        carbon_cap_t=_or_open(limits.carbon_cap_t_per_year),
        max_area_share=limits.max_area_share if limits.max_area_share is not None else 1.0,
        max_sites=limits.max_sites,
        network=read_network(study, known),
        annual_limits=read_annual_limits(study, candidates),
    ), excluded


def _require_one_time_axis(cases: Sequence[SiteCase]) -> None:
    """Raise `ScenarioError` where the weather of two sites has other steps."""
    axes = {(case.model.resources.steps, case.model.resources.step_hours): case.candidate.id for case in cases}
    if len(axes) > 1:
        given = tuple(
            Message("national.site_steps", site=name, steps=steps, hours=hours) for (steps, hours), name in axes.items()
        )
        raise ScenarioError(Problem("national.different_steps", key="weather", given=given))


def _or_open(limit: float | None) -> float:
    return math.inf if limit is None else limit


def phase_weights(study: NationalScenario, catalogue: Catalogue) -> Array:
    """Share of each phase in the discounted years of the study; sums to 1."""
    value = _discounted_phases(study, catalogue)
    return np.ones(1) if value is None else value / value.sum()


def discounted_years(study: NationalScenario, catalogue: Catalogue) -> float | None:
    """All years of the phases, discounted to the decision; None for a study without phases."""
    value = _discounted_phases(study, catalogue)
    return None if value is None else float(value.sum())


def _discounted_phases(study: NationalScenario, catalogue: Catalogue) -> Array | None:
    if study.phases is None:
        return None
    own = study.finance.discount_rate
    rate = own if own is not None else catalogue.value("finance.discount_rate")
    start, edges = study.national.decision_year, [*study.phases.years, study.phases.last_year]
    return np.array(
        [sum((1 + rate) ** -(year - start) for year in range(first, last)) for first, last in pairwise(edges)]
    )


def cost_changes(study: NationalScenario, catalogue: Catalogue, year: int | None) -> dict[str, float]:
    """Catalogue values of a phase: capital costs moved by their yearly change since the decision."""
    if study.phases is None or year is None:
        return {}
    years = year - study.national.decision_year
    values = {}
    for name in CHANGING:
        values[f"{name}.capex"] = catalogue.value(f"{name}.capex") * _growth(catalogue, name, years)
    for part in BATTERY_PARTS:
        row = f"battery.{part}"
        values[row] = catalogue.value(row) * _growth(catalogue, "battery", years)
    if study.national.chip != "none":
        row = f"chip.{study.national.chip}.price"
        values[row] = catalogue.value(row) * _growth(catalogue, "chips", years)
    # What the study itself assumes is not moved.
    return {row: value for row, value in values.items() if row not in study.assumptions}


def _growth(catalogue: Catalogue, name: str, years: int) -> float:
    return (1.0 + catalogue.value(f"national.cost_change.{name}")) ** years


def _make_block(
    study: NationalScenario,
    catalogue: Catalogue,
    site: int,
    phase: int,
    case: SiteCase,
    place: Place,
    weights: Array,
) -> Block | None:
    """The block of a site in a phase; None where it would wait and no temporary supply is allowed."""
    years = study.years
    ready = [
        later
        for later in range(phase, len(years))
        if (year := years[later]) is None or case.candidate.connection_year <= year
    ]
    before = tuple(later for later in range(phase, len(years)) if later not in ready)
    if before and study.phases is not None and not study.phases.temporary_supply:
        return None
    subproblems = []
    if before:
        assert case.waiting is not None
        subproblems.append(Subproblem(case.waiting, float(weights[list(before)].sum()), before, connected=False))
    if ready:
        subproblems.append(Subproblem(case.model, float(weights[ready].sum()), tuple(ready), connected=True))
    gain, year = 1.0, years[phase]
    if study.phases is not None and study.phases.better_chips and year is not None:
        gain = (1.0 + catalogue.value("national.compute_gain")) ** (year - study.national.decision_year)
    return Block(site, phase, tuple(subproblems), float(weights[phase:].sum()), place.cost_myen_per_mw, gain)


def _area_limit(study: NationalScenario, catalogue: Catalogue, area: str) -> AreaLimit:
    terms = study.area.get(area)
    headroom = terms.headroom_mw if terms is not None else None
    capex = terms.reinforcement_capex_myen_per_mw if terms is not None else None
    rate = study.finance.discount_rate
    factor = capital_recovery_factor(
        rate if rate is not None else catalogue.value("finance.discount_rate"), catalogue.value("grid.life")
    )
    return AreaLimit(
        headroom_mw=catalogue.value(f"grid.{area}.headroom") if headroom is None else headroom,
        reinforcement_mw=terms.reinforcement_mw if terms is not None else 0.0,
        reinforcement_myen_per_mw=factor * (catalogue.value("grid.reinforcement.local") if capex is None else capex),
    )


def _shared_limits(study: NationalScenario, candidates: tuple[Candidate, ...]) -> tuple[SharedLimit, ...]:
    numbers = {candidate.id: number for number, candidate in enumerate(candidates)}
    return tuple(
        SharedLimit(
            limit.id, limit.supply, tuple(numbers[name] for name in limit.sites if name in numbers), limit.max_mw
        )
        for limit in study.shared
    )


def _own_limits(study: NationalScenario, blocks: Sequence[Block]) -> tuple[SharedLimit, ...]:
    """Supply limits of each site, which its blocks of several phases share."""
    if len(study.years) == 1:
        return ()
    limits: dict[tuple[int, str], float] = {}
    for block in blocks:
        for subproblem in block.subproblems:
            own = {option.name: option.max_mw for option in subproblem.model.resources.supply}
            for name in subproblem.model.limited:
                limits[block.site, name] = max(limits.get((block.site, name), 0.0), own[name])
    return tuple(SharedLimit(f"{site}.{name}", name, (site,), mw) for (site, name), mw in limits.items())
