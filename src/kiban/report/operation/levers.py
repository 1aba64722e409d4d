"""An engineer's levers in money, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from kiban.operation.levers import Lever
from kiban.planning.plan import Plan
from kiban.quantities import Language
from kiban.report.layout import Sentence, bullets, section, table
from kiban.report.names import money_format
from kiban.report.phrases import phrase


def levers_document(plan: Plan, levers: Sequence[Lever], language: Language) -> dict[str, Any]:
    """The levers in plain types, the most valuable first."""
    return {
        "name": plan.scenario.name,
        "sentence": levers_sentence(plan, levers, language),
        "levers": [{**asdict(lever), "words": lever_name(lever, language)} for lever in levers],
    }


def levers_sentence(plan: Plan, levers: Sequence[Lever], language: Language) -> str:
    """Which step saves most."""
    money = money_format(plan.scenario, language, plan.provenance)
    best = levers[0]
    return phrase(
        "levers.answer", language, lever=lever_name(best, language), saving=money.amount(best.saving_myen_per_year)
    )


def lever_name(lever: Lever, language: Language) -> str:
    """One step of a lever, in words."""
    return phrase(f"levers.name.{lever.name}", language)


def levers_text(plan: Plan, levers: Sequence[Lever], language: Language) -> RenderableType:
    """The answer, and a row for each lever."""
    money = money_format(plan.scenario, language, plan.provenance)
    rows = [
        [
            lever_name(lever, language),
            money.amount(lever.saving_myen_per_year),
            phrase(f"levers.by.{lever.found_by}", language),
        ]
        for lever in levers
    ]
    headings = [phrase(f"levers.{name}", language) for name in ("step", "saving", "found")]
    return Group(
        Sentence(levers_sentence(plan, levers, language), style="bold"),
        *section(phrase("levers.title", language), table(headings, rows, numeric=(1,), whole=())),
        bullets([phrase("levers.note", language)]),
    )
