"""What an answer would be at the ends of what is assumed of demand, each assumption alone.

On the demand curve, with the fall in cost `d` of a MW more as a share of its cost without the policy,

    induced = load ((1 - pass_through d)^-elasticity - 1)

so that one answer tells `d`, and with it what any other elasticity and share passed on would induce, where a MW more
costs the same at every size. What support and fiscal cost are of a MW is the same too: windfall and what is moved stay,
what pays for the induced load and the cost grow with it. (Over the elasticities of docs/tax-credits.md that is within
2 % of designs that are solved anew.)
"""

from __future__ import annotations

from dataclasses import dataclass

from kiban.finance.additionality import Support
from kiban.finance.demand import LEAST_PRICE_SHARE

Ends = tuple[float, float]
"""Lowest and highest."""


@dataclass(frozen=True, slots=True)
class DemandAssumed:
    """What is assumed of demand, and what else the catalogue thinks possible."""

    elasticity: float
    elasticity_range: Ends
    pass_through: float
    pass_through_range: Ends

    def alone(self) -> tuple[tuple[float, float], ...]:
        """Elasticity and share passed on: as assumed, then each at its ends while the other stays."""
        return (
            (self.elasticity, self.pass_through),
            *((end, self.pass_through) for end in self.elasticity_range),
            *((self.elasticity, end) for end in self.pass_through_range),
        )


@dataclass(frozen=True, slots=True)
class AssumedRange:
    """Lowest and highest of each figure over the assumptions, each varied alone."""

    fiscal_cost_myen: Ends
    windfall_share: Ends
    induced_it_mw: Ends
    induced_share: Ends | None = None
    """Share of the support that pays for what is induced; None where assumptions were drawn."""


def induced_with(
    load_mw: float, induced_mw: float, assumed: DemandAssumed, *, elasticity: float, pass_through: float
) -> float:
    """What would be induced with another elasticity and share passed on, MW, where `induced_mw` is as assumed.

    The curve ends where users pay `LEAST_PRICE_SHARE` of the price. Where nothing is passed on or demand does not
    answer as assumed, what a MW more costs is not known from what is induced: 0.
    """
    if assumed.elasticity <= 0 or assumed.pass_through <= 0:
        return 0.0
    share = max(1.0 + induced_mw / load_mw, 0.0)
    if share == 0:
        return -load_mw
    fall = (1.0 - share ** (-1.0 / assumed.elasticity)) / assumed.pass_through
    paid = max(1.0 - pass_through * fall, LEAST_PRICE_SHARE)
    return float(load_mw * (paid**-elasticity - 1.0))


def induced_between(load_mw: float, induced_mw: float, assumed: DemandAssumed | None) -> Ends | None:
    """Induced load at the lowest and the highest elasticity, MW; None where nothing is assumed of demand."""
    if assumed is None or assumed.elasticity <= 0:
        return None
    low, high = (
        induced_with(load_mw, induced_mw, assumed, elasticity=end, pass_through=assumed.pass_through)
        for end in assumed.elasticity_range
    )
    return low, high


def range_over(
    load_mw: float, induced_mw: float, fiscal_cost_myen: float, support: Support, assumed: DemandAssumed
) -> AssumedRange:
    """Figures at the ends of the assumptions; `load_mw` is served without the policy."""
    induced = [
        induced_with(load_mw, induced_mw, assumed, elasticity=elasticity, pass_through=pass_through)
        for elasticity, pass_through in assumed.alone()
    ]
    # Of what is assumed, the answer itself is known, beyond the solver's last digits.
    induced[0] = induced_mw
    costs = [fiscal_cost_myen * (load_mw + more) / (load_mw + induced_mw) for more in induced]
    shares = [_shares(support, more / induced_mw if induced_mw else 1.0) for more in induced]
    windfall, paid_for_induced = zip(*shares, strict=True)
    return AssumedRange(*((min(found), max(found)) for found in (costs, windfall, induced, paid_for_induced)))


def _shares(support: Support, growth: float) -> tuple[float, float]:
    """Shares of windfall and of what pays for the induced load, where that grows by a factor."""
    induced = max(growth, 0.0) * support.induced_myen
    total = support.windfall_myen + support.distortion_myen + induced
    return (support.windfall_myen / total, induced / total) if total > 0 else (0.0, 0.0)
