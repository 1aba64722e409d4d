"""Starting between two programmes whose points are known, for one that is a mixture of them.

A share of one point and the rest of the other keeps every equation that is linear in what differs: right-hand sides,
or costs. What a single point leaves open after such a change (`warm`) is closed from the start, and the gap is about
that by which the least cost between the two bends. The products of a variable that is at its bound in one of them only
are large; a point of a wider gap, further from every bound, bears that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.warm import Iterate, Pattern, Rough, Scales, WarmStart


def mix(first: WarmStart, second: WarmStart, share: float) -> WarmStart | None:
    """Points with `share` of the second and the rest of the first, in the units of the first.

    None where the two belong to programmes of another structure, or kept no point at the same gap.
    """
    if (first.names, first.border, first.pattern) != (second.names, second.border, second.pattern):
        return None
    others = {iterate.gap: iterate for iterate in second.iterates}
    iterates = [
        _mix_two(own, _convert(others[own.gap], second.scales, first.scales, first.pattern), share)
        for own in first.iterates
        if own.gap in others
    ]
    return replace(first, iterates=tuple(iterates)) if iterates else None


def _mix_two(first: Iterate, second: Iterate, share: float) -> Iterate:
    def rough(one: Rough, other: Rough) -> Rough:
        return np.asarray(one + np.float32(share) * (other - one))

    def fine(one: Array, other: Array) -> Array:
        return np.asarray(one + share * (other - one))

    return Iterate(
        first.gap,
        y=rough(first.y, second.y),
        z=rough(first.z, second.z),
        r=rough(first.r, second.r),
        u=rough(first.u, second.u),
        lambdas=rough(first.lambdas, second.lambdas),
        x=fine(first.x, second.x),
        zx=fine(first.zx, second.zx),
        rx=fine(first.rx, second.rx),
        ux=fine(first.ux, second.ux),
        q=fine(first.q, second.q),
    )


def _convert(iterate: Iterate, own: Scales, wanted: Scales, pattern: Pattern) -> Iterate:
    """A point in other units: values are counted in those of columns, prices in their inverse."""
    if own == wanted:
        return iterate
    values, costs = own.right / wanted.right, own.costs / wanted.costs
    columns, border = (
        np.array(mine) / np.array(theirs)
        for mine, theirs in ((own.columns, wanted.columns), (own.border, wanted.border))
    )
    rows, totals = (
        np.array(mine) / np.array(theirs) * costs
        for mine, theirs in ((own.rows, wanted.rows), (own.totals, wanted.totals))
    )
    capped = columns[[has_upper for _, has_upper, _ in pattern.bounds]]

    def rough(series: Rough, factors: Array) -> Rough:
        return np.asarray(series * factors.astype(np.float32)[:, None])

    return Iterate(
        iterate.gap,
        y=rough(iterate.y, columns * values),
        z=rough(iterate.z, costs / columns),
        r=rough(iterate.r, capped * values),
        u=rough(iterate.u, costs / capped),
        lambdas=rough(iterate.lambdas, rows),
        x=iterate.x * border * values,
        zx=iterate.zx * costs / border,
        rx=iterate.rx * border * values,
        ux=iterate.ux * costs / border,
        q=iterate.q * totals,
    )
