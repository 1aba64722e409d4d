"""A staircase programme brought to the kernel's own form: equal rows, shifted and scaled variables.

    minimise    sum_k (cost_k x_k + curve_k(x_k)) + sum_v sum_t (cost_v[t] y_v[t] + curvature_v / 2 y_v[t]^2)
    subject to  sum_v a_v[t] y_v[t] + sum_v b_v[t] y_v[t-1] + sum_k c_k[t] x_k = right[t]      hourly rows
                0 <= y_v[t] <= width_v[t] + factor_v[t] x_k, where the bounds exist              hourly variables
                sum_v sum_t d_v[t] y_v[t] + sum_k e_k x_k = right                                total rows
                0 <= x_k <= width_k, where the bounds exist                                      capacities

Every inequality gets a slack, every variable is counted from its bound, what is fixed moves to the
right-hand side. One scale per kind of row and per kind of variable keeps constant coefficients
constant. `restore` brings a point and its prices back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.curves import CostCurve
from kiban.linear.staircase import Staircase

Mask = npt.NDArray[np.bool_]

# A bound may cross its partner by so much, relative to its size, before it counts as a contradiction.
ROUNDING: Final = 1e-9
SCALING_PASSES: Final = 4
# Coefficients of a kind below this share of its largest do not count for its scale (dawn of a solar year).
LEAST_SHARE: Final = 1e-3


class ContradictionError(Exception):
    """A bound or a row that no point can meet, found before any iteration."""


@dataclass(slots=True)
class Column:
    """An hourly variable or an hourly slack: `y = origin + sign * scale * value`, all arrays `(steps,)`.

    `cost` is that of one unit more at the origin; `curvature` by how much it rises with each unit from there.
    """

    cost: Array
    width: Array
    free: Mask
    fixed: Mask
    origin: Array
    sign: Array
    capacity: int
    factor: Array
    scale: float = 1.0
    curvature: float = 0.0


@dataclass(slots=True)
class Row:
    """An hourly row; `terms` by column, `lagged` by the column of the step before, `capacities` by capacity."""

    right: Array
    terms: dict[int, Array] = field(default_factory=dict)
    lagged: dict[int, Array] = field(default_factory=dict)
    capacities: dict[int, Array] = field(default_factory=dict)
    scale: float = 1.0


@dataclass(slots=True)
class Total:
    """A total row; `terms` by column, `capacities` by border column."""

    right: float
    terms: dict[int, Array] = field(default_factory=dict)
    capacities: dict[int, float] = field(default_factory=dict)
    scale: float = 1.0


@dataclass(slots=True)
class BorderColumn:
    """A capacity or the slack of a total row: `x = origin + sign * scale * value`; `curve` is one of `x` itself."""

    cost: float
    width: float
    free: bool
    origin: float
    sign: float
    scale: float = 1.0
    curve: CostCurve | None = None


@dataclass(slots=True)
class KernelForm:
    """The programme in the kernel's form; the first `capacities` of `border` are those that the hours know.

    What stands in total rows alone follows, capacities first and then the slacks of these rows: no sweep carries it.
    `absorbed` are rows that became the upper bound of a column: the column, and its coefficient in the row.
    """

    steps: int
    block_steps: int
    columns: list[Column]
    rows: list[Row]
    totals: list[Total]
    border: list[BorderColumn]
    capacities: int
    column_of: dict[str, int]
    row_of: dict[str, int]
    total_of: dict[str, int]
    border_of: dict[str, int]
    held: dict[str, float]
    absorbed: dict[str, tuple[int, Array]]
    cost_scale: float = 1.0
    right_scale: float = 1.0

    @property
    def curvatures(self) -> Array:
        """Curvatures of the scaled columns, `(columns,)`."""
        unit = self.right_scale / self.cost_scale
        return np.array([column.curvature * column.scale * column.scale * unit for column in self.columns])

    @property
    def hourly_totals(self) -> int:
        """How many total rows hold an hourly variable; they come first."""
        return sum(bool(total.terms) for total in self.totals)


def read_form(programme: Staircase) -> KernelForm:
    """Bring a programme to the kernel's form, unscaled; raises `ContradictionError` where no point can exist."""
    steps = programme.steps
    border, border_of, held = _read_capacities(programme)
    columns: list[Column] = []
    column_of: dict[str, int] = {}
    absorbed: dict[str, tuple[int, Array]] = {}
    bounding = _find_bounding_rows(programme, held)
    for variable in programme.variables.values():
        column_of[variable.name] = len(columns)
        upper, capacity = variable.upper, variable.capacity
        position = -1
        factor = np.zeros(steps)
        if variable.name in bounding:
            row = programme.rows[bounding[variable.name]]
            coefficient = row.terms[0].coefficient
            absorbed[row.name] = (len(columns), coefficient)
            upper = np.where(coefficient > 0.0, row.upper, row.lower) / coefficient
            (name, value) = row.capacities[0]
            position = border_of[name]
            upper = upper - value / coefficient * border[position].origin
            factor = -value / coefficient * border[position].sign
        if capacity is not None and capacity in held:
            upper = upper + variable.factor * held[capacity]
        elif capacity is not None:
            position = border_of[capacity]
            bound = border[position]
            upper = upper + variable.factor * bound.origin
            factor = variable.factor * bound.sign
        column = _bounded_column(variable.name, variable.cost, variable.lower, upper, position, factor)
        column.cost = column.cost + variable.curvature * column.origin * column.sign
        column.curvature = variable.curvature
        columns.append(column)

    form = KernelForm(
        steps,
        programme.block_steps,
        columns,
        [],
        [],
        border,
        sum(name in border_of for name in _find_hourly_capacities(programme)),
        column_of,
        {},
        {},
        border_of,
        held,
        absorbed,
    )
    every = np.arange(steps)
    first = every % programme.block_steps == 0
    for name in programme.rows:
        if name not in absorbed:
            _read_row(form, programme, name, first)
    for name in programme.totals:
        _read_total(form, programme, name)
    # Those that hold an hourly variable first: no sweep carries the others.
    order = sorted(range(len(form.totals)), key=lambda place: not form.totals[place].terms)
    form.totals = [form.totals[place] for place in order]
    form.total_of = {name: order.index(place) for name, place in form.total_of.items()}
    return form


