"""What the screen "who pays" shows of a payment: numbers, names and sentences in both languages, ready for JSON.

Present values are million yen at constant prices of the start year; balances and flows are what the party receives
less what it pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from kiban.finance.ledger import PARTIES, TREASURIES, Ledger
from kiban.finance.payment import Payment
from kiban.policy.law import Measure, load_law
from kiban.quantities import LANGUAGES, Language, MoneyFormat, format_number, format_share, unit_text
from kiban.report.messages import say
from kiban.report.names import money_of, subject_name
from kiban.report.payment.words import (
    PAID_FOR_GOODS,
    answer,
    assumption_sentences,
    further_sentences,
    residual_sentence,
    summarise_payment,
)
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.words import built_capacities
from kiban.scenario.package import Instrument, Package, load_package, package_names

Names = dict[str, str]
NEGLIGIBLE_MYEN = 1.0
LEAST_CHANGE = 1e-3
"""Changes of capacity below this share are the solver's, not the policy's."""


def package_documents() -> list[dict[str, Any]]:
    """The packages that come with kiban: title, description, and each instrument with its law, dates and status."""
    return [package_document(load_package(name)) for name in package_names()]


def package_document(package: Package) -> dict[str, Any]:
    """One package; `amount` is the rate of its only instrument, which a reader may vary, else None."""
    return {
        "name": package.name,
        "title": {"en": package.title_en or package.name, "ja": package.title_ja or package.name},
        "description": {"en": package.description_en, "ja": package.description_ja},
        "tax_law": package.tax_law,
        "amount": package.amount,
        "amount_key": package.instrument[0].amount_key if len(package.instrument) == 1 else None,
        "instruments": [_instrument(item) for item in package.instrument],
    }


def pay_document(payment: Payment) -> dict[str, Any]:
    """Everything that the screen shows of a payment."""
    rate = payment.shares.party_rates["national_treasury"]
    figures = summarise_payment(payment)
    return {
        **figures,
        "packages": [package.name for package in payment.after.packages],
        "against": [package.name for package in payment.before.packages],
        "title": _title(payment.after.packages),
        "against_title": _title(payment.before.packages),
        "sentences": {language: _sentences(payment, language) for language in LANGUAGES},
        "support": {**figures["support"], "assets": _support(payment)},
        "parties": _parties(payment),
        "years": list(payment.incidence.years),
        "flow_rate": rate,
        "flows": _flows(payment.after.ledger, rate),
        "residual_yen": figures["ledger"]["residual_yen"],
        "entries": len(payment.after.ledger.entries),
        "finance": {name: _finance(side) for name, side in figures["finance"].items()},
        "capacities": _capacities(payment),
        "losses": _losses(payment),
        "notes": [say(note, "en") for note in payment.after.terms.notes],
        "assumed": list(payment.after.terms.assumed),
    }


def _named(name_of: Callable[[Language], str]) -> Names:
    return {language: name_of(language) for language in LANGUAGES}


def party_name(party: str, language: Language) -> str:
    """Name of a party of the ledger."""
    return phrase_or(f"pay.party.{party}", language, party.replace("_", " "))


def account_name(account: str, language: Language) -> str:
    """Name of an account of the ledger."""
    return phrase_or(f"pay.account.{account}", language, account.replace("_", " "))


def _title(packages: Iterable[Package]) -> Names:
    titles = [{"en": item.title_en or item.name, "ja": item.title_ja or item.name} for item in packages]
    return {language: " + ".join(title[language] for title in titles) for language in LANGUAGES}


def _instrument(item: Instrument) -> dict[str, Any]:
    measure = load_law().measures.get(item.law) if item.law is not None else None
    amount = getattr(item, item.amount_key) if item.amount_key is not None else None
    return {
        "kind": item.kind,
        "kind_name": _named(lambda language: phrase(f"instrument.{item.kind}", language)),
        "amount": amount,
        "amount_key": item.amount_key,
        "assets": [
            {"id": name, "name": _named(lambda language, name=name: _covered(name, language))}  # type: ignore[misc]
            for name in (item.assets or (measure.assets if measure is not None else ()))
        ],
        "law": item.law,
        "statute": {"en": measure.title_en, "ja": measure.title_ja} if measure is not None else None,
        "article": measure.article if measure is not None else None,
        "status": measure.status if measure is not None else "hypothetical",
        "from": _day(measure.valid_from) if measure is not None else None,
        "to": _sunset(item, measure),
    }


def _covered(name: str, language: Language) -> str:
    """Name of an asset class or of a group of them."""
    return phrase_or(f"asset_group.{name}", language, subject_name(name, language))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _sunset(item: Instrument, measure: Measure | None) -> str | None:
    """Last day of the support: the package's, else the law's."""
    if item.to_year is not None:
        return f"{item.to_year}-12-31"
    return _day(measure.valid_to) if measure is not None else None


def _support(payment: Payment) -> list[dict[str, Any]]:
    """The split of the support by asset class."""
    assets: dict[str, dict[str, Any]] = {}
    for item in payment.support.assets:
        row = assets.setdefault(
            item.asset,
            {
                "asset": item.asset,
                "label": _named(lambda language, item=item: subject_name(item.asset, language)),  # type: ignore[misc]
                "windfall_myen": 0.0,
                "induced_myen": 0.0,
                "distortion_myen": 0.0,
            },
        )
        for part in ("windfall_myen", "induced_myen", "distortion_myen"):
            row[part] += getattr(item, part)
    return [row for row in assets.values() if sum(abs(row[part]) for part in row if part.endswith("_myen")) > 0]


def _changes(payment: Payment) -> dict[str, float]:
    """Present value of the change for each party: its gain, or, for who delivers something, what it is paid more."""
    return {**payment.party_values_myen, **payment.gains_myen}


def _parties(payment: Payment) -> list[dict[str, Any]]:
    rates, ledger, changes = payment.shares.party_rates, payment.incidence, _changes(payment)
    rows = []
    for party in PARTIES:
        accounts = sorted({entry.account for entry in ledger.entries if party in {entry.payer, entry.payee}})
        values = {
            name: ledger.present_value(party, rates[party], accounts=frozenset({name})) if ledger.entries else 0.0
            for name in accounts
        }
        shown = sorted(((n, v) for n, v in values.items() if abs(v) > NEGLIGIBLE_MYEN), key=lambda item: -abs(item[1]))
        rows.append(
            {
                "party": party,
                "label": _named(lambda language, party=party: party_name(party, language)),  # type: ignore[misc]
                "rate": rates[party],
                "public": party in TREASURIES,
                "delivers": party in PAID_FOR_GOODS,
                "present_value_myen": changes[party],
                "by_year_myen": [ledger.balances[party][year] for year in ledger.years],
                "accounts": [
                    {
                        "account": name,
                        "label": _named(lambda language, name=name: account_name(name, language)),  # type: ignore[misc]
                        "present_value_myen": value,
                    }
                    for name, value in shown
                ],
            }
        )
    return rows


def _flows(ledger: Ledger, rate: float) -> list[dict[str, Any]]:
    """Present value of what goes from one party to another with the package, at one rate, the largest first."""
    if not ledger.entries:
        return []
    flows = sorted(ledger.flows(rate).items(), key=lambda item: -item[1])
    return [
        {
            "payer": payer,
            "payer_label": _named(lambda language, name=payer: party_name(name, language)),  # type: ignore[misc]
            "payee": payee,
            "payee_label": _named(lambda language, name=payee: party_name(name, language)),  # type: ignore[misc]
            "amount_myen": amount,
        }
        for (payer, payee), amount in flows
        if amount > NEGLIGIBLE_MYEN
    ]


def _finance(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a side without the groups that they stand in."""
    levelised = {f"levelised_{name}": value for name, value in figures["levelised"].items()}
    rest = {name: value for name, value in figures.items() if name not in {"returns", "levelised"}}
    return {**figures["returns"], **levelised, **rest}


