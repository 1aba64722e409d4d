"""BUILD: from a scenario to a proven least-cost plan."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kiban.errors import ScenarioError
from kiban.linear import Solution, Staircase
from kiban.linear.solvers import Solver
from kiban.messages import Message
from kiban.planning.behind_meter import compare_behind_meter
from kiban.planning.choice import ROUGH_GAP, Stage, bound_of, choose, may_be_bounded, prove
from kiban.planning.endless_gain import explain_endless_gain
from kiban.planning.evaluation import (
    compute_clean_output,
    compute_costs,
    compute_energy_charges,
    compute_hourly,
    compute_indicators,
    list_investments,
    list_tranches,
    matched_load,
    name_capacities,
)
from kiban.planning.frontier import spend_budget
from kiban.planning.grid_supply import describe_connection
from kiban.planning.infeasibility import explain_infeasibility
from kiban.planning.one_way import TwoWay
from kiban.planning.outage_limits import explain_outage
from kiban.planning.outages import OutageGuard
from kiban.planning.plan import SURPLUS, Alternative, Infeasibility, Plan
from kiban.planning.plant_limits import describe_units
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.price_response import describe_response
from kiban.planning.procurement_account import describe_bought, unclean_purchases
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources, serve
from kiban.planning.schedule import tidy
from kiban.planning.stored_energy import follow_stored_energy
from kiban.planning.unserved import describe_unserved
from kiban.planning.worths import compute_worths
from kiban.planning.years import describe_years, measure_spread, say_spread
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario import Grid, Scenario, Target

if TYPE_CHECKING:
    import pandas as pd

    from kiban.linear.kernel.warm import WarmStart


def build(
    scenario: Scenario,
    *,
    solver: Solver = "auto",
    report: Report | None = None,
    warm: MutableMapping[str, WarmStart] | None = None,
    explain: bool = True,
) -> Plan:
    """The least-cost plan of a scenario under its policy packages, or a plan that explains why there is none.

    Raises `InputError` for input that cannot be used and `SolverError` where nothing could be proven. `report` is
    told of progress; `warm` and `explain` as in `build_prepared`.
    """
    tell = report or say_nothing
    tell(Message("progress.inputs"))
    preparation = prepare(scenario)
    target = scenario.target
    if target.objective == "cost":
        plan = build_prepared(preparation, solver=solver, report=tell, warm=warm, explain=explain)
        return _with_comparison(preparation, plan, tell)
    assert target.budget_myen_per_year is not None
    tell(Message("progress.frontier_budget"))
    best = spend_budget(preparation, target.objective, target.budget_myen_per_year)
    aimed = preparation if best is None else preparation.aiming_at(best)
    plan = build_prepared(aimed, solver=solver, report=tell, explain=explain)
    if plan.status != "optimal":
        return plan
    plan = _with_comparison(aimed, plan, tell)
    return replace(plan, notes=(*plan.notes, _say_objective(target, plan.indicators)))


def _with_comparison(preparation: Preparation, plan: Plan, tell: Report) -> Plan:
    """The plan beside the same campus behind the meter, where it buys from plants elsewhere."""
    if plan.bought is None:
        return plan
    served = {tranche.name: tranche.served_mw for tranche in plan.tranches}

    def design(resources: Resources) -> Plan | None:
        tell(Message("progress.behind_meter"))
        found = design_alone(preparation, resources, served)
        return None if found is None else found[0]

    resources = preparation.resources_for(plan.cooling_system)
    return replace(plan, bought=replace(plan.bought, behind_meter=compare_behind_meter(plan, resources, design)))


def _say_objective(target: Target, figures: Mapping[str, float]) -> Message:
    """What the budget of an objective reaches."""
    said = {"budget": target.budget_myen_per_year}
    if target.objective == "emissions":
        return Message("objective_note.emissions", said, emissions=figures["emissions_t_per_year"])
    return Message("objective_note.clean_share", said, share=figures["clean_share"])


def build_prepared(
    preparation: Preparation,
    *,
    served_mw: Mapping[str, float] | None = None,
    solver: Solver = "auto",
    report: Report | None = None,
    warm: MutableMapping[str, WarmStart] | None = None,
    explain: bool = True,
    only_best: bool = False,
) -> Plan:
    """The plan of inputs that are at hand; `served_mw` forces how much of each tranche is served.

    Every candidate cooling system is solved and the cheapest kept (`choice`). With `only_best` and points to start
    from, those that lost the question before are solved as far as proves that they lose again: what the plan then says
    of them is a bound, where they are no nearer than that. `warm` is the caller's to keep from
    one question to the next: points to start from by cooling system, read and replaced here. What
    differs little is then solved in a third to two thirds of the time, to the same proof; the last
    digits (1e-9 of the cost) depend on the questions before. Why there is no design takes many times as
    long to find as a design: without `explain` the plan only says that there is none.
    """
    tell = report or say_nothing
    candidates = [preparation.resources_for(system) for system in preparation.cooling_systems]
    if served_mw is not None:
        candidates = [serve(resources, served_mw) for resources in candidates]
    guards = [OutageGuard(resources) for resources in candidates]
    favourite = next(iter(warm), None) if warm and only_best else None
    solutions = _solve_all(guards, solver, warm, tell, favourite)
    for resources, solution in zip(candidates, solutions, strict=True):
        if isinstance(solution, Solution) and solution.status == "unbounded":
            raise ScenarioError(explain_endless_gain(resources, write_programme(resources)))
    best, *dearer = choose(
        list(zip(candidates, solutions, strict=True)), [partial(guard.solve, solver=solver) for guard in guards]
    )
    if only_best and warm and best.resources.cooling_system in warm:
        _put_first(warm, best.resources.cooling_system)
    if best.solution is None or best.solution.status != "optimal":
        # Where the linear programme has an optimum, it is the directions of flows that leave no design.
        one_way = not isinstance(solutions[0], Solution) or solutions[0].status == "optimal"
        return _no_design(preparation, candidates[0], tell, explain, one_way=one_way)
    others = tuple(
        Alternative(other.resources.cooling_system, other.least_bill_myen, is_bound=other.stage is not Stage.PLAN)
        for other in dearer
        if math.isfinite(other.bound_myen)
    )
    guard = replace(guards[best.system], resources=best.resources)
    return _make_plan(preparation, guard, best.solution, best.two_way, others)


def design_alone(
    preparation: Preparation,
    resources: Resources,
    served_mw: Mapping[str, float],
    warm: MutableMapping[str, WarmStart] | None = None,
) -> tuple[Plan, Mapping[str, float]] | None:
    """The design of resources that serves so much of each tranche, and the prices of its capacities at their limits.

    Only what a design is and costs: no worths, no notes, no sources. None where there is no design. `warm` as in
    `build_prepared`.
    """
    guard = OutageGuard(serve(resources, served_mw))
    (optimum,) = _solve_all([guard], "auto", warm, say_nothing)
    if not isinstance(optimum, Solution) or optimum.status != "optimal":
        return None
    (best,) = choose([(guard.resources, optimum)], [guard.solve])
    if best.solution is None or best.solution.status != "optimal":
        return None
    plan = describe_design(preparation.scenario, preparation.time, preparation.terms, best.resources, best.solution)
    return plan, best.solution.capacity_prices


def _solve_all(
    guards: Sequence[OutageGuard],
    solver: Solver,
    warm: MutableMapping[str, WarmStart] | None,
    tell: Report,
    favourite: str | None = None,
) -> list[Solution | float]:
    """The optimum of each cooling system, on a thread each where that pays; the answers do not depend on it.

    Where one system is the `favourite`, a proven bound of their cost takes the place of the others' optima.
    """
    from kiban.linear.kernel.newton import BRIEF_HOURS

    # Cooling systems differ little in what the programme sees of them. What is here at the start decides, so that
    # the first question is answered as if there were no points.
    known = dict(warm) if warm is not None else {}
    candidates = [guard.resources for guard in guards]
    starts = [known.get(resources.cooling_system) or next(iter(known.values()), None) for resources in candidates]

    def solve_one(guard: OutageGuard, start: WarmStart | None) -> tuple[Solution | float, WarmStart | None]:
        solve_it = partial(guard.solve, solver=solver, warm=start, keep_warm=warm is not None)
        programme = write_programme(guard.resources)
        if favourite is not None and guard.resources.cooling_system != favourite and may_be_bounded(guard.resources):
            rough = prove(programme, partial(solve_it, tolerance=ROUGH_GAP))
            bound = bound_of(programme, rough)
            if bound is not None:
                return bound, rough.warm
            solve_it = partial(solve_it, warm=rough.warm or start)
        found = prove(programme, solve_it)
        return replace(found, warm=None), found.warm

    for resources in candidates:
        tell(Message("progress.solving", technology=resources.cooling_system))
    threads = min(len(candidates), os.cpu_count() or 1)
    if threads == 1 or candidates[0].steps <= BRIEF_HOURS:
        found = list(map(solve_one, guards, starts))
    else:
        with ThreadPoolExecutor(threads, thread_name_prefix="kiban-cooling") as pool:
            begun = [
                pool.submit(copy_context().run, solve_one, guard, start)
                for guard, start in zip(guards, starts, strict=True)
            ]
            found = [solution.result() for solution in begun]
    if warm is not None:
        warm.update({r.cooling_system: kept for r, (_, kept) in zip(candidates, found, strict=True) if kept})
    return [solution for solution, _ in found]


def _put_first(warm: MutableMapping[str, WarmStart], best: str) -> None:
    """Order the points so that those of the system that won are the first."""
    others = {name: points for name, points in warm.items() if name != best}
    won = warm[best]
    warm.clear()
    warm.update({best: won, **others})


def _make_plan(
    preparation: Preparation,
    guard: OutageGuard,
    solution: Solution,
    two_way: TwoWay | None,
    alternatives: tuple[Alternative, ...],
) -> Plan:
    resources = guard.resources
    notes = (*preparation.notes, *(preparation.terms.notes if preparation.terms is not None else ()))
    if two_way is not None:
        notes = (*notes, two_way.note())
    unserved = describe_unserved(resources, solution, compute_hourly(resources, solution))
    if unserved is not None:
        notes = (*notes, unserved)
    if any(supply.unit_mw for supply in resources.supply):
        notes = (*notes, describe_units(resources, solution))
    connection = describe_connection(preparation.inputs, solution.capacities.get("interconnection", 0.0))
    response = describe_response(resources, tidy(resources, solution))
    notes = (*notes, *(note for note in (connection, response) if note is not None))
    if resources.outage is not None:
        notes = (*notes, guard.note(solution))
    design = describe_design(preparation.scenario, preparation.time, preparation.terms, resources, solution)
    if design.years:
        notes = (*notes, say_spread(design.years))
    return replace(
        design,
        worths=compute_worths(
            resources,
            tidy(resources, solution),
            preparation.warmer_cooling(resources.cooling_system),
            guard.worths(solution),
        ),
        alternatives=alternatives,
        provenance=tuple(preparation.recorder),
        notes=notes,
    )


def describe_design(
    scenario: Scenario, time: pd.DatetimeIndex, terms: PolicyTerms | None, resources: Resources, solution: Solution
) -> Plan:
    """The plan of an optimum in its own figures: capacities, costs, hours, and what is bought; no worths or sources."""
    solution = tidy(resources, solution)
    hourly = compute_hourly(resources, solution)
    unclean = follow_stored_energy(resources, solution)
    if unclean is not None:
        hourly["unclean_mw"] = unclean
    elif resources.procurement is not None:
        hourly["unclean_mw"] = unclean_purchases(resources, solution)
    costs = compute_costs(resources, solution)
    indicators = compute_indicators(resources, solution, hourly, costs)
    matched = matched_load(resources, solution)
    years = describe_years(resources, solution, hourly, time, scenario.time.first_month)
    return Plan(
        status="optimal",
        scenario=scenario,
        cooling_system=resources.cooling_system,
        capacities=name_capacities(resources, solution),
        costs=costs,
        indicators=indicators,
        worths=(),
        alternatives=(),
        time=time,
        hourly=hourly,
        certificate=solution.certificate,
        provenance=(),
        notes=(),
        investments=list_investments(resources, solution),
        tranches=list_tranches(resources, solution),
        clean_output_mwh_per_year=compute_clean_output(resources, solution),
        energy_charges_myen_per_year=compute_energy_charges(resources, solution),
        ratepayers_works_myen=_ratepayers_works(scenario.grid, solution),
        capital_factors=list_capital_factors(resources),
        production_credits_myen_per_mwh={
            supply.name: supply.production_credit_myen_per_mwh
            for supply in resources.supply
            if supply.production_credit_myen_per_mwh
        },
        years=years,
        spread=measure_spread(years) if years else None,
        bought=describe_bought(resources, solution, costs, indicators["clean_share"], matched),
        policy=terms,
    )


def list_capital_factors(resources: Resources) -> dict[str, dict[str, float]]:
    """Yearly cost of each yen of capital, by capacity on offer (built or not) and asset."""
    return {
        capacity: {
            asset.asset: asset.annual_capital_myen / asset.capex_myen for asset in made_of if asset.capex_myen > 0
        }
        for capacity, made_of in resources.assets.items()
    }


def _ratepayers_works(grid: Grid, solution: Solution) -> float:
    per_mw = (1.0 - grid.reinforcement_borne) * grid.reinforcement_myen_per_mw
    return per_mw * solution.capacities.get("interconnection", 0.0)


def _no_design(
    preparation: Preparation, resources: Resources, tell: Report, explain: bool, *, one_way: bool = False
) -> Plan:
    explanation = Infeasibility((SURPLUS,), (), 0.0, ()) if one_way else None
    if explain and not one_way:
        programme: Staircase = write_programme(resources)
        explanation = explain_outage(resources, tell) or explain_infeasibility(
            resources, programme, lambda step: f"{preparation.time[step]:%Y-%m-%d %H:%M}", tell
        )
    return Plan(
        status="infeasible",
        scenario=preparation.scenario,
        cooling_system=resources.cooling_system,
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
