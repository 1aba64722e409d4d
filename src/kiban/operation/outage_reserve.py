"""What the stores must hold so that the outage of a scenario's `[outage]` is survived, whenever it begins.

The plan looks at every hour of its year in which the outage may begin. An operator does not know the weather of the
outage to come: what is held in an hour is the most that the plan's year would have needed in any hour of the same month
and time of day. It is given up while the grid is away, and filled again afterwards.

What several stores hold counts as what they can give at the meter: of each its energy, and no more than its power over
the outage. The need is the least sum of which every division over the stores survives. What is missing is convex in
what is held (it is the optimum of a linear programme), so that it is largest where all stores but one are full or
empty: these divisions are tried, and no other can fare worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import MONTHS_PER_YEAR
from kiban.operation.conditions import AVAILABILITY, FIRM, PUE, Conditions
from kiban.operation.facility import Facility, Store

if TYPE_CHECKING:
    from kiban.planning.resources import OutageResource

RESERVE_HALVINGS: Final = 30
SURVIVED_MWH: Final = 1e-6
"""Energy that may be missing for each MW of firm load: the plan's own rounding."""
SMALLEST_MW: Final = 1e-9
FuelTurn = Literal["first", "last", "lasting"]
"""When the backup gives: before the stores, after them, or in their order of how long each can give."""
FUEL_TURNS: Final[tuple[FuelTurn, ...]] = get_args(FuelTurn)


def hold_for_outage(
    facility: Facility, conditions: Conditions, own: Facility, own_conditions: Conditions, outage: OutageResource
) -> Facility:
    """The facility with the reserve that its stores hold; `own` and its conditions are those of the plan's year."""
    if not any(store.carries_outages for store in own.stores):
        return facility
    needed = find_need(own, own_conditions, outage)
    months, hours = _groups(own_conditions)
    table = np.zeros((MONTHS_PER_YEAR + 1, hours.max() + 1))
    np.maximum.at(table, (months, hours), needed)
    # A month that the plan's time does not have is held as the worst of the others.
    absent = ~np.isin(np.arange(MONTHS_PER_YEAR + 1), months)
    table[absent] = table.max(axis=0)
    held = table[_groups(conditions)]
    return replace(facility, reserve_mwh=held, outage_hours=outage.hours) if held.any() else facility


def find_need(facility: Facility, conditions: Conditions, outage: OutageResource) -> Array:
    """The least that the stores must be able to give in an outage that begins after each step, MWh at the meter.

    Where not even full stores suffice it is what full stores give. The best of three schedules counts.
    """
    series = conditions.series
    net = outage.share * (series[PUE] * series[FIRM] - facility.saved_mw)
    for one in facility.built:
        net = net - one.capacity_mw * series[f"{AVAILABILITY}{one.name}"]
    stores = [store for store in facility.stores if store.carries_outages]
    length = min(int(np.ceil(outage.hours / facility.step_hours - 1e-9)), conditions.steps)
    allowed = SURVIVED_MWH * max(float(series[FIRM].max()), 1.0)
    # What each can give, as far as its energy and its power go.
    most = np.array(
        [
            min(
                store.energy_mwh * float(np.mean(store.given_per_mwh)),
                float(np.max(store.discharge_limit_mw)) * outage.hours,
            )
            for store in stores
        ]
    )

    def survives(given_mwh: Array, order: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Whether an outage is survived with so much in the stores, those first in `order` filled first."""
        held, left = np.zeros((len(stores), conditions.steps)), given_mwh.copy()
        for number in order:
            taken = np.minimum(left, most[number])
            held[number] = taken / stores[number].discharge_efficiency
            left -= taken
        return _missing(facility, net, stores, outage, length, held) <= allowed

    needed = np.zeros(conditions.steps)
    for order in permutations(range(len(stores))):
        low, high = np.zeros(conditions.steps), np.full(conditions.steps, float(most.sum()))
        nothing = survives(low, order)
        for _ in range(RESERVE_HALVINGS):
            middle = 0.5 * (low + high)
            enough = survives(middle, order)
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        needed = np.maximum(needed, np.where(nothing, 0.0, high))
    # The outage begins a step after the stores stand so.
    begins: Array = np.roll(needed, -1)
    return begins


def _missing(
    facility: Facility, net: Array, stores: Sequence[Store], outage: OutageResource, length: int, begun_mwh: Array
) -> Array:
    """Energy that is missing in the outage that begins in each step, MWh; `begun` is `(stores, steps)`."""
    runs = [_run(facility, net, stores, outage, length, begun_mwh, turn) for turn in FUEL_TURNS]
    least: Array = np.min(runs, axis=0)
    return least


def _run(
    facility: Facility,
    net: Array,
    stores: Sequence[Store],
    outage: OutageResource,
    length: int,
    begun_mwh: Array,
    fuel_turn: FuelTurn,
) -> Array:
    """The same with one schedule: what can give longest gives first, and of the stores it is filled last.

    Without recharging that is the best order there is (Evans, Tindemans and Angeli, IEEE Transactions on Power Systems
    34, 2019). Fuel is the last row of all arrays: a store that cannot be filled.
    """
    hours, count = facility.step_hours, len(stores)

    def column(values: list[Array | float], of_fuel: float) -> Array:
        return np.array([*(float(np.mean(value)) for value in values), of_fuel])[:, None]

    charge_mw = column([store.charge_limit_mw for store in stores], 0.0)
    charged = column([store.charge_efficiency for store in stores], 1.0)
    discharge_mw = column([store.discharge_limit_mw for store in stores], facility.backup_limit_mw)
    discharged = column([store.discharge_efficiency for store in stores], 1.0)
    energy = column([store.energy_mwh for store in stores], 0.0)
    kept = column([store.kept_per_step for store in stores], 1.0)
    fuel = facility.backup_limit_mw * min(outage.fuel_hours, outage.hours + hours)
    state = np.vstack([begun_mwh, np.full(net.size, fuel)])
    missing, every = np.zeros(net.size), np.arange(net.size)
    for k in range(length):
        need = np.roll(net, -k)
        state = state * (kept if k else 1.0)
        room = np.clip((energy - state) / (charged * hours), 0.0, charge_mw)
        gives = np.minimum(discharge_mw, state * discharged / hours)
        lasts = state * discharged / np.maximum(discharge_mw, SMALLEST_MW)
        if fuel_turn != "lasting":
            lasts[count] = np.inf if fuel_turn == "first" else -np.inf
        order = np.argsort(-lasts, axis=0, kind="stable")
        short, surplus = np.maximum(need, 0.0), np.maximum(-need, 0.0)
        for place in order:
            given = np.minimum(gives[place, every], short)
            state[place, every] -= hours * given / discharged[place, 0]
            gives[place, every] -= given
            short = short - given
        # Fuel that comes first fills the stores as well.
        over = surplus + (gives[count] if fuel_turn == "first" else 0.0)
        for place in order[::-1]:
            taken = np.minimum(room[place, every], over)
            state[place, every] += hours * taken * charged[place, 0]
            over = over - taken
        if fuel_turn == "first":
            state[count] -= hours * (gives[count] - np.minimum(over, gives[count]))
        missing += hours * short
    return missing


def _groups(conditions: Conditions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Month and time of day of each step."""
    time = conditions.time
    minutes = time.hour.to_numpy() * 60 + time.minute.to_numpy()
    return time.month.to_numpy().astype(np.int64), (minutes / (60 * conditions.step_hours)).astype(np.int64)
