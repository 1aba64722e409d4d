"""Curved costs of capacities in the Newton system: each slope is an unknown of its own.

For a capacity `x` with cost curve `f` the condition of an optimum is split into two,

    cost + s - what is paid for x - zx + ux = 0,        s = f'(x)

so that prices and slopes, which move with the dual step, close the first exactly as in a linear programme. The
second is linearised at the point to `ds = lead + curvature dx`. Where the slope rises with a power of the
capacity that is plain Newton; where it falls away from infinity (demand curves), Newton on the logarithms,

    exponent > 0     ds = f''(x) dx + f'(x) - s
    exponent < 0     ds / s = exponent dx / (x - origin) + log(f'(x) / s)

which for the exponent -1 of the logarithm is the linearised product of a bound and its price, and takes
any slope to the right power of ten in a few iterations. The border sees `curvature`, which joins what the bounds
add to the diagonal, and `lead`, which joins what the prices leave open. Mehrotra's and Gondzio's corrections keep both.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.structure import KernelForm


class Slopes:
    """Slopes, curvatures and leads of all border columns in scaled units, zero where a cost is not curved."""

    def __init__(self, form: KernelForm) -> None:
        size = len(form.border)
        self.slope, self.curvature, self.lead = np.zeros(size), np.zeros(size), np.zeros(size)
        self._objective_unit = form.cost_scale * form.right_scale
        # A curve of the scaled value: counted from the column's origin, with the size of its unit.
        self._curves = [
            (k, border.curve.moved(border.origin), border.sign * border.scale * form.right_scale)
            for k, border in enumerate(form.border)
            if border.curve is not None and border.curve.price != 0.0
        ]
        self._straight = False

    def straighten(self) -> None:
        """No cost is curved, until the slopes are taken at a point."""
        self.slope[:], self.curvature[:], self.lead[:], self._straight = 0.0, 0.0, 0.0, True

    def settle(self, x: Array) -> None:
        """Take the slopes that the curves have at `x`."""
        for k, curve, unit in self._curves:
            self.slope[k] = curve.slope(unit * float(x[k])) * unit / self._objective_unit
        self._straight = False

    def linearise(self, x: Array) -> None:
        """`curvature` and `lead` at the present point and slopes."""
        for k, curve, unit in [] if self._straight else self._curves:
            at = unit * float(x[k])
            expected = curve.slope(at) * unit / self._objective_unit
            if curve.exponent > 0.0:
                self.curvature[k] = curve.curvature(at) * unit * unit / self._objective_unit
                self.lead[k] = expected - self.slope[k]
            else:
                self.curvature[k] = self.slope[k] * curve.exponent * unit / (at - curve.origin)
                self.lead[k] = self.slope[k] * np.log(expected / self.slope[k])

    def measure(self, x: Array) -> tuple[float, float]:
        """What the curves cost at a point, and what they add to the dual objective at the present slopes."""
        primal = dual = 0.0
        for k, curve, unit in self._curves:
            primal += curve.value(unit * float(x[k]))
            dual -= curve.conjugate(float(self.slope[k]) * self._objective_unit / unit)
        return primal / self._objective_unit, dual / self._objective_unit

    def open(self) -> float:
        """What the slopes lack, relative to themselves: prices are as near to the optimum as slopes to their curves."""
        return float((np.abs(self.lead) / (1.0 + np.abs(self.slope))).max(initial=0.0))

    def ratio(self, dx: Array) -> float:
        """Inverse of the longest step for which the slopes keep their signs where they must."""
        if not self._curves:
            return 0.0
        falling = [k for k, curve, _ in self._curves if curve.exponent < 0.0]
        moves = self.lead[falling] + self.curvature[falling] * dx[falling]
        return float((-moves / self.slope[falling]).max(initial=0.0))

    def advance(self, dx: Array, step_dual: float) -> None:
        """Move along the direction; `dx` is that of the border's values."""
        self.slope += step_dual * (self.lead + self.curvature * dx)
