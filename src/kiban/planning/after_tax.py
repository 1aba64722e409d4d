"""From costs before tax to costs under a policy: only costs change, never the programme's shape.

The capital of each asset is counted at its user cost (design of the model, section PAY): what its owner must earn
before tax on each yen of its price so that the investment pays after tax and support. Prices of energy take the
policy's carbon price, production credit, and relief from surcharge and network charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kiban.planning.asset_costs import AssetCost, asset_class
from kiban.planning.inputs import Inputs
from kiban.planning.procured import ProcurementResource
from kiban.planning.resources import GridResource, Resources, StorageResource, SupplyResource
from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.capital import CapitalTerms, after_tax_rate, asset_user_cost
from kiban.policy.terms import PolicyTerms
from kiban.scenario.plant import COOLING_STORAGE


def read_capital_terms(inputs: Inputs) -> CapitalTerms:
    """From the scenario and the catalogue."""
    take = inputs.costs.take
    inflation = take("finance.inflation")
    margin = take("finance.debt_margin")
    return CapitalTerms(
        discount_rate=inputs.costs.discount_rate,
        inflation=inflation,
        start_year=inputs.scenario.policy.start_year,
        horizon_years=round(take("finance.horizon")),
        debt_share=take("finance.debt_share"),
        debt_margin=margin,
        debt_rate=take("finance.debt_reference_rate") + margin,
        public_rate=(1.0 + take("finance.public_rate")) / (1.0 + inflation) - 1.0,
    )


def under_policy(
    resources: Resources,
    terms: PolicyTerms,
    capital: CapitalTerms,
    credit_utilisation: Mapping[str, float] | None = None,
) -> Resources:
    """The same resources at the costs that hold under the policy.

    `credit_utilisation` is the share of each asset's credit that the law's limits let its owner use, by present
    value; all of it where none is given.
    """
    after_tax = after_tax_rate(terms, capital)
    used = credit_utilisation or {}

    def tax(asset: AssetCost) -> AssetCost:
        if asset.capex_myen == 0:
            return asset
        cost = asset_user_cost(asset.asset, asset.life_years, terms, capital, used.get(asset.asset, 1.0))
        return replace(asset, annual_capital_myen=asset.capex_myen * cost.annual_factor)

    assets = {capacity: tuple(tax(asset) for asset in made_of) for capacity, made_of in resources.assets.items()}
    yearly = {capacity: sum(asset.annual_cost_myen for asset in made_of) for capacity, made_of in assets.items()}
    battery, backup, cold = resources.battery, resources.backup, resources.cooling_storage

    def tax_storage(storage: StorageResource) -> StorageResource:
        return replace(
            storage,
            annual_cost_myen_per_mw=yearly[storage.power],
            annual_cost_myen_per_mwh=yearly[storage.energy],
            annual_cost_myen_per_charge_mw=(
                None if storage.annual_cost_myen_per_charge_mw is None else yearly[storage.charge_power]
            ),
        )

    return replace(
        resources,
        assets=assets,
        it_annual_costs_myen_per_mw=_compute_costs(resources, assets["it"]),
        supply=tuple(_supply(supply, terms, yearly, after_tax, capital.horizon_years) for supply in resources.supply),
        battery=battery and tax_storage(battery),
        further_storages=tuple(map(tax_storage, resources.further_storages)),
        cooling_storage=cold and replace(cold, annual_cost_myen_per_mwh=yearly[f"{COOLING_STORAGE}_energy"]),
        grid=resources.grid and _grid(resources.grid, terms, yearly["interconnection"]),
        procurement=resources.procurement and _procurement(resources.procurement, terms, yearly),
        backup=backup and replace(backup, annual_cost_myen_per_mw=yearly["backup"]),
        measures=tuple(replace(measure, annual_cost_myen=yearly[measure.name]) for measure in resources.measures),
        carbon_price_myen_per_t=(
            resources.carbon_price_myen_per_t
            if terms.carbon_price_myen_per_t is None
            else terms.carbon_price_myen_per_t
        ),
    )


def _compute_costs(resources: Resources, made_of: tuple[AssetCost, ...]) -> Mapping[str, float]:
    costs = {asset.asset: asset.annual_capital_myen for asset in made_of}
    operation = sum(asset.fixed_om_myen_per_year for asset in made_of)
    return {
        part: operation if part in {"operation", "capacity"} else costs[part]
        for part in resources.it_annual_costs_myen_per_mw
    }


def _supply(
    supply: SupplyResource, terms: PolicyTerms, yearly: Mapping[str, float], rate: float, horizon: int
) -> SupplyResource:
    credit = terms.assets[asset_class(supply.name)].production_credit
    worth = 0.0
    if credit is not None and supply.clean:
        # Paid for some years and free of tax: its level over the horizon, before tax.
        level = capital_recovery_factor(rate, horizon) / capital_recovery_factor(rate, min(credit.years, horizon))
        worth = credit.rate_myen_per_mwh * level / (1.0 - terms.tax.marginal_rate)
    return replace(supply, annual_cost_myen_per_mw=yearly[supply.name], production_credit_myen_per_mwh=worth)


def _procurement(
    procurement: ProcurementResource, terms: PolicyTerms, yearly: Mapping[str, float]
) -> ProcurementResource:
    """Plants of one's own at their user cost; what is free of the surcharge is spared what is left of it."""
    left = 1.0 - terms.surcharge_relief_share
    plants = (
        replace(
            plant,
            annual_cost_myen_per_mw=yearly.get(plant.capacity, 0.0),
            exempt_myen_per_mwh=plant.exempt_myen_per_mwh * left,
        )
        for plant in procurement.plants
    )
    return replace(procurement, plants=tuple(plants))


def _grid(grid: GridResource, terms: PolicyTerms, yearly: float) -> GridResource:
    surcharge = grid.surcharge_myen_per_mwh * terms.surcharge_relief_share
    network = grid.network_charge_myen_per_mwh * terms.network_relief_share
    return replace(
        grid,
        annual_cost_myen_per_mw=yearly,
        price_myen_per_mwh=np.asarray(grid.price_myen_per_mwh - surcharge - network),
        surcharge_myen_per_mwh=grid.surcharge_myen_per_mwh - surcharge,
        network_charge_myen_per_mwh=grid.network_charge_myen_per_mwh - network,
    )
