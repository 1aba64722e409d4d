"""A typical year brought to the monthly means of a place: temperature, humidity, irradiance.

The hours keep their order and their departures from the month's mean; only the level moves. Months are
given as 12 values, January first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kiban.calendar import DAYS_PER_MONTH, DAYS_PER_YEAR, MONTHS_PER_YEAR, month_of_step
from kiban.errors import Problem, WeatherError
from kiban.weather.irradiance import LOWEST_BEAM_COSINE
from kiban.weather.rows import Where
from kiban.weather.sun import Floats, Sun

MJ_PER_DAY_IN_W = 1.0e6 / 86400.0
"""1 MJ a day in W."""
HUMIDITY_FLOOR_PCT = 5.0


def check_monthly(values: Sequence[float] | npt.ArrayLike, name: str, low: float, high: float, where: Where) -> Floats:
    """12 monthly values as an array, or `WeatherError` naming each month that is out of range."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (MONTHS_PER_YEAR,):
        raise WeatherError(Problem("months.shape", where, name, shape=str(array.shape)))
    problems = [
        Problem("months.value", where, name, value=value, month=month, low=low, high=high)
        for month, value in enumerate(array.tolist(), start=1)
        if not low <= value <= high
    ]
    if problems:
        raise WeatherError(problems)
    return array


def shift_to_means(values: Floats, monthly_means: Floats, step_hours: float) -> Floats:
    """`values` of one year plus a smooth periodic shift that gives them the monthly means.

    The shift is piecewise linear between the middles of the months; its 12 knots solve the linear
    system that makes the mean over each month exact.
    """
    wanted = monthly_means - means_by_month(values, step_hours)
    hats = _hats(len(values), step_hours)
    of_month = np.array([means_by_month(hats[:, k], step_hours) for k in range(MONTHS_PER_YEAR)]).T
    return values + hats @ np.linalg.solve(of_month, wanted)


def shift_humidity(values_pct: Floats, monthly_means_pct: Floats, step_hours: float) -> Floats:
    """Relative humidity shifted to monthly means within 5 and 100 %; what is cut off goes to other hours."""
    shifted = values_pct
    for _ in range(12):
        shifted = np.clip(shift_to_means(shifted, monthly_means_pct, step_hours), HUMIDITY_FLOOR_PCT, 100.0)
    return shifted


def scale_irradiance(
    dni_w_m2: Floats, dhi_w_m2: Floats, sun: Sun, monthly_mj_m2_day: Floats, step_hours: float, where: Where
) -> tuple[Floats, Floats]:
    """DNI and DHI scaled month by month to a mean GHI in MJ/m2 a day.

    One factor for all hours of a month, but no hour rises above a clear sky (or above itself, if it was
    brighter): cloudy hours make up for clear ones. Clear sky: `1098 cos(z) exp(-0.059 / cos(z))` W/m2
    (Haurwitz 1945, J. Meteor. 2, 154-166, as in Reno et al. 2012, SAND2012-2389). A brighter hour has
    relatively less diffuse irradiance: its fraction changes by the ratio that `diffuse_fraction` finds
    for the two clearness indices. Beam above `S 0.7^(m^0.678)` (Meinel 1976, m the air mass) counts as
    diffuse. Raises `WeatherError` for a month that asks for more than clear skies.
    """
    cosine = sun.mean_cosine
    beam = dni_w_m2 * cosine
    ghi = beam + dhi_w_m2
    risen = np.where(cosine > 0, cosine, 1.0)
    clear = np.where(cosine > 0, 1098.0 * cosine * np.exp(-0.059 / risen), 0.0)
    ceiling = np.where(ghi > 0, np.maximum(ghi, clear), 0.0)
    month = month_of_step(step_hours)
    ratio = np.ones_like(ghi)
    problems = []
    for number in range(1, MONTHS_PER_YEAR + 1):
        steps = month == number
        target = float(monthly_mj_m2_day[number - 1]) * MJ_PER_DAY_IN_W
        part, top = ghi[steps], ceiling[steps]
        if target > top.mean():
            said = {"value": float(monthly_mj_m2_day[number - 1]), "most": float(top.mean()) / MJ_PER_DAY_IN_W}
            problems.append(Problem("months.clear_sky", where, "monthly_ghi_mj_m2_day", values=said, month=number))
            continue
        low, high = 0.0, 1.0
        while np.minimum(high * part, top).mean() < target and high < 1e9:
            high *= 2.0
        for _ in range(60):
            factor = 0.5 * (low + high)
            low, high = (factor, high) if np.minimum(factor * part, top).mean() < target else (low, factor)
        lit = part > 0
        of_month = np.ones_like(part)
        of_month[lit] = np.minimum(high * part[lit], top[lit]) / part[lit]
        ratio[steps] = of_month
    if problems:
        raise WeatherError(problems)
    outside = sun.extraterrestrial_w_m2 * risen
    change = diffuse_fraction(ghi * ratio / outside) / diffuse_fraction(ghi / outside)
    splits = cosine > LOWEST_BEAM_COSINE
    dhi = np.where(splits, np.minimum(dhi_w_m2 * change, ghi), dhi_w_m2) * ratio
    limit = sun.extraterrestrial_w_m2 * 0.7 ** (1.0 / np.maximum(cosine, 0.01)) ** 0.678
    dni = np.where(splits, (ghi * ratio - dhi) / risen, dni_w_m2 * ratio)
    dni = np.clip(dni, 0.0, np.maximum(dni_w_m2, limit))
    return dni, np.maximum(ghi * ratio - dni * cosine, 0.0)


def diffuse_fraction(clearness: Floats) -> Floats:
    """Diffuse fraction of GHI against the clearness index, Erbs, Klein and Duffie (1982).

    Solar Energy 28(4), 293-302: `1 - 0.09 k` to k = 0.22, a polynomial to 0.8, then 0.165.
    """
    k = np.clip(clearness, 0.0, 1.0)
    middle = 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    return np.asarray(np.where(k <= 0.22, 1.0 - 0.09 * k, np.where(k <= 0.8, middle, 0.165)))


def means_by_month(values: Floats, step_hours: float) -> Floats:
    """Mean over each month of one weather year, shape `(12,)`."""
    ends = np.cumsum(np.array(DAYS_PER_MONTH)) * round(24 / step_hours)
    starts = np.concatenate(([0], ends[:-1]))
    return np.asarray(np.add.reduceat(values, starts) / (ends - starts), dtype=np.float64)


def _hats(steps: int, step_hours: float) -> Floats:
    """Weights of the 12 mid-month knots at the middle of each step, periodic, shape `(steps, 12)`."""
    days = (np.arange(steps) + 0.5) * step_hours / 24.0
    ends = np.cumsum(np.array(DAYS_PER_MONTH, dtype=np.float64))
    middles = ends - np.array(DAYS_PER_MONTH) / 2.0
    knots = np.concatenate(([middles[-1] - DAYS_PER_YEAR], middles, [middles[0] + DAYS_PER_YEAR]))
    right = np.searchsorted(knots, days, side="right")
    share = (days - knots[right - 1]) / (knots[right] - knots[right - 1])
    hats = np.zeros((steps, MONTHS_PER_YEAR))
    row = np.arange(steps)
    hats[row, (right - 2) % MONTHS_PER_YEAR] += 1.0 - share
    hats[row, (right - 1) % MONTHS_PER_YEAR] += share
    return hats
