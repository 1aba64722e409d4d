"""What a job does: one plan, who pays, a comparison, a sweep, or the national plan.

Runs in a worker process. A question is plain JSON, so that it outlives the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kiban.messages import Message
from kiban.planning.plan import Plan
from kiban.progress import Report
from kiban.quantities import LANGUAGES
from kiban.report.messages import say as speak
from kiban.report.phrases import phrase
from kiban.scenario import Scenario
from kiban.scenario.file import parse_scenario
from kiban.server import questions
from kiban.server.differences import cause_steps, cause_view, difference_view
from kiban.server.packing import PackedPlan, pack_plan, plain_scenario, plan_id, restore_scenario
from kiban.server.plan_views import Circumstances, plan_view
from kiban.server.studies import apply_changes

Progress = dict[str, Any]
Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan that a job leaves in the store."""

    id: str
    packed: PackedPlan
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job leaves: its result in plain types, and plans for the store."""

    result: dict[str, Any]
    plans: tuple[KeptPlan, ...] = ()


def say(key: str, done: int | None = None, of: int | None = None, **blanks: object) -> Progress:
    """A step of a job in a sentence of our own."""
    message = {language: phrase(f"job.{key}", language, **blanks) for language in LANGUAGES}
    return {"message": message, "done": done, "of": of}


def run(kind: str, question: Mapping[str, Any], tell: Tell) -> Outcome:
    """Do a job; raises what the parts raise."""
    tell(say("started"))
    return {"plan": _plan, "pay": _pay, "compare": _compare, "sweep": _sweep, "national": _national}[kind](
        question, tell
    )


def _teller(tell: Tell, done: int | None = None, of: int | None = None) -> Report:
    """A listener to the planner's own messages."""

    def listen(step: Message) -> None:
        said = {language: speak(step, language) for language in LANGUAGES}
        tell({"message": said, "done": done, "of": of})

    return listen


def _plan(question: Mapping[str, Any], tell: Tell) -> Outcome:
    kept, _ = _build(restore_scenario(question["scenario"]), _teller(tell))
    return Outcome({"plan": kept.id}, (kept,))


def _build(scenario: Scenario, listen: Report) -> tuple[KeptPlan, Plan]:
    begun = time.perf_counter()
    plan = questions.build(scenario, listen)
    seconds = time.perf_counter() - begun
    return KeptPlan(plan_id(scenario), pack_plan(plan, with_hours=True), seconds), plan


def _pay(question: Mapping[str, Any], tell: Tell) -> Outcome:
    scenario = restore_scenario(question["scenario"])
    asked = (question["packages"], question["against"], question["rates"])
    content = questions.pay(scenario, *asked, _teller(tell), downside=question.get("downside", True))
    return Outcome({"pay": content})


def _compare(question: Mapping[str, Any], tell: Tell) -> Outcome:
    scenarios = [restore_scenario(content) for content in question["scenarios"]]
    built: list[tuple[KeptPlan, Plan]] = []
    for number, scenario in enumerate(scenarios, start=1):
        tell(say("plan", number - 1, len(scenarios), number=number, count=len(scenarios)))
        built.append(_build(scenario, _teller(tell, number - 1, len(scenarios))))
    views = [_short(kept, plan) for kept, plan in built]
    others = []
    for (_, other), view in zip(built[1:], views[1:], strict=True):
        difference = difference_view(built[0][1], other)
        if question["causes"]:
            difference["by_cause"] = _find_causes(built[0][1], other, tell)
        others.append({"plan": view, **difference})
    return Outcome({"base": views[0], "others": others}, tuple(kept for kept, _ in built))


def _short(kept: KeptPlan, plan: Plan) -> dict[str, Any]:
    return plan_view(plan, Circumstances(kept.id, time.time(), kept.seconds, "job"), short=True)


def _find_causes(base: Plan, other: Plan, tell: Tell) -> list[dict[str, Any]]:
    """The difference by the changes that cause it: they are applied one after another, and each is planned."""
    steps = cause_steps(base.scenario, other.scenario)
    content = plain_scenario(base.scenario)
    costs: list[float | None] = [_cost(base)]
    for number, step in enumerate(steps, start=1):
        tell(say("causes", number - 1, len(steps), number=number, count=len(steps)))
        content = apply_changes(content, step)
        if number == len(steps):
            costs.append(_cost(other))
        else:
            costs.append(_cost(questions.build(parse_scenario(content, where=""))))
    return cause_view(steps, costs)


def _cost(plan: Plan) -> float | None:
    return plan.cost_myen_per_year if plan.status == "optimal" else None


def _sweep(question: Mapping[str, Any], tell: Tell) -> Outcome:
    scenarios = [restore_scenario(content) for content in question["scenarios"]]
    points = []
    for number, (value, scenario) in enumerate(zip(question["values"], scenarios, strict=True), start=1):
        tell(say("point", number - 1, len(scenarios), number=number, count=len(scenarios)))
        points.append(point_view(value, _build_or_none(scenario)))
    return Outcome({"key": question["key"], "points": points})


def _build_or_none(scenario: Scenario) -> Plan | None:
    """The plan, None where no design exists; why is not asked in a sweep."""
    plan = questions.build(scenario, explain=False)
    return plan if plan.status == "optimal" else None


def point_view(value: float, plan: Plan | None) -> dict[str, Any]:
    """A point of a sweep; None where no design exists."""
    if plan is None:
        return {"value": value, "status": "infeasible", "cost_myen_per_year": None, "cooling_system": None,
                "capacities": {}, "indicators": {}}  # fmt: skip
    return {
        "value": value,
        "status": plan.status,
        "cost_myen_per_year": _cost(plan),
        "cooling_system": plan.cooling_system,
        "capacities": {name: float(amount) for name, amount in plan.capacities.items()},
        "indicators": {name: float(figure) for name, figure in plan.indicators.items()},
    }


def _national(question: Mapping[str, Any], tell: Tell) -> Outcome:
    return Outcome({"national": questions.plan_nation(question["study"], _teller(tell))})
