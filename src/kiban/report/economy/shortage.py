"""What limits of people and goods change in a national plan: at the command line and in JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType

from kiban.economy.shortage import Moved, Shortage
from kiban.quantities import Language, format_number
from kiban.report.layout import Sentence, bullets, section, table
from kiban.report.names import study_money
from kiban.report.national.limits import limit_sentence
from kiban.report.national.terminal import national_text
from kiban.report.phrases import phrase

SHOWN_PEOPLE = 20.0
SHOWN_LIMITS = 12


def shortage_answer(found: Shortage, language: Language) -> str:
    """What the limits cost, in one sentence."""
    money = study_money(found.limited.study.money, language)
    name = found.limited.study.national.name
    if found.limited.status == "infeasible":
        return phrase("shortage.infeasible", language, name=name)
    if not found.binding:
        return phrase("shortage.none", language, name=name, count=len(found.limits))
    return phrase(
        "shortage.answer",
        language,
        name=name,
        cost=money.amount(found.limited.net_cost_myen),
        more=money.amount(found.more_myen),
        gap=money.amount(found.gap_myen),
        binding=len(found.binding),
        count=len(found.limits),
    )


def worth_sentences(found: Shortage, language: Language) -> list[str]:
    """What more of each limit that binds is worth: 20 people, or one unit of anything else."""
    money = study_money(found.limited.study.money, language)
    goods = {limit.id for limit in found.limits if limit.unit == "MW"}
    return [
        limit_sentence(use, language, money, 1.0 if use.id in goods else SHOWN_PEOPLE)
        for use in found.binding[:SHOWN_LIMITS]
    ]


def delay_sentences(found: Shortage, language: Language) -> list[str]:
    """What is served less, or later, in each phase."""
    years = found.free.study.years
    return [
        phrase(
            "shortage.delay",
            language,
            name=one.id,
            year=year if year is not None else "",
            limited=format_number(limited),
            free=format_number(free),
        )
        for one in found.delayed
        for year, free, limited in zip(years, one.free_mw, one.limited_mw, strict=True)
        if abs(free - limited) >= 1.0
    ]


def shortage_text(found: Shortage, language: Language, width: int) -> RenderableType:
    """Everything that `kiban economy --limits` prints."""
    parts: list[RenderableType] = [Sentence(shortage_answer(found, language), style="bold")]
    if found.limited.status == "infeasible":
        return Group(*parts, national_text(found.limited, language, width))
    said = [*worth_sentences(found, language), *delay_sentences(found, language)]
    if said:
        parts.append(bullets(said))
    if found.sites:
        headings = [phrase(f"shortage.{key}", language) for key in ("site", "year", "free", "limited")]
        rows = [list(row) for one in found.sites for row in _rows(one, found)]
        parts += section(phrase("shortage.title_sites", language), table(headings, rows, numeric=(1, 2, 3)))
    parts += section(phrase("economy.title_notes", language), bullets([phrase("shortage.basis", language)]))
    return Group(*parts)


def _rows(one: Moved, found: Shortage) -> list[tuple[str, ...]]:
    return [
        (one.id, "" if year is None else str(year), f"{free:,.0f}", f"{limited:,.0f}")
        for year, free, limited in zip(found.free.study.years, one.free_mw, one.limited_mw, strict=True)
    ]


def shortage_document(found: Shortage, language: Language) -> dict[str, Any]:
    """The same in plain types; money is million yen a year, worth over all years of the study."""
    feasible = found.limited.status != "infeasible"
    return {
        "sentence": shortage_answer(found, language),
        "sentences": worth_sentences(found, language) + delay_sentences(found, language) if feasible else [],
        "status": found.limited.status,
        "free_myen_per_year": found.free.net_cost_myen,
        "limited_myen_per_year": found.limited.net_cost_myen if feasible else None,
        "more_myen_per_year": found.more_myen if feasible else None,
        "gap_myen_per_year": found.gap_myen if feasible else None,
        "limits": [
            {
                "id": use.id,
                "name": use.name,
                "unit": use.unit,
                "full_years": list(use.full_years),
                "price_myen_per_year": use.price_myen,
                "worth_myen": use.worth_myen,
            }
            for use in found.limited.limits
        ],
        "sites": [_moved(one) for one in found.sites] if feasible else [],
        "delayed": [_moved(one) for one in found.delayed] if feasible else [],
        "relaxations": [
            {"key": change.key, "current": change.current, "needed": change.needed, "unit": change.unit}
            for change in found.limited.relaxations
        ],
    }


def _moved(one: Moved) -> dict[str, Any]:
    return {"id": one.id, "free_mw": list(one.free_mw), "limited_mw": list(one.limited_mw)}
