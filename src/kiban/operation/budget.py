"""The budgets of the time that is operated: what of a yearly limit is used, paced by a price.

A window knows its own hours alone, so that a yearly limit is lost in it; a price on what is limited is not. The plan's
price is right for the plan's year. In another year, or under forecasts that err, the year would end beside its target.
So once a week the price of each limit (energy that is not clean, carbon, water, hours of the backup) follows what has
been used:

    allowed = what the plan uses in the whole time + slack (load so far - what the plan's was)
    over    = (used so far + what the plan uses in the rest - allowed) / that rest
    price   = plan's price (1 + gain over),     between nothing and `MOST` times the plan's

with the slack 1 - clean share for energy that is not clean, of which more load may use more, and none for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, steps_per_year
from kiban.operation.conditions import FIRM, PUE, Conditions
from kiban.operation.course import Course
from kiban.operation.facility import BACKUP_OUTPUT, Facility
from kiban.operation.hour import Happened
from kiban.operation.valuation import Valuation

if TYPE_CHECKING:
    import pandas as pd

GAIN: Final = 3.0
"""How many times its share the price rises where a share too much is used."""
MOST: Final = 4.0
"""The price is at most so many times the plan's: beyond it little more can be spared."""
UNCLEAN: Final = "unclean_myen_per_mwh"
CARBON: Final = "carbon_cap_myen_per_t"
WATER: Final = "water_cap_myen_per_m3"
BACKUP: Final = "backup_hours_myen_per_mwh"


@dataclass(frozen=True, eq=False)
class Budget:
    """One limit of a whole year, by the name of its price in the valuation; what the plan uses in each step."""

    price: str
    expected: Array
    expected_load_mwh: Array
    slack: float = 0.0
    """What each MWh of load more may use more."""


@dataclass(frozen=True, eq=False)
class Used:
    """Steps that have happened, as their limits count them; arrays `(steps,)`, sources `(sources, steps)`."""

    facility: Facility
    conditions: Conditions
    sources_mw: Array
    it_load_mw: Array

    @property
    def load_mwh(self) -> Array:
        """Electric load that was served."""
        return self.conditions.series[PUE] * self.it_load_mw * self.facility.step_hours

    def amount(self, price: str) -> Array:
        """What each step used of the limit that has this price: MWh, t or m3."""
        return AMOUNTS[price](self) * self.facility.step_hours


AMOUNTS: Final[Mapping[str, Callable[[Used], Array]]] = {
    UNCLEAN: lambda used: np.sum(
        used.facility.unclean_shares(used.conditions.grid_clean_share) * used.sources_mw, axis=0
    ),
    CARBON: lambda used: np.sum(
        used.facility.emission_factors(used.conditions.grid_emission_factor_t_per_mwh) * used.sources_mw, axis=0
    ),
    WATER: lambda used: used.conditions.wue_m3_per_mwh * used.it_load_mw,
    BACKUP: lambda used: used.sources_mw[used.facility.sources.index(BACKUP_OUTPUT)],
}


class Past:
    """Hours that have happened as arrays; each is read once, however often they are asked for."""

    def __init__(self) -> None:
        self._served = np.empty((0, 2))
        self._sources = np.empty((0, 0))

    def read(self, rows: Sequence[Happened]) -> tuple[Array, Array]:
        """Compute that could wait and was served, firm compute that was not: MW `(2, steps)`; sources, MW
        `(sources, steps)`. The rows are those that were read before, and any that follow."""
        new = rows[len(self._served) :]
        if new:
            served = np.array([(row.served_mw + sum(row.delivered_mw), row.unserved_mw) for row in new])
            sources = np.array([row.sources_mw for row in new])
            self._sources = np.concatenate([self._sources.reshape(-1, sources.shape[1]), sources])
            self._served = np.concatenate([self._served, served])
        return self._served.T, self._sources.T


def pace(
    budgets: Sequence[Budget],
    valuation: Valuation,
    conditions: Conditions,
    facility: Facility,
    rows: Sequence[Happened],
    past: Past | None = None,
) -> Valuation:
    """The valuation with the price of each limit that the hours so far ask for.

    `past` is the caller's to keep from one time to the next, as the rows grow.
    """
    if not budgets or not rows:
        return valuation
    done = len(rows)
    (waited, lost), sources = (past or Past()).read(rows)
    met = conditions.cut(0, done)
    used = Used(facility.cut(0, done), met, sources, met.series[FIRM] - lost + waited)
    prices = {}
    for budget in budgets:
        rest = float(budget.expected[done:].sum())
        if rest > 0.0:
            more = budget.slack * float(used.load_mwh.sum() - budget.expected_load_mwh[:done].sum())
            over = float(used.amount(budget.price).sum() - budget.expected[:done].sum()) - more
            prices[budget.price] = getattr(valuation, budget.price) * price_factor(over, rest)
    return replace(valuation, **prices)


def price_factor(over: float, rest: float) -> float:
    """By what the plan's price is multiplied where so much was used beyond what was allowed, and `rest` is to come."""
    return float(np.clip(1.0 + GAIN * over / rest, 0.0, MOST))


def expect(
    plan_course: Course, clean_share: float | None, valuation: Valuation, time: pd.DatetimeIndex
) -> tuple[Budget, ...]:
    """The budgets of the steps `time`, from the course of the plan's year: each as the same hour of that year.

    They are those of the limits that have a price: what is not scarce in the plan is not paced.
    """
    facility = plan_course.facility
    used = Used(
        facility,
        plan_course.conditions,
        np.array([plan_course.flows[name] for name in facility.sources]),
        plan_course.it_load_mw,
    )
    place, there = (_step_of_year(each, facility.step_hours) for each in (plan_course.conditions.time, time))
    steps = steps_per_year(facility.step_hours)
    known = np.bincount(place, minlength=steps)

    def move(values: Array) -> Array:
        total = np.bincount(place, weights=values, minlength=steps)
        # An hour that the plan does not have is as its mean hour.
        moved: Array = np.where(known > 0, total / np.maximum(known, 1), values.mean())[there]
        return moved

    load = move(used.load_mwh)
    slacks = {UNCLEAN: 1.0 - (clean_share or 0.0), CARBON: 0.0, WATER: 0.0, BACKUP: 0.0}
    return tuple(
        Budget(price, move(used.amount(price)), load, slack)
        for price, slack in slacks.items()
        if getattr(valuation, price) > 0.0
    )


def _step_of_year(time: pd.DatetimeIndex, step_hours: float) -> npt.NDArray[np.int64]:
    """Number of each step in a year without 29 February."""
    day = time.day_of_year.to_numpy() - 1 - (time.is_leap_year & (time.month > 2))
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    return np.asarray(np.floor((day * HOURS_PER_DAY + hour) / step_hours + 0.5), dtype=np.int64)
