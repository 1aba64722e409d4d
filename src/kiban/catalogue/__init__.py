"""The facts: figures with unit, range, year, source and status, embedded as tables.

    catalogue       all facts, sites and sources in one frozen object
    facts           a fact and a source
    sites           the candidate sites
    climate         monthly climate of the sites
    prices          day-ahead prices by area
    economy_products  products behind money, and how accounts fall on them
    economy_tables  the input-output table and the shares of prefectures
    ranges          between which values a figure may be assumed
    plausible       what a scenario's price, cost, load or size usually is
    units           units of rows, and the values that they allow
    tables          the embedded files
    checks          faults of a catalogue, for its tests

    catalogue = load_catalogue()
    catalogue.value("pv.capex")                          # million yen per MW
    catalogue.site("tomakomai").area                     # "hokkaido"
    catalogue.overridden({"pv.life": 30})                # another catalogue; that row is `given`
    describe(catalogue, "battery")                       # every row about batteries

Rows are named `<technology or subject>.<quantity>`; `us.` begins the American cost set, `site.<site>.`
what is known about a place and `grid.<area>.` what is known about a supply area.
"""

from __future__ import annotations

from kiban.catalogue.catalogue import Catalogue, describe, load_catalogue
from kiban.catalogue.climate import ClimateNormals, ObservedClimate, climate_normals, observed_climate
from kiban.catalogue.facts import Fact, Source, Status
from kiban.catalogue.prices import (
    PriceStatistics,
    newest_complete_fiscal_year,
    price_hour_profile,
    price_month_means,
    price_statistics,
    price_years,
    typical_prices,
)
from kiban.catalogue.sites import AREAS, Site
from kiban.catalogue.units import UNITS, Unit

__all__ = [
    "AREAS",
    "UNITS",
    "Catalogue",
    "ClimateNormals",
    "Fact",
    "ObservedClimate",
    "PriceStatistics",
    "Site",
    "Source",
    "Status",
    "Unit",
    "climate_normals",
    "describe",
    "load_catalogue",
    "newest_complete_fiscal_year",
    "observed_climate",
    "price_hour_profile",
    "price_month_means",
    "price_statistics",
    "price_years",
    "typical_prices",
]
