"""`kiban growth`: published figures on GDP and AI beside each other, and what each would need in compute and power."""

from __future__ import annotations

from typing import Annotated

import typer

from kiban.commands.paying import AsJson
from kiban.commands.terminal import Lang, choose_language, show, write


def register(app: typer.Typer) -> None:
    """Add `kiban growth` to the command line."""
    app.command("growth")(growth_command)


def growth_command(
    load: Annotated[
        float, typer.Option("--load", metavar="MW", min=1, max=1_000_000, help="IT load that is held against them.")
    ] = 3000.0,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Lay published growth figures beside each other: method, horizon, and the compute, power and money behind them."""
    from kiban.catalogue import load_catalogue
    from kiban.economy.growth_needs import compare_claims

    language = choose_language(lang)
    found = compare_claims(load_catalogue(), load)
    if as_json:
        from kiban.report.economy.growth import growth_document
        from kiban.report.plan.record import to_json

        write(to_json(growth_document(found, language)))
    else:
        from kiban.report.economy.growth import growth_text

        show(lambda _: growth_text(found, language))
