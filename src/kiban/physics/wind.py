"""Output of wind turbines from the weather.

speed at the mast -> speed at the hub (power-law shear) -> scaled to the resource of the site ->
density correction -> power curve -> losses. Every step is a function of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import RangeError
from kiban.physics.air import DRY_AIR_GAS_CONSTANT_J_KG_K, ZERO_CELSIUS_K, density_kg_m3

REFERENCE_DENSITY_KG_M3 = 1.225
"""Air density for which power curves are published (IEC 61400-12-1)."""
GRAVITY_M_S2 = 9.80665


def wind_availability(
    wind_speed_m_s: npt.ArrayLike,
    wind_height_m: float,
    temperature_c: npt.ArrayLike,
    pressure_hpa: npt.ArrayLike,
    *,
    hub_height_m: float,
    shear_exponent: float,
    curve_speeds_m_s: npt.ArrayLike,
    curve_shares: npt.ArrayLike,
    loss_share: float,
    resource_mean_speed_m_s: float | None = None,
    resource_height_m: float = 100.0,
) -> Array:
    """Output of each step for 1 MW of turbines, shape (n,), between 0 and 1 - `loss_share`.

    Parameters
    ----------
    wind_speed_m_s : (n,) mean wind speed of the step at `wind_height_m` above ground
    temperature_c, pressure_hpa : (n,) or scalar, near the ground
    hub_height_m : height of the hub above ground or sea
    shear_exponent : exponent of the power law; about 0.2 over land, 0.1 over sea
    curve_speeds_m_s, curve_shares : (k,) power curve at 1.225 kg/m3, shares of the rating. The last
        speed is the cut-out speed: above it the turbine stands still. Below the first speed it gives 0.
    loss_share : wake, electrical and icing losses and outages together, 0 to 1
    resource_mean_speed_m_s : when given, the series is scaled so that its mean at `resource_height_m`
        is this value: the shape in time comes from the weather, the level from a resource map
    """
    if not 0.0 <= loss_share <= 1.0:
        raise RangeError("loss_share", loss_share, f"loss_share is {loss_share}, but must lie between 0 and 1")
    speed = np.asarray(wind_speed_m_s, dtype=float)
    if resource_mean_speed_m_s is not None:
        at_resource = speed_at_height(speed, wind_height_m, resource_height_m, shear_exponent)
        speed = speed * (resource_mean_speed_m_s / _positive_mean(at_resource))
    hub = speed_at_height(speed, wind_height_m, hub_height_m, shear_exponent)
    density = density_at_height(temperature_c, pressure_hpa, hub_height_m)
    return (1.0 - loss_share) * power_curve_output(
        hub, density, curve_speeds_m_s=curve_speeds_m_s, curve_shares=curve_shares
    )


def speed_at_height(speed_m_s: npt.ArrayLike, from_height_m: float, to_height_m: float, shear_exponent: float) -> Array:
    """Wind speed at another height by the power law `v2 = v1 * (z2 / z1) ** shear_exponent`."""
    if from_height_m <= 0.0 or to_height_m <= 0.0:
        raise RangeError(
            "height_m",
            min(from_height_m, to_height_m),
            f"heights must be above ground, not {from_height_m} m and {to_height_m} m",
        )
    factor: float = (to_height_m / from_height_m) ** shear_exponent
    return np.asarray(speed_m_s, dtype=float) * factor


def density_at_height(temperature_c: npt.ArrayLike, pressure_hpa: npt.ArrayLike, height_m: float) -> Array:
    """Air density `height_m` above the place of the measurement, for air of one temperature."""
    celsius = np.asarray(temperature_c, dtype=float)
    scale_height_m = DRY_AIR_GAS_CONSTANT_J_KG_K * (celsius + ZERO_CELSIUS_K) / GRAVITY_M_S2
    return density_kg_m3(celsius, np.asarray(pressure_hpa, dtype=float) * np.exp(-height_m / scale_height_m))


def power_curve_output(
    speed_m_s: npt.ArrayLike,
    density: npt.ArrayLike,
    *,
    curve_speeds_m_s: npt.ArrayLike,
    curve_shares: npt.ArrayLike,
) -> Array:
    """Share of the rating at a hub speed and an air density (kg/m3).

    A pitch-regulated turbine gives in thinner air what it gives at the lower speed
    `v * (density / 1.225) ** (1/3)` (IEC 61400-12-1, normalisation of the wind speed). Between the
    points of the curve the output is linear. Cut-out is decided by the real speed.
    """
    speeds = np.asarray(curve_speeds_m_s, dtype=float)
    shares = np.asarray(curve_shares, dtype=float)
    if speeds.ndim != 1 or speeds.shape != shares.shape or speeds.size < 2 or np.any(np.diff(speeds) <= 0.0):
        raise ValueError("a power curve needs equally many speeds and shares, with speeds that increase")
    if np.any((shares < 0.0) | (shares > 1.0)):
        raise RangeError(
            "curve_shares", float(np.max(np.abs(shares))), "the shares of a power curve must lie between 0 and 1"
        )
    speed = np.asarray(speed_m_s, dtype=float)
    equivalent = speed * np.cbrt(np.asarray(density, dtype=float) / REFERENCE_DENSITY_KG_M3)
    share = np.interp(np.minimum(equivalent, speeds[-1]), speeds, shares, left=0.0)
    return np.where(speed <= speeds[-1], share, 0.0)


def power_curve_from_rows(rows: Mapping[str, float], prefix: str) -> tuple[Array, Array]:
    """Speeds and shares from catalogue values whose ids are `prefix` followed by the speed in m/s.

    `{"wind_power_curve.onshore.09.50": 0.93, ...}` with the prefix `"wind_power_curve.onshore."` gives
    the point (9.5 m/s, 0.93). Rows with another prefix are passed over.
    """
    points = sorted((float(key[len(prefix) :]), value) for key, value in rows.items() if key.startswith(prefix))
    if not points:
        raise ValueError(f"no row begins with {prefix!r}")
    return np.array([speed for speed, _ in points]), np.array([share for _, share in points])


def _positive_mean(speed: Array) -> float:
    mean = float(np.mean(speed))
    if not mean > 0.0:
        raise RangeError("wind_speed_m_s", mean, "a calm series (mean wind speed 0) cannot be scaled to a resource")
    return mean
