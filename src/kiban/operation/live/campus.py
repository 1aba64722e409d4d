"""The campus of a plan as a service sees it: its facility, what the plan expects of each hour, and its meters.

A plan's year is laid on today's calendar as means by month and time of day; a month that the plan does not hold is as
the mean of all its days. Between the middles of two steps what is expected changes evenly, so that a decision every
five minutes sees no jumps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE, Conditions
from kiban.operation.facility import EXPORT, Facility
from kiban.operation.forecast.choice import Circumstances
from kiban.operation.forecast.climatology import month_table
from kiban.operation.forecast.drift import ALLOWANCE, THRESHOLD
from kiban.operation.live.laying import facility_series, lay_series
from kiban.operation.live.telemetry import Meter
from kiban.operation.power_caps import CapCurve, read_curve
from kiban.operation.running import arrange
from kiban.operation.valuation import Valuation

if TYPE_CHECKING:
    import pandas as pd

    from kiban.planning.plan import Plan
    from kiban.progress import Report

METER_MARGIN: Final = 1.05
"""A meter may show so much more than a unit's limit: meters err, and so do ratings."""
POSSIBLE: Final = "available_"
"""Beginning of the series of what a plant could give: `available_pv_mw`."""
LOAD, SERVED, STORED, WAITING = "load_mw", "served_mw", "state_of_charge_mwh", "backlog_mwh"
CHARGE, DISCHARGE, IMPORT, GENERATED = "charge_mw", "discharge_mw", "import_mw", "backup_mw"
KNOWN: Final = (
    "grid_clean_share",
    "grid_emission_factor_t_per_mwh",
    "wue_m3_per_mwh",
    "export_price_myen_per_mwh",
)
SOLD: Final = "export_price_myen_per_mwh"
USED: Final = "used_of_"
"""Beginning of the series of what the plan uses in a step of a yearly limit: `used_of_unclean_myen_per_mwh`."""
LOAD_MWH: Final = "load_mwh"
"""What the plan's load takes in a step."""


@dataclass(frozen=True, eq=False)
class Campus:
    """What a plan built, the plan's year as tables of shape `(12, steps_per_day)`, and the clock of the site."""

    facility: Facility
    valuation: Valuation
    tables: Mapping[str, Array]
    """By the names of `Conditions.series`, of `KNOWN`, of `facility_series` and of the budgets (`USED`)."""
    most: Mapping[str, float]
    """The most that each series was in the plan's year."""
    zone: timezone
    horizon_steps: int
    curve: CapCurve | None
    """What power caps of accelerators leave of throughput; None where they are not capped."""
    call_steps: int
    """How long a call for demand response takes."""
    circumstances: Circumstances
    """The plan's own year and place, from which models of forecasts have learnt."""
    drift_allowance: float
    drift_threshold: float
    """Of the test whether a model has become worse, in standard deviations."""
    slacks: Mapping[str, float]
    """The yearly limits that have a price in the valuation, by its name: what each MWh of load more may use more."""

    def possible_series(self, plant: str) -> str:
        """Name of the measured series of what a plant could give."""
        return f"{POSSIBLE}{plant}_mw"

    def expect(self, name: str, at: datetime, steps: int, first: int = 0) -> Array:
        """Means of a series over the steps `first` to before `first + steps` counted from `at`, shape `(steps,)`."""
        table = self.tables[name]
        cells, share = _cells(at.astimezone(self.zone), steps, first, table.shape[1], self.facility.step_hours)
        values = table.ravel()[cells]
        found: Array = (1.0 - share) * values[:-1] + share * values[1:]
        return found

    @cached_property
    def sold_price_follows(self) -> bool:
        """Whether the price of energy fed in moves with that of energy drawn."""
        return PRICE in self.tables and bool(np.ptp(self.tables[SOLD]) > 0.0)

    def capacity_of(self, supply: str) -> float:
        """Capacity of a supply option, MW."""
        return {one.name: one.capacity_mw for one in self.facility.built}[supply]

    def meters(self) -> tuple[Meter, ...]:
        """What may be measured, and between which limits that lies."""
        facility = self.facility
        it = facility.it_mw * METER_MARGIN
        found = [
            Meter(FIRM, 0.0, it, needed=True),
            Meter(SERVED, 0.0, it),
            Meter(LOAD, 0.0, it * self.most[PUE] * METER_MARGIN, moves=self._varies(PUE) or self._varies(FIRM)),
            Meter(ARRIVALS, 0.0, max(self.most[ARRIVALS], facility.it_mw) * METER_MARGIN),
            Meter(WAITING, 0.0, max(self.most[ARRIVALS], facility.it_mw) * facility.delay_steps * facility.step_hours,
                  needed=facility.delay_steps > 0),
            Meter(IMPORT, 0.0, float(np.max(facility.import_limit_mw, initial=0.0)) * METER_MARGIN),
            Meter(GENERATED, 0.0, facility.backup_limit_mw * METER_MARGIN),
        ]  # fmt: skip
        if PRICE in self.tables:
            found.append(Meter(PRICE, -1.0, 1.0))
        for store in facility.stores:
            found += [
                Meter(store.state, 0.0, store.energy_mwh * METER_MARGIN, needed=True),
                Meter(store.charge, 0.0, float(np.max(store.charge_limit_mw)) * METER_MARGIN),
                Meter(store.discharge, 0.0, float(np.max(store.discharge_limit_mw)) * METER_MARGIN),
            ]
        # What a unit with a ramp gives says what it can give next.
        found += [
            Meter(one.output, 0.0, one.capacity_mw * METER_MARGIN, needed=one.ramp_mw is not None)
            for one in facility.generators
        ]
        if facility.sells:
            found.append(Meter(EXPORT, 0.0, float(np.max(facility.export_limit_mw)) * METER_MARGIN))
        found += [
            Meter(
                self.possible_series(plant.name),
                0.0,
                plant.capacity_mw * max(self.most[f"{AVAILABILITY}{plant.name}"], 1.0) * METER_MARGIN,
                moves=self._varies(f"{AVAILABILITY}{plant.name}"),
            )
            for plant in facility.built
        ]
        return tuple(found)

    def _varies(self, name: str) -> bool:
        return bool(np.ptp(self.tables[name]) > 0.0)


