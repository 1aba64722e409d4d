"""What must hold and in which money: targets, finance, and the scenario itself."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kiban.errors import Problem
from kiban.messages import Message
from kiban.scenario.compute import Cooling, CoolingStorage, Load, Tranche
from kiban.scenario.place import Site, Time, Weather
from kiban.scenario.plant import (
    CATALOGUE_PLANTS,
    HIRED_BATTERY,
    KNOWN_STORAGE,
    KNOWN_SUPPLY,
    NAME_PATTERN,
    RESERVED_BEGINNINGS,
    RESERVED_NAMES,
    Backup,
    Battery,
    Bridging,
    Grid,
    Measure,
    Outage,
    Storage,
    Supply,
)
from kiban.scenario.procurement import Procurement
from kiban.scenario.section import Document, NonNegative, Positive, Section, Share

Growth = Annotated[float, Field(ge=-0.5, le=0.5)]


class Target(Section):
    """What the design must reach, and what it makes the best of."""

    objective: Literal["cost", "emissions", "clean_share"] = "cost"
    """What is made the best of: the least cost, or the least carbon dioxide or the largest clean share for a budget."""
    budget_myen_per_year: Positive | None = None
    """What a design of least carbon dioxide or largest clean share may cost a year, million yen."""

    clean_share: Share | None = None
    """Least share of the yearly load that is matched hour by hour with clean energy."""
    carbon_price_myen_per_t: NonNegative = 0.0
    """Price on each tonne of carbon dioxide, million yen."""
    carbon_cap_t_per_year: NonNegative | None = None
    """Most carbon dioxide a year, t."""
    water_cap_m3_per_year: NonNegative | None = None
    """Most water for cooling a year, m3."""

    @model_validator(mode="after")
    def _require_budget(self) -> Target:
        if (self.objective == "cost") != (self.budget_myen_per_year is None):
            raise ValueError(Problem("target_budget", remedy="target_budget"))
        own = {"emissions": self.carbon_cap_t_per_year, "clean_share": self.clean_share}
        if own.get(self.objective) is not None:
            raise ValueError(Problem("target_twice", remedy="target_twice", name=self.objective))
        return self


Owner = Literal["large_group", "group", "start_up", "project_company", "foreign_company", "public_body"]
State = Literal["north-carolina", "alaska"]


class Finance(Section):
    """How capital is turned into yearly cost, and whose it is."""

    discount_rate: Annotated[float, Field(ge=0, le=0.5)] | None = None
    """Real weighted cost of capital before tax; absent takes the catalogue's."""
    cost_set: Literal["japan", "united-states"] = "japan"
    """Which country's costs the catalogue gives."""
    state: State | None = None
    """State of the United States whose taxes on income, property and sales come on top of federal tax, under policy
    packages; absent counts federal tax alone. Asks for `cost_set = "united-states"`."""
    price_level_of: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    """Country (ISO 3166, as `DE`) whose price level moves those costs of building and running; absent means that of the
    cost set."""
    price_path: Annotated[tuple[Positive, ...], Field(max_length=100)] = ()
    """Factor on the price of what is sold, by operating year; the last one holds on. For `kiban pay`, as all below."""
    price_escalation_per_year: Growth = 0.0
    """Real growth of that price, from the first operating year on."""
    cost_escalation_per_year: Growth = 0.0
    """Real growth of operating costs and fixed charges, power apart."""
    power_escalation_per_year: Growth = 0.0
    """Real growth of the price of power that is bought and sold."""
    output_degradation_per_year: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share by which what is sold falls from one operating year to the next."""
    debt_sizing: Literal["cover", "share"] = "cover"
    """Whether the cover of its service limits the debt, or `finance.debt_share` alone says how large it is."""
    interest_during_construction: bool = True
    """Whether interest accrues while the campus is built."""
    undepreciated: Literal["deducted", "lost"] = "deducted"
    """What becomes of tax depreciation that is left when an asset is retired or the horizon ends."""
    debt_reserve_months: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Months of the next year's debt service that are kept in cash."""
    working_reserve_months: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Months of the next year's operating costs that are kept in cash."""
    tax_rate: Annotated[float, Field(ge=0, le=0.9)] | None = None
    """Rate of income tax in place of the law's, where costs are after tax."""
    depreciation: Literal["expensing", "straight_line", "half_year", "macrs_5", "macrs_15", "macrs_20"] | None = None
    """Tax depreciation of all assets in place of the law's; `half_year` is straight line from the middle of a year."""
    depreciation_years: Annotated[int, Field(ge=2, le=50)] = 20
    """Years of `straight_line` and `half_year`."""
    owner: Owner = "large_group"
    """Who owns the campus, which decides what can be used of credits and losses: a large or a mid-size group with other
    income, a start-up with losses of its own, a company for this project alone, a foreign company without other
    income here, or a public body, which pays no tax on income or property."""

    @model_validator(mode="after")
    def _require_country_of_state(self) -> Finance:
        if self.state is not None and self.cost_set != "united-states":
            raise ValueError(Problem("state_abroad", remedy="state_abroad", name=self.state))
        return self


