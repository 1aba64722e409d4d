"""`kiban run`: operate a plan under forecasts, and measure it against perfect foresight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.commands.unsolved import leave_without_design
from kiban.errors import InputError, Problem
from kiban.messages import Message

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kiban.operation.period import Period
    from kiban.planning.plan import Plan
    from kiban.progress import Report
    from kiban.quantities import Language

Answer = TypeVar("Answer")
DAY = ["%Y-%m-%d"]
Subject = Annotated[
    str | None,
    typer.Argument(metavar="PLAN|SCENARIO", help="A plan's folder, a TOML file, or an example; default: tomakomai."),
]
PriceFiles = Annotated[
    list[str] | None, typer.Option("--prices", metavar="FILE", help="Prices of the exchange; may be repeated.")
]
WindHeight = Annotated[
    float | None, typer.Option("--wind-height", metavar="M", help="Height of the anemometer of --weather.")
]
FillGaps = Annotated[
    int | None, typer.Option("--fill-gaps", metavar="HOURS", min=0, help="Fill gaps of --weather up to this long.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")]


def register(app: typer.Typer) -> None:
    """Add `kiban run` to the command line."""
    app.command("run")(run_command)


def run_command(
    subject: Subject = None,
    weather: Annotated[
        list[str] | None, typer.Option("--weather", metavar="FILE", help="Weather that is met; may be repeated.")
    ] = None,
    prices: PriceFiles = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day that is operated.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day that is operated.")] = None,
    wind_height: WindHeight = None,
    fill_gaps: FillGaps = None,
    forecast: Annotated[
        str,
        typer.Option(
            "--forecast", metavar="NAME", help="synthetic, perfect, persistence, climatology, or a file of forecasts."
        ),
    ] = "synthetic",
    hour: Annotated[
        Literal["merit", "measured"],
        typer.Option("--hour", help="Balance an hour in merit order, or solve it again once measured."),
    ] = "merit",
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="HOURS", min=1, max=8760, help="Length of a window.")
    ] = None,
    events: Annotated[
        str | None, typer.Option("--events", metavar="FILE", help="A TOML file of what happens, dated.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Save the operation to this new folder.")
    ] = None,
    bandwidth: Annotated[
        float | None,
        typer.Option("--bandwidth", metavar="GBIT/S", min=0, help="Of each site of a national study, for moving jobs."),
    ] = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Operate a plan hour by hour under forecasts; show what is lost against perfect foresight."""
    from kiban.operation.running import run
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    study = find_study(subject)
    if study is not None:
        given = (weather, prices, first, last, wind_height, fill_gaps, horizon, events, out)
        if any(one is not None for one in given):
            raise InputError(Problem("operation.not_national", str(subject)))
        from kiban.commands.national import move_national_file

        move_national_file(study, bandwidth, as_json=as_json, insist=insist, language=language)
        return
    if bandwidth is not None:
        raise InputError(Problem("movement.one_site", key="--bandwidth"))
    if out is not None:
        from kiban.report.plan.folder import check_folder

        check_folder(out)
    period = read_days(weather, prices, first, last, wind_height, fill_gaps)
    with progress(language, spinner=not as_json) as tell:
        plan = find_plan(subject, tell, insist=insist)
        if plan.status == "optimal":
            operation = run(
                plan,
                period=period,
                forecast=forecast,
                hour=hour,
                horizon_hours=horizon,
                events=events or (),
                in_detail=out is not None,
                report=tell,
            )
            if out is not None:
                from kiban.report.operation.folder import save_operation

                tell(Message("progress.saving"))
                save_operation(operation, out, language)
    if plan.status == "infeasible":
        leave_without_design(language, plan)
    if as_json:
        from kiban.report.operation.document import operation_document
        from kiban.report.plan.record import to_json

        write(to_json(operation_document(operation, language)))
    else:
        from kiban.report.operation.terminal import operation_text

        show(lambda _: operation_text(operation, language))
    complain(
        phrase("operation.not_saved", language) if out is None else phrase("operation.saved", language, folder=out)
    )


def read_days(
    weather: list[str] | None,
    prices: list[str] | None,
    first: datetime | None,
    last: datetime | None,
    wind_height: float | None,
    fill_gaps: int | None,
) -> Period | None:
    """The days that are meant; None is the plan's own year."""
    from kiban.operation.period import Period

    if not (weather or prices or first or last or wind_height is not None or fill_gaps is not None):
        return None
    return Period(
        weather=tuple(weather or ()),
        prices=tuple(prices or ()),
        first=first.date() if first else None,
        last=last.date() if last else None,
        wind_height_m=wind_height,
        fill_gaps_hours=fill_gaps,
    )


def find_study(subject: str | None) -> Path | None:
    """The file of a national study, where one is meant."""
    from kiban.scenario.examples import find_national

    return None if subject is None or Path(subject).is_dir() else find_national(subject)


def show_answer(
    subject: str | None,
    language: Language,
    ask: Callable[[Plan, Report], Answer],
    document: Callable[[Answer], object],
    text: Callable[[Answer], RenderableType],
    *,
    as_json: bool,
    insist: bool,
) -> None:
    """Ask something of a subject's plan and print the answer, or that there is no design, and leave."""
    from kiban.report.plan.record import to_json

    with progress(language, spinner=not as_json) as tell:
        plan = find_plan(subject, tell, insist=insist)
        if plan.status == "optimal":
            answer = ask(plan, tell)
    if plan.status != "optimal":
        leave_without_design(language)
    if as_json:
        write(to_json(document(answer)))
    else:
        show(lambda _: text(answer))


def find_plan(subject: str | None, tell: Report, *, insist: bool) -> Plan:
    """The plan in a folder, or that of a scenario."""
    from kiban.planning.building import build
    from kiban.report.plan.folder import load_plan
    from kiban.scenario.examples import find_national, load_scenario

    if subject is not None and Path(subject).is_dir():
        return load_plan(subject)
    if subject is not None and find_national(subject) is not None:
        raise InputError(Problem("operation.not_national", subject))
    return build(load_scenario(subject).insisting(insist), report=tell)
