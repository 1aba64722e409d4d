"""Where each input of a plan came from: a catalogue row, a scenario key, a file or a formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kiban.catalogue import Catalogue
from kiban.messages import Message
from kiban.scenario.section import Section

Status = Literal["verified", "assumed", "given", "derived", "synthetic"]
Origin = Literal["catalogue", "key", "default", "file", "weather", "formula"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One input: its name, its value or what stands for it, and its origin.

    `value` is a number or name as text, or a message where words stand for it. `source` says in words what `origin` is
    the kind of: rows of the catalogue, a scenario key, a default of the scenario, a file, the weather, or a formula.
    `status` is `verified` or `assumed` for catalogue rows, `given` for what the scenario says,
    `derived` for a formula over other inputs, and `synthetic` for a generated series.
    """

    name: str
    value: str | Message
    unit: str
    source: Message
    status: Status
    origin: Origin
    notes: tuple[Message, ...] = ()


class Recorder:
    """Reads facts from the catalogue and remembers every input that was read."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._entries: dict[str, Entry] = {}

    def take(self, fact_id: str) -> float:
        """Value of a catalogue row; the row is recorded."""
        fact = self.catalogue.fact(fact_id)
        source = catalogue_source(fact.source, fact.year)
        notes = (Message("note.as_written", text=fact.note),) if fact.note else ()
        self.record(fact_id, f"{fact.value:.10g}", fact.unit, source, fact.status, "catalogue", *notes)
        return fact.value

    def prefer(self, given: float | None, key: str, fact_id: str) -> float:
        """The scenario's value where it gives one, else the catalogue's."""
        if given is None:
            return self.take(fact_id)
        self.give(key, given)
        return given

    def give(self, key: str, value: object, unit: str = "") -> None:
        """Record an input that the scenario gives."""
        shown = f"{value:.10g}" if isinstance(value, float) else str(value)
        self.record(key, shown, unit, Message("origin.key", key=key), "given", "key")

    def settle(self, section: Section, field: str, key: str, unit: str = "") -> None:
        """Record a key that has a default: given where the scenario writes it, else an assumption of the schema."""
        if field in section.model_fields_set:
            self.give(key, getattr(section, field), unit)
        else:
            self.record(key, str(getattr(section, field)), unit, Message("origin.default"), "assumed", "default")

    def record(
        self,
        name: str,
        value: str | Message,
        unit: str,
        source: Message,
        status: Status,
        origin: Origin,
        *notes: Message,
    ) -> None:
        """Record an input of any origin."""
        self._entries[name] = Entry(name, value, unit, source, status, origin, notes)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())


def catalogue_source(sources: str, year: int | None = None) -> Message:
    """The origin of a figure of the catalogue: the keys of its sources, parted by semicolons, and its year."""
    if year:
        return Message("origin.catalogue", sources=sources, year=year)
    return Message("origin.catalogue_undated", sources=sources)
