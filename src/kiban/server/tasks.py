"""What a job does: a plan, who pays, a comparison, a sweep, a frontier, an operation, the national plan, an impact.

Runs in a worker process. A question is plain JSON, so that it outlives the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kiban.messages import Message
from kiban.national.building import build_national
from kiban.national.search.cut_pool import CutPool
from kiban.planning.building import build
from kiban.planning.frontier import trace
from kiban.planning.plan import Plan
from kiban.planning.swept import plan_figures, swept_tasks
from kiban.progress import Report
from kiban.quantities import LANGUAGES
from kiban.report.messages import say as speak
from kiban.report.national.document import national_document
from kiban.report.phrases import phrase
from kiban.report.plan.differences import CauseDocument, OtherDocument, cause_documents, difference_document
from kiban.report.plan.document import Circumstances, PlanDocument, plan_document
from kiban.report.plan.frontier_document import frontier_document
from kiban.scenario import Scenario
from kiban.scenario.file import parse_scenario
from kiban.scenario.national_file import parse_national
from kiban.scenario.plain import differing_sections, plain_scenario, restore_scenario
from kiban.server.kept_answers import kept_answers
from kiban.server.markets import answer_impact
from kiban.server.operations import answer_run
from kiban.server.packing import PackedPlan, pack_plan, plan_id
from kiban.server.payments import ask, read_packages
from kiban.server.studies import apply_changes
from kiban.tasks.answering import Standing, answer_all

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

    result: Mapping[str, Any]
    plans: tuple[KeptPlan, ...] = ()


def say(key: str, done: int | None = None, of: int | None = None, **blanks: object) -> Progress:
    """A step of a job in a sentence of our own."""
    message = {language: phrase(f"job.{key}", language, **blanks) for language in LANGUAGES}
    return {"message": message, "done": done, "of": of}


def run(kind: str, question: Mapping[str, Any], tell: Tell) -> Outcome:
    """Do a job; raises what the parts raise."""
    tell(say("started"))
    return {"plan": _plan, "pay": _pay, "compare": _compare, "sweep": _sweep, "frontier": _frontier,
            "run": _run, "national": _national, "impact": _impact}[kind](question, tell)  # fmt: skip


def _teller(tell: Tell, done: int | None = None, of: int | None = None) -> Report:
    """A listener to the planner's own messages."""

    def listen(step: Message) -> None:
        said = {language: speak(step, language) for language in LANGUAGES}
        # A step that counts says itself how far it is.
        counted = {"done": step.values.get("done", done), "of": step.values.get("of", of)}
        tell({"message": said, **counted})

    return listen


def _plan(question: Mapping[str, Any], tell: Tell) -> Outcome:
    kept, _ = _build(restore_scenario(question["scenario"]), _teller(tell))
    return Outcome({"plan": kept.id}, (kept,))


def _build(scenario: Scenario, listen: Report) -> tuple[KeptPlan, Plan]:
    begun = time.perf_counter()
    plan = build(scenario, report=listen)
    seconds = time.perf_counter() - begun
    return KeptPlan(plan_id(scenario), pack_plan(plan, with_hours=True), seconds), plan


def _pay(question: Mapping[str, Any], tell: Tell) -> Outcome:
    scenario = restore_scenario(question["scenario"])
    packages = read_packages(question["packages"], question["rates"])
    (against,) = read_packages([question["against"]], {})
    wanted = {"downside": question.get("downside", True), "draws": question.get("draws"), "store": kept_answers()}
    found = ask(scenario, packages, against, _teller(tell), **wanted)
    return Outcome({"pay": found})


def _compare(question: Mapping[str, Any], tell: Tell) -> Outcome:
    scenarios = [restore_scenario(content) for content in question["scenarios"]]
    built: list[tuple[KeptPlan, Plan]] = []
    for number, scenario in enumerate(scenarios, start=1):
        tell(say("plan", number - 1, len(scenarios), number=number, count=len(scenarios)))
        built.append(_build(scenario, _teller(tell, number - 1, len(scenarios))))
    views = [_short(kept, plan) for kept, plan in built]
    others: list[OtherDocument] = []
    for (_, other), view in zip(built[1:], views[1:], strict=True):
        causes = _find_causes(built[0][1], other, tell) if question["causes"] else None
        others.append({"plan": view, **difference_document(built[0][1], other, causes)})
    return Outcome({"base": views[0], "others": others}, tuple(kept for kept, _ in built))


def _short(kept: KeptPlan, plan: Plan) -> PlanDocument:
    return plan_document(plan, Circumstances(kept.id, time.time(), kept.seconds, "job"), short=True)


def _find_causes(base: Plan, other: Plan, tell: Tell) -> list[CauseDocument]:
    """The difference by the changes that cause it: they are applied one after another, and each is planned."""
    steps = differing_sections(base.scenario, other.scenario)
    content = plain_scenario(base.scenario)
    costs: list[float | None] = [_cost(base)]
    for number, step in enumerate(steps, start=1):
        tell(say("causes", number - 1, len(steps), number=number, count=len(steps)))
        content = apply_changes(content, step)
        if number == len(steps):
            costs.append(_cost(other))
        else:
            costs.append(_cost(build(parse_scenario(content, where=""))))
    return cause_documents(steps, costs)


def _cost(plan: Plan) -> float | None:
    return plan.cost_myen_per_year if plan.status == "optimal" else None


def _sweep(question: Mapping[str, Any], tell: Tell) -> Outcome:
    def listen(standing: Standing) -> None:
        if standing.done < standing.of:
            tell(say("point", standing.done, standing.of, number=standing.done + 1, count=standing.of))

    found = answer_all(swept_tasks(question["scenarios"]), store=kept_answers(), progress=listen)
    points = [{"value": value, **figures} for value, figures in zip(question["values"], found, strict=True)]
    return Outcome({"key": question["key"], "points": points})


def point_view(value: float, plan: Plan | None) -> dict[str, Any]:
    """A point of a sweep; None where no design exists."""
    return {"value": value, **plan_figures(plan)}


def _frontier(question: Mapping[str, Any], tell: Tell) -> Outcome:
    found = trace(
        restore_scenario(question["scenario"]),
        question["measure"],
        points=question["points"],
        budget_myen_per_year=question["budget_myen_per_year"],
        report=_teller(tell),
    )
    return Outcome({"frontier": frontier_document(found)})


def _run(question: Mapping[str, Any], tell: Tell) -> Outcome:
    return Outcome(answer_run(question, _teller(tell)))


def _impact(question: Mapping[str, Any], tell: Tell) -> Outcome:
    asked = (question["load_mw"], question["area"])
    return Outcome(dict(answer_impact(*asked, long_run=question["long_run"], report=_teller(tell))))


def _national(question: Mapping[str, Any], tell: Tell) -> Outcome:
    plan = build_national(
        parse_national(question["study"], where=""), pool=CutPool(store=kept_answers()), report=_teller(tell)
    )
    return Outcome({"national": national_document(plan)})
