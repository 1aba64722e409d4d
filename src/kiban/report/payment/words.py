"""The sentences of a payment, of one campus or of the country: the same for terminal, web and Python."""

from __future__ import annotations

from collections.abc import Mapping

from kiban.catalogue import load_catalogue
from kiban.finance.campus import GAINERS
from kiban.finance.ledger import TREASURIES
from kiban.finance.national_payment import AnyPayment, NationalPayment
from kiban.finance.national_side import NationalSide
from kiban.finance.payment import Payment, Side
from kiban.quantities import Language, MoneyFormat, format_exact, format_number, format_share, unit_of, unit_text
from kiban.report.messages import join, measure_title, say
from kiban.report.names import money_of, site_name, study_money, subject_name
from kiban.report.payment.firmness import firmness_sentences
from kiban.report.payment.others import others_sentences
from kiban.report.payment.remarks import (
    condition_sentences,
    emission_sentences,
    given_conditions,
    law_sentences,
    risk_sentences,
)
from kiban.report.phrases import phrase, phrase_or

NEGLIGIBLE_MYEN = 1e-6
LEAST_SAID_MW = 0.05
LEAST_DEBT_SHARE = 0.01
"""Part of the owner's gain that cheaper debt must be to be told."""
LEAST_PREMIUM = 0.01
"""Part of all gains that the price of risk must be to be told."""
PAID_FOR_GOODS = ("suppliers_home", "suppliers_abroad", "workers", "landowners")


def package_title(side: Side | NationalSide, language: Language) -> str:
    """Title of the packages of a side, with the rate of a package that has only one."""
    terms = side.terms
    given = [package.title_ja if language == "ja" else package.title_en for package in side.packages]
    title = terms.title_ja if language == "ja" else terms.title_en
    if not all(given) or not title:
        title = phrase("pay.untitled", language, name=terms.name)
    if len(side.packages) != 1 or side.packages[0].amount is None:
        return title
    amount, key = side.packages[0].amount, side.packages[0].instrument[0].amount_key
    text = format_share(amount, language)
    if key != "rate":
        text = f"{format_number(amount)} {unit_text(unit_of(str(key)), language)}"
    return phrase("pay.titled" if all(given) else "pay.untitled_amount", language, title=title, amount=text)


def answer(payment: AnyPayment, language: Language) -> str:
    """The sentence before everything else: what the package costs whom, where, what it pays for, and who gains most.

    Fiscal cost and windfall stand with what they are over the assumptions about demand.
    """
    money, support = payment_money(payment, language), payment.support
    title = package_title(payment.after, language)
    if support.total_myen <= NEGLIGIBLE_MYEN:
        return _capital(phrase("pay.answer_nothing", language, package=title))

    def hundredth(part: float) -> str:
        return money.of(f"{100.0 * part / support.total_myen:.1f}")

    def hundredths(ends: tuple[float, float]) -> str:
        low, high = (money.of(f"{100.0 * end:.1f}") for end in ends)
        return phrase("pay.answer_between", language, low=low, high=high)

    over, between, windfalls, induced = payment.range, "", "", ""
    if over is not None:
        costs = sorted(abs(end) for end in over.fiscal_cost_myen)
        low, high = (money.amount(end) for end in costs)
        drawn = isinstance(payment, Payment) and payment.firmness is not None
        between = phrase("pay.answer_drawn" if drawn else "pay.answer_over", language, low=low, high=high)
        windfalls = hundredths(over.windfall_share)
        induced = "" if over.induced_share is None else hundredths(over.induced_share)
    gains = payment.fiscal_cost_myen < -NEGLIGIBLE_MYEN
    moves = support.distortion_myen >= 0.0005 * support.total_myen
    return _capital(
        phrase(
            "pay.answer_gain" if gains else "pay.answer_moved" if moves else "pay.answer",
            language,
            package=title,
            where=_where(payment, language),
            fiscal=money.amount(abs(payment.fiscal_cost_myen)) + between,
            hundred=money.of("100"),
            windfall=hundredth(support.windfall_myen) + windfalls,
            ends=_ends(payment, language),
            induced=hundredth(support.induced_myen) + induced,
            distortion=hundredth(support.distortion_myen),
        )
    )


