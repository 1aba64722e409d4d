"""Rays at a point of the kernel: what may prove a programme infeasible or unbounded, tried and then proven.

A ray that looks right within a share of itself is handed to `verdict`, which counts rounding. The first look is cheap
and runs on the way; the proof flattens the programme and runs where there is something to prove.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.flat import BOUND_PREFIX, FlatProgramme, flatten
from kiban.linear.kernel.newton import Newton
from kiban.linear.kernel.plain import PlainNewton
from kiban.linear.kernel.proof import NamedPoint, evaluate, evaluate_ray, flatten_prices, flatten_values, name_prices
from kiban.linear.kernel.structure import KernelForm
from kiban.linear.staircase import Staircase
from kiban.linear.verdict import Verdicts

# Least that a ray proves, and most that it violates as a share of that, for a proof to be tried on the way.
RAY: Final = 1e-8


def prices_of_rows(form: KernelForm, newton: Newton | PlainNewton) -> list[Array]:
    """Prices of the form's rows at the present point, `(steps,)` each, in scaled units."""
    unfolded = newton.unfold(newton.lambdas, len(form.rows))
    prices: list[Array] = [np.zeros(0)] * len(form.rows)
    for place, row in enumerate(newton.row_order):
        prices[int(row)] = unfolded[place]
    return prices


def prices_of_bounds(form: KernelForm, newton: Newton | PlainNewton, size: float = 1.0) -> dict[str, Array]:
    """Prices of upper bounds at the present point by variable, in scaled units and over `size`."""
    places = newton.cap_places
    unfolded = newton.unfold(newton.u, int((places >= 0).sum()))
    return {name: unfolded[places[column]] / size for name, column in form.column_of.items() if places[column] >= 0}


class Rays:
    """What the present point of a Newton system proves about its programme; prices about `judged` (`unlimited`)."""

    def __init__(
        self, programme: Staircase, form: KernelForm, newton: Newton | PlainNewton, judged: Staircase | None = None
    ) -> None:
        self._programme, self._form, self._newton = programme, form, newton
        self._judged = judged or programme

    @cached_property
    def _flat(self) -> FlatProgramme:
        return flatten(self._judged)

    @cached_property
    def _verdicts(self) -> Verdicts:
        return Verdicts(self._flat)

    def infeasible(self, *, sure: bool) -> Array | None:
        """Row prices that prove the programme infeasible; with `sure`, only where a first look says so."""
        prices = self._ray_of_prices()
        if prices is None:
            return None
        ray = evaluate(self._programme, prices, costs=False)
        if ray.dual <= 0.0:
            return None
        # In units of the scaled rows, so that the answer does not depend on the caller's units.
        size = self._form.right_scale * self._form.cost_scale
        if sure and not (ray.dual > RAY * size and ray.dual_residual * self._form.right_scale <= RAY * ray.dual):
            return None
        return self._verdicts.prove_infeasible(self._flatten(prices), polish=not sure)

    def unbounded(self, *, sure: bool) -> Array | None:
        """A direction that proves that nothing holds the objective; with `sure`, only where a first look says so."""
        form, n = self._form, self._newton
        columns = n.unfold(n.y, len(form.columns))
        hourly = {name: form.columns[v].sign * form.columns[v].scale * columns[v] for name, v in form.column_of.items()}
        capacities = dict.fromkeys(form.held, 0.0)
        for name, k in form.border_of.items():
            capacities[name] = form.border[k].sign * form.border[k].scale * float(n.border.x[k])
        if sure and not evaluate_ray(self._programme, capacities, hourly, RAY):
            return None
        return self._verdicts.prove_unbounded(flatten_values(self._flat, capacities, hourly))

    def _flatten(self, prices: NamedPoint) -> Array:
        flat = self._flat
        ray = flatten_prices(flat, prices)
        if self._judged is not self._programme:
            # What is paid for a variable in hours in which its unlimited capacity counts nothing.
            paid = flat.matrix.T @ ray
            for name, variable in self._judged.variables.items():
                if variable.capacity is not None and name not in prices.bounds:
                    beyond = np.where(variable.factor == 0.0, np.minimum(-paid[flat.columns[name]], 0.0), 0.0)
                    ray[flat.rows[BOUND_PREFIX + name]] = beyond
        return ray

    def _ray_of_prices(self) -> NamedPoint | None:
        form, q = self._form, self._newton.border.q
        rows = prices_of_rows(form, self._newton)
        largest = max([float(np.abs(row).max(initial=0.0)) for row in (*rows, q)])
        if not np.isfinite(largest) or largest <= 0.0:
            return None
        return name_prices(
            self._programme,
            form,
            [row / largest for row in rows],
            q / largest,
            prices_of_bounds(form, self._newton, largest),
            costs=False,
        )
