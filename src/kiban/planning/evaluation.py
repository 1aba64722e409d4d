"""What a solved programme means: capacities, costs by item, yearly figures and hourly columns.

Every figure is computed from the solution's values and the resources, never from the solver's
objective; that the costs add up to the objective (and what is paid beyond it, `price_response`) is tested.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution
from kiban.planning.cooling_storage import COLD_CHARGE, COLD_DISCHARGE, COLD_ENERGY, COLD_SAVING, COLD_STATE, shift_load
from kiban.planning.plan import Investment, Plan, ServedTranche
from kiban.planning.price_response import answered_export_price, answered_price
from kiban.planning.procured import ProcurementResource
from kiban.planning.procurement_account import exempt_cost, procurement_costs
from kiban.planning.resources import Resources, TrancheResource
from kiban.planning.schedule import SOLVER_DUST
from kiban.quantities import KW_PER_MW, YEN_PER_MYEN
from kiban.scenario.procurement import BILLED, CERTIFIED, CONTRACTED

UNSERVED_MW = 1e-4
"""Compute not served above it counts as an hour in which some is not."""


def name_capacities(resources: Resources, solution: Solution) -> dict[str, float]:
    """Capacities with their unit at the end of the name; measures are 1 where taken."""
    measures = {measure.name for measure in resources.measures}
    hidden = {tranche.capacity for tranche in resources.tranches} | {supply.units for supply in resources.supply}
    hidden |= {COLD_SAVING, *(storage.usable for storage in resources.storages if storage.fades)}
    energies = {COLD_ENERGY, *(storage.energy for storage in resources.storages)}
    hidden |= {name for name in solution.capacities if name.startswith((CONTRACTED, BILLED, CERTIFIED))}
    named = {}
    for name, value in _built(solution).items():
        if name in measures:
            named[f"measure_{name}"] = float(round(value))
        elif name not in hidden:
            named[f"{name}_{'mwh' if name in energies else 'mw'}"] = value
    return named


def compute_it_load(resources: Resources, solution: Solution) -> Array:
    """IT load that is served in each step, MW."""
    zero = np.zeros(resources.steps)
    tranches = sum((tranche_load(tranche, solution) for tranche in resources.tranches), zero)
    return resources.firm_mw - _value(solution, "unserved", zero) + _value(solution, "served", zero) + tranches


def tranche_load(tranche: TrancheResource, solution: Solution) -> Array:
    """IT load of a tranche that is served in each step, MW."""
    if tranche.has_schedule:
        return solution.hourly[f"{tranche.capacity}_served"]
    return tranche.shape * solution.capacities[tranche.capacity]


def firm_peak(resources: Resources, solution: Solution, pue: Array) -> float:
    """Peak electric load of compute that cannot wait, as the adequacy of backup counts it, MW."""
    tranches = sum(
        float((pue * tranche.shape).max()) * solution.capacities[tranche.capacity]
        for tranche in resources.tranches
        if not tranche.may_wait
    )
    return float((pue * resources.firm_mw).max()) + tranches


def compute_load(resources: Resources, solution: Solution) -> Array:
    """Electric load in each step, MW: the IT load with its overhead, less what measures and stored cold save."""
    saved = sum((solution.capacities[m.name] * m.saving_mw for m in resources.measures), np.zeros(resources.steps))
    return resources.pue * compute_it_load(resources, solution) - saved + shift_load(resources, solution)


def matched_load(resources: Resources, solution: Solution) -> float:
    """Yearly load of which the clean share is one, MWh: what a store of cold loses is no part of it."""
    load = compute_load(resources, solution)
    lost = max(float(shift_load(resources, solution).sum()), 0.0)
    return (float(load.sum()) - lost) * resources.step_weight_h


def compute_hourly(resources: Resources, solution: Solution) -> dict[str, Array]:
    """Hourly columns, MW unless the name says otherwise: the schedule, the inputs that shaped it and the prices."""
    zero = np.zeros(resources.steps)
    hourly: dict[str, Array] = {}
    hourly["it_load_mw"] = compute_it_load(resources, solution)
    hourly["load_mw"] = compute_load(resources, solution)
    for supply in resources.supply:
        if supply.is_free:
            hourly[f"{supply.name}_available_mw"] = supply.availability * max(solution.capacities[supply.name], 0.0)
        else:
            hourly[f"{supply.name}_mw"] = _value(solution, f"{supply.name}_output", zero)
    for column, variable in (
        ("curtailment_mw", "curtailment"),
        ("import_mw", "import"),
        ("export_mw", "export"),
        ("backup_mw", "backup_output"),
        *(
            (f"{flow}_{unit}", flow)
            for storage in resources.storages
            for flow, unit in ((storage.charge, "mw"), (storage.discharge, "mw"), (storage.state, "mwh"))
        ),
        (f"{COLD_CHARGE}_mw", COLD_CHARGE),
        (f"{COLD_DISCHARGE}_mw", COLD_DISCHARGE),
        (f"{COLD_STATE}_mwh", COLD_STATE),
        ("backlog_mwh", "backlog"),
        ("dropped_mw", "dropped"),
    ):
        if variable in solution.hourly:
            hourly[column] = _value(solution, variable, zero)
    if "unserved" in solution.hourly:
        hourly["unserved_mw"] = solution.hourly["unserved"]
    for tranche in resources.tranches:
        hourly[f"{tranche.capacity}_mw"] = tranche_load(tranche, solution)
        if f"{tranche.capacity}_short" in solution.hourly:
            hourly[f"{tranche.capacity}_short_mw"] = solution.hourly[f"{tranche.capacity}_short"]
    hourly["firm_mw"] = resources.firm_mw
    if resources.has_deferrable:
        hourly["arrivals_mw"] = resources.arrivals_mw
        hourly["served_mw"] = solution.hourly["served"]
    hourly["pue"] = resources.pue
    hourly["wue_l_per_kwh"] = resources.wue_m3_per_mwh
    if resources.grid is not None:
        hourly["grid_price_myen_per_mwh"] = answered_price(resources.grid, solution.hourly["import"])
        if resources.procurement is not None:
            hourly |= _purchases(resources.procurement, solution)
        hourly["grid_clean_share"] = resources.grid.clean_share
        hourly["grid_emission_factor_t_per_mwh"] = resources.grid.emission_factor_t_per_mwh
        if resources.grid.is_restricted:
            usable = resources.grid.import_share * solution.capacities["interconnection"] + zero
            limit = resources.grid.import_limit_mw
            hourly["import_possible_mw"] = usable if limit is None else np.minimum(usable, limit)
    hourly["energy_value_myen_per_mwh"] = solution.row_prices["balance"] / resources.step_weight_h
    return hourly


def _purchases(procurement: ProcurementResource, solution: Solution) -> dict[str, Array]:
    """Power bought each way, and the market's price beside which it was chosen."""
    bought = {f"{source}_mw": solution.hourly[source] for source in procurement.sources}
    if procurement.market_price_myen_per_mwh is None:
        return bought
    return {"market_price_myen_per_mwh": procurement.market_price_myen_per_mwh, **bought}


