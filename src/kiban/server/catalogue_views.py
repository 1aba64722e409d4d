"""Sites, figures, examples and words as the JSON that the web pages read."""

from __future__ import annotations

from functools import cache
from typing import Any

from kiban.catalogue import AREAS, Fact, Site, load_catalogue
from kiban.errors import InputError
from kiban.quantities import LANGUAGES
from kiban.report.names import site_name, unit_names
from kiban.scenario import SeriesReference
from kiban.scenario.examples import example_names, example_path, load_scenario, national_example_names
from kiban.scenario.plain import plain_scenario
from kiban.server.problems import RefusedError
from kiban.server.settings import Settings
from kiban.server.studies import check_size, read_national_example, refuse_outside


def fact_view(fact: Fact) -> dict[str, Any]:
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
def sites_view() -> dict[str, Any]:
    """All sites, and what is known about every or some of them."""
    catalogue = load_catalogue()
    values = _site_values()
    criteria: dict[str, dict[str, Any]] = {}
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


def site_view(site_id: str) -> dict[str, Any]:
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
        "facts": [fact_view(fact) for fact in facts],
    }


def _site(site: Site, values: dict[str, float]) -> dict[str, Any]:
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


def examples_view(settings: Settings) -> dict[str, Any]:
    """The worked examples; one is usable where the server takes on what it needs."""
    return {
        "examples": [_example(name, settings) for name in example_names()],
        "national": [{"name": name, "toml": read_national_example(name)} for name in national_example_names()],
    }


def _example(name: str, settings: Settings) -> dict[str, Any]:
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
        "site_name": {language: site_name(scenario, language) for language in LANGUAGES},
        "it_load_mw": None if isinstance(load, SeriesReference) else load,
        "clean_share": scenario.target.clean_share,
        "usable": usable,
        "scenario": plain,
        "toml": example_path(name).read_text(encoding="utf-8"),
    }
