"""What a national study refuses, each with a sentence that says what to do; and studies without a plan."""

from __future__ import annotations

import pytest

from kiban.catalogue import load_catalogue
from kiban.errors import InputError, ScenarioError
from kiban.national.building import build_national
from kiban.national.study.candidates import list_candidates
from kiban.report.layout import render
from kiban.report.messages import say
from kiban.report.national.terminal import national_text
from kiban.scenario import KNOWN_SUPPLY
from kiban.scenario.examples import example_names, find_national, national_example_names
from kiban.scenario.national_file import is_national, parse_national, read_national

HEAD = {"name": "test", "sites": ["tomakomai", "inzai"], "hours": 48, "first_hour": 2400, "gap": 1e-3}
PLAIN = {
    "national": HEAD,
    "tranche": [{"id": "training", "it_load_mw": 200}],
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.3},
}

CREW = {"id": "crew", "building_per_mw": 2, "years": [2029], "available": [500]}


def refused(**sections):
    with pytest.raises(InputError) as caught:
        study = parse_national({**PLAIN, **sections}, where="file.toml")
        list_candidates(study, load_catalogue())
    return "\n".join(str(problem) for problem in caught.value.problems)


def infeasible(**sections):
    plan = build_national(parse_national({**PLAIN, **sections}))
    assert plan.status == "infeasible"
    page = render(national_text(plan, "en", 100), width=100, colour=False)
    assert "No national plan" in page
    return plan, page


CASES = {
    "unknown site": ({"national": {**HEAD, "sites": ["tomakomi"]}}, "did you mean 'tomakomai'?"),
    "site twice": ({"national": {**HEAD, "sites": ["inzai", "inzai"]}}, "'inzai' stands 2 times"),
    "unknown chip": ({"national": {**HEAD, "chip": "gb20"}}, "is not a chip of the catalogue"),
    "unknown key": ({"national": {**HEAD, "gapp": 1}}, "did you mean 'gap'?"),
    "negative load": ({"tranche": [{"id": "a", "it_load_mw": -1}]}, "it must be at least 0"),
    "tranche twice": ({"tranche": [{"id": "a", "it_load_mw": 1}, {"id": "a", "it_load_mw": 1}]}, "stands 2 times"),
    "no tranche": ({"tranche": []}, "tranche"),
    "no price": ({"tranche": [{"id": "a", "it_load_mw": 1, "must_serve": False}]}, "price_myen_per_mw_year"),
    "phases without years": ({"tranche": [{"id": "a", "it_load_mw": [1, 2]}]}, "2 values for 1 phase(s)"),
    "falling years": ({"phases": {"years": [2030, 2028], "last_year": 2040}}, "years must rise"),
    "phase before decision": ({"phases": {"years": [2020], "last_year": 2040}}, "before the decision in 2026"),
    "year before decision": ({"national": {**HEAD, "year": 2020}}, "before the decision in 2026"),
    "unknown area": ({"area": {"tokio": {"headroom_mw": 1}}}, "did you mean 'tokyo'?"),
    "new site without place": ({"site": [{"id": "mysite"}]}, "has no latitude_deg, longitude_deg, area"),
    "site like nothing": ({"site": [{"id": "mysite", "like": "inzay"}]}, "did you mean 'inzai'?"),
    "site duplicated": ({"site": [{"id": "inzai"}, {"id": "inzai"}]}, "'inzai' stands 2 times"),
    "limits crossed": ({"site": [{"id": "inzai", "min_mw": 90, "max_mw": 50}]}, "above max_mw of 50 MW"),
    "whole units at a site": (
        {"site": [{"id": "tomakomai", "supply": {"pv": {"unit_mw": 50}}}]},
        "site.supply.pv.unit_mw",
    ),
    "plants in whole units": ({"supply": {"nuclear_smr": {}}}, "comes in whole units"),
    "whole units": ({"supply": {"pv": {"unit_mw": 50}}}, "plan the chosen sites one by one"),
    "shared by nobody": (
        {"shared": [{"id": "a", "supply": "geothermal", "sites": ["inzay"], "max_mw": 1}]},
        "did you mean 'inzai'?",
    ),
    "shared of nothing": (
        {"shared": [{"id": "a", "supply": "geotherm", "sites": ["inzai"], "max_mw": 1}]},
        "did you mean 'geothermal'?",
    ),
    "limit at nothing": (
        {"national": {**HEAD, "year": 2030}, "build_limit": [{**CREW, "sites": ["inzay"]}]},
        "did you mean 'inzai'?",
    ),
    "limit of falling years": ({"build_limit": [{**CREW, "years": [2029, 2028]}]}, "years must rise, each once"),
    "limit of too many years": (
        {"build_limit": [{**CREW, "years": [2028, 2029]}]},
        "needs one value of `available` for each of its 2 years, and has 1",
    ),
    "limit of nothing": ({"build_limit": [{**CREW, "building_per_mw": 0}]}, "needs building_per_mw or running_per_mw"),
    "limit without a year": ({"build_limit": [CREW]}, "give national.year or [phases]"),
    "limit twice": ({"national": {**HEAD, "year": 2030}, "build_limit": [CREW, CREW]}, "'crew' stands 2 times"),
    "different delays": (
        {
            "tranche": [
                {"id": "a", "it_load_mw": 1, "deferrable_share": 0.5, "max_delay_hours": 4},
                {"id": "b", "it_load_mw": 1, "deferrable_share": 0.5, "max_delay_hours": 8},
            ]
        },
        "differs between tranches that may wait: 4, 8",
    ),
    "export": ({"grid": {"max_export_mw": 5.0}}, "a national study has no export"),
    "unknown assumption": ({"assumptions": {"pv.capexx": 1.0}}, "did you mean 'pv.capex'?"),
    "site at sea": (
        {"site": [{"id": "mysite", "latitude_deg": 38.0, "longitude_deg": 145.0, "area": "tohoku"}]},
        "lies 305 km off the coast of Japan; check latitude and longitude; the nearest land is at 38.7, 141.6",
    ),
    "site abroad": (
        {"site": [{"id": "mysite", "latitude_deg": 10.0, "longitude_deg": 10.0, "area": "tohoku"}]},
        "check latitude and longitude",
    ),
    "nothing left": ({"hazard": {"max_shaking_probability_30y": 0.0}}, "leaves no candidate site"),
}


