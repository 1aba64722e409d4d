"""By how much import can fall at once in each step of an operation, by how fast its means answer.

    battery      gives more and takes less, as far as its power goes and what is in store lasts
    power caps   of accelerators slow firm compute of the classes that tolerate it
    pause        of compute that waits anyway, as far as it may wait longer
    backup       what of it stands still

The sum cannot be more than what is imported. Flows are those of the operation as it ran: nothing was held back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.ahead import Ahead, look_ahead
from kiban.operation.conditions import FIRM, PUE
from kiban.operation.course import Course
from kiban.operation.events import BACKUP
from kiban.operation.facility import BACKUP_OUTPUT, IMPORT, Store
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.scenario.plant import COOLING_STORAGE

BATTERY_MEANS: Final = "battery"
POWER_CAP: Final = "power_cap"
PAUSE: Final = "pause"
BACKUP_MEANS: Final = "backup"
MEANS: Final = (BATTERY_MEANS, POWER_CAP, PAUSE, BACKUP_MEANS)


@dataclass(frozen=True, slots=True, eq=False)
class Reserve:
    """What each means can give in each step, MW at the meter, and after how many seconds."""

    given_mw: Mapping[str, Array]
    seconds: Mapping[str, float]
    imported_mw: Array

    def within(self, seconds: float) -> Array:
        """By how much import can fall within a response time, MW."""
        total = np.zeros(self.imported_mw.shape)
        for name, given in self.given_mw.items():
            if self.seconds[name] <= seconds:
                total = total + given
        found: Array = np.minimum(total, self.imported_mw)
        return found


def read_seconds(take: Callable[[str], float]) -> dict[str, float]:
    """How fast each means answers; `take` gives a row of the catalogue its value."""
    return {name: take(f"operation.response.{name}") for name in MEANS}


def find_reserve(course: Course, seconds: Mapping[str, float], slowed_share: float, held_hours: float) -> Reserve:
    """What an operation could give in each step and hold for some hours.

    `slowed_share` is the share of firm compute's power that classes give up by caps.
    """
    facility, conditions, flows = course.facility, course.conditions, course.flows
    begins = np.arange(conditions.steps)
    now = look_ahead(facility, conditions, PerfectForecast(conditions), (), begins, 1, measured=True)
    pue = conditions.series[PUE]
    battery = np.zeros(conditions.steps)
    for store in facility.stores:
        if not store.own_supply and store.name != COOLING_STORAGE:
            battery = battery + _store_gives(course, store, held_hours)
    longer = np.maximum(now.backlog_limit_mwh[:, 0] - flows["backlog_mwh"], 0.0) / held_hours
    served_firm = np.maximum(conditions.series[FIRM] - flows["unserved_mw"], 0.0)
    paused = np.minimum(flows["served_mw"], longer)
    for promise in facility.promises:
        later = np.maximum(promise.room_mwh - flows[promise.owed], 0.0) / held_hours
        paused = paused + np.minimum(flows[promise.served], later)
    given = {
        BATTERY_MEANS: battery,
        POWER_CAP: pue * served_firm * slowed_share,
        PAUSE: pue * paused,
        BACKUP_MEANS: np.maximum(_limit_backup(now) - flows[BACKUP_OUTPUT], 0.0),
    }
    return Reserve(given, seconds, flows[IMPORT])


def _store_gives(course: Course, store: Store, held_hours: float) -> Array:
    """What a store can give above what it gives, and what it need not take, MW."""
    flows, hours = course.flows, course.facility.step_hours
    charge, discharge, end = flows[store.charge], flows[store.discharge], flows[store.state]
    begun = np.append(course.begun.stored_mwh[course.facility.stores.index(store)], end[:-1])
    # Whenever the order comes in the step, so much is there.
    least = np.minimum(begun * store.kept_per_step, end)
    lasting = least * store.discharge_efficiency / max(held_hours, hours)
    more = np.clip(np.minimum(store.discharge_limit_mw, lasting) - discharge, 0.0, None)
    found: Array = charge + more
    return found


def _limit_backup(now: Ahead) -> Array:
    limit: Array = now.facility.backup_limit_mw * now.left(BACKUP) * np.ones(now.conditions.steps)
    return limit
