"""The page of one site: everything known about it, its area and its interconnectors, each with status and source."""

from __future__ import annotations

import re

import pytest

from kiban.catalogue import describe, load_catalogue
from kiban.quantities import format_quantity
from kiban.report.catalogue import site_text
from kiban.report.layout import render

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", ["tomakomai", "okinawa", "koto"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_fact_of_site_area_and_interconnectors_stands_there_with_its_sources(name, language):
    site = CATALOGUE.site(name)
    page = render(site_text(CATALOGUE, site, language), width=160, colour=False)
    links = [
        fact
        for fact in CATALOGUE.facts.values()
        if fact.id.startswith("interconnector.") and site.area in fact.id.split(".")[1].split("-")
    ]
    facts = [*describe(CATALOGUE, name), *describe(CATALOGUE, f"grid.{site.area}"), *links]
    assert bool(links) == (site.area != "okinawa")
    for fact in facts:
        assert format_quantity(fact.value, fact.unit, language) in page, fact.id
    for key in {key for fact in facts for key in fact.source_keys}:
        source = CATALOGUE.sources[key]
        assert re.sub(r"\s+", "", source.title) in re.sub(r"\s+", "", page), key
