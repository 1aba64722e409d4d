"""What has been measured when a forecast is issued: the steps before it, and the time before the operation began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.errors import InputError, Problem
from kiban.operation.conditions import Conditions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Record:
    """The conditions of an operation, behind those of a time before it (other years, or the year of the design).

    A forecast reads measurements only by `before(name, step)`, which ends where the forecast is issued. What is known
    for all time is the calendar and the sun: `clear_sky_w_m2` is the irradiance of a cloudless sky, shape
    `(past.steps + conditions.steps,)`.

    Raises ValueError where the past has other series or other steps, or is not whole days from the same time of day on.
    """

    conditions: Conditions
    past: Conditions
    clear_sky_w_m2: Array

    def __post_init__(self) -> None:
        if set(self.past.series) != set(self.conditions.series):
            raise ValueError(f"the past has {sorted(self.past.series)}, the operation {sorted(self.conditions.series)}")
        if self.past.step_hours != self.conditions.step_hours:
            raise ValueError("past and operation have steps of different length")
        if self.past.steps % self.steps_per_day or self.past.time[0].time() != self.conditions.time[0].time():
            raise ValueError("the past is not whole days from the time of day on at which the operation begins")
        if self.clear_sky_w_m2.shape != (self.start + self.steps,):
            raise ValueError("the clear sky has one value for each step of past and operation")

    @property
    def steps(self) -> int:
        """How many steps are operated."""
        return self.conditions.steps

    @property
    def start(self) -> int:
        """How many steps were measured before the operation began."""
        return self.past.steps

    @property
    def steps_per_day(self) -> int:
        """How many steps a day has."""
        return round(HOURS_PER_DAY / self.conditions.step_hours)

    @property
    def names(self) -> Sequence[str]:
        """Names of the series."""
        return tuple(self.conditions.series)

    @cached_property
    def _measured(self) -> Mapping[str, Array]:
        joined = {
            name: np.concatenate([self.past.series[name], self.conditions.series[name]])
            for name in self.conditions.series
        }
        for series in joined.values():
            series.flags.writeable = False
        return joined

    def before(self, name: str, step: int) -> Array:
        """Measurements of a series in all steps before `step` of the operation, the newest last; a view.

        Shape `(start + step,)`.
        """
        return self._measured[name][: self.start + step]

    @cached_property
    def time_of_day(self) -> npt.NDArray[np.int64]:
        """Step of the day (0-based) in which each step of past and operation lies."""
        return np.concatenate([step_of_day(one) for one in (self.past, self.conditions)])

    @cached_property
    def is_solar(self) -> Mapping[str, bool]:
        """Which series follow the sun: not always zero, but zero in the past whenever the sun is below the horizon."""
        night = self.clear_sky_w_m2[: self.start] <= 0.0
        return {
            name: bool(night.any() and series.any() and not series[night].any())
            for name, series in self.past.series.items()
        }


def step_of_day(conditions: Conditions) -> npt.NDArray[np.int64]:
    """Step of the day (0-based) of each step, by the site's clock."""
    time = conditions.time
    hours = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    return np.rint(hours / conditions.step_hours).astype(np.int64)


def record_of(conditions: Conditions, past: Conditions, latitude_deg: float, longitude_deg: float) -> Record:
    """The record at a place (degrees north and east), with the whole days of the past that operation can go on from.

    Raises `InputError` where the past does not hold one day from the time of day on at which the operation begins.
    """
    past = _whole_days(past, conditions)
    clear = [clear_sky_w_m2(one.time, latitude_deg, longitude_deg, one.step_hours) for one in (past, conditions)]
    return Record(conditions, past, np.concatenate(clear))


def _whole_days(past: Conditions, conditions: Conditions) -> Conditions:
    per_day = round(HOURS_PER_DAY / past.step_hours)
    same = np.flatnonzero(step_of_day(past) == step_of_day(conditions)[0])
    first = int(same[0]) if same.size else past.steps
    days = (past.steps - first) // per_day
    if not days:
        raise InputError(Problem("forecast.no_day"))
    return past.cut(first, first + days * per_day)


def clear_sky_w_m2(time: pd.DatetimeIndex, latitude_deg: float, longitude_deg: float, step_hours: float) -> Array:
    """Global horizontal irradiance of a cloudless sky over steps that start at `time`, shape `(n,)`.

    Haurwitz's model (1945, Journal of Meteorology 2, 154), which asks for the sun's height alone, as pvlib has it, at
    the mean cosine of the zenith angle over the step; zero in steps without sun.
    """
    import pandas as pd
    from pvlib.clearsky import haurwitz

    from kiban.weather.sun import sun_of_steps

    cosine = sun_of_steps(time, latitude_deg, longitude_deg, step_hours).mean_cosine
    zenith_deg = np.degrees(np.arccos(np.clip(cosine, 0.0, 1.0)))
    irradiance: Array = haurwitz(pd.Series(zenith_deg))["ghi"].to_numpy(dtype=np.float64)
    return np.where(cosine > 0.0, irradiance, 0.0)
