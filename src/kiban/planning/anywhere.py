"""A scenario for any place on earth from its coordinates: weather, standard time, grid area and costs follow from them.

In Japan the embedded typical year, the area of the nearest catalogue site and Japanese costs; elsewhere a file or a
service, American costs and the price level of the country (`price_level.*` of the catalogue). The country is that of
the legal time zone, by the table zone.tab of the time-zone database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError, WeatherError
from kiban.planning.time_zone import find_time_zone
from kiban.scenario import Scenario, parse_scenario
from kiban.scenario.place import ONLINE_SOURCES
from kiban.weather.distance import great_circle_km
from kiban.weather.recognition import recognise
from kiban.weather.typical import nearest_station

JAPAN = "JP"
SERVICE = "nasa-power"
"""The service that is asked where no weather is named: it covers the whole earth, from 2001."""


def scenario_at(
    latitude_deg: float,
    longitude_deg: float,
    *,
    weather: str | None = None,
    years: Sequence[int] = (),
    load_mw: float | None = None,
    wind_mw: float | None = None,
    currency: str | None = None,
    changes: Sequence[Mapping[str, Any]] = (),
    folder: Path | None = None,
) -> Scenario:
    """The scenario of a place: a load, the sun, a battery, the grid and backup; raises `InputError` for what is wrong.

    With `wind_mw` as much wind on land may be built, on the weather's own wind, which a power law takes up to the hub
    (`physics.wind`). Other supply depends on what a place has and is left to a scenario.

    `weather` is a file (its format is found in it), a service, or `typical`; None takes the typical year where there is
    one and NASA POWER elsewhere, for the year before the scenario's base year unless `years` are given. `changes` are
    tables of a scenario that are put over all this.
    """
    country = country_of(latitude_deg, longitude_deg)
    site: dict[str, Any] = {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg}
    raw: dict[str, Any] = {
        "name": f"{latitude_deg:.2f}, {longitude_deg:.2f}",
        "site": site,
        "weather": _weather(latitude_deg, longitude_deg, weather, years, folder or Path()),
        "supply": {"pv": {}},
        "money": {"currency": currency or ("JPY" if country == JAPAN else "USD")},
        "finance": {},
    }
    if country == JAPAN:
        site["area"] = _nearest_area(latitude_deg, longitude_deg)
    else:
        raw["finance"] = {"cost_set": "united-states"}
        if country is not None and f"price_level.{country.lower()}" in load_catalogue():
            raw["finance"]["price_level_of"] = country
    if wind_mw is not None:
        raw["supply"]["wind_onshore"] = {"max_mw": wind_mw}
    if load_mw is not None:
        raw["load"] = {"it_load_mw": load_mw}
    for change in changes:
        _lay_over(raw, change)
    return parse_scenario(raw, where="--at").placed_in(folder or Path())


def _lay_over(raw: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Put the keys of a mapping over those of another, table by table."""
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(raw.get(key), dict):
            _lay_over(raw[key], value)
        else:
            raw[key] = value


def country_of(latitude_deg: float, longitude_deg: float) -> str | None:
    """ISO 3166 code of the country whose legal time holds at a place; None at sea and where none is known."""
    return _countries().get(find_time_zone(latitude_deg, longitude_deg) or "")


@cache
def _countries() -> dict[str, str]:
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def _weather(
    latitude_deg: float, longitude_deg: float, given: str | None, years: Sequence[int], folder: Path
) -> dict[str, Any]:
    if given is None:
        try:
            nearest_station(latitude_deg, longitude_deg, 0.0)
        except WeatherError:
            given = SERVICE
        else:
            given = SERVICE if years else "typical"
    if given == "typical":
        return {"source": given, "years": list(years)}
    if given in ONLINE_SOURCES:
        before = Scenario.model_fields["base_year"].default - 1
        return {"source": given, "years": list(years) or ([] if given == "pvgis" else [before])}
    return {"source": recognise(folder / given), "files": [given], "years": list(years)}


def _nearest_area(latitude_deg: float, longitude_deg: float) -> str:
    """Grid area of the nearest site of the catalogue."""
    sites = load_catalogue().sites.values()
    nearest = min(
        sites, key=lambda site: great_circle_km(site.latitude_deg, site.longitude_deg, latitude_deg, longitude_deg)
    )
    return nearest.area


def read_coordinates(text: str) -> tuple[float, float]:
    """Latitude and longitude of a text such as `35.7,140.1`; raises `ScenarioError` for anything else."""
    parts = text.replace(" ", "").split(",")
    try:
        latitude_deg, longitude_deg = (float(part) for part in parts)
    except ValueError:
        raise ScenarioError(Problem("coordinates", key="--at", text=text)) from None
    if not (-90 <= latitude_deg <= 90 and -180 <= longitude_deg <= 180):
        raise ScenarioError(Problem("coordinates", key="--at", text=text))
    return latitude_deg, longitude_deg
