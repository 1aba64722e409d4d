"""From a scenario to resources: the place, its weather, supply, cooling, compute, grid and costs.

Inputs are read once; `resources_for` then gives the numbers for one cooling system. Every input is
recorded with its origin.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kiban.calendar import hour_of_step, year_index
from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError, nearest
from kiban.linear.staircase import Array
from kiban.physics.compute import allowed_backlog, gpu_hours_per_mwh, inference_shape
from kiban.planning.annual_costs import CostReader
from kiban.planning.grid_supply import read_backup, read_grid
from kiban.planning.inputs import Inputs
from kiban.planning.local_weather import read_weather, with_overrides
from kiban.planning.provenance import Recorder
from kiban.planning.resources import (
    BackupResource,
    BatteryResource,
    GridResource,
    MeasureResource,
    Resources,
    SupplyResource,
)
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import find_place, take_site_fact
from kiban.planning.supply_options import read_supply
from kiban.scenario import Scenario, SeriesReference

if TYPE_CHECKING:
    import pandas as pd

    from kiban.weather import Weather

LITRES_PER_KWH_IN_M3_PER_MWH = 1.0  # 1 l/kWh is 1 m3/MWh


class Preparation:
    """One scenario with its inputs at hand; made by `prepare`."""

    def __init__(self, scenario: Scenario, recorder: Recorder) -> None:
        self.scenario = scenario
        self.recorder = recorder
        self.place = find_place(self.scenario, self.recorder)
        self.horizon = Horizon(self.scenario, self._count_years())
        self._series = SeriesReader(self.scenario, self.horizon, self.recorder)
        self.costs = CostReader(self.scenario, self.recorder)
        self._inputs = Inputs(
            scenario, self.place, lambda: self.weather, self.horizon, self._series, self.costs, recorder
        )

    def _count_years(self) -> int:
        source = self.scenario.weather.source
        if source == "none":
            return max(len(self.scenario.weather.years), 1)
        return len(self.weather.years)

    @cached_property
    def weather(self) -> Weather:
        """Weather of whole years, read when first needed."""
        weather = read_weather(self.scenario, self.place, self.recorder)
        given = self.scenario.weather
        if given.temperature_c is None and given.wind_speed_m_s is None:
            return weather
        horizon = Horizon(self.scenario, len(weather.years))
        series = SeriesReader(self.scenario, horizon, self.recorder)
        temperature = wind = None
        if given.temperature_c is not None:
            temperature = series.read(
                given.temperature_c, "weather.temperature_c", unit="degC", lower=-90.0, upper=60.0, whole_years=True
            )
        if given.wind_speed_m_s is not None:
            wind = series.read(
                given.wind_speed_m_s, "weather.wind_speed_m_s", unit="m/s", lower=0.0, upper=120.0, whole_years=True
            )
        series.raise_problems()
        return with_overrides(weather, temperature, wind, given.wind_height_m)

    @cached_property
    def time(self) -> pd.DatetimeIndex:
        """Start of each step of the horizon."""
        if self.scenario.weather.source != "none":
            whole = self.weather.time
        else:
            years = self.scenario.weather.years or (self.scenario.base_year,)
            whole = year_index(list(years), self.place.utc_offset_hours, self.scenario.time.step_hours)
        return whole[self.horizon.positions]

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said about the inputs."""
        said = [] if self.scenario.weather.source == "none" else list(self.weather.notes)
        return (*said, *self._cooling_notes)

    @cached_property
    def cooling_systems(self) -> tuple[str, ...]:
        """Systems to choose from."""
        chosen = self.scenario.cooling
        if chosen.system != "auto":
            return (chosen.system,)
        if chosen.pue is not None and self.scenario.load.it_annual_cost_myen_per_mw is not None:
            return ("given",)
        if not self._chip_needs_liquid:
            return chosen.candidates
        liquid = tuple(system for system in chosen.candidates if system in LIQUID_SYSTEMS)
        return liquid or chosen.candidates

    @cached_property
    def _chip_needs_liquid(self) -> bool:
        chip = self.scenario.load.chip
        name = f"chip.{chip}.liquid_cooled"
        return name in self.recorder.catalogue and bool(self.recorder.take(name))

    @property
    def _cooling_notes(self) -> tuple[str, ...]:
        if self.scenario.cooling.system == "auto" and self._chip_needs_liquid:
            return (f"{self.scenario.load.chip} racks are liquid-cooled: air-cooled systems are not offered",)
        return ()

    def resources_for(self, cooling_system: str) -> Resources:
        """The numbers of the programme with one cooling system; raises `InputError` with all problems of its series."""
        scenario, horizon, recorder = self.scenario, self.horizon, self.recorder
        target, load = scenario.target, scenario.load
        pue, wue = self._cooling(cooling_system, None)
        firm, arrivals = self._compute
        delay_steps = round(load.max_delay_hours / horizon.step_hours)
        backlog = allowed_backlog(
            arrivals * horizon.step_hours, min(delay_steps, horizon.block_steps), horizon.block_steps
        )
        resources = Resources(
            steps=horizon.steps,
            block_steps=horizon.block_steps,
            step_hours=horizon.step_hours,
            cooling_system=cooling_system,
            pue=pue,
            wue_m3_per_mwh=wue * LITRES_PER_KWH_IN_M3_PER_MWH,
            firm_mw=firm,
            arrivals_mw=arrivals,
            max_backlog_mwh=backlog,
            max_delay_hours=load.max_delay_hours,
            it_annual_costs_myen_per_mw=self.costs.it_capacity(cooling_system, self._chips_per_mw, self.place.area),
            min_it_mw=self._min_it_mw(firm, arrivals),
            max_it_mw=_or_unlimited(load.max_it_capacity_mw),
            unserved_price_myen_per_mwh=load.unserved_price_myen_per_mwh,
            supply=self._supply,
            battery=self._battery,
            grid=self._grid,
            backup=self._backup,
            critical_share=scenario.backup.critical_share if self._backup is not None else 0.0,
            measures=self._measures(pue, firm),
            clean_share=target.clean_share,
            carbon_price_myen_per_t=target.carbon_price_myen_per_t,
            carbon_cap_t_per_year=target.carbon_cap_t_per_year,
            water_cap_m3_per_year=target.water_cap_m3_per_year,
            water_price_myen_per_m3=self._water_price,
            gpus_per_mw=self._chips_per_mw,
        )
        self._series.raise_problems()
        for key in ("clean_share", "carbon_price_myen_per_t", "carbon_cap_t_per_year", "water_cap_m3_per_year"):
            if getattr(target, key):
                recorder.give(f"target.{key}", getattr(target, key))
        return resources

    def warmer_supply(self, cooling_system: str) -> tuple[float, Array, Array] | None:
        """Supply temperature now; PUE and WUE with one degree more, where the model gives the PUE."""
        if self.scenario.cooling.pue is not None or cooling_system == "given":
            return None
        base = self.scenario.cooling.supply_temperature_c
        if base is None:
            base = self.recorder.catalogue.value(f"cooling.{cooling_system}.supply_temperature_c")
        pue, wue = self._cooling(cooling_system, base + 1.0)
        return base, pue, wue * LITRES_PER_KWH_IN_M3_PER_MWH

    def _cooling(self, system: str, supply_temperature_c: float | None) -> tuple[Array, Array]:
        given, horizon = self.scenario.cooling, self.horizon
        modelled: tuple[Array, Array] | None = None
        needs_model = given.pue is None or (given.wue_l_per_kwh is None and self.scenario.weather.source != "none")
        if needs_model and system != "given":
            modelled = self._modelled_cooling(system, supply_temperature_c)
        if given.pue is not None:
            pue = self._series.read(given.pue, "cooling.pue", unit="", lower=1.0, upper=5.0)
        else:
            assert modelled is not None
            pue = horizon.cut(modelled[0])
        if given.wue_l_per_kwh is not None:
            wue = self._series.read(given.wue_l_per_kwh, "cooling.wue_l_per_kwh", unit="l/kWh", lower=0.0)
        else:
            wue = np.zeros(horizon.steps) if modelled is None else horizon.cut(modelled[1])
        return pue, wue

    def _modelled_cooling(self, system: str, supply_temperature_c: float | None) -> tuple[Array, Array]:
        from kiban.physics.cooling import cooling_performance, cooling_rows, cooling_system

        parameters = {row: self.recorder.take(row) for row in cooling_rows(system)}
        supply = supply_temperature_c
        if supply is None and self.scenario.cooling.supply_temperature_c is not None:
            supply = self.scenario.cooling.supply_temperature_c
            self.recorder.give("cooling.supply_temperature_c", supply, "degC")
        weather = self.weather
        return cooling_performance(
            cooling_system(system, parameters),
            weather.temperature_c,
            weather.relative_humidity_pct,
            weather.pressure_hpa,
            supply_temperature_c=supply,
        )

    @cached_property
    def _compute(self) -> tuple[Array, Array]:
        """Firm load and arrivals of deferrable compute, MW of IT."""
        load, horizon = self.scenario.load, self.horizon
        it_load = self._series.read(load.it_load_mw, "load.it_load_mw", unit="MW", lower=0.0)
        if isinstance(load.it_load_mw, SeriesReference):
            firm = it_load
            arrivals = np.zeros(horizon.steps)
            if load.deferrable_mw is None and load.deferrable_share > 0:
                arrivals = load.deferrable_share * it_load
                firm = it_load - arrivals
        else:
            share = 0.0 if load.deferrable_mw is not None else load.deferrable_share
            firm = (1.0 - share) * it_load * self._firm_shape()
            arrivals = share * it_load
        if load.deferrable_mw is None:
            self.recorder.settle(load, "deferrable_share", "load.deferrable_share")
        self.recorder.settle(load, "max_delay_hours", "load.max_delay_hours", "h")
        if load.deferrable_mw is not None:
            arrivals = self._series.read(load.deferrable_mw, "load.deferrable_mw", unit="MW", lower=0.0)
        return firm, arrivals

    def _firm_shape(self) -> Array:
        if self.scenario.load.firm_shape == "flat":
            return np.ones(self.horizon.steps)
        take, horizon = self.recorder.take, self.horizon
        hours = np.tile(hour_of_step(horizon.step_hours), horizon.years).astype(np.float64)
        weekend = np.asarray(self.time.day_of_week >= 5)
        return inference_shape(
            horizon.cut(hours),
            weekend,
            trough_share=take("inference.trough_share"),
            peak_hour=take("inference.peak_hour"),
            weekend_share=take("inference.weekend_share"),
        )

    def _min_it_mw(self, firm: Array, arrivals: Array) -> float:
        load = self.scenario.load
        if load.min_it_capacity_mw is not None:
            self.recorder.give("load.min_it_capacity_mw", load.min_it_capacity_mw, "MW")
            return load.min_it_capacity_mw
        peak = float((firm + arrivals).max())
        least = min(peak, _or_unlimited(load.max_it_capacity_mw))
        self.recorder.record("load.min_it_capacity_mw", f"{least:g}", "MW", "peak of the load as it arrives", "derived")
        return least

    @cached_property
    def _chips_per_mw(self) -> float | None:
        chip = self.scenario.load.chip
        if chip == "none":
            return None
        if f"chip.{chip}.power" not in self.recorder.catalogue:
            known = [name.split(".")[1] for name in self.recorder.catalogue.values("chip.") if name.endswith(".power")]
            remedy = nearest(chip, known) or f"choose one of {', '.join(known)}, or none"
            raise ScenarioError(Problem(f"'{chip}' is not a chip of the catalogue", key="load.chip", remedy=remedy))
        factor = self.recorder.take(f"chip.{chip}.server_power_factor")
        return gpu_hours_per_mwh(self.recorder.take(f"chip.{chip}.power"), factor)

    @cached_property
    def _supply(self) -> tuple[SupplyResource, ...]:
        return read_supply(self._inputs)

    @cached_property
    def _grid(self) -> GridResource | None:
        return read_grid(self._inputs)

    @cached_property
    def _backup(self) -> BackupResource | None:
        return read_backup(self._inputs)

    @cached_property
    def _battery(self) -> BatteryResource | None:
        battery = self.scenario.battery
        if not battery.enabled:
            return None
        from kiban.physics.battery import one_way_efficiencies

        power, energy = self.costs.battery()
        efficiency = battery.round_trip_efficiency
        if efficiency is None:
            efficiency = self.costs.take("battery.round_trip_efficiency")
        else:
            self.recorder.give("battery.round_trip_efficiency", efficiency)
        loss = battery.self_discharge_per_hour
        if loss is None:
            loss = self.costs.take("battery.self_discharge_per_hour")
        else:
            self.recorder.give("battery.self_discharge_per_hour", loss)
        charge, discharge = one_way_efficiencies(efficiency)
        return BatteryResource(
            annual_cost_myen_per_mw=power,
            annual_cost_myen_per_mwh=energy,
            min_power_mw=battery.min_power_mw,
            max_power_mw=_or_unlimited(battery.max_power_mw),
            min_energy_mwh=battery.min_energy_mwh,
            max_energy_mwh=_or_unlimited(battery.max_energy_mwh),
            min_hours=battery.min_hours,
            max_hours=battery.max_hours,
            charge_efficiency=charge,
            discharge_efficiency=discharge,
            self_discharge_per_hour=loss,
            cyclic=battery.cyclic,
            initial_share=battery.initial_share,
        )

    def _measures(self, pue: Array, firm: Array) -> tuple[MeasureResource, ...]:
        made = []
        for measure in self.scenario.measure:
            key = f"measure.{measure.id}"
            if measure.saving_share is not None:
                self.recorder.give(f"{key}.saving_share", measure.saving_share)
                saving = measure.saving_share * pue * firm
            else:
                assert measure.saving_mw is not None
                saving = self._series.read(measure.saving_mw, f"{key}.saving_mw", unit="MW", lower=0.0)
            cost = measure.annual_cost_myen
            if cost is None:
                assert measure.capex_myen is not None
                assert measure.life_years is not None
                cost = self.costs.annualise(measure.capex_myen, measure.life_years)
            self.recorder.give(f"{key}.annual_cost_myen", cost)
            made.append(MeasureResource(measure.id, cost, saving, measure.group))
        return tuple(made)

    @cached_property
    def _water_price(self) -> float:
        if self.scenario.finance.cost_set == "japan":
            local = take_site_fact(self.place, "water_price", self.recorder)
            if local is not None:
                return local
        return self.costs.take_money("datacentre.water_price")


LIQUID_SYSTEMS = frozenset({"direct_liquid", "immersion"})


def prepare(scenario: Scenario) -> Preparation:
    """Read what a scenario names; raises `InputError` for what cannot be used."""
    catalogue = load_catalogue()
    if scenario.assumptions:
        catalogue = catalogue.overridden(scenario.assumptions)
    return Preparation(scenario, Recorder(catalogue))


def _or_unlimited(limit: float | None) -> float:
    return math.inf if limit is None else limit
