"""A campus that is only numbers: it draws what a limit allows and measures itself; it may not be what its plan says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE
from kiban.operation.horizon import plant_of
from kiban.operation.hour import Handover, Measured, run_hour
from kiban.operation.live.campus import Campus
from kiban.operation.live.telemetry import STEP, Reading
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.meters import METERS, POSSIBLE_METRIC

HOURS = STEP.total_seconds() / 3600.0


@dataclass(frozen=True)
class Truth:
    """What the campus really is, as factors of its plan."""

    pue: float = 1.0
    availability: float = 1.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    noise: float = 0.02


class EmulatedCampus:
    """It goes on by `apply`, to a step after the limit begins; `readings` are those of the step that ended."""

    def __init__(self, campus: Campus, begins: datetime, truth: Truth | None = None, seed: int = 1) -> None:
        self.campus, self.truth, self.now = campus, truth or Truth(), begins
        store = campus.facility.store
        self.storage_mwh = 0.0 if store is None else store.energy_mwh / 2.0
        self.backlog_mwh = 0.0
        self.unserved_mwh = 0.0
        self.limits: list[PowerLimit] = []
        self._random = np.random.default_rng(seed)
        self._plant = replace(plant_of(campus.facility), hours=HOURS)
        if store is not None:
            self._plant = replace(
                self._plant,
                kept=self._plant.kept ** (HOURS / campus.facility.step_hours),
                charge_efficiency=self._plant.charge_efficiency * self.truth.charge_efficiency,
                discharge_efficiency=self._plant.discharge_efficiency * self.truth.discharge_efficiency,
            )
        self.readings: list[Reading] = []
        self._draw(flexible_mw=0.0)

    def apply(self, limit: PowerLimit) -> None:
        """What a scheduler does: keep to the limit until the next one. The same limit again changes nothing."""
        if self.limits and limit.number == self.limits[-1].number:
            return
        assert not self.limits or limit.number == self.limits[-1].number + 1
        assert limit.begins >= self.now - STEP
        self.limits.append(limit)
        self.now = limit.begins + STEP
        self._draw(limit.flexible_mw)

    def _draw(self, flexible_mw: float) -> None:
        """One step that ends now."""
        campus, facility = self.campus, self.campus.facility
        at = self.now - STEP - timedelta(hours=facility.step_hours / 2.0)

        def now(name: str) -> float:
            return float(campus.expect(name, at, 1)[0])

        def noisy(value: float) -> float:
            return value * max(1.0 + self.truth.noise * float(self._random.standard_normal()), 0.0)

        firm = min(noisy(now(FIRM)), facility.it_mw)
        possible = {
            plant.name: min(
                noisy(plant.capacity_mw * now(f"{AVAILABILITY}{plant.name}") * self.truth.availability),
                plant.capacity_mw,
            )
            for plant in facility.plants
        }
        pue = max(noisy(now(PUE) * self.truth.pue) if self.truth.noise == 0.0 else now(PUE) * self.truth.pue, 1.0)
        arrivals = noisy(now(ARRIVALS))
        store, valuation = facility.store, campus.valuation
        price = now(PRICE) if PRICE in campus.tables else 0.0
        unclean = valuation.unclean_myen_per_mwh
        measured = Measured(
            available_mw=sum(possible.values()) + now("saved_mw"),
            firm_mw=firm,
            pue=pue,
            arrivals_mw=arrivals,
            backlog_limit_mwh=1e9,
            import_limit_mw=now("import_limit_mw"),
            backup_limit_mw=facility.backup_limit_mw,
            charge_limit_mw=0.0 if store is None else store.charge_limit_mw,
            discharge_limit_mw=0.0 if store is None else store.discharge_limit_mw,
            served_limit_mw=min(flexible_mw, max(facility.it_mw - firm, 0.0)),
            import_price=price + unclean * (1.0 - now("grid_clean_share")),
            backup_price=now("fuel_cost_myen_per_mwh") + unclean,
            served_price=0.0,
            unserved_price=valuation.unserved_myen_per_mwh,
            dropped_price=valuation.dropped_myen_per_mwh,
        )
        handover = Handover(0.0, 0.0, flexible_mw, 0.0, 0.0, 0.0, valuation.storage_myen_per_mwh, 10.0)
        happened = run_hour(measured, self._plant, handover, self.storage_mwh, self.backlog_mwh)
        self.storage_mwh, self.backlog_mwh = happened.storage_mwh, happened.backlog_mwh
        self.unserved_mwh += happened.unserved_mw * HOURS
        values = {
            FIRM: firm - happened.unserved_mw,
            "served_mw": happened.served_mw,
            "load_mw": pue * (firm - happened.unserved_mw + happened.served_mw),
            ARRIVALS: arrivals,
            "backlog_mwh": self.backlog_mwh,
            "import_mw": happened.import_mw,
            "backup_mw": happened.backup_mw,
            **{campus.possible_series(name): value for name, value in possible.items()},
        }
        if store is not None:
            values |= {
                "state_of_charge_mwh": self.storage_mwh,
                "charge_mw": happened.charge_mw,
                "discharge_mw": happened.discharge_mw,
            }
        self.readings = [Reading(name, self.now, value) for name, value in values.items()]

    def exposition(self) -> str:
        """The readings as Prometheus scrapes them."""
        values = {one.series: one.value for one in self.readings}
        lines = [
            f"{meter.metric} {values[meter.series] / meter.factor!r}" for meter in METERS if meter.series in values
        ]
        for plant in self.campus.facility.plants:
            possible = values[self.campus.possible_series(plant.name)]
            lines.append(f'{POSSIBLE_METRIC}{{unit="{plant.name}"}} {possible * 1e6!r}')
        return "\n".join([*lines, ""])


class EmulatedSource:
    """Telemetry straight from an emulated campus: what it measured in its last step."""

    ended = False

    def __init__(self, campus: EmulatedCampus) -> None:
        self.campus = campus

    def read(self) -> list[Reading]:
        return list(self.campus.readings)
