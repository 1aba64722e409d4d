"""The sentences of reports in both languages: `en.toml` and `ja.toml`, with the same keys and the same blanks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kiban.quantities import Language


def phrase(key: str, language: Language, /, **values: object) -> str:
    """The sentence `section.name` with its blanks filled."""
    return load_phrases(language)[key].format(**values)


def phrase_or(key: str, language: Language, default: str) -> str:
    """A sentence without blanks, or `default` where there is none of that key."""
    return load_phrases(language).get(key, default)


@cache
def load_phrases(language: Language) -> Mapping[str, str]:
    """All sentences of a language by `section.name`."""
    text = files("kiban.report").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flatten(tomllib.loads(text), ""))


def _flatten(node: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        found += _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found
