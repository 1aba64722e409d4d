"""What every Newton system of the kernel shares: right-hand sides, measures, and the weights that keep it solvable.

Two systems solve the same equations with the same method: `newton` in compiled sweeps, `plain` in NumPy.
At a point with `y, r > 0` and their prices `z, u > 0` both find a direction from

    A dy + B dy_before + C dx  + PROXIMAL dlambda  = what the rows leave open
    A' dlambda + B' dlambda_after + D' dq + dz - du - SOFT dy = what the prices leave open
    dy + dr - F dx                                 = what the upper bounds leave open
    z dy + y dz,  u dr + r du                      = what the products are to change by

and the same of the border (`capacities`): see `docs/kernel.md` for the form and the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

# Hourly numbers, as accurate as the method's or as what is kept of it for a later solve.
Series = TypeVar("Series", Array, npt.NDArray[np.float32])

# Right-hand sides: the residuals and the products as they are; Mehrotra's centring and second-order term; products
# pulled into a band around their target (Gondzio); nothing but a change of the border. All but the first are
# corrections: their solution is added to the direction that is there.
AFFINE: Final = 0
CENTRE: Final = 1
BAND: Final = 2
BORDER: Final = 3

# Smallest part of a pivot that is kept, relative to the pivot before elimination: redundant rows are harmless.
PIVOT: Final = 1e-15
# Weight of the proximal term that keeps prices of rows without freedom from running away.
PROXIMAL: Final = 1e-11
# Weight of the proximal term that keeps directions without a bound from being infinitely soft.
SOFT: Final = 1e-12
SOFT_FREE: Final = 1e-5
# A step leaves at least this share of a slack or a price of a bound, whatever rounding says.
LEAST_SLACK: Final = 1e-5
# How often what a direction leaves open in the border's equations is solved for.
MAX_REFINEMENTS: Final = 2


@dataclass(frozen=True, slots=True)
class RightHandSide:
    """Which right-hand side a direction has.

    `keep`, `rights` and `costs` weigh the present point, the right-hand sides and the costs in the residuals
    of mode `AFFINE`. `target` is the product that the corrections aim at, `trial` the primal and the dual step
    of the point that `BAND` looks at, `band` what its products may be relative to the target; in mode
    `CENTRE` the upper edge of `band` is the largest second-order term.
    """

    mode: int
    keep: float = 1.0
    rights: float = 1.0
    costs: float = 1.0
    target: float = 0.0
    trial: tuple[float, float] = (1.0, 1.0)
    band: tuple[float, float] = (0.1, 10.0)

    def numbers(self) -> Array:
        """As the compiled sweeps read it."""
        return np.array([self.keep, self.rights, self.costs, self.target, *self.trial, *self.band])


@dataclass(slots=True)
class Measures:
    """What the point is worth, in scaled units: objectives, worst residuals, sum of the complementarity products."""

    primal: float
    dual: float
    primal_residual: float
    dual_residual: float
    product: float


def pull(side: RightHandSide, value: Array, price: Array, move: Array, turn: Array) -> Array:
    """Right-hand side of the complementarity equations `price move + value turn = ...` of a correction.

    `move` and `turn` are the direction of `value` and `price` so far. Mehrotra: the target less the
    second-order term. Gondzio: from the product at the trial point to the nearest edge of the band.
    """
    if side.mode == CENTRE:
        return side.target - np.clip(move * turn, -side.band[1], side.band[1])
    product = (value + side.trial[0] * move) * (price + side.trial[1] * turn)
    low, high = side.target * side.band[0], side.target * side.band[1]
    return np.clip(np.clip(product, low, high) - product, -high, high)


def inverse_but_for(hours: int, ratios: Array, others: float) -> float:
    """The longest step from each hour's inverse, when so many hours need not be able to take it, and from `others`."""
    place = max(ratios.size - 1 - hours, 0)
    return 1.0 / max(float(np.partition(ratios, place)[place]), others, 1e-30)
