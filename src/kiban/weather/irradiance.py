"""Global irradiance split into beam and diffuse, short gaps in it filled by clearness, or modelled from sunshine.

Weather stations measure global horizontal irradiance only; modules and cells need the beam. All angles
are means over the step, so that `GHI = DHI + DNI cos(zenith)` holds exactly in every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.weather.rows import runs_of
from kiban.weather.sun import Floats, Sun

LOWEST_BEAM_COSINE = 0.065
"""Mean cosine of the zenith angle below which all irradiance counts as diffuse (zenith of 86.3 degrees)."""
HIGHEST_CLEARNESS = 1.0


@dataclass(frozen=True, slots=True)
class SunshineModel:
    """Shares of the irradiance outside the air that reach the ground, by the share of sunshine; as in the catalogue.

    `diffuse + direct s` with sunshine of share s above 0 of what is possible, `overcast` without any.
    """

    diffuse: float
    direct: float
    overcast: float


def model_global(sunshine_h: Floats, sun: Sun, model: SunshineModel) -> Floats:
    """GHI in W/m2 of hourly steps from the hours of sunshine in each, arrays of shape `(n,)`; NaN stays NaN.

    Angstroem and Prescott's line on the horizontal irradiance outside the air, `I0 mu`:

        GHI = (diffuse + direct min(n / N, 1)) I0 mu   for n > 0,      GHI = overcast I0 mu   for n = 0

    with n the sunshine of the step and N the time in it with the sun up. Coefficients of J. Kondo, T. Nakamura and
    T. Yamazaki (1991, Tenki 38, 41-48) for the rotating recorders of the Japan Meteorological Agency.
    """
    possible = np.where(sun.sunlit > 0, sun.sunlit, 1.0)
    share = np.clip(sunshine_h / possible, 0.0, 1.0)
    clearness = np.where(share > 0, model.diffuse + model.direct * share, model.overcast)
    clearness = np.where(np.isnan(sunshine_h), np.nan, clearness)
    return np.where(sun.mean_cosine > 0, clearness * sun.extraterrestrial_w_m2 * sun.mean_cosine, 0.0)


def split_global(ghi_w_m2: Floats, sun: Sun) -> tuple[Floats, Floats]:
    """DNI and DHI in W/m2 of each step from its GHI, arrays of shape `(n,)`; NaN stays NaN.

    Diffuse fraction by Erbs, Klein and Duffie (1982, Solar Energy 28, 293-302) in the continuous form of
    Driesse, Jensen and Perez (2024, Solar Energy 267, 112093), as in pvlib. The beam is what remains, but
    no more than a clean sky lets through (`clear_beam`); the excess counts as diffuse.
    """
    import pvlib

    missing = np.isnan(ghi_w_m2)
    split = pvlib.irradiance.erbs_driesse(
        np.where(missing, 0.0, ghi_w_m2),
        _zenith_deg(sun),
        dni_extra=sun.extraterrestrial_w_m2,
        min_cos_zenith=LOWEST_BEAM_COSINE,
    )
    dni = beam_between(ghi_w_m2, np.asarray(split["dhi"], dtype=np.float64), sun)
    dni = np.where(missing, np.nan, dni)
    return dni, ghi_w_m2 - dni * sun.mean_cosine


def beam_between(ghi_w_m2: Floats, dhi_w_m2: Floats, sun: Sun) -> Floats:
    """DNI in W/m2 that closes `GHI = DHI + DNI cos(zenith)`, from 0 to the beam of a clean sky."""
    risen = sun.mean_cosine >= LOWEST_BEAM_COSINE
    cosine = np.where(risen, sun.mean_cosine, 1.0)
    dni = np.where(risen, (ghi_w_m2 - dhi_w_m2) / cosine, 0.0)
    return np.clip(dni, 0.0, clear_beam(sun))


def clear_beam(sun: Sun) -> Floats:
    """DNI in W/m2 through a clean, dry atmosphere: the limiting beam transmittance of the DISC model.

    `Knc = 0.866 - 0.122 m + 0.0121 m^2 - 0.000653 m^3 + 0.000014 m^4`, m the relative air mass of Kasten
    (1966), at most 12 (E. L. Maxwell, 1987, SERI/TR-215-3087).
    """
    import pvlib

    zenith = np.minimum(_zenith_deg(sun), 89.0)
    air_mass = np.minimum(pvlib.atmosphere.get_relative_airmass(zenith, model="kasten1966"), 12.0)
    transmittance = np.polyval([0.000014, -0.000653, 0.0121, -0.122, 0.866], air_mass)
    return np.asarray(sun.extraterrestrial_w_m2 * transmittance, dtype=np.float64)


def fill_by_clearness(ghi_w_m2: Floats, sun: Sun, longest_gap: int) -> Floats:
    """GHI with gaps of at most `longest_gap` steps filled; longer ones stay NaN.

    The clearness index (GHI over extraterrestrial horizontal irradiance) is interpolated between the
    neighbouring steps with the sun up, so that the filled course follows the sun.
    """
    outside = sun.extraterrestrial_w_m2 * sun.mean_cosine
    known = np.flatnonzero(~np.isnan(ghi_w_m2) & (sun.mean_cosine >= LOWEST_BEAM_COSINE))
    filled = ghi_w_m2.copy()
    if not len(known):
        return filled
    clearness = np.minimum(ghi_w_m2[known] / outside[known], HIGHEST_CLEARNESS)
    for start, length in runs_of(np.isnan(ghi_w_m2)):
        if length <= longest_gap:
            steps = np.arange(start, start + length)
            filled[steps] = np.interp(steps, known, clearness) * outside[steps]
    return filled


def _zenith_deg(sun: Sun) -> Floats:
    return np.asarray(np.degrees(np.arccos(np.clip(sun.mean_cosine, 0.0, 1.0))), dtype=np.float64)
