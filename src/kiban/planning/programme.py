"""The co-design programme of one site, block by block.

Each block adds its decisions and constraints to the staircase form; `write_programme` lists the
blocks in order. Power is in MW, energy in MWh, money in million yen a year. A step of the horizon
stands for `step_weight_h` hours of a year, so that sums over steps are yearly energies and costs.
Names of constraints are the names under which their prices come back.
"""

from __future__ import annotations

import numpy as np

from kiban.calendar import HOURS_PER_YEAR
from kiban.linear import Staircase
from kiban.planning.commitments import add_schedule
from kiban.planning.cooling_storage import COLD_SAVING, add_cooling_storage
from kiban.planning.plant_limits import add_plant_limits
from kiban.planning.procurement import CLAIM, add_certificates, add_procurement
from kiban.planning.resources import Resources
from kiban.planning.storage import add_storages
from kiban.planning.stored_energy import add_lost_purchases, add_sales, list_deductions, sells


def write_programme(resources: Resources) -> Staircase:
    """The whole programme: balance, plant, compute, cooling, grid, backup, then what must hold over the year."""
    programme = Staircase(resources.steps, resources.block_steps)
    add_balance(programme, resources)
    add_supply(programme, resources)
    add_plant_limits(programme, resources)
    add_storages(programme, resources)
    add_compute(programme, resources)
    add_tranches(programme, resources)
    add_cooling_storage(programme, resources)
    add_grid(programme, resources)
    add_procurement(programme, resources)
    add_backup(programme, resources)
    add_measures(programme, resources)
    add_clean_share(programme, resources)
    add_claim(programme, resources)
    add_carbon(programme, resources)
    add_water(programme, resources)
    add_adequacy(programme, resources)
    return programme


def add_balance(programme: Staircase, resources: Resources) -> None:
    """Supply less curtailment, storage and export meets the electric load in every step."""
    programme.add_row("balance", equal=resources.pue * resources.firm_mw)


def add_supply(programme: Staircase, resources: Resources) -> None:
    """Supply options: free output enters the balance with its capacity, paid output as a schedule.

    What is free and not used is curtailed. An upper limit on curtailment is needed only where other
    energy may cost nothing: elsewhere no optimum buys energy to throw it away.
    """
    free = [supply for supply in resources.supply if supply.is_free]
    for supply in resources.supply:
        programme.add_capacity(
            supply.name, cost=supply.annual_cost_myen_per_mw, lower=supply.min_mw, upper=supply.max_mw
        )
        if supply.is_free:
            programme.add_capacity_term("balance", supply.name, supply.availability)
            continue
        output = f"{supply.name}_output"
        cost = supply.output_cost(resources.carbon_price_myen_per_t)
        programme.add_variable(
            output, cost=cost * resources.step_weight_h, capacity=supply.name, factor=supply.availability
        )
        programme.add_term("balance", output)
    if free:
        programme.add_variable("curtailment")
        programme.add_term("balance", "curtailment", -1.0)
    if free and resources.has_energy_to_waste:
        programme.add_row("curtailment_limit", upper=0.0)
        programme.add_term("curtailment_limit", "curtailment")
        for supply in free:
            programme.add_capacity_term("curtailment_limit", supply.name, -supply.availability)


def add_compute(programme: Staircase, resources: Resources) -> None:
    """Firm compute is served in its hour (or paid for), deferrable compute within its allowed delay."""
    programme.add_capacity(
        "it", cost=resources.it_annual_cost_myen_per_mw, lower=resources.min_it_mw, upper=resources.max_it_mw
    )
    programme.add_constant(resources.water_price_myen_per_m3 * resources.firm_water_m3_per_year)
    water_cost = resources.water_price_myen_per_m3 * resources.wue_m3_per_mwh * resources.step_weight_h
    lost = resources.unserved_price_myen_per_mwh
    if lost is not None:
        programme.add_variable("unserved", cost=lost * resources.step_weight_h - water_cost, upper=resources.firm_mw)
        programme.add_term("balance", "unserved", resources.pue)

    if resources.has_deferrable:
        programme.add_variable("served", cost=water_cost)
        programme.add_variable("backlog", upper=resources.max_backlog_mwh)
        programme.add_term("balance", "served", -resources.pue)
        programme.add_row("backlog_balance", equal=resources.arrivals_mw * resources.step_hours)
        programme.add_term("backlog_balance", "backlog")
        programme.add_term("backlog_balance", "backlog", -1.0, lagged=True)
        programme.add_term("backlog_balance", "served", resources.step_hours)
        if lost is not None:
            programme.add_variable("dropped", cost=lost * resources.step_weight_h)
            programme.add_term("backlog_balance", "dropped", resources.step_hours)

    if resources.load_fits_least_it:
        return
    programme.add_row("it_capacity", upper=-resources.firm_mw)
    programme.add_capacity_term("it_capacity", "it", -1.0)
    if resources.has_deferrable:
        programme.add_term("it_capacity", "served")
    if lost is not None:
        programme.add_term("it_capacity", "unserved", -1.0)


