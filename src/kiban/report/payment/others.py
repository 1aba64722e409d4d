"""Electricity users elsewhere, whose prices and charges a package moves: sentences, and their part of the JSON."""

from __future__ import annotations

from typing import TypedDict

from rich.console import RenderableType

from kiban.finance.national_payment import AnyPayment, NationalPayment
from kiban.finance.price_effects import PRICE, SUPPLIERS, PriceEffects
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CLASSES
from kiban.quantities import YEN_PER_MYEN, Language, MoneyFormat, format_number
from kiban.report.layout import table
from kiban.report.names import money_of, study_money
from kiban.report.phrases import phrase, phrase_or

LEAST_MYEN = 0.5
"""A change below it is rounding."""


class OthersAreaDocument(TypedDict):
    """What the others in an area pay more at day-ahead prices a year, million yen: as the slope and as the bids say."""

    id: str
    by_slope_myen_per_year: float
    by_bids_myen_per_year: float


class OthersFlowDocument(TypedDict):
    """One account from a payer to a payee: yen of each of `calendar_years`, negative where it flows back."""

    payer: str
    payee: str
    account: str
    yen: list[int]


class OthersDocument(TypedDict):
    """The ledger of electricity users elsewhere, beside that of the campuses; its flows are the change.

    `by_group_myen` and `by_account_myen` are present values at the social rate, positive where they have more.
    """

    years: int
    areas: list[OthersAreaDocument]
    by_group_myen: dict[str, float]
    by_account_myen: dict[str, float]
    residual_yen: float
    among_the_largest: bool
    calendar_years: list[int]
    flows: list[OthersFlowDocument]


def others_document(payment: AnyPayment) -> OthersDocument | None:
    """The users elsewhere in plain types, at the social rate; None where what they pay is not known."""
    effects = payment.price_effects
    if effects is None:
        return None
    rate = payment.shares.social_rate
    return {
        "years": effects.years,
        "areas": [
            {"id": area, "by_slope_myen_per_year": float(slope), "by_bids_myen_per_year": float(bids)}
            for area, slope, bids in zip(MARKET_AREAS, effects.yearly_myen, effects.by_bids_myen, strict=True)
        ],
        "by_group_myen": effects.values_by_group_myen(rate),
        "by_account_myen": effects.values_by_account_myen(rate),
        "residual_yen": effects.ledger.residual_yen,
        "among_the_largest": payment.others_are_among_the_largest,
        "calendar_years": list(effects.ledger.years),
        "flows": _flows(effects),
    }


def _flows(effects: PriceEffects) -> list[OthersFlowDocument]:
    years = effects.ledger.years
    found: dict[tuple[str, str, str], list[int]] = {}
    for entry in effects.ledger.entries:
        yen, back = round(entry.amount_myen * YEN_PER_MYEN), (entry.payee, entry.payer, entry.account)
        if back in found:
            found[back][years.index(entry.year)] -= yen
        else:
            flow = found.setdefault((entry.payer, entry.payee, entry.account), [0] * len(years))
            flow[years.index(entry.year)] += yen
    return [
        {"payer": payer, "payee": payee, "account": account, "yen": yen}
        for (payer, payee, account), yen in found.items()
    ]


def others_sentences(payment: AnyPayment, language: Language) -> list[str]:
    """What they pay more or less, where they are among the three parties whose position changes most."""
    return [_sentence(payment, "named", language)] if payment.others_are_among_the_largest else []


def others_remark(payment: AnyPayment, language: Language) -> str:
    """What they pay more or less, beside the table of parties; empty where it is nothing or is not known."""
    effects = payment.price_effects
    if effects is None or not _parts(effects, payment.shares.social_rate, _money(payment, language)):
        return ""
    return _sentence(payment, "beside", language)


def others_table(payment: AnyPayment, language: Language) -> RenderableType | None:
    """What users elsewhere have more by area and class, present value at the social rate; None where it is nothing."""
    effects = payment.price_effects
    if effects is None:
        return None
    money = _money(payment, language)
    by_area = effects.values_by_area_myen(payment.shares.social_rate)
    sums = {name: sum(values[name] for values in by_area.values()) for name in CLASSES}
    rows = {phrase_or(f"area.{area}", language, area): values for area, values in by_area.items()}
    largest = max((abs(value) for values in by_area.values() for value in values.values()), default=0.0)
    if largest < LEAST_MYEN:
        return None
    size, unit = money.scale(max(largest, *map(abs, sums.values())))
    shown = {**rows, phrase("pay_others.all_areas", language): sums}
    headings = [f"{phrase('pay_others.area', language)} ({unit})"]
    headings += [phrase(f"pay_others.class.{name}", language) for name in CLASSES]
    body = [[name, *(format_number(values[one] / size) for one in CLASSES)] for name, values in shown.items()]
    return table(headings, body, numeric=(1, 2, 3), bold=(len(body) - 1,))


def _money(payment: AnyPayment, language: Language) -> MoneyFormat:
    if isinstance(payment, NationalPayment):
        return study_money(payment.after.problem.study.money, language)
    return money_of(payment.after.plan, language)


def group_name(group: str, language: Language) -> str:
    """What a step of the bridge calls a group of those elsewhere."""
    return phrase(f"pay_others.group.{group}", language)


def _sentence(payment: AnyPayment, key: str, language: Language) -> str:
    effects = payment.price_effects
    assert effects is not None
    money, rate = _money(payment, language), payment.shares.social_rate
    net = effects.present_value_myen(rate)
    return phrase(
        f"pay_others.{key}_{'better' if net > 0 else 'worse'}",
        language,
        net=money.amount(abs(net)),
        parts=phrase("impact.semicolon", language).join(_parts(effects, rate, money)),
    )


def _parts(effects: PriceEffects, rate: float, money: MoneyFormat) -> list[str]:
    """What prices do, and what the charges do that the campus carries."""
    language, found = money.language, []
    value = effects.values_of_account_myen(PRICE, rate)
    if max(abs(end) for end in effects.range_myen()) >= LEAST_MYEN:
        low, high = effects.range_myen()
        mixed = low < 0.0 < high
        least, most = (-low, high) if mixed else sorted((abs(low), abs(high)))
        sign = -1.0 if effects.total_myen > 0 else 1.0
        borne = {
            "kept" if name == SUPPLIERS else name: money.amount(sign * value[name]) for name in (*CLASSES, SUPPLIERS)
        }
        said = {
            "low": money.amount(least),
            "high": money.amount(most),
            "value": money.amount(sign * sum(value.values())),
        }
        key = ("mixed_" if mixed else "price_") + ("more" if effects.total_myen > 0 else "less")
        found.append(phrase(f"pay_others.{key}", language, years=effects.years, **said, **borne))
    charges = {name: more for name, more in effects.values_by_account_myen(rate).items() if name != PRICE}
    carried = sum(charges.values())
    if any(abs(more) >= LEAST_MYEN for more in charges.values()):
        sign = 1.0 if carried > 0 else -1.0
        shown = sorted(
            (name for name in charges if abs(charges[name]) >= LEAST_MYEN), key=lambda name: -abs(charges[name])
        )
        accounts = phrase("impact.comma", language).join(
            phrase(
                "pay_others.account",
                language,
                name=phrase(f"pay_others.name.{name}", language),
                amount=money.amount(sign * charges[name]),
            )
            for name in shown
        )
        key = "charges_less" if carried > 0 else "charges_more"
        found.append(phrase(f"pay_others.{key}", language, value=money.amount(abs(carried)), accounts=accounts))
    return found
