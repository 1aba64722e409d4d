"""The sweeps of one Newton direction: forward with a right-hand side, backward with its solution, and the step.

`mode` says which right-hand side: 0 the residuals and the complementarity as they are (the affine
direction), 1 Mehrotra's centring and second-order term, 2 products pulled into a band around their
target (Gondzio), 3 nothing but a change of the border. All but the first are corrections: the sweeps
add them to the direction that is there.
`par` holds, in order: weight of the present point, of the right-hand sides and of the costs in the
residuals; the target product; primal and dual step of the trial point; the band's lower and upper
edge relative to the target.
"""

from __future__ import annotations

from typing import Any

from kiban.arrays import Array
from kiban.linear.kernel.factor import gather
from kiban.linear.kernel.system import AFFINE, CENTRE
from kiban.linear.kernel.vector import (
    LANES,
    choose,
    compiled,
    fma,
    inlined,
    larger,
    less,
    load,
    magnitude,
    number,
    smaller,
    spread,
    store,
)

# Places in the measures of a group.
COST, WORTH, WIDTH, PRODUCT, PRIMAL, DUAL = range(6)
RATIO_PRIMAL, RATIO_DUAL, FALL, RISE, CROSS = range(5)
MEASURES = 6


@inlined
def _datum(data: Array, table: Any, row: int, hour: int) -> Any:
    return load(data, number(table, 2 * row) + hour * number(table, 2 * row + 1))


@inlined
def _pull(mode: int, value: Any, price: Any, move: Any, turn: Any, par: Array) -> Any:
    """Right-hand side of a complementarity equation in modes 1 and 2."""
    target = spread(par[3])
    if mode == CENTRE:
        limit = spread(par[7])
        second = larger(smaller(move * turn, limit), spread(0.0) - limit)
        return target - second
    trial = fma(spread(par[4]), move, value) * fma(spread(par[5]), turn, price)
    low, high = spread(par[3] * par[6]), spread(par[3] * par[7])
    return smaller(larger(smaller(larger(trial, low), high) - trial, spread(0.0) - high), high)


@inlined
def _gradient(
    mode: int,
    v: int,
    hour: int,
    shape: Any,
    tables: Any,
    data: Array,
    soft: Array,
    state: Any,
    direction: Any,
    lambdas: Array,
    at: int,
    following: Array,
    border: Any,
    par: Array,
) -> Any:
    """g / D of one variable, the pull of its bound on the capacity, and its dual and bound residuals."""
    _, _, width, caps, _, _, _, _ = shape
    columns, column_data = tables[0], tables[1]
    entry_start, entry_row, entry_data, lag_start, lag_row, lag_next, total_start, total_row, total_data = tables[2:11]
    y, z, r, u, _ = state
    dy, dz, du, _ = direction
    x, dx, total_price = border
    zero, one = spread(0.0), spread(1.0)
    place = (hour * width + v) * LANES
    level = load(y, place)
    value, price, floor = one, zero, zero
    if number(columns, 4 * v) > 0:
        floor = _datum(data, column_data, 5 * v + 1, hour)
        value = choose(floor, level, one)
        price = load(z, place)
    cap = number(columns, 4 * v + 1)
    capacity = number(columns, 4 * v + 2)
    keep = spread(par[0])
    dual_residual = zero
    if mode == AFFINE:
        paid = price
        for e in range(number(entry_start, v), number(entry_start, v + 1)):
            paid = fma(_datum(data, entry_data, e, hour), load(lambdas, at + number(entry_row, e) * LANES), paid)
        i = number(columns, 4 * v + 3)
        if i >= 0:
            for e in range(number(lag_start, i), number(lag_start, i + 1)):
                paid = fma(_datum(data, lag_next, e, hour), load(following, number(lag_row, e) * LANES), paid)
        for e in range(number(total_start, v), number(total_start, v + 1)):
            paid = fma(_datum(data, total_data, e, hour), load(total_price, number(total_row, e) * LANES), paid)
        if cap >= 0:
            paid -= load(u, (hour * caps + cap) * LANES)
        dual_residual = spread(par[2]) * _datum(data, column_data, 5 * v, hour) - keep * paid
        product = zero - keep * value * price
    else:
        product = zero
        if number(columns, 4 * v) > 0:
            product = floor * _pull(mode, value, price, load(dy, place), load(dz, place), par)
    below = fma(spread(number(soft, v)), value, price)
    if cap < 0:
        return (product - dual_residual * value) / below, zero, dual_residual, zero
    spot = (hour * caps + cap) * LANES
    slack, dual = load(r, spot), load(u, spot)
    bounded = _datum(data, column_data, 5 * v + 2, hour)
    bound = _datum(data, column_data, 5 * v + 3, hour)
    factor = zero
    if capacity >= 0:
        factor = _datum(data, column_data, 5 * v + 4, hour)
    bound_residual = zero
    if mode == AFFINE:
        moved = zero - level - slack
        if capacity >= 0:
            moved = fma(factor, load(x, capacity * LANES), moved)
        bound_residual = bounded * fma(keep, moved, spread(par[1]) * bound)
        slack_product = zero - keep * slack * dual
    else:
        moved = bound - level - slack - load(dy, place)
        if capacity >= 0:
            moved = fma(factor, load(x, capacity * LANES) + load(dx, capacity * LANES), moved)
        slack_product = bounded * _pull(mode, slack, dual, bounded * moved, load(du, spot), par)
    weight = dual * value
    base = fma(below, slack, weight)
    joint = one / (base * slack)
    inverse = joint * slack
    gradient = inverse * fma(slack, product - dual_residual * value, value * (dual * bound_residual - slack_product))
    pull = zero
    if capacity >= 0:
        pull = factor * fma(dual, gradient - bound_residual, slack_product) * (joint * base)
    return gradient, pull, dual_residual, bound_residual


