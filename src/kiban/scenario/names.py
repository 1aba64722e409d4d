"""Names in a scenario that only the catalogue knows: sites, chips and assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kiban.catalogue import Catalogue, load_catalogue
from kiban.errors import CatalogueError, Problem, nearest

NO_CHIP = "none"


def find_unknown_names(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each name in a scenario's mapping that the catalogue does not know."""
    catalogue = load_catalogue()
    site = _text(raw, "site", "id")
    if site is not None:
        try:
            catalogue.site(site)
        except CatalogueError as error:
            yield from (replace(problem, key="site.id") for problem in error.problems)
    chip = _text(raw, "load", "chip")
    if chip is not None:
        yield from find_unknown_chip(chip, catalogue)


def find_unknown_chip(chip: str, catalogue: Catalogue) -> Iterator[Problem]:
    """A problem if the catalogue has no such chip."""
    if chip != NO_CHIP and f"chip.{chip}.power" not in catalogue:
        known = tuple(name.split(".")[1] for name in catalogue.values("chip.") if name.endswith(".power"))
        near = nearest(chip, known)
        remedy = "nearest" if near else "scenario.chips"
        yield Problem("no_chip", key="load.chip", remedy=remedy, name=chip, near=near, names=known, none=NO_CHIP)


def _text(raw: Mapping[str, Any], section: str, key: str) -> str | None:
    inner = raw.get(section)
    value = inner.get(key) if isinstance(inner, Mapping) else None
    return value if isinstance(value, str) else None
