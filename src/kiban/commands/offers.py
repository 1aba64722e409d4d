"""`kiban offers`: what a campus can offer the grid, to whom it is sold, and what that is worth a year."""

from __future__ import annotations

from typing import Annotated

import typer

from kiban.commands.running import AsJson, Subject, show_answer
from kiban.commands.terminal import Insist, Lang, choose_language


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

    language = choose_language(lang)
    show_answer(
        subject,
        language,
        lambda plan, tell: offer(plan, forecast=forecast, report=tell),
        lambda offers: offers_document(offers, language),
        lambda offers: offers_text(offers, language),
        as_json=as_json,
        insist=insist,
    )
