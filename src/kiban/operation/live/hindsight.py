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
from kiban.operation.ahead import Ahead
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE
from kiban.operation.facility import EXPORT
from kiban.operation.hour import Standing
from kiban.operation.live.campus import LOAD, SERVED, WAITING, Campus, lay_conditions, lay_facility
from kiban.operation.live.outlook import Outlook
from kiban.operation.live.solving import solve_window
from kiban.operation.live.telemetry import Telemetry
from kiban.operation.window import find_costs


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
        facility = campus.facility
        stores = [name for store in facility.stores for name in (store.state, store.charge, store.discharge)]
        plants = [campus.possible_series(plant.name) for plant in facility.plants]
        self._needed = (FIRM, SERVED, LOAD, ARRIVALS, WAITING, *facility.sources, *stores, *plants)
        # What a generator could give is measured at some campuses only.
        possible = [campus.possible_series(one.name) for one in facility.generators]
        self._series = (*self._needed, *possible)
        self._states = (WAITING, *(store.state for store in facility.stores))
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
        states = {name: values[name] for name in self._states}
        self._last = {name: value for name, value in states.items() if value is not None}
        return ended

    def _look(self, outlook: Outlook) -> DayLooked | None:
        campus, steps = self._campus, round(24.0 / self._campus.facility.step_hours)
        found = {name for name in self._series if all((name, hour) in self._sums for hour in range(steps))}
        complete = found.issuperset(self._needed)
        if not complete or any(name not in part for name in self._states for part in (self._first, self._last)):
            return None
        mean = {
            name: np.array([self._sums[name, hour][0] / self._sums[name, hour][1] for hour in range(steps)])
            for name in found
        }
        assert self._day is not None
        assert self._arrived is not None
        begins = datetime.combine(self._day, time(), campus.zone)
        series = {FIRM: mean[FIRM], ARRIVALS: mean[ARRIVALS]}
        it = mean[FIRM] + mean[SERVED]
        series[PUE] = np.where(it > 0.0, np.maximum(mean[LOAD] / np.maximum(it, 1e-9), 1.0), campus.most[PUE])
        if PRICE in campus.tables:
            series[PRICE] = outlook.base(PRICE, begins, steps, {})
        for one in campus.facility.built:
            name, possible = f"{AVAILABILITY}{one.name}", campus.possible_series(one.name)
            known = possible in mean
            series[name] = mean[possible] / one.capacity_mw if known else outlook.base(name, begins, steps, {})
        ahead = self._ahead(begins, steps, series)
        facility = ahead.facility
        stored = tuple(min(self._first[store.state], store.energy_mwh) for store in facility.stores)
        # Where a unit with a ramp stood before the day is where it stood in its first hour.
        before = tuple(float(mean[name][0]) for name in facility.sources)
        best = solve_window(ahead, campus.valuation, Standing(stored, self._first[WAITING], before))
        if best is None:
            return None
        flows = np.array([-mean[name] if name == EXPORT else mean[name] for name in facility.sources])
        load = float(mean[LOAD].sum())
        # The hours of the day stand behind those whose arrivals may still wait.
        unclean = facility.unclean_shares(ahead.conditions.grid_clean_share)[:, facility.delay_steps :]
        share = 1.0 - min(float((unclean * flows).sum()) / load, 1.0) if load > 0.0 else 1.0
        return DayLooked(self._day, self._cost(ahead, mean, flows), best.cost_myen, share)

    def _cost(self, ahead: Ahead, mean: dict[str, Array], flows: Array) -> float:
        """What the measured hours cost at the window's prices, what is left at its end counted."""
        valuation, stores = self._campus.valuation, ahead.facility.stores
        costs = find_costs(ahead, valuation)
        spent = sum(float(price[0] @ flow) for price, flow in zip(costs.sources, flows, strict=True))
        spent += float(costs.served[0] @ mean[SERVED])
        spent += sum(store.wear_myen_per_mwh * float(mean[store.discharge].sum()) for store in stores)
        left = sum(valuation.worth_of(store.name) * self._last[store.state] for store in stores)
        waits = valuation.backlog_myen_per_mwh * self._last[WAITING]
        return spent * ahead.facility.step_hours - left + waits

    def _ahead(self, begins: datetime, steps: int, series: dict[str, Array]) -> Ahead:
        campus, delay = self._campus, self._campus.facility.delay_steps
        assert self._arrived is not None
        whole = {name: np.concatenate([np.zeros(delay), values]) for name, values in series.items()}
        whole[ARRIVALS][:delay] = self._arrived
        conditions = lay_conditions(campus, begins, -delay, delay + steps, whole)
        facility = lay_facility(campus, begins, -delay, delay + steps)
        seen = {name: values[None, :] for name, values in series.items()}
        return Ahead(facility, conditions, (), np.array([delay]), seen)
