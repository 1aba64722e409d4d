"""The staircase form: the one shape of programme that kiban writes and solves.

    minimise    constant + sum_k (cost_k x_k + curve_k(x_k))
                         + sum_v sum_t (cost_v[t] y_v[t] + curvature_v / 2 y_v[t]^2)
    subject to  lower_k <= x_k <= upper_k                                       capacities
                lower_v[t] <= y_v[t] <= upper_v[t] + factor_v[t] x_k            hourly variables
                lower_r[t] <= sum_v a_v[t] y_v[t] + sum_v b_v[t] y_v[t-1]
                              + sum_k c_k[t] x_k <= upper_r[t]                  hourly rows
                lower_q <= sum_v sum_t d_v[t] y_v[t] + sum_k e_k x_k <= upper_q total rows

A curve is a convex function of one capacity (`curves`), a curvature (0 or more) lets the cost of an hourly variable
rise with it; most have none, and the programme is linear.
Hours are linked only through terms that look one step back (states, closed cyclically within each
weather year) and through the few capacities and total rows. Everything has a name, and a name that
is unknown, used twice or given an array of the wrong length is refused.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.curves import CostCurve

Number = float | Array

UNBOUNDED: Final = np.inf


@dataclass(frozen=True, slots=True)
class Capacity:
    """One decision for the whole horizon; `integer` makes it a whole number (binary between 0 and 1).

    `curve` is a convex cost on top of `cost` per unit.
    """

    name: str
    cost: float
    lower: float
    upper: float
    integer: bool
    curve: CostCurve | None = None


@dataclass(frozen=True, slots=True)
class HourlyVariable:
    """One decision per step, `lower <= y <= upper + factor * x[capacity]`; arrays have shape `(steps,)`.

    One unit more costs `cost + curvature * y`: the curvature, the same in every step, is never negative.
    """

    name: str
    cost: Array
    lower: Array
    upper: Array
    capacity: str | None
    factor: Array
    curvature: float = 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient[t] * y[t]`, or `coefficient[t] * y[t-1]` where `lagged`.

    A lagged term that is not `cyclic` is absent at the first step of each block.
    """

    variable: str
    coefficient: Array
    lagged: bool = False
    cyclic: bool = True


@dataclass(slots=True)
class HourlyRow:
    """One constraint per step, `lower <= terms <= upper`."""

    name: str
    lower: Array
    upper: Array
    terms: list[Term] = field(default_factory=list)
    capacities: list[tuple[str, Array]] = field(default_factory=list)


@dataclass(slots=True)
class TotalRow:
    """One constraint over all steps, `lower <= terms <= upper`."""

    name: str
    lower: float
    upper: float
    terms: list[tuple[str, Array]] = field(default_factory=list)
    capacities: list[tuple[str, float]] = field(default_factory=list)


