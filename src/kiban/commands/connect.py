"""`kiban connect`: wait for a firm connection, take a non-firm one, or hire engines until it comes."""

from __future__ import annotations

import typer

from kiban.commands.paying import AsJson, Subject, read_subject
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write


def register(app: typer.Typer) -> None:
    """Add `kiban connect` to the command line."""
    app.command("connect")(connect_command)


def connect_command(
    subject: Subject = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Compare ways to power: a firm connection, a non-firm one, hired engines; and what a year earlier is worth."""
    from kiban.finance.connecting import compare_connections
    from kiban.report.connecting import connecting_document, connecting_text

    language = choose_language(lang)
    scenario = read_subject(subject).insisting(insist)
    with progress(language, spinner=not as_json) as tell:
        found = compare_connections(scenario, tell)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(connecting_document(scenario, found, language)))
    else:
        show(lambda _: connecting_text(scenario, found, language))
