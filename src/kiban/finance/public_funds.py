"""What public money buys: marginal value of public funds, cost of what is induced.

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


def cost_per_induced(net_cost: float, induced: float) -> float | None:
    """Cost for each unit induced (MW, yen of investment); None where nothing is induced."""
    return net_cost / induced if induced > 0 else None
