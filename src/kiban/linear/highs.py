"""HiGHS: the oracle for linear programmes and the solver of programmes with whole numbers.

It is not asked for curved costs: of these it knows the quadratic ones alone, and by a method with a looser proof.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear.flat import FlatProgramme
from kiban.linear.solution import Status

INTEGER_GAP = 1e-8


def solve_highs(
    flat: FlatProgramme, *, most_nodes: int | None = None
) -> tuple[Status | None, Array, Array, int, float]:
    """Status (None where the solver gave up), point, row prices, iterations and the proven lower bound.

    The prices are zero for a programme with whole numbers, which has none; its search ends after `most_nodes`, without
    a status, with the best point and the bound that it has by then. Raises `SolverError` where a cost is curved.
    """
    if flat.is_curved:
        raise SolverError("highs takes linear costs only, and the programme has a cost that is curved")
    import highspy

    highs = open_highs()
    highs.setOptionValue("mip_rel_gap", INTEGER_GAP)
    if most_nodes is not None:
        highs.setOptionValue("mip_max_nodes", most_nodes)
    highs.passModel(_model(highspy, flat))
    highs.run()
    status = _status(highspy, highs.getModelStatus())
    if status is None and highs.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        highs.setOptionValue("presolve", "off")
        highs.run()
        status = _status(highspy, highs.getModelStatus())
    information = highs.getInfo()
    solution = highs.getSolution()
    point = np.asarray(solution.col_value, dtype=np.float64)
    if flat.integer.any():
        nodes = int(information.mip_node_count)
        # Where the search did not even begin, the bound that HiGHS reports is none.
        bound = float(information.mip_dual_bound) + flat.constant if nodes >= 0 else -np.inf
        return status, point, np.zeros(flat.row_lower.size), nodes, bound
    prices = np.asarray(solution.row_dual, dtype=np.float64)
    iterations = int(information.simplex_iteration_count)
    return status, point, prices, iterations, -np.inf


def open_highs() -> Any:
    """HiGHS that says nothing, on one thread, to 1e-9."""
    import highspy

    # Highs announces itself on standard output when callbacks are set, before any option can silence it.
    highs = type("QuietHighs", (highspy.Highs,), {"enableCallbacks": lambda self: None})()
    highs.setOptionValue("log_to_console", False)
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
    highs.setOptionValue("dual_feasibility_tolerance", 1e-9)
    highs.setOptionValue("threads", 1)
    return highs


def _model(highspy: object, flat: FlatProgramme) -> object:
    model = highspy.HighsLp()  # type: ignore[attr-defined]
    model.num_col_ = flat.cost.size
    model.num_row_ = flat.row_lower.size
    model.col_cost_ = flat.cost
    model.col_lower_, model.col_upper_ = flat.lower, flat.upper
    model.row_lower_, model.row_upper_ = flat.row_lower, flat.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise  # type: ignore[attr-defined]
    model.a_matrix_.start_ = flat.matrix.indptr
    model.a_matrix_.index_ = flat.matrix.indices
    model.a_matrix_.value_ = flat.matrix.data
    if flat.integer.any():
        kinds = highspy.HighsVarType  # type: ignore[attr-defined]
        model.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in flat.integer]
    return model


def _status(highspy: object, status: object) -> Status | None:
    known = highspy.HighsModelStatus  # type: ignore[attr-defined]
    words: dict[object, Status] = {
        known.kOptimal: "optimal",
        known.kInfeasible: "infeasible",
        known.kUnbounded: "unbounded",
    }
    return words.get(status)
