"""What a campus can offer the grid, in words and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType

from kiban.operation.offers import Offers
from kiban.quantities import Language, format_number, format_share
from kiban.report.layout import Sentence, bullets, lines, remark, section, table
from kiban.report.messages import say
from kiban.report.names import money_of
from kiban.report.phrases import phrase
from kiban.report.plan.entries import plain_entry
from kiban.report.plan.words import assumed_sentences

FORMAT: Final = "kiban offers"
VERSION: Final = 1
CLOCK_SHOWN: Final = (0, 4, 8, 12, 16, 20)


def offers_document(offers: Offers, language: Language) -> dict[str, Any]:
    """Every figure of the offers; money in million yen."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": offers.plan.scenario.name,
        "sentence": offers_sentence(offers, language),
        "area": offers.area,
        "flexibility": {**asdict(offers.flexibility), "offered_mw": offers.best.mean_mw}
        | {"value_myen_per_year": offers.best.value_myen_per_year, "product": offers.best.product},
        "hours": [asdict(one) for one in offers.hours],
        "prices": [asdict(one) for one in offers.prices],
        "classes": [asdict(one) for one in offers.classes],
        "sales": [asdict(one) for one in offers.sales],
        "imbalance": None if offers.imbalance is None else asdict(offers.imbalance),
        "notice": [{"hours": hours, "value_myen_per_year": worth} for hours, worth in offers.notice_worths_myen],
        "export": {"offered_mw": offers.export_mw, "worth_myen_per_year": offers.export_worth_myen},
        "scenario": scenario_lines(offers),
        "provenance": [plain_entry(entry) for entry in offers.provenance],
        "notes": [say(note, language) for note in offers.notes],
    }


def offers_sentence(offers: Offers, language: Language) -> str:
    """To whom it sells, and what that earns."""
    best = offers.best
    if best.value_myen_per_year <= 0.0:
        return phrase("offers.answer_nothing", language)
    return phrase(
        "offers.answer",
        language,
        product=product_name(best.product, language),
        offered=format_number(best.mean_mw),
        value=money_of(offers.plan, language).amount(best.value_myen_per_year),
    )


def product_name(product: str, language: Language) -> str:
    """What is sold, in words."""
    return phrase(f"offers.product.{product}", language)


def scenario_lines(offers: Offers) -> str:
    """What a scenario says to count this revenue in BUILD and PAY; empty where nothing is sold."""
    best = offers.best
    if best.value_myen_per_year <= 0.0:
        return ""
    price = best.value_myen_per_year / best.mean_mw
    return f"[grid]\nflexibility_mw = {best.mean_mw:.6g}\nflexibility_price_myen_per_mw_year = {price:.6g}\n"


def offers_text(offers: Offers, language: Language) -> RenderableType:
    """Everything that `kiban offers` prints."""
    parts: list[RenderableType] = [Sentence(offers_sentence(offers, language), style="bold")]
    parts += section(phrase("offers.title_sales", language), _sales(offers, language))
    parts += section(phrase("offers.title_hours", language), _hours(offers, language))
    parts += section(phrase("offers.title_prices", language), _prices(offers, language))
    if offers.classes:
        parts += section(phrase("offers.title_classes", language), _classes(offers, language))
    parts += section(phrase("offers.title_worths", language), bullets(_worths(offers, language)))
    if scenario_lines(offers):
        parts += section(phrase("offers.title_scenario", language), lines(scenario_lines(offers).splitlines()))
    parts += section(phrase("title.assumed", language), lines(assumed_sentences(offers.provenance, language)))
    return Group(*parts)


def _sales(offers: Offers, language: Language) -> RenderableType:
    money = money_of(offers.plan, language)
    rows = [
        [
            product_name(sale.product, language),
            format_number(sale.mean_mw),
            format_share(sale.blocks_share, language),
            money.amount(sale.price_myen_per_mw_year),
            money.amount(sale.penalty_myen_per_year),
            money.amount(sale.value_myen_per_year),
        ]
        for sale in offers.sales
    ]
    headings = [
        phrase(f"offers.{name}", language)
        for name in ("product_heading", "mean", "blocks", "price", "penalty", "value")
    ]
    return Group(table(headings, rows, numeric=(1, 2, 3, 4, 5)), remark(phrase("offers.sales_note", language)))


def _hours(offers: Offers, language: Language) -> RenderableType:
    """MW by hour of the day; a row for each notice and duration."""
    found = {(one.notice_hours, one.duration_hours, one.hour): one for one in offers.hours}
    kinds = list(dict.fromkeys((notice, duration) for notice, duration, _ in found))
    rows = []
    for notice, duration in kinds:
        here = [found.get((notice, duration, hour)) for hour in CLOCK_SHOWN]
        cells = [
            "" if one is None else f"{format_number(one.offered_mw)} ({format_number(one.mean_mw)})" for one in here
        ]
        rows.append([f"{notice:g} h", f"{duration:g} h", *cells])
    headings = [phrase("offers.notice", language), phrase("offers.duration", language)]
    headings += [phrase("offers.clock", language, hour=hour) for hour in CLOCK_SHOWN]
    made = table(headings, rows, whole=range(len(headings)))
    return Group(made, remark(phrase("offers.hours_note", language)))


def _prices(offers: Offers, language: Language) -> RenderableType:
    money = money_of(offers.plan, language)
    rows = [
        [
            money.energy_price(one.most_myen_per_mwh),
            format_number(one.offered_mw),
            format_number(one.mean_mw),
            money.energy_price(one.cost_myen_per_mwh),
        ]
        for one in offers.prices
    ]
    headings = [phrase(f"offers.{name}", language) for name in ("most", "offered", "mean_call", "cost")]
    return table(headings, rows, numeric=(0, 1, 2, 3), whole=())


def _classes(offers: Offers, language: Language) -> RenderableType:
    money = money_of(offers.plan, language)
    rows = [
        [
            phrase(f"offers.class.{one.name}", language),
            format_share(one.power_share, language),
            format_share(one.work_share, language),
            format_number(one.offered_mw),
            money.energy_price(one.cost_myen_per_mwh),
        ]
        for one in offers.classes
    ]
    headings = [phrase(f"offers.{name}", language) for name in ("class_heading", "power", "work", "offered", "cost")]
    made = table(headings, rows, numeric=(1, 2, 3, 4))
    return Group(made, remark(phrase("offers.classes_note", language)))


def _worths(offers: Offers, language: Language) -> list[str]:
    money, off = money_of(offers.plan, language), offers.imbalance
    said = [
        phrase("offers.notice_worth", language, hours=f"{hours:g}", value=money.amount(worth))
        for hours, worth in offers.notice_worths_myen
    ]
    said.append(
        phrase(
            "offers.export_worth",
            language,
            offered=format_number(offers.export_mw),
            value=money.amount(offers.export_worth_myen),
        )
    )
    if off is None:
        return said
    return [
        *said,
        phrase(
            "offers.imbalance",
            language,
            short=format_number(off.short_mwh),
            long=format_number(off.long_mwh),
            cost=money.amount(off.cost_myen),
        ),
    ]
