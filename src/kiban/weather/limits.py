"""What a value may be: physical ranges, and irradiance against the sun."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR
from kiban.errors import Problem
from kiban.messages import Message
from kiban.weather.rows import LISTED_AT_MOST, Alignment
from kiban.weather.sun import Floats, Sun, global_horizontal_w_m2

IRRADIANCE = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
PHYSICAL_RANGE: Mapping[str, tuple[float, float]] = {
    # Lowest and highest values ever observed at the surface, with a margin (WMO weather extremes archive).
    "temperature_c": (-90.0, 60.0),
    "relative_humidity_pct": (0.0, 100.0),
    "ghi_w_m2": (0.0, 1600.0),
    "dni_w_m2": (0.0, 1420.0),
    "dhi_w_m2": (0.0, 1000.0),
    "wind_speed_m_s": (0.0, 115.0),
    "pressure_hpa": (400.0, 1090.0),
    "snow_depth_cm": (0.0, 1200.0),
}
NIGHT_SUN_W_M2 = 20.0
"""More than this, with the sun below civil twilight for the whole step, is no sensor noise."""
MOST_CLIPPED_W_M2 = NIGHT_SUN_W_M2
"""Irradiance below zero by more than this is no sensor noise either, and is not set to zero even on request."""
CIVIL_TWILIGHT_SINE = -0.10453
"""Sine of -6 degrees."""
NOON_TOLERANCE_HOURS = 0.75
"""Cloud and hills move the centre of the day's irradiance by half an hour at most; a wrong label by one."""
ANNUAL_GHI_RANGE_KWH_M2 = (250.0, 3000.0)
"""Outside this the unit is wrong: the poles receive about 800, the Atacama desert about 2700."""
CLOSURE_RANGE = (0.75, 1.33)
"""Allowed ratio of the year's GHI to the year's `DHI + DNI cos(zenith)`."""


def _listed(
    bad: npt.NDArray[np.bool_],
    values: Floats,
    alignment: Alignment,
    *,
    name: str,
    fault: str,
    remedy: str = "",
    **blanks: object,
) -> list[Problem]:
    """One problem for each of the first bad steps, the last one counting the rest."""
    steps = np.flatnonzero(bad)
    problems = []
    for shown, step in enumerate(steps[:LISTED_AT_MOST].tolist()):
        last = shown == LISTED_AT_MOST - 1 and len(steps) > LISTED_AT_MOST
        said = {
            **blanks,
            "value": float(values[step]),
            "time": f"{alignment.index[step]:%Y-%m-%d %H:%M}",
            "more": Message("more.values", count=len(steps) - LISTED_AT_MOST) if last else "",
        }
        problems.append(Problem(fault, alignment.place_of(step), name, remedy, said))
    return problems


def range_problems(columns: Mapping[str, Floats], alignment: Alignment) -> list[Problem]:
    """Values outside `PHYSICAL_RANGE`; NaN is not judged here."""
    problems: list[Problem] = []
    for name, column in columns.items():
        low, high = PHYSICAL_RANGE[name]
        too_low = column < low
        noise = too_low & (column >= -MOST_CLIPPED_W_M2) & (name in IRRADIANCE)
        clip = math.ceil(-float(column[noise].min(initial=0.0)))
        problems += _listed(noise, column, alignment, name=name, fault="limits.negative", clip=clip)
        problems += _listed(too_low & ~noise, column, alignment, name=name, fault="limits.below", low=low, high=high)
        problems += _listed(column > high, column, alignment, name=name, fault="limits.above", low=low, high=high)
    return problems


def sun_problems(columns: Mapping[str, Floats], alignment: Alignment, sun: Sun) -> list[Problem]:
    """Irradiance against the sun: above what is possible, at night, off noon, implausible in sum.

    Upper limits: the physically possible limits of the BSRN quality tests (Long and Dutton 2002, version
    2.0): GHI < 1.5 S cos(z)^1.2 + 100, DHI < 0.95 S cos(z)^1.2 + 50, DNI < S, in W/m2.
    """
    night = sun.largest_cosine < CIVIL_TWILIGHT_SINE
    risen = sun.mean_cosine**1.2
    limits = {
        "ghi_w_m2": 1.5 * sun.extraterrestrial_w_m2 * risen + 100.0,
        "dhi_w_m2": 0.95 * sun.extraterrestrial_w_m2 * risen + 50.0,
        "dni_w_m2": sun.extraterrestrial_w_m2,
    }
    zone = f"UTC{alignment.index[0]:%z}"
    night_problems: list[Problem] = []
    high_problems: list[Problem] = []
    for name in IRRADIANCE:
        column = columns[name]
        dark = night & (column > NIGHT_SUN_W_M2)
        night_problems += _listed(dark, column, alignment, name=name, fault="sun.night", remedy="sun.times", zone=zone)
        too_high = ~dark & (column > limits[name]) & (column <= PHYSICAL_RANGE[name][1])
        high_problems += _listed(too_high, column, alignment, name=name, fault="sun.too_high")
    # A single wild value must not move the sums of the year.
    ghi, dni, dhi = (np.clip(np.nan_to_num(columns[name]), *PHYSICAL_RANGE[name]) for name in IRRADIANCE)
    beam_and_sky = global_horizontal_w_m2(dni, dhi, sun.mean_cosine)
    if ghi.sum() > 0:
        # Time of the year's irradiance from solar noon; one sentence instead of one for every dusk or dawn.
        off_noon = float((ghi * (sun.solar_hours - 12.0)).sum() / ghi.sum())
        if abs(off_noon) > NOON_TOLERANCE_HOURS:
            fault = "sun.after_noon" if off_noon > 0 else "sun.before_noon"
            shifted = Problem(fault, alignment.where, "ghi_w_m2", "sun.times", hours=abs(off_noon), zone=zone)
            return [shifted, *night_problems[:1]]
    if night_problems or high_problems:
        return [*night_problems, *high_problems]
    if any(np.isnan(columns[name]).any() for name in IRRADIANCE):
        return []
    annual = float(ghi.mean()) * HOURS_PER_YEAR / 1000.0
    low, high = ANNUAL_GHI_RANGE_KWH_M2
    if not low <= annual <= high:
        return [Problem("sun.annual_sum", alignment.where, "ghi_w_m2", sum=annual, low=low, high=high)]
    closure = float(ghi.sum() / max(beam_and_sky.sum(), 1.0))
    if not CLOSURE_RANGE[0] <= closure <= CLOSURE_RANGE[1]:
        return [Problem("sun.closure", alignment.where, "ghi_w_m2", ratio=closure)]
    return []
