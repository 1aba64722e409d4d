"""The small dense ends of the kernel: separators (last hours of segments), then capacities and total rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.system import PIVOT
from kiban.linear.kernel.vector import LANES, compiled, load, summed


@compiled
def close(
    shape: Any,
    blocks: int,
    segments: int,
    sums: Any,
    separator: Array,
    screen: Array,
    matrix: Array,
    block: Array,
    size: Array,
) -> None:
    """Factorise the separators of every block and add up the border matrix.

    `separator[block]` gets a dense Cholesky factor (inverse diagonal), `screen[block]` the border's columns
    swept by it, `matrix` the Schur complement of capacities (positive) and totals (negative).
    """
    groups, _, _, _, rows, local, capacities, totals = shape
    square, edges, edge_cover, capacity_sum, mixed_sum, total_sum, last, last_cover, last_edge, last_diagonal = sums
    states, over = rows - local, capacities + totals
    order = segments * states
    for k in range(over):
        for k2 in range(over):
            matrix[k, k2] = 0.0
    for g in range(groups):
        at = g * (over * (over + 1) // 2)
        for k in range(over):
            for k2 in range(k + 1):
                matrix[k, k2] += summed(load(square, at * LANES))
                at += 1
        for k in range(capacities):
            matrix[k, k] += summed(load(capacity_sum, (g * capacities + k) * LANES))
        for q in range(totals):
            for k in range(capacities):
                matrix[capacities + q, k] -= summed(load(mixed_sum, ((g * totals + q) * capacities + k) * LANES))
            for q2 in range(q + 1):
                part = summed(load(total_sum, ((g * totals + q) * totals + q2) * LANES))
                matrix[capacities + q, capacities + q2] -= part
    for b in range(blocks if states > 0 else 0):
        for i in range(order):
            size[i] = 0.0
            for k in range(order):
                block[i, k] = 0.0
            for k in range(over):
                screen[b, i, k] = 0.0
        for i in range(segments):
            s = b * segments + i
            g, lane = s // LANES, s % LANES
            own, left = i * states, ((i - 1) % segments) * states
            for a in range(states):
                size[own + a] += last_diagonal[(g * states + a) * LANES + lane]
                for c in range(states):
                    at = ((g * states + a) * states + c) * LANES + lane
                    block[own + a, own + c] += last[at]
                    block[left + a, left + c] -= edges[at]
                    block[own + a, left + c] += last_edge[at]
                    block[left + c, own + a] += last_edge[at]
                for k in range(over):
                    at = ((g * states + a) * over + k) * LANES + lane
                    screen[b, own + a, k] += last_cover[at]
                    screen[b, left + a, k] -= edge_cover[at]
        for i in range(order):
            pivot = max(block[i, i], 0.0) + PIVOT * size[i]
            inverse = 1.0 / np.sqrt(pivot) if pivot > 0.0 else 1.0
            separator[b, i, i] = inverse
            for k in range(over):
                screen[b, i, k] *= inverse
            for row in range(i + 1, order):
                below = block[row, i] * inverse
                separator[b, row, i] = below
                for k in range(i + 1, row + 1):
                    block[row, k] -= below * separator[b, k, i]
                for k in range(over):
                    screen[b, row, k] -= below * screen[b, i, k]
        for i in range(order):
            for k in range(over):
                for k2 in range(k + 1):
                    matrix[k, k2] += screen[b, i, k] * screen[b, i, k2]
    for k in range(over):
        for k2 in range(k):
            matrix[k2, k] = matrix[k, k2]


@compiled
def gather_right(
    shape: Any, blocks: int, segments: int, sums: Any, separator: Array, screen: Array, ends: Array, right: Array
) -> None:
    """Right-hand side of the border and, in `ends`, the swept one of the separators."""
    groups, _, _, _, rows, local, capacities, totals = shape
    _, capacity_pull, _, total_pull, _, swept, edge_right, last_right = sums
    states, over = rows - local, capacities + totals
    order = segments * states
    for k in range(over):
        right[k] = 0.0
    for g in range(groups):
        for k in range(capacities):
            right[k] += summed(load(capacity_pull, (g * capacities + k) * LANES))
        for q in range(totals):
            right[capacities + q] += summed(load(total_pull, (g * totals + q) * LANES))
        for k in range(over):
            right[k] += summed(load(swept, (g * over + k) * LANES))
    for b in range(blocks if states > 0 else 0):
        for i in range(order):
            ends[b, i] = 0.0
        for i in range(segments):
            s = b * segments + i
            g, lane = s // LANES, s % LANES
            own, left = i * states, ((i - 1) % segments) * states
            for a in range(states):
                ends[b, own + a] += last_right[(g * states + a) * LANES + lane]
                ends[b, left + a] -= edge_right[(g * states + a) * LANES + lane]
        for i in range(order):
            for k in range(i):
                ends[b, i] -= separator[b, i, k] * ends[b, k]
            ends[b, i] *= separator[b, i, i]
            for k in range(over):
                right[k] += screen[b, i, k] * ends[b, i]


@compiled
def spread_ends(
    shape: Any,
    blocks: int,
    segments: int,
    separator: Array,
    screen: Array,
    ends: Array,
    solution: Array,
    separators: Array,
) -> None:
    """The separators' part of the solution, in lanes, from that of the border."""
    rows, local, capacities, totals = shape[4], shape[5], shape[6], shape[7]
    states, over = rows - local, capacities + totals
    order = segments * states
    for b in range(blocks if states > 0 else 0):
        for i in range(order - 1, -1, -1):
            for k in range(over):
                ends[b, i] -= screen[b, i, k] * solution[k]
            for k in range(i + 1, order):
                ends[b, i] -= separator[b, k, i] * ends[b, k]
            ends[b, i] *= separator[b, i, i]
        for i in range(segments):
            s = b * segments + i
            for a in range(states):
                separators[((s // LANES) * states + a) * LANES + s % LANES] = ends[b, i * states + a]
