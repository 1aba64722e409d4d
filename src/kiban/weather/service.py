"""What each weather service is asked, and how its answer becomes hours in UTC.

Every service delivers a dictionary; whatever it lacks is refused in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR
from kiban.errors import Problem, WeatherError
from kiban.messages import Message
from kiban.quantities import CM_PER_M, HPA_PER_PA
from kiban.weather.sun import Floats
from kiban.weather.textfile import parse_time

HPA_PER_KPA = 10.0
_EPOCH = datetime(1970, 1, 1)

NASA_PARAMETERS = {
    "temperature_c": ("T2M", 1.0),
    "relative_humidity_pct": ("RH2M", 1.0),
    "ghi_w_m2": ("ALLSKY_SFC_SW_DWN", 1.0),
    "dni_w_m2": ("ALLSKY_SFC_SW_DNI", 1.0),
    "dhi_w_m2": ("ALLSKY_SFC_SW_DIFF", 1.0),
    "wind_speed_m_s": ("WS10M", 1.0),
    "pressure_hpa": ("PS", HPA_PER_KPA),
}
OPEN_METEO_VARIABLES = {
    "temperature_c": ("temperature_2m", "°C"),
    "relative_humidity_pct": ("relative_humidity_2m", "%"),
    "ghi_w_m2": ("shortwave_radiation", "W/m²"),
    "dni_w_m2": ("direct_normal_irradiance", "W/m²"),
    "dhi_w_m2": ("diffuse_radiation", "W/m²"),
    "wind_speed_m_s": ("wind_speed_10m", "m/s"),
    "pressure_hpa": ("surface_pressure", "hPa"),
    "snow_depth_cm": ("snow_depth", "m"),
}
PVGIS_FIELDS = {
    "temperature_c": ("T2m", 1.0),
    "relative_humidity_pct": ("RH", 1.0),
    "ghi_w_m2": ("G(h)", 1.0),
    "dni_w_m2": ("Gb(n)", 1.0),
    "dhi_w_m2": ("Gd(h)", 1.0),
    "wind_speed_m_s": ("WS10m", 1.0),
    "pressure_hpa": ("SP", HPA_PER_PA),
}
AT_LABEL = ("temperature_c", "relative_humidity_pct", "pressure_hpa")


@dataclass(frozen=True, slots=True)
class Answer:
    """Means over UTC hours; `hours` are their starts in hours since 1970 (of a typical year: 0 to 8759)."""

    hours: npt.NDArray[np.int64]
    columns: Mapping[str, Floats]
    elevation_m: float
    irradiance_moved: bool = False  # interpolated in time: DNI must be computed anew from GHI and DHI
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its name, address, query for a span of UTC hours, and the parser of its answer."""

    title: str
    url: str
    query: Callable[[float, float, float, float], dict[str, str]]
    parse: Callable[[Any], Answer]
    typical: bool = False


def hours_since_epoch(moment: datetime) -> float:
    """Hours from 1970-01-01 00:00 to a naive moment."""
    return (moment - _EPOCH) / timedelta(hours=1)


def _date(hours: float) -> datetime:
    return _EPOCH + timedelta(hours=hours)


def _nasa_query(latitude_deg: float, longitude_deg: float, first: float, last: float) -> dict[str, str]:
    return {
        "parameters": ",".join(name for name, _ in NASA_PARAMETERS.values()),
        "community": "RE",
        "latitude": f"{latitude_deg:.6f}",
        "longitude": f"{longitude_deg:.6f}",
        "start": f"{_date(first):%Y%m%d}",
        "end": f"{_date(last):%Y%m%d}",
        "format": "JSON",
        "time-standard": "UTC",
    }