def _find_bounding_rows(programme: Staircase, held: dict[str, float]) -> dict[str, str]:
    """Rows that are but a variable's one upper bound, moved by a capacity: they need neither a slack nor a row."""
    found: dict[str, str] = {}
    for row in programme.rows.values():
        if len(row.terms) != 1 or row.terms[0].lagged or len(row.capacities) != 1:
            continue
        variable, coefficient = programme.variables[row.terms[0].variable], row.terms[0].coefficient
        capacity, moves = row.capacities[0]
        above = bool((coefficient > 0.0).all() and np.isneginf(row.lower).all() and np.isfinite(row.upper).all())
        below = bool((coefficient < 0.0).all() and np.isposinf(row.upper).all() and np.isfinite(row.lower).all())
        alone = variable.capacity is None and np.isposinf(variable.upper).all() and np.isfinite(variable.lower).all()
        bounds = capacity not in held and bool((moves != 0.0).all())
        if (above or below) and alone and bounds and variable.name not in found:
            found[variable.name] = row.name
    return found


def _read_capacities(programme: Staircase) -> tuple[list[BorderColumn], dict[str, int], dict[str, float]]:
    border: list[BorderColumn] = []
    border_of: dict[str, int] = {}
    held: dict[str, float] = {}
    hourly = _find_hourly_capacities(programme)
    for capacity in sorted(programme.capacities.values(), key=lambda capacity: capacity.name not in hourly):
        lower, upper = capacity.lower, capacity.upper
        if np.isfinite(lower) and upper - lower <= ROUNDING * ROUNDING * (1.0 + abs(lower)):
            if upper - lower < -ROUNDING * (1.0 + abs(lower)):
                raise ContradictionError(capacity.name)
            held[capacity.name] = min(lower, upper)
            continue
        border_of[capacity.name] = len(border)
        border.append(_bounded_border(capacity.cost, lower, upper))
        border[-1].curve = capacity.curve
    return border, border_of, held