def add_tranches(programme: Staircase, resources: Resources) -> None:
    """Compute that is served as far as its price pays for it, within the IT capacity that it shares."""
    weight = resources.step_weight_h
    if resources.tranches and resources.tranches_need_own_it:
        programme.add_total("it_as_it_arrives", lower=resources.min_it_mw)
        programme.add_capacity_term("it_as_it_arrives", "it")
    for tranche in resources.tranches:
        served_mwh = float(tranche.shape.sum()) * weight
        falling = tranche.falling
        price = tranche.price_myen_per_mwh if falling is None else falling.constant_myen_per_mwh
        cost = -price * served_mwh
        water = resources.water_price_myen_per_m3 * resources.wue_m3_per_mwh * weight
        if not tranche.has_schedule:
            cost += float(water @ tranche.shape)
        curve = None if falling is None else falling.curve(served_mwh)
        programme.add_capacity(
            tranche.capacity, cost=cost, lower=tranche.least_mw, upper=tranche.offered_mw, curve=curve
        )
        if resources.tranches_need_own_it:
            programme.add_capacity_term("it_as_it_arrives", tranche.capacity, -float(tranche.shape.max()))
        if not tranche.has_schedule:
            programme.add_capacity_term("balance", tranche.capacity, -resources.pue * tranche.shape)
            programme.add_capacity_term("it_capacity", tranche.capacity, tranche.shape)
            continue
        add_schedule(programme, resources, tranche)


def add_grid(programme: Staircase, resources: Resources) -> None:
    """Import and export within what of the connection may be used, at prices that may answer (`price_response`)."""
    grid = resources.grid
    if grid is None:
        return
    programme.add_capacity("interconnection", cost=grid.annual_cost_myen_per_mw, lower=grid.min_mw, upper=grid.max_mw)
    # What is bought some way has its carbon there.
    carbon = 0.0 if resources.procurement is not None else resources.carbon_price_myen_per_t
    programme.add_variable(
        "import",
        cost=(grid.price_myen_per_mwh + carbon * grid.emission_factor_t_per_mwh) * resources.step_weight_h,
        capacity="interconnection",
        factor=grid.import_share,
        curvature=grid.price_slope_myen_per_mwh2 * resources.step_weight_h,
    )
    programme.add_term("balance", "import")
    if grid.import_limit_mw is not None:
        programme.add_row("import_limit", upper=grid.import_limit_mw)
        programme.add_term("import_limit", "import")
    if grid.max_export_mw > 0:
        programme.add_variable(
            "export",
            cost=-grid.export_price_myen_per_mwh * resources.step_weight_h,
            capacity="interconnection",
            factor=grid.export_share,
            curvature=grid.export_slope_myen_per_mwh2 * resources.step_weight_h,
        )
        programme.add_term("balance", "export", -1.0)
        programme.add_row("export_limit", upper=grid.max_export_mw * np.asarray(grid.export_share))
        programme.add_term("export_limit", "export")
    if grid.flexibility_mw > 0:
        # Import cannot fall by more than the connection carries.
        programme.add_capacity("flexibility", cost=-grid.flexibility_price_myen_per_mw_year, upper=grid.flexibility_mw)
        programme.add_total("flexibility_connection", upper=0.0)
        programme.add_capacity_term("flexibility_connection", "flexibility", 1.0)
        programme.add_capacity_term("flexibility_connection", "interconnection", -1.0)


def add_backup(programme: Staircase, resources: Resources) -> None:
    """Backup generation within its capacity, and the hours of a year for which it may run."""
    backup = resources.backup
    if backup is None:
        return
    programme.add_capacity("backup", cost=backup.annual_cost_myen_per_mw, lower=backup.min_mw, upper=backup.max_mw)
    carbon = resources.carbon_price_myen_per_t * backup.emission_factor_t_per_mwh
    programme.add_variable(
        "backup_output", cost=(backup.fuel_cost_myen_per_mwh + carbon) * resources.step_weight_h, capacity="backup"
    )
    programme.add_term("balance", "backup_output")
    if backup.permitted_hours_per_year is not None:
        programme.add_total("backup_hours", upper=0.0)
        programme.add_total_term("backup_hours", "backup_output", resources.step_weight_h)
        programme.add_capacity_term("backup_hours", "backup", -backup.permitted_hours_per_year)


def add_measures(programme: Staircase, resources: Resources) -> None:
    """Efficiency measures, each taken or not; at most one of a group."""
    groups: dict[str, list[str]] = {}
    for measure in resources.measures:
        programme.add_capacity(measure.name, cost=measure.annual_cost_myen, upper=1.0, integer=True)
        programme.add_capacity_term("balance", measure.name, measure.saving_mw)
        if measure.group is not None:
            groups.setdefault(measure.group, []).append(measure.name)
    for group, names in groups.items():
        total = f"one_of_{group}"
        programme.add_total(total, upper=1.0)
        for name in names:
            programme.add_capacity_term(total, name)
    if resources.may_save_too_much:
        _limit_savings(programme, resources)


