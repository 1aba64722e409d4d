"""Compute load: the daily shape of inference, the room for deferring work, chips for a megawatt.

All loads are MW of IT; a step's energy is the load times `step_hours`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.errors import RangeError

WATTS_PER_MEGAWATT = 1e6


def inference_shape(
    hour_of_day: npt.ArrayLike,
    weekend: npt.ArrayLike | None = None,
    *,
    trough_share: float,
    peak_hour: float,
    weekend_share: float = 1.0,
) -> Array:
    """Load of firm inference relative to its peak, shape (n,), at most 1.

    One cosine a day: 1 at `peak_hour` (local time), `trough_share` twelve hours from it,

        trough_share + (1 - trough_share) * (1 + cos(2 pi (hour - peak_hour) / 24)) / 2

    times `weekend_share` where `weekend` is true. Users sleep and come back; a cosine is the simplest
    periodic shape with that one trough, and its two parameters can be read off a measured load.

    Parameters
    ----------
    hour_of_day : (n,) local hour, 0 to 24, fractions allowed
    weekend : (n,) true on days with less use; None for a shape without weeks
    trough_share, weekend_share : 0 to 1
    """
    for name, value in (("trough_share", trough_share), ("weekend_share", weekend_share)):
        if not 0.0 <= value <= 1.0:
            raise RangeError(name, value, f"{name} is {value}, but must lie between 0 and 1")
    hour = np.asarray(hour_of_day, dtype=float)
    wave = 0.5 * (1.0 + np.cos(2.0 * np.pi * (hour - peak_hour) / HOURS_PER_DAY))
    shape = trough_share + (1.0 - trough_share) * wave
    if weekend is None:
        return np.asarray(shape)
    return np.where(np.asarray(weekend, dtype=bool), weekend_share * shape, shape)


def deferrable_arrivals(load_mw: float, steps: int) -> Array:
    """Deferrable work that arrives in each step, shape (steps,): constant, since training queues are."""
    if load_mw < 0.0:
        raise RangeError("load_mw", load_mw, f"load_mw is {load_mw}, but must not be negative")
    return np.full(steps, float(load_mw))


def allowed_backlog(arrivals: npt.ArrayLike, maximum_delay_steps: int, steps_per_year: int) -> Array:
    """Most work that may wait at the end of each step: the arrivals of the last D steps, shape (n,).

    Work that arrived D steps ago or earlier must have been served: `backlog_t` is at most
    `arrivals_t + arrivals_{t-1} + ... + arrivals_{t-D+1}`. Each weather year is a circle: the first
    steps of a year look back to its last ones. Zero for D = 0: everything is served on arrival.

    Parameters
    ----------
    arrivals : (n,) with n a whole number of years
    maximum_delay_steps : D, from 0 to `steps_per_year`
    """
    work = np.asarray(arrivals, dtype=float)
    if steps_per_year < 1 or work.ndim != 1 or work.size % steps_per_year:
        raise ValueError(f"{work.size} steps are not whole years of {steps_per_year} steps")
    if not 0 <= maximum_delay_steps <= steps_per_year:
        raise RangeError(
            "maximum_delay_steps",
            maximum_delay_steps,
            f"maximum_delay_steps is {maximum_delay_steps}, not between 0 and {steps_per_year}",
        )
    if maximum_delay_steps == 0:
        return np.zeros_like(work)
    by_year = work.reshape(-1, steps_per_year)
    twice = np.concatenate([np.zeros((by_year.shape[0], 1)), by_year, by_year], axis=1).cumsum(axis=1)
    end = np.arange(steps_per_year + 1, 2 * steps_per_year + 1)
    # A difference of running sums can fall below zero by rounding.
    return np.asarray(np.maximum(twice[:, end] - twice[:, end - maximum_delay_steps], 0.0).reshape(-1))


def gpu_hours_per_mwh(chip_power_w: float, server_power_factor: float, busy_power_share: float = 1.0) -> float:
    """GPU-hours that one MWh of IT energy feeds (equally: chips that one MW of IT feeds).

    `chip_power_w` is the rated power of an accelerator, `server_power_factor` the IT power of servers
    and network over the rated power of their accelerators (above 1), `busy_power_share` the real draw
    over the rated one.
    """
    if chip_power_w <= 0.0:
        raise RangeError("chip_power_w", chip_power_w, f"chip_power_w is {chip_power_w}, but must be positive")
    if server_power_factor < 1.0:
        raise RangeError(
            "server_power_factor",
            server_power_factor,
            f"server_power_factor is {server_power_factor}, but must be at least 1",
        )
    if busy_power_share <= 0.0:
        raise RangeError(
            "busy_power_share", busy_power_share, f"busy_power_share is {busy_power_share}, but must be positive"
        )
    return WATTS_PER_MEGAWATT / (chip_power_w * server_power_factor * busy_power_share)
