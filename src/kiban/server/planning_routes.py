"""Addresses that plan: check, plans, who pays, comparison, sweep, frontier, the national plan."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

import kiban
from kiban.messages import Message
from kiban.planning.plan import Plan
from kiban.quantities import LANGUAGES, Language
from kiban.report.plan.differences import CauseDocument, ComparisonDocument, OtherDocument, difference_document
from kiban.report.plan.document import Circumstances, PlanDocument, plan_document, reproduction, stamp
from kiban.report.plan.hours import hours_document, profile_document
from kiban.report.plan.inputs import check_document
from kiban.scenario import Scenario
from kiban.scenario.national_file import parse_national
from kiban.scenario.package import Package
from kiban.scenario.plain import differing_sections, plain_scenario
from kiban.scenario.plausibility import refuse_slips
from kiban.server import ownership
from kiban.server.access import Caller
from kiban.server.answers import Asker, TooLongError
from kiban.server.bodies import (
    CompareQuestion,
    FrontierQuestion,
    NationalQuestion,
    Numbered,
    PayQuestion,
    PlanQuestion,
    Sharing,
    Study,
    SweepQuestion,
)
from kiban.server.job_documents import job_document
from kiban.server.packing import pack, unpack
from kiban.server.payments import ask, read_packages
from kiban.server.plan_files import FILE_KINDS, plan_file
from kiban.server.problems import refuse
from kiban.server.queueing import queue_job
from kiban.server.service import Json, Planner, Service, ServiceOf, Viewer, attachment, number
from kiban.server.store import Row
from kiban.server.studies import estimate_seconds, find_national_study, find_scenario
from kiban.server.tasks import point_view

router = APIRouter(prefix="/api/v1")
MOST_INSTANT_POINTS = 3
PLANS_OF_A_PAYMENT = 6
MOST_SOUGHT_JOBS = 200
"""How many jobs are looked through for one that answers a question already."""
View = Literal["full", "short"]
Lang = Language | None
"""A short view may be asked for with the sentences of one language only."""


@router.post("/check", tags=["plans"])
def check(question: Study, service: ServiceOf, caller: Viewer) -> Json:
    """Read all inputs of a study without solving it."""
    scenario = find_scenario(question, service.settings, service.store, caller)
    estimate = estimate_seconds(scenario)
    work = "instant" if estimate <= service.settings.limits.instant_seconds else "job"
    return Json(check_document(kiban.check(scenario), estimate, work))


@router.post("/plans", tags=["plans"])
async def plan(
    question: PlanQuestion,
    request: Request,
    service: ServiceOf,
    caller: Planner,
    view: View = "full",
    lang: Lang = None,
) -> Json:
    """The least-cost plan: 200 with the plan where it is quick, else 202 with a job."""
    scenario = await run_in_threadpool(find_scenario, question, service.settings, service.store, caller)
    keep = question.cooling == "keep"
    if _is_instant(question, estimate_seconds(scenario, one_system=keep), service):
        asker = Asker(caller.name, question.session, question.sequence)
        try:
            made, how = await service.answers.plan(scenario, asker, keep_cooling=keep)
        except TooLongError:
            pass
        else:
            request.state.subject = how.id
            content = {"plan": await run_in_threadpool(_document, made, how, view, lang)}
            return Json(number(content, question.session, question.sequence))
    return await queue_job("plan", scenario.name, {"scenario": plain_scenario(scenario)}, question, request, caller)


def _document(made: Plan, how: Circumstances, view: View, lang: Lang = None) -> PlanDocument:
    languages = (lang,) if lang is not None and view == "short" else LANGUAGES
    return plan_document(made, how, short=view == "short", languages=languages)


def _is_instant(question: Numbered, estimate: float, service: Service) -> bool:
    """Whether to answer at once; refused where the caller insists on it and it would take too long."""
    quick = estimate <= service.settings.limits.instant_seconds
    if question.mode == "instant" and not quick:
        raise refuse("too-large", "instant", path="mode", seconds=f"{estimate:.0f}")
    return quick and question.mode != "job"


@router.get("/plans", tags=["plans"])
def list_plans(
    service: ServiceOf, caller: Viewer, limit: Annotated[int, Query(ge=1, le=1000)] = 50, deleted: bool = False
) -> Json:
    """The newest plans that are the caller's own or shared, an admin's of all; or those deleted ones it may restore."""
    rows = ownership.list_plans(service.store, caller, limit, deleted=deleted)
    return Json({"plans": [_row(row, caller) for row in rows]})


class StoredPlanDocument(TypedDict):
    """A stored plan in a list; `own` says whether the caller holds it, `shared` whether others see it."""

    id: str
    name: str
    created: str | None
    status: Literal["optimal", "infeasible"]
    cost_myen_per_year: float | None
    work: str
    site: str | None
    owner: str
    own: bool
    shared: bool
    deleted: str | None
    deleted_by: str | None


def _row(row: Row, caller: Caller) -> StoredPlanDocument:
    return {
        "id": row["id"],
        "name": row["name"],
        "created": stamp(row["created"]),
        "status": row["status"],
        "cost_myen_per_year": row["cost_myen_per_year"],
        "work": row["work"],
        "site": row["site"],
        "owner": row["owner"],
        "own": row["owner"] == caller.name,
        "shared": row["shared"],
        "deleted": stamp(row["deleted"]),
        "deleted_by": row["deleted_by"],
    }


@router.get("/plans/{plan_id}", tags=["plans"])
async def read_plan(plan_id: str, service: ServiceOf, caller: Viewer, view: View = "full", lang: Lang = None) -> Json:
    """A plan."""
    made, how = await service.answers.find(plan_id, caller)
    return Json(await run_in_threadpool(_document, made, how, view, lang))


@router.delete("/plans/{plan_id}", tags=["plans"], status_code=204)
async def delete_plan(plan_id: str, request: Request, service: ServiceOf, caller: Planner) -> Response:
    """Take a plan of one's own out of sight, an admin any; it can be restored until it is purged."""
    request.state.subject = plan_id
    await service.answers.after_writes(ownership.delete_plan, service.store, plan_id, caller)
    service.answers.forget(plan_id)
    return Response(status_code=204)


