"""Hours of a year and fiscal years.

A weather year has 365 days: 29 February is dropped. It begins with January, or with another month, and is called by the
calendar year in which it begins: the fiscal year 2022 from April ends in March 2023. Every step is labelled by its
*start* in the site's standard time (a fixed offset from UTC; no daylight saving).
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


def hours_before_month(month: int) -> int:
    """Hours of a weather year from 1 January to the first of a month (1 to 12)."""
    return sum(DAYS_PER_MONTH[: month - 1]) * HOURS_PER_DAY


def year_index(
    years: int | Sequence[int], utc_offset_hours: float, step_hours: float = 1.0, first_month: int = 1
) -> pd.DatetimeIndex:
    """Starts of all steps of one or several weather years, without 29 February, each from the first of `first_month`.

    Returns a time-zone-aware index of length `len(years) * steps_per_year(step_hours)`.
    """
    import pandas as pd

    zone = timezone(timedelta(hours=utc_offset_hours))
    wanted = [years] if isinstance(years, int) else list(years)
    parts = []
    for year in wanted:
        index = pd.date_range(
            f"{year}-{first_month:02d}-01",
            f"{year + 1}-{first_month:02d}-01",
            freq=pd.Timedelta(hours=step_hours),
            inclusive="left",
            tz=zone,
        )
        parts.append(index[~((index.month == 2) & (index.day == 29))])
    return pd.DatetimeIndex(parts[0].append(parts[1:]))


def month_of_step(step_hours: float = 1.0, first_month: int = 1) -> npt.NDArray[np.int64]:
    """Month (1 to 12) of each step of one weather year from `first_month` on, shape `(steps_per_year,)`."""
    per_day = round(HOURS_PER_DAY / step_hours)
    months = np.roll(np.arange(MONTHS_PER_YEAR), 1 - first_month)
    return np.repeat(months + 1, np.array(DAYS_PER_MONTH)[months] * per_day)


def hour_of_step(step_hours: float = 1.0) -> npt.NDArray[np.int64]:
    """Hour of day (0 to 23) in which each step of one weather year starts."""
    return (np.arange(steps_per_year(step_hours)) * step_hours % HOURS_PER_DAY).astype(np.int64)


def years_of(time: pd.DatetimeIndex, first_month: int) -> npt.NDArray[np.int64]:
    """The year that begins with `first_month` to which each time belongs, by the calendar year of its beginning."""
    return np.asarray(time.year.to_numpy() - (time.month.to_numpy() < first_month), dtype=np.int64)


def fiscal_year(year: int, month: int, first_month: int = FISCAL_YEAR_FIRST_MONTH) -> int:
    """Year, by the calendar year of its first month, to which a month belongs; Japan's fiscal year begins in April."""
    return year if month >= first_month else year - 1
