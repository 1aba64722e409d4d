"""What a plan sets in motion at the command line."""

from __future__ import annotations

from rich.console import Group, RenderableType

from kiban.economy.answer import Economy
from kiban.quantities import Language
from kiban.report.economy.tables import list_tables
from kiban.report.economy.words import answer, further_sentences, note_sentences
from kiban.report.layout import Sentence, bullets, lines, section, table
from kiban.report.phrases import phrase


def economy_text(found: Economy, language: Language) -> RenderableType:
    """Everything that `kiban economy` prints."""
    parts: list[RenderableType] = [
        Sentence(answer(found, language), style="bold"),
        bullets(further_sentences(found, language)),
    ]
    for one in list_tables(found, language):
        parts += section(one.title, table(list(one.headings), [list(row) for row in one.rows], numeric=one.numeric))
    parts += section(phrase("economy.title_notes", language), bullets(note_sentences(found, language)))
    parts.append(lines([phrase("economy.residual", language, yen=f"{found.residual_yen:,}")]))
    return Group(*parts)
