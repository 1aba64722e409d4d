"""Clarabel: a general interior-point solver, fast on this form.

A curved cost (`curves`) is a quadratic objective or a cone. With `d = x - origin` and a variable `t` of its own,

    price at (d / at)^2 / 2                         in the objective itself, as the curvature of hourly variables
    price at log(d / at)                            -|price| at t,  (t, 1, d / at) in the exponential cone
    price at (d / at)^p / p, p = exponent + 1       price at / p t  and a power cone `a^w b^(1 - w) >= |c|` with
        p > 1          t^(1/p) 1^(1 - 1/p) >= |d / at|
        0 < p < 1      (d / at)^p 1^(1 - p) >= |t|
        p < 0          t^(1/(1 - p)) (d / at)^(-p/(1 - p)) >= 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.linear.curves import CostCurve
from kiban.linear.flat import FlatProgramme
from kiban.linear.solution import Status

if TYPE_CHECKING:
    import scipy.sparse as sp

# Tight, since the solver measures residuals against the largest cost and the largest bound.
TARGET_GAP = 1e-11
CLARABEL_ITERATIONS = 400


def solve_clarabel(
    flat: FlatProgramme, *, tolerance: float = TARGET_GAP, curvature: Array | None = None
) -> tuple[Status | None, Array, Array, int]:
    """Status (None where the solver stopped short of its tolerance), point, row prices and iterations.

    `curvature` `(columns,)`, not negative, adds `curvature / 2 * x^2` to the cost, beside the programme's own.
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
    linear = right.size
    bent = {k: curve for k, curve in flat.curves.items() if curve.price != 0.0}
    # Costs near 1 keep the solver's absolute tolerances meaningful in any currency.
    paid = np.abs([*flat.cost[flat.cost != 0.0], *(curve.price for curve in bent.values())])
    scale = 1.0 / float(np.median(paid)) if paid.size else 1.0
    cost, quadratic = flat.cost.copy(), np.zeros(width)
    conic = {k: curve for k, curve in bent.items() if curve.exponent != 1.0}
    for k, curve in bent.items():
        if curve.exponent == 1.0:
            quadratic[k] = curve.price / curve.at
            cost[k] -= quadratic[k] * curve.origin
    for bend in (flat.curvature, curvature):
        quadratic += 0.0 if bend is None else bend
    if conic:
        stacked = sp.hstack([stacked, sp.csc_array((linear, len(conic)))], format="csc")
        cost, quadratic = np.append(cost, np.zeros(len(conic))), np.append(quadratic, np.zeros(len(conic)))
    for t, (k, curve) in enumerate(conic.items(), start=width):
        cone, rows_of_cone, rights, cost[t] = _write_cone(curve, k, t, cost.size)
        cones.append(cone)
        stacked, right = sp.vstack([stacked, rows_of_cone], format="csc"), np.concatenate([right, rights])

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_iter = CLARABEL_ITERATIONS
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    settings.presolve_enable = False
    solver = clarabel.DefaultSolver(
        sp.csc_matrix(sp.diags_array(quadratic * scale)),
        cost * scale,
        sp.csc_matrix(stacked),
        right,
        cones,
        settings,
    )
    answer = solver.solve()
    status = _status(str(answer.status))
    point = np.asarray(answer.x, dtype=np.float64)[:width]
    multipliers = np.asarray(answer.z, dtype=np.float64) / scale

    prices = np.zeros(flat.row_lower.size)
    cuts = np.cumsum([equal.sum(), fixed.sum(), capped.sum(), floored.sum()])
    prices[equal] = -multipliers[: cuts[0]]
    prices[capped] -= multipliers[cuts[1] : cuts[2]]
    prices[floored] += multipliers[cuts[2] : cuts[3]]
    return status, point, prices, int(answer.iterations)


def _write_cone(curve: CostCurve, column: int, own: int, width: int) -> tuple[object, sp.csc_array, Array, float]:
    """The cone of a curve, the rows `right - rows @ x` that lie in it, and the cost of its own variable."""
    import clarabel
    import scipy.sparse as sp

    power, worth = curve.exponent + 1.0, curve.price * curve.at
    share, variable, one = (column, 1.0 / curve.at, -curve.origin / curve.at), (own, 1.0, 0.0), (own, 0.0, 1.0)
    if power == 0.0:
        cone, parts, cost = clarabel.ExponentialConeT(), (variable, one, share), worth
    elif power > 1.0:
        cone, parts, cost = clarabel.PowerConeT(1.0 / power), (variable, one, share), worth / power
    elif power > 0.0:
        cone, parts, cost = clarabel.PowerConeT(power), (share, one, variable), worth / power
    else:
        cone, parts, cost = clarabel.PowerConeT(1.0 / (1.0 - power)), (variable, share, one), worth / power
    where, factors, rights = (np.array(values) for values in zip(*parts, strict=True))
    rows = sp.csc_array((-factors, (np.arange(3), where)), shape=(3, width))
    return cone, rows, rights, cost


def _status(word: str) -> Status | None:
    words: dict[str, Status] = {
        "Solved": "optimal",
        "PrimalInfeasible": "infeasible",
        "AlmostPrimalInfeasible": "infeasible",
        "DualInfeasible": "unbounded",
        "AlmostDualInfeasible": "unbounded",
    }
    return words.get(word)
