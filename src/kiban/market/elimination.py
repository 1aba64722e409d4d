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
    """Which entries of the matrix exist, and in which order rows are eliminated.

    `edges` are the entries off the diagonal `(smaller, larger)`, the given ones first and fill after them. `steps`
    holds for each row that is eliminated its neighbours at that time and the places of their edges; `updates` the
    places of the edges that change between two of them, with their positions among the neighbours.
    """

    edges: tuple[Edge, ...]
    steps: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]
    updates: tuple[tuple[tuple[int, int, int], ...], ...]


@cache
def find_pattern(nodes: int, edges: tuple[Edge, ...], eliminated: int | None = None) -> Pattern:
    """Eliminate the first `eliminated` nodes (None: all), that with the fewest neighbours first."""
    places = {edge: place for place, edge in enumerate(edges)}
    near: dict[int, set[int]] = {node: set() for node in range(nodes)}
    for first, last in edges:
        near[first].add(last)
        near[last].add(first)
    steps, updates = [], []
    left = set(range(nodes if eliminated is None else eliminated))
    while left:
        node = min(left, key=lambda one: (len(near[one]), one))
        left.discard(node)
        others = sorted(near.pop(node))
        changed = []
        for at, first in enumerate(others):
            near[first].discard(node)
            for beyond, last in enumerate(others[at + 1 :], at + 1):
                near[first].add(last)
                near[last].add(first)
                changed.append((at, beyond, places.setdefault((first, last), len(places))))
        steps.append((node, tuple(others), tuple(places[ordered(node, other)] for other in others)))
        updates.append(tuple(changed))
    return Pattern(tuple(places), tuple(steps), tuple(updates))


def ordered(first: int, last: int) -> Edge:
    """An edge with its smaller end first."""
    return (first, last) if first < last else (last, first)


def edges_of(pairs: Iterable[tuple[int, int]]) -> tuple[Edge, ...]:
    """Edges of pairs, each once, in the order of their first occurrence."""
    return tuple(dict.fromkeys(ordered(int(first), int(last)) for first, last in pairs))


def eliminate(pattern: Pattern, diagonal: Array, off: Array, right: Array) -> list[list[Array]]:
    """Eliminate rows in place and give back their factors; what is left is the system of the other rows.

    `diagonal` and `right` have the nodes first, `off` all edges of the pattern, and then the hours.
    """
    factors = []
    for (node, others, places), changed in zip(pattern.steps, pattern.updates, strict=True):
        inverse = 1.0 / diagonal[node]
        column = [off[place] * inverse for place in places]
        factors.append(column)
        for factor, other, place in zip(column, others, places, strict=True):
            diagonal[other] -= factor * off[place]
            right[other] -= factor * right[node]
        for at, beyond, place in changed:
            off[place] -= column[at] * off[places[beyond]]
        right[node] *= inverse
    return factors


def substitute(pattern: Pattern, factors: list[list[Array]], right: Array) -> None:
    """Turn the right side of eliminated rows into their solutions, in place, once the other rows hold theirs."""
    for (node, others, _), column in zip(reversed(pattern.steps), reversed(factors), strict=True):
        for factor, other in zip(column, others, strict=True):
            right[node] -= factor * right[other]


def solve_pattern(pattern: Pattern, diagonal: Array, off: Array, right: Array) -> Array:
    """Solutions of all systems, shape `(nodes, hours)`; `off` holds the given edges. Everything is left as it was."""
    diagonal, right = diagonal.copy(), right.copy()
    substitute(pattern, eliminate(pattern, diagonal, filled(pattern, off), right), right)
    return right


def filled(pattern: Pattern, off: Array) -> Array:
    """A copy of the given edges with zeros for what fills in."""
    missing = len(pattern.edges) - off.shape[0]
    return np.concatenate([off, np.zeros((missing, *off.shape[1:]))])
