"""Starting from where a similar programme was on its way to the optimum.

An optimum is a bad place to start from: what is zero there can hardly leave zero. A point half way to
it, which keeps away from every bound, is a good one: other costs leave the prices open by what changed,
other right-hand sides the values, and the method closes both on its way (Yildirim and Wright, Warm-start
strategies in interior-point methods for linear programming, 2002). How near to the optimum the point may
be depends on how far the programmes are apart, so that several points are kept, and tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.kernel.structure import BorderColumn, Column, KernelForm, Row, Total
from kiban.linear.kernel.system import AFFINE, RightHandSide
from kiban.linear.staircase import Staircase

if TYPE_CHECKING:
    from kiban.linear.kernel.newton import Newton
    from kiban.linear.kernel.plain import PlainNewton

Rough = npt.NDArray[np.float32]

# Relative gaps at which a point is worth keeping.
KEPT_GAPS: Final = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
# A point serves if from it the direction to the optimum may be followed this far, like on any way there.
LEAST_STEP: Final = 0.08


@dataclass(frozen=True, slots=True, eq=False)
class Iterate:
    """A point with its prices in scaled units, hourly parts `(quantities, steps)` in the order of the form.

    Half precision, which a starting point can bear.
    """

    gap: float
    y: Rough
    z: Rough
    r: Rough
    u: Rough
    lambdas: Rough
    x: Array
    zx: Array
    rx: Array
    ux: Array
    q: Array


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which bounds exist and what stands in which row: what forms share that differ in numbers only."""

    steps: int
    block_steps: int
    bounds: tuple[tuple[bool, bool, int], ...]
    rows: tuple[tuple[frozenset[int], ...], ...]
    totals: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """The units of a form, so that the same numbers mean the same; `rights` is the size of its right-hand sides."""

    rows: tuple[float, ...]
    totals: tuple[float, ...]
    columns: tuple[float, ...]
    border: tuple[float, ...]
    costs: float
    right: float
    rights: float


@dataclass(frozen=True, slots=True, eq=False)
class WarmStart:
    """Points on the way to an optimum, the nearest to it first; to be handed to a later solve, and nothing else.

    It serves any programme with the same names and structure, whatever its numbers, and is ignored by
    others. Some ten megabytes for a year and a usual plant.
    """

    names: tuple[tuple[str, ...], ...]
    pattern: Pattern
    scales: Scales
    iterates: tuple[Iterate, ...]


def name_all(programme: Staircase) -> tuple[tuple[str, ...], ...]:
    """The names of a programme, in order."""
    parts = (programme.capacities, programme.variables, programme.rows, programme.totals)
    return tuple(tuple(part) for part in parts)


def forms_match(warm: WarmStart, programme: Staircase, form: KernelForm) -> bool:
    """Whether a form differs in numbers only from the one that the points belong to."""
    return (
        warm.names == name_all(programme)
        and len(warm.scales.border) == len(form.border)
        and warm.pattern == read_pattern(form)
    )


def read_pattern(form: KernelForm) -> Pattern:
    """The pattern of a form."""
    bounded = [bool(np.isfinite(column.width).any()) for column in form.columns]
    return Pattern(
        steps=form.steps,
        block_steps=form.block_steps,
        bounds=tuple(
            (not column.free.all(), upper, column.capacity if upper else -1)
            for column, upper in zip(form.columns, bounded, strict=True)
        ),
        rows=tuple((frozenset(row.terms), frozenset(row.lagged), frozenset(row.capacities)) for row in form.rows),
        totals=tuple(frozenset(total.terms) for total in form.totals),
    )


def read_scales(form: KernelForm) -> Scales:
    """The scales of a form."""
    return Scales(
        rows=tuple(row.scale for row in form.rows),
        totals=tuple(total.scale for total in form.totals),
        columns=tuple(column.scale for column in form.columns),
        border=tuple(border.scale for border in form.border),
        costs=form.cost_scale,
        right=form.right_scale,
        rights=_size_of_rights(form),
    )


def apply_scales(form: KernelForm, scales: Scales) -> None:
    """The scales of another form, in place; values grow as the right-hand sides have grown (a larger load)."""
    items: list[Row | Total | Column | BorderColumn] = [*form.rows, *form.totals, *form.columns, *form.border]
    for item, scale in zip(items, [*scales.rows, *scales.totals, *scales.columns, *scales.border], strict=True):
        item.scale = scale
    rights = _size_of_rights(form)
    growth = rights / scales.rights if rights > 0.0 and scales.rights > 0.0 else 1.0
    form.cost_scale, form.right_scale = scales.costs, scales.right * growth


