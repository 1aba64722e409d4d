"""The frontier in plain types: what `--json` prints, jobs answer, and the page of a report encloses.

Every word that the screen shows of it stands here, in both languages: those of the terminal and of the page.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from kiban.errors import OutputError, Problem, reason_of
from kiban.messages import Message
from kiban.planning.frontier import MEASURES, Frontier, FrontierPoint
from kiban.quantities import LANGUAGES, round_significant
from kiban.report.names import Names
from kiban.report.phrases import phrase
from kiban.report.plan.frontier import axis_words, best_sentence, finding, list_points, name_point, needed_change
from kiban.report.plan.record import to_json
from kiban.scenario import Scenario
from kiban.scenario.plain import plain_scenario, restore_scenario

FORMAT = "kiban frontier"
FILE = "frontier.json"
"""The name under which a plan's folder holds its frontier."""
TABLE_DIGITS = 6


class FrontierPointDocument(TypedDict):
    """A point: what it costs at least, its proof, its figures in a sentence, and the keys that ask for it."""

    cost_myen_per_year: float
    emissions_t_per_year: float
    clean_share: float
    price_myen: float
    cooling_system: str
    capacities: dict[str, float]
    relative_gap: float
    sentence: Names
    apply: dict[str, float | str | None]


class FrontierTable(TypedDict):
    """The points as rows, amounts in the unit that the column names."""

    columns: list[str]
    rows: list[list[float | str]]


class FrontierAxes(TypedDict):
    """What the axes of the drawing say: their names, and the points at their ends."""

    across: Names
    across_low: Names
    across_high: Names
    up: Names
    up_low: Names
    up_high: Names


class FrontierDocument(TypedDict):
    """The frontier between cost and `measure`, the least cost first; `best` is the best for a budget."""

    format: str
    name: str
    measure: str
    points: list[FrontierPointDocument]
    best: FrontierPointDocument | None
    best_sentence: Names | None
    title: Names
    finding: Names
    axes: FrontierAxes
    table_en: FrontierTable
    table_ja: FrontierTable
    scenario: dict[str, Any]


def frontier_document(frontier: Frontier) -> FrontierDocument:
    """The frontier with its words and its scenario."""
    best = frontier.best
    tables = {language: _table(frontier, language) for language in LANGUAGES}
    words = {language: axis_words(frontier, language) for language in LANGUAGES}
    axes: Any = {name: {language: words[language][name] for language in LANGUAGES} for name in words["en"]}
    return {
        "format": FORMAT,
        "name": frontier.scenario.name,
        "measure": frontier.measure,
        "points": [_point(point, frontier) for point in frontier.points],
        "best": None if best is None else _point(best, frontier),
        "best_sentence": None if best is None else _both(lambda language: best_sentence(frontier, language)),
        "title": _both(lambda language: phrase("frontier.title", language, name=frontier.scenario.name)),
        "finding": _both(lambda language: finding(frontier, language)),
        "axes": axes,
        "table_en": tables["en"],
        "table_ja": tables["ja"],
        "scenario": plain_scenario(frontier.scenario),
    }


def restore_frontier(document: Mapping[str, Any]) -> Frontier:
    """The frontier of a document; KeyError, TypeError or ValueError where it is none."""
    if document["format"] != FORMAT or document["measure"] not in MEASURES:
        raise ValueError(f"format {document['format']!r}, measure {document['measure']!r}")
    points = [_restore_point(point) for point in document["points"]]
    if not points or not all(math.isfinite(point.cost_myen_per_year) for point in points):
        raise ValueError("points")
    best = document["best"]
    scenario: Scenario = restore_scenario(document["scenario"])
    return Frontier(scenario, document["measure"], tuple(points), None if best is None else _restore_point(best))


def frontier_file(frontier: Frontier) -> str:
    """The content of `frontier.json`, from which `read_frontier` makes the same frontier."""
    return to_json(dict(frontier_document(frontier)))


def read_frontier(path: str | Path) -> Frontier:
    """The frontier in a file; `OutputError` where it holds none."""
    try:
        return restore_frontier(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise OutputError(Problem("command.no_report", str(path), reason=reason_of(error))) from None
    except (KeyError, TypeError, ValueError) as error:
        reason = Message("command.no_frontier", format=FORMAT, reason=str(error))
        raise OutputError(Problem("command.no_report", str(path), reason=reason)) from None


def _restore_point(point: Mapping[str, Any]) -> FrontierPoint:
    return FrontierPoint(**{field.name: point[field.name] for field in dataclasses.fields(FrontierPoint)})


def _point(point: FrontierPoint, frontier: Frontier) -> FrontierPointDocument:
    return {
        "cost_myen_per_year": point.cost_myen_per_year,
        "emissions_t_per_year": point.emissions_t_per_year,
        "clean_share": point.clean_share,
        "price_myen": point.price_myen,
        "cooling_system": point.cooling_system,
        "capacities": dict(point.capacities),
        "relative_gap": point.relative_gap,
        "sentence": _both(lambda language: name_point(point, frontier, language)),
        "apply": needed_change(point, frontier),
    }


def _table(frontier: Frontier, language: Any) -> FrontierTable:
    columns, rows = list_points(frontier, language)
    digits = [
        [cell if isinstance(cell, str) else round_significant(cell, TABLE_DIGITS) for cell in row] for row in rows
    ]
    return {"columns": columns, "rows": digits}


def _both(say: Any) -> Names:
    return {"en": say("en"), "ja": say("ja")}
