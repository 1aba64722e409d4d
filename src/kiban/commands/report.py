"""`kiban report`: a plan, who pays, an operation or a national plan as one HTML file that opens by double click."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.paying import Against, Draws, read_subject
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress
from kiban.errors import OutputError, Problem, reason_of
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.planning.frontier import Measure
    from kiban.planning.plan import Plan
    from kiban.report.national.document import NationalDocument
    from kiban.report.plan.document import PlanDocument, Reproduction
    from kiban.report.plan.frontier_document import FrontierDocument

NATIONAL_SUMMARY = "summary.json"


def register(app: typer.Typer) -> None:
    """Add `kiban report` to the command line."""
    app.command("report")(report_command)


def report_command(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN",
            help="A folder of a plan or an operation, what --json printed, or a scenario to build; default: tomakomai.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The new HTML file.")] = Path("report.html"),
    package: Annotated[
        list[str] | None,
        typer.Option("--package", metavar="NAME", help="Also show who pays for a policy package; may be repeated."),
    ] = None,
    against: Against = None,
    draws: Draws = None,
    frontier: Annotated[
        bool,
        typer.Option("--frontier", help="Also trace the frontier; one in a plan's folder is shown in any case."),
    ] = False,
    measure: Annotated[
        Literal["emissions", "clean_share"],
        typer.Option("--frontier-against", help="What cost is traced against."),
    ] = "emissions",
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Write a plan, who pays, an operation or a national plan as one HTML file that needs no network."""
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    require_new(out)
    with progress(language) as tell:
        traced = measure if frontier else None
        page = _page(subject, package or [], against or ["none"], draws, traced, language, tell, insist=insist)
        tell(Message("progress.saving"))
        write_new(out, page.encode("utf-8"))
    complain(phrase("report.written", language, path=out))


def _page(
    subject: str | None,
    packages: list[str],
    against: list[str],
    draws: int | None,
    traced: Measure | None,
    language: Language,
    tell: Report,
    *,
    insist: bool,
) -> str:
    """The page of whatever the user means by `subject`; `traced` is the measure of a frontier that is asked for."""
    from kiban.report.operation.folder import read_view
    from kiban.report.page import fill_national_page, fill_operation_page
    from kiban.scenario.examples import find_national

    operated = read_view(Path(subject)) if subject is not None and Path(subject).is_dir() else None
    saved = _saved_summary(subject) if operated is None else None
    national = find_national(subject) if subject is not None and operated is None and saved is None else None
    finished = operated is not None or saved is not None or national is not None
    if draws is not None and not packages and operated is None:
        raise OutputError(Problem("command.draws_alone", key="--draws"))
    if packages and finished:
        raise OutputError(Problem("command.no_package_here", str(subject)))
    if traced is not None and (packages or finished):
        raise OutputError(Problem("command.no_frontier_here", "--frontier"))
    if operated is not None:
        return fill_operation_page(operated, language)
    if saved is not None:
        return _saved_page(saved, str(subject), language)
    if national is not None:
        return fill_national_page(_plan_national(national, tell, insist=insist), language)
    if packages:
        return _payment_page(subject, packages, against, draws, language, tell, insist=insist)
    return _plan_page(subject, traced, language, tell, insist=insist)


def _saved_summary(subject: str | None) -> dict[str, Any] | None:
    """What `--json` printed or a national plan's folder holds; None where the subject is something else."""
    if subject is None:
        return None
    path = Path(subject)
    # The folder of a plan of one site holds its hours too and is read as a plan.
    if path.is_dir() and not (path / "hourly.parquet").is_file():
        path = path / NATIONAL_SUMMARY
    if path.suffix != ".json" or not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(_unusable(subject, reason_of(error) if isinstance(error, OSError) else str(error))) from None
    if not isinstance(found, dict):
        raise OutputError(_unusable(subject, Message("command.no_object")))
    # The web interface answers a payment under one key.
    inner = found.get("pay")
    return inner if isinstance(inner, dict) else found


