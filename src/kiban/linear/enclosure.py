"""Bounds that hold in spite of rounding: sums and products of a flat programme, and a box that holds its points.

A number computed in double precision is off by at most `UNIT` times the sum of what was added, times how many were
added. On top of that the programme's own numbers are taken as known to fourteen digits (`DIGITS`): rows that hold but
for the last digits of what was written into them count as rows that hold.

Where neither a bound nor a row limits a variable, its box ends at its `reach`: a million times (`FAR`) the size that
the right-hand sides have in the units in which the coefficients are near one. The reach of a row's price is the same of
the costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.flat import FlatProgramme

if TYPE_CHECKING:
    import scipy.sparse as sp

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.signedinteger[Any]]

# Largest relative error of one rounding.
UNIT: Final = 2.0**-53
# Share of itself by which a number of the programme may be another.
DIGITS: Final = 1e-14
# What no value and no price exceeds, in units of the programme's own size.
FAR: Final = 1e6
# How often bounds are taken from the rows and given back to them, and how often scales.
BOUND_PASSES: Final = 4
SCALE_PASSES: Final = 4


class Enclosure:
    """A flat programme with what is needed to bound its rows and its prices."""

    def __init__(self, flat: FlatProgramme) -> None:
        self.flat = flat
        self.rows: sp.csr_array = flat.matrix.tocsr()
        self._row_counts = np.diff(self.rows.indptr)
        self._column_counts = np.diff(flat.matrix.indptr)

    @cached_property
    def magnitudes(self) -> sp.csr_array:
        """The matrix without signs."""
        return abs(self.rows)

    def pay(self, prices: Array) -> tuple[Array, Array]:
        """What the rows pay each column at these prices, `A' p`, and by how much that may be off."""
        sizes = self.magnitudes.T @ np.abs(prices)
        return self.rows.T @ prices, sizes * (DIGITS + (self._column_counts + 2) * UNIT)

    def move(self, point: Array) -> tuple[Array, Array]:
        """The activity of each row, `A x`, and by how much that may be off."""
        sizes = self.magnitudes @ np.abs(point)
        return self.rows @ point, sizes * (DIGITS + (self._row_counts + 2) * UNIT)

    @cached_property
    def scales(self) -> tuple[Array, Array]:
        """Factors of rows and columns that bring the coefficients near one: geometric means, in turn."""
        where = np.repeat(np.arange(self.rows.shape[0]), self._row_counts)
        what, size = self.rows.indices, np.log2(np.abs(self.rows.data))
        row, column = np.zeros(self.rows.shape[0]), np.zeros(self.rows.shape[1])
        for _ in range(SCALE_PASSES):
            row = -_middle(where, size + column[what], row.size)
            column = -_middle(what, size + row[where], column.size)
        return 2.0 ** np.round(row), 2.0 ** np.round(column)

    @cached_property
    def size(self) -> float:
        """The largest right-hand side or bound in scaled units, a power of two."""
        row, column = self.scales
        sides = np.abs([self.flat.row_lower, self.flat.row_upper]) * row
        bounds = np.abs([self.flat.lower, self.flat.upper]) / column
        return _power_above(_largest_finite(sides, bounds))

    @cached_property
    def reach(self) -> Array:
        """What the magnitude of each column may be where nothing else limits it."""
        return FAR * self.size * self.scales[1]

    @cached_property
    def cost_size(self) -> float:
        """The largest cost in scaled units, a power of two."""
        costs = np.abs(self.flat.cost)
        for k, curve in self.flat.curves.items():
            costs[k] += abs(curve.price)
        costs += 0.0 if self.flat.curvature is None else self.flat.curvature
        return _power_above(_largest_finite(costs * self.scales[1]))

    @cached_property
    def price_reach(self) -> Array:
        """What the magnitude of each row's price may be."""
        return FAR * self.cost_size * self.scales[0]

    @cached_property
    def box(self) -> tuple[Array, Array]:
        """Finite bounds of each column: its own, else its reach."""
        lower, upper = self.flat.lower, self.flat.upper
        return np.where(np.isfinite(lower), lower, -self.reach), np.where(np.isfinite(upper), upper, self.reach)

    @cached_property
    def narrow_box(self) -> tuple[Array, Array]:
        """The box where columns without a bound take the one that rows and the bounds of others imply."""
        lower, upper = self.flat.lower.copy(), self.flat.upper.copy()
        for _ in range(BOUND_PASSES):
            below, above = self._implied(lower, upper)
            before = np.isfinite(lower).sum() + np.isfinite(upper).sum()
            lower = np.where(np.isneginf(lower), below, lower)
            upper = np.where(np.isposinf(upper), above, upper)
            if np.isfinite(lower).sum() + np.isfinite(upper).sum() == before:
                break
        return np.maximum(lower, self.box[0]), np.minimum(upper, self.box[1])

    def boxes(self) -> Iterator[tuple[Array, Array]]:
        """Both boxes, the one that costs more to find last."""
        yield self.box
        if not (np.isfinite(self.flat.lower) & np.isfinite(self.flat.upper)).all():
            yield self.narrow_box

    def bound_activity(self, lower: Array, upper: Array) -> tuple[Array, Array]:
        """Least and largest activity of each row over a box of finite bounds, rounding counted."""
        data, what, start = self.rows.data, self.rows.indices, self.rows.indptr
        low, high = data * lower[what], data * upper[what]
        size = np.maximum(np.abs(low), np.abs(high))
        error = _sum_rows(size, start) * (DIGITS + (self._row_counts + 2) * UNIT)
        return _sum_rows(np.minimum(low, high), start) - error, _sum_rows(np.maximum(low, high), start) + error

    def _implied(self, lower: Array, upper: Array) -> tuple[Array, Array]:
        """Bounds of every column that the rows imply at these bounds; infinite where they imply none."""
        data, what, start = self.rows.data, self.rows.indices, self.rows.indptr
        where = np.repeat(np.arange(self.rows.shape[0]), self._row_counts)
        rising = data > 0.0
        below, above = np.full(lower.size, -np.inf), np.full(upper.size, np.inf)
        # The largest that all other columns leave to this one, on the upper side and, mirrored, on the lower.
        for side, sign in ((self.flat.row_upper, 1.0), (-self.flat.row_lower, -1.0)):
            least = sign * data * np.where(rising == (sign > 0.0), lower[what], upper[what])
            known = np.isfinite(least)
            value = np.where(known, least, 0.0)
            unknown = _sum_rows(~known * 1.0, start)
            total, size = _sum_rows(value, start), _sum_rows(np.abs(value), start)
            with np.errstate(invalid="ignore", over="ignore"):
                error = (size + np.abs(side)) * (DIGITS + (self._row_counts + 4) * UNIT)
                left = (side - total + error)[where] + value
                usable = (unknown[where] - ~known == 0) & np.isfinite(left)
                bound = left / (sign * data)
            for mask, best, into in (
                (usable & (sign * data > 0.0), np.minimum, above),
                (usable & (sign * data < 0.0), np.maximum, below),
            ):
                best.at(into, what[mask], bound[mask])
        return below, above


