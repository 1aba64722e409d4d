"""Proofs that a programme has no optimum: a ray is believed where its inequality holds with rounding counted.

    infeasible   prices p of the rows with   sum_i p_i side_i > max { (A' p)' x : x in the box }
    unbounded    a direction d within every bound with   c'd < min { p' A d : p in the box of prices }

The first says that no point of the box meets all rows: at any such point the left side would be at most `p' A x`, which
the right side bounds. The second says that no prices in the box pay for all costs, so that no cost bounds the
objective from below: where a point exists, the programme is unbounded. `enclosure` says how rounding is counted and
where the boxes end.

A solver gives an approximate ray. Entries that are small beside the largest are noise more often than not: the ray
is tried without them, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.enclosure import DIGITS, Enclosure, Mask, largest_product, sum_upwards
from kiban.linear.flat import FlatProgramme

# Shares of the largest entry, in scaled units, below which a ray's entries are dropped, one share after the other.
CLEAN: Final = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)


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
        return np.isneginf(self.flat.lower) & ~held, np.isposinf(self.flat.upper) & ~held

    def prove_infeasible(self, prices: Array) -> Array | None:
        """Row prices `(rows,)` that prove that no point meets all rows and bounds, made of these; None if none do."""
        flat = self.flat
        usable = np.where(np.isneginf(flat.row_lower), np.minimum(prices, 0.0), prices)
        usable = np.where(np.isposinf(flat.row_upper), np.maximum(usable, 0.0), usable)
        return next((ray for ray in _clean(usable, self._enclosure.scales[0]) if self._outweigh(ray)), None)

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
        return next((ray for ray in _clean(inside, self._enclosure.scales[1]) if self._undercut(ray)), None)

    def _undercut(self, direction: Array) -> bool:
        flat, reach = self.flat, self._enclosure.price_reach
        moved, error = self._enclosure.move(direction)
        lower = np.where(np.isfinite(flat.row_upper), -reach, 0.0)
        upper = np.where(np.isfinite(flat.row_lower), reach, 0.0)
        return sum_upwards(largest_product(-moved, error, lower, upper), flat.cost * direction) < 0.0


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
