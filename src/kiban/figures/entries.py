"""The tables of formulas: which figure of which document follows from what, in which module, and what holds it.

`tables/DOCUMENT.toml` has an entry for each figure or family of figures; its `parts` say more of some of them, and
`same_as` names entries of another table that hold here too. The words of a formula are sentences of the report,
`formula_DOCUMENT.ID`. What is written of a formula stands here once:
the table of docs/validation.md and `kiban why` are both made of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from kiban.figures.leaves import Path, match

Document = Literal["build", "pay", "run", "impact", "japan", "economy", "pay_japan", "connect", "race", "frontier"]
DOCUMENTS: Final[tuple[Document, ...]] = get_args(Document)
Duals = Literal["", "objective", "shape"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a figure or a family of figures.

    `paths` are patterns. `family` begins the keys of its name and words, `formula` is the key of its words, `symbols`
    the formula as it is written in the literature, `expression` the same as arithmetic over `inputs`, which are
    patterns of figures or, after `row:`, inputs of the plan (`row:ID@low` and `@high` the ends of what a row may be);
    where the document has a figure that `unless` names, it does not hold. `[=area]` in an input or a row stands for
    what the document has at `area`. `rows` are patterns of the catalogue; those after `of ` are what the table
    `rows_of` has of that subject. `duals` says what the worths of the constraints are to it: `objective` its own
    derivatives, `shape` what shapes the design that it belongs to. `is_text` says that it is no figure. `code` are
    modules, `held` tests and sources, `page` where the formula is written down.
    """

    id: str
    paths: tuple[str, ...]
    family: str
    formula: str
    symbols: str = ""
    expression: str = ""
    inputs: Mapping[str, str] | None = None
    unless: str = ""
    rows: tuple[str, ...] = ()
    duals: Duals = ""
    unit: str = ""
    is_text: bool = False
    code: tuple[str, ...] = ()
    held: str = ""
    page: str = ""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of one document in their order, parts before what they are parts of."""

    document: Document
    entries: tuple[Entry, ...]
    rows_of: Mapping[str, tuple[str, ...]]

    def find(self, path: Path) -> tuple[Entry, tuple[str, ...]] | None:
        """The first entry that a figure belongs to, and what its stars stand for."""
        for entry, pattern in _patterns_from(self.document, path[0]):
            stars = match(pattern, path)
            if stars is not None:
                return entry, stars
        return None

    def covers(self, path: Path) -> bool:
        """Whether a figure has an entry, or what is empty or unknown would have one below it."""
        below = (pattern.split(".")[: len(path)] for entry in self.entries for pattern in entry.paths)
        return self.find(path) is not None or any(match(tuple(head), path) is not None for head in below)


@cache
def load_table(document: Document) -> Table:
    """The entries of a document."""
    content = _read(document)
    for more in content.pop("include", ()):
        content |= _read(more)
    rows_of = {name: tuple(rows) for name, rows in content.pop("rows_of", {}).items()}
    shared = content.pop("same_as", {})
    entries = [entry for name, fields in content.items() for entry in _entries(document, name, fields)]
    for other, names in shared.items():
        entries += [entry for entry in load_table(other).entries if entry.id.partition("/")[0] in names]
    return Table(document, tuple(entries), rows_of)


def _read(table: str) -> dict[str, Any]:
    text = files("kiban.figures").joinpath("tables").joinpath(f"{table}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _patterns_from(document: Document, head: str) -> tuple[tuple[Entry, Path], ...]:
    """Entries and their patterns that a path with this first segment may match, in their order."""
    patterns = ((entry, tuple(pattern.split("."))) for entry in load_table(document).entries for pattern in entry.paths)
    return tuple((entry, pattern) for entry, pattern in patterns if match(pattern[:1], (head,)) is not None)


def main_entries(document: Document) -> tuple[Entry, ...]:
    """The entries of a document without their parts, in their order."""
    return tuple(entry for entry in load_table(document).entries if "/" not in entry.id)


def _entries(document: str, name: str, fields: dict[str, Any]) -> list[Entry]:
    parts = fields.pop("parts", [])
    family = f"formula_{document}.{name}"
    own: dict[str, Any] = {"family": family, "formula": f"{family}.words", **fields}
    shared = {key: value for key, value in own.items() if key not in ("symbols", "expression", "inputs", "unless")}
    found = [_entry(f"{name}/{place}", {**shared, **part}) for place, part in enumerate(parts)]
    return [*found, _entry(name, own)]


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    lists: dict[str, Any] = {key: tuple(fields[key]) for key in ("paths", "rows", "code") if key in fields}
    given: dict[str, Any] = {"id": name, **fields, **lists}
    return Entry(**given)
