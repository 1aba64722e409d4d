"""Which share of the capital in use debt pays for, over the years: what cheaper debt takes off the cost of capital.

    share = sum_t balance_t (1 + r)^-t / sum_t capital_t (1 + r)^-t

Debt is sized by what the cash flow carries and repaid within its tenor, so that it is less than its largest share of
the first cost. One point less on its rate saves that point on the balance that is there. The same point on the rate of
the user cost saves it on all capital in use: a purchase of price `p` and life `L` is worth `p a(L - k) / a(L)` after
`k` years, with the annuity `a` at the real rate after tax. The ratio turns the one into the other.
"""

from __future__ import annotations

import numpy as np

from kiban.finance.cash_flow import CashFlow
from kiban.policy.annuity import annuity_present_value


def financed_share(cash: CashFlow) -> float:
    """Share of the capital in use that debt pays for, by present value at constant prices; 0 without any."""
    case = cash.assumptions
    real = (1.0 + cash.discount_rate) / (1.0 + case.inflation) - 1.0
    years = np.arange(len(cash.years), dtype=float)
    discount = (1.0 + real) ** -years
    owed = float((cash.debt.balance / cash.price_level) @ discount)
    capital = 0.0
    for asset in cash.project.assets:
        for terms in cash.purchase_terms.get(asset.name, ()):
            vintage = terms.vintage
            whole = annuity_present_value(real, asset.life_years)
            for age in range(vintage.retired - vintage.bought):
                left = annuity_present_value(real, max(asset.life_years - age, 0.0)) / whole
                capital += asset.capex_myen * vintage.share * left * discount[cash.start + vintage.bought + age]
    return owed / capital if capital > 0 else 0.0
