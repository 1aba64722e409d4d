"""What is paid under a contract for power from a plant elsewhere, for a MW of it and for a MWh that is delivered.

For each MW a plant generates `a[t]` MWh in an hour, of which the campus takes `d[t] / (1 - loss)` at the plant's
end for `d[t]` that arrive. All that it generates is paid (`strike`) and balanced (`balancing`), and what is not
taken is sold at the day-ahead price of the plant's area, or lost:

    cost  =  x sum_t a[t] (strike + balancing - sale s[t])  +  sum_t d[t] delivered[t]

    delivered[t]  =  (b[t] - (1 - sale) s[t]) / (1 - loss)

with `sale` 1 where surplus is sold and 0 where it is lost. What is taken is not sold at the plant: in the campus's own
area `b = s`; from another area the supplier sells there and buys here at the price `b[t]` of the campus's own.

A virtual contract (contract for differences) delivers nothing: the plant is sold at the market, and the campus pays
what the strike is above that price, `x sum_t a[t] (strike - s[t])`.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array


def cost_per_mw(availability: Array, paid_myen_per_mwh: float, sold_myen_per_mwh: Array | float) -> float:
    """What a MW costs for all steps together, million yen: paid for each MWh less what its sale brings.

    `availability` is the MWh that a MW generates in each step.
    """
    return float(availability @ (paid_myen_per_mwh - np.broadcast_to(sold_myen_per_mwh, availability.shape)))


def cost_delivered(
    market_there_myen_per_mwh: Array, market_here_myen_per_mwh: Array, loss_share: float, *, sold: bool
) -> Array:
    """What a MWh that arrives costs beside what the plant is paid, million yen per MWh, shape `(steps,)`.

    In one area both prices are the same; `sold` says whether the price of a MW counts all that it generates as sold.
    """
    forgone = market_here_myen_per_mwh if sold else market_here_myen_per_mwh - market_there_myen_per_mwh
    return forgone / (1.0 - loss_share)


def imbalance_cost(error_share: float, spread_myen_per_mwh: float) -> float:
    """What a plant's own forecast errors cost for each MWh that it generates, million yen.

    `error_share` is the energy of the errors over what is generated, `spread` how far the balancing price is away from
    the day-ahead price on the side that hurts.
    """
    return error_share * spread_myen_per_mwh