def payment_heading(payment: AnyPayment, language: Language) -> str:
    """What a payment is about: where, how much, and under which packages."""
    policy = package_title(payment.after, language)
    if isinstance(payment, NationalPayment):
        return phrase("about.under", language, what=_where(payment, language), policy=policy)
    site, load = site_name(payment.before.plan.scenario, language), format_exact(payment.load_mw)
    what = phrase("about.size", language, site=site, load=load)
    return phrase("about.under", language, what=what, policy=policy)


def _ends(payment: AnyPayment, language: Language) -> str:
    """Who bears most of the bill and who gains most, with the sums: one party against another at one rate for all."""
    changes, held = payment.changes_at_social_rate_myen, (*GAINERS, *TREASURIES)
    winner, payer = max(held, key=lambda party: changes[party]), min(held, key=lambda party: changes[party])
    money = payment_money(payment, language)
    wins, pays = changes[winner] > NEGLIGIBLE_MYEN, changes[payer] < -NEGLIGIBLE_MYEN
    key = "pay.ends_winner" if wins else "pay.ends_payer" if pays else "pay.ends_none"
    return phrase(
        "pay.ends" if wins and pays else key,
        language,
        payer=phrase(f"pay.the.{payer}", language),
        bill=money.amount(-changes[payer]),
        winner=phrase(f"pay.the.{winner}", language),
        gain=money.amount(changes[winner]),
    )


def _where(payment: AnyPayment, language: Language) -> str:
    """Load without the package, and the site or how many there are."""
    if isinstance(payment, NationalPayment):
        load, count = format_number(payment.before.total_mw), len(payment.before.loads)
        return phrase("pay.answer_sites", language, load=load, count=count)
    scenario = payment.before.plan.scenario
    return phrase("pay.answer_site", language, load=format_number(payment.load_mw), site=site_name(scenario, language))


def further_sentences(payment: AnyPayment, language: Language) -> tuple[str, ...]:
    """What follows the answer: induced load, net cost to the treasuries, who gains and who bears it most."""
    money = payment_money(payment, language)
    remarks = condition_sentences(payment, language) if isinstance(payment, Payment) else []
    found = [*remarks, _induced_sentence(payment, language)]
    value = payment.treasury_value_myen
    found.append(phrase("pay.net_gain" if value > 0 else "pay.net_cost", language, amount=money.amount(abs(value))))
    changes = payment.changes_at_social_rate_myen
    found += others_sentences(payment, language)
    spent = {party: changes[party] for party in PAID_FOR_GOODS}
    if sum(spent.values()) > NEGLIGIBLE_MYEN and payment.induced_it_mw >= LEAST_SAID_MW:
        abroad = money.of(f"{100.0 * spent['suppliers_abroad'] / sum(spent.values()):.0f}")
        said = {"hundred": money.of("100"), "abroad": abroad, "amount": money.amount(sum(spent.values()))}
        found.append(phrase("pay.spending", language, **said))
    found += _participation_sentences(payment, language)
    found += _estimate_sentence(payment, language) if isinstance(payment, Payment) else []
    found += _public_value(payment, language)
    if isinstance(payment, Payment):
        for remarks_on in (firmness_sentences, risk_sentences, law_sentences, emission_sentences):
            found += remarks_on(payment, language)
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
    found.append(_owner_sentence(payment, language))
    found.append(phrase("pay.pass_through", language, share=_share(payment.pass_through, language)))
    for asset, share in _utilisation(payment.after).items():
        if share < 1.0 - 1e-6:
            name = asset_name(asset, language)
            found.append(phrase("pay.utilisation", language, share=_share(share, language), asset=name))
    shares = payment.shares
    rates = {party: _share(shares.party_rates[party], language) for party in ("national_treasury", "equity")}
    said = {"treasury": rates["national_treasury"], "equity": rates["equity"]}
    found.append(phrase("pay.rates", language, social=_share(shares.social_rate, language), **said))
    if terms.assumed:
        titles = [measure_title(measure, language) for measure in terms.assumed]
        found.append(phrase("pay.unverified", language, measures=join(titles, language)))
    found += given_conditions(payment, language) if isinstance(payment, Payment) else []
    if payment.price_effects is None:
        found.append(phrase("pay_others.unknown", language))
    return (*found, *(say(note, language) for note in terms.notes))


