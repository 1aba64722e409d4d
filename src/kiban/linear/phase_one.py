"""Phase 1: what is known of a programme that no solver could answer, with proofs where there are any.

    point       minimise    sum_i (short_i + over_i)
                subject to  row_lower <= A x + short - over <= row_upper,   lower <= x <= upper,   short, over >= 0

    direction   minimise    c'd
                subject to  d and A d on the open side of every bound and row,   -1 <= d <= 1

Either always has an optimum. The first is zero where there is a point; where not, its prices are a ray that proves
the programme infeasible. The second is zero where some prices hold the objective; where not, its optimum is a direction
that proves the programme unbounded, if there is a point. `verdict` confirms either, or there is no verdict. Both are
handed to the general solvers in units in which coefficients, the largest right-hand side and cost are near one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.clarabel import solve_clarabel
from kiban.linear.flat import FlatProgramme
from kiban.linear.highs import solve_highs
from kiban.linear.solution import Status
from kiban.linear.verdict import Verdicts

if TYPE_CHECKING:
    import scipy.sparse as sp

# What a point may break of a row, relative to what is added up in it, to count as a point.
KEPT: Final = 1e-9
# How far from whole a value may be, and how many choices of whole numbers are looked at.
WHOLE: Final = 1e-6
MOST_CHOICES: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known: a status with its proof, or the best point and by how much it breaks a row at most.

    `violation` is in the row's own units, `size` the sum of the magnitudes that meet in that row; NaN without a point.
    """

    status: Status | None
    ray: Array | None
    point: Array | None = None
    violation: float = np.nan
    size: float = np.nan

    def describe(self) -> str:
        """What is known, as the end of a sentence."""
        if np.isnan(self.violation):
            return "no point was found that could be measured; the programme may be badly scaled"
        if self.violation == 0.0:
            return "there is a point that meets every row; the programme may be badly scaled"
        return (
            f"the best point breaks a row by {self.violation:.1e} where {self.size:.1e} is added up: whether there is "
            "a better one could not be proven; the programme may be badly scaled"
        )


def examine(flat: FlatProgramme) -> Finding:
    """Whether a programme is proven infeasible or unbounded, and else its best point."""
    verdicts = Verdicts(flat)
    contradiction = verdicts.prove_contradiction()
    if contradiction is not None:
        return Finding("infeasible", contradiction)
    found = _look_for_point(flat, verdicts)
    if found.status is None and found.violation <= KEPT * found.size:
        ray = _look_for_direction(flat, verdicts)
        found = replace(found, status="unbounded", ray=ray) if ray is not None else found
    return found


def has_no_whole_point(flat: FlatProgramme) -> bool:
    """Whether it is proven that no point has whole numbers where they are asked for.

    Each choice of bounds that leaves a value between two whole numbers is cut in two, until no part has a point.
    """
    parts = [flat]
    for _ in range(MOST_CHOICES):
        if not parts:
            return True
        part = parts.pop()
        found = examine(part)
        if found.status == "infeasible":
            continue
        if found.point is None:
            return False
        off = np.where(flat.integer, np.abs(found.point - np.round(found.point)), 0.0)
        column = int(np.argmax(off))
        if off[column] <= WHOLE:
            return False
        for side, value in (("upper", np.floor(found.point[column])), ("lower", np.ceil(found.point[column]))):
            bound = getattr(part, side).copy()
            bound[column] = value
            parts.append(replace(part, **{side: bound}))
    return False


def _look_for_point(flat: FlatProgramme, verdicts: Verdicts) -> Finding:
    row, column, right, _ = verdicts.units
    elastic = _relax(flat, row, column, right)
    best = Finding(None, None)
    for solve in (solve_clarabel, solve_highs):
        _, point, prices, *_ = solve(elastic)
        ray = verdicts.prove_infeasible(prices * row) if prices.size == row.size else None
        if ray is not None:
            return Finding("infeasible", ray)
        if point.size == elastic.cost.size and np.isfinite(point).all():
            found = _measure(flat, point[: flat.cost.size] * column * right)
            best = best if best.violation <= found.violation else found
    return best


def _look_for_direction(flat: FlatProgramme, verdicts: Verdicts) -> Array | None:
    row, column, _, cost = verdicts.units
    open_below, open_above = verdicts.open_sides
    recession = replace(
        flat,
        matrix=_scale(flat, row, column),
        cost=flat.cost * column / cost,
        lower=np.where(open_below, -1.0, 0.0),
        upper=np.where(open_above, 1.0, 0.0),
        row_lower=np.where(np.isfinite(flat.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(flat.row_upper), 0.0, np.inf),
        integer=np.zeros(flat.cost.size, dtype=bool),
        constant=0.0,
        curves={},
        curvature=None,
    )
    for solve in (solve_clarabel, solve_highs):
        _, point, *_ = solve(recession)
        ray = verdicts.prove_unbounded(point * column) if point.size == column.size else None
        if ray is not None:
            return ray
    return None


def _relax(flat: FlatProgramme, row: Array, column: Array, right: float) -> FlatProgramme:
    import scipy.sparse as sp

    count, width = flat.row_lower.size, flat.cost.size
    identity = sp.eye_array(count, format="csc")
    return replace(
        flat,
        matrix=sp.hstack([_scale(flat, row, column), identity, -identity], format="csc"),
        cost=np.concatenate([np.zeros(width), np.ones(2 * count)]),
        lower=np.concatenate([flat.lower / column / right, np.zeros(2 * count)]),
        upper=np.concatenate([flat.upper / column / right, np.full(2 * count, np.inf)]),
        row_lower=flat.row_lower * row / right,
        row_upper=flat.row_upper * row / right,
        integer=np.zeros(width + 2 * count, dtype=bool),
        constant=0.0,
        curves={},
        curvature=None,
    )


def _scale(flat: FlatProgramme, row: Array, column: Array) -> sp.csc_array:
    import scipy.sparse as sp

    return sp.csc_array(sp.diags_array(row) @ flat.matrix @ sp.diags_array(column))


def _measure(flat: FlatProgramme, point: Array) -> Finding:
    inside = np.clip(point, flat.lower, flat.upper)
    activity, sizes = flat.matrix @ inside, abs(flat.matrix) @ np.abs(inside)
    broken = np.maximum(np.maximum(flat.row_lower - activity, activity - flat.row_upper), 0.0)
    if not broken.size:
        return Finding(None, None, inside, 0.0, 0.0)
    sides = np.where(flat.row_lower > activity, flat.row_lower, flat.row_upper)
    sizes = np.maximum(sizes, np.where(np.isfinite(sides), np.abs(sides), 0.0))
    worst = int(np.argmax(np.where(broken > 0.0, broken / np.where(sizes > 0.0, sizes, 1.0), 0.0)))
    return Finding(None, None, inside, float(broken[worst]), float(sizes[worst]))
