"""A small programme with whole numbers, put together column by column and solved by HiGHS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError

OPEN = np.inf
Term = tuple[int, float]
UNUSED = (
    "mip_heuristic_run_rins",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_root_reduced_cost",
    "mip_allow_restart",
)
"""Searches for better points by smaller programmes: here the relaxation is nearly whole, and branching is cheaper."""


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

    def solve(self, *, relative_gap: float = 1e-6, seconds: float = 60.0) -> Answer:
        """The optimum to a relative gap (or the best point after `seconds`); `SolverError` where there is no answer."""
        import highspy

        # Highs announces itself on standard output when callbacks are set, before any option can silence it.
        quiet = type("QuietHighs", (highspy.Highs,), {"enableCallbacks": lambda self: None})
        highs = quiet()
        highs.setOptionValue("log_to_console", False)
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("random_seed", 1)
        highs.setOptionValue("mip_rel_gap", relative_gap)
        highs.setOptionValue("mip_abs_gap", 0.0)
        highs.setOptionValue("mip_feasibility_tolerance", 1e-7)
        highs.setOptionValue("time_limit", seconds)
        for option in UNUSED:
            highs.setOptionValue(option, False)
        highs.passModel(self._model(highspy))
        highs.run()
        known = highspy.HighsModelStatus
        status = highs.getModelStatus()
        if status not in {known.kOptimal, known.kInfeasible, known.kUnbounded, known.kTimeLimit}:
            # Presolve may leave open which of two it is, or an end that it cannot name.
            highs.setOptionValue("presolve", "off")
            highs.run()
            status = highs.getModelStatus()
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
        bound = float(information.mip_dual_bound) if any(self.whole) else objective
        return Answer("optimal", np.asarray(solution.col_value), objective, bound, np.asarray(solution.row_dual))

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
        kinds = highspy.HighsVarType  # type: ignore[attr-defined]
        model.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.whole]
        return model
