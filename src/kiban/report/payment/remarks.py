"""What is said of a payment beside its money: conditions of measures, credits that do not settle, emissions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from kiban.finance.eligibility import Check
from kiban.finance.payment import Payment
from kiban.messages import Message
from kiban.policy.terms import Condition
from kiban.quantities import Language, format_number, format_share
from kiban.report.messages import join, measure_title, say
from kiban.report.names import money_of
from kiban.report.phrases import phrase, phrase_or

LEAST_TONNES = 1.0


def given_conditions(payment: Payment, language: Language) -> list[str]:
    """What measures ask for that no plan can show, and that is taken to be fulfilled; once for each measure."""
    demands: dict[str, list[str]] = {}
    for check in payment.after.checks:
        condition = check.condition
        if check.status == "assumed" and check.instrument not in payment.after.refused:
            known = demands.setdefault(measure_title(condition.measure, language), [])
            known += [text for text in _demands(condition, language) if text not in known]
    return [
        phrase("pay.given_condition", language, law=law, demands=join(texts, language))
        for law, texts in demands.items()
    ]


def condition_sentences(payment: Payment, language: Language) -> list[str]:
    """Instruments that do not apply and why, and usable credits that do not settle."""
    side = payment.after
    found = []
    for key in side.refused:
        checks = [check for check in side.checks if check.instrument == key]
        condition = checks[0].condition
        kind = next(
            package.instrument[key[1] - 1].kind for package in side.packages if package.name == condition.package
        )
        said = {"package": condition.package, "number": condition.number, "instrument_kind": kind}
        instrument = say(Message("pay.instrument_law", said, measures=condition.measure), language)
        reasons = [_reason(check, payment, language) for check in checks if check.status == "unmet"]
        found.append(phrase("pay.refused", language, instrument=instrument, reasons=join(reasons, language)))
    unsettled = max(payment.before.unsettled, side.unsettled)
    if unsettled:
        found.append(phrase("pay.unsettled", language, share=format_share(unsettled, language)))
    return found


_PLACES = {
    "prefecture": ("outside", "prefecture"),
    "inside": ("inside", "prefecture"),
    "municipality": ("inside", "municipality"),
    "state": ("inside", "state"),
}
"""Conditions of place: the demand that they make, and what is named in it."""
_OWNERS = {"wage_growth", "investment_ratio"}


def _places(kind: str, names: Iterable[str], language: Language) -> str:
    return join((phrase_or(f"{kind}.{name}", language, name) for name in names), language)


def _demands(condition: Condition, language: Language) -> list[str]:
    if condition.kind == "unknown":
        return [phrase(f"demand.{name}", language) for name in condition.names]
    if condition.kind in _PLACES:
        demand, kind = _PLACES[condition.kind]
        return [phrase(f"demand.{demand}", language, names=_places(kind, condition.names, language))]
    if condition.kind == "fiscal_index":
        return [phrase("demand.fiscal_index", language, limit=format_number(condition.limit))]
    if condition.kind in _OWNERS:
        return [phrase(f"demand.{condition.kind}", language, limit=format_share(condition.limit, language))]
    return []


def _reason(check: Check, payment: Payment, language: Language) -> str:
    """Why a condition is not fulfilled."""
    condition = check.condition
    if condition.kind == "country":
        return phrase(
            "condition.country",
            language,
            names=join((phrase(f"country.{name}", language) for name in condition.names), language),
            found=phrase(f"country.{check.place}", language),
        )
    if condition.kind in _PLACES:
        kind = _PLACES[condition.kind][1]
        names, found = (_places(kind, places, language) for places in (condition.names, (check.place,)))
        return phrase(f"condition.{condition.kind}", language, names=names, found=found)
    assert check.found is not None
    if condition.kind == "fiscal_index":
        town = _places("municipality", (check.place,), language)
        limit, index = (format_number(value) for value in (condition.limit, check.found))
        return phrase("condition.fiscal_index", language, limit=limit, found=index, town=town)

    def text(value: float) -> str:
        if condition.kind == "investment":
            return money_of(payment.after.plan, language).amount(value)
        if condition.kind in {"return", "clean_share"} | _OWNERS:
            return format_share(value, language)
        return format_number(value)

    return phrase(f"condition.{condition.kind}", language, limit=text(condition.limit), found=text(check.found))


def risk_sentences(payment: Payment, language: Language) -> list[str]:
    """What of the treasuries' cost is the price of the risk that they bear as owners."""
    charge = payment.risk_charge_myen
    if charge <= 0:
        return []
    amount = money_of(payment.after.plan, language).amount(charge)
    rate = format_share(payment.assumptions.discount_rate_real, language)
    return [phrase("pay.risk_charged", language, amount=amount, rate=rate)]


def law_sentences(payment: Payment, language: Language) -> list[str]:
    """What the package's tax law alone costs or brings in the place of the other, apart from the support."""
    change = payment.law_change
    if change is None:
        return []
    costs = change.fiscal_cost_myen > 0
    key = (
        ("pay.law_costs_within" if costs else "pay.law_brings_within")
        if change.within
        else ("pay.law_costs_apart" if costs else "pay.law_brings_apart")
    )
    amount = money_of(payment.after.plan, language).amount(abs(change.fiscal_cost_myen))
    laws = {name: phrase(f"pay.tax_law.{getattr(change, name)}", language) for name in ("law", "replaced")}
    return [phrase(key, language, amount=amount, **laws)]


def emission_sentences(payment: Payment, language: Language) -> list[str]:
    """What the package does to emissions, beside the ledger, and what carbon prices already charge for."""
    before, after = payment.before.damage, payment.after.damage
    assert before is not None and after is not None
    money, terms = money_of(payment.after.plan, language), payment.damage_terms
    change = after.emissions_t_per_year - before.emissions_t_per_year
    found = []
    if abs(change) >= LEAST_TONNES:
        found.append(
            phrase(
                "pay.emissions_more" if change > 0 else "pay.emissions_less",
                language,
                tonnes=format_number(abs(change)),
                damage=money.amount(abs(payment.damage_myen)),
                price=money.price(terms.myen_per_t),
                low=money.price(terms.low_myen_per_t),
                high=money.price(terms.high_myen_per_t),
            )
        )
    if after.paid_share > 0:
        found.append(phrase("pay.carbon_priced", language, share=format_share(after.paid_share, language)))
    return found


def list_conditions(payment: Payment) -> list[dict[str, Any]]:
    """What the measures ask for, with what the plan shows and whether it is enough."""
    return [
        {**dataclasses.asdict(check.condition), "status": check.status, "found": check.place or check.found}
        for check in payment.after.checks
    ]
