"""What public money buys: marginal value of public funds, cost of what is induced.

    MVPF = willingness to pay of those who gain / (outlay - fiscal externality)

(Hendren and Sprung-Keyser, Quarterly Journal of Economics 135, 2020). The fiscal externality is the tax that induced
activity brings back; activity that would have happened anyway brings nothing. Amounts are present values in one unit of
money and at one rate: a yen of a year counts alike whoever gains or spends it, else the order of instruments would be
that of their parties' rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NO_COST_MYEN = 1.0
"""Net cost that is none: the rounding of a solver in present values of a million times as much."""
LEAST_INDUCED_MW = 1e-3
"""Induced load below it is a solver's rounding."""


@dataclass(frozen=True, slots=True)
class PublicFunds:
    """A policy's worth to those who gain, its outlay, and the tax that it brings back."""

    willingness_to_pay: float
    outlay: float
    fiscal_externality: float
    risk_premium: float = 0.0
    """Part of the worth that is the price of risk: what induced load earns its owner and lenders beyond the social
    rate. Who just earns what he asks for his risk would pay nothing for it."""

    @property
    def net_cost(self) -> float:
        """Cost to the treasuries after tax feedback; negative where the policy pays for itself."""
        return self.outlay - self.fiscal_externality

    @property
    def marginal_value(self) -> float | None:
        """Marginal value of public funds: worth for each yen of net cost.

        None where there is no net cost to hold it against: the policy does nothing, or pays for itself (its value is
        then infinite in the literature).
        """
        return self.willingness_to_pay / self.net_cost if self.net_cost > NO_COST_MYEN else None

    @property
    def value_without_risk_premium(self) -> float | None:
        """The same without the price of risk."""
        return (self.willingness_to_pay - self.risk_premium) / self.net_cost if self.net_cost > NO_COST_MYEN else None


def account_funds(
    gains: Mapping[str, float], fiscal_cost: float, treasury_value: float, risk_premium: float = 0.0
) -> PublicFunds:
    """From what each party gains for nothing, what is spent before any answer, and the treasuries' whole change."""
    return PublicFunds(
        willingness_to_pay=sum(gains.values()),
        outlay=fiscal_cost,
        fiscal_externality=fiscal_cost + treasury_value,
        risk_premium=risk_premium,
    )


def whole_induced(difference_mw: float) -> float:
    """What is served more, MW; nothing where the difference is the solver's rounding."""
    return difference_mw if abs(difference_mw) >= LEAST_INDUCED_MW else 0.0


def cost_per_induced_mw(cost: float, induced_mw: float) -> float | None:
    """Cost for each induced MW of IT load; None where none is induced."""
    return cost / induced_mw if induced_mw > LEAST_INDUCED_MW else None