def largest_product(value: Array, error: Array, lower: Array, upper: Array) -> Array:
    """The largest `d x` of each entry with `d` within `error` of `value` and `x` within finite bounds."""
    corners = [(value + sign * error) * bound for sign in (1.0, -1.0) for bound in (lower, upper)]
    largest: Array = np.maximum.reduce(corners)
    return largest


def sum_upwards(*parts: Array) -> float:
    """A number that the sum of all entries does not exceed."""
    return math.fsum(np.concatenate(parts)) + DIGITS * math.fsum(np.abs(np.concatenate(parts)))


def _sum_rows(values: Array, start: Places) -> Array:
    if not values.size:
        return np.zeros(start.size - 1)
    # An entry of its own at the end lets rows without entries stand last; they are set to zero.
    sums = np.add.reduceat(np.append(values, 0.0), start[:-1])
    return np.where(np.diff(start) > 0, sums, 0.0)


def _middle(which: Places, size: Array, count: int) -> Array:
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, which, size)
    np.maximum.at(high, which, size)
    middle, used = np.zeros(count), np.isfinite(low)
    middle[used] = (low[used] + high[used]) / 2.0
    return middle


def _largest_finite(*parts: Array) -> float:
    values = np.concatenate([part.reshape(-1) for part in parts])
    return float(values[np.isfinite(values)].max(initial=0.0))


def _power_above(value: float) -> float:
    return float(2.0 ** np.ceil(np.log2(value or 1.0)))
