"""Perfect foresight: the whole of the operated time as one window, which no operation can undercut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kiban.operation.ahead import look_ahead
from kiban.operation.bill import claim_beyond_line, settle_contracts
from kiban.operation.conditions import FIRM, PUE, Conditions
from kiban.operation.course import Course
from kiban.operation.facility import Facility, begin, equip
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import columns, measure, meet_hour, reserve_column
from kiban.operation.lane import solve_whole
from kiban.operation.purchases import WHOLE_TIME
from kiban.operation.valuation import Valuation


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
    standing, equipment = begin(facility), equip(facility)
    begun = standing
    rows = []
    # The solver's point closes its balances to its tolerance; the hours are run through so that they close.
    for step, (hour, handover) in enumerate(zip(hours, found.handovers, strict=True)):
        happened = meet_hour(facility, step, hour, equipment, handover, standing)
        standing = happened.standing
        rows.append(happened)
    course = Course(
        facility,
        conditions,
        columns(facility, rows, offered) | reserve_column(facility, [hour.reserve_mwh for hour in hours]),
        begun,
        windows=1,
        largest_gap=abs(found.cost_myen - found.bound_myen) / max(1.0, abs(found.cost_myen)),
    )
    stored = zip(facility.stores, begun.stored_mwh, strict=True)
    held = sum(valuation.worth_of(store.name) * amount for store, amount in stored)
    settled = held + _firm_cost(facility, conditions, valuation) + _bought_beside(facility, conditions)
    return Foresight(course, found.bound_myen + settled)


def value_states(facility: Facility, conditions: Conditions, valuation: Valuation) -> Valuation:
    """The valuation with what energy in store and compute that waits are worth: their mean worth in the plan's year.

    `conditions` are those of the plan. The worth in the same hour of the plan's year says less than the mean of the
    year: another year's hours mean nothing. The worths along a year hardly depend on what its end is worth.
    """
    handovers = solve_whole(facility, conditions, valuation).handovers
    held = np.array([one.storage_values for one in handovers]).reshape(len(handovers), -1).mean(axis=0)
    waiting = float(np.mean([one.backlog_price for one in handovers]))
    owed = np.array([one.owed_prices for one in handovers]).reshape(len(handovers), -1).mean(axis=0)
    return replace(
        valuation,
        storage_myen_per_mwh={
            store.name: max(float(worth), 0.0) for store, worth in zip(facility.stores, held, strict=True)
        },
        backlog_myen_per_mwh=max(waiting, 0.0),
        owed_myen_per_mwh={
            promise.name: max(float(price), 0.0) for promise, price in zip(facility.promises, owed, strict=True)
        },
    )


def _firm_cost(facility: Facility, conditions: Conditions, valuation: Valuation) -> float:
    """Cost of the water of firm compute, less the certificates that its load may go without: no window decides."""
    price = facility.water_price_myen_per_m3 + valuation.water_cap_myen_per_m3
    firm = np.minimum(conditions.series[FIRM], facility.it_mw)
    cost = price * conditions.wue_m3_per_mwh
    claim = None if facility.purchases is None else facility.purchases.claim
    if claim is not None:
        cost = cost - claim.price_myen_per_mwh * (1.0 - claim.share) * conditions.series[PUE]
    return float(cost @ firm) * facility.step_hours


def _bought_beside(facility: Facility, conditions: Conditions) -> float:
    """What is bought and no window decides on: contracts, contract power, and how certificates bend from a line."""
    purchases = facility.purchases
    if purchases is None:
        return 0.0
    contracts = settle_contracts(purchases, conditions.series, facility.step_hours)
    paid = sum(
        float(one.price_myen_per_mw[WHOLE_TIME]) * (float(one.planned_mw[WHOLE_TIME]) * share - begun)
        for one, begun in zip(purchases.peaks, purchases.begin(), strict=True)
        if one.kept
        for share in (conditions.steps / purchases.whole_steps,)
    )
    return contracts.total_myen + paid + claim_beyond_line(purchases, conditions.series, facility.step_hours)
