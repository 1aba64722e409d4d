"""A fact is one figure with its unit, range, year, source and status; a source is where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from kiban.catalogue.tables import Row, optional_number, read_sources, read_table

Status = Literal["verified", "assumed", "given"]
STATUSES: tuple[Status, ...] = ("verified", "assumed", "given")
Grade = Literal["A", "B", "C", "none"]
GRADES: tuple[Grade, ...] = ("A", "B", "C", "none")

SCENARIO_SOURCE = "scenario"


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from.

    `grade` is A for official text or measured data, B for serious press or a report, C for a vendor, a
    blog or a copy, and none for an assumption or a rule of our own. `accessed` is an ISO date, or empty.
    """

    key: str
    title: str
    publisher: str
    address: str
    grade: Grade
    accessed: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the catalogue.

    `status` is `verified` (read in the source, or computed from its data), `assumed` (an estimate, or
    derived by the rule in `note`) or `given` (set by a scenario). `low` and `high` bound the value
    where a range is known. `source` joins one or several keys of `Catalogue.sources` by semicolons;
    `year` is the price level or the year of the observation. `table` is the file that holds the row.
    """

    id: str
    value: float
    low: float | None
    high: float | None
    unit: str
    year: int | None
    source: str
    status: Status
    note: str
    name_en: str
    name_ja: str
    table: str

    @property
    def source_keys(self) -> tuple[str, ...]:
        """Keys of the sources, one by one."""
        return tuple(self.source.split(";"))


def parse_fact(row: Row, table: str) -> Fact:
    """The fact in a row with the columns `FACT_COLUMNS`."""
    return Fact(
        id=row["id"],
        value=float(row["value"]),
        low=optional_number(row["low"]),
        high=optional_number(row["high"]),
        unit=row["unit"],
        year=int(row["year"]) if row["year"] else None,
        source=row["source"],
        status=cast(Status, row["status"]),
        note=row["note"],
        name_en=row["name_en"],
        name_ja=row["name_ja"],
        table=table,
    )


def read_facts(table: str) -> tuple[Fact, ...]:
    """All facts of one table, in its order."""
    return tuple(parse_fact(row, table) for row in read_table(table))


def load_sources() -> Mapping[str, Source]:
    """All sources by key."""
    return {
        key: Source(
            key=key,
            title=entry["title"],
            publisher=entry["publisher"],
            address=entry["address"],
            grade=entry["grade"],
            accessed=str(entry.get("accessed", "")),
        )
        for key, entry in read_sources().items()
    }
