"""Prices that answer to a national plan: what sites and others pay more, at the command line and in JSON."""

from __future__ import annotations

from typing import TypedDict

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.national.result.plan import NationalPlan
from kiban.national.result.price_answer import AreaPrice, PriceAnswer, SitePrice
from kiban.national.search.equilibrium import AGREED
from kiban.quantities import LANGUAGES, MWH_PER_GWH, MYEN_PER_MWH_OF_YEN_PER_KWH, Language, MoneyFormat, format_number
from kiban.report.layout import NOTHING, bullets, table
from kiban.report.names import study_money
from kiban.report.national.flows import area_name
from kiban.report.national.words import site_name
from kiban.report.phrases import phrase

LEAST_SHOWN_MW = 0.5


class AreaPriceDocument(TypedDict):
    """An area of the market; see `AreaPrice`."""

    area: str
    draw_mwh_per_year: float
    price_before_yen_per_kwh: float
    price_after_yen_per_kwh: float
    others_pay_myen_per_year: float
    others_pay_low_myen_per_year: float | None
    others_pay_high_myen_per_year: float | None


class SitePriceDocument(TypedDict):
    """A site of the plan, or of that at prices without it; see `SitePrice`."""

    site: str
    before_mw: float
    it_load_mw: float
    import_mwh_per_year: float
    rise_yen_per_kwh: float
    pays_more_myen_per_year: float


class PriceAnswerDocument(TypedDict):
    """What prices that answer to the plan change; see `PriceAnswer`."""

    agrees: bool
    chosen_within_gap: bool
    price_change: float
    energy_change: float
    open_cost: float
    clearings: int
    searches: int
    cost_before_myen_per_year: float
    moved_mw: float
    draw_mwh_per_year: float
    pays_more_myen_per_year: float
    dearer_to_produce_myen_per_year: float
    others_pay_myen_per_year: float
    others_pay_low_myen_per_year: float | None
    others_pay_high_myen_per_year: float | None
    residual_yen: float
    areas: list[AreaPriceDocument]
    sites: list[SitePriceDocument]
    sentences: dict[Language, list[str]]


def prices_section(plan: NationalPlan, answer: PriceAnswer, language: Language, money: MoneyFormat) -> RenderableType:
    """The part of the report on prices that answer."""
    parts: list[RenderableType] = [bullets(price_sentences(plan, answer, language, money))]
    if answer.draw_mwh > 0.0:
        parts += [Text(), _areas(answer, language, money), Text(), _sites(plan, answer, language, money)]
    return Group(*parts)


def price_sentences(plan: NationalPlan, answer: PriceAnswer, language: Language, money: MoneyFormat) -> list[str]:
    """What prices that answer change, how nearly plan and market agree, and what that rests on."""
    said = []
    if answer.draw_mwh > 0.0:
        rise = answer.pays_more_myen / answer.draw_mwh / MYEN_PER_MWH_OF_YEN_PER_KWH
        energy = f"{answer.draw_mwh / MWH_PER_GWH:,.0f} GWh"
        said.append(
            _say("answer", language, energy=energy, rise=f"{rise:.2f}", paid=money.amount(answer.pays_more_myen))
        )
    else:
        said.append(_say("nothing", language))
    said += [_moved(plan, answer, language), _others(answer, language, money), _agreement(answer, language)]
    if not answer.chosen_within_gap:
        said.append(_say("cheaper", language, share=f"{plan.relative_gap:.2%}"))
    return [*said, _say("kind", language), _say("basis", language)]


def _moved(plan: NationalPlan, answer: PriceAnswer, language: Language) -> str:
    changes = [(one, one.load_mw - one.today_mw) for one in answer.sites]
    shown = sorted((one for one in changes if abs(one[1]) >= LEAST_SHOWN_MW), key=lambda one: -one[1])
    if not shown:
        return _say("moved_none", language)
    words = [
        _say(
            "gains" if more > 0 else "loses",
            language,
            name=site_name(plan, one.site, language),
            mw=format_number(abs(more)),
        )
        for one, more in shown
    ]
    return _say("moved", language, mw=format_number(answer.moved_mw), changes=_say("comma", language).join(words))


def _others(answer: PriceAnswer, language: Language, money: MoneyFormat) -> str:
    central = money.amount(answer.others_pay_myen)
    low, high = answer.others_pay_low_myen, answer.others_pay_high_myen
    if low is None or high is None:
        return _say("others_window", language, central=central)
    return _say("others", language, central=central, low=money.amount(low), high=money.amount(high))


