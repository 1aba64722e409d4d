"""A scenario in plain types and back, and the dotted keys in which two scenarios differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kiban.scenario.study import Scenario

ASSUMPTIONS = "assumptions"
TITLES = frozenset({"name", "description"})
NAMED_SECTIONS = frozenset({ASSUMPTIONS, "storage", "supply"})
"""Sections whose entries have names of their own: each entry is a section by itself."""


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """A scenario in plain types without the keys that keep their default."""
    return scenario.model_dump(exclude_defaults=True, exclude_none=True, mode="json")


def restore_scenario(content: Mapping[str, Any]) -> Scenario:
    """The scenario of `plain_scenario`."""
    return Scenario.model_validate_json(json.dumps(content))


def differing_keys(base: Scenario, other: Scenario) -> list[tuple[str, Any, Any]]:
    """Dotted keys with the value in both scenarios; None where a scenario leaves it at its default."""
    before, after = _flat(plain_scenario(base)), _flat(plain_scenario(other))
    names = [name for name in {**before, **after} if name not in TITLES]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def differing_sections(base: Scenario, other: Scenario) -> list[dict[str, Any]]:
    """The changes from base to other by section, in the order of the keys: new values, None for the default."""
    sections: dict[str, dict[str, Any]] = {}
    for key, _, after in differing_keys(base, other):
        sections.setdefault(_section(key), {})[key] = after
    return list(sections.values())


def _section(key: str) -> str:
    parts = key.split(".")
    return ".".join(parts[: 2 if parts[0] in NAMED_SECTIONS else 1])


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        # An id of the catalogue has dots of its own.
        if isinstance(value, Mapping) and prefix != f"{ASSUMPTIONS}." and value:
            flat.update(_flat(value, f"{name}."))
        else:
            flat[name] = value
    return flat
