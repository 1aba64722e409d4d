"""A small programme with whole numbers, put together column by column and solved by HiGHS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError

OPEN = np.inf
Term = tuple[int, float]
WHOLE = 1e-6
"""What a whole number may be beyond another and still be that one."""
INTEGER = 1
"""The kind of a column that is whole, in HiGHS."""
SETTINGS = {
    "log_to_console": False,
    "output_flag": False,
    "threads": 1,
    "random_seed": 1,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": 1e-7,
    # Searches for better points by smaller programmes: here the relaxation is nearly whole, and branching is cheaper.
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_allow_restart": False,
    "mip_heuristic_run_zi_round": True,
    "mip_heuristic_run_shifting": True,
}
"""Options of HiGHS."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Values of the columns, the objective, and the proven lower bound; prices of rows where all is continuous."""

    status: Literal["optimal", "infeasible", "unbounded"]
    values: Array
    objective: float
    bound: float
    prices: Array


class MixedInteger:
    """`minimise cost x` subject to rows and bounds; some x whole."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []
        self._starts: list[int] = [0]
        self._index: list[int] = []
        self._value: list[float] = []
        self.constant = 0.0

    def add_column(self, cost: float = 0.0, *, lower: float = 0.0, upper: float = OPEN, whole: bool = False) -> int:
        """A new decision; its number."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.cost) - 1

    def add_row(self, terms: Iterable[Term], *, lower: float = -OPEN, upper: float = OPEN) -> int:
        """`lower <= sum of coefficient times column <= upper`; its number. A column may stand several times."""
        merged: dict[int, float] = {}
        for column, coefficient in terms:
            merged[column] = merged.get(column, 0.0) + coefficient
        for column, coefficient in merged.items():
            if coefficient:
                self._index.append(column)
                self._value.append(coefficient)
        self._starts.append(len(self._index))
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        return len(self._row_lower) - 1

    def solve(self, *, relative_gap: float = 1e-6, seconds: float = 60.0, enough: float = -np.inf) -> Answer:
        """The optimum to a relative gap (or the best point after `seconds`); `SolverError` where there is no answer.

        A point with an objective of at most `enough` ends the search for a better one; the bound is then what was
        proven until there.
        """
        import highspy

        highs = _quiet(highspy)
        known = highspy.HighsModelStatus
        highs.passModel(self._model(highspy))
        status = _run(highs, known)
        bound = -np.inf
        if any(self.whole) and status != known.kInfeasible:
            bound = float(highs.getInfo().objective_function_value) if status == known.kOptimal else -np.inf
            if not self._round(highs, known, relative_gap, bound, enough):
                highs.setOptionValue("mip_rel_gap", relative_gap)
                highs.setOptionValue("time_limit", seconds)
                if np.isfinite(enough):
                    highs.setOptionValue("objective_target", enough)
                status = _run(highs, known)
                bound = max(bound, float(highs.getInfo().mip_dual_bound))
        nothing = np.zeros(0)
        if status == known.kInfeasible:
            return Answer("infeasible", nothing, np.inf, np.inf, nothing)
        if status == known.kUnbounded:
            return Answer("unbounded", nothing, -np.inf, -np.inf, nothing)
        information = highs.getInfo()
        if status != known.kOptimal and information.primal_solution_status != 2:
            raise SolverError(f"HiGHS gave up on the choice of sites: {highs.modelStatusToString(status)}")
        solution = highs.getSolution()
        objective = float(information.objective_function_value)
        bound = min(bound, objective) if any(self.whole) else objective
        return Answer("optimal", np.asarray(solution.col_value), objective, bound, np.asarray(solution.row_dual))

    def _round(self, highs: Any, known: Any, relative_gap: float, bound: float, enough: float) -> bool:
        """Whether the relaxation's optimum with its whole numbers rounded up is good enough; else branching is set up.

        It starts from the rounded point, if that satisfies the rows.
        """
        columns = np.flatnonzero(self.whole).astype(np.int32)
        lower, upper = np.array(self.lower)[columns], np.array(self.upper)[columns]
        found = np.asarray(highs.getSolution().col_value)[columns]
        held = np.clip(np.ceil(found - WHOLE), lower, upper)
        highs.changeColsBounds(columns.size, columns, held, held)
        rounded = _run(highs, known) == known.kOptimal
        objective = float(highs.getInfo().objective_function_value)
        if rounded and (objective <= enough or objective - bound <= relative_gap * abs(objective)):
            return True
        start = highs.getSolution()
        highs.changeColsBounds(columns.size, columns, lower, upper)
        kinds = np.full(columns.size, INTEGER, dtype=np.uint8)
        highs.changeColsIntegrality(columns.size, columns, kinds)
        if rounded:
            highs.setSolution(start)
        return False

    def _model(self, highspy: object) -> object:
        model = highspy.HighsLp()  # type: ignore[attr-defined]
        model.num_col_, model.num_row_ = len(self.cost), len(self._row_lower)
        model.offset_ = self.constant
        model.col_cost_ = np.array(self.cost)
        model.col_lower_, model.col_upper_ = np.array(self.lower), np.array(self.upper)
        model.row_lower_, model.row_upper_ = np.array(self._row_lower), np.array(self._row_upper)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise  # type: ignore[attr-defined]
        model.a_matrix_.start_ = np.array(self._starts)
        model.a_matrix_.index_ = np.array(self._index, dtype=np.int32)
        model.a_matrix_.value_ = np.array(self._value)
        return model


def _quiet(highspy: Any) -> Any:
    """A solver on one thread that says nothing."""
    # Highs announces itself on standard output when callbacks are set, before any option can silence it.
    highs = type("QuietHighs", (highspy.Highs,), {"enableCallbacks": lambda self: None})()
    for option, value in SETTINGS.items():
        highs.setOptionValue(option, value)
    return highs


def _run(highs: Any, known: Any) -> Any:
    """How the run ended."""
    highs.run()
    status = highs.getModelStatus()
    if status in {known.kOptimal, known.kInfeasible, known.kUnbounded, known.kTimeLimit, known.kObjectiveTarget}:
        return status
    # Presolve may leave open which of two it is, or an end that it cannot name.
    highs.setOptionValue("presolve", "off")
    highs.run()
    highs.setOptionValue("presolve", "choose")
    return highs.getModelStatus()
