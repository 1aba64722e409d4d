"""`kiban race`: two prefectures that may each offer a relief to win one campus."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from kiban.commands.paying import AsJson, Subject, read_subject
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write

RIVAL: Final = "kitakyushu"
PACKAGE: Final = "property-tax-relief"
"""What is asked about where nothing else is given."""


def register(app: typer.Typer) -> None:
    """Add `kiban race` to the command line."""
    app.command("race")(race_command)


def race_command(
    subject: Subject = None,
    rival: Annotated[str, typer.Option("--rival", metavar="SITE", help="The other site of the catalogue.")] = RIVAL,
    package: Annotated[str, typer.Option("--package", metavar="NAME", help="What each place may offer.")] = PACKAGE,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show what two places gain if one, the other or both offer a relief for one campus."""
    from kiban.finance.race import race
    from kiban.report.race import race_document, race_text

    language = choose_language(lang)
    with progress(language, spinner=not as_json) as tell:
        found = race(read_subject(subject).insisting(insist), rival, package, report=tell)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(race_document(found)))
    else:
        show(lambda _: race_text(found, language))
