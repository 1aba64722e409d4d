"""Electricity users elsewhere, whose prices a package moves: sentences, and the part of the JSON of a payment."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

from kiban.finance.payment import Payment
from kiban.finance.price_effects import GENERATORS
from kiban.market.areas import MARKET_AREAS
from kiban.quantities import Language
from kiban.report.names import money_of
from kiban.report.phrases import phrase

LEAST_MYEN = 0.5
"""What others pay more in a year below it is rounding."""


class OthersAreaDocument(TypedDict):
    """What the others in an area pay more in a year, million yen: as the slope of prices and as the bids say."""

    id: str
    by_slope_myen_per_year: float
    by_bids_myen_per_year: float


class OthersDocument(TypedDict):
    """The ledger of electricity users elsewhere, beside that of the campus; its entries are the change."""

    years: int
    areas: list[OthersAreaDocument]
    present_values_myen: dict[str, float]
    residual_yen: float
    among_the_largest: bool
    entries: list[dict[str, Any]]


def others_document(payment: Payment) -> OthersDocument | None:
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
        "present_values_myen": effects.ledger.present_values(dict.fromkeys(effects.ledger.parties, rate)),
        "residual_yen": effects.ledger.residual_yen,
        "among_the_largest": payment.others_are_among_the_largest,
        "entries": [dataclasses.asdict(entry) for entry in effects.ledger.entries],
    }


def others_sentences(payment: Payment, language: Language) -> list[str]:
    """What they pay more or less, where they are among the three parties whose position changes most."""
    return [_sentence(payment, "named", language)] if payment.others_are_among_the_largest else []


def others_remark(payment: Payment, language: Language) -> str:
    """What they pay more or less, beside the table of parties; empty where it is nothing or is not known."""
    effects = payment.price_effects
    if effects is None or max(abs(end) for end in effects.range_myen()) < LEAST_MYEN:
        return ""
    return _sentence(payment, "beside", language)


def _sentence(payment: Payment, key: str, language: Language) -> str:
    effects = payment.price_effects
    assert effects is not None
    money, rate = money_of(payment.after.plan, language), payment.shares.social_rate
    low, high = sorted(abs(end) for end in effects.range_myen())
    return phrase(
        f"pay_others.{key}_{'more' if effects.total_myen > 0 else 'less'}",
        language,
        low=money.amount(low),
        high=money.amount(high),
        years=effects.years,
        value=money.amount(abs(effects.ledger.present_value(GENERATORS, rate))),
    )
