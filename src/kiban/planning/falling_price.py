"""A demand curve as the programme takes it: what is bid for compute beside what is bought anyway."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kiban.linear.curves import CostCurve


@dataclass(frozen=True, slots=True)
class FallingPrice:
    """What is bid for one MW more falls as more is served, along a demand curve of constant elasticity.

        bid(x) = price ((at + x) / at)^(-1 / elasticity)

    `price` (million yen/MWh) holds where nothing is served beside the `at_mw` that are bought anyway. Of a fall in cost
    buyers are shown `pass_through`: to see the bid, their price must have fallen as far, and the cost by more. The
    programme therefore counts one MW more at the cost at which it is bought,

        price - (price - bid(x)) / pass_through
    """

    at_mw: float
    price_myen_per_mwh: float
    elasticity: float
    pass_through: float = 1.0

    def curve(self, energy_mwh_per_mw: float) -> CostCurve:
        """What the programme is paid, as a cost: the part that falls, for the yearly energy of one MW."""
        price = -self.price_myen_per_mwh * energy_mwh_per_mw / self.pass_through
        return CostCurve(price, self.at_mw, -1.0 / self.elasticity, origin=-self.at_mw)

    @property
    def constant_myen_per_mwh(self) -> float:
        """The part of what the programme is paid that does not fall; below zero."""
        return self.price_myen_per_mwh * (1.0 - 1.0 / self.pass_through)

    def worth_myen_per_mwh(self, served_mw: float) -> float:
        """Mean of the bids for what is served: what it is worth to those who buy it."""
        if served_mw <= 0:
            return self.price_myen_per_mwh
        bids = replace(self, pass_through=1.0).curve(1.0)
        return (bids.value(0.0) - bids.value(served_mw)) / served_mw

    def counted_myen_per_mwh(self, served_mw: float) -> float:
        """Mean of what the programme counts for what is served."""
        return (
            self.price_myen_per_mwh - (self.price_myen_per_mwh - self.worth_myen_per_mwh(served_mw)) / self.pass_through
        )
