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
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show where a plan's money goes: industries, regions, jobs, abroad; a study takes minutes to plan."""
    language = choose_language(lang)
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
