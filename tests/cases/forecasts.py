"""Conditions for forecasts: days of a small plant with sun, wind and prices, drawn at random from a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kiban.operation.conditions import Conditions
from kiban.operation.forecast.record import Record, clear_sky_w_m2, record_of

LATITUDE_DEG, LONGITUDE_DEG = 42.6, 141.6
PV, WIND, PRICE, PUE = "availability_pv", "availability_wind_onshore", "price_myen_per_mwh", "pue"


def conditions(days: int, seed: int, first: str = "2023-04-01", step_hours: float = 1.0) -> Conditions:
    """Clouds that change day by day, wind that remembers, prices with a shape of the day."""
    generator = np.random.default_rng(seed)
    steps = round(days * 24 / step_hours)
    time = pd.date_range(first, periods=steps, freq=pd.Timedelta(hours=step_hours), tz="Asia/Tokyo")
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60
    cloud = np.repeat(generator.uniform(0.2, 1.0, days), round(24 / step_hours))
    sun = clear_sky_w_m2(time, LATITUDE_DEG, LONGITUDE_DEG, step_hours) / 1100.0 * cloud
    noise = generator.normal(0, 0.35, steps)
    wind = np.zeros(steps)
    for i in range(1, steps):
        wind[i] = 0.95 * wind[i - 1] + noise[i]
    series = {
        PV: sun,
        WIND: 1.0 / (1.0 + np.exp(-wind)),
        PRICE: 0.012 + 0.004 * np.cos(2 * np.pi * (hour - 18) / 24) + generator.normal(0, 0.001, steps),
        PUE: 1.15 + 0.03 * np.cos(2 * np.pi * (hour - 14) / 24) + generator.normal(0, 0.002, steps),
        "firm_mw": np.full(steps, 80.0),
        "arrivals_mw": np.full(steps, 20.0),
    }
    zero = np.zeros(steps)
    return Conditions(time, step_hours, series, zero, zero, zero, zero)


def record(days: int = 14, past_days: int = 56, seed: int = 1, step_hours: float = 1.0) -> Record:
    """An operation from 1 April 2023 on, and a past that begins on the same day of the year before."""
    return record_of(
        conditions(days, seed, step_hours=step_hours),
        conditions(past_days, seed + 1000, "2022-04-01", step_hours),
        LATITUDE_DEG,
        LONGITUDE_DEG,
    )
