"""Whether a programme has a point at all, asked without what cannot decide it: costs, and capacities without a limit.

A capacity that may be as large as one likes and only ever helps (more of it loosens bounds and rows, and tightens none)
can be thought so large that whatever it limits is not limited. What is left has a point exactly where the programme
has one, and prices of what is left are prices of the programme that pay such a capacity nothing at all: near nothing
would not do, since a trifle for each megawatt of what has no end is no proof.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from kiban.linear.staircase import UNBOUNDED, HourlyRow, HourlyVariable, Staircase, TotalRow, without_costs

Row = TypeVar("Row", HourlyRow, TotalRow)


def ask_for_a_point(programme: Staircase) -> Staircase:
    """The programme without costs and without unlimited capacities that only help.

    A variable that such a capacity limits keeps a bound where the capacity counts nothing (`factor` 0); a row that
    one may meet is free where it may (`coefficient` not 0), and left out where that is everywhere. Names are kept.
    """
    asked = without_costs(programme)
    gone = {name for name in programme.capacities if _only_helps(programme, name)}
    asked.capacities = {name: capacity for name, capacity in asked.capacities.items() if name not in gone}
    asked.variables = {name: _open_variable(variable, gone) for name, variable in asked.variables.items()}
    asked.rows = dict(_open_rows(programme, gone))
    asked.totals = {
        name: total
        for name, total in programme.totals.items()
        if not any(capacity in gone and factor for capacity, factor in total.capacities)
    }
    asked.totals = {name: _without(total, gone) for name, total in asked.totals.items()}
    return asked


def _only_helps(programme: Staircase, name: str) -> bool:
    if programme.capacities[name].upper < UNBOUNDED:
        return False
    if any(variable.capacity == name and (variable.factor < 0.0).any() for variable in programme.variables.values()):
        return False
    terms = [
        (of, coefficient, row.lower, row.upper) for row in programme.rows.values() for of, coefficient in row.capacities
    ]
    terms += [
        (of, np.array(factor), np.array(total.lower), np.array(total.upper))
        for total in programme.totals.values()
        for of, factor in total.capacities
    ]
    return not any(
        np.any((coefficient > 0.0) & np.isfinite(upper)) or np.any((coefficient < 0.0) & np.isfinite(lower))
        for of, coefficient, lower, upper in terms
        if of == name
    )


def _open_variable(variable: HourlyVariable, gone: set[str]) -> HourlyVariable:
    if variable.capacity not in gone:
        return variable
    return replace(variable, capacity=None, upper=np.where(variable.factor > 0.0, UNBOUNDED, variable.upper))


def _open_rows(programme: Staircase, gone: set[str]) -> Iterator[tuple[str, HourlyRow]]:
    for name, row in programme.rows.items():
        free = np.zeros(programme.steps, dtype=bool)
        for capacity, coefficient in row.capacities:
            if capacity in gone:
                free |= coefficient != 0.0
        if free.all():
            continue
        opened = _without(row, gone)
        opened.lower = np.where(free, -UNBOUNDED, row.lower)
        opened.upper = np.where(free, UNBOUNDED, row.upper)
        yield name, opened


def _without(row: Row, gone: set[str]) -> Row:
    kept = copy.copy(row)
    kept.capacities = [(capacity, coefficient) for capacity, coefficient in row.capacities if capacity not in gone]
    return kept
