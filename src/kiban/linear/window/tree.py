"""A tree of scenarios: windows of given probability that share their first step, solved as one.

    minimise    cost of the first step + sum over scenarios of probability * cost of the steps after it

What is decided now is decided once; what comes after may depend on what will then be known. Each scenario is a lane of
the compiled sweep; they meet in a system of two unknowns, the states after the first step (`linear/native/tree.cpp`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.window.batch import TOLERANCE
from kiban.linear.window.general import BALANCE, curvature_of, programme_of, solve_flat
from kiban.linear.window.solution import AMOUNTS, PRICES, TreeSolution
from kiban.linear.window.task import DUAL, OPEN, PRIMAL, Workplace, find_functions, make_room
from kiban.linear.window.windows import NUMBERS, SERIES, Windows

_WHOLE: Final = 1e-9
"""How far probabilities may be from one together."""
# What stored energy and waiting compute are worth at the end may depend on the scenario.
_OF_THE_END: Final = (
    "final_storage_value_myen_per_mwh",
    "final_storage_slope_myen_per_mwh2",
    "final_backlog_cost_myen_per_mwh",
)


def solve_tree(scenarios: Windows, probabilities: Array, *, tolerance: float = TOLERANCE) -> TreeSolution:
    """The first step that is best over all scenarios, and each scenario's way on.

    `scenarios` are windows that agree in their first step, in the states before it and in what the store keeps and
    loses; `probabilities` `(windows,)` are positive and add up to one. Raises `ValueError` where they do not.
    """
    count = scenarios.shape[0]
    weights = np.array(probabilities, dtype=np.float64)
    _refuse_what_is_no_tree(scenarios, weights)
    functions = find_functions()
    if functions is None:
        return _solve_generally(scenarios, weights)
    place = Workplace(scenarios, tolerance, count)
    room, address = make_room(functions.kiban_tree_bytes(scenarios.shape[1], count))
    functions.kiban_solve_tree(place.address, weights.ctypes.data, count, address)
    del room
    measures, (iterations, proven) = place.measures[0], place.counts[0].tolist()
    found = TreeSolution(
        amounts=place.amounts,
        prices=place.prices,
        cost_myen=float(measures[PRIMAL]),
        bound_myen=float(measures[DUAL]),
        open_mwh=float(measures[OPEN]),
        iterations=iterations,
        proven=proven == 1,
    )
    if found.proven:
        return found
    answer = _solve_generally(scenarios, weights)
    return replace(answer, iterations=answer.iterations + iterations) if answer.proven else found


def _refuse_what_is_no_tree(scenarios: Windows, weights: Array) -> None:
    count = scenarios.shape[0]
    if weights.shape != (count,):
        raise ValueError(f"'probabilities' have the shape {weights.shape}, expected ({count},)")
    if not (weights > 0.0).all() or abs(float(weights.sum()) - 1.0) > _WHOLE:
        raise ValueError(f"'probabilities' must be above zero and add up to one, not to {weights.sum():g}")
    for name in SERIES:
        first = getattr(scenarios, name)[:, 0]
        if (first != first[0]).any():
            raise ValueError(f"'{name}' differs between the scenarios in the first step, which they share")
    for name in NUMBERS:
        numbers = getattr(scenarios, name)
        if name not in _OF_THE_END and (numbers != numbers[0]).any():
            raise ValueError(f"'{name}' differs between the scenarios")


def _solve_generally(scenarios: Windows, weights: Array) -> TreeSolution:
    """The whole tree as one programme for the general solvers."""
    count, steps = scenarios.shape
    flats = [flatten(programme_of(scenarios, scenario)) for scenario in range(count)]
    columns, rows = len(AMOUNTS), len(PRICES)
    # In a scenario's programme a quantity has its steps one after the other; here the first steps come first.
    own_columns = [_places(columns, steps, scenario) for scenario in range(count)]
    own_rows = [_places(rows, steps, scenario) for scenario in range(count)]
    tree = _join(flats, own_columns, own_rows, weights)
    curvature = np.zeros(tree.cost.size)
    for scenario, flat in enumerate(flats):
        curvature[own_columns[scenario]] += weights[scenario] * curvature_of(scenarios, scenario, flat)
    amounts, prices = np.zeros((count, columns, steps)), np.zeros((count, rows, steps))
    answer = solve_flat(tree, curvature)
    if answer is None:
        return TreeSolution(amounts, prices, np.inf, -np.inf, np.inf, 0, False)
    for scenario in range(count):
        amounts[scenario] = answer.point[own_columns[scenario]].reshape(columns, steps)
        share = np.where(np.arange(steps) == 0, 1.0, weights[scenario])
        prices[scenario] = answer.prices[own_rows[scenario]].reshape(rows, steps) / share
    prices[:, BALANCE] /= scenarios.step_hours
    return TreeSolution(amounts, prices, answer.cost, answer.bound, answer.open_mwh, answer.iterations, True)


def _places(quantities: int, steps: int, scenario: int) -> npt.NDArray[np.int64]:
    """Where the columns (or rows) of a scenario stand in the tree, in the scenario's own order."""
    quantity, step = np.divmod(np.arange(quantities * steps), steps)
    later = quantities + (scenario * quantities + quantity) * (steps - 1) + step - 1
    return np.where(step == 0, quantity, later)


def _join(
    flats: list[FlatProgramme],
    own_columns: list[npt.NDArray[np.int64]],
    own_rows: list[npt.NDArray[np.int64]],
    weights: Array,
) -> FlatProgramme:
    import scipy.sparse as sp

    width, height = (1 + max(int(places.max()) for places in group) for group in (own_columns, own_rows))
    parts: list[tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    cost, lower, upper = np.zeros(width), np.zeros(width), np.zeros(width)
    row_lower, row_upper = np.zeros(height), np.zeros(height)
    for flat, to_column, to_row, weight in zip(flats, own_columns, own_rows, weights, strict=True):
        matrix = flat.matrix.tocoo()
        # The rows of the first step are the same in every scenario: the last one's stand.
        fresh = (to_row[matrix.row] >= len(PRICES)) | (flat is flats[0])
        parts.append((matrix.data[fresh], to_row[matrix.row[fresh]], to_column[matrix.col[fresh]]))
        cost[to_column] += weight * flat.cost
        lower[to_column], upper[to_column] = flat.lower, flat.upper
        row_lower[to_row], row_upper[to_row] = flat.row_lower, flat.row_upper
    values, where, what = (np.concatenate(group) for group in zip(*parts, strict=True))
    return FlatProgramme(
        matrix=sp.coo_array((values, (where, what)), shape=(height, width)).tocsc(),
        cost=cost,
        lower=lower,
        upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        integer=np.zeros(width, dtype=bool),
        constant=0.0,
        columns={},
        rows={},
    )
