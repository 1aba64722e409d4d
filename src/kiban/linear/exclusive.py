"""Pairs of hourly variables of which only one may be above zero in a step: buying or selling, charging or discharging.

A linear programme cannot say so. Where its optimum keeps to it all the same, nothing is to be done; else

1. in the steps that overlap the smaller of the two is held at zero and the programme solved again, until no step
   overlaps: a point that keeps to it, and the optimum of the programme without the rule is a bound below it;
2. where the two are apart, a whole number decides in each of these steps (HiGHS), a better bound and a better point.

The certificate's `dual` is the bound that was proven, so that its gap says how good the answer is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.highs import solve_highs
from kiban.linear.phase_one import has_no_whole_point
from kiban.linear.solution import Solution, without_solution
from kiban.linear.staircase import Staircase

Steps = npt.NDArray[np.bool_]
Solve = Callable[[Staircase], Solution]

OVERLAP: Final = 1e-5
"""Both above it, in the variables' unit, is an overlap; below it is rounding."""
DECIDED_TO: Final = 1e-7
"""Relative gap at which nothing is left to be decided."""
MOST_ROUNDS: Final = 12
LONGEST_DECIDED: Final = 1000
"""Steps of a programme whose directions whole numbers decide; in a longer one the first answer stands, with its gap."""
MOST_NODES_AND_STEPS: Final = 100_000
"""Nodes of the search over whole numbers, times steps: a limit that gives the same answer on every machine."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two hourly variables that exclude each other, and the most that each can be, infinite where nothing limits it."""

    first: str
    second: str
    most_first: float
    most_second: float

    @property
    def is_limited(self) -> bool:
        """Whether a number can switch either off."""
        return bool(np.isfinite(self.most_first) and np.isfinite(self.most_second))


def find_overlaps(solution: Solution, pair: Pair) -> Steps:
    """Steps in which both variables of a pair are above zero."""
    return np.minimum(solution.hourly[pair.first], solution.hourly[pair.second]) > OVERLAP


def solve_exclusive(programme: Staircase, pairs: Sequence[Pair], relaxed: Solution, solve: Solve) -> Solution:
    """The least cost at which no pair overlaps; `relaxed` is the optimum of the programme without the rule.

    Where `relaxed` keeps to it, it is the answer. The solution's prices are those at the directions that
    were found. A programme without such a point is returned as infeasible where whole numbers prove that; else
    `SolverError` is raised.
    """
    overlaps = {pair: find_overlaps(relaxed, pair) for pair in pairs}
    if relaxed.certificate is None or not any(steps.any() for steps in overlaps.values()):
        return relaxed
    bound = relaxed.certificate.dual
    found = held = _hold_until_apart(programme, pairs, relaxed, solve)
    if not _is_closed(held, bound):
        found, bound = _decide(programme, pairs, overlaps, held, bound, solve)
    if found.certificate is None:
        if found.status == "infeasible" and found is not held:
            return found
        raise SolverError("the optimum has flows in both directions at once, and no schedule without them was found")
    gap = max(found.certificate.primal - bound, 0.0) / max(1.0, abs(found.certificate.primal))
    certificate = replace(
        found.certificate,
        dual=min(bound, found.certificate.dual),
        relative_gap=max(gap, found.certificate.relative_gap),
    )
    return replace(found, certificate=certificate)


def _is_closed(found: Solution, bound: float) -> bool:
    if found.certificate is None:
        return False
    return found.certificate.primal - bound <= DECIDED_TO * max(1.0, abs(found.certificate.primal))


def hold(programme: Staircase, held: Mapping[str, Steps]) -> Staircase:
    """The same programme with variables held at zero in some steps."""
    changed = copy.copy(programme)
    changed.variables = dict(programme.variables)
    for name, steps in held.items():
        variable = programme.variables[name]
        changed.variables[name] = replace(
            variable, upper=np.where(steps, 0.0, variable.upper), factor=np.where(steps, 0.0, variable.factor)
        )
    return changed


def _hold_until_apart(programme: Staircase, pairs: Sequence[Pair], relaxed: Solution, solve: Solve) -> Solution:
    """A point that keeps to the rule, step by step nearer; of all steps at once where that does not end."""
    solution = relaxed
    held = {name: np.zeros(programme.steps, dtype=bool) for pair in pairs for name in (pair.first, pair.second)}
    for attempt in range(MOST_ROUNDS):
        is_last = attempt == MOST_ROUNDS - 1
        for pair in pairs:
            steps = find_overlaps(solution, pair) | is_last
            larger = solution.hourly[pair.first] >= solution.hourly[pair.second]
            free = ~held[pair.first] & ~held[pair.second]
            held[pair.second] |= steps & larger & free
            held[pair.first] |= steps & ~larger & free
        solution = solve(hold(programme, held))
        if solution.certificate is None or not any(find_overlaps(solution, pair).any() for pair in pairs):
            return solution
    return solution


