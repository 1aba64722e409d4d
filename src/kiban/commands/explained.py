"""The answers whose figures `kiban why` explains: read from a file that `--json` wrote, or calculated anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.commands.paying import read_subject
from kiban.commands.running import find_plan, find_study
from kiban.commands.unsolved import leave_without_design, leave_without_national_plan
from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.progress import Report
from kiban.quantities import LANGUAGES, Language

if TYPE_CHECKING:
    from kiban.figures.entries import Document
    from kiban.planning.plan import Plan

FORMATS: Mapping[str, Document] = {
    "kiban plan": "build",
    "kiban payment": "pay",
    "kiban operation": "run",
    "kiban national plan": "japan",
    "kiban national payment": "pay_japan",
    "kiban frontier": "frontier",
}
KEYS: Mapping[str, Document] = {
    "others_pay_myen_per_year": "impact",
    "by_industry": "economy",
    "a_year_earlier_myen": "connect",
    "lost_by_racing_myen_per_year": "race",
}
"""What tells an answer without a format."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What `--json` prints, and the inputs and worths of the plan behind it where it has none of its own."""

    document: Document
    content: Mapping[str, Any]
    provenance: list[Mapping[str, Any]] | None = None
    worths: Mapping[str, Any] | None = None
    is_saved: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Of what an answer is wanted, and under which options; `packages` and `prefecture` are None where not given."""

    subject: str | None
    packages: Sequence[str] | None
    against: Sequence[str]
    prefecture: str | None
    language: Language
    insist: bool


def read_answer(subject: str | None) -> Answer | None:
    """What `--json` wrote to a file; None where the subject is none. Raises `InputError` for any other file."""
    if subject is None or Path(subject).suffix != ".json":
        return None
    try:
        content = json.loads(Path(subject).read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", subject, reason=reason_of(error))) from None
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        told = next((document for key, document in KEYS.items() if key in content), None)
        document = FORMATS.get(str(content.get("format")), told)
        if document is not None:
            return Answer(document, content, is_saved=True)
    raise InputError(Problem("why.no_answer", subject))


def find_answer(request: Request, asked: str, wanted: Document | None, tell: Report) -> Answer:
    """Calculate the answer that a figure belongs to.

    It is the one that is `wanted`, the one that an option is about, or the first whose table knows the figure.
    """
    study = find_study(request.subject)
    meant: Document | None = "pay" if request.packages else "economy" if request.prefecture else wanted
    if study is not None and meant == "pay":
        meant = "pay_japan"
    if study is None:
        if meant not in (None, *_OF_CAMPUS):
            raise InputError(Problem("why.one_campus", key=f"{meant}.{asked}"))
        return _OF_CAMPUS[meant or _belongs(asked)](request, tell)
    if meant not in (None, *_OF_STUDY):
        raise InputError(Problem("why.packages_here", key=f"{meant}.{asked}"))
    return _OF_STUDY[meant or "japan"](request, study, tell)


def _belongs(asked: str) -> Document:
    """The answer whose table has a figure of this name; BUILD where none has it in so many words."""
    from kiban.figures.entries import load_table
    from kiban.report.phrases import load_phrases

    word = asked.strip().casefold()
    for document in _OF_CAMPUS:
        segments = {
            segment for entry in load_table(document).entries for path in entry.paths for segment in path.split(".")
        }
        named = {
            text.casefold()
            for language in LANGUAGES
            for key, text in load_phrases(language).items()
            if key.startswith(f"formula_{document}.") and key.endswith(".name")
        }
        if word in named or set(word.split(".")) & (segments - {"*", "**"}):
            return document
    return "build"


def _ask_build(request: Request, tell: Report) -> Answer:
    from kiban.report.plan.record import summarise

    return Answer("build", summarise(find_plan(request.subject, tell, insist=request.insist)))


def _ask_run(request: Request, tell: Report) -> Answer:
    from kiban.operation.running import run
    from kiban.report.operation.document import operation_document

    plan = _require_plan(request, tell)
    return _of_plan("run", operation_document(run(plan, report=tell), request.language), plan)


def _ask_impact(request: Request, tell: Report) -> Answer:
    from kiban.finance.on_others import impact_of_plan
    from kiban.report.market.document import impact_document

    plan = _require_plan(request, tell)
    return _of_plan("impact", impact_document(impact_of_plan(plan, report=tell), request.language), plan)


def _ask_payment(request: Request, tell: Report) -> Answer:
    from kiban.finance.paying import InfeasibleError, Question
    from kiban.finance.public_risk import DRAWS
    from kiban.report.payment.document import payment_document

    packages = list(request.packages or ["tax-credit"])
    scenario = read_subject(request.subject).insisting(request.insist)
    question = Question(scenario, against=tuple(request.against), about=packages)
    try:
        payment = question.pay(packages, report=tell, draws=DRAWS)
    except InfeasibleError:
        leave_without_design(request.language)
    return _of_plan("pay", payment_document(payment), payment.after.plan)


def _ask_economy(request: Request, tell: Report) -> Answer:
    from kiban.economy.asking import economy_of_plan
    from kiban.finance.paying import InfeasibleError
    from kiban.report.economy.document import economy_document

    scenario = read_subject(request.subject).insisting(request.insist)
    try:
        found = economy_of_plan(scenario, request.prefecture, report=tell)
    except InfeasibleError:
        leave_without_design(request.language)
    return Answer("economy", economy_document(found, request.language))


def _ask_connect(request: Request, tell: Report) -> Answer:
    from kiban.finance.connecting import compare_connections
    from kiban.report.connecting import connecting_document

    scenario = read_subject(request.subject).insisting(request.insist)
    content = connecting_document(scenario, compare_connections(scenario, tell), request.language)
    return Answer("connect", content, provenance=_assumed(scenario.assumptions))


def _ask_race(request: Request, tell: Report) -> Answer:
    from kiban.commands.race import PACKAGE, RIVAL
    from kiban.finance.race import race
    from kiban.report.race import race_document

    scenario = read_subject(request.subject).insisting(request.insist)
    content = race_document(race(scenario, RIVAL, PACKAGE, report=tell))
    return Answer("race", content, provenance=_assumed(scenario.assumptions))


def _ask_frontier(request: Request, tell: Report) -> Answer:
    from kiban.planning.frontier import trace
    from kiban.report.plan.frontier_document import frontier_document

    scenario = read_subject(request.subject).insisting(request.insist)
    content = dict(frontier_document(trace(scenario, report=tell)))
    return Answer("frontier", content, provenance=_assumed(scenario.assumptions))


def _ask_national(request: Request, study: Path, tell: Report) -> Answer:
    from kiban.national.building import build_national
    from kiban.report.national.document import national_document
    from kiban.scenario.national_file import read_national

    read = read_national(study).insisting(request.insist)
    return Answer("japan", national_document(build_national(read, report=tell)))


def _ask_national_impact(request: Request, study: Path, tell: Report) -> Answer:
    from kiban.finance.on_others import impact_of_study
    from kiban.report.market.document import impact_document
    from kiban.scenario.national_file import read_national

    read = read_national(study).insisting(request.insist)
    return Answer("impact", impact_document(impact_of_study(read, report=tell), request.language))


def _ask_national_economy(request: Request, study: Path, tell: Report) -> Answer:
    from kiban.economy.asking import economy_of_study
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.report.economy.document import economy_document
    from kiban.scenario.national_file import read_national

    read = read_national(study).insisting(request.insist)
    try:
        found = economy_of_study(read, request.prefecture, report=tell)
    except NationalInfeasibleError as error:
        leave_without_national_plan(request.language, error.plan)
    return Answer("economy", economy_document(found, request.language))


def _ask_national_payment(request: Request, study: Path, tell: Report) -> Answer:
    from kiban.finance.national import NationalQuestion
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.report.national.payment_document import national_payment_document
    from kiban.scenario.national_file import read_national

    read = read_national(study).insisting(request.insist)
    try:
        question = NationalQuestion(read, against=tuple(request.against), report=tell)
        payment = question.with_downside(question.pay(list(request.packages or ["tax-credit"])))
    except NationalInfeasibleError as error:
        leave_without_national_plan(request.language, error.plan)
    return Answer("pay_japan", national_payment_document(payment), provenance=_assumed(read.assumptions))


_OF_CAMPUS: Mapping[Document, Callable[[Request, Report], Answer]] = {
    "build": _ask_build,
    "pay": _ask_payment,
    "run": _ask_run,
    "impact": _ask_impact,
    "economy": _ask_economy,
    "connect": _ask_connect,
    "race": _ask_race,
    "frontier": _ask_frontier,
}
"""Answers about one campus; the first that knows a figure is asked."""
_OF_STUDY: Mapping[Document, Callable[[Request, Path, Report], Answer]] = {
    "japan": _ask_national,
    "impact": _ask_national_impact,
    "economy": _ask_national_economy,
    "pay_japan": _ask_national_payment,
}


def _require_plan(request: Request, tell: Report) -> Plan:
    plan = find_plan(request.subject, tell, insist=request.insist)
    if plan.status != "optimal":
        leave_without_design(request.language)
    return plan


def _of_plan(document: Document, content: Mapping[str, Any], plan: Plan) -> Answer:
    """An answer with the inputs and worths of the plan behind it, and what its scenario assumes beyond the plan's."""
    from kiban.report.plan.record import summarise

    whole = summarise(plan)
    known = {one["name"]: one for one in _assumed(plan.scenario.assumptions)}
    known |= {one["name"]: dict(one) for one in whole["provenance"]}
    return Answer(document, content, provenance=list(known.values()), worths=whole["worths"])


def _assumed(assumptions: Mapping[str, float]) -> list[Mapping[str, Any]]:
    """Rows of the catalogue that a scenario or a study gives itself, as in the provenance of a plan."""
    from kiban.catalogue import load_catalogue

    catalogue = load_catalogue().overridden(assumptions) if assumptions else load_catalogue()
    return [
        {
            "name": name,
            "value": f"{catalogue.value(name):.10g}",
            "unit": catalogue.fact(name).unit,
            "source": catalogue.fact(name).source,
            "status": "given",
            "origin": "key",
        }
        for name in assumptions
    ]
