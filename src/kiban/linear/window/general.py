"""A window as a programme in staircase form, for the general solvers.

They serve where nothing is compiled, where the method proves nothing, and for plants that have what it lacks: take the
programme and add to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.clarabel import solve_clarabel
from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.highs import solve_highs
from kiban.linear.solution import certify
from kiban.linear.staircase import Staircase
from kiban.linear.window.solution import AMOUNTS, PRICES, WindowSolutions
from kiban.linear.window.windows import NUMBERS, SERIES, Windows

ACCEPTED: Final = 1e-7
"""Largest relative gap, and largest violation of a row as a part of the largest limit, of a general solver's answer."""
BALANCE: Final = PRICES.index("balance")


def programme_of(windows: Windows, window: int) -> Staircase:
    """One window without the slope of its final value: variables by the names of `AMOUNTS`, rows by those of `PRICES`.

    Costs are those of a step, so that the price of a balance is per MW in a step.
    """
    at = {name: getattr(windows, name)[window] for name in (*SERIES, *NUMBERS)}
    steps, hours = windows.shape[1], windows.step_hours
    programme = Staircase(steps)

    def add(name: str, limit: Array, cost_per_mwh: Array) -> None:
        programme.add_variable(name, cost=cost_per_mwh * hours, upper=limit)

    wear = at["wear_cost_myen_per_mwh"]
    add("charge_mw", at["charge_limit_mw"], wear)
    add("discharge_mw", at["discharge_limit_mw"], wear)
    add("served_mw", at["served_limit_mw"], at["served_cost_myen_per_mwh"])
    add("import_mw", at["import_limit_mw"], at["import_price_myen_per_mwh"])
    add("backup_mw", at["backup_limit_mw"], at["backup_cost_myen_per_mwh"])
    add("curtailed_mw", at["available_mw"], at["curtailed_cost_myen_per_mwh"])
    add("unserved_mw", at["firm_mw"], at["unserved_cost_myen_per_mwh"])
    arrivals_mwh = at["arrivals_mw"] * hours
    everything_mw = np.full(steps, (at["initial_backlog_mwh"] + arrivals_mwh.sum()) / hours)
    add("dropped_mw", 2.0 * everything_mw, at["dropped_cost_myen_per_mwh"])
    last = np.arange(steps) == steps - 1
    programme.add_variable(
        "storage_mwh",
        cost=np.where(last, -at["final_storage_value_myen_per_mwh"], 0.0),
        upper=at["storage_limit_mwh"],
    )
    programme.add_variable(
        "backlog_mwh", cost=np.where(last, at["final_backlog_cost_myen_per_mwh"], 0.0), upper=at["backlog_limit_mwh"]
    )

    pue, kept = at["pue"], float(at["kept_per_step"])
    programme.add_row("balance", equal=pue * at["firm_mw"] - at["available_mw"])
    for name, coefficient in (
        ("discharge_mw", 1.0),
        ("charge_mw", -1.0),
        ("import_mw", 1.0),
        ("backup_mw", 1.0),
        ("curtailed_mw", -1.0),
        ("unserved_mw", pue),
        ("served_mw", -pue),
    ):
        programme.add_term("balance", name, coefficient)
    first = np.arange(steps) == 0
    programme.add_row("storage", equal=np.where(first, kept * at["initial_storage_mwh"], 0.0))
    programme.add_term("storage", "storage_mwh")
    programme.add_term("storage", "storage_mwh", -kept, lagged=True, cyclic=False)
    programme.add_term("storage", "charge_mw", -hours * float(at["charge_efficiency"]))
    programme.add_term("storage", "discharge_mw", hours / float(at["discharge_efficiency"]))
    programme.add_row("backlog", equal=arrivals_mwh + np.where(first, at["initial_backlog_mwh"], 0.0))
    programme.add_term("backlog", "backlog_mwh")
    programme.add_term("backlog", "backlog_mwh", -1.0, lagged=True, cyclic=False)
    programme.add_term("backlog", "served_mw", hours)
    programme.add_term("backlog", "dropped_mw", hours)
    return programme


def curvature_of(windows: Windows, window: int, flat: FlatProgramme) -> Array:
    """The slope of the final value, at the column of what is stored after the last step."""
    curvature = np.zeros(flat.cost.size)
    curvature[flat.columns["storage_mwh"].stop - 1] = windows.final_storage_slope_myen_per_mwh2[window]
    return curvature


