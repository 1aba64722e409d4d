"""What is to be served: the IT load, its flexibility, and its cooling."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiban.scenario.section import NonNegative, NonNegativeHourly, Section, SeriesReference, Share

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
    candidates: tuple[CoolingSystem, ...] = COOLING_SYSTEMS
    """Systems that `auto` may choose from."""
    supply_temperature_c: Annotated[float, Field(ge=5, le=60)] | None = None
    """Supply temperature of air or liquid instead of the catalogue's, degrees Celsius."""
    pue: Annotated[float, Field(ge=1, le=5)] | SeriesReference | None = None
    """Power usage effectiveness instead of the physical model's."""
    wue_l_per_kwh: NonNegativeHourly | None = None
    """Water usage effectiveness instead of the physical model's, litres per kWh of IT."""
