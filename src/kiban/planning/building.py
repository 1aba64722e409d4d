"""BUILD: from a scenario to a proven least-cost plan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kiban.errors import Problem, ScenarioError
from kiban.linear import Solution, Staircase, solve
from kiban.linear.bound import bound_cost
from kiban.linear.solvers import Solver
from kiban.linear.staircase import Array
from kiban.planning.evaluation import compute_costs, compute_hourly, compute_indicators, name_capacities
from kiban.planning.infeasibility import explain_infeasibility
from kiban.planning.plan import Alternative, Plan
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.planning.worths import compute_worths
from kiban.scenario import Scenario

Report = Callable[[str], None]

# A system is ruled out only where its bound is above the best cost by more than the proofs' rounding.
MARGIN = 1e-6
UNBOUNDED = Problem(
    "earns without end: some energy sells for more than it costs, and nothing limits its capacity",
    key="supply",
    remedy="set a limit on that supply (max_mw), on the connection (grid.max_mw) or on grid.max_export_mw",
)


def build(scenario: Scenario, *, solver: Solver = "auto", report: Report | None = None) -> Plan:
    """The least-cost plan of a scenario, or a plan that explains why there is none.

    Every candidate cooling system is solved, or ruled out by a proof that it costs more: the prices of
    one system's optimum bound the cost of another from below. `report` is told of progress. Raises
    `InputError` for input that cannot be used and `SolverError` where nothing could be proven.
    """
    tell = report or (lambda _: None)
    tell("reading inputs")
    preparation = prepare(scenario)
    best: tuple[Resources, Solution] | None = None
    alternatives: list[Alternative] = []
    candidates = [preparation.resources_for(system) for system in preparation.cooling_systems]
    for resources in sorted(candidates, key=_estimate):
        system = resources.cooling_system
        programme = write_programme(resources)
        if best is not None:
            cost = _cost(best[1])
            bound = bound_cost(programme, best[1], *_implied_bounds(resources))
            if bound >= cost * (1.0 + MARGIN):
                alternatives.append(Alternative(system, bound, is_bound=True))
                continue
        tell(f"solving with {system.replace('_', ' ')}")
        solution = solve(programme, solver)
        if solution.status == "unbounded":
            raise ScenarioError(UNBOUNDED)
        if solution.status == "infeasible":
            continue
        if best is None or _cost(solution) < _cost(best[1]):
            if best is not None:
                alternatives.append(Alternative(best[0].cooling_system, _cost(best[1]), is_bound=False))
            best = (resources, solution)
        else:
            alternatives.append(Alternative(system, _cost(solution), is_bound=False))
    if best is None:
        return _explain(preparation, tell)
    alternatives.sort(key=lambda other: (other.cost_myen_per_year, other.cooling_system))
    return _make_plan(preparation, *best, tuple(alternatives))


def _estimate(resources: Resources) -> float:
    """Yearly cost of a cooling system if all energy came from the grid: the order in which systems are tried."""
    load = resources.firm_mw + resources.arrivals_mw
    price = resources.grid.price_myen_per_mwh if resources.grid is not None else np.ones(resources.steps)
    energy = float((price * resources.pue) @ load) * resources.step_weight_h
    return resources.it_annual_cost_myen_per_mw * float(load.max()) + energy


def _implied_bounds(resources: Resources) -> tuple[dict[str, Array | float], dict[str, Array | float]]:
    """Bounds that hold at an optimum without being written: no more is served than has arrived."""
    most_served = (resources.max_backlog_mwh / resources.step_hours).max() + resources.arrivals_mw
    lower: dict[str, Array | float] = {}
    if resources.unserved_price_myen_per_mwh is None:
        lower["it"] = float(resources.firm_mw.max())
    upper: dict[str, Array | float] = {"it": max(resources.min_it_mw, float((resources.firm_mw + most_served).max()))}
    if resources.has_deferrable:
        upper["served"] = most_served
    return lower, upper


def _cost(solution: Solution) -> float:
    assert solution.certificate is not None
    return solution.certificate.primal


def _make_plan(
    preparation: Preparation, resources: Resources, solution: Solution, alternatives: tuple[Alternative, ...]
) -> Plan:
    hourly = compute_hourly(resources, solution)
    costs = compute_costs(resources, solution)
    return Plan(
        status="optimal",
        scenario=preparation.scenario,
        cooling_system=resources.cooling_system,
        capacities=name_capacities(resources, solution),
        costs=costs,
        indicators=compute_indicators(resources, solution, hourly, costs),
        worths=compute_worths(resources, solution, preparation.warmer_supply(resources.cooling_system)),
        alternatives=alternatives,
        time=preparation.time,
        hourly=hourly,
        certificate=solution.certificate,
        provenance=tuple(preparation.recorder),
        notes=preparation.notes,
    )


def _explain(preparation: Preparation, tell: Report) -> Plan:
    system = preparation.cooling_systems[0]
    resources = preparation.resources_for(system)
    programme: Staircase = write_programme(resources)
    explanation = explain_infeasibility(
        resources, programme, lambda step: f"{preparation.time[step]:%Y-%m-%d %H:%M}", tell
    )
    return Plan(
        status="infeasible",
        scenario=preparation.scenario,
        cooling_system=system,
        capacities={},
        costs={},
        indicators={},
        worths=(),
        alternatives=(),
        time=preparation.time,
        hourly={},
        certificate=None,
        provenance=tuple(preparation.recorder),
        notes=preparation.notes,
        infeasibility=explanation,
    )
