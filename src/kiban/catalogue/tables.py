"""The embedded files of the catalogue, read as text once."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

FACT_COLUMNS = (
    "id",
    "name_en",
    "name_ja",
    "value",
    "low",
    "high",
    "unit",
    "year",
    "source",
    "status",
    "note",
)

Row = Mapping[str, str]

_FOLDER = files("kiban.catalogue")


@cache
def read_table(name: str) -> tuple[Row, ...]:
    """Rows of `tables/NAME.csv` as text, in the order of the file."""
    text = _FOLDER.joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def fact_tables() -> tuple[str, ...]:
    """Names of the tables that hold facts: every CSV of `tables/` with the columns of a fact, sorted."""
    header = ",".join(FACT_COLUMNS)
    names = []
    for entry in _FOLDER.joinpath("tables").iterdir():
        if entry.name.endswith(".csv"):
            with entry.open(encoding="utf-8") as lines:
                if next(iter(lines), "").rstrip("\r\n") == header:
                    names.append(entry.name.removesuffix(".csv"))
    return tuple(sorted(names))


@cache
def read_sources() -> Mapping[str, Mapping[str, Any]]:
    """Entries of all `sources*.toml` by key; ValueError where two files share a key."""
    merged: dict[str, Mapping[str, Any]] = {}
    for entry in sorted(_FOLDER.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith("sources") and entry.name.endswith(".toml"):
            found = tomllib.loads(entry.read_text(encoding="utf-8"))
            if shared := merged.keys() & found.keys():
                raise ValueError(f"{entry.name}: {', '.join(sorted(shared))} stand in another file too")
            merged.update(found)
    return merged


def optional_number(text: str) -> float | None:
    """A number, or None where the cell is empty."""
    return float(text) if text else None
