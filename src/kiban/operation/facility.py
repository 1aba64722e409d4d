"""What a plan built, as the limits and costs of its operation.

Power in MW, energy in MWh, money in million yen. Arrays have one value for each step of the conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.operation.events import BATTERY
from kiban.operation.hour import Equipment, HeldStore, Standing
from kiban.operation.promises import Promise, read_promises, total_mw
from kiban.operation.purchases import Purchases, list_partial_ratchets, read_purchases
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.cooling_storage import COLD_ENERGY, COLD_STATE, kept_per_step
from kiban.planning.plant_limits import ramp_per_step
from kiban.scenario.plant import COOLING_STORAGE

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.resources import (
        CoolingStorageResource,
        Resources,
        StorageResource,
        SupplyResource,
        TrancheResource,
    )

IMPORT: Final = "import_mw"
BACKUP_OUTPUT: Final = "backup_mw"
EXPORT: Final = "export_mw"
LEAST_POWER: Final = 1e-6
"""MW of power for a MW of heat: less is none."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A supply option whose output costs nothing."""

    name: str
    capacity_mw: float


@dataclass(frozen=True, slots=True)
class Generator:
    """A supply option whose output is paid for, or that cannot follow at once."""

    name: str
    capacity_mw: float
    least_share: float
    """Least output while it is available, share of the capacity."""
    ramp_mw: float | None
    """Most change of output from step to step; None is any."""
    cost_myen_per_mwh: Array
    """Of each MWh, less what support pays for it; carbon aside."""
    emission_t_per_mwh: float
    clean: bool
    initial_mw: float
    """What it gives when operation begins: what the plan's schedule ends with."""

    @property
    def output(self) -> str:
        """Name of its column."""
        return f"{self.name}_mw"


@dataclass(frozen=True, slots=True)
class Chillers:
    """Chillers that a store of cold shares with the hall."""

    power_mw_per_mw: Array
    """Power for each MW of IT that they cool."""
    most_mw: float
    """The most power that they take."""


@dataclass(frozen=True, slots=True)
class Store:
    """A storage that is built. Limits are at the meter; those of a store of cold have a value for each step."""

    name: str
    charge_limit_mw: Array | float
    discharge_limit_mw: Array | float
    energy_mwh: float
    charge_efficiency: Array | float
    discharge_efficiency: Array | float
    kept_per_step: float
    wear_myen_per_mwh: float
    """Of each MWh discharged."""
    initial_mwh: float
    """What it holds when operation begins: what the plan's schedule ends with."""
    own_supply: bool = False
    """Whether it is charged by own supply alone."""
    chillers: Chillers | None = None
    """Of a store of cold."""

    @property
    def carries_outages(self) -> bool:
        """Whether what it holds counts in an outage of the grid: all but a store of cold."""
        return self.name != COOLING_STORAGE

    @property
    def given_per_mwh(self) -> Array | float:
        """MWh at the meter for each MWh that it held a step before."""
        return self.discharge_efficiency * self.kept_per_step

    @property
    def charge(self) -> str:
        """Column of power into it; of a store of cold the power that fills it."""
        return self._column("filling_power_mw" if self.name == COOLING_STORAGE else "charge_mw")

    @property
    def discharge(self) -> str:
        """Column of power out of it; of a store of cold the power that it spares."""
        return self._column("spared_power_mw" if self.name == COOLING_STORAGE else "discharge_mw")

    @property
    def state(self) -> str:
        """Column of what it holds."""
        return self._column("state_of_charge_mwh")

    @property
    def is_plain(self) -> bool:
        """Whether the compiled window knows all that it has."""
        steady = not isinstance(self.charge_efficiency, np.ndarray)
        return steady and not self.own_supply and self.wear_myen_per_mwh == 0.0

    def _column(self, flow: str) -> str:
        return flow if self.name == BATTERY else f"{self.name}_{flow}"