def _size_of_rights(form: KernelForm) -> float:
    return float(sum(np.abs(row.right).sum() * row.scale for row in form.rows))


def take_iterate(newton: Newton | PlainNewton, gap: float) -> Iterate:
    """The present point."""
    n, edge = newton, newton.border
    width, caps, rows = len(n.cap_places), int((n.cap_places >= 0).sum()), len(n.row_order)
    parts = ((n.y, width), (n.z, width), (n.r, caps), (n.u, caps), (n.lambdas, rows))
    y, z, r, u, ordered = (n.unfold(values.astype(np.float32), count) for values, count in parts)
    lambdas = np.empty_like(ordered)
    lambdas[n.row_order] = ordered
    capacities = (values.copy() for values in (edge.x, edge.zx, edge.rx, edge.ux, edge.q))
    return Iterate(gap, y, z, r, u, lambdas, *capacities)


def gather(
    programme: Staircase, form: KernelForm, iterates: Sequence[Iterate], before: WarmStart | None
) -> WarmStart | None:
    """What was kept on this way, and for gaps that it did not pass through, what was there before."""
    scales = read_scales(form)
    kept = {iterate.gap: iterate for iterate in before.iterates} if before is not None else {}
    if iterates:
        kept |= {iterate.gap: iterate for iterate in iterates}
    if not kept:
        return None
    ordered = tuple(kept[gap] for gap in sorted(kept))
    return WarmStart(name_all(programme), read_pattern(form), scales, ordered)


def start_from(newton: Newton | PlainNewton, warm: WarmStart) -> bool:
    """Start at the nearest point from which there is a way; the affine direction there is left in `newton`.

    False where every point is too near to the old optimum, or what changed is too large.
    """
    iterates = warm.iterates
    # The nearest point that serves, by bisection: each trial costs half an iteration.
    low, high, best = 0, len(iterates) - 1, -1
    tried = -1
    while low <= high:
        tried = (low + high) // 2
        if _try(newton, iterates[tried]):
            best, high = tried, tried - 1
        else:
            low = tried + 1
    if best < 0:
        return False
    return best == tried or _try(newton, iterates[best])


def _try(newton: Newton | PlainNewton, iterate: Iterate) -> bool:
    load_iterate(newton, iterate)
    newton.factorise()
    newton.solve(RightHandSide(AFFINE))
    return min(newton.largest_steps()[:2]) >= LEAST_STEP


def load_iterate(newton: Newton | PlainNewton, iterate: Iterate) -> None:
    """Go to a point; where a bound is new, a little off it."""
    floor, bounded = newton.masks()
    n, edge = newton, newton.border
    f, b = floor > 0.0, bounded > 0.0
    parts = (iterate.y, iterate.z, iterate.r, iterate.u, iterate.lambdas[n.row_order])
    y, z, r, u, lambdas = (n.fold(values).astype(np.float64) for values in parts)
    products = float((y * z).sum(where=f)) + float((r * u).sum(where=b))
    off = float(np.sqrt(max(products / max(int(f.sum() + b.sum()), 1), 1e-16)))
    n.y[:], n.z[:] = _inside(y, z, f, off)
    n.r[:], n.u[:] = _inside(r, u, b, off)
    n.r[~b] = 1.0
    n.lambdas[:] = lambdas
    edge.x[:], edge.zx[:] = _inside(iterate.x, iterate.zx, edge.floor, off)
    edge.rx[:], edge.ux[:] = _inside(iterate.rx, iterate.ux, edge.bounded, off)
    edge.rx[~edge.bounded] = 1.0
    edge.q[:] = iterate.q
    edge.slopes.settle(edge.x)


def _inside(values: Array, prices: Array, bounded: npt.NDArray[np.bool_], off: float) -> tuple[Array, Array]:
    new = bounded & ~((values > 0.0) & (prices > 0.0))
    if bool(new.any()):
        values, prices = np.where(new, np.maximum(values, off), values), np.where(new, np.maximum(prices, off), prices)
    return values, np.where(bounded, prices, 0.0)
