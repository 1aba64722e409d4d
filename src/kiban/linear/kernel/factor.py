"""One sweep over the hours that factorises the normal equations of the hourly rows.

With D the diagonal of the hourly variables, N = A D^-1 A' is block tridiagonal in the hours. The sweep
assembles the block of an hour, removes what the hour before determines, and factorises: rows that
concern only their own hour come first, so that only the few state rows reach the next hour. The border
columns (capacities and total rows) and the columns of the last hour of the segment before are swept
along. The last hour of each segment is left to the separators.
"""

from __future__ import annotations

from typing import Any

from kiban.arrays import Array
from kiban.linear.kernel.system import PIVOT, PROXIMAL
from kiban.linear.kernel.vector import (
    LANES,
    choose,
    compiled,
    fma,
    inlined,
    larger,
    less,
    load,
    number,
    root,
    spread,
    store,
)


@inlined
def _weigh(v: int, place: int, columns: Any, column_data: Any, soft: Any, data: Array, s: Any, hour: int) -> Any:
    """1/D, its share of the upper bound, the curvature left when the bound moves, and the bound's factor."""
    y, z, r, u, caps = s
    one = spread(1.0)
    value, price = one, spread(0.0)
    if number(columns, 4 * v) > 0:
        floor = load(data, number(column_data, 10 * v + 2) + hour * number(column_data, 10 * v + 3))
        value = choose(floor, load(y, place), one)
        price = load(z, place)
    tau = spread(number(soft, v))
    cap = number(columns, 4 * v + 1)
    if cap < 0:
        below = fma(tau, value, price)
        return value / below, spread(0.0), spread(0.0), spread(0.0)
    slack = load(r, (hour * caps + cap) * LANES)
    dual = load(u, (hour * caps + cap) * LANES)
    below = fma(tau, value, price)
    weight = dual * value
    inverse = one / fma(below, slack, weight)
    factor = load(data, number(column_data, 10 * v + 8) + hour * number(column_data, 10 * v + 9))
    return value * slack * inverse, weight * inverse * factor, dual * below * inverse * factor, factor


@inlined
def _carry(i: int, v: int, hour: int, weight: Any, share: Any, tables: Any, data: Array, out: Array, base: int) -> None:
    """What the next hour needs of a variable it looks back at."""
    entry_start, entry_data, total_start, total_data, carry_start = tables
    at = base + number(carry_start, i) * LANES
    store(out, at, weight)
    store(out, at + LANES, share)
    at += 2 * LANES
    for e in range(number(entry_start, v), number(entry_start, v + 1)):
        store(out, at, weight * load(data, number(entry_data, 2 * e) + hour * number(entry_data, 2 * e + 1)))
        at += LANES
    for e in range(number(total_start, v), number(total_start, v + 1)):
        store(out, at, weight * load(data, number(total_data, 2 * e) + hour * number(total_data, 2 * e + 1)))
        at += LANES


