"""All facts, sites and sources in one frozen object."""

from __future__ import annotations

import fnmatch
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from kiban.catalogue.facts import SCENARIO_SOURCE, Fact, Source, load_sources, read_facts
from kiban.catalogue.ranges import range_of
from kiban.catalogue.sites import Site, moved_site, place_facts, read_sites
from kiban.catalogue.tables import fact_tables
from kiban.errors import CatalogueError, Problem, limit_problems, nearest

LARGEST = sys.float_info.max
"""What is larger, an integer of hundreds of digits say, is no number that can be calculated with."""
_GIVEN = Source(
    key=SCENARIO_SOURCE, title="Value given in the scenario", publisher="scenario", address="", grade="none"
)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Facts by id, sites by id, sources by key; never changed, only replaced by `overridden`."""

    facts: Mapping[str, Fact]
    sites: Mapping[str, Site]
    sources: Mapping[str, Source]

    def __contains__(self, fact_id: object) -> bool:
        """Whether a fact has this id."""
        return fact_id in self.facts

    def fact(self, fact_id: str) -> Fact:
        """The fact with this id; CatalogueError that names the nearest id where there is none."""
        found = self.facts.get(fact_id)
        if found is None:
            raise CatalogueError(_unknown_fact(fact_id, self.facts))
        return found

    def value(self, fact_id: str) -> float:
        """The value of the fact with this id, in the unit of its row."""
        return self.fact(fact_id).value

    def values(self, prefix: str = "") -> dict[str, float]:
        """Values by id of all facts whose id begins with `prefix`, in the order of the tables."""
        return {key: fact.value for key, fact in self.facts.items() if key.startswith(prefix)}

    def site(self, site_id: str) -> Site:
        """The site with this id; CatalogueError that names the nearest id where there is none."""
        found = self.sites.get(site_id)
        if found is None:
            near = nearest(site_id, self.sites)
            raise CatalogueError(Problem("no_site", remedy="nearest" if near else "sites", name=site_id, near=near))
        return found

    def sources_of(self, fact: Fact) -> tuple[Source, ...]:
        """The sources of a fact."""
        return tuple(self.sources[key] for key in fact.source_keys)

    def overridden(self, values: Mapping[str, float]) -> Catalogue:
        """The catalogue with other values for some facts, whose status becomes `given`.

        Raises CatalogueError with every unknown id, every value that is not a finite number and every
        value that its unit does not allow.
        """
        faults = (self._fault(key, value) for key, value in values.items())
        problems = limit_problems(problem for problem in faults if problem is not None)
        if problems:
            raise CatalogueError(problems)
        facts, sites = dict(self.facts), dict(self.sites)
        for key, value in values.items():
            old = facts[key]
            facts[key] = replace(
                old,
                value=float(value),
                low=None,
                high=None,
                source=SCENARIO_SOURCE,
                status="given",
                note=f"the catalogue has {old.value:.10g}",
            )
            if old.table == "sites":
                _, site_id, quantity = key.split(".")
                sites[site_id] = moved_site(sites[site_id], quantity, float(value))
        return _frozen(facts, sites, {**self.sources, SCENARIO_SOURCE: _GIVEN})

    def _fault(self, fact_id: str, value: float) -> Problem | None:
        if fact_id not in self.facts:
            return _unknown_fact(fact_id, self.facts)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
            return Problem("value", key=fact_id, remedy="finite", value=repr(value))
        name = self.facts[fact_id].unit
        lowest, highest = range_of(fact_id, name)
        if fact_id.endswith(".life") and value <= 0.0:
            return Problem("catalogue.life", key=fact_id, life_years=value)
        if not lowest <= value <= highest:
            remedy = "give_at_least" if math.isinf(highest) else "between"
            low, high = f"{lowest:g}", f"{highest:g}"
            return Problem("catalogue.value", key=fact_id, remedy=remedy, value=value, unit=name, low=low, high=high)
        return None


@cache
def load_catalogue() -> Catalogue:
    """The embedded catalogue; read on the first call, the same object afterwards."""
    sites = read_sites()
    facts = {fact.id: fact for site in sites.values() for fact in place_facts(site)}
    facts.update((fact.id, fact) for table in fact_tables() for fact in read_facts(table))
    return _frozen(facts, sites, load_sources())


def describe(catalogue: Catalogue, pattern: str) -> list[Fact]:
    """Facts that a pattern names, in the order of the catalogue.

    In this order of preference: the id of a site (everything about it), a glob over ids (`*.capex`),
    an id or the beginning of one (`pv`, `grid.tokyo`), or words that occur in id, names, note or
    sources, upper or lower case. Raises CatalogueError where nothing matches.
    """
    wanted = pattern.strip()
    if wanted in catalogue.sites:
        found = _with_prefix(catalogue, f"site.{wanted}.")
    elif any(sign in wanted for sign in "*?["):
        found = [fact for fact in catalogue.facts.values() if fnmatch.fnmatchcase(fact.id, wanted)]
    else:
        found = _with_prefix(catalogue, f"{wanted}.", also=wanted) or _with_words(catalogue, wanted)
    if not wanted or not found:
        near = nearest(wanted, [*catalogue.facts, *catalogue.sites])
        remedy = "nearest" if near else "catalogue.pattern"
        raise CatalogueError(Problem("no_match", remedy=remedy, name=pattern, near=near))
    return found


def _with_prefix(catalogue: Catalogue, prefix: str, also: str = "") -> list[Fact]:
    return [fact for key, fact in catalogue.facts.items() if key.startswith(prefix) or key == also]


def _with_words(catalogue: Catalogue, text: str) -> list[Fact]:
    words = text.casefold().split()
    found = []
    for fact in catalogue.facts.values():
        titles = (source.title for source in catalogue.sources_of(fact))
        searched = " ".join((fact.id, fact.name_en, fact.name_ja, fact.note, fact.source, *titles)).casefold()
        if all(word in searched for word in words):
            found.append(fact)
    return found


def _unknown_fact(fact_id: str, known: Iterable[str]) -> Problem:
    near = nearest(fact_id, known)
    return Problem("no_figure", remedy="nearest" if near else "sources", name=fact_id, near=near)


def _frozen(facts: dict[str, Fact], sites: Mapping[str, Site], sources: Mapping[str, Source]) -> Catalogue:
    return Catalogue(
        facts=MappingProxyType(facts),
        sites=MappingProxyType(dict(sites)),
        sources=MappingProxyType(dict(sources)),
    )
