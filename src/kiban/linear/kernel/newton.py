"""The Newton system of the interior point on compiled sweeps (`linear/native`): one call a stage.

Everything hourly lives in the lane order of `layout`; capacities and total rows are the border. The stages free the
interpreter. Groups of lanes are shared among threads; sums are kept per group, so that the bits do not depend on them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.capacities import Border, pseudo_inverse
from kiban.linear.kernel.layout import LANES, Index, Layout
from kiban.linear.kernel.memory import RATIOS, take, take_all
from kiban.linear.kernel.stages import System, Values
from kiban.linear.kernel.structure import KernelForm
from kiban.linear.kernel.system import (
    BAND,
    BORDER,
    LEAST_SLACK,
    MAX_REFINEMENTS,
    SOFT_FREE,
    Measures,
    RightHandSide,
    Series,
    inverse_but_for,
)
from kiban.linear.native.library import Library

BRIEF_HOURS = 2_000
"""So many hours take a stage some tens of microseconds, less than it takes to let another thread run."""
DIRECTION = ("dy", "dz", "du", "dlambdas")
BORDER_PARTS = ("x", "zx", "rx", "ux", "q", "dx", "dzx", "drx", "dux", "dq")


class _Bent:
    """A column whose cost is curved: its place in the data is moved with the point."""

    def __init__(self, layout: Layout, data: Array, column: int) -> None:
        groups, steps, self._width = layout.shape[:3]
        self._hours, self._column = groups * steps, column
        self._curvature = float(layout.curvature[column])
        offset, stride = (int(value) for value in layout.column_data[5 * column])
        self._cost = np.lib.stride_tricks.as_strided(data[offset:], (self._hours, LANES), (stride * 8, 8))
        self._linear = self._cost.copy()
        # Lanes are filled up with hours that do not exist, and cost nothing.
        self._exists = (layout.hours >= 0).reshape(self._hours, LANES)

    def settle(self, y: Array) -> None:
        """The cost of one unit more at the values `y`, in lane order."""
        self._cost[:] = self._linear + self._curvature * self._values(y)

    def worth(self, y: Array) -> float:
        """What the curvature adds to the cost."""
        values = self._values(y)
        return 0.5 * self._curvature * float(np.vdot(values, values))

    def _values(self, y: Array) -> Array:
        table = y[: self._hours * self._width * LANES].reshape(self._hours, self._width, LANES)
        return np.where(self._exists, table[:, self._column], 0.0)


class Newton:
    """A point, a direction, and the factorisation that gives directions.

    `known` takes the sweeps that are compiled for the structure of the hours, where there are such; without it, those
    for any structure.
    """

    name = "kernel"

    def __init__(
        self, library: Library, form: KernelForm, layout: Layout, *, threads: int = 1, known: bool = True
    ) -> None:
        self.layout, self.border = layout, Border(form)
        self.shape = layout.shape
        # A call that lets a busy thread run waits 5 ms to return: a year may, a week must not, 700 times a plan.
        self._stages: ctypes.CDLL = library.functions if layout.hours.size > BRIEF_HOURS else library.brief
        groups, steps, width, caps, rows, local, capacities, totals = layout.shape
        self._threads = min(threads, groups)
        self._pool = ThreadPoolExecutor(self._threads) if self._threads > 1 else None
        self._shares = list(pairwise(groups * i // self._threads for i in range(self._threads + 1)))
        edge = self.border
        references, starts = _gather_references(layout)
        arrays, scratch = take_all(layout, len(edge.x), len(edge.q), references.shape[1], self._threads)
        self._arrays = arrays
        self.y, self.z, self.r, self.u, self.lambdas = (arrays[name] for name in ("y", "z", "r", "u", "lambdas"))
        # A correction that may be refused is written beside the direction that it corrects.
        self._directions = [
            {name: arrays[name] for name in DIRECTION},
            {name: take(arrays[name].size, turn) for turn, name in enumerate(DIRECTION, len(arrays))},
        ]
        for name in BORDER_PARTS:
            part = arrays[name][: getattr(edge, name).size]
            part[:] = getattr(edge, name)
            setattr(edge, name, part)
        data = take(layout.data.size, len(arrays) + len(DIRECTION))
        data[: layout.data.size] = layout.data
        values: Values = {
            "groups": groups, "steps": steps, "columns": width, "capped": caps, "rows": rows, "local": local,
            "capacities": capacities, "totals": totals, "lags": layout.lag_column.size,
            "capacity_terms": layout.capacity_row.size, "segments": layout.segments, "blocks": layout.blocks,
            "border": len(edge.x), "border_totals": len(edge.q), "shape": -1, "scratch_size": scratch,
            "reference_count": references.shape[1], "capacity_references": starts[5], "right_references": starts[6],
            "column_table": layout.columns, "references": references, "entry_start": layout.entry_start,
            "entry_row": layout.entry_row, "lag_column": layout.lag_column, "lag_start": layout.lag_start,
            "lag_row": layout.lag_row, "link_start": layout.link_start, "carry_start": layout.carry_start,
            "total_start": layout.total_start, "total_row": layout.total_row, "capacity_row": layout.capacity_row,
            "capacity_border": layout.capacity_border, "before": layout.before, "after": layout.after,
            "data": data, "soft": layout.soft, "pads": layout.pads,
            "border_cost": edge.cost, "border_slope": edge.slopes.slope,
            "border_curvature": edge.slopes.curvature, "border_lead": edge.slopes.lead,
            "border_floor": edge.floor.astype(np.float64),
            "border_bounded": edge.bounded.astype(np.float64), "border_width": edge.width, "border_soft": edge.soft,
            "e": edge.e, "q_right": edge.q_right,
            **arrays, **{f"new_{name}": arrays[name] for name in DIRECTION},
        }  # fmt: skip
        self._system = System(self._stages, values)
        # Which of the structures that the compiler knows this is; -1: read from tables.
        self.shape_number = int(self._stages.kiban_find_shape(self._system.address)) if known else -1
        self._system.put("shape", self.shape_number)
        # Row of the form at each place, and place of a column among the capped ones (-1: it has no upper bound).
        self.row_order, self.cap_places = layout.row_order, layout.columns[:width, 1]
        # Segments follow one another in time: lane after lane, group after group.
        self.used = (layout.hours >= 0).transpose(0, 2, 1).reshape(-1)
        self._bent = [_Bent(layout, data, int(v)) for v in np.flatnonzero(layout.curvature)]

    @property
    def dy(self) -> Array:
        """How values move, in lane order."""
        return self._directions[0]["dy"]

    @property
    def dz(self) -> Array:
        """How prices of lower bounds move, in lane order."""
        return self._directions[0]["dz"]

    @property
    def du(self) -> Array:
        """How prices of upper bounds move, in lane order."""
        return self._directions[0]["du"]

    @property
    def dlambdas(self) -> Array:
        """How prices of rows move, in lane order."""
        return self._directions[0]["dlambdas"]

    def unfold(self, values: Series, quantities: int) -> Series:
        """From lane order to `(quantities, steps)`."""
        groups, steps = self.shape[:2]
        table = values[: groups * steps * quantities * LANES].reshape(groups, steps, quantities, LANES)
        series = table.transpose(2, 0, 3, 1).reshape(quantities, groups * LANES * steps)
        return series if bool(self.used.all()) else series[:, self.used]

    def fold(self, series: Series) -> Series:
        """From `(quantities, steps)` to lane order; zero where there is no step."""
        groups, steps = self.shape[:2]
        quantities = len(series)
        table = series
        if not bool(self.used.all()):
            table = np.zeros((quantities, groups * LANES * steps), dtype=series.dtype)
            table[:, self.used] = series
        ordered = table.reshape(quantities, groups, LANES, steps).transpose(1, 3, 0, 2)
        return ordered.reshape(-1) if quantities else np.zeros(LANES, dtype=series.dtype)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def soften(self, free: float) -> None:
        """Give directions without a bound another proximal weight."""
        for soft in (self.layout.soft, self.border.soft):
            soft[soft == SOFT_FREE] = free

    def bytes_per_iteration(self) -> int:
        """What one iteration must move at least: data once, what it changes once in and once out."""
        names = ("y", "z", "r", "u", "lambdas", *DIRECTION, "lower", "link", "cover", "edge", "gradients", "work")
        return int(self.layout.data.nbytes + 2 * sum(self._arrays[name].nbytes for name in names))

    def masks(self) -> tuple[Array, Array]:
        """1 where an hourly variable has a lower bound, 1 where it has an upper one, in lane order."""
        return self._masks

    @cached_property
    def _masks(self) -> tuple[Array, Array]:
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

    def bend(self, y: Array) -> None:
        """What one unit more of each hourly variable costs at `y`: where costs are curved, what a direction closes."""
        for bent in self._bent:
            bent.settle(y)

    def factorise(self) -> None:
        """Factorise at the present point."""
        self.bend(self.y)
        self.border.slopes.linearise(self.border.x)
        address = self._system.address
        self._stages.kiban_carry_ends(address)
        self._sweep(self._stages.kiban_factorise)
        if not self._stages.kiban_close(address):
            # Every capacity is at a bound and no price is determined: take the smallest step that serves.
            order = len(self.border.x) + len(self.border.q)
            matrix = self._arrays["border_matrix"][: order * order].reshape(order, order)
            self._arrays["border_inverse"][: order * order] = pseudo_inverse(matrix).reshape(-1)

    def solve(self, side: RightHandSide) -> None:
        """A direction (mode `AFFINE`) or a correction added to it (`CENTRE`, `BAND`)."""
        stages, address, mode = self._stages, self._system.address, side.mode
        self._arrays["par"][:] = side.numbers()
        if mode == BAND:
            self._write_direction_to(self._directions[1])
        if self.layout.lag_column.size:
            self._sweep(stages.kiban_forward, mode, True)
        self._sweep(stages.kiban_forward, mode, False)
        stages.kiban_border(address, mode)
        self._sweep_back(mode)
        if mode == BAND:
            self._swap_directions()
        stages.kiban_move(address, mode)
        for _ in range(MAX_REFINEMENTS):
            if not stages.kiban_refine(address):
                break
            self._sweep_back(BORDER)
            stages.kiban_move(address, BORDER)

    def refuse_correction(self) -> None:
        """Return to the direction before the last correction of mode `BAND`."""
        self._swap_directions()
        self._stages.kiban_return(self._system.address)

    @property
    def residuals(self) -> Measures:
        """What the point is worth, after a solve of mode `AFFINE`."""
        measures = Measures(*(float(value) for value in self._arrays["results"][:5]))
        curved, touched = self.border.slopes.measure(self.border.x)
        bent = sum(bent.worth(self.y) for bent in self._bent)
        # The sweep counts every unit at what one more costs, twice what the curvature adds.
        measures.primal, measures.dual = measures.primal + curved - bent, measures.dual + touched - bent
        return measures

    def largest_steps(self) -> tuple[float, float, float, float, float]:
        """Primal and dual step to the boundary, and the sums from which the product along the way follows."""
        self._stages.kiban_steps(self._system.address)
        primal, dual, fall, rise, cross = (float(value) for value in self._arrays["results"][5:])
        slopes = self.border.slopes.ratio(self.border.dx)
        return primal, dual if slopes * dual < 1.0 else 1.0 / slopes, fall, rise, cross

    def steps_but_for(self, hours: int) -> tuple[float, float]:
        """Primal and dual step to the boundary of all but so many hours; of capacities in any case."""
        to_values, to_prices = self.unfold(self._arrays["ratios"], RATIOS)
        primal, dual = self.border.ratios()
        return inverse_but_for(hours, to_values, primal), inverse_but_for(hours, to_prices, dual)

    def advance(self, step_primal: float, step_dual: float, least: float = LEAST_SLACK) -> None:
        """Move along the direction; of every hourly slack and price of a bound at least the share `least` is left."""
        self.border.slopes.advance(self.border.dx, step_dual)
        self._sweep(self._stages.kiban_advance, step_primal, step_dual, least)
        self._stages.kiban_advance_border(self._system.address, step_primal, step_dual)

    def _sweep(self, stage: Callable[..., None], *arguments: float) -> None:
        """A stage over all groups of lanes."""
        if self._pool is None:
            stage(self._system.address, *arguments, 0, 0, self.shape[0])
            return
        waiting = [
            self._pool.submit(stage, self._system.address, *arguments, thread, first, end)
            for thread, (first, end) in enumerate(self._shares)
        ]
        for done in waiting:
            done.result()

    def _sweep_back(self, mode: int) -> None:
        """Back through the segments, then the last hour of each, whose rows look at the segment after."""
        self._sweep(self._stages.kiban_backward, mode, False)
        self._sweep(self._stages.kiban_backward, mode, True)

    def _write_direction_to(self, arrays: dict[str, Array]) -> None:
        for name, array in arrays.items():
            self._system.put(f"new_{name}", array)

    def _swap_directions(self) -> None:
        self._directions.reverse()
        for name, array in self._directions[0].items():
            self._system.put(name, array)
        self._write_direction_to(self._directions[0])


def _gather_references(layout: Layout) -> tuple[Index, list[int]]:
    """Offsets and strides of all data in one table, `(2, count)`, and where each kind begins."""
    _, _, width, _, rows, _, _, _ = layout.shape
    lagged = int(layout.lag_start[layout.lag_column.size])
    parts = (
        (layout.column_data, 5 * width),
        (layout.entry_data, int(layout.entry_start[width])),
        (layout.lag_data, lagged),
        (layout.lag_next, lagged),
        (layout.total_data, int(layout.total_start[width])),
        (layout.capacity_data, layout.capacity_row.size),
        (layout.right_data, rows),
    )
    table = np.concatenate([part[:count] for part, count in parts])
    starts = np.cumsum([0, *(count for _, count in parts)])
    whole = np.zeros((2, -(-len(table) // LANES) * LANES), dtype=np.int64)
    whole[:, : len(table)] = table.T
    return whole, [int(start) for start in starts]
