"""The input-output table of Japan, the prefectures' shares in it, and how spending falls on sectors.

All from `catalogue/economy/`; its README names the sources.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import CatalogueError, Problem, nearest

Phase = Literal["construction", "operation", "account"]
_FOLDER = files("kiban.catalogue").joinpath("economy")


@dataclass(frozen=True, slots=True, eq=False)
class InputOutputTable:
    """A square table of one year; arrays are by sector in the order of `sectors`."""

    year: int
    sectors: tuple[str, ...]
    names_en: tuple[str, ...]
    names_ja: tuple[str, ...]
    coefficients: Array
    """Input of the row per yen of output of the column, domestic and imported together."""
    output_bn_yen: Array
    value_added_ratio: Array
    wage_ratio: Array
    import_share: Array
    """Imports over domestic demand for the sector's products."""
    jobs_per_bn_yen: Array
    """Persons engaged per billion yen of output at prices of the year."""
    household_share: Array
    """Shares of the sectors in household consumption, imports included."""
    export_bn_yen: Array
    surplus_ratio: Array
    """Operating surplus per yen of output."""
    production_tax_ratio: Array
    """Taxes on production, consumption tax included, per yen of output."""

    def index(self, sector: str) -> int:
        """Position of a sector; CatalogueError where there is none of that name."""
        if sector not in self.sectors:
            near = nearest(sector, self.sectors)
            raise CatalogueError(
                Problem("catalogue.no_sector", remedy="nearest" if near else "", name=sector, near=near)
            )
        return self.sectors.index(sector)


@cache
def load_input_output() -> InputOutputTable:
    """Japan 2015, 20 sectors."""
    rows = _read("io_2015_sectors.csv")
    sectors = tuple(row["sector"] for row in rows)

    def column(name: str) -> Array:
        return np.array([float(row[name]) for row in rows])

    output = column("output_bn_yen")
    return InputOutputTable(
        year=2015,
        sectors=sectors,
        names_en=tuple(row["name_en"] for row in rows),
        names_ja=tuple(row["name_ja"] for row in rows),
        coefficients=np.array([[float(row[name]) for name in sectors] for row in _read("io_2015_coefficients.csv")]),
        output_bn_yen=output,
        value_added_ratio=column("value_added_ratio"),
        wage_ratio=column("wage_ratio"),
        import_share=column("import_share"),
        jobs_per_bn_yen=column("persons") / output,
        # Real estate and materials show tiny negative shares from rounding and stocks.
        household_share=np.maximum(column("household_share"), 0.0),
        export_bn_yen=column("export_bn_yen"),
        surplus_ratio=column("surplus_ratio"),
        production_tax_ratio=column("production_tax_ratio"),
    )


@cache
def prefecture_shares() -> Mapping[str, Array]:
    """Share of each prefecture in the national output of each sector, by name as in the sites' table."""
    sectors = load_input_output().sectors
    return {
        row["prefecture"]: np.array([float(row[name]) for name in sectors]) for row in _read("prefectures_2015.csv")
    }


def shares_of(prefecture: str) -> Array:
    """Shares of one prefecture; CatalogueError where its table is missing."""
    found = prefecture_shares().get(prefecture)
    if found is None:
        raise CatalogueError(Problem("catalogue.no_prefecture", key="prefecture", name=prefecture))
    return found


@dataclass(frozen=True, slots=True)
class Prefecture:
    """A prefecture, the region of the ministry's interregional tables that holds it, and who works there."""

    name: str
    name_ja: str
    region: str
    persons: int | None
    """Persons engaged in 2014; None where the prefecture has no table."""


@cache
def load_prefectures() -> Mapping[str, Prefecture]:
    """All 47 prefectures by name, from north to south."""
    return {
        row["prefecture"]: Prefecture(
            row["prefecture"],
            row["name_ja"],
            row["region"],
            int(row["persons_2014"]) if row["persons_2014"] else None,
        )
        for row in _read("regions.csv")
    }


@dataclass(frozen=True, slots=True)
class Skill:
    """An occupation that a campus needs, its level, and the sector by whose output its people are laid out."""

    name: str
    level: str
    sector: str
    name_en: str
    name_ja: str


@cache
def load_skills() -> Mapping[str, Skill]:
    """All skills by name; their figures are the catalogue's rows `labour.SKILL.*`."""
    return {row["skill"]: Skill(*row.values()) for row in _read("skills.csv")}


@cache
def demand_shares(phase: Phase) -> Mapping[str, Array]:
    """How a yen spent at home on each item falls on the sectors; adds up to 1 for each item."""
    table = load_input_output()
    found: dict[str, Array] = {}
    for row in _read("demand.csv"):
        if row["phase"] == phase:
            shares = found.setdefault(row["item"], np.zeros(len(table.sectors)))
            shares[table.index(row["sector"])] += float(row["share"])
    return found


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_FOLDER.joinpath(name).read_text(encoding="utf-8").splitlines()))
