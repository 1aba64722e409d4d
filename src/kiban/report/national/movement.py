"""Compute that moves between the sites of a national plan, in words and as JSON."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Group, RenderableType

from kiban.national.result.movement import Movement
from kiban.quantities import Language, format_number
from kiban.report.layout import Sentence, bullets, section, table
from kiban.report.names import study_money
from kiban.report.phrases import phrase

FORMAT: Final = "kiban movement"
VERSION: Final = 1


def movement_document(movement: Movement, language: Language) -> dict[str, Any]:
    """Every figure but the hours; energy is IT energy a year, money million yen a year."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": movement.plan.study.national.name,
        "sentence": movement_sentence(movement, language),
        "apart_myen_per_year": movement.apart_myen,
        "together_myen_per_year": movement.together_myen,
        "gain_myen_per_year": movement.gain_myen,
        "moved_mwh_per_year": movement.moved_mwh,
        "limit_mw": movement.limit_mw,
        "sites": [
            {
                "id": site,
                "sent_mwh_per_year": movement.energy_mwh(movement.sent_mw, site),
                "received_mwh_per_year": movement.energy_mwh(movement.received_mw, site),
            }
            for site in movement.sites
        ],
    }


def movement_sentence(movement: Movement, language: Language) -> str:
    """What moving saves, and how much moves."""
    money = study_money(movement.plan.study.money, language)
    return phrase(
        "movement.answer",
        language,
        sites=len(movement.sites),
        gain=money.amount(max(movement.gain_myen, 0.0)),
        moved=format_number(movement.moved_mwh),
        apart=money.amount(movement.apart_myen),
    )


def movement_text(movement: Movement, language: Language) -> RenderableType:
    """The answer, and a row for each site."""
    names = {site.candidate.id: site.candidate for site in movement.plan.sites}
    rows = [
        [
            names[site].name_ja if language == "ja" else names[site].name_en,
            format_number(movement.energy_mwh(movement.sent_mw, site)),
            format_number(movement.energy_mwh(movement.received_mw, site)),
        ]
        for site in movement.sites
    ]
    headings = [phrase(f"movement.{name}", language) for name in ("site", "sent", "received")]
    return Group(
        Sentence(movement_sentence(movement, language), style="bold"),
        *section(phrase("movement.title", language), table(headings, rows, numeric=(1, 2))),
        bullets([phrase("movement.note", language, limit=format_number(movement.limit_mw))]),
    )
