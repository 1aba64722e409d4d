"""Laws of the national plan: more choice never costs more, and the same thing said twice costs the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.catalogue import load_catalogue
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.study.assembly import write_problem
from kiban.national.study.hazard import Exposure, Values, choose_protection, price_hazard, yearly_rate
from kiban.national.study.latency import Fibre, round_trip_ms
from kiban.scenario.national_file import parse_national
from kiban.weather.distance import great_circle_km

GAP = 1e-4
POOL = CutPool()
SITES = ("tomakomai", "rokkasho", "inzai", "nanto", "kure", "kirishima")
CATALOGUE = load_catalogue()
FEW = settings(max_examples=3, derandomize=True)


def plan(**sections):
    national = {"name": "laws", "sites": ["tomakomai", "inzai"], "hours": 48, "first_hour": 2400, "gap": GAP}
    raw = {
        "national": {**national, **sections.pop("national", {})},
        "tranche": [
            {"id": "training", "it_load_mw": 300, "deferrable_share": 0.5},
            {"id": "metro", "it_load_mw": 60, "firm_shape": "inference", "max_round_trip_ms": 5},
        ],
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": 0.6},
        **sections,
    }
    study = parse_national(raw)
    problem, _ = write_problem(study, CATALOGUE)
    found = search(problem, POOL, gap=GAP, max_rounds=80, report=lambda _: None)
    assert found is not None
    assert found.bound_myen <= found.cost_myen <= found.bound_myen * (1 + 2 * GAP)
    return problem, found


@FEW
@given(st.sets(st.sampled_from(SITES), min_size=1, max_size=3), st.sampled_from(SITES))
def test_adding_a_site_never_costs_more(sites, added):
    few = sorted({*sites, "inzai"})
    _, before = plan(national={"sites": few})
    _, after = plan(national={"sites": sorted({*few, added})})
    assert after.bound_myen <= before.cost_myen * (1 + 1e-9)
    assert after.cost_myen <= before.cost_myen * (1 + GAP)


@FEW
@given(st.floats(20, 150), st.floats(1, 4))
def test_more_connection_never_costs_more(headroom_mw, factor):
    def area(mw):
        return {"hokkaido": {"headroom_mw": mw}, "tokyo": {"headroom_mw": mw}}

    _, before = plan(area=area(headroom_mw))
    _, after = plan(area=area(headroom_mw * factor))
    assert after.cost_myen <= before.cost_myen * (1 + GAP)


@FEW
@given(st.floats(0.5, 1.0), st.floats(0.0, 0.4))
def test_a_tighter_share_of_one_area_never_costs_less(share, less):
    sites = {"sites": ["tomakomai", "inzai", "nanto"]}
    _, loose = plan(national=sites, limits={"max_area_share": share})
    _, tight = plan(national=sites, limits={"max_area_share": max(share - less, 0.4)})
    assert tight.cost_myen >= loose.bound_myen * (1 - 1e-9)
    for found, limit in ((loose, share), (tight, max(share - less, 0.4))):
        loads = found.choice.load_mw.sum(axis=1)
        assert loads.max() <= limit * loads.sum() * (1 + 1e-6) + 1e-3


def test_a_site_split_in_two_equal_halves_changes_nothing():
    whole = {"supply": {name: {"max_mw": mw} for name, mw in HALVABLE.items()}}
    half = {"supply": {name: {"max_mw": mw / 2} for name, mw in HALVABLE.items()}}
    one = {"id": "one", "like": "tomakomai", "max_mw": 400, "min_mw": 0, "connection_mw": 80}
    _, single = plan(national={"sites": ["inzai"]}, site=[{**one, "fixed_cost_myen_per_year": 2000, **whole}])
    halves = [
        {**one, "id": name, "max_mw": 200, "connection_mw": 40, "fixed_cost_myen_per_year": 1000, **half}
        for name in ("left", "right")
    ]
    problem, double = plan(national={"sites": ["inzai"]}, site=halves)
    assert double.cost_myen == pytest.approx(single.cost_myen, rel=2 * GAP)
    assert [place.candidate.id for place in problem.places] == ["inzai", "left", "right"]


HALVABLE = {"pv": 300.0, "wind_onshore": 100.0, "wind_offshore_fixed": 50.0, "geothermal": 60.0, "hydro": 20.0}


@settings(derandomize=True)
@given(st.floats(25, 45), st.floats(128, 145), st.floats(25, 45), st.floats(128, 145))
def test_distance_is_symmetric_and_the_round_trip_grows_with_it(lat, lon, other_lat, other_lon):
    fibre = Fibre(1.4, 2e8, 0.5)
    there, back = great_circle_km(lat, lon, other_lat, other_lon), great_circle_km(other_lat, other_lon, lat, lon)
    assert there == pytest.approx(back, abs=1e-6)
    assert round_trip_ms(there, fibre) == pytest.approx(0.5 + 2 * 1.4 * there / 200, rel=1e-12)


EXPOSURES = st.builds(Exposure, st.floats(0, 0.9), st.floats(0, 3), st.floats(0, 3), st.floats(0, 3), st.floats(0, 300))
VALUES = Values(building_myen_per_mw=630.0, equipment_myen_per_mw=8000.0, building_recovery_factor=0.05)


@settings(derandomize=True)
@given(EXPOSURES, st.sampled_from(["shaking_probability_30y", "tsunami_class", "flood_class", "typhoon_class"]))
def test_less_hazard_never_costs_more(exposure, field):
    from dataclasses import replace

    milder = replace(exposure, **{field: getattr(exposure, field) / 2})
    for protection in ("none", "isolation", "elevation", "both"):
        worse = price_hazard(exposure, VALUES, CATALOGUE, protection)
        better = price_hazard(milder, VALUES, CATALOGUE, protection)
        assert better.total_myen <= worse.total_myen + 1e-9
    costs = choose_protection(exposure, VALUES, CATALOGUE, ("none", "isolation", "elevation", "both"))
    assert [cost.total_myen for cost in costs] == sorted(cost.total_myen for cost in costs)


def test_a_hazard_by_hand():
    # 26 % in 30 years is one per cent a year, as the national maps explain it.
    assert yearly_rate(0.26) == pytest.approx(0.01, abs=4e-5)
    calm = price_hazard(Exposure(0, 0, 0, 0, 0), VALUES, CATALOGUE, "none")
    assert (calm.damage_myen, calm.downtime_myen, calm.protection_myen) == (0, 0, 0)
    shaken = price_hazard(Exposure(0.26, 0, 0, 0, 0), VALUES, CATALOGUE, "none")
    rate = yearly_rate(0.26)
    assert shaken.damage_myen == pytest.approx(rate * (0.08 * 630 + 0.05 * 8000), rel=1e-9)
    assert shaken.downtime_hours == pytest.approx(rate * 14 * 24, rel=1e-9)
    isolated = price_hazard(Exposure(0.26, 0, 0, 0, 0), VALUES, CATALOGUE, "isolation")
    assert isolated.damage_myen == pytest.approx(0.2 * shaken.damage_myen, rel=1e-9)
    assert isolated.protection_myen == pytest.approx(0.1 * 630 * 0.05, rel=1e-9)
