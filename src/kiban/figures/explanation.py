"""All of it about one figure: value, formula evaluated anew, inputs, rows of the catalogue, prices of constraints.

What would change a figure is said three ways. The price of a constraint is the derivative of the least cost, exact for
a small change. A formula that is arithmetic is evaluated with each of its inputs one per cent higher and the others as
they are; where the figure is the least cost itself, that is the derivative by the prices of what is built too (the
envelope theorem: a small change of a price moves the design, but the cost only by what is bought). All else only a
calculation anew can tell.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.figures.entries import Document, Entry, load_table
from kiban.figures.expression import SMALL_CHANGE, Value, evaluate, names_in
from kiban.figures.leaves import Leaf, Path, dotted, leaves_of, select
from kiban.quantities import unit_of

ROW = "row:"
OF = "of "
END = "@"
"""Before `low` or `high`: an end of the range of a row."""
OF_CATALOGUE: tuple[Document, ...] = ("economy",)
"""Answers whose rows are the catalogue's own, whatever the plan behind them assumes."""
BESIDE_PLAN: tuple[Document, ...] = (*OF_CATALOGUE, "pay_japan", "connect", "race", "frontier")
"""Answers of several plans: of their inputs no more is known than what the scenario assumes."""
_OF_DOCUMENT = re.compile(r"\[=(\w+)\]")
"""Stands for a figure of the document in a pattern."""
OBJECTIVE = "objective_note."
OF_OBJECTIVE = {"emissions": "carbon_cap", "clean_share": "clean_share"}
"""The worth of the constraint that stands for an objective in the last programme of a budget."""
DATES = ("year", "years", "base")
"""Names of inputs of a formula that are years: one per cent more of them means nothing."""
AGREES = 1e-6
"""How far the value that is evaluated anew may be from the one that is printed, of itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An input of a formula: a figure of the same document, or a row by its id.

    `one_percent` is what the figure changes by where the input is one per cent higher, the others as they are; None
    where the formula is not arithmetic.
    """

    name: str
    value: Leaf
    unit: str
    one_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An input of the plan or a row of the catalogue that a figure rests on; `low` and `high` where they are known."""

    id: str
    value: str
    unit: str
    source: str
    status: str
    year: int | None
    low: float | None = None
    high: float | None = None
    is_default: bool = False
    """Whether it is the catalogue's own, while that of the plan behind the figure is unknown."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint of the design and its price: the fall of the least yearly cost for one unit more of room."""

    name: str
    key: str
    limit: float
    unit: str
    saving_myen: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a figure is what it is.

    `again` is the figure evaluated anew from `inputs`, None where its formula is no arithmetic over the document.
    `limits` are worths of constraints, the costliest first; `exact` says that they are the figure's own derivatives,
    and `envelope` that so are the one per cents of its inputs.
    """

    document: Document
    path: Path
    value: Leaf
    unit: str
    entry: Entry
    again: float | None
    inputs: tuple[Taken, ...]
    rows: tuple[Row, ...]
    limits: tuple[Limit, ...]
    low: float | None = None
    high: float | None = None
    sells: bool = False
    """Whether compute is sold: the solver's objective, and its derivatives, are then the cost less what is paid."""
    is_least_cost: bool = True
    """Whether the plan is the one of least cost at prices that do not answer to what it draws."""
    knows_plan: bool = True
    """Whether the inputs of the plan behind the figure are known."""

    @property
    def exact(self) -> bool:
        """Whether the prices of the constraints are derivatives of this figure."""
        return self.entry.duals == "objective" and self.is_least_cost and not self.sells

    @property
    def agrees(self) -> bool:
        """Whether the formula gives the figure again, to rounding."""
        if self.again is None or not isinstance(self.value, int | float):
            return False
        return abs(self.again - self.value) <= AGREES * max(1.0, abs(self.value))


