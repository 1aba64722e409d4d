"""Where each input of a plan came from: a catalogue row, a scenario key, a file or a formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kiban.catalogue import Catalogue
from kiban.scenario.section import Section

Status = Literal["verified", "assumed", "given", "derived", "synthetic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One input: its name, its value or what stands for it, and its origin.

    `status` is `verified` or `assumed` for catalogue rows, `given` for what the scenario says,
    `derived` for a formula over other inputs, and `synthetic` for a generated series.
    """

    name: str
    value: str
    unit: str
    source: str
    status: Status
    note: str = ""


class Recorder:
    """Reads facts from the catalogue and remembers every input that was read."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._entries: dict[str, Entry] = {}

    def take(self, fact_id: str) -> float:
        """Value of a catalogue row; the row is recorded."""
        fact = self.catalogue.fact(fact_id)
        year = f" ({fact.year})" if fact.year else ""
        self.record(fact_id, f"{fact.value:.10g}", fact.unit, f"{fact.source}{year}", fact.status, fact.note)
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
        self.record(key, shown, unit, f"scenario key {key}", "given")

    def settle(self, section: Section, field: str, key: str, unit: str = "") -> None:
        """Record a key that has a default: given where the scenario writes it, else an assumption of the schema."""
        if field in section.model_fields_set:
            self.give(key, getattr(section, field), unit)
        else:
            self.record(key, str(getattr(section, field)), unit, "default of the scenario", "assumed")

    def record(self, name: str, value: str, unit: str, source: str, status: Status, note: str = "") -> None:
        """Record an input of any origin."""
        self._entries[name] = Entry(name, value, unit, source, status, note)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())
