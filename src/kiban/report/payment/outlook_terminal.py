"""Beyond the campus and the year at the command line: a large load's contract, leakage, timing."""

from __future__ import annotations

from rich.console import Group, RenderableType

from kiban.finance.fiscal import FiscalViews
from kiban.finance.large_load import STATES, LargeLoadView
from kiban.finance.leakage import CIRCLES, Leakage
from kiban.finance.timing import SHARES, Timing
from kiban.quantities import Language, MoneyFormat, format_number, format_percent
from kiban.report.layout import NOTHING, bullets, section, table
from kiban.report.names import money_of
from kiban.report.payment.outlook import large_load_sentence, leakage_sentence, terms_name, timing_sentence
from kiban.report.phrases import phrase


def outlook_sections(views: FiscalViews, language: Language) -> list[RenderableType]:
    """The three sections, where there is something to say."""
    money = money_of(views.payment.after.plan, language)
    found: list[RenderableType] = []
    if views.large_load is not None:
        said = [large_load_sentence(views, views.large_load, language), phrase("outlook.note_large_load", language)]
        shown = Group(_terms_table(views.large_load, money), bullets(said))
        found += section(phrase("outlook.title.large_load", language), shown)
    if views.leakage is not None:
        said = [leakage_sentence(views.leakage, language), phrase("outlook.note_leakage", language)]
        shown = Group(_circles_table(views.leakage, money), bullets(said))
        found += section(phrase("outlook.title.leakage", language), shown)
    if views.timing is not None:
        said = [timing_sentence(views.timing, language), phrase("outlook.note_timing", language)]
        shown = Group(_timing_table(views.timing, language), bullets(said))
        found += section(phrase("outlook.title.timing", language), shown)
    return found


def _terms_table(found: LargeLoadView, money: MoneyFormat) -> RenderableType:
    """What other customers have more, by terms and state, and what the owner pays where the load never comes."""
    language = money.language
    amounts = [abs(value) for one in found.outcomes for value in one.others_myen.values()]
    size, unit = money.scale(max(amounts))
    rows = []
    for one in found.outcomes:
        even = one.break_even_probability
        values = (one.others_expected_myen, *(one.others_myen[state] for state in STATES), one.borne_by_owner_myen)
        rows.append(
            [
                terms_name(one.terms.name, language),
                *(format_number(value / size) for value in values),
                NOTHING if even is None else format_percent(even, language),
            ]
        )
    names = ("terms", "expected", *STATES, "owner", "break_even")
    headings = [phrase(f"outlook.heading.{name}", language) for name in names]
    return table([f"{headings[0]} ({unit})", *headings[1:]], rows, numeric=range(1, len(headings)))


def _circles_table(found: Leakage, money: MoneyFormat) -> RenderableType:
    language = money.language
    size, unit = money.scale(max(abs(one.treasury_myen) for one in found.circles.values()))
    rows = []
    for name in CIRCLES:
        one, low, high = found.circles[name], found.low[name], found.high[name]
        cost = one.cost_per_induced_mw_myen
        rows.append(
            [
                phrase(f"outlook.circle.{name}", language),
                f"{one.induced_it_mw:.1f}",
                f"{low.induced_it_mw:.1f}–{high.induced_it_mw:.1f}",
                format_number(one.emissions_t_per_year),
                format_number(one.treasury_myen / size),
                NOTHING if cost is None else format_number(cost / size),
            ]
        )
    names = ("circle", "mw", "range", "emissions", "treasury", "each")
    headings = [phrase(f"outlook.heading.{name}", language, unit=unit) for name in names]
    return table(headings, rows, numeric=range(1, len(headings)))


def _timing_table(found: Timing, language: Language) -> RenderableType:
    rows = [
        [
            phrase(f"outlook.share.{share}", language),
            *(
                format_percent(value, language)
                for value in (
                    getattr(found.split, share),
                    found.low[share],
                    found.high[share],
                    getattr(found.endless, share),
                )
            ),
        ]
        for share in SHARES
    ]
    headings = [phrase(f"outlook.heading.{name}", language) for name in ("order", "share", "low", "high", "endless")]
    sides = [
        phrase(
            f"outlook.side.{name}",
            language,
            above=format_number(side.order_now_above),
            waiting=format_percent(side.waiting_value, language),
            now=format_percent(side.value_of_ordering_now, language),
            chance=format_percent(side.chance_of_an_order, language),
        )
        for name, side in (("without", found.without), ("with", found.with_package))
    ]
    return Group(table(headings, rows, numeric=(1, 2, 3, 4)), bullets(sides))
