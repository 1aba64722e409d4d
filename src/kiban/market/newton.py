"""The minimum of many convex, once differentiable, piecewise quadratic functions, side by side.

Newton's method with a search along each direction: every function is a member of a batch, and members that are done
leave the batch. On the right piece one step reaches the minimum, so that it ends after a few.
"""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

MOST_STEPS = 200
_MOST_TRIALS = 60
_LONGEST_STEP = 100.0
_OVERSHOOT = 0.3
"""A step ends before the slope along it has turned up by this share of what it was."""
_STAY = 0.7
"""The batch is made smaller when less than this share of its members is not done."""

Pieces = tuple[Array, ...]
"""Gradient and curvature of all members; every array has the batch as its last axis."""


class Batch(Protocol):
    """Convex functions of points whose last axis is the batch."""

    def evaluate(self, point: Array) -> Pieces:
        """Gradient at the points, of their shape, and whatever `direction` needs."""

    def direction(self, pieces: Pieces) -> Array:
        """Newton's direction from what `evaluate` found; may overwrite its curvature."""

    def chosen(self, members: npt.NDArray[np.bool_]) -> Self:
        """The batch of these members alone."""


def minimise(batch: Batch, point: Array, tolerance: float) -> int:
    """Move `point`, in place, to where no entry of the gradient is above the tolerance; the number of steps taken.

    Members that are not there after `MOST_STEPS` stay where they came to: the caller looks at the gradient.
    """
    part, held, at = batch, np.arange(point.shape[-1]), point.copy()
    pieces = part.evaluate(at)
    for step in range(MOST_STEPS):
        axes = tuple(range(at.ndim - 1))
        left = np.abs(pieces[0]).max(axis=axes, initial=0.0) > tolerance
        if not left.any():
            point[..., held] = at
            return step
        if left.mean() < _STAY:
            point[..., held] = at
            held, part, at = held[left], part.chosen(left), at[..., left]
            pieces = tuple(piece[..., left] for piece in pieces)
        way = part.direction(pieces)
        way *= np.minimum(1.0, _LONGEST_STEP / np.maximum(np.abs(way).max(axis=axes), _LONGEST_STEP))
        at, pieces = _search(part, at, way, pieces[0])
    point[..., held] = at
    return MOST_STEPS


def _search(batch: Batch, point: Array, way: Array, gradient: Array) -> tuple[Array, Pieces]:
    """Points along the way at which the functions are lower, with what `evaluate` finds there.

    Along a line a convex function's slope rises. The whole step is taken unless the slope has turned up by then; in
    that case a point between where it is nearly zero is found by false position.
    """
    axes = tuple(range(point.ndim - 1))
    before = (gradient * way).sum(axis=axes)
    reached = point + way
    pieces = batch.evaluate(reached)
    after = (pieces[0] * way).sum(axis=axes)
    open_members = after > _OVERSHOOT * np.abs(before)
    if not open_members.any():
        return reached, pieces
    places, part = np.flatnonzero(open_members), batch.chosen(open_members)
    start, way = point[..., places], way[..., places]
    before, after = before[places], after[places]
    low, high, allowed = np.zeros(places.size), np.ones(places.size), _OVERSHOOT * np.abs(before)
    for trial in range(_MOST_TRIALS):
        share = np.full_like(low, 0.5) if trial % 4 == 3 else np.clip(before / (before - after), 0.02, 0.98)
        at = low + share * (high - low)
        there = start + at * way
        found = part.evaluate(there)
        slope = (found[0] * way).sum(axis=axes)
        done = np.abs(slope) <= allowed
        for target, source in zip((reached, *pieces), (there, *found), strict=True):
            target[..., places[done]] = source[..., done]
        if done.all():
            break
        short = slope < 0.0
        low, before = np.where(short, at, low), np.where(short, slope, before)
        high, after = np.where(short, high, at), np.where(short, after, slope)
        left = ~done
        low, high, before, after, allowed, places = (
            item[left] for item in (low, high, before, after, allowed, places)
        )
        start, way, part = start[..., left], way[..., left], part.chosen(left)
    return reached, pieces
