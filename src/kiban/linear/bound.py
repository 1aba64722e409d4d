"""A lower bound on one programme from the prices of another of the same shape: weak duality.

Any prices give a lower bound on the least cost of any programme whose rows they price. The prices of
a neighbour's optimum give a tight one, for the cost of a matrix product instead of a solve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kiban.linear.flat import BOUND_PREFIX, flatten
from kiban.linear.solution import Solution, certify
from kiban.linear.staircase import Array, Staircase

# Largest reduced cost that a solver leaves by rounding alone. It is set to zero, which moves the bound
# by its product with the variable: callers keep a margin.
ROUNDING = 1e-7


def bound_cost(
    programme: Staircase,
    solution: Solution,
    implied_lower: Mapping[str, float | Array],
    implied_upper: Mapping[str, float | Array],
) -> float:
    """No point of `programme` costs less than this.

    `solution` is the optimum of a programme with the same names. `implied_lower` and `implied_upper`
    are bounds that hold for every feasible point (or for some optimum) of the programme without being
    written in it. Returns minus infinity where an unbounded variable would have to pay.
    """
    flat = flatten(programme)
    prices = np.zeros(flat.row_lower.size)
    for name, rows in flat.rows.items():
        if name in solution.row_prices:
            prices[rows] = solution.row_prices[name]
        elif name in solution.total_prices:
            prices[rows] = solution.total_prices[name]
        else:
            prices[rows] = solution.bound_prices[name.removeprefix(BOUND_PREFIX)]
    lower, upper = flat.lower.copy(), flat.upper.copy()
    for name, value in implied_lower.items():
        lower[flat.columns[name]] = np.maximum(lower[flat.columns[name]], value)
    for name, value in implied_upper.items():
        upper[flat.columns[name]] = np.minimum(upper[flat.columns[name]], value)
    tightened = replace(flat, lower=lower, upper=upper)
    certificate, _ = certify(tightened, lower, prices, solver="bound", iterations=0)
    if certificate.dual_residual > ROUNDING:
        return -np.inf
    return certificate.dual