@dataclass(frozen=True, slots=True)
class Facility:
    """The campus as it stands: limits that may differ from step to step, and what each MWh costs."""

    step_hours: float
    delay_steps: int
    """How long compute that may wait does so at most."""
    it_mw: float
    plants: tuple[Plant, ...]
    generators: tuple[Generator, ...]
    stores: tuple[Store, ...]
    import_limit_mw: Array
    export_limit_mw: Array
    backup_limit_mw: float
    saved_mw: Array
    """Electric power that measures save."""
    fuel_cost_myen_per_mwh: Array
    backup_emission_t_per_mwh: float
    carbon_price_myen_per_t: float
    water_price_myen_per_m3: float
    promises: tuple[Promise, ...] = ()
    """Compute that is sold by the day or the week, or that may wait by terms of its own."""
    reserve_mwh: Array | None = None
    """What its stores together could give at the meter in an outage of the grid that begins after each step, held
    except while the grid is away; None where nothing is held."""
    outage_hours: float = 0.0
    """How long that outage lasts: a store gives no more than its power over it."""
    purchases: Purchases | None = None
    """The ways in which power is bought; None buys all that is drawn at one price."""

    @property
    def sells(self) -> bool:
        """Whether energy may be fed in."""
        return bool(self.export_limit_mw.any())

    @property
    def is_narrow(self) -> bool:
        """Whether the compiled window knows all of it: at most one plain store, and nothing but the grid and backup."""
        return not list_wide(self)

    @property
    def built(self) -> tuple[Plant | Generator, ...]:
        """All supply options."""
        return (*self.plants, *self.generators)

    @property
    def supply(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(one.name for one in self.built)

    @property
    def units(self) -> tuple[str, ...]:
        """Names of what events may hit, beside the grid and the backup."""
        stores = [store.name for store in self.stores if store.name != BATTERY]
        return (BATTERY, *stores, *self.supply)

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns of what gives power at a cost, and of what is fed in, which runs below zero as a source.

        Where power is bought in several ways, each of these is a source, and what is drawn is their sum.
        """
        sold = (EXPORT,) if self.sells else ()
        return (*self.drawn, BACKUP_OUTPUT, *(one.output for one in self.generators), *sold)

    @property
    def drawn(self) -> tuple[str, ...]:
        """Columns that add up to what is drawn from the grid."""
        return (IMPORT,) if self.purchases is None else self.purchases.columns

    @property
    def promised_mw(self) -> Array:
        """Compute that is promised, by the shape in which it is sold."""
        return total_mw(self.promises, self.import_limit_mw.size)

    def most_given_mwh(self, store: Store) -> float:
        """The most that a store gives in the outage for which a reserve is held; nothing where it does not count."""
        return float(np.max(store.discharge_limit_mw)) * self.outage_hours if store.carries_outages else 0.0

    def given_in_outage(self, stored_mwh: Sequence[Array]) -> Array:
        """What its stores could give at the meter in an outage if they held so much, MWh."""
        given = [
            np.minimum(store.given_per_mwh * held, self.most_given_mwh(store))
            for store, held in zip(self.stores, stored_mwh, strict=True)
            if store.carries_outages
        ]
        return sum(given, np.zeros(np.shape(stored_mwh[0])))

    def unclean_shares(self, grid_clean_share: Array) -> Array:
        """What of each source's energy is not clean, `(sources, steps)`; all of it counts as used here, not fed in."""
        shares = np.zeros((len(self.sources), grid_clean_share.size))
        for number, mixed in enumerate(self._of_mix):
            shares[number] = (1.0 - grid_clean_share) * mixed
        backup = len(self.drawn)
        shares[backup] = 1.0
        for number, one in enumerate(self.generators, start=backup + 1):
            shares[number] = 0.0 if one.clean else 1.0
        return shares

    @property
    def _of_mix(self) -> tuple[bool, ...]:
        """Of each way in which power is drawn whether it has the grid's mix: what clean plants deliver has not."""
        return (True,) if self.purchases is None else tuple(not way.clean for way in self.purchases.ways)

    def emission_factors(self, grid_factor_t_per_mwh: Array) -> Array:
        """Carbon dioxide of each source's energy, t per MWh, `(sources, steps)`; none of what is fed in."""
        factors = np.zeros((len(self.sources), grid_factor_t_per_mwh.size))
        for number, mixed in enumerate(self._of_mix):
            factors[number] = grid_factor_t_per_mwh * mixed
        backup = len(self.drawn)
        factors[backup] = self.backup_emission_t_per_mwh
        for number, one in enumerate(self.generators, start=backup + 1):
            factors[number] = one.emission_t_per_mwh
        return factors

    @property
    def store(self) -> Store | None:
        """The one store of a narrow facility; None where it has none."""
        return self.stores[0] if self.stores else None

    @property
    def battery(self) -> Store | None:
        """The battery, where one is built."""
        return next((store for store in self.stores if store.name == BATTERY), None)

    def cut(self, first: int, end: int) -> Facility:
        """The same in the steps `first` to before `end`."""
        part = slice(first, end)
        return replace(
            self,
            generators=tuple(replace(one, cost_myen_per_mwh=one.cost_myen_per_mwh[part]) for one in self.generators),
            stores=tuple(_cut_store(store, part) for store in self.stores),
            import_limit_mw=self.import_limit_mw[part],
            export_limit_mw=self.export_limit_mw[part],
            saved_mw=self.saved_mw[part],
            promises=tuple(one.cut(part) for one in self.promises),
            reserve_mwh=None if self.reserve_mwh is None else self.reserve_mwh[part],
            fuel_cost_myen_per_mwh=self.fuel_cost_myen_per_mwh[part],
            purchases=None if self.purchases is None else self.purchases.cut(part),
        )

    def operated(self, first: int, end: int) -> Facility:
        """The same where only the steps `first` to before `end` are operated."""
        bought = None if self.purchases is None else self.purchases.operated(first, end)
        return replace(self.cut(first, end), purchases=bought)


def read_facility(plan: Plan, resources: Resources) -> Facility:
    """The facility of a plan, under the hours of `resources`, which may be those of another year than the plan's."""
    built = plan.capacities
    grid, backup = resources.grid, resources.backup
    zero = np.zeros(resources.steps)
    possible, sold = zero, zero
    if grid is not None:
        possible = np.asarray(grid.import_share) * built["interconnection_mw"] + zero
        if grid.import_limit_mw is not None:
            possible = np.minimum(possible, grid.import_limit_mw)
        sold = np.asarray(grid.export_share) * min(built["interconnection_mw"], grid.max_export_mw) + zero
    saved = sum((m.saving_mw * built.get(f"measure_{m.name}", 0.0) for m in resources.measures), zero)
    stores = [_read_store(plan, storage, resources.step_hours) for storage in resources.storages]
    if resources.cooling_storage is not None:
        stores.append(_read_cold(plan, resources, resources.cooling_storage))
    return Facility(
        step_hours=resources.step_hours,
        delay_steps=min(round(resources.max_delay_hours / resources.step_hours), resources.block_steps),
        it_mw=built["it_mw"],
        plants=tuple(Plant(one.name, built[f"{one.name}_mw"]) for one in _built(plan, resources) if one.is_free),
        generators=tuple(
            _read_generator(plan, one, resources.step_hours) for one in _built(plan, resources) if not one.is_free
        ),
        stores=tuple(store for store in stores if store.energy_mwh > 0.0),
        import_limit_mw=possible,
        export_limit_mw=sold,
        backup_limit_mw=0.0 if backup is None else built["backup_mw"],
        saved_mw=saved,
        fuel_cost_myen_per_mwh=zero if backup is None else backup.fuel_cost_myen_per_mwh,
        backup_emission_t_per_mwh=0.0 if backup is None else backup.emission_factor_t_per_mwh,
        carbon_price_myen_per_t=resources.carbon_price_myen_per_t,
        water_price_myen_per_m3=resources.water_price_myen_per_m3,
        promises=read_promises({one.name: one.served_mw for one in plan.tranches}, resources),
        purchases=read_purchases(plan, resources),
    )


def begin(facility: Facility) -> Standing:
    """Where operation begins: stores as the plan's schedule leaves them, nothing that waits."""
    given = {one.output: one.initial_mw for one in facility.generators}
    return Standing(
        tuple(store.initial_mwh for store in facility.stores),
        0.0,
        tuple(given.get(name, 0.0) for name in facility.sources),
        (0.0,) * len(facility.promises),
        () if facility.purchases is None else facility.purchases.begin(),
    )


def equip(facility: Facility) -> Equipment:
    """The campus as an hour sees it."""
    generators = {one.output: one for one in facility.generators}
    return Equipment(
        tuple(
            HeldStore(
                store.energy_mwh,
                store.kept_per_step,
                store.wear_myen_per_mwh,
                store.own_supply,
                None if store.chillers is None else store.chillers.most_mw,
                facility.most_given_mwh(store),
            )
            for store in facility.stores
        ),
        tuple(generators[name].ramp_mw if name in generators else None for name in facility.sources),
        tuple(name in generators for name in facility.sources),
        facility.step_hours,
    )


def list_plants(plan: Plan, resources: Resources) -> tuple[str, ...]:
    """The supply options that are built."""
    return tuple(one.name for one in _built(plan, resources))


def list_uncovered(plan: Plan, resources: Resources) -> tuple[str, ...]:
    """Scenario keys of what the plan has built and operation does not know.

    Promises that need not be kept in full, a part of the highest peak that every month is charged, and a price that
    answers to what is drawn.
    """
    served = {tranche.name: tranche.served_mw for tranche in plan.tranches}
    promised = (
        f"tranche.{number}"
        for number, tranche in enumerate(resources.tranches)
        if tranche.reliability < 1.0 and served.get(tranche.name, 0.0) > 0
    )
    grid = resources.grid
    answers = ("grid.price_response",) if grid is not None and grid.price_slope_myen_per_mwh2 > 0.0 else ()
    return (*answers, *list_partial_ratchets(plan.scenario.procurement), *promised)


def list_wide(facility: Facility) -> tuple[str, ...]:
    """Scenario keys of what the compiled window does not know."""
    found = [f"supply.{one.name}" for one in facility.generators]
    found += ["storage"] if len(facility.stores) > 1 else []
    found += [store.name.replace("storage_", "storage.") for store in facility.stores if not store.is_plain]
    found += ["outage"] if facility.reserve_mwh is not None else []
    found += ["grid.max_export_mw"] if facility.sells else []
    found += ["procurement"] if facility.purchases is not None else []
    found += [f"tranche.{one.name}" for one in facility.promises]
    return tuple(found)


def served_load(plan: Plan, tranches: tuple[TrancheResource, ...]) -> Array | float:
    """IT load of the tranches that the plan serves as they arrive, MW."""
    served = {tranche.name: tranche.served_mw for tranche in plan.tranches}
    return sum((served.get(t.name, 0.0) * t.shape for t in tranches if not t.has_schedule), 0.0)


def _built(plan: Plan, resources: Resources) -> tuple[SupplyResource, ...]:
    return tuple(one for one in resources.supply if plan.capacities[f"{one.name}_mw"] > 0.0)


def _read_generator(plan: Plan, supply: SupplyResource, step_hours: float) -> Generator:
    capacity, ramp = plan.capacities[f"{supply.name}_mw"], ramp_per_step(supply, step_hours)
    return Generator(
        name=supply.name,
        capacity_mw=capacity,
        least_share=supply.least_load_share,
        ramp_mw=None if ramp is None else ramp * capacity,
        cost_myen_per_mwh=supply.output_cost(0.0),
        emission_t_per_mwh=supply.emission_t_per_mwh,
        clean=supply.clean,
        initial_mw=_last_value(plan, f"{supply.name}_mw", capacity),
    )


def _read_store(plan: Plan, storage: StorageResource, step_hours: float) -> Store:
    built = plan.capacities
    energy = _usable_mwh(plan, storage)
    return Store(
        name=storage.prefix,
        charge_limit_mw=built[f"{storage.charge_power}_mw"] * storage.charge_power_ratio,
        discharge_limit_mw=built[f"{storage.power}_mw"],
        energy_mwh=energy,
        charge_efficiency=storage.charge_efficiency,
        discharge_efficiency=storage.discharge_efficiency,
        kept_per_step=1.0 - self_discharge_per_step(storage.self_discharge_per_hour, step_hours),
        wear_myen_per_mwh=storage.throughput_cost_myen_per_mwh,
        initial_mwh=_last_value(plan, f"{storage.state}_mwh", energy),
        own_supply=storage.from_own_supply,
    )


def _usable_mwh(plan: Plan, storage: StorageResource) -> float:
    """What a storage holds; of what fades, the mean over its life that the plan counts on (`planning.storage`)."""
    energy = plan.capacities[f"{storage.energy}_mwh"]
    if not storage.fades or energy <= 0.0:
        return energy
    discharged = plan.hourly.get(f"{storage.discharge}_mw", np.zeros(1))
    drawn_mwh = float(discharged.mean()) * HOURS_PER_YEAR / storage.discharge_efficiency
    lost = storage.fade_per_year * energy + storage.fade_per_cycle * drawn_mwh
    return max(energy - lost * storage.life_years / 2.0, 0.0)


def _read_cold(plan: Plan, resources: Resources, cold: CoolingStorageResource) -> Store:
    """A store of cold as one of power: a MWh of heat takes `charge_power` to fill, and spares `power`."""
    energy = plan.capacities[f"{COLD_ENERGY}_mwh"]
    return Store(
        name=COOLING_STORAGE,
        charge_limit_mw=energy / cold.charge_hours * cold.charge_power,
        discharge_limit_mw=energy / cold.discharge_hours * cold.power,
        energy_mwh=energy,
        charge_efficiency=1.0 / np.maximum(cold.charge_power, LEAST_POWER),
        discharge_efficiency=np.maximum(cold.power, LEAST_POWER),
        kept_per_step=kept_per_step(cold, resources.step_hours),
        wear_myen_per_mwh=0.0,
        initial_mwh=_last_value(plan, f"{COLD_STATE}_mwh", energy),
        chillers=Chillers(cold.power * cold.heat_share, cold.chiller_mw_per_mw * plan.capacities["it_mw"]),
    )


def _last_value(plan: Plan, column: str, most: float) -> float:
    values = plan.hourly.get(column)
    return 0.0 if values is None else float(np.clip(values[-1], 0.0, most))


def _cut_store(store: Store, part: slice) -> Store:
    def cut(value: Array | float) -> Array | float:
        return value[part] if isinstance(value, np.ndarray) else value

    return replace(
        store,
        charge_limit_mw=cut(store.charge_limit_mw),
        discharge_limit_mw=cut(store.discharge_limit_mw),
        charge_efficiency=cut(store.charge_efficiency),
        discharge_efficiency=cut(store.discharge_efficiency),
        chillers=None
        if store.chillers is None
        else replace(store.chillers, power_mw_per_mw=store.chillers.power_mw_per_mw[part]),
    )
