"""The twin: what the plan says of the campus beside what is measured, and by how much the one is to be corrected.

    pue                   power at the meter over IT power times the plan's PUE of the hour
    availability_PLANT    what a plant could give over what the forecast, else the plan, expects of it
    charging              what the battery gained over what it was to gain of the energy that went in
    discharging           what it lost over what it was to lose for the energy that came out
    NAME_charging, NAME_discharging    the same of any other store whose efficiencies are numbers

A meter's power is taken as the mean of the time since its reading before. A quantity corrects the model only where it
is sure (`ratio`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from kiban.operation.conditions import AVAILABILITY, FIRM, PUE
from kiban.operation.events import BATTERY
from kiban.operation.facility import Facility, Store
from kiban.operation.live.campus import LOAD, SERVED, Campus
from kiban.operation.live.outlook import Outlook
from kiban.operation.live.ratio import Calibration, Ratio
from kiban.operation.live.telemetry import GAP, Telemetry

CHARGING, DISCHARGING = "charging", "discharging"
LEAST_SHARE: Final = 0.02
"""Below such a share of the store's power its losses are not those that are looked for."""


class Twin:
    """What was learnt so far; the same readings leave the same ratios."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        names = [PUE, *(f"{AVAILABILITY}{plant.name}" for plant in campus.facility.plants)]
        self._stores = tuple(store for store in campus.facility.stores if is_steady(store))
        names += [name for store in self._stores for name in (charging_of(store), discharging_of(store))]
        self._of_stores = frozenset(names[1 + len(campus.facility.plants) :])
        self._ratios = {name: Ratio() for name in names}
        self._before: tuple[datetime, tuple[float | None, ...]] | None = None
        """When it heard last, and what each store held."""

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """What is known of each quantity."""
        return {name: ratio.calibration for name, ratio in self._ratios.items()}

    @property
    def factors(self) -> Mapping[str, float]:
        """By what each series of the conditions is multiplied."""
        return {name: ratio.factor for name, ratio in self._ratios.items() if name not in self._of_stores}

    def hear(self, now: datetime, telemetry: Telemetry, outlook: Outlook) -> None:
        """Learn from what is measured now."""
        stored = tuple(telemetry.value(store.state, now) for store in self._stores)
        before, self._before = self._before, (now, stored)
        if before is None or not timedelta(0) < now - before[0] <= GAP:
            return
        hours = (now - before[0]).total_seconds() / 3600.0
        day = now.astimezone(self._campus.zone).date()
        # What is expected of the time since: the mean of the step around its middle.
        step = timedelta(hours=self._campus.facility.step_hours)
        middle = now - (now - before[0]) / 2.0 - step / 2.0
        load, firm, served = (telemetry.value(name, now) for name in (LOAD, FIRM, SERVED))
        if load is not None and firm is not None and served is not None:
            planned = float(self._campus.expect(PUE, middle, 1)[0])
            self._ratios[PUE].add(day, load * hours, planned * (firm + served) * hours)
        for plant in self._campus.facility.plants:
            possible = telemetry.value(self._campus.possible_series(plant.name), now)
            name = f"{AVAILABILITY}{plant.name}"
            if possible is not None:
                expected = float(outlook.base(name, middle, 1, {})[0])
                self._ratios[name].add(day, possible * hours, plant.capacity_mw * expected * hours)
        for store, held_before, held in zip(self._stores, before[1], stored, strict=True):
            if held is not None and held_before is not None:
                self._hear_store(store, day, hours, held_before, held, telemetry, now)

    def _hear_store(
        self,
        store: Store,
        day: date,
        hours: float,
        before_mwh: float,
        stored_mwh: float,
        telemetry: Telemetry,
        now: datetime,
    ) -> None:
        charge, discharge = telemetry.value(store.charge, now), telemetry.value(store.discharge, now)
        if charge is None or discharge is None:
            return
        kept = store.kept_per_step ** (hours / self._campus.facility.step_hours)
        gained = stored_mwh - before_mwh * kept
        if charge >= LEAST_SHARE * store.charge_limit_mw and discharge == 0.0:
            self._ratios[charging_of(store)].add(day, gained, charge * float(store.charge_efficiency) * hours)
        elif discharge >= LEAST_SHARE * store.discharge_limit_mw and charge == 0.0:
            drawn = discharge / float(store.discharge_efficiency) * hours
            self._ratios[discharging_of(store)].add(day, -gained, drawn)

    def correct(self, facility: Facility) -> Facility:
        """The facility with the stores' measured efficiencies."""
        if not self._stores:
            return facility
        stores = []
        for store in facility.stores:
            if is_steady(store):
                charge, discharge = self.efficiencies_of(store)
                stores.append(replace(store, charge_efficiency=charge, discharge_efficiency=discharge))
            else:
                stores.append(store)
        return replace(facility, stores=tuple(stores))

    def efficiencies_of(self, store: Store) -> tuple[float, float]:
        """Of charging and of discharging a store that is steady, corrected where that is sure."""
        return (
            min(float(store.charge_efficiency) * self._ratios[charging_of(store)].factor, 1.0),
            min(float(store.discharge_efficiency) / self._ratios[discharging_of(store)].factor, 1.0),
        )


def is_steady(store: Store) -> bool:
    """Whether its efficiencies are numbers, that can be found by measuring."""
    return store.chillers is None and not isinstance(store.charge_efficiency, np.ndarray)


def charging_of(store: Store) -> str:
    """Name of what is known of charging a store."""
    return CHARGING if store.name == BATTERY else f"{store.name}_{CHARGING}"


def discharging_of(store: Store) -> str:
    """Name of what is known of discharging it."""
    return DISCHARGING if store.name == BATTERY else f"{store.name}_{DISCHARGING}"
