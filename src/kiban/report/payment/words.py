"""A payment in words and as one JSON object: the same sentences and numbers for screen, web and Python."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.finance.comparison import Instrument
from kiban.finance.ledger import TREASURIES
from kiban.finance.national_payment import NationalPayment
from kiban.finance.national_side import NationalSide
from kiban.finance.payment import Payment, Side
from kiban.quantities import Language, MoneyFormat, format_number, format_share, unit_of, unit_text
from kiban.report.messages import join, measure_title, say
from kiban.report.names import money_of, study_money, subject_name
from kiban.report.payment.remarks import (
    condition_sentences,
    emission_sentences,
    given_conditions,
    list_conditions,
    summarise_environment,
)
from kiban.report.phrases import phrase, phrase_or

FORMAT = "kiban payment"
VERSION = 1
NEGLIGIBLE_MYEN = 1e-6
LEAST_MW = 0.05
PAID_FOR_GOODS = ("suppliers_home", "suppliers_abroad", "workers", "landowners")


AnyPayment = Payment | NationalPayment


def package_title(side: Side | NationalSide, language: Language) -> str:
    """Title of the packages of a side, with the rate of a package that has only one."""
    terms = side.terms
    title = (terms.title_ja if language == "ja" else terms.title_en) or terms.name
    if len(side.packages) != 1 or side.packages[0].amount is None:
        return title
    amount, key = side.packages[0].amount, side.packages[0].instrument[0].amount_key
    if key == "rate":
        return phrase("pay.titled", language, title=title, amount=format_share(amount, language))
    unit = unit_text(unit_of(str(key)), language)
    return phrase("pay.titled", language, title=title, amount=f"{format_number(amount)} {unit}")


def answer(payment: AnyPayment, language: Language) -> str:
    """The sentence before everything else: what the package costs and what it pays for."""
    money, support = payment_money(payment, language), payment.support
    title = package_title(payment.after, language)
    if support.total_myen <= NEGLIGIBLE_MYEN:
        return _capital(phrase("pay.answer_nothing", language, package=title))

    def hundredth(part: float) -> str:
        share = f"{100.0 * part / support.total_myen:.1f}"
        return share if language == "ja" else f"¥{share}"

    gains = payment.fiscal_cost_myen < -NEGLIGIBLE_MYEN
    moves = support.distortion_myen >= 0.0005 * support.total_myen
    return _capital(
        phrase(
            "pay.answer_gain" if gains else "pay.answer_moved" if moves else "pay.answer",
            language,
            package=title,
            fiscal=money.amount(abs(payment.fiscal_cost_myen)),
            windfall=hundredth(support.windfall_myen),
            induced=hundredth(support.induced_myen),
            distortion=hundredth(support.distortion_myen),
        )
    )


def further_sentences(payment: AnyPayment, language: Language) -> tuple[str, ...]:
    """What follows the answer: induced load, net cost to the treasuries, who gains and who bears it most."""
    money = payment_money(payment, language)
    remarks = condition_sentences(payment, language) if isinstance(payment, Payment) else []
    found = [*remarks, _induced_sentence(payment, language)]
    value = payment.treasury_value_myen
    found.append(phrase("pay.net_gain" if value > 0 else "pay.net_cost", language, amount=money.amount(abs(value))))
    changes = {**payment.gains_myen, **{party: payment.party_values_myen[party] for party in TREASURIES}}
    most, least = max(changes, key=lambda party: changes[party]), min(changes, key=lambda party: changes[party])
    for key, party, amount in (("gainer", most, changes[most]), ("loser", least, -changes[least])):
        if amount > NEGLIGIBLE_MYEN:
            name = phrase(f"pay.party.{party}", language)
            found.append(phrase(f"pay.{key}", language, party=name, amount=money.amount(amount)))
    spent = {party: payment.party_values_myen[party] for party in PAID_FOR_GOODS}
    if sum(spent.values()) > NEGLIGIBLE_MYEN and payment.induced_it_mw >= LEAST_MW:
        abroad = f"{100.0 * spent['suppliers_abroad'] / sum(spent.values()):.0f}"
        found.append(phrase("pay.spending", language, abroad=abroad, amount=money.amount(sum(spent.values()))))
    if payment.value_of_public_funds is not None:
        found.append(phrase("pay.public_value", language, value=format_number(payment.value_of_public_funds)))
    found += emission_sentences(payment, language) if isinstance(payment, Payment) else []
    found.append(phrase("pay.against", language, against=package_title(payment.before, language)))
    return tuple(_capital(sentence) for sentence in found)


def assumption_sentences(payment: AnyPayment, language: Language) -> tuple[str, ...]:
    """What the answer assumes beside the plan's own assumptions."""
    catalogue, terms = load_catalogue(), payment.after.terms
    found = [
        phrase("pay.law", language, title=package_title(payment.after, language), rate=_share(terms.tax.rate, language))
    ]
    if payment.elasticity is None:
        found.append(phrase("pay.tranches", language))
    else:
        fact = catalogue.fact("demand.price_elasticity")
        low, high = (format_number(x) if x is not None else "–" for x in (fact.low, fact.high))
        elasticity = format_number(payment.elasticity)
        found.append(phrase("pay.elastic", language, elasticity=elasticity, low=low, high=high))
    found.append(phrase("pay.pass_through", language, share=_share(payment.pass_through, language)))
    for asset, share in _utilisation(payment.after).items():
        if share < 1.0 - 1e-6:
            name = asset_name(asset, language)
            found.append(phrase("pay.utilisation", language, share=_share(share, language), asset=name))
    rates = {party: _share(payment.shares.party_rates[party], language) for party in ("national_treasury", "equity")}
    found.append(phrase("pay.rates", language, treasury=rates["national_treasury"], equity=rates["equity"]))
    if terms.assumed:
        titles = [measure_title(measure, language) for measure in terms.assumed]
        found.append(phrase("pay.unverified", language, measures=join(titles, language)))
    found += given_conditions(payment, language) if isinstance(payment, Payment) else []
    return (*found, *(say(note, language) for note in terms.notes))


