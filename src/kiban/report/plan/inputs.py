"""The inputs of a plan or of a scenario as JSON: each with its name, range, source and the key that changes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from kiban.catalogue import load_catalogue
from kiban.messages import Message
from kiban.planning.assumptions import subject_of
from kiban.planning.provenance import Entry, Status
from kiban.quantities import term
from kiban.report.messages import say
from kiban.report.names import RATE, Names, catalogue_facts, input_name, named, site_name, unit_names
from kiban.report.plan.entries import note_text, source_keys, value_text
from kiban.report.plan.words import subject_heading
from kiban.scenario import dump_scenario
from kiban.scenario.plain import plain_scenario

if TYPE_CHECKING:
    from kiban.planning.preparation import Preparation


class InputDocument(TypedDict):
    """One input; `value` is text where the input is no number, `change_key` the scenario key that replaces it."""

    name: str
    label: Names
    value: float | str
    unit: str
    unit_text: Names
    low: float | None
    high: float | None
    status: Status
    source: str
    source_titles: list[str]
    note: str
    subject: str
    subject_name: Names
    change_key: str | None


class PlaceDocument(TypedDict):
    """Where a scenario stands; `site` is an id of the catalogue or None."""

    site: str | None
    name: Names
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    area: str | None


class HorizonDocument(TypedDict):
    """The steps of a scenario over all its weather years."""

    steps: int
    step_hours: float
    years: int


class CoolingDocument(TypedDict):
    """A cooling system by its id and its name."""

    id: str
    name: Names


class CheckDocument(TypedDict):
    """What a scenario will use, before anything is solved."""

    name: str
    scenario: dict[str, Any]
    toml: str
    work: str
    estimated_seconds: float
    place: PlaceDocument
    horizon: HorizonDocument
    cooling_systems: list[CoolingDocument]
    inputs: list[InputDocument]
    counts: dict[Status, int]
    notes: list[Names]


def check_document(preparation: Preparation, estimate_seconds: float, work: str) -> CheckDocument:
    """What a scenario will use; `work` says whether its plan is an instant answer or a job."""
    scenario, place, horizon = preparation.scenario, preparation.place, preparation.horizon
    inputs = tuple(preparation.recorder)
    return {
        "name": scenario.name,
        "scenario": plain_scenario(scenario),
        "toml": dump_scenario(scenario),
        "work": work,
        "estimated_seconds": round(estimate_seconds, 2),
        "place": {
            "site": place.site,
            "name": {"en": site_name(scenario, "en"), "ja": site_name(scenario, "ja")},
            "latitude_deg": place.latitude_deg,
            "longitude_deg": place.longitude_deg,
            "elevation_m": place.elevation_m,
            "area": place.area,
        },
        "horizon": {"steps": horizon.steps, "step_hours": horizon.step_hours, "years": horizon.years},
        "cooling_systems": [{"id": system, "name": named(term, system)} for system in preparation.cooling_systems],
        "inputs": input_documents(inputs),
        "counts": count_inputs(inputs),
        "notes": [_note(note) for note in preparation.notes],
    }


def _note(note: Message) -> Names:
    return {"en": say(note, "en"), "ja": say(note, "ja")}


def count_inputs(inputs: Iterable[Entry]) -> dict[Status, int]:
    """How many inputs are of which origin."""
    counts: dict[Status, int] = {"verified": 0, "assumed": 0, "given": 0, "derived": 0, "synthetic": 0}
    for entry in inputs:
        counts[entry.status] += 1
    return counts


def input_documents(inputs: Iterable[Entry]) -> list[InputDocument]:
    """Every input with its range, source and the key that changes it."""
    return [_input_document(entry) for entry in inputs]


def _input_document(entry: Entry) -> InputDocument:
    fact, sources = catalogue_facts().get(entry.name), load_catalogue().sources
    ranged = fact is not None and entry.status != "given"
    subject = subject_of(entry.name)
    return {
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
