"""Moist air: saturation pressure, humidity, dew point, wet bulb, density.

Formulas of the ASHRAE Handbook, Fundamentals (2017), chapter 1 "Psychrometrics", in SI units. All
functions take scalars or arrays that broadcast and return float arrays of the broadcast shape.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

ZERO_CELSIUS_K = 273.15
STANDARD_PRESSURE_HPA = 1013.25
TRIPLE_POINT_C = 0.01
COLDEST_C = -100.0
"""Lower end of the saturation formulas; dew points below it are reported as this value."""
MOLAR_MASS_RATIO = 0.621945
"""Molar mass of water over that of dry air (chapter 1, equation 20)."""
DRY_AIR_GAS_CONSTANT_J_KG_K = 287.042
DRY_AIR_HEAT_CAPACITY_KJ_KG_K = 1.006
VAPOUR_HEAT_CAPACITY_KJ_KG_K = 1.86
LATENT_HEAT_AT_ZERO_KJ_KG = 2501.0

_WET_BULB_HALVINGS = 24
_DEW_POINT_NEWTON_STEPS = 8


def standard_pressure_hpa(elevation_m: npt.ArrayLike) -> Array:
    """Pressure of the standard atmosphere at an elevation (chapter 1, equation 3)."""
    elevation = np.asarray(elevation_m, dtype=float)
    return STANDARD_PRESSURE_HPA * (1.0 - 2.25577e-5 * elevation) ** 5.2559


def saturation_pressure_hpa(temperature_c: npt.ArrayLike) -> Array:
    """Saturation pressure of water vapour, over ice below the triple point and over water above it.

    Hyland and Wexler (1983) as given in chapter 1, equations 5 and 6; valid from -100 to 200 degrees
    Celsius.
    """
    celsius = np.asarray(temperature_c, dtype=float)
    kelvin = celsius + ZERO_CELSIUS_K
    logarithm = np.log(kelvin)
    over_ice = (
        -5.6745359e3 / kelvin
        + 6.3925247
        + kelvin * (-9.6778430e-3 + kelvin * (6.2215701e-7 + kelvin * (2.0747825e-9 - 9.4840240e-13 * kelvin)))
        + 4.1635019 * logarithm
    )
    over_water = (
        -5.8002206e3 / kelvin
        + 1.3914993
        + kelvin * (-4.8640239e-2 + kelvin * (4.1764768e-5 - 1.4452093e-8 * kelvin))
        + 6.5459673 * logarithm
    )
    return np.asarray(np.exp(np.where(celsius <= TRIPLE_POINT_C, over_ice, over_water)) / 100.0)


def vapour_pressure_hpa(temperature_c: npt.ArrayLike, relative_humidity_pct: npt.ArrayLike) -> Array:
    """Partial pressure of water vapour; relative humidity in percent of saturation at dry bulb."""
    relative = np.asarray(relative_humidity_pct, dtype=float)
    return np.asarray(relative / 100.0 * saturation_pressure_hpa(temperature_c))


def humidity_ratio(vapour_hpa: npt.ArrayLike, pressure_hpa: npt.ArrayLike) -> Array:
    """Kilograms of vapour for each kilogram of dry air (chapter 1, equation 20)."""
    vapour = np.asarray(vapour_hpa, dtype=float)
    return np.asarray(MOLAR_MASS_RATIO * vapour / (np.asarray(pressure_hpa, dtype=float) - vapour))


def enthalpy_kj_kg(temperature_c: npt.ArrayLike, ratio: npt.ArrayLike) -> Array:
    """Enthalpy of moist air for each kilogram of dry air (chapter 1, equation 30)."""
    celsius = np.asarray(temperature_c, dtype=float)
    vapour_enthalpy = LATENT_HEAT_AT_ZERO_KJ_KG + VAPOUR_HEAT_CAPACITY_KJ_KG_K * celsius
    return np.asarray(DRY_AIR_HEAT_CAPACITY_KJ_KG_K * celsius + np.asarray(ratio, dtype=float) * vapour_enthalpy)


def latent_heat_kj_kg(temperature_c: npt.ArrayLike) -> Array:
    """Heat that evaporates one kilogram of liquid water (the coefficients of chapter 1, equation 33)."""
    return LATENT_HEAT_AT_ZERO_KJ_KG - 2.326 * np.asarray(temperature_c, dtype=float)


def dew_point_c(temperature_c: npt.ArrayLike, relative_humidity_pct: npt.ArrayLike) -> Array:
    """Dew point, or frost point below freezing.

    Newton's method on the logarithm of the saturation pressure, started from the Magnus formula. Air
    drier than saturation at -100 degrees Celsius is reported as -100.
    """
    vapour = np.maximum(vapour_pressure_hpa(temperature_c, relative_humidity_pct), saturation_pressure_hpa(COLDEST_C))
    wanted = np.log(vapour)
    magnus = wanted - np.log(6.1078)
    estimate = np.clip(243.12 * magnus / (17.62 - magnus), COLDEST_C, 200.0)
    step_k = 0.01
    for _ in range(_DEW_POINT_NEWTON_STEPS):
        here = np.log(saturation_pressure_hpa(estimate))
        slope = (np.log(saturation_pressure_hpa(estimate + step_k)) - here) / step_k
        estimate = np.maximum(estimate + (wanted - here) / slope, COLDEST_C)
    return np.asarray(np.minimum(estimate, np.asarray(temperature_c, dtype=float)))


def wet_bulb_c(
    temperature_c: npt.ArrayLike, relative_humidity_pct: npt.ArrayLike, pressure_hpa: npt.ArrayLike
) -> Array:
    """Thermodynamic wet-bulb temperature.

    Solves chapter 1, equations 33 (water on the wick) and 35 (ice), for the temperature at which the
    humidity ratio is that of the air, by bisection between the dew point and the dry bulb. The
    remaining error is the interval divided by 2**24. The two equations overlap at freezing: a little air
    has a wet bulb on either side, up to 0.4 K apart, and either may be returned.
    """
    dry, relative, pressure = np.broadcast_arrays(
        np.asarray(temperature_c, dtype=float),
        np.asarray(relative_humidity_pct, dtype=float),
        np.asarray(pressure_hpa, dtype=float),
    )
    ratio = humidity_ratio(vapour_pressure_hpa(dry, relative), pressure)
    low = dew_point_c(dry, relative)
    high = dry.astype(float)
    for _ in range(_WET_BULB_HALVINGS):
        middle = 0.5 * (low + high)
        too_moist = _ratio_from_wet_bulb(dry, middle, pressure) > ratio
        high = np.where(too_moist, middle, high)
        low = np.where(too_moist, low, middle)
    return np.asarray(0.5 * (low + high))


def density_kg_m3(
    temperature_c: npt.ArrayLike, pressure_hpa: npt.ArrayLike, relative_humidity_pct: npt.ArrayLike = 0.0
) -> Array:
    """Density of moist air: the ideal gases dry air and vapour together (chapter 1, equation 26)."""
    pressure = np.asarray(pressure_hpa, dtype=float)
    vapour = vapour_pressure_hpa(temperature_c, relative_humidity_pct)
    kelvin = np.asarray(temperature_c, dtype=float) + ZERO_CELSIUS_K
    dry_equivalent_hpa = pressure - vapour * (1.0 - MOLAR_MASS_RATIO)
    return np.asarray(100.0 * dry_equivalent_hpa / (DRY_AIR_GAS_CONSTANT_J_KG_K * kelvin))


def _ratio_from_wet_bulb(dry: Array, wet: Array, pressure: Array) -> Array:
    saturated = humidity_ratio(saturation_pressure_hpa(wet), pressure)
    over_water = (
        (LATENT_HEAT_AT_ZERO_KJ_KG - 2.326 * wet) * saturated - DRY_AIR_HEAT_CAPACITY_KJ_KG_K * (dry - wet)
    ) / (LATENT_HEAT_AT_ZERO_KJ_KG + VAPOUR_HEAT_CAPACITY_KJ_KG_K * dry - 4.186 * wet)
    over_ice = ((2830.0 - 0.24 * wet) * saturated - DRY_AIR_HEAT_CAPACITY_KJ_KG_K * (dry - wet)) / (
        2830.0 + VAPOUR_HEAT_CAPACITY_KJ_KG_K * dry - 2.1 * wet
    )
    return np.where(wet >= 0.0, over_water, over_ice)