@router.post("/plans/{plan_id}/restore", tags=["plans"])
async def restore_plan(
    plan_id: str, request: Request, service: ServiceOf, caller: Planner, view: View = "full", lang: Lang = None
) -> Json:
    """Bring a plan back that was deleted and not purged yet."""
    request.state.subject = plan_id
    await service.answers.after_writes(ownership.restore_plan, service.store, plan_id, caller)
    made, how = await service.answers.find(plan_id, caller)
    return Json(await run_in_threadpool(_document, made, how, view, lang))


@router.patch("/plans/{plan_id}", tags=["plans"], status_code=204)
async def share_plan(
    plan_id: str, question: Sharing, request: Request, service: ServiceOf, caller: Planner
) -> Response:
    """Share a plan with everybody who has a token, or keep it for its owner."""
    request.state.subject = plan_id
    share = partial(ownership.share_plan, service.store, plan_id, caller, shared=question.shared)
    await service.answers.after_writes(share)
    return Response(status_code=204)


@router.get("/plans/{plan_id}/hourly", tags=["plans"])
async def hourly(
    plan_id: str,
    service: ServiceOf,
    caller: Viewer,
    columns: Annotated[str, Query(max_length=2000)] = "",
    first: Annotated[int, Query(alias="from", ge=0)] = 0,
    last: Annotated[int | None, Query(alias="to", ge=1)] = None,
    mean: Annotated[int, Query(ge=1, le=8784)] = 1,
) -> Json:
    """Hourly columns of a plan, as they are or in means of several steps."""
    made, _ = await service.answers.find(plan_id, caller)
    names, steps = _columns_of(made, plan_id, columns), len(made.time)
    end = steps if last is None else last
    if not 0 <= first < end <= steps:
        raise refuse("request", "range", path="from", first=first, last=end, steps=steps)
    return Json(await run_in_threadpool(hours_document, made, names, first, end, mean))


@router.get("/plans/{plan_id}/profile", tags=["plans"])
async def profile(
    plan_id: str, service: ServiceOf, caller: Viewer, columns: Annotated[str, Query(max_length=2000)] = ""
) -> Json:
    """The mean day of each month."""
    made, _ = await service.answers.find(plan_id, caller)
    return Json(await run_in_threadpool(profile_document, made, _columns_of(made, plan_id, columns)))


