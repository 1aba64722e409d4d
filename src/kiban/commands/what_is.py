"""`kiban what-is`: what a sum of money is in chips, MW, energy, land, water, tax and jobs, and what a power costs."""

from __future__ import annotations

from typing import Annotated

import typer

from kiban.commands.paying import AsJson
from kiban.commands.terminal import Lang, choose_language, show, write


def register(app: typer.Typer) -> None:
    """Add `kiban what-is` to the command line."""
    app.command("what-is")(what_is_command)


def what_is_command(
    amount: Annotated[
        str,
        typer.Argument(
            metavar="AMOUNT", help='A sum or a power: "1 trillion dollars in five years", "3 GW by 2030", 1兆円.'
        ),
    ],
    package: Annotated[
        str, typer.Option("--package", metavar="NAME", help="The package whose tax forgone is told.")
    ] = "tax-credit",
    chip: Annotated[str, typer.Option("--chip", metavar="NAME", help="The chip: h100, b200, gb300 ...")] = "b200",
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Say what a sum of money would build, rent or cost the treasury; or what a power would cost."""
    from pathlib import Path

    from kiban.catalogue import load_catalogue
    from kiban.finance.things import what_is
    from kiban.report.what_is import what_is_document, what_is_text
    from kiban.scenario.package import load_package
    from kiban.scenario.study import Policy

    language = choose_language(lang)
    found = what_is(
        amount,
        load_catalogue(),
        package=load_package(package, Path()),
        chip=chip,
        start_year=Policy().start_year,
    )
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(what_is_document(found)))
    else:
        show(lambda _: what_is_text(found, language, found.amount.currency))
