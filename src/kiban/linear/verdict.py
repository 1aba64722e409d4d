"""Proofs that a programme has no optimum: a ray is believed where its inequality holds with rounding counted.

    infeasible   prices p of the rows with   sum_i p_i side_i > max { (A' p)' x : x in the box }
    unbounded    a direction d within every bound with   c'd < min { p' A d : p in the box of prices }

The first says that no point of the box meets all rows: at any such point the left side would be at most `p' A x`, which
the right side bounds. The second says that no prices in the box pay for all costs, so that no cost bounds the
objective from below: where a point exists, the programme is unbounded. `enclosure` says how rounding is counted and
where the boxes end.

A solver gives an approximate ray. Entries that are small beside the largest are noise more often than not: the ray
is tried without them, too. Where what is left over is still too much for a variable or a price without an end, the
ray is polished: moved by as little as makes those sums nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.enclosure import DIGITS, Enclosure, Mask, largest_product, sum_upwards
from kiban.linear.flat import FlatProgramme

if TYPE_CHECKING:
    import scipy.sparse as sp

# Shares of the largest entry, in scaled units, below which a ray's entries are dropped, one share after the other.
CLEAN: Final = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
# Where a sum is less than this share of its parts, a ray is polished until it is nothing; how often the list of such
# sums is drawn up anew, how often what polishing leaves is polished, and what keeps its equations regular.
POLISHED: Final = 1e-4
POLISH_PASSES: Final = 3
SETTLE_PASSES: Final = 3
SETTLED: Final = 1e-12


class Verdicts:
    """What can be proven about one programme, whatever its costs (infeasible) or its right-hand sides (unbounded)."""

    def __init__(self, flat: FlatProgramme) -> None:
        self.flat = flat
        self._enclosure = Enclosure(flat)

    @property
    def units(self) -> tuple[Array, Array, float, float]:
        """Factors of rows and units of columns that bring the coefficients near one, largest side and cost then."""
        return *self._enclosure.scales, self._enclosure.size, self._enclosure.cost_size

    @cached_property
    def open_sides(self) -> tuple[Mask, Mask]:
        """Columns that may fall without end, and those that may rise; a curve that rises without end holds its own."""
        held = np.zeros(self.flat.cost.size, dtype=bool)
        held[[k for k, curve in self.flat.curves.items() if np.isposinf(curve.slope_far_out)]] = True
        if self.flat.curvature is not None:
            held |= self.flat.curvature > 0.0
        return np.isneginf(self.flat.lower) & ~held, np.isposinf(self.flat.upper) & ~held

    def prove_infeasible(self, prices: Array, *, polish: bool = True) -> Array | None:
        """Row prices `(rows,)` that prove that no point meets all rows and bounds, made of these; None if none do.

        Without `polish` they are not polished, which takes longer than all the rest.
        """
        flat = self.flat
        usable = np.where(np.isneginf(flat.row_lower), np.minimum(prices, 0.0), prices)
        usable = np.where(np.isposinf(flat.row_upper), np.maximum(usable, 0.0), usable)
        unit = self._enclosure.scales[0]
        ray = next((ray for ray in _clean(usable, unit) if self._outweigh(ray)), None)
        return ray if ray is not None or not polish else self._prove_polished(usable, unit)

    def _prove_polished(self, prices: Array, unit: Array) -> Array | None:
        """The same with prices that pay nothing to columns without an end, where these pay next to nothing."""
        enclosure, flat = self._enclosure, self.flat
        settled = np.zeros(flat.cost.size, dtype=bool)
        for _ in range(POLISH_PASSES):
            paid, sizes = flat.matrix.T @ prices, enclosure.magnitudes.T @ np.abs(prices)
            against = np.where(paid > 0.0, np.isposinf(flat.upper), np.isneginf(flat.lower)) & (paid != 0.0)
            settled |= against & (np.abs(paid) <= POLISHED * sizes)
            if not settled.any():
                return None
            prices = _settle(flat.matrix.T[settled], prices, unit)
            ray = next((ray for ray in _clean(prices, unit) if self._outweigh(ray)), None)
            if ray is not None:
                return ray
        return None

    def _outweigh(self, prices: Array) -> bool:
        used = prices != 0.0
        sides = np.where(prices > 0.0, self.flat.row_lower, self.flat.row_upper)
        value = np.where(used, prices, 0.0) * np.where(used, sides, 0.0)
        paid, error = self._enclosure.pay(prices)
        return any(
            sum_upwards(largest_product(paid, error, lower, upper), -value) < 0.0
            for lower, upper in self._enclosure.boxes()
        )

    def prove_contradiction(self) -> Array | None:
        """As `prove_infeasible` with one row alone; no prices at all where two bounds exclude each other."""
        flat = self.flat
        nothing = np.zeros(flat.row_lower.size)
        if _apart(flat.lower, flat.upper).any() or _apart(flat.row_lower, flat.row_upper).any():
            return nothing
        for lower, upper in self._enclosure.boxes():
            least, largest = self._enclosure.bound_activity(lower, upper)
            for broken, price in ((_apart(least, flat.row_upper), -1.0), (_apart(flat.row_lower, largest), 1.0)):
                if broken.any():
                    nothing[np.argmax(broken)] = price
                    return nothing
        return None

    def prove_unbounded(self, direction: Array) -> Array | None:
        """A direction `(columns,)` that proves that no prices hold the objective, made of this one; None if none does.

        A curve that does not rise without end is flat far out, and counts for nothing.
        """
        open_below, open_above = self.open_sides
        inside = np.where(open_below, direction, np.maximum(direction, 0.0))
        inside = np.where(open_above, inside, np.minimum(inside, 0.0))
        unit = self._enclosure.scales[1]
        ray = next((ray for ray in _clean(inside, unit) if self._undercut(ray)), None)
        return ray if ray is not None else self._prove_polished_direction(inside, unit)

    def _prove_polished_direction(self, direction: Array, unit: Array) -> Array | None:
        """The same with a direction that keeps the rows that it hardly leaves."""
        enclosure, flat = self._enclosure, self.flat
        settled = np.zeros(flat.row_lower.size, dtype=bool)
        for _ in range(POLISH_PASSES):
            moved, sizes = enclosure.rows @ direction, enclosure.magnitudes @ np.abs(direction)
            against = np.where(moved > 0.0, np.isfinite(flat.row_upper), np.isfinite(flat.row_lower)) & (moved != 0.0)
            settled |= against & (np.abs(moved) <= POLISHED * sizes)
            if not settled.any():
                return None
            direction = _settle(enclosure.rows[settled], direction, unit)
            ray = next((ray for ray in _clean(direction, unit) if self._undercut(ray)), None)
            if ray is not None:
                return ray
        return None

    def _undercut(self, direction: Array) -> bool:
        flat, reach = self.flat, self._enclosure.price_reach
        moved, error = self._enclosure.move(direction)
        lower = np.where(np.isfinite(flat.row_upper), -reach, 0.0)
        upper = np.where(np.isfinite(flat.row_lower), reach, 0.0)
        return sum_upwards(largest_product(-moved, error, lower, upper), flat.cost * direction) < 0.0


def _settle(equations: sp.csr_array, value: Array, unit: Array) -> Array:
    """The value that meets `equations @ value = 0` to rounding, moved by as little of each entry as will do.

    With `move = size * share` and `size` the entry's own magnitude, the least squares shares solve
    `[I, (E size)'; E size, 0] (share, price) = (0, -E value)`; no entry that is zero moves.
    """
    import scipy.sparse as sp
    from scipy.sparse.linalg import splu

    used = np.flatnonzero(np.abs(value) / unit > CLEAN[1] * (np.abs(value) / unit).max())
    size = np.abs(value[used])
    weighed = sp.csr_array(equations[:, used] @ sp.diags_array(size))
    norms = np.sqrt((weighed * weighed).sum(axis=1))
    kept = norms > 0.0
    norms, weighed = norms[kept], weighed[kept]
    weighed = sp.csr_array(sp.diags_array(1.0 / norms) @ weighed)
    count = weighed.shape[0]
    system = sp.block_array([[sp.eye_array(used.size), weighed.T], [weighed, -SETTLED * sp.eye_array(count)]])
    # Quasi-definite: any order serves, and pivots need not be looked for.
    factors = splu(sp.csc_matrix(system), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    settled = np.where(np.isin(np.arange(value.size), used), value, 0.0)
    for _ in range(SETTLE_PASSES):
        left = (equations @ settled)[kept] / norms
        settled[used] += size * factors.solve(np.concatenate([np.zeros(used.size), -left]))[: used.size]
    # What changed its sign was nothing.
    return np.where(settled * value > 0.0, settled, 0.0)


def _clean(ray: Array, units: Array) -> Iterator[Array]:
    """The ray, and the ray without what is small; entries are compared in multiples of `units`."""
    if not np.isfinite(ray).all() or not ray.any():
        return
    share = np.abs(ray) / units
    share = share / share.max()
    kept = -1
    for least in CLEAN:
        used = share > least
        if int(used.sum()) != kept:
            kept = int(used.sum())
            yield np.where(used, ray / np.abs(ray).max(), 0.0)


def _apart(least: Array, most: Array) -> Mask:
    """Where `least` is above `most` by more than the last digits of either."""
    with np.errstate(invalid="ignore"):
        return least - most > DIGITS * (np.abs(least) + np.abs(most))
