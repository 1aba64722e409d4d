"""Remedies of national studies: their keys, their sites and the table of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.oracles.test_movement import STUDY as TWO_SITES
from tests.remedies import Case, Ground, Step
from tests.unit.test_national_input import HEAD, PLAIN

from kiban.catalogue import load_catalogue
from kiban.national.study.assembly import write_problem
from kiban.national.study.candidates import list_candidates
from kiban.scenario.national_file import parse_national, read_national

PLACE = {"id": "mysite", "latitude_deg": 43.0, "longitude_deg": 141.5, "area": "hokkaido"}
WAITING = {"id": "a", "it_load_mw": 1, "deferrable_share": 0.5, "max_delay_hours": 4}
LINK = {"id": "own-cable", "from_area": "tokyo", "to_area": "kyushu", "forward_mw": 100.0}
CREW = {"id": "crew", "building_per_mw": 2, "years": [2029], "available": [500]}
PHASES = {"years": [2030, 2035], "last_year": 2040}
ROW = "north,43.0,141.5,hokkaido,300\n"
TABLE = "id,latitude_deg,longitude_deg,area,max_mw\n"


def study(**sections: Any) -> Step:
    def step() -> Any:
        found = parse_national({**PLAIN, **sections}, where="file.toml")
        return list_candidates(found, load_catalogue())

    return step


def head(**keys: Any) -> Step:
    return study(national={**HEAD, **keys})


def head_with(keys: Mapping[str, Any], **sections: Any) -> Step:
    return study(national={**HEAD, **keys}, **sections)


def site(**keys: Any) -> Step:
    return study(site=[{**PLACE, **keys}])


def table(g: Ground, text: str | None, head: str = TABLE) -> Step:
    """A study whose sites stand in a table."""

    def step() -> Any:
        if text is not None:
            g.write("sites.csv", head + text)
        elif (g.folder / "sites.csv").exists():
            (g.folder / "sites.csv").unlink()
        lines = (
            '[national]\nname = "x"\nsites = []\nsites_file = "sites.csv"\n[[tranche]]\nid = "a"\nit_load_mw = 10.0\n'
        )
        return read_national(g.write("study.toml", lines))

    return step


def of_year(year: int) -> dict[str, Any]:
    return {"source": "nasa-power", "years": [year]}


def problem(**sections: Any) -> Step:
    """The programme of a study, for which all that it reads must fit together."""
    return lambda: write_problem(parse_national({**PLAIN, **sections}), load_catalogue())


def must_build(year: int, **keys: Any) -> Step:
    own = {"id": "kokonoe", "supply": {"geothermal": {"min_mw": 20.0, **keys}}}
    return problem(national={**HEAD, "sites": ["kokonoe"], "year": year}, site=[own])


ONE_SITE = (
    TWO_SITES.replace('"tomakomai", "nanto"', '"tomakomai"')
    .replace("max_site_mw = 90", "max_site_mw = 200")
    .replace("max_round_trip_ms = 5", "max_round_trip_ms = 50")
)
CAMPUS = 'name = "x"\n[site]\nid = "tomakomai"\n[time]\nhours = 24\n[cooling]\nsystem = "direct_liquid"\n'


def moved(g: Ground, text: str) -> Step:
    """Compute that moves between the sites of a study's plan."""
    return lambda: g.command("run", g.write("study.toml", text))


def paid(g: Ground, text: str, *options: str) -> Step:
    """Who pays for a tax credit of a campus or of a country."""
    return lambda: g.command("pay", g.write("subject.toml", text), "--package", "tax-credit", *options)


