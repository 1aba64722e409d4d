"""The frontier between cost and emissions or clean share: as text with a drawing, a document, CSV, SVG and a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.planning.frontier import Frontier, FrontierPoint
from kiban.quantities import (
    LANGUAGES,
    Language,
    MoneyFormat,
    format_given,
    format_number,
    format_share,
    round_outward,
    term,
)
from kiban.report.layout import section, table
from kiban.report.names import money_format
from kiban.report.phrases import phrase
from kiban.report.table_file import csv_text

ROWS, COLUMNS = 14, 60
POINT = "●"
PAGE_STYLE = (
    "<style>body{font-family:sans-serif;color:#17202b;max-width:48em;margin:2em auto;padding:0 1em}h1{font-size:1.3em}"
    "svg{max-width:100%;height:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2em .8em;text-align:right;border-bottom:1px solid #d5dae0}caption{text-align:left;padding:.5em 0}"
    "section+section{margin-top:3em;border-top:1px solid #57626f}</style>"
)


def frontier_document(frontier: Frontier) -> dict[str, Any]:
    """The frontier in plain types."""
    best = frontier.best
    return {
        "measure": frontier.measure,
        "points": [dataclasses.asdict(point) for point in frontier.points],
        "best": dataclasses.asdict(best) if best is not None else None,
    }


def frontier_csv(frontier: Frontier) -> str:
    """One row a point; capacities by name, in the unit that the name ends in."""
    names = list(dict.fromkeys(name for point in frontier.points for name in point.capacities))
    price = "price_myen_per_t" if frontier.measure == "emissions" else "price_myen_per_point"
    columns = ["cost_myen_per_year", "emissions_t_per_year", "clean_share", price, "relative_gap", "cooling_system"]
    rows = []
    for point in frontier.points:
        figures = (point.cost_myen_per_year, point.emissions_t_per_year, point.clean_share, point.price_myen)
        capacities = [f"{point.capacities.get(name, 0.0):.6g}" for name in names]
        shown = [f"{figure:.9g}" for figure in figures]
        rows.append([*shown, f"{point.relative_gap:.1e}", point.cooling_system, *capacities])
    return csv_text([*columns, *names], rows)


def frontier_text(frontier: Frontier, language: Language) -> RenderableType:
    """A drawing, the points in a table, and what a budget buys."""
    headings, rows = _table(frontier, language)
    parts: list[RenderableType] = [
        *section(phrase("frontier.title", language, name=frontier.scenario.name), Text(draw(frontier, language))),
        *section(phrase("frontier.points", language), table(headings, rows, numeric=range(4))),
    ]
    if frontier.best is not None:
        parts += section(phrase("frontier.budget", language), Text(best_sentence(frontier, language)))
    return Group(*parts)


def frontier_page(frontier: Frontier, language: Language) -> str:
    """The drawing, the points and what a budget buys as one HTML page in both languages, the given one first."""
    name = escape(frontier.scenario.name)
    parts = []
    for shown in sorted(LANGUAGES, key=lambda other: other != language):
        headings, rows = _table(frontier, shown)
        head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        best = f"<p>{escape(best_sentence(frontier, shown))}</p>" if frontier.best is not None else ""
        title = escape(phrase("frontier.title", shown, name=frontier.scenario.name))
        parts.append(
            f'<section lang="{shown}"><h1>{title}</h1>{frontier_svg(frontier, shown)}{best}'
            f"<table><caption>{escape(phrase('frontier.points', shown))}</caption>"
            f"<tr>{head}</tr>{body}</table></section>"
        )
    head = f'<!DOCTYPE html>\n<html lang="{language}"><meta charset="utf-8"><title>{name}</title>{PAGE_STYLE}'
    return "".join((head, *parts, "\n"))


def _table(frontier: Frontier, language: Language) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the points; the first four columns are numbers."""
    money = _money(frontier, language)
    size, unit = money.scale(max(point.cost_myen_per_year for point in frontier.points))
    small, small_unit = money.scale(1.0)
    headings = [
        f"{phrase('frontier.cost', language)} {unit}",
        phrase("frontier.emissions_t", language),
        phrase("frontier.clean_share", language),
        f"{phrase(f'frontier.price_{frontier.measure}', language)} {small_unit}",
    ]
    rows = [
        [
            f"{point.cost_myen_per_year / size:,.2f}",
            f"{point.emissions_t_per_year:,.0f}",
            format_share(point.clean_share, language),
            format_number(point.price_myen / small),
        ]
        for point in frontier.points
    ]
    systems = [term(point.cooling_system, language) for point in frontier.points]
    if len(set(systems)) > 1:
        headings.append(phrase("frontier.cooling", language))
        rows = [[*row, system] for row, system in zip(rows, systems, strict=True)]
    return headings, rows


