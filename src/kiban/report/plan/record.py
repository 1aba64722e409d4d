"""A plan as one JSON object and back, floats exact: what `--json` prints and `summary.json` holds.

`PlanFigures` are the numbers of a plan under their code names. They stand in two objects: `PlanRecord` adds what makes
the plan again, and `document.PlanDocument`, which the web pages and the HTML report read, adds names and sentences.
The parts of a plan that are dataclasses stand in both as their fields.

Version 3 calls the worths of the constraints `worths`, and holds notes and origins with their codes; version 2, with
`duals` and English sentences alone, is still read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict

from kiban.arrays import Array
from kiban.linear import Certificate
from kiban.messages import Message, PlainMessage, from_plain, to_plain
from kiban.planning.plan import (
    Alternative,
    Change,
    Infeasibility,
    Investment,
    Plan,
    Relaxation,
    ServedTranche,
    Spread,
    Worth,
    YearFigures,
)
from kiban.planning.procurement_result import BehindMeter, BesideDesign, BillItem, Bought, BoughtWay, MonthPeak
from kiban.policy.terms import PolicyTerms
from kiban.report.messages import say
from kiban.report.plan.entries import EntryDocument, plain_entry, restore_entry
from kiban.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "kiban plan"
VERSION = 3
READABLE = (2, 3)
WITH_DUALS = 2
Fields = dict[str, Any]
"""The fields of a dataclass, which `Annotated[Fields, ...]` names."""


class YearsDocument(TypedDict):
    """The weather years of a plan for several: designed for all of them jointly, each with its own figures."""

    method: Literal["designed_jointly"]
    each: list[Annotated[Fields, YearFigures]]
    spread: Annotated[Fields, Spread]


class PlanFigures(TypedDict):
    """The numbers of a plan: units are in the names, costs are million yen a year; see `Plan`."""

    name: str
    status: Literal["optimal", "infeasible"]
    cooling_system: str
    certificate: Annotated[Fields, Certificate] | None
    capacities: dict[str, float]
    costs: dict[str, float]
    indicators: dict[str, float]
    worths: dict[str, Annotated[Fields, Worth]]
    years: YearsDocument | None
    bought: NotRequired[Annotated[Fields, Bought]]
    """Where the scenario says how power is bought."""


class PlanRecord(PlanFigures):
    """Everything of a plan but its hours and its scenario; `assumptions` are the assumed entries of `provenance`.

    `notes` are English sentences to read, `notes_said` their codes and values, of which they are restored.
    """

    format: str
    version: int
    alternatives: list[Annotated[Fields, Alternative]]
    infeasibility: Annotated[Fields, Infeasibility] | None
    investments: list[Annotated[Fields, Investment]]
    tranches: list[Annotated[Fields, ServedTranche]]
    clean_output_mwh_per_year: dict[str, float]
    energy_charges_myen_per_year: dict[str, float]
    capital_factors: dict[str, dict[str, float]]
    production_credits_myen_per_mwh: dict[str, float]
    ratepayers_works_myen: float
    policy: Annotated[Fields, PolicyTerms] | None
    notes: list[str]
    notes_said: list[PlainMessage]
    assumptions: list[EntryDocument]
    provenance: list[EntryDocument]


def plan_figures(plan: Plan) -> PlanFigures:
    """The numbers of a plan in plain types."""
    figures: PlanFigures = {
        "name": plan.scenario.name,
        "status": plan.status,
        "cooling_system": plan.cooling_system,
        "certificate": dataclasses.asdict(plan.certificate) if plan.certificate is not None else None,
        "capacities": _floats(plan.capacities),
        "costs": _floats(plan.costs),
        "indicators": _floats(plan.indicators),
        "worths": {worth.name: dataclasses.asdict(worth) for worth in plan.worths},
        "years": _years(plan),
    }
    if plan.bought is not None:
        figures["bought"] = dataclasses.asdict(plan.bought)
    return figures


def _years(plan: Plan) -> YearsDocument | None:
    if plan.spread is None:
        return None
    each = [dataclasses.asdict(year) for year in plan.years]
    return {"method": "designed_jointly", "each": each, "spread": dataclasses.asdict(plan.spread)}


def summarise(plan: Plan) -> PlanRecord:
    """Everything of a plan but the hourly columns and the scenario, in plain types."""
    return {
        "format": FORMAT,
        "version": VERSION,
        **plan_figures(plan),
        "alternatives": [dataclasses.asdict(other) for other in plan.alternatives],
        "infeasibility": dataclasses.asdict(plan.infeasibility) if plan.infeasibility is not None else None,
        "investments": [dataclasses.asdict(investment) for investment in plan.investments],
        "tranches": [dataclasses.asdict(tranche) for tranche in plan.tranches],
        "clean_output_mwh_per_year": _floats(plan.clean_output_mwh_per_year),
        "energy_charges_myen_per_year": _floats(plan.energy_charges_myen_per_year),
        "capital_factors": {name: _floats(costs) for name, costs in plan.capital_factors.items()},
        "production_credits_myen_per_mwh": _floats(plan.production_credits_myen_per_mwh),
        "ratepayers_works_myen": plan.ratepayers_works_myen,
        "policy": plain_terms(plan.policy) if plan.policy is not None else None,
        "notes": [say(note, "en") for note in plan.notes],
        "notes_said": [to_plain(note) for note in plan.notes],
        "assumptions": [plain_entry(entry) for entry in plan.assumptions],
        "provenance": [plain_entry(entry) for entry in plan.provenance],
    }


def restore(
    summary: Mapping[str, Any], scenario: Scenario, time: pd.DatetimeIndex, hourly: Mapping[str, Array]
) -> Plan:
    """The plan that `summarise` was given; KeyError, TypeError or ValueError where the object is no such summary."""
    if summary["format"] != FORMAT or summary["version"] not in READABLE:
        raise ValueError(f"format {summary['format']!r} version {summary['version']!r}")
    certificate, infeasibility = summary["certificate"], summary["infeasibility"]
    years = summary.get("years")  # absent in plans from before there were several
    return Plan(
        status=summary["status"],
        scenario=scenario,
        cooling_system=summary["cooling_system"],
        capacities=dict(summary["capacities"]),
        costs=dict(summary["costs"]),
        indicators=dict(summary["indicators"]),
        worths=_restore_worths(summary),
        alternatives=tuple(Alternative(**other) for other in summary["alternatives"]),
        time=time,
        hourly=hourly,
        certificate=Certificate(**certificate) if certificate is not None else None,
        provenance=tuple(restore_entry(entry) for entry in summary["provenance"]),
        notes=restore_notes(summary),
        infeasibility=_restore_infeasibility(infeasibility) if infeasibility is not None else None,
        investments=tuple(Investment(**investment) for investment in summary["investments"]),
        tranches=tuple(ServedTranche(**tranche) for tranche in summary["tranches"]),
        clean_output_mwh_per_year=dict(summary["clean_output_mwh_per_year"]),
        energy_charges_myen_per_year=dict(summary["energy_charges_myen_per_year"]),
        capital_factors={name: dict(costs) for name, costs in summary["capital_factors"].items()},
        production_credits_myen_per_mwh=dict(summary["production_credits_myen_per_mwh"]),
        ratepayers_works_myen=summary["ratepayers_works_myen"],
        years=tuple(YearFigures(**year) for year in years["each"]) if years else (),
        spread=Spread(**years["spread"]) if years else None,
        bought=_restore_bought(summary["bought"]) if "bought" in summary else None,
        policy=restore_terms(summary["policy"]) if summary["policy"] is not None else None,
    )


def to_json(content: object) -> str:
    """JSON text with a final line end; floats as their shortest exact form, no NaN."""
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _restore_worths(summary: Mapping[str, Any]) -> tuple[Worth, ...]:
    if summary["version"] == WITH_DUALS:
        return tuple(Worth(name=name, **worth) for name, worth in summary["duals"].items())
    return tuple(Worth(**worth) for worth in summary["worths"].values())


def _restore_bought(content: Mapping[str, Any]) -> Bought:
    parts = {"ways": BoughtWay, "bill": BillItem, "peaks": MonthPeak}
    lists = {name: tuple(kind(**item) for item in content[name]) for name, kind in parts.items()}
    return Bought(**{**content, **lists, "behind_meter": _restore_behind_meter(content.get("behind_meter"))})


def _restore_behind_meter(content: Mapping[str, Any] | None) -> BehindMeter | None:
    if content is None:
        return None
    designs = {
        name: None if content[name] is None else BesideDesign(**content[name])
        for name in ("least", "matched", "elsewhere")
    }
    return BehindMeter(**{**content, **designs, "full": tuple(content["full"])})


def _restore_infeasibility(content: Mapping[str, Any]) -> Infeasibility:
    return Infeasibility(
        collisions=tuple(content["collisions"]),
        hours=tuple(content["hours"]),
        shortfall_mwh=content["shortfall_mwh"],
        relaxations=tuple(
            Relaxation(tuple(Change(**change) for change in item["changes"]), item["cost_myen_per_year"])
            for item in content["relaxations"]
        ),
    )


def plain_terms(terms: PolicyTerms) -> dict[str, Any]:
    """The terms of a policy in plain types; its notes as in a plan."""
    return {
        **dataclasses.asdict(dataclasses.replace(terms, notes=())),
        "notes": [say(note, "en") for note in terms.notes],
        "notes_said": [to_plain(note) for note in terms.notes],
    }


def restore_terms(content: Mapping[str, Any]) -> PolicyTerms:
    """The terms of a policy from plain types."""
    from pydantic import TypeAdapter

    terms = TypeAdapter(PolicyTerms).validate_python(
        {**{key: value for key, value in content.items() if key != "notes_said"}, "notes": ()}
    )
    return dataclasses.replace(terms, notes=restore_notes(content))


def restore_notes(content: Mapping[str, Any]) -> tuple[Message, ...]:
    """Notes from their codes and values; those of version 2, which are English sentences, as they were written."""
    if "notes_said" in content:
        return tuple(from_plain(note) for note in content["notes_said"])
    return tuple(Message("note.as_written", text=note) for note in content["notes"])


def _floats(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