def _find_hourly_capacities(programme: Staircase) -> set[str]:
    """Capacities that bound an hourly variable or stand in an hourly row."""
    found = {variable.capacity for variable in programme.variables.values() if variable.capacity is not None}
    return found.union(name for row in programme.rows.values() for name, _ in row.capacities)


def _bounded_border(cost: float, lower: float, upper: float) -> BorderColumn:
    if np.isfinite(lower):
        return BorderColumn(cost, upper - lower, False, lower, 1.0)
    if np.isfinite(upper):
        return BorderColumn(-cost, np.inf, False, upper, -1.0)
    return BorderColumn(cost, np.inf, True, 0.0, 1.0)


def _bounded_column(name: str, cost: Array, lower: Array, upper: Array, capacity: int, factor: Array) -> Column:
    floored = np.isfinite(lower)
    alone = factor == 0.0
    hung = ~floored & np.isfinite(upper) & alone
    origin = np.where(floored, lower, np.where(hung, upper, 0.0))
    sign = np.where(hung, -1.0, 1.0)
    with np.errstate(invalid="ignore"):
        width = np.where(hung, np.inf, upper - np.where(floored, lower, 0.0))
    size = 1.0 + np.abs(origin)
    if (alone & (width < -ROUNDING * size)).any() or (lower == np.inf).any() or (upper == -np.inf).any():
        raise ContradictionError(name)
    fixed = alone & floored & (width <= ROUNDING * ROUNDING * size)
    free = ~floored & ~hung
    moving = np.where(fixed, 0.0, sign)
    return Column(
        cost=cost * moving,
        width=np.where(fixed, np.inf, width),
        free=free | fixed,
        fixed=fixed,
        origin=origin,
        sign=moving,
        capacity=capacity,
        factor=np.where(fixed, 0.0, factor),
    )


def _add(terms: dict[int, Array], key: int, value: Array) -> None:
    terms[key] = terms[key] + value if key in terms else value


def _read_row(form: KernelForm, programme: Staircase, name: str, first: Mask) -> None:
    source = programme.rows[name]
    steps, block = form.steps, form.block_steps
    void = np.isneginf(source.lower) & np.isposinf(source.upper)
    if void.all():
        return
    contradiction = source.lower > source.upper + ROUNDING * (1.0 + np.abs(source.lower))
    if contradiction.any():
        raise ContradictionError(name)
    present = np.where(void, 0.0, 1.0)
    row = Row(np.zeros(steps))
    shift = np.zeros(steps)
    for term in source.terms:
        position = form.column_of[term.variable]
        column = form.columns[position]
        coefficient = term.coefficient if not void.any() else term.coefficient * present
        if term.lagged:
            if not term.cyclic:
                coefficient = np.where(first, 0.0, coefficient)
            origin, sign = column.origin, column.sign
            if block > 1:
                origin, sign = step_before(origin, block), step_before(sign, block)
            shift = shift + coefficient * origin
            _add(row.lagged if block > 1 else row.terms, position, coefficient * sign)
        else:
            shift = shift + coefficient * column.origin
            _add(row.terms, position, coefficient * column.sign)
    for capacity, coefficient in source.capacities:
        used = coefficient if not void.any() else coefficient * present
        if capacity in form.held:
            shift = shift + used * form.held[capacity]
            continue
        position = form.border_of[capacity]
        border = form.border[position]
        shift = shift + used * border.origin
        _add(row.capacities, position, used * border.sign)

    for terms in (row.terms, row.lagged, row.capacities):
        for key in [key for key, value in terms.items() if not value.any()]:
            del terms[key]
    equal = source.lower == source.upper
    if not (equal | void).all():
        lower, upper = np.where(void, 0.0, source.lower), np.where(void, 0.0, source.upper)
        slack = _bounded_column(name, np.zeros(steps), lower, np.maximum(lower, upper), -1, np.zeros(steps))
        row.right = slack.origin - shift
        slack.origin = np.zeros(steps)
        row.terms[len(form.columns)] = -slack.sign
        form.columns.append(slack)
    else:
        row.right = np.where(void, 0.0, source.lower) - shift
    empty = np.ones(steps, dtype=bool)
    size = 1.0 + np.abs(np.where(np.isfinite(source.lower), source.lower, 0.0)) + np.abs(shift)
    for terms in (row.terms, row.lagged, row.capacities):
        for value in terms.values():
            empty &= value == 0.0
    if (np.abs(row.right[empty]) > ROUNDING * size[empty]).any():
        raise ContradictionError(name)
    row.right = np.where(empty, 0.0, row.right)
    if not empty.all():
        form.row_of[name] = len(form.rows)
        form.rows.append(row)


