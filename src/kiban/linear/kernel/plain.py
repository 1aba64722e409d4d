"""The Newton system of the interior point in plain NumPy: slow, and written to be read.

The same equations, weights and corrections as the compiled system (`newton`), in natural order and with every
step for all hours at once. It serves where nothing can be compiled, and the tests. Read `system` for the
equations of a direction; here they are solved by eliminating, in this order,

    dz, du, dr      each from its own bound
    dy              each from its own diagonal D (`blocks.Curvature`)
    dlambda         hour after hour (`chain`)
    dx, dq          a dense system of a few unknowns (`capacities`)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.blocks import HourlyRows, Index, assemble, measure_curvature
from kiban.linear.kernel.capacities import Border
from kiban.linear.kernel.chain import Chain
from kiban.linear.kernel.structure import KernelForm, Mask
from kiban.linear.kernel.system import (
    AFFINE,
    BAND,
    LEAST_SLACK,
    MAX_REFINEMENTS,
    SOFT_FREE,
    Measures,
    RightHandSide,
    Series,
    inverse_but_for,
    pull,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Right-hand sides of a direction's equations: rows, prices, upper bounds, products of `z` and of `u`."""

    rows: Array
    prices: Array
    bounds: Array
    floors: Array
    rooms: Array


NOTHING: Final = Wanted(*[np.zeros(())] * 5)


@dataclass(frozen=True, slots=True)
class Direction:
    """The hourly part of a direction; how slacks of upper bounds move follows from it and from the capacities."""

    y: Array
    z: Array
    u: Array
    lambdas: Array

    def plus(self, other: Direction) -> Direction:
        """The sum of both."""
        return Direction(self.y + other.y, self.z + other.z, self.u + other.u, self.lambdas + other.lambdas)


