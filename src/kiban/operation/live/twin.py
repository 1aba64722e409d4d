"""The twin: what the plan says of the campus beside what is measured, and by how much the one is to be corrected.

    pue                   power at the meter over IT power times the plan's PUE of the hour
    availability_PLANT    what a plant could give over what the forecast, else the plan, expects of it
    charging              what the store gained over what it was to gain of the energy that went in
    discharging           what the store lost over what it was to lose for the energy that came out

A meter's power is taken as the mean of the time since its reading before. A quantity corrects the model only where it
is sure (`ratio`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from kiban.operation.conditions import AVAILABILITY, FIRM, PUE
from kiban.operation.facility import Facility, Store
from kiban.operation.live.campus import CHARGE, DISCHARGE, LOAD, SERVED, STORED, Campus
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
        if campus.facility.store is not None:
            names += [CHARGING, DISCHARGING]
        self._ratios = {name: Ratio() for name in names}
        self._before: tuple[datetime, float | None] | None = None
        """When it heard last, and what was stored."""

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """What is known of each quantity."""
        return {name: ratio.calibration for name, ratio in self._ratios.items()}

    @property
    def factors(self) -> Mapping[str, float]:
        """By what each series of the conditions is multiplied."""
        return {name: ratio.factor for name, ratio in self._ratios.items() if name not in (CHARGING, DISCHARGING)}

    def hear(self, now: datetime, telemetry: Telemetry, outlook: Outlook) -> None:
        """Learn from what is measured now."""
        stored = telemetry.value(STORED, now) if self._campus.facility.store is not None else None
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
        if self._campus.facility.store is not None and stored is not None and before[1] is not None:
            self._hear_store(self._campus.facility.store, day, hours, before[1], stored, telemetry, now)

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
        charge, discharge = telemetry.value(CHARGE, now), telemetry.value(DISCHARGE, now)
        if charge is None or discharge is None:
            return
        kept = store.kept_per_step ** (hours / self._campus.facility.step_hours)
        gained = stored_mwh - before_mwh * kept
        if charge >= LEAST_SHARE * store.charge_limit_mw and discharge == 0.0:
            self._ratios[CHARGING].add(day, gained, charge * float(store.charge_efficiency) * hours)
        elif discharge >= LEAST_SHARE * store.discharge_limit_mw and charge == 0.0:
            self._ratios[DISCHARGING].add(day, -gained, discharge / float(store.discharge_efficiency) * hours)

    def correct(self, facility: Facility) -> Facility:
        """The facility with the store's measured efficiencies."""
        if facility.store is None:
            return facility
        charge, discharge = self.efficiencies
        return replace(
            facility, stores=(replace(facility.store, charge_efficiency=charge, discharge_efficiency=discharge),)
        )

    @property
    def efficiencies(self) -> tuple[float, float]:
        """Of charging and of discharging, corrected where that is sure; 1 and 1 without a store."""
        store = self._campus.facility.store
        if store is None:
            return 1.0, 1.0
        return (
            min(float(store.charge_efficiency) * self._ratios[CHARGING].factor, 1.0),
            min(float(store.discharge_efficiency) / self._ratios[DISCHARGING].factor, 1.0),
        )
