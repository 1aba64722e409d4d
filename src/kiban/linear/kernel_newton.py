"""The Newton system of the interior point: memory, factorisation, directions and steps.

Everything hourly lives in the lane order of `kernel_layout`; capacities and total rows, with their
slacks, are the border, a dense system of a few unknowns.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from kiban.linear import kernel_border, kernel_factor, kernel_return, kernel_sweep
from kiban.linear.kernel_layout import LANES, SOFT, SOFT_FREE, Layout
from kiban.linear.kernel_structure import KernelForm
from kiban.linear.kernel_sweep import AFFINE, BAND, BORDER, CENTRE
from kiban.linear.staircase import Array

# What the border's equations may be left open by, in scaled units, before they are refined.
REFINE_ABOVE: Final = 1e-9
MAX_REFINEMENTS: Final = 2


@dataclass(slots=True)
class Measures:
    """What the point is worth, in scaled units: see `Newton.residuals`."""

    primal: float
    dual: float
    primal_residual: float
    dual_residual: float
    product: float


class Newton:
    """A point, a direction, and the factorisation that gives directions."""

    def __init__(self, form: KernelForm, layout: Layout, *, threads: int = 1) -> None:
        self.form, self.layout = form, layout
        self.threads = min(threads, layout.shape[0])
        self.pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        groups, steps, width, caps, rows, local, capacities, totals = layout.shape
        self.shape = layout.shape
        states, over = rows - local, capacities + totals
        hours = groups * steps

        def memory(quantities: int) -> Array:
            return np.zeros(max(quantities, 1) * LANES)

        self.y, self.z, self.r, self.u, self.lambdas = (memory(hours * n) for n in (width, width, caps, caps, rows))
        self.direction = tuple(memory(hours * n) for n in (width, width, caps, rows))
        # A correction that may be refused is written beside the direction that it corrects.
        self.spare = tuple(memory(hours * n) for n in (width, width, caps, rows))
        self.dy, self.dz, self.du, self.dlambdas = self.direction
        self.gradients, self.work = memory(hours * width), memory(hours * rows)
        self.factors = tuple(
            memory(hours * n) for n in (rows * (rows + 1) // 2, states * states, rows * over, states * states)
        )
        self.factor_sums = tuple(
            memory(groups * n)
            for n in (
                over * (over + 1) // 2,
                states * states,
                states * over,
                capacities,
                totals * capacities,
                totals * totals,
                states * states,
                states * over,
                states * states,
                states,
            )
        )
        self.measures = memory(groups * kernel_sweep.MEASURES)
        self.sums = (
            self.measures,
            *(memory(groups * n) for n in (capacities, capacities, totals, totals, over, states, states)),
        )
        self.checks = (memory(groups * capacities), memory(groups * totals))
        order = layout.segments * states
        self.separator = np.zeros((layout.blocks, order, order))
        self.screen = np.zeros((layout.blocks, order, over))
        self.ends = np.zeros((layout.blocks, order))
        self.separators = memory(groups * states)
        self.tails = memory(groups * int(layout.carry_start[-1]))
        self.matrix, self.right = np.zeros((over, over)), np.zeros(over)
        self.x_lanes, self.dx_lanes, self.part_lanes = (memory(capacities) for _ in range(3))
        self.total_lanes, self.total_part_lanes = memory(totals), memory(totals)
        self.solution_lanes = memory(over)

        carried = int(layout.carry_start[-1])
        square = states * states
        # The swept columns are squared four rows at a time.
        sizes = (rows * rows, -(-rows // 4) * 4 * over, square, square, square, rows, carried, carried)
        self.factor_scratch = [tuple(memory(n) for n in sizes) for _ in range(self.threads)]
        sweep_sizes = (rows, rows, rows, width, width)
        self.sweep_scratch = [tuple(memory(n) for n in sweep_sizes) for _ in range(self.threads)]
        self.row_scratch = [(memory(states), memory(rows)) for _ in range(self.threads)]
        cuts = [groups * i // self.threads for i in range(self.threads + 1)]
        self.shares = list(pairwise(cuts))
        self.block_scratch, self.size_scratch = np.zeros((order, order)), np.zeros(order)
        self._read_border()
        t = layout
        self.factor_tables = (
            t.columns, t.column_data, t.lag_column, t.entry_start, t.entry_data, t.entry_row, t.carry_start,
            t.total_start, t.total_data,
        )  # fmt: skip
        self.lag = (t.lag_start, t.lag_row, t.lag_data, t.before, t.total_row)
        self.capacity_terms = (t.capacity_row, t.capacity_border, t.capacity_data)
        self.tables = (
            t.columns, t.column_data, t.entry_start, t.entry_row, t.entry_data, t.lag_start, t.lag_row, t.lag_next,
            t.total_start, t.total_row, t.total_data,
        )  # fmt: skip
        self.state = (self.y, self.z, self.r, self.u, self.lambdas)

    def _read_border(self) -> None:
        form = self.form
        scales = np.array([b.scale for b in form.border], dtype=np.float64)
        self.border_scale = scales
        self.x_cost = np.array([b.cost for b in form.border], dtype=np.float64) * scales / form.cost_scale
        width = np.array([b.width for b in form.border], dtype=np.float64)
        self.x_bounded = np.isfinite(width)
        self.x_floor = ~np.array([b.free for b in form.border], dtype=bool)
        self.x_width = np.where(self.x_bounded, width, 0.0) / (np.maximum(scales, 1e-300) * form.right_scale)
        self.x_soft = np.where(self.x_floor | self.x_bounded, SOFT, SOFT_FREE)
        self.e = np.zeros((len(form.totals), len(form.border)))
        for q, total in enumerate(form.totals):
            for k, value in total.capacities.items():
                self.e[q, k] = value * total.scale * scales[k]
        self.q_right = np.array([t.right * t.scale for t in form.totals], dtype=np.float64) / form.right_scale
        size = len(form.border)
        self.x, self.zx, self.rx, self.ux = np.zeros(size), np.zeros(size), np.ones(size), np.zeros(size)
        self.dx, self.dzx, self.drx, self.dux = (np.zeros(size) for _ in range(4))
        self.q, self.dq = np.zeros(len(form.totals)), np.zeros(len(form.totals))
        self.border_before = (self.dx, self.dq, self.drx, self.dzx, self.dux)

    def close(self) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()

    def bytes_per_iteration(self) -> int:
        """What one iteration must move at least: data once, what it changes once in and once out."""
        changed = (*self.state, *self.direction, *self.factors, self.gradients, self.work)
        return int(self.layout.data.nbytes + 2 * sum(array.nbytes for array in changed))

    def masks(self) -> tuple[Array, Array]:
        """1 where an hourly variable has a lower bound, 1 where it has an upper one, in lane order."""
        groups, steps, width, caps, *_ = self.shape
        floor = np.zeros((groups * steps, max(width, 1), LANES))
        bounded = np.zeros((groups * steps, max(caps, 1), LANES))
        for v in range(width):
            floor[:, v] = self._series(5 * v + 1)
            cap = int(self.layout.columns[v, 1])
            if cap >= 0:
                bounded[:, cap] = self._series(5 * v + 2)
        return floor.reshape(-1)[: self.y.size], bounded.reshape(-1)[: self.r.size]

    def _series(self, row: int) -> Array:
        offset, stride = (int(value) for value in self.layout.column_data[row])
        hours = self.shape[0] * self.shape[1]
        data = self.layout.data
        if stride == 0:
            return np.broadcast_to(data[offset : offset + LANES], (hours, LANES))
        return np.lib.stride_tricks.as_strided(data[offset:], (hours, LANES), (stride * 8, 8))

    def bounds_minus_level(self, level: Array, x: Array) -> Array:
        """`width + factor x - y` of every capped variable, in lane order."""
        groups, steps, width, caps, *_ = self.shape
        room = np.zeros((groups * steps, max(caps, 1), LANES))
        y = level.reshape(groups * steps, max(width, 1), LANES) if width else level
        for v in range(width):
            cap, capacity = int(self.layout.columns[v, 1]), int(self.layout.columns[v, 2])
            if cap >= 0:
                room[:, cap] = self._series(5 * v + 3) - y[:, v]
                if capacity >= 0:
                    room[:, cap] += self._series(5 * v + 4) * x[capacity]
        return room.reshape(-1)[: self.r.size]

    def _share(self, work: Callable[[int, int, int], None]) -> None:
        """Do the groups of lanes, shared among threads: sums are kept per group, so that order is fixed."""
        if self.pool is None:
            work(0, 0, self.shape[0])
            return
        waiting = [self.pool.submit(work, i, first, last) for i, (first, last) in enumerate(self.shares)]
        for done in waiting:
            done.result()

    def _swap_direction(self) -> None:
        self.direction, self.spare = self.spare, self.direction
        self.dy, self.dz, self.du, self.dlambdas = self.direction

    def refuse_correction(self) -> None:
        """Return to the direction before the last correction of mode `BAND`."""
        self._swap_direction()
        self.dx, self.dq, self.drx, self.dzx, self.dux = self.border_before

    def factorise(self) -> None:
        """Factorise at the present point."""
        layout, shape = self.layout, self.shape
        state = self.state[:4]
        kernel_factor.carry_ends(shape, self.factor_tables, layout.data, layout.soft, state, self.tails)
        self._share(
            lambda i, first, last: kernel_factor.factorise(
                shape, self.factor_tables, self.lag, self.capacity_terms, layout.data, layout.soft, state, self.tails,
                layout.pads, self.factors, self.factor_sums, self.factor_scratch[i], first, last,
            )
        )  # fmt: skip
        kernel_border.close(
            shape,
            layout.blocks,
            layout.segments,
            self.factor_sums,
            self.separator,
            self.screen,
            self.matrix,
            self.block_scratch,
            self.size_scratch,
        )
        capacities, totals = shape[6], shape[7]
        size = len(self.x)
        full = np.zeros((size + totals, size + totals))
        full[:capacities, :capacities] = self.matrix[:capacities, :capacities]
        full[size:, :capacities] = self.matrix[capacities:, :capacities]
        full[size:, size:] = self.matrix[capacities:, capacities:]
        full[size:, :size] -= self.e
        full[:size, size:] = full[size:, :size].T
        at = np.arange(size)
        full[at, at] += self._border_stiffness() + self.x_soft
        at = np.arange(size, size + totals)
        full[at, at] -= 1e-13 * (1e-3 + np.abs(full[at, at]))
        scale = np.sqrt(np.maximum(np.abs(full).max(axis=1, initial=0.0), 1e-300))
        self.full_scale = 1.0 / scale
        self.full = full * self.full_scale[:, None] * self.full_scale[None, :]
        try:
            self.inverse = np.linalg.inv(self.full)
        except np.linalg.LinAlgError:
            # Every capacity is at a bound and no price is determined: take the smallest step that serves.
            self.inverse = _pseudo_inverse(self.full)

    def solve(
        self,
        mode: int,
        *,
        keep: float = 1.0,
        rights: float = 1.0,
        costs: float = 1.0,
        target: float = 0.0,
        trial: tuple[float, float] = (1.0, 1.0),
        band: tuple[float, float] = (0.1, 10.0),
    ) -> None:
        """A direction (mode `AFFINE`) or a correction added to it (`CENTRE`, `BAND`)."""
        layout, shape = self.layout, self.shape
        capacities, totals, size = shape[6], shape[7], len(self.x)
        par = np.array([keep, rights, costs, target, *trial, *band])
        self._to_lanes(self.x_lanes, self.x[:capacities])
        self._to_lanes(self.dx_lanes, self.dx[:capacities])
        self._to_lanes(self.total_lanes, self.q)
        border = (self.x_lanes, self.dx_lanes, self.total_lanes)
        arguments: Any = (layout.data, layout.soft, self.state, self.direction, self.gradients)
        lag = (layout.lag_column, layout.lag_data)
        for ends in (True, False) if layout.lag_column.size else (False,):
            self._share(
                lambda i, first, last, ends=ends: kernel_sweep.forward(  # type: ignore[misc, call-arg]
                    mode, shape, self.tables, lag, self.capacity_terms, layout.right_data, *arguments, self.work,
                    self.factors, (layout.before, layout.after), layout.pads, border, par, self.sums,
                    self.sweep_scratch[i], ends, first, last,
                )
            )  # fmt: skip
        kernel_border.gather_right(
            shape, layout.blocks, layout.segments, self.sums, self.separator, self.screen, self.ends, self.right
        )
        if mode == AFFINE and keep == 1.0:
            self._measure()
        right, q_right, products = self._border_right(mode, keep, rights, costs, target, trial, band)
        swept = np.concatenate([right, -q_right])
        swept[:capacities] += self.right[:capacities]
        swept[size:] += self.right[capacities:]
        dx, dq = self._solve_dense(swept)
        if mode == BAND:
            self.border_before = (self.dx, self.dq, self.drx, self.dzx, self.dux)
            self._back(mode, dx, dq, arguments, self.spare, par)
            self._swap_direction()
            arguments = (layout.data, layout.soft, self.state, self.direction, self.gradients)
        else:
            self._back(mode, dx, dq, arguments, self.direction, par)
        self._move_border(mode, dx, dq, products, keep, rights)
        for _ in range(MAX_REFINEMENTS):
            right = right - self._border_stiffness() * dx + self.e.T @ dq
            right[:capacities] += self._sum_lanes(self.checks[0], capacities)
            q_right = q_right - self.e @ dx - self._sum_lanes(self.checks[1], totals)
            if not self._needs_refinement(right, q_right):
                break
            dx, dq = self._solve_dense(np.concatenate([right, -q_right]))
            self.ends[:] = 0.0
            self._back(BORDER, dx, dq, arguments, self.direction, par)
            self._move_border(BORDER, dx, dq, (np.zeros(size), np.zeros(size)), keep, rights)

    def _needs_refinement(self, right: Array, q_right: Array) -> bool:
        worst = max(
            (np.abs(right) / (1.0 + np.abs(self.x_cost))).max(initial=0.0),
            (np.abs(q_right) / (1.0 + np.abs(self.q_right))).max(initial=0.0),
        )
        return bool(worst > REFINE_ABOVE)

    def _border_stiffness(self) -> Array:
        value = np.where(self.x_floor, self.x, 1.0)
        return self.zx / value + np.where(self.x_bounded, self.ux / self.rx, 0.0)

    def _back(self, mode: int, dx: Array, dq: Array, arguments: Any, result: tuple[Array, ...], par: Array) -> None:
        layout, shape = self.layout, self.shape
        capacities = shape[6]
        self._to_lanes(self.part_lanes, dx[:capacities])
        self._to_lanes(self.total_part_lanes, dq)
        solution = np.concatenate([dx[:capacities], dq])
        self._to_lanes(self.solution_lanes, solution)
        self._to_lanes(self.dx_lanes, self.dx[:capacities])
        kernel_border.spread_ends(
            shape, layout.blocks, layout.segments, self.separator, self.screen, self.ends, solution, self.separators
        )
        border_parts = (self.x_lanes, self.dx_lanes, self.total_lanes, self.part_lanes, self.total_part_lanes)
        for ends in (False, True):
            self._share(
                lambda i, first, last, ends=ends: kernel_return.backward(  # type: ignore[misc, call-arg]
                    mode, shape, self.tables, *arguments, result, self.work, self.factors, layout.before, border_parts,
                    self.separators, self.solution_lanes, par, self.measures, self.capacity_terms, self.checks,
                    layout.after, layout.pads, self.row_scratch[i], ends, first, last,
                )
            )  # fmt: skip

    def _border_paid(self) -> Array:
        """Prices that a border column pays in hourly rows, bounds and total rows."""
        capacities = self.shape[6]
        paid: Array = self.e.T @ self.q
        paid[:capacities] += self._sum_lanes(self.sums[2], capacities)
        return paid

    def _measure(self) -> None:
        groups = self.shape[0]
        table = self.measures.reshape(groups, kernel_sweep.MEASURES, LANES)
        cost, worth, width, product = table[:, :4].sum(axis=(0, 2))
        primal_residual, dual_residual = table[:, 4:].max(axis=(0, 2))
        self.q_residual = self.q_right - self._sum_lanes(self.sums[4], self.shape[7]) - self.e @ self.x
        self.x_residual = self.x_cost - self._border_paid() - self.zx + self.ux
        self.room_residual = self._room(1.0, 1.0)
        floor = np.where(self.x_floor, self.x, 0.0)
        self.residuals = Measures(
            primal=float(cost + self.x_cost @ self.x),
            dual=float(worth - width + self.q_right @ self.q - self.ux @ self.x_width),
            primal_residual=float(
                max(
                    primal_residual,
                    (np.abs(self.q_residual) / (1.0 + np.abs(self.q_right))).max(initial=0.0),
                    np.abs(self.room_residual).max(initial=0.0),
                )
            ),
            dual_residual=float(
                max(dual_residual, (np.abs(self.x_residual) / (1.0 + np.abs(self.x_cost))).max(initial=0.0))
            ),
            product=float(product + floor @ self.zx + self.rx @ self.ux),
        )

    def _sum_lanes(self, values: Array, quantities: int) -> Array:
        used = values[: self.shape[0] * quantities * LANES].reshape(self.shape[0], quantities, LANES)
        total: Array = used.sum(axis=(0, 2))
        return total

    @staticmethod
    def _to_lanes(target: Array, values: Array) -> None:
        if values.size:
            target.reshape(-1, LANES)[:] = values[:, None]

    def _border_right(
        self,
        mode: int,
        keep: float,
        rights: float,
        costs: float,
        target: float,
        trial: tuple[float, float],
        band: tuple[float, float],
    ) -> tuple[Array, Array, tuple[Array, Array]]:
        size = len(self.x)
        value = np.where(self.x_floor, self.x, 1.0)
        if mode == AFFINE:
            if keep == 1.0:
                dual_residual, room = self.x_residual, self.room_residual
                q_residual = self.q_residual
            else:
                dual_residual, room = costs * self.x_cost, self._room(rights, keep)
                q_residual = rights * self.q_right
            floor_product, room_product = -keep * value * self.zx, -keep * self.rx * self.ux
        else:
            dual_residual, room = np.zeros(size), np.zeros(size)
            q_residual = np.zeros(len(self.q))
            floor_product = _pull(mode, value, self.zx, self.dx, self.dzx, target, trial, band)
            room_product = _pull(mode, self.rx, self.ux, self.drx, self.dux, target, trial, band)
        floor_product = np.where(self.x_floor, floor_product, 0.0)
        room_product = np.where(self.x_bounded, room_product, 0.0)
        right = -dual_residual + floor_product / value + (self.ux * room - room_product) / self.rx
        return right, q_residual, (floor_product, room_product)

    def _solve_dense(self, right: Array) -> tuple[Array, Array]:
        size = len(self.x)
        if not right.size:
            return right[:0], right[:0]
        scaled = right * self.full_scale
        solution = self.inverse @ scaled
        for _ in range(2):
            solution += self.inverse @ (scaled - self.full @ solution)
        solution *= self.full_scale
        return solution[:size], solution[size:]

    def _room(self, rights: float, keep: float) -> Array:
        """By how much upper bounds and slacks disagree; rounding counts as agreement."""
        room = rights * self.x_width - keep * (self.x + self.rx)
        size = 4.0 * np.finfo(np.float64).eps * (np.abs(self.x) + np.abs(self.x_width))
        return np.where(self.x_bounded & (np.abs(room) > keep * size), room, 0.0)

    def _move_border(
        self, mode: int, dx: Array, dq: Array, products: tuple[Array, Array], keep: float, rights: float
    ) -> None:
        value = np.where(self.x_floor, self.x, 1.0)
        room = np.zeros(len(dx))
        if mode == AFFINE:
            room = self._room(rights, keep)
        drx = np.where(self.x_bounded, room - dx, 0.0)
        dzx = np.where(self.x_floor, (products[0] - self.zx * dx) / value, 0.0)
        dux = np.where(self.x_bounded, (products[1] - self.ux * drx) / self.rx, 0.0)
        if mode == AFFINE:
            self.dx, self.dq, self.drx, self.dzx, self.dux = dx, dq, drx, dzx, dux
        else:
            self.dx = self.dx + dx
            self.dq = self.dq + dq
            self.drx, self.dzx, self.dux = self.drx + drx, self.dzx + dzx, self.dux + dux

    def largest_steps(self) -> tuple[float, float, float, float, float]:
        """Primal and dual step to the boundary, and the sums from which the product along the way follows."""
        table = self.measures.reshape(self.shape[0], kernel_sweep.MEASURES, LANES)
        primal, dual = table[:, :2].max(axis=(0, 2))
        fall, rise, cross = table[:, 2:5].sum(axis=(0, 2))
        floor, bounded = self.x_floor, self.x_bounded
        x, zx, rx, ux = self.x[floor], self.zx[floor], self.rx[bounded], self.ux[bounded]
        dx, dzx, drx, dux = self.dx[floor], self.dzx[floor], self.drx[bounded], self.dux[bounded]
        primal = max(float(primal), float((-dx / x).max(initial=0.0)), float((-drx / rx).max(initial=0.0)))
        dual = max(float(dual), float((-dzx / zx).max(initial=0.0)), float((-dux / ux).max(initial=0.0)))
        fall += float(dx @ zx + drx @ ux)
        rise += float(x @ dzx + rx @ dux)
        cross += float(dx @ dzx + drx @ dux)
        return 1.0 / max(primal, 1e-30), 1.0 / max(dual, 1e-30), float(fall), float(rise), float(cross)

    def advance(self, step_primal: float, step_dual: float) -> None:
        """Move along the direction."""
        self._to_lanes(self.x_lanes, self.x[: self.shape[6]])
        self._to_lanes(self.dx_lanes, self.dx[: self.shape[6]])
        border = (self.x_lanes, self.dx_lanes)
        self._share(
            lambda i, first, last: kernel_return.advance(
                self.shape, self.tables, self.layout.data, self.state, self.direction, border, step_primal,
                step_dual, first, last,
            )
        )  # fmt: skip
        self.x = self.x + step_primal * self.dx
        self.rx = self.rx + step_primal * self.drx
        self.zx = self.zx + step_dual * self.dzx
        self.ux = self.ux + step_dual * self.dux
        self.q = self.q + step_dual * self.dq


def _pseudo_inverse(matrix: Array) -> Array:
    try:
        return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
    except np.linalg.LinAlgError:
        # Not a number among the entries; the method sees it and stops.
        return np.full_like(matrix, np.nan)


def _pull(
    mode: int,
    value: Array,
    price: Array,
    move: Array,
    turn: Array,
    target: float,
    trial: tuple[float, float],
    band: tuple[float, float],
) -> Array:
    if mode == CENTRE:
        return target - np.clip(move * turn, -band[1], band[1])
    product = (value + trial[0] * move) * (price + trial[1] * turn)
    low, high = target * band[0], target * band[1]
    return np.clip(np.clip(product, low, high) - product, -high, high)
