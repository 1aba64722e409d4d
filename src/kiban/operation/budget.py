"""The budget of the time that is operated: what of its energy need not be clean, paced by a price.

A window knows its own hours alone, so that a yearly limit is lost in it; a price on what is limited is not. The plan's
price is right for the plan's year. In another year, or under forecasts that err, the year would end beside its target.
So once a week the price follows what has been used:

    allowed = what the plan uses in the whole time + (1 - clean share) (load so far - what the plan's was)
    over    = (used so far + what the plan uses in the rest - allowed) / that rest
    price   = plan's price (1 + gain over),     between nothing and `MOST` times the plan's
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, steps_per_year
from kiban.operation.conditions import FIRM, PUE, Conditions
from kiban.operation.course import Course
from kiban.operation.facility import Facility
from kiban.operation.hour import Happened
from kiban.operation.valuation import Valuation

if TYPE_CHECKING:
    import pandas as pd

GAIN: Final = 3.0
"""How many times its share the price rises where a share too much is used."""
MOST: Final = 4.0
"""The price is at most so many times the plan's: beyond it little more can be spared."""


@dataclass(frozen=True, eq=False)
class Budget:
    """The clean share that a whole year is to reach, and what the plan expects of each operated step."""

    clean_share: float
    expected_unclean_mwh: Array
    expected_load_mwh: Array

    def pace(
        self, valuation: Valuation, conditions: Conditions, facility: Facility, rows: Sequence[Happened]
    ) -> Valuation:
        """The valuation with the price of what is not clean that the hours so far ask for."""
        done, hours = len(rows), facility.step_hours
        rest = float(self.expected_unclean_mwh[done:].sum())
        if not rows or rest <= 0.0:
            return valuation
        waited, lost = np.array([(row.served_mw, row.unserved_mw) for row in rows]).T
        given = np.array([row.sources_mw for row in rows]).T
        used = float(np.sum(facility.unclean_shares(conditions.grid_clean_share[:done]) * given)) * hours
        served = conditions.series[FIRM][:done] - lost + waited
        load = float(conditions.series[PUE][:done] @ served) * hours
        more = (1.0 - self.clean_share) * (load - float(self.expected_load_mwh[:done].sum()))
        over = (used - float(self.expected_unclean_mwh[:done].sum()) - more) / rest
        factor = float(np.clip(1.0 + GAIN * over, 0.0, MOST))
        return replace(valuation, unclean_myen_per_mwh=valuation.unclean_myen_per_mwh * factor)


def expect(plan_course: Course, clean_share: float, time: pd.DatetimeIndex) -> Budget:
    """The budget of the steps `time`, from the course of the plan's year: each as the same hour of that year."""
    step_hours = plan_course.facility.step_hours
    facility = plan_course.facility
    given = np.array([plan_course.flows[name] for name in facility.sources])
    unclean = np.sum(facility.unclean_shares(plan_course.conditions.grid_clean_share) * given, axis=0) * step_hours
    load = plan_course.load_mw * step_hours
    place, there = _step_of_year(plan_course.conditions.time, step_hours), _step_of_year(time, step_hours)
    steps = steps_per_year(step_hours)
    known = np.bincount(place, minlength=steps)
    means = []
    for values in (unclean, load):
        total = np.bincount(place, weights=values, minlength=steps)
        # An hour that the plan does not have is as its mean hour.
        means.append(np.where(known > 0, total / np.maximum(known, 1), values.mean())[there])
    return Budget(clean_share, *means)


def _step_of_year(time: pd.DatetimeIndex, step_hours: float) -> npt.NDArray[np.int64]:
    """Number of each step in a year without 29 February."""
    day = time.day_of_year.to_numpy() - 1 - (time.is_leap_year & (time.month > 2))
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    return np.asarray(np.floor((day * HOURS_PER_DAY + hour) / step_hours + 0.5), dtype=np.int64)
