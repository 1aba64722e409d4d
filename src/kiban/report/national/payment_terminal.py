"""Who pays in a national plan, at the command line: the answer, where, who, what for, and what is assumed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from kiban.finance.fiscal import PublicViews
from kiban.finance.national_payment import NationalPayment, Region
from kiban.finance.national_side import NationalSide
from kiban.quantities import Language, MoneyFormat, format_percent
from kiban.report.layout import INDENT, NOTHING, Sentence, bullets, remark, section, table
from kiban.report.national.flows import area_name
from kiban.report.national.payment_words import (
    LEAST_MOVED_MW,
    basis_sentences,
    place_sentences,
    residual_sentence,
    site_names,
)
from kiban.report.national.terminal import LEAST_SHOWN_MW
from kiban.report.payment.fiscal_terminal import kept_table, public_sections
from kiban.report.payment.others import others_remark
from kiban.report.payment.terminal import downside_table, parties_table, support_table
from kiban.report.payment.words import answer, further_sentences, payment_money
from kiban.report.phrases import phrase, phrase_or

COLUMNS = ("without", "with", "induced", "moved", "fiscal", "local", "ratepayers", "support", "jobs")


def national_payment_text(payment: NationalPayment, language: Language, width: int) -> RenderableType:
    """The whole answer."""
    views, parts = PublicViews(payment), list[RenderableType]()
    parts += [Text(), Sentence(answer(payment, language), style="bold"), Text()]
    parts.append(bullets([*further_sentences(payment, language), *place_sentences(payment, language)]))
    areas = _regions(payment, payment.areas, "area", language, width)
    parts += section(_title("areas", language), Group(areas, Text(), remark(_say("region_basis", language))))
    prefectures = _regions(payment, payment.prefectures, "prefecture", language, width)
    parts += section(_title("prefectures", language), prefectures)
    parts += section(_title("sites", language), _sites(payment, language))
    parties: list[RenderableType] = [parties_table(payment, language)]
    if others := others_remark(payment, language):
        parties += [Text(), remark(others)]
    parts += section(phrase("pay.title.parties", language), Group(*parties))
    if payment.support.total_myen > 0:
        parts += section(phrase("pay.title.support", language), support_table(payment, language))
    parts += public_sections(views, _kept(payment, views, language), language)
    parts += section(phrase("pay.title.finance", language), _finance(payment, language))
    if payment.downside is not None:
        parts += section(phrase("pay.title.downside", language), downside_table(payment, payment.downside, language))
    parts += section(phrase("pay.title.assumed", language), bullets(basis_sentences(payment, language)))
    parts += section(phrase("pay.title.proof", language), bullets([residual_sentence(payment, language)]))
    return Group(*parts)


def _kept(payment: NationalPayment, views: PublicViews, language: Language) -> RenderableType:
    if views.kept_by is None:
        return bullets([phrase("fiscal.kept_unknown", language)])
    return kept_table(views.kept_by, payment_money(payment, language))


def _say(key: str, language: Language, /, **values: object) -> str:
    return phrase(f"national_pay.{key}", language, **values)


def _title(key: str, language: Language) -> str:
    return _say(f"title.{key}", language)


def _regions(
    payment: NationalPayment, regions: Sequence[Region], kind: str, language: Language, width: int
) -> RenderableType:
    amounts = [abs(value) for one in regions for value in (one.fiscal_cost_myen, one.support_myen)]
    size, unit = payment_money(payment, language).scale(max(amounts, default=0.0))
    cells = [
        {
            "without": _mw(region.without_mw),
            "with": _mw(region.with_mw),
            "induced": _induced(region.induced_mw, region.induced_range_mw),
            "moved": _mw(region.moved_mw, LEAST_MOVED_MW),
            "fiscal": _money(region.fiscal_cost_myen / size),
            "local": _money(region.local_public_myen / size),
            "ratepayers": _money(region.change_myen["ratepayers"] / size),
            "support": _money(region.support_myen / size),
            "jobs": _range(region.jobs),
        }
        for region in regions
    ]
    names = [_region_name(region.name, kind, language) for region in regions]
    headings = {name: _say(f"heading.{name}", language, unit=unit) for name in COLUMNS}
    first = _say(f"heading.{kind}", language)
    shown = list(COLUMNS)
    while len(shown) > 4 and _needed([first, *names], headings, cells, shown) > width - INDENT:
        shown.pop()
    rows = [[name, *(row[column] for column in shown)] for name, row in zip(names, cells, strict=True)]
    return table([first, *(headings[column] for column in shown)], rows, numeric=range(1, len(shown) + 1))


def _needed(first: list[str], headings: dict[str, str], cells: list[dict[str, str]], shown: list[str]) -> int:
    columns = [first, *([*headings[name].split("\n"), *(row[name] for row in cells)] for name in shown)]
    return sum(3 + max(cell_len(text) for text in column) for column in columns)


def _region_name(name: str, kind: str, language: Language) -> str:
    if kind == "area":
        return area_name(name, language)
    return phrase_or(f"prefecture.{name}", language, name) or _say("heading.elsewhere", language)


def _mw(mw: float, least: float = LEAST_SHOWN_MW) -> str:
    return NOTHING if abs(mw) < least else f"{mw:,.0f}"


def _induced(mw: float, between: tuple[float, float] | None) -> str:
    """Induced load with what it is at the lowest and the highest elasticity."""
    if between is None or abs(mw) < LEAST_SHOWN_MW:
        return _mw(mw)
    return f"{mw:,.0f} ({between[0]:,.0f}–{between[1]:,.0f})"


def _money(value: float) -> str:
    return NOTHING if abs(value) < 0.05 else f"{value:,.1f}"


def _range(values: tuple[float, float] | None) -> str:
    if values is None:
        return NOTHING
    low, high = sorted(values)
    return NOTHING if max(abs(low), abs(high)) < 0.5 else f"{low:,.0f} – {high:,.0f}"


def _sites(payment: NationalPayment, language: Language) -> RenderableType:
    names = site_names(payment, language)
    rows = []
    for site in (candidate.id for candidate in payment.candidates):
        without, with_ = payment.before.loads.get(site, 0.0), payment.after.loads.get(site, 0.0)
        moved = payment.moved_by_site_mw.get(site, 0.0)
        if max(without, with_, abs(moved)) >= LEAST_SHOWN_MW:
            new = with_ - without - moved
            induced = _induced(new, payment.induced_between(new))
            rows.append([names[site], _mw(without), _mw(with_), induced, _mw(moved, LEAST_MOVED_MW)])
    headings = [_say(f"heading.{name}", language) for name in ("site", "without", "with", "induced", "moved")]
    return table(headings, rows, numeric=(1, 2, 3, 4))


def _finance(payment: NationalPayment, language: Language) -> RenderableType:
    money = payment_money(payment, language)
    before, after = (_figures(side, money, language) for side in (payment.before, payment.after))
    rows = [[phrase(f"pay.{name}", language), before[name], after[name]] for name in before]
    headings = [phrase("pay.heading.measure", language)]
    headings += [phrase(f"pay.heading.{name}", language) for name in ("without", "with")]
    return table(headings, rows, numeric=(1, 2))


def _figures(side: NationalSide, money: MoneyFormat, language: Language) -> dict[str, str]:
    equity, hour = side.equity_return, side.levelised.yen_per_gpu_hour
    return {
        "finance.equity_irr": NOTHING if equity is None else format_percent(equity, language),
        "finance.debt": money.amount(side.debt_myen),
        "finance.cost_mwh": money.price(side.levelised.myen_per_it_mwh),
        "finance.cost_gpu_hour": NOTHING if hour is None else money.price(hour / 1e6),
        "finance.cost_year": money.amount(side.cost_myen_per_year),
        "heading.clean_share": format_percent(side.clean_share, language),
    }
