"""Yearly cost of each asset: capital recovered over its life, and fixed operation and maintenance.

    yearly cost = capex * CRF(r, L) + fixed O&M

with the capital recovery factor CRF (`policy.annuity`) at the real discount rate r before tax over the life
L. A value that the scenario gives wins over the catalogue's; a yearly cost that it gives wins over both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from kiban.catalogue.prices import PRICE_AREAS
from kiban.errors import Problem, ScenarioError
from kiban.planning.asset_costs import AssetCost, asset_class
from kiban.planning.provenance import Recorder
from kiban.policy.annuity import capital_recovery_factor
from kiban.quantities import YEN_PER_MYEN
from kiban.scenario import Battery, CoolingStorage, Scenario
from kiban.scenario.plant import (
    CATALOGUE_PLANTS,
    COOLING_STORAGE,
    KNOWN_STORAGE,
    KNOWN_SUPPLY,
    STORAGE,
    Storage,
    Supply,
)

CATALOGUE_PREFIX = {"japan": "", "united-states": "us."}
COUNTRY_OF_SET = {"japan": "jp", "united-states": "us"}
PRICE_LEVEL = "price_level."
LOCAL_COSTS = ("capex", "fixed_om")
"""Endings of the catalogue's names of costs that a country's price level moves; chips, fuel and power it does not."""


class CostReader:
    """Yearly costs for one scenario, in million yen whatever the currency of the catalogue row.

    `assets` holds what each capacity that was asked for is made of, by the programme's name of the capacity.
    """

    def __init__(self, scenario: Scenario, recorder: Recorder) -> None:
        self._scenario = scenario
        self._recorder = recorder
        self._prefix = CATALOGUE_PREFIX[scenario.finance.cost_set]
        self.assets: dict[str, tuple[AssetCost, ...]] = {}
        row = self._prefix + "finance.discount_rate"
        self.discount_rate = recorder.prefer(scenario.finance.discount_rate, "finance.discount_rate", row)

    def take_money(self, fact_id: str) -> float:
        """A catalogue value of this cost set, US dollars converted to million yen.

        What is built and run on site costs as much more or less as the scenario's country has another price level.
        """
        name = self._prefix + fact_id
        value = self._recorder.take(name)
        if fact_id.endswith(LOCAL_COSTS):
            value *= self.price_level
        unit = self._recorder.catalogue.fact(name).unit
        return value * self.yen_per_usd / YEN_PER_MYEN if unit.startswith("usd") else value

    def take(self, fact_id: str) -> float:
        """A catalogue value of this cost set that is not money; the common row where the set has none."""
        name = self._prefix + fact_id
        return self._recorder.take(name if name in self._recorder.catalogue else fact_id)

    def knows(self, fact_id: str) -> bool:
        """Whether this cost set has the figure."""
        return self._prefix + fact_id in self._recorder.catalogue

    @cached_property
    def price_level(self) -> float:
        """Price level of the scenario's country over that of the cost set's; 1 where none is named."""
        finance = self._scenario.finance
        if finance.price_level_of is None:
            return 1.0
        known = [name.removeprefix(PRICE_LEVEL) for name in self._recorder.catalogue.facts if PRICE_LEVEL in name]
        country = finance.price_level_of.lower()
        if country not in known:
            names = tuple(sorted(name.upper() for name in known))
            raise ScenarioError(
                Problem("no_price_level", key="finance.price_level_of", name=country.upper(), names=names)
            )
        own, of_set = (self._recorder.take(PRICE_LEVEL + name) for name in (country, COUNTRY_OF_SET[finance.cost_set]))
        return own / of_set

    @property
    def yen_per_usd(self) -> float:
        """Exchange rate of the scenario, or the catalogue's."""
        given = self._scenario.money.yen_per_usd
        return self._recorder.prefer(given, "money.yen_per_usd", "money.yen_per_usd")

    def annualise(self, capex: float, life_years: float) -> float:
        """Yearly cost of `capex` over `life_years` at the scenario's discount rate."""
        return capex * capital_recovery_factor(self.discount_rate, life_years)

    def _own(
        self, capacity: str, asset: str, capex: float, life_years: float, fixed_om: float = 0.0, network: float = 0.0
    ) -> float:
        """Yearly cost of a unit of capacity that is one asset."""
        cost = AssetCost(asset, capex, life_years, fixed_om, self.annualise(capex, life_years), network)
        self.assets[capacity] = (cost,)
        return cost.annual_cost_myen

    def _hire(self, capacity: str, asset: str, annual_cost: float) -> float:
        """Yearly cost of a unit of capacity that the scenario gives outright."""
        self.assets[capacity] = (AssetCost(asset, 0.0, 1.0, annual_cost, 0.0),)
        return annual_cost

    def _given_or(self, given: float | None, key: str, fact_id: str, *, money: bool) -> float:
        if given is not None:
            self._recorder.give(key, given)
            return given
        return self.take_money(fact_id) if money else self.take(fact_id)

    def hire(self, capacity: str, annual_cost: float, asset: str | None = None) -> float:
        """Yearly cost of a unit of supply or storage that is hired: a service, and no asset."""
        return self._hire(capacity, asset or asset_class(capacity), annual_cost)

    def supply(self, name: str, option: Supply, *, capacity: str | None = None, key: str | None = None) -> float:
        """Yearly cost of a supply option, million yen per MW.

        `capacity` and `key` are its names in the programme and the scenario where it is not an option of the site.
        """
        capacity, key = capacity or name, key or f"supply.{name}"
        if option.annual_cost_myen_per_mw is not None:
            self._recorder.give(f"{key}.annual_cost_myen_per_mw", option.annual_cost_myen_per_mw)
            return self._hire(capacity, asset_class(name), option.annual_cost_myen_per_mw)
        if name not in (*KNOWN_SUPPLY, *CATALOGUE_PLANTS):
            assert option.capex_myen_per_mw is not None
            assert option.life_years is not None
            self._recorder.give(f"{key}.capex_myen_per_mw", option.capex_myen_per_mw)
            self._recorder.give(f"{key}.life_years", option.life_years)
            return self._own(
                capacity,
                asset_class(name),
                option.capex_myen_per_mw,
                option.life_years,
                option.fixed_om_myen_per_mw_year or 0.0,
            )
        given = {"capex": option.capex_myen_per_mw, "fixed_om": option.fixed_om_myen_per_mw_year}
        if any(value is None and not self.knows(f"{name}.{part}") for part, value in given.items()):
            raise ScenarioError(Problem("planning.no_supply_cost", key=key, cost_set=self._scenario.finance.cost_set))
        capex = self._given_or(option.capex_myen_per_mw, f"{key}.capex_myen_per_mw", f"{name}.capex", money=True)
        life = self._given_or(option.life_years, f"{key}.life_years", f"{name}.life", money=False)
        fixed_om = self._given_or(
            option.fixed_om_myen_per_mw_year, f"{key}.fixed_om_myen_per_mw_year", f"{name}.fixed_om", money=True
        )
        return self._own(capacity, asset_class(name), capex, life, fixed_om)

    def battery(self) -> tuple[float, float]:
        """Yearly cost of battery power and energy, million yen per MW and per MWh."""
        battery = self._scenario.battery
        given = (battery.annual_cost_myen_per_mw, battery.annual_cost_myen_per_mwh)
        for key, value in zip(("annual_cost_myen_per_mw", "annual_cost_myen_per_mwh"), given, strict=True):
            if value is not None:
                self._recorder.give(f"battery.{key}", value)
        power, energy = given
        if power is None or energy is None:
            life = self._given_or(battery.life_years, "battery.life_years", "battery.life", money=False)
            om_share = self.take("battery.fixed_om_share")
        if power is None:
            key = "battery.power_capex_myen_per_mw"
            capex = self._given_or(battery.power_capex_myen_per_mw, key, "battery.power_capex", money=True)
            power = self._own("battery_power", "battery", capex, life, om_share * capex)
        else:
            self._hire("battery_power", "battery", power)
        if energy is None:
            key = "battery.energy_capex_myen_per_mwh"
            capex = self._given_or(battery.energy_capex_myen_per_mwh, key, "battery.energy_capex", money=True)
            energy = self._own("battery_energy", "battery", capex, life, om_share * capex)
        else:
            self._hire("battery_energy", "battery", energy)
        return power, energy

    def storage(self, name: str, option: Storage) -> tuple[float, float | None, float]:
        """Yearly cost of a storage's power out, its power in where that is sized by itself, and its energy."""
        capacity, key, row = f"{STORAGE}{name}", f"storage.{name}", f"storage.{name}"

        def cost(part: str, yearly: float | None, yearly_key: str, capex: float | None, capex_key: str) -> float:
            unit = f"{capacity}_{part}"
            if yearly is not None:
                self._recorder.give(f"{key}.{yearly_key}", yearly)
                return self._hire(unit, "other_storage", yearly)
            if capex is None:
                capex = self._take_euros(f"{row}.{part}_capex")
            else:
                self._recorder.give(f"{key}.{capex_key}", capex)
            life = self._given_or(option.life_years, f"{key}.life_years", f"{row}.life", money=False)
            share = option.fixed_om_share
            if share is not None:
                self._recorder.give(f"{key}.fixed_om_share", share)
            elif name in KNOWN_STORAGE:
                # Power in that the catalogue does not size apart is kept up as power out is.
                known = f"{row}.{part}_fixed_om_share"
                share = self._recorder.take(
                    known if known in self._recorder.catalogue else f"{row}.power_fixed_om_share"
                )
            return self._own(unit, "other_storage", capex, life, (share or 0.0) * capex)

        power = cost(
            "power",
            option.annual_cost_myen_per_mw,
            "annual_cost_myen_per_mw",
            option.power_capex_myen_per_mw,
            "power_capex_myen_per_mw",
        )
        charge_power = None
        if option.sizes_charge_power or f"{row}.charge_power_capex" in self._recorder.catalogue:
            charge_power = cost(
                "charge_power",
                option.annual_cost_myen_per_charge_mw,
                "annual_cost_myen_per_charge_mw",
                option.charge_power_capex_myen_per_mw,
                "charge_power_capex_myen_per_mw",
            )
        energy = cost(
            "energy",
            option.annual_cost_myen_per_mwh,
            "annual_cost_myen_per_mwh",
            option.energy_capex_myen_per_mwh,
            "energy_capex_myen_per_mwh",
        )
        return power, charge_power, energy

    def charge(self, capacity: str, yearly_cost: float) -> None:
        """Add a yearly charge, as for operation, to each unit of a capacity that was asked for."""
        first, *others = self.assets[capacity]
        charged = replace(first, fixed_om_myen_per_year=first.fixed_om_myen_per_year + yearly_cost)
        self.assets[capacity] = (charged, *others)

    def replaced_energy(self, key: str, option: Battery) -> float:
        """Cost of a MWh of a storage that replaces what has faded, million yen; by default what a new one costs."""
        if option.augmentation_cost_myen_per_mwh is not None:
            self._recorder.give(f"{key}.augmentation_cost_myen_per_mwh", option.augmentation_cost_myen_per_mwh)
            return option.augmentation_cost_myen_per_mwh
        if option.energy_capex_myen_per_mwh is not None:
            return option.energy_capex_myen_per_mwh
        row = f"{key}.energy_capex"
        if row not in self._recorder.catalogue:
            raise ScenarioError(Problem("planning.augmentation", key=f"{key}.augmentation_cost_myen_per_mwh"))
        return self.take_money(row) if key == "battery" else self._take_euros(row)

    def storage_life(self, key: str, option: Battery) -> float:
        """Life of a storage, years."""
        row = f"{key}.life"
        if option.life_years is None and row not in self._recorder.catalogue:
            raise ScenarioError(Problem("planning.needs_life", key=f"{key}.life_years"))
        return self._given_or(option.life_years, f"{key}.life_years", row, money=False)

    def cooling_storage(self, option: CoolingStorage) -> float:
        """Yearly cost of a store of cold, million yen per MWh of heat; it is cooling equipment."""
        key, row = "cooling_storage", f"cooling_storage.{option.medium}"
        capacity = f"{COOLING_STORAGE}_energy"
        if option.annual_cost_myen_per_mwh is not None:
            self._recorder.give(f"{key}.annual_cost_myen_per_mwh", option.annual_cost_myen_per_mwh)
            return self._hire(capacity, "cooling", option.annual_cost_myen_per_mwh)
        capex = option.energy_capex_myen_per_mwh
        if capex is None:
            capex = self._take_euros(f"{row}.energy_capex")
        else:
            self._recorder.give(f"{key}.energy_capex_myen_per_mwh", capex)
        life = self._given_or(option.life_years, f"{key}.life_years", f"{row}.life", money=False)
        share = self._given_or(option.fixed_om_share, f"{key}.fixed_om_share", f"{row}.fixed_om_share", money=False)
        return self._own(capacity, "cooling", capex, life, share * capex)

    def _take_euros(self, fact_id: str) -> float:
        """A catalogue value in euros, in million yen: the same row for every cost set."""
        return self._recorder.take(fact_id) * self._recorder.take("money.yen_per_eur") / YEN_PER_MYEN

    def connection(self, area: Callable[[], str], demand_charge: float | None = None) -> float:
        """Yearly cost of the grid connection, million yen per MW: works and the network's demand charge.

        `demand_charge` is that of a dated tariff, in the place of the catalogue's for the area.
        """
        given = self._scenario.grid.annual_cost_myen_per_mw
        if given is not None:
            self._recorder.give("grid.annual_cost_myen_per_mw", given)
            return self._hire("interconnection", "interconnection", given)
        works, life = self.take_money("grid.connection_capex"), self.take("grid.life")
        grid = self._scenario.grid
        if grid.reinforcement_myen_per_mw:
            self._recorder.give("grid.reinforcement_myen_per_mw", grid.reinforcement_myen_per_mw)
            works += grid.reinforcement_borne * grid.reinforcement_myen_per_mw
        if demand_charge is None and self._prefix:
            demand_charge = 0.0
        elif demand_charge is None:  # the American industrial price per MWh has it
            charge = "wheeling" if area() in PRICE_AREAS else "tariff"
            demand_charge = self.take_money(f"grid.{area()}.{charge}_demand_charge")
        return self._own("interconnection", "interconnection", works, life, network=demand_charge)

    def backup(self, technology: str) -> float:
        """Yearly cost of backup generation, million yen per MW."""
        given = self._scenario.backup.annual_cost_myen_per_mw
        if given is not None:
            self._recorder.give("backup.annual_cost_myen_per_mw", given)
            return self._hire("backup", "backup", given)
        name = f"backup_{technology}"
        capex, life = self.take_money(f"{name}.capex"), self.take(f"{name}.life")
        return self._own("backup", "backup", capex, life, self.take_money(f"{name}.fixed_om"))

    def measure(
        self, measure_id: str, capex_myen: float | None, life_years: float | None, given: float | None
    ) -> float:
        """Yearly cost of an efficiency measure, million yen."""
        if given is not None:
            return self._hire(measure_id, "measure", given)
        assert capex_myen is not None
        assert life_years is not None
        return self._own(measure_id, "measure", capex_myen, life_years)

    def it_capacity(self, cooling_system: str, chips_per_mw: float | None, area: str | None) -> dict[str, float]:
        """Yearly cost of IT capacity by part, million yen per MW of IT.

        Building in the areas of Tokyo and Osaka costs more than in the regions by the catalogue's factors.
        """
        given = self._scenario.load.it_annual_cost_myen_per_mw
        if given is not None:
            self._recorder.give("load.it_annual_cost_myen_per_mw", given)
            return {"capacity": self._hire("it", "building", given)}
        equipment_life = self.take("datacentre.equipment.life")
        metropolis = {"tokyo": "tokyo", "kansai": "osaka"}.get(area or "") if not self._prefix else None
        dearer = self.take(f"datacentre.cost_factor.{metropolis}") if metropolis else 1.0
        prices = {
            "building": (self.take_money("datacentre.building.capex"), self.take("datacentre.building.life")),
            "electrical": (self.take_money("datacentre.electrical.capex"), equipment_life),
            "fitout": (self.take_money("datacentre.fitout.capex"), equipment_life),
            "cooling": (self.take_money(f"cooling.{cooling_system}.capex"), equipment_life),
        }
        operation = self.take_money("datacentre.fixed_om")
        assets = [
            AssetCost(part, dearer * capex, life, 0.0, self.annualise(dearer * capex, life))
            for part, (capex, life) in prices.items()
        ]
        chip = self._scenario.load.chip
        if chips_per_mw is not None:
            price = self._recorder.take(f"chip.{chip}.price") * self._recorder.take(f"chip.{chip}.server_cost_factor")
            capex = chips_per_mw * price * self.yen_per_usd / YEN_PER_MYEN
            life = self._recorder.take("chip.life")
            assets.append(AssetCost("chips", capex, life, 0.0, self.annualise(capex, life)))
        parts = {asset.asset: asset.annual_cost_myen for asset in assets}
        # Operation is a charge on the building.
        assets[0] = replace(assets[0], fixed_om_myen_per_year=operation)
        self.assets["it"] = tuple(assets)
        order = ("building", "electrical", "fitout", "cooling", "operation", "chips")
        parts["operation"] = operation
        return {part: parts[part] for part in order if part in parts}