def _utilisation(side: Side | NationalSide) -> Mapping[str, float]:
    return side.mean_utilisation if isinstance(side, NationalSide) else side.credit_utilisation


def asset_name(asset: str, language: Language) -> str:
    """Name of an asset class."""
    return phrase_or(f"pay.asset.{asset}", language, "") or subject_name(asset, language)


def residual_sentence(payment: AnyPayment, language: Language) -> str:
    """That the ledger sums to zero."""
    ledger = payment.after.ledger
    entries, years = f"{len(ledger.entries):,}", len(ledger.years)
    return phrase("pay.residual", language, entries=entries, years=years, yen=format_number(ledger.residual_yen))


def summarise_payment(payment: Payment) -> dict[str, Any]:
    """Everything of a payment in plain types; money in million yen, present values in the start year."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": payment.after.plan.scenario.name,
        "sentence": {language: answer(payment, language) for language in ("en", "ja")},
        "sentences": {language: list(further_sentences(payment, language)) for language in ("en", "ja")},
        "assumptions": {language: list(assumption_sentences(payment, language)) for language in ("en", "ja")},
        "packages": {
            "with": [package.name for package in payment.after.packages],
            "against": [package.name for package in payment.before.packages],
        },
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "treasury_value_myen": payment.treasury_value_myen,
        "induced_it_mw": payment.induced_it_mw,
        "construction_jobs": payment.construction_jobs,
        "cost_per_induced_mw_myen": payment.cost_per_induced_mw_myen,
        "value_of_public_funds": payment.value_of_public_funds,
        "public_funds": dataclasses.asdict(payment.public_funds),
        "conditions": list_conditions(payment),
        "environment": summarise_environment(payment),
        "support": summarise_support(payment),
        "ledger": summarise_ledger(payment),
        "finance": {"without": summarise_side(payment.before), "with": summarise_side(payment.after)},
        "downside": payment.downside,
    }


def summarise_support(payment: AnyPayment) -> dict[str, Any]:
    """The split of the support, in all and by asset."""
    support = payment.support
    return {
        "total_myen": support.total_myen,
        "windfall_myen": support.windfall_myen,
        "induced_myen": support.induced_myen,
        "distortion_myen": support.distortion_myen,
        "windfall_share": support.windfall_share,
        "assets": [dataclasses.asdict(asset) | {"total_myen": asset.total_myen} for asset in support.assets],
    }


def summarise_ledger(payment: AnyPayment) -> dict[str, Any]:
    """Balances by party and year, present values, and flows between parties, without, with, and the change."""
    rates = payment.shares.party_rates
    treasury = rates["national_treasury"]
    sides = {"without": payment.before.ledger, "with": payment.after.ledger, "change": payment.incidence}
    return {
        "residual_yen": max(ledger.residual_yen for ledger in sides.values()),
        "years": list(payment.after.ledger.years),
        "present_values_myen": {
            "without": payment.before.ledger.present_values(rates),
            "with": payment.after.ledger.present_values(rates),
            "change": dict(payment.party_values_myen),
        },
        "by_party": {
            name: {party: {str(year): amount for year, amount in by.items()} for party, by in ledger.balances.items()}
            for name, ledger in sides.items()
        },
        "flows": {
            name: [
                {"payer": payer, "payee": payee, "myen": amount}
                for (payer, payee), amount in sorted(ledger.flows(treasury).items())
            ]
            for name, ledger in sides.items()
        },
        "entries": [dataclasses.asdict(entry) for entry in payment.after.ledger.entries],
    }


def summarise_side(side: Side) -> dict[str, Any]:
    """Design and returns of one side."""
    return {
        "returns": dataclasses.asdict(side.returns),
        "levelised": dataclasses.asdict(side.levelised),
        "capacities": dict(side.plan.capacities),
        "cooling_system": side.plan.cooling_system,
        "cost_myen_per_year": side.plan.cost_myen_per_year,
        "clean_share": side.plan.indicators["clean_share"],
        "served_it_mw": side.served_mw,
        "tranches": [dataclasses.asdict(tranche) for tranche in side.plan.tranches],
        "credit_utilisation": dict(side.credit_utilisation),
        "credit_utilisation_unsettled": side.unsettled,
        "effective_tax_rates": dict(side.effective_tax_rates),
        "yen_per_million_tokens": dict(side.token_costs),
        "certificate": dataclasses.asdict(side.plan.certificate) if side.plan.certificate else None,
    }


def summarise_instruments(instruments: Sequence[Instrument]) -> list[dict[str, Any]]:
    """The comparison of instruments, one object each; `reached` is false where no amount is enough."""
    found = []
    for instrument in instruments:
        payment = instrument.payment or instrument.most
        assert payment is not None
        found.append(
            {
                "package": instrument.package,
                "amount": instrument.amount,
                "reached": instrument.payment is not None,
                **instrument_figures(payment),
            }
        )
    return found


def instrument_figures(payment: Payment) -> Mapping[str, float | None]:
    """What instruments are compared by."""
    values = payment.party_values_myen
    return {
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "induced_it_mw": payment.induced_it_mw,
        "windfall_share": payment.support.windfall_share,
        "clean_share": payment.after.plan.indicators["clean_share"],
        "yen_per_gpu_hour": payment.after.levelised.yen_per_gpu_hour,
        "treasury_myen": sum(values[party] for party in TREASURIES),
        "support_myen": payment.support.total_myen,
        "equity_gain_myen": payment.gains_myen["equity"],
        "users_gain_myen": payment.gains_myen["users"],
        "ratepayers_myen": values["ratepayers"],
        "region_myen": values["prefecture"] + values["municipality"],
        "equity_irr": payment.after.returns.equity_irr,
        "construction_jobs": payment.construction_jobs,
    }


def _induced_sentence(payment: AnyPayment, language: Language) -> str:
    if payment.induced_it_mw < LEAST_MW:
        return phrase("pay.induced_none", language)
    each = ""
    if payment.cost_per_induced_mw_myen is not None:
        amount = payment_money(payment, language).amount(payment.cost_per_induced_mw_myen)
        each = phrase("pay.induced_each", language, amount=amount)
    return phrase("pay.induced_mw", language, mw=format_number(payment.induced_it_mw), each=each)


def payment_money(payment: AnyPayment, language: Language) -> MoneyFormat:
    """How the money of a payment is written."""
    if isinstance(payment, NationalPayment):
        return study_money(payment.after.problem.study.money, language)
    return money_of(payment.after.plan, language)


def _share(share: float, language: Language) -> str:
    return format_share(share, language)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
