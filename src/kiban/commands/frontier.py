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
        typer.Option("--out", "-o", metavar="FILE", help="Write a new .html, .csv or .svg file; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Trace the least cost against emissions or the clean share."""
    from kiban.planning.frontier import POINTS, trace
    from kiban.report.phrases import phrase
    from kiban.report.plan.frontier import (
        frontier_csv,
        frontier_document,
        frontier_page,
        frontier_svg,
        frontier_text,
    )

    language = choose_language(lang)
    for file in out or ():
        _require_kind(file)
        require_new(file)
    with progress(language, spinner=not as_json) as tell:
        scenario = read_subject(subject).insisting(insist)
        found = trace(scenario, measure, points=points or POINTS, budget_myen_per_year=budget, report=tell)
    for file in out or ():
        if file.suffix == ".csv":
            content = frontier_csv(found)
        else:
            content = (frontier_svg if file.suffix == ".svg" else frontier_page)(found, language)
        write_new(file, content.encode())
        complain(phrase("frontier.written", language, path=file))
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(frontier_document(found)))
    else:
        show(lambda _: frontier_text(found, language))


def _require_kind(file: Path) -> None:
    if file.suffix not in {".csv", ".html", ".svg"}:
        raise OutputError(Problem("command.csv_or_svg", str(file)))