def _owner_sentence(payment: AnyPayment, language: Language) -> str:
    """Who owns the campus, and what other income and losses that owner has."""
    case, money = payment.assumptions, payment_money(payment, language)
    owner = phrase(f"pay.owner.{case.owner}", language)
    if payment.before.terms.financing.public:
        return phrase("pay.owner_public", language, owner=owner)
    if case.tax_position == "group":
        return phrase("pay.owner_group", language, owner=owner, tax=money.amount(case.group_tax_myen))
    if case.opening_loss_myen > 0:
        return phrase("pay.owner_losses", language, owner=owner, losses=money.amount(case.opening_loss_myen))
    return phrase("pay.owner_alone", language, owner=owner)


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


def _induced_sentence(payment: AnyPayment, language: Language) -> str:
    if payment.induced_it_mw < LEAST_SAID_MW:
        return phrase("pay.induced_none", language)
    each = ""
    if payment.cost_per_induced_mw_myen is not None:
        amount = payment_money(payment, language).amount(payment.cost_per_induced_mw_myen)
        each = phrase("pay.induced_each", language, amount=amount)
    between = ""
    if payment.demand is not None and payment.induced_range_mw is not None:
        ends = (*payment.induced_range_mw, *payment.demand.elasticity_range)
        said = dict(zip(("low", "high", "low_elasticity", "high_elasticity"), map(format_number, ends), strict=True))
        between = phrase("pay.induced_between", language, **said)
    return phrase("pay.induced_mw", language, mw=format_number(payment.induced_it_mw), each=each, between=between)


def _participation_sentences(payment: AnyPayment, language: Language) -> list[str]:
    """What the owner asks and earns, that nothing is built where it is less, and what debt adds to the gain."""
    found, money = payment.participation, payment_money(payment, language)

    def of(value: float | None) -> str:
        return "–" if value is None else _share(value, language)

    returns = {
        "required": of(found.required_return),
        "without": of(found.return_without),
        "with": of(found.return_with),
    }
    key = "pay.participation_given" if found.rate_is_given else "pay.participation"
    if not found.builds_with:
        key = "pay.participation_never"
    elif not found.builds_without:
        key = "pay.participation_tipped"
    said = [phrase(key, language, **returns, rate=of(found.discount_rate))]
    debt = payment.equity_gain.cheaper_debt_myen
    if abs(debt) > LEAST_DEBT_SHARE * abs(payment.gains_myen["equity"]) > NEGLIGIBLE_MYEN:
        unlevered = money.amount(payment.equity_gain.unlevered_myen)
        said.append(phrase("pay.unlevered", language, unlevered=unlevered, debt=money.amount(debt)))
    return said


def _estimate_sentence(payment: Payment, language: Language) -> list[str]:
    """Which figure is the estimate of what will be paid, and why the two differ."""
    found = payment.estimate
    if found is None or max(abs(found.plan_myen), abs(found.draws_myen)) <= NEGLIGIBLE_MYEN:
        return []
    money = payment_money(payment, language)
    said = {"plan": money.amount(found.plan_myen), "draws": money.amount(found.draws_myen)}
    return [phrase("pay.estimate", language, **said)]


def _public_value(payment: AnyPayment, language: Language) -> list[str]:
    """What a unit of net public cost gives at the social rate, and between which values at the rates beside it."""
    by_rate = payment.value_of_public_funds_by_rate
    value, others = payment.value_of_public_funds, [one for one in by_rate.values() if one is not None]
    if value is None:
        return []
    said = {"low": min(others), "value": value, "high": max(others)}
    rates = {"rate": payment.shares.social_rate, "low_rate": min(by_rate), "high_rate": max(by_rate)}
    found = [
        phrase(
            "pay.public_value",
            language,
            **{name: format_number(number) for name, number in said.items()},
            **{name: _share(rate, language) for name, rate in rates.items()},
        )
    ]
    funds = payment.public_funds
    if abs(funds.risk_premium) > LEAST_PREMIUM * abs(funds.willingness_to_pay):
        without = funds.value_without_risk_premium
        assert without is not None
        found.append(phrase("pay.public_value_risk", language, value=format_number(without)))
    return found


def payment_money(payment: AnyPayment, language: Language) -> MoneyFormat:
    """How the money of a payment is written."""
    if isinstance(payment, NationalPayment):
        return study_money(payment.after.problem.study.money, language)
    return money_of(payment.after.plan, language)


def _share(share: float, language: Language) -> str:
    return format_share(share, language)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
