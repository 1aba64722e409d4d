"""`kiban levers`: what one unit of each of an engineer's levers is worth a year."""

from __future__ import annotations

import typer

from kiban.commands.running import AsJson, Subject, find_plan
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.errors import EXIT_INFEASIBLE


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
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    with progress(language, spinner=not as_json) as tell:
        plan = find_plan(subject, tell, insist=insist)
        levers = weigh_levers(plan, tell) if plan.status == "optimal" else ()
    if plan.status != "optimal":
        complain(phrase("command.no_design", language))
        raise typer.Exit(EXIT_INFEASIBLE)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(levers_document(plan, levers, language)))
    else:
        show(lambda _: levers_text(plan, levers, language))
