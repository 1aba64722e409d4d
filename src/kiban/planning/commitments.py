"""Tranches of compute that are not served as they arrive: what may wait, and what is promised for a day or a week.

    backlog[t] = backlog[t-1] + h (arrive[t] n - served[t] [- short[t]]),    0 <= backlog[t] <= room[t] n
    w sum_t short[t] <= (1 - reliability) w sum_t shape[t] n                 not delivered, and not paid

What may wait arrives by its shape and has room for the mean of it over the allowed delay. A promise of a period arrives
as a whole in the first step of the period and has no room at its last, so that its energy is served within it, whenever
that costs least. A promise of every hour has no room at all. Periods are counted from the first step of each weather
year of the horizon; the last one is shorter where they do not fit, and promises the energy of its hours.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear import Staircase
from kiban.planning.resources import Resources, TrancheResource

PERIOD_HOURS: Final = {"day": 24, "week": 168}


def add_schedule(programme: Staircase, resources: Resources, tranche: TrancheResource) -> None:
    """What of a tranche is served in each step, its backlog, and what is not delivered of a promise."""
    name, hours, weight = tranche.capacity, resources.step_hours, resources.step_weight_h
    served, row, room = f"{name}_served", f"{name}_balance", backlog_room(resources, tranche)
    water = resources.water_price_myen_per_m3 * resources.wue_m3_per_mwh * weight
    programme.add_variable(served, cost=water)
    programme.add_term("balance", served, -resources.pue)
    programme.add_term("it_capacity", served)
    programme.add_row(row, equal=0.0)
    if room.any():
        backlog = f"{name}_backlog"
        programme.add_variable(backlog, capacity=name, factor=room)
        programme.add_term(row, backlog)
        programme.add_term(row, backlog, -1.0, lagged=True)
    programme.add_term(row, served, hours)
    programme.add_capacity_term(row, name, -arrivals_per_mw(resources, tranche) * hours)
    if tranche.reliability < 1:
        short, total = f"{name}_short", f"{name}_reliability"
        programme.add_variable(short, cost=tranche.price_myen_per_mwh * weight)
        programme.add_term(row, short, hours)
        programme.add_total(total, upper=0.0)
        programme.add_total_term(total, short, weight)
        programme.add_capacity_term(total, name, -undelivered_per_mw(resources, tranche))


def arrivals_per_mw(resources: Resources, tranche: TrancheResource) -> Array:
    """What arrives in each step for each MW that is sold, MW."""
    if tranche.committed is None or tranche.committed not in PERIOD_HOURS:
        return tranche.shape
    arrivals = np.zeros(resources.steps)
    for first, end in list_periods(resources, tranche.committed):
        arrivals[first] = tranche.shape[first:end].sum()
    return arrivals


def backlog_room(resources: Resources, tranche: TrancheResource) -> Array:
    """The most that may wait at the end of each step for each MW that is sold, MWh."""
    if tranche.committed is None or tranche.committed not in PERIOD_HOURS:
        return np.full(resources.steps, float(tranche.shape.mean()) * tranche.max_delay_hours)
    room = np.zeros(resources.steps)
    for first, end in list_periods(resources, tranche.committed):
        room[first : end - 1] = float(tranche.shape[first:end].sum()) * resources.step_hours
    return room


def undelivered_per_mw(resources: Resources, tranche: TrancheResource) -> float:
    """The most that need not be delivered in a year for each MW that is sold, MWh."""
    return (1.0 - tranche.reliability) * float(tranche.shape.sum()) * resources.step_weight_h


def list_periods(resources: Resources, committed: str) -> list[tuple[int, int]]:
    """First step and end of each period."""
    length = round(PERIOD_HOURS[committed] / resources.step_hours)
    return [
        (block + first, block + min(first + length, resources.block_steps))
        for block in range(0, resources.steps, resources.block_steps)
        for first in range(0, resources.block_steps, length)
    ]