def _capacities(payment: Payment) -> list[dict[str, Any]]:
    without, policy = payment.before.plan, payment.after.plan
    built = {item.name: item for plan in (without, policy) for item in built_capacities(plan)}
    return [
        {
            "name": name,
            "subject": item.subject,
            "label": _named(lambda language, item=item: subject_name(item.subject, language)),  # type: ignore[misc]
            "unit": item.unit,
            "unit_text": _named(lambda language, item=item: unit_text(item.unit, language)),  # type: ignore[misc]
            "without": without.capacities.get(name, 0.0),
            "with": policy.capacities.get(name, 0.0),
        }
        for name, item in built.items()
    ]


def _sentences(payment: Payment, language: Language) -> dict[str, Any]:
    return {
        "answer": answer(payment, language),
        "further": list(further_sentences(payment, language)),
        "assumed": list(assumption_sentences(payment, language)),
        "residual": residual_sentence(payment, language),
        "findings": _findings(payment, language),
    }


def _losses(payment: Payment) -> list[dict[str, Any]]:
    """What the treasuries lose under each kind of support over the draws; empty where none were made."""
    if payment.downside is None:
        return []
    return [
        {
            "kind": kind,
            "label": _named(lambda language, kind=kind: phrase(f"pay.kind.{kind}", language)),  # type: ignore[misc]
            "expected_myen": case["expected_myen"],
            "high_myen": case["percentile_95_myen"],
            "worst_myen": case["worst_myen"],
            "default_probability": case["default_probability"],
        }
        for kind, case in payment.downside["cases"].items()
    ]


