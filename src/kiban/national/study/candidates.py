"""The candidate sites of a national study: what the catalogue knows, overridden by what the user gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kiban.catalogue import Catalogue
from kiban.catalogue.sites import Site as CatalogueSite
from kiban.catalogue.tables import read_table
from kiban.errors import Problem, ScenarioError
from kiban.national.study.hazard import Exposure
from kiban.national.study.latency import Fibre, read_fibre, round_trip_ms
from kiban.scenario.national import CandidateSite, NationalScenario, Tranche
from kiban.weather.distance import great_circle_km

HUBS = ("tokyo", "osaka")
OFFSHORE_KM = 15.0
"""The coast is drawn coarsely: a point is called at sea only this far outside it."""

KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place where a campus may stand.

    `catalogue_site` is the site whose climate and resources hold, or None; `own` the user's keys.
    `round_trip_ms` is by hub. `connection_mw` is infinite where only the area limits it.
    """

    id: str
    name_en: str
    name_ja: str
    catalogue_site: str | None
    own: CandidateSite | None
    latitude_deg: float
    longitude_deg: float
    area: str
    kind: str
    max_mw: float
    min_mw: float
    connection_year: float
    connection_mw: float
    must_open: bool
    round_trip_ms: dict[str, float]
    fibre_route_km: float
    exposure: Exposure
    land_price_myen_per_m2: float
    fixed_cost_myen_per_year: float

    def reach_ms(self, hub: str) -> float:
        """Round trip to a hub, or to the nearer of the two."""
        return min(self.round_trip_ms.values()) if hub == "nearest" else self.round_trip_ms[hub]

    def serves(self, tranche: Tranche) -> bool:
        """Whether the site is near enough for a tranche."""
        return tranche.max_round_trip_ms is None or self.reach_ms(tranche.hub) <= tranche.max_round_trip_ms


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A candidate that is left out, and why: a key of `[hazard]`, its value here and the limit."""

    site: str
    key: str
    value: float
    limit: float


def list_candidates(study: NationalScenario, catalogue: Catalogue) -> tuple[tuple[Candidate, ...], list[Exclusion]]:
    """All candidates in the catalogue's order, then the user's own, and those that a hazard limit excludes.

    Raises `ScenarioError` with every candidate that lies at sea.
    """
    own = {site.id: site for site in study.site}
    listed = list(catalogue.sites) if study.national.sites is None else list(study.national.sites)
    listed += [name for name in own if name not in listed]
    fibre = read_fibre(catalogue)
    found: list[Candidate] = []
    excluded: list[Exclusion] = []
    problems: list[Problem] = []
    for name in listed:
        given = own.get(name)
        if given is not None and not given.enabled:
            continue
        candidate = _describe(name, given, study, catalogue, fibre)
        offshore, latitude, longitude = _nearest_land(candidate.latitude_deg, candidate.longitude_deg)
        if offshore > OFFSHORE_KM:
            problems.append(
                Problem(
                    "national.at_sea",
                    key="site.latitude_deg",
                    name=name,
                    latitude_deg=candidate.latitude_deg,
                    longitude_deg=candidate.longitude_deg,
                    offshore_km=offshore,
                    land_latitude_deg=latitude,
                    land_longitude_deg=longitude,
                )
            )
        limits = list(_excluding_limits(candidate, study))
        excluded += limits[:1]
        if not limits:
            found.append(candidate)
    if problems:
        raise ScenarioError(problems)
    if not found:
        raise ScenarioError(Problem("national.no_candidate", key="national.sites"))
    return tuple(found), excluded


def _describe(
    name: str, given: CandidateSite | None, study: NationalScenario, catalogue: Catalogue, fibre: Fibre
) -> Candidate:
    like = name if name in catalogue.sites else given.like if given is not None else None
    known = catalogue.sites[like] if like is not None else None
    latitude, longitude = _own(given, "latitude_deg", known), _own(given, "longitude_deg", known)
    area = str(given.area if given is not None and given.area is not None else known.area if known else "")
    kind = given.kind if given is not None and given.kind is not None else known.kind if known else "renewable_region"
    moved = known is None or (latitude, longitude) != (known.latitude_deg, known.longitude_deg)
    trips, nearest_km = {}, math.inf
    for hub in HUBS:
        distance = great_circle_km(
            latitude,
            longitude,
            catalogue.value(f"national.hub.{hub}.latitude"),
            catalogue.value(f"national.hub.{hub}.longitude"),
        )
        if not moved and like is not None:
            distance = catalogue.value(f"site.{like}.distance_{hub}")
        trips[hub] = round_trip_ms(distance, fibre)
        nearest_km = min(nearest_km, distance * fibre.route_factor)
        override = getattr(given, f"round_trip_{hub}_ms") if given is not None else None
        if override is not None:
            trips[hub] = override

    def figure(field: str, quantity: str, default: float) -> float:
        value = getattr(given, field) if given is not None else None
        if value is not None:
            return float(value)
        row = f"site.{like}.{quantity}"
        return catalogue.value(row) if row in catalogue else default

    exposure = Exposure(
        shaking_probability_30y=figure("shaking_probability_30y", "shaking_probability_30y", 0.0),
        tsunami_class=figure("tsunami_class", "tsunami_class", 0.0),
        flood_class=figure("flood_class", "flood_class", 0.0),
        typhoon_class=figure("typhoon_class", "typhoon_class", 0.0),
        snow_depth_maximum_cm=figure("snow_depth_maximum_cm", "snow_depth_maximum", 0.0),
    )
    terms = study.area.get(area)
    lead = catalogue.value(f"grid.{area}.connection_lead_time")
    if terms is not None and terms.connection_lead_time_years is not None:
        lead = terms.connection_lead_time_years
    year = given.connection_year if given is not None else None
    fixed = given.fixed_cost_myen_per_year if given is not None else None
    connection = given.connection_mw if given is not None else None
    return Candidate(
        id=name,
        name_en=_name(given, known, "name_en", name),
        name_ja=_name(given, known, "name_ja", name),
        catalogue_site=like,
        own=given,
        latitude_deg=latitude,
        longitude_deg=longitude,
        area=area,
        kind=kind,
        max_mw=_largest(given, known, kind, study, catalogue),
        min_mw=figure("min_mw", "", catalogue.value("national.campus_least")),
        connection_year=float(year) if year is not None else study.national.decision_year + lead,
        connection_mw=math.inf if connection is None else connection,
        must_open=given is not None and given.must_open,
        round_trip_ms=trips,
        fibre_route_km=nearest_km,
        exposure=exposure,
        land_price_myen_per_m2=figure(
            "land_price_myen_per_m2", "land_price", catalogue.value("datacentre.land_price.regional") * _yen(catalogue)
        ),
        fixed_cost_myen_per_year=(
            fixed
            if fixed is not None
            else catalogue.value("national.site_fixed") + catalogue.value("national.fibre_lease") * nearest_km
        ),
    )


def _yen(catalogue: Catalogue) -> float:
    """Million yen per US dollar."""
    return catalogue.value("money.yen_per_usd") / 1e6


def _own(given: CandidateSite | None, field: str, known: CatalogueSite | None) -> float:
    value = getattr(given, field) if given is not None else None
    return float(value if value is not None else getattr(known, field))


def _name(given: CandidateSite | None, known: CatalogueSite | None, field: str, default: str) -> str:
    if given is not None and given.name is not None:
        return given.name
    return getattr(known, field) if known is not None and known.id == default else default


def _largest(
    given: CandidateSite | None,
    known: CatalogueSite | None,
    kind: str,
    study: NationalScenario,
    catalogue: Catalogue,
) -> float:
    """The user's limit, else the kind's or what is announced if that is more; the study's limit holds for all."""
    most = study.limits.max_site_mw if study.limits.max_site_mw is not None else math.inf
    if given is not None and given.max_mw is not None:
        return min(given.max_mw, most)
    usual = catalogue.value(f"national.campus_limit.{kind}")
    announced = known.announced_capacity_mw if known is not None else None
    return min(max(usual, announced or 0.0), most)


