"""What may be built: supply, battery, grid connection, backup and efficiency measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kiban.errors import Problem
from kiban.scenario.connection import ConnectionWindow, Contract, NonFirm
from kiban.scenario.section import (
    HourlyInput,
    Life,
    NonNegative,
    NonNegativeHourly,
    Positive,
    Section,
    SeriesReference,
    Share,
    ShareHourly,
)

NAME_PATTERN = "^[a-z][a-z0-9_]*$"
KNOWN_SUPPLY = ("pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro")
CATALOGUE_PLANTS = ("nuclear_smr", "gas_ccs")
"""Plants that burn or split a fuel and that the catalogue knows; offered only where a scenario names them."""
CAPTURING_PLANTS = frozenset({"gas_ccs"})
"""Those of them that capture carbon dioxide; not clean unless the scenario says so, since a part escapes."""

RESERVED_NAMES = frozenset(
    {
        *(
            "bridging_gas",
            "battery_power",
            "battery_energy",
            "battery_usable",
            "it",
            "interconnection",
            "flexibility",
            "backup",
            "curtailment",
            "charge",
            "discharge",
        ),
        *("state_of_charge", "unserved", "served", "dropped", "backlog", "import", "export", "backup_output"),
    }
)
"""Names that the programme gives to its own decisions."""
HIRED_BATTERY = "bridging_battery"
"""Storage that is hired, a name that no other has."""
TRANCHE = "tranche_"
"""Beginning of the names of the decisions on tranches of compute."""
STORAGE = "storage_"
"""Beginning of the names of the decisions on storages beside the battery."""
COOLING_STORAGE = "cooling_storage"
"""The store of cold, and the beginning of the names of its decisions."""
RESERVED_BEGINNINGS = (
    *(TRANCHE, STORAGE, COOLING_STORAGE, "put_", "taken_", "held_", "kept_", "sold_", "standing_"),
    *("procured_", "contracted_", "billed_", "bought_", "certified_"),
)
"""Beginnings of such names; those after the storages are of the account of stored and sold energy, then of what is
bought (`procurement`)."""


MOST_AVAILABILITY = 1.5
"""Output per MW of capacity that a scenario may give at most: in the cold a gas turbine gives more than its rating."""
Availability = Annotated[float, Field(ge=0, le=MOST_AVAILABILITY)] | SeriesReference


class Supply(Section):
    """A supply option; every key that is absent takes the catalogue's value for the technology and site.

    Beside what needs no fuel the catalogue knows `nuclear_smr` and `gas_ccs`: with their running cost, emissions, least
    load, ramp and units.
    """

    enabled: bool = True
    """`false` leaves the option out."""
    min_mw: NonNegative = 0.0
    """Capacity that must be built, MW."""
    max_mw: NonNegative | None = None
    """Limit of capacity at the site, MW."""
    availability: Availability | None = None
    """Output per MW of capacity, instead of the physical model's; above 1 where a plant gives more than its rating."""
    degradation_per_year: Annotated[float, Field(ge=0, le=0.1)] = 0.0
    """Share of its output that a plant loses each year of its life; the plan has the mean year of the life."""
    ramp_share_per_hour: Positive | None = None
    """Most change of output in an hour, up or down, share of the capacity; absent means no limit."""
    least_load_share: Share | None = None
    """Least output of what is built while it is available, share of the capacity; absent means none."""
    unit_mw: Positive | None = None
    """Size of a unit: only whole units are built; absent lets any number of MW be built."""
    embodied_t_per_mw: NonNegative = 0.0
    """Carbon dioxide of building one MW, t; counted evenly over the life, in the account and under the cap."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost per MW, instead of capital cost, life and fixed O&M."""
    capex_myen_per_mw: NonNegative | None = None
    """Capital cost, million yen per MW."""
    fixed_om_myen_per_mw_year: NonNegative | None = None
    """Fixed operation and maintenance, million yen per MW and year."""
    life_years: Life | None = None
    """Economic life, years."""
    variable_cost_myen_per_mwh: HourlyInput | None = None
    """Fuel and other cost of each MWh, million yen; absent means none."""
    emission_t_per_mwh: NonNegative | None = None
    """Carbon dioxide per MWh of output, t; absent means none."""
    clean: bool | None = None
    """Whether the output counts as clean in the hourly target; absent means so, but not for `gas_ccs`."""
    firm_share: Share | None = None
    """Share of the capacity that counts as firm for adequacy."""
    mount: Literal["fixed", "single_axis"] | None = None
    """PV only: fixed tilt or single-axis tracking."""
    tilt_deg: Annotated[float, Field(ge=0, le=90)] | None = None
    """PV only: tilt of a fixed mount, degrees; absent takes the catalogue's."""
    azimuth_deg: Annotated[float, Field(ge=0, le=360)] | None = None
    """PV only: direction that the modules face, degrees clockwise from north."""
    mean_speed_m_s: Positive | None = None
    """Wind only: long-term mean wind speed at 100 m to which the hourly speeds are scaled."""
    lead_time_years: NonNegative | None = None
    """National studies only: years from the decision to operation; before that year it cannot be built."""


