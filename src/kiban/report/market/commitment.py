"""A week with units that commit, at the command line: prices and the load's effect under three kinds of offers."""

from __future__ import annotations

from rich.console import Group, RenderableType

from kiban.market.committed_week import OFFERS, CommittedWeek
from kiban.quantities import Language, format_share
from kiban.report.layout import bullets, section, table
from kiban.report.market.words import amount, area_name, signed_amount, whole
from kiban.report.phrases import phrase


def week_text(week: CommittedWeek, language: Language) -> RenderableType:
    """What `kiban impact --commitment` prints after the impact."""
    title = phrase("impact.title_week", language, first=f"{week.first}")
    return Group(*section(title, Group(_prices(week, language), bullets(week_sentences(week, language)))))


def _prices(week: CommittedWeek, language: Language) -> RenderableType:
    """By kind of offers: the day's spread, and the price where most of the load stands, without and with it."""
    place = week.load_mw.index(max(week.load_mw, key=abs))
    names = ("variant", "area", "before", "after", "spread", "others")
    headings = [phrase(f"impact.heading.{name}", language) for name in names]
    rows = [
        [
            phrase(f"impact.variant.{name}", language),
            area_name(week.areas[place], language),
            f"{found.before_yen_per_kwh[place]:.2f}",
            f"{found.after_yen_per_kwh[place]:.2f}",
            f"{found.spread_yen_per_kwh:.2f}",
            amount(found.others_pay_yen, language),
        ]
        for name in OFFERS
        for found in (week.prices[name],)
    ]
    return table(headings, rows, numeric=(2, 3, 4, 5), whole=())


def week_sentences(week: CommittedWeek, language: Language) -> list[str]:
    """What units do, what the load does under each kind of offers, and what that rests on."""
    units, paid = week.before, {name: week.prices[name].others_pay_yen for name in OFFERS}
    return [
        phrase("impact.week_effect", language, **{name: signed_amount(yen, language) for name, yen in paid.items()}),
        phrase(
            "impact.week_units",
            language,
            units=units.units,
            running=whole(units.mean_running),
            starts=whole(units.starts),
            start_cost=amount(units.start_cost_yen, language),
            uplift=amount(units.uplift_yen, language),
            uplift_change=signed_amount(week.after.uplift_yen - units.uplift_yen, language),
            gap=format_share(max(week.before.gap, week.after.gap), language),
        ),
        phrase("impact.week_note", language),
    ]
