"""A plan as the JSON that the web pages and the HTML report read: its numbers, and every name in both languages.

`PlanDocument` holds `PlanFigures`, the numbers that `--json` prints too, and beside them rows with names and
sentences: `design` of the capacities, `cost_items` of the costs, `figures` of the indicators, `constraints` of the
worths. The front end's types are made from the definitions here (`scripts/write_web_types.py`).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from kiban.planning.cost_groups import RUNNING, group_costs, group_of
from kiban.planning.design import design_rows
from kiban.planning.plan import Change, Plan, Relaxation
from kiban.planning.provenance import Status
from kiban.quantities import LANGUAGES, Language, round_outward, term, unit_of
from kiban.report.messages import say
from kiban.report.names import Names, indicator_name, money_of, named, site_name, subject_name, unit_names
from kiban.report.payment.details import DetailDocument
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.findings import findings
from kiban.report.plan.inputs import InputDocument, count_inputs, input_documents
from kiban.report.plan.procurement import bought_details
from kiban.report.plan.record import Fields, PlanFigures, plan_figures
from kiban.report.plan.words import (
    alternative_sentence,
    answer,
    assumed_sentences,
    built_capacities,
    cooling_sentences,
    hour_text,
    infeasible_sentences,
    plan_heading,
    proof_sentence,
    relaxation_sentence,
    relaxation_words,
    worth_sentence,
)
from kiban.scenario import dump_scenario
from kiban.scenario.plain import plain_scenario
from kiban.version import installed_version

FILES = ("xlsx", "zip", "html", "toml")


class InfeasibleParagraph(TypedDict):
    """One heading of why there is no design."""

    title: str
    sentences: list[str]


class PlanSentences(TypedDict):
    """What is said of a plan in one language; `findings` are titles of charts by chart."""

    answer: str
    proof: str
    cooling: list[str]
    assumed: list[str]
    infeasible: list[InfeasibleParagraph]
    notes: list[str]
    findings: dict[str, str]


class CapacityDocument(TypedDict):
    """A capacity of the design; see `tables.DesignRow`."""

    name: str
    subject: str
    label: Names
    value: float
    unit: str
    unit_text: Names
    built: bool
    limit: float | None
    limit_key: str
    energy_mwh_per_year: float | None
    capacity_factor: float | None
    cost_myen_per_year: float | None


class CostDocument(TypedDict):
    """An item of cost."""

    name: str
    label: Names
    group: str
    group_label: Names
    kind: Literal["fixed", "running"]
    cost_myen_per_year: float


class CostGroupDocument(TypedDict):
    """A group of items of cost."""

    name: str
    label: Names
    fixed_myen_per_year: float
    running_myen_per_year: float


class FigureDocument(TypedDict):
    """A yearly figure."""

    label: Names
    value: float
    unit: str
    unit_text: Names
    explanation: Names


class ConstraintDocument(TypedDict):
    """What one unit of relaxation of a scenario key is worth."""

    name: str
    key: str
    saving_myen_per_year: float
    unit: str
    unit_text: Names
    limit: float
    sentence: Names


class AlternativeDocument(TypedDict):
    """Another cooling system; with `is_bound` the cost is what it costs at least."""

    cooling_system: str
    label: Names
    cost_myen_per_year: float
    is_bound: bool
    sentence: Names


class HourDocument(TypedDict):
    """An hour in which energy is missing."""

    label: str
    text: Names


class RelaxationDocument(TypedDict):
    """Changes that make a scenario feasible; `apply` are the new values, rounded to the safe side.

    `sentence` says what to write in the scenario, `words` what changes, for who reads no scenario.
    """

    changes: list[Annotated[Fields, Change]]
    cost_myen_per_year: float
    sentence: Names
    words: Names
    apply: dict[str, float]


class InfeasibilityDocument(TypedDict):
    """Why there is no design."""

    collisions: list[str]
    hours: list[HourDocument]
    shortfall_mwh: float
    relaxations: list[RelaxationDocument]


class StepsDocument(TypedDict):
    """The steps of a plan over all its weather years."""

    start: str | None
    step_hours: float
    steps: int
    years: int
    block_steps: int


class ColumnDocument(TypedDict):
    """An hourly column."""

    name: str
    label: Names
    unit: str
    unit_text: Names


class PlanDocument(PlanFigures):
    """Everything of a plan but its hours; in a short one inputs, scenario and the list of columns are None."""

    id: str
    created: str | None
    seconds: float
    work: str
    cached: bool
    cooling_kept: bool
    kiban: str
    packages: list[str]
    site: str | None
    site_name: Names
    heading: Names
    cost_myen_per_year: float | None
    cooling_name: Names
    sentences: dict[Language, PlanSentences]
    design: list[CapacityDocument]
    cost_items: list[CostDocument]
    cost_groups: list[CostGroupDocument]
    figures: dict[str, FigureDocument]
    constraints: list[ConstraintDocument]
    alternatives: list[AlternativeDocument]
    infeasibility: InfeasibilityDocument | None
    counts: dict[Status, int]
    time: StepsDocument
    files: dict[str, str]
    scenario: dict[str, Any] | None
    inputs: list[InputDocument] | None
    hourly_columns: list[ColumnDocument] | None
    details: NotRequired[dict[Language, list[DetailDocument]]]
    """What is bought and which way, where the scenario says how."""


class Reproduction(TypedDict):
    """What makes a plan again."""

    toml: str
    command: str
    python: str


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """How a plan came about: what its document says beside the plan itself."""

    id: str
    created: float
    seconds: float
    work: str
    cached: bool = False
    cooling_kept: bool = False


def stamp(seconds: float | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def plan_document(
    plan: Plan, how: Circumstances, *, short: bool = False, languages: Sequence[Language] = LANGUAGES
) -> PlanDocument:
    """Everything of a plan but its hours, with the sentences in these languages."""
    document: PlanDocument = {
        **plan_figures(plan),  # type: ignore[typeddict-item]  # which has no details
        "id": how.id,
        "created": stamp(how.created),
        "seconds": round(how.seconds, 3),
        "work": how.work,
        "cached": how.cached,
        "cooling_kept": how.cooling_kept,
        "kiban": installed_version(),
        "packages": list(plan.scenario.policy.packages),
        "site": plan.scenario.site.id,
        "site_name": {"en": site_name(plan.scenario, "en"), "ja": site_name(plan.scenario, "ja")},
        "heading": {"en": plan_heading(plan, "en"), "ja": plan_heading(plan, "ja")},
        "cost_myen_per_year": plan.cost_myen_per_year if plan.status == "optimal" else None,
        "cooling_name": named(term, plan.cooling_system),
        "sentences": {language: _sentences(plan, language) for language in languages},
        "design": _design(plan),
        "cost_items": [_cost(name, cost) for name, cost in plan.costs.items()],
        "cost_groups": _cost_groups(plan),
        "figures": {name: _figure(name, value) for name, value in plan.indicators.items()},
        "constraints": _constraints(plan),
        "alternatives": _alternatives(plan),
        "infeasibility": _infeasibility(plan),
        "counts": count_inputs(plan.provenance),
        "time": _steps(plan),
        "files": {kind: f"/api/v1/plans/{how.id}/files/{kind}" for kind in FILES},
        "scenario": None if short else plain_scenario(plan.scenario),
        "inputs": None if short else input_documents(plan.provenance),
        "hourly_columns": None if short else [_column(name) for name in plan.hourly],
    }
    if plan.bought is not None:
        document["details"] = {language: bought_details(plan, language) for language in languages}
    return document


def reproduction(plan: Plan) -> Reproduction:
    """The TOML, the command line and the Python that make a plan again."""
    packages = plan.scenario.policy.packages
    command = "kiban build scenario.toml"
    if packages:
        command += f"\nkiban pay scenario.toml --package {packages[0]}"
    python = 'import kiban\n\nplan = kiban.build("scenario.toml")\nprint(plan.cost_myen_per_year)\n'
    return {"toml": dump_scenario(plan.scenario), "command": command, "python": python}


def group_name(group: str) -> Names:
    """What a group of costs is called."""
    return {"en": phrase_or(f"group.{group}", "en", group), "ja": phrase_or(f"group.{group}", "ja", group)}


def _sentences(plan: Plan, language: Language) -> PlanSentences:
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


def _design(plan: Plan) -> list[CapacityDocument]:
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


def _cost(name: str, cost: float) -> CostDocument:
    group = group_of(name)
    return {
        "name": name,
        "label": named(subject_name, name),
        "group": group,
        "group_label": group_name(group),
        "kind": "running" if name in RUNNING else "fixed",
        "cost_myen_per_year": cost,
    }


def _cost_groups(plan: Plan) -> list[CostGroupDocument]:
    return [
        {
            "name": group.name,
            "label": group_name(group.name),
            "fixed_myen_per_year": group.fixed_myen,
            "running_myen_per_year": group.running_myen,
        }
        for group in group_costs(plan.costs)
    ]


def _figure(name: str, value: float) -> FigureDocument:
    unit = unit_of(name)
    said = f"indicator.{name}.explanation"
    return {
        "label": named(indicator_name, name),
        "value": float(value),
        "unit": unit,
        "unit_text": unit_names(unit),
        "explanation": {"en": phrase_or(said, "en", ""), "ja": phrase_or(said, "ja", "")},
    }


def _constraints(plan: Plan) -> list[ConstraintDocument]:
    english, japanese = money_of(plan, "en"), money_of(plan, "ja")
    return [
        {
            "name": worth.name,
            "key": worth.key,
            "saving_myen_per_year": worth.saving_myen,
            "unit": worth.unit,
            "unit_text": unit_names(worth.unit),
            "limit": worth.limit,
            "sentence": {"en": worth_sentence(worth, english), "ja": worth_sentence(worth, japanese)},
        }
        for worth in plan.worths
    ]


def _alternatives(plan: Plan) -> list[AlternativeDocument]:
    return [
        {
            "cooling_system": other.cooling_system,
            "label": named(term, other.cooling_system),
            "cost_myen_per_year": other.cost_myen_per_year,
            "is_bound": other.is_bound,
            "sentence": {"en": alternative_sentence(other, plan, "en"), "ja": alternative_sentence(other, plan, "ja")},
        }
        for other in plan.alternatives
    ]


def _infeasibility(plan: Plan) -> InfeasibilityDocument | None:
    found, scenario = plan.infeasibility, plan.scenario
    if found is None:
        return None
    return {
        "collisions": list(found.collisions),
        "hours": [
            {"label": hour, "text": {"en": hour_text(hour, scenario, "en"), "ja": hour_text(hour, scenario, "ja")}}
            for hour in found.hours
        ],
        "shortfall_mwh": found.shortfall_mwh,
        "relaxations": [_relaxation(item, plan) for item in found.relaxations],
    }


def _relaxation(item: Relaxation, plan: Plan) -> RelaxationDocument:
    return {
        "changes": [dataclasses.asdict(change) for change in item.changes],
        "cost_myen_per_year": item.cost_myen_per_year,
        "sentence": {"en": relaxation_sentence(item, plan, "en"), "ja": relaxation_sentence(item, plan, "ja")},
        "words": {"en": relaxation_words(item, "en"), "ja": relaxation_words(item, "ja")},
        "apply": {change.key: round_outward(change.needed, change.current) for change in item.changes},
    }


def _steps(plan: Plan) -> StepsDocument:
    years = max(len(plan.years), 1)
    return {
        "start": plan.time[0].isoformat() if len(plan.time) else None,
        "step_hours": plan.scenario.time.step_hours,
        "steps": len(plan.time),
        "years": years,
        "block_steps": len(plan.time) // years,
    }


def _column(name: str) -> ColumnDocument:
    unit = unit_of(name)
    return {"name": name, "label": named(_column_name, name), "unit": unit, "unit_text": unit_names(unit)}


def _column_name(name: str, language: Language) -> str:
    unit = unit_of(name)
    stem = name.removesuffix(f"_{unit}") if unit else name
    if stem.endswith("_available"):
        return phrase("hourly.available", language, name=term(stem.removesuffix("_available"), language))
    return phrase_or(f"hourly.{stem}", language, term(stem, language))
