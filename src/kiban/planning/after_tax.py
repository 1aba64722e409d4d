"""From costs before tax to costs under a policy: only costs change, never the programme's shape.

The capital of each asset is counted at its user cost (design of the model, section PAY): what its owner must earn
before tax on each yen of its price so that the investment pays after tax and support. Prices of energy take the
policy's carbon price, production credit, and relief from surcharge and network charge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kiban.planning.annual_costs import capital_recovery_factor
from kiban.planning.asset_costs import AssetCost, asset_class
from kiban.planning.inputs import Inputs
from kiban.planning.plan import Plan
from kiban.planning.resources import GridResource, Resources, SupplyResource
from kiban.policy.effective_rates import marginal_effective_tax_rate_of
from kiban.policy.terms import FinancingTerms, PolicyTerms
from kiban.policy.user_cost import UserCost, user_cost_factor


@dataclass(frozen=True, slots=True)
class CapitalTerms:
    """What turns a price into a yearly cost beside the law: rates a year, `discount_rate` real and before tax."""

    discount_rate: float
    inflation: float
    start_year: int
    horizon_years: int
    debt_share: float
    debt_margin: float
    debt_rate: float
    public_rate: float


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


def asset_user_cost(
    asset: str, life_years: float, terms: PolicyTerms, capital: CapitalTerms, credit_utilisation: float = 1.0
) -> UserCost:
    """User cost of an asset class with a life under the policy, over the horizon."""
    return user_cost_factor(
        terms.assets[asset],
        terms.tax,
        real_after_tax_rate=_after_tax_rate(terms, capital),
        inflation=capital.inflation,
        life_years=life_years,
        purchase_year=capital.start_year,
        horizon_years=capital.horizon_years,
        credit_utilisation=credit_utilisation,
    )


def effective_tax_rates(
    plan: Plan, terms: PolicyTerms, capital: CapitalTerms, credit_utilisation: Mapping[str, float] | None = None
) -> dict[str, float | None]:
    """Marginal effective tax rate of each asset class that a plan buys, under the policy.

    The share of the return before tax that tax takes from an investment that just pays, negative where support
    outweighs it; None where support leaves no need of a positive return, so that no share of it means anything. Lives
    that differ within a class are weighed by price.
    """
    used = credit_utilisation or {}
    after_tax = _after_tax_rate(terms, capital)
    needed: dict[str, float | None] = {}
    spent: dict[str, float] = {}
    for item in plan.investments:
        if item.capex_myen <= 0:
            continue
        cost = asset_user_cost(item.asset, item.life_years, terms, capital, used.get(item.asset, 1.0))
        rate = marginal_effective_tax_rate_of(cost, after_tax, item.life_years)
        known, weight = needed.get(item.asset, 0.0), spent.get(item.asset, 0.0)
        spent[item.asset] = weight + item.capex_myen
        if known is None or math.isnan(rate):
            needed[item.asset] = None
        else:
            needed[item.asset] = known + (rate - known) * item.capex_myen / spent[item.asset]
    return needed


def _after_tax_rate(terms: PolicyTerms, capital: CapitalTerms) -> float:
    return discount_rate_under(terms.financing, capital) * (1.0 - terms.tax.rate)


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
    after_tax = _after_tax_rate(terms, capital)
    used = credit_utilisation or {}

    def tax(asset: AssetCost) -> AssetCost:
        if asset.capex_myen == 0:
            return asset
        cost = asset_user_cost(asset.asset, asset.life_years, terms, capital, used.get(asset.asset, 1.0))
        return replace(asset, annual_capital_myen=asset.capex_myen * cost.annual_factor)

    assets = {capacity: tuple(tax(asset) for asset in made_of) for capacity, made_of in resources.assets.items()}
    yearly = {capacity: sum(asset.annual_cost_myen for asset in made_of) for capacity, made_of in assets.items()}
    battery, backup = resources.battery, resources.backup
    return replace(
        resources,
        assets=assets,
        it_annual_costs_myen_per_mw=_compute_costs(resources, assets["it"]),
        supply=tuple(_supply(supply, terms, yearly, after_tax, capital.horizon_years) for supply in resources.supply),
        battery=battery
        and replace(
            battery,
            annual_cost_myen_per_mw=yearly["battery_power"],
            annual_cost_myen_per_mwh=yearly["battery_energy"],
        ),
        grid=resources.grid and _grid(resources.grid, terms, yearly["interconnection"]),
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
        worth = credit.rate_myen_per_mwh * level / (1.0 - terms.tax.rate)
    return replace(supply, annual_cost_myen_per_mw=yearly[supply.name], production_credit_myen_per_mwh=worth)


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


def reprice(plan: Plan, resources: Resources) -> float:
    """Yearly net cost of a plan's design at the costs of other resources of the same place and cooling system.

    The design stays as it is: capital, carbon, charges on energy drawn and production credits are counted anew. It is
    never less than what a plan of those resources costs.
    """
    factors = {
        (capacity, asset.asset): asset.annual_capital_myen / asset.capex_myen
        for capacity, made_of in resources.assets.items()
        for asset in made_of
        if asset.capex_myen > 0
    }
    cost = plan.net_cost_myen_per_year
    for built in plan.investments:
        if built.capex_myen > 0:
            cost += factors[built.capacity, built.asset] * built.capex_myen - built.annual_capital_myen
    for supply in resources.supply:
        change = supply.production_credit_myen_per_mwh - plan.production_credits_myen_per_mwh.get(supply.name, 0.0)
        cost -= change * plan.clean_output_mwh_per_year.get(supply.name, 0.0)
    if resources.grid is not None:
        charges = resources.grid.surcharge_myen_per_mwh + resources.grid.network_charge_myen_per_mwh
        drawn = plan.indicators["import_mwh_per_year"]
        cost += charges * drawn - sum(plan.energy_charges_myen_per_year.values())
    emissions = plan.indicators["emissions_t_per_year"]
    return cost + resources.carbon_price_myen_per_t * emissions - plan.costs.get("carbon", 0.0)
