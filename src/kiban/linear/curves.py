"""Convex costs of a capacity: what one unit more costs depends on how much there is.

A curve is given by its slope, the cost of one unit of capacity more, as a power of the capacity:

    f'(x) = price ((x - origin) / at)^exponent          f convex:  price exponent >= 0

    exponent     f(x), with d = x - origin                            domain
    1            quadratic   price at (d / at)^2 / 2                  every x
    -1           logarithm   price at log(d / at)                     d > 0
    otherwise    power       price at (d / at)^(exponent + 1) / (exponent + 1)
                                                                      d >= 0, below -1: d > 0

`price` is in the units of a capacity's cost and holds at `d = at`. A supply curve has a positive price and
exponent; where a user pays for what he gets, the cost is what he would have paid, with a minus: price and exponent
are negative. A curve adds to the constant cost of the capacity, so that `price (1 + x / at)` is a cost and a curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

# How far from a capacity, as a share of it, the line that bounds its curve may touch.
NEAR: Final = 1e-3
# Exponents as near to -1 have their zero where the logarithm has it: from the origin the cost would be all rounding.
LIKE_LOGARITHM: Final = 1e-3


@dataclass(frozen=True, slots=True)
class CostCurve:
    """The cost of a capacity as a convex function of it, zero at its origin or, for the logarithm and near it, at `at`.

    `price` is the cost of one unit more where the capacity stands `at` above `origin` (both in units of the
    capacity), `exponent` that of the slope. Raises `ValueError` where a number is not finite, `at` is not positive,
    the exponent is zero (a constant cost) or the function would not be convex.
    """

    price: float
    at: float
    exponent: float
    origin: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite([self.price, self.at, self.exponent, self.origin]).all():
            raise ValueError(f"a cost curve needs finite numbers, not {self}")
        if self.at <= 0.0:
            raise ValueError(f"a cost curve is given at a positive capacity, not at {self.at:g}")
        if self.exponent == 0.0:
            raise ValueError("a cost curve with exponent 0 is a constant cost: give it as the capacity's cost")
        if self.price * self.exponent < 0.0:
            raise ValueError(
                f"the slope of a cost curve must not fall: price {self.price:g} and exponent {self.exponent:g} "
                "need the same sign"
            )

    @property
    def lowest(self) -> float:
        """The lower end of the domain."""
        return -np.inf if self.exponent == 1.0 else self.origin

    @property
    def slope_far_out(self) -> float:
        """The slope towards an infinite capacity: infinite, or zero."""
        return np.inf if self.price > 0.0 else 0.0

    def value(self, x: float) -> float:
        """The cost of capacity `x`."""
        share = self._share(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.price == 0.0:
                return 0.0
            if self.exponent == -1.0:
                return float(self.price * self.at * np.log(share))
            power = self.exponent + 1.0
            if abs(power) < LIKE_LOGARITHM:
                return float(self.price * self.at * np.expm1(power * np.log(share)) / power)
            return float(self.price * self.at / power * share**power)

    def slope(self, x: float) -> float:
        """The cost of one unit more at `x`."""
        return self._times_power(self.price, x, self.exponent)

    def curvature(self, x: float) -> float:
        """How fast the slope rises at `x`, never negative."""
        return self._times_power(self.price * self.exponent / self.at, x, self.exponent - 1.0)

    def reach(self, slope: float) -> float:
        """The capacity where one unit more costs `slope`; the end of the domain if all cost more, infinity if less."""
        ratio = slope / self.price
        if self.exponent != 1.0 and ratio <= 0.0:
            return self.origin if self.price > 0.0 else np.inf
        if self.exponent == 1.0:
            return self.origin + self.at * ratio
        with np.errstate(over="ignore"):
            return float(self.origin + self.at * np.float64(ratio) ** (1.0 / self.exponent))

    def conjugate(self, slope: float) -> float:
        """The largest `slope x - value(x)`: minus the height at zero of the line with that slope that just touches.

        Infinite where no such line stays below the curve.
        """
        x = self.reach(slope)
        return slope * x - self.value(x) if np.isfinite(x) else np.inf

    def support(self, x: float, slope: float, lower: float, upper: float) -> tuple[float, float]:
        """A line nowhere above the curve, its slope and its height at zero, for capacities from `lower` to `upper`.

        It touches the curve near `x`, within a thousandth of it, where the curve's slope is nearest to `slope`: at an
        optimum the slope that prices ask for, so that they lose nothing by what `x` lacks.
        """
        if self.price == 0.0:
            return 0.0, 0.0
        room = NEAR * (abs(x - self.origin) + (self.at if self.exponent == 1.0 else 0.0))
        touched = min(max(self.reach(slope), lower, x - room), upper, x + room)
        own = self.slope(touched)
        if not np.isfinite(own) and lower == upper:
            # At a single point any line through it will do.
            return 0.0, self.value(x)
        return own, self.value(touched) - own * touched

    def moved(self, by: float) -> CostCurve:
        """The same curve of a capacity that is counted from `by`."""
        return replace(self, origin=self.origin - by)

    def _share(self, x: float) -> np.float64:
        return np.float64((x - self.origin) / self.at)

    def _times_power(self, factor: float, x: float, exponent: float) -> float:
        # A curve of price zero is flat, at the edge of its domain too.
        if factor == 0.0:
            return 0.0
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return float(factor * self._share(x) ** exponent)


def demand_curve(price: float, quantity: float, elasticity: float) -> CostCurve:
    """A buyer who takes `quantity` at `price`, and `elasticity` per cent more where it falls by one per cent.

    As the cost of a capacity: minus what the buyer would pay, the area below `price (x / quantity)^(-1 / elasticity)`.
    `elasticity` is positive; above one the area counts from zero, at one from `quantity`, below one (where it is
    infinite at zero) from infinity. Raises `ValueError` where a number is not positive.
    """
    _require_positive(price, quantity, elasticity)
    return CostCurve(-price, quantity, -1.0 / elasticity)


def supply_curve(price: float, quantity: float, elasticity: float) -> CostCurve:
    """A resource that offers `quantity` at `price`, and `elasticity` per cent more where it rises by one per cent.

    The cost of a capacity is the area below `price (x / quantity)^(1 / elasticity)`. Raises `ValueError` where a
    number is not positive.
    """
    _require_positive(price, quantity, elasticity)
    return CostCurve(price, quantity, 1.0 / elasticity)


def _require_positive(price: float, quantity: float, elasticity: float) -> None:
    if not (price > 0.0 and quantity > 0.0 and elasticity > 0.0):
        raise ValueError(
            f"a curve of demand or supply needs a positive price, quantity and elasticity, not {price:g}, "
            f"{quantity:g} and {elasticity:g}"
        )
