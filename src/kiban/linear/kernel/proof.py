"""Values and prices of the kernel in the caller's names, and their certificate without a sparse matrix.

`evaluate` computes what `solution.certify` computes on the flattened programme, row kind by row kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.flat import BOUND_PREFIX, FlatProgramme
from kiban.linear.kernel.structure import KernelForm, step_before
from kiban.linear.solution import Certificate, support_curvature
from kiban.linear.staircase import Staircase, Term

# Largest relative gap and relative residual of an answer.
ACCEPTED: Final = 1e-7


@dataclass(slots=True)
class NamedPoint:
    """A point and the prices of its rows and capped bounds, by name, in the caller's units."""

    capacities: dict[str, float]
    hourly: dict[str, Array]
    rows: dict[str, Array]
    totals: dict[str, float]
    bounds: dict[str, Array]


@dataclass(slots=True)
class Evaluation:
    """Primal and dual objective, worst violations, and the reduced costs that remain."""

    primal: float
    dual: float
    primal_residual: float
    dual_residual: float
    capacity_prices: dict[str, float]
    bound_prices: dict[str, Array]

    def certificate(self, solver: str, iterations: int) -> Certificate:
        """The certificate that `solution.certify` would give."""
        gap = abs(self.primal - self.dual) / max(1.0, abs(self.primal))
        return Certificate(self.primal, self.dual, gap, self.primal_residual, self.dual_residual, solver, iterations)


def name_prices(
    programme: Staircase,
    form: KernelForm,
    rows: list[Array],
    totals: Array,
    bounds: dict[str, Array],
    *,
    costs: bool = True,
) -> NamedPoint:
    """Prices by name from scaled ones; `bounds` are those of capped variables, raised to leave no reduced cost.

    The values of the point are left empty. Without `costs` the bound prices are those of the programme
    without costs (for a proof of infeasibility).
    """
    point = NamedPoint({}, {}, {}, {}, {})
    unit = form.cost_scale
    named = {column: name for name, column in form.column_of.items()}
    for name in programme.rows:
        place = form.row_of.get(name)
        point.rows[name] = np.zeros(programme.steps) if place is None else rows[place] * (form.rows[place].scale * unit)
        if name in form.absorbed:
            column, coefficient = form.absorbed[name]
            point.rows[name] = -bounds[named[column]] * (unit / form.columns[column].scale) / coefficient
    for name in programme.totals:
        place = form.total_of.get(name)
        point.totals[name] = 0.0 if place is None else float(totals[place]) * form.totals[place].scale * unit
    _drop_useless(programme, point)
    reduced = hourly_reduced_costs(programme, point, costs=costs)
    for name, variable in programme.variables.items():
        if variable.capacity is not None:
            price = np.minimum(reduced[name], 0.0)
            if costs and variable.curvature:
                # Whatever the bound is paid, a curved cost leaves nothing over (`support_curvature`).
                own = bounds.get(name, np.zeros(programme.steps))
                price = -own * (unit / form.columns[form.column_of[name]].scale)
            elif name in bounds:
                floored = np.isfinite(variable.lower)
                own = -bounds[name] * (unit / form.columns[form.column_of[name]].scale)
                price = np.where(floored, np.minimum(price, own), price)
            point.bounds[name] = np.where(np.isposinf(variable.upper), 0.0, price)
    return point


def _drop_useless(programme: Staircase, point: NamedPoint) -> None:
    """A price of the wrong sign on a one-sided row proves nothing: count it as zero."""
    for name, row in programme.rows.items():
        price = np.where(np.isneginf(row.lower), np.minimum(point.rows[name], 0.0), point.rows[name])
        point.rows[name] = np.where(np.isposinf(row.upper), np.maximum(price, 0.0), price)
    for name, total in programme.totals.items():
        value = point.totals[name]
        value = min(value, 0.0) if np.isneginf(total.lower) else value
        point.totals[name] = max(value, 0.0) if np.isposinf(total.upper) else value


def hourly_reduced_costs(programme: Staircase, point: NamedPoint, *, costs: bool = True) -> dict[str, Array]:
    """Costs of hourly variables less what their rows pay for them (bounds not counted)."""
    block = programme.block_steps
    reduced = {
        name: variable.cost.copy() if costs else np.zeros(programme.steps)
        for name, variable in programme.variables.items()
    }
    for name, row in programme.rows.items():
        price = point.rows[name]
        for term in row.terms:
            part = _lag_coefficient(programme, term) * price
            reduced[term.variable] -= _step_after(part, block) if term.lagged else part
    for name, total in programme.totals.items():
        for variable_name, coefficient in total.terms:
            reduced[variable_name] -= coefficient * point.totals[name]
    return reduced