def compute_costs(resources: Resources, solution: Solution) -> dict[str, float]:
    """Yearly cost by item, million yen; revenue is negative."""
    built, weight = _built(solution), resources.step_weight_h
    costs: dict[str, float] = {}
    for part, cost in resources.it_annual_costs_myen_per_mw.items():
        costs[f"it_{part}"] = cost * built["it"]
    for supply in resources.supply:
        costs[supply.name] = supply.annual_cost_myen_per_mw * built[supply.name]
    for storage in resources.storages:
        costs[storage.power] = storage.annual_cost_myen_per_mw * built[storage.power]
        if storage.annual_cost_myen_per_charge_mw is not None:
            costs[storage.charge_power] = storage.annual_cost_myen_per_charge_mw * built[storage.charge_power]
        costs[storage.energy] = storage.annual_cost_myen_per_mwh * built[storage.energy]
    if any(storage.throughput_cost_myen_per_mwh for storage in resources.storages):
        costs["throughput"] = weight * sum(
            storage.throughput_cost_myen_per_mwh * float(solution.hourly[storage.discharge].sum())
            for storage in resources.storages
        )
    if resources.cooling_storage is not None:
        yearly = resources.cooling_storage.annual_cost_myen_per_mwh
        costs[COLD_ENERGY] = yearly * built[COLD_ENERGY]
    if resources.grid is not None:
        costs["interconnection"] = resources.grid.annual_cost_myen_per_mw * built["interconnection"]
        drawn = solution.hourly["import"]
        costs["energy"] = float(answered_price(resources.grid, drawn) @ drawn) * weight
        if resources.procurement is not None:
            costs["energy"] -= exempt_cost(resources, solution)
            costs |= procurement_costs(resources, solution)
        if "export" in solution.hourly:
            sold = solution.hourly["export"]
            costs["export_revenue"] = -float(answered_export_price(resources.grid, sold) @ sold) * weight
        if resources.grid.flexibility_mw > 0:
            costs["flexibility_revenue"] = -resources.grid.flexibility_price_myen_per_mw_year * built["flexibility"]
    if resources.backup is not None:
        costs["backup"] = resources.backup.annual_cost_myen_per_mw * built["backup"]
    costs["fuel"] = _fuel_cost(resources, solution) * weight
    credits = [supply for supply in resources.supply if supply.production_credit_myen_per_mwh]
    if credits:
        costs["production_credit"] = -weight * sum(
            supply.production_credit_myen_per_mwh * float(solution.hourly[f"{supply.name}_output"].sum())
            for supply in credits
        )
    costs["carbon"] = resources.carbon_price_myen_per_t * compute_operating_emissions(resources, solution)
    costs["water"] = resources.water_price_myen_per_m3 * compute_water(resources, solution)
    for measure in resources.measures:
        costs[f"measure_{measure.name}"] = measure.annual_cost_myen * built[measure.name]
    if resources.tranches:
        costs["compute_revenue"] = -sum(tranche_revenue(resources, tranche, solution) for tranche in resources.tranches)
    if resources.unserved_price_myen_per_mwh is not None:
        zero = np.zeros(resources.steps)
        lost = _value(solution, "unserved", zero) + _value(solution, "dropped", zero)
        costs["unserved"] = resources.unserved_price_myen_per_mwh * float(lost.sum()) * weight
    return costs


