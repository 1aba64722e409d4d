"""A plan, and the inputs of a scenario, as the JSON that the web pages read: every name in both languages."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kiban.catalogue import load_catalogue
from kiban.planning.plan import Plan, Relaxation
from kiban.planning.provenance import Entry
from kiban.quantities import LANGUAGES, Language, round_outward, term, unit_of, unit_text
from kiban.report.messages import say
from kiban.report.names import RATE, catalogue_facts, indicator_name, input_name, money_of, site_name, subject_name
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.assumptions import subject_of
from kiban.report.plan.costs import RUNNING, group_costs, group_of
from kiban.report.plan.entries import note_text, source_keys, value_text
from kiban.report.plan.findings import findings
from kiban.report.plan.tables import design_rows
from kiban.report.plan.words import (
    alternative_sentence,
    answer,
    assumed_sentences,
    built_capacities,
    cooling_sentences,
    hour_text,
    infeasible_sentences,
    proof_sentence,
    relaxation_sentence,
    subject_heading,
    worth_sentence,
)
from kiban.scenario import dump_scenario
from kiban.server.packing import plain_scenario

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from kiban.planning.preparation import Preparation

Names = dict[str, str]
FILES = ("xlsx", "zip", "html", "toml")


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """How a plan came about: what the view says beside the plan itself."""

    id: str
    created: float
    seconds: float
    work: str
    cached: bool = False
    cooling_kept: bool = False


def named(name_of: Callable[[str, Language], str], name: str) -> Names:
    """What something is called in both languages."""
    return {language: name_of(name, language) for language in LANGUAGES}


def stamp(seconds: float | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@lru_cache(maxsize=512)
def unit_names(unit: str) -> Names:
    """A unit in words; one mapping for all who ask."""
    return named(unit_text, unit)


def plan_view(
    plan: Plan,
    how: Circumstances,
    *,
    short: bool = False,
    html: bool = False,
    languages: Sequence[Language] = LANGUAGES,
) -> dict[str, Any]:
    """Everything of a plan but its hours, with the sentences in these languages.

    `short` leaves the inputs, the scenario and the list of columns out.
    """
    from kiban import __version__

    view: dict[str, Any] = {
        "id": how.id,
        "name": plan.scenario.name,
        "created": stamp(how.created),
        "seconds": round(how.seconds, 3),
        "work": how.work,
        "cached": how.cached,
        "cooling_kept": how.cooling_kept,
        "kiban": __version__,
        "status": plan.status,
        "packages": packages_of(plan),
        "site": plan.scenario.site.id,
        "site_name": {language: site_name(plan.scenario, language) for language in LANGUAGES},
        "cost_myen_per_year": plan.cost_myen_per_year if plan.status == "optimal" else None,
        "cooling_system": plan.cooling_system,
        "cooling_name": named(term, plan.cooling_system),
        "sentences": {language: _sentences(plan, language) for language in languages},
        "capacities": _capacities(plan),
        "costs": [cost_view(name, cost) for name, cost in plan.costs.items()],
        "cost_groups": _cost_groups(plan),
        "indicators": {name: _indicator(name, value) for name, value in plan.indicators.items()},
        "worths": _worths(plan),
        "alternatives": [
            {
                "cooling_system": other.cooling_system,
                "label": named(term, other.cooling_system),
                "cost_myen_per_year": other.cost_myen_per_year,
                "sentence": {language: alternative_sentence(other, plan, language) for language in LANGUAGES},
            }
            for other in plan.alternatives
        ],
        "certificate": dataclasses.asdict(plan.certificate) if plan.certificate is not None else None,
        "infeasibility": _infeasibility(plan),
        "counts": count_inputs(plan.provenance),
        "time": time_view(plan),
        "files": {kind: f"/api/v1/plans/{how.id}/files/{kind}" if kind != "html" or html else None for kind in FILES},
    }
    if not short:
        view["scenario"] = plain_scenario(plan.scenario)
        view["inputs"] = input_views(plan.provenance)
        view["hourly_columns"] = [column_view(name) for name in plan.hourly]
    return view


def packages_of(plan: Plan) -> list[str]:
    """The policy packages under which a plan was made."""
    policy = getattr(plan.scenario, "policy", None)
    return list(policy.packages) if policy is not None else []


def cost_view(name: str, cost: float) -> dict[str, Any]:
    """An item of cost."""
    group = group_of(name)
    return {
        "name": name,
        "label": named(subject_name, name),
        "group": group,
        "group_label": group_name(group),
        "kind": "running" if name in RUNNING else "fixed",
        "cost_myen_per_year": cost,
    }


def group_name(group: str) -> Names:
    """What a group of costs is called."""
    return {language: phrase_or(f"group.{group}", language, group) for language in LANGUAGES}


def _sentences(plan: Plan, language: Language) -> dict[str, Any]:
    optimal = plan.status == "optimal"
    return {
        "answer": answer(plan, language),
        "proof": proof_sentence(plan, language),
        "cooling": cooling_sentences(plan, language) if optimal and plan.cooling_system != "given" else [],
        "assumed": assumed_sentences(plan.provenance, language),
        "infeasible": [
            {"title": phrase(title, language), "sentences": sentences}
            for title, sentences in infeasible_sentences(plan, language).items()
        ],
        "notes": [say(note, language) for note in plan.notes],
        "findings": findings(plan, language),
    }


def _capacities(plan: Plan) -> list[dict[str, Any]]:
    built = {capacity.name for capacity in built_capacities(plan)} if plan.capacities else set()
    return [
        {
            "name": row.name,
            "subject": row.subject,
            "label": named(subject_name, row.subject),
            "value": row.value,
            "unit": row.unit,
            "unit_text": unit_names(row.unit),
            "built": row.name in built,
            "limit": row.limit,
            "limit_key": row.limit_key,
            "energy_mwh_per_year": row.energy_mwh,
            "capacity_factor": row.factor,
            "cost_myen_per_year": row.cost_myen,
        }
        for row in design_rows(plan)
    ]


def _cost_groups(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "label": group_name(group.name),
            "fixed_myen_per_year": group.fixed_myen,
            "running_myen_per_year": group.running_myen,
        }
        for group in group_costs(plan.costs)
    ]


def _indicator(name: str, value: float) -> dict[str, Any]:
    unit = unit_of(name)
    return {
        "label": named(indicator_name, name),
        "value": float(value),
        "unit": unit,
        "unit_text": unit_names(unit),
        "explanation": {language: phrase_or(f"indicator.{name}.explanation", language, "") for language in LANGUAGES},
    }


def _worths(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": worth.name,
            "key": worth.key,
            "saving_myen_per_year": worth.saving_myen,
            "unit": worth.unit,
            "unit_text": unit_names(worth.unit),
            "limit": worth.limit,
            "sentence": {language: worth_sentence(worth, money_of(plan, language)) for language in LANGUAGES},
        }
        for worth in plan.worths
    ]


def _infeasibility(plan: Plan) -> dict[str, Any] | None:
    found = plan.infeasibility
    if found is None:
        return None
    return {
        "collisions": list(found.collisions),
        "hours": [
            {"label": hour, "text": {language: hour_text(hour, plan.scenario, language) for language in LANGUAGES}}
            for hour in found.hours
        ],
        "shortfall_mwh": found.shortfall_mwh,
        "relaxations": [_relaxation(item, plan) for item in found.relaxations],
    }


def _relaxation(item: Relaxation, plan: Plan) -> dict[str, Any]:
    return {
        "changes": [dataclasses.asdict(change) for change in item.changes],
        "cost_myen_per_year": item.cost_myen_per_year,
        "sentence": {language: relaxation_sentence(item, plan, language) for language in LANGUAGES},
        "apply": {change.key: round_outward(change.needed, change.current) for change in item.changes},
    }


def count_inputs(inputs: Iterable[Entry]) -> dict[str, int]:
    """How many inputs are of which origin."""
    counts = dict.fromkeys(("verified", "assumed", "given", "derived", "synthetic"), 0)
    for entry in inputs:
        counts[entry.status] += 1
    return counts


def input_views(inputs: Iterable[Entry]) -> list[dict[str, Any]]:
    """Every input with its range, source and the key that changes it."""
    facts, sources = catalogue_facts(), load_catalogue().sources
    views = []
    for entry in inputs:
        fact = facts.get(entry.name)
        ranged = fact is not None and entry.status != "given"
        subject = subject_of(entry.name)
        views.append(
            {
                "name": entry.name,
                "label": named(input_name, entry.name),
                "value": _number_or_text(value_text(entry, "en")),
                "unit": entry.unit,
                "unit_text": unit_names(entry.unit),
                "low": fact.low if ranged and fact is not None else None,
                "high": fact.high if ranged and fact is not None else None,
                "status": entry.status,
                "source": say(entry.source, "en"),
                "source_titles": [f"{sources[key].publisher}: {sources[key].title}" for key in source_keys(entry)],
                "note": note_text(entry, "en"),
                "subject": subject,
                "subject_name": named(subject_heading, subject),
                "change_key": _change_key(entry, fact is not None),
            }
        )
    return views


def _change_key(entry: Entry, known: bool) -> str | None:
    if entry.name == RATE:
        return RATE  # the rate is a key of the scenario too, and that key wins over the assumption
    if known:
        return f"assumptions.{entry.name}"
    written = entry.origin in ("key", "default")
    return entry.name if written and isinstance(_number_or_text(value_text(entry, "en")), float) else None


def _number_or_text(value: str) -> float | str:
    try:
        number = float(value)
    except ValueError:
        return value
    return number if number - number == 0 else value


def time_view(plan: Plan) -> dict[str, Any]:
    """The steps of a plan."""
    years = max(len(plan.scenario.weather.years), 1)
    return {
        "start": plan.time[0].isoformat() if len(plan.time) else None,
        "step_hours": plan.scenario.time.step_hours,
        "steps": len(plan.time),
        "years": years,
        "block_steps": len(plan.time) // years,
    }


def column_view(name: str) -> dict[str, Any]:
    """An hourly column."""
    unit = unit_of(name)
    return {
        "name": name,
        "label": named(column_name, name),
        "unit": unit,
        "unit_text": unit_names(unit),
    }


def column_name(name: str, language: Language) -> str:
    """What an hourly column is called."""
    unit = unit_of(name)
    stem = name.removesuffix(f"_{unit}") if unit else name
    if stem.endswith("_available"):
        return phrase("hourly.available", language, name=term(stem.removesuffix("_available"), language))
    return phrase_or(f"hourly.{stem}", language, term(stem, language))


def check_view(preparation: Preparation, estimate: float, work: str) -> dict[str, Any]:
    """What a scenario will use."""
    scenario, place, horizon = preparation.scenario, preparation.place, preparation.horizon
    inputs: Sequence[Entry] = tuple(preparation.recorder)
    return {
        "name": scenario.name,
        "scenario": plain_scenario(scenario),
        "toml": dump_scenario(scenario),
        "work": work,
        "estimated_seconds": round(estimate, 2),
        "place": {
            "site": place.site,
            "name": {language: site_name(scenario, language) for language in LANGUAGES},
            "latitude_deg": place.latitude_deg,
            "longitude_deg": place.longitude_deg,
            "elevation_m": place.elevation_m,
            "area": place.area,
        },
        "horizon": {"steps": horizon.steps, "step_hours": horizon.step_hours, "years": horizon.years},
        "cooling_systems": [{"id": system, "name": named(term, system)} for system in preparation.cooling_systems],
        "inputs": input_views(inputs),
        "counts": count_inputs(inputs),
        "notes": [{language: say(note, language) for language in LANGUAGES} for note in preparation.notes],
    }


def row_view(row: RowMapping) -> dict[str, Any]:
    """A stored plan in a list."""
    return {
        "id": row["id"],
        "name": row["name"],
        "created": stamp(row["created"]),
        "status": row["status"],
        "cost_myen_per_year": row["cost_myen_per_year"],
        "work": row["work"],
        "site": row["site"],
    }
