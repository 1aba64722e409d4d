"""PAY at the command line: the answer, who pays, what the support pays for, finance, the downside, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.finance.compared import InstrumentRow
from kiban.finance.fiscal import FiscalViews
from kiban.finance.ledger import PARTIES
from kiban.finance.national_payment import AnyPayment
from kiban.finance.payment import Payment, Side
from kiban.quantities import (
    KWH_PER_MWH,
    YEN_PER_MYEN,
    Language,
    MoneyFormat,
    format_number,
    format_percent,
    format_share,
    unit_text,
)
from kiban.report.layout import NOTHING, Sentence, bullets, remark, section, table
from kiban.report.names import money_of, study_money
from kiban.report.payment.firmness import firmness_sections
from kiban.report.payment.fiscal_terminal import fiscal_sections
from kiban.report.payment.others import others_remark, others_table
from kiban.report.payment.words import (
    answer,
    asset_name,
    assumption_sentences,
    further_sentences,
    payment_money,
    residual_sentence,
)
from kiban.report.phrases import phrase
from kiban.scenario import Money

LEAST_MYEN = 0.5
"""Amounts below are rounding of the search for a price."""
LABEL_WIDTH, COLUMN_WIDTH = 26, 16
COLUMNS = (
    *("fiscal_cost", "induced_mw", "windfall_share", "clean_share", "gpu_hour", "treasury", "region", "ratepayers"),
    *("support", "equity_gain", "users_gain", "equity_irr", "jobs"),
)
SWEPT = ("fiscal_cost", "induced_mw", "windfall_share", "gpu_hour", "treasury")


def payment_text(payment: Payment, language: Language) -> RenderableType:
    """The whole answer."""
    parts: list[RenderableType] = [Text(), Sentence(answer(payment, language), style="bold"), Text()]
    parts.append(bullets(further_sentences(payment, language)))
    parts += payment_sections(FiscalViews(payment), language)
    parts += section(phrase("pay.title.assumed", language), bullets(assumption_sentences(payment, language)))
    parts += section(phrase("pay.title.proof", language), bullets([residual_sentence(payment, language)]))
    return Group(*parts)


def payment_sections(views: FiscalViews, language: Language) -> list[RenderableType]:
    """The tables between the answer and what it assumes, in the order in which a reader asks."""
    payment = views.payment
    parts = section(phrase("pay.title.parties", language), Group(*_parties(payment, language)))
    elsewhere = others_table(payment, language)
    if elsewhere is not None:
        parts += section(phrase("pay_others.title", language), elsewhere)
    if payment.support.total_myen > 0:
        parts += section(phrase("pay.title.support", language), support_table(payment, language))
    parts += section(phrase("pay.title.public_funds", language), _funds_tables(payment, language))
    parts += firmness_sections(payment, language)
    parts += fiscal_sections(views, language)
    parts += section(phrase("pay.title.finance", language), _finance(payment, language))
    parts += section(phrase("pay.title.effective_rates", language), _effective_rates(payment, language))
    if payment.downside is not None:
        parts += section(phrase("pay.title.downside", language), downside_table(payment, payment.downside, language))
    return parts


def comparison_text(instruments: Sequence[InstrumentRow], title: str, language: Language, width: int) -> RenderableType:
    """Instruments side by side, as many in a row as the page is wide."""
    size, unit = _unit(instruments, language)
    cells = [_instrument_cells(one, size, language) for one in instruments]
    room = max((width - LABEL_WIDTH) // COLUMN_WIDTH, 1)
    parts: list[RenderableType] = []
    for first in range(0, len(cells), room):
        shown = range(first, min(first + room, len(cells)))
        headings = ["" if parts else unit, *(instruments[number]["package"] for number in shown)]
        rows = [
            [phrase(f"pay.heading.{column}", language), *(cells[number][column] for number in shown)]
            for column in ("amount", *COLUMNS)
        ]
        parts += [Text()] if parts else []
        parts.append(table(headings, rows, numeric=range(1, len(headings))))
    return Group(*section(title, Group(*parts)))


def sweep_text(points: Sequence[InstrumentRow], title: str, language: Language) -> RenderableType:
    """One instrument at rising amounts."""
    size, unit = _unit(points, language)
    headings = [phrase(f"pay.heading.{column}", language) for column in ("amount", *SWEPT)]
    cells = [_instrument_cells(one, size, language) for one in points]
    rows = [[row[column] for column in ("amount", *SWEPT)] for row in cells]
    return Group(
        *section(f"{title}: {points[0]['package']} ({unit})", table(headings, rows, numeric=range(len(headings))))
    )


def _unit(rows: Sequence[InstrumentRow], language: Language) -> tuple[float, str]:
    largest = max(abs(row["fiscal_cost_myen"]) for row in rows)
    return _money_of(rows[0], language).scale(largest)


def _money_of(row: InstrumentRow, language: Language) -> MoneyFormat:
    return study_money(Money(currency=row["currency"], yen_per_usd=row["yen_per_usd"]), language)


def _instrument_cells(row: InstrumentRow, size: float, language: Language) -> dict[str, str]:
    figures: Mapping[str, Any] = row

    def money(name: str) -> str:
        return format_number((figures[name] or 0.0) / size)

    def share(name: str) -> str:
        value = figures[name]
        return NOTHING if value is None else format_percent(value, language)

    hour, amount = figures["yen_per_gpu_hour"], row["amount"]
    return {
        "amount": NOTHING if amount is None else _amount(row, amount, language),
        "fiscal_cost": money("fiscal_cost_myen"),
        "induced_mw": _induced(figures),
        "windfall_share": share("windfall_share"),
        "clean_share": share("clean_share"),
        "gpu_hour": NOTHING if hour is None else format_number(hour),
        "treasury": money("treasury_myen"),
        "ratepayers": money("ratepayers_myen"),
        "region": money("region_myen"),
        "support": money("support_myen"),
        "equity_gain": money("equity_gain_myen"),
        "users_gain": money("users_gain_myen"),
        "equity_irr": share("equity_irr"),
        "jobs": f"{figures['construction_jobs'] or 0.0:,.0f}",
    }


def _induced(figures: Mapping[str, Any]) -> str:
    """Induced load with what it is at the lowest and the highest elasticity."""
    found, between = f"{figures['induced_it_mw'] or 0.0:.1f}", figures["induced_range_mw"]
    return found if between is None else f"{found} ({between[0]:.1f}–{between[1]:.1f})"


def _amount(row: InstrumentRow, amount: float, language: Language) -> str:
    """A rate in per cent, a production credit by the kWh; with a word where even the largest amount is not enough."""
    key = row["amount_key"]
    if key == "rate":
        text = format_percent(amount, language)
    else:
        price = _money_of(row, language).price
        text = f"{price(amount / KWH_PER_MWH)}/kWh" if key == "rate_myen_per_mwh" else f"{price(amount)}/t"
    return text if row["reached"] else phrase("pay.not_enough", language, amount=text)


def _parties(payment: Payment, language: Language) -> Iterator[RenderableType]:
    """What every party receives less what it pays, and what users gain, which is no payment."""
    yield parties_table(payment, language)
    gain = payment.gains_myen["users"]
    if abs(gain - payment.party_values_myen["users"]) > LEAST_MYEN:
        yield remark(phrase("pay.users_gain", language, amount=payment_money(payment, language).amount(gain)))
    if others := others_remark(payment, language):
        yield remark(others)


def _scaled(myen: float, size: float) -> str:
    """An amount in a unit; what is rounding is nothing."""
    return format_number(myen / size if abs(myen) > LEAST_MYEN else 0.0)


def parties_table(payment: AnyPayment, language: Language) -> RenderableType:
    """Present value of every party without and with the package, at its own rate; its change at the social one, too.

    The changes at the social rate can be added: they come to nothing.
    """
    rates, social = payment.shares.party_rates, payment.shares.social_rate
    before, after = payment.before.ledger.present_values(rates), payment.after.ledger.present_values(rates)
    size, unit = payment_money(payment, language).scale(max(abs(value) for value in after.values()))
    rows = [
        [
            phrase(f"pay.party.{party}", language),
            _scaled(before[party], size),
            _scaled(after[party], size),
            _scaled(payment.party_values_myen[party], size),
            _scaled(payment.incidence.present_value(party, social), size),
        ]
        for party in PARTIES
        if before[party] or after[party]
    ]
    headings = [f"{phrase('pay.heading.party', language)} ({unit})"]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("without", "with", "change")]
    headings.append(phrase("pay.heading.change_social", language, rate=format_share(social, language)))
    return table(headings, rows, numeric=(1, 2, 3, 4))


def support_table(payment: AnyPayment, language: Language) -> RenderableType:
    """What the support pays for, by asset."""
    support = payment.support
    size, unit = payment_money(payment, language).scale(support.total_myen)
    found = [asset for asset in support.assets if asset.total_myen > 1e-9 * support.total_myen]
    rows = [
        [
            asset_name(asset.asset, language)
            + (f" ({unit_text(asset.unit, language)})" if asset.asset == "battery" else ""),
            *(
                _scaled(value, size)
                for value in (asset.total_myen, asset.windfall_myen, asset.induced_myen, asset.distortion_myen)
            ),
        ]
        for asset in found
    ]
    total = (support.total_myen, support.windfall_myen, support.induced_myen, support.distortion_myen)
    rows.append([phrase("costs.total", language), *(_scaled(value, size) for value in total)])
    headings = [f"{phrase('pay.heading.asset', language)} ({unit})"]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("total", "windfall", "induced", "distortion")]
    return table(headings, rows, numeric=(1, 2, 3, 4), bold=(len(rows) - 1,))


def _funds_tables(payment: Payment, language: Language) -> RenderableType:
    """What public money buys at the social rate, and its value at the rates beside it."""
    found, by_rate = payment.public_funds, payment.value_of_public_funds_by_rate
    size, unit = payment_money(payment, language).scale(max(abs(found.outlay), abs(found.net_cost)))
    amounts = {
        "gains": found.willingness_to_pay,
        "outlay": found.outlay,
        "back": found.fiscal_externality,
        "net": found.net_cost,
    }
    rate = format_share(payment.shares.social_rate, language)
    made = table(
        [phrase("pay.heading.funds", language, rate=rate, unit=unit), phrase("pay.heading.present_value", language)],
        [[phrase(f"pay.funds.{name}", language), format_number(value / size)] for name, value in amounts.items()],
        numeric=(1,),
        bold=(3,),
    )
    values = table(
        [phrase(f"pay.heading.{name}", language) for name in ("social_rate", "funds_value")],
        [
            [format_share(rate, language), NOTHING if value is None else format_number(value)]
            for rate, value in by_rate.items()
        ],
        numeric=(1,),
    )
    return Group(made, Text(), values)


def _effective_rates(payment: Payment, language: Language) -> RenderableType:
    """Marginal effective tax rate of each asset class, the dearest asset of the design first."""
    before, after = payment.before.effective_tax_rates, payment.after.effective_tax_rates
    spent: dict[str, float] = {}
    for item in payment.after.plan.investments:
        spent[item.asset] = spent.get(item.asset, 0.0) + item.capex_myen

    def share(rates: Mapping[str, float | None], asset: str) -> str:
        value = rates.get(asset)
        return NOTHING if value is None else format_percent(value, language)

    order = sorted(after, key=lambda asset: -spent[asset])
    rows = [[asset_name(asset, language), share(before, asset), share(after, asset)] for asset in order]
    headings = [phrase("pay.heading.asset", language)]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("without", "with")]
    return table(headings, rows, numeric=(1, 2))


def downside_table(payment: AnyPayment, downside: Mapping[str, Any], language: Language) -> RenderableType:
    """What the treasuries may lose under each kind of support."""
    cases = downside["cases"]
    largest = max(abs(case[key]) for case in cases.values() for key in ("expected_myen", "worst_myen"))
    money = payment_money(payment, language)
    size, unit = money.scale(largest)
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
    for value in downside["guarantees"].values():
        amounts = {key: money.amount(value[f"by_{key}_myen"]) for key in ("history", "draws", "option")}
        said.append(phrase("pay.guarantee_value", language, **amounts))
    return Group(table(headings, rows, numeric=(1, 2, 3, 4)), *(remark(sentence) for sentence in said))


def _finance(payment: Payment, language: Language) -> RenderableType:
    money = money_of(payment.after.plan, language)
    before, after = (_figures(side, money, language) for side in (payment.before, payment.after))
    rows = [[phrase(f"pay.finance.{name}", language), before[name], after[name]] for name in before]
    money = money_of(payment.after.plan, language)
    rows += [
        [
            phrase("pay.finance.cost_tokens", language, format=name.upper()),
            *(money.price(side.token_costs[name] / YEN_PER_MYEN) for side in (payment.before, payment.after)),
        ]
        for name in payment.after.token_costs
    ]
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
        "discounted_payback": number(returns.discounted_payback_years),
        "equity_payback": number(returns.equity_payback_years),
        "equity_discounted_payback": number(returns.equity_discounted_payback_years),
        "least_dscr": number(returns.least_dscr),
        "mean_dscr": number(returns.mean_dscr),
        "llcr": number(returns.llcr),
        "debt": money.amount(returns.debt_myen),
        "cost_mwh": money.price(levelised.myen_per_it_mwh),
        "cost_gpu_hour": NOTHING if hour is None else money.price(hour / 1e6),
        "power": NOTHING if power is None else money.price(power),
        "cost_year": money.amount(side.plan.cost_myen_per_year),
    }