def best_sentence(frontier: Frontier, language: Language) -> str:
    """What the budget buys at best, and the key that asks for it."""
    best = frontier.best
    assert best is not None
    cost = _money(frontier, language).amount(best.cost_myen_per_year)
    if frontier.measure == "emissions":
        # A little above, so that it can be typed in and costs no more.
        cap = format_given(round_outward(max(best.emissions_t_per_year * (1.0 + 1e-3), 1.0), 0.0))
        emissions = format_number(best.emissions_t_per_year)
        return phrase("frontier.best_emissions", language, cost=cost, emissions=emissions, cap=cap)
    share = f"{max(best.clean_share - 1e-4, 0.0):.4f}"
    return phrase(
        "frontier.best_clean_share", language, cost=cost, amount=format_share(best.clean_share, language), share=share
    )


def draw(frontier: Frontier, language: Language) -> str:
    """The points on a grid of characters: cost to the right, the measure upwards."""
    money = _money(frontier, language)
    costs = [point.cost_myen_per_year for point in frontier.points]
    values = [_value(point, frontier) for point in frontier.points]
    across, up = _place(costs, COLUMNS), _place(values, ROWS)
    grid = [[" "] * COLUMNS for _ in range(ROWS)]
    for x, y in zip(across, up, strict=True):
        grid[ROWS - 1 - y][x] = POINT
    labels = [_say(max(values), frontier, language), *[""] * (ROWS - 2), _say(min(values), frontier, language)]
    width = max(len(label) for label in labels)
    lines = [
        phrase(f"frontier.axis_{frontier.measure}", language),
        *(f"{label:>{width}} │{''.join(row)}".rstrip() for label, row in zip(labels, grid, strict=True)),
        f"{'':>{width}} └{'─' * COLUMNS}",
    ]
    left, right = money.amount(min(costs)), money.amount(max(costs))
    lines.append(f"{'':>{width}}  {left}{right:>{max(COLUMNS - len(left), len(right) + 1)}}")
    lines.append(f"{'':>{width}}  {phrase('frontier.axis_cost', language)}")
    return "\n".join(lines)


def frontier_svg(frontier: Frontier, language: Language) -> str:
    """The drawing as SVG, 640 by 400."""
    money = _money(frontier, language)
    costs = [point.cost_myen_per_year for point in frontier.points]
    values = [_value(point, frontier) for point in frontier.points]
    xs = [110.0 + 500.0 * place for place in _shares(costs)]
    ys = [330.0 - 290.0 * place for place in _shares(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in zip(xs, ys, strict=True))
    words = (
        (110, 24, "start", phrase(f"frontier.axis_{frontier.measure}", language)),
        (100, 44, "end", _say(max(values), frontier, language)),
        (100, 334, "end", _say(min(values), frontier, language)),
        (110, 356, "start", money.amount(min(costs))),
        (610, 356, "end", money.amount(max(costs))),
        (360, 384, "middle", phrase("frontier.axis_cost", language)),
    )
    texts = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>' for x, y, anchor, said in words
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" width="640" height="400" '
        'font-family="sans-serif" font-size="13"><rect width="640" height="400" fill="#fff"/>'
        '<path d="M110 40V330H610" fill="none" stroke="#57626f"/>'
        f'<polyline points="{path}" fill="none" stroke="#0b6e4f" stroke-width="2"/><g fill="#0b6e4f">{dots}</g>'
        f'<g fill="#17202b">{texts}</g></svg>\n'
    )


def _money(frontier: Frontier, language: Language) -> MoneyFormat:
    return money_format(frontier.scenario, language)


def _value(point: FrontierPoint, frontier: Frontier) -> float:
    return point.emissions_t_per_year if frontier.measure == "emissions" else point.clean_share


def _say(value: float, frontier: Frontier, language: Language) -> str:
    return f"{value:,.0f} t" if frontier.measure == "emissions" else format_share(value, language)


def _shares(values: Sequence[float]) -> list[float]:
    least, span = min(values), max(values) - min(values)
    return [(value - least) / span if span > 0 else 0.0 for value in values]


def _place(values: Sequence[float], count: int) -> list[int]:
    return [round(share * (count - 1)) for share in _shares(values)]
