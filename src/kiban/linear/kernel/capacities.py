"""Capacities and total rows: the border of the Newton system, a dense system of a few unknowns.

Capacities `x` with prices `zx` of their lower bounds, room `rx` to their upper bounds and prices `ux` of
these; prices `q` of the total rows. What the hours contribute comes in as sums; what curved costs do, as slopes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.slopes import Slopes
from kiban.linear.kernel.structure import KernelForm
from kiban.linear.kernel.system import AFFINE, SOFT, SOFT_FREE, RightHandSide, pull

# What the border's equations may be left open by, in scaled units, before they are refined.
REFINE_ABOVE: Final = 1e-9


class Border:
    """Point, direction and dense system of capacities and total rows."""

    def __init__(self, form: KernelForm) -> None:
        scales = np.array([b.scale for b in form.border], dtype=np.float64)
        self.cost = np.array([b.cost for b in form.border], dtype=np.float64) * scales / form.cost_scale
        width = np.array([b.width for b in form.border], dtype=np.float64)
        self.bounded = np.isfinite(width)
        self.floor = ~np.array([b.free for b in form.border], dtype=bool)
        self.slopes = Slopes(form)
        self.width = np.where(self.bounded, width, 0.0) / (np.maximum(scales, 1e-300) * form.right_scale)
        self.soft = np.where(self.floor | self.bounded, SOFT, SOFT_FREE)
        self.e = np.zeros((len(form.totals), len(form.border)))
        for q, total in enumerate(form.totals):
            for k, value in total.capacities.items():
                self.e[q, k] = value * total.scale * scales[k]
        self.q_right = np.array([t.right * t.scale for t in form.totals], dtype=np.float64) / form.right_scale
        size = len(form.border)
        self.x, self.zx, self.rx, self.ux = np.zeros(size), np.zeros(size), np.ones(size), np.zeros(size)
        self.dx, self.dzx, self.drx, self.dux = (np.zeros(size) for _ in range(4))
        self.q, self.dq = np.zeros(len(form.totals)), np.zeros(len(form.totals))
        self.kept = (self.dx, self.dq, self.drx, self.dzx, self.dux)

    def set_units(self) -> None:
        """The point from which the least squares start is computed: every bounded part is one, no cost curved."""
        self.q[:] = 0.0
        self.slopes.straighten()
        self.x[:], self.zx[:] = 1.0, self.floor
        self.rx[:], self.ux[:] = 1.0, self.bounded

    def start(self, x: Array, q: Array, mu: float) -> None:
        """Start at capacities of the size of `x`, inside their bounds, with products `mu`."""
        self.x[:], self.q[:] = self._inside(x), q
        self.slopes.settle(self.x)
        self.rx[:] = np.where(self.bounded, np.maximum(self.width - self.x, 0.1 * self.width), 1.0)
        self.zx[:] = np.where(self.floor, mu / np.where(self.floor, self.x, 1.0), 0.0)
        self.ux[:] = np.where(self.bounded, mu / self.rx, 0.0)

    def _inside(self, x: Array) -> Array:
        size = max(float(np.abs(x).mean()) if x.size else 0.0, 1e-2)
        inside = np.maximum(np.abs(x), 0.1 * size)
        inside = np.where(self.bounded, np.minimum(inside, 0.5 * self.width), inside)
        return np.where(self.floor, inside, x)

    def take_slopes(self, x: Array) -> None:
        """The slopes where the start will be if it is made of `x`, for the least squares of the prices."""
        self.slopes.settle(self._inside(x))

    @property
    def marginal(self) -> Array:
        """What one unit more costs at the point."""
        return self.cost + self.slopes.slope

    @property
    def pairs(self) -> int:
        """Number of complementarity products."""
        return int(self.floor.sum() + self.bounded.sum())

    def factorise(self, matrix: Array, capacities: int) -> None:
        """Invert the Schur complement that the sweep left of the first `capacities` columns and the total rows."""
        size, totals = len(self.x), len(self.q)
        full = np.zeros((size + totals, size + totals))
        full[:capacities, :capacities] = matrix[:capacities, :capacities]
        full[size:, :capacities] = matrix[capacities:, :capacities]
        full[size:, size:] = matrix[capacities:, capacities:]
        full[size:, :size] -= self.e
        full[:size, size:] = full[size:, :size].T
        at = np.arange(size)
        full[at, at] += self.stiffness() + self.soft
        at = np.arange(size, size + totals)
        full[at, at] -= 1e-13 * (1e-3 + np.abs(full[at, at]))
        scale = np.sqrt(np.maximum(np.abs(full).max(axis=1, initial=0.0), 1e-300))
        self.scale = 1.0 / scale
        self.full = full * self.scale[:, None] * self.scale[None, :]
        try:
            self.inverse = np.linalg.inv(self.full)
        except np.linalg.LinAlgError:
            # Every capacity is at a bound and no price is determined: take the smallest step that serves.
            self.inverse = pseudo_inverse(self.full)

    def solve(self, right: Array, q_right: Array) -> tuple[Array, Array]:
        """Directions of capacities and of the prices of total rows."""
        size = len(self.x)
        if not self.full.size:
            return right, q_right
        scaled = np.concatenate([right, -q_right]) * self.scale
        solution = self.inverse @ scaled
        for _ in range(2):
            solution += self.inverse @ (scaled - self.full @ solution)
        solution *= self.scale
        return solution[:size], solution[size:]

    def stiffness(self) -> Array:
        """What the bounds and the curves of the capacities add to the diagonal."""
        value = np.where(self.floor, self.x, 1.0)
        return self.zx / value + np.where(self.bounded, self.ux / self.rx, 0.0) + self.slopes.curvature

    def measure(self, paid: Array, used: Array) -> None:
        """Residuals, from what hours pay for capacities and what they use of total rows."""
        self.q_residual = self.q_right - used - self.e @ self.x
        self.x_residual = self.marginal - (self.e.T @ self.q + paid) - self.zx + self.ux
        self.room_residual = self._room(1.0, 1.0)

    @property
    def primal_residual(self) -> float:
        """Largest residual of total rows and upper bounds, relative to the rows' right-hand sides."""
        rows = (np.abs(self.q_residual) / (1.0 + np.abs(self.q_right))).max(initial=0.0)
        return float(max(rows, np.abs(self.room_residual).max(initial=0.0)))

    @property
    def dual_residual(self) -> float:
        """Largest reduced cost left open, relative to the costs."""
        return float((np.abs(self.x_residual) / (1.0 + np.abs(self.marginal))).max(initial=0.0))

    @property
    def product(self) -> float:
        """Sum of all complementarity products."""
        return float(np.where(self.floor, self.x, 0.0) @ self.zx + self.rx @ self.ux)

    def right(self, side: RightHandSide) -> tuple[Array, Array, tuple[Array, Array]]:
        """Right-hand sides of capacities and total rows, and of the products at lower and upper bounds."""
        size = len(self.x)
        value = np.where(self.floor, self.x, 1.0)
        if side.mode == AFFINE:
            if side.keep == 1.0:
                dual_residual, room = self.x_residual + self.slopes.lead, self.room_residual
                q_residual = self.q_residual
            else:
                dual_residual, room = side.costs * self.marginal, self._room(side.rights, side.keep)
                q_residual = side.rights * self.q_right
            floor_product, room_product = -side.keep * value * self.zx, -side.keep * self.rx * self.ux
        else:
            dual_residual, room = np.zeros(size), np.zeros(size)
            q_residual = np.zeros(len(self.q))
            floor_product = pull(side, value, self.zx, self.dx, self.dzx)
            room_product = pull(side, self.rx, self.ux, self.drx, self.dux)
        floor_product = np.where(self.floor, floor_product, 0.0)
        room_product = np.where(self.bounded, room_product, 0.0)
        right = -dual_residual + floor_product / value + (self.ux * room - room_product) / self.rx
        return right, q_residual, (floor_product, room_product)

    def needs_refinement(self, right: Array, q_right: Array) -> bool:
        """Whether what a direction leaves open matters."""
        worst = max(
            (np.abs(right) / (1.0 + np.abs(self.marginal))).max(initial=0.0),
            (np.abs(q_right) / (1.0 + np.abs(self.q_right))).max(initial=0.0),
        )
        return bool(worst > REFINE_ABOVE)

    def _room(self, rights: float, keep: float) -> Array:
        """By how much upper bounds and slacks disagree; rounding counts as agreement."""
        room = rights * self.width - keep * (self.x + self.rx)
        size = 4.0 * np.finfo(np.float64).eps * (np.abs(self.x) + np.abs(self.width))
        return np.where(self.bounded & (np.abs(room) > keep * size), room, 0.0)

    def move(self, side: RightHandSide, dx: Array, dq: Array, products: tuple[Array, Array] | None = None) -> None:
        """Take a direction (mode `AFFINE`) or add a correction to it."""
        at_floor, at_room = (np.zeros(len(dx)), np.zeros(len(dx))) if products is None else products
        affine = side.mode == AFFINE and products is not None
        value = np.where(self.floor, self.x, 1.0)
        room = self._room(side.rights, side.keep) if affine else np.zeros(len(dx))
        drx = np.where(self.bounded, room - dx, 0.0)
        dzx = np.where(self.floor, (at_floor - self.zx * dx) / value, 0.0)
        dux = np.where(self.bounded, (at_room - self.ux * drx) / self.rx, 0.0)
        if affine:
            self.dx, self.dq, self.drx, self.dzx, self.dux = dx, dq, drx, dzx, dux
        else:
            self.dx, self.dq = self.dx + dx, self.dq + dq
            self.drx, self.dzx, self.dux = self.drx + drx, self.dzx + dzx, self.dux + dux

    def keep_direction(self) -> None:
        """Remember the direction; a correction makes new arrays."""
        self.kept = (self.dx, self.dq, self.drx, self.dzx, self.dux)

    def return_to_kept(self) -> None:
        """Take the remembered direction."""
        self.dx, self.dq, self.drx, self.dzx, self.dux = self.kept

    def ratios(self) -> tuple[float, float]:
        """Inverse of the longest primal and dual step."""
        x, zx, rx, ux = self.x[self.floor], self.zx[self.floor], self.rx[self.bounded], self.ux[self.bounded]
        dx, dzx, drx, dux = self.dx[self.floor], self.dzx[self.floor], self.drx[self.bounded], self.dux[self.bounded]
        primal = max(float((-dx / x).max(initial=0.0)), float((-drx / rx).max(initial=0.0)))
        dual = max(float((-dzx / zx).max(initial=0.0)), float((-dux / ux).max(initial=0.0)))
        return primal, max(dual, self.slopes.ratio(self.dx))

    def products_ahead(self) -> tuple[float, float, float]:
        """How the sum of products changes with the primal step, with the dual step, and with their product."""
        x, zx, rx, ux = self.x[self.floor], self.zx[self.floor], self.rx[self.bounded], self.ux[self.bounded]
        dx, dzx, drx, dux = self.dx[self.floor], self.dzx[self.floor], self.drx[self.bounded], self.dux[self.bounded]
        return float(dx @ zx + drx @ ux), float(x @ dzx + rx @ dux), float(dx @ dzx + drx @ dux)

    def advance(self, step_primal: float, step_dual: float) -> None:
        """Move along the direction."""
        self.slopes.advance(self.dx, step_dual)
        self.x = self.x + step_primal * self.dx
        self.rx = self.rx + step_primal * self.drx
        self.zx = self.zx + step_dual * self.dzx
        self.ux = self.ux + step_dual * self.dux
        self.q = self.q + step_dual * self.dq


def pseudo_inverse(matrix: Array) -> Array:
    """The inverse of a symmetric matrix without the directions that it takes to nothing."""
    try:
        return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
    except np.linalg.LinAlgError:
        # Not a number among the entries; the method sees it and stops.
        return np.full_like(matrix, np.nan)
