"""Demand of constant elasticity: how much more is bought when it becomes cheaper.

Where a scenario says nothing about further demand, the load is a point on the curve `Q = L (p / p0)^-e`: at the cost
p0 of a little more of the same load without the policy, exactly the load L is bought, as in a market at rest. Buyers
answer to the price that they pay, which falls by the part of a fall in cost that is passed on to them,

    p = p0 - pass_through (p0 - c)          Q = L (p / p0)^-e

with the cost c of a little more of it under the policy. A design of one campus takes the curve as it is
(`offer_demand`), and a country in steps that are cut anew around what is served (`national_demand`).
"""

from __future__ import annotations

from kiban.planning.falling_price import FallingPrice
from kiban.scenario import Tranche

LEAST_PRICE_SHARE = 0.6
"""The curve is cut off at this share of the price."""
PROBE_SHARE = 0.001
"""What is a little more of the load."""
BELOW_PROBE = 1e-5
"""How far below what the probe costs demand begins, as a share: a probe costs a trace more than the first unit, and
without a policy nothing more is to be bought."""
ELASTIC = "elastic"


def probe_tranche(load_mw: float) -> Tranche:
    """A little more of the load that must be served, whose cost is the marginal cost of compute."""
    return Tranche(
        name="probe", it_load_mw=PROBE_SHARE * load_mw, price_myen_per_mwh=0.0, shape="load", must_serve=True
    )


def offer_demand(
    load_mw: float, price_myen_per_mwh: float, elasticity: float, pass_through: float
) -> tuple[tuple[Tranche, ...], dict[str, FallingPrice]]:
    """The demand below the price as one tranche along the curve; none where it does not answer or sees no fall."""
    if elasticity <= 0 or pass_through <= 0:
        return (), {}
    price_myen_per_mwh *= 1.0 - BELOW_PROBE
    most_mw = load_mw * (LEAST_PRICE_SHARE**-elasticity - 1.0)
    tranche = Tranche(name=ELASTIC, it_load_mw=most_mw, price_myen_per_mwh=price_myen_per_mwh, shape="load")
    return (tranche,), {ELASTIC: FallingPrice(load_mw, price_myen_per_mwh, elasticity, pass_through)}
