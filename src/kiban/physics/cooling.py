"""Hourly PUE and WUE of a data hall from the weather, for four cooling systems.

    air_economiser  outside air, cooled adiabatically when it is too warm; chillers for the rest
    chilled_water   air handlers on chilled water, wet cooling towers, water-side economiser
    direct_liquid   cold plates on warm water from dry coolers; room air carries the rest of the heat
    immersion       servers in a tank of oil on warm water from dry coolers

For each kW of IT, at full load and without part-load effects:

    PUE = (1 / (ups * (1 - distribution)) + miscellaneous + fans + pumps + chillers) / (1 - transformer)

All systems share one idea. A loop returns at `supply + range` and must be cooled to `supply`; the
weather can cool it to `free`. The share `(return - free) / range`, between 0 and 1, is free; a chiller
does the rest, with a coefficient of performance that is a fixed share of Carnot's between its
evaporating and condensing temperatures. Where the weather could do more than is needed, fans slow
down, and their power falls with the cube of their speed. Hence a warmer supply never costs power.

The structure follows Lei and Masanet (2020), Energy 201, 117556, and (2022), Resources, Conservation
and Recycling 182, 106323; the numbers are rows `cooling.<part>.<parameter>` of the catalogue. Fans
inside servers count as IT, as in every published PUE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import SECONDS_PER_HOUR
from kiban.errors import RangeError
from kiban.physics import air
from kiban.physics.heat_rejection import (
    Chiller,
    DryCooler,
    Outside,
    Tower,
    chiller_performance,
    dry_rejection,
    fan_speed_share,
    free_share,
    make_up_factor,
    outside_air,
    tower_rejection,
)


@dataclass(frozen=True, slots=True)
class Electrical:
    """Losses between the grid and the servers, and what is neither IT nor cooling."""

    ups_efficiency: float
    distribution_loss_share: float
    transformer_loss_share: float
    miscellaneous_share: float
    """Lighting, security, offices: kW for each kW of IT."""


@dataclass(frozen=True, slots=True)
class Room:
    """Air handlers of a hall: fan power at sea level for each kW of heat, coil and its water."""

    fan_kw_per_kw: float
    coil_approach_k: float
    """Supply air above chilled-water supply."""
    water_range_k: float
    pump_kw_per_kw: float


@dataclass(frozen=True, slots=True)
class AirEconomiser:
    """System `air_economiser`."""

    electrical: Electrical
    chiller: Chiller
    tower: Tower
    dry_cooler: DryCooler
    room: Room
    supply_temperature_c: float
    """Air supplied to the servers."""
    air_rise_k: float
    """Return air above supply air."""
    maximum_dew_point_c: float
    """Outside air moister than this stays outside."""
    pad_effectiveness: float
    wet_rejection: float
    """1 if the chillers reject to wet towers, 0 if to dry coolers."""


@dataclass(frozen=True, slots=True)
class ChilledWater:
    """System `chilled_water`."""

    electrical: Electrical
    chiller: Chiller
    tower: Tower
    room: Room
    supply_temperature_c: float
    """Air supplied to the servers; the chilled water is `room.coil_approach_k` colder."""
    heat_exchanger_approach_k: float
    """Between tower water and chilled water in the economiser."""


@dataclass(frozen=True, slots=True)
class LiquidCooling:
    """Systems `direct_liquid` and `immersion`."""

    electrical: Electrical
    chiller: Chiller
    dry_cooler: DryCooler
    room: Room
    supply_temperature_c: float
    """Facility water supplied to the coolant distribution units or tanks."""
    liquid_share: float
    """Share of the IT heat that the liquid takes; room air takes the rest and all losses."""
    liquid_range_k: float
    liquid_pump_kw_per_kw: float
    room_temperature_c: float
    """Air supplied to the room."""
    concentration_cycles: float
    """As in a tower, for the water on the pads."""


CoolingSystem = AirEconomiser | ChilledWater | LiquidCooling

COOLING_SYSTEMS: Mapping[str, type[CoolingSystem]] = {
    "air_economiser": AirEconomiser,
    "chilled_water": ChilledWater,
    "direct_liquid": LiquidCooling,
    "immersion": LiquidCooling,
}


def cooling_rows(name: str) -> tuple[str, ...]:
    """Ids of the catalogue rows that a cooling system is made of, e.g. `cooling.tower.approach_k`."""
    kind = _kind(name)
    ids: list[str] = []
    for field, part in get_type_hints(kind).items():
        if is_dataclass(part):
            ids += [f"cooling.{field}.{inner.name}" for inner in fields(part)]
        else:
            ids.append(f"cooling.{name}.{field}")
    return tuple(ids)


def cooling_system(name: str, values: Mapping[str, float]) -> CoolingSystem:
    """The cooling system `name` with parameters from catalogue rows (`cooling_rows` lists them).

    `values` may hold more rows than are needed. Raises ValueError for a missing row or a number that
    no plant can have.
    """
    kind = _kind(name)
    missing = [row for row in cooling_rows(name) if row not in values]
    if missing:
        raise ValueError(f"cooling system {name!r} needs the rows {', '.join(missing)}")
    arguments: dict[str, Any] = {}
    for field, part in get_type_hints(kind).items():
        if is_dataclass(part):
            numbers = {inner.name: values[f"cooling.{field}.{inner.name}"] for inner in fields(part)}
            arguments[field] = part(**numbers) if isinstance(part, type) else None
        else:
            arguments[field] = values[f"cooling.{name}.{field}"]
    system = kind(**arguments)
    _check(system)
    return system


def cooling_performance(
    system: CoolingSystem,
    temperature_c: npt.ArrayLike,
    relative_humidity_pct: npt.ArrayLike,
    pressure_hpa: npt.ArrayLike,
    supply_temperature_c: float | None = None,
) -> tuple[Array, Array]:
    """PUE and WUE of each hour.

    Parameters
    ----------
    system : from `cooling_system`
    temperature_c, relative_humidity_pct, pressure_hpa : outside air, scalars or arrays that broadcast
    supply_temperature_c : replaces the system's own: air to the servers for `air_economiser` and
        `chilled_water`, facility water for `direct_liquid` and `immersion`

    Returns
    -------
    pue : facility power over IT power, above 1
    wue_l_per_kwh : litres of make-up water (evaporated and drained) for each kWh of IT
    """
    if supply_temperature_c is not None:
        system = replace(system, supply_temperature_c=supply_temperature_c)
    outside = outside_air(temperature_c, relative_humidity_pct, pressure_hpa)
    if isinstance(system, AirEconomiser):
        power, water = _air_economiser(system, outside)
    elif isinstance(system, ChilledWater):
        power, water = _chilled_water(system, outside)
    else:
        power, water = _liquid_cooling(system, outside)
    electrical = system.electrical
    behind_transformer = _server_feed(electrical) + electrical.miscellaneous_share + power
    return behind_transformer / (1.0 - electrical.transformer_loss_share), water


@dataclass(frozen=True, slots=True)
class ChillerDuty:
    """What chillers carry of a hall's heat, and what that takes: shifted by a storage of cold."""

    heat_share: Array
    """kW of heat that chillers carry for each kW of IT; the weather removes the rest."""
    power: Array
    """kW at the meter for each kW of that heat: compressor, and rejection of the heat and of the compressor's work."""
    charge_power: Array
    """The same where they cool a storage."""