def _findings(payment: Payment, language: Language) -> dict[str, str]:
    money = money_of(payment.after.plan, language)
    found = {
        "parties": _parties_finding(_changes(payment), money),
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
    if values[gainer] < NEGLIGIBLE_MYEN and values[loser] > -NEGLIGIBLE_MYEN:
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
    if support.total_myen < NEGLIGIBLE_MYEN:
        return phrase("pay_finding.support_none", language)
    shares = {
        name: format_share(part / support.total_myen, language)
        for name, part in (("windfall", support.windfall_myen), ("induced", support.induced_myen))
    }
    return phrase("pay_finding.support", language, **shares)


def _flows_finding(payment: Payment, money: MoneyFormat) -> str:
    received: dict[str, float] = {}
    owner = "national_treasury" if payment.after.terms.financing.public else "equity"
    for (payer, payee), amount in payment.after.ledger.flows(payment.shares.party_rates["national_treasury"]).items():
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
    if min(sums.values()) >= -NEGLIGIBLE_MYEN:
        best = max(yearly, key=lambda year: yearly[year])
        return phrase("pay_finding.years_gain", language, year=best, amount=money.amount(yearly[best]))
    below = [year for year, value in sums.items() if value < 0]
    later = [year for year in ledger.years if year > below[-1]]
    even = phrase("pay_finding.years_even", language, year=later[0]) if later else ""
    even = even or phrase("pay_finding.years_never", language)
    return phrase("pay_finding.years", language, year=worst, amount=money.amount(-yearly[worst]), even=even)


def _downside_finding(payment: Payment, money: MoneyFormat) -> str:
    losses = _losses(payment)
    if not losses:
        return ""
    worst = max(losses, key=lambda loss: loss["high_myen"])
    words = {"kind": worst["label"][money.language], "amount": money.amount(worst["high_myen"])}
    return phrase("pay_finding.downside", money.language, **words)


def _capacities_finding(payment: Payment, language: Language) -> str:
    changed = [
        row
        for row in _capacities(payment)
        if abs(row["with"] - row["without"]) > LEAST_CHANGE * max(row["with"], row["without"])
    ]
    if not changed:
        return phrase("pay_finding.capacities_none", language)
    powers = [row for row in changed if row["unit"] == "mw"] or changed
    row = max(powers, key=lambda item: abs(item["with"] - item["without"]))
    return phrase(
        "pay_finding.capacities",
        language,
        name=row["label"][language],
        without=format_number(row["without"]),
        with_policy=format_number(row["with"]),
        unit=row["unit_text"][language],
    )
