"""Perfect foresight: the whole of the operated time as one window, which no operation can undercut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiban.linear.window import WindowSequence, WindowSolutions
from kiban.operation.ahead import look_ahead
from kiban.operation.conditions import FIRM, Conditions
from kiban.operation.course import Course
from kiban.operation.facility import Facility
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import columns, measure, plant_of
from kiban.operation.hour import Handover, run_hour
from kiban.operation.valuation import Valuation
from kiban.operation.window import write_windows


@dataclass(frozen=True, eq=False)
class Foresight:
    """The best course there is, and the proven bound of its cost, all items of `Course.costs` counted."""

    course: Course
    bound_myen: float


def foresee(facility: Facility, conditions: Conditions, valuation: Valuation) -> Foresight:
    """The least-cost course with everything known from the start."""
    found = solve_whole(facility, conditions, valuation)
    forecast, steps = PerfectForecast(conditions), conditions.steps
    ahead = look_ahead(facility, conditions, forecast, (), np.arange(steps), 1, measured=True)
    hours, offered = measure(ahead, valuation)
    storage, backlog, plant = initial_mwh(facility), 0.0, plant_of(facility)
    rows = []
    # The solver's point closes its balances to its tolerance; the hours are run through so that they close.
    for hour, handover in zip(hours, _handovers(found), strict=True):
        happened = run_hour(hour, plant, handover, storage, backlog)
        storage, backlog = happened.storage_mwh, happened.backlog_mwh
        rows.append(happened)
    course = Course(
        facility,
        conditions,
        columns(rows, offered),
        initial_mwh(facility),
        windows=1,
        largest_gap=float(found.relative_gap[0]),
    )
    constant = valuation.storage_myen_per_mwh * initial_mwh(facility) + _firm_water(facility, conditions, valuation)
    return Foresight(course, float(found.bound_myen[0]) + constant)


def value_states(facility: Facility, conditions: Conditions, valuation: Valuation) -> Valuation:
    """The valuation with what energy in store and compute that waits are worth: their mean worth in the plan's year.

    `conditions` are those of the plan. The worth in the same hour of the plan's year says less than the mean of the
    year: another year's hours mean nothing. The worths along a year hardly depend on what its end is worth.
    """
    found = solve_whole(facility, conditions, valuation)
    return replace(
        valuation,
        storage_myen_per_mwh=max(float(found.storage_value_myen_per_mwh.mean()), 0.0),
        backlog_myen_per_mwh=max(float(found.backlog_price_myen_per_mwh.mean()), 0.0),
    )


def solve_whole(facility: Facility, conditions: Conditions, valuation: Valuation) -> WindowSolutions:
    """The window that is as long as the conditions."""
    forecast, begins = PerfectForecast(conditions), np.zeros(1, dtype=np.int64)
    ahead = look_ahead(facility, conditions, forecast, (), begins, conditions.steps, measured=True)
    return WindowSequence(write_windows(ahead, valuation), warm=False).solve(0, initial_mwh(facility), 0.0)


def initial_mwh(facility: Facility) -> float:
    """What is stored when operation begins."""
    return 0.0 if facility.store is None else facility.store.initial_mwh


def _firm_water(facility: Facility, conditions: Conditions, valuation: Valuation) -> float:
    """Cost of the water of firm compute, which no window decides on, million yen."""
    price = facility.water_price_myen_per_m3 + valuation.water_cap_myen_per_m3
    firm = np.minimum(conditions.series[FIRM], facility.it_mw)
    return price * float(conditions.wue_m3_per_mwh @ firm) * facility.step_hours


def _handovers(found: WindowSolutions) -> list[Handover]:
    names = ("charge_mw", "discharge_mw", "served_mw", "import_mw", "backup_mw", "unserved_mw")
    amounts = [found.amount(name)[0].tolist() for name in names]
    values = found.storage_value_myen_per_mwh[0].tolist(), found.backlog_price_myen_per_mwh[0].tolist()
    return [Handover(*numbers) for numbers in zip(*amounts, *values, strict=True)]
