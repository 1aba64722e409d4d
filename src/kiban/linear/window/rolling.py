"""Wide windows one after the other by HiGHS, each from the basis of the one before, a step further on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear.flat import FlatProgramme
from kiban.linear.highs import open_highs
from kiban.linear.solution import certify
from kiban.linear.solvers import solve
from kiban.linear.window.wide import States, WideProgramme, WideWindows, begin_rows, write_wide

ACCEPTED: Final = 1e-7
"""Largest relative gap of a proof, and largest open balance as a part of the largest limit."""
EARLY: Final = 1e-8
"""Million yen a MWh and step by which a vertex that stores and serves early is better than another of the same cost."""


@dataclass(frozen=True, slots=True)
class WideSolution:
    """One window: each variable and the price of each row by name, `(steps,)`; cost, proven bound, iterations."""

    amounts: Mapping[str, Array]
    prices: Mapping[str, Array]
    cost_myen: float
    bound_myen: float
    iterations: int


class WideSequence:
    """The windows of `windows` in any order, from states that are handed over.

    A window that begins a step after the one before starts from its basis: its last digits then depend on the windows
    before.
    """

    def __init__(self, windows: WideWindows) -> None:
        import highspy

        self._highspy: Any = highspy
        self.windows = windows
        self._programme = write_wide(windows, EARLY)
        self._flat = _Flat(self._programme)
        self._highs = open_highs()
        self._before = -2

    def solve(self, window: int, states: States) -> WideSolution:
        """The solution of one window from these states.

        Raises `IndexError` for a window that does not exist, and `SolverError` where none is proven.
        """
        if not 0 <= window < self._programme.windows:
            raise IndexError(f"window {window} of {self._programme.windows}")
        flat = self._flat.at(window, begin_rows(self.windows, window, states))
        follows, self._before = window == self._before + 1, window
        found = self._solve(flat, follows)
        if found is None and follows:
            found = self._solve(flat, False)
        if found is None:
            raise SolverError(f"no solver proves the optimum of window {window}")
        return found

    def _solve(self, flat: FlatProgramme, follows: bool) -> WideSolution | None:
        highs = self._highs
        basis = highs.getBasis() if follows else None
        columns, rows = flat.cost.size, flat.row_lower.size
        matrix = flat.matrix
        highs.passModel(
            columns,
            rows,
            matrix.nnz,
            int(self._highspy.MatrixFormat.kColwise),
            int(self._highspy.ObjSense.kMinimize),
            0.0,
            flat.cost,
            flat.lower,
            flat.upper,
            flat.row_lower,
            flat.row_upper,
            matrix.indptr,
            matrix.indices,
            matrix.data,
            np.zeros(columns, dtype=np.int32),
        )
        if basis is not None and basis.valid:
            steps = self._programme.steps
            moved = self._highspy.HighsBasis()
            moved.col_status = _move(basis.col_status, steps)
            moved.row_status = _move(basis.row_status, steps)
            moved.valid = True
            highs.setBasis(moved)
        highs.run()
        solution = highs.getSolution()
        point, prices = np.asarray(solution.col_value), np.asarray(solution.row_dual)
        if point.size != columns or prices.size != rows:
            return None
        point = np.clip(point, flat.lower, flat.upper)
        iterations = int(highs.getInfo().simplex_iteration_count)
        proof, _ = certify(flat, point, prices, solver="highs", iterations=iterations)
        largest = float(flat.upper.max(initial=0.0))
        if proof.relative_gap > ACCEPTED or proof.primal_residual > ACCEPTED * max(1.0, largest):
            return None
        return WideSolution(
            {name: point[place] for name, place in flat.columns.items()},
            {name: prices[place] for name, place in flat.rows.items()},
            proof.primal,
            proof.dual,
            iterations,
        )


def solve_long(windows: WideWindows, states: States) -> WideSolution:
    """The first window by the kernel, whatever its length.

    Raises `SolverError` where no solver proves its optimum.
    """
    found = solve(write_wide(windows).staircase(0, begin_rows(windows, 0, states)))
    proof = found.certificate
    if proof is None:
        raise SolverError(f"no solver proves the optimum of a window of {windows.shape[1]} steps")
    return WideSolution(found.hourly, found.row_prices, proof.primal, proof.dual, proof.iterations)


class _Flat:
    """The arrays of all windows, and where the numbers of a window stand in the one matrix that they share."""

    def __init__(self, programme: WideProgramme) -> None:
        import scipy.sparse as sp

        self._programme, steps = programme, programme.steps
        every = np.arange(steps)
        self._columns = _places([one.name for one in programme.variables], steps)
        self._rows = _places([one.name for one in programme.rows], steps)
        where, what = [], []
        for term in programme.terms:
            here = every[1:] if term.lagged else every
            where.append(self._rows[term.row].start + here)
            what.append(self._columns[term.variable].start + (here - 1 if term.lagged else here))
        row, column = np.concatenate(where), np.concatenate(what)
        order = np.lexsort((row, column))
        self._order: npt.NDArray[np.int64] = order
        width, height = steps * len(self._columns), steps * len(self._rows)
        starts = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=width))])
        self._matrix = sp.csc_array(
            (np.zeros(order.size), row[order].astype(np.int32), starts.astype(np.int32)), shape=(height, width)
        )
        variables, rows = programme.variables, programme.rows
        self._cost, self._lower, self._upper = (
            np.stack([getattr(one, name) for one in variables], axis=1).reshape(programme.windows, -1)
            for name in ("cost", "lower", "upper")
        )
        self._row_lower, self._row_upper = (
            np.stack([getattr(one, name) for one in rows], axis=1).reshape(programme.windows, -1)
            for name in ("lower", "upper")
        )

    def at(self, window: int, begins: Mapping[str, tuple[float, float]]) -> FlatProgramme:
        """One window, its first rows as the states before it say."""
        programme, matrix = self._programme, self._matrix
        values = [term.coefficient[window, 1:] if term.lagged else term.coefficient[window] for term in programme.terms]
        matrix.data[:] = np.concatenate(values)[self._order]
        row_lower, row_upper = self._row_lower[window].copy(), self._row_upper[window].copy()
        for name, (lower, upper) in begins.items():
            place = self._rows[name].start
            row_lower[place], row_upper[place] = lower, upper
        return FlatProgramme(
            matrix=matrix,
            cost=self._cost[window],
            lower=self._lower[window],
            upper=self._upper[window],
            row_lower=row_lower,
            row_upper=row_upper,
            integer=np.zeros(self._cost.shape[1], dtype=bool),
            constant=0.0,
            columns=self._columns,
            rows=self._rows,
        )


def _places(names: list[str], steps: int) -> dict[str, slice]:
    return {name: slice(number * steps, (number + 1) * steps) for number, name in enumerate(names)}


def _move(statuses: list[Any], steps: int) -> list[Any]:
    """The statuses a step further on; the last step is as it was."""
    moved: list[Any] = []
    for first in range(0, len(statuses), steps):
        moved += statuses[first + 1 : first + steps]
        moved.append(statuses[first + steps - 1])
    return moved
