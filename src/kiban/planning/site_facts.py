"""The place of a scenario: a catalogue site with the scenario's own keys over it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kiban.catalogue import AREAS, ClimateNormals, climate_normals
from kiban.errors import CatalogueError, Problem, ScenarioError, nearest
from kiban.messages import Message
from kiban.planning.provenance import Recorder, catalogue_source
from kiban.planning.time_zone import find_time_zone, solar_offset_hours, standard_offset_hours
from kiban.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Place:
    """Where the campus stands; `site` is the catalogue id, None for a place of the user's own."""

    site: str | None
    name_en: str
    name_ja: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    area: str | None
    utc_offset_hours: float
    normals: ClimateNormals | None


def find_place(scenario: Scenario, recorder: Recorder) -> Place:
    """The place; raises `InputError` for an unknown site or area."""
    given = scenario.site
    for key in ("latitude_deg", "longitude_deg", "elevation_m", "area", "utc_offset_hours"):
        value = getattr(given, key)
        if value is not None:
            recorder.give(f"site.{key}", value)
    if given.area is not None and given.area not in AREAS and given.id is not None:
        near = nearest(given.area, AREAS)
        remedy = "nearest" if near else "choose"
        raise ScenarioError(Problem("no_area", key="site.area", remedy=remedy, name=given.area, near=near, names=AREAS))
    if given.id is None:
        assert given.latitude_deg is not None
        assert given.longitude_deg is not None
        name = given.name or f"{given.latitude_deg:.2f}, {given.longitude_deg:.2f}"
        offset = given.utc_offset_hours
        if offset is None:
            offset = _find_offset(given.latitude_deg, given.longitude_deg, scenario.base_year, recorder)
        if given.elevation_m is None:
            recorder.record("site.elevation_m", "0", "m", Message("origin.default"), "assumed", "default")
        return Place(
            site=None,
            name_en=name,
            name_ja=name,
            latitude_deg=given.latitude_deg,
            longitude_deg=given.longitude_deg,
            elevation_m=given.elevation_m if given.elevation_m is not None else 0.0,
            area=given.area,
            utc_offset_hours=offset,
            normals=None,
        )
    try:
        site = recorder.catalogue.site(given.id)
    except CatalogueError as error:
        raise ScenarioError([replace(problem, key="site.id") for problem in error.problems]) from None
    value, source = Message("input.site", site_name=site.id), catalogue_source(site.source)
    recorder.record("site", value, "", source, "assumed", "catalogue", Message("note.coordinates"))
    return Place(
        site=site.id,
        name_en=given.name or site.name_en,
        name_ja=given.name or site.name_ja,
        latitude_deg=_first(given.latitude_deg, site.latitude_deg),
        longitude_deg=_first(given.longitude_deg, site.longitude_deg),
        elevation_m=_first(given.elevation_m, site.elevation_m),
        area=given.area or site.area,
        utc_offset_hours=_first(given.utc_offset_hours, site.utc_offset_hours),
        normals=climate_normals(site.id),
    )


def _find_offset(latitude_deg: float, longitude_deg: float, year: int, recorder: Recorder) -> float:
    """Standard time at coordinates, hours ahead of UTC: of the legal time zone, or of the sun where there is none."""
    zone = find_time_zone(latitude_deg, longitude_deg)
    offset = standard_offset_hours(zone, year) if zone is not None else None
    source = Message("origin.time_zone", name=str(zone)) if offset is not None else Message("origin.longitude")
    found = solar_offset_hours(longitude_deg) if offset is None else offset
    recorder.record("site.utc_offset_hours", f"{found:g}", "h", source, "derived", "formula")
    return found


def take_site_fact(place: Place, quantity: str, recorder: Recorder) -> float | None:
    """A fact `site.<site>.<quantity>` of the catalogue, or None where the catalogue has none for the place."""
    if place.site is None:
        return None
    name = f"site.{place.site}.{quantity}"
    return recorder.take(name) if name in recorder.catalogue else None


def _first(given: float | None, known: float) -> float:
    return known if given is None else given
