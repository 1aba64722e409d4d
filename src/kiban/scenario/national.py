"""What a user writes for a national study: demand by tranche, candidate sites, limits, phases and risk.

A file is a national study if it has the table `[national]`. The plant of every site is described once,
by the same sections as a scenario of one site (`[supply.NAME]`, `[battery]`, `[grid]` and so on);
`[[site]]` says what differs at one place.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kiban.errors import Problem
from kiban.scenario.compute import Cooling
from kiban.scenario.place import Weather
from kiban.scenario.plant import NAME_PATTERN, Backup, Battery, Grid, Supply
from kiban.scenario.section import Document, NonNegative, Positive, Section, Share
from kiban.scenario.study import Finance, Money, Policy, Target

Year = Annotated[int, Field(ge=2000, le=2100)]
Hub = Literal["tokyo", "osaka", "nearest"]
LINK_PATTERN = r"^[a-z][a-z0-9_-]*$"
SiteKind = Literal["announced_campus", "former_industrial", "renewable_region", "metro"]
HazardClass = Annotated[float, Field(ge=0, le=3)]


class National(Section):
    """The study as a whole."""

    name: str
    """Title of the study."""
    description: str = ""
    """What it is about."""
    decision_year: Year = 2026
    """Year in which applications for connection are made: lead times count from here."""
    year: Year | None = None
    """Year that a study without phases plans for; absent means that every connection is ready."""
    sites: tuple[str, ...] | None = None
    """Candidates of the catalogue; absent means all of them, and an empty list none."""
    sites_file: str | None = None
    """CSV file or workbook (.xlsx), one row per candidate, the keys of `[[site]]` as columns, relative to this file."""
    chip: str = "gb200"
    """Accelerator of the catalogue whose cost is part of IT capacity; `none` leaves chips out."""
    it_annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost of IT capacity instead of the catalogue's, million yen per MW."""
    gap: Annotated[float, Field(gt=0, le=0.2)] = 0.005
    """Relative gap between the bounds at which the search ends."""
    movable_gap: Annotated[float, Field(gt=0, le=1)] | None = None
    """Relative gap on the part of the cost that siting can move, without servers, at which the search ends besides."""
    max_rounds: Annotated[int, Field(ge=1, le=500)] = 60
    """Most rounds of cutting planes."""
    price_response: Literal["none", "market"] = "none"
    """Whether the hourly prices of areas rise with what all sites draw together: not at all, or as the market model of
    the nine connected areas says, with hourly trade between them. Sites take prices as they find them."""
    hours: Annotated[int, Field(ge=24, le=8760)] | None = None
    """Length of a window that stands for the year, hours; absent means every hour."""
    first_hour: Annotated[int, Field(ge=0, lt=8760)] = 0
    """First hour of that window."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of everything that is drawn at random."""


class Tranche(Section):
    """A part of the demand for compute."""

    id: Annotated[str, Field(pattern=NAME_PATTERN)]
    """Short name."""
    it_load_mw: NonNegative | tuple[NonNegative, ...]
    """IT load, MW: one number, or one for each phase."""
    max_round_trip_ms: Positive | None = None
    """Longest round trip to its hub, ms; absent means anywhere."""
    hub: Hub = "nearest"
    """The exchange that it must reach: Tokyo, Osaka or the nearer of the two."""
    deferrable_share: Share = 0.0
    """Share of the load that may wait."""
    max_delay_hours: Annotated[int, Field(ge=0, le=720)] = 24
    """Longest wait of deferrable compute, hours; the same in all tranches that may wait."""
    firm_shape: Literal["inference", "flat"] = "flat"
    """Daily shape of the load that may not wait."""
    must_serve: bool = True
    """Whether all of it must be served; otherwise as much as its price pays for."""
    price_myen_per_mw_year: NonNegative | None = None
    """What its buyer pays for a MW of IT and year, million yen; needed where it need not be served."""
    survival_share: Share = 0.0
    """Share that must still be served, within its latency, when any one grid area is lost."""
    latency_cost_myen_per_mw_ms: NonNegative = 0.0
    """Yearly cost of each MW for each ms of round trip, million yen."""

    @model_validator(mode="after")
    def _require_price(self) -> Tranche:
        if not self.must_serve and self.price_myen_per_mw_year is None:
            raise ValueError(Problem("national_study.tranche_price"))
        return self

    def load_mw(self, phase: int) -> float:
        """Load in a phase, MW."""
        return self.it_load_mw[phase] if isinstance(self.it_load_mw, tuple) else self.it_load_mw