def is_clean(name: str, option: Supply) -> bool:
    """Whether the output of a supply option counts as clean."""
    return option.clean if option.clean is not None else name not in CAPTURING_PLANTS


class Battery(Section):
    """Battery storage; power and energy are sized separately."""

    enabled: bool = True
    """`false` leaves the battery out."""
    min_power_mw: NonNegative = 0.0
    """Power that must be built, MW."""
    max_power_mw: NonNegative | None = None
    """Limit of power, MW."""
    min_energy_mwh: NonNegative = 0.0
    """Energy capacity that must be built, MWh."""
    max_energy_mwh: NonNegative | None = None
    """Limit of energy capacity, MWh."""
    min_hours: NonNegative | None = None
    """Least ratio of energy to power, hours."""
    max_hours: Positive | None = None
    """Greatest ratio of energy to power, hours."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost of power, instead of the catalogue's capital cost, life and O&M."""
    annual_cost_myen_per_mwh: NonNegative | None = None
    """Yearly cost of energy capacity, instead of the catalogue's."""
    power_capex_myen_per_mw: NonNegative | None = None
    """Capital cost of power conversion, million yen per MW."""
    energy_capex_myen_per_mwh: NonNegative | None = None
    """Capital cost of cells, million yen per MWh."""
    life_years: Life | None = None
    """Economic life, years."""
    round_trip_efficiency: Annotated[float, Field(gt=0, le=1)] | None = None
    """Energy out over energy in; half of the loss falls on charging."""
    charge_efficiency: Annotated[float, Field(gt=0, le=1)] | None = None
    """Energy stored over energy in; with `discharge_efficiency`, instead of `round_trip_efficiency`."""
    discharge_efficiency: Annotated[float, Field(gt=0, le=1)] | None = None
    """Energy out over what is taken from store for it; with `charge_efficiency`."""
    charge_power_ratio: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """Power in over power out; the limits and costs of power are those of power out."""
    charge_from: Literal["any", "own_supply"] = "any"
    """Where its energy may come from: anywhere, or the site's own plants alone (not the grid, not the backup)."""
    throughput_cost_myen_per_mwh: NonNegative = 0.0
    """Cost of each MWh discharged, as for wear."""
    fade: Literal["none", "augmentation", "oversizing"] = "none"
    """How lost energy capacity is met: not counted, replaced year by year, or built in the first place."""
    fade_per_year: Annotated[float, Field(ge=0, le=0.2)] | None = None
    """Share of the energy capacity lost each year, whatever its use; absent takes the catalogue's."""
    fade_per_cycle: Annotated[float, Field(ge=0, le=0.01)] | None = None
    """Share of the energy capacity lost by each full cycle; absent takes the catalogue's."""
    augmentation_cost_myen_per_mwh: NonNegative | None = None
    """Cost of each MWh that is replaced; absent takes the capital cost of energy."""
    self_discharge_per_hour: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the stored energy lost in an hour."""
    cyclic: bool = True
    """Whether each weather year or window ends with the state of charge with which it began."""
    initial_share: Share = 0.5
    """Where not cyclic, state of charge before the first step and, at least, after the last; share of the capacity."""

    @model_validator(mode="after")
    def _require_both_ways(self) -> Battery:
        ways = (self.charge_efficiency, self.discharge_efficiency)
        if (None in ways and ways != (None, None)) or (None not in ways and self.round_trip_efficiency is not None):
            raise ValueError(Problem("scenario.efficiencies"))
        return self


KNOWN_STORAGE = ("iron_air", "flow_battery", "compressed_air", "hydrogen", "pumped_hydro")


class Storage(Battery):
    """A storage beside the battery; what is absent takes the catalogue's value where it knows the name.

    Power is that out of it. Power in is the same capacity times `charge_power_ratio`, unless it is sized and paid by
    itself, as an electrolyser is: then it has a cost of its own.
    """

    max_charge_power_mw: NonNegative | None = None
    """Limit of power in, where that is sized by itself, MW."""
    annual_cost_myen_per_charge_mw: NonNegative | None = None
    """Yearly cost of power in, where that is sized by itself, instead of the catalogue's."""
    charge_power_capex_myen_per_mw: NonNegative | None = None
    """Capital cost of power in, where that is sized by itself, million yen per MW."""
    fixed_om_share: Share | None = None
    """Fixed operation and maintenance a year, share of the capital cost."""

    @property
    def sizes_charge_power(self) -> bool:
        """Whether the scenario gives power in a cost of its own."""
        return (self.annual_cost_myen_per_charge_mw, self.charge_power_capex_myen_per_mw) != (None, None)