def _limit_savings(programme: Staircase, resources: Resources) -> None:
    """What measures save is no more than the load of the hour: else the rest of it would be energy for nothing."""
    programme.add_row("savings", upper=resources.pue * resources.firm_mw)
    for measure in resources.measures:
        programme.add_capacity_term("savings", measure.name, measure.saving_mw)
    if resources.unserved_price_myen_per_mwh is not None:
        programme.add_term("savings", "unserved", resources.pue)
    if resources.has_deferrable:
        programme.add_term("savings", "served", -resources.pue)
    for tranche in resources.tranches:
        if tranche.has_schedule:
            programme.add_term("savings", f"{tranche.capacity}_served", -resources.pue)
        else:
            programme.add_capacity_term("savings", tranche.capacity, -resources.pue * tranche.shape)


def add_clean_share(programme: Staircase, resources: Resources) -> None:
    """Energy that is not clean stays below its allowed share of the load over the year (24/7 matching)."""
    target = resources.clean_share
    if target is None:
        return
    allowed, weight = 1.0 - target, resources.step_weight_h
    programme.add_total("clean_share", upper=allowed * resources.firm_energy_mwh_per_year)
    for variable, unclean in resources.unclean_shares():
        programme.add_total_term("clean_share", variable, unclean * weight)
    if sells(resources):
        add_sales(programme, resources)
    if resources.loses_purchases:
        add_lost_purchases(programme, resources)
    for variable, deducted in list_deductions(resources):
        programme.add_total_term("clean_share", variable, -deducted * weight)
    _add_allowed_load(programme, "clean_share", allowed, resources)


def _add_allowed_load(programme: Staircase, total: str, allowed: float, resources: Resources) -> None:
    """The load beside firm compute, of which a share need not be clean: it raises what a total row allows."""
    weight = resources.step_weight_h
    if resources.has_deferrable:
        programme.add_total_term(total, "served", -allowed * resources.pue * weight)
    if resources.unserved_price_myen_per_mwh is not None:
        programme.add_total_term(total, "unserved", allowed * resources.pue * weight)
    for tranche in resources.tranches:
        load = allowed * resources.pue * weight
        if tranche.has_schedule:
            programme.add_total_term(total, f"{tranche.capacity}_served", -load)
        else:
            programme.add_capacity_term(total, tranche.capacity, -float(load @ tranche.shape))
    if resources.cooling_storage is not None:
        programme.add_capacity_term(total, COLD_SAVING, allowed * HOURS_PER_YEAR)
    for measure in resources.measures:
        programme.add_capacity_term(total, measure.name, allowed * float(measure.saving_mw.sum()) * weight)


def add_claim(programme: Staircase, resources: Resources) -> None:
    """What is claimed as non-fossil over the year, by certificates and contracts, whatever the hours."""
    procurement = resources.procurement
    if procurement is None or procurement.claim_share is None:
        return
    add_certificates(programme, resources)
    _add_allowed_load(programme, CLAIM, 1.0 - procurement.claim_share, resources)


def add_carbon(programme: Staircase, resources: Resources) -> None:
    """Carbon dioxide of imports, backup and paid supply, and of building plants, stays below the cap."""
    if resources.carbon_cap_t_per_year is None:
        return
    programme.add_total("carbon_cap", upper=resources.carbon_cap_t_per_year)
    for variable, factor in resources.emission_factors():
        programme.add_total_term("carbon_cap", variable, factor * resources.step_weight_h)
    for supply in resources.supply:
        if supply.embodied_t_per_mw_year > 0:
            programme.add_capacity_term("carbon_cap", supply.name, supply.embodied_t_per_mw_year)


def add_water(programme: Staircase, resources: Resources) -> None:
    """Water of the cooling system stays below the cap."""
    if resources.water_cap_m3_per_year is None:
        return
    water = resources.wue_m3_per_mwh * resources.step_weight_h
    programme.add_total("water_cap", upper=resources.water_cap_m3_per_year - resources.firm_water_m3_per_year)
    if resources.has_deferrable:
        programme.add_total_term("water_cap", "served", water)
    if resources.unserved_price_myen_per_mwh is not None:
        programme.add_total_term("water_cap", "unserved", -water)
    for tranche in resources.tranches:
        if tranche.has_schedule:
            programme.add_total_term("water_cap", f"{tranche.capacity}_served", water)
        else:
            programme.add_capacity_term("water_cap", tranche.capacity, float(water @ tranche.shape))


def add_adequacy(programme: Staircase, resources: Resources) -> None:
    """Backup and firm supply cover the critical share of the peak firm load, tranches that cannot wait included."""
    if resources.critical_share <= 0 or (resources.critical_mw <= 0 and not resources.tranches):
        return
    programme.add_total("adequacy", lower=resources.critical_mw)
    if resources.backup is not None:
        programme.add_capacity_term("adequacy", "backup")
    for tranche in resources.tranches:
        if not tranche.may_wait:
            peak = float((resources.pue * tranche.shape).max())
            programme.add_capacity_term("adequacy", tranche.capacity, -resources.critical_share * peak)
    for supply in resources.supply:
        if supply.firm_share > 0:
            programme.add_capacity_term("adequacy", supply.name, supply.firm_share)