class CandidateSite(Section):
    """What differs at one candidate of the catalogue, or a whole candidate of one's own."""

    id: Annotated[str, Field(pattern=NAME_PATTERN)]
    """A site of the catalogue, or a new name (which needs latitude_deg, longitude_deg and area)."""
    name: str | None = None
    """Name for reports."""
    like: str | None = None
    """A site of the catalogue from which a new one takes all that it does not give."""
    enabled: bool = True
    """`false` leaves the candidate out."""
    must_open: bool = False
    """`true` opens it whatever it costs."""
    latitude_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Latitude, north positive, degrees."""
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Longitude, east positive, degrees."""
    elevation_m: Annotated[float, Field(ge=-430, le=6000)] | None = None
    """Elevation above sea level, m."""
    area: str | None = None
    """Grid area."""
    kind: SiteKind | None = None
    """Kind of place; sets the limit of its size."""
    max_mw: NonNegative | None = None
    """Most IT load, MW."""
    min_mw: NonNegative | None = None
    """Least IT load if it is opened, MW."""
    connection_year: Year | None = None
    """Year from which grid power flows; absent means the area's lead time after the decision."""
    connection_mw: NonNegative | None = None
    """Most grid connection, MW."""
    fixed_cost_myen_per_year: NonNegative | None = None
    """Yearly cost of having the campus at all, million yen."""
    round_trip_tokyo_ms: Positive | None = None
    """Round trip to Tokyo, ms."""
    round_trip_osaka_ms: Positive | None = None
    """Round trip to Osaka, ms."""
    land_price_myen_per_m2: NonNegative | None = None
    """Price of land, million yen per m2."""
    shaking_probability_30y: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Probability of shaking of intensity 6 lower or more in 30 years."""
    tsunami_class: HazardClass | None = None
    """0 none to 3 high."""
    flood_class: HazardClass | None = None
    """0 none to 3 high."""
    typhoon_class: HazardClass | None = None
    """0 none to 3 high."""
    snow_depth_maximum_cm: NonNegative | None = None
    """Normal of the yearly maximum snow depth, cm."""
    weather: Weather | None = None
    """Its own weather, such as a file of its station; absent means the study's."""
    supply: dict[str, Supply] = Field(default_factory=dict)
    """Supply options at this place, instead of the study's."""


class SharedResource(Section):
    """A resource that several sites draw on."""

    id: Annotated[str, Field(pattern=NAME_PATTERN)]
    """Short name."""
    supply: str
    """Supply option that it limits."""
    sites: tuple[str, ...]
    """Sites that share it."""
    max_mw: NonNegative
    """Most capacity at all of them together, MW."""


class AreaTerms(Section):
    """What differs in one grid area."""

    headroom_mw: NonNegative | None = None
    """Connection that new campuses can get in the area, MW."""
    reinforcement_mw: NonNegative = 0.0
    """More connection that can be built at the cost of reinforcement, MW."""
    reinforcement_capex_myen_per_mw: NonNegative | None = None
    """Cost of reinforcement instead of the catalogue's, million yen per MW."""
    connection_lead_time_years: NonNegative | None = None
    """Years from the decision to the connection."""
    spare_supply_mw: NonNegative | None = None
    """Supply that the area can spare for new load at its peak, MW; absent means the catalogue's."""


class Interconnector(Section):
    """What differs at one interconnector of the catalogue, or one of one's own."""

    id: Annotated[str, Field(pattern=LINK_PATTERN)]
    """An interconnector of the catalogue such as `tohoku-tokyo`, or a new name (which needs both areas)."""
    from_area: str | None = None
    """Grid area at its beginning; only for a new one."""
    to_area: str | None = None
    """Grid area at its end; only for a new one."""
    enabled: bool = True
    """`false` cuts it."""
    forward_mw: NonNegative | None = None
    """Operating capacity from its beginning to its end, MW."""
    reverse_mw: NonNegative | None = None
    """Operating capacity from its end to its beginning, MW; of a new one as much as forward if absent."""
    free_share: Share | None = None
    """Share of its operating capacity that is free for new flows, instead of the one under `[network]`."""
    expansion_mw: NonNegative = 0.0
    """Most capacity that may be added in both directions, MW."""
    expansion_capex_myen_per_mw: NonNegative | None = None
    """Cost of adding to it, million yen per MW; needed where the catalogue knows no project there."""


class NetworkTerms(Section):
    """How the grid areas supply new load at their peak: from what they can spare, and over interconnectors."""

    enabled: bool = True
    """Whether each area must cover what its sites may draw; `false` leaves only the headroom of connections."""
    islands: bool = False
    """`true` cuts every interconnector."""
    free_share: Share | None = None
    """Share of the operating capacity of every interconnector that is free for new flows at the peak."""


