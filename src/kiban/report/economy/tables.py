"""The tables of what a plan sets in motion: headings and rows of text, for the command line and for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiban.economy.answer import HEADLINE, Economy
from kiban.economy.effects import MEASURES, ROUNDS
from kiban.economy.makers import Maker
from kiban.economy.receipts import PHASES
from kiban.economy.spread import Spread, add
from kiban.quantities import Language, MoneyFormat, format_number, format_percent
from kiban.report.economy.words import asked_elsewhere, place_name, product_name, region_name, skill_name, totals
from kiban.report.layout import NOTHING
from kiban.report.phrases import phrase


@dataclass(frozen=True, slots=True)
class TextTable:
    """A titled table whose first columns are names and whose others are numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1

    @property
    def numeric(self) -> tuple[int, ...]:
        """Columns that hold numbers."""
        return tuple(range(self.names, len(self.headings)))


def list_tables(found: Economy, language: Language) -> list[TextTable]:
    """Every table, in the order in which it is read."""
    return [
        industries_table(found, language),
        effects_table(found, language),
        jobs_table(found, language),
        *([skills_table(found, language)] if found.skills else []),
        *([makers_table(found, language)] if found.makers else []),
        regions_table(found, language),
    ]


def _headings(names: tuple[str, ...], language: Language) -> tuple[str, ...]:
    return tuple(phrase(f"economy.heading.{name}", language) for name in names)


def industries_table(found: Economy, language: Language) -> TextTable:
    """Money by industry: abroad, elsewhere in Japan, the prefecture with its range."""
    whole = totals(found)
    largest = max(abs(one.value) for one in (whole["abroad"], whole["japan"], whole["prefecture"]) if one is not None)
    size, unit = MoneyFormat(language).scale(largest)

    def row(name: str, abroad: Spread, japan: Spread, own: Spread | None) -> tuple[str, ...]:
        return (
            name,
            *(_amount(value, size) for value in (abroad.value, japan.value)),
            *_three(own, lambda value: _amount(value, size), language),
        )

    rows = [row(product_name(one.id, language), one.abroad, one.japan, one.prefecture) for one in found.industries]
    rows.append(row(phrase("economy.total", language), whole["abroad"], whole["japan"], whole["prefecture"]))
    japan = "japan" if found.prefectures else "where_japan"
    headings = (*_headings(("industry", "abroad", japan), language), *_own_headings(found, language))
    return TextTable(phrase("economy.title_industries", language, unit=unit), headings, tuple(rows))


def _own_headings(found: Economy, language: Language) -> tuple[str, ...]:
    """Of what concerns the prefecture that is meant; the one that was asked about by its name."""
    own = phrase("economy.heading.prefecture", language)
    if asked_elsewhere(found):
        own = phrase("economy.heading.asked", language, place=place_name(found, language))
    return (own, *_headings(("low", "high"), language))


def _three(found: Spread | None, text: Callable[[float], str], language: Language) -> tuple[str, str, str]:
    """A figure and its ends as texts; what is not known is said to be."""
    if found is None:
        return (phrase("economy.unknown", language), NOTHING, NOTHING)
    return (text(found.value), text(found.low), text(found.high))


def _amount(value_myen: float, size_myen: float) -> str:
    """An amount in the unit of its table."""
    return f"{value_myen / size_myen:,.0f}"


def effects_table(found: Economy, language: Language) -> TextTable:
    """By phase and measure: direct, indirect and induced in Japan, and direct and indirect in the prefecture."""
    largest = max(abs(found.effects["japan"][phase][one]["output_myen"].value) for phase in PHASES for one in ROUNDS)
    size, unit = MoneyFormat(language).scale(largest)
    rows = []
    for phase in PHASES:
        for measure in MEASURES:

            def write(value: float, counted: bool = measure == "jobs") -> str:
                return format_number(value) if counted else _amount(value, size)

            japan = found.effects["japan"][phase]
            own = found.headline("prefecture", phase, measure) if found.prefectures else None
            rows.append(
                (
                    phrase(f"economy.phase.{phase}", language),
                    phrase(f"economy.measure.{measure}", language),
                    *(write(japan[one][measure].value) for one in ("direct", "indirect", "induced")),
                    *_three(own, write, language),
                )
            )
    names = ("phase", "effect", "direct", "indirect", "induced")
    headings = (*_headings(names, language), *_own_headings(found, language))
    return TextTable(phrase("economy.title_effects", language, unit=unit), headings, tuple(rows), names=2)


