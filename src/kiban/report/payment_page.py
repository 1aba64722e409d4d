"""PAY on the screen: the answer, who pays, what the support pays for, finance, the downside, what is assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.finance.comparison import Instrument
from kiban.finance.ledger import PARTIES
from kiban.finance.paying import Payment, Side
from kiban.quantities import Language, MoneyFormat, format_number, format_percent
from kiban.report.layout import NOTHING, Sentence, bullets, remark, section, table
from kiban.report.names import money_of
from kiban.report.payment import (
    answer,
    asset_name,
    assumption_sentences,
    further_sentences,
    instrument_figures,
    residual_sentence,
)
from kiban.report.phrases import phrase
from kiban.report.translation import translate

LEAST_MYEN = 0.5
"""Amounts below are rounding of the search for a price."""
COLUMNS = (
    "fiscal_cost",
    "induced_mw",
    "windfall_share",
    "clean_share",
    "gpu_hour",
    "treasury",
    "region",
    "equity_irr",
    "jobs",
)


def payment_page(payment: Payment, language: Language) -> RenderableType:
    """The whole answer."""
    parts: list[RenderableType] = [Text(), Sentence(answer(payment, language), style="bold"), Text()]
    parts.append(bullets(further_sentences(payment, language)))
    parts += section(phrase("pay.title.parties", language), _parties(payment, language))
    if payment.support.total_myen > 0:
        parts += section(phrase("pay.title.support", language), _support(payment, language))
    parts += section(phrase("pay.title.finance", language), _finance(payment, language))
    if payment.downside is not None:
        parts += section(phrase("pay.title.downside", language), _downside(payment, payment.downside, language))
    assumed = [translate(sentence, "note", language) for sentence in assumption_sentences(payment, language)]
    parts += section(phrase("pay.title.assumed", language), bullets(assumed))
    parts += section(phrase("pay.title.proof", language), bullets([residual_sentence(payment, language)]))
    return Group(*parts)


def comparison_page(instruments: Sequence[Instrument], title: str, language: Language) -> RenderableType:
    """Instruments side by side."""
    shown = [payment for one in instruments if (payment := one.payment or one.most) is not None]
    money = money_of(shown[0].after.plan, language)
    size, unit = money.scale(max(abs(payment.fiscal_cost_myen) for payment in shown))
    headings = [phrase("pay.heading.instrument", language), phrase("pay.heading.amount", language)]
    headings += [phrase(f"pay.heading.{column}", language) for column in COLUMNS]
    rows = [_instrument_row(one, size, language) for one in instruments]
    return Group(
        *section(f"{title} ({unit})", table(headings, rows, numeric=range(1, len(headings)))),
    )


def _instrument_row(instrument: Instrument, size: float, language: Language) -> list[str]:
    payment = instrument.payment or instrument.most
    assert payment is not None
    figures = instrument_figures(payment)
    amount = format_number(instrument.amount)
    if instrument.payment is None:
        amount = phrase("pay.heading.not_reached", language)

    def money(name: str) -> str:
        return format_number((figures[name] or 0.0) / size)

    def share(name: str) -> str:
        value = figures[name]
        return NOTHING if value is None else format_percent(value, language)

    hour = figures["yen_per_gpu_hour"]
    return [
        instrument.package,
        amount,
        money("fiscal_cost_myen"),
        format_number(figures["induced_it_mw"] or 0.0),
        share("windfall_share"),
        share("clean_share"),
        NOTHING if hour is None else format_number(hour),
        money("treasury_myen"),
        money("region_myen"),
        share("equity_irr"),
        format_number(figures["construction_jobs"] or 0.0),
    ]


def _parties(payment: Payment, language: Language) -> RenderableType:
    rates = payment.shares.party_rates
    before, after = payment.before.ledger.present_values(rates), payment.after.ledger.present_values(rates)
    size, unit = money_of(payment.after.plan, language).scale(max(abs(value) for value in after.values()))
    rows = [
        [
            phrase(f"pay.party.{party}", language),
            format_number(before[party] / size),
            format_number(after[party] / size),
            format_number(payment.party_values_myen[party] / size),
        ]
        for party in PARTIES
        if before[party] or after[party]
    ]
    headings = [f"{phrase('pay.heading.party', language)} ({unit})"]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("without", "with", "change")]
    return table(headings, rows, numeric=(1, 2, 3))


def _support(payment: Payment, language: Language) -> RenderableType:
    support = payment.support
    size, unit = money_of(payment.after.plan, language).scale(support.total_myen)
    found = [asset for asset in support.assets if asset.total_myen > 1e-9 * support.total_myen]
    rows = [
        [
            asset_name(asset.asset, language) + (f" ({asset.unit.upper()})" if asset.asset == "battery" else ""),
            *(
                format_number(value / size)
                for value in (asset.total_myen, asset.windfall_myen, asset.induced_myen, asset.distortion_myen)
            ),
        ]
        for asset in found
    ]
    total = (support.total_myen, support.windfall_myen, support.induced_myen, support.distortion_myen)
    rows.append([phrase("costs.total", language), *(format_number(value / size) for value in total)])
    headings = [f"{phrase('pay.heading.asset', language)} ({unit})"]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("total", "windfall", "induced", "distortion")]
    return table(headings, rows, numeric=(1, 2, 3, 4), bold=(len(rows) - 1,))


def _downside(payment: Payment, downside: Mapping[str, Any], language: Language) -> RenderableType:
    cases = downside["cases"]
    largest = max(abs(case[key]) for case in cases.values() for key in ("expected_myen", "worst_myen"))
    size, unit = money_of(payment.after.plan, language).scale(largest)
    rows = [
        [
            phrase(f"pay.kind.{kind}", language),
            *(format_number(case[f"{key}_myen"] / size) for key in ("expected", "percentile_95", "worst")),
            format_percent(case["default_probability"], language),
        ]
        for kind, case in cases.items()
    ]
    headings = [f"{phrase('pay.heading.loss', language)} ({unit})"]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("expected", "percentile_95", "worst", "default")]
    said = [phrase("pay.downside_note", language, draws=f"{downside['draws']:,}", seed=downside["seed"])]
    money = money_of(payment.after.plan, language)
    for value in downside["guarantees"].values():
        amounts = {key: money.amount(value[f"by_{key}_myen"]) for key in ("history", "draws", "option")}
        said.append(phrase("pay.guarantee_value", language, **amounts))
    return Group(table(headings, rows, numeric=(1, 2, 3, 4)), *(remark(sentence) for sentence in said))


def _finance(payment: Payment, language: Language) -> RenderableType:
    money = money_of(payment.after.plan, language)
    before, after = (_figures(side, money, language) for side in (payment.before, payment.after))
    rows = [[phrase(f"pay.finance.{name}", language), before[name], after[name]] for name in before]
    headings = [phrase("pay.heading.measure", language)]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("without", "with")]
    return table(headings, rows, numeric=(1, 2))


def _figures(side: Side, money: MoneyFormat, language: Language) -> dict[str, str]:
    returns, levelised = side.returns, side.levelised

    def share(value: float | None) -> str:
        return NOTHING if value is None else format_percent(value, language)

    def number(value: float | None) -> str:
        return NOTHING if value is None else format_number(value)

    hour, power = levelised.yen_per_gpu_hour, levelised.power_myen_per_mwh
    return {
        "project_irr": share(returns.project_irr),
        "equity_irr": share(returns.equity_irr),
        "project_npv": money.amount(returns.project_npv_myen if abs(returns.project_npv_myen) > LEAST_MYEN else 0.0),
        "payback": number(returns.payback_years),
        "least_dscr": number(returns.least_dscr),
        "mean_dscr": number(returns.mean_dscr),
        "llcr": number(returns.llcr),
        "debt": money.amount(returns.debt_myen),
        "cost_mwh": money.price(levelised.myen_per_it_mwh),
        "cost_gpu_hour": NOTHING if hour is None else money.price(hour / 1e6),
        "power": NOTHING if power is None else money.price(power),
        "cost_year": money.amount(side.plan.cost_myen_per_year),
    }
