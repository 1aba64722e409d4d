"""The backward sweep, the direction of every variable, and the step along it."""

from __future__ import annotations

from typing import Any

from kiban.arrays import Array
from kiban.linear.kernel.factor import gather
from kiban.linear.kernel.sweep import (
    CROSS,
    FALL,
    MEASURES,
    RATIO_DUAL,
    RATIO_PRIMAL,
    RISE,
    _datum,
    _gather_first,
    _pull,
)
from kiban.linear.kernel.system import AFFINE, BORDER, LEAST_SLACK
from kiban.linear.kernel.vector import LANES, choose, compiled, fma, inlined, larger, less, load, number, spread, store


@inlined
def _recover(
    mode: int,
    hour: int,
    shape: Any,
    tables: Any,
    data: Array,
    soft: Array,
    state: Any,
    direction: Any,
    gradients: Array,
    result: Any,
    work: Array,
    following: Array,
    border: Any,
    par: Array,
    measures: Any,
    group: int,
    capacity_terms: Any,
    checks: Any,
) -> None:
    """Directions of one hour's variables from the row directions; keeps ratios and products in `measures`."""
    _, _, width, caps, rows, _, capacities, totals = shape
    base = group * MEASURES * LANES
    capacity_row, capacity_border, capacity_data = capacity_terms
    capacity_check, total_check = checks
    columns, column_data = tables[0], tables[1]
    entry_start, entry_row, entry_data, lag_start, lag_row, lag_next, total_start, total_row, total_data = tables[2:11]
    y, z, r, u, _ = state
    dy, dz, du, _ = direction
    new_dy, new_dz, new_du, _ = result
    x, dx, _, dx_part, total_part = border
    at_rows = hour * rows * LANES
    zero, one, keep = spread(0.0), spread(1.0), spread(par[0])
    ratio_primal, ratio_dual = (
        load(measures, base + RATIO_PRIMAL * LANES),
        load(measures, base + RATIO_DUAL * LANES),
    )
    fall, rise = load(measures, base + FALL * LANES), load(measures, base + RISE * LANES)
    cross = load(measures, base + CROSS * LANES)
    for k in range(capacity_row.size):
        at = (group * capacities + number(capacity_border, k)) * LANES
        part = load(work, at_rows + number(capacity_row, k) * LANES)
        store(capacity_check, at, fma(_datum(data, capacity_data, k, hour), part, load(capacity_check, at)))
    for v in range(width):
        place = (hour * width + v) * LANES
        level = load(y, place)
        value, price, floor = one, zero, zero
        below_exists = number(columns, 4 * v) > 0
        if below_exists:
            floor = _datum(data, column_data, 5 * v + 1, hour)
            value = choose(floor, level, one)
            price = load(z, place)
        paid = zero
        for e in range(number(entry_start, v), number(entry_start, v + 1)):
            paid = fma(_datum(data, entry_data, e, hour), load(work, at_rows + number(entry_row, e) * LANES), paid)
        i = number(columns, 4 * v + 3)
        if i >= 0:
            for e in range(number(lag_start, i), number(lag_start, i + 1)):
                paid = fma(_datum(data, lag_next, e, hour), load(following, number(lag_row, e) * LANES), paid)
        for e in range(number(total_start, v), number(total_start, v + 1)):
            paid = fma(_datum(data, total_data, e, hour), load(total_part, number(total_row, e) * LANES), paid)
        below = fma(spread(number(soft, v)), value, price)
        cap = number(columns, 4 * v + 1)
        gradient = zero
        if mode != BORDER:
            gradient = load(gradients, place)
        # One division serves D and both complementarity products.
        pair = one
        if below_exists:
            pair = choose(floor, value * price, one)
        if cap < 0:
            joint = one / (below * pair)
            at_floor = joint * below
            move = fma(paid, value * pair * joint, gradient)
        else:
            spot = (hour * caps + cap) * LANES
            slack, dual = load(r, spot), load(u, spot)
            bounded = _datum(data, column_data, 5 * v + 2, hour)
            weight = dual * value
            base_weight = fma(below, slack, weight)
            upper_pair = choose(bounded, slack * dual, one)
            pairs = pair * upper_pair
            joint = one / (base_weight * pairs)
            inverse = joint * pairs
            at_floor = joint * base_weight * upper_pair
            both = joint * base_weight * pair
            move = fma(paid, value * slack * inverse, gradient)
            capacity = number(columns, 4 * v + 2)
            bound = _datum(data, column_data, 5 * v + 3, hour)
            factor = zero
            if capacity >= 0:
                factor = _datum(data, column_data, 5 * v + 4, hour)
                move = fma(weight * inverse * factor, load(dx_part, capacity * LANES), move)
            room = zero - level - slack
            if capacity >= 0:
                room = fma(factor, load(x, capacity * LANES), room)
            if mode == AFFINE:
                part = fma(keep, room, spread(par[1]) * bound) - move
                if capacity >= 0:
                    part = fma(factor, load(dx_part, capacity * LANES), part)
                shift = bounded * part
                product = zero - keep * slack * dual
                turn = (product - dual * shift) * (dual * both)
            else:
                old = bound - level - slack - load(dy, place)
                part = zero - move
                if capacity >= 0:
                    old = fma(factor, load(x, capacity * LANES) + load(dx, capacity * LANES), old)
                    part = fma(factor, load(dx_part, capacity * LANES), part)
                old *= bounded
                part *= bounded
                product = zero
                if mode != BORDER:
                    product = bounded * _pull(mode, slack, dual, old, load(du, spot), par)
                turn = (product - dual * part) * (dual * both)
                shift = old + part
            if capacity >= 0:
                at = (group * capacities + capacity) * LANES
                store(capacity_check, at, fma(factor, turn, load(capacity_check, at)))
            if mode != AFFINE:
                turn += load(du, spot)
            store(new_du, spot, turn)
            ratio_primal = larger(zero - bounded * (shift * dual * both), ratio_primal)
            ratio_dual = larger(zero - bounded * (turn * slack * both), ratio_dual)
            fall = fma(shift, dual, fall)
            rise = fma(slack, turn, rise)
            cross = fma(shift, turn, cross)
        for e in range(number(total_start, v), number(total_start, v + 1)):
            at = (group * totals + number(total_row, e)) * LANES
            store(total_check, at, fma(_datum(data, total_data, e, hour), move, load(total_check, at)))
        if below_exists:
            if mode == AFFINE:
                turn = (zero - keep * value * price - price * move) * (price * at_floor)
            else:
                old_move, old_turn = load(dy, place), load(dz, place)
                product = zero
                if mode != BORDER:
                    product = _pull(mode, value, price, old_move, old_turn, par)
                turn = fma(product - price * move, price * at_floor, old_turn)
                move += old_move
            store(new_dz, place, turn)
            both = at_floor
            masked = floor * move
            ratio_primal = larger(zero - masked * price * both, ratio_primal)
            ratio_dual = larger(zero - turn * value * both, ratio_dual)
            fall = fma(masked, price, fall)
            rise = fma(value, turn, rise)
            cross = fma(masked, turn, cross)
        elif mode != AFFINE:
            move += load(dy, place)
        store(new_dy, place, move)
    store(measures, base + RATIO_PRIMAL * LANES, ratio_primal)
    store(measures, base + RATIO_DUAL * LANES, ratio_dual)
    store(measures, base + FALL * LANES, fall)
    store(measures, base + RISE * LANES, rise)
    store(measures, base + CROSS * LANES, cross)


