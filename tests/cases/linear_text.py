"""A programme, or what one block adds to it, as text in the LP format: small enough to be read and reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from kiban.linear import Staircase
from kiban.linear.staircase import HourlyRow

WIDTH = 118
Part = tuple[float, str]
"""A coefficient and the name of a decision."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a programme there was: what comes after it is new."""

    constant: float = 0.0
    capacities: int = 0
    variables: int = 0
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Numbers of terms and of terms in capacities, by row."""


def extent_of(programme: Staircase) -> Extent:
    """How much of a programme there is now."""
    rows = {**programme.rows, **programme.totals}
    return Extent(
        programme.constant,
        len(programme.capacities),
        len(programme.variables),
        {name: (len(row.terms), len(row.capacities)) for name, row in rows.items()},
    )


def write_linear_text(programme: Staircase, title: str, before: Extent | None = None) -> str:
    """The LP format of a programme, or of what has come to it since: decisions, rows, and new terms of older rows.

    A row that was there before is written with its own bounds and the new terms alone.
    """
    before = before or Extent()
    capacities = list(programme.capacities.values())[before.capacities :]
    variables = list(programme.variables.values())[before.variables :]
    steps = range(programme.steps)
    costs = [(capacity.cost, capacity.name) for capacity in capacities]
    costs += [(float(variable.cost[t]), f"{variable.name}_{t}") for variable in variables for t in steps]
    constant = programme.constant - before.constant
    lines = [f"\\ {title}", "minimize", *_write_sum("cost", costs, constant), "subject to"]
    for row in programme.rows.values():
        old = before.rows.get(row.name, (0, 0))
        if row.name not in before.rows or (len(row.terms), len(row.capacities)) != old:
            for t in steps:
                lines += _write_row(f"{row.name}_{t}", _parts(programme, row, old, t), row.lower[t], row.upper[t])
    for variable in variables:
        if variable.capacity is not None:
            for t in steps:
                parts = [(1.0, f"{variable.name}_{t}"), (-float(variable.factor[t]), variable.capacity)]
                lines += _write_row(f"bound_{variable.name}_{t}", parts, -np.inf, variable.upper[t])
    for total in programme.totals.values():
        old = before.rows.get(total.name, (0, 0))
        if total.name in before.rows and (len(total.terms), len(total.capacities)) == old:
            continue
        parts = [(float(each[t]), f"{name}_{t}") for name, each in total.terms[old[0] :] for t in steps]
        parts += [(value, name) for name, value in total.capacities[old[1] :]]
        lines += _write_row(total.name, parts, total.lower, total.upper)
    lines.append("bounds")
    for capacity in capacities:
        lines += _write_bounds(capacity.name, capacity.lower, capacity.upper)
    for variable in variables:
        for t in steps:
            upper = np.inf if variable.capacity is not None else variable.upper[t]
            lines += _write_bounds(f"{variable.name}_{t}", variable.lower[t], upper)
    whole = [capacity.name for capacity in capacities if capacity.integer]
    if whole:
        lines += ["general", f" {' '.join(whole)}"]
    return "\n".join([*lines, "end"]) + "\n"


def _parts(programme: Staircase, row: HourlyRow, old: tuple[int, int], t: int) -> Iterator[Part]:
    """New terms of one row in one step; what is lagged closes within its block of steps, or is absent at its start."""
    start = t - t % programme.block_steps
    for term in row.terms[old[0] :]:
        if not term.lagged:
            yield float(term.coefficient[t]), f"{term.variable}_{t}"
        elif term.cyclic or t > start:
            last = start + (t - 1 - start) % programme.block_steps
            yield float(term.coefficient[t]), f"{term.variable}_{last}"
    for capacity, coefficient in row.capacities[old[1] :]:
        yield float(coefficient[t]), capacity


def _write_row(name: str, parts: Iterable[Part], lower: float, upper: float) -> list[str]:
    parts = list(parts)
    if lower == upper:
        return _write_sum(name, parts, end=f"= {_number(upper)}")
    lines = []
    if np.isfinite(upper):
        lines += _write_sum(name, parts, end=f"<= {_number(upper)}")
    if np.isfinite(lower):
        lines += _write_sum(f"{name}_least" if lines else name, parts, end=f">= {_number(lower)}")
    return lines or _write_sum(name, parts, end="free")


def _write_sum(name: str, parts: Iterable[Part], constant: float = 0.0, end: str = "") -> list[str]:
    words = [f"{'-' if value < 0 else '+'} {_factor(abs(value))}{what}" for value, what in parts if value != 0.0]
    words += [f"{'-' if constant < 0 else '+'} {_number(abs(constant))}"] if constant else []
    lines, line = [], f" {name}:"
    for word in [*(words or ["0"]), end]:
        if len(line) + len(word) >= WIDTH:
            lines.append(line)
            line = "   "
        line = f"{line} {word}" if word else line
    return [*lines, line]


def _write_bounds(name: str, lower: float, upper: float) -> list[str]:
    """The bounds of a decision; nothing where it may be any number from zero, which is what the format takes it for."""
    if lower == upper:
        return [f" {name} = {_number(lower)}"]
    if np.isinf(lower) and np.isinf(upper):
        return [f" {name} free"]
    if lower == 0.0 and np.isinf(upper):
        return []
    below = "" if lower == 0.0 else f"{_number(lower)} <= "
    return [f" {below}{name}" + ("" if np.isinf(upper) else f" <= {_number(upper)}")]


def _factor(value: float) -> str:
    return "" if value == 1.0 else f"{_number(value)} "


def _number(value: float) -> str:
    return f"{value:.10g}"
