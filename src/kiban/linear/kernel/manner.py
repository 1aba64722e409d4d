"""How a run of the method goes about it: the usual way, and what is tried after a standstill.

A standstill has one of four causes, and each manner cures some:

- A direction without a bound is held by a proximal weight (`SOFT_FREE`) and moves in each iteration by what its price
  leaves open over that weight; where it must go far, that takes hundreds. A smaller weight lets it go.
- The products run ahead of the residuals: the equations become so ill-conditioned that a direction no longer closes
  what rows or prices leave open. A balanced run holds the products until the residuals have followed.
- Limits leave hardly a design, so that a few prices must grow a thousandfold; from near the bounds, where the usual way
  starts, every step towards that is short. Far inside there is room.
- What is left is small beside the right-hand sides that chose the scale. A finer scale and shorter steps see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kiban.linear.kernel.system import SOFT_FREE


@dataclass(frozen=True, slots=True)
class Manner:
    """`step` and `final_step` are the shares of the way to the boundary that a step takes, while steps are short and
    once they are long; `soft_free` is the proximal weight of directions without a bound; `balance` the mean product
    over the larger residual (both scaled) below which products are held; `halvings` make the scale finer; `inside` is
    how far from every bound values and prices start at least. `left_behind` is the share of the hours that
    need not be able to take a step.
    """

    step: float = 0.95
    final_step: float = 0.995
    soft_free: float = SOFT_FREE
    balance: float = 0.0
    halvings: int = 0
    inside: float = 1e-2
    left_behind: float = 0.0


# Caution keeps the products even, until steps are long.
USUAL: Final = Manner(left_behind=1e-3)
# Shorter steps keep further from the boundary.
CAUTIOUS: Final = Manner(step=0.7, final_step=0.9)
BALANCED: Final = Manner(soft_free=1e-10, balance=0.1)
# From far inside, where limits leave hardly a design and a few prices must grow a thousandfold.
INSIDE: Final = Manner(soft_free=1e-10, balance=0.1, inside=10.0)
FINE: Final = Manner(step=0.7, final_step=0.9, soft_free=1e-10, balance=0.1, halvings=13)
# Without costs nothing pulls prices away from zero, where every step is short: they start far from it.
FAR_INSIDE: Final = Manner(inside=100.0)
AFTER_A_STANDSTILL: Final = (INSIDE, BALANCED, CAUTIOUS, FINE)
