"""The numbers that one programme is written from: arrays over the steps and a few scalars.

Arrays have shape `(steps,)`. Power in MW, energy in MWh, money in million yen, carbon in t, water in
m3. `step_weight_h` is the number of hours of a year for which one step stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.asset_costs import AssetCost
from kiban.planning.falling_price import FallingPrice
from kiban.planning.procured import PlantResource, ProcurementResource
from kiban.scenario.plant import STORAGE


@dataclass(frozen=True, slots=True)
class SupplyResource:
    """A supply option: output per MW of capacity, cost, limits."""

    name: str
    availability: Array
    annual_cost_myen_per_mw: float
    min_mw: float
    max_mw: float
    variable_cost_myen_per_mwh: Array
    emission_t_per_mwh: float
    clean: bool
    firm_share: float
    production_credit_myen_per_mwh: float = 0.0
    """Worth of the support for each MWh delivered, before tax and levelled over the horizon."""
    ramp_share_per_hour: float | None = None
    """Most change of output in an hour, share of the capacity."""
    least_load_share: float = 0.0
    """Least output while it is available, share of the capacity."""
    unit_mw: float | None = None
    """Size of a unit where only whole ones are built."""
    embodied_t_per_mw_year: float = 0.0
    """Carbon dioxide of building, for each MW and year of the life."""

    @property
    def is_free(self) -> bool:
        """Whether output costs nothing and burdens no limit of its own, so that all of it is taken or curtailed."""
        paid = self.variable_cost_myen_per_mwh.any() or self.production_credit_myen_per_mwh
        if self.ramp_share_per_hour is not None or self.least_load_share > 0:
            return False
        return self.clean and self.emission_t_per_mwh == 0 and not paid

    @property
    def units(self) -> str:
        """Name of the number of units in the programme."""
        return f"{self.name}_units"

    def least_load(self) -> Array:
        """Least output per MW in each step: no more than what is available."""
        return np.minimum(self.least_load_share, self.availability)

    def output_cost(self, carbon_price_myen_per_t: float) -> Array:
        """Cost of each MWh of output, million yen: fuel, carbon, less the production credit."""
        carbon = carbon_price_myen_per_t * self.emission_t_per_mwh
        return self.variable_cost_myen_per_mwh + carbon - self.production_credit_myen_per_mwh


@dataclass(frozen=True, slots=True)
class StorageResource:
    """A storage: power and energy with their yearly cost, efficiencies and limits; names are those of the programme."""

    annual_cost_myen_per_mw: float
    annual_cost_myen_per_mwh: float
    min_power_mw: float
    max_power_mw: float
    min_energy_mwh: float
    max_energy_mwh: float
    min_hours: float | None
    max_hours: float | None
    charge_efficiency: float
    discharge_efficiency: float
    self_discharge_per_hour: float
    cyclic: bool
    initial_share: float
    charge_power_ratio: float = 1.0
    """Power in over power out, where both are one capacity."""
    annual_cost_myen_per_charge_mw: float | None = None
    """Yearly cost of power in where that is sized and paid by itself."""
    max_charge_power_mw: float = math.inf
    throughput_cost_myen_per_mwh: float = 0.0
    """Of each MWh discharged."""
    from_own_supply: bool = False
    """Whether it is charged by own supply alone, not from the grid and not from the backup."""
    fade_per_year: float = 0.0
    """Share of its energy capacity that it loses each year and that nothing replaces."""
    fade_per_cycle: float = 0.0
    """The same of each full cycle."""
    life_years: float = 0.0
    """Life over which that is lost; the programme has its mean."""
    name: str | None = None
    """None for the battery."""

    @property
    def fades(self) -> bool:
        """Whether it holds less than it was built for, as a mean over its life."""
        return self.fade_per_year > 0 or self.fade_per_cycle > 0

    @property
    def usable(self) -> str:
        """Capacity of what it holds as a mean over its life."""
        return f"{self.prefix}_usable" if self.fades else self.energy

    @property
    def prefix(self) -> str:
        """How its capacities and constraints are named."""
        return "battery" if self.name is None else f"{STORAGE}{self.name}"

    @property
    def power(self) -> str:
        """Capacity of its power out."""
        return f"{self.prefix}_power"

    @property
    def charge_power(self) -> str:
        """Capacity of its power in."""
        return self.power if self.annual_cost_myen_per_charge_mw is None else f"{self.prefix}_charge_power"

    @property
    def energy(self) -> str:
        """Capacity of what it holds."""
        return f"{self.prefix}_energy"

    @property
    def charge(self) -> str:
        """Power into it."""
        return self._hourly("charge")

    @property
    def discharge(self) -> str:
        """Power out of it."""
        return self._hourly("discharge")

    @property
    def state(self) -> str:
        """What it holds at the end of a step."""
        return self._hourly("state_of_charge")

    @property
    def row(self) -> str:
        """The balance of what it holds."""
        return "storage" if self.name is None else f"{self.prefix}_balance"

    @property
    def max_charge_mw(self) -> float:
        """The most that may go in, MW."""
        if self.annual_cost_myen_per_charge_mw is not None:
            return self.max_charge_power_mw
        return self.max_power_mw * self.charge_power_ratio

    def _hourly(self, flow: str) -> str:
        return flow if self.name is None else f"{self.prefix}_{flow}"


@dataclass(frozen=True, slots=True)
class CoolingStorageResource:
    """A store of cold: MWh of heat and their yearly cost, and what chillers carry and take in each step."""

    annual_cost_myen_per_mwh: float
    min_energy_mwh: float
    max_energy_mwh: float
    charge_hours: float
    discharge_hours: float
    """Hours in which it can be filled and emptied."""
    loss_per_hour: float
    heat_share: Array
    """MW of heat that chillers carry for each MW of IT."""
    power: Array
    """MW of power for each MW of heat that they carry."""
    charge_power: Array
    """The same while they fill the storage; never less."""
    chiller_mw_per_mw: float
    """Most power that the chillers of the hall can take, MW per MW of IT capacity."""


@dataclass(frozen=True, slots=True)
class GridResource:
    """The connection: yearly cost per MW, price of energy drawn (all charges in) and fed in, and its carbon."""

    annual_cost_myen_per_mw: float
    min_mw: float
    max_mw: float
    max_export_mw: float
    price_myen_per_mwh: Array
    export_price_myen_per_mwh: Array
    emission_factor_t_per_mwh: Array
    clean_share: Array
    surcharge_myen_per_mwh: float = 0.0
    """Part of the price that goes to the renewable surcharge."""
    network_charge_myen_per_mwh: float = 0.0
    """Part of the price that goes to the network."""
    import_share: Array | float = 1.0
    """Share of the connection that import may use in each step."""
    export_share: Array | float = 1.0
    """The same of export, and of its limit."""
    import_limit_mw: Array | None = None
    """Most import in each step, whatever is built; None is no such limit."""
    has_windows: bool = False
    """Whether windows of maintenance, outage or calls are part of the shares."""
    called_hours_per_year: float = 0.0
    """Hours a year in which a non-firm connection is called."""
    flexibility_mw: float = 0.0
    """Most that is sold as a fall of import on call."""
    flexibility_price_myen_per_mw_year: float = 0.0
    price_slope_myen_per_mwh2: float = 0.0
    """By how much the price rises with each MW that is drawn (`price_response`)."""
    export_slope_myen_per_mwh2: float = 0.0
    """By how much the price of what is fed in falls with each MW of it."""
    last_called: tuple[int, ...] = ()
    """Of each weather year the called step of a non-firm connection in which energy costs least."""

    @property
    def is_restricted(self) -> bool:
        """Whether import may not use the whole connection in every step."""
        return self.import_limit_mw is not None or bool(np.any(np.asarray(self.import_share) < 1.0))


@dataclass(frozen=True, slots=True)
class BackupResource:
    """Backup generators."""

    annual_cost_myen_per_mw: float
    min_mw: float
    max_mw: float
    fuel_cost_myen_per_mwh: Array
    emission_factor_t_per_mwh: float
    permitted_hours_per_year: float | None = None
    """Hours of full output a year for which it may run; None is no limit."""


@dataclass(frozen=True, slots=True)
class MeasureResource:
    """An efficiency measure, taken or not; `saving_mw` is electric."""

    name: str
    annual_cost_myen: float
    saving_mw: Array
    group: str | None


@dataclass(frozen=True, slots=True)
class TrancheResource:
    """Compute that is served only as far as it pays: `shape` is its load over the MW that are served.

    What may wait (`max_delay_hours` above 0) arrives by that shape and is served within the delay.
    """

    name: str
    least_mw: float
    offered_mw: float
    price_myen_per_mwh: float
    shape: Array
    max_delay_hours: float
    committed: str | None = None
    """`hour`, `day` or `week`: the shape in every hour, or its energy within every such period."""
    reliability: float = 1.0
    """Least share of the promised energy that is delivered over the year."""
    falling: FallingPrice | None = None
    """In the place of the price, where it falls with what is served."""

    @property
    def capacity(self) -> str:
        """Name of the served MW in the programme."""
        return f"tranche_{self.name}"

    @property
    def may_wait(self) -> bool:
        """Whether its compute may be deferred."""
        return self.max_delay_hours > 0 or self.committed in {"day", "week"}

    @property
    def has_schedule(self) -> bool:
        """Whether what is served is a decision of each step, and not the shape of what is sold."""
        return self.may_wait or self.reliability < 1


@dataclass(frozen=True, slots=True)
class OutageResource:
    """An outage of the grid that may begin in any step: its length, the share of the firm load, and fuel for backup.

    `fuel_hours` are hours of full output; infinite where fuel comes in time.
    """

    hours: float
    share: float
    fuel_hours: float

    def steps(self, resources: Resources) -> int:
        """Steps of the outage, at most those of a weather year."""
        return min(math.ceil(self.hours / resources.step_hours), resources.block_steps)


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that the programme of one site and one cooling system needs."""

    steps: int
    block_steps: int
    step_hours: float
    cooling_system: str
    pue: Array
    wue_m3_per_mwh: Array
    firm_mw: Array
    arrivals_mw: Array
    max_backlog_mwh: Array
    max_delay_hours: int
    it_annual_costs_myen_per_mw: Mapping[str, float]
    min_it_mw: float
    max_it_mw: float
    unserved_price_myen_per_mwh: float | None
    supply: tuple[SupplyResource, ...]
    battery: StorageResource | None
    grid: GridResource | None
    backup: BackupResource | None
    critical_share: float
    measures: tuple[MeasureResource, ...]
    clean_share: float | None
    carbon_price_myen_per_t: float
    carbon_cap_t_per_year: float | None
    water_cap_m3_per_year: float | None
    water_price_myen_per_m3: float
    gpus_per_mw: float | None
    tranches: tuple[TrancheResource, ...] = ()
    further_storages: tuple[StorageResource, ...] = ()
    """Storages beside the battery."""
    tranches_need_own_it: bool = False
    """Whether the least IT capacity grows with the peak of the tranches that are served."""
    loses_purchases: bool = False
    """Whether storages lose more than the own clean output, so that purchases bear the rest (`stored_energy`)."""
    cooling_storage: CoolingStorageResource | None = None
    """A store of cold beside the chillers."""
    outage: OutageResource | None = None
    """The outage that the design survives."""
    procurement: ProcurementResource | None = None
    """The ways in which power is bought; None buys at the grid's price."""
    assets: Mapping[str, tuple[AssetCost, ...]] = field(default_factory=dict)
    """What one unit of each capacity is made of."""

    @property
    def storages(self) -> tuple[StorageResource, ...]:
        """The battery and all further storages."""
        return (*(() if self.battery is None else (self.battery,)), *self.further_storages)

    @property
    def it_annual_cost_myen_per_mw(self) -> float:
        """Yearly cost of one MW of IT capacity: building, equipment, cooling, chips."""
        return sum(self.it_annual_costs_myen_per_mw.values())

    @property
    def step_weight_h(self) -> float:
        """Hours of a year for which one step stands."""
        return HOURS_PER_YEAR / self.steps

    @property
    def has_deferrable(self) -> bool:
        """Whether any compute may wait."""
        return bool(self.arrivals_mw.any())

    @property
    def load_fits_least_it(self) -> bool:
        """Whether no schedule can need more than the least IT capacity, since nothing may wait."""
        most = self.firm_mw + self.arrivals_mw
        return not self.tranches and not self.max_backlog_mwh.any() and float(most.max()) <= self.min_it_mw

    @property
    def critical_mw(self) -> float:
        """Load that backup and firm supply must cover, MW."""
        return self.critical_share * float((self.pue * self.firm_mw).max())

    @property
    def firm_energy_mwh_per_year(self) -> float:
        """Electric energy of firm compute, MWh a year."""
        return float(self.pue @ self.firm_mw) * self.step_weight_h

    @property
    def firm_water_m3_per_year(self) -> float:
        """Cooling water of firm compute, m3 a year."""
        return float(self.wue_m3_per_mwh @ self.firm_mw) * self.step_weight_h

    @property
    def has_energy_to_waste(self) -> bool:
        """Whether energy that is not free output may cost nothing, so that an optimum may throw it away.

        So it is where a price is not positive, where a measure is taken whose saving may be more than is left to supply
        in an hour, and where a plant cannot turn down as the load does.
        """
        carbon = self.carbon_price_myen_per_t
        costs = [supply.output_cost(carbon) for supply in self.supply if not supply.is_free]
        if self.grid is not None and self.procurement is None:
            costs.append(self.grid.price_myen_per_mwh + carbon * self.grid.emission_factor_t_per_mwh)
        elif self.grid is not None and self.procurement is not None:
            ways, plants = self.procurement.ways, self.procurement.plants
            costs += [self.grid.price_myen_per_mwh + way.energy_myen_per_mwh for way in ways]
            costs += [
                self.grid.price_myen_per_mwh + plant.delivered_myen_per_mwh - plant.exempt_myen_per_mwh
                for plant in plants
                if plant.delivers
            ]
        if self.backup is not None:
            costs.append(self.backup.fuel_cost_myen_per_mwh + carbon * self.backup.emission_factor_t_per_mwh)
        is_slow = any(supply.ramp_share_per_hour is not None or supply.least_load_share > 0 for supply in self.supply)
        return is_slow or bool(self.measures) or any(bool((cost <= 0).any()) for cost in costs)

    @property
    def may_save_too_much(self) -> bool:
        """Whether measures that may be taken together save more than the firm load of some hour."""
        most: dict[str, Array] = {}
        for measure in self.measures:
            group = measure.name if measure.group is None else f"group {measure.group}"
            most[group] = np.maximum(most.get(group, 0.0), measure.saving_mw)
        served = self.firm_mw if self.unserved_price_myen_per_mwh is None else np.zeros(self.steps)
        return bool((sum(most.values(), np.zeros(self.steps)) > self.pue * served).any())

    @property
    def purchases_of_mix(self) -> tuple[str, ...]:
        """Hourly variables of energy that has the grid's mix: all that is drawn, without what clean plants deliver."""
        return ("import",) if self.procurement is None else tuple(way.bought for way in self.procurement.ways)

    @property
    def clean_plants_elsewhere(self) -> tuple[PlantResource, ...]:
        """Plants elsewhere whose power or price is bought; all of them are clean."""
        return () if self.procurement is None else self.procurement.plants

    def unclean_shares(self) -> Iterator[tuple[str, Array]]:
        """Hourly variables whose energy is not clean, with the share of each that is not."""
        if self.grid is not None:
            for name in self.purchases_of_mix:
                yield name, 1.0 - self.grid.clean_share
        if self.backup is not None:
            yield "backup_output", np.ones(self.steps)
        for supply in self.supply:
            if not supply.clean:
                yield f"{supply.name}_output", np.ones(self.steps)

    def emission_factors(self) -> Iterator[tuple[str, Array]]:
        """Hourly variables that emit, with t of carbon dioxide per MWh."""
        if self.grid is not None:
            for name in self.purchases_of_mix:
                yield name, self.grid.emission_factor_t_per_mwh
        if self.backup is not None:
            yield "backup_output", np.full(self.steps, self.backup.emission_factor_t_per_mwh)
        for supply in self.supply:
            if supply.emission_t_per_mwh > 0:
                yield f"{supply.name}_output", np.full(self.steps, supply.emission_t_per_mwh)


def serve(resources: Resources, served_mw: Mapping[str, float]) -> Resources:
    """The same resources where each tranche named is served by that many MW, whatever it pays."""
    tranches = tuple(
        replace(tranche, least_mw=served_mw[tranche.name], offered_mw=served_mw[tranche.name])
        if tranche.name in served_mw
        else tranche
        for tranche in resources.tranches
    )
    return replace(resources, tranches=tranches)
