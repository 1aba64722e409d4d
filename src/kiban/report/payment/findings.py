"""The finding of each chart of a payment, in a sentence that serves as its title."""

from __future__ import annotations

from collections.abc import Mapping

from kiban.finance.ledger import TREASURIES, Ledger
from kiban.finance.payment import Payment
from kiban.quantities import Language, MoneyFormat, format_number, format_share, unit_text
from kiban.report.names import money_of, subject_name
from kiban.report.payment.words import PAID_FOR_GOODS
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.words import Built, built_capacities

LEAST_SHOWN_MYEN = 1.0
LEAST_CHANGE = 1e-3
"""Changes of capacity below this share are the solver's, not the policy's."""


def payment_findings(payment: Payment, language: Language) -> dict[str, str]:
    """Titles of the charts of a payment, by chart; a chart that it has nothing for is left out."""
    money = money_of(payment.after.plan, language)
    found = {
        "parties": _parties_finding(payment.changes_at_social_rate_myen, money),
        "support": _support_finding(payment, language),
        "flows": _flows_finding(payment, money),
        "years": _years_finding(payment.incidence, money),
        "capacities": _capacities_finding(payment, language),
        "downside": _downside_finding(payment, money),
    }
    return {name: sentence[:1].upper() + sentence[1:] for name, sentence in found.items() if sentence}


def _parties_finding(values: Mapping[str, float], money: MoneyFormat) -> str:
    language = money.language
    # Who delivers something is paid for it: that is no gain.
    values = {party: value for party, value in values.items() if party not in PAID_FOR_GOODS}
    gainer, loser = max(values, key=lambda party: values[party]), min(values, key=lambda party: values[party])
    if values[gainer] < LEAST_SHOWN_MYEN and values[loser] > -LEAST_SHOWN_MYEN:
        return phrase("pay_finding.parties_none", language)
    return phrase(
        "pay_finding.parties",
        language,
        gainer=party_name(gainer, language),
        gain=money.amount(values[gainer]),
        loser=party_name(loser, language),
        loss=money.amount(-values[loser]),
    )


def _support_finding(payment: Payment, language: Language) -> str:
    support = payment.support
    if support.total_myen < LEAST_SHOWN_MYEN:
        return phrase("pay_finding.support_none", language)
    shares = {
        name: format_share(part / support.total_myen, language)
        for name, part in (("windfall", support.windfall_myen), ("induced", support.induced_myen))
    }
    return phrase("pay_finding.support", language, **shares)


def _flows_finding(payment: Payment, money: MoneyFormat) -> str:
    received: dict[str, float] = {}
    owner = "national_treasury" if payment.after.terms.financing.public else "equity"
    for (payer, payee), amount in payment.after.ledger.flows(payment.shares.social_rate).items():
        if payer == owner:
            received[payee] = received.get(payee, 0.0) + amount
    if not received:
        return ""
    payee = max(received, key=lambda party: received[party])
    words = {"payee": party_name(payee, money.language), "amount": money.amount(received[payee])}
    return phrase("pay_finding.flows", money.language, **words)


def _years_finding(ledger: Ledger, money: MoneyFormat) -> str:
    """When the treasuries, together, pay most, and whether the sum over the years comes back."""
    language = money.language
    if not ledger.entries:
        return ""
    yearly = {year: sum(ledger.balances[party][year] for party in TREASURIES) for year in ledger.years}
    sums, total = {}, 0.0
    for year, value in yearly.items():
        total += value
        sums[year] = total
    worst = min(yearly, key=lambda year: yearly[year])
    if min(sums.values()) >= -LEAST_SHOWN_MYEN:
        best = max(yearly, key=lambda year: yearly[year])
        return phrase("pay_finding.years_gain", language, year=best, amount=money.amount(yearly[best]))
    below = [year for year, value in sums.items() if value < 0]
    later = [year for year in ledger.years if year > below[-1]]
    even = phrase("pay_finding.years_even", language, year=later[0]) if later else ""
    even = even or phrase("pay_finding.years_never", language)
    return phrase("pay_finding.years", language, year=worst, amount=money.amount(-yearly[worst]), even=even)


def _downside_finding(payment: Payment, money: MoneyFormat) -> str:
    if payment.downside is None:
        return ""
    high = {kind: case["percentile_95_myen"] for kind, case in payment.downside["cases"].items()}
    worst = max(high, key=lambda kind: high[kind])
    kind = phrase(f"pay.kind.{worst}", money.language)
    return phrase("pay_finding.downside", money.language, kind=kind, amount=money.amount(high[worst]))


def _capacities_finding(payment: Payment, language: Language) -> str:
    changed = [
        change
        for change in capacity_changes(payment)
        if abs(change[2] - change[1]) > LEAST_CHANGE * max(change[2], change[1])
    ]
    if not changed:
        return phrase("pay_finding.capacities_none", language)
    powers = [change for change in changed if change[0].unit == "mw"] or changed
    built, without, policy = max(powers, key=lambda change: abs(change[2] - change[1]))
    return phrase(
        "pay_finding.capacities",
        language,
        name=subject_name(built.subject, language),
        without=format_number(without),
        with_policy=format_number(policy),
        unit=unit_text(built.unit, language),
    )


def party_name(party: str, language: Language) -> str:
    """Name of a party of the ledger."""
    return phrase_or(f"pay.party.{party}", language, party.replace("_", " "))


def party_changes(payment: Payment) -> dict[str, float]:
    """Present value of the change for each party: its gain, or, for who delivers something, what it is paid more."""
    return {**payment.party_values_myen, **payment.gains_myen}


def capacity_changes(payment: Payment) -> list[tuple[Built, float, float]]:
    """What is built on either side, and how much of it without the package and with it."""
    without, policy = payment.before.plan, payment.after.plan
    built = {item.name: item for plan in (without, policy) for item in built_capacities(plan)}
    return [(item, without.capacities.get(name, 0.0), policy.capacities.get(name, 0.0)) for name, item in built.items()]