class PlainNewton:
    """A point, a direction, and the factorisation that gives directions.

    Hourly arrays are `(quantities, steps)`: values `y` and prices `z` of the lower bounds by column, room `r`
    and prices `u` of the upper bounds by capped column, `lambdas` by row, local rows first. Where a bound does
    not exist its room is one and its price zero. `segments` per block change the rounding only.
    """

    name = "kernel (NumPy)"

    def __init__(self, form: KernelForm, segments: int | None = None) -> None:
        self.hours, self.border = HourlyRows(form), Border(form)
        hours = self.hours
        self.chain = Chain(hours.steps, hours.block, hours.local, hours.row_count - hours.local, segments)
        self.row_order: Index = hours.order
        self.cap_places: Index = hours.cap_places
        self.marginal = hours.cost
        columns, caps, rows = hours.cost.shape, hours.width.shape, hours.right.shape
        self.y, self.z = np.ones(columns), np.zeros(columns)
        self.r, self.u, self.lambdas = np.ones(caps), np.zeros(caps), np.zeros(rows)
        self.direction = self.kept = Direction(*(np.zeros(shape) for shape in (columns, columns, caps, rows)))

    @property
    def dy(self) -> Array:
        """How values move, `(columns, steps)`."""
        return self.direction.y

    @property
    def dz(self) -> Array:
        """How prices of lower bounds move, `(columns, steps)`."""
        return self.direction.z

    @property
    def du(self) -> Array:
        """How prices of upper bounds move, `(caps, steps)`."""
        return self.direction.u

    @property
    def dlambdas(self) -> Array:
        """How prices of rows move, `(rows, steps)`."""
        return self.direction.lambdas

    def unfold(self, values: Series, quantities: int) -> Series:
        """As the caller counts the hours, `(quantities, steps)`: the order that the arrays have."""
        return values.reshape(quantities, self.hours.steps)

    def fold(self, series: Series) -> Series:
        """The order of the arrays, from `(quantities, steps)`."""
        return series

    def soften(self, free: float) -> None:
        """Give directions without a bound another proximal weight."""
        for soft in (self.hours.soft, self.border.soft):
            soft[soft == SOFT_FREE] = free

    def close(self) -> None:
        """Nothing is held open."""

    def masks(self) -> tuple[Array, Array]:
        """1 where an hourly variable has a lower bound, 1 where a capped one has an upper one."""
        return self.hours.floor, self.hours.bounded

    def count_pairs(self) -> int:
        """Number of complementarity products."""
        return int(self.hours.floor.sum() + self.hours.bounded.sum()) + self.border.pairs

    def bounds_minus_level(self, level: Array, x: Array) -> Array:
        """`w + F x - y` of every capped variable."""
        hours = self.hours
        return hours.width + hours.bound_shift(x) - level[hours.capped]

    def bend(self, y: Array) -> None:
        """What one unit more of each hourly variable costs at `y`: where costs are curved, what a direction closes."""
        self.marginal = self.hours.cost + self.hours.curvature * y

    def factorise(self) -> None:
        """Factorise at the present point."""
        self.bend(self.y)
        self.border.slopes.linearise(self.border.x)
        self.curvature = measure_curvature(self.hours, self.y, self.z, self.r, self.u)
        equations = assemble(self.hours, self.curvature)
        # (H' N^-1 H + S) (dx, dq) = ...: what is left when the hourly rows are eliminated too.
        self.border.factorise(self.chain.factorise(equations) + equations.border, self.hours.capacity_count)

    def solve(self, side: RightHandSide) -> None:
        """A direction (mode `AFFINE`) or a correction added to it (`CENTRE`, `BAND`)."""
        edge, hours, n = self.border, self.hours, self.hours.capacity_count
        wanted = self._residuals(side) if side.mode == AFFINE else self._corrections(side)
        if side.mode == AFFINE and side.keep == 1.0:
            self._measure(wanted)
        if side.mode == BAND:
            self.kept = self.direction
            edge.keep_direction()

        # dy = gradient + D^-1 (A' dlambda + B' dlambda_after + D' dq + (u/r) F dx)
        upper = (self.u * wanted.bounds - wanted.rooms) / self.r
        gradient = self.curvature.inverse * (wanted.floors / self._levels() - wanted.prices + hours.on_columns(upper))
        # N dlambda = h - H (dx, dq)
        pulled = self.chain.forward((wanted.rows - hours.activity(gradient)).T)
        # (H' N^-1 H + S) (dx, dq) = H' N^-1 h + what the gradient pulls at capacities, less what it uses of totals
        right, q_right, products = edge.right(side)
        swept, q_swept = right.copy(), q_right - pulled[n:] - hours.total_activity(gradient)
        swept[:n] += pulled[:n] + hours.sum_of_bounds(self.u / self.r * gradient[hours.capped] - upper)
        dx, dq = edge.solve(swept, q_swept)
        part = self._recover(dx, dq, gradient, wanted)
        self.direction = part if side.mode == AFFINE else self.direction.plus(part)
        edge.move(side, dx, dq, products)

        # The Schur complement loses digits: what the direction leaves open in the border is solved for again.
        for _ in range(MAX_REFINEMENTS):
            right = right - edge.stiffness() * dx + edge.e.T @ dq
            right[:n] += hours.capacities_paid(part.lambdas, part.u)
            q_right = q_right - edge.e @ dx - hours.total_activity(part.y)
            if not edge.needs_refinement(right, q_right):
                break
            dx, dq = edge.solve(right, q_right)
            part = self._recover(dx, dq, np.zeros(()), NOTHING)
            self.direction = self.direction.plus(part)
            edge.move(side, dx, dq)

    def _levels(self) -> Array:
        """`y` where it has a lower bound, one elsewhere: what the products of the lower bounds are made with."""
        return np.where(self.hours.floor > 0.0, self.y, 1.0)

    def _residuals(self, side: RightHandSide) -> Wanted:
        """What the point leaves open, each part with the weight that `side` gives it, and all products gone."""
        hours, edge, keep = self.hours, self.border, side.keep
        held = hours.activity(self.y) + hours.capacity_activity(edge.x)
        paid = hours.paid(self.lambdas, edge.q) + self.z - hours.on_columns(self.u)
        room = hours.bound_shift(edge.x) - self.y[hours.capped] - self.r
        return Wanted(
            rows=side.rights * hours.right - keep * held,
            prices=side.costs * self.marginal - keep * paid,
            bounds=hours.bounded * (side.rights * hours.width + keep * room),
            floors=-keep * self._levels() * self.z,
            rooms=-keep * self.r * self.u,
        )

    def _corrections(self, side: RightHandSide) -> Wanted:
        """Products alone: the direction so far has closed rows, prices and bounds."""
        hours, zero = self.hours, np.zeros(())
        return Wanted(
            rows=zero,
            prices=zero,
            bounds=zero,
            floors=hours.floor * pull(side, self._levels(), self.z, self.dy, self.dz),
            rooms=hours.bounded * pull(side, self.r, self.u, self._room_moves(), self.du),
        )

    def _room_moves(self) -> Array:
        """`dr`, `(caps, steps)`: to where `y + r = w + F x` after a whole step along the direction."""
        edge = self.border
        return self.hours.bounded * (self.bounds_minus_level(self.y + self.dy, edge.x + edge.dx) - self.r)

    def _recover(self, dx: Array, dq: Array, gradient: Array, wanted: Wanted) -> Direction:
        """The hourly direction that belongs to the border's; with `NOTHING` wanted, to a change of the border alone."""
        hours = self.hours
        w = np.concatenate([dx[: hours.capacity_count], dq])
        dlambdas = self.chain.backward(w, border_only=wanted is NOTHING).T
        follow = np.zeros_like(self.r)
        for cap, k in enumerate(hours.capacity_of):
            if k >= 0:
                follow[cap] = self.curvature.share[cap] * dx[k]
        dy = gradient + self.curvature.inverse * hours.paid(dlambdas, dq) + hours.on_columns(follow)
        # Each price from its own product: z dy + y dz and u dr + r du are what is wanted.
        dz = (wanted.floors - self.z * dy) / self._levels()
        dr = wanted.bounds + hours.bounded * (hours.bound_shift(dx) - dy[hours.capped])
        du = (wanted.rooms - self.u * dr) / self.r
        return Direction(dy, dz, du, dlambdas)

    def refuse_correction(self) -> None:
        """Return to the direction before the last correction of mode `BAND`."""
        self.direction = self.kept
        self.border.return_to_kept()

    def _measure(self, wanted: Wanted) -> None:
        hours, edge = self.hours, self.border
        paid = np.zeros(edge.x.size)
        paid[: hours.capacity_count] = hours.capacities_paid(self.lambdas, self.u)
        edge.measure(paid, hours.total_activity(self.y))
        rows = max(np.abs(wanted.rows).max(initial=0.0), np.abs(wanted.bounds).max(initial=0.0))
        worth = np.vdot(hours.right, self.lambdas) - np.vdot(hours.width, self.u)
        curved, touched = edge.slopes.measure(edge.x)
        bent = 0.5 * float((hours.curvature * self.y * self.y).sum())
        self.residuals = Measures(
            primal=float(np.vdot(hours.cost, self.y) + edge.cost @ edge.x) + curved + bent,
            dual=float(worth + edge.q_right @ edge.q - edge.ux @ edge.width) + touched - bent,
            primal_residual=max(float(rows), edge.primal_residual),
            dual_residual=max(float(np.abs(wanted.prices).max(initial=0.0)), edge.dual_residual),
            product=float(np.vdot(self.y, self.z) + np.vdot(self.r, self.u)) + edge.product,
        )

    def largest_steps(self) -> tuple[float, float, float, float, float]:
        """Primal and dual step to the boundary, and the sums from which the product along the way follows."""
        edge, dr, floor, bounded = self.border, self._room_moves(), self.hours.floor > 0.0, self.hours.bounded > 0.0
        to_primal, to_dual = edge.ratios()
        primal = max(_ratio(self.y, self.dy, floor), _ratio(self.r, dr, bounded), to_primal, 1e-30)
        dual = max(_ratio(self.z, self.dz, floor), _ratio(self.u, self.du, bounded), to_dual, 1e-30)
        fall, rise, cross = edge.products_ahead()
        fall += float(np.vdot(self.dy, self.z) + np.vdot(dr, self.u))
        rise += float(np.vdot(self.y, self.dz) + np.vdot(self.r, self.du))
        cross += float(np.vdot(self.dy, self.dz) + np.vdot(dr, self.du))
        return 1.0 / primal, 1.0 / dual, fall, rise, cross

    def steps_but_for(self, hours: int) -> tuple[float, float]:
        """Primal and dual step to the boundary of all but so many hours; of capacities in any case."""
        floor, bounded = self.hours.floor > 0.0, self.hours.bounded > 0.0
        primal, dual = self.border.ratios()
        return (
            inverse_but_for(hours, _hourly(self.y, self.dy, floor, self.r, self._room_moves(), bounded), primal),
            inverse_but_for(hours, _hourly(self.z, self.dz, floor, self.u, self.du, bounded), dual),
        )

    def advance(self, step_primal: float, step_dual: float, least: float = LEAST_SLACK) -> None:
        """Move along the direction; of every hourly slack and price of a bound at least the share `least` is left."""
        self.r = np.maximum(self.r + step_primal * self._room_moves(), least * self.r)
        y = self.y + step_primal * self.dy
        self.y = np.where(self.hours.floor > 0.0, np.maximum(y, least * self.y), y)
        self.z = np.maximum(self.z + step_dual * self.dz, least * self.z)
        self.u = np.maximum(self.u + step_dual * self.du, least * self.u)
        self.lambdas = self.lambdas + step_dual * self.dlambdas
        self.border.advance(step_primal, step_dual)


def _ratios(value: Array, move: Array, bounded: Mask) -> Array:
    """Inverse of the longest step along `move` that keeps each bounded value above zero; 0 or less: any."""
    return np.divide(-move, value, where=bounded, out=np.zeros_like(value))


def _ratio(value: Array, move: Array, bounded: Mask) -> float:
    return float(np.max(_ratios(value, move, bounded), initial=0.0))


def _hourly(value: Array, move: Array, floor: Mask, other: Array, other_move: Array, bounded: Mask) -> Array:
    """The same for all values of an hour together, `(steps,)`."""
    first, second = _ratios(value, move, floor), _ratios(other, other_move, bounded)
    least: Array = np.maximum(first.max(axis=0, initial=0.0), second.max(axis=0, initial=0.0))
    return least