def _columns_of(made: Plan, plan_id: str, columns: str) -> list[str]:
    """The wanted columns, or all; refused where the plan has none of that name."""
    if made.status != "optimal":
        raise refuse("conflict", "no_hours", name=plan_id)
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for name in wanted:
        if name not in made.hourly:
            raise refuse("request", "no_column", path="columns", name=name, names=tuple(made.hourly))
    return list(dict.fromkeys(wanted)) or list(made.hourly)


@router.get("/plans/{plan_id}/files/{kind}", tags=["plans"])
async def file(plan_id: str, kind: str, service: ServiceOf, caller: Viewer, lang: Language = "en") -> Response:
    """A plan as a workbook, a zipped folder, one HTML page, which opens in a language, or its scenario."""
    if kind not in FILE_KINDS:
        raise refuse("not-found", "no_file_kind", name=kind, names=FILE_KINDS)
    made, how = await service.answers.find(plan_id, caller)
    content, media_type, name = await run_in_threadpool(plan_file, made, how.id, kind, lang)
    return attachment(content, media_type, name)


@router.get("/plans/{plan_id}/reproduce", tags=["plans"])
async def reproduce(plan_id: str, service: ServiceOf, caller: Viewer) -> Json:
    """The TOML, the command line and the Python that make the plan again."""
    made, _ = await service.answers.find(plan_id, caller)
    return Json(reproduction(made))


@router.post("/pay", tags=["money"])
async def pay(
    question: PayQuestion, request: Request, service: ServiceOf, caller: Planner, view: View = "full"
) -> Json:
    """Who pays and who gains under a policy package, against another one; `view=short` without the tables in words."""
    scenario = await run_in_threadpool(find_scenario, question, service.settings, service.store, caller)
    named, rates = _packages(question, scenario)
    packages: list[Package] = await run_in_threadpool(read_packages, named, rates)
    (against,) = read_packages([question.against], {})
    # Without policy, with policy until its credits settle, and forced to serve the same.
    if question.draws is None and _is_instant(question, PLANS_OF_A_PAYMENT * estimate_seconds(scenario), service):
        wanted = partial(ask, scenario, packages, against, downside=question.downside, short=view == "short")
        found = await run_in_threadpool(wanted)
        return Json(number({"pay": found}, question.session, question.sequence))
    content = {
        "scenario": plain_scenario(scenario),
        "packages": named,
        "against": question.against,
        "rates": rates,
        "downside": question.downside,
        "draws": question.draws,
    }
    return await queue_job("pay", scenario.name, content, question, request, caller)


def _packages(question: PayQuestion, scenario: Scenario) -> tuple[list[str | dict[str, Any]], dict[str, float]]:
    """The packages that are asked for, and the rates that are moved."""
    packages: list[str | dict[str, Any]] = list(scenario.policy.packages)
    if question.package is not None:
        packages = [question.package]
    if not packages:
        raise refuse("request", "no_package_given", path="package")
    rates = dict(question.rates)
    if question.rate is not None:
        first = packages[0]
        rates[first if isinstance(first, str) else str(first.get("name", ""))] = question.rate
    return packages, rates


