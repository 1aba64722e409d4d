"""The race of two prefectures for one campus, in words and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType

from kiban.catalogue import load_catalogue
from kiban.finance.race import Outcome, Race
from kiban.quantities import Language, MoneyFormat, format_share
from kiban.report.layout import bullets, section, table
from kiban.report.phrases import phrase

CELLS = {(False, False): "neither", (False, True): "second", (True, False): "first", (True, True): "both"}


def race_document(found: Race) -> dict[str, Any]:
    """The game in plain types; million yen a year."""
    return {
        "first": dataclasses.asdict(found.first),
        "second": dataclasses.asdict(found.second),
        "spread_myen_per_year": found.spread_myen_per_year,
        "lost_by_racing_myen_per_year": found.lost_by_racing_myen_per_year,
        "outcomes": [
            {**dataclasses.asdict(one), "public_gain_myen_per_year": one.public_gain_myen_per_year}
            for one in found.outcomes
        ],
    }


def race_text(found: Race, language: Language) -> RenderableType:
    """The four cells of the game, what is at rest, and what racing costs."""
    money, names = MoneyFormat(language), {"first": _name(found.first.name, language)}
    names["second"] = _name(found.second.name, language)
    rows = [
        [
            cell_name(one, names, language),
            format_share(one.first_chance, language),
            money.amount(one.first_gain_myen_per_year),
            money.amount(one.second_gain_myen_per_year),
            money.amount(one.treasury_gain_myen_per_year),
            "✓" if one.at_rest else "",
        ]
        for one in found.outcomes
    ]
    headings = [
        phrase(f"race.heading.{name}", language, **names)
        for name in ("offers", "chance", "first", "second", "treasury", "rest")
    ]
    return Group(
        *section(phrase("race.title", language), table(headings, rows)), bullets(race_sentences(found, language))
    )


def race_sentences(found: Race, language: Language) -> list[str]:
    """What is at rest, what racing costs, what it rests on."""
    money, names = MoneyFormat(language), {"first": _name(found.first.name, language)}
    names["second"] = _name(found.second.name, language)
    rest = [cell_name(one, names, language) for one in found.outcomes if one.at_rest]
    lost = found.lost_by_racing_myen_per_year
    said = {
        "amount": money.amount(abs(lost)),
        "first": names["first"],
        "before": format_share(found.outcomes[-1].first_chance, language),
        "after_neither": format_share(found.outcomes[0].first_chance, language),
    }
    return [
        phrase("race.answer_rest", language, rest=", ".join(rest)) if rest else phrase("race.answer_none", language),
        phrase("race.lost" if lost >= 0 else "race.gained", language, **said),
        phrase("race.rests", language, spread=money.amount(found.spread_myen_per_year)),
    ]


def cell_name(one: Outcome, names: dict[str, str], language: Language) -> str:
    """Who offers in a cell."""
    return phrase(f"race.cell.{CELLS[one.first_offers, one.second_offers]}", language, **names)


def _name(site: str, language: Language) -> str:
    found = load_catalogue().site(site)
    return found.name_ja if language == "ja" else found.name_en
