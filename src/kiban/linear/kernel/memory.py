"""How much memory each array of the compiled Newton system takes, by name (`linear/native/system.hpp`)."""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.layout import LANES, Layout

# Where a vector of lanes should begin.
CACHE_LINE: Final = 64
# Cache lines of a page, and how many of them arrays of neighbouring turns stand apart.
PAGE_LINES: Final = 64
APART: Final = 11
# Measures of a group, parameters of a right-hand side, results of a stage.
MEASURES: Final = 6
# Ratios of an hour: to values and to prices.
RATIOS: Final = 2
PARAMETERS: Final = 8
RESULTS: Final = 10


def take(numbers: int, turn: int = 0) -> Array:
    """Zeros that begin at a cache line; room for one vector at least, so that every address can be read.

    Arrays of different `turn` begin at different places of a page: large arrays that are swept side by side would else
    meet in the same few lines of the cache.
    """
    numbers = max(numbers, LANES)
    page, offset = PAGE_LINES * CACHE_LINE, turn * APART % PAGE_LINES * CACHE_LINE
    whole = np.zeros(numbers + (page + offset) // 8)
    start = (-whole.ctypes.data % page + offset) // 8
    return whole[start : start + numbers]


def take_all(layout: Layout, border: int, totals: int, references: int, threads: int) -> tuple[dict[str, Array], int]:
    """Every array that the stages write, and the size of one thread's part of `scratch`.

    `border` is the number of capacities and slacks of total rows, `totals` that of all total rows, `references` that of
    addresses of data.
    """
    groups, steps, width, caps, rows, local, capacities, hourly_totals = layout.shape
    states, over, hours = rows - local, capacities + hourly_totals, groups * steps
    carried, order, unknowns = int(layout.carry_start[-1]), layout.segments * states, border + totals
    hourly = {
        "y": width, "z": width, "r": caps, "u": caps, "lambdas": rows,
        "dy": width, "dz": width, "du": caps, "dlambdas": rows,
        "gradients": width, "ratios": RATIOS, "work": rows,
        "lower": rows * (rows + 1) // 2, "link": states * states, "cover": rows * over, "edge": states * states,
    }  # fmt: skip
    grouped = {
        "tails": carried, "square": over * (over + 1) // 2, "edges": states * states, "edge_cover": states * over,
        "capacity_sum": capacities, "mixed_sum": hourly_totals * capacities, "total_sum": hourly_totals**2,
        "last": states * states, "last_cover": states * over, "last_edge": states * states, "last_diagonal": states,
        "measures": MEASURES, "capacity_pull": capacities, "capacity_paid": capacities,
        "total_pull": hourly_totals, "total_level": hourly_totals, "swept": over,
        "edge_right": states, "last_right": states,
        "capacity_check": capacities, "total_check": hourly_totals, "separators": states,
    }  # fmt: skip
    blocks = {"separator": order * order, "screen": order * over, "ends": order}
    dense = {
        "matrix": over * over, "right": over, "solution": over, "block_scratch": order * order, "size_scratch": order,
        "par": PARAMETERS, "results": RESULTS,
        "x": border, "zx": border, "rx": border, "ux": border, "q": totals,
        "dx": border, "dzx": border, "drx": border, "dux": border, "dq": totals, "kept": 4 * border + totals,
        "part_dx": border, "part_dq": totals, "floor_product": border, "room_product": border,
        "open_x": border, "open_q": totals, "residual_x": border, "residual_q": totals, "residual_room": border,
        "border_matrix": unknowns**2, "border_inverse": unknowns**2, "border_scale": unknowns,
        "border_scratch": unknowns * (unknowns + 4),
    }  # fmt: skip
    factor = rows * (rows + 6) + 4 * states * states + 2 * carried
    sweep = 8 * rows + 2 * states + 2 * width
    scratch = references + max(factor, sweep) * LANES
    sizes = {
        **{name: hours * count * LANES for name, count in hourly.items()},
        **{name: groups * count * LANES for name, count in grouped.items()},
        **{name: layout.blocks * count for name, count in blocks.items()},
        **dense,
        "scratch": scratch * threads,
    }
    return {name: take(count, turn) for turn, (name, count) in enumerate(sizes.items())}, scratch