def _decide(
    programme: Staircase,
    pairs: Sequence[Pair],
    overlaps: Mapping[Pair, Steps],
    found: Solution,
    bound: float,
    solve: Solve,
) -> tuple[Solution, float]:
    """The better of `found` and what a search over whole numbers finds, and the better bound.

    Whole numbers stand in the steps that overlap, and in those that overlap once these are decided. What has no limit
    cannot be switched off by a number, a long programme takes hours, and beside curved costs HiGHS takes no whole
    numbers: then the answer stands with its gap.
    """
    steps = {pair: mask.copy() for pair, mask in overlaps.items()}
    flat = flatten(programme)
    for _ in range(MOST_ROUNDS):
        limited = all(pair.is_limited for pair in pairs if steps[pair].any())
        if programme.steps > LONGEST_DECIDED or flat.is_curved or not limited:
            break
        whole = _with_whole_numbers(flat, steps)
        status, point, _, _, proven = solve_highs(whole, most_nodes=MOST_NODES_AND_STEPS // programme.steps)
        if status == "infeasible":
            return (without_solution(status) if has_no_whole_point(whole) else found), bound
        if np.isfinite(proven):
            bound = max(bound, proven)
        if point.size != whole.cost.size:
            break
        decided = solve(hold(programme, _directions(steps, point[flat.cost.size :])))
        if decided.certificate is None:
            break
        more = {pair: find_overlaps(decided, pair) & ~steps[pair] for pair in pairs}
        if not any(mask.any() for mask in more.values()):
            better = found.certificate is None or decided.certificate.primal < found.certificate.primal
            return (decided if better else found), bound
        steps = {pair: steps[pair] | more[pair] for pair in pairs}
    return found, bound


def _with_whole_numbers(flat: FlatProgramme, steps: Mapping[Pair, Steps]) -> FlatProgramme:
    """`first <= most * u`, `second <= most * (1 - u)` with a `u` of 0 or 1 in each of the steps, after all columns."""
    import scipy.sparse as sp

    width, count = flat.cost.size, sum(int(mask.sum()) for mask in steps.values())
    rows: list[npt.NDArray[np.int64]] = []
    columns: list[npt.NDArray[np.int64]] = []
    values: list[Array] = []
    upper: list[Array] = []
    height = number = 0
    for pair, mask in steps.items():
        chosen = np.flatnonzero(mask)
        own = width + number + np.arange(chosen.size)
        for name, most, sign in ((pair.first, pair.most_first, -1.0), (pair.second, pair.most_second, 1.0)):
            at = height + np.arange(chosen.size)
            rows += [at, at]
            columns += [flat.columns[name].start + chosen, own]
            values += [np.ones(chosen.size), np.full(chosen.size, sign * most)]
            upper.append(np.full(chosen.size, most if sign > 0 else 0.0))
            height += chosen.size
        number += chosen.size
    switches = sp.coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(height, width + count)
    )
    matrix = sp.vstack([sp.hstack([flat.matrix, sp.csc_array((flat.matrix.shape[0], count))]), switches])
    return replace(
        flat,
        matrix=sp.csc_array(matrix),
        cost=np.concatenate([flat.cost, np.zeros(count)]),
        lower=np.concatenate([flat.lower, np.zeros(count)]),
        upper=np.concatenate([flat.upper, np.ones(count)]),
        row_lower=np.concatenate([flat.row_lower, np.full(height, -np.inf)]),
        row_upper=np.concatenate([flat.row_upper, *upper]),
        integer=np.concatenate([flat.integer, np.ones(count, dtype=bool)]),
    )


def _directions(steps: Mapping[Pair, Steps], switches: Array) -> dict[str, Steps]:
    """Steps in which each variable is held at zero by the numbers that were found."""
    held: dict[str, Steps] = {}
    number = 0
    for pair, mask in steps.items():
        count = int(mask.sum())
        on = np.zeros(mask.size, dtype=bool)
        on[mask] = switches[number : number + count] > 0.5
        held[pair.first], held[pair.second] = mask & ~on, mask & on
        number += count
    return held
