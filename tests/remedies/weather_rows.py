"""Remedies of what is wrong with the rows and values of a weather year, and with monthly means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from tests.remedies import Case
from tests.unit.test_weather_year import LATITUDE, LONGITUDE, PLACE, changed, rows_of, without

from kiban.calendar import year_index
from kiban.weather import check_weather
from kiban.weather.rows import row_count_problem
from kiban.weather.sun import sun_of_steps
from kiban.weather.textfile import refuse
from kiban.weather.typical import read_typical
from kiban.weather.year import join_years, select_years

TIME = year_index(2023, 9.0)
COLUMNS = rows_of(TIME)
TOMAKOMAI = (42.63, 141.6, 10.0)
NOON = 24 * 20 + 12


def year(time: Any = TIME, columns: Any = COLUMNS, **options: Any) -> Any:
    return check_weather(time, columns, **{**PLACE, **options})


@cache
def whole() -> Any:
    """The year without any fault, read once."""
    return year()


def value(name: str, cell: float, step: int = NOON) -> Mapping[str, Any]:
    return changed(COLUMNS, name, step, cell)


def rows_without(rows: Any, **options: Any) -> Any:
    return year(*without(TIME, COLUMNS, rows), **options)


def counted(rows: int) -> None:
    problem = row_count_problem(rows, 1.0, "a.csv")
    refuse([problem] if problem else [])


def longer(steps: int) -> tuple[pd.DatetimeIndex, dict[str, Any]]:
    time = pd.date_range(TIME[0], periods=8760 + steps, freq="h")
    return time, {name: np.append(column, column[:steps]) for name, column in COLUMNS.items()}


def half_year_longer() -> tuple[pd.DatetimeIndex, dict[str, Any]]:
    """A year of which an hour lacks, and one hour of the next year."""
    time, columns = longer(1)
    return time.delete([50]), {name: np.delete(column, [50]) for name, column in columns.items()}


def years(count: int, gap: int | None = None) -> tuple[pd.DatetimeIndex, dict[str, Any]]:
    time = year_index([2021, 2022][:count], 9.0)
    columns = rows_of(time)
    return (time, columns) if gap is None else without(time, columns, gap)


def hours_of(first: str, hours: int = 8760, zone: str | None = "Etc/GMT-9") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=hours, freq="h", tz=zone)


def rolled(steps: int) -> dict[str, Any]:
    return {name: np.roll(column, steps) for name, column in COLUMNS.items()}


def scaled(factor: float, *names: str) -> dict[str, Any]:
    return {**COLUMNS, **{name: COLUMNS[name] * factor for name in names}}


def on_the_flat() -> dict[str, Any]:
    sun = sun_of_steps(TIME, LATITUDE, LONGITUDE, 1.0)
    return {**COLUMNS, "dni_w_m2": COLUMNS["dni_w_m2"] * sun.mean_cosine * 0.5}


def lacking(*names: str) -> dict[str, Any]:
    return {name: column for name, column in COLUMNS.items() if name not in names}


def typical(**options: Any) -> Any:
    return read_typical(*TOMAKOMAI, **{"wind_speed_m_s": 4.0, "wind_height_m": 10.0, "seed": 1, **options})


SUN = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
NORMAL_SUN = [6.0, 9.0, 13.0, 16.0, 18.0, 18.0, 16.0, 15.0, 12.0, 9.0, 6.0, 5.0]
HALF = year_index(2023, 9.0, 0.5)
LONG = longer(1)

CASES: Mapping[str, Case] = {
    "rows.count": lambda g: (lambda: counted(8761), lambda: counted(8760), lambda: counted(3 * 8760)),
    "rows.leap_day": lambda g: (lambda: counted(8784), lambda: counted(8760), lambda: year(*leap())),
    "rows.step": lambda g: (
        lambda: year(step_hours=0.25),
        lambda: year(step_hours=1.0),
        lambda: year(HALF, rows_of(HALF), step_hours=0.5),
    ),
    "rows.full_year": lambda g: (lambda: rows_without(range(8760)), whole),
    "rows.no_time": lambda g: (lambda: year(pd.DatetimeIndex([*TIME[:10], pd.NaT, *TIME[11:]])), whole),
    "rows.zone": lambda g: (lambda: year(TIME.tz_localize(None)), whole),
    "rows.years": lambda g: (lambda: year(years=[2023, 2023]), lambda: year(years=[2023])),
    "rows.duplicated": lambda g: (
        lambda: year(TIME.insert(500, TIME[499]), {n: np.insert(c, 500, c[499]) for n, c in COLUMNS.items()}),
        whole,
    ),
    "rows.backward": lambda g: (lambda: year(TIME[swapped()], taken(swapped())), whole),
    "rows.off_grid": lambda g: (lambda: year(HALF, rows_of(HALF)), whole),
    "rows.complete_years": lambda g: (lambda: year(years=[2023, 2019]), lambda: year(years=[2023])),
    "rows.every_step": lambda g: (lambda: year(years=[2019]), lambda: year(years=[2023])),
    "rows.remove_or_choose": lambda g: (lambda: year(*LONG), whole, lambda: year(*LONG, years=[2023])),
    "rows.remove_or_complete": lambda g: (lambda: year(*half_year_longer()), whole),
    "rows.fill": lambda g: (
        lambda: rows_without([100, 101]),
        whole,
        lambda: rows_without([100, 101], fill_gaps_hours=2),
    ),
    "rows.fill_or_choose": lambda g: (
        lambda: year(*years(2, 9000)),
        lambda: year(*years(2)),
        lambda: year(*years(2, 9000), fill_gaps_hours=1),
        lambda: year(*years(2, 9000), years=[2021]),
    ),
    "rows.add": lambda g: (lambda: rows_without(range(100, 130)), whole),
    "rows.add_or_choose": lambda g: (
        lambda: year(*years(2, range(9000, 9030))),
        lambda: year(*years(2)),
        lambda: year(*years(2, range(9000, 9030)), years=[2021]),
    ),
    "limits.below": lambda g: (lambda: year(columns=value("temperature_c", -99.0)), whole),
    "limits.above": lambda g: (lambda: year(columns=value("pressure_hpa", 101325.0)), whole),
    "limits.negative": lambda g: (
        lambda: year(columns=value("ghi_w_m2", -1.5, 2400)),
        lambda: year(columns=value("ghi_w_m2", 0.0, 2400)),
        lambda: year(columns=value("ghi_w_m2", -1.5, 2400), clip_negative_w_m2=2),
    ),
    "sun.times": lambda g: (lambda: year(columns=rolled(1)), whole),
    "sun.too_high": lambda g: (lambda: year(columns=value("ghi_w_m2", 1500.0)), whole),
    "sun.annual_sum": lambda g: (lambda: year(columns=scaled(0.0036, *SUN)), whole),
    "sun.closure": lambda g: (lambda: year(columns=on_the_flat()), whole),
    "weather.places": lambda g: (
        lambda: join_years([year(), year(elevation_m=99.0)]),
        lambda: join_years([year(), year()]),
    ),
    "weather.years_absent": lambda g: (lambda: select_years(year(), [2020]), lambda: select_years(year(), [2023])),
    "weather.every_source": lambda g: (lambda: year(columns=lacking("pressure_hpa")), whole),
    "weather.not_column": lambda g: (lambda: year(columns={**COLUMNS, "zzz": COLUMNS["ghi_w_m2"]}), whole),
    "weather.shape": lambda g: (
        lambda: year(columns={**COLUMNS, "wind_speed_m_s": COLUMNS["wind_speed_m_s"][:-1]}),
        whole,
    ),
    "weather.zone": lambda g: (
        lambda: year(TIME.tz_localize(None).tz_localize("UTC")),
        whole,
        lambda: year(*utc(), longitude_deg=0.0),
    ),
    "weather.gap": lambda g: (
        lambda: year(columns=value("relative_humidity_pct", np.nan)),
        whole,
        lambda: year(columns=value("relative_humidity_pct", np.nan), fill_gaps_hours=1),
    ),
    "weather.long_gap": lambda g: (lambda: year(columns=value("relative_humidity_pct", np.nan, slice(0, 99))), whole),
    "months.shape": lambda g: (
        lambda: typical(monthly_temperature_c=[10.0]),
        lambda: typical(monthly_temperature_c=[10.0] * 12),
    ),
    "months.value": lambda g: (
        lambda: typical(monthly_temperature_c=[900.0] * 12),
        lambda: typical(monthly_temperature_c=[10.0] * 12),
    ),
    "months.clear_sky": lambda g: (
        lambda: typical(monthly_ghi_mj_m2_day=[30.0] * 12),
        lambda: typical(monthly_ghi_mj_m2_day=NORMAL_SUN),
    ),
    "typical.wind": lambda g: (lambda: typical(wind_speed_m_s=25.0), lambda: typical(wind_speed_m_s=0.3)),
    "typical.unknown": lambda g: (lambda: typical(station="x"), lambda: typical(station="Toyotomi")),
    "out_of_range": lambda g: (lambda: year(latitude_deg=95.0), whole),
}


def leap() -> tuple[pd.DatetimeIndex, dict[str, Any]]:
    time = hours_of("2024-01-01", 8784)
    return time, rows_of(time)


def utc() -> tuple[pd.DatetimeIndex, dict[str, Any]]:
    """The year of a place at longitude 0 in its own time."""
    time = hours_of("2023-01-01", zone="UTC")
    sun = sun_of_steps(time, LATITUDE, 0.0, 1.0)
    sky = 0.25 * sun.extraterrestrial_w_m2 * sun.mean_cosine
    beam = np.where(sun.mean_cosine > 0, 400.0, 0.0)
    return time, {**COLUMNS, "ghi_w_m2": sky + beam * sun.mean_cosine, "dni_w_m2": beam, "dhi_w_m2": sky}


def swapped() -> Any:
    order = np.arange(8760)
    order[[300, 301]] = [301, 300]
    return order


def taken(order: Any) -> dict[str, Any]:
    return {name: column[order] for name, column in COLUMNS.items()}