def _parse_nasa(payload: Any) -> Answer:
    """Hourly means labelled by their start; the fill value (-999) is a gap."""
    title = "NASA POWER"
    try:
        parameters = payload["properties"]["parameter"]
        elevation_m = float(payload["geometry"]["coordinates"][2])
        fill_value = float(payload["header"]["fill_value"])
        labels = list(parameters[NASA_PARAMETERS["temperature_c"][0]])
        moments = [f"{label[:4]}-{label[4:6]}-{label[6:8]} {label[8:]}" for label in labels]
        columns = {
            name: _numbers([parameters[parameter][label] for label in labels], fill_value) * factor
            for name, (parameter, factor) in NASA_PARAMETERS.items()
        }
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WeatherError(_unusable(title, error)) from error
    return _in_order(title, _hours_of(title, moments), columns, elevation_m)


def _open_meteo_query(latitude_deg: float, longitude_deg: float, first: float, last: float) -> dict[str, str]:
    return {
        "latitude": f"{latitude_deg:.6f}",
        "longitude": f"{longitude_deg:.6f}",
        "start_date": f"{_date(first):%Y-%m-%d}",
        "end_date": f"{_date(last + 1):%Y-%m-%d}",
        "hourly": ",".join(name for name, _ in OPEN_METEO_VARIABLES.values()),
        "timezone": "GMT",
        "wind_speed_unit": "ms",
    }


