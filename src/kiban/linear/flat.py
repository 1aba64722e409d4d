"""The staircase form flattened to one sparse matrix, as general solvers want it.

    minimise    c'x + x'Q x / 2 + sum_k curve_k(x_k) + constant
    subject to  row_lower <= A x <= row_upper,   lower <= x <= upper

Columns are the capacities, then the hourly variables one after another; rows are the hourly rows,
then `bound:VARIABLE` for variables limited by a capacity, then the total rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.curves import CostCurve
from kiban.linear.staircase import Staircase, Term

if TYPE_CHECKING:
    import scipy.sparse as sp

BOUND_PREFIX = "bound:"


@dataclass(frozen=True, slots=True)
class FlatProgramme:
    """Arrays of one programme, the slices in which each name lives, and the curved costs by column.

    `curvature` `(columns,)` is the diagonal of Q, None where no hourly variable has one.
    """

    matrix: sp.csc_array
    cost: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    integer: npt.NDArray[np.bool_]
    constant: float
    columns: dict[str, slice]
    rows: dict[str, slice]
    curves: dict[int, CostCurve] = field(default_factory=dict)
    curvature: Array | None = None

    @property
    def is_curved(self) -> bool:
        """Whether any cost is not linear."""
        return bool(self.curves) or self.curvature is not None


def flatten(programme: Staircase) -> FlatProgramme:
    """Flatten a programme; the work and the memory are linear in its non-zeros."""
    import scipy.sparse as sp

    steps = programme.steps
    every = np.arange(steps)
    before = _step_before(steps, programme.block_steps)
    first = every % programme.block_steps == 0

    columns = {name: slice(k, k + 1) for k, name in enumerate(programme.capacities)}
    width = len(columns)
    for name in programme.variables:
        columns[name] = slice(width, width + steps)
        width += steps

    rows: dict[str, slice] = {}
    parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]] = []
    bounds: list[tuple[Array, Array]] = []
    height = 0

    def entries(where: npt.NDArray[np.int64], what: npt.NDArray[np.int64], value: Array) -> None:
        used = value != 0.0
        parts.append((where[used], what[used], value[used]))

    def lagged(term: Term) -> Array:
        return term.coefficient if term.cyclic else np.where(first, 0.0, term.coefficient)

    for row in programme.rows.values():
        rows[row.name] = slice(height, height + steps)
        for term in row.terms:
            start = columns[term.variable].start
            what, value = (start + before, lagged(term)) if term.lagged else (start + every, term.coefficient)
            entries(height + every, what, value)
        for capacity, coefficient in row.capacities:
            entries(height + every, np.full(steps, columns[capacity].start), coefficient)
        bounds.append((row.lower, row.upper))
        height += steps

    column_upper = []
    for variable in programme.variables.values():
        if variable.capacity is None:
            column_upper.append(variable.upper)
            continue
        column_upper.append(np.full(steps, np.inf))
        rows[BOUND_PREFIX + variable.name] = slice(height, height + steps)
        entries(height + every, columns[variable.name].start + every, np.ones(steps))
        entries(height + every, np.full(steps, columns[variable.capacity].start), -variable.factor)
        bounds.append((np.full(steps, -np.inf), variable.upper))
        height += steps

    for total in programme.totals.values():
        rows[total.name] = slice(height, height + 1)
        for variable_name, coefficient in total.terms:
            entries(np.full(steps, height), columns[variable_name].start + every, coefficient)
        for capacity, factor in total.capacities:
            entries(np.array([height]), np.array([columns[capacity].start]), np.array([factor]))
        bounds.append((np.array([total.lower]), np.array([total.upper])))
        height += 1

    capacities = list(programme.capacities.values())
    variables = list(programme.variables.values())
    # The empty first part stands for a programme without rows.
    row_index = np.concatenate([np.zeros(0, dtype=np.int64), *(where for where, _, _ in parts)])
    column_index = np.concatenate([np.zeros(0, dtype=np.int64), *(what for _, what, _ in parts)])
    values = np.concatenate([np.zeros(0), *(value for _, _, value in parts)])
    matrix = sp.coo_array((values, (row_index, column_index)), shape=(height, width)).tocsc()
    integer = np.zeros(width, dtype=bool)
    integer[: len(capacities)] = [capacity.integer for capacity in capacities]
    return FlatProgramme(
        matrix=matrix,
        cost=np.concatenate([np.array([c.cost for c in capacities]), *(v.cost for v in variables)]),
        lower=np.concatenate([np.array([c.lower for c in capacities]), *(v.lower for v in variables)]),
        upper=np.concatenate([np.array([c.upper for c in capacities]), *column_upper]),
        row_lower=np.concatenate([np.zeros(0), *(lower for lower, _ in bounds)]),
        row_upper=np.concatenate([np.zeros(0), *(upper for _, upper in bounds)]),
        integer=integer,
        constant=programme.constant,
        columns=columns,
        rows=rows,
        curves={k: c.curve for k, c in enumerate(capacities) if c.curve is not None},
        curvature=_lay_curvatures(programme, columns, width),
    )


def _lay_curvatures(programme: Staircase, columns: dict[str, slice], width: int) -> Array | None:
    curvature = np.zeros(width)
    for name, variable in programme.variables.items():
        curvature[columns[name]] = variable.curvature
    return curvature if curvature.any() else None


def _step_before(steps: int, block_steps: int) -> npt.NDArray[np.int64]:
    every = np.arange(steps)
    start = every // block_steps * block_steps
    return start + (every - start - 1) % block_steps
