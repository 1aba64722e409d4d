"""Weather of hours on shorter steps: held, but for irradiance, which follows the sun.

    DNI[s] = DNI[h]      DHI[s] = DHI[h] mu[s] / mu[h]      GHI[s] = GHI[h] mu[s] / mu[h]

with mu the mean cosine of the zenith angle over a step, zero below the horizon: what the hour's sky lets through stays,
the sun's height is the sub-step's own. So every column keeps its mean over the hour, of irradiance too, since mu[h] is
the mean of the mu[s]. Sky light of an hour without sun is held.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kiban.calendar import SECONDS_PER_HOUR, year_index
from kiban.messages import Message
from kiban.weather.sun import Floats, sun_of_steps
from kiban.weather.year import COLUMNS, Weather

FOLLOWS_SUN = ("ghi_w_m2", "dhi_w_m2")


def hold_within_steps(weather: Weather, step_hours: float) -> Weather:
    """The weather on steps of `step_hours`; as it is where its own are not a whole number of those, 2 or more."""
    parts = round(weather.step_hours / step_hours)
    if parts < 2 or parts * step_hours != weather.step_hours:
        return weather
    offset = weather.time[0].utcoffset()
    assert offset is not None
    hours_ahead = offset.total_seconds() / SECONDS_PER_HOUR
    time = year_index(weather.years, hours_ahead, step_hours, weather.first_month)
    cosine = sun_of_steps(time, weather.latitude_deg, weather.longitude_deg, step_hours).mean_cosine
    whole = np.repeat(cosine.reshape(-1, parts).mean(axis=1), parts)
    shape = np.where(whole > 0, cosine / np.where(whole > 0, whole, 1.0), 1.0)
    columns: dict[str, Floats] = {}
    for name in (*COLUMNS, "snow_depth_cm"):
        column = getattr(weather, name)
        if column is not None:
            held = np.repeat(column, parts)
            columns[name] = held * shape if name in FOLLOWS_SUN else held
            columns[name].flags.writeable = False
    note = Message("note.held", hours=weather.step_hours, step_hours=step_hours)
    notes = (*weather.notes, note)
    return replace(weather, time=time, step_hours=step_hours, notes=notes, **columns)  # type: ignore[arg-type]
