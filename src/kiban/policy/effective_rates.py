"""The marginal effective tax rate of an investment, from its user cost.

As in the literature on corporate taxation (King and Fullerton, 1984), for an asset with a fixed life: the return before
tax that the user cost asks for, against the return after tax. Rates are shares a year.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.capital import CapitalTerms, after_tax_rate, asset_user_cost
from kiban.policy.terms import PolicyTerms
from kiban.policy.user_cost import UserCost

LARGEST_EXPONENT = 700.0
"""Of a number that a float can hold."""
LEAST_RETURN = -0.999
RETURN_TOLERANCE = 1e-15


def return_before_tax(annual_factor: float, life_years: float) -> float:
    """Real rate at which level yearly earnings of `annual_factor` per unit of price repay it over the life.

    May be negative, though not below `LEAST_RETURN`; raises ValueError where the factor is not above 0.
    """
    from scipy.optimize import brentq

    if annual_factor <= 0:
        raise ValueError(f"yearly earnings of {annual_factor} per unit of price repay nothing")

    def excess(rate: float) -> float:
        return capital_recovery_factor(rate, life_years) - annual_factor

    # For ever, the yearly earnings would be the rate itself; a rate so low that it overflows repays nothing.
    low, high = max(LEAST_RETURN, math.expm1(-LARGEST_EXPONENT / life_years)), annual_factor
    if excess(low) >= 0:
        return low
    return high if excess(high) <= 0 else brentq(excess, low, high, xtol=RETURN_TOLERANCE)


def marginal_effective_tax_rate_of(cost: UserCost, real_after_tax_rate: float, life_years: float) -> float:
    """Marginal effective tax rate of an asset that earns just its user cost over its life, property tax included.

    (rho - r) / rho with the return before tax rho: negative where support outweighs tax, and `nan` where rho is not
    above 0 (or support pays for the whole asset), because a share of it then means nothing.
    """
    if cost.annual_factor <= 0:
        return math.nan
    before = return_before_tax(cost.annual_factor, life_years)
    return (before - real_after_tax_rate) / before if before > 0 else math.nan


def effective_tax_rates(
    assets: Iterable[tuple[str, float, float]],
    terms: PolicyTerms,
    capital: CapitalTerms,
    credit_utilisation: Mapping[str, float] | None = None,
) -> dict[str, float | None]:
    """Marginal effective tax rate of each asset class that is bought, under the policy.

    `assets` are the purchases: asset class, price in million yen, and life in years.

    The share of the return before tax that tax takes from an investment that just pays, negative where support
    outweighs it; None where support leaves no need of a positive return, so that no share of it means anything. Lives
    that differ within a class are weighed by price.
    """
    used = credit_utilisation or {}
    after_tax = after_tax_rate(terms, capital)
    needed: dict[str, float | None] = {}
    spent: dict[str, float] = {}
    for asset, capex_myen, life_years in assets:
        if capex_myen <= 0:
            continue
        cost = asset_user_cost(asset, life_years, terms, capital, used.get(asset, 1.0))
        rate = marginal_effective_tax_rate_of(cost, after_tax, life_years)
        known, weight = needed.get(asset, 0.0), spent.get(asset, 0.0)
        spent[asset] = weight + capex_myen
        if known is None or math.isnan(rate):
            needed[asset] = None
        else:
            needed[asset] = known + (rate - known) * capex_myen / spent[asset]
    return needed
