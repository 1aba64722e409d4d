"""How firm an answer is: its words, its tables at the command line, and the same in plain types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from rich.console import Group, RenderableType

from kiban.catalogue import load_catalogue
from kiban.finance.firmness import MEASURES, DrawnFigure, Firmness, Measure, Turn
from kiban.finance.payment import Payment
from kiban.quantities import Language, format_number, format_percent, format_share, unit_text
from kiban.report.layout import NOTHING, bullets, section, table
from kiban.report.messages import join
from kiban.report.names import Names, input_name, money_of, named
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.record import Fields
from kiban.scenario.package import load_package

SHOWN_SWINGS = 8
LEAST_SWING = 1e-3
"""Change of fiscal cost, as a share of it, below which a row is not shown at the command line."""


class RowDocument(TypedDict):
    """One row that is drawn: triangular over its low value, its value and its high value."""

    row: str
    label: Names
    kind: str
    low: float
    value: float
    high: float


class SwingDocument(TypedDict):
    """An answer with one row at its ends, all others at their values."""

    row: str
    label: Names
    low: float
    high: float
    at_low: dict[str, float | None]
    at_high: dict[str, float | None]


class StandingDocument(TypedDict):
    """An instrument against the others at the same fiscal cost, over the draws."""

    package: str
    label: Names
    reaches: float
    best: dict[str, float]
    median: dict[str, float | None]


class TurnDocument(TypedDict):
    """Where two instruments change places as one row rises."""

    goal: str
    row: str
    label: Names
    value: float
    below: str
    above: str


class CorrelationDocument(TypedDict):
    """Of the normal scores of two rows."""

    first: str
    second: str
    value: float


class FirmnessDocument(TypedDict):
    """Joint draws of what is assumed; `figures` and `parties_myen` by name, figures without end as null."""

    seed: int
    draws: int
    rows: list[RowDocument]
    correlations: list[CorrelationDocument]
    figures: dict[str, Annotated[Fields, DrawnFigure]]
    parties_myen: dict[str, Annotated[Fields, DrawnFigure]]
    tornado: list[SwingDocument]
    budget_myen: float
    instruments: list[StandingDocument]
    turns: list[TurnDocument]
    pays_for_itself: float
    design_gap: float
    designs_before: int
    designs_anew: int
    saved_anew: float


def firmness_document(payment: Payment) -> FirmnessDocument | None:
    """How firm the answer is; None where nothing was drawn."""
    found = payment.firmness
    if found is None:
        return None
    return {
        "seed": found.seed,
        "draws": found.draws,
        "rows": [
            {
                "row": row.row,
                "label": named(input_name, row.row),
                "kind": row.kind,
                "low": row.triangle.low,
                "value": row.triangle.mode,
                "high": row.triangle.high,
            }
            for row in found.rows
        ],
        "correlations": [
            {"first": first, "second": second, "value": value} for (first, second), value in found.correlations.items()
        ],
        "figures": {str(name): _spread(spread) for name, spread in found.figures.items()},
        "parties_myen": {party: _spread(spread) for party, spread in found.parties_myen.items()},
        "tornado": [
            {
                "row": swing.row,
                "label": named(input_name, swing.row),
                "low": swing.low,
                "high": swing.high,
                "at_low": _finite(swing.at_low),
                "at_high": _finite(swing.at_high),
            }
            for swing in found.swings
        ],
        "budget_myen": found.budget_myen,
        "instruments": [
            {
                "package": one.package,
                "label": named(package_name, one.package),
                "reaches": one.reaches,
                "best": {str(goal): share for goal, share in one.best.items()},
                "median": _finite(one.median),
            }
            for one in found.standings
        ],
        "turns": [
            {
                "goal": turn.goal,
                "row": turn.row,
                "label": named(input_name, turn.row),
                "value": turn.value,
                "below": turn.below,
                "above": turn.above,
            }
            for turn in found.turns
        ],
        "pays_for_itself": found.pays_for_itself,
        "design_gap": found.design_gap,
        "designs_before": found.designs_before,
        "designs_anew": found.designs_anew,
        "saved_anew": found.saved_anew,
    }


def _spread(spread: DrawnFigure) -> dict[str, float | None]:
    names = ("low", "median", "high", "mean", "standard_error")
    return _finite({name: getattr(spread, name) for name in names})


def _finite(found: Mapping[Any, float]) -> dict[str, float | None]:
    return {str(name): value if math.isfinite(value) else None for name, value in found.items()}


def package_name(name: str, language: Language) -> str:
    """Title of a package that comes with kiban; else its name."""
    package = load_package(name)
    return (package.title_ja if language == "ja" else package.title_en) or name


def firmness_sentences(payment: Payment, language: Language) -> list[str]:
    """What the draws say; nothing where nothing was drawn."""
    found = payment.firmness
    if found is None:
        return []
    money, figures = money_of(payment.after.plan, language), found.figures
    cost, windfall, induced = (figures[name] for name in ("fiscal_cost_myen", "windfall_share", "induced_it_mw"))
    said = [
        phrase(
            "draws.said",
            language,
            draws=f"{found.draws:,}",
            rows=len(found.rows),
            seed=found.seed,
            low=money.amount(cost.low),
            median=money.amount(cost.median),
            high=money.amount(cost.high),
            low_windfall=format_share(windfall.low, language),
            high_windfall=format_share(windfall.high, language),
            low_mw=format_number(induced.low),
            high_mw=format_number(induced.high),
        )
    ]
    if len(found.swings) > 1:
        first, second = (input_name(swing.row, language) for swing in found.swings[:2])
        said.append(phrase("draws.widest", language, first=first, second=second))
    best = max(found.standings, key=lambda one: one.best["induced_it_mw"])
    said.append(
        phrase(
            "draws.best",
            language,
            budget=money.amount(found.budget_myen),
            package=package_name(best.package, language),
            share=format_share(best.best["induced_it_mw"], language),
            share_value=format_share(best.best["value_of_public_funds"], language),
        )
    )
    return said


def _turn_sentence(turn: Turn, language: Language) -> str:
    fact = load_catalogue().fact(turn.row)
    return phrase(
        "draws.turn_induced" if turn.goal == "induced_it_mw" else "draws.turn_value",
        language,
        above=package_name(turn.above, language),
        below=package_name(turn.below, language),
        value=format_number(turn.value),
        unit=unit_text(fact.unit, language),
        row=input_name(turn.row, language),
    )


def _basis_sentences(found: Firmness, language: Language) -> list[str]:
    pairs = [
        phrase("draws.pair", language, first=input_name(pair[0], language), second=input_name(pair[1], language),
               value=format_number(value))
        for pair, value in found.correlations.items()
    ]  # fmt: skip
    designs = phrase(
        "draws.designs",
        language,
        before=found.designs_before,
        gap=format_share(found.design_gap, language),
        anew=found.designs_anew,
        saved=format_share(found.saved_anew, language),
    )
    said = (
        phrase("draws.correlated", language, pairs=join(pairs, language))
        if pairs
        else phrase("draws.independent", language)
    )
    return [said, phrase("draws.not_drawn", language), designs]


def firmness_sections(payment: Payment, language: Language) -> list[RenderableType]:
    """Distribution, tornado and order of instruments; nothing where nothing was drawn."""
    found = payment.firmness
    if found is None:
        return []

    def headings(*names: str) -> list[str]:
        return [phrase(f"draws.heading.{name}", language) for name in names]

    first, *rest = headings("row", "between", "at_low", "at_high", "mw_low", "mw_high")
    size, unit = money_of(payment.after.plan, language).scale(abs(payment.fiscal_cost_myen))
    turns = [_turn_sentence(turn, language) for turn in found.turns] or [phrase("draws.no_turn", language)]
    return [
        *section(
            phrase("draws.title.draws", language),
            Group(
                table(headings("figure", "plan", "low", "median", "high"), _distribution(payment, found, language),
                      numeric=(1, 2, 3, 4)),
                bullets(_basis_sentences(found, language)),
            ),
        ),
        *section(
            phrase("draws.title.tornado", language),
            table(
                [f"{first} ({unit})", *rest],
                _tornado(payment, found, language, size),
                numeric=(2, 3, 4, 5),
            ),
        ),
        *section(
            phrase("draws.title.order", language),
            Group(
                table(headings("package", "best_induced", "best_value", "median_induced", "median_value", "reaches"),
                      _order(found, language), numeric=(1, 2, 3, 4, 5)),
                bullets(turns),
            ),
        ),
    ]  # fmt: skip


def _distribution(payment: Payment, found: Firmness, language: Language) -> list[list[str]]:
    money = money_of(payment.after.plan, language)

    def text(name: Measure, value: float) -> str:
        if not math.isfinite(value):
            return NOTHING
        if name == "fiscal_cost_myen":
            return money.amount(value)
        return format_percent(value, language) if name == "windfall_share" else format_number(value)

    plan: dict[Measure, float | None] = {
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "windfall_share": payment.support.windfall_share,
        "induced_it_mw": payment.induced_it_mw,
        "value_of_public_funds": payment.value_of_public_funds,
    }
    rows = []
    for name in MEASURES:
        value, spread = plan[name], found.figures[name]
        cells = [math.inf if value is None else value, spread.low, spread.median, spread.high]
        rows.append([phrase(f"draws.figure.{name}", language), *(text(name, cell) for cell in cells)])
    for party, spread in found.parties_myen.items():
        if max(abs(spread.low), abs(spread.high)) < payment.fiscal_cost_myen * LEAST_SWING:
            continue
        value = payment.gains_myen["users"] if party == "users" else payment.party_values_myen[party]
        cells = [value, spread.low, spread.median, spread.high]
        rows.append([phrase_or(f"pay.party.{party}", language, party), *(money.amount(cell) for cell in cells)])
    return rows


def _tornado(payment: Payment, found: Firmness, language: Language, size: float) -> list[list[str]]:
    rows = []
    for swing in found.swings[:SHOWN_SWINGS]:
        costs = [at["fiscal_cost_myen"] for at in (swing.at_low, swing.at_high)]
        if abs(costs[1] - costs[0]) < LEAST_SWING * abs(payment.fiscal_cost_myen):
            continue
        between = phrase(
            "draws.between",
            language,
            low=format_number(swing.low),
            high=format_number(swing.high),
            unit=unit_text(load_catalogue().fact(swing.row).unit, language),
        ).strip()
        loads = (format_number(at["induced_it_mw"]) for at in (swing.at_low, swing.at_high))
        rows.append([input_name(swing.row, language), between, *(format_number(cost / size) for cost in costs), *loads])
    return rows


def _order(found: Firmness, language: Language) -> list[list[str]]:
    def plain(value: float) -> str:
        return format_number(value) if math.isfinite(value) else NOTHING

    return [
        [
            package_name(one.package, language),
            format_percent(one.best["induced_it_mw"], language),
            format_percent(one.best["value_of_public_funds"], language),
            plain(one.median["induced_it_mw"]),
            plain(one.median["value_of_public_funds"]),
            format_percent(one.reaches, language),
        ]
        for one in found.standings
    ]