def evaluate(programme: Staircase, point: NamedPoint, *, costs: bool = True) -> Evaluation:
    """Objectives and violations of a point with values and prices; see `solution.certify`.

    Without `costs` there are no curves either, and no point is needed.
    """
    weight = 1.0 if costs else 0.0
    primal, dual = weight * programme.constant, weight * programme.constant
    worst_primal, worst_dual = 0.0, 0.0
    paid = {name: weight * capacity.cost for name, capacity in programme.capacities.items()}
    reduced = hourly_reduced_costs(programme, point, costs=costs)
    bound_prices: dict[str, Array] = {}
    has_point = bool(point.hourly or point.capacities)

    for name, variable in programme.variables.items():
        left = reduced[name]
        curvature = weight * variable.curvature
        if variable.capacity is None:
            upper = variable.upper
            if curvature:
                slopes, height = support_curvature(curvature, left, variable.lower, upper)
                left, dual = left + slopes, dual + height
            bound_prices[name] = np.minimum(left, 0.0)
        else:
            price = point.bounds[name]
            usable = np.where(np.isposinf(variable.upper), 0.0, np.minimum(price, 0.0))
            bound_prices[name] = price
            dual += _bound_value(usable, np.full(programme.steps, -np.inf), variable.upper)
            paid[variable.capacity] += float(variable.factor @ usable)
            left = left - usable
            upper = np.full(programme.steps, np.inf)
            if curvature:
                slopes, height = support_curvature(curvature, left, variable.lower, upper)
                left, dual = left + slopes, dual + height
        dual += _bound_value(left, variable.lower, upper)
        unpaid = np.where(left > 0, np.isneginf(variable.lower), np.isposinf(upper)) & (left != 0)
        worst_dual = max(worst_dual, float(np.abs(left[unpaid]).max(initial=0.0)))
        if has_point:
            value = point.hourly[name]
            primal += weight * float(variable.cost @ value) + 0.5 * curvature * float(value @ value)
            worst_primal = max(worst_primal, float((variable.lower - value).max()), float((value - upper).max()))
            if variable.capacity is not None:
                over = value - variable.factor * point.capacities[variable.capacity] - variable.upper
                worst_primal = max(worst_primal, float(over.max()))

    for name, row in programme.rows.items():
        price = point.rows[name]
        dual += _bound_value(price, row.lower, row.upper)
        for capacity, coefficient in row.capacities:
            paid[capacity] -= float(coefficient @ price)
        if has_point:
            activity = np.zeros(programme.steps)
            for term in row.terms:
                value = point.hourly[term.variable]
                value = step_before(value, programme.block_steps) if term.lagged else value
                activity += _lag_coefficient(programme, term) * value
            for capacity, coefficient in row.capacities:
                activity += coefficient * point.capacities[capacity]
            worst_primal = max(worst_primal, float((row.lower - activity).max()), float((activity - row.upper).max()))
    for name, total in programme.totals.items():
        number = point.totals[name]
        dual += _bound_value(np.array([number]), np.array([total.lower]), np.array([total.upper]))
        for capacity, factor in total.capacities:
            paid[capacity] -= factor * number
        if has_point:
            used = sum(float(coefficient @ point.hourly[v]) for v, coefficient in total.terms)
            used += sum(factor * point.capacities[capacity] for capacity, factor in total.capacities)
            worst_primal = max(worst_primal, total.lower - used, used - total.upper)
    for name, bounds in programme.capacities.items():
        if costs and bounds.curve is not None:
            # A line that is nowhere above the curve: its slope is a cost, its height a constant.
            slope, height = bounds.curve.support(point.capacities[name], -paid[name], bounds.lower, bounds.upper)
            paid[name] += slope
            primal += bounds.curve.value(point.capacities[name])
            dual += height
        number = paid[name]
        dual += _bound_value(np.array([number]), np.array([bounds.lower]), np.array([bounds.upper]))
        if number != 0 and np.isinf(bounds.lower if number > 0 else bounds.upper):
            worst_dual = max(worst_dual, abs(number))
        if has_point:
            size = point.capacities[name]
            primal += weight * bounds.cost * size
            worst_primal = max(worst_primal, bounds.lower - size, size - bounds.upper)
    return Evaluation(primal, dual, worst_primal, worst_dual, paid, bound_prices)


def _bound_value(price: Array, lower: Array, upper: Array) -> float:
    at_lower = np.where(np.isfinite(lower), lower, 0.0)
    at_upper = np.where(np.isfinite(upper), upper, 0.0)
    return float(np.maximum(price, 0.0) @ at_lower + np.minimum(price, 0.0) @ at_upper)


def _lag_coefficient(programme: Staircase, term: Term) -> Array:
    if not term.lagged or term.cyclic:
        return term.coefficient
    first = np.arange(programme.steps) % programme.block_steps == 0
    return np.where(first, 0.0, term.coefficient)


def _step_after(values: Array, block: int) -> Array:
    return np.roll(values.reshape(-1, block), -1, axis=1).reshape(-1)


def flatten_prices(flat: FlatProgramme, point: NamedPoint) -> Array:
    """Prices by name as those of the flattened programme's rows."""
    prices = np.zeros(flat.row_lower.size)
    for name, value in (point.rows | point.totals).items():
        prices[flat.rows[name]] = value
    for name, value in point.bounds.items():
        prices[flat.rows[BOUND_PREFIX + name]] = value
    return prices


