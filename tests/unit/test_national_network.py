"""Interconnectors of a study: what the catalogue knows, what a user changes, what is refused, what is reported."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import pytest

from kiban.catalogue import AREAS, load_catalogue
from kiban.errors import InputError
from kiban.national.building import build_national
from kiban.national.study.assembly import _require_one_time_axis, write_problem
from kiban.national.study.network import read_network
from kiban.policy.annuity import capital_recovery_factor
from kiban.report.layout import render
from kiban.report.national.document import national_document
from kiban.report.national.flows import flows_csv
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import interconnector_names, parse_national

CATALOGUE = load_catalogue()
HEAD = {"name": "test", "sites": ["nanto", "kirishima"], "hours": 48, "first_hour": 2400}
PLAIN = {
    "national": HEAD,
    "tranche": [{"id": "training", "it_load_mw": 300}],
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.3},
}


def network_of(**sections):
    return read_network(parse_national({**PLAIN, **sections}), CATALOGUE)


def link_of(name, **sections):
    return {link.id: link for link in network_of(**sections).links}[name]


def test_the_catalogue_joins_nine_areas_and_leaves_the_tenth_alone():
    network = network_of()
    assert set(network.spare_mw) == set(AREAS)
    assert len(network.links) == len(interconnector_names(CATALOGUE)) == 10
    reached = {"tokyo"}
    for _ in network.links:
        for link in network.links:
            if {link.from_area, link.to_area} & reached:
                reached |= {link.from_area, link.to_area}
    assert set(AREAS) - reached == {"okinawa"}


def test_only_the_converters_join_fifty_and_sixty_hertz():
    assert [link.id for link in network_of().links if link.converts] == ["tokyo-chubu"]


def test_half_of_the_operating_capacity_is_free_and_plans_count_from_their_year():
    share = CATALOGUE.value("interconnector.free_share")
    today = CATALOGUE.value("interconnector.tokyo-chubu.forward")
    assert link_of("tokyo-chubu").forward_mw == (share * today,)
    assert link_of("tokyo-chubu", national={**HEAD, "year": 2027}).forward_mw == (share * today,)
    assert link_of("tokyo-chubu", national={**HEAD, "year": 2028}).forward_mw == (share * (today + 900),)
    phased = {"phases": {"years": [2027, 2030], "last_year": 2035}}
    assert link_of("tokyo-chubu", **phased).forward_mw == (share * today, share * (today + 900))


def test_what_a_study_gives_goes_before_the_catalogue():
    given = [{"id": "tokyo-chubu", "forward_mw": 100, "free_share": 0.9}, {"id": "kyushu-chugoku", "enabled": False}]
    network = network_of(interconnector=given, network={"free_share": 0.25}, area={"kyushu": {"spare_supply_mw": 7}})
    links = {link.id: link for link in network.links}
    assert links["tokyo-chubu"].forward_mw == (90,)
    assert links["hokuriku-kansai"].forward_mw == (0.25 * CATALOGUE.value("interconnector.hokuriku-kansai.forward"),)
    assert "kyushu-chugoku" not in links
    assert network.spare_mw["kyushu"] == 7
    assert network_of(network={"islands": True}).links == ()
    assert network_of(network={"enabled": False}) is None


def test_an_interconnector_of_ones_own_joins_two_areas():
    own = {"id": "sea-cable", "from_area": "kyushu", "to_area": "tokyo", "forward_mw": 1000, "expansion_mw": 500}
    link = link_of("sea-cable", interconnector=[{**own, "expansion_capex_myen_per_mw": 900}])
    share = CATALOGUE.value("interconnector.free_share")
    assert link.forward_mw == link.reverse_mw == (1000 * share,)
    assert link.converts
    factor = capital_recovery_factor(CATALOGUE.value("finance.discount_rate"), CATALOGUE.value("grid.life"))
    assert link.expansion_myen_per_mw == pytest.approx(900 * factor)


REFUSED = {
    "unknown": ([{"id": "tokyo-chuubu"}], "did you mean 'tokyo-chubu'?"),
    "without ends": ([{"id": "mine", "from_area": "tokyo"}], "has no to_area, forward_mw"),
    "unknown end": ([{"id": "mine", "from_area": "tokio", "to_area": "chubu", "forward_mw": 1}], "'tokyo'"),
    "both ends the same": ([{"id": "a", "from_area": "tokyo", "to_area": "tokyo", "forward_mw": 1}], "join two areas"),
    "other ends": ([{"id": "tokyo-chubu", "to_area": "kyushu"}], "cannot join other areas"),
    "twice": ([{"id": "tokyo-chubu"}, {"id": "tokyo-chubu"}], "stands 2 times"),
    "negative": ([{"id": "tokyo-chubu", "forward_mw": -1}], "it must be at least 0"),
    "share": ([{"id": "tokyo-chubu", "free_share": 1.5}], "it must be at most 1"),
    "no cost": ([{"id": "chubu-kansai", "expansion_mw": 10}], "add expansion_capex_myen_per_mw"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_interconnector_that_cannot_be_used_is_refused_with_a_remedy(name):
    given, expected = REFUSED[name]
    with pytest.raises(InputError) as caught:
        parse_national({**PLAIN, "interconnector": given}, where="file.toml")
    assert expected in str(caught.value)


@pytest.fixture(scope="module")
def plan():
    given = {
        "area": {"hokuriku": {"spare_supply_mw": 5}, "kyushu": {"spare_supply_mw": 0}},
        "network": {"free_share": 1.0},
        "interconnector": [{"id": "hokuriku-kansai", "reverse_mw": 20}, {"id": "chubu-hokuriku", "forward_mw": 10}],
    }
    return build_national(parse_national({**PLAIN, **given}))


def test_the_areas_of_a_plan_are_supplied(plan):
    areas = {area.area: area for area in plan.flows.areas}
    for area in areas.values():
        assert area.draw_mw <= area.spare_supply_mw + area.import_mw - area.export_mw + 0.01
    assert areas["hokuriku"].import_mw == pytest.approx(30, abs=0.1)
    drawn = sum(site.connection_mw for site in plan.sites if site.candidate.area == "hokuriku")
    assert areas["hokuriku"].draw_mw == pytest.approx(drawn, abs=1e-3)
    assert {link.id for link in plan.flows.links if link.binding} >= {"hokuriku-kansai", "chubu-hokuriku"}
    assert areas["hokuriku"].worth_myen_per_mw > 0


def test_hours_at_the_floor_price_and_what_is_absorbed_are_told_for_every_area(plan):
    for area in plan.flows.areas:
        assert (area.floor_hours is None) == (area.area == "okinawa")
        if area.curtailed_mwh is not None:
            assert area.absorbed_mwh == min(area.floor_import_mwh, area.curtailed_mwh)
    kyushu = {area.area: area for area in plan.flows.areas}["kyushu"]
    assert kyushu.floor_hours > 500
    assert kyushu.curtailed_mwh > 1e5


def test_json_table_and_page_say_the_same(plan):
    summary = json.loads(json.dumps(national_document(plan)))
    flows = {flow["id"]: flow for flow in summary["flows"]}
    assert flows["hokuriku-kansai"]["from"] == "kansai"
    assert flows["hokuriku-kansai"]["mw"] == pytest.approx(20, abs=0.1)
    assert flows["hokuriku-kansai"]["limit_mw"] == 20
    assert {balance["area"] for balance in summary["balances"]} == set(AREAS)
    rows = list(csv.DictReader(io.StringIO(flows_csv(plan.flows).removeprefix("\ufeff"))))
    assert {row["id"]: float(row["mw"]) for row in rows} == {name: flow["mw"] for name, flow in flows.items()}
    page = render(national_text(plan, "en", 100), width=100, colour=False)
    assert "Kansai to Hokuriku: 20.0 MW of 20.0 MW that are free (100 %)" in page
    assert "one more MW would save up to" in page
    assert "関西から北陸へ" in render(national_text(plan, "ja", 100), width=100, colour=False)


def test_without_the_network_nothing_is_said_of_it():
    plan = build_national(parse_national({**PLAIN, "network": {"enabled": False}}))
    assert plan.flows is None
    assert national_document(plan)["flows"] == []
    assert "interconnectors" not in render(national_text(plan, "en", 100), width=100, colour=False)


def test_files_of_two_sites_must_hold_the_same_years():
    weather = {"source": "epw", "files": ["a.epw"]}
    sites = [
        {"id": "nanto", "weather": {**weather, "years": [2019]}},
        {"id": "kirishima", "weather": {**weather, "years": [2020]}},
    ]
    with pytest.raises(InputError, match="differs between sites: nanto 2019; kirishima 2020"):
        parse_national({**PLAIN, "site": sites})
    same = [{**site, "weather": {**weather, "years": [2019]}} for site in sites]
    assert parse_national({**PLAIN, "site": same}).site[0].weather.years == (2019,)


def test_weather_of_ones_own_holds_at_its_site_alone():
    weather = {"source": "tmy3", "files": ["pvlib:723170TYA.CSV"], "years": [2019]}
    own, _ = write_problem(parse_national({**PLAIN, "site": [{"id": "nanto", "weather": weather}]}), CATALOGUE)
    typical, _ = write_problem(parse_national(PLAIN), CATALOGUE)
    pairs = zip(own.blocks, typical.blocks, strict=True)
    same = [one.subproblems[0].model.key == other.subproblems[0].model.key for one, other in pairs]
    assert [place.candidate.id for place in own.places] == ["nanto", "kirishima"]
    assert same == [False, True]
    note = "Sites with weather files have the same calendar years."
    plan = build_national(parse_national({**PLAIN, "site": [{"id": "nanto", "weather": weather}]}))
    assert note in render(national_text(plan, "en", 200), width=200, colour=False)


def test_a_weather_file_that_is_missing_is_told_with_its_site():
    weather = {"source": "epw", "files": ["none.epw"], "years": [2019]}
    with pytest.raises(InputError, match=r"site nanto: .*none.epw does not exist"):
        write_problem(parse_national({**PLAIN, "site": [{"id": "nanto", "weather": weather}]}), CATALOGUE)


def test_sites_with_other_steps_cannot_be_planned_together():
    def case(name, steps):
        resources = SimpleNamespace(steps=steps, step_hours=1.0)
        return SimpleNamespace(candidate=SimpleNamespace(id=name), model=SimpleNamespace(resources=resources))

    _require_one_time_axis([case("nanto", 8760), case("kirishima", 8760)])
    with pytest.raises(InputError, match="nanto 8760 of 1 h, kirishima 17520 of 1 h; give all sites the same years"):
        _require_one_time_axis([case("nanto", 8760), case("kirishima", 17520)])
