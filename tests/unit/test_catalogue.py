"""Catalogue: every row is sound, look-ups name what is near, overrides are checked, words find rows."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.catalogue import AREAS, UNITS, Catalogue, Fact, Source, describe, load_catalogue
from kiban.catalogue.checks import check_catalogue, check_fact
from kiban.catalogue.facts import read_facts
from kiban.catalogue.ranges import range_of, read_ranges
from kiban.catalogue.sites import read_sites
from kiban.catalogue.tables import FACT_COLUMNS, fact_tables, read_sources, read_table
from kiban.errors import EXIT_INPUT, CatalogueError

CATALOGUE = load_catalogue()

OWN_TABLES = {"technologies", "grid", "datacentre", "chips", "finance", "resources", "hazard", "connectivity"}


def changed(fact_id: str, **values: object) -> Fact:
    return dataclasses.replace(CATALOGUE.fact(fact_id), **values)


# ---- every row


def test_every_row_site_and_source_is_sound() -> None:
    assert check_catalogue(CATALOGUE) == []


def test_all_tables_are_found() -> None:
    assert set(fact_tables()) >= OWN_TABLES
    assert {fact.table for fact in CATALOGUE.facts.values()} == set(fact_tables()) | {"sites"}


def test_tables_without_fact_columns_are_no_fact_tables() -> None:
    assert not {"sites", "climate_normals", "prices_hourly"} & set(fact_tables())


def test_no_row_is_lost_between_files_and_catalogue() -> None:
    rows = sum(len(read_table(table)) for table in fact_tables())
    places = sum(1 for fact in CATALOGUE.facts.values() if fact.table == "sites")
    assert len(CATALOGUE.facts) == rows + places


@pytest.mark.parametrize("table", sorted(OWN_TABLES))
def test_cells_have_no_stray_space(table: str) -> None:
    for row in read_table(table):
        assert tuple(row) == FACT_COLUMNS
        assert all(cell == cell.strip() for cell in row.values())


def test_checks_see_each_fault() -> None:
    sound = "pv.capex"
    cases = {
        "lower-case": changed(sound, id="PV capex"),
        "Japanese name": changed(sound, name_ja=""),
        "outside its range": changed(sound, value=1e9),
        "not finite": changed(sound, value=math.nan, low=None, high=None),
        "unknown unit": changed(sound, unit="florins"),
        "allows": changed("geothermal.availability", value=1.2, high=1.3),
        "unknown status": changed(sound, status="rumoured"),
        "does not exist": changed(sound, source="nobody"),
        "assumption alone": changed(sound, source="engineering-estimate"),
    }
    for text, fact in cases.items():
        assert any(text in str(problem) for problem in check_fact(fact, CATALOGUE)), text


def test_checks_see_an_orphan_and_a_bad_source() -> None:
    orphan = Source("orphan", "A paper", "", "https://example.org", "A")
    no_address = Source("no-address", "A paper", "A press", "", "B")
    sources = {**CATALOGUE.sources, "orphan": orphan, "no-address": no_address}
    faults = [str(problem) for problem in check_catalogue(dataclasses.replace(CATALOGUE, sources=sources))]
    assert any("orphan" in fault and "no row" in fault for fault in faults)
    assert any("orphan" in fault and "no publisher" in fault for fault in faults)
    assert any("no-address" in fault and "no address" in fault for fault in faults)


def test_checks_see_a_missing_source() -> None:
    sources = {key: source for key, source in CATALOGUE.sources.items() if key != "jepx-spot"}
    faults = [str(problem) for problem in check_catalogue(dataclasses.replace(CATALOGUE, sources=sources))]
    assert any("prices_hourly.csv" in fault and "'jepx-spot' that does not exist" in fault for fault in faults)


def test_an_assumption_is_never_called_verified() -> None:
    for fact in CATALOGUE.facts.values():
        if fact.source == "engineering-estimate":
            assert fact.status == "assumed", fact.id


def test_sources_of_two_files_do_not_share_a_key() -> None:
    assert len(read_sources()) == len(CATALOGUE.sources)


# ---- sites


def test_thirty_sites_in_ten_areas() -> None:
    assert len(CATALOGUE.sites) == 30
    assert {site.area for site in CATALOGUE.sites.values()} <= set(AREAS)
    assert CATALOGUE.site("tomakomai").announced_capacity_mw == 300.0
    assert CATALOGUE.site("muroran").announced_capacity_mw is None


def test_frequency_follows_the_area() -> None:
    for site in CATALOGUE.sites.values():
        assert site.frequency_hz == (50 if site.area in {"hokkaido", "tohoku", "tokyo"} else 60)
        assert site.utc_offset_hours == 9.0


@pytest.mark.parametrize(
    "quantity",
    ["latitude", "longitude", "elevation", "ghi_yearly", "wind_onshore_mean_speed_100m", "geothermal_potential_mw",
     "hydro_potential_mw", "land_price", "water_price", "shaking_probability_30y", "round_trip_tokyo"],
)  # fmt: skip
def test_every_site_has(quantity: str) -> None:
    for site in CATALOGUE.sites.values():
        assert site.fact_id(quantity) in CATALOGUE


def test_geothermal_potential_comes_with_availability() -> None:
    for site in CATALOGUE.sites.values():
        has_potential = CATALOGUE.value(site.fact_id("geothermal_potential_mw")) > 0.0
        assert (site.fact_id("geothermal_availability") in CATALOGUE) == has_potential, site.id


def test_unknown_site_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'tomakomai'") as caught:
        CATALOGUE.site("tomakomi")
    assert caught.value.exit_code == EXIT_INPUT
    with pytest.raises(CatalogueError, match="kiban sites"):
        CATALOGUE.site("")


# ---- areas and technologies that planning relies on


@pytest.mark.parametrize("area", AREAS)
def test_every_area_has_its_grid_rows(area: str) -> None:
    for quantity in ("emission_factor", "clean_share", "solar_share", "connection_lead_time",
                     "wheeling_demand_charge", "wheeling_energy_charge"):  # fmt: skip
        assert f"grid.{area}.{quantity}" in CATALOGUE
    assert CATALOGUE.value(f"grid.{area}.solar_share") < CATALOGUE.value(f"grid.{area}.clean_share")


@pytest.mark.parametrize("prefix", ["", "us."])
def test_both_cost_sets_have_the_same_core(prefix: str) -> None:
    supply = (
        "pv",
        "wind_onshore",
        "wind_offshore_fixed",
        "wind_offshore_floating",
        "gas_ccgt",
        "backup_diesel",
    )
    for technology in supply:
        for quantity in ("capex", "fixed_om", "life"):
            assert f"{prefix}{technology}.{quantity}" in CATALOGUE
    for quantity in ("power_capex", "energy_capex", "fixed_om_share", "life", "round_trip_efficiency"):
        assert f"{prefix}battery.{quantity}" in CATALOGUE
    for system in ("air_economiser", "chilled_water", "direct_liquid", "immersion"):
        assert f"{prefix}cooling.{system}.capex" in CATALOGUE
    for part in ("building", "electrical", "fitout"):
        assert f"{prefix}datacentre.{part}.capex" in CATALOGUE


def test_costs_of_a_set_are_in_its_currency() -> None:
    for fact in CATALOGUE.facts.values():
        if fact.table in {"technologies", "datacentre"} and fact.id.endswith((".capex", ".fixed_om")):
            european = fact.id.startswith("benchmark.")
            expected = "eur_" if european else "usd_" if fact.id.startswith("us.") else "myen_"
            assert fact.unit.startswith(expected), fact.id


# ---- look-ups


def test_unknown_fact_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match=r"'pv.capx' is not a figure.*did you mean 'pv.capex'"):
        CATALOGUE.fact("pv.capx")
    with pytest.raises(CatalogueError, match="kiban sources"):
        CATALOGUE.value("")


def test_values_by_prefix() -> None:
    values = CATALOGUE.values("battery.")
    assert values["battery.life"] == CATALOGUE.value("battery.life")
    assert all(key.startswith("battery.") for key in values)
    assert len(CATALOGUE.values()) == len(CATALOGUE.facts)


def test_sources_of_a_fact() -> None:
    fact = CATALOGUE.fact("wind_offshore_fixed.capex")
    assert [source.key for source in CATALOGUE.sources_of(fact)] == fact.source.split(";")
    assert all(source.title for source in CATALOGUE.sources_of(fact))


def test_loaded_once() -> None:
    assert load_catalogue() is CATALOGUE


def test_nothing_can_be_changed_in_place() -> None:
    with pytest.raises(TypeError):
        CATALOGUE.facts["pv.capex"] = CATALOGUE.fact("pv.life")  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOGUE.fact("pv.capex").value = 1.0  # type: ignore[misc]


# ---- overrides


def test_override_is_given_and_leaves_the_original() -> None:
    other = CATALOGUE.overridden({"pv.capex": 100, "carbon.price": 0.01})
    fact = other.fact("pv.capex")
    assert (fact.value, fact.status, fact.source, fact.low, fact.high) == (
        100.0,
        "given",
        "scenario",
        None,
        None,
    )
    assert "162.6" in fact.note
    assert other.sources_of(fact)[0].key == "scenario"
    assert CATALOGUE.value("pv.capex") == 162.6
    assert other.value("pv.life") == CATALOGUE.value("pv.life")


def test_override_moves_a_site() -> None:
    other = CATALOGUE.overridden({"site.kitami.elevation": 250.0, "site.kitami.latitude": 43.5})
    assert other.site("kitami").elevation_m == 250.0
    assert other.site("kitami").latitude_deg == 43.5
    assert CATALOGUE.site("kitami").elevation_m == 100.0


def test_override_of_nothing_changes_nothing() -> None:
    assert dict(CATALOGUE.overridden({}).facts) == dict(CATALOGUE.facts)


def test_override_twice_keeps_both() -> None:
    other = CATALOGUE.overridden({"pv.life": 30}).overridden({"pv.capex": 90})
    assert (other.value("pv.life"), other.value("pv.capex")) == (30.0, 90.0)


def test_override_reports_all_faults_at_once() -> None:
    with pytest.raises(CatalogueError) as caught:
        CATALOGUE.overridden(
            {
                "pv.capx": 1.0,
                "pv.life": 0.0,
                "pv.capex": -1.0,
                "battery.round_trip_efficiency": 1.01,
                "carbon.price": math.nan,
                "site.kitami.latitude": 95.0,
                "wind_onshore.capex": math.inf,
                "hydro.capex": True,
                "geothermal.capex": "790",  # type: ignore[dict-item]
                "hydro.life": 40.0,
            }
        )
    message = str(caught.value)
    assert len(caught.value.problems) == 9
    assert "did you mean 'pv.capex'?" in message
    assert "pv.life is 0 years; give a life above 0." in message
    assert "pv.capex is -1 million yen/MW; give a value at least 0." in message
    assert "give a value between 0.01 and 1." in message
    assert "site.kitami.latitude is 95 degrees north; give a value between -90 and 90." in message
    assert message.count("give a finite number") == 4


@given(st.sampled_from(sorted(CATALOGUE.facts)), st.floats(min_value=0.001, max_value=0.999))
def test_any_fact_can_be_overridden_with_a_number_in_its_range(fact_id: str, share: float) -> None:
    low, high = range_of(fact_id, CATALOGUE.fact(fact_id).unit)
    value = share if low <= share <= high else low + share * (min(high, low + 1.0) - low)
    other = CATALOGUE.overridden({fact_id: value})
    assert other.value(fact_id) == value
    untouched = {key: fact for key, fact in other.facts.items() if key != fact_id}
    assert untouched == {key: fact for key, fact in CATALOGUE.facts.items() if key != fact_id}


def test_every_range_holds_for_a_figure_and_no_figure_lies_outside_of_its_own() -> None:
    fits = {one.pattern: [key for key in CATALOGUE.facts if fnmatchcase(key, one.pattern)] for one in read_ranges()}
    assert [pattern for pattern, ids in fits.items() if not ids] == []
    for fact in CATALOGUE.facts.values():
        low, high = range_of(fact.id, fact.unit)
        for value in (fact.low, fact.value, fact.high):
            assert value is None or low <= value <= high, fact.id
        assert UNITS[fact.unit].lowest <= low < high <= UNITS[fact.unit].highest


@pytest.mark.parametrize(
    ("fact_id", "value", "low", "high"),
    [
        ("wind_offshore_floating.hub_height_m", -150.0, 10, 400),
        ("geothermal.units", 0.0, 1, 1000),
        ("cooling.direct_liquid.supply_temperature_c", -32.0, -20, 75),
        ("cooling.direct_liquid.room_temperature_c", 270.0, -20, 75),
        ("wind_onshore.shear_exponent", 1e15, 0, 1),
        ("wind_onshore.life", 5e-324, 0.1, 200),
        ("finance.discount_rate", -1.0, 0, 0.5),
    ],
)
def test_an_assumption_that_the_model_does_not_hold_for(fact_id: str, value: float, low: float, high: float) -> None:
    with pytest.raises(CatalogueError, match=f"give a value between {low} and {high}"):
        CATALOGUE.overridden({fact_id: value})
    for allowed in (low, high):
        assert CATALOGUE.overridden({fact_id: float(allowed)}).value(fact_id) == allowed


@pytest.mark.parametrize("value", [10**400, -(10**400), math.nan, math.inf])
def test_an_assumption_that_is_no_number(value: float) -> None:
    with pytest.raises(CatalogueError, match="give a finite number"):
        CATALOGUE.overridden({"pue.ishikari_2013": value})


@given(st.text(max_size=40))
def test_any_text_is_a_known_id_or_an_input_error(text: str) -> None:
    if text in CATALOGUE:
        assert CATALOGUE.fact(text).id == text
    else:
        with pytest.raises(CatalogueError):
            CATALOGUE.fact(text)


# ---- describe


def test_describe_a_site_gives_all_its_rows() -> None:
    found = describe(CATALOGUE, "tomakomai")
    assert [fact.id for fact in found] == [key for key in CATALOGUE.facts if key.startswith("site.tomakomai.")]
    assert len(found) >= 20


def test_describe_by_id_prefix_and_glob() -> None:
    assert [fact.id for fact in describe(CATALOGUE, "pv.capex")] == ["pv.capex"]
    assert {fact.id for fact in describe(CATALOGUE, "grid.tokyo")} == set(CATALOGUE.values("grid.tokyo."))
    capex = {fact.id for fact in describe(CATALOGUE, "*.capex")}
    assert {"pv.capex", "us.pv.capex", "cooling.immersion.capex"} <= capex
    assert all(key.endswith(".capex") for key in capex)
    assert "pv.life" not in {fact.id for fact in describe(CATALOGUE, "p[v].c*")}


def test_describe_by_words_in_either_language() -> None:
    assert "carbon.price" in {fact.id for fact in describe(CATALOGUE, "allowance PRICE")}
    assert "pv.capex" in {fact.id for fact in describe(CATALOGUE, "太陽光")}
    assert "us.pv.capex" in {fact.id for fact in describe(CATALOGUE, "technology baseline 2024")}


@pytest.mark.parametrize("pattern", ["", "   ", "zzzz.*", "no such thing"])
def test_describe_nothing_is_an_input_error(pattern: str) -> None:
    with pytest.raises(CatalogueError, match="nothing in the catalogue matches"):
        describe(CATALOGUE, pattern)


def test_describe_suggests_a_near_id() -> None:
    with pytest.raises(CatalogueError, match=r"did you mean 'battery\.life'"):
        describe(CATALOGUE, "batery.life")


# ---- speed


def test_loads_once_and_without_heavy_libraries() -> None:
    assert load_catalogue() is load_catalogue()
    for reader in (load_catalogue, read_table, fact_tables, read_sources):
        reader.cache_clear()
    again: Catalogue = load_catalogue()
    assert again.facts == CATALOGUE.facts
    code = "import sys, kiban.catalogue as c; c.load_catalogue(); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_read_functions_agree_with_the_catalogue() -> None:
    assert read_facts("finance")[0] == CATALOGUE.fact("finance.discount_rate")
    assert read_sites()["inzai"] == CATALOGUE.site("inzai")
