"""Faults of a catalogue: what the tests ask of every row, site and source."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from kiban.catalogue.catalogue import Catalogue
from kiban.catalogue.facts import GRADES, STATUSES, Fact, Source
from kiban.catalogue.ranges import range_of
from kiban.catalogue.sites import AREAS, KINDS, Site
from kiban.catalogue.tables import Row, fact_tables, read_table
from kiban.catalogue.units import UNITS
from kiban.errors import Problem

_ID = re.compile(r"[a-z][a-z0-9_]*(?:[.\-][a-z0-9_]+)*")
_LATITUDES_DEG = (20.0, 46.0)
_LONGITUDES_DEG = (122.0, 154.0)
_TABLES_WITH_SOURCES = (
    "sites", "climate_stations", "climate_observed", "prices_yearly", "prices_monthly", "prices_hourly", "plausible",
    "market_profiles", "market_fleet", "market_fuels", "market_bids", "market_bid_groups",
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
    where, key = f"{fact.table}.csv", fact.id
    if not _ID.fullmatch(fact.id):
        yield Problem("catalogue.id", where, key)
    if not fact.name_en or not fact.name_ja:
        yield Problem("catalogue.names", where, key)
    numbers = [number for number in (fact.low, fact.value, fact.high) if number is not None]
    if not all(math.isfinite(number) for number in numbers):
        yield Problem("catalogue.not_finite", where, key)
    elif numbers != sorted(numbers):
        yield Problem("catalogue.outside_range", where, key, value=fact.value, low=str(fact.low), high=str(fact.high))
    unit = UNITS.get(fact.unit)
    if unit is None:
        yield Problem("catalogue.unknown_unit", where, key, name=fact.unit)
    elif not all(low <= number <= high for low, high in [range_of(key, fact.unit)] for number in numbers):
        yield Problem("catalogue.outside_unit", where, key, name=fact.unit)
    if fact.status not in STATUSES:
        yield Problem("catalogue.unknown_status", where, key, name=fact.status)
    sources = [catalogue.sources.get(key) for key in fact.source_keys]
    if None in sources:
        yield Problem("catalogue.no_source", where, key, names=fact.source)
    elif fact.status == "verified" and all(source.grade == "none" for source in sources if source):
        yield Problem("catalogue.only_assumed", where, key)


def _check_site(site: Site) -> Iterator[Problem]:
    where, key = "sites.csv", site.id
    if site.area not in AREAS:
        yield Problem("catalogue.unknown_area", where, key, name=site.area)
    if site.kind not in KINDS:
        yield Problem("catalogue.unknown_kind", where, key, name=site.kind)
    if site.status not in STATUSES:
        yield Problem("catalogue.unknown_status", where, key, name=site.status)
    within = (
        _LATITUDES_DEG[0] <= site.latitude_deg <= _LATITUDES_DEG[1]
        and _LONGITUDES_DEG[0] <= site.longitude_deg <= _LONGITUDES_DEG[1]
    )
    if not within:
        yield Problem("catalogue.outside_japan", where, key)


def _check_source(source: Source) -> Iterator[Problem]:
    where, key = "sources", source.key
    if source.grade not in GRADES:
        yield Problem("catalogue.unknown_grade", where, key, name=source.grade)
    if not source.title or not source.publisher:
        yield Problem("catalogue.no_title", where, key)
    if source.grade != "none" and not source.address:
        yield Problem("catalogue.no_address", where, key)


def _repeated_ids() -> Iterator[Problem]:
    counts = Counter(row["id"] for table in fact_tables() for row in read_table(table))
    for key, count in counts.items():
        if count > 1:
            yield Problem("catalogue.repeated", "tables", key, count=count)


def _rows_with_sources() -> Iterable[tuple[str, Row]]:
    return ((table, row) for table in _TABLES_WITH_SOURCES for row in read_table(table))


def _unresolved(catalogue: Catalogue) -> Iterator[Problem]:
    for table, row in _rows_with_sources():
        for key in row["source"].split(";"):
            if key not in catalogue.sources:
                yield Problem("catalogue.unknown_source", f"{table}.csv", name=key)


def _orphans(catalogue: Catalogue) -> Iterator[Problem]:
    used = {key for fact in catalogue.facts.values() for key in fact.source_keys}
    used |= {key for _, row in _rows_with_sources() for key in row["source"].split(";")}
    for key in catalogue.sources:
        if key not in used:
            yield Problem("catalogue.unused", "sources", key)
