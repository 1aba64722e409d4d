"""`kiban levers`: what one unit of each of an engineer's levers is worth a year."""

from __future__ import annotations

import typer

from kiban.commands.running import AsJson, Subject, show_answer
from kiban.commands.terminal import Insist, Lang, choose_language


def register(app: typer.Typer) -> None:
    """Add `kiban levers` to the command line."""
    app.command("levers")(levers_command)


def levers_command(
    subject: Subject = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show what one unit of each of an engineer's levers is worth a year: PUE, compute, waiting, forecasts."""
    from kiban.operation.levers import weigh_levers
    from kiban.report.operation.levers import levers_document, levers_text

    language = choose_language(lang)
    show_answer(
        subject,
        language,
        lambda plan, tell: (plan, weigh_levers(plan, tell)),
        lambda found: levers_document(*found, language),
        lambda found: levers_text(*found, language),
        as_json=as_json,
        insist=insist,
    )
