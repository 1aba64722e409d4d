"""From a scenario to resources: the place, its weather, and every part of the plant.

Inputs are read once; `resources_for` then gives the numbers for one cooling system. Every input is
recorded with its origin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from kiban.arrays import Array
from kiban.calendar import year_index
from kiban.catalogue import load_catalogue
from kiban.messages import Message
from kiban.planning.after_tax import read_capital_terms, under_policy
from kiban.planning.annual_costs import CostReader
from kiban.planning.compute_load import ComputeLoad, read_compute, read_tranches
from kiban.planning.cooling_options import (
    explain_offer,
    offer_cooling,
    read_cooling,
    read_warmer_cooling,
    read_water_price,
)
from kiban.planning.grid_supply import read_backup, read_grid
from kiban.planning.inputs import Inputs
from kiban.planning.local_weather import override_weather, read_weather
from kiban.planning.provenance import Recorder
from kiban.planning.resources import (
    BackupResource,
    BatteryResource,
    GridResource,
    Resources,
    SupplyResource,
    TrancheResource,
)
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import find_place
from kiban.planning.storage_options import read_battery, read_measures
from kiban.planning.supply_options import read_supply
from kiban.policy.capital import CapitalTerms
from kiban.policy.terms import PolicyTerms
from kiban.scenario import Scenario, Tranche

if TYPE_CHECKING:
    import pandas as pd

    from kiban.scenario.package import Package
    from kiban.weather import Weather


def prepare(scenario: Scenario) -> Preparation:
    """Read what a scenario names; raises `InputError` for what cannot be used."""
    catalogue = load_catalogue()
    if scenario.assumptions:
        catalogue = catalogue.overridden(scenario.assumptions)
    preparation = Preparation(scenario, Recorder(catalogue))
    if scenario.policy.packages:
        from kiban.policy.package_terms import load_packages, say_unchecked

        preparation = preparation.under(load_packages(scenario))
        assert preparation.terms is not None
        preparation.terms = say_unchecked(preparation.terms)
    return preparation


class Preparation:
    """One scenario with its inputs at hand; made by `prepare`."""

    def __init__(self, scenario: Scenario, recorder: Recorder) -> None:
        self.scenario = scenario
        self.recorder = recorder
        self.terms: PolicyTerms | None = None
        self.credit_utilisation: Mapping[str, float] = {}
        # Shared with the same inputs under other policies.
        self._before_tax: dict[str, Resources] = {}
        self.place = find_place(scenario, recorder)
        self.horizon = Horizon(scenario, self._count_years())
        self._series = SeriesReader(scenario, self.horizon, recorder)
        self._inputs = Inputs(
            scenario=scenario,
            place=self.place,
            weather=lambda: self.weather,
            time=lambda: self.time,
            horizon=self.horizon,
            series=self._series,
            costs=CostReader(scenario, recorder),
            recorder=recorder,
        )

    def _count_years(self) -> int:
        given = self.scenario.weather
        return max(len(given.years), 1) if given.source == "none" else len(self.weather.years)

    @cached_property
    def weather(self) -> Weather:
        """Weather of whole years, read when first needed."""
        weather = read_weather(self.scenario, self.place, self.recorder)
        return override_weather(weather, self.scenario, self.recorder)

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
    def notes(self) -> tuple[Message, ...]:
        """What must be said about the inputs."""
        said = () if self.scenario.weather.source == "none" else self.weather.notes
        return (*said, *explain_offer(self._inputs))

    @cached_property
    def cooling_systems(self) -> tuple[str, ...]:
        """Systems to choose from."""
        return offer_cooling(self._inputs)

    def under(
        self,
        packages: Sequence[Package],
        *,
        credit_utilisation: Mapping[str, float] | None = None,
        without: Collection[tuple[str, int]] = (),
    ) -> Preparation:
        """The same inputs under policy packages, which change costs only; raises `InputError` for what is forbidden.

        `credit_utilisation` is the share of its credits that the owner can use within the law's limits, by asset;
        `without` leaves out instruments whose conditions are not fulfilled, by package and number.
        """
        from kiban.policy.package_terms import resolve

        changed = copy(self)
        policy = self.scenario.policy
        changed.terms = resolve(
            packages, start_year=policy.start_year, tax_law=self.scenario.finance.cost_set, without=without
        )
        changed.credit_utilisation = dict(credit_utilisation or {})
        return changed

    def offering(self, tranches: tuple[Tranche, ...]) -> Preparation:
        """The same inputs with other tranches of compute on offer."""
        changed = copy(self)
        changed.scenario = self.scenario.with_tranches(tranches)
        changed._inputs = replace(self._inputs, scenario=changed.scenario)
        changed.__dict__.pop("_tranches", None)
        changed._before_tax = {}
        return changed

    @cached_property
    def capital(self) -> CapitalTerms:
        """What the user cost of capital rests on, beside the law."""
        return read_capital_terms(self._inputs)

    def resources_for(self, cooling_system: str) -> Resources:
        """The numbers of the programme with one cooling system; raises `InputError` with all problems of its series."""
        if cooling_system not in self._before_tax:
            self._before_tax[cooling_system] = self._read_resources(cooling_system)
        before_tax = self._before_tax[cooling_system]
        return (
            before_tax
            if self.terms is None
            else under_policy(before_tax, self.terms, self.capital, self.credit_utilisation)
        )

    def _read_resources(self, cooling_system: str) -> Resources:
        scenario, target = self.scenario, self.scenario.target
        compute = self._compute
        pue, wue = read_cooling(self._inputs, cooling_system)
        resources = Resources(
            steps=self.horizon.steps,
            block_steps=self.horizon.block_steps,
            step_hours=self.horizon.step_hours,
            cooling_system=cooling_system,
            pue=pue,
            wue_m3_per_mwh=wue,
            firm_mw=compute.firm_mw,
            arrivals_mw=compute.arrivals_mw,
            max_backlog_mwh=compute.max_backlog_mwh,
            max_delay_hours=scenario.load.max_delay_hours,
            it_annual_costs_myen_per_mw=self._inputs.costs.it_capacity(
                cooling_system, compute.chips_per_mw, self.place.area
            ),
            min_it_mw=compute.min_it_mw,
            max_it_mw=compute.max_it_mw,
            unserved_price_myen_per_mwh=scenario.load.unserved_price_myen_per_mwh,
            supply=self._supply,
            battery=self._battery,
            grid=self._grid,
            backup=self._backup,
            critical_share=scenario.backup.critical_share if self._backup is not None else 0.0,
            measures=read_measures(self._inputs, pue, compute.firm_mw),
            clean_share=target.clean_share,
            carbon_price_myen_per_t=target.carbon_price_myen_per_t,
            carbon_cap_t_per_year=target.carbon_cap_t_per_year,
            water_cap_m3_per_year=target.water_cap_m3_per_year,
            water_price_myen_per_m3=read_water_price(self._inputs),
            gpus_per_mw=compute.chips_per_mw,
            tranches=self._tranches,
            tranches_need_own_it=scenario.load.min_it_capacity_mw is None,
            assets=dict(self._inputs.costs.assets),
        )
        self._series.raise_problems()
        for key in ("clean_share", "carbon_price_myen_per_t", "carbon_cap_t_per_year", "water_cap_m3_per_year"):
            if getattr(target, key):
                self.recorder.give(f"target.{key}", getattr(target, key))
        return resources

    def warmer_cooling(self, cooling_system: str) -> tuple[float, Array, Array] | None:
        """Supply temperature now; PUE and water use with one degree more, where the model gives the PUE."""
        return read_warmer_cooling(self._inputs, cooling_system)

    # What does not depend on the cooling system is read once.

    @cached_property
    def _compute(self) -> ComputeLoad:
        return read_compute(self._inputs)

    @cached_property
    def _tranches(self) -> tuple[TrancheResource, ...]:
        return read_tranches(self._inputs, self._compute)

    @cached_property
    def _supply(self) -> tuple[SupplyResource, ...]:
        return read_supply(self._inputs)

    @cached_property
    def _battery(self) -> BatteryResource | None:
        return read_battery(self._inputs)

    @cached_property
    def _grid(self) -> GridResource | None:
        return read_grid(self._inputs)

    @cached_property
    def _backup(self) -> BackupResource | None:
        return read_backup(self._inputs)
