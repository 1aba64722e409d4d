"""Run-of-river hydropower: a monthly shape of the flow, cut at the turbine's rating."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import RangeError

_HALVINGS = 60


def run_of_river_availability(month: npt.ArrayLike, monthly_shape: npt.ArrayLike, capacity_factor: float) -> Array:
    """Output of each step for 1 MW of turbines, shape (n,), with the mean `capacity_factor`.

    The flow follows `monthly_shape` (12 numbers, January first, any scale). Flow above the rating of
    the turbine is spilled, so the output is `min(1, scale * shape)`, with the one scale that gives the
    wanted mean: a wet month can be full while a dry month is not.

    Parameters
    ----------
    month : (n,) month of each step, 1 to 12 (`kiban.calendar.month_of_step`)
    monthly_shape : (12,) relative flow, not negative
    capacity_factor : mean of the output, 0 to 1; at most the share of steps whose month has any flow
    """
    months = np.asarray(month, dtype=np.int64)
    shape = np.asarray(monthly_shape, dtype=float)
    if shape.shape != (12,) or np.any(shape < 0.0) or not np.any(shape > 0.0):
        raise RangeError(
            "monthly_shape",
            float(np.min(shape, initial=0.0)),
            "a monthly shape has 12 numbers, none negative and not all zero",
        )
    flow = shape[months - 1]
    reachable = float(np.mean(flow > 0.0))
    if not 0.0 <= capacity_factor <= reachable:
        raise RangeError(
            "capacity_factor",
            capacity_factor,
            f"capacity_factor is {capacity_factor}, but must lie between 0 and {reachable:.4f}",
        )
    low, high = 0.0, 1.0 / float(np.min(flow[flow > 0.0]))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if float(np.mean(np.minimum(1.0, middle * flow))) < capacity_factor:
            low = middle
        else:
            high = middle
    return np.asarray(np.minimum(1.0, high * flow))
