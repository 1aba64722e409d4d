"""The frontier between cost and emissions or clean share: as text with a drawing, a document, CSV, SVG and a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
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
from kiban.report.plan.tables import Cell, Table
from kiban.report.table_file import csv_text

ROWS, COLUMNS = 14, 60
POINT = "●"
# Room of a target that asks for a point, as a share of it and as a share of one, and the digits in which it is written.
ROOM: Final = 1e-6
ASKED_DIGITS: Final = 6
TINY_CAP: Final = 1.0
PAGE_STYLE = (
    "<style>body{font-family:sans-serif;color:#17202b;max-width:48em;margin:2em auto;padding:0 1em}h1{font-size:1.3em}"
    "svg{max-width:100%;height:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2em .8em;text-align:right;border-bottom:1px solid #d5dae0}caption{text-align:left;padding:.5em 0}"
    "section+section{margin-top:3em;border-top:1px solid #57626f}</style>"
)


def frontier_csv(frontier: Frontier) -> str:
    """One row a point; capacities by name, in the unit that the name ends in."""
    table = frontier_table(frontier)
    rows = [[f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row] for row in table.rows]
    return csv_text(table.columns, rows)


def frontier_table(frontier: Frontier) -> Table:
    """One row a point, every digit: what CSV and workbook hold."""
    names = list(dict.fromkeys(name for point in frontier.points for name in point.capacities))
    price = "price_myen_per_t" if frontier.measure == "emissions" else "price_myen_per_point"
    columns = ["cost_myen_per_year", "emissions_t_per_year", "clean_share", price, "relative_gap", "cooling_system"]
    rows: list[tuple[Cell, ...]] = []
    for point in frontier.points:
        figures = (point.cost_myen_per_year, point.emissions_t_per_year, point.clean_share, point.price_myen)
        capacities = [point.capacities.get(name, 0.0) for name in names]
        rows.append((*figures, point.relative_gap, point.cooling_system, *capacities))
    return Table("frontier", (*columns, *names), tuple(rows))


def frontier_text(frontier: Frontier, language: Language) -> RenderableType:
    """What was found, a drawing, the points in a table, and what a budget buys."""
    headings, rows = _table(frontier, language)
    drawing = Text("\n\n".join((finding(frontier, language), draw(frontier, language))))
    parts: list[RenderableType] = [
        *section(phrase("frontier.title", language, name=frontier.scenario.name), drawing),
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
            f'<section lang="{shown}"><h1>{title}</h1><p>{escape(finding(frontier, shown))}</p>'
            f"{frontier_svg(frontier, shown)}{best}"
            f"<table><caption>{escape(phrase('frontier.points', shown))}</caption>"
            f"<tr>{head}</tr>{body}</table></section>"
        )
    head = f'<!DOCTYPE html>\n<html lang="{language}"><meta charset="utf-8"><title>{name}</title>{PAGE_STYLE}'
    return "".join((head, *parts, "\n"))


def _table(frontier: Frontier, language: Language) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the points as they are read; the first four columns are numbers."""
    headings, rows = list_points(frontier, language)
    shown = []
    for point, (cost, emissions, _, price, *system) in zip(frontier.points, rows, strict=True):
        share = format_share(point.clean_share, language)
        shown.append([f"{cost:,.2f}", f"{emissions:,.0f}", share, format_number(float(price)), *map(str, system)])
    return headings, shown


