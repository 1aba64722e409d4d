"""The kernel's arrays: the horizon cut into segments, eight of them side by side, and index tables.

Each block of the horizon (a weather year) is cut into equal segments. Eight segments form a group and
are worked on together, one per lane: the element of step `j`, quantity `q` and lane `l` of group `g`
stands at `((g * J + j) * quantities + q) * LANES + l`. A segment one step shorter than the others
begins with a step in which nothing exists.

Data that are the same in every step are stored once: each datum has an offset and a stride, and the
stride of a constant is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.kernel.structure import KernelForm, split_rows, step_after
from kiban.linear.kernel.system import SOFT, SOFT_FREE

Index = npt.NDArray[np.int64]

LANES: Final = 8
# Fewer steps than this to a segment cost more at its ends than they save.
LEAST_SEGMENT: Final = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, as the compiled sweeps read it.

    `shape` holds groups, segment steps, columns, capped columns, rows, local rows, and the capacities and
    totals that the hours know. `hours` maps `(group, step, lane)` to a step of the horizon (-1: nothing).
    Tables of references into `data` have two columns, offset and stride.
    """

    shape: tuple[int, int, int, int, int, int, int, int]
    segments: int
    blocks: int
    hours: Index
    row_order: Index
    capped: Index
    before: Index
    after: Index
    pads: Array
    data: Array
    soft: Array
    columns: Index
    column_data: Index
    entry_start: Index
    entry_row: Index
    entry_data: Index
    lag_column: Index
    lag_start: Index
    lag_row: Index
    link_start: Index
    lag_data: Index
    lag_next: Index
    carry_start: Index
    total_start: Index
    total_row: Index
    total_data: Index
    capacity_row: Index
    capacity_border: Index
    capacity_data: Index
    right_data: Index
    curvature: Array
    """Of each scaled column. A curved column's cost stands in `data` hour by hour, since it moves with the point."""


class _Store:
    """Collects data: constants once, series per step in lane order."""

    def __init__(self, hours: Index) -> None:
        self._hours = hours
        self._full = bool((hours >= 0).all())
        self._constants: dict[float, int] = {}
        self._series: list[Array] = []
        self._pending: list[tuple[int, bool]] = []

    def add(self, values: Array, *, moves: bool = False) -> int:
        """A handle for `values`, resolved by `resolve` once everything is known; what `moves` has a place each hour."""
        first = float(values[0])
        if not moves and (self._full or first == 0.0) and (values == first).all():
            self._pending.append((self._constants.setdefault(first, len(self._constants)), False))
        else:
            self._pending.append((len(self._series), True))
            self._series.append(values)
        return len(self._pending) - 1

    def data(self) -> Array:
        """Constants, then series, step by step."""
        groups, steps, lanes = self._hours.shape
        constants = np.repeat(np.array([*self._constants], dtype=np.float64), lanes)
        series = np.zeros((groups, steps, len(self._series), lanes))
        for position, values in enumerate(self._series):
            series[:, :, position, :] = values[self._hours]
            if not self._full:
                series[:, :, position, :][self._hours < 0] = 0.0
        return np.concatenate([constants, series.reshape(-1)])

    def resolve(self, handles: list[int]) -> Index:
        """Offsets and strides in units of one float."""
        table = np.zeros((max(len(handles), 1), 2), dtype=np.int64)
        for row, handle in enumerate(handles):
            position, varies = self._pending[handle]
            offset = position + (len(self._constants) if varies else 0)
            table[row] = (offset * LANES, len(self._series) * LANES if varies else 0)
        return table


