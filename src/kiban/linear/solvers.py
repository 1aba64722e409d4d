"""Solve a staircase programme: the caller need not know which solver ran."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear.branching import solve_branching
from kiban.linear.clarabel import solve_clarabel
from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.highs import solve_highs
from kiban.linear.phase_one import Finding, examine, has_no_whole_point
from kiban.linear.solution import Certificate, Solution, certify, unflatten, without_solution
from kiban.linear.staircase import Staircase

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

GeneralSolver = Callable[[FlatProgramme], Any]
Solver = Literal["auto", "kernel", "clarabel", "highs"]
# Largest relative gap and relative residual of an answer.
ACCEPTED = 1e-7
# Steps of a programme whose counts of units HiGHS decides; in a longer one the kernel searches.
LONGEST_WHOLE = 1000


def solve(
    programme: Staircase,
    solver: Solver = "auto",
    *,
    tolerance: float | None = None,
    warm: WarmStart | None = None,
    keep_warm: bool = False,
    threads: int | None = None,
) -> Solution:
    """The optimum of a programme with its prices and certificate.

    `auto` takes the staircase kernel, then Clarabel where the kernel gives up, then HiGHS (the
    certificate names the solver that answered, and those that gave up). Whole numbers are decided by HiGHS, counts
    of units in a long programme by a search of the kernel (`branching`); the prices are then those of the programme
    with the whole numbers held at their values, and the certificate's `dual` is the bound that was proved over all
    choices.

    "Infeasible" and "unbounded" are answered with a proof alone (`verdict`), whichever solver says so;
    `Solution.ray` is that proof. Raises `SolverError` where no solver reaches a proof, with what is known.

    A programme with curved costs goes to the kernel and to Clarabel; HiGHS takes none, so that `highs` is refused there
    with a `SolverError`. Whole numbers beside a curvature of hourly variables are searched by the kernel, beside a
    capacity's cost curve they are refused.

    `tolerance` is the relative gap that is asked of the kernel, its own finest where none is given; the general
    solvers stop at theirs.

    `warm`, the `Solution.warm` of a programme that differs in numbers only, lets the kernel start
    nearer to the optimum; `keep_warm` keeps the points for that. The answer is as proven as any, but
    its last digits depend on where it started. Whole numbers and other solvers make no use of it.

    `threads` are those of the kernel, all cores where none is given; they change no digit.
    """
    curved = any(capacity.curve is not None for capacity in programme.capacities.values())
    if any(capacity.integer for capacity in programme.capacities.values()):
        if curved:
            raise SolverError("no solver takes whole numbers and a capacity with a cost curve in one programme")
        return _solve_integer(programme, solver)
    return _solve_continuous(programme, solver, tolerance, warm, keep_warm, threads)


def _solve_continuous(
    programme: Staircase,
    solver: Solver,
    tolerance: float | None = None,
    warm: WarmStart | None = None,
    keep_warm: bool = False,
    threads: int | None = None,
) -> Solution:
    tried: list[str] = []
    if solver in {"auto", "kernel"}:
        solution = _solve_kernel(programme, tolerance, warm, keep_warm, threads)
        if solution is not None:
            return solution
        tried.append("kernel")
    if solver == "kernel":
        raise SolverError("no verdict: no optimum was proven by the kernel, which was asked alone")
    flat = flatten(programme)
    finding: Finding | None = None
    for name, solve_flat in _list_general_solvers(flat, solver):
        status, point, prices, iterations, *_ = solve_flat(flat)
        if point.size == flat.cost.size and np.isfinite(point).all() and np.isfinite(prices).all():
            point = np.clip(point, flat.lower, flat.upper)
            certificate, reduced = certify(flat, point, prices, solver=_name(name, tried), iterations=iterations)
            # A solver that stops short of its own tolerance may still have a proof: the certificate decides.
            if _is_accepted(flat, point, certificate):
                return unflatten(programme, flat, point, prices, reduced, certificate)
        if status in {"infeasible", "unbounded"} and finding is None:
            # Its word is no proof.
            finding = examine(flat)
            if finding.status is not None:
                return without_solution(finding.status, finding.ray)
        tried.append(name)
    finding = finding or examine(flat)
    if finding.status is not None:
        return without_solution(finding.status, finding.ray)
    raise SolverError(f"no verdict: no optimum was proven by {' and '.join(tried)}, and {finding.describe()}")


def _list_general_solvers(flat: FlatProgramme, solver: Solver) -> list[tuple[str, GeneralSolver]]:
    """The general solvers that are asked, in their order; HiGHS, for curved costs, where it is named only."""
    known: list[tuple[str, GeneralSolver]] = []
    if solver in {"auto", "clarabel"}:
        known.append(("clarabel", solve_clarabel))
    if solver == "highs" or (solver == "auto" and not flat.is_curved):
        known.append(("highs", solve_highs))
    return known


def _solve_kernel(
    programme: Staircase, tolerance: float | None, warm: WarmStart | None, keep_warm: bool, threads: int | None
) -> Solution | None:
    # A command that solves nothing need not load the kernel.
    from kiban.linear.kernel.method import TOLERANCE, solve_kernel
    from kiban.linear.kernel.warm import KEPT_GAPS

    gap = TOLERANCE if tolerance is None else tolerance
    kept = KEPT_GAPS if keep_warm else ()
    answer = solve_kernel(programme, tolerance=gap, threads=threads, warm=warm, keep=kept)
    return replace(answer.solution, warm=answer.warm) if answer.solution is not None else None


def _name(solver: str, tried: list[str]) -> str:
    return f"{solver} ({' and '.join(tried)} gave up)" if tried else solver


def _is_accepted(flat: FlatProgramme, point: Array, certificate: Certificate) -> bool:
    bounds = np.concatenate([flat.row_lower, flat.row_upper])
    size = 1.0 + float(np.abs(bounds[np.isfinite(bounds)]).max(initial=0.0))
    slopes = [curve.slope(float(point[k])) for k, curve in flat.curves.items()]
    slopes += [] if flat.curvature is None else [float((flat.curvature * np.abs(point)).max(initial=0.0))]
    price = 1.0 + float(np.abs([*flat.cost, *slopes]).max(initial=0.0))
    return (
        certificate.relative_gap <= ACCEPTED
        and certificate.primal_residual <= ACCEPTED * size
        and certificate.dual_residual <= ACCEPTED * price
    )


def _solve_integer(programme: Staircase, solver: Solver = "auto") -> Solution:
    counts = any(capacity.integer and capacity.upper > 1.0 for capacity in programme.capacities.values())
    bent = any(variable.curvature > 0.0 for variable in programme.variables.values())
    if bent or (counts and programme.steps > LONGEST_WHOLE and solver != "highs"):
        return solve_branching(programme, partial(_solve_continuous, solver=solver))
    flat = flatten(programme)
    status, point, _, nodes, bound = solve_highs(flat)
    if status != "optimal":
        finding = examine(flat)
        if finding.status is not None:
            return without_solution(finding.status, finding.ray)
        if status == "infeasible" and has_no_whole_point(flat):
            return without_solution(status)
        raise SolverError("no verdict: no optimum was proven by highs for the programme with whole numbers")
    solution = _solve_continuous(_hold_integers(programme, flat, point), "auto")
    inner = solution.certificate
    if inner is None:
        raise SolverError("the programme with its whole numbers held has no optimum")
    certificate = Certificate(
        primal=inner.primal,
        dual=min(bound, inner.dual),
        relative_gap=(inner.primal - min(bound, inner.dual)) / max(1.0, abs(inner.primal)),
        primal_residual=inner.primal_residual,
        dual_residual=inner.dual_residual,
        solver=f"highs (whole numbers), {inner.solver}",
        iterations=nodes + inner.iterations,
    )
    return replace(solution, certificate=certificate)


def _hold_integers(programme: Staircase, flat: FlatProgramme, point: Array) -> Staircase:
    held = copy.copy(programme)
    held.capacities = dict(programme.capacities)
    for name, capacity in programme.capacities.items():
        if capacity.integer:
            whole = float(np.round(point[flat.columns[name].start]))
            held.capacities[name] = replace(capacity, lower=whole, upper=whole, integer=False)
    return held
