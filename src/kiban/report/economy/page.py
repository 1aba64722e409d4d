"""What a plan sets in motion as one HTML file without scripts, that needs no network."""

from __future__ import annotations

from html import escape

from kiban.economy.answer import Economy
from kiban.quantities import Language
from kiban.report.economy.tables import TextTable, list_tables
from kiban.report.economy.words import answer, further_sentences, note_sentences
from kiban.report.phrases import phrase

STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;line-height:1.5}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600;padding:1rem 0 .5rem}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #8884;text-align:left}"
    ".number{text-align:right}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)


def fill_economy_page(found: Economy, language: Language) -> str:
    """The page as text: the answer, every table, and what it rests on."""
    title = phrase("economy.page_title", language, name=found.name)
    content = [f"<h1>{escape(title)}</h1>", f"<p><strong>{escape(answer(found, language))}</strong></p>"]
    content.append(_list(further_sentences(found, language)))
    content += [_table(one) for one in list_tables(found, language)]
    content.append(f"<h2>{escape(phrase('economy.title_notes', language))}</h2>")
    residual = phrase("economy.residual", language, yen=f"{found.residual_yen:,}")
    content.append(_list([*note_sentences(found, language), residual]))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "\n".join(content)
    opening = f'<!doctype html>\n<html lang="{language}">\n<head>{head}<style>{STYLE}</style></head>'
    return f"{opening}\n<body>\n{body}\n</body>\n</html>\n"


def _list(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _table(found: TextTable) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(
            f"<{tag}{' class=number' if column in found.numeric else ''}>{escape(text)}</{tag}>"
            for column, text in enumerate(row)
        )

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in found.rows)
    return (
        f"<table><caption>{escape(found.title)}</caption><thead><tr>{cells('th', found.headings)}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
