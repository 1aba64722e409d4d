"""A national plan as one JSON object: what `--json` prints, and what the web pages and the HTML report read.

Power is in MW, money in million yen a year; limits that do not exist are null.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated, Any, Literal, TypedDict

from kiban.national.result.plan import (
    AreaPlan,
    Delay,
    Entry,
    NationalPlan,
    NearOptimum,
    Relaxation,
    Robustness,
    SitePlan,
)
from kiban.national.study.candidates import Candidate, Exclusion
from kiban.national.study.hazard import HazardCost
from kiban.planning.one_way import TwoWay
from kiban.quantities import LANGUAGES, Language
from kiban.report.national.flows import BalanceDocument, LinkDocument, balance_documents, flow_documents
from kiban.report.national.limits import LimitDocument, limit_documents
from kiban.report.national.prices import PriceAnswerDocument, price_document
from kiban.report.national.words import answer
from kiban.report.plan.record import Fields

FORMAT = "kiban national plan"
VERSION = 1


class SiteDocument(TypedDict):
    """What is built at a site; see `SitePlan`."""

    id: str
    name: str
    area: str
    it_load_mw: float
    load_mw: dict[str, float]
    phase_load_mw: list[float]
    cooling_system: str
    connection_year: float
    waits: bool
    capacities: dict[str, float]
    energy_mwh_per_year: dict[str, float]
    clean_share: float
    emissions_t_per_year: float
    floor_import_mwh_per_year: float
    costs_myen_per_year: dict[str, float]
    cost_myen_per_year: float
    power_cost_myen_per_mwh: float
    hazard: Annotated[Fields, HazardCost]
    without_myen_per_year: float | None
    without_least_myen_per_year: float
    instead: list[str]


class CandidateDocument(TypedDict):
    """A site that may be chosen."""

    id: str
    area: str
    kind: str
    latitude_deg: float
    longitude_deg: float
    max_mw: float
    min_mw: float
    connection_year: float
    connection_mw: float | None
    round_trip_ms: dict[str, float]
    exposure: dict[str, Any]


class NationalDocument(TypedDict):
    """Everything of a national plan; see `NationalPlan`."""

    format: str
    version: int
    name: str
    status: Literal["optimal", "infeasible"]
    years: list[int | None]
    packages: list[str]
    sentences: dict[Language, str]
    cost_myen_per_year: float
    bound_myen_per_year: float
    relative_gap: float
    common_myen_per_year: float
    movable_gap: float
    rounds: int
    solves: int
    income_myen_per_year: float
    reinforcement_myen_per_year: float
    served_mw: dict[str, list[float]]
    sites: list[SiteDocument]
    areas: list[Annotated[Fields, AreaPlan]]
    flows: list[LinkDocument]
    balances: list[BalanceDocument]
    near_optima: list[Annotated[Fields, NearOptimum]]
    entries: list[Annotated[Fields, Entry]]
    delay: Annotated[Fields, Delay] | None
    robustness: Annotated[Fields, Robustness] | None
    relaxations: list[Annotated[Fields, Relaxation]]
    candidates: list[CandidateDocument]
    excluded: list[Annotated[Fields, Exclusion]]
    limits: list[LimitDocument]
    late_supply: dict[str, float]
    price_answer: PriceAnswerDocument | None
    one_way: Annotated[Fields, TwoWay] | None


def national_document(plan: NationalPlan) -> NationalDocument:
    """Everything of a national plan in plain types."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": plan.study.national.name,
        "status": plan.status,
        "years": list(plan.study.years),
        "packages": list(plan.study.policy.packages),
        "sentences": {language: answer(plan, language) for language in LANGUAGES},
        "cost_myen_per_year": plan.cost_myen,
        "bound_myen_per_year": plan.bound_myen,
        "relative_gap": plan.relative_gap,
        "common_myen_per_year": plan.common_myen,
        "movable_gap": plan.movable_gap,
        "rounds": plan.rounds,
        "solves": plan.solves,
        "income_myen_per_year": plan.income_myen,
        "reinforcement_myen_per_year": plan.reinforcement_myen,
        "served_mw": {name: list(values) for name, values in plan.served_mw.items()},
        "sites": [_site(site) for site in plan.sites],
        "areas": [dataclasses.asdict(area) for area in plan.areas],
        "flows": flow_documents(plan.flows),
        "balances": balance_documents(plan.flows),
        "near_optima": [dataclasses.asdict(other) for other in plan.near_optima],
        "entries": [dataclasses.asdict(entry) for entry in plan.entries],
        "delay": dataclasses.asdict(plan.delay) if plan.delay is not None else None,
        "robustness": dataclasses.asdict(plan.robustness) if plan.robustness is not None else None,
        "relaxations": [dataclasses.asdict(change) for change in plan.relaxations],
        "candidates": [_candidate(candidate) for candidate in plan.candidates],
        "excluded": [dataclasses.asdict(left) for left in plan.excluded],
        "limits": limit_documents(plan),
        "late_supply": dict(plan.late_supply),
        "price_answer": price_document(plan),
        "one_way": dataclasses.asdict(plan.one_way) if plan.one_way is not None else None,
    }


def _site(site: SitePlan) -> SiteDocument:
    return {
        "id": site.candidate.id,
        "name": site.candidate.name_en,
        "area": site.candidate.area,
        "it_load_mw": site.total_mw,
        "load_mw": dict(site.load_mw),
        "phase_load_mw": list(site.phase_load_mw),
        "cooling_system": site.cooling_system,
        "connection_year": site.candidate.connection_year,
        "waits": site.waits,
        "capacities": dict(site.capacities),
        "energy_mwh_per_year": dict(site.energy_mwh),
        "clean_share": site.clean_share,
        "emissions_t_per_year": site.emissions_t,
        "floor_import_mwh_per_year": site.floor_import_mwh,
        "costs_myen_per_year": dict(site.costs),
        "cost_myen_per_year": site.cost_myen,
        "power_cost_myen_per_mwh": site.power_cost_myen_per_mwh,
        "hazard": dataclasses.asdict(site.hazard),
        "without_myen_per_year": site.without_myen,
        "without_least_myen_per_year": site.without_least_myen,
        "instead": list(site.instead),
    }


def _candidate(candidate: Candidate) -> CandidateDocument:
    return {
        "id": candidate.id,
        "area": candidate.area,
        "kind": candidate.kind,
        "latitude_deg": candidate.latitude_deg,
        "longitude_deg": candidate.longitude_deg,
        "max_mw": candidate.max_mw,
        "min_mw": candidate.min_mw,
        "connection_year": candidate.connection_year,
        "connection_mw": candidate.connection_mw if math.isfinite(candidate.connection_mw) else None,
        "round_trip_ms": dict(candidate.round_trip_ms),
        "exposure": dataclasses.asdict(candidate.exposure),
    }
