"""What is bought and what it costs, from the optimum of a programme with several ways to buy.

Costs are counted from the schedule and the tariffs, never from the solver's objective; that the bill adds up to the
plan's costs is tested.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.linear import Solution
from kiban.planning.procured import CAPACITY, DEMAND, MARKET, PeakCharge, PlantResource, ProcurementResource
from kiban.planning.procurement import WHOLE_RATCHET
from kiban.planning.procurement_result import BillItem, Bought, BoughtWay, MonthPeak
from kiban.planning.resources import Resources
from kiban.planning.schedule import SOLVER_DUST

BOUGHT_DUST_MW = 1e-5
"""A way that is never used for more than that is not used."""
PAYEE_OF = {
    "retail_basic": "supplier",
    "retail_energy": "supplier",
    "market_energy": "supplier",
    "demand_charge": "supplier",
    "capacity_contribution": "supplier",
    "balancing": "supplier",
    "ppa": "generator",
    "ppa_market": "market",
    "certificates": "generator",
    "generation_charge": "network",
    "imbalance": "network",
}
"""Items of cost of what is bought, in the order of the bill, and who is paid."""


def procurement_costs(resources: Resources, solution: Solution) -> dict[str, float]:
    """Yearly cost by item, million yen, beside the network's and the surcharge; empty where nothing says how to buy."""
    procurement = resources.procurement
    if procurement is None:
        return {}
    weight = resources.step_weight_h
    costs = dict.fromkeys(PAYEE_OF, 0.0)
    for way in procurement.ways:
        item = "market_energy" if way.name == MARKET else "retail_energy"
        costs[item] += float(way.energy_myen_per_mwh @ _bought(solution, way.bought)) * weight
    for charge in procurement.peak_charges:
        item = {DEMAND: "demand_charge", CAPACITY: "capacity_contribution"}.get(charge.name, "retail_basic")
        costs[item] += charge_cost(charge, solution)
    for plant in procurement.plants:
        built = plant_mw(plant, solution)
        costs["ppa"] += plant.paid_myen_per_mw * built
        costs["imbalance" if plant.way == "self_wheeling" else "balancing"] += plant.balancing_myen_per_mw * built
        costs["ppa_market"] += _market_legs(plant, solution, weight)
        costs["generation_charge"] += plant.generation_charge_myen_per_mw * built
    for certificate in procurement.certificates:
        yearly = certificate.price_myen_per_mwh * HOURS_PER_YEAR
        costs["certificates"] += yearly * _above_dust(solution.capacities[certificate.capacity])
    own = {
        plant.capacity: plant.annual_cost_myen_per_mw * plant_mw(plant, solution)
        for plant in procurement.plants
        if plant.way == "self_wheeling"
    }
    return {item: cost for item, cost in costs.items() if cost != 0.0} | own


def _market_legs(plant: PlantResource, solution: Solution, weight: float) -> float:
    """What is paid to the day-ahead market for what arrives, less what it pays for what is generated."""
    paid = 0.0
    if plant.delivers:
        paid = float(plant.delivered_myen_per_mwh @ _bought(solution, plant.bought)) * weight
    return paid - plant.sold_myen_per_mw * plant_mw(plant, solution)


def charge_cost(charge: PeakCharge, solution: Solution) -> float:
    """What a charge on peaks comes to in a year, million yen."""
    if charge.ratchet_share == WHOLE_RATCHET:
        return float(charge.cost_myen_per_mw.sum()) * _above_dust(solution.capacities[charge.contracted])
    return sum(
        float(cost) * _above_dust(solution.capacities[charge.billed(period)])
        for period, cost in enumerate(charge.cost_myen_per_mw)
        if charge.billed(period) in solution.capacities
    )


def plant_mw(plant: PlantResource, solution: Solution) -> float:
    """MW of a plant elsewhere; the solver's rounding is nothing."""
    return _above_dust(solution.capacities[plant.capacity])


def _bought(solution: Solution, name: str) -> Array:
    """Power bought one way; what never rises above the solver's rounding is nothing."""
    bought = solution.hourly[name]
    return bought if bought.max(initial=0.0) > BOUGHT_DUST_MW else np.zeros(bought.size)


def _above_dust(capacity: float) -> float:
    return capacity if capacity > SOLVER_DUST else 0.0


def exempt_cost(resources: Resources, solution: Solution) -> float:
    """Surcharge that is not due on what is wheeled by oneself, million yen a year."""
    plants = resources.procurement.plants if resources.procurement is not None else ()
    return resources.step_weight_h * sum(
        plant.exempt_myen_per_mwh * float(_bought(solution, plant.bought).sum()) for plant in plants if plant.delivers
    )


def unclean_purchases(resources: Resources, solution: Solution) -> Array:
    """Power that is used and not clean where nothing is stored or sold, MW in each step."""
    unclean = np.zeros(resources.steps)
    for name, share in resources.unclean_shares():
        unclean = unclean + share * solution.hourly[name]
    return unclean


