"""A point of a sweep over a key of a scenario, as a task: the plan's figures, and none of its hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.scenario.plain import restore_scenario
from kiban.tasks.task import Task, digest

FUNCTION = "kiban.planning.swept:answer_scenario"


def swept_tasks(scenarios: Sequence[Mapping[str, Any]]) -> list[Task]:
    """A task for each scenario in plain types, which names no file but those that are shipped."""
    return [Task(FUNCTION, {"scenario": scenario}, digest(scenario), "point") for scenario in scenarios]


def answer_scenario(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the plan of a scenario in plain types; why there is none is not asked in a sweep."""
    plan = build(restore_scenario(scenario), explain=False)
    return plan_figures(plan if plan.status == "optimal" else None)


def plan_figures(plan: Plan | None) -> dict[str, Any]:
    """What a sweep shows of a plan; None where no design exists."""
    if plan is None:
        return {"status": "infeasible", "cost_myen_per_year": None, "cooling_system": None, "capacities": {},
                "indicators": {}}  # fmt: skip
    return {
        "status": plan.status,
        "cost_myen_per_year": plan.cost_myen_per_year if plan.status == "optimal" else None,
        "cooling_system": plan.cooling_system,
        "capacities": {name: float(amount) for name, amount in plan.capacities.items()},
        "indicators": {name: float(figure) for name, figure in plan.indicators.items()},
    }
