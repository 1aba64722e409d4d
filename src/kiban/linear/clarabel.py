"""Clarabel: a general interior-point solver, fast on this form."""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.linear.flat import FlatProgramme
from kiban.linear.solution import Status

# Tight, since the solver measures residuals against the largest cost and the largest bound.
TARGET_GAP = 1e-11
CLARABEL_ITERATIONS = 400


def solve_clarabel(
    flat: FlatProgramme, *, tolerance: float = TARGET_GAP, curvature: Array | None = None
) -> tuple[Status | None, Array, Array, int]:
    """Status (None where the solver stopped short of its tolerance), point, row prices and iterations.

    `curvature` `(columns,)`, not negative, adds `curvature / 2 * x^2` to the cost.
    """
    import clarabel
    import scipy.sparse as sp

    rows = flat.matrix.tocsr()
    equal = flat.row_lower == flat.row_upper
    capped = np.isfinite(flat.row_upper) & ~equal
    floored = np.isfinite(flat.row_lower) & ~equal
    fixed = flat.lower == flat.upper
    below = np.isfinite(flat.upper) & ~fixed
    above = np.isfinite(flat.lower) & ~fixed
    width = flat.cost.size
    identity = sp.eye_array(width, format="csr")

    stacked = sp.vstack(
        [rows[equal], identity[fixed], rows[capped], -rows[floored], identity[below], -identity[above]],
        format="csc",
    )
    right = np.concatenate(
        [
            flat.row_upper[equal],
            flat.upper[fixed],
            flat.row_upper[capped],
            -flat.row_lower[floored],
            flat.upper[below],
            -flat.lower[above],
        ]
    )
    equalities = int(equal.sum() + fixed.sum())
    cones = [clarabel.ZeroConeT(equalities), clarabel.NonnegativeConeT(right.size - equalities)]
    # Costs near 1 keep the solver's absolute tolerances meaningful in any currency.
    paid = np.abs(flat.cost[flat.cost != 0.0])
    scale = 1.0 / float(np.median(paid)) if paid.size else 1.0

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = CLARABEL_ITERATIONS
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    settings.presolve_enable = False
    bends = np.zeros(width) if curvature is None else curvature * scale
    solver = clarabel.DefaultSolver(
        sp.csc_matrix(sp.diags_array(bends)), flat.cost * scale, sp.csc_matrix(stacked), right, cones, settings
    )
    answer = solver.solve()
    status = _status(str(answer.status))
    point = np.asarray(answer.x, dtype=np.float64)
    multipliers = np.asarray(answer.z, dtype=np.float64) / scale

    prices = np.zeros(flat.row_lower.size)
    cuts = np.cumsum([equal.sum(), fixed.sum(), capped.sum(), floored.sum()])
    prices[equal] = -multipliers[: cuts[0]]
    prices[capped] -= multipliers[cuts[1] : cuts[2]]
    prices[floored] += multipliers[cuts[2] : cuts[3]]
    return status, point, prices, int(answer.iterations)


def _status(word: str) -> Status | None:
    words: dict[str, Status] = {
        "Solved": "optimal",
        "PrimalInfeasible": "infeasible",
        "AlmostPrimalInfeasible": "infeasible",
        "DualInfeasible": "unbounded",
        "AlmostDualInfeasible": "unbounded",
    }
    return words.get(word)
