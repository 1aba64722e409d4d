"""The candidates of a national study at the command line, before anything is solved."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.messages import Message
from kiban.national.study.candidates import Exclusion
from kiban.national.study.problem import Place
from kiban.quantities import Language, format_number
from kiban.report.layout import remark, table
from kiban.report.messages import say
from kiban.report.phrases import phrase, phrase_or


def candidates_text(
    places: Sequence[Place], excluded: Sequence[Exclusion], notes: Sequence[Message], language: Language
) -> RenderableType:
    """Size, connection, round trips and hazard of every candidate; those that a hazard limit leaves out; the notes."""
    names = ("site", "area", "mw", "year", "round_trip_tokyo", "round_trip_osaka", "protection", "hazard_per_mw")
    headings = [phrase(f"national.{name}", language) for name in names]
    rows = []
    for place in places:
        candidate, hazard = place.candidate, place.hazards[0]
        rows.append(
            [
                candidate.name_ja if language == "ja" else candidate.name_en,
                phrase_or(f"area.{candidate.area}", language, candidate.area),
                f"{candidate.max_mw:,.0f}",
                f"{candidate.connection_year:.0f}",
                format_number(candidate.round_trip_ms["tokyo"]),
                format_number(candidate.round_trip_ms["osaka"]),
                phrase(f"national.protection_{hazard.protection}", language),
                format_number(hazard.total_myen),
            ]
        )
    parts: list[RenderableType] = [table(headings, rows, numeric=(2, 3, 4, 5, 7), whole=(0, 1, 6))]
    for left in excluded:
        text = phrase(
            "national.excluded",
            language,
            name=left.site,
            key=left.key,
            value=f"{left.value:g}",
            limit=f"{left.limit:g}",
        )
        parts += [Text(), remark(text)]
    for note in notes:
        parts += [Text(), remark(say(note, language))]
    return Group(*parts)