def chiller_duty(
    system: CoolingSystem,
    temperature_c: npt.ArrayLike,
    relative_humidity_pct: npt.ArrayLike,
    pressure_hpa: npt.ArrayLike,
    supply_temperature_c: float | None = None,
    charge_temperature_c: float | None = None,
) -> ChillerDuty:
    """The part of each hour's cooling that a storage of cold can carry instead.

        power = (1 / COP + (1 + 1 / COP) rejection) / (1 - transformer)

    Parameters as of `cooling_performance`; `charge_temperature_c` is what leaves the chillers while they cool the
    storage (brine for ice), by default what leaves them for the hall. In `direct_liquid` and `immersion` the storage
    stands in the loop of the room's air: the liquid's own loop is warm enough to need chillers in few hours.
    """
    if supply_temperature_c is not None:
        system = replace(system, supply_temperature_c=supply_temperature_c)
    outside = outside_air(temperature_c, relative_humidity_pct, pressure_hpa)
    if isinstance(system, AirEconomiser):
        loop = _air_loop(system, outside)
    elif isinstance(system, ChilledWater):
        loop = _water_loop(system, outside)
    else:
        loop = _room_loop(system, outside)

    def power(chilled_c: float) -> Array:
        work = 1.0 / chiller_performance(system.chiller, chilled_c, loop.coldest)
        return (work + (1.0 + work) * loop.rejection) / (1.0 - system.electrical.transformer_loss_share)

    now = power(loop.chilled_c)
    # No storage is charged for less than what cools the hall: then both at once would make energy.
    charge = now if charge_temperature_c is None else np.maximum(power(charge_temperature_c), now)
    return ChillerDuty(loop.heat, now, charge)


@dataclass(frozen=True, slots=True)
class _ChilledLoop:
    """A loop with chillers: the heat that they carry, what they supply, and where they reject it."""

    heat: Array
    chilled_c: float
    coldest: Array
    """Coldest water that the weather makes for the condenser, degrees Celsius."""
    rejection: Array
    """kW of fans and pumps for each kW rejected."""