class Staircase:
    """A programme under construction: blocks add capacities, variables, rows and the terms of rows.

    `steps` is the length of the horizon, `block_steps` the number of steps after which states close
    (one weather year). Raises `ValueError` on an unknown or repeated name, a length other than
    `steps`, or a number that is not finite where it must be.
    """

    def __init__(self, steps: int, block_steps: int | None = None) -> None:
        block = block_steps or steps
        if steps <= 0 or steps % block:
            raise ValueError(f"{steps} steps cannot be cut into blocks of {block}")
        self.steps = steps
        self.block_steps = block
        self.constant = 0.0
        self.capacities: dict[str, Capacity] = {}
        self.variables: dict[str, HourlyVariable] = {}
        self.rows: dict[str, HourlyRow] = {}
        self.totals: dict[str, TotalRow] = {}

    def add_constant(self, cost: float) -> None:
        """A cost that no decision changes; part of the objective so that totals are whole."""
        self.constant += float(cost)

    def add_capacity(
        self,
        name: str,
        *,
        cost: float,
        lower: float = 0.0,
        upper: float = UNBOUNDED,
        integer: bool = False,
        curve: CostCurve | None = None,
    ) -> None:
        """A decision for the whole horizon at `cost` per unit, and what `curve` adds."""
        self._refuse_repeated(name, self.capacities, self.variables)
        if not np.isfinite(cost) or np.isnan(lower) or np.isnan(upper):
            raise ValueError(f"capacity '{name}' has a cost or a bound that is not a number")
        if curve is not None and lower < curve.lowest:
            raise ValueError(f"capacity '{name}' may be {lower:g}, but its cost curve begins at {curve.lowest:g}")
        if curve is not None and upper <= lower and not np.isfinite(curve.value(float(lower))):
            raise ValueError(f"capacity '{name}' is held at {lower:g}, where its cost curve is not finite")
        if curve is not None and integer:
            raise ValueError(f"capacity '{name}' is a whole number, which no cost curve can have")
        self.capacities[name] = Capacity(name, float(cost), float(lower), float(upper), integer, curve)

    def add_variable(
        self,
        name: str,
        *,
        cost: Number = 0.0,
        lower: Number = 0.0,
        upper: Number = UNBOUNDED,
        capacity: str | None = None,
        factor: Number = 1.0,
        curvature: float = 0.0,
    ) -> None:
        """A decision per step; with `capacity`, `upper` (then 0 by default) adds to `factor * capacity`.

        `curvature` is by how much the cost of one unit more rises with each unit.
        """
        self._refuse_repeated(name, self.capacities, self.variables)
        if not 0.0 <= curvature < np.inf:
            raise ValueError(f"variable '{name}' has a curvature of {curvature:g}, which is not convex or not finite")
        if capacity is not None:
            self._require(capacity, self.capacities, "capacity")
            if isinstance(upper, float) and upper == UNBOUNDED:
                upper = 0.0
        bounds = [self._series(value, name, finite=False) for value in (lower, upper)]
        self.variables[name] = HourlyVariable(
            name, self._series(cost, name), bounds[0], bounds[1], capacity, self._series(factor, name), float(curvature)
        )

    def add_row(
        self, name: str, *, equal: Number | None = None, lower: Number = -UNBOUNDED, upper: Number = UNBOUNDED
    ) -> None:
        """A constraint per step, empty until terms are added."""
        self._refuse_repeated(name, self.rows, self.totals)
        if equal is not None:
            lower = upper = equal
        bounds = [self._series(value, name, finite=False) for value in (lower, upper)]
        self.rows[name] = HourlyRow(name, bounds[0], bounds[1])

    def add_total(self, name: str, *, lower: float = -UNBOUNDED, upper: float = UNBOUNDED) -> None:
        """A constraint over the whole horizon, empty until terms are added."""
        self._refuse_repeated(name, self.rows, self.totals)
        self.totals[name] = TotalRow(name, float(lower), float(upper))

    def add_term(
        self, row: str, variable: str, coefficient: Number = 1.0, *, lagged: bool = False, cyclic: bool = True
    ) -> None:
        """Add `coefficient * variable` (of this step, or of the step before) to an hourly row."""
        self._require(row, self.rows, "row")
        self._require(variable, self.variables, "variable")
        self.rows[row].terms.append(Term(variable, self._series(coefficient, row), lagged, cyclic))

    def add_capacity_term(self, row: str, capacity: str, coefficient: Number = 1.0) -> None:
        """Add `coefficient * capacity` to an hourly row or, with a number, to a total row."""
        self._require(capacity, self.capacities, "capacity")
        if row in self.totals:
            self.totals[row].capacities.append((capacity, float(coefficient)))
            return
        self._require(row, self.rows, "row")
        self.rows[row].capacities.append((capacity, self._series(coefficient, row)))

    def add_total_term(self, total: str, variable: str, coefficient: Number = 1.0) -> None:
        """Add `sum_t coefficient[t] * variable[t]` to a total row."""
        self._require(total, self.totals, "total")
        self._require(variable, self.variables, "variable")
        self.totals[total].terms.append((variable, self._series(coefficient, total)))

    def _series(self, value: Number, name: str, *, finite: bool = True) -> Array:
        array = np.asarray(value, dtype=np.float64)
        if array.ndim == 0:
            array = np.full(self.steps, float(array))
        if array.shape != (self.steps,):
            raise ValueError(f"'{name}' got an array of shape {array.shape}, expected ({self.steps},)")
        if np.isnan(array).any() or (finite and not np.isfinite(array).all()):
            raise ValueError(f"'{name}' has a value that is not a number")
        return array

    @staticmethod
    def _refuse_repeated(name: str, *known: Container[str]) -> None:
        if any(name in names for names in known):
            raise ValueError(f"'{name}' is defined twice")

    @staticmethod
    def _require(name: str, known: Container[str], kind: str) -> None:
        if name not in known:
            raise ValueError(f"unknown {kind} '{name}'")


