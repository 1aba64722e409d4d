"""`kiban outages`: lose every unit of a plan at random hours, and count how often compute goes unserved."""

from __future__ import annotations

from typing import Annotated

import typer

from kiban.commands.running import AsJson, Subject, show_answer
from kiban.commands.terminal import Insist, Lang, choose_language


def register(app: typer.Typer) -> None:
    """Add `kiban outages` to the command line."""
    app.command("outages")(outages_command)


def outages_command(
    subject: Subject = None,
    trials: Annotated[
        int, typer.Option("--trials", min=1, max=10_000, help="Random hours at which each unit is lost.")
    ] = 200,
    hours: Annotated[
        float | None,
        typer.Option("--hours", metavar="HOURS", min=0.25, max=72, help="How long it is away."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random hours.")] = 1,
    forecast: Annotated[str, typer.Option("--forecast", metavar="NAME", help="As of kiban run.")] = "synthetic",
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Lose every unit of a plan, one at a time, at random hours: how often does compute go unserved?"""
    from kiban.operation.campaign import try_outages
    from kiban.report.operation.outages import outages_document, outages_text

    language = choose_language(lang)
    show_answer(
        subject,
        language,
        lambda plan, tell: try_outages(plan, trials=trials, seed=seed, hours=hours, forecast=forecast, report=tell),
        lambda campaign: outages_document(campaign, language),
        lambda campaign: outages_text(campaign, language),
        as_json=as_json,
        insist=insist,
    )