def lay_out(form: KernelForm, segments: int | None = None) -> Layout:
    """Arrange a scaled form; `segments` per block are chosen by the length of a block if not given."""
    block = form.block_steps
    blocks = form.steps // block
    if segments is None:
        segments = int(np.clip(block // LEAST_SEGMENT, 1, LANES))
    length = -(-block // segments)
    hours, before, after, pads = _cut(blocks, block, segments, length)
    store = _Store(hours)

    local, states = split_rows(form)
    order = np.array([*local, *states], dtype=np.int64)
    place = np.empty(max(len(form.rows), 1), dtype=np.int64)
    place[order] = np.arange(order.size)
    right_scale, cost_scale = form.right_scale, form.cost_scale

    columns = np.full((max(len(form.columns), 1), 4), -1, dtype=np.int64)
    capped: list[int] = []
    handles: list[int] = []
    soft, curvature = np.full(max(len(form.columns), 1), SOFT), form.curvatures
    for v, column in enumerate(form.columns):
        bounded = np.isfinite(column.width)
        has_upper = bool(bounded.any())
        floor = np.where(column.free, 0.0, 1.0)
        if (column.free & ~bounded & ~column.fixed).any():
            soft[v] = SOFT_FREE
        # A curvature stands on the diagonal beside what keeps a direction from being infinitely soft.
        soft[v] += curvature[v]
        columns[v, 0] = 1 if floor.any() else 0
        columns[v, 1] = len(capped) if has_upper else -1
        columns[v, 2] = column.capacity if has_upper else -1
        if has_upper:
            capped.append(v)
        unit = column.scale * right_scale
        border_unit = form.border[column.capacity].scale * right_scale if column.capacity >= 0 else 0.0
        handles.append(store.add(column.cost * (column.scale / cost_scale), moves=column.curvature > 0.0))
        handles.append(store.add(floor))
        handles.append(store.add(np.where(bounded, 1.0, 0.0)))
        handles.append(store.add(np.where(bounded, column.width, 0.0) / unit))
        handles.append(store.add(np.where(bounded, column.factor, 0.0) * (border_unit / unit)))

    entry_start, entry_row, entry_handles = [0], [], []
    by_column: list[list[tuple[int, Array]]] = [[] for _ in form.columns]
    lag_of: dict[int, list[tuple[int, Array]]] = {}
    for r, row in enumerate(form.rows):
        for v, value in row.terms.items():
            by_column[v].append((int(place[r]), value * (row.scale * form.columns[v].scale)))
        for v, value in row.lagged.items():
            lag_of.setdefault(v, []).append((int(place[r]), value * (row.scale * form.columns[v].scale)))
    for entries in by_column:
        for where, value in sorted(entries, key=lambda entry: entry[0]):
            entry_row.append(where)
            entry_handles.append(store.add(value))
        entry_start.append(len(entry_row))

    lag_column: list[int] = []
    lag_start, lag_row, lag_handles, next_handles = [0], [], [], []
    for v in sorted(lag_of):
        columns[v, 3] = len(lag_column)
        lag_column.append(v)
        for where, value in sorted(lag_of[v], key=lambda entry: entry[0]):
            lag_row.append(where)
            lag_handles.append(store.add(value))
            constant = bool((value == value[0]).all())
            next_handles.append(store.add(value if constant else step_after(value, block)))
        lag_start.append(len(lag_row))

    # The first state of the step before that each state's row is linked to, by a variable that it looks back at.
    link_start = np.full(max(len(states), 1), len(states), dtype=np.int64)
    for v, entries in lag_of.items():
        met = [where - len(local) for where, _ in by_column[v]]
        for where, _ in entries:
            link_start[where - len(local)] = min([link_start[where - len(local)], *met])

    total_start, total_row, total_handles = [0], [], []
    for v in range(len(form.columns)):
        for q, total in enumerate(form.totals):
            if v in total.terms:
                total_row.append(q)
                total_handles.append(store.add(total.terms[v] * (total.scale * form.columns[v].scale)))
        total_start.append(len(total_row))

    capacity_row, capacity_border, capacity_handles = [], [], []
    right_handles: list[int] = []
    for r in order:
        row = form.rows[r]
        right_handles.append(store.add(row.right * (row.scale / right_scale)))
        for k, value in row.capacities.items():
            capacity_row.append(int(place[r]))
            capacity_border.append(k)
            capacity_handles.append(store.add(value * (row.scale * form.border[k].scale)))

    carry_start = [0]
    for v in lag_column:
        entries_of, totals_of = entry_start[v + 1] - entry_start[v], total_start[v + 1] - total_start[v]
        carry_start.append(carry_start[-1] + 2 + entries_of + totals_of)

    def integers(values: list[int]) -> Index:
        return np.array(values or [0], dtype=np.int64)

    groups = hours.shape[0]
    return Layout(
        shape=(
            groups,
            length,
            len(form.columns),
            len(capped),
            len(form.rows),
            len(local),
            form.capacities,
            form.hourly_totals,
        ),
        segments=segments,
        blocks=blocks,
        hours=hours,
        row_order=order,
        capped=np.array(capped, dtype=np.int64),
        before=before,
        after=after,
        pads=pads,
        data=store.data(),
        soft=soft,
        columns=columns,
        column_data=store.resolve(handles),
        entry_start=integers(entry_start),
        entry_row=integers(entry_row),
        entry_data=store.resolve(entry_handles),
        lag_column=np.array(lag_column, dtype=np.int64),
        lag_start=integers(lag_start),
        lag_row=integers(lag_row),
        link_start=link_start,
        lag_data=store.resolve(lag_handles),
        lag_next=store.resolve(next_handles),
        carry_start=integers(carry_start),
        total_start=integers(total_start),
        total_row=integers(total_row),
        total_data=store.resolve(total_handles),
        capacity_row=np.array(capacity_row, dtype=np.int64),
        capacity_border=np.array(capacity_border, dtype=np.int64),
        capacity_data=store.resolve(capacity_handles),
        right_data=store.resolve(right_handles),
        curvature=curvature,
    )


def _cut(blocks: int, block: int, segments: int, length: int) -> tuple[Index, Index, Index, Array]:
    """Steps of every group, step and lane; the segment before and after each; 1 where a lane begins empty."""
    count = blocks * segments
    groups = -(-count // LANES)
    short = segments * length - block
    lengths = np.full(segments, length)
    lengths[:short] -= 1
    ends = np.cumsum(lengths)
    hours = np.full((groups * LANES, length), -1, dtype=np.int64)
    pads = np.zeros(groups * LANES)
    before = np.arange(groups * LANES)
    after = np.arange(groups * LANES)
    for year in range(blocks):
        for i in range(segments):
            s = year * segments + i
            steps = year * block + np.arange(ends[i] - lengths[i], ends[i])
            hours[s, length - lengths[i] :] = steps
            pads[s] = length - lengths[i]
            before[s] = year * segments + (i - 1) % segments
            after[s] = year * segments + (i + 1) % segments
    arranged = np.ascontiguousarray(hours.reshape(groups, LANES, length).transpose(0, 2, 1))
    return arranged, before, after, pads
