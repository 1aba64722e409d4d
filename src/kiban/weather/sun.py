"""Where the sun stands, averaged over each step: what a reader needs to check and convert irradiance.

Declination, equation of time and distance by the low-precision formulas of the Astronomical Almanac, in the
form of J. J. Michalsky, "The Astronomical Almanac's algorithm for approximate solar position (1950-2050)",
Solar Energy 40(3), 1988, 227-235: within 0.01 degrees and a few seconds. The physics of modules
may use a fuller algorithm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_DAY, SECONDS_PER_HOUR

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

SOLAR_CONSTANT_W_M2 = 1361.1
"""Total solar irradiance at the mean distance (Gueymard 2018, Solar Energy 168, 14-25)."""
DAYS_TO_J2000 = 10957.5
"""Days from 1970-01-01 00:00 to 2000-01-01 12:00 UTC."""
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR


class Sun(NamedTuple):
    """The sun over each step, arrays of shape `(n,)`.

    `mean_cosine`: mean of the cosine of the zenith angle, counted as zero below the horizon.
    `largest_cosine`: its largest value in the step (negative at night). `solar_hours`: true solar time
    (0 to 24) at the middle of the step. `extraterrestrial_w_m2`: irradiance normal to the rays in space.
    `sunlit`: share of the step (0 to 1) with the sun's centre above the horizon.
    """

    mean_cosine: Floats
    largest_cosine: Floats
    solar_hours: Floats
    extraterrestrial_w_m2: Floats
    sunlit: Floats


def sun_of_steps(time: pd.DatetimeIndex, latitude_deg: float, longitude_deg: float, step_hours: float) -> Sun:
    """Geometry of the sun over steps that start at `time` (time-zone aware).

    The mean is exact for the declination of the step's middle: the integral of
    `sin(lat) sin(dec) + cos(lat) cos(dec) cos(hour angle)` between the step's ends, cut at the horizon.
    """
    sky = _sky(time.as_unit("s").asi8.tobytes(), step_hours)
    solar_hours = (sky.middle_hours + longitude_deg / 15.0 + sky.equation_hours) % 24.0
    hour_angle = np.pi / 12.0 * (solar_hours - 12.0)
    latitude = np.radians(latitude_deg)
    constant = np.sin(latitude) * sky.sine
    amplitude = np.cos(latitude) * sky.cosine
    half_step = np.pi / 24.0 * step_hours
    first, last = hour_angle - half_step, hour_angle + half_step
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(amplitude > 0, -constant / amplitude, np.where(constant > 0, -1.0, 1.0))
    sunset = np.arccos(np.clip(ratio, -1.0, 1.0))
    # A step may straddle solar midnight (hour angle beyond 180 degrees): add the neighbouring days.
    energy = np.zeros_like(hour_angle)
    sunlit = np.zeros_like(hour_angle)
    for turn in (-2.0 * np.pi, 0.0, 2.0 * np.pi):
        start = np.maximum(first, -sunset + turn)
        end = np.maximum(np.minimum(last, sunset + turn), start)
        energy += constant * (end - start) + amplitude * (np.sin(end) - np.sin(start))
        sunlit += (end - start) / (2.0 * half_step)
    mean_cosine = np.maximum(energy / (2.0 * half_step), 0.0)
    nearest_noon = np.where((first <= 0) & (last >= 0), 0.0, np.minimum(np.abs(first), np.minimum(np.abs(last), np.pi)))
    largest_cosine = constant + amplitude * np.cos(nearest_noon)
    return Sun(mean_cosine, largest_cosine, solar_hours, sky.extraterrestrial_w_m2, sunlit)


class _Sky(NamedTuple):
    """What the time alone decides, arrays of shape `(n,)`; hours are those of UTC at the middle of a step."""

    middle_hours: Floats
    equation_hours: Floats
    sine: Floats
    cosine: Floats
    extraterrestrial_w_m2: Floats


@lru_cache(maxsize=8)
def _sky(seconds: bytes, step_hours: float) -> _Sky:
    """Declination, equation of time and distance over steps that start at `seconds` since 1970, whole numbers.

    Remembered, since the sites of a study share their hours.
    """
    start = np.frombuffer(seconds, dtype=np.int64)
    midnight, since = np.divmod(start, SECONDS_PER_DAY)
    middle = since / SECONDS_PER_HOUR + step_hours / 2.0
    days = midnight + middle / 24.0 - DAYS_TO_J2000
    mean_longitude = np.radians((280.460 + 0.9856474 * days) % 360.0)
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360.0)
    longitude = mean_longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    obliquity = np.radians(23.439 - 0.0000004 * days)
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    equation_hours = ((mean_longitude - right_ascension + np.pi) % (2.0 * np.pi) - np.pi) * 12.0 / np.pi
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2.0 * anomaly)
    extraterrestrial = SOLAR_CONSTANT_W_M2 / distance**2
    sky = _Sky(middle, equation_hours, np.sin(declination), np.cos(declination), extraterrestrial)
    for series in sky:
        series.flags.writeable = False
    return sky


def global_horizontal_w_m2(dni_w_m2: Floats, dhi_w_m2: Floats, mean_cosine_zenith: Floats) -> Floats:
    """GHI of each step, `DHI + DNI cos(zenith)`, with the step's mean cosine (zero below the horizon)."""
    return dhi_w_m2 + dni_w_m2 * mean_cosine_zenith