class Policy(Section):
    """The law and the support under which the design pays its way; without packages, costs are before tax."""

    packages: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    """Policy packages, by name or file; together they are one package."""
    start_year: Annotated[int, Field(ge=2000, le=2100)] = 2027
    """Calendar year in which the campus is built and its first assets are bought."""


class Money(Section):
    """The currency of reports; all calculation is in million yen."""

    currency: Literal["JPY", "USD"] = "JPY"
    """Currency of reports."""
    yen_per_usd: Positive | None = None
    """Exchange rate; absent takes the catalogue's."""


class Scenario(Document):
    """Everything that one plan depends on.

    A key with `_myen` may be written with `_usd` instead and given in US dollars, as in
    `price_usd_per_mwh = 80`.
    """

    name: str
    """Title of the study."""
    description: str = ""
    """What it is about."""
    base_year: Annotated[int, Field(ge=2000, le=2100)] = 2025
    """Label of weather years that have none of their own; money is at the constant prices of the catalogue."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of everything that is drawn at random."""
    site: Site
    time: Time = Time()
    weather: Weather = Weather()
    load: Load = Load()
    tranche: tuple[Tranche, ...] = ()
    """Further compute, served as far as its price pays for it."""
    cooling: Cooling = Cooling()
    cooling_storage: CoolingStorage | None = None
    """A store of cold beside the chillers; absent offers none."""
    supply: dict[str, Supply] = Field(default_factory=dict)
    """Supply options by name; a name that the catalogue does not know needs its availability and cost."""
    battery: Battery = Battery()
    storage: dict[str, Storage] = Field(default_factory=dict)
    """Storages beside the battery by name; a name that the catalogue does not know needs its costs and efficiencies."""
    grid: Grid = Grid()
    procurement: Procurement | None = None
    """How power is bought; absent buys at the wholesale price with all charges on top."""
    backup: Backup = Backup()
    bridging: Bridging | None = None
    """Hired supply until the connection is ready; absent offers none."""
    outage: Outage | None = None
    """An outage of the grid that is survived; absent asks for none."""
    measure: tuple[Measure, ...] = ()
    """Efficiency measures to choose from."""
    target: Target = Target()
    finance: Finance = Finance()
    policy: Policy = Policy()
    money: Money = Money()
    assumptions: dict[str, float] = Field(default_factory=dict)
    """Catalogue values to replace, by their id (`kiban sources` lists them)."""

    def with_tranches(self, tranches: tuple[Tranche, ...]) -> Scenario:
        """The same scenario with other tranches of compute on offer."""
        return self.model_copy(update={"tranche": tranches})

    def with_packages(self, packages: tuple[str, ...]) -> Scenario:
        """The same scenario under other policy packages."""
        return self.model_copy(update={"policy": self.policy.model_copy(update={"packages": packages})})

    @field_validator("supply")
    @classmethod
    def _require_own_supply_whole(cls, supply: dict[str, Supply]) -> dict[str, Supply]:
        for name, option in supply.items():
            if (
                name in RESERVED_NAMES
                or not re.fullmatch(NAME_PATTERN, name)
                or name.endswith(("_output", "_units"))
                or name.startswith(RESERVED_BEGINNINGS)
            ):
                raise ValueError(Problem("scenario.supply_name", name=name))
            if name in (*KNOWN_SUPPLY, *CATALOGUE_PLANTS) or not option.enabled:
                continue
            if option.availability is None:
                raise ValueError(Problem("supply_availability", name=name))
            if option.annual_cost_myen_per_mw is None and None in (
                option.capex_myen_per_mw,
                option.life_years,
            ):
                raise ValueError(Problem("supply_cost", name=name))
        return supply

    @field_validator("storage")
    @classmethod
    def _require_own_storage_whole(cls, storage: dict[str, Storage]) -> dict[str, Storage]:
        for name, option in storage.items():
            taken = name.endswith(("_charge", "_discharge")) or name in {"battery", HIRED_BATTERY}
            if taken or not re.fullmatch(NAME_PATTERN, name):
                raise ValueError(Problem("scenario.storage_name", name=name))
            if name in KNOWN_STORAGE or not option.enabled:
                continue
            if option.round_trip_efficiency is None and option.charge_efficiency is None:
                raise ValueError(Problem("scenario.storage_efficiency", name=name))
            costs = (
                (option.annual_cost_myen_per_mw, option.power_capex_myen_per_mw),
                (option.annual_cost_myen_per_mwh, option.energy_capex_myen_per_mwh),
            )
            if any(yearly is None and None in (capex, option.life_years) for yearly, capex in costs):
                raise ValueError(Problem("scenario.storage_cost", name=name))
        return storage

    @model_validator(mode="after")
    def _require_consistent_bounds(self) -> Scenario:
        pairs: list[tuple[str | Message, float, float | None]] = [
            (f"supply.{name}", option.min_mw, option.max_mw) for name, option in self.supply.items()
        ]
        pairs += [
            (f"storage.{name}", least, most)
            for name, option in self.storage.items()
            for least, most in (
                (option.min_power_mw, option.max_power_mw),
                (option.min_energy_mwh, option.max_energy_mwh),
            )
        ]
        pairs += [
            (Message("bounded.battery_power"), self.battery.min_power_mw, self.battery.max_power_mw),
            (Message("bounded.battery_energy"), self.battery.min_energy_mwh, self.battery.max_energy_mwh),
            *(
                (Message("bounded.cooling_storage"), store.min_energy_mwh, store.max_energy_mwh)
                for store in (self.cooling_storage,)
                if store is not None
            ),
            (Message("bounded.grid"), self.grid.min_mw, self.grid.max_mw),
            (Message("bounded.backup"), self.backup.min_mw, self.backup.max_mw),
            (Message("bounded.it"), self.load.min_it_capacity_mw or 0.0, self.load.max_it_capacity_mw),
        ]
        if self.procurement is not None and not self.grid.enabled:
            raise ValueError(Problem("procurement.island"))
        crossed = tuple(name for name, least, most in pairs if most is not None and least > most)
        if crossed:
            raise ValueError(Problem("crossed", names=crossed))
        tranches = [tranche.name for tranche in self.tranche]
        if len(set(tranches)) < len(tranches):
            raise ValueError(Problem("scenario.tranche_twice"))
        names = [measure.id for measure in self.measure]
        if len(set(names)) < len(names):
            raise ValueError(Problem("scenario.measure_twice"))
        known = RESERVED_NAMES | set(KNOWN_SUPPLY) | set(self.supply)
        taken = tuple(sorted(name for name in names if name in known or name.startswith(RESERVED_BEGINNINGS)))
        if taken:
            raise ValueError(Problem("scenario.measure_name", names=taken))
        return self