def _read_total(form: KernelForm, programme: Staircase, name: str) -> None:
    source = programme.totals[name]
    if source.lower == -np.inf and source.upper == np.inf:
        return
    if source.lower > source.upper + ROUNDING * (1.0 + abs(source.lower)):
        raise ContradictionError(name)
    total = Total(0.0)
    shift = 0.0
    for variable, coefficient in source.terms:
        position = form.column_of[variable]
        column = form.columns[position]
        shift += float(coefficient @ column.origin)
        _add(total.terms, position, coefficient * column.sign)
    for capacity, number in source.capacities:
        if capacity in form.held:
            shift += number * form.held[capacity]
            continue
        position = form.border_of[capacity]
        shift += number * form.border[position].origin
        total.capacities[position] = total.capacities.get(position, 0.0) + number * form.border[position].sign
    total.terms = {key: value for key, value in total.terms.items() if value.any()}
    total.capacities = {key: value for key, value in total.capacities.items() if value}
    if not total.terms and not total.capacities:
        outside = max(source.lower - shift, shift - source.upper)
        if outside > ROUNDING * (1.0 + abs(shift)):
            raise ContradictionError(name)
        return
    if source.lower == source.upper:
        total.right = source.lower - shift
    else:
        slack = _bounded_border(0.0, source.lower, source.upper)
        total.right = slack.origin - shift
        slack.origin = 0.0
        total.capacities[len(form.border)] = -slack.sign
        form.border.append(slack)
    form.total_of[name] = len(form.totals)
    form.totals.append(total)


def step_before(values: Array, block: int) -> Array:
    """The value one step earlier, closed within each block."""
    return np.roll(values.reshape(-1, block), 1, axis=1).reshape(-1)


def step_after(values: Array, block: int) -> Array:
    """The value one step later, closed within each block."""
    return np.roll(values.reshape(-1, block), -1, axis=1).reshape(-1)


def split_rows(form: KernelForm) -> tuple[list[int], list[int]]:
    """Rows that only concern their own step, and rows that meet a variable of the step before."""
    carried: set[int] = set()
    states: set[int] = set()
    for r, row in enumerate(form.rows):
        if row.lagged:
            states.add(r)
            carried.update(row.lagged)
    for r, row in enumerate(form.rows):
        if carried & set(row.terms):
            states.add(r)
    return [r for r in range(len(form.rows)) if r not in states], sorted(states)