@pytest.mark.parametrize("name", CASES)
def test_input_that_cannot_be_used_is_refused_with_a_remedy(name):
    sections, expected = CASES[name]
    assert expected in refused(**sections)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("site at sea", "日本の海岸から305 km沖の海上です。緯度と経度を確かめてください（最も近い陸地は北緯38.7度"),
        ("nothing left", "national.sites では、候補地が1か所も残りません。候補地を有効にするか"),
    ],
)
def test_what_is_wrong_with_the_sites_is_told_in_japanese_too(name, words):
    with pytest.raises(InputError) as caught:
        list_candidates(parse_national({**PLAIN, **CASES[name][0]}), load_catalogue())
    assert words in say(caught.value.problems[0], "ja")


def test_all_problems_are_told_at_once():
    said = refused(national={**HEAD, "sites": ["nowhere"]}, tranche=[{"id": "a", "it_load_mw": -1, "x": 1}])
    assert len(said.splitlines()) >= 3


def test_a_table_of_sites_is_read_and_its_faults_are_told(tmp_path):
    (tmp_path / "sites.csv").write_text(
        "id,name,latitude_deg,longitude_deg,area,max_mw,connection_year\n"
        "north,North plant,43.0,141.5,hokkaido,120,2029\n",
        encoding="utf-8",
    )
    text = '[national]\nname = "x"\nsites = []\nsites_file = "sites.csv"\n[[tranche]]\nid = "a"\nit_load_mw = 10.0\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    study = read_national(tmp_path / "study.toml")
    (candidate,), _ = list_candidates(study, load_catalogue())
    assert (candidate.id, candidate.max_mw, candidate.connection_year) == ("north", 120.0, 2029.0)
    (tmp_path / "sites.csv").write_text("id,colour,max_mw\nnorth,red,many\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_national(tmp_path / "study.toml")
    said = str(caught.value)
    assert "unknown column 'colour'" in said
    assert "line 2: max_mw is 'many'" in said
    (tmp_path / "sites.csv").unlink()
    with pytest.raises(
        ScenarioError, match=r"sites.csv: national.sites_file is no file; give a CSV file or a workbook"
    ):
        read_national(tmp_path / "study.toml")
    row = "north,43.0,141.5,hokkaido\n"
    (tmp_path / "sites.csv").write_text(f"id,latitude_deg,longitude_deg,area\n{row}{row}", encoding="utf-8")
    with pytest.raises(ScenarioError, match="'north' stands 2 times; keep one"):
        read_national(tmp_path / "study.toml")


def test_a_tranche_that_no_site_can_reach_is_explained_by_the_round_trip_it_would_need():
    plan, page = infeasible(
        national={**HEAD, "sites": ["tomakomai"]},
        tranche=[{"id": "metro", "it_load_mw": 100, "max_round_trip_ms": 5}],
    )
    change = next(change for change in plan.relaxations if change.key == "latency.metro")
    assert change.needed == pytest.approx(11.7, abs=0.11)
    # Serving nothing at all is no advice.
    assert {change.key for change in plan.relaxations} == {"latency.metro"}
    assert "Longest round trip of metro" in page


def test_too_much_demand_is_explained_by_the_demand_that_fits():
    plan, _ = infeasible(tranche=[{"id": "training", "it_load_mw": 5000}])
    change = next(change for change in plan.relaxations if change.key == "demand.training")
    assert change.needed == pytest.approx(1200, abs=1)


def test_a_budget_below_the_least_cost_is_explained_by_the_least_cost():
    plan, page = infeasible(limits={"budget_myen_per_year": 1000.0})
    (change,) = plan.relaxations
    least = build_national(parse_national(PLAIN))
    assert change.key == "budget"
    assert change.needed == pytest.approx(least.cost_myen, rel=2e-3)
    assert "Budget" in page
    enough = parse_national({**PLAIN, "limits": {"budget_myen_per_year": change.needed * 1.003}})
    assert build_national(enough).status == "optimal"


def test_a_carbon_cap_that_cannot_be_kept_is_explained_by_what_is_emitted():
    none = {name: {"enabled": False} for name in KNOWN_SUPPLY}
    plan, _ = infeasible(limits={"carbon_cap_t_per_year": 1000.0}, supply=none)
    change = next(change for change in plan.relaxations if change.key == "carbon")
    assert change.needed > 1000.0


def test_loss_of_an_area_cannot_be_survived_in_one_area():
    plan, _ = infeasible(
        national={**HEAD, "sites": ["inzai", "tochigi"]},
        tranche=[{"id": "training", "it_load_mw": 100, "survival_share": 0.5}],
    )
    keys = {change.key: change for change in plan.relaxations}
    assert keys["survival.training"].needed == pytest.approx(0.0, abs=1e-3)


def test_a_share_that_too_few_areas_can_keep_is_explained():
    plan, _ = infeasible(limits={"max_area_share": 0.3})
    change = next(change for change in plan.relaxations if change.key == "max_area_share")
    assert change.needed == pytest.approx(0.5, abs=2e-3)


def test_a_hazard_limit_leaves_out_and_says_so():
    study = parse_national({**PLAIN, "hazard": {"max_tsunami_class": 1.0}})
    candidates, excluded = list_candidates(study, load_catalogue())
    assert [candidate.id for candidate in candidates] == ["inzai"]
    assert [(left.site, left.key) for left in excluded] == [("tomakomai", "hazard.max_tsunami_class")]


def test_the_national_example_is_found_and_is_no_example_of_one_site():
    assert "japan" in national_example_names()
    assert "japan" not in example_names()
    path = find_national("japan")
    assert path is not None
    assert is_national(path)
    assert find_national("tomakomai") is None
    assert len(read_national(path).tranche) == 3