def read_campus(
    plan: Plan, *, horizon_hours: float | None = None, chips: Sequence[str] = (), report: Report | None = None
) -> Campus:
    """The campus of a plan; raises `InputError` for a plan that cannot be operated.

    `chips` are the kinds of accelerators, by the catalogue's names, whose power may be capped.
    """
    arranged = arrange(plan, forecast="perfect", horizon_hours=horizon_hours, report=report)
    setting = arranged.setting
    promised = [promise.name for promise in setting.facility.promises]
    # No meter says how much of a promise was delivered, nor which way power was bought.
    keys = tuple(f"tranche.{number}" for number, one in enumerate(plan.scenario.tranche) if one.name in promised)
    keys += () if setting.facility.purchases is None else ("procurement",)
    if keys:
        raise InputError(Problem("operation.unmetered", names=keys))
    conditions, facility = setting.conditions, setting.facility
    series = {
        **conditions.series,
        **{name: getattr(conditions, name) for name in KNOWN},
        **facility_series(facility),
        **{f"{USED}{budget.price}": budget.expected for budget in arranged.manner.budgets},
    }
    if arranged.manner.budgets:
        series[LOAD_MWH] = arranged.manner.budgets[0].expected_load_mwh
    offset = conditions.time[0].utcoffset()
    assert offset is not None
    return Campus(
        facility=facility,
        valuation=setting.valuation,
        tables={name: fill_months(month_table(values, conditions)) for name, values in series.items()},
        most={name: float(values.max()) for name, values in conditions.series.items()},
        zone=timezone(offset),
        horizon_steps=arranged.manner.horizon_steps,
        curve=read_curve(arranged.recorder.take, arranged.recorder.catalogue.facts, chips) if chips else None,
        call_steps=max(round(arranged.recorder.take("market.call_hours") / facility.step_hours), 1),
        circumstances=arranged.circumstances,
        drift_allowance=arranged.recorder.take(ALLOWANCE),
        drift_threshold=arranged.recorder.take(THRESHOLD),
        slacks={budget.price: budget.slack for budget in arranged.manner.budgets},
    )


@lru_cache(maxsize=1)
def _no_times() -> pd.DatetimeIndex:
    """No window asks what its steps are called, and an index of times takes a tenth of what a decision does."""
    import pandas as pd

    return pd.DatetimeIndex([])


@lru_cache(maxsize=32)
def _cells(
    local: datetime, steps: int, first: int, per_day: int, step_hours: float
) -> tuple[npt.NDArray[np.int64], float]:
    """Places in a table by month and time of day of `steps + 1` steps, and how far the first is over at `local`."""
    place = (local.hour + local.minute / 60.0 + local.second / 3600.0) / step_hours
    whole = int(place)
    # Months by day are looked up a day at a time: a window has few.
    number = whole + first + np.arange(steps + 1)
    begins = np.datetime64(local.date())
    months = (begins + number // per_day).astype("datetime64[M]").astype(np.int64) % 12
    return months * per_day + number % per_day, place - whole


def fill_months(table: Array) -> Array:
    """A table by month and time of day without holes: a month without values is as the mean of the others."""
    missing = np.isnan(table)
    known = (~missing).sum(axis=0)
    total = np.where(missing, 0.0, table).sum(axis=0)
    overall = float(total.sum() / known.sum())
    mean = np.where(known > 0, total / np.maximum(known, 1), overall)
    return np.where(missing, mean, table)


def lay_facility(campus: Campus, at: datetime, first: int, steps: int) -> Facility:
    """The facility in the steps `first` to before `first + steps` from `at`."""
    return lay_series(campus.facility, lambda name: campus.expect(name, at, steps, first))


def lay_conditions(campus: Campus, at: datetime, first: int, steps: int, series: Mapping[str, Array]) -> Conditions:
    """The conditions of the same steps, with `series` as they are expected there, and without their times."""
    known = {name: campus.expect(name, at, steps, first) for name in KNOWN}
    if PRICE in series and campus.sold_price_follows:
        # What lies between the price of what is sold and that of what is drawn is known, neither of them is.
        known[SOLD] = known[SOLD] + series[PRICE] - campus.expect(PRICE, at, steps, first)
    return Conditions(
        time=_no_times(),
        step_hours=campus.facility.step_hours,
        series=series,
        **known,
    )
