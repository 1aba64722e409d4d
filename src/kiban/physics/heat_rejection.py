"""Parts of a cooling plant: chiller, wet tower, dry cooler, and how much of the heat is free.

A loop returns at `supply + range` and must be cooled to `supply`; the weather can cool it to
`coldest`. Heat and power are in kW for each kW of IT, water in litres an hour for each kW of IT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import SECONDS_PER_HOUR
from kiban.physics import air


@dataclass(frozen=True, slots=True)
class Chiller:
    """A compression chiller as a share of the Carnot cycle."""

    carnot_share: float
    evaporator_approach_k: float
    condenser_lift_k: float
    """Condensing temperature above the coldest water that the weather makes: range plus approach."""
    minimum_lift_k: float
    """Least difference of condensing and evaporating temperature that the compressor can work at."""


@dataclass(frozen=True, slots=True)
class Tower:
    """A wet cooling tower; fan and pump in kW for each kW of rejected heat."""

    approach_k: float
    range_k: float
    fan_kw_per_kw: float
    pump_kw_per_kw: float
    minimum_speed_share: float
    concentration_cycles: float
    """Salts in the basin over salts in the make-up; `1 / (cycles - 1)` of the evaporation is drained."""


@dataclass(frozen=True, slots=True)
class DryCooler:
    """A dry cooler, with pads that cool its inlet air by evaporation when it is too warm."""

    approach_k: float
    air_rise_k: float
    fan_kw_per_kw: float
    minimum_speed_share: float
    pad_effectiveness: float
    """Share of the wet-bulb depression that the pads reach; 0 for a cooler without pads."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Outside air: dry and wet bulb, dew point (degrees Celsius), humidity ratio, pressure (hPa)."""

    dry: Array
    wet: Array
    dew: Array
    ratio: Array
    pressure: Array

    @property
    def fan_factor(self) -> Array:
        """Fan power over that at sea level: thin air needs more volume for the same mass."""
        return np.asarray(air.STANDARD_PRESSURE_HPA / self.pressure)


def outside_air(
    temperature_c: npt.ArrayLike, relative_humidity_pct: npt.ArrayLike, pressure_hpa: npt.ArrayLike
) -> Outside:
    """What cooling needs to know of the weather, from what a weather station measures."""
    dry, relative, total = (
        np.asarray(each, dtype=float)
        for each in np.broadcast_arrays(temperature_c, relative_humidity_pct, pressure_hpa)
    )
    return Outside(
        dry=dry,
        wet=air.wet_bulb_c(dry, relative, total),
        dew=air.dew_point_c(dry, relative),
        ratio=air.humidity_ratio(air.vapour_pressure_hpa(dry, relative), total),
        pressure=total,
    )


def free_share(coldest: Array, supply: npt.ArrayLike, loop_range: float) -> Array:
    """Share of the heat that the weather removes from a loop that returns at supply + range."""
    return np.asarray(np.clip((np.asarray(supply) + loop_range - coldest) / loop_range, 0.0, 1.0))


def chiller_performance(chiller: Chiller, supply: float, coldest: Array) -> Array:
    """Coefficient of performance: cooling over compressor power."""
    evaporating_k = supply - chiller.evaporator_approach_k + air.ZERO_CELSIUS_K
    condensing_k = coldest + chiller.condenser_lift_k + air.ZERO_CELSIUS_K
    lift = np.maximum(condensing_k - evaporating_k, chiller.minimum_lift_k)
    return np.asarray(chiller.carnot_share * evaporating_k / lift)


def fan_speed_share(design_difference: float, difference: Array, minimum: float) -> Array:
    """Speed share that still removes the heat when the air is colder than at the design point."""
    return np.clip(design_difference / np.maximum(difference, 1e-9), minimum, 1.0)


def make_up_factor(concentration_cycles: float) -> float:
    """Make-up over evaporation: what is drained so that salts do not build up is replaced too."""
    return concentration_cycles / (concentration_cycles - 1.0)


def tower_rejection(
    tower: Tower, outside: Outside, rejected: Array, basin: Array, speed: npt.ArrayLike
) -> tuple[Array, Array]:
    """Power and make-up of a wet tower whose water leaves at `basin`.

    The air leaves saturated at the mean temperature of the water (the usual assumption in Merkel's
    method). The part of its enthalpy rise that is vapour is the part of the heat that evaporates
    water: about 0.9 in a warm and 0.6 in a cold hour.
    """
    leaving = basin + 0.5 * tower.range_k
    leaving_ratio = air.humidity_ratio(air.saturation_pressure_hpa(leaving), outside.pressure)
    rise = air.enthalpy_kj_kg(leaving, leaving_ratio) - air.enthalpy_kj_kg(outside.dry, outside.ratio)
    evaporated_kg_per_kj = np.maximum(leaving_ratio - outside.ratio, 0.0) / np.maximum(rise, 1e-9)
    water = rejected * evaporated_kg_per_kj * SECONDS_PER_HOUR * make_up_factor(tower.concentration_cycles)
    fans = tower.fan_kw_per_kw * outside.fan_factor * np.asarray(speed, dtype=float) ** 3
    return rejected * (fans + tower.pump_kw_per_kw), water


def dry_rejection(
    chiller: Chiller,
    cooler: DryCooler,
    outside: Outside,
    heat: Array,
    supply: float,
    loop_range: float,
    *,
    pads: bool,
) -> tuple[Array, Array]:
    """Power and evaporated water of a loop on dry coolers, with a chiller for the hours they fail."""
    reachable_k = cooler.pad_effectiveness * np.maximum(outside.dry - outside.wet, 0.0) if pads else 0.0
    cooled_k = np.clip(outside.dry + cooler.approach_k - supply, 0.0, reachable_k)
    inlet = outside.dry - cooled_k
    free = free_share(inlet + cooler.approach_k, supply, loop_range)
    compressor = heat * (1.0 - free) / chiller_performance(chiller, supply, inlet + cooler.approach_k)
    speed = fan_speed_share(cooler.approach_k + loop_range, supply + loop_range - inlet, cooler.minimum_speed_share)
    rejected = heat + compressor
    fans = cooler.fan_kw_per_kw * outside.fan_factor * np.where(free < 1.0, 1.0, speed) ** 3
    evaporated_kg_s = rejected * cooled_k / cooler.air_rise_k / air.latent_heat_kj_kg(outside.wet)
    return compressor + rejected * fans, np.asarray(evaporated_kg_s * SECONDS_PER_HOUR)
