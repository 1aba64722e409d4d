"""The candidate sites: thirty places in Japan where AI campuses stand, are announced or could stand.

Coordinates and elevations are planning values (within about 3 km and 30 m) and always count as
assumed; the status of a site is that of its announcement. What is known about a site's sun, wind,
heat, water, hazard and network are facts named `site.<site>.<quantity>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from kiban.calendar import JAPAN_UTC_OFFSET_HOURS
from kiban.catalogue.facts import Fact, Status
from kiban.catalogue.tables import Row, optional_number, read_table

Kind = Literal["announced_campus", "former_industrial", "renewable_region", "metro"]
KINDS: tuple[Kind, ...] = ("announced_campus", "former_industrial", "renewable_region", "metro")

AREAS = (
    "hokkaido", "tohoku", "tokyo", "chubu", "hokuriku", "kansai", "chugoku", "shikoku", "kyushu", "okinawa",
)  # fmt: skip
"""Supply areas of the ten regional utilities, north to south."""


# quantity of a site -> field of Site, unit, English and Japanese name
_PLACE_FACTS: Mapping[str, tuple[str, str, str, str]] = {
    "latitude": ("latitude_deg", "deg_north", "Latitude", "緯度"),
    "longitude": ("longitude_deg", "deg_east", "Longitude", "経度"),
    "elevation": ("elevation_m", "m", "Elevation", "標高"),
    "announced_capacity_mw": ("announced_capacity_mw", "mw", "Announced IT capacity", "公表容量"),
}
_PLACE_TABLE = "sites"
_PLACE_SOURCE = "engineering-estimate"


@dataclass(frozen=True, slots=True)
class Site:
    """One candidate site.

    `area` is one of `AREAS`; `announced_capacity_mw` is None where nothing is announced in MW. The
    `_note` fields are words, not figures: rivers near by, water, volcanoes; they and the landing station of subsea
    cables stand in English and, as `_ja`, in Japanese.
    """

    id: str
    name_en: str
    name_ja: str
    prefecture: str
    municipality: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    area: str
    frequency_hz: int
    kind: Kind
    announced_capacity_mw: float | None
    hydro_note: str
    hydro_note_ja: str
    water_note: str
    water_note_ja: str
    volcano_note: str
    volcano_note_ja: str
    landing_station: str
    landing_station_ja: str
    source: str
    status: Status
    note: str
    note_ja: str

    @property
    def utc_offset_hours(self) -> float:
        """Hours ahead of UTC; every site lies in Japan."""
        return JAPAN_UTC_OFFSET_HOURS

    def fact_id(self, quantity: str) -> str:
        """Id of a fact about this site: `site.<site>.<quantity>`."""
        return f"site.{self.id}.{quantity}"


def read_sites() -> Mapping[str, Site]:
    """All sites by id, north to south."""
    return {row["id"]: _parse_site(row) for row in read_table(_PLACE_TABLE)}


def place_facts(site: Site) -> tuple[Fact, ...]:
    """Latitude, longitude, elevation and announced capacity of a site as facts."""
    facts = []
    for quantity, (field, unit, name_en, name_ja) in _PLACE_FACTS.items():
        value = getattr(site, field)
        if value is None:
            continue
        announced = quantity == "announced_capacity_mw"
        facts.append(
            Fact(
                id=site.fact_id(quantity),
                value=value,
                low=None,
                high=None,
                unit=unit,
                year=None,
                source=site.source if announced else _PLACE_SOURCE,
                status=site.status if announced else "assumed",
                note=site.note if announced else "planning value, within about 3 km and 30 m",
                name_en=f"{name_en}, {site.name_en}",
                name_ja=f"{name_ja} {site.name_ja}",
                table=_PLACE_TABLE,
            )
        )
    return tuple(facts)


def moved_site(site: Site, quantity: str, value: float) -> Site:
    """The site with another latitude, longitude, elevation or announced capacity."""
    field = _PLACE_FACTS[quantity][0]
    return replace(site, **{field: value})  # type: ignore[arg-type]


def _parse_site(row: Row) -> Site:
    return Site(
        id=row["id"],
        name_en=row["name_en"],
        name_ja=row["name_ja"],
        prefecture=row["prefecture"],
        municipality=row["municipality"],
        latitude_deg=float(row["latitude_deg"]),
        longitude_deg=float(row["longitude_deg"]),
        elevation_m=float(row["elevation_m"]),
        area=row["area"],
        frequency_hz=int(row["frequency_hz"]),
        kind=cast(Kind, row["kind"]),
        announced_capacity_mw=optional_number(row["announced_capacity_mw"]),
        hydro_note=row["hydro_note"],
        hydro_note_ja=row["hydro_note_ja"],
        water_note=row["water_note"],
        water_note_ja=row["water_note_ja"],
        volcano_note=row["volcano_note"],
        volcano_note_ja=row["volcano_note_ja"],
        landing_station=row["landing_station"],
        landing_station_ja=row["landing_station_ja"],
        source=row["source"],
        status=cast(Status, row["status"]),
        note=row["note"],
        note_ja=row["note_ja"],
    )
