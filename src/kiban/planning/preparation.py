"""From a scenario to resources: the place, its weather, and every part of the plant.

Inputs are read once; `resources_for` then gives the numbers for one cooling system. Every input is
recorded with its origin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import as_problems
from kiban.messages import Message
from kiban.planning.after_tax import read_capital_terms, under_policy
from kiban.planning.bridging import read_bridging, read_hired_batteries
from kiban.planning.compute_load import ComputeLoad, read_compute, read_tranches
from kiban.planning.cooling_options import (
    explain_offer,
    offer_cooling,
    read_cooling,
    read_cooling_storage,
    read_warmer_cooling,
    read_water_price,
)
from kiban.planning.falling_price import FallingPrice
from kiban.planning.grid_supply import read_backup, read_grid, read_outage
from kiban.planning.inputs import Inputs, open_inputs
from kiban.planning.market_prices import has_market, read_market_price
from kiban.planning.price_response import answer_to_load
from kiban.planning.procured import ProcurementResource
from kiban.planning.procurement_checks import check_contract_power, check_exemption
from kiban.planning.procurement_options import read_procurement
from kiban.planning.provenance import Recorder
from kiban.planning.resources import (
    BackupResource,
    GridResource,
    Resources,
    StorageResource,
    SupplyResource,
)
from kiban.planning.series_inputs import Horizon
from kiban.planning.site_facts import Place
from kiban.planning.storage_options import read_battery, read_measures, read_storages
from kiban.planning.supply_options import read_supply
from kiban.policy.capital import CapitalTerms
from kiban.policy.terms import PolicyTerms
from kiban.scenario import Scenario, Tranche
from kiban.scenario.plausibility import note_doubts, refuse_slips

if TYPE_CHECKING:
    import pandas as pd

    from kiban.scenario.package import Package
    from kiban.weather import Weather


def prepare(scenario: Scenario) -> Preparation:
    """Read what a scenario names; raises `InputError` for what cannot be used."""
    catalogue = load_catalogue()
    if scenario.assumptions:
        catalogue = catalogue.overridden(scenario.assumptions)
    refuse_slips(scenario)
    with as_problems():
        inputs = open_inputs(scenario, Recorder(catalogue))
    preparation = Preparation(scenario, inputs, Plant(inputs))
    if scenario.policy.packages:
        from kiban.policy.package_terms import load_packages, say_unchecked

        preparation = preparation.under(load_packages(scenario))
        assert preparation.terms is not None
        preparation = replace(preparation, terms=say_unchecked(preparation.terms))
    return preparation


@dataclass(frozen=True, eq=False)
class Plant:
    """What is the same whatever the cooling system, the policy and the tranches on offer: each part is read once."""

    inputs: Inputs

    @cached_property
    def cooling_systems(self) -> tuple[str, ...]:
        """Systems to choose from."""
        return offer_cooling(self.inputs)

    @cached_property
    def capital(self) -> CapitalTerms:
        """What the user cost of capital rests on, beside the law."""
        return read_capital_terms(self.inputs)

    @cached_property
    def compute(self) -> ComputeLoad:
        """The load that has no price of its own."""
        return read_compute(self.inputs)

    @cached_property
    def supply(self) -> tuple[SupplyResource, ...]:
        """Supply options."""
        return (*read_supply(self.inputs), *read_bridging(self.inputs))

    @cached_property
    def battery(self) -> StorageResource | None:
        """The battery, if one may be built."""
        return read_battery(self.inputs)

    @cached_property
    def further_storages(self) -> tuple[StorageResource, ...]:
        """The storages beside the battery, hired ones among them."""
        return (*read_storages(self.inputs), *read_hired_batteries(self.inputs))

    @cached_property
    def market_price(self) -> Array:
        """The wholesale price of the campus's area."""
        return read_market_price(self.inputs)

    @cached_property
    def grid(self) -> GridResource | None:
        """The grid connection, if one may be built."""
        grid = read_grid(self.inputs, lambda: self.market_price)
        return None if grid is None else answer_to_load(grid, self.inputs, self._mean_load_mw)

    def _mean_load_mw(self) -> float:
        """Mean IT load: what is firm, and where nothing is, what the scenario offers beside it."""
        if self.compute.mean_mw > 0:
            return self.compute.mean_mw
        offered = read_tranches(self.inputs.scenario.tranche, self.inputs, self.compute, {})
        return sum(one.offered_mw * float(one.shape.mean()) for one in offered)

    @cached_property
    def procurement(self) -> ProcurementResource | None:
        """The ways to buy power, if the scenario names them."""
        return read_procurement(self.inputs, (lambda: self.market_price) if has_market(self.inputs) else None)

    @cached_property
    def backup(self) -> BackupResource | None:
        """The backup, if one may be built."""
        return read_backup(self.inputs)


