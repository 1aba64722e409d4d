"""`kiban economy`: which industries, regions and people a plan or a study sets in motion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.paying import read_subject
from kiban.commands.running import find_study
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.commands.unsolved import leave_without_design, leave_without_national_plan
from kiban.errors import EXIT_INFEASIBLE, InputError, Problem

if TYPE_CHECKING:
    from kiban.economy.answer import Economy
    from kiban.quantities import Language


def register(app: typer.Typer) -> None:
    """Add `kiban economy` to the command line."""
    app.command("economy")(economy_command)


def economy_command(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|SCENARIO|STUDY", help="A plan's folder, a TOML file, or an example; default: tomakomai."
        ),
    ] = None,
    prefecture: Annotated[
        str | None,
        typer.Option("--prefecture", metavar="NAME", help="The prefecture that is meant; default: the campuses' own."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
    page: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write a new HTML file that needs no network.")
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option("--limits", metavar="FILE", help="Write what limits a study's building, and plan with it."),
    ] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="value|low|high", help="With --limits: the end of what is assumed.")
    ] = "value",
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show where a plan's money goes: industries, regions, jobs, abroad; a study takes minutes to plan."""
    language = choose_language(lang)
    if limits is not None:
        _plan_with_limits(subject, limits, at, language, as_json=as_json, insist=insist)
        return
    if page is not None:
        require_new(page)
    found = _ask(subject, prefecture, language, as_json=as_json, insist=insist)
    if as_json:
        from kiban.report.economy.document import economy_document
        from kiban.report.plan.record import to_json

        write(to_json(economy_document(found, language)))
    else:
        from kiban.report.economy.terminal import economy_text

        show(lambda _: economy_text(found, language))
    if page is not None:
        from kiban.report.economy.page import fill_economy_page
        from kiban.report.phrases import phrase

        write_new(page, fill_economy_page(found, language).encode("utf-8"))
        complain(phrase("report.written", language, path=page))


def _ask(subject: str | None, prefecture: str | None, language: Language, *, as_json: bool, insist: bool) -> Economy:
    """The answer; a subject without a plan is explained, as JSON where that is asked for, and left."""
    from kiban.economy.asking import economy_of_plan, economy_of_study, read_prefecture
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.finance.paying import InfeasibleError

    read_prefecture(prefecture)  # said before anything is solved
    study = find_study(subject)
    try:
        with progress(language, spinner=not as_json) as tell:
            if study is None:
                return economy_of_plan(read_subject(subject).insisting(insist), prefecture, report=tell)
            from kiban.scenario.national_file import read_national

            return economy_of_study(read_national(study).insisting(insist), prefecture, report=tell)
    except InfeasibleError as error:
        leave_without_design(language, error.plan, as_json=as_json)
    except NationalInfeasibleError as error:
        leave_without_national_plan(language, error.plan, as_json=as_json)


def _plan_with_limits(
    subject: str | None, file: Path, at: str, language: Language, *, as_json: bool, insist: bool
) -> None:
    """Write the limits of a study, plan it without and with them, and print what they change."""
    from kiban.catalogue import load_catalogue
    from kiban.economy.effects import CASES
    from kiban.economy.limits import limits_of_study, limits_text
    from kiban.economy.shortage import Shortage
    from kiban.national.building import build_national
    from kiban.national.search.cut_pool import CutPool
    from kiban.report.economy.shortage import shortage_document, shortage_text
    from kiban.report.phrases import phrase
    from kiban.report.plan.record import to_json
    from kiban.scenario.national_file import read_national

    require_new(file)
    path = find_study(subject)
    if path is None:
        raise InputError(Problem("economy.no_study", key="--limits"))
    case = next((case for case in CASES if case == at), None)
    if case is None:
        raise InputError(Problem("economy.no_end", key="--at", name=at))
    study = read_national(path).insisting(insist)
    limits = limits_of_study(study, load_catalogue(), case, language)
    write_new(file, limits_text(limits).encode("utf-8"))
    complain(phrase("shortage.written", language, path=file, count=len(limits)))
    pool = CutPool()
    with progress(language, spinner=not as_json) as tell:
        free = build_national(study, pool=pool, report=tell)
        if free.status == "infeasible":
            leave_without_national_plan(language, free, as_json=as_json)
        limited = build_national(study.changed(build_limit=(*study.build_limit, *limits)), pool=pool, report=tell)
    found = Shortage(limits, free, limited)
    if as_json:
        write(to_json(shortage_document(found, language)))
    else:
        show(lambda width: shortage_text(found, language, width))
    if limited.status == "infeasible":
        raise typer.Exit(EXIT_INFEASIBLE)
