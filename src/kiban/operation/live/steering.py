"""From what is heard to a limit of power, every five minutes: the same journal leads to the same decisions.

    good data      the window from now on is solved, and the hour is balanced in merit order of its prices
    data missing   the last window that was good says what this hour should be, as long as no order has come since
    else           the merit order of the plan's own prices, with what is known of the store and of the queue

A person's override wins over each of these. Compute that may not wait keeps its power always, and every limit ends by
itself: who hears nothing more from here is free again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.ahead import Ahead
from kiban.operation.conditions import ARRIVALS, FIRM
from kiban.operation.facility import EXPORT, Facility, equip
from kiban.operation.horizon import measure
from kiban.operation.hour import Handover, Happened, Standing, run_hour
from kiban.operation.live.campus import WAITING, Campus, lay_conditions, lay_facility
from kiban.operation.live.issued import Issued
from kiban.operation.live.judging import Judge
from kiban.operation.live.measured_steps import MeasuredSteps
from kiban.operation.live.orders import Call, Order, Override
from kiban.operation.live.outlook import Outlook
from kiban.operation.live.pacing import Account, Pacing
from kiban.operation.live.solving import solve_window
from kiban.operation.live.telemetry import STEP, Fault, Reading, Telemetry
from kiban.operation.live.twin import Twin
from kiban.operation.power_caps import cap_before_pause
from kiban.operation.power_limit import PowerLimit, Reason

LIFE: Final = timedelta(minutes=15)
"""A limit holds so long: three steps, so that one which is late or lost leaves no hole."""
LAST_PLAN: Final = timedelta(hours=6)
"""So long the last good window says what to do; after that its forecasts say nothing any more."""
KEPT: Final = timedelta(days=2)
"""So long a forecast is kept after the step that it is for."""
DIGITS_MW: Final = 6
"""Limits are whole watts: what lies below differs from one kind of processor to the next."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What the first hour comes to if all is as expected, MW and MWh at its end."""

    import_mw: float
    backup_mw: float
    charge_mw: float
    discharge_mw: float
    unserved_mw: float
    storage_mwh: float
    backlog_mwh: float
    units_mw: Mapping[str, float]
    """What each generator and each store gives, and what is fed in; what is filled or sold stands below zero."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A limit, why, and what is expected of it."""

    limit: PowerLimit
    missing: tuple[str, ...]
    """Series that are needed and were not there."""
    unsolved: bool
    """Whether the window was not proven."""
    guess: Guess
    unlimited_flexible_mw: float
    """What would have been decided without an override."""
    prices: Mapping[str, float]
    """Of the limits of the year that are paced, as they were when it was decided; million yen for each unit."""


@dataclass(frozen=True, slots=True)
class _LastPlan:
    at: datetime
    served_mw: tuple[float, ...]
    guess: Guess


