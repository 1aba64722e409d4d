"""The long run without and with a load: what enters for it, and what others then pay more.

Both years are at rest: plants have entered until none earns more than its annual cost, without the load and with it.
Where plants enter in both, the price is what they need, and others pay no more for the load; where it changes what
enters, or nothing does, they do. The truth of the years in which a load grows lies between the short run and this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, HOURS_PER_YEAR
from kiban.market.added_load import with_load
from kiban.market.entrants import load_battery, load_entrants
from kiban.market.entry import Days, LongRun, equal_days, find_long_run
from kiban.market.offers import build_market
from kiban.market.year import YEN_PER_THOUSAND, MarketCase

REPRESENTATIVE_DAYS = 24
"""Days that stand for a year: as many as a synthetic year has different ones."""


@dataclass(frozen=True, slots=True, eq=False)
class LongRunImpact:
    """A load in the long run, a year; arrays by area, prices weighted by the demand that was there before."""

    areas: tuple[str, ...]
    before: LongRun
    after: LongRun
    price_before_yen_per_kwh: Array
    price_after_yen_per_kwh: Array
    others_pay_yen: Array

    @property
    def total_yen(self) -> float:
        """What all others pay more in a year."""
        return float(self.others_pay_yen.sum())

    @property
    def entered_mw(self) -> dict[str, Array]:
        """What enters more for the load, by kind of plant and area."""
        more = self.after.capacity_mw - self.before.capacity_mw
        return dict(zip(self.before.names, more, strict=True))


def find_long_run_impact(case: MarketCase, load_mw: Array, most_days: int = REPRESENTATIVE_DAYS) -> LongRunImpact:
    """The impact of a load `(areas,)` or `(hours, areas)`, MW, in the long run.

    Equal days of the case are cleared once; where more than `most_days` differ, that many at even distances stand for
    the year. Raises SolverError where zero profit is not reached.
    """
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels)
    entrants, battery = load_entrants(case), load_battery(case.catalogue)
    load = np.broadcast_to(load_mw, market.demand_mw.shape)
    differ = [load, *(kind.availability for kind in entrants if kind.availability.shape == load.shape)]
    days = yearly_days(equal_days(market, np.concatenate(differ, axis=1), most_days))
    before = find_long_run(market, case.storages, entrants, battery, days)
    after = find_long_run(with_load(market, load), case.storages, entrants, battery, days, before.capacity_mw)
    demand = market.demand_mw[days.hours] * days.hour_weight
    first, last = ((run.price_yen_per_kwh * demand).sum(axis=0) for run in (before, after))
    energy = demand.sum(axis=0)
    return LongRunImpact(
        case.hours.areas, before, after, first / energy, last / energy, (last - first) * YEN_PER_THOUSAND
    )


def yearly_days(days: Days) -> Days:
    """The days with weights that add up to a year."""
    return Days(days.hours, days.weight * (HOURS_PER_YEAR / HOURS_PER_DAY / days.weight.sum()))
