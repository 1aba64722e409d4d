"""`kiban offers`: what a campus can offer the grid, to whom it is sold, and what that is worth a year."""

from __future__ import annotations

from typing import Annotated

import typer

from kiban.commands.running import AsJson, Subject, find_plan
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.errors import EXIT_INFEASIBLE


def register(app: typer.Typer) -> None:
    """Add `kiban offers` to the command line."""
    app.command("offers")(offers_command)


def offers_command(
    subject: Subject = None,
    forecast: Annotated[str, typer.Option("--forecast", metavar="NAME", help="As of kiban run.")] = "synthetic",
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show what a campus can offer the grid: by hour, notice and duration, by market, and what it earns a year."""
    from kiban.operation.offers import offer
    from kiban.report.operation.offers import offers_document, offers_text
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    with progress(language, spinner=not as_json) as tell:
        plan = find_plan(subject, tell, insist=insist)
        if plan.status == "optimal":
            offers = offer(plan, forecast=forecast, report=tell)
    if plan.status != "optimal":
        complain(phrase("command.no_design", language))
        raise typer.Exit(EXIT_INFEASIBLE)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(offers_document(offers, language)))
    else:
        show(lambda _: offers_text(offers, language))
