"""A plan that is operated as a job: the plan, built or remembered, and what its page shows.

A worker remembers the plans that it operated last, so that another forecast or event does not build them again.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kiban.errors import InputError, Problem
from kiban.operation.occurrences import EventText, check_events
from kiban.operation.period import Period
from kiban.operation.running import run
from kiban.planning.building import build
from kiban.progress import Report
from kiban.quantities import LANGUAGES, Language
from kiban.report.operation.document import operation_document
from kiban.report.operation.view import operation_view
from kiban.report.page import fill_operation_page
from kiban.report.plan.record import to_json
from kiban.report.table_file import csv_text
from kiban.scenario import Scenario
from kiban.scenario.plain import restore_scenario
from kiban.server.bodies import RunQuestion
from kiban.server.packing import plan_id
from kiban.server.problems import RefusedError, refuse

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

REMEMBERED_PLANS: Final = 3
FILE_KINDS: Final = ("json", "csv", "html")
EVENTS: Final = "events"
_plans: OrderedDict[str, Plan] = OrderedDict()


def check_run(question: RunQuestion) -> None:
    """Refuse days that are none or crossed, and events that no operation could take; nothing is solved for it."""
    if (question.first is None) != (question.last is None):
        missing = "first" if question.first is None else "last"
        raise RefusedError("request", Problem("operation.one_day", key=missing))
    first, last = (read_day(name, getattr(question, name)) for name in ("first", "last"))
    if first is not None and last is not None and last < first:
        raise RefusedError("request", Problem("operation.days_crossed", key="last", first=f"{first}", last=f"{last}"))
    if question.events.strip():
        try:
            check_events(EventText(question.events, EVENTS))
        except InputError as error:
            raise RefusedError("request", error.problems) from None


def read_day(name: str, text: str | None) -> date | None:
    """The day of a text; refused where the calendar has none of that name."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise refuse("request", "parameter", path=name, reason=str(error)) from None


def answer_run(question: Mapping[str, Any], listen: Report) -> dict[str, Any]:
    """Operate a plan: what its page shows, and what `kiban run --json` prints, in both languages."""
    plan = _find_plan(restore_scenario(question["scenario"]), listen)
    if plan.status != "optimal":
        raise refuse("scenario", "no_design")
    first, last = (read_day(name, question[name]) for name in ("first", "last"))
    operation = run(
        plan,
        period=None if first is None else Period(first=first, last=last),
        forecast=question["forecast"],
        hour=question["hour"],
        horizon_hours=question["horizon_hours"],
        events=EventText(question["events"], EVENTS) if question["events"].strip() else (),
        in_detail=True,
        report=listen,
    )
    summaries = {language: json.loads(to_json(operation_document(operation, language))) for language in LANGUAGES}
    return {**operation_view(operation), "summary": summaries["en"], "said_in_japanese": _said(summaries["ja"])}


def _said(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What of a summary is said in a language."""
    return {name: summary[name] for name in ("sentence", "notes")}


def _find_plan(scenario: Scenario, listen: Report) -> Plan:
    name = plan_id(scenario)
    if name not in _plans:
        _plans[name] = build(scenario, report=listen)
        while len(_plans) > REMEMBERED_PLANS:
            _plans.popitem(last=False)
    _plans.move_to_end(name)
    return _plans[name]


def run_file(content: Mapping[str, Any], job_id: str, kind: str, language: Language) -> tuple[bytes, str, str]:
    """An operation as a file to take home: its bytes, its media type and its name."""
    name = f"kiban-{job_id}.{kind}"
    if kind == "json":
        summary = content["summary"] | (content["said_in_japanese"] if language == "ja" else {})
        return to_json(summary).encode("utf-8"), "application/json", name
    if kind == "html":
        return fill_operation_page(content, language).encode("utf-8"), "text/html; charset=utf-8", name
    return _table(content), "text/csv; charset=utf-8", name


def _table(content: Mapping[str, Any]) -> bytes:
    """The hours as CSV, six digits; empty where nothing was expected."""
    columns, time = content["hours"]["columns"], content["operation"]["time"]
    first, step = datetime.fromisoformat(time["start"]), timedelta(hours=time["step_hours"])
    times = [(first + number * step).isoformat() for number in range(time["steps"])]
    return csv_text(["time", *columns], zip(times, *columns.values(), strict=True)).encode("utf-8")