def explain(
    document: Document,
    content: Mapping[str, Any],
    path: Path,
    *,
    provenance: Sequence[Mapping[str, Any]] | None = None,
    worths: Mapping[str, Mapping[str, Any]] | None = None,
    leaves: Mapping[Path, Leaf] | None = None,
) -> Explanation:
    """Explain the figure at a path of what `--json` prints.

    `provenance` and `worths` are those of the plan behind a document that does not have them; `leaves` are those of the
    content, for who has them already. Raises `KeyError` where no table knows the figure.
    """
    leaves = dict(leaves_of(content)) if leaves is None else leaves
    table = load_table(document)
    found = table.find(path)
    if found is None:
        raise KeyError(dotted(path))
    entry, stars = found
    told = content.get("provenance", provenance) or ()
    prices = content.get("worths", worths) or (_worths_of_areas(content) if document == "japan" else {})
    origins = {str(one["name"]): one for one in told}
    knows_plan = "provenance" in content or provenance is not None or document in OF_CATALOGUE
    known_origins = {} if document in OF_CATALOGUE else origins if knows_plan else None
    objective = _objective(content)
    rests_on_rows = any(pattern.startswith(ROW) for pattern in (entry.inputs or {}).values())
    holds = bool(entry.expression) and not (entry.unless and _is_given(content, entry.unless))
    holds = holds and (knows_plan or not rests_on_rows)
    taken = _inputs(entry, stars, leaves, known_origins)
    values = {name: _value(entry, name, found_here) for name, found_here in taken.items()}
    again = evaluate(entry.expression, values) if holds else None
    low, high = _range(content, path, leaves)
    return Explanation(
        document=document,
        path=path,
        value=leaves[path],
        unit=entry.unit or _unit(path, leaves),
        entry=entry,
        again=again,
        inputs=_moved(entry, taken, values, again),
        rows=_rows(document, _patterns(entry, stars, leaves, table.rows_of), known_origins),
        limits=_limits(prices, objective) if entry.duals else (),
        low=low,
        high=high,
        is_least_cost=objective == "cost" and not _answers_to_load(content, origins),
        knows_plan=knows_plan,
        sells=bool(leaves.get(("costs", "compute_revenue")) or leaves.get(("income_myen_per_year",))),
    )


def _inputs(
    entry: Entry, stars: Sequence[str], leaves: Mapping[Path, Leaf], origins: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, list[tuple[str, Leaf, str]]]:
    """Name, value and unit of the inputs of a formula, by the formula's own name of them."""
    found: dict[str, list[tuple[str, Leaf, str]]] = {}
    for name, pattern in (entry.inputs or {}).items():
        filled = _filled(pattern, stars, leaves)
        if filled.startswith(ROW):
            row = filled.removeprefix(ROW)
            found[name] = [_origin(row, origins)]
        else:
            found[name] = [(dotted(path), value, _unit(path, leaves)) for path, value in select(leaves, filled)]
    return found


def _origin(row: str, origins: Mapping[str, Mapping[str, Any]] | None) -> tuple[str, Leaf, str]:
    """An input of the plan, else the catalogue's row; without a value where the plan's inputs are unknown."""
    catalogue = load_catalogue()
    name, _, end = row.partition(END)
    fact = catalogue.fact(name)
    if origins is None:
        return row, None, fact.unit
    if end:
        bound = fact.low if end == "low" else fact.high
        return row, fact.value if bound is None else bound, fact.unit
    told = origins.get(row, {}).get("value")
    if told is not None:
        return row, float(str(told)), str(origins[row]["unit"])
    return row, fact.value, fact.unit


def _value(entry: Entry, name: str, found: Sequence[tuple[str, Leaf, str]]) -> Value:
    """Numbers for a formula: a list for a pattern of several figures; nothing counts as nothing."""
    numbers = [float(value) for _, value, _ in found if isinstance(value, int | float)]
    several = any(sign in _OF_DOCUMENT.sub("", (entry.inputs or {})[name]) for sign in "*[")
    return numbers if several else numbers[0] if numbers else 0.0


def _moved(
    entry: Entry,
    taken: Mapping[str, Sequence[tuple[str, Leaf, str]]],
    values: Mapping[str, Value],
    again: float | None,
) -> tuple[Taken, ...]:
    """The inputs, each with what one per cent more of it alone does."""
    used = names_in(entry.expression) if entry.expression else ()
    found = []
    for name, several in taken.items():
        place = 0
        for figure, value, unit in several:
            change = None
            if again is not None and name in used and name not in DATES and isinstance(value, int | float):
                higher = evaluate(entry.expression, {**values, name: _raised(values[name], place)})
                change = None if higher is None else higher - again
            place += isinstance(value, int | float)
            found.append(Taken(figure, value, unit, change))
    return tuple(found)


def _raised(value: Value, place: int) -> Value:
    if isinstance(value, float | int):
        return value * (1 + SMALL_CHANGE)
    return [one * (1 + SMALL_CHANGE) if at == place else one for at, one in enumerate(value)]


def _patterns(
    entry: Entry, stars: Sequence[str], leaves: Mapping[Path, Leaf], rows_of: Mapping[str, Sequence[str]]
) -> list[str]:
    """Patterns of the rows that a figure rests on."""
    subjects = tuple(part for star in stars for part in (star, star.split("_")[0]))
    patterns: list[str] = []
    for row in entry.rows:
        filled = _filled(row, stars, leaves)
        if filled.startswith(OF):
            subject = filled.removeprefix(OF)
            patterns += rows_of.get(subject, next((rows_of[one] for one in subjects if one in rows_of), ()))
        else:
            patterns.append(filled)
    return patterns


