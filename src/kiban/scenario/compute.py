"""What is to be served: the IT load, its flexibility, and its cooling."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kiban.errors import Problem
from kiban.scenario.section import Life, NonNegative, NonNegativeHourly, Positive, Section, SeriesReference, Share

CoolingSystem = Literal["air_economiser", "chilled_water", "direct_liquid", "immersion"]
COOLING_SYSTEMS: tuple[CoolingSystem, ...] = ("air_economiser", "chilled_water", "direct_liquid", "immersion")


class Load(Section):
    """IT load: firm inference with a daily shape and deferrable training."""

    it_load_mw: NonNegativeHourly = 100.0
    """IT load, MW: its yearly peak as a number (the daily shape is added), or the whole load as a series."""
    deferrable_share: Share = 0.2
    """Share of the IT load that may wait (training, batch); of a series, the same share in every step."""
    max_delay_hours: Annotated[int, Field(ge=0, le=720)] = 24
    """Longest wait of deferrable compute, hours."""
    firm_shape: Literal["inference", "flat"] = "inference"
    """Daily shape of the firm load where `it_load_mw` is a number."""
    deferrable_mw: NonNegativeHourly | None = None
    """Arrivals of deferrable compute as a number or series, MW of IT; replaces `deferrable_share`."""
    unserved_price_myen_per_mwh: NonNegative | None = None
    """Price of compute that is not served, million yen per MWh of IT; absent means that all must be served."""
    min_it_capacity_mw: NonNegative | None = None
    """IT capacity that must be built, MW; absent means the peak of the load as it arrives, and 0 lets
    deferral save servers."""
    max_it_capacity_mw: NonNegative | None = None
    """Upper limit of IT capacity, MW; absent means none."""
    chip: str = "gb200"
    """Accelerator of the catalogue whose cost is part of IT capacity; `none` leaves chips out."""
    it_annual_cost_myen_per_mw: NonNegative | None = None
    """Yearly cost of IT capacity (building, equipment, chips) instead of the catalogue's, million yen per MW."""


class Cooling(Section):
    """The cooling system and its hourly PUE and WUE."""

    system: Literal["auto", "air_economiser", "chilled_water", "direct_liquid", "immersion"] = "auto"
    """`auto` solves every candidate and keeps the cheapest."""
    candidates: Annotated[tuple[CoolingSystem, ...], Field(min_length=1)] = COOLING_SYSTEMS
    """Systems that `auto` may choose from."""
    supply_temperature_c: Annotated[float, Field(ge=5, le=60)] | None = None
    """Supply temperature of air or liquid instead of the catalogue's, degrees Celsius."""
    pue: Annotated[float, Field(ge=1, le=5)] | SeriesReference | None = None
    """Power usage effectiveness instead of the physical model's."""
    wue_l_per_kwh: NonNegativeHourly | None = None
    """Water usage effectiveness instead of the physical model's, litres per kWh of IT."""