def jobs_table(found: Economy, language: Language) -> TextTable:
    """People engaged by year, direct and indirect: each phase in Japan, all of them in the prefecture."""
    rows = []
    for year in found.years:
        by_phase = {
            phase: add([by[where][year][one] for one in HEADLINE])
            for phase in PHASES
            for where, by in (("japan", found.jobs[phase]),)
            if year in by[where]
        }
        own = None
        if found.prefectures:
            own = add([found.jobs[phase]["prefecture"][year][one] for phase in by_phase for one in HEADLINE])
        if by_phase:
            rows.append(
                (
                    str(year),
                    *(format_number(by_phase[phase].value) if phase in by_phase else "0" for phase in PHASES),
                    *_three(own, format_number, language),
                )
            )
    phases = tuple(phrase(f"economy.phase.{phase}", language) for phase in PHASES)
    headings = (phrase("economy.heading.year", language), *phases, *_own_headings(found, language))
    return TextTable(phrase("economy.title_jobs", language), headings, tuple(rows))


def skills_table(found: Economy, language: Language) -> TextTable:
    """Each skill in the year in which most are short: need, people there, short with its range, months to train."""
    rows = []
    for one in found.skills:
        worst, short = one.worst, one.worst.short
        ends = (
            (NOTHING,) * 3
            if short is None
            else tuple(f"{value:,.0f}" for value in (short.value, short.low, short.high))
        )
        rows.append(
            (
                skill_name(one.skill, language),
                str(one.worst_year),
                f"{worst.need.value:,.0f}",
                NOTHING if worst.stock is None else f"{worst.stock.value:,.0f}",
                *ends,
                f"{one.training_months.value:,.0f}",
            )
        )
    names = ("skill", "year", "need", "stock", "short", "low", "high", "months")
    title = phrase("economy.title_skills", language)
    if asked_elsewhere(found):
        title = phrase("economy.title_skills_asked", language, place=place_name(found, language))
    return TextTable(title, _headings(names, language), tuple(rows))


def makers_table(found: Economy, language: Language) -> TextTable:
    """The share of Japanese makers by product with its range, and the lead time; what is not known is left open."""

    def row(one: Maker) -> tuple[str, ...]:
        shares, lead = (one.share.value, one.share.low, one.share.high), one.lead_months
        months = (NOTHING,) * 3 if lead is None else tuple(f"{x:,.0f}" for x in (lead.value, lead.low, lead.high))
        return (product_name(one.product, language), *(format_percent(share, language) for share in shares), *months)

    names = ("product", "maker_share", "low", "high", "lead_months", "low", "high")
    title = phrase("economy.title_makers", language)
    return TextTable(title, _headings(names, language), tuple(row(one) for one in found.makers))


def regions_table(found: Economy, language: Language) -> TextTable:
    """What each region receives at once, and value added and job-years, direct and indirect, with their range."""
    size, unit = MoneyFormat(language).scale(max(abs(one.received.value) for one in found.regions))
    rows = [
        (
            region_name(one.id, language),
            _amount(one.received.value, size),
            _amount(one.value_added.value, size),
            *(format_number(value) for value in (one.jobs.value, one.jobs.low, one.jobs.high)),
        )
        for one in found.regions
    ]
    names = ("region", "received", "value_added", "jobs", "low", "high")
    return TextTable(phrase("economy.title_regions", language, unit=unit), _headings(names, language), tuple(rows))
