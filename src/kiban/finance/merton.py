"""Debt, guarantee and default as options on the value of a project (Merton 1974; Hull, chapter on credit risk).

The owner holds a call on the assets with the debt as its strike; a guarantor has written the put:

    E = V N(d1) - F exp(-rT) N(d2)            put = F exp(-rT) N(-d2) - V N(-d1)
    d1 = (ln(V/F) + (r + s^2/2) T) / (s sqrt(T))        d2 = d1 - s sqrt(T)

Values hold under risk-neutral drift, so they price risk; an expected loss at the true drift is smaller.
Rates are continuous and nominal, times are years, money is in any one unit.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MertonDebt:
    """Values today of a debt due at one date, for a given value and volatility of the assets."""

    asset_value: float
    asset_volatility: float
    equity: float
    promised: float
    """Present value of the debt if it were free of risk."""
    guarantee: float
    """Value of a full guarantee: the put."""
    debt: float
    """Value of the debt without a guarantee."""
    default_probability: float
    """Under risk-neutral drift."""
    spread: float
    """What the debt yields above the riskless rate, continuous, per year."""

    @property
    def expected_loss_share(self) -> float:
        """Risk-neutral expected loss as a share of the promised value."""
        return self.guarantee / self.promised

    @property
    def recovery_share(self) -> float:
        """Share of the promised value that is expected back in default; 1 where default is impossible."""
        lost = self.default_probability
        return 1.0 - self.expected_loss_share / lost if lost > 0 else 1.0


def value_debt(
    asset_value: float, face: float, *, rate: float, volatility: float, years: float, coverage: float = 1.0
) -> MertonDebt:
    """Values of debt of `face` due in `years` on assets of `asset_value`; the guarantee covers `coverage` of it.

    ValueError where a value, the volatility, the time or the coverage is out of range.
    """
    if not (asset_value > 0 and face > 0 and volatility > 0 and years > 0):
        raise ValueError("values, volatility and time must be positive")
    if not 0 <= coverage <= 1:
        raise ValueError(f"coverage is {coverage:g}, outside 0 to 1")
    promised = face * math.exp(-rate * years)
    d1, d2 = _distances(asset_value, face, rate, volatility, years)
    put = promised * normal_cdf(-d2) - asset_value * normal_cdf(-d1)
    return MertonDebt(
        asset_value=asset_value,
        asset_volatility=volatility,
        equity=asset_value - promised + put,
        promised=promised,
        guarantee=coverage * put,
        debt=promised - put,
        default_probability=normal_cdf(-d2),
        spread=-math.log1p(-put / promised) / years,
    )


def guarantee_value(
    balances: tuple[float, ...], asset_value: float, *, rate: float, volatility: float, coverage: float = 1.0
) -> float:
    """Value of a guarantee of a loan in yearly steps: balance due at a time weighted by what is repaid each year.

    `balances` are the amounts owed after 0, 1, 2, ... years. Each repayment is taken as a debt of its own that
    ranks with the others: it has the share of the assets that it has of the loan.
    """
    owed, total = balances[0], 0.0
    for year, (before, after) in enumerate(itertools.pairwise(balances), start=1):
        repaid = before - after
        if repaid > 0:
            debt = value_debt(asset_value * repaid / owed, repaid, rate=rate, volatility=volatility, years=year)
            total += coverage * debt.guarantee
    return total


def normal_cdf(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _distances(value: float, face: float, rate: float, volatility: float, years: float) -> tuple[float, float]:
    spread = volatility * math.sqrt(years)
    d1 = (math.log(value / face) + (rate + volatility**2 / 2.0) * years) / spread
    return d1, d1 - spread