def flatten_values(flat: FlatProgramme, capacities: Mapping[str, float], hourly: Mapping[str, Array]) -> Array:
    """Values by name as those of the flattened programme's columns."""
    values = np.zeros(flat.cost.size)
    for name, number in capacities.items():
        values[flat.columns[name]] = number
    for name, series in hourly.items():
        values[flat.columns[name]] = series
    return values


def evaluate_ray(
    programme: Staircase, capacities: dict[str, float], hourly: dict[str, Array], tolerance: float
) -> bool:
    """Whether a direction seems to keep every constraint and to lower the cost without end (`verdict` proves it).

    What the direction breaks may be at most `tolerance` of its largest component.
    """
    size = max([float(np.abs(v).max(initial=0.0)) for v in hourly.values()] + [abs(v) for v in capacities.values()])
    if not np.isfinite(size) or size <= 0.0:
        return False
    cost = sum(float(programme.variables[name].cost @ value) for name, value in hourly.items())
    cost += sum(programme.capacities[name].cost * value for name, value in capacities.items())
    curved = {name: capacity.curve for name, capacity in programme.capacities.items() if capacity.curve is not None}
    # A curve that rises without end holds its capacity; the others are flat far out.
    held = [abs(capacities[name]) for name, curve in curved.items() if np.isposinf(curve.slope_far_out)]
    held += [float(np.abs(hourly[v.name]).max()) for v in programme.variables.values() if v.curvature]
    if max(held, default=0.0) > tolerance * size:
        return False
    prices = [float(np.abs(v.cost).max(initial=0.0)) for v in programme.variables.values()]
    prices += [abs(capacity.cost) for capacity in programme.capacities.values()]
    if cost >= -tolerance * size * max(prices, default=0.0):
        return False

    def broken(value: Array, lower: Array, upper: Array) -> float:
        below = np.where(np.isfinite(lower), -value, 0.0).max(initial=0.0)
        above = np.where(np.isfinite(upper), value, 0.0).max(initial=0.0)
        return float(max(below, above))

    worst = 0.0
    for name, variable in programme.variables.items():
        value = hourly[name]
        if variable.capacity is None:
            worst = max(worst, broken(value, variable.lower, variable.upper))
        else:
            bound = value - variable.factor * capacities[variable.capacity]
            worst = max(worst, broken(value, variable.lower, np.full(programme.steps, np.inf)))
            worst = max(worst, broken(bound, np.full(programme.steps, -np.inf), variable.upper))
    for row in programme.rows.values():
        activity = np.zeros(programme.steps)
        for term in row.terms:
            value = hourly[term.variable]
            value = step_before(value, programme.block_steps) if term.lagged else value
            activity += _lag_coefficient(programme, term) * value
        for capacity, coefficient in row.capacities:
            activity += coefficient * capacities[capacity]
        worst = max(worst, broken(activity, row.lower, row.upper))
    for total in programme.totals.values():
        used = sum(float(coefficient @ hourly[v]) for v, coefficient in total.terms)
        used += sum(factor * capacities[capacity] for capacity, factor in total.capacities)
        worst = max(worst, broken(np.array([used]), np.array([total.lower]), np.array([total.upper])))
    for name, bounds in programme.capacities.items():
        worst = max(worst, broken(np.array([capacities[name]]), np.array([bounds.lower]), np.array([bounds.upper])))
    return worst <= tolerance * size


def is_accepted(
    programme: Staircase, certificate: Certificate, gap: float = ACCEPTED, sizes: Mapping[str, float] | None = None
) -> bool:
    """Whether a certificate proves an optimum to the accuracy that answers need, at capacities of these `sizes`."""
    size = size_of(programme)
    costs = [np.abs(v.cost).max(initial=0.0) for v in programme.variables.values()]
    costs += [abs(capacity.cost) for capacity in programme.capacities.values()]
    for name, x in (sizes or {}).items():
        curve = programme.capacities[name].curve
        costs += [abs(curve.slope(x))] if curve is not None else []
    price = 1.0 + float(max(costs, default=0.0))
    return bool(
        certificate.relative_gap <= gap
        and certificate.primal_residual <= ACCEPTED * size
        and certificate.dual_residual <= ACCEPTED * price
    )


def size_of(programme: Staircase) -> float:
    """One and the largest finite right-hand side: what violations are measured against."""
    bounds = [np.abs(side[np.isfinite(side)]).max(initial=0.0) for side in _sides(programme)]
    return 1.0 + float(max(bounds, default=0.0))


def _sides(programme: Staircase) -> list[Array]:
    sides = [side for row in programme.rows.values() for side in (row.lower, row.upper)]
    sides += [np.array([total.lower, total.upper]) for total in programme.totals.values()]
    return sides + [v.upper for v in programme.variables.values() if v.capacity is not None]
