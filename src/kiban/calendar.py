"""Hours of a year and fiscal years.

A weather year has 365 days: 29 February is dropped. Every step is labelled by its *start* in the
site's standard time (a fixed offset from UTC; no daylight saving).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3_600
DAYS_PER_YEAR = 365
HOURS_PER_YEAR = HOURS_PER_DAY * DAYS_PER_YEAR
MONTHS_PER_YEAR = 12
JAPAN_UTC_OFFSET_HOURS = 9.0
DAYS_PER_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FISCAL_YEAR_FIRST_MONTH = 4


def steps_per_year(step_hours: float = 1.0) -> int:
    """Number of steps in a weather year of 365 days."""
    return round(HOURS_PER_YEAR / step_hours)


def year_index(years: int | Sequence[int], utc_offset_hours: float, step_hours: float = 1.0) -> pd.DatetimeIndex:
    """Starts of all steps of one or several weather years, without 29 February.

    Returns a time-zone-aware index of length `len(years) * steps_per_year(step_hours)`.
    """
    import pandas as pd

    zone = timezone(timedelta(hours=utc_offset_hours))
    wanted = [years] if isinstance(years, int) else list(years)
    parts = []
    for year in wanted:
        index = pd.date_range(
            f"{year}-01-01",
            f"{year + 1}-01-01",
            freq=pd.Timedelta(hours=step_hours),
            inclusive="left",
            tz=zone,
        )
        parts.append(index[~((index.month == 2) & (index.day == 29))])
    return pd.DatetimeIndex(parts[0].append(parts[1:]))


def month_of_step(step_hours: float = 1.0) -> npt.NDArray[np.int64]:
    """Month (1 to 12) of each step of one weather year, shape `(steps_per_year,)`."""
    per_day = round(HOURS_PER_DAY / step_hours)
    return np.repeat(np.arange(1, MONTHS_PER_YEAR + 1), np.array(DAYS_PER_MONTH) * per_day)


def hour_of_step(step_hours: float = 1.0) -> npt.NDArray[np.int64]:
    """Hour of day (0 to 23) in which each step of one weather year starts."""
    return (np.arange(steps_per_year(step_hours)) * step_hours % HOURS_PER_DAY).astype(np.int64)


def fiscal_year(year: int, month: int) -> int:
    """Japanese fiscal year (April to March) of a calendar month."""
    return year if month >= FISCAL_YEAR_FIRST_MONTH else year - 1