def _saved_page(saved: dict[str, Any], subject: str, language: Language) -> str:
    from kiban.report.national import document as national_document
    from kiban.report.page import fill_national_page, fill_payment_page
    from kiban.report.payment import document as payment_document

    try:
        if saved.get("format") == national_document.FORMAT:
            return fill_national_page(saved, language)
        if saved.get("format") == payment_document.FORMAT:
            return fill_payment_page(payment_document.renewed(saved), language)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise OutputError(_unusable(subject, str(error))) from None
    raise OutputError(_unusable(subject, Message("command.format", format=repr(saved.get("format")))))


def _unusable(subject: str, reason: str | Message) -> Problem:
    return Problem("command.no_report", subject, reason=reason)


def _plan_national(path: Path, tell: Report, *, insist: bool) -> NationalDocument:
    from kiban.national.building import build_national
    from kiban.report.national.document import national_document
    from kiban.scenario.national_file import read_national

    return national_document(build_national(read_national(path).insisting(insist), report=tell))


def _plan_page(subject: str | None, traced: Measure | None, language: Language, tell: Report, *, insist: bool) -> str:
    from kiban.planning.building import build
    from kiban.report.page import fill_page
    from kiban.report.plan.document import reproduction
    from kiban.report.plan.folder import load_plan
    from kiban.scenario.examples import load_scenario

    is_saved = subject is not None and Path(subject).is_dir()
    plan = load_plan(str(subject)) if is_saved else build(load_scenario(subject).insisting(insist), report=tell)
    again = reproduction(plan) if plan.status == "optimal" else None
    frontier = _find_frontier(plan, Path(str(subject)) if is_saved else None, traced, tell)
    return fill_page(_document(plan), plan.hourly, language, again, frontier=frontier)


def _find_frontier(plan: Plan, folder: Path | None, traced: Measure | None, tell: Report) -> FrontierDocument | None:
    """The frontier that is asked for, or the one that the plan's folder holds."""
    from kiban.report.plan.frontier_document import FILE, frontier_document, read_frontier

    if traced is not None:
        from kiban.planning.frontier import trace

        return frontier_document(trace(plan.scenario, traced, report=tell))
    if folder is not None and (folder / FILE).is_file():
        return frontier_document(read_frontier(folder / FILE))
    return None


def _payment_page(
    subject: str | None,
    packages: list[str],
    against: list[str],
    draws: int | None,
    language: Language,
    tell: Report,
    *,
    insist: bool,
) -> str:
    """Who pays, and the plan under the package; without a design, the page of the plan that explains why."""
    from kiban.finance.paying import InfeasibleError, Question
    from kiban.finance.public_risk import DRAWS
    from kiban.report.page import fill_page
    from kiban.report.payment.document import payment_document
    from kiban.report.plan.document import reproduction

    try:
        question = Question(read_subject(subject).insisting(insist), against=tuple(against))
        payment = question.pay(tuple(packages), report=tell, draws=DRAWS)
        if draws is not None:
            from kiban.finance.joint_draws import with_draws

            payment = with_draws(question, payment, draws=draws, seed=question.scenario.seed, report=tell)
    except InfeasibleError as error:
        return fill_page(_document(error.plan), error.plan.hourly, language)
    plan = payment.after.plan
    asked = " ".join(["kiban pay scenario.toml", *(f"--package {name}" for name in packages)])
    if against != ["none"]:
        asked = " ".join([asked, *(f"--against {name}" for name in against)])
    again: Reproduction = {**reproduction(plan), "command": asked}
    return fill_page(_document(plan), plan.hourly, language, again, payment_document(payment))


def _document(plan: Plan) -> PlanDocument:
    from kiban.report.plan.document import Circumstances, plan_document

    return plan_document(plan, Circumstances(id="report", created=0.0, seconds=0.0, work="report"))