def list_points(frontier: Frontier, language: Language) -> tuple[list[str], list[list[float | str]]]:
    """Headings and rows of the points: amounts in the reader's units, the share in per cent, the cooling system."""
    money = _money(frontier, language)
    size, unit = money.scale(max(point.cost_myen_per_year for point in frontier.points))
    small, small_unit = money.scale(1.0)
    headings = [
        f"{phrase('frontier.cost', language)} {unit}",
        phrase("frontier.emissions_t", language),
        f"{phrase('frontier.clean_share', language)} %",
        f"{phrase(f'frontier.price_{frontier.measure}', language)} {small_unit}",
    ]
    rows: list[list[float | str]] = [
        [
            point.cost_myen_per_year / size,
            point.emissions_t_per_year,
            100.0 * point.clean_share,
            point.price_myen / small,
        ]
        for point in frontier.points
    ]
    systems = [term(point.cooling_system, language) for point in frontier.points]
    if len(set(systems)) > 1:
        headings.append(phrase("frontier.cooling", language))
        rows = [[*row, system] for row, system in zip(rows, systems, strict=True)]
    return headings, rows


def finding(frontier: Frontier, language: Language) -> str:
    """What the frontier says in a sentence: from where to where, and what that costs."""
    first, last = frontier.points[0], frontier.points[-1]
    money = _money(frontier, language)
    return phrase(
        f"frontier.finding_{frontier.measure}" if len(frontier.points) > 1 else "frontier.finding_one",
        language,
        first=_say(_value(first, frontier), frontier, language),
        last=_say(_value(last, frontier), frontier, language),
        cost=money.amount(first.cost_myen_per_year),
        more=money.amount(last.cost_myen_per_year - first.cost_myen_per_year),
    )


def name_point(point: FrontierPoint, frontier: Frontier, language: Language) -> str:
    """A point in its figures."""
    return phrase(
        "frontier.point",
        language,
        cost=_money(frontier, language).amount(point.cost_myen_per_year),
        emissions=format_number(point.emissions_t_per_year),
        share=format_share(point.clean_share, language),
    )


def needed_change(point: FrontierPoint, frontier: Frontier) -> dict[str, float | str | None]:
    """The keys of the scenario that ask for a point, a little to the cheaper side so that there surely is a design."""
    change: dict[str, float | str | None]
    if frontier.measure == "emissions":
        cap = max(point.emissions_t_per_year * (1.0 + ROOM), TINY_CAP)
        change = {"target.carbon_cap_t_per_year": round_outward(cap, 0.0, ASKED_DIGITS)}
    else:
        share = 10**ASKED_DIGITS * max(point.clean_share - ROOM, 0.0)
        change = {"target.clean_share": math.floor(share) / 10**ASKED_DIGITS}
    if frontier.scenario.target.objective != "cost":
        # The best for a budget has no limit of what it makes the best of.
        change |= {"target.objective": "cost", "target.budget_myen_per_year": None}
    return change


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


def axis_words(frontier: Frontier, language: Language) -> dict[str, str]:
    """What the axes of the drawing say: their names, and the figures at their ends."""
    money = _money(frontier, language)
    costs = [point.cost_myen_per_year for point in frontier.points]
    values = [_value(point, frontier) for point in frontier.points]
    return {
        "across": phrase("frontier.axis_cost", language),
        "across_low": money.amount(min(costs)),
        "across_high": money.amount(max(costs)),
        "up": phrase(f"frontier.axis_{frontier.measure}", language),
        "up_low": _say(min(values), frontier, language),
        "up_high": _say(max(values), frontier, language),
    }


def frontier_svg(frontier: Frontier, language: Language) -> str:
    """The drawing as SVG, 640 by 400."""
    costs = [point.cost_myen_per_year for point in frontier.points]
    values = [_value(point, frontier) for point in frontier.points]
    xs = [110.0 + 500.0 * place for place in _shares(costs)]
    ys = [330.0 - 290.0 * place for place in _shares(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in zip(xs, ys, strict=True))
    said = axis_words(frontier, language)
    words = (
        (110, 24, "start", said["up"]),
        (100, 44, "end", said["up_high"]),
        (100, 334, "end", said["up_low"]),
        (110, 356, "start", said["across_low"]),
        (610, 356, "end", said["across_high"]),
        (360, 384, "middle", said["across"]),
    )
    texts = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(word)}</text>' for x, y, anchor, word in words
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