@inlined
def gather(source: Array, target: Array, size: int, segment: Any, group: int, stride: int, offset: int) -> None:
    """For each lane of a group, `size` quantities of another segment: `target[q, lane] = source[segment, q]`."""
    for lane in range(LANES):
        other = number(segment, group * LANES + lane)
        start = (other // LANES) * stride + offset
        for q in range(size):
            target[q * LANES + lane] = source[start + q * LANES + other % LANES]


@inlined
def _add_square(right: Array, square: Array, at: int, over: int, quads: int) -> None:
    """Add all products of two columns, four rows at a time; rows beyond the last are zero."""
    row = over * LANES
    for quad in range(quads):
        start, place = 4 * quad * row, at
        for k in range(over):
            spot = start + k * LANES
            a, b, c, d = (
                load(right, spot),
                load(right, spot + row),
                load(right, spot + 2 * row),
                load(right, spot + 3 * row),
            )
            for k2 in range(k + 1):
                spot = start + k2 * LANES
                value = fma(a, load(right, spot), load(square, place))
                other = fma(b, load(right, spot + row), c * load(right, spot + 2 * row))
                value = fma(d, load(right, spot + 3 * row), value)
                store(square, place, value + other)
                place += LANES


@compiled
def carry_ends(shape: Any, tables: Any, data: Array, soft: Array, state: Any, ends: Array) -> None:
    """Store what each segment's last hour hands to the hour after it."""
    groups, steps, width, caps = shape[0], shape[1], shape[2], shape[3]
    columns, column_data, lag_column, carry_start = tables[0], tables[1], tables[2], tables[6]
    inner = (tables[3], tables[4], tables[7], tables[8], carry_start)
    s = (state[0], state[1], state[2], state[3], caps)
    lags = lag_column.size
    size = number(carry_start, lags) * LANES
    for g in range(groups):
        hour = g * steps + steps - 1
        for i in range(lags):
            v = number(lag_column, i)
            place = (hour * width + v) * LANES
            weight, share, _, _ = _weigh(v, place, columns, column_data, soft, data, s, hour)
            _carry(i, v, hour, weight, share, inner, data, ends, g * size)


@compiled
def factorise(
    shape: Any,
    tables: Any,
    lag: Any,
    border: Any,
    data: Array,
    soft: Array,
    state: Any,
    ends: Array,
    pads: Array,
    factors: Any,
    sums: Any,
    scratch: Any,
    first_group: int,
    last_group: int,
) -> None:
    """Factorise every hour of the groups; `factors` per hour and `sums` per group are overwritten."""
    _, steps, width, caps, rows, local, capacities, totals = shape
    columns, column_data, lag_column, entry_start, entry_data, entry_row, carry_start, total_start, total_data = tables
    lag_start, lag_row, lag_data, before, total_row = lag
    capacity_row, capacity_border, capacity_data = border
    lower, link, cover, edge = factors
    square, edges, edge_cover, capacity_sum, mixed_sum, total_sum, last, last_cover, last_edge, last_diagonal = sums
    s = (state[0], state[1], state[2], state[3], caps)
    inner = (entry_start, entry_data, total_start, total_data, carry_start)
    states = rows - local
    over = capacities + totals
    lags = lag_column.size
    carry_size = number(carry_start, lags)

    block, right, look, side, chain, diagonal, carry, head = scratch
    zero, one = spread(0.0), spread(1.0)

    for g in range(first_group, last_group):
        for k in range(over * (over + 1) // 2):
            store(square, (g * (over * (over + 1) // 2) + k) * LANES, zero)
        for k in range(states * states):
            store(edges, (g * states * states + k) * LANES, zero)
        for k in range(states * over):
            store(edge_cover, (g * states * over + k) * LANES, zero)
        for k in range(capacities):
            store(capacity_sum, (g * capacities + k) * LANES, zero)
        for k in range(totals * capacities):
            store(mixed_sum, (g * totals * capacities + k) * LANES, zero)
        for k in range(totals * totals):
            store(total_sum, (g * totals * totals + k) * LANES, zero)
        gather(ends, head, carry_size, before, g, carry_size * LANES, 0)
        pad = load(pads, g * LANES)

        for j in range(steps):
            hour = g * steps + j
            for k in range(rows * rows):
                store(block, k * LANES, zero)
            for k in range(rows * over):
                store(right, k * LANES, zero)
            for k in range(states * states):
                store(look, k * LANES, zero)
            for k in range(capacity_row.size):
                at = (number(capacity_row, k) * over + number(capacity_border, k)) * LANES
                coefficient = load(data, number(capacity_data, 2 * k) + hour * number(capacity_data, 2 * k + 1))
                store(right, at, load(right, at) + coefficient)

            # The hour before.
            if j == 0:
                for k in range(carry_size):
                    store(carry, k * LANES, load(head, k * LANES))
            elif j == 1:
                for k in range(carry_size):
                    store(carry, k * LANES, choose(pad, load(head, k * LANES), load(carry, k * LANES)))
            for i in range(lags):
                v = number(lag_column, i)
                base = number(carry_start, i) * LANES
                weight, share = load(carry, base), load(carry, base + LANES)
                capacity = number(columns, 4 * v + 2)
                for e in range(number(lag_start, i), number(lag_start, i + 1)):
                    coefficient = load(data, number(lag_data, 2 * e) + hour * number(lag_data, 2 * e + 1))
                    row = number(lag_row, e)
                    weighted = coefficient * weight
                    for e2 in range(number(lag_start, i), e + 1):
                        other = load(data, number(lag_data, 2 * e2) + hour * number(lag_data, 2 * e2 + 1))
                        at = (row * rows + number(lag_row, e2)) * LANES
                        store(block, at, fma(weighted, other, load(block, at)))
                    if capacity >= 0:
                        at = (row * over + capacity) * LANES
                        store(right, at, fma(coefficient, share, load(right, at)))
                    at_carry = base + 2 * LANES
                    for e2 in range(number(entry_start, v), number(entry_start, v + 1)):
                        at = ((row - local) * states + number(entry_row, e2) - local) * LANES
                        store(look, at, fma(coefficient, load(carry, at_carry), load(look, at)))
                        at_carry += LANES
                    for e2 in range(number(total_start, v), number(total_start, v + 1)):
                        at = (row * over + capacities + number(total_row, e2)) * LANES
                        store(right, at, fma(coefficient, load(carry, at_carry), load(right, at)))
                        at_carry += LANES

            # This hour.
            for v in range(width):
                place = (hour * width + v) * LANES
                weight, share, bend, factor = _weigh(v, place, columns, column_data, soft, data, s, hour)
                capacity = number(columns, 4 * v + 2)
                start, stop = number(entry_start, v), number(entry_start, v + 1)
                total_first, total_stop = number(total_start, v), number(total_start, v + 1)
                for e in range(start, stop):
                    coefficient = load(data, number(entry_data, 2 * e) + hour * number(entry_data, 2 * e + 1))
                    row = number(entry_row, e)
                    weighted = coefficient * weight
                    for e2 in range(start, e + 1):
                        other = load(data, number(entry_data, 2 * e2) + hour * number(entry_data, 2 * e2 + 1))
                        at = (row * rows + number(entry_row, e2)) * LANES
                        store(block, at, fma(weighted, other, load(block, at)))
                    if capacity >= 0:
                        at = (row * over + capacity) * LANES
                        store(right, at, fma(coefficient, share, load(right, at)))
                    for e2 in range(total_first, total_stop):
                        other = load(data, number(total_data, 2 * e2) + hour * number(total_data, 2 * e2 + 1))
                        at = (row * over + capacities + number(total_row, e2)) * LANES
                        store(right, at, fma(weighted, other, load(right, at)))
                for e in range(total_first, total_stop):
                    coefficient = load(data, number(total_data, 2 * e) + hour * number(total_data, 2 * e + 1))
                    q = number(total_row, e)
                    for e2 in range(total_first, e + 1):
                        other = load(data, number(total_data, 2 * e2) + hour * number(total_data, 2 * e2 + 1))
                        at = (g * totals * totals + q * totals + number(total_row, e2)) * LANES
                        store(total_sum, at, fma(coefficient * weight, other, load(total_sum, at)))
                    if capacity >= 0:
                        at = (g * totals * capacities + q * capacities + capacity) * LANES
                        store(mixed_sum, at, fma(coefficient, share, load(mixed_sum, at)))
                if capacity >= 0:
                    at = (g * capacities + capacity) * LANES
                    store(capacity_sum, at, fma(bend, factor, load(capacity_sum, at)))
                if number(columns, 4 * v + 3) >= 0:
                    _carry(number(columns, 4 * v + 3), v, hour, weight, share, inner, data, carry, 0)

            for i in range(rows):
                at = (i * rows + i) * LANES
                store(block, at, load(block, at) + spread(PROXIMAL))
                store(diagonal, i * LANES, load(block, at))
            # Remove what the hour before determines; the first hour looks at the segment before.
            past = (hour - 1) * states * states * LANES
            past_lower = (hour - 1) * (rows * (rows + 1) // 2) * LANES
            past_cover = ((hour - 1) * rows + local) * over * LANES
            for a in range(states):
                for c in range(states):
                    at = (a * states + c) * LANES
                    looked = load(look, at)
                    if j == 0:
                        store(side, at, looked * (one - pad))
                    elif j == 1:
                        store(side, at, looked * pad)
                        store(look, at, looked * (one - pad))
                    else:
                        store(side, at, zero)
            if j > 0:
                for a in range(states):
                    for c in range(states):
                        value = load(look, (a * states + c) * LANES)
                        row = local + c
                        for d in range(c):
                            below = load(lower, past_lower + (row * (row + 1) // 2 + local + d) * LANES)
                            value = less(value, load(chain, (a * states + d) * LANES), below)
                        value *= load(lower, past_lower + (row * (row + 1) // 2 + row) * LANES)
                        store(chain, (a * states + c) * LANES, value)
                        store(link, (hour * states * states + a * states + c) * LANES, value)
                for a in range(states):
                    for c in range(a + 1):
                        at = ((local + a) * rows + local + c) * LANES
                        value = load(block, at)
                        for d in range(states):
                            value = less(
                                value, load(chain, (a * states + d) * LANES), load(chain, (c * states + d) * LANES)
                            )
                        store(block, at, value)
                    for d in range(states):
                        linked = zero - load(chain, (a * states + d) * LANES)
                        for k in range(over):
                            at = ((local + a) * over + k) * LANES
                            store(
                                right,
                                at,
                                fma(linked, load(cover, past_cover + (d * over + k) * LANES), load(right, at)),
                            )
                        for k in range(states):
                            at = (a * states + k) * LANES
                            store(side, at, fma(linked, load(edge, past + (d * states + k) * LANES), load(side, at)))

            # Factorise; in a segment's last hour only what is local.
            stop = rows if j < steps - 1 else local
            for i in range(stop):
                before_it = load(diagonal, i * LANES)
                pivot = larger(load(block, (i * rows + i) * LANES), zero)
                pivot = fma(spread(PIVOT), before_it, pivot)
                inverse = one / root(choose(pivot, pivot, one))
                store(block, (i * rows + i) * LANES, inverse)
                for row in range(i + 1, rows):
                    at = (row * rows + i) * LANES
                    store(block, at, load(block, at) * inverse)
                for k in range(over):
                    at = (i * over + k) * LANES
                    store(right, at, load(right, at) * inverse)
                if i >= local:
                    for k in range(states):
                        at = ((i - local) * states + k) * LANES
                        store(side, at, load(side, at) * inverse)
                for row in range(i + 1, rows):
                    below = zero - load(block, (row * rows + i) * LANES)
                    for k in range(i + 1, row + 1):
                        at = (row * rows + k) * LANES
                        store(block, at, fma(below, load(block, (k * rows + i) * LANES), load(block, at)))
                    for k in range(over):
                        at = (row * over + k) * LANES
                        store(right, at, fma(below, load(right, (i * over + k) * LANES), load(right, at)))
                    if i >= local:
                        for k in range(states):
                            at = ((row - local) * states + k) * LANES
                            store(side, at, fma(below, load(side, ((i - local) * states + k) * LANES), load(side, at)))

            at = hour * (rows * (rows + 1) // 2) * LANES
            for i in range(rows):
                for k in range(i + 1):
                    store(lower, at, load(block, (i * rows + k) * LANES))
                    at += LANES
            for k in range(stop * over):
                store(cover, (hour * rows * over + k) * LANES, load(right, k * LANES))
            first_pair = g * (over * (over + 1) // 2) * LANES
            if j < steps - 1:
                _add_square(right, square, first_pair, over, (rows + 3) // 4)
            else:
                at = first_pair
                for k in range(over):
                    for k2 in range(k + 1):
                        value = load(square, at)
                        for i in range(stop):
                            value = fma(
                                load(right, (i * over + k) * LANES), load(right, (i * over + k2) * LANES), value
                            )
                        store(square, at, value)
                        at += LANES
            if j < steps - 1:
                for k in range(states * states):
                    store(edge, (hour * states * states + k) * LANES, load(side, k * LANES))
                for a in range(states):
                    for k in range(states):
                        at = (g * states * states + a * states + k) * LANES
                        value = load(edges, at)
                        for i in range(states):
                            value = fma(
                                load(side, (i * states + a) * LANES), load(side, (i * states + k) * LANES), value
                            )
                        store(edges, at, value)
                    for k in range(over):
                        at = (g * states * over + a * over + k) * LANES
                        value = load(edge_cover, at)
                        for i in range(states):
                            value = fma(
                                load(side, (i * states + a) * LANES),
                                load(right, ((local + i) * over + k) * LANES),
                                value,
                            )
                        store(edge_cover, at, value)
            else:
                for a in range(states):
                    store(last_diagonal, (g * states + a) * LANES, load(diagonal, (local + a) * LANES))
                    for k in range(states):
                        at = (g * states * states + a * states + k) * LANES
                        high, low = max(a, k), min(a, k)
                        store(last, at, load(block, ((local + high) * rows + local + low) * LANES))
                        store(last_edge, at, load(side, (a * states + k) * LANES))
                    for k in range(over):
                        at = (g * states * over + a * over + k) * LANES
                        store(last_cover, at, load(right, ((local + a) * over + k) * LANES))
