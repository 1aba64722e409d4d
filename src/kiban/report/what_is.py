"""What a sum of money or a power is, in words and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.finance.things import Contract, Range, Things
from kiban.quantities import YEN_PER_MYEN, Currency, Language, MoneyFormat, format_exact, format_number
from kiban.report.layout import Sentence, bullets, table
from kiban.report.payment.words import asset_name
from kiban.report.phrases import phrase


def what_is_document(found: Things | Contract) -> dict[str, Any]:
    """Everything in plain types; money is million yen."""
    return {"kind": "contract" if isinstance(found, Contract) else "campus", **dataclasses.asdict(found)}


def what_is_text(found: Things | Contract, language: Language, currency: Currency) -> RenderableType:
    """A sentence, a table of figures with their ranges, and what they rest on."""
    money = MoneyFormat(language, currency, found.yen_per_usd)
    sentence = _contract_sentence(found, money) if isinstance(found, Contract) else _campus_sentence(found, money)
    rows = [
        [
            phrase(f"what_is.figure.{name}", language),
            *(_cell(name, value, money) for value in (one.value, one.low, one.high)),
        ]
        for name, one in found.figures.items()
    ]
    headings = [phrase(f"what_is.heading.{name}", language) for name in ("figure", "value", "low", "high")]
    notes = _contract_notes(found, language) if isinstance(found, Contract) else _campus_notes(found, money)
    return Group(
        Text(),
        Sentence(sentence, style="bold"),
        Text(),
        table(headings, rows),
        bullets(notes),
    )


def _cell(name: str, value: float, money: MoneyFormat) -> str:
    if "_myen" in name:
        return money.amount(value)
    if "_yen_" in name:
        return money.price(value / YEN_PER_MYEN)
    return format_number(value)


def _between(one: Range) -> dict[str, str]:
    return {"value": format_number(one.value), "low": format_number(one.low), "high": format_number(one.high)}


def _campus_sentence(found: Things, money: MoneyFormat) -> str:
    language, figures = money.language, found.figures
    chips, energy = figures["chips"], figures["energy_twh_per_year"]
    said = {
        "chips": format_number(chips.value),
        "chip": found.chip.upper(),
        "twh": format_number(energy.value),
        "imports": money.amount(figures["imports_myen"].value),
    }
    if found.amount.kind == "power":
        total = figures["sum_myen"]
        amounts = {
            "amount": money.amount(total.value),
            "low": money.amount(total.low),
            "high": money.amount(total.high),
        }
        return phrase("what_is.power", language, mw=format_number(found.amount.value), **amounts, **said)
    amount = money.amount(figures["sum_myen"].value)
    return phrase("what_is.money", language, amount=amount, **_between(figures["it_mw"]), **said)


def _campus_notes(found: Things, money: MoneyFormat) -> list[str]:
    language = money.language
    total = sum(found.spending_myen.values())
    parts = [
        phrase("what_is.part", language, asset=asset_name(asset, language), share=format_number(100.0 * spent / total))
        for asset, spent in sorted(found.spending_myen.items(), key=lambda item: -item[1])
    ]
    others = [
        phrase("what_is.other", language, name=name.title(), usd=format_number(usd / 1e9))
        for name, usd in found.published_usd_per_gw.items()
    ]
    cost = found.usd_per_gw
    join = phrase("what_is.join", language)
    return [
        phrase("what_is.spent_on", language, parts=join.join(parts)),
        phrase(
            "what_is.cost",
            language,
            usd=format_number(cost.value / 1e9),
            low=format_number(cost.low / 1e9),
            high=format_number(cost.high / 1e9),
            others=join.join(others),
        ),
        phrase("what_is.forgone", language, package=found.package),
        phrase("what_is.left_out", language),
        phrase("what_is.ranges", language),
    ]


def _contract_sentence(found: Contract, money: MoneyFormat) -> str:
    figures = found.figures
    return phrase(
        "what_is.contract",
        money.language,
        amount=money.amount(found.amount.myen(found.yen_per_usd)),
        years=format_exact(found.years),
        chips=format_number(figures["rented_chips"].value),
        chip=found.chip.upper(),
        **_between(figures["rented_it_mw"]),
        rent=money.price(figures["rent_yen_per_gpu_hour"].value / YEN_PER_MYEN),
        own=money.price(figures["own_yen_per_gpu_hour"].value / YEN_PER_MYEN),
        owned=format_number(figures["owned_it_mw"].value),
    )


def _contract_notes(found: Contract, language: Language) -> list[str]:
    return [phrase("what_is.contract_rests", language), phrase("what_is.ranges", language)]
