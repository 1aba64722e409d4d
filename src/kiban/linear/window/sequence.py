"""One window after the other, each from where operation stands when its first step begins: what one operator does.

A window is solved at once, with eight of its hours side by side, since the next has to wait for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kiban.linear.window.batch import TOLERANCE
from kiban.linear.window.general import rescue, solve_generally
from kiban.linear.window.solution import WindowSolutions
from kiban.linear.window.task import DUAL, OPEN, PRIMAL, Series, Workplace, find_functions, make_room
from kiban.linear.window.windows import Windows, refuse_full_stores


class WindowSequence:
    """The windows of `windows` in any order; what they say of initial states is replaced by what is handed over.

    With `warm`, a window that begins a step after the one before starts from its point. Its last digits then depend on
    the windows before.
    """

    def __init__(self, windows: Windows, *, warm: bool = True, tolerance: float = TOLERANCE) -> None:
        self.windows = windows
        self._functions = find_functions()
        self._states = np.zeros(2)
        self._before = -2
        self._place = Workplace(windows, tolerance, 1, keep=warm)
        task, address = self._place.task, self._states.ctypes.data
        task.by_result = task.by_point = 0
        task.stored, task.waiting = Series(address, 0, 0), Series(address + self._states.itemsize, 0, 0)
        self._warm = warm
        self._least_limit_mwh = windows.storage_limit_mwh.min(axis=1)
        if self._functions is not None:
            self._room, self._address = make_room(self._functions.kiban_window_bytes(windows.shape[1]))

    def solve(self, window: int, storage_mwh: float, backlog_mwh: float) -> WindowSolutions:
        """The solution of one window (arrays of one window each) from these states.

        Raises `IndexError` for a window that does not exist, and `ValueError` for states that are below zero, not
        finite or more than the window can hold.
        """
        if not 0 <= window < self.windows.shape[0]:
            raise IndexError(f"window {window} of {self.windows.shape[0]}")
        if not (0.0 <= storage_mwh < np.inf and 0.0 <= backlog_mwh < np.inf):
            raise ValueError(f"states of {storage_mwh} MWh stored and {backlog_mwh} MWh waiting: both must be finite")
        if storage_mwh > self._least_limit_mwh[window]:
            refuse_full_stores(self.windows.chosen(slice(window, window + 1)), np.array([storage_mwh]))
        if self._functions is None:
            return solve_generally(self._at(window, storage_mwh, backlog_mwh))
        self._states[:] = storage_mwh, backlog_mwh
        follows = self._warm and window == self._before + 1
        self._before = window
        found = self._solve(window, 1 if follows else -1)
        if follows and not found.proven[0]:
            found = self._solve(window, -1)
        return found if found.proven[0] else rescue(self._at(window, storage_mwh, backlog_mwh), found)

    def _solve(self, window: int, shift: int) -> WindowSolutions:
        assert self._functions is not None
        place = self._place
        place.task.shift = shift
        self._functions.kiban_solve_window(place.address, window, self._address)
        # The next window overwrites the results.
        return WindowSolutions(
            amounts=place.amounts.copy(),
            prices=place.prices.copy(),
            cost_myen=place.measures[:, PRIMAL].copy(),
            bound_myen=place.measures[:, DUAL].copy(),
            open_mwh=place.measures[:, OPEN].copy(),
            iterations=place.counts[:, 0].copy(),
            proven=place.counts[:, 1] == 1,
        )

    def _at(self, window: int, storage_mwh: float, backlog_mwh: float) -> Windows:
        return replace(
            self.windows.chosen(slice(window, window + 1)),
            initial_storage_mwh=np.array([storage_mwh]),
            initial_backlog_mwh=np.array([backlog_mwh]),
        )