def list_unserved(resources: Resources) -> list[str]:
    """Hourly columns of compute that is not served."""
    return ["unserved_mw", "dropped_mw", *(f"{tranche.capacity}_short_mw" for tranche in resources.tranches)]


def tranche_revenue(resources: Resources, tranche: TrancheResource, solution: Solution) -> float:
    """What the programme counts for a tranche, million yen a year: what is not delivered is not paid."""
    falling = tranche.falling
    price = (
        tranche.price_myen_per_mwh
        if falling is None
        else falling.counted_myen_per_mwh(_built(solution)[tranche.capacity])
    )
    return price * tranche_energy(resources, tranche, solution)


def tranche_energy(resources: Resources, tranche: TrancheResource, solution: Solution) -> float:
    """IT energy of a tranche that is delivered, MWh a year."""
    promised = _built(solution)[tranche.capacity] * float(tranche.shape.sum()) * resources.step_weight_h
    return promised - tranche_shortfall(resources, tranche, solution)


def tranche_shortfall(resources: Resources, tranche: TrancheResource, solution: Solution) -> float:
    """IT energy of a promise that is not delivered, MWh a year."""
    short = solution.hourly.get(f"{tranche.capacity}_short")
    return 0.0 if short is None else float(short.sum()) * resources.step_weight_h