@dataclass(frozen=True, eq=False)
class Preparation:
    """One scenario with its inputs at hand, under a policy; made by `prepare`.

    `credit_utilisation` is the share of its credits that the owner can use within the law's limits, by asset.
    """

    scenario: Scenario
    """With the tranches that are on offer."""
    inputs: Inputs
    plant: Plant
    terms: PolicyTerms | None = None
    credit_utilisation: Mapping[str, float] = field(default_factory=dict)
    falling: Mapping[str, FallingPrice] = field(default_factory=dict)
    """Tranches whose price falls with what is served, by name."""
    financed_share: float | None = None
    """Share of the capital in use that debt pays for, where it is known."""
    discount_rate: float | None = None
    """Real rate before tax of designs under a policy, where it is not that of the scenario."""
    aim: Resources | None = None
    """What is built where the objective is not the cost: its cooling system and targets were found before."""
    before_tax: dict[str, Resources] = field(default_factory=dict)
    """Resources by cooling system, shared with the same inputs under other policies."""

    @property
    def recorder(self) -> Recorder:
        """Every input that was read, with its origin."""
        return self.inputs.recorder

    @property
    def place(self) -> Place:
        """Where the campus stands."""
        return self.inputs.place

    @property
    def horizon(self) -> Horizon:
        """The steps."""
        return self.inputs.horizon

    @property
    def weather(self) -> Weather:
        """Weather of whole years."""
        return self.inputs.weather

    @property
    def time(self) -> pd.DatetimeIndex:
        """Start of each step of the horizon."""
        return self.inputs.time

    @property
    def notes(self) -> tuple[Message, ...]:
        """What must be said about the inputs."""
        doubts = (*note_doubts(self.scenario), *(doubt.note() for doubt in self.inputs.series.doubts))
        said = () if self.scenario.weather.source == "none" else self.weather.notes
        return (*doubts, *said, *explain_offer(self.inputs))

    @property
    def cooling_systems(self) -> tuple[str, ...]:
        """Systems to choose from."""
        return self.plant.cooling_systems if self.aim is None else (self.aim.cooling_system,)

    @property
    def capital(self) -> CapitalTerms:
        """What the user cost of capital rests on, beside the law."""
        capital = self.plant.capital
        if self.discount_rate is not None:
            capital = replace(capital, discount_rate=self.discount_rate)
        return capital if self.financed_share is None else replace(capital, debt_share=self.financed_share)

    def under(
        self,
        packages: Sequence[Package],
        *,
        credit_utilisation: Mapping[str, float] | None = None,
        without: Collection[tuple[str, int]] = (),
        financed_share: float | None = None,
    ) -> Preparation:
        """The same inputs under policy packages, which change costs only; raises `InputError` for what is forbidden.

        `without` leaves out instruments whose conditions are not fulfilled, by package and number. `financed_share` is
        the share of the capital in use that debt pays for, on which cheaper debt saves.
        """
        from kiban.policy.own_terms import resolve_for
        from kiban.policy.package_terms import read_construction_years

        terms = resolve_for(
            packages,
            self.scenario.finance,
            start_year=self.scenario.policy.start_year,
            construction_years=read_construction_years(self.recorder.catalogue),
            catalogue=self.recorder.catalogue,
            without=without,
        )
        return replace(
            self,
            terms=terms,
            credit_utilisation=dict(credit_utilisation or {}),
            financed_share=financed_share,
        )

    def at_rate(self, discount_rate: float) -> Preparation:
        """The same inputs where capital costs this under a policy: a real rate before tax."""
        return replace(self, discount_rate=discount_rate)

    def offering(self, tranches: tuple[Tranche, ...], falling: Mapping[str, FallingPrice] | None = None) -> Preparation:
        """The same inputs with other tranches of compute on offer; the price of some falls with what is served."""
        offered = self.scenario.with_tranches(tranches)
        return replace(self, scenario=offered, falling=dict(falling or {}), before_tax={})

    def resources_for(self, cooling_system: str) -> Resources:
        """The numbers of the programme with one cooling system; raises `InputError` with all problems of its series."""
        if self.aim is not None:
            return self.aim
        if cooling_system not in self.before_tax:
            with as_problems():
                self.before_tax[cooling_system] = self._read_resources(cooling_system)
        before_tax = self.before_tax[cooling_system]
        return (
            before_tax
            if self.terms is None
            else under_policy(before_tax, self.terms, self.capital, self.credit_utilisation)
        )

    def aiming_at(self, resources: Resources) -> Preparation:
        """The same inputs for one cooling system, with the targets that its resources have."""
        return replace(self, aim=resources)

    def warmer_cooling(self, cooling_system: str) -> tuple[float, Array, Array] | None:
        """Supply temperature now; PUE and water use with one degree more, where the model gives the PUE."""
        with as_problems():
            return read_warmer_cooling(self.inputs, cooling_system)

    def _read_resources(self, cooling_system: str) -> Resources:
        inputs, plant, scenario = self.inputs, self.plant, self.scenario
        target, compute = scenario.target, plant.compute
        pue, wue = read_cooling(inputs, cooling_system)
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
            it_annual_costs_myen_per_mw=inputs.costs.it_capacity(cooling_system, compute.chips_per_mw, self.place.area),
            min_it_mw=compute.min_it_mw,
            max_it_mw=compute.max_it_mw,
            unserved_price_myen_per_mwh=scenario.load.unserved_price_myen_per_mwh,
            supply=plant.supply,
            battery=plant.battery,
            further_storages=plant.further_storages,
            cooling_storage=read_cooling_storage(inputs, cooling_system),
            grid=plant.grid,
            backup=plant.backup,
            critical_share=scenario.backup.critical_share if plant.backup is not None else 0.0,
            measures=read_measures(inputs, pue, compute.firm_mw),
            clean_share=target.clean_share or None,
            carbon_price_myen_per_t=target.carbon_price_myen_per_t,
            carbon_cap_t_per_year=target.carbon_cap_t_per_year,
            water_cap_m3_per_year=target.water_cap_m3_per_year,
            water_price_myen_per_m3=read_water_price(inputs),
            gpus_per_mw=compute.chips_per_mw,
            tranches=read_tranches(scenario.tranche, inputs, compute, self.falling),
            tranches_need_own_it=scenario.load.min_it_capacity_mw is None,
            outage=read_outage(inputs),
            procurement=plant.procurement,
            assets=dict(inputs.costs.assets),
        )
        inputs.series.raise_problems()
        check_contract_power(resources)
        check_exemption(self.inputs, resources)
        for key in ("clean_share", "carbon_price_myen_per_t", "carbon_cap_t_per_year", "water_cap_m3_per_year"):
            if getattr(target, key):
                self.recorder.give(f"target.{key}", getattr(target, key))
        return resources
