"""What a day cost, and what the best course of the same hours would have cost: the regret as it is measured.

The day is that of the site. Its hours are means of what was measured; the best course begins with the same store and
the same queue, ends at the same worth of what is left, and knows everything. A day with an hour that was not measured
is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from kiban.arrays import Array
from kiban.linear.window import Windows
from kiban.operation.ahead import Ahead
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE
from kiban.operation.live.campus import (
    CHARGE,
    DISCHARGE,
    GENERATED,
    IMPORT,
    LOAD,
    SERVED,
    STORED,
    WAITING,
    Campus,
    lay_conditions,
    lay_facility,
)
from kiban.operation.live.outlook import Outlook
from kiban.operation.live.solving import solve_window
from kiban.operation.live.telemetry import Telemetry
from kiban.operation.window import write_windows


@dataclass(frozen=True, slots=True)
class DayLooked:
    """A day as it ended: what it cost and at best would have cost, million yen, and its clean share."""

    day: date
    cost_myen: float
    best_myen: float
    clean_share: float

    @property
    def regret_myen(self) -> float:
        """What foresight would have saved."""
        return self.cost_myen - self.best_myen


class Hindsight:
    """The measured hours of the day so far."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        stores = () if campus.facility.store is None else (STORED, CHARGE, DISCHARGE)
        plants = tuple(campus.possible_series(plant.name) for plant in campus.facility.plants)
        self._series = (FIRM, SERVED, LOAD, ARRIVALS, WAITING, IMPORT, GENERATED, *stores, *plants)
        self._sums: dict[tuple[str, int], tuple[float, int]] = {}
        self._day: date | None = None
        self._first: dict[str, float] = {}
        """What was stored and waited when the day began."""
        self._last: dict[str, float] = {}
        self._arrived: Array | None = None

    def hear(self, now: datetime, telemetry: Telemetry, outlook: Outlook) -> DayLooked | None:
        """Take what is measured now; the day before, where it has just ended and was measured throughout."""
        local = now.astimezone(self._campus.zone)
        # A meter's value is of the time before it: midnight belongs to the day that ends.
        of = local - timedelta(seconds=1)
        values = {name: telemetry.value(name, now) for name in self._series}
        ended = None
        if self._day != of.date():
            ended = self._look(outlook) if self._day is not None else None
            self._day, self._sums = of.date(), {}
            self._first = dict(self._last)
            self._arrived = outlook.arrived(now)
        hour = int((of.hour + of.minute / 60.0) / self._campus.facility.step_hours)
        for name, value in values.items():
            if value is not None:
                total, count = self._sums.get((name, hour), (0.0, 0))
                self._sums[name, hour] = (total + value, count + 1)
        states = {name: values[name] for name in (STORED, WAITING) if name in values}
        self._last = {name: value for name, value in states.items() if value is not None}
        return ended

    def _look(self, outlook: Outlook) -> DayLooked | None:
        campus, steps = self._campus, round(24.0 / self._campus.facility.step_hours)
        complete = all((name, hour) in self._sums for name in self._series for hour in range(steps))
        states = (WAITING, *(() if campus.facility.store is None else (STORED,)))
        if not complete or any(name not in part for name in states for part in (self._first, self._last)):
            return None
        mean = {
            name: np.array([self._sums[name, hour][0] / self._sums[name, hour][1] for hour in range(steps)])
            for name in self._series
        }
        assert self._day is not None
        assert self._arrived is not None
        begins = datetime.combine(self._day, time(), campus.zone)
        series = {FIRM: mean[FIRM], ARRIVALS: mean[ARRIVALS]}
        it = mean[FIRM] + mean[SERVED]
        series[PUE] = np.where(it > 0.0, np.maximum(mean[LOAD] / np.maximum(it, 1e-9), 1.0), campus.most[PUE])
        if PRICE in campus.tables:
            series[PRICE] = outlook.base(PRICE, begins, steps, {})
        for plant in campus.facility.plants:
            series[f"{AVAILABILITY}{plant.name}"] = mean[campus.possible_series(plant.name)] / plant.capacity_mw
        windows = self._windows(begins, steps, series)
        limit = np.inf if campus.facility.store is None else campus.facility.store.energy_mwh
        stored = min(self._first.get(STORED, 0.0), limit)
        found = solve_window(windows, stored, self._first[WAITING])
        if not found.proven[0]:
            return None
        cost = _cost(windows, mean, self._last.get(STORED, 0.0), self._last[WAITING])
        load = float(mean[LOAD].sum())
        clean = campus.expect("grid_clean_share", begins, steps)
        unclean = float((1.0 - clean) @ mean[IMPORT] + mean[GENERATED].sum())
        share = 1.0 - min(unclean / load, 1.0) if load > 0.0 else 1.0
        return DayLooked(self._day, cost, float(found.cost_myen[0]), share)

    def _windows(self, begins: datetime, steps: int, series: dict[str, Array]) -> Windows:
        campus, delay = self._campus, self._campus.facility.delay_steps
        assert self._arrived is not None
        whole = {name: np.concatenate([np.zeros(delay), values]) for name, values in series.items()}
        whole[ARRIVALS][:delay] = self._arrived
        conditions = lay_conditions(campus, begins, -delay, delay + steps, whole)
        facility = lay_facility(campus, begins, -delay, delay + steps)
        seen = {name: values[None, :] for name, values in series.items()}
        return write_windows(Ahead(facility, conditions, (), np.array([delay]), seen), campus.valuation)


def _cost(windows: Windows, mean: dict[str, Array], stored_mwh: float, waiting_mwh: float) -> float:
    """What the measured hours cost at the window's prices, what is left at its end counted."""
    spent = (
        windows.import_price_myen_per_mwh[0] @ mean[IMPORT]
        + windows.backup_cost_myen_per_mwh[0] @ mean[GENERATED]
        + windows.served_cost_myen_per_mwh[0] @ mean[SERVED]
    )
    left = windows.final_storage_value_myen_per_mwh[0] * stored_mwh
    waits = windows.final_backlog_cost_myen_per_mwh[0] * waiting_mwh
    return float(spent) * windows.step_hours - float(left) + float(waits)