def list_investments(resources: Resources, solution: Solution) -> tuple[Investment, ...]:
    """The assets behind the capacities that are built."""
    built = _built(solution)
    measures = {measure.name for measure in resources.measures}
    energies = {COLD_ENERGY, *(storage.energy for storage in resources.storages)}
    found = []
    for capacity, assets in resources.assets.items():
        quantity = built.get(capacity, 0.0)
        if quantity == 0:
            continue
        unit = "measure" if capacity in measures else "mwh" if capacity in energies else "mw"
        found += [
            Investment(
                asset=asset.asset,
                capacity=capacity,
                quantity=quantity,
                unit=unit,
                capex_myen=quantity * asset.capex_myen,
                life_years=asset.life_years,
                fixed_om_myen_per_year=quantity * asset.fixed_om_myen_per_year,
                network_charge_myen_per_year=quantity * asset.network_charge_myen_per_year,
                annual_capital_myen=quantity * asset.annual_capital_myen,
            )
            for asset in assets
        ]
    return tuple(found)


def list_tranches(resources: Resources, solution: Solution) -> tuple[ServedTranche, ...]:
    """What of each tranche is served."""
    built = _built(solution)
    return tuple(
        ServedTranche(
            name=tranche.name,
            offered_mw=tranche.offered_mw,
            served_mw=built[tranche.capacity],
            price_myen_per_mwh=(
                tranche.price_myen_per_mwh
                if tranche.falling is None
                else tranche.falling.worth_myen_per_mwh(built[tranche.capacity])
            ),
            it_energy_mwh_per_year=tranche_energy(resources, tranche, solution),
            must_serve=tranche.least_mw > 0,
            committed=tranche.committed,
            reliability=tranche.reliability,
            unserved_mwh_per_year=tranche_shortfall(resources, tranche, solution),
            sold_as_load=tranche.falling is not None,
        )
        for tranche in resources.tranches
    )


def compute_energy_charges(resources: Resources, solution: Solution) -> dict[str, float]:
    """What of the energy bill goes to the renewable surcharge and to the network, million yen a year."""
    if resources.grid is None:
        return {}
    drawn = float(solution.hourly["import"].sum()) * resources.step_weight_h
    return {
        "surcharge": drawn * resources.grid.surcharge_myen_per_mwh - exempt_cost(resources, solution),
        "network": drawn * resources.grid.network_charge_myen_per_mwh,
    }


def compute_clean_output(resources: Resources, solution: Solution) -> dict[str, float]:
    """Energy delivered by each clean supply option, MWh a year; curtailment is shared by what was available."""
    built, weight = _built(solution), resources.step_weight_h
    free = [supply for supply in resources.supply if supply.is_free]
    available = sum((supply.availability * built[supply.name] for supply in free), np.zeros(resources.steps))
    curtailed = _value(solution, "curtailment", np.zeros(resources.steps))
    kept = 1.0 - np.divide(curtailed, available, out=np.zeros_like(available), where=available > 0)
    output = {}
    for supply in resources.supply:
        if supply.is_free:
            output[supply.name] = float(supply.availability * built[supply.name] @ kept) * weight
        elif supply.clean:
            output[supply.name] = float(solution.hourly[f"{supply.name}_output"].sum()) * weight
    return output


def compute_emissions(resources: Resources, solution: Solution) -> float:
    """Carbon dioxide of operation and of building, t a year."""
    return compute_operating_emissions(resources, solution) + compute_embodied_emissions(resources, solution)


def compute_embodied_emissions(resources: Resources, solution: Solution) -> float:
    """Carbon dioxide of building the plants, evenly over their lives, t a year."""
    built = _built(solution)
    return sum(supply.embodied_t_per_mw_year * built[supply.name] for supply in resources.supply)


