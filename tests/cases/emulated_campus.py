"""A campus that is only numbers: it draws what a limit allows and measures itself; it may not be what its plan says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PUE
from kiban.operation.events import BATTERY
from kiban.operation.facility import Store
from kiban.operation.live.campus import Campus
from kiban.operation.live.laying import OF_STORE
from kiban.operation.live.telemetry import STEP, Reading
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.meters import METERS, OUTPUT_METRIC, POSSIBLE_METRIC, STORE_METRICS

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
        facility = campus.facility
        self.stored_mwh = {store.name: store.energy_mwh / 2.0 for store in facility.stores}
        self.outputs_mw = {one.name: one.capacity_mw * one.least_share for one in facility.generators}
        self.setpoints_mw: Mapping[str, float] = {}
        """What stores and generators are told to give; without, they give what is missing."""
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
        units: dict[str, float] = {}
        for one in facility.generators:
            most = one.capacity_mw * now(f"{AVAILABILITY}{one.name}")
            moves = np.inf if one.ramp_mw is None else one.ramp_mw * HOURS / facility.step_hours
            wanted = self.setpoints_mw.get(one.name, max(missing, one.capacity_mw * one.least_share))
            before = self.outputs_mw[one.name]
            output = float(np.clip(min(wanted, most), before - moves, before + moves))
            self.outputs_mw[one.name] = units[one.output] = output
            units[campus.possible_series(one.name)] = most
            missing -= output
        for store in facility.stores:
            charge, discharge = self._move(store, -missing, at)
            units |= {store.charge: charge, store.discharge: discharge, store.state: self.stored_mwh[store.name]}
            missing += charge - discharge
        if facility.sells:
            units["export_mw"] = min(max(-missing, 0.0), now("export_limit_mw"))
        missing = max(missing, 0.0)
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
            **units,
        }
        self.readings = [Reading(name, self.now, value) for name, value in values.items()]

    def _move(self, store: Store, over: float, at: datetime) -> tuple[float, float]:
        """What goes into a store and comes out of it, MW: what is over and what is missing, or what it is told."""
        # What differs by the hour stands in the tables of the campus.
        limits = [
            float(self.campus.expect(f"{store.name}.{name}", at, 1)[0]) if isinstance(value, np.ndarray) else value
            for name in OF_STORE
            for value in (getattr(store, name),)
        ]
        charge_limit, discharge_limit, charge_share, discharge_share = limits
        gains, gives = charge_share * self.truth.charge_efficiency, discharge_share * self.truth.discharge_efficiency
        held = self.stored_mwh[store.name] * store.kept_per_step ** (HOURS / self.campus.facility.step_hours)
        told = self.setpoints_mw.get(store.name)
        wanted = over if told is None else -told
        charge = min(max(wanted, 0.0), charge_limit, max(store.energy_mwh - held, 0.0) / (gains * HOURS))
        if store.own_supply or told is None:
            charge = min(charge, max(over, 0.0))
        discharge = min(max(-wanted, 0.0), discharge_limit, held * gives / HOURS)
        self.stored_mwh[store.name] = min(
            max(held + (charge * gains - discharge / gives) * HOURS, 0.0), store.energy_mwh
        )
        return charge, discharge

    def exposition(self) -> str:
        """The readings as Prometheus scrapes them."""
        values, facility = {one.series: one.value for one in self.readings}, self.campus.facility
        lines = [
            f"{meter.metric} {values[meter.series] / meter.factor!r}" for meter in METERS if meter.series in values
        ]
        for plant in (*facility.plants, *facility.generators):
            possible = values[self.campus.possible_series(plant.name)]
            lines.append(f'{POSSIBLE_METRIC}{{unit="{plant.name}"}} {possible * 1e6!r}')
        lines += [f'{OUTPUT_METRIC}{{unit="{one.name}"}} {values[one.output] * 1e6!r}' for one in facility.generators]
        for store in facility.stores:
            if store.name != BATTERY:
                for meter, series in zip(STORE_METRICS, (store.state, store.charge, store.discharge), strict=True):
                    lines.append(f'{meter.metric}{{unit="{store.name}"}} {values[series] * 1e6!r}')
        return "\n".join([*lines, ""])


class EmulatedSource:
    """Telemetry straight from an emulated campus: what it measured in its last step."""

    ended = False

    def __init__(self, campus: EmulatedCampus) -> None:
        self.campus = campus

    def read(self) -> list[Reading]:
        return list(self.campus.readings)
