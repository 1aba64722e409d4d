"""Sites, figures, examples and words as the JSON that the web pages read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypedDict

from kiban.catalogue import AREAS, Fact, Site, load_catalogue
from kiban.errors import InputError
from kiban.report.names import Names, site_name, unit_names
from kiban.scenario import SeriesReference
from kiban.scenario.examples import example_names, example_path, load_scenario, national_example_names
from kiban.scenario.plain import plain_scenario
from kiban.server.confinement import refuse_outside
from kiban.server.problems import RefusedError
from kiban.server.settings import Settings
from kiban.server.studies import check_size, read_national_example


class SourceDocument(TypedDict):
    """A source of a figure."""

    key: str
    title: str
    publisher: str
    address: str
    grade: str


class FactDocument(TypedDict):
    """A figure of the catalogue with its sources."""

    id: str
    value: float
    low: float | None
    high: float | None
    unit: str
    unit_text: Names
    year: int | None
    status: str
    note: str
    name: Names
    sources: list[SourceDocument]


class FactsDocument(TypedDict):
    """Figures that were asked for, as many as were wanted; `count` are all."""

    facts: list[FactDocument]
    count: int
    left_off: int


class CriterionDocument(TypedDict):
    """What sites may be compared by."""

    quantity: str
    name: Names
    unit: str
    unit_text: Names


class CatalogueSite(TypedDict):
    """A candidate site of the catalogue; `values` are by quantity."""

    id: str
    name: Names
    prefecture: str
    municipality: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    area: str
    kind: str
    announced_capacity_mw: float | None
    status: str
    values: dict[str, float]


class SitesDocument(TypedDict):
    """All sites, and what they may be compared by."""

    sites: list[CatalogueSite]
    criteria: list[CriterionDocument]
    areas: list[str]


class SiteWithFacts(CatalogueSite):
    """Everything about a site."""

    notes: dict[str, str]
    notes_ja: dict[str, str]
    facts: list[FactDocument]


class ExampleDocument(TypedDict):
    """A worked example; one is `usable` where the server takes on what it needs."""

    name: str
    title: str
    description: str
    site: str | None
    site_name: Names
    it_load_mw: float | None
    clean_share: float | None
    usable: bool
    scenario: dict[str, Any]
    toml: str


class NationalExample(TypedDict):
    """An example that is a national study."""

    name: str
    toml: str


class ExamplesDocument(TypedDict):
    """The worked examples."""

    examples: list[ExampleDocument]
    national: list[NationalExample]


def facts_document(facts: Sequence[Fact], most: int) -> FactsDocument:
    """The first of these figures."""
    shown = [fact_document(fact) for fact in facts[:most]]
    return {"facts": shown, "count": len(facts), "left_off": len(facts) - len(shown)}


def fact_document(fact: Fact) -> FactDocument:
    """A figure with its sources."""
    return {
        "id": fact.id,
        "value": fact.value,
        "low": fact.low,
        "high": fact.high,
        "unit": fact.unit,
        "unit_text": unit_names(fact.unit),
        "year": fact.year,
        "status": fact.status,
        "note": fact.note,
        "name": {"en": fact.name_en, "ja": fact.name_ja},
        "sources": [
            {
                "key": source.key,
                "title": source.title,
                "publisher": source.publisher,
                "address": source.address,
                "grade": source.grade,
            }
            for source in load_catalogue().sources_of(fact)
        ],
    }


@cache
def sites_document() -> SitesDocument:
    """All sites, and what is known about every or some of them."""
    catalogue = load_catalogue()
    values = _site_values()
    criteria: dict[str, CriterionDocument] = {}
    for site in catalogue.sites.values():
        for quantity in values.get(site.id, {}):
            if quantity not in criteria:
                fact = catalogue.fact(site.fact_id(quantity))
                criteria[quantity] = {
                    "quantity": quantity,
                    "name": {"en": _general(fact.name_en, site.name_en), "ja": _general(fact.name_ja, site.name_ja)},
                    "unit": fact.unit,
                    "unit_text": unit_names(fact.unit),
                }
    sites = [_site(site, values.get(site.id, {})) for site in catalogue.sites.values()]
    return {"sites": sites, "criteria": list(criteria.values()), "areas": list(AREAS)}


def site_document(site_id: str) -> SiteWithFacts:
    """Everything about a site; `CatalogueError` where there is none of that id."""
    site = load_catalogue().site(site_id)
    facts = [fact for key, fact in load_catalogue().facts.items() if key.startswith(f"site.{site_id}.")]
    return {
        **_site(site, _site_values().get(site_id, {})),
        "notes": {
            "hydro": site.hydro_note,
            "water": site.water_note,
            "volcano": site.volcano_note,
            "landing_station": site.landing_station,
            "note": site.note,
        },
        "notes_ja": {
            "hydro": site.hydro_note_ja,
            "water": site.water_note_ja,
            "volcano": site.volcano_note_ja,
            "landing_station": site.landing_station_ja,
            "note": site.note_ja,
        },
        "facts": [fact_document(fact) for fact in facts],
    }


def _site(site: Site, values: dict[str, float]) -> CatalogueSite:
    return {
        "id": site.id,
        "name": {"en": site.name_en, "ja": site.name_ja},
        "prefecture": site.prefecture,
        "municipality": site.municipality,
        "latitude_deg": site.latitude_deg,
        "longitude_deg": site.longitude_deg,
        "elevation_m": site.elevation_m,
        "area": site.area,
        "kind": site.kind,
        "announced_capacity_mw": site.announced_capacity_mw,
        "status": site.status,
        "values": values,
    }


@cache
def _site_values() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for key, fact in load_catalogue().facts.items():
        parts = key.split(".", 2)
        if parts[0] == "site" and len(parts) == 3:
            found.setdefault(parts[1], {})[parts[2]] = fact.value
    return found


def _general(name: str, place: str) -> str:
    """The name of a figure without the place that it holds for."""
    return name.replace(place, "").strip(" ,、・:の")


def examples_document(settings: Settings) -> ExamplesDocument:
    """The worked examples; one is usable where the server takes on what it needs."""
    return {
        "examples": [_example(name, settings) for name in example_names()],
        "national": [{"name": name, "toml": read_national_example(name)} for name in national_example_names()],
    }


def _example(name: str, settings: Settings) -> ExampleDocument:
    scenario = load_scenario(name)
    plain = plain_scenario(scenario)
    try:
        refuse_outside(plain, settings)
        check_size(scenario, settings)
        usable = True
    except (RefusedError, InputError):
        usable = False
    load = scenario.load.it_load_mw
    return {
        "name": name,
        "title": scenario.name,
        "description": scenario.description,
        "site": scenario.site.id,
        "site_name": {"en": site_name(scenario, "en"), "ja": site_name(scenario, "ja")},
        "it_load_mw": None if isinstance(load, SeriesReference) else load,
        "clean_share": scenario.target.clean_share,
        "usable": usable,
        "scenario": plain,
        "toml": example_path(name).read_text(encoding="utf-8"),
    }
