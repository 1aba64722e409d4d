"""The Newton system on the compiled sweeps: memory, tables, and one call a stage.

Everything hourly lives in the lane order of `layout`; capacities and total rows are the border. Python lays the memory
out and calls the stages (`linear/native`), which free the interpreter; groups of lanes may be shared among threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.capacities import Border, RightHandSide
from kiban.linear.kernel.layout import LANES, Layout
from kiban.linear.kernel.newton import Measures
from kiban.linear.kernel.structure import KernelForm
from kiban.linear.kernel.sweep import AFFINE, BAND, BORDER, MEASURES

MAX_REFINEMENTS: Final = 2
ALIGNMENT: Final = 64


def _memory(numbers: int) -> Array:
    """Zeros that begin at a cache line."""
    numbers = max(numbers, LANES)
    raw = np.zeros(numbers + ALIGNMENT // 8)
    start = -raw.ctypes.data % ALIGNMENT // 8
    return raw[start : start + numbers]


class NativeNewton:
    """A point, a direction, and the factorisation that gives directions."""

    def __init__(self, library: Any, form: KernelForm, layout: Layout, *, threads: int = 1, shape: int | None = None) -> None:
        self.layout, self.border, self._library = layout, Border(form), library
        self.threads = min(threads, layout.shape[0])
        self.pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        groups, steps, width, caps, rows, local, capacities, totals = layout.shape
        self.shape = layout.shape
        states, over, hours, lags = rows - local, capacities + totals, groups * steps, int(layout.lag_column.size)
        edge = self.border
        size, carried, order = len(edge.x), int(layout.carry_start[-1]), layout.segments * states
        width_of = {"y": width, "z": width, "r": caps, "u": caps, "lambdas": rows}
        sizes = {
            **{name: hours * n * LANES for name, n in width_of.items()},
            "dy": hours * width * LANES, "dz": hours * width * LANES,
            "du": hours * caps * LANES, "dlambdas": hours * rows * LANES,
            "gradients": hours * width * LANES, "work": hours * rows * LANES,
            "lower": hours * rows * (rows + 1) // 2 * LANES, "link": hours * states * states * LANES,
            "cover": hours * rows * over * LANES, "edge": hours * states * states * LANES,
            "tails": groups * carried * LANES,
            "square": groups * over * (over + 1) // 2 * LANES, "edges": groups * states * states * LANES,
            "edge_cover": groups * states * over * LANES, "capacity_sum": groups * capacities * LANES,
            "mixed_sum": groups * totals * capacities * LANES, "total_sum": groups * totals * totals * LANES,
            "last": groups * states * states * LANES, "last_cover": groups * states * over * LANES,
            "last_edge": groups * states * states * LANES, "last_diagonal": groups * states * LANES,
            "measures": groups * MEASURES * LANES,
            "capacity_pull": groups * capacities * LANES, "capacity_paid": groups * capacities * LANES,
            "total_pull": groups * totals * LANES, "total_level": groups * totals * LANES,
            "swept": groups * over * LANES, "edge_right": groups * states * LANES, "last_right": groups * states * LANES,
            "capacity_check": groups * capacities * LANES, "total_check": groups * totals * LANES,
            "separator": layout.blocks * order * order, "screen": layout.blocks * order * over,
            "ends": layout.blocks * order, "separators": groups * states * LANES,
            "matrix": over * over, "right": over, "solution": over,
            "block_scratch": order * order, "size_scratch": order, "par": LANES,
            "kept": 4 * size + totals, "part_dx": size, "part_dq": totals,
            "border_matrix": (size + totals) ** 2, "border_inverse": (size + totals) ** 2,
            "border_scale": size + totals, "floor_product": size, "room_product": size,
            "open_x": size, "open_q": totals, "residual_x": size, "residual_q": totals, "residual_room": size,
            "border_scratch": (size + totals) * (size + totals + 4), "results": 10,
            "x": size, "zx": size, "rx": size, "ux": size, "q": totals,
            "dx": size, "dzx": size, "drx": size, "dux": size, "dq": totals,
        }  # fmt: skip
        blocks = rows * rows + 5 * rows + 4 * states * states
        scratch = 400 + max(blocks + 2 * carried, 7 * rows + 2 * states + 2 * width) * LANES
        sizes["scratch"] = scratch * self.threads
        self.arrays: dict[str, Array] = {name: _memory(count) for name, count in sizes.items()}
        a = self.arrays
        self._spare = {name: _memory(sizes[name]) for name in ("dy", "dz", "du", "dlambdas")}
        self.y, self.z, self.r, self.u, self.lambdas = (a[name] for name in width_of)
        self.results = a["results"]
        for name in ("x", "zx", "rx", "ux", "q", "dx", "dzx", "drx", "dux", "dq"):
            view = a[name][: totals if name in {"q", "dq"} else size]
            view[:] = getattr(edge, name)
            setattr(edge, name, view)
        data = _memory(layout.data.size)
        data[: layout.data.size] = layout.data
        table = layout.columns.copy()
        counts = (
            5 * width, int(layout.entry_start[width]), int(layout.lag_start[lags]), int(layout.lag_start[lags]),
            int(layout.total_start[width]), int(layout.capacity_row.size), rows,
        )  # fmt: skip
        parts = (layout.column_data, layout.entry_data, layout.lag_data, layout.lag_next, layout.total_data,
                 layout.capacity_data, layout.right_data)
        references = np.concatenate([part[:count] for part, count in zip(parts, counts, strict=True)])
        starts = np.cumsum([0, *counts])
        padding = -len(references) % LANES
        references = np.concatenate([references, np.zeros((padding, 2), dtype=np.int64)])
        given: dict[str, Array] = {
            "data": data, "soft": layout.soft, "pads": layout.pads,
            "border_cost": edge.cost, "border_floor": edge.floor.astype(np.float64),
            "border_bounded": edge.bounded.astype(np.float64), "border_width": edge.width, "border_soft": edge.soft,
            "e": edge.e, "q_right": edge.q_right,
        }  # fmt: skip
        tables = {
            "column_table": table, "entry_start": layout.entry_start, "entry_row": layout.entry_row,
            "lag_column": layout.lag_column, "lag_start": layout.lag_start, "lag_row": layout.lag_row,
            "carry_start": layout.carry_start, "total_start": layout.total_start, "total_row": layout.total_row,
            "capacity_row": layout.capacity_row, "capacity_border": layout.capacity_border,
            "before": layout.before, "after": layout.after, "references": references.T,
        }  # fmt: skip
        numbers = {
            "groups": groups, "steps": steps, "columns": width, "capped": caps, "rows": rows, "local": local,
            "capacities": capacities, "totals": totals, "lags": lags, "capacity_terms": int(layout.capacity_row.size),
            "segments": layout.segments, "blocks": layout.blocks, "border": size,
            "shape": -1 if shape is None else shape, "scratch_size": scratch,
            "reference_count": len(references), "capacity_references": int(starts[5]), "right_references": int(starts[6]),
        }  # fmt: skip
        self._fields = library.kiban_fields().decode().split()
        self._place = {name: i for i, name in enumerate(self._fields)}
        self._held = {**self.arrays, **{k: np.ascontiguousarray(v) for k, v in given.items()},
                      **{k: np.ascontiguousarray(v, dtype=np.int64) for k, v in tables.items()}}  # fmt: skip
        values = {**numbers, **{name: array.ctypes.data for name, array in self._held.items()}}
        values |= {f"new_{name}": values[name] for name in self._spare}
        self._system = np.array([values[name] for name in self._fields], dtype=np.int64)
        self._address = self._system.ctypes.data
        self._directions = [{name: a[name] for name in self._spare}, self._spare]
        cuts = [groups * i // self.threads for i in range(self.threads + 1)]
        self.shares = list(pairwise(cuts))

    @property
    def dy(self) -> Array:
        return self._directions[0]["dy"]

    @property
    def dz(self) -> Array:
        return self._directions[0]["dz"]

    @property
    def du(self) -> Array:
        return self._directions[0]["du"]

    @property
    def dlambdas(self) -> Array:
        return self._directions[0]["dlambdas"]

    def close(self) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()

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

    def _share(self, work: Callable[..., None], *arguments: int) -> None:
        if self.pool is None:
            work(self._address, *arguments, 0, 0, self.shape[0])
            return
        waiting = [
            self.pool.submit(work, self._address, *arguments, i, first, last)
            for i, (first, last) in enumerate(self.shares)
        ]
        for done in waiting:
            done.result()

    def _point_directions(self, mode: int) -> None:
        """Say where the direction is and where the next one is written."""
        old, new = self._directions[0], self._directions[1 if mode == BAND else 0]
        for name in self._spare:
            self._system[self._place[name]] = old[name].ctypes.data
            self._system[self._place[f"new_{name}"]] = new[name].ctypes.data

    def refuse_correction(self) -> None:
        """Return to the direction before the last correction of mode `BAND`."""
        self._directions.reverse()
        self._point_directions(AFFINE)
        self._library.kiban_return(self._address)

    def factorise(self) -> None:
        """Factorise at the present point."""
        self._library.kiban_carry_ends(self._address)
        self._share(self._library.kiban_factorise)
        if not self._library.kiban_close(self._address):
            raise NotImplementedError

    def solve(self, side: RightHandSide) -> None:
        """A direction (mode `AFFINE`) or a correction added to it (`CENTRE`, `BAND`)."""
        library, mode = self._library, side.mode
        self.arrays["par"][:] = side.numbers()
        self._point_directions(mode)
        for ends in (1, 0) if self.layout.lag_column.size else (0,):
            self._share(library.kiban_forward, mode, ends)
        library.kiban_border(self._address, mode)
        self._back(mode)
        if mode == BAND:
            self._directions.reverse()
            self._point_directions(AFFINE)
        library.kiban_move(self._address, mode)
        for _ in range(MAX_REFINEMENTS):
            if not library.kiban_refine(self._address):
                break
            self._back(BORDER)
            library.kiban_move(self._address, BORDER)

    def _back(self, mode: int) -> None:
        for ends in (0, 1):
            self._share(self._library.kiban_backward, mode, ends)

    @property
    def residuals(self) -> Measures:
        return Measures(*(float(v) for v in self.results[:5]))

    def largest_steps(self) -> tuple[float, float, float, float, float]:
        """Primal and dual step to the boundary, and the sums from which the product along the way follows."""
        self._library.kiban_steps(self._address)
        return tuple(float(v) for v in self.results[5:10])

    def advance(self, step_primal: float, step_dual: float) -> None:
        """Move along the direction."""
        self._library.kiban_advance(self._address, step_primal, step_dual, 0, self.shape[0])
        self._library.kiban_advance_border(self._address, step_primal, step_dual)
