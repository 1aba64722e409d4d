"""What a file lacks and its other columns give: an irradiance from the other two, the pressure from the height, the
humidity from the dew point.

Formats of simulation programmes allow such files: EnergyPlus does not read the global irradiance at all, takes the
standard pressure where none is given, and allows a relative humidity of up to 110 % (EnergyPlus, Auxiliary Programs,
"EPW data dictionary").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from kiban.messages import Message
from kiban.weather.humidity import saturation_pressure_hpa, standard_pressure_hpa
from kiban.weather.irradiance import beam_between
from kiban.weather.limits import IRRADIANCE
from kiban.weather.sun import Floats, global_horizontal_w_m2, sun_of_steps

if TYPE_CHECKING:
    import pandas as pd

DEW_POINT = "dew_point_c"
"""A column that only serves to derive another."""
SATURATED_PCT = 100.0
MOST_HUMIDITY_PCT = 110.0
"""Relative humidity up to which a value above 100 is the sensor's in saturated air."""


def complete_columns(
    columns: Mapping[str, Floats],
    time: pd.DatetimeIndex,
    *,
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    step_hours: float = 1.0,
) -> tuple[dict[str, Floats], list[Message]]:
    """The columns, shape `(n,)` each, missing values (NaN) derived where the others give them; and a note of each kind.

    `GHI = DHI + DNI cos(zenith)` gives any one of the three from the other two, with the mean cosine over the step; the
    beam is bounded by a clean sky and zero with the sun down (`irradiance.beam_between`), the diffuse part is not
    negative. A missing pressure is that of the standard atmosphere at the elevation. A missing relative humidity is the
    ratio of the vapour pressures of saturation at the dew point (`DEW_POINT`, where the columns have it, which is left
    out) and at the temperature. A relative humidity above 100 and up to `MOST_HUMIDITY_PCT` is 100.
    """
    whole = dict(columns)
    notes = _complete_irradiance(whole, time, latitude_deg, longitude_deg, step_hours)
    notes += _complete_humidity(whole)
    lacking = np.isnan(whole["pressure_hpa"])
    if lacking.any():
        whole["pressure_hpa"] = np.where(lacking, standard_pressure_hpa(elevation_m), whole["pressure_hpa"])
        formula = Message("derivation.pressure", elevation=elevation_m)
        notes.append(_derived("pressure_hpa", int(lacking.sum()), formula))
    humidity = whole["relative_humidity_pct"]
    above = (humidity > SATURATED_PCT) & (humidity <= MOST_HUMIDITY_PCT)
    if above.any():
        whole["relative_humidity_pct"] = np.where(above, SATURATED_PCT, humidity)
        said = {"weather_columns": "relative_humidity_pct", "count": int(above.sum()), "most": SATURATED_PCT}
        notes.append(Message("note.saturated", said))
    return whole, notes


def _complete_irradiance(
    whole: dict[str, Floats], time: pd.DatetimeIndex, latitude_deg: float, longitude_deg: float, step_hours: float
) -> list[Message]:
    missing = {name: np.isnan(whole[name]) for name in IRRADIANCE}
    one_of_three = np.sum([missing[name] for name in IRRADIANCE], axis=0) == 1
    if not one_of_three.any():
        return []
    sun = sun_of_steps(time, latitude_deg, longitude_deg, step_hours)
    ghi, dni, dhi = (whole[name] for name in IRRADIANCE)
    derived = {
        "ghi_w_m2": (global_horizontal_w_m2(dni, dhi, sun.mean_cosine), Message("derivation.ghi")),
        "dni_w_m2": (beam_between(ghi, dhi, sun), Message("derivation.dni")),
        "dhi_w_m2": (np.maximum(ghi - dni * sun.mean_cosine, 0.0), Message("derivation.dhi")),
    }
    notes = []
    for name, (values, formula) in derived.items():
        lacking = missing[name] & one_of_three
        if lacking.any():
            whole[name] = np.where(lacking, values, whole[name])
            notes.append(_derived(name, int(lacking.sum()), formula))
    return notes


def _complete_humidity(whole: dict[str, Floats]) -> list[Message]:
    dew_point = whole.pop(DEW_POINT, None)
    if dew_point is None:
        return []
    humidity, temperature = whole["relative_humidity_pct"], whole["temperature_c"]
    lacking = np.isnan(humidity) & ~np.isnan(dew_point) & ~np.isnan(temperature)
    if not lacking.any():
        return []
    share = saturation_pressure_hpa(dew_point[lacking]) / saturation_pressure_hpa(temperature[lacking])
    whole["relative_humidity_pct"] = humidity.copy()
    whole["relative_humidity_pct"][lacking] = np.minimum(SATURATED_PCT * share, SATURATED_PCT)
    return [_derived("relative_humidity_pct", int(lacking.sum()), Message("derivation.humidity"))]


def _derived(name: str, count: int, formula: Message) -> Message:
    return Message("note.derived", weather_columns=name, count=count, formula=formula)
