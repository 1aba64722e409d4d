"""What a store must hold so that the outage of a scenario's `[outage]` is survived, whenever it begins.

The plan looks at every hour of its year in which the outage may begin. An operator does not know the weather of the
outage to come: what is held in an hour is the most that the plan's year would have needed in any hour of the same month
and time of day. It is given up while the grid is away, and filled again afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import MONTHS_PER_YEAR
from kiban.operation.conditions import AVAILABILITY, FIRM, PUE, Conditions
from kiban.operation.facility import Facility, Store
from kiban.scenario.plant import COOLING_STORAGE

if TYPE_CHECKING:
    from kiban.planning.resources import OutageResource

RESERVE_HALVINGS: Final = 30
SURVIVED_MWH: Final = 1e-6
"""Energy that may be missing for each MW of firm load: the plan's own rounding."""


def hold_for_outage(
    facility: Facility, conditions: Conditions, own: Facility, own_conditions: Conditions, outage: OutageResource
) -> Facility:
    """The facility with the reserve that its store holds; `own` and its conditions are those of the plan's year."""
    store = next((one for one in own.stores if one.name != COOLING_STORAGE), None)
    if store is None:
        return facility
    needed = find_need(own, own_conditions, store, outage)
    months, hours = _groups(own_conditions)
    table = np.zeros((MONTHS_PER_YEAR + 1, hours.max() + 1))
    np.maximum.at(table, (months, hours), needed)
    # A month that the plan's time does not have is held as the worst of the others.
    absent = ~np.isin(np.arange(MONTHS_PER_YEAR + 1), months)
    table[absent] = table.max(axis=0)
    held = table[_groups(conditions)]
    if not held.any():
        return facility
    stores = tuple(replace(one, reserve_mwh=held) if one.name == store.name else one for one in facility.stores)
    return replace(facility, stores=stores)


def find_need(facility: Facility, conditions: Conditions, store: Store, outage: OutageResource) -> Array:
    """The least that the store must hold at the end of each step for an outage that begins in the next, MWh.

    Where not even a full store suffices it is the full store. The better of two schedules counts: fuel first, or the
    store first.
    """
    series = conditions.series
    net = outage.share * (series[PUE] * series[FIRM] - facility.saved_mw)
    for plant in facility.plants:
        net = net - plant.capacity_mw * series[f"{AVAILABILITY}{plant.name}"]
    for one in facility.generators:
        net = net - one.capacity_mw * series[f"{AVAILABILITY}{one.name}"]
    steps = conditions.steps
    length = min(int(np.ceil(outage.hours / facility.step_hours - 1e-9)), steps)
    allowed = SURVIVED_MWH * max(float(series[FIRM].max()), 1.0)
    low, high = np.zeros(steps), np.full(steps, store.energy_mwh)
    survives = _missing(facility, net, store, outage, length, low) <= allowed
    for _ in range(RESERVE_HALVINGS):
        middle = 0.5 * (low + high)
        enough = _missing(facility, net, store, outage, length, middle) <= allowed
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    # The outage begins a step after the store stands so.
    begins: Array = np.roll(np.where(survives, 0.0, high / store.kept_per_step), -1)
    return np.minimum(begins, store.energy_mwh)


def _missing(
    facility: Facility, net: Array, store: Store, outage: OutageResource, length: int, begun_mwh: Array
) -> Array:
    """Energy that is missing in the outage that begins in each step, with so much in the store, MWh."""
    return np.minimum(
        _run(facility, net, store, outage, length, begun_mwh, fuel_first=True),
        _run(facility, net, store, outage, length, begun_mwh, fuel_first=False),
    )


def _run(
    facility: Facility,
    net: Array,
    store: Store,
    outage: OutageResource,
    length: int,
    begun_mwh: Array,
    *,
    fuel_first: bool,
) -> Array:
    hours, steps = facility.step_hours, net.size
    state, missing = begun_mwh.copy(), np.zeros(steps)
    tank = np.full(steps, np.inf if np.isinf(outage.fuel_hours) else facility.backup_limit_mw * outage.fuel_hours)
    for k in range(length):
        need = np.roll(net, -k)
        state = state * (store.kept_per_step if k else 1.0)
        room = np.minimum(store.charge_limit_mw, (store.energy_mwh - state) / (store.charge_efficiency * hours))
        gives = np.minimum(store.discharge_limit_mw, state * store.discharge_efficiency / hours)
        burn = np.minimum(facility.backup_limit_mw, tank / hours)
        backup = np.clip(need + room if fuel_first else need - gives, 0.0, burn)
        rest = need - backup
        charge, discharge = np.clip(-rest, 0.0, np.maximum(room, 0.0)), np.clip(rest, 0.0, gives)
        state = state + hours * (store.charge_efficiency * charge - discharge / store.discharge_efficiency)
        tank = tank - hours * backup
        missing += hours * np.maximum(rest - discharge, 0.0)
    return missing


def _groups(conditions: Conditions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Month and time of day of each step."""
    time = conditions.time
    minutes = time.hour.to_numpy() * 60 + time.minute.to_numpy()
    return time.month.to_numpy().astype(np.int64), (minutes / (60 * conditions.step_hours)).astype(np.int64)
