"""Why a figure is what it is, in words and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.figures.entries import Document, load_table
from kiban.figures.explanation import Explanation, Limit, Row, Taken
from kiban.figures.leaves import Leaf, Path, dotted
from kiban.planning.design import capacity_parts
from kiban.quantities import LANGUAGES, Language, format_exact, format_number, term, unit_of, unit_text
from kiban.report.economy.words import economy_word
from kiban.report.layout import Sentence, bullets, lines, section, table
from kiban.report.names import indicator_name, input_name, subject_name
from kiban.report.phrases import phrase, phrase_or

FORMAT = "kiban why"
VERSION = 1
SHOWN_ROWS = 12
SHOWN_INPUTS = 24
COMMANDS: dict[Document, str] = {
    "build": "kiban build",
    "pay": "kiban pay",
    "run": "kiban run",
    "impact": "kiban impact",
    "japan": "kiban build japan",
    "economy": "kiban economy",
    "pay_japan": "kiban pay japan",
    "connect": "kiban connect",
    "race": "kiban race",
    "frontier": "kiban frontier",
}


def figure_name(document: Document, path: Path, language: Language) -> str:
    """Name of a figure as it is printed: an indicator's, a capacity's, else that of its family and what it is of."""
    own, family, of = _name_parts(document, path, language)
    if own:
        return own
    if not family:
        return dotted(path)
    shown = f"（{of}）" if language == "ja" else f" ({of})"
    return f"{family}{shown}" if of else family


def figure_names(document: Document, path: Path) -> tuple[str, ...]:
    """Whatever a figure may be called, in all languages: its whole name, and what it is of alone."""
    found = []
    for language in LANGUAGES:
        found += [figure_name(document, path, language), _name_parts(document, path, language)[2]]
    return tuple(name for name in found if name)


@cache
def _name_parts(document: Document, path: Path, language: Language) -> tuple[str, str, str]:
    """A name of its own; else that of the family, and what of the family it is."""
    head, last = path[0], path[-1]
    if document in ("build", "run") and head == "indicators":
        return indicator_name(last, language), "", ""
    if head == "costs":
        return subject_name(last, language), "", ""
    if document == "build" and head == "capacities":
        return subject_name(capacity_parts(last)[0], language), "", ""
    found = load_table(document).find(path)
    if found is None:
        return "", "", ""
    entry, stars = found
    own = phrase_or(f"{entry.formula.rpartition('.')[0]}.name", language, "")
    family = own or phrase(f"{entry.family}.name", language)
    told = [star for star in stars if star] or ([] if own or len(path) == 1 else [last])
    gap = "・" if language == "ja" else " "
    return "", family, gap.join(_word(document, part, language) for star in told for part in star.split("."))


def why_document(found: Explanation) -> dict[str, Any]:
    """Everything in plain types."""
    entry = found.entry
    return {
        "format": FORMAT,
        "version": VERSION,
        "of": found.document,
        "figure": dotted(found.path),
        "name": {language: figure_name(found.document, found.path, language) for language in LANGUAGES},
        "value": found.value,
        "unit": found.unit,
        "range": None if found.low is None else {"low": found.low, "high": found.high},
        "formula": {language: _words(found, language) for language in LANGUAGES},
        "symbols": entry.symbols,
        "expression": entry.expression or None,
        "again": found.again,
        "code": list(entry.code),
        "page": entry.page,
        "held": entry.held,
        "inputs": [dataclasses.asdict(one) for one in found.inputs],
        "rows": [dataclasses.asdict(one) for one in found.rows],
        "constraints": [dataclasses.asdict(one) for one in found.limits],
        "constraints_are_derivatives": found.exact,
        "only_solving_tells": {language: phrase(f"why.solving.{found.document}", language) for language in LANGUAGES},
    }


def why_text(found: Explanation, language: Language) -> RenderableType:
    """Value, formula, inputs, rows and prices, and what would change it."""
    value = _value(found.value, found.unit, language)
    name = figure_name(found.document, found.path, language)
    answer = phrase("why.answer", language, name=name, value=value)
    where = phrase("why.path", language, command=COMMANDS[found.document], path=dotted(found.path))
    parts: list[RenderableType] = [Text(), Sentence(answer, style="bold"), Sentence(where)]
    if found.entry.is_text:
        return Group(*parts, Sentence(phrase("why.text", language)))
    parts += section(phrase("why.title.formula", language), lines(_formula(found, language)))
    if found.inputs:
        parts += section(phrase("why.title.inputs", language), _inputs(found.inputs, language))
    if found.rows:
        parts += section(phrase("why.title.rows", language), _rows(found.rows, language))
    if found.limits:
        parts += section(phrase("why.title.limits", language), _limits(found.limits, language))
    parts += section(phrase("why.title.changes", language), bullets(_changes(found, language)))
    return Group(*parts)


def _formula(found: Explanation, language: Language) -> list[str]:
    entry = found.entry
    said = [phrase("why.formula", language, words=_words(found, language).rstrip("。."))]
    if entry.symbols:
        said.append(phrase("why.symbols", language, symbols=entry.symbols))
    if found.again is None:
        if not entry.expression:
            said.append(phrase("why.no_arithmetic", language))
        elif not found.knows_plan and any(one.value is None for one in found.inputs):
            said.append(phrase("why.unknown_row", language))
    else:
        said.append(
            phrase("why.again", language, expression=entry.expression, value=format_exact(found.again))
            if found.agrees
            else phrase("why.differs", language, value=format_exact(found.again))
        )
    if entry.code and entry.page:
        code = ", ".join(f"src/kiban/{file}" for file in entry.code)
        said.append(phrase("why.calculated", language, code=code, page=entry.page))
    if entry.held:
        said.append(phrase("why.held", language, held=entry.held.replace("`", "")))
    if found.low is not None and found.high is not None:
        low, high = (_value(end, found.unit, language) for end in (found.low, found.high))
        said.append(phrase("why.range", language, low=low, high=high))
    return said


def _words(found: Explanation, language: Language) -> str:
    """The formula in words; an indicator has its own."""
    key = found.entry.formula.format(found.path[-1])
    own = phrase_or(key, language, "")
    return own or phrase(f"{found.entry.family}.words", language)


def _inputs(inputs: Sequence[Taken], language: Language) -> RenderableType:
    rows = [
        [
            one.name,
            _plain(one.value, language),
            unit_text(one.unit, language),
            "" if one.one_percent is None else _signed(one.one_percent),
        ]
        for one in _most_moving(inputs)
    ]
    names = ("input", "value", "unit", "one_percent")
    return table([phrase(f"why.heading.{name}", language) for name in names], rows, numeric=(1, 3))


def _most_moving(inputs: Sequence[Taken]) -> Sequence[Taken]:
    """All inputs, or those that move the figure most, in their order."""
    if len(inputs) <= SHOWN_INPUTS:
        return inputs
    places = sorted(range(len(inputs)), key=lambda place: -abs(inputs[place].one_percent or 0.0))[:SHOWN_INPUTS]
    return [inputs[place] for place in sorted(places) if inputs[place].one_percent]


def _rows(rows: Sequence[Row], language: Language) -> RenderableType:
    said = []
    for row in rows[:SHOWN_ROWS]:
        name = input_name(row.id, language)
        words = {
            "row": row.id,
            "value": f"{row.value} {unit_text(row.unit, language)}".strip(),
            "status": phrase_or(f"why.status.{row.status}", language, row.status),
            "source": row.source.replace(";", "; "),
        }
        said.append(
            phrase("why.row", language, **words)
            + (
                ""
                if row.low is None or row.high is None
                else phrase("why.row_range", language, low=f"{row.low:g}", high=f"{row.high:g}")
            )
            + (phrase("why.row_default", language) if row.is_default else "")
            + ("" if name == row.id else phrase("why.row_name", language, name=name))
        )
    return bullets(said)


def _limits(limits: Sequence[Limit], language: Language) -> RenderableType:
    rows = [
        [
            subject_name(one.name.removesuffix("_limit").removesuffix("_least"), language),
            one.key,
            f"{format_exact(one.limit)} {unit_text(one.unit, language)}",
            format_number(one.saving_myen),
        ]
        for one in limits
    ]
    names = ("constraint", "key", "limit", "saving")
    return table([phrase(f"why.heading.{name}", language) for name in names], rows, numeric=(2, 3))


def _changes(found: Explanation, language: Language) -> list[str]:
    said = []
    if found.limits:
        kind = "exact" if found.exact else "solve" if found.entry.duals == "objective" else "shape"
        said.append(phrase(f"why.limits_{kind}", language))
    elif found.entry.duals:
        has_own = found.document == "build"
        said.append(phrase("why.no_limits" if has_own else "why.limits_unknown", language))
    if any(one.one_percent is not None for one in found.inputs):
        said.append(phrase("why.one_percent", language))
        shown = len(_most_moving(found.inputs))
        if shown < len(found.inputs):
            said.append(phrase("why.more_inputs", language, shown=shown, count=len(found.inputs) - shown))
        if found.exact:
            said.append(phrase("why.envelope", language))
    if found.rows:
        assumed = sum(row.status == "assumed" for row in found.rows)
        said.append(phrase("why.rests", language, count=assumed, all=len(found.rows)))
        if len(found.rows) > SHOWN_ROWS:
            said.append(phrase("why.more_rows", language, count=len(found.rows) - SHOWN_ROWS))
    said.append(phrase("why.only_solving", language) + " " + phrase(f"why.solving.{found.document}", language))
    return said


def _value(value: Leaf, unit: str, language: Language) -> str:
    words = unit_text(unit, language) if isinstance(value, int | float) and not isinstance(value, bool) else ""
    return f"{_plain(value, language)} {words}".strip()


def _plain(value: Leaf, language: Language) -> str:
    if value is None:
        return phrase("why.empty", language)
    if isinstance(value, bool):
        return phrase(f"why.{str(value).lower()}", language)
    return value if isinstance(value, str) else format_exact(value)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_exact(value)}"


@cache
def _word(document: Document, name: str, language: Language) -> str:
    """A part of a path in words: what it measures or names, else the glossary's term."""
    unit = unit_of(name)
    plain = name.removesuffix(f"_{unit}") if unit and unit != "share" else name
    own = economy_word(name, language) if document == "economy" else ""
    own = own or phrase_or(f"area.{name}", language, "")
    return own or phrase_or(f"why.word.{plain}", language, term(plain, language))
