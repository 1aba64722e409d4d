"""A campus that is only numbers: it draws what a limit allows and measures itself; it may not be what its plan says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PUE
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
        pue = now(PUE) * self.truth.pue
        arrivals = noisy(now(ARRIVALS))
        waiting = self.backlog_mwh / HOURS + arrivals
        served = min(flexible_mw, waiting, max(facility.it_mw - firm, 0.0))
        missing = pue * (firm + served) - sum(possible.values()) - now("saved_mw")
        store, charge, discharge = facility.store, 0.0, 0.0
        if store is not None:
            held = self.storage_mwh * store.kept_per_step ** (HOURS / facility.step_hours)
            gains = float(store.charge_efficiency) * self.truth.charge_efficiency
            gives = float(store.discharge_efficiency) * self.truth.discharge_efficiency
            # What is over goes into the store; what is missing comes from it first.
            charge = min(max(-missing, 0.0), float(store.charge_limit_mw), (store.energy_mwh - held) / (gains * HOURS))
            discharge = min(max(missing, 0.0), float(store.discharge_limit_mw), held * gives / HOURS)
            self.storage_mwh = min(max(held + (charge * gains - discharge / gives) * HOURS, 0.0), store.energy_mwh)
        missing = max(missing - discharge, 0.0)
        imported = min(missing, now("import_limit_mw"))
        generated = min(missing - imported, facility.backup_limit_mw)
        unserved = (missing - imported - generated) / pue
        self.backlog_mwh = max(waiting - served, 0.0) * HOURS
        self.unserved_mwh += unserved * HOURS
        values = {
            FIRM: firm - unserved,
            "served_mw": served,
            "load_mw": pue * (firm - unserved + served),
            ARRIVALS: arrivals,
            "backlog_mwh": self.backlog_mwh,
            "import_mw": imported,
            "backup_mw": generated,
            **{campus.possible_series(name): value for name, value in possible.items()},
        }
        if store is not None:
            values |= {
                "state_of_charge_mwh": self.storage_mwh,
                "charge_mw": charge,
                "discharge_mw": discharge,
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
