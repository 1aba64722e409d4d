"""Symmetric positive definite systems of one small pattern, one for each hour, eliminated side by side.

The pattern is the network of areas: nearly a tree, so that few entries fill in. Each step of the elimination is an
operation on vectors over all hours, which takes a hundredth of the time of as many small dense solves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from kiban.arrays import Array

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which entries of the matrix exist, and in which order its rows are eliminated.

    `edges` are the entries off the diagonal `(smaller, larger)`, fill included, the given ones first; `steps` holds
    for each row that is eliminated its neighbours at that time, as `(neighbour, place of the edge)`.
    """

    nodes: int
    edges: tuple[Edge, ...]
    steps: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]


@cache
def find_pattern(nodes: int, edges: tuple[Edge, ...]) -> Pattern:
    """The order of least neighbours first; edges `(smaller, larger)` without repetition."""
    places = {edge: place for place, edge in enumerate(edges)}
    near: dict[int, set[int]] = {node: set() for node in range(nodes)}
    for first, last in edges:
        near[first].add(last)
        near[last].add(first)
    steps = []
    for _ in range(nodes):
        node = min(near, key=lambda one: (len(near[one]), one))
        others = sorted(near.pop(node))
        for other in others:
            near[other].discard(node)
        for first in others:
            for last in others:
                if first < last and last not in near[first]:
                    near[first].add(last)
                    near[last].add(first)
                    places.setdefault((first, last), len(places))
        steps.append((node, tuple((other, places[ordered(node, other)]) for other in others)))
    return Pattern(nodes, tuple(places), tuple(steps))


def ordered(first: int, last: int) -> Edge:
    """An edge with its smaller end first."""
    return (first, last) if first < last else (last, first)


def edges_of(pairs: Iterable[tuple[int, int]]) -> tuple[Edge, ...]:
    """Edges of pairs, each once, in the order of their first occurrence."""
    return tuple(dict.fromkeys(ordered(int(first), int(last)) for first, last in pairs))


def solve_pattern(pattern: Pattern, diagonal: Array, off: Array, right: Array) -> Array:
    """Solutions of all systems, shape `(nodes, hours)`.

    `diagonal` and `right` have that shape, `off` `(given edges, hours)`; all three are overwritten or copied, and the
    systems must be positive definite.
    """
    fill = len(pattern.edges) - off.shape[0]
    off = np.concatenate([off, np.zeros((fill, off.shape[1]))]) if fill else off
    places = {edge: place for place, edge in enumerate(pattern.edges)}
    factors = []
    for node, others in pattern.steps:
        inverse = 1.0 / diagonal[node]
        column = [off[place] * inverse for _, place in others]
        factors.append(column)
        right[node] *= inverse
        for at, (first, place) in enumerate(others):
            diagonal[first] -= column[at] * off[place]
            right[first] -= off[place] * right[node]
            for last, other_place in others[at + 1 :]:
                off[places[ordered(first, last)]] -= column[at] * off[other_place]
    for (node, others), column in zip(reversed(pattern.steps), reversed(factors), strict=True):
        for factor, (other, _) in zip(column, others, strict=True):
            right[node] -= factor * right[other]
    return right
