"""The sections of a plan or a payment that no chart shows, as HTML beneath the charts of a report.

They stand in both languages; the page shows the one that it is set to. Nothing in them runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from kiban.quantities import Language

STYLE = (
    "#details{max-width:72rem;margin:0 auto;padding:0 1.5rem 3rem;color:#17202b}"
    "#details h2{font-size:1.15rem;margin:2rem 0 .5rem}"
    "#details .scroll{overflow-x:auto}"
    "#details table{border-collapse:collapse;font-size:.9rem;margin:.5rem 0}"
    "#details th,#details td{padding:.25rem 1rem .25rem 0;text-align:left;vertical-align:top}"
    "#details th{color:#57626f;font-weight:600;border-bottom:1px solid #c9d0d8}"
    "#details .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "#details ul{padding-left:1.2rem;line-height:1.6}"
    'html[lang="ja"] #details [data-language="en"],html:not([lang="ja"]) #details [data-language="ja"]{display:none}'
)


def details_html(details: Mapping[Language, Sequence[Mapping[str, Any]]]) -> str:
    """The sections by language; nothing where there are none."""
    if not any(details.values()):
        return ""
    parts = "".join(
        f'<div data-language="{escape(language)}" lang="{escape(language)}">{"".join(map(_section, sections))}</div>'
        for language, sections in details.items()
    )
    return f'<style>{STYLE}</style><main id="details">{parts}</main>'


def _section(section: Mapping[str, Any]) -> str:
    tables = "".join("".join(_table(table)) for table in section["tables"])
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in section["sentences"])
    return f"<section><h2>{escape(section['title'])}</h2>{tables}{f'<ul>{said}</ul>' if said else ''}</section>"


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    numeric = set(table["numeric"])
    yield '<div class="scroll" tabindex="0"><table><thead><tr>'
    yield from (_cell("th", text, number in numeric) for number, text in enumerate(table["columns"]))
    yield "</tr></thead><tbody>"
    for row in table["rows"]:
        yield "<tr>"
        yield from (_cell("td", text, number in numeric) for number, text in enumerate(row))
        yield "</tr>"
    yield "</tbody></table></div>"


def _cell(tag: str, text: str, is_number: bool) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    kind = ' class="number"' if is_number else ""
    return f"<{tag}{scope}{kind}>{escape(text)}</{tag}>"
