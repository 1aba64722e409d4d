"""`kiban reproduce`: a saved plan built again of its own scenario, and compared byte by byte."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kiban.commands.terminal import Lang, choose_language, progress, write
from kiban.errors import EXIT_BROKEN


def register(app: typer.Typer) -> None:
    """Add `kiban reproduce` to the command line."""
    app.command("reproduce")(reproduce_command)


def reproduce_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a saved plan.")],
    lang: Lang = None,
) -> None:
    """Build a saved plan again and say whether every byte is the same; exit code 3 where one is not."""
    from kiban.planning.building import build
    from kiban.report.plan.folder import load_plan
    from kiban.report.plan.reproduction import compare_plans, reproduction_text

    language = choose_language(lang)
    saved = load_plan(folder)
    with progress(language) as tell:
        again = build(saved.scenario, report=tell)
    found = compare_plans(folder, saved, again)
    write(reproduction_text(found, language) + "\n")
    if not found.is_same:
        raise typer.Exit(EXIT_BROKEN)