CASES: Mapping[str, Case] = {
    "national_study.unit_mw": lambda g: (
        study(site=[{"id": "tomakomai", "supply": {"pv": {"unit_mw": 50}}}]),
        study(site=[{"id": "tomakomai"}]),
    ),
    "national_study.unit_plant": lambda g: (
        study(supply={"nuclear_smr": {}}),
        study(),
        study(supply={"nuclear_smr": {"enabled": False}}),
    ),
    "national_study.no_sites_file": lambda g: (table(g, None), table(g, ROW)),
    "national_study.no_number": lambda g: (
        table(g, "north,43.0,141.5,hokkaido,many\n"),
        table(g, ROW),
        table(g, "north,43.0,141.5,hokkaido,\n"),
    ),
    "national_study.no_truth": lambda g: (
        table(g, "north,43.0,141.5,hokkaido,maybe\n", TABLE.replace("max_mw", "must_open")),
        *(
            table(g, f"north,43.0,141.5,hokkaido,{word}\n", TABLE.replace("max_mw", "must_open"))
            for word in ("yes", "no", "true", "false", "1", "0", "")
        ),
    ),
    "national_study.no_id": lambda g: (table(g, ",43.0,141.5,hokkaido,300\n"), table(g, ROW)),
    "national_study.sites": lambda g: (head(sites=["zzz"]), head(sites=["tomakomai"])),
    "national_study.add_or_like": lambda g: (
        study(site=[{"id": "mysite"}]),
        site(),
        study(site=[{"id": "mysite", "like": "inzai"}]),
    ),
    "national_study.repeated": lambda g: (head(sites=["inzai", "inzai"]), head(sites=["inzai"])),
    "national_study.link_areas": lambda g: (
        study(interconnector=[{**LINK, "id": "tohoku-tokyo"}]),
        study(interconnector=[LINK]),
    ),
    "national_study.link_loop": lambda g: (
        study(interconnector=[{**LINK, "to_area": "tokyo"}]),
        study(interconnector=[LINK]),
    ),
    "national_study.link_cost": lambda g: (
        study(interconnector=[{**LINK, "expansion_mw": 10.0}]),
        study(interconnector=[{**LINK, "expansion_mw": 10.0, "expansion_capex_myen_per_mw": 100.0}]),
    ),
    "national_study.add_or_choose": lambda g: (
        study(interconnector=[{"id": "zzz"}]),
        study(interconnector=[{**LINK, "id": "zzz"}]),
        study(interconnector=[{"id": "tohoku-tokyo"}]),
    ),
    "national_study.add_or_nearest": lambda g: (
        study(site=[{"id": "inzay"}]),
        study(site=[{**PLACE, "id": "inzay"}]),
        study(site=[{"id": "inzay", "like": "inzai"}]),
        study(site=[{"id": "inzai"}]),
    ),
    "national_study.weather_years": lambda g: (
        study(site=[{**PLACE, "weather": of_year(2021)}, {**PLACE, "id": "b", "weather": of_year(2022)}]),
        study(site=[{**PLACE, "weather": of_year(2021)}, {**PLACE, "id": "b", "weather": of_year(2021)}]),
    ),
    "national_study.phase_values": lambda g: (
        study(tranche=[{"id": "a", "it_load_mw": [1, 2]}]),
        study(tranche=[{"id": "a", "it_load_mw": 1}]),
        study(tranche=[{"id": "a", "it_load_mw": [1, 2]}], phases={"years": [2028, 2032], "last_year": 2040}),
    ),
    "national_study.limit_year": lambda g: (
        study(build_limit=[CREW]),
        head_with({"year": 2030}, build_limit=[CREW]),
        study(build_limit=[CREW], phases={"years": [2030], "last_year": 2040}),
        study(),
    ),
    "national_study.delays": lambda g: (
        study(tranche=[WAITING, {**WAITING, "id": "b", "max_delay_hours": 8}]),
        study(tranche=[WAITING, {**WAITING, "id": "b", "max_delay_hours": 4}]),
    ),
    "national_study.phases_early": lambda g: (
        study(phases={"years": [2020], "last_year": 2040}),
        study(phases={"years": [2026], "last_year": 2040}),
    ),
    "national_study.year_early": lambda g: (head(year=2020), head(year=2030)),
    "national_study.site_bounds": lambda g: (
        study(site=[{"id": "inzai", "min_mw": 90, "max_mw": 50}]),
        study(site=[{"id": "inzai", "min_mw": 50, "max_mw": 50}]),
    ),
    "national_study.export": lambda g: (
        study(grid={"max_export_mw": 5.0}),
        study(grid={"max_export_mw": 0.0}),
        study(),
    ),
    "national_study.contract": lambda g: (study(grid={"contract": {}}), study(grid={})),
    "national.at_sea": lambda g: (
        site(latitude_deg=38.0, longitude_deg=145.0, area="tohoku"),
        site(latitude_deg=38.7, longitude_deg=141.6, area="tohoku"),
    ),
    "national.too_late": lambda g: (must_build(2030), must_build(2030, lead_time_years=4), must_build(2040)),
    "national.no_candidate": lambda g: (
        study(hazard={"max_shaking_probability_30y": 0.0}),
        study(hazard={"max_shaking_probability_30y": 1.0}),
        study(),
    ),
    "too_short": lambda g: (study(tranche=[]), study()),
    "movement.phases": lambda g: (
        moved(g, TWO_SITES + "[phases]\nyears = [2030, 2035]\nlast_year = 2040\n"),
        moved(g, TWO_SITES.replace("hours = 48", "hours = 48\nyear = 2030")),
    ),
    "command.only_one_site": lambda g: (
        paid(g, ONE_SITE, "--budget-form", "a.csv"),
        paid(g, ONE_SITE),
        paid(g, CAMPUS, "--budget-form", "b.csv"),
    ),
    "national_study.price_response": lambda g: (
        study(grid={"price_response": "observed"}),
        study(),
        head(price_response="market"),
    ),
    "national_study.response_phases": lambda g: (
        head_with({"price_response": "market"}, phases=PHASES),
        study(phases=PHASES),
        head(price_response="market"),
    ),
    "national_study.response_abroad": lambda g: (
        head_with({"price_response": "market"}, finance={"cost_set": "united-states"}),
        study(finance={"cost_set": "united-states"}),
        head(price_response="market"),
    ),
    "national_study.response_build": lambda g: (
        moved(g, TWO_SITES.replace("hours = 48", 'hours = 48\nprice_response = "market"')),
        moved(g, TWO_SITES),
    ),
    "national_study.flexibility": lambda g: (
        study(grid={"flexibility_mw": 5.0, "flexibility_price_myen_per_mw_year": 3.0}),
        study(),
    ),
}
