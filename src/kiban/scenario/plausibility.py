"""Slips of a thousand: a price, cost, load or size that is far from what such things are.

Outside the plausible range (`catalogue/tables/plausible.csv`; of an assumption the catalogue's own range) a value is
noted. A hundred times outside it is refused, unless the document says `insist = true`. Zero is a decision, not a slip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from kiban.catalogue import load_catalogue
from kiban.catalogue.plausible import Plausible, plausible_figure, plausible_range
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.scenario.section import Document, SeriesReference

REFUSED_BEYOND = 100.0
"""How far outside the plausible range, as a factor, a value is refused."""
ASSUMPTIONS = "assumptions"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value outside the plausible range of its key."""

    key: str
    value: float
    plausible: Plausible
    of_series: bool = False
    """Whether the value is the mean of a series."""

    @property
    def is_refused(self) -> bool:
        """Whether it is so far outside that it is taken only on request."""
        amount, plausible = abs(self.value), self.plausible
        return amount >= plausible.highest * REFUSED_BEYOND or amount <= plausible.lowest / REFUSED_BEYOND

    def problem(self) -> Problem:
        """The refusal."""
        code = "implausible_mean" if self.of_series else "implausible"
        said = {"value": self.value, "low": self.plausible.lowest, "high": self.plausible.highest}
        return Problem(code, key=self.key, remedy="implausible", values=said)

    def note(self) -> Message:
        """What is said of it beside the answer."""
        code = "note.implausible_mean" if self.of_series else "note.implausible"
        low, high = self.plausible.lowest, self.plausible.highest
        return Message(code, key=self.key, value=self.value, low=low, high=high)


def find_doubts(document: Document) -> tuple[Doubt, ...]:
    """Every number of a scenario or national study outside its plausible range, in the order of the keys."""
    found = [
        Doubt(key, value, plausible)
        for key, value in numbers_in(document)
        if (plausible := plausible_range(key)) is not None and _is_outside(value, plausible)
    ]
    facts = load_catalogue().facts
    for name, value in getattr(document, ASSUMPTIONS).items():
        plausible = plausible_figure(facts[name]) if name in facts else None
        if plausible is not None and _is_outside(value, plausible):
            found.append(Doubt(f"{ASSUMPTIONS}.{name}", value, plausible))
    return tuple(found)


def note_doubts(document: Document) -> tuple[Message, ...]:
    """What is said of the doubts of `find_doubts` beside an answer."""
    return tuple(doubt.note() for doubt in find_doubts(document))


def doubt_series(key: str, mean: float) -> Doubt | None:
    """The doubt about a series whose values have this mean size; None where it is plausible."""
    plausible = plausible_range(key)
    if plausible is None or not _is_outside(mean, plausible):
        return None
    return Doubt(key, mean, plausible, of_series=True)


def refuse_slips(document: Document) -> None:
    """Raise `ScenarioError` with every value that is far outside, unless the document insists."""
    refused = [] if document.insist else [doubt.problem() for doubt in find_doubts(document) if doubt.is_refused]
    if refused:
        raise ScenarioError(refused)


def numbers_in(section: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Key and value of every number in a section and those within it; series and assumptions are left out."""
    for name in type(section).model_fields:
        if name != ASSUMPTIONS:
            yield from _numbers_at(getattr(section, name), (*path, name))


def _numbers_at(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, SeriesReference | bool):
        return
    if isinstance(value, int | float):
        yield ".".join(path), float(value)
    elif isinstance(value, BaseModel):
        yield from numbers_in(value, path)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers_at(inner, (*path, str(name)))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            # Of several numbers of one key (one for each phase) each is judged as the key; tables are numbered.
            yield from _numbers_at(inner, (*path, str(number)) if isinstance(inner, BaseModel) else path)


def _is_outside(value: float, plausible: Plausible) -> bool:
    return value != 0 and not plausible.lowest <= abs(value) <= plausible.highest