def _parse_open_meteo(payload: Any) -> Answer:
    """Irradiance is the mean of the hour before the label; the rest holds at the label."""
    title = "Open-Meteo"
    try:
        hourly, units = payload["hourly"], payload["hourly_units"]
        elevation_m = float(payload["elevation"])
        offset_s = float(payload.get("utc_offset_seconds", 0))
        labels = list(hourly["time"])
        at_label = {
            name: _numbers(hourly[variable])
            for name, (variable, _) in OPEN_METEO_VARIABLES.items()
            if name != "snow_depth_cm" or variable in hourly
        }
        wrong = {
            variable: units[variable]
            for name, (variable, unit) in OPEN_METEO_VARIABLES.items()
            if name in at_label and units[variable] != unit
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise WeatherError(_unusable(title, error)) from error
    if wrong or offset_s:
        units_given = tuple(Message("online.unit", variable=name, in_unit=str(unit)) for name, unit in wrong.items())
        fault = "online.units" if wrong else "online.not_utc"
        raise WeatherError(Problem(fault, title, remedy="online.base_url", units=units_given, seconds=offset_s))
    lengths = {len(column) for column in at_label.values()}
    if lengths != {len(labels)} or len(labels) < 2:
        raise WeatherError(_unusable(title, Message("online.lengths")))
    columns = {
        name: (column[:-1] + column[1:]) / 2.0 if name in AT_LABEL else column[1:] for name, column in at_label.items()
    }
    notes: tuple[Message, ...] = ()
    snow = columns.pop("snow_depth_cm", None)
    if snow is not None and not np.isnan(snow).any():
        columns["snow_depth_cm"] = snow * CM_PER_M
    else:
        notes = (Message("note.no_snow", where=title),)
    hours = _hours_of(title, labels)
    if (np.diff(hours) != 1).any():
        raise WeatherError(_unusable(title, Message("online.hours_apart")))
    return _in_order(title, hours[:-1], columns, elevation_m, notes)


def _pvgis_query(latitude_deg: float, longitude_deg: float, first: float, last: float) -> dict[str, str]:
    del first, last  # a typical year has no dates
    return {"lat": f"{latitude_deg:.6f}", "lon": f"{longitude_deg:.6f}", "outputformat": "json"}


def _parse_pvgis(payload: Any) -> Answer:
    """A typical year of 8760 UTC hours; irradiance holds at the label plus `irradiance_time_offset` hours."""
    title = "PVGIS"
    try:
        location = payload["inputs"]["location"]
        elevation_m = float(location["elevation"])
        offset_h = float(location["irradiance_time_offset"])
        rows = list(payload["outputs"]["tmy_hourly"])
        labels = [row["time(UTC)"] for row in rows]
        at_label = {
            name: _numbers([row[field] for row in rows]) * factor for name, (field, factor) in PVGIS_FIELDS.items()
        }
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WeatherError(_unusable(title, error)) from error
    if [label[4:11] for label in labels] != _calendar_labels():
        raise WeatherError(
            Problem("online.not_a_year", title, remedy="online.later", rows=len(labels), hours=HOURS_PER_YEAR)
        )
    if not 0.0 <= offset_h <= 1.0:
        raise WeatherError(_unusable(title, Message("online.offset", hours=offset_h)))
    late = 0.5 - offset_h  # from the moment of the irradiance to the middle of the hour
    columns = {}
    for name, column in at_label.items():
        if name in AT_LABEL:
            columns[name] = (column + np.roll(column, -1)) / 2.0
        elif name == "wind_speed_m_s":
            columns[name] = np.roll(column, -1)
        else:
            neighbour = np.roll(column, -1 if late > 0 else 1)
            moved = (1.0 - abs(late)) * column + abs(late) * neighbour
            columns[name] = np.maximum(moved, 0.0)  # the service writes -0.0 at night
    notes = (Message("note.typical_months", title=title),)
    hours = np.arange(HOURS_PER_YEAR, dtype=np.int64)
    return Answer(hours, columns, elevation_m, irradiance_moved=abs(late) > 1e-9, notes=notes)


def _calendar_labels() -> list[str]:
    """`MMDD:HH` of the hours of a year without 29 February."""
    first = datetime(2023, 1, 1)  # any year of 365 days
    return [f"{first + timedelta(hours=hour):%m%d:%H}" for hour in range(HOURS_PER_YEAR)]


def _numbers(cells: Sequence[object], fill_value: float | None = None) -> Floats:
    """Values as floats; null and the fill value become NaN. Text is refused by ValueError."""
    if any(isinstance(cell, str | bool) for cell in cells):
        raise ValueError("text among the numbers")
    values = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return values if fill_value is None else np.where(values == fill_value, np.nan, values)


def _hours_of(title: str, labels: Sequence[str]) -> npt.NDArray[np.int64]:
    moments = [parse_time(str(label)) for label in labels]
    bad = [label for label, moment in zip(labels, moments, strict=True) if moment is None]
    if bad:
        raise WeatherError(_unusable(title, Message("online.time", text=str(bad[0]))))
    return np.array([round(hours_since_epoch(moment)) for moment in moments if moment], dtype=np.int64)


def _in_order(
    title: str,
    hours: npt.NDArray[np.int64],
    columns: Mapping[str, Floats],
    elevation_m: float,
    notes: tuple[Message, ...] = (),
) -> Answer:
    """The answer with its hours in ascending order; an hour that comes twice is refused."""
    order = np.argsort(hours, kind="stable")
    if not len(hours) or (np.diff(hours[order]) == 0).any():
        raise WeatherError(_unusable(title, Message("online.hour_twice" if len(hours) else "online.no_hours")))
    return Answer(hours[order], {name: c[order] for name, c in columns.items()}, elevation_m, notes=notes)


def _unusable(title: str, what: Message | Exception) -> Problem:
    """One sentence for an answer without the documented fields or with unusable ones."""
    if isinstance(what, KeyError):
        what = Message("online.no_field", field=str(what))
    return Problem("online.unusable", title, reason=what if isinstance(what, Message) else str(what))


SERVICES: Mapping[str, Service] = {
    "nasa-power": Service(
        "NASA POWER", "https://power.larc.nasa.gov/api/temporal/hourly/point", _nasa_query, _parse_nasa
    ),
    "open-meteo": Service(
        "Open-Meteo", "https://archive-api.open-meteo.com/v1/archive", _open_meteo_query, _parse_open_meteo
    ),
    "pvgis": Service("PVGIS", "https://re.jrc.ec.europa.eu/api/v5_3/tmy", _pvgis_query, _parse_pvgis, typical=True),
}
"""Addresses as documented by the services in 2025."""