class JepxPrices(Section):
    """Prices from the `spot_summary` files of the Japan Electric Power Exchange."""

    jepx_files: tuple[str, ...]
    """One file for each fiscal year that the weather years touch."""
    area: str | None = None
    """Price area; absent takes the site's."""


class Grid(Section):
    """The grid connection, what its energy costs, and how clean it is."""

    enabled: bool = True
    """`false` plans an island."""
    min_mw: NonNegative = 0.0
    """Connection that must be built, MW."""
    max_mw: NonNegative | None = None
    """Limit of the connection, MW."""
    max_export_mw: NonNegative = 0.0
    """Limit of feed-in, MW; 0 means none."""
    flexibility_mw: NonNegative = 0.0
    """Most that is sold to the grid as a fall of import on call, MW, as `kiban offers` finds it; 0 sells none."""
    flexibility_price_myen_per_mw_year: NonNegative | None = None
    """What a MW of it earns a year after penalties and the cost of calls, million yen; needed with `flexibility_mw`."""
    import_limit_mw: NonNegativeHourly | None = None
    """Most import in each step, MW, beside the connection that is built; absent means none."""
    window: tuple[ConnectionWindow, ...] = ()
    """Windows of maintenance or outage, and curtailment calls."""
    non_firm: NonFirm | None = None
    """A non-firm connection (ノンファーム型接続) with the hours a year in which it is called; absent is firm."""
    price_myen_per_mwh: HourlyInput | JepxPrices | None = None
    """Wholesale price; absent takes the area's published profile of the newest complete fiscal year."""
    price_response: Literal["none", "observed", "market"] = "none"
    """Whether the area's price rises with what the campus draws: not at all, as it was observed to rise with the area's
    net load, or as the market model says for a load of the campus's size. The campus takes the price as it finds it."""
    price_response_yen_per_kwh_per_gw: NonNegative | None = None
    """By how much the price rises for each GW that is drawn, instead of that; 0 is not at all."""
    energy_charge_myen_per_mwh: NonNegative | None = None
    """Network charge, levies and margin on each MWh drawn, instead of the catalogue's."""
    export_price_myen_per_mwh: HourlyInput | None = None
    """Price of each MWh fed in; absent means the wholesale price less the generator's charge."""
    emission_factor_t_per_mwh: NonNegativeHourly | None = None
    """Carbon dioxide per MWh drawn; absent takes the area's, shaped by its solar hours."""
    clean_share: ShareHourly | None = None
    """Clean share of grid energy; absent takes the area's, shaped by its solar hours."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost of the connection (works and demand charge), instead of the catalogue's."""
    reinforcement_myen_per_mw: NonNegative = 0.0
    """Cost of strengthening the network behind the connection, million yen per MW of connection."""
    reinforcement_rule: Literal["developer", "ratepayers", "shared"] = "developer"
    """Who bears the reinforcement: the developer, all ratepayers through network charges, or both."""
    reinforcement_developer_share: Share = 0.5
    """The developer's part under the rule `shared`."""
    contract: Contract | None = None
    """What the campus promises the network; absent promises nothing, and published terms alone are shown."""

    @model_validator(mode="after")
    def _require_price_of_flexibility(self) -> Grid:
        if self.flexibility_mw > 0 and self.flexibility_price_myen_per_mw_year is None:
            raise ValueError(Problem("scenario.flexibility_price"))
        return self

    @property
    def price_answers(self) -> bool:
        """Whether the price is to rise with what is drawn."""
        given = self.price_response_yen_per_kwh_per_gw
        return self.price_response != "none" if given is None else given > 0

    @property
    def reinforcement_borne(self) -> float:
        """The developer's share of the reinforcement under the rule."""
        fixed = {"developer": 1.0, "ratepayers": 0.0}
        return fixed.get(self.reinforcement_rule, self.reinforcement_developer_share)


