"""Whole numbers in a long programme: a search over their bounds, each programme of it solved and proven by the kernel.

Few capacities are whole numbers here, and the hours are many: a search that knows nothing of the hours would solve the
same long programme slowly, the kernel solves it quickly. The programme without whole numbers is the first bound; the
one with the least bound is split at the number that is farthest from whole, until no bound is below the best point
found (Land and Doig, Econometrica 28, 1960). The certificate's `dual` is the least bound that is left, so that its gap
says how good the answer is.
"""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from kiban.errors import SolverError
from kiban.linear.solution import Solution, without_solution
from kiban.linear.staircase import Staircase

Bounds = Mapping[str, tuple[float, float]]

MOST_PROGRAMMES: Final = 80
"""Programmes of a search: a limit that gives the same answer on every machine."""
WHOLE: Final = 1e-6
"""Distance from a whole number that is the solver's rounding."""
CLOSED: Final = 1e-7
"""Relative gap at which the search ends."""


def solve_branching(programme: Staircase, solve: Callable[[Staircase], Solution]) -> Solution:
    """The least cost with whole numbers, or the best found, with the bound that was proven.

    `solve` takes programmes without whole numbers. Raises `SolverError` where no whole point is found within the limit.
    """
    names = [name for name, capacity in programme.capacities.items() if capacity.integer]
    root: Bounds = {
        name: (math.ceil(programme.capacities[name].lower - WHOLE), _floor(programme.capacities[name].upper))
        for name in names
    }
    first = solve(_hold(programme, root))
    if first.certificate is None:
        return first
    best, count = None, 1
    for rounding in (round, math.ceil):
        held = {name: (float(rounding(_near(first, name))),) * 2 for name in names}
        inside = all(root[name][0] <= held[name][0] <= root[name][1] for name in names)
        if inside:
            best, count = _better(best, solve(_hold(programme, held))), count + 1
    heap: list[tuple[float, int, Bounds, Solution]] = [(first.certificate.dual, 0, root, first)]
    serial = 0
    while heap and count < MOST_PROGRAMMES and not _is_closed(best, heap[0][0]):
        bounds, solution = _pop(heap, deepest=best is None)
        name = max(names, key=lambda name: abs(_near(solution, name) - round(_near(solution, name))))
        value = _near(solution, name)
        if value == round(value):
            held = {name: (round(_near(solution, name)),) * 2 for name in names}
            best, count = _better(best, solve(_hold(programme, held))), count + 1
            continue
        low, high = bounds[name]
        for part in ((low, float(math.floor(value))), (float(math.ceil(value)), high)):
            branch = {**bounds, name: part}
            found = solve(_hold(programme, branch))
            count += 1
            if found.certificate is not None:
                serial += 1
                heapq.heappush(heap, (found.certificate.dual, serial, branch, found))
    if best is None or best.certificate is None:
        if not heap:
            return without_solution("infeasible")
        raise SolverError(f"no point with whole numbers was found in {count} programmes")
    bound = min([best.certificate.dual, *(entry[0] for entry in heap[:1])])
    certificate = replace(
        best.certificate,
        dual=bound,
        relative_gap=max(best.certificate.primal - bound, 0.0) / max(1.0, abs(best.certificate.primal)),
        solver=f"whole numbers by {count} programmes, {best.certificate.solver}",
        iterations=count,
    )
    return replace(best, certificate=certificate)


def _pop(heap: list[tuple[float, int, Bounds, Solution]], *, deepest: bool) -> tuple[Bounds, Solution]:
    """The programme of least bound, or the last one that was split while there is no point with whole numbers."""
    if deepest:
        place = max(range(len(heap)), key=lambda place: heap[place][1])
        _, _, bounds, solution = heap.pop(place)
        heapq.heapify(heap)
        return bounds, solution
    _, _, bounds, solution = heapq.heappop(heap)
    return bounds, solution


def _is_closed(best: Solution | None, bound: float) -> bool:
    if best is None or best.certificate is None:
        return False
    return best.certificate.primal - bound <= CLOSED * max(1.0, abs(best.certificate.primal))


def _better(best: Solution | None, found: Solution) -> Solution | None:
    if found.certificate is None:
        return best
    if best is None or best.certificate is None or found.certificate.primal < best.certificate.primal:
        return found
    return best


def _near(solution: Solution, name: str) -> float:
    """A number of the solution, whole where it is within rounding of one."""
    value = solution.capacities[name]
    return float(round(value)) if abs(value - round(value)) <= WHOLE * max(1.0, abs(value)) else value


def _floor(upper: float) -> float:
    return upper if math.isinf(upper) else float(math.floor(upper + WHOLE))


def _hold(programme: Staircase, bounds: Bounds) -> Staircase:
    """The programme with its whole numbers between bounds, as ordinary ones."""
    held = copy.copy(programme)
    held.capacities = dict(programme.capacities)
    for name, (lower, upper) in bounds.items():
        held.capacities[name] = replace(programme.capacities[name], lower=lower, upper=upper, integer=False)
    return held
