"""Thousands of windows: eight side by side in the lanes of a vector, and groups of eight on every processor."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.window.general import rescue, solve_generally
from kiban.linear.window.solution import WindowSolutions
from kiban.linear.window.task import LANES, POINT, Workplace, find_functions, make_room
from kiban.linear.window.windows import Windows

TOLERANCE: Final = 1e-10
"""Largest distance of cost and bound, over the cost plus a quarter of the largest limit at the largest price."""


def solve_windows(
    windows: Windows,
    *,
    start: Array | None = None,
    shift: int = 1,
    keep_points: bool = False,
    threads: int | None = None,
    tolerance: float = TOLERANCE,
) -> WindowSolutions:
    """The optimum of each window; the same to the bit whatever stands beside it and however many threads there are.

    `start` are the `points` of windows that began `shift` steps earlier: fewer iterations where little has changed,
    and other last digits. `keep_points` asks for the points of these. A window that the method does not prove is tried
    by the general solvers; where they prove nothing either, `proven` says so. Raises `ValueError` for points of another
    shape.
    """
    count, steps = windows.shape
    if start is not None and start.shape != (count, POINT, steps):
        raise ValueError(f"'start' has the shape {start.shape}, expected {(count, POINT, steps)}")
    if shift < 0:
        raise ValueError(f"'shift' is {shift}; points can only be of earlier windows")
    functions = find_functions()
    if functions is None:
        return solve_generally(windows)
    place = Workplace(windows, tolerance, count, keep=keep_points)
    if start is not None:
        place.start_at(np.array(start), shift)
    size = functions.kiban_window_bytes(steps)

    def solve_part(first: int, end: int) -> None:
        room, address = make_room(size)
        functions.kiban_solve_windows(place.address, first, end, address)
        del room

    workers = max(1, min(threads or os.cpu_count() or 1, -(-count // LANES)))
    edges = [count // LANES * part // workers * LANES for part in range(workers)] + [count]
    if workers == 1:
        solve_part(0, count)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(solve_part, edges[:-1], edges[1:]))
    return rescue(windows, place.solutions())
