"""The rolling horizon: in every step a window is solved from where operation stands, and the step happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from kiban.arrays import Array
from kiban.interruption import end_if_unwanted
from kiban.operation.ahead import Ahead, look_ahead, seen_now
from kiban.operation.budget import Budget, Past, pace
from kiban.operation.buying import PeakPrice, run_buying_hour
from kiban.operation.conditions import AVAILABILITY, FIRM, Conditions
from kiban.operation.course import BATTERY_COLUMNS, RESERVE, Course
from kiban.operation.events import BACKUP, GRID, IT, Event
from kiban.operation.events import IMPORT as CALLED
from kiban.operation.expectation import DayAhead, find_days
from kiban.operation.facility import BACKUP_OUTPUT, EXPORT, IMPORT, Facility, begin, equip
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.hour import (
    Equipment,
    Handover,
    Happened,
    Measured,
    PromiseLimits,
    SourceLimits,
    Standing,
    StoreLimits,
    run_hour,
)
from kiban.operation.lane import open_lane
from kiban.operation.valuation import Valuation
from kiban.operation.window import find_costs

Hour = Literal["merit", "measured"]
"""How an hour is met: balanced in merit order of its window's prices, or solved again once it is measured."""
PERIOD_HOURS: Final = 168
"""Windows are written a week at a time; between two of these the prices of the budgets are set anew."""


@dataclass(frozen=True, eq=False)
class Manner:
    """How a facility is operated: what is foreseen, how far, how an hour is met, what happens, and what is paced."""

    forecast: Forecast
    horizon_steps: int
    hour: Hour = "merit"
    events: Sequence[Event] = ()
    budgets: Sequence[Budget] = ()
    keeps_days: bool = False
    """Whether the course keeps the window with which each day begins."""
    gate_steps: int = 0
    """So many steps before each import is planned for the exchange, and kept; 0 keeps no plan."""


@dataclass(frozen=True, slots=True)
class Part:
    """Steps `first` to before `end` of an operation, and where it stands when they begin."""

    first: int
    end: int
    standing: Standing


def operate(
    facility: Facility,
    conditions: Conditions,
    valuation: Valuation,
    manner: Manner,
    part: Part | None = None,
    passed: Callable[[int], None] | None = None,
) -> Course:
    """The course of an operation, or of a part of it, step by step; states are carried over every seam.

    `passed` is told how many steps were operated since it was told last. Raises `UnwantedError` where nobody waits.
    """
    if part is None:
        part = Part(0, conditions.steps, begin(facility))
    standing, equipment = part.standing, equip(facility)
    rows: list[Happened] = []
    available: list[Array] = []
    kept: list[float] = []
    seconds, gap, past = 0.0, 0.0, Past()
    period = max(round(PERIOD_HOURS / facility.step_hours), 1)
    measured = manner.hour == "measured" or manner.forecast.measures_first_step
    day_begins = find_days(conditions.time) if manner.keeps_days else np.zeros(conditions.steps, dtype=bool)
    days: list[DayAhead] = []
    planned: list[float] = []
    for first in range(part.first, part.end, period):
        end_if_unwanted()
        begins = np.arange(first, min(first + period, part.end))
        ahead = look_ahead(
            facility, conditions, manner.forecast, manner.events, begins, manner.horizon_steps, measured=measured
        )
        paced = pace(manner.budgets, valuation, conditions, facility, rows, past)
        hours, offered = measure(ahead, paced)
        available.append(offered)
        lane = open_lane(ahead, paced)
        for number, hour in enumerate(hours):
            begun = time.perf_counter()
            answer = lane.solve(number, standing)
            seconds += time.perf_counter() - begun
            if day_begins[first + number]:
                days.append(DayAhead(first + number, ahead.net_load_mw(number), lane.schedule()))
            if manner.gate_steps:
                planned.append(float(lane.schedule()[IMPORT][manner.gate_steps]))
            gap = max(gap, abs(answer.cost_myen - answer.bound_myen) / max(1.0, abs(answer.cost_myen)))
            happened = meet_hour(facility, first + number, hour, equipment, answer.handover, standing)
            standing = happened.standing
            rows.append(happened)
        kept += [hour.reserve_mwh for hour in hours]
        if passed is not None:
            passed(begins.size)
    flows = columns(facility, rows, np.concatenate(available))
    drawn = flows[IMPORT]
    return Course(
        facility.cut(part.first, part.end),
        conditions.cut(part.first, part.end),
        flows | reserve_column(facility, kept),
        part.standing,
        windows=len(rows),
        seconds=seconds,
        largest_gap=gap,
        days=tuple(days),
        planned_import_mw=np.append(drawn[: manner.gate_steps], planned)[: drawn.size] if planned else None,
    )