class Limits(Section):
    """What the whole plan must keep."""

    budget_myen_per_year: NonNegative | None = None
    """Most yearly cost of the plan, million yen."""
    carbon_cap_t_per_year: NonNegative | None = None
    """Most carbon dioxide of all sites a year, t."""
    max_area_share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Largest share of the IT load in any one grid area."""
    max_site_mw: Positive | None = None
    """Most IT load at any one site, MW."""
    max_sites: Annotated[int, Field(ge=1)] | None = None
    """Most sites."""


class BuildLimit(Section):
    """What each year has of something that building or running takes: people of a trade, or goods of a maker."""

    id: Annotated[str, Field(pattern=NAME_PATTERN)]
    """Short name."""
    name: str | None = None
    """Name for reports."""
    unit: str = "units"
    """What is counted, such as `people` or `MVA`."""
    sites: tuple[str, ...] | None = None
    """Sites that draw on it together; absent means all of them."""
    building_per_mw: NonNegative = 0.0
    """Units that each MW of IT takes in every year in which it is built."""
    running_per_mw: NonNegative = 0.0
    """Units that each MW of IT takes in every year in which it stands."""
    build_years: Annotated[int, Field(ge=1, le=20)] = 1
    """Years that building takes; they end with the year before the block stands."""
    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=100)]
    """Years for which it is known, rising; other years have no limit."""
    available: Annotated[tuple[NonNegative, ...], Field(min_length=1, max_length=100)]
    """Units that there are in each of these years."""

    @model_validator(mode="after")
    def _require_units(self) -> BuildLimit:
        if any(later <= earlier for earlier, later in pairwise(self.years)):
            raise ValueError(Problem("national_study.limit_rise", years=str(list(self.years))))
        if len(self.years) != len(self.available):
            raise ValueError(Problem("national_study.limit_values", years=len(self.years), count=len(self.available)))
        if self.building_per_mw == 0 and self.running_per_mw == 0:
            raise ValueError(Problem("national_study.limit_free"))
        return self


class HazardTerms(Section):
    """How natural hazard is treated: priced always, excluded on request."""

    protection: tuple[Literal["none", "isolation", "elevation", "both"], ...] = (
        "none",
        "isolation",
        "elevation",
        "both",
    )
    """Protection that a site may choose from; the cheapest is taken."""
    max_shaking_probability_30y: Share | None = None
    """Leave out sites with more than this probability."""
    max_tsunami_class: HazardClass | None = None
    """Leave out sites of a higher class."""
    max_flood_class: HazardClass | None = None
    """Leave out sites of a higher class."""


class Phases(Section):
    """Years in which campuses are built; each stands until the next."""

    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=8)]
    """First year of each phase, rising."""
    last_year: Year
    """Year in which the last phase ends."""
    temporary_supply: bool = True
    """Whether a block may run on hired gas engines, battery and sun until its connection is ready."""
    better_chips: bool = True
    """Whether a MW of servers bought later does the work of more MW bought at the decision."""

    @model_validator(mode="after")
    def _require_rising(self) -> Phases:
        years = (*self.years, self.last_year)
        if any(later <= earlier for earlier, later in pairwise(years)):
            raise ValueError(Problem("national_study.years_rise", years=str(list(years))))
        return self


class Risk(Section):
    """How firm the choice of sites is."""

    draws: Annotated[int, Field(ge=0, le=5000)] = 200
    """Joint draws of the assumptions."""
    flip_points: bool = True
    """Whether to search the changes at which the leading site is no longer chosen."""


class NationalScenario(Document):
    """Everything that one national plan depends on."""

    national: National
    tranche: Annotated[tuple[Tranche, ...], Field(min_length=1)]
    """Demand by tranche."""
    site: tuple[CandidateSite, ...] = ()
    """Candidates that differ from the catalogue, or are not in it."""
    shared: tuple[SharedResource, ...] = ()
    """Resources that neighbouring sites share."""
    build_limit: tuple[BuildLimit, ...] = ()
    """What building and running may take of people and goods in each year."""
    area: dict[str, AreaTerms] = Field(default_factory=dict)
    """Grid areas by name."""
    interconnector: tuple[Interconnector, ...] = ()
    """Interconnectors that differ from the catalogue, or are not in it."""
    network: NetworkTerms = NetworkTerms()
    limits: Limits = Limits()
    hazard: HazardTerms = HazardTerms()
    phases: Phases | None = None
    risk: Risk | None = None
    weather: Weather = Weather()
    """The weather of every site that has none of its own; files of several sites must hold the same years."""
    cooling: Cooling = Cooling()
    supply: dict[str, Supply] = Field(default_factory=dict)
    """Supply options of every site."""
    battery: Battery = Battery()
    grid: Grid = Grid()
    backup: Backup = Backup()
    target: Target = Target()
    finance: Finance = Finance()
    policy: Policy = Policy()
    """Packages under which every site is planned."""
    money: Money = Money()
    assumptions: dict[str, float] = Field(default_factory=dict)
    """Catalogue values to replace, by their id."""

    @property
    def years(self) -> tuple[int | None, ...]:
        """The year of each phase; None where the study has no year."""
        return self.phases.years if self.phases is not None else (self.national.year,)

    def changed(self, **sections: Any) -> NationalScenario:
        """The same study with other sections, checked again."""
        content = {name: getattr(self, name) for name in type(self).model_fields} | sections
        return NationalScenario(**content).placed_in(self.folder)
