"""Monthly climate of the sites: normals of the nearest station, and observed means of five stations.

The normals (1991 to 2020) hold at the station, not at the site: a site that lies higher is colder by
about 6 K per 1,000 m of `elevation_difference_m`. The observed means (2016 to 2025) are 0.5 to 1 K
warmer than the normals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeVar, cast

from kiban.calendar import MONTHS_PER_YEAR
from kiban.catalogue.sites import read_sites
from kiban.catalogue.tables import Row, read_table
from kiban.errors import CatalogueError, Problem, nearest

Found = TypeVar("Found")
Months = tuple[float, ...]
Quantity = Literal["temperature", "humidity", "sunshine", "ghi", "wind"]
QUANTITIES: tuple[Quantity, ...] = ("temperature", "humidity", "sunshine", "ghi", "wind")


@dataclass(frozen=True, slots=True)
class ClimateNormals:
    """Normals at the station nearest to a site; tuples hold January to December.

    `wind_mean_m_s` is the yearly mean at the anemometer, 10 to 60 m above the ground. `status` says for
    each of `QUANTITIES` whether it is `verified` or `assumed`.
    """

    site: str
    station_en: str
    station_ja: str
    station_latitude_deg: float
    station_longitude_deg: float
    station_elevation_m: float
    distance_km: float
    elevation_difference_m: float
    temperature_mean_c: Months
    temperature_max_mean_c: Months
    temperature_min_mean_c: Months
    relative_humidity_pct: Months
    sunshine_hours: Months
    ghi_mj_m2_day: Months
    wind_mean_m_s: float
    status: Mapping[Quantity, Literal["verified", "assumed"]]
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class ObservedClimate:
    """Monthly means of a station over 2016 to 2025; tuples hold January to December.

    `ghi_mj_m2_day` is None where the station does not measure irradiance.
    """

    station: str
    temperature_mean_c: Months
    temperature_max_mean_c: Months
    temperature_min_mean_c: Months
    relative_humidity_pct: Months
    dew_point_mean_c: Months
    wind_mean_m_s: Months
    ghi_mj_m2_day: Months | None
    source: str
    status: Literal["verified", "assumed"]


def climate_normals(site_id: str) -> ClimateNormals:
    """Normals for a site of the catalogue; CatalogueError for another id."""
    return _lookup(_all_normals(), site_id, "catalogue.no_normals")


def observed_climate(station: str) -> ObservedClimate:
    """Observed means of `sapporo`, `sendai`, `tokyo`, `nagoya` or `kanazawa`; CatalogueError for others."""
    return _lookup(_all_observed(), station, "catalogue.no_observed_means")


def _lookup(known: Mapping[str, Found], key: str, fault: str) -> Found:
    if key not in known:
        near = nearest(key, known)
        remedy = "nearest" if near else "choose"
        raise CatalogueError(Problem(fault, remedy=remedy, name=key, near=near, names=tuple(known)))
    return known[key]


@cache
def _all_normals() -> Mapping[str, ClimateNormals]:
    months = _by_month("climate_normals", "site")
    elevations = {site.id: site.elevation_m for site in read_sites().values()}
    return {row["site"]: _normals(row, months[row["site"]], elevations[row["site"]]) for row in _stations()}


def _stations() -> tuple[Row, ...]:
    return read_table("climate_stations")


def _normals(station: Row, months: list[Row], site_elevation_m: float) -> ClimateNormals:
    elevation = float(station["station_elevation_m"])
    return ClimateNormals(
        site=station["site"],
        station_en=station["station_en"],
        station_ja=station["station_ja"],
        station_latitude_deg=float(station["station_latitude_deg"]),
        station_longitude_deg=float(station["station_longitude_deg"]),
        station_elevation_m=elevation,
        distance_km=float(station["distance_km"]),
        elevation_difference_m=site_elevation_m - elevation,
        temperature_mean_c=_column(months, "temperature_mean_c"),
        temperature_max_mean_c=_column(months, "temperature_max_mean_c"),
        temperature_min_mean_c=_column(months, "temperature_min_mean_c"),
        relative_humidity_pct=_column(months, "relative_humidity_pct"),
        sunshine_hours=_column(months, "sunshine_hours"),
        ghi_mj_m2_day=_column(months, "ghi_mj_m2_day"),
        wind_mean_m_s=float(station["wind_mean_m_s"]),
        status={name: _status(station[f"{name}_status"]) for name in QUANTITIES},
        source=station["source"],
        note=station["note"],
    )


@cache
def _all_observed() -> Mapping[str, ObservedClimate]:
    return {
        station: ObservedClimate(
            station=station,
            temperature_mean_c=_column(months, "temperature_mean_c"),
            temperature_max_mean_c=_column(months, "temperature_max_mean_c"),
            temperature_min_mean_c=_column(months, "temperature_min_mean_c"),
            relative_humidity_pct=_column(months, "relative_humidity_pct"),
            dew_point_mean_c=_column(months, "dew_point_mean_c"),
            wind_mean_m_s=_column(months, "wind_mean_m_s"),
            ghi_mj_m2_day=_column(months, "ghi_mj_m2_day") if months[0]["ghi_mj_m2_day"] else None,
            source=months[0]["source"],
            status=_status(months[0]["status"]),
        )
        for station, months in _by_month("climate_observed", "station").items()
    }


def _by_month(table: str, key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in read_table(table):
        groups.setdefault(row[key], []).append(row)
    for name, rows in groups.items():
        if [int(row["month"]) for row in rows] != list(range(1, MONTHS_PER_YEAR + 1)):
            raise ValueError(f"{table}.csv: {name} must have the months 1 to 12 in order")
    return groups


def _column(months: list[Row], name: str) -> Months:
    return tuple(float(row[name]) for row in months)


def _status(text: str) -> Literal["verified", "assumed"]:
    return cast(Literal["verified", "assumed"], text)
