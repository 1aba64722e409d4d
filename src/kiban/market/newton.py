"""The minimum of many convex, once differentiable, piecewise quadratic functions, side by side.

Newton's method with a search along each direction: every function is a member of a batch, and members that are done
leave the batch. On the right piece one step reaches the minimum, so that it ends after a few.
"""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

MOST_NEWTON_STEPS = 200
_MOST_POINTS_ON_A_WAY = 30
_LONGEST_MOVE = 30.0
_OVERSHOOT = 0.1
"""A step ends before the slope along it has turned up by this share of what it was; beyond, the function may rise."""
_CAREFUL_OVERSHOOT = 0.001
_UNDERSHOOT = 0.3
_FREE_STEPS = 12
"""After so many steps a member may be going to and fro, and no step of it may lead up."""
_TINY = 1e-300
_STAY = 0.7
"""The batch is made smaller when less than this share of its members is not done."""

Pieces = tuple[Array, ...]
"""Gradient and curvature of all members; every array has the batch as its last axis."""


class Batch(Protocol):
    """Convex functions of points whose last axis is the batch."""

    def evaluate(self, point: Array) -> Pieces:
        """Gradient at the points, of their shape, and whatever `direction` needs."""

    def direction(self, pieces: Pieces) -> Array:
        """Newton's direction from what `evaluate` found, of the shape of the points; leaves that as it was."""

    def bend(self, pieces: Pieces, way: Array) -> Array:
        """Second derivative along a way, shape `(batch,)`."""

    def chosen(self, members: npt.NDArray[np.int64]) -> Self:
        """The batch of these members alone."""


def minimise(batch: Batch, point: Array, tolerance: float) -> int:
    """Move `point`, in place, to where no entry of the gradient is above the tolerance; the number of steps taken.

    Members that are not there after `MOST_NEWTON_STEPS` stay where they came to: the caller looks at the gradient.
    """
    part, held, at = batch, np.arange(point.shape[-1]), point.copy()
    pieces = part.evaluate(at)
    for step in range(MOST_NEWTON_STEPS):
        axes = tuple(range(at.ndim - 1))
        left = np.flatnonzero(np.abs(pieces[0]).max(axis=axes, initial=0.0) > tolerance)
        if not left.size:
            point[..., held] = at
            return step
        if left.size < _STAY * held.size:
            point[..., held] = at
            held, part, at = held[left], part.chosen(left), at[..., left]
            pieces = tuple(piece[..., left] for piece in pieces)
        way = _shortened(part.direction(pieces), pieces[0])
        at, pieces = _search(part, at, way, pieces[0], _OVERSHOOT if step < _FREE_STEPS else _CAREFUL_OVERSHOOT)
    point[..., held] = at
    return MOST_NEWTON_STEPS


def _shortened(way: Array, gradient: Array) -> Array:
    """The way with no entry too long: a flat function has its minimum far off, and the others need not wait for it."""
    axes = tuple(range(way.ndim - 1))
    short = np.clip(way, -_LONGEST_MOVE, _LONGEST_MOVE)
    # Where that no longer leads down, all entries are made shorter together.
    up = (gradient * short).sum(axis=axes) >= 0.0
    if up.any():
        longest = np.maximum(np.abs(way[..., up]).max(axis=axes), _LONGEST_MOVE)
        short[..., up] = way[..., up] * (_LONGEST_MOVE / longest)
    return short


def _search(batch: Batch, point: Array, way: Array, gradient: Array, overshoot: float) -> tuple[Array, Pieces]:
    """Points along the way at which the functions are lower, with what `evaluate` finds there.

    Along a line a convex function's slope rises. The whole step is taken unless the slope has turned up by then; in
    that case a point between where it is nearly zero is found by Newton's method within a bracket.
    """
    axes = tuple(range(point.ndim - 1))
    before = (gradient * way).sum(axis=axes)
    reached = point + way
    pieces = batch.evaluate(reached)
    slope = (pieces[0] * way).sum(axis=axes)
    places = np.flatnonzero(slope > overshoot * np.abs(before))
    if not places.size:
        return reached, pieces
    part, start, way = batch.chosen(places), point[..., places], way[..., places]
    bend = part.bend(tuple(piece[..., places] for piece in pieces), way)
    low, high = np.zeros(places.size), np.ones(places.size)
    at, slope, allowed = high, slope[places], np.abs(before[places])
    for trial in range(_MOST_POINTS_ON_A_WAY):
        at = at - slope / np.maximum(bend, _TINY)
        middle = 0.5 * (low + high)
        at = np.where((at > low) & (at < high) & (trial % 4 != 3), at, middle)
        there = start + at * way
        found = part.evaluate(there)
        slope = (found[0] * way).sum(axis=axes)
        ended = (slope <= overshoot * allowed) & (slope >= -_UNDERSHOOT * allowed)
        done = np.flatnonzero(ended)
        if done.size:
            for target, source in zip((reached, *pieces), (there, *found), strict=True):
                target[..., places[done]] = source[..., done]
        left = np.flatnonzero(~ended)
        if not left.size:
            return reached, pieces
        bend = part.bend(found, way)
        low, high = np.where(slope < 0.0, at, low), np.where(slope < 0.0, high, at)
        if done.size:
            low, high, at, slope = low[left], high[left], at[left], slope[left]
            bend, allowed, places = bend[left], allowed[left], places[left]
            start, way, part = start[..., left], way[..., left], part.chosen(left)
    # Where rounding hides the turn the last point is as good as any; the next step begins from there.
    for target, source in zip((reached, *pieces), (there, *found), strict=True):
        target[..., places] = source[..., left]
    return reached, pieces