def scale_form(form: KernelForm) -> None:
    """Choose scales in place: geometric means of rows and columns, then costs and right-hand sides near one."""
    extents = _Extents(form)
    for _ in range(SCALING_PASSES):
        extents.balance()
    row_scales, column_scales = extents.row_scales(), extents.column_scales()
    for row in form.rows:
        row.scale = row_scales.pop(0)
    for total in form.totals:
        total.scale = row_scales.pop(0)
    for column in form.columns:
        column.scale = column_scales.pop(0)
    for border in form.border:
        border.scale = column_scales.pop(0)
    rights = [float(np.abs(row.right).max()) * row.scale for row in form.rows]
    widths = [float(np.abs(c.width[np.isfinite(c.width)]).max(initial=0.0)) / c.scale for c in form.columns]
    widths += [k.width / k.scale for k in form.border if np.isfinite(k.width)]
    form.right_scale = _power_of_two(max(rights, default=0.0) or max(widths, default=0.0) or 1.0)
    costs = [float(np.abs(column.cost).max()) * column.scale for column in form.columns]
    form.cost_scale = _power_of_two(
        max(costs, default=0.0)
        or max(((abs(b.cost) + (abs(b.curve.price) if b.curve else 0.0)) * b.scale for b in form.border), default=0.0)
        or 1.0
    )


def _power_of_two(value: float) -> float:
    return float(2.0 ** np.clip(np.round(np.log2(value)), -300, 300))


class _Extents:
    """Smallest and largest magnitude of every kind of coefficient, and the scales found so far."""

    def __init__(self, form: KernelForm) -> None:
        width, hourly = len(form.columns) + len(form.border), len(form.columns)
        entries: list[tuple[int, int, float, float]] = []

        def note(row: int, column: int, value: Array) -> None:
            size = np.abs(value)
            largest = float(size.max())
            if largest > 0.0:
                least = float(size.min(where=size > 0.0, initial=np.inf))
                entries.append((row, column, max(least, largest * LEAST_SHARE), largest))

        for i, row in enumerate(form.rows):
            for terms in (row.terms, row.lagged):
                for v, value in terms.items():
                    note(i, v, value)
            for k, value in row.capacities.items():
                note(i, hourly + k, value)
        height = len(form.rows)
        for total in form.totals:
            for v, value in total.terms.items():
                note(height, v, value)
            for k, number in total.capacities.items():
                note(height, hourly + k, np.array([number]))
            height += 1
        self.kept_rows = height
        for v, column in enumerate(form.columns):
            if column.capacity >= 0 and column.factor.any():
                note(height, v, np.ones(1))
                note(height, hourly + column.capacity, column.factor)
                height += 1
        self.row = np.array([e[0] for e in entries], dtype=np.int64)
        self.column = np.array([e[1] for e in entries], dtype=np.int64)
        self.least = np.log2(np.array([e[2] for e in entries], dtype=np.float64))
        self.most = np.log2(np.array([e[3] for e in entries], dtype=np.float64))
        self.rows = np.zeros(height)
        self.columns = np.zeros(width)

    def balance(self) -> None:
        """One pass: rows, then columns, to the middle of their extents."""
        self.rows = self._middle(self.row, self.columns[self.column], self.rows.size)
        self.columns = self._middle(self.column, self.rows[self.row], self.columns.size)

    def _middle(self, which: npt.NDArray[np.int64], other: Array, size: int) -> Array:
        low, high = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(low, which, self.least + other)
        np.maximum.at(high, which, self.most + other)
        used = np.isfinite(low)
        middle = np.zeros(size)
        middle[used] = -(low[used] + high[used]) / 2.0
        return middle

    def row_scales(self) -> list[float]:
        """Scales of hourly and total rows, powers of two."""
        return [float(2.0 ** np.round(value)) for value in self.rows[: self.kept_rows]]

    def column_scales(self) -> list[float]:
        """Scales of hourly and border columns, powers of two."""
        return [float(2.0 ** np.round(value)) for value in self.columns]
