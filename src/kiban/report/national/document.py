"""A national plan as one JSON object: what `--json` prints."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from kiban.national.result.plan import NationalPlan, SitePlan
from kiban.national.study.candidates import Candidate
from kiban.report.national.flows import balance_documents, flow_documents

FORMAT = "kiban national plan"
VERSION = 1


def summarise_national(plan: NationalPlan) -> dict[str, Any]:
    """Everything of a national plan in plain types; limits that do not exist are null."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": plan.study.national.name,
        "status": plan.status,
        "years": list(plan.study.years),
        "packages": list(plan.study.policy.packages),
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
        "late_supply": dict(plan.late_supply),
    }


def _site(site: SitePlan) -> dict[str, Any]:
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


def _candidate(candidate: Candidate) -> dict[str, Any]:
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
