"""What one unit of capacity is made of: assets with their price, life and yearly charges.

The programme sees one yearly cost per unit of capacity; tax law, finance and the ledger see the assets behind it.
A scenario that gives a yearly cost outright buys a service: no asset, only a fixed charge.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiban.policy.terms import ASSETS


@dataclass(frozen=True, slots=True)
class AssetCost:
    """One asset per unit of capacity (MW, MWh, or one measure); million yen at constant prices.

    `annual_capital_myen` is the capital's yearly cost: capital recovered over the life, or the user cost under a
    tax law. `network_charge_myen_per_year` is what the network asks for each unit connected.
    """

    asset: str
    capex_myen: float
    life_years: float
    fixed_om_myen_per_year: float
    annual_capital_myen: float
    network_charge_myen_per_year: float = 0.0

    @property
    def annual_cost_myen(self) -> float:
        """Yearly cost of one unit."""
        return self.annual_capital_myen + self.fixed_om_myen_per_year + self.network_charge_myen_per_year


def asset_class(name: str) -> str:
    """Asset class of a supply option; what the scenario adds of its own is `other_supply`."""
    return name if name in ASSETS else "other_supply"