def meet_hour(
    facility: Facility, step: int, measured: Measured, equipment: Equipment, plan: Handover, standing: Standing
) -> Happened:
    """A step as it happens, with the peaks that are reached in it."""
    purchases = facility.purchases
    if purchases is None:
        return run_hour(measured, equipment, plan, standing)
    peaks = [
        PeakPrice(one.members, float(one.price_myen_per_mw[one.group_of_step[step]]) / equipment.hours)
        for one in purchases.peaks
    ]
    happened = run_buying_hour(measured, equipment, plan, standing, peaks)
    bought = happened.sources_mw[: measured.ways]
    return replace(happened, peaks_mw=purchases.reach(step, standing.peaks_mw, bought))


def measure(ahead: Ahead, valuation: Valuation) -> tuple[list[Measured], Array]:
    """The first hour of each window as it is measured, and the power that costs nothing in it."""
    conditions, facility = ahead.conditions, ahead.facility
    begins, series = ahead.begins, conditions.series
    here = {name: values[begins][:, None] for name, values in series.items()}
    now = Ahead(facility, conditions, (), begins, here)
    offered = np.array(facility.saved_mw[begins])
    for each in facility.plants:
        offered += each.capacity_mw * series[f"{AVAILABILITY}{each.name}"][begins] * seen_now(ahead, each.name)
    offered = np.maximum(offered, 0.0)
    costs = find_costs(now, valuation)
    served = costs.served[:, 0]
    room = facility.it_mw * seen_now(ahead, IT)
    firm = np.minimum(series[FIRM][begins], room)
    # In the order of the fields of `Measured` after sources and stores.
    table = (
        offered,
        firm,
        now.pue[:, 0],
        now.arrivals_mw[:, 0],
        now.backlog_limit_mwh[:, 0],
        room - firm,
        served,
        valuation.unserved_myen_per_mwh - served,
        np.full(begins.size, valuation.dropped_myen_per_mwh),
        series[FIRM][begins] - firm,
        _hold_reserve(ahead),
    )
    sources = _measure_sources(ahead, now, [cost[:, 0] for cost in costs.sources])
    stores = _measure_stores(ahead)
    hours = [
        Measured(given, held, *row)
        for row, given, held in zip(np.stack(table, axis=1).tolist(), sources, stores, strict=True)
    ]
    if facility.purchases is not None:
        limit = facility.import_limit_mw[begins] * seen_now(ahead, GRID) * seen_now(ahead, CALLED)
        ways = len(facility.drawn)
        hours = [
            replace(hour, ways=ways, drawn_limit_mw=most) for hour, most in zip(hours, limit.tolist(), strict=True)
        ]
    if facility.promises:
        promises = _measure_promises(ahead, valuation)
        hours = [replace(hour, promises=owed) for hour, owed in zip(hours, promises, strict=True)]
    return hours, offered


def _hold_reserve(ahead: Ahead) -> Array:
    """What the stores hold for an outage at the end of each hour, while the grid is there."""
    reserve = ahead.facility.reserve_mwh
    if reserve is None:
        return np.zeros(ahead.begins.size)
    held: Array = reserve[ahead.begins] * (seen_now(ahead, GRID) > 0.0)
    return held


def _measure_promises(ahead: Ahead, valuation: Valuation) -> Iterator[tuple[PromiseLimits, ...]]:
    begins = ahead.begins
    columns = [
        np.stack([one.arrivals_mw[begins], one.room_mwh[begins]], axis=1).tolist() for one in ahead.facility.promises
    ]
    prices = [one.short_price(valuation.dropped_myen_per_mwh) for one in ahead.facility.promises]
    for hour in range(begins.size):
        yield tuple(
            PromiseLimits(column[hour][0], column[hour][1], price)
            for column, price in zip(columns, prices, strict=True)
        )


