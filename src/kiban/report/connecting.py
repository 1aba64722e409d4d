"""How a campus gets its power, in words and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType

from kiban.finance.connecting import Connecting, Way
from kiban.quantities import Language, MoneyFormat, format_exact, format_number, format_share
from kiban.report.layout import Sentence, bullets, section, table
from kiban.report.names import money_format
from kiban.report.phrases import phrase, phrase_or
from kiban.scenario import Scenario

NONE = "–"


def connecting_document(scenario: Scenario, found: Connecting, language: Language) -> dict[str, Any]:
    """The ways in plain types; million yen."""
    return {
        "name": scenario.name,
        "sentence": connecting_sentence(scenario, found, language),
        **dataclasses.asdict(found),
        "best": found.best.name,
    }


def connecting_text(scenario: Scenario, found: Connecting, language: Language) -> RenderableType:
    """The answer, a row for each way, what is paid more by the year one begins, and what it rests on."""
    money = money_format(scenario, language)
    rows = [
        [
            phrase(f"connect.way.{way.name}", language),
            format_exact(way.ready_years),
            *(
                NONE if value is None else money.amount(value)
                for value in (way.cost_myen_per_year, way.extra_myen_per_year, way.value_myen)
            ),
        ]
        for way in found.ways
    ]
    headings = [phrase(f"connect.heading.{name}", language) for name in ("way", "ready", "cost", "extra", "value")]
    return Group(
        Sentence(connecting_sentence(scenario, found, language), style="bold"),
        *section(phrase("connect.title", language), table(headings, rows)),
        *section(phrase("connect.by_year", language), _paid_by_year(found, money)),
        bullets(_notes(found, money)),
    )


def connecting_sentence(scenario: Scenario, found: Connecting, language: Language) -> str:
    """Which way is worth most, and what a year earlier in the queue is worth."""
    money = money_format(scenario, language)
    return phrase(
        "connect.answer",
        language,
        way=phrase(f"connect.way.{found.best.name}", language),
        ready=format_exact(found.best.ready_years),
        value=money.amount(found.best.value_myen or 0.0),
        firm=money.amount(found.ways[0].value_myen or 0.0),
        lead=format_exact(found.lead_years),
        low=format_exact(found.lead_low_years),
        high=format_exact(found.lead_high_years),
        area=phrase_or(f"area.{found.area}", language, found.area),
        earlier=money.amount(found.a_year_earlier_myen),
    )


def _paid_by_year(found: Connecting, money: MoneyFormat) -> RenderableType:
    """What is paid more until the firm connection comes, by the whole year from now in which one begins."""
    ways = [way for way in found.ways if way.name != "firm" and way.extra_by_year_myen]
    years = sorted({year for way in ways for year in _years(way)})
    rows = [
        [str(year), *(money.amount(_years(way)[year]) if year in _years(way) else NONE for way in ways)]
        for year in years
    ]
    names = [phrase(f"connect.way.{way.name}", money.language) for way in ways]
    return table([phrase("connect.heading.year", money.language), *names], rows)


def _years(way: Way) -> dict[int, float]:
    return dict(enumerate(way.extra_by_year_myen, start=way.first_year))


def _notes(found: Connecting, money: MoneyFormat) -> list[str]:
    language = money.language
    area = phrase_or(f"area.{found.area}", language, found.area)
    mw = format_number(found.connection_mw)
    without = [way for way in found.ways if way.cost_myen_per_year is None]
    notes = [phrase("connect.without_design", language, way=phrase(f"connect.way.{w.name}", language)) for w in without]
    if found.connection_mw <= 0:
        return [*notes, phrase("connect.no_connection", language), phrase("connect.rests", language)]
    if found.calls is None or found.calls_with_plants is None:
        notes.append(phrase("connect.no_market", language, area=area))
    elif not found.calls.hours:
        notes.append(phrase("connect.never_called", language, area=area, mw=mw))
    else:
        notes.append(
            phrase(
                "connect.calls",
                language,
                area=area,
                mw=mw,
                hours=found.calls.hours,
                kept=format_share(found.calls.kept_share, language),
                fewest=found.calls_with_plants.hours,
            )
        )
    cost = money.amount(found.connection_cost_myen_per_mw * found.connection_mw)
    return [*notes, phrase("connect.cost", language, mw=mw, cost=cost), phrase("connect.rests", language)]