@dataclass(frozen=True, slots=True)
class FlatAnswer:
    """A proven optimum of a flat programme: columns, row prices, cost, proven bound and largest violation."""

    point: Array
    prices: Array
    cost: float
    bound: float
    open_mwh: float
    iterations: int


def solve_flat(flat: FlatProgramme, curvature: Array) -> FlatAnswer | None:
    """The least `cost x + curvature / 2 x^2`; None where no solver proves one.

    Clarabel is asked first, then, where nothing is curved, HiGHS. All columns have finite bounds.
    """
    answer = _prove(flat, curvature, *_ask_clarabel(flat, curvature))
    if answer is None and not curvature.any():
        _, point, prices, iterations, _ = solve_highs(flat)
        answer = _prove(flat, curvature, point, prices, iterations)
    return answer


def _ask_clarabel(flat: FlatProgramme, curvature: Array) -> tuple[Array, Array, int]:
    # Amounts near one: the solver's regularisation is absolute.
    size = 2.0 ** np.floor(np.log2(flat.upper.max(initial=1.0)))
    bounds = {name: getattr(flat, name) / size for name in ("lower", "upper", "row_lower", "row_upper")}
    scaled = replace(flat, cost=flat.cost * size, **bounds)
    _, point, prices, iterations = solve_clarabel(scaled, curvature=curvature * size**2)
    return point * size, prices / size, iterations


def _prove(flat: FlatProgramme, curvature: Array, point: Array, prices: Array, iterations: int) -> FlatAnswer | None:
    if point.size != flat.cost.size or not (np.isfinite(point).all() and np.isfinite(prices).all()):
        return None
    point = np.clip(point, flat.lower, flat.upper)
    # The curve is bounded from below by its tangent at the point.
    half = 0.5 * float(curvature @ point**2)
    tangent = replace(flat, cost=flat.cost + curvature * point)
    proof, _ = certify(tangent, point, prices, solver="", iterations=iterations)
    cost, bound = proof.primal - half, proof.dual - half
    if abs(cost - bound) > ACCEPTED * max(1.0, abs(cost)):
        return None
    if proof.primal_residual > ACCEPTED * max(1.0, float(flat.upper.max(initial=0.0))):
        return None
    return FlatAnswer(point, prices, cost, bound, proof.primal_residual, iterations)


def solve_generally(windows: Windows, chosen: npt.NDArray[np.int64] | None = None) -> WindowSolutions:
    """Every window, or those of `chosen` numbers, by the general solvers, one after the other."""
    count, steps = windows.shape
    numbers = np.arange(count) if chosen is None else chosen
    found = WindowSolutions(
        amounts=np.zeros((numbers.size, len(AMOUNTS), steps)),
        prices=np.zeros((numbers.size, len(PRICES), steps)),
        cost_myen=np.full(numbers.size, np.inf),
        bound_myen=np.full(numbers.size, -np.inf),
        open_mwh=np.full(numbers.size, np.inf),
        iterations=np.zeros(numbers.size, dtype=np.int64),
        proven=np.zeros(numbers.size, dtype=bool),
    )
    for place, window in enumerate(numbers):
        flat = flatten(programme_of(windows, int(window)))
        answer = solve_flat(flat, curvature_of(windows, int(window), flat))
        if answer is None:
            continue
        found.cost_myen[place], found.bound_myen[place] = answer.cost, answer.bound
        found.open_mwh[place], found.iterations[place], found.proven[place] = answer.open_mwh, answer.iterations, True
        for number, name in enumerate(AMOUNTS):
            found.amounts[place, number] = answer.point[flat.columns[name]]
        for number, name in enumerate(PRICES):
            found.prices[place, number] = answer.prices[flat.rows[name]]
        found.prices[place, BALANCE] /= windows.step_hours
    return found


def rescue(windows: Windows, found: WindowSolutions) -> WindowSolutions:
    """The same solutions, those that were not proven replaced where a general solver proves one."""
    open_windows = np.flatnonzero(~found.proven)
    if open_windows.size == 0:
        return found
    answers = solve_generally(windows, open_windows)
    for name in ("amounts", "prices", "cost_myen", "bound_myen", "open_mwh"):
        getattr(found, name)[open_windows[answers.proven]] = getattr(answers, name)[answers.proven]
    found.iterations[open_windows] += answers.iterations
    found.proven[open_windows] = answers.proven
    return found