class Steering:
    """The state of a service; whatever changes it comes in by `order`, `forecast` and `hear`."""

    def __init__(self, campus: Campus, begins: datetime, account: Account = "year") -> None:
        self.campus = campus
        self.pacing = Pacing(campus, account)
        self.telemetry = Telemetry(campus.meters(), begins)
        self.outlook = Outlook(campus)
        self.twin = Twin(campus)
        self.steps = MeasuredSteps(campus)
        self.judge = Judge(campus)
        self.issued: Issued | None = None
        """The last forecasts that were heard."""
        self.number = 0
        """That of the last decision."""
        self.orders: list[Order] = []
        self.solver_seconds: float | None = None
        """What the last window took; None where none was solved."""
        self._last: _LastPlan | None = None

    def order(self, order: Order) -> None:
        """Take an order; the last plan did not know of it."""
        if isinstance(order, Call):
            self.orders = [one for one in self.orders if not (isinstance(one, Call) and one.id == order.id)]
            self._last = None
        self.orders.append(order)

    def forecast(self, issued: Issued) -> None:
        """Take forecasts."""
        self.issued = issued
        self.outlook.issues.hear(issued.issues)
        self.judge.take(issued, self.steps)

    def hear(self, now: datetime, readings: Sequence[Reading]) -> list[Fault]:
        """Take what was measured; the faults that begin."""
        found = self.telemetry.hear(now, readings)
        self.outlook.hear(now, self.telemetry)
        self.twin.hear(now, self.telemetry, self.outlook)
        self.steps.hear(now, self.telemetry, self.outlook)
        self.judge.hear(now, self.steps)
        # Hindsight looks back by a day.
        self.outlook.issues.forget(now - KEPT)
        self.pacing.hear(now, self.telemetry)
        self.orders = [one for one in self.orders if one.ends > now]
        return found

    def decide(self, now: datetime, *, solves: bool = True) -> Decision:
        """The limit from now on; a replay says where the solver did not answer then."""
        self.number += 1
        self.solver_seconds = None
        missing = self.telemetry.missing(now)
        reason: Reason
        unsolved = False
        found: tuple[float, Guess] | None = None
        expected = self.outlook.expect(now, self.telemetry, self.twin.factors)
        if not missing:
            found = self._by_window(now, expected) if solves else None
            unsolved = found is None
        if found is not None:
            reason = "call" if self._called(now) else "window"
        elif (found := self._by_last_plan(now)) is not None:
            reason = "last_plan"
        else:
            reason, found = "merit", self._by_merit(now, expected)
        flexible, guess = found
        firm = self._firm(now, expected)
        room = max(self.campus.facility.it_mw - firm, 0.0)
        flexible = min(max(round(flexible, DIGITS_MW), 0.0), round(room, DIGITS_MW))
        without = flexible
        override = self._override(now)
        if override is not None:
            reason, flexible = "override", min(round(override.flexible_mw, DIGITS_MW), round(room, DIGITS_MW))
        limit = PowerLimit(self.number, now, now + LIFE, round(firm, DIGITS_MW), flexible, reason)
        limit = self._cap(limit, room, float(expected[ARRIVALS][0]))
        return Decision(limit, missing, unsolved, guess, without, self.pacing.prices)

    def _cap(self, limit: PowerLimit, room_mw: float, arrivals_mw: float) -> PowerLimit:
        """The limit with the cap under which jobs that wait make most of it, as far as the hall has room for them."""
        curve = self.campus.curve
        if curve is None:
            return limit
        waiting = max(self.telemetry.last(WAITING) or 0.0, 0.0) / self.campus.facility.step_hours
        capped = cap_before_pause(curve, min(waiting + arrivals_mw, room_mw), limit.flexible_mw)
        if capped.cap_share == 1.0:
            return limit
        return replace(limit, cap_share=capped.cap_share, jobs_mw=round(capped.jobs_mw, DIGITS_MW))

    def _by_window(self, now: datetime, expected: Mapping[str, Array]) -> tuple[float, Guess] | None:
        """Compute that can wait in the first step, and what else that comes to; None where nothing is proven."""
        ahead = self._ahead(now, expected)
        standing = self.standing(ahead.facility)
        begun = time.perf_counter()
        try:
            found = solve_window(ahead, self.pacing.valuation, standing)
        except Exception:
            # Whatever a solver may do, the campus needs a limit: the decision says that there was no window.
            logging.getLogger(__name__).exception("the window was not solved")
            return None
        self.solver_seconds = time.perf_counter() - begun
        if found is None:
            return None
        happened = self._balance(ahead, found.handovers[0], standing)
        guess = guess_of(ahead.facility, happened)
        served = (hour.served_mw for hour in found.handovers[1:])
        self._last = _LastPlan(now, (happened.served_mw, *served), guess)
        return happened.served_mw, guess

    def _by_last_plan(self, now: datetime) -> tuple[float, Guess] | None:
        """What the last good window said of this hour; None where there is none that still says something."""
        if self._last is None or now - self._last.at > LAST_PLAN:
            return None
        place = int((now - self._last.at) / timedelta(hours=self.campus.facility.step_hours))
        return (self._last.served_mw[place], self._last.guess) if place < len(self._last.served_mw) else None

    def _by_merit(self, now: datetime, expected: Mapping[str, Array]) -> tuple[float, Guess]:
        """The first step in merit order of the plan's own prices, with the states as they were last known."""
        valuation = self.pacing.valuation
        ahead = self._ahead(now, expected)
        standing = self.standing(ahead.facility)
        nothing = (0.0,) * len(ahead.facility.stores)
        of_sources = (0.0,) * len(ahead.facility.sources)
        values = tuple(valuation.worth_of(store.name) for store in ahead.facility.stores)
        backlog = valuation.backlog_myen_per_mwh
        handover = Handover(of_sources, nothing, nothing, 0.0, 0.0, values, backlog, of_sources)
        happened = self._balance(ahead, handover, standing)
        return happened.served_mw, guess_of(ahead.facility, happened)

    def _balance(self, ahead: Ahead, handover: Handover, standing: Standing) -> Happened:
        measured, _ = measure(ahead, self.pacing.valuation)
        return run_hour(measured[0], equip(ahead.facility), handover, standing)

    def look(self, now: datetime) -> Ahead:
        """What is seen from now on; changes nothing."""
        return self._ahead(now, self.outlook.expect(now, self.telemetry, self.twin.factors))

    def _ahead(self, now: datetime, expected: Mapping[str, Array]) -> Ahead:
        """What is seen from now on, behind the steps whose arrivals may still wait."""
        campus, delay = self.campus, self.campus.facility.delay_steps
        steps = delay + campus.horizon_steps
        series = {name: np.concatenate([np.zeros(delay), values]) for name, values in expected.items()}
        series[ARRIVALS][:delay] = self.outlook.arrived(now)
        conditions = lay_conditions(campus, now, -delay, steps, series)
        facility = self.twin.correct(lay_facility(campus, now, -delay, steps))
        limit = facility.import_limit_mw.copy()
        limit[delay:] = self._limit_import(now, limit[delay:])
        facility = replace(facility, import_limit_mw=limit)
        seen = {name: values[None, :] for name, values in expected.items()}
        return Ahead(facility, conditions, (), np.array([delay]), seen)

    def _limit_import(self, now: datetime, limit_mw: Array) -> Array:
        """What may be drawn in each step under the calls that are known: the mean over the step, and now at once."""
        length = timedelta(hours=self.campus.facility.step_hours)
        limited = limit_mw.copy()
        for call in self.orders:
            if not isinstance(call, Call):
                continue
            for place in range(limited.size):
                begins = now + place * length
                # What is decided now holds until the next step and not on average of an hour.
                ends = now + STEP if place == 0 else begins + length
                share = (min(call.ends, ends) - max(call.begins, begins)) / (ends - begins)
                if place == 0 and share > 0.0:
                    share = 1.0
                if share > 0.0:
                    lowest = min(limit_mw[place], call.import_limit_mw)
                    limited[place] = min(limited[place], share * lowest + (1.0 - share) * limit_mw[place])
        return limited

    def standing(self, facility: Facility) -> Standing:
        """What is stored, what waits and what generators give, as last known; nothing where that was never read."""

        def last(series: str) -> float:
            return max(self.telemetry.last(series) or 0.0, 0.0)

        stored = tuple(min(last(store.state), store.energy_mwh) for store in facility.stores)
        given = {one.output: min(last(one.output), one.capacity_mw) for one in facility.generators}
        return Standing(stored, last(WAITING), tuple(given.get(name, 0.0) for name in facility.sources))

    def _firm(self, now: datetime, expected: Mapping[str, Array]) -> float:
        """Compute that may not wait, the most that is measured or expected while the limit holds."""
        steps = int(LIFE / timedelta(hours=self.campus.facility.step_hours)) + 2
        most = float(expected[FIRM][:steps].max())
        measured = self.telemetry.last(FIRM)
        return min(max(most, measured or 0.0), self.campus.facility.it_mw)

    def _override(self, now: datetime) -> Override | None:
        holding = [one for one in self.orders if isinstance(one, Override) and one.begins <= now < one.ends]
        return holding[-1] if holding else None

    def _called(self, now: datetime) -> bool:
        return any(isinstance(one, Call) and one.begins < now + STEP and now < one.ends for one in self.orders)


def guess_of(facility: Facility, happened: Happened) -> Guess:
    """What an hour comes to, with the digits of a limit."""
    imported, generated, *others = happened.sources_mw
    names = [*(one.name for one in facility.generators), *((EXPORT,) if facility.sells else ())]
    units = dict(zip(names, others, strict=True))
    flows = zip(facility.stores, happened.discharges_mw, happened.charges_mw, strict=True)
    units |= {store.name: discharge - charge for store, discharge, charge in flows}
    numbers = (
        imported,
        generated,
        sum(happened.charges_mw),
        sum(happened.discharges_mw),
        happened.unserved_mw,
        sum(happened.stored_mwh),
        happened.backlog_mwh,
    )
    of_units = {name: round(value, DIGITS_MW) for name, value in units.items()}
    imported, generated, charged, discharged, unserved, stored, waiting = (
        round(number, DIGITS_MW) for number in numbers
    )
    return Guess(imported, generated, charged, discharged, unserved, stored, waiting, of_units)
