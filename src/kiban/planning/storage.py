"""The storages of a site in its programme: power in and out, what they hold, and where their energy may come from.

soc[t] = (1 - sigma)^h soc[t-1] + eta_c h charge[t] - h discharge[t] / eta_d
soc[before the first] = soc[last],   or, not cyclic,   = share x_energy <= soc[last]
soc[t] <= x_energy,   discharge[t] <= x_power,   charge[t] <= r x_power  (or <= x_charge_power, sized by itself)
min_hours x_power <= x_energy <= max_hours x_power
soc[t] <= x_usable <= (1 - fade_per_year L / 2) x_energy - fade_per_cycle (L / 2) w sum_t discharge[t] / eta_d
                                                   in the place of x_energy, where what fades is not replaced
charge of storages that take own supply alone, together  <=  own output - curtailment
"""

from __future__ import annotations

import numpy as np

from kiban.linear import Staircase
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.resources import Resources, StorageResource


def add_storages(programme: Staircase, resources: Resources) -> None:
    """Charge, discharge and state of charge of each storage; power and energy are sized apart."""
    for storage in resources.storages:
        _add_storage(programme, resources, storage)
    own = [storage for storage in resources.storages if storage.from_own_supply]
    if own:
        _add_own_charge(programme, resources, own)


def _add_storage(programme: Staircase, resources: Resources, storage: StorageResource) -> None:
    hours = resources.step_hours
    programme.add_capacity(
        storage.power, cost=storage.annual_cost_myen_per_mw, lower=storage.min_power_mw, upper=storage.max_power_mw
    )
    if storage.annual_cost_myen_per_charge_mw is not None:
        programme.add_capacity(
            storage.charge_power, cost=storage.annual_cost_myen_per_charge_mw, upper=storage.max_charge_power_mw
        )
    programme.add_capacity(
        storage.energy,
        cost=storage.annual_cost_myen_per_mwh,
        lower=storage.min_energy_mwh,
        upper=storage.max_energy_mwh,
    )
    programme.add_variable(storage.charge, capacity=storage.charge_power, factor=storage.charge_power_ratio)
    wear = storage.throughput_cost_myen_per_mwh * resources.step_weight_h
    programme.add_variable(storage.discharge, cost=wear, capacity=storage.power)
    if storage.fades:
        _add_fade(programme, resources, storage)
    programme.add_variable(storage.state, capacity=storage.usable)
    programme.add_term("balance", storage.charge, -1.0)
    programme.add_term("balance", storage.discharge)

    kept = 1.0 - self_discharge_per_step(storage.self_discharge_per_hour, hours)
    programme.add_row(storage.row, equal=0.0)
    programme.add_term(storage.row, storage.state)
    programme.add_term(storage.row, storage.state, -kept, lagged=True, cyclic=storage.cyclic)
    programme.add_term(storage.row, storage.charge, -storage.charge_efficiency * hours)
    programme.add_term(storage.row, storage.discharge, hours / storage.discharge_efficiency)
    if not storage.cyclic and storage.initial_share > 0:
        _add_start(programme, resources, storage, kept)

    for name, ratio, sign in (
        (f"{storage.prefix}_least_hours", storage.min_hours, -1.0),
        (f"{storage.prefix}_most_hours", storage.max_hours, 1.0),
    ):
        if ratio is not None:
            programme.add_total(name, upper=0.0)
            programme.add_capacity_term(name, storage.energy, sign)
            programme.add_capacity_term(name, storage.power, -sign * ratio)


def _add_start(programme: Staircase, resources: Resources, storage: StorageResource, kept: float) -> None:
    """Each weather year or window begins with a share of the capacity and ends with no less: it has to stand again."""
    row, block = f"{storage.prefix}_end", resources.block_steps
    starts, ends = np.zeros(resources.steps), np.zeros(resources.steps)
    starts[::block], ends[block - 1 :: block] = kept * storage.initial_share, 1.0
    programme.add_capacity_term(storage.row, storage.usable, -starts)
    programme.add_row(row, lower=np.where(ends > 0, 0.0, -np.inf))
    programme.add_term(row, storage.state, ends)
    programme.add_capacity_term(row, storage.usable, -storage.initial_share * ends)


def _add_fade(programme: Staircase, resources: Resources, storage: StorageResource) -> None:
    """Energy capacity is lost evenly by the calendar and by what is drawn: half of the loss is there at mid-life."""
    total, half_life = f"{storage.prefix}_fade", storage.life_years / 2.0
    programme.add_capacity(storage.usable, cost=0.0)
    programme.add_total(total, upper=0.0)
    programme.add_capacity_term(total, storage.usable)
    programme.add_capacity_term(total, storage.energy, storage.fade_per_year * half_life - 1.0)
    drawn = resources.step_weight_h / storage.discharge_efficiency
    programme.add_total_term(total, storage.discharge, storage.fade_per_cycle * half_life * drawn)


def _add_own_charge(programme: Staircase, resources: Resources, storages: list[StorageResource]) -> None:
    """What takes own supply alone is charged by what that delivers."""
    programme.add_row("own_charge", upper=0.0)
    for storage in storages:
        programme.add_term("own_charge", storage.charge)
    if "curtailment" in programme.variables:
        programme.add_term("own_charge", "curtailment")
    for supply in resources.supply:
        if supply.is_free:
            programme.add_capacity_term("own_charge", supply.name, -supply.availability)
        else:
            programme.add_term("own_charge", f"{supply.name}_output", -1.0)
