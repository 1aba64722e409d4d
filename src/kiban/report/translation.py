"""Sentences that other parts of kiban write in English, in the reader's language.

The English phrase is the pattern: where a sentence fits it, its blanks fill the other language's phrase.
A sentence that fits none stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

from kiban.quantities import GLOSSARY, Language, term
from kiban.report.phrases import load_phrases, phrase


def translate(sentence: str, section: str, language: Language) -> str:
    """A sentence of a section of phrases (`note`, `progress`) in the reader's language."""
    if language == "en":
        return sentence
    for key, pattern in _patterns(section):
        found = pattern.fullmatch(sentence)
        if found is not None:
            return phrase(key, language, **{blank: _word(text, language) for blank, text in found.groupdict().items()})
    return sentence


def _word(text: str, language: Language) -> str:
    """A blank's text; a word of the glossary in the reader's language."""
    name = text.replace(" ", "_")
    return term(name, language) if name in GLOSSARY else text


@cache
def _patterns(section: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    phrases = ((key, text) for key, text in load_phrases("en").items() if key.startswith(f"{section}."))
    return tuple((key, re.compile(_pattern(text))) for key, text in phrases)


def _pattern(text: str) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    return "".join(re.escape(part) if number % 2 == 0 else f"(?P<{part}>.+?)" for number, part in enumerate(parts))
