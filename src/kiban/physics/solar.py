"""Photovoltaic output from the weather, after NREL's PVWatts, on pvlib's functions.

sun position -> irradiance on the module -> reflection -> cell temperature -> direct current ->
losses and snow -> inverter. The chain is that of PVWatts version 5 (Dobos 2014, NREL/TP-6A20-62641)
with Perez transposition; `pvlib.modelchain.ModelChain.with_pvwatts` is its oracle in the tests.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import SECONDS_PER_HOUR
from kiban.errors import RangeError

if TYPE_CHECKING:
    import pandas as pd

Mount = Literal["fixed", "single_axis"]

STANDARD_IRRADIANCE_W_M2 = 1000.0
STANDARD_CELL_TEMPERATURE_C = 25.0
REFERENCE_INVERTER_EFFICIENCY = 0.9637
"""Efficiency for which the part-load curve of PVWatts was fitted (Dobos 2014)."""
CELL_TEMPERATURE_GLASS_POLYMER_OPEN_RACK = (-3.56, -0.075, 3.0)
"""a, b and the cell-to-back difference of King et al. (2004), SAND2004-3535, table 1."""
TERRESTRIAL_LESS_UNIVERSAL_TIME_S = 67.0
"""What pvlib takes; a second more moves the sun by less than 0.0001 degrees."""
REFRACTION_PRESSURE_HPA = 1013.25
REFRACTION_TEMPERATURE_C = 12.0
REFRACTION_AT_SUNRISE_DEG = 0.5667
"""Air and refraction at the horizon as pvlib takes them."""
NANOSECONDS_PER_SECOND = 10**9
SNOW_RATE_THRESHOLD_CM_PER_H = 1.0
"""Snowfall that covers a module at once (Marion et al. 2013, Solar Energy 97, 112)."""
SNOW_DEPTH_THRESHOLD_CM = 1.0
SNOW_SLIDE_W_M2_PER_K = 80.0
SNOW_SLIDE_SHARE_PER_H = 0.197


def pv_availability(
    time: pd.DatetimeIndex,
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    ghi_w_m2: npt.ArrayLike,
    dni_w_m2: npt.ArrayLike,
    dhi_w_m2: npt.ArrayLike,
    temperature_c: npt.ArrayLike,
    wind_speed_m_s: npt.ArrayLike,
    *,
    step_hours: float,
    mount: Mount,
    tilt_deg: float,
    azimuth_deg: float,
    dc_ac_ratio: float,
    system_loss_share: float,
    temperature_coefficient_per_k: float,
    inverter_efficiency: float,
    ground_albedo: npt.ArrayLike,
    ground_coverage_ratio: float | None = None,
    maximum_rotation_deg: float | None = None,
    snow_depth_cm: npt.ArrayLike | None = None,
    snow_strings: int | None = None,
    monthly_snow_loss_share: npt.ArrayLike | None = None,
) -> Array:
    """Output of each step for 1 MW of inverter (AC nameplate), shape (n,), between 0 and 1.

    Parameters
    ----------
    time : (n,) start of each step, with time zone; the sun is placed at the middle of the step
    latitude_deg, longitude_deg : degrees north and east
    elevation_m : above sea level, for the refraction of the air
    ghi_w_m2, dni_w_m2, dhi_w_m2 : (n,) global horizontal, direct normal and diffuse horizontal
        irradiance, means over the step
    temperature_c, wind_speed_m_s : (n,) air temperature, and wind speed about 10 m above ground
    mount : "fixed" (`tilt_deg` from horizontal, `azimuth_deg` clockwise from north, 180 is south) or
        "single_axis" (a tracker with backtracking; `tilt_deg` and `azimuth_deg` are those of its axis,
        0 and 180 for the usual horizontal north-south tube)
    dc_ac_ratio : nameplate of modules over nameplate of inverters
    system_loss_share : soiling, shading, mismatch, wiring and outages together, 0 to 1
    temperature_coefficient_per_k : of the module's power, negative
    inverter_efficiency : at nameplate
    ground_albedo : scalar or (n,), so that snow on the ground can be brighter
    ground_coverage_ratio, maximum_rotation_deg : of a tracker; needed for "single_axis" only
    snow_depth_cm : (n,) depth on the ground; its rises are taken as snowfall, which covers the modules
        until it slides (Marion et al. 2013; Ryberg and Freeman 2017). Needs `snow_strings`.
    snow_strings : strings in parallel along the slant height of a row
    monthly_snow_loss_share : (12,) share of each month's energy lost under snow, where depths are not
        known; not together with `snow_depth_cm`
    """
    _check(mount, dc_ac_ratio, system_loss_share, inverter_efficiency)
    if snow_depth_cm is not None and monthly_snow_loss_share is not None:
        raise ValueError("give snow_depth_cm or monthly_snow_loss_share, not both")
    ghi, dni, dhi, air, wind = (
        np.asarray(series, dtype=float) for series in (ghi_w_m2, dni_w_m2, dhi_w_m2, temperature_c, wind_speed_m_s)
    )
    zenith, sun_azimuth, day_of_year = _sun(time, latitude_deg, longitude_deg, elevation_m, step_hours)
    if mount == "single_axis":
        if ground_coverage_ratio is None or maximum_rotation_deg is None:
            raise ValueError("a tracker needs ground_coverage_ratio and maximum_rotation_deg")
        tilt, azimuth = _tracker(
            zenith, sun_azimuth, tilt_deg, azimuth_deg, ground_coverage_ratio, maximum_rotation_deg
        )
    else:
        tilt, azimuth = np.full(zenith.shape, float(tilt_deg)), np.full(zenith.shape, float(azimuth_deg))
    total, effective = _plane_irradiance(
        zenith, sun_azimuth, day_of_year, tilt, azimuth, ghi, dni, dhi, np.asarray(ground_albedo, dtype=float)
    )
    cell = _cell_temperature(total, air, wind)
    direct_current = (
        dc_ac_ratio
        * effective
        / STANDARD_IRRADIANCE_W_M2
        * (1.0 + temperature_coefficient_per_k * (cell - STANDARD_CELL_TEMPERATURE_C))
        * (1.0 - system_loss_share)
    )
    if snow_depth_cm is not None:
        if snow_strings is None:
            raise ValueError("a snow depth needs snow_strings")
        depth = np.asarray(snow_depth_cm, dtype=float)
        covered = snow_coverage(time, depth, total, air, tilt, step_hours=step_hours)
        direct_current = direct_current * (1.0 - np.ceil(covered * snow_strings - 1e-9) / snow_strings)
    elif monthly_snow_loss_share is not None:
        loss = np.asarray(monthly_snow_loss_share, dtype=float)
        direct_current = direct_current * (1.0 - loss[np.asarray(time.month) - 1])
    return inverter_output(np.maximum(direct_current, 0.0), inverter_efficiency)


def inverter_output(direct_current: npt.ArrayLike, inverter_efficiency: float) -> Array:
    """Alternating current from direct current, both in shares of the AC nameplate.

    Part-load efficiency of PVWatts (Dobos 2014, equation 12), clipped at the nameplate; below about
    0.6 % of its rating the inverter gives nothing.
    """
    load = np.asarray(direct_current, dtype=float) * inverter_efficiency
    # The curve is (0.9858 - 0.0162 load - 0.0059 / load) * load; multiplied out, it needs no division.
    output = (0.9858 - 0.0162 * load) * load - 0.0059
    return np.clip(output / REFERENCE_INVERTER_EFFICIENCY, 0.0, 1.0)


def snow_coverage(
    time: pd.DatetimeIndex,
    snow_depth_cm: Array,
    plane_irradiance_w_m2: Array,
    temperature_c: Array,
    tilt_deg: Array,
    *,
    step_hours: float,
) -> Array:
    """Share of the slant height of the modules that snow covers, shape (n,).

    Marion et al. (2013) as revised by Ryberg and Freeman (2017, NREL/TP-6A20-68705): a fast snowfall
    covers the modules; when sun or air are warm enough, the cover slides by 0.197 sin(tilt) of the
    height each hour; ground with less than 1 cm of snow clears them. A rise of the measured depth is
    snowfall; a gap in time (between weather years that are not neighbours) is not.
    """
    seconds = np.asarray(time.as_unit("s").asi8, dtype=np.int64)
    gap = np.diff(seconds, prepend=seconds[:1]) != round(step_hours * SECONDS_PER_HOUR)
    rise = np.where(gap, 0.0, np.diff(snow_depth_cm, prepend=snow_depth_cm[:1]))
    enough = snow_depth_cm >= SNOW_DEPTH_THRESHOLD_CM
    fresh = (rise / step_hours >= SNOW_RATE_THRESHOLD_CM_PER_H) & enough
    slides = temperature_c > -plane_irradiance_w_m2 / SNOW_SLIDE_W_M2_PER_K
    slide = np.where(slides, SNOW_SLIDE_SHARE_PER_H * np.sin(np.radians(tilt_deg)) * step_hours, 0.0)
    slide = np.where(enough, np.where(fresh, 0.0, slide), 1.0)
    slid = np.cumsum(slide)
    last_fresh = np.maximum.accumulate(np.where(fresh, np.arange(slid.size), -1))
    since = slid - slid[np.maximum(last_fresh, 0)]
    return np.where(last_fresh >= 0, np.maximum(1.0 - since, 0.0), 0.0)


def _check(mount: str, dc_ac_ratio: float, system_loss_share: float, inverter_efficiency: float) -> None:
    if mount not in get_args(Mount):
        raise ValueError(f"mount is {mount!r}, but must be one of {', '.join(get_args(Mount))}")
    if dc_ac_ratio <= 0.0:
        raise RangeError("dc_ac_ratio", dc_ac_ratio, f"dc_ac_ratio is {dc_ac_ratio}, but must be positive")
    if not 0.0 <= system_loss_share <= 1.0:
        raise RangeError(
            "system_loss_share",
            system_loss_share,
            f"system_loss_share is {system_loss_share}, but must lie between 0 and 1",
        )
    if not 0.0 < inverter_efficiency <= 1.0:
        raise RangeError(
            "inverter_efficiency",
            inverter_efficiency,
            f"inverter_efficiency is {inverter_efficiency}, but must lie in (0, 1]",
        )


def _sun(
    time: pd.DatetimeIndex, latitude_deg: float, longitude_deg: float, elevation_m: float, step_hours: float
) -> tuple[Array, Array, Array]:
    """Apparent zenith, azimuth (degrees) and day of the year at the middle of each step.

    The algorithm of I. Reda and A. Andreas (2004, Solar Energy 76, 577-589) by pvlib's functions, in the order of its
    `solarposition.spa_python`, whose results these are to the last bit.
    """
    import pandas as pd
    from pvlib import spa

    if time.tz is None:
        raise ValueError("time needs a time zone: without one the sun cannot be placed")
    middle = time + pd.Timedelta(hours=0.5 * step_hours)
    distance, sidereal, ascension, declination = _geocentric_sun(middle.as_unit("ns").asi8.tobytes())
    hour_angle = spa.local_hour_angle(sidereal, longitude_deg, ascension)
    parallax = spa.equatorial_horizontal_parallax(distance)
    u = spa.uterm(latitude_deg)
    x, y = spa.xterm(u, latitude_deg, elevation_m), spa.yterm(u, latitude_deg, elevation_m)
    moved = spa.parallax_sun_right_ascension(x, parallax, hour_angle, declination)
    declination = spa.topocentric_sun_declination(declination, x, y, parallax, moved, hour_angle)
    hour_angle = spa.topocentric_local_hour_angle(hour_angle, moved)
    elevation = spa.topocentric_elevation_angle_without_atmosphere(latitude_deg, declination, hour_angle)
    refraction = spa.atmospheric_refraction_correction(
        REFRACTION_PRESSURE_HPA, REFRACTION_TEMPERATURE_C, elevation, REFRACTION_AT_SUNRISE_DEG
    )
    zenith = spa.topocentric_zenith_angle(spa.topocentric_elevation_angle(elevation, refraction))
    azimuth = spa.topocentric_azimuth_angle(spa.topocentric_astronomers_azimuth(hour_angle, declination, latitude_deg))
    return zenith, azimuth, np.asarray(middle.day_of_year, dtype=float)


@lru_cache(maxsize=4)
def _geocentric_sun(nanoseconds: bytes) -> tuple[Array, Array, Array, Array]:
    """Distance, sidereal time, right ascension and declination of the sun at whole nanoseconds since 1970.

    Remembered, since it is most of the work and the same at every site of a study.
    """
    from pvlib import spa

    seconds = np.frombuffer(nanoseconds, dtype=np.int64) / NANOSECONDS_PER_SECOND
    day = spa.julian_ephemeris_day(spa.julian_day(seconds), TERRESTRIAL_LESS_UNIVERSAL_TIME_S)
    distance = spa.heliocentric_radius_vector(spa.julian_ephemeris_millennium(spa.julian_ephemeris_century(day)))
    # No place enters what is asked for here.
    sky = spa.solar_position_numpy(
        seconds, 0.0, 0.0, 0.0, 0.0, 0.0, TERRESTRIAL_LESS_UNIVERSAL_TIME_S, 0.0, 1, sst=True
    )
    for series in (distance, *sky):
        series.flags.writeable = False
    return distance, *sky


def _tracker(
    zenith: Array,
    sun_azimuth: Array,
    axis_tilt_deg: float,
    axis_azimuth_deg: float,
    ground_coverage_ratio: float,
    maximum_rotation_deg: float,
) -> tuple[Array, Array]:
    """Tilt and azimuth of the modules; flat at night, when pvlib gives none."""
    from pvlib import tracking

    position = tracking.singleaxis(
        zenith,
        sun_azimuth,
        axis_tilt=axis_tilt_deg,
        axis_azimuth=axis_azimuth_deg,
        max_angle=maximum_rotation_deg,
        backtrack=True,
        gcr=ground_coverage_ratio,
    )
    tilt = np.nan_to_num(np.asarray(position["surface_tilt"], dtype=float), nan=0.0)
    return tilt, np.nan_to_num(np.asarray(position["surface_azimuth"], dtype=float), nan=axis_azimuth_deg)


def _plane_irradiance(
    zenith: Array,
    sun_azimuth: Array,
    day_of_year: Array,
    tilt: Array,
    azimuth: Array,
    ghi: Array,
    dni: Array,
    dhi: Array,
    albedo: Array,
) -> tuple[Array, Array]:
    """Irradiance on the module, and the part of it that passes the glass, in W/m2."""
    from pvlib import atmosphere, iam, irradiance

    # With the sun's centre below the horizon at mid-step, what beam there was came from elsewhere in
    # the step, at grazing incidence.
    beam = np.where(zenith < 90.0, dni, 0.0)
    incidence = irradiance.aoi(tilt, azimuth, zenith, sun_azimuth)
    direct = np.maximum(beam * np.cos(np.radians(incidence)), 0.0)
    sky = irradiance.perez(
        tilt,
        azimuth,
        dhi,
        beam,
        irradiance.get_extra_radiation(day_of_year),
        zenith,
        sun_azimuth,
        atmosphere.get_relative_airmass(zenith),
    )
    ground = irradiance.get_ground_diffuse(tilt, ghi, albedo=albedo)
    diffuse = np.nan_to_num(np.asarray(sky, dtype=float), nan=0.0) + np.asarray(ground, dtype=float)
    passed = np.asarray(iam.physical(incidence), dtype=float)
    return np.asarray(direct + diffuse), np.asarray(direct * passed + diffuse)


def _cell_temperature(plane_irradiance: Array, air: Array, wind: Array) -> Array:
    """Cell temperature after King et al. (2004), for a glass-polymer module on an open rack."""
    a, b, difference = CELL_TEMPERATURE_GLASS_POLYMER_OPEN_RACK
    back = air + plane_irradiance * np.exp(a + b * wind)
    return back + plane_irradiance / STANDARD_IRRADIANCE_W_M2 * difference
