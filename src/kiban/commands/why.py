"""`kiban why`: for any figure that kiban prints, its formula, what went into it, and what would change it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiban.commands.paying import Against
from kiban.commands.running import find_plan, find_study
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write
from kiban.commands.unsolved import leave_without_design
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
}
IMPACT_KEY = "others_pay_myen_per_year"


@dataclass(frozen=True, slots=True)
class Answer:
    """What `--json` prints, and the inputs and worths of the plan behind it where it has none of its own."""

    document: Document
    content: Mapping[str, Any]
    provenance: list[Mapping[str, Any]] | None = None
    worths: Mapping[str, Any] | None = None
    is_saved: bool = False


def register(app: typer.Typer) -> None:
    """Add `kiban why` to the command line."""
    app.command("why")(why_command)


def why_command(
    figure: Annotated[
        str,
        typer.Argument(metavar="FIGURE", help="A path as in --json, a part of it, or a printed name."),
    ],
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|SCENARIO|STUDY|FILE",
            help="A plan's folder, a scenario, a study, or what --json wrote; default: tomakomai.",
        ),
    ] = None,
    package: Annotated[
        list[str] | None,
        typer.Option("--package", metavar="NAME", help="Ask about the payment under a policy package; repeatable."),
    ] = None,
    against: Against = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the text.")] = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Say why a figure is what it is: formula, inputs, sources, prices of constraints, and what would change it."""
    from kiban.figures.entries import load_table
    from kiban.figures.explanation import explain
    from kiban.figures.finding import find_figure
    from kiban.figures.leaves import leaves_of
    from kiban.report.why import figure_names, why_document, why_text

    language = choose_language(lang)
    asked, wanted = _split(figure)
    saved = _read_answer(subject)
    if saved is None:
        with progress(language, spinner=not as_json) as tell:
            saved = _ask(subject, wanted, asked, package, against or ["none"], tell, language, insist=insist)
    elif package:
        raise InputError(Problem("why.packages_here", key="--package"))
    answer = saved
    with _readable(subject if answer.is_saved else None):
        leaves = dict(leaves_of(answer.content))
        path = find_figure(asked, leaves, lambda one: figure_names(answer.document, one))
        if load_table(answer.document).find(path) is None:
            raise InputError(Problem("why.unknown", key=asked, remedy="why.list"))
        found = explain(answer.document, answer.content, path, provenance=answer.provenance, worths=answer.worths)
        document = why_document(found)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(document))
    else:
        show(lambda _: why_text(found, language))


@contextlib.contextmanager
def _readable(file: str | None) -> Iterator[None]:
    """A file may hold anything under the names of an answer: what is not as they are is an error of one sentence."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError, OverflowError) as error:
        if file is None or isinstance(error, InputError):
            raise
        raise InputError(Problem("why.no_answer", file)) from None


def _split(figure: str) -> tuple[str, Document | None]:
    """The figure, and the answer that its first word names."""
    from kiban.figures.entries import DOCUMENTS

    first, dot, rest = figure.partition(".")
    named = next((one for one in DOCUMENTS if one == first), None)
    return (rest, named) if dot and named is not None else (figure, None)


def _read_answer(subject: str | None) -> Answer | None:
    """What `--json` wrote to a file; None where the subject is none."""
    if subject is None or Path(subject).suffix != ".json":
        return None
    try:
        content = json.loads(Path(subject).read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", subject, reason=reason_of(error))) from None
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        document = FORMATS.get(str(content.get("format")), "impact" if IMPACT_KEY in content else None)
        if document is not None:
            return Answer(document, content, is_saved=True)
    raise InputError(Problem("why.no_answer", subject))


def _ask(
    subject: str | None,
    wanted: Document | None,
    asked: str,
    packages: list[str] | None,
    against: list[str],
    tell: Report,
    language: Language,
    *,
    insist: bool,
) -> Answer:
    """Calculate the answer that the figure belongs to: the one that is named, a payment, or the first that knows it."""
    study = find_study(subject)
    if study is not None:
        if packages or wanted in ("pay", "run"):
            raise InputError(Problem("why.packages_here", key="--package" if packages else f"{wanted}.{asked}"))
        return _ask_study(study, wanted, tell, language, insist=insist)
    document = "pay" if packages else wanted or _belongs(asked)
    if document == "pay":
        return _ask_payment(subject, packages or ["tax-credit"], against, tell, language, insist=insist)
    plan = find_plan(subject, tell, insist=insist)
    from kiban.report.plan.record import summarise

    if plan.status != "optimal" and document != "build":
        leave_without_design(language)
    if document == "run":
        from kiban.operation.running import run
        from kiban.report.operation.document import operation_document

        content: Mapping[str, Any] = operation_document(run(plan, report=tell), language)
        return _of_plan("run", content, plan)
    if document == "impact":
        from kiban.finance.on_others import impact_of_plan
        from kiban.report.market.document import impact_document

        return _of_plan("impact", impact_document(impact_of_plan(plan, report=tell), language), plan)
    return Answer("build", summarise(plan))


def _belongs(asked: str) -> Document:
    """The answer whose table has a figure of this name; BUILD where none has it in so many words."""
    from kiban.figures.entries import load_table
    from kiban.report.phrases import load_phrases

    word = asked.strip().casefold()
    order: tuple[Document, ...] = ("build", "pay", "run", "impact")
    for document in order:
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


def _ask_study(study: Path, wanted: Document | None, tell: Report, language: Language, *, insist: bool) -> Answer:
    from kiban.scenario.national_file import read_national

    read = read_national(study).insisting(insist)
    if wanted == "impact":
        from kiban.finance.on_others import impact_of_study
        from kiban.report.market.document import impact_document

        return Answer("impact", impact_document(impact_of_study(read, report=tell), language))
    from kiban.national.building import build_national
    from kiban.report.national.document import national_document

    return Answer("japan", national_document(build_national(read, report=tell)))


def _ask_payment(
    subject: str | None, packages: list[str], against: list[str], tell: Report, language: Language, *, insist: bool
) -> Answer:
    from kiban.commands.paying import read_subject
    from kiban.finance.paying import InfeasibleError, Question
    from kiban.finance.public_risk import DRAWS
    from kiban.report.payment.document import payment_document

    question = Question(read_subject(subject).insisting(insist), against=tuple(against), about=packages)
    try:
        payment = question.pay(packages, report=tell, draws=DRAWS)
    except InfeasibleError:
        leave_without_design(language)
    return _of_plan("pay", payment_document(payment), payment.after.plan)


def _of_plan(document: Document, content: Mapping[str, Any], plan: Plan) -> Answer:
    """An answer with the inputs and worths of the plan behind it, and what its scenario assumes beyond the plan's."""
    from kiban.catalogue import load_catalogue
    from kiban.report.plan.record import summarise

    whole = summarise(plan)
    assumed = load_catalogue().overridden(plan.scenario.assumptions) if plan.scenario.assumptions else load_catalogue()
    known: dict[str, Mapping[str, Any]] = {
        name: {
            "name": name,
            "value": f"{assumed.value(name):.10g}",
            "unit": assumed.fact(name).unit,
            "source": assumed.fact(name).source,
            "status": "given",
            "origin": "key",
        }
        for name in plan.scenario.assumptions
    }
    known |= {one["name"]: dict(one) for one in whole["provenance"]}
    return Answer(document, content, provenance=list(known.values()), worths=whole["worths"])
