"""The weather of a scenario: each file source through the scenario, and what is said where weather and site differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit import test_epw, test_nsrdb, test_solcast

import kiban
from kiban.errors import InputError
from kiban.scenario import parse_scenario

WINDOW = {"hours": 24}


def notes_of(folder: Path, site: dict[str, Any], source: str, lines: list[str]) -> tuple[list[str], dict[str, str]]:
    (folder / "site.csv").write_text("\n".join(lines) + "\n")
    content = {"name": "x", "site": site, "time": WINDOW, "weather": {"source": source, "files": ["site.csv"]}}
    preparation = kiban.check(parse_scenario(content).placed_in(folder))
    inputs = {entry.name: f"{entry.value} {entry.source}" for entry in preparation.recorder}
    return [str(note) for note in preparation.weather.notes], inputs


def test_weather_of_another_place_and_time_is_said(tmp_path: Path) -> None:
    lines = [*test_epw.header(), *test_epw.ROWS]
    there = {"latitude_deg": test_epw.LATITUDE, "longitude_deg": test_epw.LONGITUDE, "area": "hokkaido"}
    notes, inputs = notes_of(tmp_path, there, "epw", lines)
    assert not any("away" in note or "UTC" in note for note in notes)
    assert inputs["site.utc_offset_hours"] == "9 standard time of the zone Asia/Tokyo"
    # A degree of latitude is 111.2 km; half of one is 55.6 km.
    notes, _ = notes_of(tmp_path, {**there, "latitude_deg": test_epw.LATITUDE - 0.5}, "epw", lines)
    assert notes[-1] == "the weather is of a place 56 km away from the site"
    notes, _ = notes_of(tmp_path, {**there, "latitude_deg": test_epw.LATITUDE - 0.4}, "epw", lines)
    assert not any("away" in note for note in notes)
    notes, _ = notes_of(tmp_path, {**there, "utc_offset_hours": 8}, "epw", lines)
    assert notes[-1].startswith("the weather's hours are UTC+9, the site's UTC+8")


def test_nsrdb_abroad_by_coordinates_alone(tmp_path: Path) -> None:
    site = {"latitude_deg": test_nsrdb.LATITUDE, "longitude_deg": test_nsrdb.LONGITUDE, "area": "hokkaido"}
    notes, inputs = notes_of(tmp_path, site, "nsrdb", [*test_nsrdb.header(), *test_nsrdb.YEAR])
    assert inputs["site.utc_offset_hours"] == "-7 standard time of the zone America/Denver"
    assert any("wind is at 2 m" in note for note in notes)
    assert not any("away" in note or "UTC-" in note for note in notes)


def test_solcast_takes_place_and_time_of_the_scenario(tmp_path: Path) -> None:
    site = {"latitude_deg": -33.86, "longitude_deg": 151.22, "area": "hokkaido"}
    notes, inputs = notes_of(tmp_path, site, "solcast", [test_solcast.NEW, *test_solcast.HOURS])
    assert inputs["site.utc_offset_hours"] == "10 standard time of the zone Australia/Sydney"
    assert any("the place is the scenario's" in note for note in notes)


@pytest.mark.parametrize("source", ["nsrdb", "solcast"])
def test_years_that_a_file_does_not_hold(tmp_path: Path, source: str) -> None:
    lines = {"nsrdb": [*test_nsrdb.header(), *test_nsrdb.YEAR], "solcast": [test_solcast.NEW, *test_solcast.HOURS]}
    (tmp_path / "site.csv").write_text("\n".join(lines[source]))
    weather = {"source": source, "files": ["site.csv"], "years": [2001]}
    site = (
        {"latitude_deg": 40.01, "longitude_deg": -105.26}
        if source == "nsrdb"
        else {"latitude_deg": -33.86, "longitude_deg": 151.22}
    )
    content = {"name": "x", "site": site, "time": WINDOW, "weather": weather}
    with pytest.raises(InputError, match="year 2001 has 0 of 8760 steps"):
        kiban.check(parse_scenario(content).placed_in(tmp_path))
