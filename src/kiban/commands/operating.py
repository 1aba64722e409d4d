"""`kiban operate`: what a plan built is operated, every five minutes, and `kiban replay`: the same decisions again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from kiban.commands.running import Subject, find_plan
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, write
from kiban.errors import EXIT_BROKEN, InputError, Problem
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.operation.live.journal import Journal
    from kiban.planning.plan import Plan

JournalPath = Annotated[str, typer.Argument(metavar="JOURNAL", help="The journal of `kiban operate`.")]


def register(app: typer.Typer) -> None:
    """Add `kiban operate` and `kiban replay` to the command line."""
    app.command("operate")(operate_command)
    app.command("replay")(replay_command)


def operate_command(
    subject: Subject = None,
    journal: Annotated[
        str, typer.Option("--journal", metavar="FILE", help="Where decisions are kept; goes on where it ends.")
    ] = "operate.jsonl",
    apply: Annotated[
        Literal["none", "slurm", "kueue", "dps"],
        typer.Option("--apply", help="Hand limits to a scheduler, or advise only."),
    ] = "none",
    feeds: Annotated[
        str | None, typer.Option("--feeds", metavar="TAGS", help="Feeds of --apply dps, with commas between; else all.")
    ] = None,
    power_cap: Annotated[
        list[str] | None,
        typer.Option("--power-cap", metavar="CHIP", help="Accelerators that are capped before jobs are paused: h100."),
    ] = None,
    calls: Annotated[
        list[str] | None,
        typer.Option("--calls", metavar="URL", help="Server that calls: openadr2://HOST/PATH?ven= or openadr3://."),
    ] = None,
    source: Annotated[
        Literal["prometheus", "csv"], typer.Option("--source", help="Where telemetry comes from.")
    ] = "prometheus",
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="Address of Prometheus.")
    ] = "http://127.0.0.1:9090",
    telemetry: Annotated[
        str | None, typer.Option("--telemetry", metavar="FILE", help="Telemetry of --source csv.")
    ] = None,
    forecast: Annotated[
        str | None,
        typer.Option(
            "--forecast", metavar="FROM", help="open-meteo, jma-msm, a register of models, or a file as of kiban run."
        ),
    ] = None,
    clock: Annotated[
        Literal["real", "fast"], typer.Option("--clock", help="The machine's clock, or one that runs faster.")
    ] = "real",
    speed: Annotated[
        float, typer.Option("--speed", metavar="TIMES", min=1.0, max=1e6, help="Of the fast clock.")
    ] = 60.0,
    hours: Annotated[
        float | None, typer.Option("--hours", metavar="HOURS", min=0.0, help="End after so many hours of the campus.")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="HOURS", min=1, max=168, help="Length of a window.")
    ] = None,
    account: Annotated[
        Literal["year", "fiscal_year", "month"],
        typer.Option("--account", help="Time at whose end limits of a year are to be met."),
    ] = "year",
    host: Annotated[str, typer.Option(help="Address for metrics, health and orders.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of it; 0 takes a free one.")] = 9464,
    token_file: Annotated[
        str | None, typer.Option("--token-file", metavar="FILE", help="Token of who may order; without, nobody.")
    ] = None,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Operate what a plan built: every five minutes new data, a window, a limit; advises only unless told to act."""
    from kiban.report.phrases import phrase
    from kiban.server.operating.logs import write_logs
    from kiban.server.operating.running import Wanted, operate

    language = choose_language(lang)
    wanted = Wanted(
        journal=journal,
        source=source,
        prometheus=prometheus,
        telemetry=telemetry,
        forecast=forecast,
        clock=clock,
        speed=speed,
        hours=hours,
        horizon_hours=horizon,
        account=account,
        chips=tuple(power_cap or ()),
        calls=tuple(calls or ()),
        feeds=tuple(tag.strip() for tag in feeds.split(",") if tag.strip()) if feeds else (),
        host=host,
        port=port,
        token_file=token_file,
        apply=apply,
    )
    plan = _plan(subject, language, insist=insist)
    write_logs()
    if apply == "none":
        complain(phrase("operate.advises", language))
    service = operate(
        plan,
        _folder_of(subject),
        wanted,
        language,
        say=lambda address: complain(phrase("operate.listening", language, address=address, journal=journal)),
    )
    if service.limit is not None:
        reason = phrase(f"limit_reason.{service.limit.reason}", language)
        write(phrase("operate.ended", language, decisions=service.steering.number, reason=reason) + "\n")


def replay_command(
    journal: JournalPath,
    plan_folder: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="The plan, where it does not lie where it lay.")
    ] = None,
    measured: Annotated[
        str | None,
        typer.Option("--measured", metavar="DIR", help="Write the scenario with measured numbers to this new folder."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Make every decision of a journal again, write them, and exit with 3 unless each is as it was written."""
    from kiban.operation.live.campus import read_campus
    from kiban.operation.live.record import digest_of
    from kiban.operation.live.replay import check_plan, replay, resume
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    found = read_whole(journal, language)
    begun = found.entries[0].content if found.entries else {}
    plan = _plan(plan_folder or begun.get("folder"), language, insist=True)
    check_plan(found.entries, digest_of(plan), journal)
    campus = read_campus(plan, horizon_hours=begun["horizon_hours"], chips=begun["chips"])
    count = 0
    for one in replay(found.entries, campus):
        write(one.decided.decode("utf-8"))
        if not one.is_same:
            _break(Problem("journal.differs", journal, line=one.line, at=one.at), language)
        count += 1
    complain(phrase("operate.replayed", language, count=count))
    if measured is not None:
        from kiban.operation.live.measured import measure_scenario
        from kiban.report.operation.measured import save_measured

        scenario = measure_scenario(plan, resume(found.entries, campus).twin, Path(measured))
        if not scenario.ratios:
            complain(phrase("operate.nothing_measured", language))
        complain(phrase("operate.measured", language, folder=save_measured(scenario, measured)))


def read_whole(journal: str, language: Language) -> Journal:
    """The journal in a file; says where its last line has no end, and exits with 3 where it was changed."""
    from kiban.operation.live.journal import BrokenJournalError, load_journal
    from kiban.report.phrases import phrase

    try:
        found = load_journal(journal)
    except BrokenJournalError as error:
        _break(Problem("journal.broken", journal, line=error.line), language)
    if found.torn_bytes:
        complain(phrase("operate.torn", language, bytes=found.torn_bytes))
    return found


def _break(problem: Problem, language: Language) -> NoReturn:
    from kiban.report.messages import say_problem
    from kiban.report.phrases import phrase

    complain(phrase("command.error", language, problem=say_problem(problem, language)))
    raise typer.Exit(EXIT_BROKEN)


def _plan(subject: str | None, language: Language, *, insist: bool) -> Plan:
    with progress(language) as tell:
        plan = find_plan(subject, tell, insist=insist)
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    return plan


def _folder_of(subject: str | None) -> str | None:
    """Where the plan lies, for the journal: a file or folder with its whole path, an example by its name."""
    return str(Path(subject).absolute()) if subject is not None and Path(subject).exists() else subject
