"""An impact on others at the command line: prices and bills by area, variants, and the campus in each area."""

from __future__ import annotations

from rich.console import Group, RenderableType

from kiban.market.bills import BillEffects
from kiban.market.campus import BeyondShortRun, CampusImpact
from kiban.market.customers import CLASSES
from kiban.market.impact import VariantImpact
from kiban.quantities import Language, format_number, format_percent
from kiban.report.layout import NOTHING, Sentence, bullets, lines, section, table
from kiban.report.market.words import (
    amount,
    answer,
    area_name,
    counted,
    further_sentences,
    note_sentences,
    variant_name,
    whole,
)
from kiban.report.phrases import phrase


def impact_text(found: CampusImpact, language: Language) -> RenderableType:
    """Everything that `kiban impact` prints."""
    parts: list[RenderableType] = [
        Sentence(answer(found, language), style="bold"),
        bullets(further_sentences(found, language)),
    ]
    parts += section(phrase("impact.title_areas", language), _areas(found, language))
    parts += section(phrase("impact.title_bills", language), _bills(found.bills, language))
    parts += section(phrase("impact.title_variants", language), _variants(found, language))
    if found.beyond is not None:
        parts += section(phrase("impact.title_long_run", language), _long_run(found, found.beyond, language))
        parts += section(phrase("impact.title_adequacy", language), _adequacy(found.beyond, language))
    if found.placements:
        parts += section(phrase("impact.title_placements", language), _placements(found, language))
    parts += section(phrase("impact.title_notes", language), bullets(note_sentences(found, language)))
    if found.impact.after is not None:  # bid curves alone know no receipts
        parts.append(lines([phrase("impact.residual", language, yen=whole(found.impact.residual_yen))]))
    return Group(*parts)


def _headings(names: tuple[str, ...], language: Language) -> list[str]:
    return [phrase(f"impact.heading.{name}", language) for name in names]


def _areas(found: CampusImpact, language: Language) -> RenderableType:
    impact, central = found.impact, found.impact.central
    lows, highs = impact.others_pay_range_yen()
    rows = [
        [
            area_name(area, language),
            format_number(impact.mean_mw_by_area[place]),
            f"{central.price_before_yen_per_kwh[place]:.2f}",
            f"{central.price_after_yen_per_kwh[place]:.2f}",
            amount(lows[place], language),
            amount(highs[place], language),
        ]
        for place, area in enumerate(impact.areas)
    ]
    names = ("area", "load", "before", "after", "low", "high")
    return table(_headings(names, language), rows, numeric=(1, 2, 3, 4, 5))


def _bills(bills: BillEffects, language: Language) -> RenderableType:
    months = bills.household_yen_per_month()
    rows = [
        [
            area_name(area, language),
            *(amount(yen, language) for yen in bills.central_yen[place]),
            amount(bills.central_kept_yen[place], language),
            *(whole(end[place]) for end in (months[1], months[0], months[2])),
        ]
        for place, area in enumerate(bills.customers.areas)
    ]
    names = ("area", *CLASSES, "kept", "month", "low", "high")
    return table(_headings(names, language), rows, numeric=tuple(range(1, len(names))))


def _variants(found: CampusImpact, language: Language) -> RenderableType:
    rows = [_variant(variant, language) for variant in found.impact.variants]
    if found.inflexible is not None:
        rows.append([phrase("impact.variant.inflexible", language), *_variant(found.inflexible, language)[1:]])
    return table(_headings(("variant", "others", "rent", "emissions"), language), rows, numeric=(1, 2, 3), whole=())


def _variant(variant: VariantImpact, language: Language) -> list[str]:
    rent = variant.congestion_rent_yen
    return [
        variant_name(variant.name, language),
        amount(variant.total_yen, language),
        NOTHING if rent is None else amount(rent, language),
        NOTHING if variant.emissions_t is None else counted(variant.emissions_t),
    ]


def _long_run(found: CampusImpact, beyond: BeyondShortRun, language: Language) -> RenderableType:
    short, long = found.impact.central, beyond.long_run
    rows = [
        [
            area_name(area, language),
            amount(short.others_pay_yen[at], language),
            amount(long.others_pay_yen[at], language),
            f"{long.price_before_yen_per_kwh[at]:.2f}",
            f"{long.price_after_yen_per_kwh[at]:.2f}",
            format_number(sum(float(more[at]) for more in long.entered_mw.values())),
        ]
        for at, area in enumerate(long.areas)
    ]
    names = ("area", "short_run", "long_run", "before", "after", "enters")
    return table(_headings(names, language), rows, numeric=(1, 2, 3, 4, 5))


def _adequacy(beyond: BeyondShortRun, language: Language) -> RenderableType:
    before, after = beyond.adequacy_before, beyond.adequacy_after
    rows = [
        [
            area_name(area, language),
            *(format_percent(float(one.reserve_margin[at]), language) for one in (before, after)),
            *(f"{one.joined_hours[at]:.1f}" for one in (before, after)),
            *(format_number(float(one.joined_mwh[at])) for one in (before, after)),
        ]
        for at, area in enumerate(before.areas)
    ]
    names = ("area", "margin", "margin_with", "hours", "hours_with", "unserved", "unserved_with")
    return table(_headings(names, language), rows, numeric=tuple(range(1, len(names))))


def _placements(found: CampusImpact, language: Language) -> RenderableType:
    rows = [
        [area_name(one.area, language)]
        + [
            NOTHING if yen is None else amount(yen, language)
            for yen in (one.inflexible_yen, one.flexible_yen, one.own_power_yen)
        ]
        for one in found.placements
    ]
    names = ("area", "inflexible", "flexible", "own_power")
    return table(_headings(names, language), rows, numeric=(1, 2, 3))
