"""The Newton system of the interior point: memory, factorisation, directions and steps.

Everything hourly lives in the lane order of `layout`; capacities and total rows are the border
(`capacities`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.backward import advance, backward
from kiban.linear.kernel.border import close, gather_right, spread_ends
from kiban.linear.kernel.capacities import Border
from kiban.linear.kernel.factor import carry_ends, factorise
from kiban.linear.kernel.layout import LANES, Layout
from kiban.linear.kernel.structure import KernelForm
from kiban.linear.kernel.sweep import MEASURES, forward
from kiban.linear.kernel.system import AFFINE, BAND, BORDER, MAX_REFINEMENTS, Measures, RightHandSide


class Newton:
    """A point, a direction, and the factorisation that gives directions."""

    def __init__(self, form: KernelForm, layout: Layout, *, threads: int = 1) -> None:
        self.layout, self.border = layout, Border(form)
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
        self.measures = memory(groups * MEASURES)
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
        # Row of the form at each place, and place of a column among the capped ones (-1: it has no upper bound).
        self.row_order, self.cap_places = t.row_order, t.columns[:width, 1]
        # Segments follow one another in time: lane after lane, group after group.
        self.used = (t.hours >= 0).transpose(0, 2, 1).reshape(-1)

    def unfold(self, values: Array, quantities: int) -> Array:
        """From lane order to `(quantities, steps)`."""
        groups, steps = self.shape[:2]
        table = values[: groups * steps * quantities * LANES].reshape(groups, steps, quantities, LANES)
        series = table.transpose(2, 0, 3, 1).reshape(quantities, groups * LANES * steps)
        return series if bool(self.used.all()) else series[:, self.used]

    def fold(self, series: Array) -> Array:
        """From `(quantities, steps)` to lane order; zero where there is no step."""
        groups, steps = self.shape[:2]
        quantities = len(series)
        table = np.zeros((quantities, groups * LANES * steps))
        table[:, self.used] = series
        ordered = table.reshape(quantities, groups, LANES, steps).transpose(1, 3, 0, 2)
        return ordered.reshape(-1) if quantities else np.zeros(LANES)

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

    def count_pairs(self) -> int:
        """Number of complementarity products."""
        floor, bounded = self.masks()
        return int(floor.sum() + bounded.sum()) + self.border.pairs

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
        self.border.return_to_kept()

    def factorise(self) -> None:
        """Factorise at the present point."""
        layout, shape = self.layout, self.shape
        state = self.state[:4]
        carry_ends(shape, self.factor_tables, layout.data, layout.soft, state, self.tails)
        self._share(
            lambda i, first, last: factorise(
                shape, self.factor_tables, self.lag, self.capacity_terms, layout.data, layout.soft, state, self.tails,
                layout.pads, self.factors, self.factor_sums, self.factor_scratch[i], first, last,
            )
        )  # fmt: skip
        close(
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
        self.border.factorise(self.matrix, shape[6])

    def solve(self, side: RightHandSide) -> None:
        """A direction (mode `AFFINE`) or a correction added to it (`CENTRE`, `BAND`)."""
        layout, shape, mode, edge = self.layout, self.shape, side.mode, self.border
        capacities, totals = shape[6], shape[7]
        par = side.numbers()
        self._to_lanes(self.x_lanes, edge.x[:capacities])
        self._to_lanes(self.dx_lanes, edge.dx[:capacities])
        self._to_lanes(self.total_lanes, edge.q)
        border = (self.x_lanes, self.dx_lanes, self.total_lanes)
        arguments: Any = (layout.data, layout.soft, self.state, self.direction, self.gradients)
        lag = (layout.lag_column, layout.lag_data)
        for ends in (True, False) if layout.lag_column.size else (False,):
            self._share(
                lambda i, first, last, ends=ends: forward(  # type: ignore[misc, call-arg]
                    mode, shape, self.tables, lag, self.capacity_terms, layout.right_data, *arguments, self.work,
                    self.factors, (layout.before, layout.after), layout.pads, border, par, self.sums,
                    self.sweep_scratch[i], ends, first, last,
                )
            )  # fmt: skip
        gather_right(
            shape, layout.blocks, layout.segments, self.sums, self.separator, self.screen, self.ends, self.right
        )
        if mode == AFFINE and side.keep == 1.0:
            self._measure()
        right, q_right, products = edge.right(side)
        swept, q_swept = right.copy(), q_right - self.right[capacities:]
        swept[:capacities] += self.right[:capacities]
        dx, dq = edge.solve(swept, q_swept)
        if mode == BAND:
            edge.keep_direction()
            self._back(mode, dx, dq, arguments, self.spare, par)
            self._swap_direction()
            arguments = (layout.data, layout.soft, self.state, self.direction, self.gradients)
        else:
            self._back(mode, dx, dq, arguments, self.direction, par)
        edge.move(side, dx, dq, products)
        for _ in range(MAX_REFINEMENTS):
            right = right - edge.stiffness() * dx + edge.e.T @ dq
            right[:capacities] += self._sum_lanes(self.checks[0], capacities)
            q_right = q_right - edge.e @ dx - self._sum_lanes(self.checks[1], totals)
            if not edge.needs_refinement(right, q_right):
                break
            dx, dq = edge.solve(right, q_right)
            self.ends[:] = 0.0
            self._back(BORDER, dx, dq, arguments, self.direction, par)
            edge.move(side, dx, dq)

    def _back(self, mode: int, dx: Array, dq: Array, arguments: Any, result: tuple[Array, ...], par: Array) -> None:
        layout, shape = self.layout, self.shape
        capacities = shape[6]
        self._to_lanes(self.part_lanes, dx[:capacities])
        self._to_lanes(self.total_part_lanes, dq)
        solution = np.concatenate([dx[:capacities], dq])
        self._to_lanes(self.solution_lanes, solution)
        self._to_lanes(self.dx_lanes, self.border.dx[:capacities])
        spread_ends(
            shape, layout.blocks, layout.segments, self.separator, self.screen, self.ends, solution, self.separators
        )
        border_parts = (self.x_lanes, self.dx_lanes, self.total_lanes, self.part_lanes, self.total_part_lanes)
        for ends in (False, True):
            self._share(
                lambda i, first, last, ends=ends: backward(  # type: ignore[misc, call-arg]
                    mode, shape, self.tables, *arguments, result, self.work, self.factors, layout.before, border_parts,
                    self.separators, self.solution_lanes, par, self.measures, self.capacity_terms, self.checks,
                    layout.after, layout.pads, self.row_scratch[i], ends, first, last,
                )
            )  # fmt: skip

    def _measure(self) -> None:
        groups, border = self.shape[0], self.border
        table = self.measures.reshape(groups, MEASURES, LANES)
        cost, worth, width, product = table[:, :4].sum(axis=(0, 2))
        primal_residual, dual_residual = table[:, 4:].max(axis=(0, 2))
        paid = np.zeros(border.x.size)
        paid[: self.shape[6]] = self._sum_lanes(self.sums[2], self.shape[6])
        border.measure(paid, self._sum_lanes(self.sums[4], self.shape[7]))
        self.residuals = Measures(
            primal=float(cost + border.cost @ border.x),
            dual=float(worth - width + border.q_right @ border.q - border.ux @ border.width),
            primal_residual=max(float(primal_residual), border.primal_residual),
            dual_residual=max(float(dual_residual), border.dual_residual),
            product=float(product) + border.product,
        )

    def _sum_lanes(self, values: Array, quantities: int) -> Array:
        used = values[: self.shape[0] * quantities * LANES].reshape(self.shape[0], quantities, LANES)
        total: Array = used.sum(axis=(0, 2))
        return total

    @staticmethod
    def _to_lanes(target: Array, values: Array) -> None:
        if values.size:
            target.reshape(-1, LANES)[:] = values[:, None]

    def largest_steps(self) -> tuple[float, float, float, float, float]:
        """Primal and dual step to the boundary, and the sums from which the product along the way follows."""
        table = self.measures.reshape(self.shape[0], MEASURES, LANES)
        primal, dual = table[:, :2].max(axis=(0, 2))
        fall, rise, cross = table[:, 2:5].sum(axis=(0, 2))
        to_primal, to_dual = self.border.ratios()
        border_fall, border_rise, border_cross = self.border.products_ahead()
        primal, dual = max(float(primal), to_primal, 1e-30), max(float(dual), to_dual, 1e-30)
        return (
            1.0 / primal,
            1.0 / dual,
            float(fall) + border_fall,
            float(rise) + border_rise,
            float(cross) + border_cross,
        )

    def advance(self, step_primal: float, step_dual: float) -> None:
        """Move along the direction."""
        self._to_lanes(self.x_lanes, self.border.x[: self.shape[6]])
        self._to_lanes(self.dx_lanes, self.border.dx[: self.shape[6]])
        border = (self.x_lanes, self.dx_lanes)
        self._share(
            lambda i, first, last: advance(
                self.shape, self.tables, self.layout.data, self.state, self.direction, border, step_primal,
                step_dual, first, last,
            )
        )  # fmt: skip
        self.border.advance(step_primal, step_dual)