def _measure_sources(ahead: Ahead, now: Ahead, costs: Sequence[Array]) -> Iterator[tuple[SourceLimits, ...]]:
    facility, begins = ahead.facility, ahead.begins
    nothing, connected = np.zeros(begins.size), seen_now(ahead, GRID)
    limits: dict[str, tuple[Array, Array]] = {
        IMPORT: (nothing, facility.import_limit_mw[begins] * connected * seen_now(ahead, CALLED)),
        BACKUP_OUTPUT: (nothing, facility.backup_limit_mw * seen_now(ahead, BACKUP)),
        EXPORT: (-facility.export_limit_mw[begins] * connected, nothing),
    }
    for way in () if facility.purchases is None else facility.purchases.ways:
        limits[way.column] = nothing, now.purchase_limit_mw(way)[:, 0]
    for one in facility.generators:
        most = now.output_limit_mw(one)[:, 0] * seen_now(ahead, one.name)
        limits[one.output] = np.minimum(one.capacity_mw * one.least_share, most), most
    columns = [
        np.stack([*limits[name], cost], axis=1).tolist() for name, cost in zip(facility.sources, costs, strict=True)
    ]
    for hour in zip(*columns, strict=True):
        yield tuple(SourceLimits(*one) for one in hour)


def _measure_stores(ahead: Ahead) -> Iterator[tuple[StoreLimits, ...]]:
    begins = ahead.begins
    columns = []
    for store in ahead.facility.stores:
        left, whole = seen_now(ahead, store.name), np.ones(begins.size)

        def here(value: Array | float) -> Array | float:
            return value[begins] if isinstance(value, np.ndarray) else value

        table = (
            here(store.charge_limit_mw) * left,
            here(store.discharge_limit_mw) * left,
            here(store.charge_efficiency) * whole,
            here(store.discharge_efficiency) * whole,
            (0.0 if store.chillers is None else store.chillers.power_mw_per_mw[begins]) * whole,
        )
        columns.append(np.stack(table, axis=1).tolist())
    if not columns:
        yield from ((),) * begins.size
        return
    for hour in zip(*columns, strict=True):
        yield tuple(StoreLimits(*one) for one in hour)


def reserve_column(facility: Facility, kept_mwh: Sequence[float]) -> dict[str, Array]:
    """What is held for an outage as a column, where something is."""
    return {} if facility.reserve_mwh is None else {RESERVE: np.array(kept_mwh, dtype=np.float64)}


def columns(facility: Facility, rows: Sequence[Happened], available_mw: Array) -> dict[str, Array]:
    """The hours as columns; what is fed in is counted as it flows."""
    found = {"available_mw": available_mw}
    stores = facility.stores
    for values, names in (
        ([row.charges_mw for row in rows], [store.charge for store in stores]),
        ([row.discharges_mw for row in rows], [store.discharge for store in stores]),
        ([row.sources_mw for row in rows], list(facility.sources)),
        ([row.stored_mwh for row in rows], [store.state for store in stores]),
        (
            [(row.served_mw, row.curtailed_mw, row.unserved_mw, row.dropped_mw, row.backlog_mwh) for row in rows],
            ["served_mw", "curtailment_mw", "unserved_mw", "dropped_mw", "backlog_mwh"],
        ),
        ([row.delivered_mw for row in rows], [one.served for one in facility.promises]),
        ([row.short_mw for row in rows], [one.short for one in facility.promises]),
        ([row.owed_mwh for row in rows], [one.owed for one in facility.promises]),
    ):
        table = np.ascontiguousarray(np.array(values, dtype=np.float64).reshape(len(rows), len(names)).T)
        found |= dict(zip(names, table, strict=True))
    if facility.purchases is not None:
        found[IMPORT] = sum((found[name] for name in facility.drawn), np.zeros(len(rows)))
    for name in BATTERY_COLUMNS:
        found.setdefault(name, np.zeros(len(rows)))
    if EXPORT in found:
        found[EXPORT] = 0.0 - found[EXPORT]
    return found