@inlined
def _gather_first(source: Array, target: Array, size: int, after: Any, pads: Array, group: int, steps: int) -> None:
    """Row quantities of the first existing hour of the segment after each lane's."""
    for lane in range(LANES):
        other = number(after, group * LANES + lane)
        start = ((other // LANES) * steps + int(number(pads, other))) * size * LANES
        for q in range(size):
            target[q * LANES + lane] = source[start + q * LANES + other % LANES]


@compiled
def forward(
    mode: int,
    shape: Any,
    tables: Any,
    lag: Any,
    capacity_terms: Any,
    right_data: Any,
    data: Array,
    soft: Array,
    state: Any,
    direction: Any,
    gradients: Array,
    work: Array,
    factors: Any,
    neighbours: Any,
    pads: Array,
    border: Any,
    par: Array,
    sums: Any,
    scratch: Any,
    ends: bool,
    first_group: int,
    last_group: int,
) -> None:
    """Forward substitution; `gradients` gets g / D, `work` the swept right-hand side, `sums` what borders need.

    With `ends` only the gradients that the hours after the segments look back at are computed.
    """
    _, steps, width, caps, rows, local, capacities, totals = shape
    columns = tables[0]
    entry_start, entry_row, entry_data = tables[2], tables[3], tables[4]
    lag_start, lag_row = tables[5], tables[6]
    total_start, total_row, total_data = tables[8], tables[9], tables[10]
    column_data = tables[1]
    lag_column, lag_data = lag
    capacity_row, capacity_border, capacity_data = capacity_terms
    y, z, r, u, lambdas = state
    lower, link, cover, edge = factors
    before, after = neighbours
    x = border[0]
    measures, capacity_pull, capacity_paid, total_pull, total_level, swept, edge_right, last_right = sums
    over = capacities + totals
    states = rows - local
    lags = lag_column.size
    zero = spread(0.0)
    keep = spread(par[0])
    right, residual, following, level_head, gradient_head = scratch

    for g in range(first_group, last_group):
        cost, worth, bound_worth, product = zero, zero, zero, zero
        worst_primal, worst_dual = zero, zero
        for k in range(capacities):
            store(capacity_pull, (g * capacities + k) * LANES, zero)
            store(capacity_paid, (g * capacities + k) * LANES, zero)
        for k in range(totals):
            store(total_pull, (g * totals + k) * LANES, zero)
            store(total_level, (g * totals + k) * LANES, zero)
        for k in range(over):
            store(swept, (g * over + k) * LANES, zero)
        for k in range(states):
            store(edge_right, (g * states + k) * LANES, zero)
        if lags and not ends:
            offset = (steps - 1) * width * LANES
            gather(y, level_head, width, before, g, steps * width * LANES, offset)
            gather(gradients, gradient_head, width, before, g, steps * width * LANES, offset)
        pad = load(pads, g * LANES)

        for j in range(steps - 1 if ends else 0, steps):
            hour = g * steps + j
            at_rows = hour * rows * LANES
            if j < steps - 1:
                for i in range(local, rows):
                    store(following, i * LANES, load(lambdas, at_rows + (rows + i) * LANES))
            else:
                _gather_first(lambdas, following, rows, after, pads, g, steps)
            for i in range(rows):
                store(right, i * LANES, zero)
                if mode == AFFINE:
                    b = _datum(data, right_data, i, hour)
                    store(residual, i * LANES, spread(par[1]) * b)
                    worth = fma(b, load(lambdas, at_rows + i * LANES), worth)
            if mode == AFFINE:
                for k in range(capacity_row.size):
                    row, column = number(capacity_row, k), number(capacity_border, k)
                    coefficient = _datum(data, capacity_data, k, hour)
                    part = keep * load(x, column * LANES)
                    store(residual, row * LANES, less(load(residual, row * LANES), coefficient, part))
                    at = (g * capacities + column) * LANES
                    paid = load(lambdas, at_rows + row * LANES)
                    store(capacity_paid, at, fma(coefficient, paid, load(capacity_paid, at)))
            for i in range(0 if ends else lags):
                v = number(lag_column, i)
                if j > 0:
                    past_level = load(y, ((hour - 1) * width + v) * LANES)
                    past_gradient = load(gradients, ((hour - 1) * width + v) * LANES)
                    if j == 1:
                        past_level = choose(pad, load(level_head, v * LANES), past_level)
                        past_gradient = choose(pad, load(gradient_head, v * LANES), past_gradient)
                else:
                    past_level = load(level_head, v * LANES)
                    past_gradient = load(gradient_head, v * LANES)
                for e in range(number(lag_start, i), number(lag_start, i + 1)):
                    at = number(lag_row, e) * LANES
                    coefficient = _datum(data, lag_data, e, hour)
                    store(right, at, less(load(right, at), coefficient, past_gradient))
                    if mode == AFFINE:
                        store(residual, at, load(residual, at) - coefficient * (keep * past_level))

            for v in range(width):
                if ends and number(columns, 4 * v + 3) < 0:
                    continue
                gradient, pull, dual_residual, bound_residual = _gradient(
                    mode, v, hour, shape, tables, data, soft, state, direction, lambdas, at_rows, following, border, par
                )
                place = (hour * width + v) * LANES
                store(gradients, place, gradient)
                if ends:
                    continue
                level = load(y, place)
                held = keep * level
                for e in range(number(entry_start, v), number(entry_start, v + 1)):
                    at = number(entry_row, e) * LANES
                    coefficient = _datum(data, entry_data, e, hour)
                    store(right, at, less(load(right, at), coefficient, gradient))
                    if mode == AFFINE:
                        store(residual, at, less(load(residual, at), coefficient, held))
                for e in range(number(total_start, v), number(total_start, v + 1)):
                    coefficient = _datum(data, total_data, e, hour)
                    at = (g * totals + number(total_row, e)) * LANES
                    store(total_pull, at, fma(coefficient, gradient, load(total_pull, at)))
                    if mode == AFFINE:
                        store(total_level, at, fma(coefficient, level, load(total_level, at)))
                capacity = number(columns, 4 * v + 2)
                if capacity >= 0:
                    at = (g * capacities + capacity) * LANES
                    store(capacity_pull, at, load(capacity_pull, at) + pull)
                if mode == AFFINE:
                    cost = fma(_datum(data, column_data, 5 * v, hour), level, cost)
                    worst_dual = larger(magnitude(dual_residual), worst_dual)
                    if number(columns, 4 * v) > 0:
                        product = fma(level, load(z, place), product)
                    cap = number(columns, 4 * v + 1)
                    if cap >= 0:
                        spot = (hour * caps + cap) * LANES
                        dual = load(u, spot)
                        product = fma(load(r, spot), dual, product)
                        bound_worth = fma(_datum(data, column_data, 5 * v + 3, hour), dual, bound_worth)
                        worst_primal = larger(magnitude(bound_residual), worst_primal)
                        if capacity >= 0:
                            at = (g * capacities + capacity) * LANES
                            factor = _datum(data, column_data, 5 * v + 4, hour)
                            store(capacity_paid, at, fma(factor, dual, load(capacity_paid, at)))

            if ends:
                continue
            if mode == AFFINE:
                for i in range(rows):
                    left = load(residual, i * LANES)
                    worst_primal = larger(magnitude(left), worst_primal)
                    store(right, i * LANES, load(right, i * LANES) + left)

            # Substitute.
            at_lower = hour * (rows * (rows + 1) // 2) * LANES
            if j > 0:
                for a in range(states):
                    value = load(right, (local + a) * LANES)
                    for c in range(states):
                        linked = load(link, (hour * states * states + a * states + c) * LANES)
                        value = less(value, linked, load(work, ((hour - 1) * rows + local + c) * LANES))
                    store(right, (local + a) * LANES, value)
            stop = rows if j < steps - 1 else local
            for i in range(rows):
                value = load(right, i * LANES)
                for k in range(min(i, stop)):
                    value = less(value, load(lower, at_lower + (i * (i + 1) // 2 + k) * LANES), load(right, k * LANES))
                if i < stop:
                    value *= load(lower, at_lower + (i * (i + 1) // 2 + i) * LANES)
                    store(work, at_rows + i * LANES, value)
                store(right, i * LANES, value)
            for k in range(over):
                at = (g * over + k) * LANES
                value = load(swept, at)
                for i in range(stop):
                    value = fma(load(cover, ((hour * rows + i) * over + k) * LANES), load(right, i * LANES), value)
                store(swept, at, value)
            if j < steps - 1:
                for a in range(states):
                    at = (g * states + a) * LANES
                    value = load(edge_right, at)
                    for i in range(states):
                        along = load(edge, (hour * states * states + i * states + a) * LANES)
                        value = fma(along, load(right, (local + i) * LANES), value)
                    store(edge_right, at, value)
            else:
                for a in range(states):
                    store(last_right, (g * states + a) * LANES, load(right, (local + a) * LANES))

        if ends:
            continue
        base = g * MEASURES * LANES
        store(measures, base + COST * LANES, cost)
        store(measures, base + WORTH * LANES, worth)
        store(measures, base + WIDTH * LANES, bound_worth)
        store(measures, base + PRODUCT * LANES, product)
        store(measures, base + PRIMAL * LANES, worst_primal)
        store(measures, base + DUAL * LANES, worst_dual)
