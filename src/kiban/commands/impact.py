"""`kiban impact`: what a campus, a study or a bare load does to the prices and bills of everyone else."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.running import find_plan, find_study
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.commands.unsolved import leave_without_design, leave_without_national_plan
from kiban.errors import InputError, Problem
from kiban.progress import say_nothing

if TYPE_CHECKING:
    from kiban.market.campus import CampusImpact
    from kiban.progress import Report
    from kiban.quantities import Language

DEFAULT_SUBJECT = "japan"
DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add `kiban impact` to the command line."""
    app.command("impact")(impact_command)


def impact_command(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|SCENARIO|STUDY", help="A plan's folder, a TOML file, or an example; default: japan."
        ),
    ] = None,
    load: Annotated[
        float | None,
        typer.Option("--load", metavar="MW", min=0, max=100_000, help="A flat load in place of a subject."),
    ] = None,
    area: Annotated[
        str | None, typer.Option("--area", metavar="AREA", help="With --load: where, as tokyo; all: as demand is.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--areas", help="Also put the campus in each area; takes minutes.")
    ] = False,
    long_run: Annotated[
        bool, typer.Option("--long-run", help="Also with plants that enter, and load that is lost; takes minutes.")
    ] = False,
    commitment: Annotated[
        datetime | None,
        typer.Option(
            "--commitment",
            metavar="DAY",
            formats=DAY,
            help="Also a week from this day on with units that run or stand still in whole numbers.",
        ),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="From the exchange's bid curves alone, up to 1 GW.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Of a study: plan it first; takes minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
    page: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write a new HTML file that needs no network.")
    ] = None,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show what a load does to area prices and to what everyone else pays, without and with it."""
    language = choose_language(lang)
    if (load is None) != (area is None):
        raise InputError(Problem("impact.area_and_load", key="--area" if load is None else "--load"))
    if load is not None and subject is not None:
        raise InputError(Problem("impact.load_and_subject", key="--load", name=subject))
    slow = {"--areas": everywhere, "--long-run": long_run, "--commitment": commitment is not None}
    if fast and any(slow.values()):
        raise InputError(Problem("impact.fast_everywhere", key=next(key for key, asked in slow.items() if asked)))
    if page is not None and commitment is not None:
        raise InputError(Problem("impact.week_page", key="--commitment"))
    if page is not None:
        require_new(page)
    if commitment is not None:
        from kiban.finance.on_others import check_week

        check_week(commitment.date(), "--commitment")
    study = find_study(subject or DEFAULT_SUBJECT) if load is None else None
    if build and study is None:
        raise InputError(Problem("impact.only_study", key="--build"))
    # A fast answer is there before its progress could be told.
    with (
        contextlib.nullcontext(say_nothing)
        if load is not None and fast
        else progress(language, spinner=not as_json) as tell
    ):
        if load is not None and area is not None:
            from kiban.finance.on_others import impact_of_load

            found = impact_of_load(load, area, fast=fast, everywhere=everywhere, long_run=long_run, report=tell)
        elif study is not None:
            found = _ask_of_study(
                study,
                tell,
                fast=fast,
                everywhere=everywhere,
                long_run=long_run,
                build=build,
                insist=insist,
                language=language,
            )
        else:
            found = _ask_of_plan(
                subject, tell, fast=fast, everywhere=everywhere, long_run=long_run, insist=insist, language=language
            )
        week = None
        if commitment is not None:
            from kiban.finance.on_others import commit_week_of

            week = commit_week_of(found, commitment.date(), tell)
    if as_json:
        from kiban.report.market.document import impact_document

        document = dict(impact_document(found, language))
        document |= {} if week is None else {"commitment": asdict(week)}
        write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
    else:
        from kiban.report.market.commitment import week_text
        from kiban.report.market.terminal import impact_text

        show(lambda _: impact_text(found, language))
        if week is not None:
            committed = week
            show(lambda _: week_text(committed, language))
    if page is not None:
        from kiban.report.market.view import impact_view
        from kiban.report.page import fill_impact_page
        from kiban.report.phrases import phrase

        write_new(page, fill_impact_page(impact_view(found), language).encode("utf-8"))
        complain(phrase("report.written", language, path=page))


def _ask_of_study(
    path: Path,
    tell: Report,
    *,
    fast: bool,
    everywhere: bool,
    long_run: bool,
    build: bool,
    insist: bool,
    language: Language,
) -> CampusImpact:
    """The impact of a study; one without a plan is explained."""
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.finance.on_others import impact_of_study
    from kiban.scenario.national_file import read_national

    study = read_national(path).insisting(insist)
    try:
        return impact_of_study(study, fast=fast, everywhere=everywhere, long_run=long_run, build=build, report=tell)
    except NationalInfeasibleError as error:
        leave_without_national_plan(language, error.plan)


def _ask_of_plan(
    subject: str | None, tell: Report, *, fast: bool, everywhere: bool, long_run: bool, insist: bool, language: Language
) -> CampusImpact:
    """The impact of a plan, which is built where no folder of one is given; a plan without a design is explained."""
    from kiban.finance.on_others import impact_of_plan

    plan = find_plan(subject, tell, insist=insist)
    if plan.status == "infeasible":
        leave_without_design(language, plan)
    return impact_of_plan(plan, fast=fast, everywhere=everywhere, long_run=long_run, report=tell)