def compute_operating_emissions(resources: Resources, solution: Solution) -> float:
    """Carbon dioxide of operation, on which the carbon price is, t a year."""
    total = sum(float(factor @ solution.hourly[name]) for name, factor in resources.emission_factors())
    return total * resources.step_weight_h


def compute_water(resources: Resources, solution: Solution) -> float:
    """Water for cooling, m3 a year."""
    return float(resources.wue_m3_per_mwh @ compute_it_load(resources, solution)) * resources.step_weight_h


def compute_indicators(
    resources: Resources, solution: Solution, hourly: dict[str, Array], costs: dict[str, float]
) -> dict[str, float]:
    """Yearly figures; shares are between 0 and 1.

    The clean share follows `unclean_mw` where the hours have it; else all energy from elsewhere counts as used.
    """
    weight = resources.step_weight_h
    yearly = {name: float(column.sum()) * weight for name, column in hourly.items()}
    load, it_load = yearly["load_mw"], yearly["it_load_mw"]
    matched = matched_load(resources, solution)
    unclean = yearly.get("unclean_mw")
    if unclean is None:
        unclean = sum(float(share @ solution.hourly[name]) for name, share in resources.unclean_shares()) * weight
    available = sum(yearly[f"{supply.name}_available_mw"] for supply in resources.supply if supply.is_free)
    total = sum(cost for item, cost in costs.items() if item != "compute_revenue")
    compute_cost = sum(cost for item, cost in costs.items() if item.startswith("it_"))
    indicators = {
        "cost_myen_per_year": total,
        "compute_cost_myen_per_year": compute_cost,
        "power_cost_myen_per_year": total - compute_cost,
        "load_mwh_per_year": load,
        "it_energy_mwh_per_year": it_load,
        "clean_share": 1.0 - min(unclean / matched, 1.0) if matched > 0 else 1.0,
        "emissions_t_per_year": compute_emissions(resources, solution),
        "water_m3_per_year": compute_water(resources, solution),
        "mean_pue": load_weighted(resources.pue, hourly["it_load_mw"]),
        "mean_wue_l_per_kwh": load_weighted(resources.wue_m3_per_mwh, hourly["it_load_mw"]),
        "import_mwh_per_year": yearly.get("import_mw", 0.0),
        "export_mwh_per_year": yearly.get("export_mw", 0.0),
        "backup_mwh_per_year": yearly.get("backup_mw", 0.0),
        "curtailment_mwh_per_year": yearly.get("curtailment_mw", 0.0),
        "curtailment_share": yearly.get("curtailment_mw", 0.0) / available if available > 0 else 0.0,
        "unserved_mwh_per_year": sum(yearly.get(name, 0.0) for name in list_unserved(resources)),
        "mean_energy_value_myen_per_mwh": load_weighted(hourly["energy_value_myen_per_mwh"], hourly["load_mw"]),
    }
    if any(supply.embodied_t_per_mw_year for supply in resources.supply):
        indicators["embodied_t_per_year"] = compute_embodied_emissions(resources, solution)
    unserved = [hourly[name] for name in list_unserved(resources) if name in hourly]
    if unserved:
        indicators["unserved_hours_per_year"] = float(np.sum(sum(unserved) > UNSERVED_MW)) * weight
    if "import_possible_mw" in hourly:
        less = hourly["import_possible_mw"] < solution.capacities["interconnection"] - SOLVER_DUST
        indicators["restricted_hours_per_year"] = float(less.sum()) * weight
    if load > 0:
        indicators["power_cost_myen_per_mwh"] = (total - compute_cost) / load
    if it_load > 0:
        indicators["cost_myen_per_it_mwh"] = total / it_load
        if resources.gpus_per_mw:
            indicators["cost_yen_per_gpu_hour"] = total / it_load * YEN_PER_MYEN / resources.gpus_per_mw
            indicators["it_power_kw_per_gpu"] = KW_PER_MW / resources.gpus_per_mw
    if resources.cooling_storage is not None:
        indicators["stored_cold_mwh_per_year"] = yearly[f"{COLD_DISCHARGE}_mw"]
        indicators["stored_cold_saving_mwh_per_year"] = -float(shift_load(resources, solution).sum()) * weight
    energy = solution.capacities.get("battery_energy", 0.0)
    if resources.battery is not None and energy > 1e-3:
        if resources.battery.fades:
            indicators["battery_usable_share"] = min(solution.capacities[resources.battery.usable] / energy, 1.0)
        indicators["battery_cycles_per_year"] = yearly["discharge_mw"] / resources.battery.discharge_efficiency / energy
    return indicators


