"""Starting from where a similar programme was on its way to the optimum.

An optimum is a bad place to start from: what is zero there can hardly leave zero. A point half way to
it, which keeps away from every bound, is a good one: other costs leave the prices open by what changed,
other right-hand sides the values, and the method closes both on its way (Yildirim and Wright, Warm-start
strategies in interior-point methods for linear programming, 2002). How near to the optimum the point may
be depends on how far the programmes are apart, so that several points are kept, and tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.kernel.structure import Column, KernelForm, Row, Total
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
# Below it a capacity stands in no row.
LEAST_TERM: Final = 1e-12
# What a new capacity begins with, as a share of the mean of all.
SMALL: Final = 0.1


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
    """Which bounds exist and what stands in which row: what forms share that differ in numbers only.

    `capacities` are those of each row, by name: one that is in one form alone, being held in the other, may differ.
    """

    steps: int
    block_steps: int
    bounds: tuple[tuple[bool, bool, str], ...]
    rows: tuple[tuple[frozenset[int], ...], ...]
    capacities: tuple[frozenset[str], ...]
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
    others. A capacity may be held in one programme (or not be there) and free in the other, as long as it bounds no
    hourly variable. Some ten megabytes for a year and a usual plant.
    """

    names: tuple[tuple[str, ...], ...]
    border: tuple[str, ...]
    """Names of the form's capacities and slacks, in its order."""
    pattern: Pattern
    scales: Scales
    iterates: tuple[Iterate, ...]


def name_all(programme: Staircase) -> tuple[tuple[str, ...], ...]:
    """The names of the hourly variables and rows of a programme, in order."""
    return tuple(tuple(part) for part in (programme.variables, programme.rows, programme.totals))


def name_border(form: KernelForm) -> tuple[str, ...]:
    """The capacities of a form that are not held, and the slacks of its total rows, in order."""
    names = {place: name for name, place in form.border_of.items()}
    totals = {place: name for name, place in form.total_of.items()}
    for place, total in enumerate(form.totals):
        names |= {k: f"slack of {totals[place]}" for k in total.capacities if k not in names}
    return tuple(names[k] for k in range(len(form.border)))


def forms_match(warm: WarmStart, programme: Staircase, form: KernelForm) -> bool:
    """Whether a form differs in numbers, and in what is held, only from the one that the points belong to."""
    if warm.names != name_all(programme):
        return False
    known = frozenset(warm.border) & frozenset(name_border(form))
    own, theirs = read_pattern(form), warm.pattern
    return own == theirs or _among(own, known) == _among(theirs, known)


def _among(pattern: Pattern, known: frozenset[str]) -> Pattern:
    return replace(pattern, capacities=tuple(names & known for names in pattern.capacities))


def read_pattern(form: KernelForm) -> Pattern:
    """The pattern of a form."""
    bounded = [bool(np.isfinite(column.width).any()) for column in form.columns]
    border = name_border(form)
    return Pattern(
        steps=form.steps,
        block_steps=form.block_steps,
        bounds=tuple(
            (not column.free.all(), upper, border[column.capacity] if upper and column.capacity >= 0 else "")
            for column, upper in zip(form.columns, bounded, strict=True)
        ),
        rows=tuple((frozenset(row.terms), frozenset(row.lagged)) for row in form.rows),
        capacities=tuple(frozenset(border[place] for place in row.capacities) for row in form.rows),
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


def apply_scales(form: KernelForm, warm: WarmStart) -> None:
    """The scales of another form, in place; values grow as the right-hand sides have grown (a larger load)."""
    scales = warm.scales
    items: list[Row | Total | Column] = [*form.rows, *form.totals, *form.columns]
    for item, scale in zip(items, [*scales.rows, *scales.totals, *scales.columns], strict=True):
        item.scale = scale
    known = dict(zip(warm.border, scales.border, strict=True))
    for place, (name, border) in enumerate(zip(name_border(form), form.border, strict=True)):
        border.scale = known[name] if name in known else 1.0 / max(_largest_term(form, place), LEAST_TERM)
    rights = _size_of_rights(form)
    growth = rights / scales.rights if rights > 0.0 and scales.rights > 0.0 else 1.0
    form.cost_scale, form.right_scale = scales.costs, scales.right * growth


def _largest_term(form: KernelForm, place: int) -> float:
    """Largest coefficient of a capacity in the scaled rows."""
    hourly = (float(np.abs(row.capacities[place]).max()) * row.scale for row in form.rows if place in row.capacities)
    total = (abs(total.capacities[place]) * total.scale for total in form.totals if place in total.capacities)
    return max([*hourly, *total], default=0.0)


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
    return WarmStart(name_all(programme), name_border(form), read_pattern(form), scales, ordered)


def carry_over(warm: WarmStart, form: KernelForm) -> WarmStart:
    """The points with the capacities of a form that matches: what it does not know leaves, what is new is zero."""
    border = name_border(form)
    if border == warm.border:
        return warm
    places = {name: place for place, name in enumerate(warm.border)}

    def ordered(values: Array) -> Array:
        return np.array([values[places[name]] if name in places else 0.0 for name in border])

    iterates = tuple(
        replace(one, x=ordered(one.x), zx=ordered(one.zx), rx=ordered(one.rx), ux=ordered(one.ux))
        for one in warm.iterates
    )
    return replace(warm, border=border, iterates=iterates)


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
    # A capacity that is new begins small among the others, inside its bounds, as near to the path as the rest.
    new = (iterate.x == 0.0) & (iterate.zx == 0.0) & (edge.floor | edge.bounded)
    x = np.where(new, SMALL * max(float(np.abs(iterate.x).sum()) / max(iterate.x.size, 1), off), iterate.x)
    rx = np.where(new, np.maximum(edge.width - x, SMALL * edge.width), iterate.rx)
    edge.x[:], edge.zx[:] = _inside(x, np.where(new, off * off / x, iterate.zx), edge.floor, off)
    edge.rx[:], edge.ux[:] = _inside(rx, np.where(new, off * off / rx, iterate.ux), edge.bounded, off)
    edge.rx[~edge.bounded] = 1.0
    edge.q[:] = iterate.q
    edge.slopes.settle(edge.x)


def _inside(values: Array, prices: Array, bounded: npt.NDArray[np.bool_], off: float) -> tuple[Array, Array]:
    new = bounded & ~((values > 0.0) & (prices > 0.0))
    if bool(new.any()):
        values, prices = np.where(new, np.maximum(values, off), values), np.where(new, np.maximum(prices, off), prices)
    return values, np.where(bounded, prices, 0.0)
