"""The worth of every constraint: what one unit of relaxation saves a year, from the prices of the optimum.

A price is a derivative: it holds for small changes. Each is tested against a finite difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution
from kiban.planning.evaluation import compute_it_load, firm_peak, matched_load
from kiban.planning.plan import Worth
from kiban.planning.procured import MARKET
from kiban.planning.procurement import CLAIM
from kiban.planning.resources import Resources, StorageResource
from kiban.scenario.plant import COOLING_STORAGE, HIRED_BATTERY

POINT = 0.01
# A saving below this share of the total cost is the solver's rounding.
NEGLIGIBLE_PRICE_SHARE = 1e-10
LIMIT_KEYS = {
    "bridging_gas": ("bridging.max_mw", "", "MW"),
    "battery_power": ("battery.max_power_mw", "battery.min_power_mw", "MW"),
    "battery_energy": ("battery.max_energy_mwh", "battery.min_energy_mwh", "MWh"),
    f"{COOLING_STORAGE}_energy": ("cooling_storage.max_energy_mwh", "cooling_storage.min_energy_mwh", "MWh"),
    "interconnection": ("grid.max_mw", "grid.min_mw", "MW"),
    "backup": ("backup.max_mw", "backup.min_mw", "MW"),
    "it": ("load.max_it_capacity_mw", "load.min_it_capacity_mw", "MW"),
}


def compute_worths(
    resources: Resources,
    solution: Solution,
    warmer: tuple[float, Array, Array] | None,
    further: Sequence[Worth] = (),
) -> tuple[Worth, ...]:
    """Worth of each constraint that has a limit, the most valuable first.

    They are ordered by the saving of relaxing each by one hundredth of its limit (by one unit where
    the limit is zero, and for the delay and the supply temperature). `warmer` is the supply
    temperature now, and the PUE and WUE (m3/MWh) with one degree more, where the cooling is modelled; `further` are
    worths of constraints that the programme does not have by name.
    """
    worths = [*_limits(resources, solution), *_totals(resources, solution), *further]
    worths += _delay(resources, solution)
    if warmer is not None:
        worths.append(_supply_temperature(resources, solution, *warmer))
    assert solution.certificate is not None
    rounding = NEGLIGIBLE_PRICE_SHARE * abs(solution.certificate.primal)
    worths = [replace(worth, saving_myen=0.0) if worth.saving_myen < rounding else worth for worth in worths]
    return tuple(sorted(worths, key=lambda worth: (-worth.saving_myen * _ordinary_change(worth), worth.name)))


def _ordinary_change(worth: Worth) -> float:
    return 1.0 if worth.unit in {"h", "degC", "point"} or worth.limit == 0 else abs(worth.limit) * POINT


def _limits(resources: Resources, solution: Solution) -> list[Worth]:
    bounds = {supply.name: (supply.min_mw, supply.max_mw) for supply in resources.supply}
    keys = {name: (f"supply.{name}.max_mw", f"supply.{name}.min_mw", "MW") for name in bounds} | LIMIT_KEYS
    for storage in resources.storages:
        bounds[storage.power] = (storage.min_power_mw, storage.max_power_mw)
        bounds[storage.energy] = (storage.min_energy_mwh, storage.max_energy_mwh)
        if storage.charge_power != storage.power:
            bounds[storage.charge_power] = (0.0, storage.max_charge_power_mw)
        keys |= _storage_keys(storage)
    keys |= _procurement_keys(resources)
    for plant in resources.clean_plants_elsewhere:
        bounds[plant.capacity] = (plant.min_mw, plant.max_mw)
    for way in resources.procurement.ways if resources.procurement is not None else ():
        if math.isfinite(way.max_mw):
            bounds[way.contracted] = (0.0, way.max_mw)
    cold = resources.cooling_storage
    if cold is not None:
        bounds[f"{COOLING_STORAGE}_energy"] = (cold.min_energy_mwh, cold.max_energy_mwh)
    if resources.grid is not None:
        bounds["interconnection"] = (resources.grid.min_mw, resources.grid.max_mw)
    if resources.backup is not None:
        bounds["backup"] = (resources.backup.min_mw, resources.backup.max_mw)
    # Where the load itself needs the least IT capacity, building less is no choice.
    needs_least = resources.load_fits_least_it and resources.min_it_mw <= float(
        (resources.firm_mw + resources.arrivals_mw).max()
    )
    bounds["it"] = (0.0 if needs_least else resources.min_it_mw, resources.max_it_mw)
    worths = []
    for name, (least, most) in bounds.items():
        price = solution.capacity_prices[name]
        most_key, least_key, unit = keys[name]
        if math.isfinite(most):
            worths.append(Worth(f"{name}_limit", most_key, max(-price, 0.0), unit, most))
        saving = max(price, 0.0)
        if name == "it":
            saving += max(solution.total_prices.get("it_as_it_arrives", 0.0), 0.0)
        if least > 0:
            worths.append(Worth(f"{name}_least", least_key, saving, unit, least))
    return worths


def limit_keys(resources: Resources) -> dict[str, tuple[str, str, str]]:
    """Scenario keys of the most and the least of each capacity that is no supply option, and their unit."""
    stored = {name: keys for storage in resources.storages for name, keys in _storage_keys(storage).items()}
    return LIMIT_KEYS | stored | _procurement_keys(resources)


def _procurement_keys(resources: Resources) -> dict[str, tuple[str, str, str]]:
    if resources.procurement is None:
        return {}
    found = {}
    for plant in resources.procurement.plants:
        key = f"procurement.plant.{plant.name}"
        found[plant.capacity] = (f"{key}.max_mw", f"{key}.min_mw", "MW")
    for way in resources.procurement.ways:
        key = "procurement.market" if way.name == MARKET else f"procurement.menu.{way.name}"
        found[way.contracted] = (f"{key}.max_mw", "", "MW")
    for certificate in resources.procurement.certificates:
        found[certificate.capacity] = ("procurement.certificates.most_mwh_per_year", "", "MWh")
    if resources.procurement.contract_power_mw is not None:
        settled = "procurement.contract_power_mw"
        found["interconnection"] = (settled, settled, "MW")
    return found


def _storage_keys(storage: StorageResource) -> dict[str, tuple[str, str, str]]:
    if storage.name == HIRED_BATTERY:
        return {
            storage.power: ("bridging.battery_max_mw", "", "MW"),
            storage.energy: ("bridging.battery_hours", "", "MWh"),
        }
    section = "battery" if storage.name is None else f"storage.{storage.name}"
    return {
        storage.power: (f"{section}.max_power_mw", f"{section}.min_power_mw", "MW"),
        storage.energy: (f"{section}.max_energy_mwh", f"{section}.min_energy_mwh", "MWh"),
        f"{storage.prefix}_charge_power": (f"{section}.max_charge_power_mw", "", "MW"),
    }


def _totals(resources: Resources, solution: Solution) -> list[Worth]:
    prices, worths = solution.total_prices, []
    if resources.clean_share is not None:
        saving = -prices["clean_share"] * matched_load(resources, solution) * POINT
        worths.append(
            Worth("clean_share", "target.clean_share", max(saving, 0.0), "point", resources.clean_share / POINT)
        )
    if resources.carbon_cap_t_per_year is not None:
        saving = max(-prices["carbon_cap"], 0.0)
        worths.append(Worth("carbon_cap", "target.carbon_cap_t_per_year", saving, "t", resources.carbon_cap_t_per_year))
    if resources.water_cap_m3_per_year is not None:
        saving = max(-prices["water_cap"], 0.0)
        worths.append(Worth("water_cap", "target.water_cap_m3_per_year", saving, "m3", resources.water_cap_m3_per_year))
    if "adequacy" in prices:
        saving = max(prices["adequacy"], 0.0) * firm_peak(resources, solution, resources.pue) * POINT
        worths.append(Worth("adequacy", "backup.critical_share", saving, "point", resources.critical_share / POINT))
    if resources.grid is not None and resources.grid.max_export_mw > 0:
        share = np.broadcast_to(np.asarray(resources.grid.export_share), (resources.steps,))
        saving = max(-float(solution.row_prices["export_limit"] @ share), 0.0)
        worths.append(Worth("export_limit", "grid.max_export_mw", saving, "MW", resources.grid.max_export_mw))
    if resources.grid is not None and resources.grid.import_limit_mw is not None:
        saving = max(-float(solution.row_prices["import_limit"].sum()), 0.0)
        least = float(resources.grid.import_limit_mw.min())
        worths.append(Worth("import_limit", "grid.import_limit_mw", saving, "MW", least))
    backup = resources.backup
    if backup is not None and backup.permitted_hours_per_year is not None:
        # One hour more lets each MW that is built run for an hour more.
        saving = max(-prices["backup_hours"], 0.0) * solution.capacities["backup"]
        hours = backup.permitted_hours_per_year
        worths.append(Worth("backup_hours", "backup.permitted_hours_per_year", saving, "h", hours))
    procurement = resources.procurement
    if procurement is not None and procurement.claim_share is not None:
        point = -float(prices[CLAIM]) * matched_load(resources, solution) * POINT
        key, claim = "procurement.certificates.claim_share", procurement.claim_share
        worths.append(Worth(CLAIM, key, max(point, 0.0), "point", claim / POINT))
    worths += _calls(resources, solution)
    return worths


def _calls(resources: Resources, solution: Solution) -> list[Worth]:
    """One hour a year less of calls gives the connection back in the called step of least price."""
    grid = resources.grid
    if grid is None or not grid.last_called:
        return []
    steps = list(grid.last_called)
    taken = (1.0 - np.broadcast_to(np.asarray(grid.import_share), (resources.steps,))[steps]) * float(
        solution.capacities["interconnection"]
    )
    saving = -float(solution.bound_prices["import"][steps] @ taken) / (resources.step_weight_h * len(steps))
    called = grid.called_hours_per_year
    return [Worth("called_hours", "grid.non_firm.called_hours_per_year", max(saving, 0.0), "h", called)]


def _delay(resources: Resources, solution: Solution) -> list[Worth]:
    """One more hour of allowed delay lets the backlog hold the arrivals of one more hour."""
    if not resources.has_deferrable:
        return []
    years = resources.arrivals_mw.reshape(-1, resources.block_steps)
    steps = round(resources.max_delay_hours / resources.step_hours)
    added = np.zeros_like(years)
    for step in range(steps, steps + round(1.0 / resources.step_hours)):
        added += np.roll(years, step, axis=1) * resources.step_hours
    saving = -float(solution.bound_prices["backlog"] @ added.ravel())
    return [Worth("delay", "load.max_delay_hours", max(saving, 0.0), "h", float(resources.max_delay_hours))]


def _supply_temperature(
    resources: Resources, solution: Solution, now_c: float, warmer_pue: Array, warmer_wue: Array
) -> Worth:
    load = compute_it_load(resources, solution)
    change = (warmer_pue - resources.pue) * load
    saving = -float(solution.row_prices["balance"] @ change)
    if resources.clean_share is not None:
        # Less load also shrinks the energy that need not be clean.
        allowed = (1.0 - resources.clean_share) * float(change.sum()) * resources.step_weight_h
        saving -= solution.total_prices["clean_share"] * allowed
    if "adequacy" in solution.total_prices:
        peak = firm_peak(resources, solution, warmer_pue) - firm_peak(resources, solution, resources.pue)
        saving -= solution.total_prices["adequacy"] * resources.critical_share * peak
    # More water costs its price, and takes its place under the cap (whose price is not positive).
    water = float((warmer_wue - resources.wue_m3_per_mwh) @ load) * resources.step_weight_h
    saving -= (resources.water_price_myen_per_m3 - solution.total_prices.get("water_cap", 0.0)) * water
    return Worth("supply_temperature", "cooling.supply_temperature_c", max(saving, 0.0), "degC", now_c)