@compiled
def backward(
    mode: int,
    shape: Any,
    tables: Any,
    data: Array,
    soft: Array,
    state: Any,
    direction: Any,
    gradients: Array,
    result: Any,
    work: Array,
    factors: Any,
    before: Any,
    border: Any,
    separators: Array,
    solution: Array,
    par: Array,
    measures: Array,
    capacity_terms: Any,
    checks: Any,
    after: Any,
    pads: Array,
    scratch: Any,
    ends: bool,
    first_group: int,
    last_group: int,
) -> None:
    """Backward substitution; `work` gets the rows' part of the direction, `result` is `direction` grown by it.

    `solution` is the border's part, `separators` that of each segment's last hour. The variables of a
    segment's last hour wait for a second call, with `ends`, when all rows are known.
    """
    _, steps, _, _, rows, local, capacities, totals = shape
    lower, link, cover, edge = factors
    over = capacities + totals
    states = rows - local
    zero = spread(0.0)
    dlambda, new_dlambda = direction[3], result[3]
    left, following = scratch
    for g in range(first_group, last_group):
        base = g * MEASURES * LANES
        for k in range(0 if ends else MEASURES):
            store(measures, base + k * LANES, zero)
        for k in range(0 if ends else capacities):
            store(checks[0], (g * capacities + k) * LANES, zero)
        for k in range(0 if ends else totals):
            store(checks[1], (g * totals + k) * LANES, zero)
        gather(separators, left, states, before, g, states * LANES, 0)
        for j in range(steps - 1, steps - 2 if ends else -1, -1):
            hour = g * steps + j
            at_rows = hour * rows * LANES
            at_lower = hour * (rows * (rows + 1) // 2) * LANES
            stop = rows
            if ends:
                stop = 0
            elif j == steps - 1:
                stop = local
                for a in range(states):
                    store(work, at_rows + (local + a) * LANES, load(separators, (g * states + a) * LANES))
            for i in range(stop - 1, -1, -1):
                value = zero
                if mode != BORDER:
                    value = load(work, at_rows + i * LANES)
                for k in range(over):
                    value = less(value, load(cover, ((hour * rows + i) * over + k) * LANES), load(solution, k * LANES))
                if i >= local:
                    for c in range(states):
                        at = (hour * states * states + (i - local) * states + c) * LANES
                        value = less(value, load(edge, at), load(left, c * LANES))
                        at = ((hour + 1) * states * states + c * states + i - local) * LANES
                        value = less(value, load(link, at), load(work, at_rows + (rows + local + c) * LANES))
                for k in range(i + 1, rows):
                    below = load(lower, at_lower + (k * (k + 1) // 2 + i) * LANES)
                    value = less(value, below, load(work, at_rows + k * LANES))
                store(work, at_rows + i * LANES, value * load(lower, at_lower + (i * (i + 1) // 2 + i) * LANES))
            for i in range(0 if ends else rows):
                value = load(work, at_rows + i * LANES)
                if mode != AFFINE:
                    value += load(dlambda, at_rows + i * LANES)
                store(new_dlambda, at_rows + i * LANES, value)
            if ends:
                _gather_first(work, following, rows, after, pads, g, steps)
            elif j < steps - 1:
                for i in range(local, rows):
                    store(following, i * LANES, load(work, at_rows + (rows + i) * LANES))
            if ends or j < steps - 1:
                _recover(
                    mode, hour, shape, tables, data, soft, state, direction, gradients, result, work, following,
                    border, par, measures, g, capacity_terms, checks,
                )  # fmt: skip


@compiled
def advance(
    shape: Any,
    tables: Any,
    data: Array,
    state: Any,
    direction: Any,
    border: Any,
    step_primal: float,
    step_dual: float,
    first_group: int,
    last_group: int,
) -> None:
    """Move the point along the direction."""
    _, steps, width, caps, rows, _, _, _ = shape
    columns, column_data = tables[0], tables[1]
    y, z, r, u, lambdas = state
    dy, dz, du, dlambda = direction
    x, dx = border[0], border[1]
    primal, dual = spread(step_primal), spread(step_dual)
    for hour in range(first_group * steps, last_group * steps):
        for v in range(width):
            place = (hour * width + v) * LANES
            level, move = load(y, place), load(dy, place)
            cap = number(columns, 4 * v + 1)
            if cap >= 0:
                spot = (hour * caps + cap) * LANES
                slack = load(r, spot)
                room = _datum(data, column_data, 5 * v + 3, hour) - level - slack - move
                capacity = number(columns, 4 * v + 2)
                if capacity >= 0:
                    factor = _datum(data, column_data, 5 * v + 4, hour)
                    room = fma(factor, load(x, capacity * LANES) + load(dx, capacity * LANES), room)
                moved = fma(primal * _datum(data, column_data, 5 * v + 2, hour), room, slack)
                store(r, spot, larger(moved, slack * spread(LEAST_SLACK)))
                store(u, spot, fma(dual, load(du, spot), load(u, spot)))
            store(y, place, fma(primal, move, level))
            if number(columns, 4 * v) > 0:
                store(z, place, fma(dual, load(dz, place), load(z, place)))
        for i in range(rows):
            at = (hour * rows + i) * LANES
            store(lambdas, at, fma(dual, load(dlambda, at), load(lambdas, at)))