def load_weighted(series: Array, load: Array) -> float:
    """Mean of a series weighted by a load; the plain mean where the load is zero."""
    total = float(load.sum())
    return float(series @ load) / total if total > 0 else float(series.mean())


def _fuel_cost(resources: Resources, solution: Solution) -> float:
    cost = 0.0
    if resources.backup is not None:
        cost += float(resources.backup.fuel_cost_myen_per_mwh @ solution.hourly["backup_output"])
    for supply in resources.supply:
        if not supply.is_free:
            cost += float(supply.variable_cost_myen_per_mwh @ solution.hourly[f"{supply.name}_output"])
    return cost


def _built(solution: Solution) -> dict[str, float]:
    """Capacities; what is smaller than the solver's rounding is nothing."""
    return {name: value if value > SOLVER_DUST else 0.0 for name, value in solution.capacities.items()}


def _value(solution: Solution, name: str, absent: Array) -> Array:
    return solution.hourly.get(name, absent)


def _exempt_of(plan: Plan, resources: Resources) -> float:
    """Surcharge that is not due on what a plan wheels by itself, at the surcharge of other resources."""
    if plan.bought is None:
        return 0.0
    rates = {plant.name: plant.exempt_myen_per_mwh for plant in resources.clean_plants_elsewhere}
    return sum(rates.get(way.name, 0.0) * way.delivered_mwh_per_year for way in plan.bought.ways)


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
        exempt = _exempt_of(plan, resources)
        cost += charges * drawn - exempt - sum(plan.energy_charges_myen_per_year.values())
    emissions = plan.indicators["emissions_t_per_year"] - plan.indicators.get("embodied_t_per_year", 0.0)
    return cost + resources.carbon_price_myen_per_t * emissions - plan.costs.get("carbon", 0.0)


def _answering_flows(plan: Plan, resources: Resources) -> list[tuple[str, float]]:
    """Columns of a plan's hours whose price answers, each with its slope."""
    grid = resources.grid
    slopes = (
        {}
        if grid is None
        else {"import_mw": grid.price_slope_myen_per_mwh2, "export_mw": grid.export_slope_myen_per_mwh2}
    )
    return [(name, slope) for name, slope in slopes.items() if slope > 0.0 and name in plan.hourly]


def paid_beyond_worth(plan: Plan, resources: Resources) -> float:
    """What a plan pays beyond what its programme counts, million yen a year: without it a plan is the least of all."""
    beyond = sum(
        slope * float(plan.hourly[name] @ plan.hourly[name]) for name, slope in _answering_flows(plan, resources)
    )
    return 0.5 * resources.step_weight_h * beyond


def cost_at_prices_of(other: Plan, plan: Plan, resources: Resources) -> float:
    """Yearly net cost of a plan at the prices that another plan makes, as who takes them as he finds them counts."""
    raised = sum(
        slope * float(plan.hourly[name] @ (plan.hourly[name] - other.hourly[name]))
        for name, slope in _answering_flows(plan, resources)
    )
    return plan.net_cost_myen_per_year - resources.step_weight_h * raised
