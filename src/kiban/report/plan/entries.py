"""Inputs of a plan with their origin: in words, and as plain types and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from kiban.catalogue import load_catalogue
from kiban.messages import Message, PlainMessage, from_plain, to_plain
from kiban.planning.provenance import Entry, Origin, Status, catalogue_source
from kiban.quantities import Language, format_quantity, unit_text
from kiban.report.messages import say
from kiban.report.names import catalogue_facts, fact_range, input_name
from kiban.report.phrases import phrase


class EntrySaid(TypedDict):
    """The messages of an input; `value` is None where it is a number or a name."""

    value: PlainMessage | None
    source: PlainMessage
    notes: list[PlainMessage]


class EntryDocument(TypedDict):
    """An input with its origin: English text to read, and in `said` what it is restored from."""

    name: str
    value: str
    unit: str
    source: str
    status: Status
    origin: Origin
    note: str
    said: EntrySaid


def value_text(entry: Entry, language: Language) -> str:
    """Value of an input without its unit."""
    return say(entry.value, language) if isinstance(entry.value, Message) else entry.value


def note_text(entry: Entry, language: Language) -> str:
    """What must be said about an input; empty where nothing must be."""
    return "; ".join(say(note, language) for note in entry.notes)


def input_value(entry: Entry, language: Language) -> str:
    """Value of an input with its unit."""
    text = value_text(entry, language)
    try:
        number = float(text)
    except ValueError:
        return f"{text} {unit_text(entry.unit, language)}".rstrip()
    return format_quantity(number, entry.unit, language)


def input_sentence(entry: Entry, language: Language) -> str:
    """An input in words: `name: value (range)`."""
    name, value, known = input_name(entry.name, language), input_value(entry, language), input_range(entry, language)
    return phrase(f"assumed.value{'_range' if known else ''}", language, name=name, value=value, range=known)


def input_range(entry: Entry, language: Language) -> str:
    """Known range of a catalogue figure, empty where none is known or the scenario replaced the figure."""
    fact = catalogue_facts().get(entry.name)
    return "" if fact is None or entry.status == "given" else fact_range(fact, language)


def source_keys(entry: Entry) -> tuple[str, ...]:
    """Keys of the catalogue's sources that an input names; empty for a scenario key or a file."""
    if entry.origin != "catalogue":
        return ()
    known = load_catalogue().sources
    return tuple(key for key in str(entry.source.values["sources"]).split(";") if key in known)


def plain_entry(entry: Entry) -> EntryDocument:
    """An input in plain types."""
    return {
        "name": entry.name,
        "value": value_text(entry, "en"),
        "unit": entry.unit,
        "source": say(entry.source, "en"),
        "status": entry.status,
        "origin": entry.origin,
        "note": note_text(entry, "en"),
        "said": {
            "value": to_plain(entry.value) if isinstance(entry.value, Message) else None,
            "source": to_plain(entry.source),
            "notes": [to_plain(note) for note in entry.notes],
        },
    }


def restore_entry(content: Mapping[str, Any]) -> Entry:
    """The input that `plain_entry` was given, or the input of a plan of version 2, which holds English text only."""
    name, unit, status = content["name"], content["unit"], content["status"]
    if "said" not in content:
        origin, source = _origin_of_text(content["source"])
        notes = (Message("note.as_written", text=content["note"]),) if content["note"] else ()
        return Entry(name, content["value"], unit, source, status, origin, notes)
    said = content["said"]
    value = content["value"] if said["value"] is None else from_plain(said["value"])
    said_notes = tuple(from_plain(note) for note in said["notes"])
    return Entry(name, value, unit, from_plain(said["source"]), status, content["origin"], said_notes)


def _origin_of_text(source: str) -> tuple[Origin, Message]:
    """Where an input of a plan of version 2 came from."""
    if source.startswith("scenario key "):
        return "key", Message("origin.key", key=source.removeprefix("scenario key "))
    if source == "default of the scenario":
        return "default", Message("origin.default")
    keys, _, year = source.removesuffix(")").partition(" (")
    if any(key in load_catalogue().sources for key in keys.split(";")):
        return "catalogue", catalogue_source(keys, int(year) if year else None)
    return "formula", Message("origin.named", name=source)
