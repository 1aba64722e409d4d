"""The sentences of reports: `sentences/TOPIC.LANGUAGE.toml`, in each language the same keys with the same blanks."""

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
    found: dict[str, str] = {}
    for file in sorted(files("kiban.report").joinpath("sentences").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(f".{language}.toml"):
            continue
        for key, sentence in _flatten(tomllib.loads(file.read_text(encoding="utf-8")), ""):
            if key in found:
                raise ValueError(f"{file.name} gives '{key}' a second time")
            found[key] = sentence
    return found


def _flatten(node: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        found += _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found
