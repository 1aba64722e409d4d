"""A campaign of outages: every unit is lost at many random hours, and it is counted how often compute goes unserved.

The tier of a design says what should survive; here it is tried. From the state of the undisturbed operation at a random
hour one unit is away for some hours and nobody knew; the operation goes on until a day later. In an outage of the grid
the backup has to start, and each of its sets fails to with a chance of the catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.messages import Message
from kiban.operation.course import Course
from kiban.operation.events import BACKUP, GRID, Event
from kiban.operation.facility import Facility
from kiban.operation.forecast.choice import Wanted
from kiban.operation.horizon import Part, operate
from kiban.operation.operation import UNSERVED_MWH
from kiban.operation.period import Period
from kiban.operation.running import Arrangement, arrange
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

AFTER_HOURS: Final = 24
"""How long an operation is followed after the unit has come back."""
CONFIDENCE: Final = 0.95
TRIALS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the loss of a unit did: in how many trials compute went unserved, and how much.

    `probability` is the share of the trials, `low` and `high` its interval of 95 % confidence (Clopper and Pearson
    1934, Biometrika 26, 404). Energy is IT energy, MWh a trial.
    """

    unit: str
    trials: int
    failed: int
    low: float
    high: float
    mean_unserved_mwh: float
    worst_unserved_mwh: float
    worst_begins: str | None
    """When the worst trial began; None where nothing went unserved."""

    @property
    def probability(self) -> float:
        """Share of the trials in which compute went unserved."""
        return self.failed / self.trials


@dataclass(frozen=True, slots=True)
class Campaign:
    """Every unit of a plan lost `trials` times for `hours`, one outcome a unit."""

    outcomes: tuple[Outcome, ...]
    trials: int
    hours: float
    seed: int

    @property
    def sentence(self) -> Message:
        """The answer in one sentence; its text is the English one."""
        failing = [one for one in self.outcomes if one.failed]
        if not failing:
            high = max((one.high for one in self.outcomes), default=0.0)
            return Message("outages.carried", hours=self.hours, trials=self.trials, loss_share=high)
        worst = max(failing, key=lambda one: (one.failed, one.mean_unserved_mwh))
        return Message(
            "outages.failing",
            hours=self.hours,
            trials=self.trials,
            count=len(failing),
            tried=len(self.outcomes),
            lost_unit=worst.unit,
            loss_share=worst.probability,
            low_share=worst.low,
            high_share=worst.high,
        )


def try_outages(
    plan: Plan,
    *,
    trials: int,
    seed: int = 1,
    hours: float | None = None,
    period: Period | None = None,
    forecast: Wanted = "synthetic",
    horizon_hours: float | None = None,
    report: Report | None = None,
) -> Campaign:
    """Lose every unit of a plan once in each of `trials` random hours, for `hours` (absent takes the catalogue's)."""
    tell = report or say_nothing
    arranged = arrange(plan, period=period, forecast=forecast, horizon_hours=horizon_hours, report=report)
    # Weeks of the budgets are paced by what was used before; a part of an operation is held to the plan's own price.
    arranged = replace(arranged, manner=replace(arranged.manner, budgets=()))
    take = arranged.recorder.take
    asked = take("operation.outage_hours") if hours is None else hours
    sets, failure = take("backup_diesel.unit"), take("backup_diesel.start_failure")
    setting = arranged.setting
    calm = operate(setting.facility, setting.conditions, setting.valuation, arranged.manner)

    def starts(draw: np.random.Generator) -> float:
        return _share_that_starts(setting.facility, sets, failure, draw)

    outcomes = []
    for unit in list_units(setting.facility):
        tell(Message("progress.losing", lost_unit=unit, trials=trials))
        outcomes.append(_try_unit(unit, arranged, calm, trials, seed, asked, starts))
    return Campaign(tuple(outcomes), trials, asked, seed)


def list_units(facility: Facility) -> tuple[str, ...]:
    """What can be lost: the connection, the backup, every store and every supply option that is built."""
    found = [GRID] if facility.import_limit_mw.max() > 0.0 else []
    found += [BACKUP] if facility.backup_limit_mw > 0.0 else []
    found += [store.name for store in facility.stores]
    return (*found, *facility.supply)


def _share_that_starts(facility: Facility, set_mw: float, failure_share: float, draw: np.random.Generator) -> float:
    """The share of the backup that comes when it is called: of sets of one size, each starts or does not."""
    sets = max(math.ceil(facility.backup_limit_mw / set_mw), 1)
    return 1.0 - float(draw.binomial(sets, failure_share)) / sets


def _try_unit(
    unit: str,
    arranged: Arrangement,
    calm: Course,
    trials: int,
    seed: int,
    hours: float,
    starts: Callable[[np.random.Generator], float],
) -> Outcome:
    setting = arranged.setting
    facility, conditions = setting.facility, setting.conditions
    away = max(round(hours / conditions.step_hours), 1)
    followed = away + round(AFTER_HOURS / conditions.step_hours)
    # Each unit has draws of its own, whichever others there are.
    draw = np.random.default_rng([seed, *unit.encode()])
    begins = draw.integers(1, max(conditions.steps - followed, 2), trials)
    started = [starts(draw) if unit == GRID else 1.0 for _ in range(trials)]

    def lose(trial: int) -> float:
        first = int(begins[trial])
        end = min(first + followed, conditions.steps)
        events = [Event(unit, first, first + away)]
        if started[trial] < 1.0:
            events.append(Event(BACKUP, first, first + away, started[trial]))
        part = Part(first, end, calm.standing(first))
        manner = replace(arranged.manner, events=events)
        course = operate(facility, conditions, setting.valuation, manner, part)
        return course.lost_mwh

    with ThreadPoolExecutor(TRIALS_AT_ONCE, thread_name_prefix="kiban-campaign") as pool:
        lost = list(pool.map(lose, range(trials)))
    return count_failures(unit, lost, [f"{conditions.time[int(one)]:%Y-%m-%d %H:%M}" for one in begins])


def count_failures(unit: str, unserved_mwh: Sequence[float], begins: Sequence[str]) -> Outcome:
    """The outcome of trials that began at `begins` and left so much compute unserved."""
    from scipy.stats import beta

    trials, tail = len(unserved_mwh), (1.0 - CONFIDENCE) / 2.0
    failed = sum(one > UNSERVED_MWH for one in unserved_mwh)
    worst = int(np.argmax(unserved_mwh))
    return Outcome(
        unit=unit,
        trials=trials,
        failed=failed,
        low=float(beta.ppf(tail, failed, trials - failed + 1)) if failed else 0.0,
        high=float(beta.ppf(1.0 - tail, failed + 1, trials - failed)) if failed < trials else 1.0,
        mean_unserved_mwh=float(np.mean(unserved_mwh)),
        worst_unserved_mwh=float(unserved_mwh[worst]),
        worst_begins=begins[worst] if failed else None,
    )