def _air_loop(system: AirEconomiser, outside: Outside) -> _ChilledLoop:
    heat = _hall_heat(system.electrical) * (1.0 + system.room.fan_kw_per_kw * outside.fan_factor)
    _, _, free = _economise_air(system, outside)
    wet = system.wet_rejection > 0.5
    return _ChilledLoop(
        heat=heat * (1.0 - free),
        chilled_c=system.supply_temperature_c - system.room.coil_approach_k,
        coldest=outside.wet + system.tower.approach_k if wet else outside.dry + system.dry_cooler.approach_k,
        rejection=_tower_power(system.tower, outside) if wet else system.dry_cooler.fan_kw_per_kw * outside.fan_factor,
    )


def _water_loop(system: ChilledWater, outside: Outside) -> _ChilledLoop:
    heat = _hall_heat(system.electrical) * (1.0 + system.room.fan_kw_per_kw * outside.fan_factor)
    chilled = system.supply_temperature_c - system.room.coil_approach_k
    coldest = outside.wet + system.tower.approach_k
    free = free_share(coldest + system.heat_exchanger_approach_k, chilled, system.room.water_range_k)
    return _ChilledLoop(heat * (1.0 - free), chilled, coldest, _tower_power(system.tower, outside))


def _room_loop(system: LiquidCooling, outside: Outside) -> _ChilledLoop:
    in_room = _hall_heat(system.electrical) - system.liquid_share
    heat = in_room * (1.0 + system.room.fan_kw_per_kw * outside.fan_factor)
    chilled = system.room_temperature_c - system.room.coil_approach_k
    coldest = outside.dry + system.dry_cooler.approach_k
    free = free_share(coldest, chilled, system.room.water_range_k)
    rejection = system.dry_cooler.fan_kw_per_kw * outside.fan_factor
    return _ChilledLoop(heat * (1.0 - free), chilled, coldest, rejection)


def _tower_power(tower: Tower, outside: Outside) -> Array:
    """Fans at full speed and pump, kW for each kW rejected."""
    return np.asarray(tower.fan_kw_per_kw * outside.fan_factor + tower.pump_kw_per_kw)


def _server_feed(electrical: Electrical) -> float:
    return 1.0 / (electrical.ups_efficiency * (1.0 - electrical.distribution_loss_share))


def _hall_heat(electrical: Electrical) -> float:
    """Heat set free inside the building for each kW of IT: the servers and the losses before them."""
    return _server_feed(electrical) + electrical.miscellaneous_share


# The three systems. Each returns kW of cooling and litres of water an hour for each kW of IT.


def _air_economiser(system: AirEconomiser, outside: Outside) -> tuple[Array, Array]:
    fan = system.room.fan_kw_per_kw * outside.fan_factor
    heat = _hall_heat(system.electrical) * (1.0 + fan)
    cooled_k, kelvin_per_ratio, free = _economise_air(system, outside)

    # All of the outside air in use is wetted, and it carries the free share of the heat only while it
    # is at least as cool as the return air.
    air_kg_per_kj = 1.0 / (air.DRY_AIR_HEAT_CAPACITY_KJ_KG_K * system.air_rise_k)
    evaporated_kg_s = np.where(free > 0.0, heat * air_kg_per_kj * cooled_k / kelvin_per_ratio, 0.0)
    water = evaporated_kg_s * SECONDS_PER_HOUR * make_up_factor(system.tower.concentration_cycles)

    mechanical = heat * (1.0 - free)
    chilled = system.supply_temperature_c - system.room.coil_approach_k
    power = _hall_heat(system.electrical) * fan + mechanical * system.room.pump_kw_per_kw
    if system.wet_rejection > 0.5:
        basin = outside.wet + system.tower.approach_k
        compressor = mechanical / chiller_performance(system.chiller, chilled, basin)
        tower_power, tower_water = tower_rejection(system.tower, outside, mechanical + compressor, basin, 1.0)
        return power + compressor + tower_power, water + tower_water
    compressor = mechanical / chiller_performance(system.chiller, chilled, outside.dry + system.dry_cooler.approach_k)
    rejected = mechanical + compressor
    return power + compressor + system.dry_cooler.fan_kw_per_kw * outside.fan_factor * rejected, water


def _economise_air(system: AirEconomiser, outside: Outside) -> tuple[Array, Array, Array]:
    """By how many kelvin pads cool the outside air, kelvin per humidity ratio, and the free share of the heat."""
    supply = system.supply_temperature_c
    # Pads cool the air along a line of constant enthalpy, but not beyond the moistest air allowed.
    limit = air.humidity_ratio(air.saturation_pressure_hpa(system.maximum_dew_point_c), outside.pressure)
    kelvin_per_ratio = air.latent_heat_kj_kg(outside.wet) / air.DRY_AIR_HEAT_CAPACITY_KJ_KG_K
    reachable_k = np.minimum(
        system.pad_effectiveness * np.maximum(outside.dry - outside.wet, 0.0),
        np.maximum(limit - outside.ratio, 0.0) * kelvin_per_ratio,
    )
    cooled_k = np.clip(outside.dry - supply, 0.0, reachable_k)
    dry_enough = outside.dew <= system.maximum_dew_point_c
    free = np.where(dry_enough, free_share(outside.dry - cooled_k, supply, system.air_rise_k), 0.0)
    return cooled_k, kelvin_per_ratio, free


