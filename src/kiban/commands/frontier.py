"""`kiban frontier`: what less carbon dioxide or a larger clean share costs, point by point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.paying import AsJson, read_subject
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.errors import OutputError, Problem


def register(app: typer.Typer) -> None:
    """Add `kiban frontier` to the command line."""
    app.command("frontier")(frontier_command)


def frontier_command(
    subject: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A TOML file, a plan's folder, or an example; default: tomakomai."),
    ] = None,
    measure: Annotated[
        Literal["emissions", "clean_share"],
        typer.Option("--against", help="What cost is traced against."),
    ] = "emissions",
    points: Annotated[int | None, typer.Option(help="Designs from one end to the other; default: 20.")] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget-myen", help="Also find the best design that costs this a year at most, million yen."),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write a new .html, .csv, .xlsx, .svg or .json file; may be repeated."
        ),
    ] = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Trace the least cost against emissions or the clean share."""
    from kiban.planning.frontier import POINTS, trace
    from kiban.report.phrases import phrase
    from kiban.report.plan.frontier import frontier_text
    from kiban.report.plan.frontier_document import frontier_file
    from kiban.report.plan.frontier_files import KINDS, make_file

    language = choose_language(lang)
    for file in out or ():
        if file.suffix.removeprefix(".") not in KINDS:
            raise OutputError(Problem("command.no_frontier_kind", str(file)))
        require_new(file)
    with progress(language, spinner=not as_json) as tell:
        scenario = read_subject(subject).insisting(insist)
        found = trace(scenario, measure, points=points or POINTS, budget_myen_per_year=budget, report=tell)
    for file in out or ():
        write_new(file, make_file(found, file.suffix.removeprefix("."), language))
        complain(phrase("frontier.written", language, path=file))
    if as_json:
        write(frontier_file(found))
    else:
        show(lambda _: frontier_text(found, language))