def describe_bought(
    resources: Resources, solution: Solution, costs: dict[str, float], clean_share: float, load_mwh: float
) -> Bought | None:
    """What the plan buys; `costs` are all its items, `load_mwh` the yearly load of which shares are counted."""
    procurement = resources.procurement
    if procurement is None:
        return None
    return Bought(
        ways=tuple(_ways(procurement, solution, resources.step_weight_h)),
        bill=_bill(resources, solution, costs),
        peaks=_peaks(procurement, resources, solution),
        contract_power_mw=solution.capacities["interconnection"],
        hourly_matched_share=clean_share,
        claimed_share=_claimed(resources, solution, load_mwh),
        certificates_mwh_per_year={
            certificate.kind: HOURS_PER_YEAR * _above_dust(solution.capacities[certificate.capacity])
            for certificate in procurement.certificates
        },
    )


def _ways(procurement: ProcurementResource, solution: Solution, weight: float) -> list[BoughtWay]:
    charges = {charge.name: charge for charge in procurement.peak_charges}
    found = []
    for way in procurement.ways:
        bought = _bought(solution, way.bought)
        cost = float(way.energy_myen_per_mwh @ bought) * weight
        if way.name in charges:
            cost += charge_cost(charges[way.name], solution)
        kind = "market" if way.name == MARKET else "menu"
        energy = float(bought.sum()) * weight
        found.append(BoughtWay(way.name, kind, float(bought.max(initial=0.0)), energy, 0.0, cost))
    for plant in procurement.plants:
        built = plant_mw(plant, solution)
        own = plant.paid_myen_per_mw + plant.balancing_myen_per_mw + plant.generation_charge_myen_per_mw
        cost = (own + plant.annual_cost_myen_per_mw) * built + _market_legs(plant, solution, weight)
        energy = float(_bought(solution, plant.bought).sum()) * weight if plant.delivers else 0.0
        generated = plant.generated_mwh_per_mw * built
        found.append(BoughtWay(plant.name, plant.way, built, energy, generated, cost, plant.area))
    return found


def _bill(resources: Resources, solution: Solution, costs: dict[str, float]) -> tuple[BillItem, ...]:
    """The network's charges and the surcharge first, then the items of `procurement_costs`."""
    grid = resources.grid
    assert grid is not None
    basic = sum(asset.network_charge_myen_per_year for asset in resources.assets["interconnection"])
    surcharge = _surcharge(resources, solution)
    found = [
        BillItem("network_basic", "network", basic * solution.capacities["interconnection"]),
        BillItem("network_energy", "network", costs["energy"] - surcharge),
        BillItem("surcharge", "surcharge", surcharge),
    ]
    found += [BillItem(item, payee, costs[item]) for item, payee in PAYEE_OF.items() if item in costs]
    assert resources.procurement is not None
    found += [
        BillItem(plant.capacity, "owner", costs[plant.capacity])
        for plant in resources.procurement.plants
        if plant.capacity in costs
    ]
    return tuple(item for item in found if item.cost_myen_per_year != 0.0)


def _surcharge(resources: Resources, solution: Solution) -> float:
    """Surcharge that is due, million yen a year."""
    grid = resources.grid
    assert grid is not None
    drawn = float(solution.hourly["import"].sum()) * resources.step_weight_h
    return grid.surcharge_myen_per_mwh * drawn - exempt_cost(resources, solution)


def _peaks(procurement: ProcurementResource, resources: Resources, solution: Solution) -> tuple[MonthPeak, ...]:
    """Peaks by charge and month with the price of each limit on power in the month's steps; charges that are in use."""
    grid = resources.grid
    assert grid is not None
    share = np.broadcast_to(np.asarray(grid.import_share), (resources.steps,))
    limits = [("interconnection", solution.hourly["import"], share * solution.bound_prices["import"])]
    for charge in procurement.peak_charges:
        power = sum((solution.hourly[name] for name in charge.bought), np.zeros(resources.steps))
        limits.append((charge.name, power, solution.row_prices[charge.row]))
    return tuple(
        MonthPeak(
            charge=name,
            month=month,
            peak_mw=float(power[procurement.period_of_step == period].max(initial=0.0)),
            worth_myen_per_mw=max(0.0, -float(price[procurement.period_of_step == period].sum())),
        )
        for name, power, price in limits
        if power.max(initial=0.0) > BOUGHT_DUST_MW
        for period, month in enumerate(procurement.period_months)
    )


def _claimed(resources: Resources, solution: Solution, load_mwh: float) -> float | None:
    """Share of the yearly load that is claimed as non-fossil."""
    procurement = resources.procurement
    assert procurement is not None
    if procurement.claim_share is None or load_mwh <= 0:
        return None
    weight, hourly = resources.step_weight_h, solution.hourly
    unclaimed = float(hourly["import"].sum()) * weight
    unclaimed += float(hourly["backup_output"].sum()) * weight if "backup_output" in hourly else 0.0
    unclaimed += weight * sum(float(hourly[f"{s.name}_output"].sum()) for s in resources.supply if not s.clean)
    for plant in procurement.plants:
        if plant.delivers:
            unclaimed -= float(hourly[plant.bought].sum()) * weight
        else:
            unclaimed -= plant.generated_mwh_per_mw * plant_mw(plant, solution)
    unclaimed -= HOURS_PER_YEAR * sum(_above_dust(solution.capacities[c.capacity]) for c in procurement.certificates)
    return 1.0 - unclaimed / load_mwh