@router.post("/compare", tags=["plans"])
async def compare(question: CompareQuestion, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """How up to four plans differ from a base."""
    studies = [question.base, *question.others]
    most = service.settings.limits.plans_in_comparison
    if len(studies) > most:
        raise refuse("too-large", "many", path="others", count=len(studies), what=Message("counted.plans"), most=most)
    scenarios = [
        await run_in_threadpool(find_scenario, one, service.settings, service.store, caller) for one in studies
    ]
    steps = [len(differing_sections(scenarios[0], other)) for other in scenarios[1:]]
    solves_more = question.causes and max(steps, default=0) > 1
    longest = max(estimate_seconds(scenario) for scenario in scenarios)
    if not solves_more and _is_instant(question, longest, service):
        try:
            content = await _compare(scenarios, question, service, caller)
        except TooLongError:
            pass
        else:
            return Json(number(content, question.session, question.sequence))
    asked = {"scenarios": [plain_scenario(scenario) for scenario in scenarios], "causes": question.causes}
    return await queue_job("compare", scenarios[0].name, asked, question, request, caller)


async def _compare(
    scenarios: list[Scenario], question: CompareQuestion, service: Service, caller: Caller
) -> ComparisonDocument:
    asker = Asker(caller.name, question.session, question.sequence)
    made = [await service.answers.plan(scenario, asker, keep_cooling=False) for scenario in scenarios]
    base, others = made[0][0], list[OtherDocument]()
    for other, how in made[1:]:
        difference = difference_document(base, other)
        if question.causes:
            difference["by_cause"] = _only_cause(base, other, difference["difference_myen_per_year"])
        others.append({"plan": _document(other, how, "short"), **difference})
    return {"base": _document(*made[0], "short"), "others": others}


def _only_cause(base: Plan, other: Plan, difference: float | None) -> list[CauseDocument]:
    """The whole difference for the only section that differs; nothing where none does."""
    steps = differing_sections(base.scenario, other.scenario)
    return [{"keys": list(step), "difference_myen_per_year": difference} for step in steps]


@router.post("/sweep", tags=["plans"])
async def sweep(question: SweepQuestion, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """The plans over a range of one key."""
    most = service.settings.limits.sweep_points
    if len(question.values) > most:
        raise refuse(
            "too-large", "many", path="values", count=len(question.values), what=Message("counted.values"), most=most
        )
    scenarios = await run_in_threadpool(_vary, question, service, caller)
    few = question.mode == "instant" and len(scenarios) <= MOST_INSTANT_POINTS
    if question.mode == "instant" and not few:
        raise refuse("too-large", "instant", path="mode", seconds=str(2 * len(scenarios)))
    if few and _is_instant(question, max(map(estimate_seconds, scenarios)), service):
        asker = Asker(caller.name, question.session, question.sequence)
        points = []
        for value, scenario in zip(question.values, scenarios, strict=True):
            try:
                made = (await service.answers.plan(scenario, asker, keep_cooling=False))[0]
            except TooLongError:
                made = None
            points.append(point_view(value, made))
        return Json(number({"key": question.key, "points": points}, question.session, question.sequence))
    plain = [plain_scenario(scenario) for scenario in scenarios]
    asked = {"key": question.key, "values": question.values, "scenarios": plain}
    return await queue_job("sweep", scenarios[0].name, asked, question, request, caller)


@router.post("/frontier", tags=["plans"])
async def frontier(question: FrontierQuestion, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """The least cost against emissions or the clean share, as a job."""
    most = service.settings.limits.sweep_points
    if question.points > most:
        raise refuse(
            "too-large", "many", path="points", count=question.points, what=Message("counted.values"), most=most
        )
    scenario = await run_in_threadpool(find_scenario, question, service.settings, service.store, caller)
    asked = {
        "scenario": plain_scenario(scenario),
        "measure": question.measure,
        "points": question.points,
        "budget_myen_per_year": question.budget_myen_per_year,
    }
    return await queue_job("frontier", scenario.name, asked, question, request, caller)


def _vary(question: SweepQuestion, service: Service, caller: Caller) -> list[Scenario]:
    base = question.model_dump(exclude={"key", "values", "mode", "session", "sequence"})
    scenarios = []
    for value in question.values:
        whole = int(value) if float(value).is_integer() else value
        study = Study(**{**base, "changes": {**base["changes"], question.key: whole}})
        scenarios.append(find_scenario(study, service.settings, service.store, caller))
    return scenarios


@router.post("/national/find", tags=["plans"])
def find_national(question: NationalQuestion, service: ServiceOf, caller: Viewer) -> Json:
    """The newest job that has planned, or is planning, this national study and that the caller may see; else null."""
    study = unpack(pack(find_national_study(question, service.settings)))
    for row in service.store.list_jobs(MOST_SOUGHT_JOBS, caller.reader):
        if row["kind"] == "national" and row["state"] in ("done", "running", "queued"):
            found = service.store.find_job(row["id"])
            if found is not None and unpack(found["question"])["study"] == study:
                return Json({"job": job_document(row)})
    return Json({"job": None})


@router.post("/national", tags=["plans"])
async def national(question: NationalQuestion, request: Request, service: ServiceOf, caller: Planner) -> Json:
    """A plan of all Japan: always a job."""
    study = await run_in_threadpool(find_national_study, question, service.settings)
    read = await run_in_threadpool(partial(parse_national, study, where=""))
    refuse_slips(read)
    return await queue_job("national", read.national.name, {"study": study}, question, request, caller)
