"""The schedule of an optimum as a person would run it, at the same cost.

An optimum leaves open what costs nothing: burning surplus in a battery that charges and discharges at once, or building
more of a capacity that is free. Of all that cost the same the plan gives the one without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution
from kiban.planning.cooling_storage import COLD_CHARGE, COLD_DISCHARGE, COLD_ENERGY, COLD_STATE, net_cooling_storage
from kiban.planning.resources import Resources, StorageResource

SOLVER_DUST: Final = 1e-6
"""A capacity below it, MW or MWh, is the solver's rounding and counts as nothing."""
HOURLY_DUST: Final = 1e-7
"""The same of an hour: several together stay below what balances are tested to."""


def tidy(resources: Resources, solution: Solution) -> Solution:
    """The same optimum without overlap, without rounding and with the least of each capacity that costs nothing."""
    netted = net_storages(resources, solution)
    hourly = {name: np.where(np.abs(values) < HOURLY_DUST, 0.0, values) for name, values in netted.hourly.items()}
    return take_least_capacities(resources, replace(netted, hourly=hourly))


def net_storages(resources: Resources, solution: Solution) -> Solution:
    """The same optimum without charging and discharging in one step where that only burns surplus energy.

    What a storage burnt is curtailed instead, as far as there is output to curtail: state of charge and capacities
    stay, and nothing costs more. Where burning pays, or no output is left to curtail, the schedule is left as it is.
    """
    if solution.certificate is None:
        return solution
    netted = _net_cold(resources, solution)
    if "curtailment" not in solution.hourly:
        return netted
    for storage in resources.storages:
        netted = replace(netted, hourly=_net(resources, netted, storage))
    return netted


def _net_cold(resources: Resources, solution: Solution) -> Solution:
    """The same optimum without filling and emptying the store of cold in one step; what that burnt is curtailed."""
    if resources.cooling_storage is None:
        return solution
    netted, hourly = net_cooling_storage(resources, solution), dict(solution.hourly)
    burnt = netted.pop("burnt")
    room = _room_to_curtail(resources, solution) if "curtailment" in hourly else np.zeros(resources.steps)
    fits = burnt <= room
    if "curtailment" in hourly:
        hourly["curtailment"] = hourly["curtailment"] + np.where(fits, burnt, 0.0)
    return replace(
        solution, hourly=hourly | {name: np.where(fits, flow, hourly[name]) for name, flow in netted.items()}
    )


def _net(resources: Resources, solution: Solution, storage: StorageResource) -> dict[str, Array]:
    """The hours with one storage's flows in one direction, in each step in which curtailment can take the rest."""
    hourly = dict(solution.hourly)
    charge, discharge = hourly[storage.charge], hourly[storage.discharge]
    stored = storage.charge_efficiency * charge - discharge / storage.discharge_efficiency
    net_charge = np.maximum(stored, 0.0) / storage.charge_efficiency
    net_discharge = np.maximum(-stored, 0.0) * storage.discharge_efficiency
    burnt = (charge - discharge) - (net_charge - net_discharge)
    fits = burnt <= _room_to_curtail(resources, solution, storage)
    # The account of stored and sold energy may count on the flows as they are.
    kept = [name for name in hourly if name.startswith("kept_") and name.endswith(f"_in_{storage.prefix}")]
    put = [*kept, f"put_{storage.prefix}"]
    fits &= sum((hourly[name] for name in put if name in hourly), np.zeros(resources.steps)) <= net_charge + HOURLY_DUST
    fits &= hourly.get(f"taken_{storage.prefix}", 0.0) <= net_discharge + HOURLY_DUST
    hourly |= {
        storage.charge: np.where(fits, net_charge, charge),
        storage.discharge: np.where(fits, net_discharge, discharge),
        "curtailment": hourly["curtailment"] + np.where(fits, burnt, 0.0),
    }
    return hourly


def _room_to_curtail(resources: Resources, solution: Solution, storage: StorageResource | None = None) -> Array:
    """The most that may be curtailed beside what is, in each step, MW."""
    hourly, room = solution.hourly, np.full(resources.steps, np.inf)
    available = [
        supply.availability * solution.capacities[supply.name] for supply in resources.supply if supply.is_free
    ]
    free = sum(available, np.zeros(resources.steps)) - hourly["curtailment"]
    if resources.has_energy_to_waste:
        room = free
    own = [other for other in resources.storages if other.from_own_supply]
    if own and not (storage is not None and storage.from_own_supply):
        paid = [hourly[f"{supply.name}_output"] for supply in resources.supply if not supply.is_free]
        stored = [hourly[other.charge] for other in own]
        room = np.minimum(room, sum(paid, free) - sum(stored, np.zeros(resources.steps)))
    # What is nothing but rounding is no room that is missing.
    return np.asarray(np.maximum(room, 0.0))