def _filled(pattern: str, stars: Sequence[str], leaves: Mapping[Path, Leaf]) -> str:
    """A pattern with what its stars stand for, and with figures of the document."""
    return _OF_DOCUMENT.sub(lambda found: str(leaves.get((found[1],))), pattern.format(*stars))


def _rows(
    document: Document, patterns: Sequence[str], origins: Mapping[str, Mapping[str, Any]] | None
) -> tuple[Row, ...]:
    """Inputs that patterns name: of the plan where it is known, else of the catalogue.

    All answers but a plan read rows of the catalogue that the plan behind them did not.
    """
    facts = load_catalogue().facts
    known: Iterable[str] = facts if origins is None else origins
    if origins is not None and document in BESIDE_PLAN:
        known = dict.fromkeys([*facts, *origins])
    elif origins is not None and document != "build":
        known = dict.fromkeys([*origins, *(one for one in patterns if one in facts)])
    matches = re.compile("|".join(map(fnmatch.translate, patterns))).match if patterns else lambda _: None
    names = [name for name in known if matches(name.removeprefix("us."))]
    return tuple(_row(name, (origins or {}).get(name), is_default=origins is None) for name in names)


def _row(name: str, told: Mapping[str, Any] | None, *, is_default: bool) -> Row:
    fact = load_catalogue().facts.get(name)
    if told is None:
        assert fact is not None
        own = (fact.unit, fact.source, fact.status, fact.year, fact.low, fact.high)
        return Row(name, f"{fact.value:.10g}", *own, is_default=is_default)
    known = fact if fact is not None and told["origin"] == "catalogue" else None
    return Row(
        name,
        str(told["value"]),
        str(told["unit"]),
        str(told["source"]),
        str(told["status"]),
        known.year if known else None,
        known.low if known else None,
        known.high if known else None,
    )


def _objective(content: Mapping[str, Any]) -> str:
    """What the plan makes least or most within its budget: `emissions` or `clean_share`; `cost` where it is that."""
    codes = [str(one["code"]) for one in content.get("notes_said", ())]
    return next((code.removeprefix(OBJECTIVE) for code in codes if code.startswith(OBJECTIVE)), "cost")


def _answers_to_load(content: Mapping[str, Any], origins: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a price rises with what is drawn: what is paid is then more than what is made least."""
    slopes = [str(one["value"]) for name, one in origins.items() if name.startswith("grid.price_response")]
    return content.get("price_answer") is not None or any(value not in ("0", "none") for value in slopes)


def _limits(worths: Mapping[str, Mapping[str, Any]], objective: str) -> tuple[Limit, ...]:
    """Constraints that are worth something; what the objective is about is no key that could be given beside it."""
    found = [
        Limit(name, str(one["key"]), float(one["limit"]), str(one["unit"]), float(one["saving_myen"]))
        for name, one in worths.items()
        if name != OF_OBJECTIVE.get(objective)
    ]
    return tuple(one for one in found if one.saving_myen > 0.0)


def _worths_of_areas(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The worths of a national plan: of an area's spare supply, and of what is free on an interconnector."""
    kinds = (("balances", "area", "spare_supply_mw"), ("flows", "id", "limit_mw"))
    return {
        str(one[name]): {
            "key": f"{kind}.{one[name]}.{limit}",
            "limit": one[limit],
            "unit": "mw",
            "saving_myen": one["worth_myen_per_mw_year"],
        }
        for kind, name, limit in kinds
        for one in content.get(kind, ())
    }


def _unit(path: Path, leaves: Mapping[Path, Leaf]) -> str:
    """The unit at the end of a figure's name or of the nearest name above it; that of an input stands beside it."""
    beside = leaves.get((*path[:-1], "unit"))
    if isinstance(beside, str) and path[-1] in ("value", "limit", "quantity", "low", "high"):
        return beside
    return next((unit for name in reversed(path) if (unit := unit_of(name))), "")


def _range(content: Mapping[str, Any], path: Path, leaves: Mapping[Path, Leaf]) -> tuple[float | None, float | None]:
    """The range that stands beside a figure, or that a payment has of it."""
    if path[-1] == "value":
        low, high = (leaves.get((*path[:-1], end)) for end in ("low", "high"))
        if isinstance(low, int | float) and isinstance(high, int | float):
            return low, high
    ranges = content.get("range")
    found = ranges.get(path[-1]) if isinstance(ranges, Mapping) and len(path) <= len(("support", "share")) else None
    return (found["low"], found["high"]) if isinstance(found, Mapping) else (None, None)


def _is_given(content: Mapping[str, Any], dotted_path: str) -> bool:
    found: Any = content
    for name in dotted_path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found is not None and found != {}
