"""What the compiled method reads and writes: addresses and strides of a plant's numbers, and room for the results.

Nothing is copied: a number that is the same in every step, or a window that slides over a year, is a stride.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.native.library import find_library
from kiban.linear.window.solution import AMOUNTS, PRICES, WindowSolutions
from kiban.linear.window.windows import Windows

LANES: Final = 8
MOST_ITERATIONS: Final = 100
POINT: Final = 3 * len(AMOUNTS) + len(PRICES)
"""Numbers of a step in a point: amounts, the prices of their floors and of their limits, prices of the rows."""
PRIMAL, DUAL, OPEN = range(3)
_NUMBER: Final = 8  # bytes
_CACHE_LINE: Final = 64

# In the order of AMOUNTS; the limit of what is dropped, all that arrives, is not read.
_LIMITS: Final = (
    "charge_limit_mw",
    "discharge_limit_mw",
    "served_limit_mw",
    "import_limit_mw",
    "backup_limit_mw",
    "available_mw",
    "firm_mw",
    "arrivals_mw",
    "storage_limit_mwh",
    "backlog_limit_mwh",
)
_COSTS: Final = (
    "wear_cost_myen_per_mwh",
    "wear_cost_myen_per_mwh",
    "served_cost_myen_per_mwh",
    "import_price_myen_per_mwh",
    "backup_cost_myen_per_mwh",
    "curtailed_cost_myen_per_mwh",
    "unserved_cost_myen_per_mwh",
    "dropped_cost_myen_per_mwh",
)


class Series(ctypes.Structure):
    """An array of `(windows, steps)` or `(windows,)`: where it begins and how far apart its numbers stand."""

    _fields_ = (("data", ctypes.c_void_p), ("by_window", ctypes.c_longlong), ("by_step", ctypes.c_longlong))


class Task(ctypes.Structure):
    """`Task` of `linear/native/window_task.hpp`, field by field."""

    _fields_ = (
        ("steps", ctypes.c_longlong),
        ("step_hours", ctypes.c_double),
        ("tolerance", ctypes.c_double),
        ("most_iterations", ctypes.c_longlong),
        ("limit", Series * len(_LIMITS)),
        ("cost", Series * len(_COSTS)),
        *((name, Series) for name in ("pue", "arrival", "kept", "gain", "drain", "stored", "waiting")),
        *((name, Series) for name in ("stored_cost", "waiting_cost", "curve")),
        *((name, ctypes.c_void_p) for name in ("amounts", "prices", "measures", "counts", "points")),
        *((name, ctypes.c_longlong) for name in ("by_result", "by_point", "shift")),
    )


@cache
def find_functions() -> ctypes.CDLL | None:
    """The compiled method; None where none was built."""
    library = find_library()
    if library is None:
        return None
    functions = library.functions
    address, integer = ctypes.c_void_p, ctypes.c_longlong
    signatures: dict[str, tuple[Any, ...]] = {
        "kiban_window_bytes": (integer, integer),
        "kiban_tree_bytes": (integer, integer, integer),
        "kiban_solve_windows": (None, address, integer, integer, address),
        "kiban_solve_window": (None, address, integer, address),
        "kiban_solve_tree": (None, address, address, integer, address),
    }
    for name, (answer, *arguments) in signatures.items():
        function = getattr(functions, name)
        function.restype, function.argtypes = answer, arguments
    return functions


class Workplace:
    """A task, the arrays that it names, and where its results appear; `results` is the number of windows kept."""

    def __init__(self, windows: Windows, tolerance: float, results: int, *, keep: bool = False) -> None:
        steps = windows.shape[1]
        self.amounts = np.zeros((results, len(AMOUNTS), steps))
        self.prices = np.zeros((results, len(PRICES), steps))
        self.measures = np.zeros((results, 3))
        self.counts = np.zeros((results, 2), dtype=np.int64)
        self.points = np.zeros((results, POINT, steps)) if keep else None
        self.task = Task()
        task = self.task
        task.steps, task.step_hours, task.tolerance = steps, windows.step_hours, tolerance
        task.most_iterations, task.shift = MOST_ITERATIONS, -1
        self._held: list[npt.NDArray[Any]] = []
        for place, name in enumerate(_LIMITS):
            task.limit[place] = self._series(getattr(windows, name))
        for place, name in enumerate(_COSTS):
            task.cost[place] = self._series(getattr(windows, name))
        task.pue, task.arrival = self._series(windows.pue), self._series(windows.arrivals_mw)
        task.kept, task.gain = self._series(windows.kept_per_step), self._series(windows.charge_efficiency)
        task.drain = self._series(1.0 / windows.discharge_efficiency)
        task.stored = self._series(windows.initial_storage_mwh)
        task.waiting = self._series(windows.initial_backlog_mwh)
        task.stored_cost = self._series(-windows.final_storage_value_myen_per_mwh)
        task.waiting_cost = self._series(windows.final_backlog_cost_myen_per_mwh)
        task.curve = self._series(windows.final_storage_slope_myen_per_mwh2)
        for name in ("amounts", "prices", "measures", "counts"):
            setattr(task, name, getattr(self, name).ctypes.data)
        task.by_result = 0 if results < windows.shape[0] else 1
        if self.points is not None:
            task.points, task.by_point = self.points.ctypes.data, task.by_result * POINT * steps
        self.address = ctypes.addressof(task)

    def _series(self, array: Array) -> Series:
        self._held.append(array)
        strides = [stride // _NUMBER for stride in array.strides]
        return Series(array.ctypes.data, strides[0], strides[1] if array.ndim > 1 else 0)

    def start_at(self, points: Array, shift: int) -> None:
        """Begin each window from `points`, which become its own, `shift` steps on."""
        self._held.append(points)
        self.points = points
        self.task.points, self.task.by_point, self.task.shift = points.ctypes.data, points.strides[0] // _NUMBER, shift

    def solutions(self) -> WindowSolutions:
        """The results as they stand, not copied."""
        return WindowSolutions(
            amounts=self.amounts,
            prices=self.prices,
            cost_myen=self.measures[:, PRIMAL],
            bound_myen=self.measures[:, DUAL],
            open_mwh=self.measures[:, OPEN],
            iterations=self.counts[:, 0],
            proven=self.counts[:, 1] == 1,
            points=self.points,
        )


def make_room(size: int) -> tuple[npt.NDArray[np.uint8], int]:
    """So many bytes from a cache line on, and their address; the array must be held while the address is used."""
    room = np.empty(size + _CACHE_LINE, dtype=np.uint8)
    return room, room.ctypes.data + -room.ctypes.data % _CACHE_LINE
