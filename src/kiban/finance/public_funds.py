"""What public money buys: marginal value of public funds, cost of what is induced.

    MVPF = willingness to pay of those who gain / (outlay - fiscal externality)

(Hendren and Sprung-Keyser 2020.) The fiscal externality is the tax that induced activity brings back; activity that
would have happened anyway brings nothing. Amounts are present values in one unit of money.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

NO_COST = 1e-6
"""Net cost that is none, million yen."""
LEAST_INDUCED_MW = 1e-3


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

    @property
    def value_of_cost(self) -> float | None:
        """Marginal value where there is a net cost; None where the policy pays for itself or does nothing."""
        return self.marginal_value if self.net_cost > NO_COST else None


def account_funds(gains: Mapping[str, float], fiscal_cost: float, treasury_value: float) -> PublicFunds:
    """From what each party gains for nothing, what is spent before any answer, and the treasuries' whole change."""
    return PublicFunds(
        willingness_to_pay=sum(gains.values()),
        outlay=fiscal_cost,
        fiscal_externality=fiscal_cost + treasury_value,
    )


def cost_per_induced(net_cost: float, induced: float, *, least: float = 0.0) -> float | None:
    """Cost for each unit induced (MW, yen of investment); None where no more than `least` is induced."""
    return net_cost / induced if induced > least else None
