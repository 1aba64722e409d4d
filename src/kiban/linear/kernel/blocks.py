"""The equations of all hours in natural order, and the normal equations that are left when the variables are gone.

Everything hourly is an array `(quantities, steps)`. The matrix of the hours is never written down: it is
one series for each pair of a row and a variable that meet,

    rows     A_t y_t + B_t y_(t-1) + C_t x        A, B: (row, variable), C: (row, capacity)
    totals   sum_t D_t y_t                        D: (total, variable)
    bounds   y + r = w + F x                      F: (capped variable), one capacity each

with `y_(t-1)` closed into a circle within each block (a weather year). Rows that concern only their own hour
stand first, *state rows* (which look back, or hold a variable that is looked back at) after them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.kernel.structure import KernelForm, split_rows, step_after, step_before
from kiban.linear.kernel.system import PROXIMAL, SOFT, SOFT_FREE

Index = npt.NDArray[np.int64]
Terms = list[tuple[int, int, Array]]


class HourlyRows:
    """A scaled form hour by hour, and its products with values and prices.

    `floor` and `bounded` are 1 where a lower and an upper bound exist; `width` and `factor`, `(caps, steps)`, are
    those of the columns `capped`, whose capacities are `capacity_of` (-1: none). `terms`, `lagged`,
    `capacities` and `totals` hold the matrix as `(row, column, series)`; `local` rows stand first.
    """

    def __init__(self, form: KernelForm) -> None:
        self.steps, self.block = form.steps, form.block_steps
        local, states = split_rows(form)
        self.order: Index = np.array([*local, *states], dtype=np.int64)
        self.local, self.row_count = len(local), len(form.rows)
        self.column_count, self.capacity_count, self.total_count = len(form.columns), form.capacities, len(form.totals)
        self._read_columns(form)
        self._read_terms(form)

    def _read_columns(self, form: KernelForm) -> None:
        columns, unit = form.columns, form.right_scale
        self.capped = [v for v, column in enumerate(columns) if np.isfinite(column.width).any()]
        self.cap_places: Index = np.full(len(columns), -1, dtype=np.int64)
        self.cap_places[self.capped] = np.arange(len(self.capped))
        self.capacity_of = [columns[v].capacity for v in self.capped]
        self.cost = self._stack([column.cost * (column.scale / form.cost_scale) for column in columns])
        self.floor = self._stack([np.where(column.free, 0.0, 1.0) for column in columns])
        loose = [bool((c.free & ~np.isfinite(c.width) & ~c.fixed).any()) for c in columns]
        self.soft = np.where(np.array(loose, dtype=bool), SOFT_FREE, SOFT)[:, None]
        self.curvature = form.curvatures[:, None]
        width, factor, bounded = [], [], []
        for v in self.capped:
            column = columns[v]
            exists = np.isfinite(column.width)
            bounded.append(np.where(exists, 1.0, 0.0))
            width.append(np.where(exists, column.width, 0.0) / (column.scale * unit))
            scale = form.border[column.capacity].scale / column.scale if column.capacity >= 0 else 0.0
            factor.append(np.where(exists, column.factor, 0.0) * scale)
        self.bounded, self.width, self.factor = self._stack(bounded), self._stack(width), self._stack(factor)

    def _read_terms(self, form: KernelForm) -> None:
        rows = [form.rows[r] for r in self.order]
        columns, border = form.columns, form.border
        self.right = self._stack([row.right * (row.scale / form.right_scale) for row in rows])
        self.terms: Terms = [
            (r, v, a * (row.scale * columns[v].scale)) for r, row in enumerate(rows) for v, a in row.terms.items()
        ]
        self.lagged: Terms = [
            (r, v, b * (row.scale * columns[v].scale)) for r, row in enumerate(rows) for v, b in row.lagged.items()
        ]
        self.capacities: Terms = [
            (r, k, c * (row.scale * border[k].scale)) for r, row in enumerate(rows) for k, c in row.capacities.items()
        ]
        self.totals: Terms = [
            (q, v, d * (total.scale * columns[v].scale))
            for q, total in enumerate(form.totals)
            for v, d in total.terms.items()
        ]

    def _stack(self, series: list[Array]) -> Array:
        return np.array(series, dtype=np.float64).reshape(len(series), self.steps)

    def before(self, values: Array) -> Array:
        """A series one step earlier, closed within each block."""
        return step_before(values, self.block)

    def activity(self, y: Array) -> Array:
        """`A y + B y_before`, `(rows, steps)`."""
        result = np.zeros((self.row_count, self.steps))
        for r, v, a in self.terms:
            result[r] += a * y[v]
        for r, v, b in self.lagged:
            result[r] += b * self.before(y[v])
        return result

    def capacity_activity(self, x: Array) -> Array:
        """`C x`, `(rows, steps)`."""
        result = np.zeros((self.row_count, self.steps))
        for r, k, c in self.capacities:
            result[r] += c * x[k]
        return result

    def total_activity(self, y: Array) -> Array:
        """`sum_t D_t y_t`, `(totals,)`."""
        result = np.zeros(self.total_count)
        for q, v, d in self.totals:
            result[q] += d @ y[v]
        return result

    def bound_shift(self, x: Array) -> Array:
        """`F x`, `(caps, steps)`: by how much capacities widen upper bounds."""
        result = np.zeros_like(self.width)
        for cap, k in enumerate(self.capacity_of):
            if k >= 0:
                result[cap] = self.factor[cap] * x[k]
        return result

    def paid(self, lambdas: Array, q: Array) -> Array:
        """`A' lambda + B' lambda_after + D' q`, `(columns, steps)`: what rows pay for the variables."""
        result = np.zeros((self.column_count, self.steps))
        for r, v, a in self.terms:
            result[v] += a * lambdas[r]
        for r, v, b in self.lagged:
            result[v] += step_after(b * lambdas[r], self.block)
        for total, v, d in self.totals:
            result[v] += d * q[total]
        return result

    def capacities_paid(self, lambdas: Array, u: Array) -> Array:
        """`C' lambda + F' u`, `(capacities,)`: what rows and upper bounds pay for the capacities."""
        result = np.zeros(self.capacity_count)
        for r, k, c in self.capacities:
            result[k] += c @ lambdas[r]
        return result + self.sum_of_bounds(u)

    def sum_of_bounds(self, values: Array) -> Array:
        """`F'` times a series of each upper bound, `(capacities,)`."""
        result = np.zeros(self.capacity_count)
        for cap, k in enumerate(self.capacity_of):
            if k >= 0:
                result[k] += self.factor[cap] @ values[cap]
        return result

    def on_columns(self, values: Array) -> Array:
        """A series of each upper bound at the place of its variable, zero for the others: `(columns, steps)`."""
        result = np.zeros((self.column_count, self.steps))
        result[self.capped] = values
        return result


@dataclass(frozen=True, slots=True)
class Curvature:
    """The diagonal that bounds and curved costs put on the hourly variables, at one point.

    With `dz` and `du` eliminated from the equations of a direction, a variable is left with `D dy`,

        D = z/y + SOFT + curvature + u/r            `inverse` is 1/D, `(columns, steps)`

    and a capacity `x` that widens its bound with `(u/r) F` times it: `share`, `(caps, steps)`, is by how much
    `y` follows `x`, `(u/r) F / D`, and `bend` the curvature that is left for `x`, `(u/r) F^2 (1 - (u/r) / D)`.
    """

    inverse: Array
    share: Array
    bend: Array


def measure_curvature(hours: HourlyRows, y: Array, z: Array, r: Array, u: Array) -> Curvature:
    """The diagonal at a point; where a bound does not exist its price is zero."""
    own = z / np.where(hours.floor > 0.0, y, 1.0) + hours.soft + hours.curvature
    upper = u / r
    inverse = 1.0 / (own + hours.on_columns(upper))
    follow = upper * inverse[hours.capped] * hours.factor
    # Not 1 - (u/r) / D: where the upper bound is tight the two are equal but for the last digits.
    return Curvature(inverse, follow, follow * own[hours.capped] * hours.factor)


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """What is left of the equations of a direction when the hourly variables are eliminated.

        N dlambda + H (dx, dq) = ...              `diagonal` and `link` are the blocks N_tt and N_t,t-1
        H' dlambda - S (dx, dq) = ...             `columns` is H, hour by hour; `border` is S

    `diagonal` is `(steps, rows, rows)`, `link` the same of the state rows alone, `columns` `(steps, rows, capacities +
    totals)`; `border` has the curvature of the capacities (positive) and of the totals (negative).
    """

    diagonal: Array
    link: Array
    columns: Array
    border: Array


def assemble(hours: HourlyRows, curvature: Curvature) -> NormalEquations:
    """Write `N = A D^-1 A'` and its border for all hours at once.

    Row t of the matrix of the hours has A_t on its own hour and B_t on the hour before, so that with W = D^-1

        N_tt    = A_t W_t A_t' + B_t W_(t-1) B_t' + PROXIMAL
        N_t,t-1 = B_t W_(t-1) A_(t-1)'
        H_t     = [C_t + A_t share_t + B_t share_(t-1),  A_t W_t D_t' + B_t W_(t-1) D_(t-1)']
    """
    rows, steps, capacities = hours.row_count, hours.steps, hours.capacity_count
    states, over = rows - hours.local, capacities + hours.total_count
    diagonal, link = np.zeros((rows, rows, steps)), np.zeros((states, states, steps))
    columns, border = np.zeros((rows, over, steps)), np.zeros((over, over))
    weight = curvature.inverse
    # What a variable hands to each border column, per unit of its coefficient in a row.
    to_border: list[list[tuple[int, Array]]] = [[] for _ in range(hours.column_count)]
    for cap, k in enumerate(hours.capacity_of):
        if k >= 0:
            to_border[hours.capped[cap]].append((k, curvature.share[cap]))
            border[k, k] += curvature.bend[cap].sum()
    for q, v, d in hours.totals:
        for k, part in to_border[v]:
            # With the capacity of the variable's bound, and with the totals before this one.
            border[capacities + q, k] -= d @ part
        to_border[v].append((capacities + q, weight[v] * d))
        border[capacities + q, capacities + q] -= d @ (weight[v] * d)
    border += np.tril(border, -1).T

    own = _by_column(hours.terms, hours.column_count)
    looking = _by_column(hours.lagged, hours.column_count)
    for v in range(hours.column_count):
        for r, a in own[v]:
            for s, other in own[v]:
                diagonal[r, s] += a * weight[v] * other
            for k, part in to_border[v]:
                columns[r, k] += a * part
        for r, b in looking[v]:
            past = hours.before(weight[v])
            for s, other in looking[v]:
                diagonal[r, s] += b * past * other
            for s, a in own[v]:
                link[r - hours.local, s - hours.local] += b * hours.before(weight[v] * a)
            for k, part in to_border[v]:
                columns[r, k] += b * hours.before(part)
    for r, k, c in hours.capacities:
        columns[r, k] += c
    diagonal[np.arange(rows), np.arange(rows)] += PROXIMAL
    return NormalEquations(_hours_first(diagonal), _hours_first(link), _hours_first(columns), border)


def _hours_first(blocks: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(blocks, -1, 0))


def _by_column(terms: Terms, columns: int) -> list[list[tuple[int, Array]]]:
    """The rows of each variable."""
    found: list[list[tuple[int, Array]]] = [[] for _ in range(columns)]
    for r, v, coefficient in terms:
        found[v].append((r, coefficient))
    return found
