"""The price of the risk that a public owner bears.

    charge = PV(flow, rate) - PV(flow, market rate)

with the project's flow before debt, at constant prices. Whoever owns a campus bears what its flow may turn out to be,
and for that the market asks the design's rate after the tax of a private owner, who keeps no more of it. (The rate
before tax would count that tax as risk.) A state that counts the flow at a lower rate counts the
price of the risk as its own gain; the charge takes it off again (Lucas, "Valuation of government policies and
projects", Annual Review of Financial Economics 4, 2012). It is nothing where the owner is private: then the market rate
is in the price.
"""

from __future__ import annotations

import numpy as np

from kiban.finance.cash_flow import CashFlow
from kiban.finance.metrics import npv_at_base


def risk_charge(cash: CashFlow, rate: float) -> float:
    """Million yen at a real rate, never below 0; 0 under a private owner."""
    if not cash.project.policy.financing.public:
        return 0.0
    level = cash.price_level
    flow = np.broadcast_to(cash.project_flow, level.shape) / level
    case = cash.assumptions
    market = case.discount_rate_real if case.owner_rate_real is None else case.owner_rate_real
    after = cash.project.years_after_base
    return max(float(npv_at_base(rate, flow, after) - npv_at_base(market, flow, after)), 0.0)