def _chilled_water(system: ChilledWater, outside: Outside) -> tuple[Array, Array]:
    tower, room = system.tower, system.room
    fan = room.fan_kw_per_kw * outside.fan_factor
    heat = _hall_heat(system.electrical) * (1.0 + fan)
    chilled = system.supply_temperature_c - room.coil_approach_k
    coldest = outside.wet + tower.approach_k
    free = free_share(coldest + system.heat_exchanger_approach_k, chilled, room.water_range_k)
    compressor = heat * (1.0 - free) / chiller_performance(system.chiller, chilled, coldest)
    economiser_return = chilled + room.water_range_k - system.heat_exchanger_approach_k
    speed = fan_speed_share(
        tower.approach_k + room.water_range_k, economiser_return - outside.wet, tower.minimum_speed_share
    )
    basin = np.maximum(coldest, chilled - system.heat_exchanger_approach_k)
    tower_power, water = tower_rejection(tower, outside, heat + compressor, basin, np.where(free < 1.0, 1.0, speed))
    power = _hall_heat(system.electrical) * fan + heat * room.pump_kw_per_kw + compressor + tower_power
    return power, water


def _liquid_cooling(system: LiquidCooling, outside: Outside) -> tuple[Array, Array]:
    cooler, room = system.dry_cooler, system.room
    liquid_heat = np.full_like(outside.dry, system.liquid_share * (1.0 + system.liquid_pump_kw_per_kw))
    liquid_power, water = dry_rejection(
        system.chiller,
        cooler,
        outside,
        liquid_heat,
        system.supply_temperature_c,
        system.liquid_range_k,
        pads=True,
    )
    fan = room.fan_kw_per_kw * outside.fan_factor
    in_room = _hall_heat(system.electrical) - system.liquid_share
    room_power, _ = dry_rejection(
        system.chiller,
        cooler,
        outside,
        in_room * (1.0 + fan),
        system.room_temperature_c - room.coil_approach_k,
        room.water_range_k,
        pads=False,
    )
    pumps = system.liquid_share * system.liquid_pump_kw_per_kw + in_room * (1.0 + fan) * room.pump_kw_per_kw
    return (
        liquid_power + room_power + pumps + in_room * fan,
        water * make_up_factor(system.concentration_cycles),
    )


def _kind(name: str) -> type[CoolingSystem]:
    if name not in COOLING_SYSTEMS:
        raise ValueError(f"cooling system is {name!r}, but must be one of {', '.join(COOLING_SYSTEMS)}")
    return COOLING_SYSTEMS[name]


def _check(system: CoolingSystem) -> None:
    """Refuse numbers that no plant can have, all at once."""
    numbers: dict[str, float] = {}
    for field in fields(system):
        value = getattr(system, field.name)
        if is_dataclass(value):
            numbers |= {f"{field.name}.{inner.name}": getattr(value, inner.name) for inner in fields(value)}
        else:
            numbers[field.name] = value
    faults, wrong = [], dict[str, float]()
    for key, number in numbers.items():
        last = key.rpartition(".")[2]
        if last in ("ups_efficiency", "carnot_share"):
            fine, allowed = 0.0 < number <= 1.0, "in (0, 1]"
        elif last in ("distribution_loss_share", "transformer_loss_share"):
            fine, allowed = 0.0 <= number < 1.0, "in [0, 1)"
        elif last in ("range_k", "water_range_k", "liquid_range_k", "air_rise_k", "minimum_lift_k"):
            fine, allowed = number > 0.0, "above 0"
        elif last == "concentration_cycles":
            fine, allowed = number > 1.0, "above 1"
        elif last.endswith("temperature_c") or last == "maximum_dew_point_c":
            fine, allowed = -20.0 <= number <= 80.0, "between -20 and 80"
        elif last.endswith(("_share", "effectiveness", "rejection")):
            fine, allowed = 0.0 <= number <= 1.0, "between 0 and 1"
        else:
            fine, allowed = number >= 0.0, "not negative"
        if not fine:
            wrong[key] = number
            faults.append(f"{key} is {number}, but must be {allowed}")
    if faults:
        first = next(iter(wrong))
        raise RangeError(first, wrong[first], "; ".join(faults))