def with_costs(
    programme: Staircase,
    *,
    capacities: dict[str, float] | None = None,
    hourly: dict[str, Array] | None = None,
    constant: float | None = None,
    curves: Mapping[str, CostCurve | None] | None = None,
    curvatures: Mapping[str, float] | None = None,
) -> Staircase:
    """The same programme at other costs; all else is shared, not copied. Raises `KeyError` on an unknown name.

    A capacity keeps its cost curve unless `curves` names another or None, an hourly variable its curvature unless
    `curvatures` does.
    """
    changed = Staircase(programme.steps, programme.block_steps)
    changed.constant = programme.constant if constant is None else constant
    changed.rows, changed.totals = programme.rows, programme.totals
    changed.capacities, changed.variables = dict(programme.capacities), dict(programme.variables)
    for name, cost in (capacities or {}).items():
        changed.capacities[name] = replace(changed.capacities[name], cost=cost)
    for name, curve in (curves or {}).items():
        changed.capacities[name] = replace(changed.capacities[name], curve=curve)
    for name, costs in (hourly or {}).items():
        changed.variables[name] = replace(changed.variables[name], cost=costs)
    for name, curvature in (curvatures or {}).items():
        changed.variables[name] = replace(changed.variables[name], curvature=curvature)
    return changed


def hold_capacities(programme: Staircase, values: Mapping[str, float]) -> Staircase:
    """The programme in which some capacities are numbers: they stand in the limits, and no decision is left of them.

    What a solver would carry through every step for each of them is spared. Curves of what is held are not counted.
    """
    held = Staircase(programme.steps, programme.block_steps)
    held.constant = programme.constant
    held.capacities = {name: one for name, one in programme.capacities.items() if name not in values}
    held.constant += sum(programme.capacities[name].cost * value for name, value in values.items())
    for name, variable in programme.variables.items():
        behind = variable.capacity
        if behind is None or behind not in values:
            held.variables[name] = variable
        else:
            held.variables[name] = replace(
                variable, upper=variable.upper + variable.factor * values[behind], capacity=None
            )
    for name, row in programme.rows.items():
        used = sum((each * values[one] for one, each in row.capacities if one in values), np.zeros(programme.steps))
        left = [(one, each) for one, each in row.capacities if one not in values]
        held.rows[name] = HourlyRow(name, row.lower - used, row.upper - used, row.terms, left)
    for name, total in programme.totals.items():
        taken = sum(each * values[one] for one, each in total.capacities if one in values)
        rest = [(one, each) for one, each in total.capacities if one not in values]
        held.totals[name] = TotalRow(name, total.lower - taken, total.upper - taken, total.terms, rest)
    return held


def without_costs(programme: Staircase) -> Staircase:
    """The same programme where nothing costs anything, the constant included: any point is an optimum."""
    return with_costs(
        programme,
        capacities=dict.fromkeys(programme.capacities, 0.0),
        hourly=dict.fromkeys(programme.variables, np.zeros(programme.steps)),
        constant=0.0,
        curves=dict.fromkeys(programme.capacities),
        curvatures=dict.fromkeys(programme.variables, 0.0),
    )


def curved_worth(programme: Staircase, hourly: Mapping[str, Array]) -> float:
    """What the curvatures of hourly variables add to the cost at a point."""
    return sum(
        0.5 * v.curvature * float(hourly[v.name] @ hourly[v.name]) for v in programme.variables.values() if v.curvature
    )