def _excluding_limits(candidate: Candidate, study: NationalScenario) -> Iterator[Exclusion]:
    for field in ("shaking_probability_30y", "tsunami_class", "flood_class"):
        limit, value = getattr(study.hazard, f"max_{field}"), getattr(candidate.exposure, field)
        if limit is not None and value > limit:
            yield Exclusion(candidate.id, f"hazard.max_{field}", value, limit)


def _nearest_land(latitude_deg: float, longitude_deg: float) -> tuple[float, float, float]:
    """Distance to the coarse coast, km (0 on land), with latitude and longitude of its nearest point."""
    nearest = (math.inf, latitude_deg, longitude_deg)
    scale = math.cos(math.radians(latitude_deg))
    for outline in coastline().values():
        if _inside(latitude_deg, longitude_deg, outline):
            return 0.0, latitude_deg, longitude_deg
        points = [
            ((lon - longitude_deg) * scale * KM_PER_DEGREE, (lat - latitude_deg) * KM_PER_DEGREE)
            for lat, lon in outline
        ]
        for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
            dx, dy = bx - ax, by - ay
            along = min(1.0, max(0.0, -(ax * dx + ay * dy) / max(dx * dx + dy * dy, 1e-12)))
            x, y = ax + along * dx, ay + along * dy
            place = (latitude_deg + y / KM_PER_DEGREE, longitude_deg + x / scale / KM_PER_DEGREE)
            nearest = min(nearest, (math.hypot(x, y), *place))
    return nearest


def coastline() -> dict[str, list[tuple[float, float]]]:
    """Coarse outlines of the main islands, (latitude, longitude) in degrees."""
    outlines: dict[str, list[tuple[float, float]]] = {}
    for row in read_table("coastline"):
        outlines.setdefault(row["island"], []).append((float(row["latitude_deg"]), float(row["longitude_deg"])))
    return outlines


def _inside(latitude: float, longitude: float, outline: list[tuple[float, float]]) -> bool:
    inside = False
    for (lat1, lon1), (lat2, lon2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        crosses = (lat1 > latitude) != (lat2 > latitude)
        if crosses and longitude < (lon2 - lon1) * (latitude - lat1) / (lat2 - lat1) + lon1:
            inside = not inside
    return inside