def take_least_capacities(resources: Resources, solution: Solution) -> Solution:
    """The same optimum with no more of a capacity that costs nothing than its schedule needs.

    Free output that is then not there was curtailed. Capacities that stand in a constraint with another one (battery
    hours or fade, a state of charge to begin with, the critical load, an outage) stay as they are.
    """
    solution = replace(solution, hourly=_lower_states(resources, solution.hourly))
    capacities, hourly = dict(solution.capacities), dict(solution.hourly)
    for name, least in _least_capacities(resources, solution):
        capacities[name] = min(capacities[name], least)
    if resources.outage is not None:
        return replace(solution, capacities=capacities, hourly=hourly)
    for supply in resources.supply:
        if not supply.is_free or supply.unit_mw or supply.annual_cost_myen_per_mw:
            continue
        if _is_critical(resources, supply.firm_share):
            continue
        available = supply.availability > 0
        spare = float((hourly["curtailment"][available] / supply.availability[available]).min(initial=np.inf))
        spare = max(min(spare, capacities[supply.name] - supply.min_mw), 0.0)
        capacities[supply.name] -= spare
        hourly["curtailment"] = np.maximum(hourly["curtailment"] - spare * supply.availability, 0.0)
    return replace(solution, capacities=capacities, hourly=hourly)


def _lower_states(resources: Resources, hourly: Mapping[str, Array]) -> dict[str, Array]:
    """The hours with no more in a store than is moved, where cells cost nothing and what lies there is not lost.

    Not where an outage may call for it, or where other energy is kept account of beside the state of charge.
    """
    lowered = dict(hourly)
    for storage in resources.storages:
        is_open = storage.annual_cost_myen_per_mwh or not storage.cyclic or storage.self_discharge_per_hour
        accounted = any(name.startswith("kept_") and name.endswith(f"_in_{storage.prefix}") for name in hourly)
        if resources.outage is None and not is_open and not accounted and storage.state in lowered:
            lowered[storage.state] = lowered[storage.state] - lowered[storage.state].min()
    return lowered


def _least_capacities(resources: Resources, solution: Solution) -> Iterator[tuple[str, float]]:
    """Capacities that cost nothing and meet only their own schedule, with what that needs of them."""
    hourly = solution.hourly
    if not resources.it_annual_cost_myen_per_mw and not resources.tranches:
        served = hourly.get("served", 0.0) - hourly.get("unserved", 0.0)
        yield "it", max(resources.min_it_mw, float(np.max(resources.firm_mw + served)))
    grid, backup = resources.grid, resources.backup
    if grid is not None and not grid.annual_cost_myen_per_mw:
        used = (_needed(hourly, "import", grid.import_share), _needed(hourly, "export", grid.export_share))
        yield "interconnection", max(grid.min_mw, *used)
    if resources.outage is not None:
        # What an outage needs shows in no hour of the schedule.
        return
    for storage in resources.storages:
        if storage.annual_cost_myen_per_charge_mw == 0:
            yield storage.charge_power, _peak(hourly, storage.charge)
        if storage.min_hours is not None or storage.max_hours is not None or storage.fades:
            continue
        if not storage.annual_cost_myen_per_mw:
            drawn = _peak(hourly, storage.charge) / storage.charge_power_ratio
            shared = drawn if storage.charge_power == storage.power else 0.0
            yield storage.power, max(storage.min_power_mw, shared, _peak(hourly, storage.discharge))
        if not storage.annual_cost_myen_per_mwh and storage.cyclic:
            yield storage.energy, max(storage.min_energy_mwh, _peak(hourly, storage.state))
    cold = resources.cooling_storage
    if cold is not None and not cold.annual_cost_myen_per_mwh:
        flows = (cold.charge_hours, COLD_CHARGE), (cold.discharge_hours, COLD_DISCHARGE)
        needed = [hours * _peak(hourly, flow) for hours, flow in flows]
        yield COLD_ENERGY, max(cold.min_energy_mwh, _peak(hourly, COLD_STATE), *needed)
    is_free = backup is not None and not backup.annual_cost_myen_per_mw
    if backup is not None and is_free and backup.permitted_hours_per_year is None and not _is_critical(resources, 1.0):
        yield "backup", max(backup.min_mw, _peak(hourly, "backup_output"))
    for supply in resources.supply:
        if supply.is_free or supply.annual_cost_myen_per_mw or _is_critical(resources, supply.firm_share):
            continue
        if supply.unit_mw or supply.ramp_share_per_hour is not None or supply.least_load_share:
            continue
        output, available = hourly[f"{supply.name}_output"], supply.availability > 0
        yield (
            supply.name,
            max(supply.min_mw, float((output[available] / supply.availability[available]).max(initial=0))),
        )


def _is_critical(resources: Resources, firm_share: float) -> bool:
    return firm_share > 0 and resources.critical_share > 0


def _needed(hourly: Mapping[str, Array], name: str, share: Array | float) -> float:
    """Capacity that a schedule needs of which a share is there in each step."""
    if name not in hourly:
        return 0.0
    used = hourly[name]
    shares = np.broadcast_to(np.asarray(share, dtype=np.float64), used.shape)
    return float(np.divide(used, shares, where=shares > 0, out=np.zeros(used.size)).max(initial=0.0))


def _peak(hourly: Mapping[str, Array], name: str) -> float:
    return float(hourly[name].max(initial=0.0)) if name in hourly else 0.0
