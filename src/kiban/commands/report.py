"""`kiban report`: a plan as one HTML file that opens by double click and prints to A4."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.terminal import Lang, choose_language, complain, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiban.planning.plan import Plan


def register(app: typer.Typer) -> None:
    """Add `kiban report` to the command line."""
    app.command("report")(report_command)


def report_command(
    plan: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN", help="Folder of a saved plan, or a scenario or example to build; default: tomakomai."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The new HTML file.")] = Path("report.html"),
    lang: Lang = None,
) -> None:
    """Write a plan as one HTML file that needs no network and opens by double click."""
    from kiban.errors import OutputError, Problem
    from kiban.report.page import fill_page
    from kiban.report.phrases import phrase
    from kiban.server.plan_files import recipe
    from kiban.server.plan_views import Circumstances, plan_view

    language = choose_language(lang)
    if out.exists():
        raise OutputError(Problem("is there already and is kept", str(out), remedy="choose another name with -o"))
    if not out.absolute().parent.is_dir():
        raise OutputError(Problem("cannot be written: its folder does not exist", str(out), remedy="make the folder"))
    with progress(language) as tell:
        found = _plan(plan, tell)
        tell("saving")
        document = plan_view(found, Circumstances(id="report", created=0.0, seconds=0.0, work="report"))
        page = fill_page(document, found.hourly, language, recipe(found) if found.status == "optimal" else None)
        try:
            out.write_bytes(page.encode("utf-8"))
        except OSError as error:
            fault = f"cannot be written: {(error.strerror or type(error).__name__).lower()}"
            raise OutputError(Problem(fault, str(out), remedy="choose another place with -o")) from None
    complain(phrase("report.written", language, path=out))


def _plan(name: str | None, tell: Callable[[str], None]) -> Plan:
    """A saved plan as it is, or one that is built now."""
    from kiban.planning.building import build
    from kiban.report.folder import load_plan
    from kiban.scenario.examples import load_scenario

    if name is not None and Path(name).is_dir():
        return load_plan(name)
    return build(load_scenario(name), report=tell)
