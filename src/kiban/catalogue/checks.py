"""Faults of a catalogue: what the tests ask of every row, site and source."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from kiban.catalogue.catalogue import Catalogue
from kiban.catalogue.facts import GRADES, STATUSES, Fact, Source
from kiban.catalogue.sites import AREAS, KINDS, Site
from kiban.catalogue.tables import Row, fact_tables, read_table
from kiban.catalogue.units import UNITS
from kiban.errors import Problem

_ID = re.compile(r"[a-z][a-z0-9_]*(?:[.\-][a-z0-9_]+)*")
_LATITUDES_DEG = (20.0, 46.0)
_LONGITUDES_DEG = (122.0, 154.0)
_TABLES_WITH_SOURCES = (
    "sites", "climate_stations", "climate_observed", "prices_yearly", "prices_monthly", "prices_hourly",
)  # fmt: skip


def check_catalogue(catalogue: Catalogue) -> list[Problem]:
    """Every fault of facts, sites and sources; empty for a sound catalogue."""
    problems = [problem for fact in catalogue.facts.values() for problem in check_fact(fact, catalogue)]
    problems += [problem for site in catalogue.sites.values() for problem in _check_site(site)]
    problems += [problem for source in catalogue.sources.values() for problem in _check_source(source)]
    problems += _repeated_ids()
    problems += _unresolved(catalogue)
    problems += _orphans(catalogue)
    return problems


def check_fact(fact: Fact, catalogue: Catalogue) -> Iterator[Problem]:
    """Faults of one row: id, unit, numbers, range, status, names and sources."""
    where = f"{fact.table}.csv"

    def fault(text: str) -> Problem:
        return Problem(text, where=where, key=fact.id)

    if not _ID.fullmatch(fact.id):
        yield fault("is not a name of lower-case parts joined by dots")
    if not fact.name_en or not fact.name_ja:
        yield fault("has no English or no Japanese name")
    numbers = [number for number in (fact.low, fact.value, fact.high) if number is not None]
    if not all(math.isfinite(number) for number in numbers):
        yield fault("has a number that is not finite")
    elif numbers != sorted(numbers):
        yield fault(f"is {fact.value:g}, outside its range {fact.low} to {fact.high}")
    unit = UNITS.get(fact.unit)
    if unit is None:
        yield fault(f"has the unknown unit '{fact.unit}'")
    elif not all(unit.lowest <= number <= unit.highest for number in numbers):
        yield fault(f"lies outside what '{fact.unit}' allows")
    if fact.status not in STATUSES:
        yield fault(f"has the unknown status '{fact.status}'")
    sources = [catalogue.sources.get(key) for key in fact.source_keys]
    if None in sources:
        yield fault(f"names a source that does not exist in '{fact.source}'")
    elif fact.status == "verified" and all(source.grade == "none" for source in sources if source):
        yield fault("is called verified but rests on an assumption alone")


def _check_site(site: Site) -> Iterator[Problem]:
    where = "sites.csv"
    if site.area not in AREAS:
        yield Problem(f"has the unknown area '{site.area}'", where=where, key=site.id)
    if site.kind not in KINDS:
        yield Problem(f"has the unknown kind '{site.kind}'", where=where, key=site.id)
    if site.status not in STATUSES:
        yield Problem(f"has the unknown status '{site.status}'", where=where, key=site.id)
    within = (
        _LATITUDES_DEG[0] <= site.latitude_deg <= _LATITUDES_DEG[1]
        and _LONGITUDES_DEG[0] <= site.longitude_deg <= _LONGITUDES_DEG[1]
    )
    if not within:
        yield Problem("lies outside Japan", where=where, key=site.id)


def _check_source(source: Source) -> Iterator[Problem]:
    where = "sources"
    if source.grade not in GRADES:
        yield Problem(f"has the unknown grade '{source.grade}'", where=where, key=source.key)
    if not source.title or not source.publisher:
        yield Problem("has no title or no publisher", where=where, key=source.key)
    if source.grade != "none" and not source.address:
        yield Problem("has no address", where=where, key=source.key)


def _repeated_ids() -> Iterator[Problem]:
    counts = Counter(row["id"] for table in fact_tables() for row in read_table(table))
    for key, count in counts.items():
        if count > 1:
            yield Problem(f"occurs {count} times", where="tables", key=key)


def _rows_with_sources() -> Iterable[tuple[str, Row]]:
    return ((table, row) for table in _TABLES_WITH_SOURCES for row in read_table(table))


def _unresolved(catalogue: Catalogue) -> Iterator[Problem]:
    for table, row in _rows_with_sources():
        for key in row["source"].split(";"):
            if key not in catalogue.sources:
                yield Problem(f"names the source '{key}' that does not exist", where=f"{table}.csv")


def _orphans(catalogue: Catalogue) -> Iterator[Problem]:
    used = {key for fact in catalogue.facts.values() for key in fact.source_keys}
    used |= {key for _, row in _rows_with_sources() for key in row["source"].split(";")}
    for key in catalogue.sources:
        if key not in used:
            yield Problem("is used by no row", where="sources", key=key)
