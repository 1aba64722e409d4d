"""The rolling horizon: in every step a window is solved from where operation stands, and the step happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final, Literal

import numpy as np

from kiban.arrays import Array
from kiban.linear.window import WindowSequence
from kiban.operation.ahead import Ahead, look_ahead, seen_now
from kiban.operation.budget import Budget
from kiban.operation.conditions import AVAILABILITY, Conditions
from kiban.operation.course import COLUMNS, Course
from kiban.operation.events import BACKUP, BATTERY, GRID, Event
from kiban.operation.facility import Facility
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.hour import Handover, Happened, Measured, Plant, run_hour
from kiban.operation.valuation import Valuation
from kiban.operation.window import marginal_costs, write_windows

Hour = Literal["merit", "measured"]
"""How an hour is met: balanced in merit order of its window's prices, or solved again once it is measured."""
PERIOD_HOURS: Final = 168
"""Windows are written a week at a time; between two of these the price of the budget is set anew."""


@dataclass(frozen=True, eq=False)
class Manner:
    """How a facility is operated: what is foreseen, how far, how an hour is met, what happens, and what is paced."""

    forecast: Forecast
    horizon_steps: int
    hour: Hour = "merit"
    events: Sequence[Event] = ()
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Steps `first` to before `end` of an operation, and what stands in store and waits when they begin."""

    first: int
    end: int
    storage_mwh: float
    backlog_mwh: float


def operate(
    facility: Facility, conditions: Conditions, valuation: Valuation, manner: Manner, part: Part | None = None
) -> Course:
    """The course of an operation, or of a part of it, step by step; states are carried over every seam."""
    if part is None:
        initial = 0.0 if facility.store is None else facility.store.initial_mwh
        part = Part(0, conditions.steps, initial, 0.0)
    storage, backlog, plant = part.storage_mwh, part.backlog_mwh, plant_of(facility)
    rows: list[Happened] = []
    available: list[Array] = []
    seconds, gap = 0.0, 0.0
    period = max(round(PERIOD_HOURS / facility.step_hours), 1)
    measured = manner.hour == "measured" or manner.forecast.measures_first_step
    for first in range(part.first, part.end, period):
        begins = np.arange(first, min(first + period, part.end))
        ahead = look_ahead(
            facility, conditions, manner.forecast, manner.events, begins, manner.horizon_steps, measured=measured
        )
        paced = valuation if manner.budget is None else manner.budget.pace(valuation, conditions, facility, rows)
        hours, offered = measure(ahead, paced)
        available.append(offered)
        sequence = WindowSequence(write_windows(ahead, paced))
        for number, hour in enumerate(hours):
            begun = time.perf_counter()
            found = sequence.solve(number, storage, backlog)
            seconds += time.perf_counter() - begun
            cost, bound = float(found.cost_myen[0]), float(found.bound_myen[0])
            gap = max(gap, abs(cost - bound) / max(1.0, abs(cost)))
            charge, discharge, served, imported, generated, _, unserved, *_ = found.amounts[0, :, 0].tolist()
            _, storage_price, backlog_price = found.prices[0, :, 0].tolist()
            handover = Handover(charge, discharge, served, imported, generated, unserved, -storage_price, backlog_price)
            happened = run_hour(hour, plant, handover, storage, backlog)
            storage, backlog = happened.storage_mwh, happened.backlog_mwh
            rows.append(happened)
    return Course(
        facility.cut(part.first, part.end),
        conditions.cut(part.first, part.end),
        columns(rows, np.concatenate(available)),
        part.storage_mwh,
        windows=len(rows),
        seconds=seconds,
        largest_gap=gap,
    )


def plant_of(facility: Facility) -> Plant:
    """The store as an hour sees it."""
    store, hours = facility.store, facility.step_hours
    if store is None:
        return Plant(0.0, 1.0, 1.0, 1.0, hours)
    return Plant(store.energy_mwh, store.kept_per_step, store.charge_efficiency, store.discharge_efficiency, hours)


def measure(ahead: Ahead, valuation: Valuation) -> tuple[list[Measured], Array]:
    """The first hour of each window as it is measured, and the power that costs nothing in it."""
    conditions, facility, store = ahead.conditions, ahead.facility, ahead.facility.store
    begins, series = ahead.begins, conditions.series
    here = {name: values[begins][:, None] for name, values in series.items()}
    now = Ahead(facility, conditions, (), begins, here)
    offered = np.array(facility.saved_mw[begins])
    for each in facility.plants:
        offered += each.capacity_mw * series[f"{AVAILABILITY}{each.name}"][begins] * seen_now(ahead, each.name)
    offered = np.maximum(offered, 0.0)
    imported, generated, served = (cost[:, 0] for cost in marginal_costs(now, valuation, now.price_myen_per_mwh))
    firm, battery = now.firm_mw[:, 0], seen_now(ahead, BATTERY)
    # In the order of the fields of `Measured`.
    table = (
        offered,
        firm,
        now.pue[:, 0],
        now.arrivals_mw[:, 0],
        now.backlog_limit_mwh[:, 0],
        facility.import_limit_mw[begins] * seen_now(ahead, GRID),
        facility.backup_limit_mw * seen_now(ahead, BACKUP),
        (0.0 if store is None else store.charge_limit_mw) * battery,
        (0.0 if store is None else store.discharge_limit_mw) * battery,
        facility.it_mw - firm,
        imported,
        generated,
        served,
        valuation.unserved_myen_per_mwh - served,
        np.full(begins.size, valuation.dropped_myen_per_mwh),
    )
    return [Measured(*row) for row in np.stack(table, axis=1).tolist()], offered


def columns(rows: Sequence[Happened], available_mw: Array) -> dict[str, Array]:
    """The hours as columns."""
    table = np.ascontiguousarray(np.array([astuple(row) for row in rows]).T)
    return {"available_mw": available_mw, **dict(zip(COLUMNS, table, strict=True))}