def _agreement(answer: PriceAnswer, language: Language) -> str:
    return _say(
        "rests" if answer.agrees else "open",
        language,
        limit=f"{AGREED:.1%}",
        price=f"{answer.price_change:.3%}",
        energy=f"{answer.energy_change:.3%}",
        cost=f"{answer.open_cost:.3%}",
        clearings=answer.clearings,
        searches=answer.searches,
    )


def _areas(answer: PriceAnswer, language: Language, money: MoneyFormat) -> RenderableType:
    names = ["area", "draw", "before", "after", "others"]
    ranged = answer.others_pay_low_myen is not None
    rows = [
        [
            area_name(one.area, language),
            f"{one.draw_mwh / MWH_PER_GWH:,.0f}",
            f"{one.before_yen_per_kwh:.2f}",
            f"{one.after_yen_per_kwh:.2f}",
            money.amount(one.others_pay_myen),
            *(
                NOTHING if end is None else money.amount(end)
                for end in (one.others_pay_low_myen, one.others_pay_high_myen)
            ),
        ][: 7 if ranged else 5]
        for one in answer.areas
    ]
    names += ["low", "high"] if ranged else []
    return table([_say(f"heading_{name}", language) for name in names], rows, numeric=range(1, len(names)))


def _sites(plan: NationalPlan, answer: PriceAnswer, language: Language, money: MoneyFormat) -> RenderableType:
    names = ("site", "today", "load", "rise", "pays")
    rows = [
        [
            site_name(plan, one.site, language),
            *(NOTHING if mw < LEAST_SHOWN_MW else f"{mw:,.0f}" for mw in (one.today_mw, one.load_mw)),
            f"{one.rise_yen_per_kwh:.2f}",
            money.amount(one.pays_more_myen),
        ]
        for one in answer.sites
    ]
    return table([_say(f"heading_{name}", language) for name in names], rows, numeric=range(1, len(names)))


def price_document(plan: NationalPlan) -> PriceAnswerDocument | None:
    """The same in plain types; None where the study takes prices as given."""
    answer = plan.price_answer
    if answer is None:
        return None
    return {
        "agrees": answer.agrees,
        "chosen_within_gap": answer.chosen_within_gap,
        "price_change": answer.price_change,
        "energy_change": answer.energy_change,
        "open_cost": answer.open_cost,
        "clearings": answer.clearings,
        "searches": answer.searches,
        "cost_before_myen_per_year": answer.today_cost_myen,
        "moved_mw": answer.moved_mw,
        "draw_mwh_per_year": answer.draw_mwh,
        "pays_more_myen_per_year": answer.pays_more_myen,
        "dearer_to_produce_myen_per_year": answer.dearer_myen,
        "others_pay_myen_per_year": answer.others_pay_myen,
        "others_pay_low_myen_per_year": answer.others_pay_low_myen,
        "others_pay_high_myen_per_year": answer.others_pay_high_myen,
        "residual_yen": float(round(answer.residual_yen)),
        "areas": [_area(one) for one in answer.areas],
        "sites": [_site(one) for one in answer.sites],
        "sentences": {
            language: price_sentences(plan, answer, language, study_money(plan.study.money, language))
            for language in LANGUAGES
        },
    }


def _area(one: AreaPrice) -> AreaPriceDocument:
    return {
        "area": one.area,
        "draw_mwh_per_year": one.draw_mwh,
        "price_before_yen_per_kwh": one.before_yen_per_kwh,
        "price_after_yen_per_kwh": one.after_yen_per_kwh,
        "others_pay_myen_per_year": one.others_pay_myen,
        "others_pay_low_myen_per_year": one.others_pay_low_myen,
        "others_pay_high_myen_per_year": one.others_pay_high_myen,
    }


def _site(one: SitePrice) -> SitePriceDocument:
    return {
        "site": one.site,
        "before_mw": one.today_mw,
        "it_load_mw": one.load_mw,
        "import_mwh_per_year": one.import_mwh,
        "rise_yen_per_kwh": one.rise_yen_per_kwh,
        "pays_more_myen_per_year": one.pays_more_myen,
    }


def _say(key: str, language: Language, /, **values: object) -> str:
    return phrase(f"national_prices.{key}", language, **values)
