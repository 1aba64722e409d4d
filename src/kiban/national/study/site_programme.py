"""The programme of one site with a load and limits on its right-hand sides, and its solution.

What a target or a carbon allowance forbids at any cost can still be had here at a price far above any real one, so
that every load has an optimum; a plan that uses it is no plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear import Certificate, Solution, Staircase, solve
from kiban.national.study.site_model import SiteModel
from kiban.planning.one_way import TwoWay, list_pairs, solve_one_way
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

PENALTY_MYEN_PER_MWH = 1.0
"""Price of missing the clean share; some twenty times what clean energy costs."""
PENALTY_MYEN_PER_T = 5.0
"""Price of carbon above the allowance; several hundred times a carbon price."""
SITE_TOLERANCE = 1e-6
"""Relative accuracy of a design that is shown or compared."""
SLACKS = {"clean_excess": 1e3, "carbon_excess": 1e3}
"""Unit of each slack: GWh and kt."""
START_GAPS = (1e-1, 1e-2, 1e-3)
"""Relative gaps on the way to an optimum at which a point is kept, from which a similar solve starts."""


def load_resources(model: SiteModel, z: Array) -> Resources:
    """The resources of the site with the load and the limits of z."""
    load, empty = z[: model.classes], model.resources
    firm, arrivals = load @ model.firm, load @ model.arrivals
    grid = empty.grid
    if grid is not None:
        grid = replace(grid, max_mw=min(grid.max_mw, float(z[model.classes])))
    shared = dict(zip(model.limited, z[model.classes + 1 :], strict=False))
    supply = tuple(
        replace(option, max_mw=min(option.max_mw, float(shared[option.name]))) if option.name in shared else option
        for option in empty.supply
    )
    return replace(
        empty,
        firm_mw=firm,
        arrivals_mw=arrivals,
        max_backlog_mwh=load @ model.backlog,
        min_it_mw=float((firm + arrivals).max()),
        grid=grid,
        supply=supply,
        carbon_cap_t_per_year=float(z[-1]) if model.has_carbon else empty.carbon_cap_t_per_year,
    )


def write_elastic_programme(resources: Resources) -> Staircase:
    """The site's programme in which the yearly limits give way at a price far above any real one."""
    programme = write_programme(resources)
    for slack, total, price in (
        ("clean_excess", "clean_share", PENALTY_MYEN_PER_MWH),
        ("carbon_excess", "carbon_cap", PENALTY_MYEN_PER_T),
    ):
        if total in programme.totals:
            programme.add_capacity(slack, cost=price * SLACKS[slack])
            programme.add_capacity_term(total, slack, -SLACKS[slack])
    return programme


def solve_site(resources: Resources, tolerance: float = SITE_TOLERANCE, start: WarmStart | None = None) -> Solution:
    """The optimum to an accuracy, from a similar one's warm start; by the general solvers where the kernel gives up."""
    from kiban.linear.kernel.method import solve_kernel

    programme = write_elastic_programme(resources)
    answer = solve_kernel(programme, tolerance=tolerance, correctors=0, threads=1, warm=start, keep=START_GAPS)
    return replace(answer.solution, warm=answer.warm) if answer.solution is not None else solve(programme)


def solve_site_one_way(resources: Resources) -> tuple[Solution, TwoWay | None]:
    """The optimum of flows in one direction, and what it differs in from the programme's own; None where in nothing."""
    if not list_pairs(resources):
        return solve_site(resources), None
    # To the last digits: what a rougher solve leaves in both directions is no flow.
    return solve_one_way(resources, solve(write_elastic_programme(resources)), solve, write_elastic_programme)


def solve_at(
    model: SiteModel, z: Array, tolerance: float = SITE_TOLERANCE, start: WarmStart | None = None
) -> tuple[Resources, Solution, Certificate]:
    """The resources of a site at z, its optimum and the proof of it; raises `SolverError` where there is none."""
    if not z[: model.classes].any():
        raise ValueError("a site without load needs no evaluation")
    resources = load_resources(model, z)
    solution = solve_site(resources, tolerance, start)
    if solution.certificate is None:
        raise SolverError(f"the programme of {model.label} is {solution.status} at {np.round(z, 3).tolist()}")
    return resources, solution, solution.certificate
