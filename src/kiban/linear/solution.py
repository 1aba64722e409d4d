"""What a solver returns: values and prices by name, and a certificate that anyone can check.

The certificate is computed here from the values and the prices, not taken from the solver: the
primal objective of the point, the dual objective of the prices, their gap, and by how much either
breaks a constraint. By weak duality no design can cost less than the dual objective. A curved cost enters the
dual objective by a tangent: `f(x) >= f(x1) + f'(x1) (x - x1)` for every `x`, so that

    dual = constant + sum_k (f_k(x1_k) - f'_k(x1_k) x1_k) + dual objective at the costs `c_k + f'_k(x1_k)`

is a bound wherever the tangents touch; at the optimum it is the optimum. They touch next to the answer's
capacities, where the slope is the one that the prices ask for (`curves.CostCurve.support`), and of an hourly variable
where its cost less what the prices pay is least (`support_curvature`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from kiban.arrays import Array
from kiban.linear.flat import BOUND_PREFIX, FlatProgramme
from kiban.linear.staircase import Staircase

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

Status = Literal["optimal", "infeasible", "unbounded"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of optimality, in the caller's units.

    `primal` and `dual` are the objective's upper and lower bound, `relative_gap` their distance over
    `max(1, |primal|)`, `primal_residual` the largest violation of a row or bound, `dual_residual` the
    largest reduced cost of the wrong sign on a variable without the bound that could pay for it.
    `solver` and `iterations` say how it was found.
    """

    primal: float
    dual: float
    relative_gap: float
    primal_residual: float
    dual_residual: float
    solver: str
    iterations: int


@dataclass(frozen=True, slots=True)
class Solution:
    """Values and prices of one programme by name.

    A price is the change of the objective per unit that the right-hand side grows: `row_prices` and
    `total_prices` by row, `bound_prices` per hourly variable at its upper bound (never positive),
    `capacity_prices` per capacity at a bound (positive at the lower, negative at the upper): what it costs, a curve's
    slope included, less what its rows pay. `warm` are the
    points from which a similar programme may start, where they were asked for. `ray` proves that there is no optimum
    (`verdict`): prices of the flattened programme's rows where it is infeasible, a direction of its columns where it is
    unbounded.
    """

    status: Status
    capacities: Mapping[str, float]
    hourly: Mapping[str, Array]
    row_prices: Mapping[str, Array]
    total_prices: Mapping[str, float]
    bound_prices: Mapping[str, Array]
    capacity_prices: Mapping[str, float]
    certificate: Certificate | None
    warm: WarmStart | None = field(default=None, compare=False, repr=False)
    ray: Array | None = field(default=None, compare=False, repr=False)


def certify(
    flat: FlatProgramme, point: Array, prices: Array, *, solver: str, iterations: int
) -> tuple[Certificate, Array]:
    """Certificate of a point and its row prices, and the reduced costs of all columns."""
    activity = flat.matrix @ point
    below = np.maximum(flat.row_lower - activity, activity - flat.row_upper)
    outside = np.maximum(flat.lower - point, point - flat.upper)

    # A price of the wrong sign on a one-sided row proves nothing: count it as zero.
    usable = np.where(np.isneginf(flat.row_lower), np.minimum(prices, 0.0), prices)
    usable = np.where(np.isposinf(flat.row_upper), np.maximum(usable, 0.0), usable)
    reduced, worth, heights = _support_curves(flat, point, flat.cost - flat.matrix.T @ usable)
    primal = float(flat.cost @ point) + flat.constant + worth
    row_value = _bound_value(usable, flat.row_lower, flat.row_upper)
    column_value = _bound_value(reduced, flat.lower, flat.upper)
    unpaid = np.where(reduced > 0, np.isneginf(flat.lower), np.isposinf(flat.upper)) & (reduced != 0)
    dual = row_value + column_value + flat.constant + heights
    gap = abs(primal - dual) / max(1.0, abs(primal))
    return (
        Certificate(
            primal=primal,
            dual=dual,
            relative_gap=gap,
            primal_residual=float(max(below.max(initial=0.0), outside.max(initial=0.0), 0.0)),
            dual_residual=float(np.abs(reduced[unpaid]).max(initial=0.0)),
            solver=solver,
            iterations=iterations,
        ),
        reduced,
    )


def support_curvature(curvature: Array | float, reduced: Array, lower: Array, upper: Array) -> tuple[Array, float]:
    """Slopes of the lines that touch `curvature / 2 y^2` where `reduced` and they leave nothing, and their heights.

    `reduced` are the costs of one unit more without the curvature, less what rows pay: the lines touch where a value
    between the bounds costs least in all, so that the bound they give is the best that the prices have.
    """
    bend = np.broadcast_to(curvature, reduced.shape)
    wanted = np.divide(-reduced, bend, where=bend > 0.0, out=np.zeros(reduced.shape))
    touched = np.where(bend > 0.0, np.minimum(np.maximum(wanted, lower), upper), 0.0)
    return bend * touched, -0.5 * float((bend * touched) @ touched)


def _support_curves(flat: FlatProgramme, point: Array, reduced: Array) -> tuple[Array, float, float]:
    """Reduced costs with the curves' slopes, what the curves cost at a point, and the heights of their lines."""
    worth = heights = 0.0
    if flat.is_curved:
        reduced = reduced.copy()
    if flat.curvature is not None:
        slopes, heights = support_curvature(flat.curvature, reduced, flat.lower, flat.upper)
        reduced += slopes
        worth = 0.5 * float((flat.curvature * point) @ point)
    for k, curve in flat.curves.items():
        x = float(point[k])
        slope, height = curve.support(x, -float(reduced[k]), float(flat.lower[k]), float(flat.upper[k]))
        reduced[k] += slope
        worth += curve.value(x)
        heights += height
    return reduced, worth, heights


def _bound_value(price: Array, lower: Array, upper: Array) -> float:
    at_lower = np.where(np.isfinite(lower), lower, 0.0)
    at_upper = np.where(np.isfinite(upper), upper, 0.0)
    return float(np.maximum(price, 0.0) @ at_lower + np.minimum(price, 0.0) @ at_upper)


def unflatten(
    programme: Staircase,
    flat: FlatProgramme,
    point: Array,
    prices: Array,
    reduced: Array,
    certificate: Certificate,
) -> Solution:
    """Give values and prices their names back."""
    bound_prices = {}
    for name, variable in programme.variables.items():
        if variable.capacity is None:
            bound_prices[name] = np.minimum(reduced[flat.columns[name]], 0.0)
        else:
            bound_prices[name] = prices[flat.rows[BOUND_PREFIX + name]]
    return Solution(
        status="optimal",
        capacities={name: float(point[flat.columns[name].start]) for name in programme.capacities},
        hourly={name: point[flat.columns[name]] for name in programme.variables},
        row_prices={name: prices[flat.rows[name]] for name in programme.rows},
        total_prices={name: float(prices[flat.rows[name].start]) for name in programme.totals},
        bound_prices=bound_prices,
        capacity_prices={name: float(reduced[flat.columns[name].start]) for name in programme.capacities},
        certificate=certificate,
    )


def without_solution(status: Status, ray: Array | None = None) -> Solution:
    """The answer for a programme that has no optimum, and the proof of it."""
    return Solution(status, {}, {}, {}, {}, {}, {}, None, ray=ray)
