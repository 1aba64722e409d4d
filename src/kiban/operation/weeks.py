"""The weeks of an operation: what each cost, beside what the same week cost with perfect foresight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.course import Course
from kiban.operation.valuation import Valuation

WEEK_HOURS: Final = 168


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Weeks of an operation, counted from its first step; the last one may be shorter. All arrays are `(weeks,)`.

    Costs are million yen, with what changes in store and in waiting compute over the week: they sum up to the
    operation's. `unserved_mwh` is IT energy of all classes.
    """

    steps: int
    """Of a whole week."""
    cost_myen: Array
    perfect_foresight_cost_myen: Array
    unserved_mwh: Array

    @property
    def worst(self) -> int:
        """The week in which most went unserved; where nothing did, the one that cost most above perfect foresight."""
        lost = self.unserved_mwh
        by = lost if float(lost.max()) > 1e-3 else self.cost_myen - self.perfect_foresight_cost_myen
        return int(np.argmax(by))


def find_weeks(course: Course, best: Course, valuation: Valuation) -> Weeks:
    """The weeks of a course and of the best course of the same hours."""
    steps = max(round(WEEK_HOURS / course.facility.step_hours), 1)
    parts = list(_parts(course, steps))
    return Weeks(
        steps,
        _costs(parts, course, valuation),
        _costs(list(_parts(best, steps)), best, valuation),
        np.array([one.lost_mwh for one in parts]),
    )


def _parts(course: Course, steps: int) -> list[Course]:
    whole = course.conditions.steps
    parts = []
    for first in range(0, whole, steps):
        end = min(first + steps, whole)
        parts.append(
            replace(
                course,
                facility=course.facility.cut(first, end),
                conditions=course.conditions.cut(first, end),
                flows={name: values[first:end] for name, values in course.flows.items()},
                begun=course.standing(first),
            )
        )
    return parts


def _costs(parts: list[Course], whole: Course, valuation: Valuation) -> Array:
    """What each part cost; what waits counts by how it changes, as what is stored does.

    Certificates are bought for the whole time: each part bears them by its length.
    """
    found = np.array([sum(one.costs(valuation).values()) - one.cost_of_waiting(one.begun, valuation) for one in parts])
    if whole.facility.purchases is None or whole.facility.purchases.claim is None:
        return found
    own = np.array([_certificates(one, valuation) for one in parts])
    shares = np.array([one.conditions.steps for one in parts]) / whole.conditions.steps
    shared: Array = found - own + _certificates(whole, valuation) * shares
    return shared


def _certificates(course: Course, valuation: Valuation) -> float:
    costs = course.costs(valuation)
    return costs["certificates"] + costs["unclaimed"]
