"""Demand of constant elasticity as tranches of compute: how much more is bought when it becomes cheaper.

Where a scenario says nothing about further demand, the load is a point on the curve `Q = L (p / p0)^-e`: at the cost
p0 of a little more of the same load without the policy, exactly the load L is bought, as in a market at rest. The
curve below p0 becomes steps, each at the mean price of its interval, so that a plan under a policy can serve what
then pays.
"""

from __future__ import annotations

from kiban.scenario import Tranche

DEMAND_STEPS = 12
LEAST_PRICE_SHARE = 0.6
"""The curve is cut off at this share of the price."""
PROBE_SHARE = 0.01
"""What is a little more of the load."""


def probe_tranche(load_mw: float) -> Tranche:
    """A little more of the load that must be served, whose cost is the marginal cost of compute."""
    return Tranche(
        name="probe", it_load_mw=PROBE_SHARE * load_mw, price_myen_per_mwh=0.0, shape="load", must_serve=True
    )


def elastic_tranches(load_mw: float, price_myen_per_mwh: float, elasticity: float) -> tuple[Tranche, ...]:
    """Steps of the demand curve below the price, dearest first; none where demand does not answer to the price."""
    made, width = [], (1.0 - LEAST_PRICE_SHARE) / DEMAND_STEPS
    for step in range(DEMAND_STEPS):
        upper, lower = 1.0 - step * width, 1.0 - (step + 1) * width
        more_mw = load_mw * (lower**-elasticity - upper**-elasticity)
        if more_mw > 0:
            price = price_myen_per_mwh * (upper + lower) / 2
            made.append(Tranche(name=f"elastic_{step + 1}", it_load_mw=more_mw, price_myen_per_mwh=price, shape="load"))
    return tuple(made)
