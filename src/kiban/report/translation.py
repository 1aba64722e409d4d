"""Sentences that other parts of kiban write in English, in the reader's language.

The English phrase is the pattern: where a sentence fits it, its blanks fill the other language's phrase.
A sentence that fits none stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from kiban.policy.law import Measure, load_law
from kiban.quantities import GLOSSARY, Language, term
from kiban.report.names import subject_name
from kiban.report.phrases import load_phrases, phrase


def translate(sentence: str, section: str, language: Language) -> str:
    """A sentence of a section of phrases (`note`, `progress`) in the reader's language.

    Ids of asset classes, measures of law and instruments are named in either language.
    """
    for key, pattern in _patterns(section):
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        blanks = found.groupdict()
        if language == "en" and not _NAMED.keys() & blanks.keys():
            return sentence
        named = {blank: _NAMED.get(blank, _word)(text, language) for blank, text in blanks.items()}
        return phrase(key, language, **named)
    return sentence


def joined(parts: Iterable[str], language: Language) -> str:
    """Parts of a list in a sentence."""
    return ("、" if language == "ja" else ", ").join(parts)


def title_of(measure: Measure, language: Language) -> str:
    """Title of a measure of the law."""
    return measure.title_ja if language == "ja" else measure.title_en


def _word(text: str, language: Language) -> str:
    """A blank's text; a word of the glossary in the reader's language."""
    name = text.replace(" ", "_")
    return term(name, language) if name in GLOSSARY else text


def _assets(text: str, language: Language) -> str:
    """Names of asset classes whose ids stand in a row."""
    return joined((subject_name(name, language) for name in text.split(", ")), language)


def _measures(text: str, language: Language) -> str:
    """Titles of measures of the law whose ids stand in a row."""
    known = load_law().measures
    return joined((title_of(known[name], language) if name in known else name for name in text.split(", ")), language)


def _instrument(text: str, language: Language) -> str:
    """An instrument of a package, with its kind and its measure by name."""
    found = _WHERE.fullmatch(text)
    if found is None:
        return text
    blanks = {**found.groupdict(), "kind": phrase(f"instrument.{found['kind']}", language)}
    law = blanks.pop("law")
    if law is None:
        return phrase("pay.instrument", language, **blanks)
    return phrase("pay.instrument_law", language, **blanks, law=_measures(law, language))


_WHERE = re.compile(r"(?P<package>.+): instrument (?P<number>\d+) \((?P<kind>\w+)(?: under (?P<law>\w+))?\)")
_NAMED: Mapping[str, Callable[[str, Language], str]] = {
    "assets": _assets,
    "measures": _measures,
    "where": _instrument,
}
"""Blanks whose text is an id or several, and what names them."""


@cache
def _patterns(section: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    phrases = ((key, text) for key, text in load_phrases("en").items() if key.startswith(f"{section}."))
    return tuple((key, re.compile(_pattern(text))) for key, text in phrases)


def _pattern(text: str) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    return "".join(re.escape(part) if number % 2 == 0 else f"(?P<{part}>.+?)" for number, part in enumerate(parts))
