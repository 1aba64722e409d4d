"""What was expected when each day began: the need that no free power covers, and the schedule of its window.

The forecasts of a day that are issued when it begins and a day before, set side by side with what then happened, are
what a fan of forecasts is drawn from; its band holds eight of ten errors that forecasts of the same lead had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

if TYPE_CHECKING:
    import pandas as pd

LOW, HIGH = 0.1, 0.9
"""Shares of errors below the lower and the upper end of the band."""
NET_LOAD: Final = "net_load_mw"
FORECAST: Final = "net_load_forecast_mw"
EARLIER: Final = "net_load_earlier_forecast_mw"
SCHEDULED: Final = "scheduled_"
"""Beginning of the names of columns of what the day's first window meant to do: `scheduled_import_mw` and so on."""


@dataclass(frozen=True, slots=True, eq=False)
class DayAhead:
    """The window with which a day begins, in step `step`; all arrays are `(horizon,)`.

    `net_load_mw` is the load as it arrives less power that costs nothing, both as expected. `schedule` has columns by
    the names that the operation's own have: MW of each source, MWh in each store at the end of a step.
    """

    step: int
    net_load_mw: Array
    schedule: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What was expected of each step; NaN where no window reached it.

    `columns`, each `(steps,)`: `net_load_mw` as it came, `net_load_forecast_mw` as it was expected when its day began,
    `net_load_earlier_forecast_mw` when the day before began, and what the day's first window scheduled. `low_mw` and
    `high_mw` `(horizon,)`: by lead in steps, between what a forecast is to be moved to hold eight of ten outcomes.
    """

    columns: Mapping[str, Array]
    low_mw: Array
    high_mw: Array
    days: int
    """Forecasts that the band is taken from."""


def find_days(time: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Which steps begin a day; the first one always does."""
    begins = np.asarray(time.hour == 0) & np.asarray(time.minute == 0)
    begins[0] = True
    return begins


def gather_expectation(days: Sequence[DayAhead], net_load_mw: Array) -> Expectation:
    """The expectation of an operation, from the first window of each of its days and the net load that came."""
    steps, horizon = net_load_mw.size, days[0].net_load_mw.size
    ends = [*(day.step for day in days[1:]), steps, steps]
    names = (FORECAST, EARLIER, *(f"{SCHEDULED}{name}" for name in days[0].schedule))
    columns = {name: np.full(steps, np.nan) for name in names}
    errors = np.full((len(days), horizon), np.nan)
    for number, day in enumerate(days):
        first, end, later = day.step, ends[number], ends[number + 1]
        _lay(columns[FORECAST], first, end, day.net_load_mw, first)
        _lay(columns[EARLIER], end, later, day.net_load_mw, first)
        for name, values in day.schedule.items():
            _lay(columns[f"{SCHEDULED}{name}"], first, end, values, first)
        # What lies beyond the last step was never measured.
        reach = min(horizon, steps - first)
        errors[number, :reach] = net_load_mw[first : first + reach] - day.net_load_mw[:reach]
    known = ~np.isnan(errors).all(axis=0)
    low, high = np.zeros(horizon), np.zeros(horizon)
    low[known], high[known] = np.nanquantile(errors[:, known], (LOW, HIGH), axis=0)
    return Expectation({NET_LOAD: net_load_mw, **columns}, low, high, len(days))


def _lay(column: Array, first: int, end: int, values: Array, begin: int) -> None:
    """Values of a window that begins in step `begin` into the steps `first` to before `end`, as far as it reaches."""
    end = min(end, begin + values.size)
    if first < end:
        column[first:end] = values[first - begin : end - begin]
