"""What public money buys: marginal value of public funds, cost of what is induced, windfall of a credit.

    MVPF = willingness to pay of those who gain / (outlay - fiscal externality)

(Hendren and Sprung-Keyser 2020.) The fiscal externality is the tax that induced activity brings back; activity that
would have happened anyway brings nothing. Amounts are present values in one unit of money.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublicFunds:
    """A policy's worth to those who gain, its outlay, and the tax that it brings back."""

    willingness_to_pay: float
    outlay: float
    fiscal_externality: float

    @property
    def net_cost(self) -> float:
        """Cost to the treasuries after tax feedback; negative where the policy pays for itself."""
        return self.outlay - self.fiscal_externality

    @property
    def marginal_value(self) -> float:
        """Worth per yen of net cost; infinite where the policy pays for itself and is worth something.

        Not a number where it is worth nothing and costs nothing; a harm that pays is given as minus infinity.
        """
        if self.net_cost > 0:
            return self.willingness_to_pay / self.net_cost
        if self.willingness_to_pay == 0 and self.net_cost == 0:
            return math.nan
        return math.inf if self.willingness_to_pay >= 0 else -math.inf


def transfer_funds(outlay: float, *, induced_income: float, tax_rate: float, valued_share: float = 1.0) -> PublicFunds:
    """A transfer that induces income: those who gain value a share of the transfer, and the income after tax."""
    return PublicFunds(
        willingness_to_pay=valued_share * outlay + (1.0 - tax_rate) * induced_income,
        outlay=outlay,
        fiscal_externality=tax_rate * induced_income,
    )


def cost_per_induced(net_cost: float, induced: float) -> float | None:
    """Cost for each unit induced (MW, yen of investment); None where nothing is induced."""
    return net_cost / induced if induced > 0 else None


@dataclass(frozen=True, slots=True)
class WindfallCheck:
    """How a constant elasticity to the user cost would split a credit, beside what the plans say."""

    investment_ratio: float
    """Investment with the credit over investment without."""
    windfall_share: float
    """Share of the credit that is paid on what would have been built anyway."""
    induced_share: float

    def credit_per_induced(self, credit_rate: float) -> float:
        """Credit paid per yen of induced investment; infinite where nothing is induced."""
        return credit_rate / self.induced_share if self.induced_share > 0 else math.inf


def check_windfall(user_cost_without: float, user_cost_with: float, elasticity: float) -> WindfallCheck:
    """The analytic split of a credit: I1/I0 = (c1/c0)^-e, so the windfall is I0/I1 = (c1/c0)^e of what is paid.

    ValueError where a user cost is not positive, the credit raises it, or the elasticity is negative.
    """
    if not 0 < user_cost_with <= user_cost_without:
        raise ValueError("user costs must be positive, and support cannot raise them")
    if elasticity < 0:
        raise ValueError(f"elasticity is {elasticity:g}; give its size")
    windfall = (user_cost_with / user_cost_without) ** elasticity
    return WindfallCheck(investment_ratio=1.0 / windfall, windfall_share=windfall, induced_share=1.0 - windfall)


def implied_elasticity(user_cost_without: float, user_cost_with: float, investment_ratio: float) -> float:
    """The elasticity that a plan's answer amounts to: -ln(I1/I0) / ln(c1/c0); ValueError where no cost changes."""
    if user_cost_with == user_cost_without or min(user_cost_with, user_cost_without, investment_ratio) <= 0:
        raise ValueError("needs positive user costs that differ and a positive ratio of investment")
    return -math.log(investment_ratio) / math.log(user_cost_with / user_cost_without)
