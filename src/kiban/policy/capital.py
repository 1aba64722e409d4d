"""What capital costs its owner under a policy: the rate that its financing has, and the user cost of each asset."""

from __future__ import annotations

from dataclasses import dataclass

from kiban.policy.terms import FinancingTerms, PolicyTerms
from kiban.policy.user_cost import UserCost, user_cost_factor


@dataclass(frozen=True, slots=True)
class CapitalTerms:
    """What turns a price into a yearly cost beside the law: rates a year, `discount_rate` real and before tax.

    `debt_share` is the share of the capital in use that debt pays for.
    """

    discount_rate: float
    inflation: float
    start_year: int
    horizon_years: int
    debt_share: float
    debt_margin: float
    debt_rate: float
    public_rate: float


def discount_rate_under(financing: FinancingTerms, capital: CapitalTerms) -> float:
    """Real discount rate before tax under the policy's financing.

    A guarantee takes its share of the margin off the debt and adds its fee; a public loan replaces the debt's rate;
    public ownership has the public's rate.
    """
    if financing.public:
        return capital.public_rate
    relief = financing.guarantee_coverage * (capital.debt_margin - financing.guarantee_fee_rate)
    if financing.concessional_rate is not None:
        relief = capital.debt_rate - financing.concessional_rate
    return capital.discount_rate - capital.debt_share * relief


def after_tax_rate(terms: PolicyTerms, capital: CapitalTerms) -> float:
    """Real discount rate after tax: what the owner keeps of the rate before tax."""
    return discount_rate_under(terms.financing, capital) * (1.0 - terms.tax.rate)


def asset_user_cost(
    asset: str, life_years: float, terms: PolicyTerms, capital: CapitalTerms, credit_utilisation: float = 1.0
) -> UserCost:
    """User cost of an asset class with a life under the policy, over the horizon."""
    return user_cost_factor(
        terms.assets[asset],
        terms.tax,
        real_after_tax_rate=after_tax_rate(terms, capital),
        inflation=capital.inflation,
        life_years=life_years,
        purchase_year=capital.start_year,
        horizon_years=capital.horizon_years,
        credit_utilisation=credit_utilisation,
    )
