"""What a plan built, as the limits and costs of its operation.

Power in MW, energy in MWh, money in million yen. Arrays have one value for each step of the conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.cooling_storage import COLD_ENERGY

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.resources import Resources, StorageResource, TrancheResource


@dataclass(frozen=True, slots=True)
class Plant:
    """A supply option that is built."""

    name: str
    capacity_mw: float


@dataclass(frozen=True, slots=True)
class Store:
    """A storage that is built; `column` begins the names of its hours."""

    name: str
    charge_limit_mw: float
    discharge_limit_mw: float
    energy_mwh: float
    charge_efficiency: float
    discharge_efficiency: float
    kept_per_step: float
    wear_myen_per_mwh: float
    """Of each MWh discharged."""
    initial_mwh: float
    """What it holds when operation begins: what the plan's schedule ends with."""


@dataclass(frozen=True, slots=True)
class Facility:
    """The campus as it stands: limits that may differ from step to step, and what each MWh costs."""

    step_hours: float
    delay_steps: int
    """How long compute that may wait does so at most."""
    it_mw: float
    plants: tuple[Plant, ...]
    store: Store | None
    import_limit_mw: Array
    backup_limit_mw: float
    saved_mw: Array
    """Electric power that measures save."""
    fuel_cost_myen_per_mwh: Array
    backup_emission_t_per_mwh: float
    carbon_price_myen_per_t: float
    water_price_myen_per_m3: float

    def cut(self, first: int, end: int) -> Facility:
        """The same in the steps `first` to before `end`."""
        part = slice(first, end)
        return replace(
            self,
            import_limit_mw=self.import_limit_mw[part],
            saved_mw=self.saved_mw[part],
            fuel_cost_myen_per_mwh=self.fuel_cost_myen_per_mwh[part],
        )


def read_facility(plan: Plan, resources: Resources) -> Facility:
    """The facility of a plan, under the hours of `resources`, which may be those of another year than the plan's."""
    built = plan.capacities
    grid, backup = resources.grid, resources.backup
    zero = np.zeros(resources.steps)
    possible = zero
    if grid is not None:
        possible = np.asarray(grid.import_share) * built["interconnection_mw"] + zero
        if grid.import_limit_mw is not None:
            possible = np.minimum(possible, grid.import_limit_mw)
    saved = sum((m.saving_mw * built.get(f"measure_{m.name}", 0.0) for m in resources.measures), zero)
    stores = [_read_store(plan, storage, resources.step_hours) for storage in resources.storages]
    return Facility(
        step_hours=resources.step_hours,
        delay_steps=min(round(resources.max_delay_hours / resources.step_hours), resources.block_steps),
        it_mw=built["it_mw"],
        plants=tuple(Plant(name, built[f"{name}_mw"]) for name in list_plants(plan, resources)),
        store=next((store for store in stores if store.energy_mwh > 0.0), None),
        import_limit_mw=possible,
        backup_limit_mw=0.0 if backup is None else built["backup_mw"],
        saved_mw=saved,
        fuel_cost_myen_per_mwh=zero if backup is None else backup.fuel_cost_myen_per_mwh,
        backup_emission_t_per_mwh=0.0 if backup is None else backup.emission_factor_t_per_mwh,
        carbon_price_myen_per_t=resources.carbon_price_myen_per_t,
        water_price_myen_per_m3=resources.water_price_myen_per_m3,
    )


def list_plants(plan: Plan, resources: Resources) -> tuple[str, ...]:
    """The supply options that are built."""
    return tuple(one.name for one in resources.supply if plan.capacities[f"{one.name}_mw"] > 0.0)


def list_uncovered(plan: Plan, resources: Resources) -> tuple[str, ...]:
    """Scenario keys of what the plan has built and operation does not know."""
    built, found = plan.capacities, []
    stores = [s for s in resources.storages if built[f"{s.energy}_mwh"] > 0.0]
    if len(stores) > 1 or any(s.throughput_cost_myen_per_mwh or s.from_own_supply or s.fades for s in stores):
        found.append("storage" if len(stores) > 1 else "battery")
    found += [f"supply.{s.name}" for s in resources.supply if not s.is_free and built[f"{s.name}_mw"] > 0.0]
    if resources.grid is not None and resources.grid.max_export_mw > 0:
        found.append("grid.max_export_mw")
    served = {tranche.name: tranche.served_mw for tranche in plan.tranches}
    found += [
        f"tranche.{number}"
        for number, tranche in enumerate(resources.tranches)
        if tranche.has_schedule and served.get(tranche.name, 0.0) > 0
    ]
    if resources.backup is not None and resources.backup.permitted_hours_per_year is not None:
        found.append("backup.permitted_hours_per_year")
    if resources.outage is not None:
        found.append("outage")
    if built.get(f"{COLD_ENERGY}_mwh", 0.0) > 0.0:
        found.append("cooling_storage")
    return tuple(found)


def served_load(plan: Plan, tranches: tuple[TrancheResource, ...]) -> Array | float:
    """IT load of the tranches that the plan serves as they arrive, MW."""
    served = {tranche.name: tranche.served_mw for tranche in plan.tranches}
    return sum((served.get(t.name, 0.0) * t.shape for t in tranches if not t.has_schedule), 0.0)


def _read_store(plan: Plan, storage: StorageResource, step_hours: float) -> Store:
    built = plan.capacities
    energy = built[f"{storage.energy}_mwh"]
    held = plan.hourly.get(f"{storage.state}_mwh")
    return Store(
        name=storage.prefix,
        charge_limit_mw=built[f"{storage.charge_power}_mw"] * storage.charge_power_ratio,
        discharge_limit_mw=built[f"{storage.power}_mw"],
        energy_mwh=energy,
        charge_efficiency=storage.charge_efficiency,
        discharge_efficiency=storage.discharge_efficiency,
        kept_per_step=1.0 - self_discharge_per_step(storage.self_discharge_per_hour, step_hours),
        wear_myen_per_mwh=storage.throughput_cost_myen_per_mwh,
        initial_mwh=0.0 if held is None else float(np.clip(held[-1], 0.0, energy)),
    )