class Backup(Section):
    """Backup generation for hours of need and for adequacy."""

    technology: Literal["diesel", "gas_engine", "none"] = "diesel"
    """Kind of generator; `none` leaves backup out."""
    min_mw: NonNegative = 0.0
    """Capacity that must be built, MW."""
    max_mw: NonNegative | None = None
    """Limit of capacity, MW."""
    critical_share: Annotated[float, Field(ge=0, le=2)] = 1.0
    """Share of the peak firm load that backup and firm supply must cover (above 1: redundancy)."""
    permitted_hours_per_year: Annotated[float, Field(ge=0, le=8760)] | None = None
    """Hours of full output a year for which backup may run, as a permit limits them; absent means no limit."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost, instead of the catalogue's capital cost, life and O&M."""
    fuel_cost_myen_per_mwh: HourlyInput | None = None
    """Fuel per MWh of output."""
    emission_factor_t_per_mwh: NonNegative | None = None
    """Carbon dioxide per MWh of output, t."""


class Bridging(Section):
    """Hired gas engines and batteries that carry the site until its connection is ready, or while it is called."""

    max_mw: NonNegative
    """Most engines that can be hired, MW."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Hire of a MW for a year, instead of the catalogue's."""
    fuel_cost_myen_per_mwh: HourlyInput | None = None
    """Fuel and service of each MWh, instead of the catalogue's gas engine."""
    emission_factor_t_per_mwh: NonNegative | None = None
    """Carbon dioxide per MWh of output, t, instead of the catalogue's gas engine."""
    battery_max_mw: NonNegative = 0.0
    """Most batteries that can be hired beside the engines, MW."""
    battery_hours: Positive | None = None
    """Hours at full power for which a hired battery holds energy, instead of the catalogue's."""
    battery_annual_cost_myen_per_mw: NonNegative | None = None
    """Hire of a MW of battery with its energy for a year, instead of the catalogue's."""


class Outage(Section):
    """An outage of the grid that the site survives, whatever the hour of the year in which it begins."""

    hours: Annotated[int, Field(ge=1, le=336)]
    """Length, hours."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the firm load that is carried through it; compute that may wait does wait."""
    fuel_hours: NonNegative | None = None
    """Fuel stored for backup, hours of full output; absent means that fuel comes in time."""


class Measure(Section):
    """An efficiency measure that is either taken or not."""

    id: Annotated[str, Field(pattern=NAME_PATTERN)]
    """Short name."""
    annual_cost_myen: NonNegative | None = None
    """Yearly cost of the measure, million yen."""
    capex_myen: NonNegative | None = None
    """Capital cost, million yen; needs `life_years`."""
    life_years: Life | None = None
    """Economic life, years."""
    saving_share: Share | None = None
    """Share of the electric load of firm compute that it saves."""
    saving_mw: NonNegativeHourly | None = None
    """Electric load that it saves, MW."""
    group: str | None = None
    """At most one measure of a group is taken."""

    @model_validator(mode="after")
    def _require_one(self) -> Measure:
        if (self.annual_cost_myen is None) == (self.capex_myen is None):
            raise ValueError(Problem("scenario.measure_cost"))
        if self.capex_myen is not None and self.life_years is None:
            raise ValueError(Problem("scenario.measure_life"))
        if (self.saving_share is None) == (self.saving_mw is None):
            raise ValueError(Problem("scenario.measure_saving"))
        return self


__all__ = [
    "KNOWN_STORAGE",
    "KNOWN_SUPPLY",
    "Backup",
    "Battery",
    "Bridging",
    "Grid",
    "JepxPrices",
    "Measure",
    "Outage",
    "SeriesReference",
    "Storage",
    "Supply",
]
