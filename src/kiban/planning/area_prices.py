"""An hourly wholesale price and grid mix for an area, made from published statistics.

The exchange's hourly series may not be redistributed, its statistics may. The price of a step is

    month mean + (season's hour mean - season's mean)

and then as many steps as the year had at the floor price are put there: those with the lowest price
and the strongest sun, since solar surplus makes them. The other days of the same month and hour rise so
that the mean of the month and hour stays. The grid's clean share follows the sun with the area's
share of solar energy, and its emission factor follows what is not clean. All of it is marked
synthetic; `jepx_files` in a scenario replaces it with the exchange's own series.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

MONTHS, HOURS = 12, 24


def shape_prices(
    month: npt.NDArray[np.int64],
    hour: npt.NDArray[np.int64],
    ghi_w_m2: Array,
    *,
    month_mean: Array,
    hour_deviation: Array,
    floor_price: float,
    high_price: float,
    floor_share: float,
) -> Array:
    """Hourly price, in the unit of `month_mean`, shape of `month`.

    `month_mean` has shape (12,), `hour_deviation` shape (12, 24): deviation of each hour from the
    month's mean. `floor_share` is the share of steps at `floor_price`; no step is raised above
    `high_price` to make room for them.
    """
    typical = np.maximum(month_mean[:, None] + hour_deviation, floor_price)
    cell = (month - 1) * HOURS + hour
    price = typical.ravel()[cell]
    count = np.bincount(cell, minlength=MONTHS * HOURS)
    room = np.clip((high_price - typical.ravel()) / (high_price - floor_price), 0.0, 1.0)
    most = np.floor(count * room).astype(np.int64)

    wanted = round(floor_share * price.size)
    spread = float(typical.max() - typical.min())
    order = np.argsort(price - spread * ghi_w_m2 / max(float(ghi_w_m2.max()), 1.0), kind="stable")
    # Position of each candidate among those of its own month and hour, in the order of preference.
    by_cell = np.argsort(cell[order], kind="stable")
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = np.empty(price.size, dtype=np.int64)
    rank[by_cell] = np.arange(price.size) - np.repeat(starts, count)
    allowed = order[(rank < most[cell[order]]) & (ghi_w_m2[order] > 0)]
    floored = allowed[:wanted]

    fallen = np.bincount(cell[floored], minlength=MONTHS * HOURS)
    kept = np.maximum(count - fallen, 1)
    raised = (typical.ravel() * count - floor_price * fallen) / kept
    result: Array = raised[cell]
    result[floored] = floor_price
    return result


def shape_clean_share(ghi_w_m2: Array, *, clean_share: float, solar_share: float) -> Array:
    """Clean share of grid energy in each step: solar follows the sun, the rest is even; mean `clean_share`.

    Where the sun would lift it above 1 it is cut there and the cut is spread over the other steps.
    """
    sun = ghi_w_m2 / float(ghi_w_m2.mean()) if ghi_w_m2.any() else np.ones_like(ghi_w_m2)
    share: Array = clean_share - solar_share + solar_share * sun
    for _ in range(HOURS):
        share = np.clip(share, 0.0, 1.0)
        missing = clean_share - float(share.mean())
        if missing <= 1e-12 or (share >= 1.0).all():
            break
        share = share + missing * share.size / float((share < 1.0).sum()) * (share < 1.0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def shape_emission_factor(clean_share: Array, *, emission_factor: float) -> Array:
    """Emission factor in each step, in proportion to what is not clean; mean `emission_factor`."""
    unclean = 1.0 - clean_share
    mean = float(unclean.mean())
    return np.asarray(emission_factor * unclean / mean) if mean > 0 else np.full_like(clean_share, emission_factor)
