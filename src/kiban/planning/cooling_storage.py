"""A store of cold: chillers fill it in one hour, and it carries in another what chillers would have carried.

    cold[t] = (1 - sigma)^h cold[t-1] + h charge[t] - h discharge[t]                                MWh of heat
    cold[t] <= x_cold,   charge[t] <= x_cold / charge hours,   discharge[t] <= x_cold / discharge hours
    discharge[t] <= q[t] it[t]                                                   what chillers carry, not the weather
    p[t] (q[t] it[t] - discharge[t]) + p_charge[t] charge[t]  <=  chillers x_it  the chillers that are there
    load[t] + p_charge[t] charge[t] - p[t] discharge[t]                          in the balance

with q the heat that chillers carry for each MW of IT, p the power for each MW of it and p_charge that of filling the
storage (`physics.cooling.chiller_duty`). PUE and water stay those of the hall without it.

For the clean share a year's load is what the hall needs: what the storage saves of it counts (`saving`, a mean in MW),
what it loses does not, so that no target is easier for a loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.linear import Solution, Staircase
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.resources import CoolingStorageResource, Resources
from kiban.scenario.plant import COOLING_STORAGE

COLD_ENERGY: Final = f"{COOLING_STORAGE}_energy"
COLD_CHARGE: Final = f"{COOLING_STORAGE}_charge"
COLD_DISCHARGE: Final = f"{COOLING_STORAGE}_discharge"
COLD_STATE: Final = f"{COOLING_STORAGE}_state_of_charge"
COLD_SAVING: Final = f"{COOLING_STORAGE}_saving"
"""Mean power that it saves over the year, MW; at least nothing."""


def add_cooling_storage(programme: Staircase, resources: Resources) -> None:
    """Cold that chillers make in one hour for another, within what chillers carry and can take."""
    store, hours = resources.cooling_storage, resources.step_hours
    if store is None:
        return
    programme.add_capacity(
        COLD_ENERGY, cost=store.annual_cost_myen_per_mwh, lower=store.min_energy_mwh, upper=store.max_energy_mwh
    )
    programme.add_variable(COLD_CHARGE, capacity=COLD_ENERGY, factor=1.0 / store.charge_hours)
    programme.add_variable(COLD_DISCHARGE, capacity=COLD_ENERGY, factor=1.0 / store.discharge_hours)
    programme.add_variable(COLD_STATE, capacity=COLD_ENERGY)
    programme.add_term("balance", COLD_CHARGE, -store.charge_power)
    programme.add_term("balance", COLD_DISCHARGE, store.power)

    programme.add_row(f"{COOLING_STORAGE}_balance", equal=0.0)
    programme.add_term(f"{COOLING_STORAGE}_balance", COLD_STATE)
    programme.add_term(f"{COOLING_STORAGE}_balance", COLD_STATE, -kept_per_step(store, hours), lagged=True)
    programme.add_term(f"{COOLING_STORAGE}_balance", COLD_CHARGE, -hours)
    programme.add_term(f"{COOLING_STORAGE}_balance", COLD_DISCHARGE, hours)

    programme.add_row("chiller_heat", upper=store.heat_share * resources.firm_mw)
    programme.add_term("chiller_heat", COLD_DISCHARGE)
    _add_it_load(programme, resources, "chiller_heat", -store.heat_share)

    work = store.power * store.heat_share
    programme.add_row("chiller_power", upper=-work * resources.firm_mw)
    programme.add_term("chiller_power", COLD_CHARGE, store.charge_power)
    programme.add_term("chiller_power", COLD_DISCHARGE, -store.power)
    programme.add_capacity_term("chiller_power", "it", -store.chiller_mw_per_mw)
    _add_it_load(programme, resources, "chiller_power", work)

    claims = resources.procurement is not None and resources.procurement.claim_share is not None
    if resources.clean_share is not None or claims:
        weight = resources.step_weight_h / HOURS_PER_YEAR
        programme.add_capacity(COLD_SAVING, cost=0.0)
        programme.add_total(COLD_SAVING, upper=0.0)
        programme.add_capacity_term(COLD_SAVING, COLD_SAVING, -1.0)
        programme.add_total_term(COLD_SAVING, COLD_DISCHARGE, store.power * weight)
        programme.add_total_term(COLD_SAVING, COLD_CHARGE, -store.charge_power * weight)


def _add_it_load(programme: Staircase, resources: Resources, row: str, weight: Array) -> None:
    """What of the IT load is a decision, weighted, in a row; the firm load is no term."""
    for name, sign in _decided_load(resources):
        programme.add_term(row, name, sign * weight)
    for tranche in resources.tranches:
        if not tranche.has_schedule:
            programme.add_capacity_term(row, tranche.capacity, weight * tranche.shape)


def _decided_load(resources: Resources) -> Iterator[tuple[str, float]]:
    if resources.unserved_price_myen_per_mwh is not None:
        yield "unserved", -1.0
    if resources.has_deferrable:
        yield "served", 1.0
    for tranche in resources.tranches:
        if tranche.has_schedule:
            yield f"{tranche.capacity}_served", 1.0


def kept_per_step(store: CoolingStorageResource, step_hours: float) -> float:
    """Share of the cold that is still there after a step."""
    return 1.0 - self_discharge_per_step(store.loss_per_hour, step_hours)


def shift_load(resources: Resources, solution: Solution) -> Array:
    """What the storage adds to the electric load of each step, MW; negative where it saves."""
    store = resources.cooling_storage
    if store is None:
        return np.zeros(resources.steps)
    return store.charge_power * solution.hourly[COLD_CHARGE] - store.power * solution.hourly[COLD_DISCHARGE]


def net_cooling_storage(resources: Resources, solution: Solution) -> dict[str, Array]:
    """Charge and discharge without what goes in and out in one step, and `burnt`, the power that this took, MW."""
    store = resources.cooling_storage
    assert store is not None
    both = np.minimum(solution.hourly[COLD_CHARGE], solution.hourly[COLD_DISCHARGE])
    both = np.maximum(both, 0.0)
    return {
        COLD_CHARGE: solution.hourly[COLD_CHARGE] - both,
        COLD_DISCHARGE: solution.hourly[COLD_DISCHARGE] - both,
        "burnt": both * (store.charge_power - store.power),
    }