class CoolingStorage(Section):
    """A store of cold, filled by the chillers, which then carries what chillers would have carried."""

    enabled: bool = True
    """`false` leaves it out."""
    medium: Literal["chilled_water", "ice"] = "chilled_water"
    """What is stored: water at the temperature of the hall's own loop, or ice, for which the chillers work harder."""
    min_energy_mwh: NonNegative = 0.0
    """Cold that it must hold, MWh of heat."""
    max_energy_mwh: NonNegative | None = None
    """Most cold that it may hold, MWh of heat."""
    charge_hours: Positive | None = None
    """Hours in which it can be filled, instead of the catalogue's."""
    discharge_hours: Positive | None = None
    """Hours in which it can be emptied, instead of the catalogue's."""
    loss_per_hour: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the stored cold lost in an hour, instead of the catalogue's."""
    annual_cost_myen_per_mwh: NonNegative | None = None
    """Yearly cost per MWh of heat, instead of the catalogue's capital cost, life and O&M."""
    energy_capex_myen_per_mwh: NonNegative | None = None
    """Capital cost per MWh of heat, million yen."""
    life_years: Life | None = None
    """Economic life, years."""
    fixed_om_share: Share | None = None
    """Fixed operation and maintenance a year, share of the capital cost."""
    chiller_cop: Annotated[float, Field(gt=0, le=100)] | SeriesReference | None = None
    """Heat over the power of chillers and heat rejection, instead of the cooling model's; with `chiller_heat_share`."""
    charge_cop: Annotated[float, Field(gt=0, le=100)] | SeriesReference | None = None
    """The same while the storage is filled, at most `chiller_cop`; absent takes that."""
    chiller_heat_share: Annotated[float, Field(ge=0, le=5)] | SeriesReference | None = None
    """Heat that chillers carry, MW per MW of IT, instead of the cooling model's; with `chiller_cop`."""

    @model_validator(mode="after")
    def _require_whole_chillers(self) -> CoolingStorage:
        given = (self.chiller_cop is not None, self.chiller_heat_share is not None)
        if given[0] != given[1] or (self.charge_cop is not None and not given[0]):
            raise ValueError(Problem("scenario.chillers"))
        return self


Precision = Literal["fp16", "fp8", "int4", "fp4"]
Sparsity = Literal["none", "two_of_four"]


class Tranche(Section):
    """Compute beyond the load that is served only as far as its price pays for it."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    """Short name, letters, digits and _."""
    it_load_mw: Positive | None = None
    """Most IT load that it offers, MW; or give its GPU-hours or its tokens."""
    gpu_hours_per_year: Positive | None = None
    """Most GPU-hours a year that it offers; the load's chip turns them into MW."""
    tokens_per_year: Positive | None = None
    """Most output tokens a year that it offers; precision, sparsity and the catalogue turn them into MW."""
    precision: Precision = "fp16"
    """Number format of inference where `tokens_per_year` is given: quantisation is a lever of demand."""
    sparsity: Sparsity = "none"
    """Structured sparsity of the model where `tokens_per_year` is given."""
    energy_j_per_token: Positive | None = None
    """Energy of the accelerators per output token instead of the catalogue's, J."""
    price_myen_per_mwh: NonNegative | None = None
    """What its buyer pays (or what it costs abroad), million yen per MWh of IT."""
    price_myen_per_gpu_hour: NonNegative | None = None
    """The same per GPU-hour; write `price_usd_per_gpu_hour` for US dollars."""
    max_delay_hours: Annotated[float, Field(ge=0, le=720)] = 0.0
    """Longest wait, hours; 0 is served at once."""
    shape: Literal["flat", "inference", "load"] = "flat"
    """Shape of its load: flat, the daily shape of inference, or that of the scenario's whole load."""
    max_round_trip_ms: Positive | None = None
    """Longest round trip to its users, ms; used where sites are chosen."""
    must_serve: bool = False
    """Whether it is served whatever it pays."""
    committed: Literal["hour", "day", "week"] | None = None
    """What is promised of the MW that are sold: the shape in every hour, or the same energy in every day or week."""
    reliability: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Least share of the promised energy that is delivered over the year; what is not delivered is not paid."""

    @model_validator(mode="after")
    def _require_one_amount_and_one_price(self) -> Tranche:
        amounts = (self.it_load_mw, self.gpu_hours_per_year, self.tokens_per_year)
        if sum(amount is not None for amount in amounts) != 1:
            raise ValueError(Problem("scenario.tranche_amount", name=self.name))
        if (self.price_myen_per_mwh is None) == (self.price_myen_per_gpu_hour is None):
            raise ValueError(Problem("scenario.tranche_price", name=self.name))
        if self.committed is not None and self.max_delay_hours > 0:
            raise ValueError(Problem("scenario.tranche_committed", name=self.name))
        if self.committed is None and self.reliability < 1:
            raise ValueError(Problem("scenario.tranche_reliability", name=self.name))
        return self
