"""Laws of interconnectors: more of them never costs more, without them every area is an island, flows balance."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.catalogue import load_catalogue
from kiban.national.result.area_flows import find_flows
from kiban.national.result.plan import make_areas, make_sites
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.study.assembly import write_problem
from kiban.scenario.national_file import interconnector_names, parse_national

GAP = 1e-4
POOL = CutPool()
CATALOGUE = load_catalogue()
FEW = settings(max_examples=4, derandomize=True)
NO_SPARE = {area: {"spare_supply_mw": 0.0} for area in ("chubu", "hokuriku", "chugoku", "shikoku", "kyushu", "tokyo")}


def plan(**sections):
    raw = {
        "national": {
            "name": "network",
            "sites": ["tomakomai", "nanto", "kure"],
            "hours": 48,
            "first_hour": 2400,
            "gap": GAP,
        },
        "tranche": [{"id": "training", "it_load_mw": 400, "deferrable_share": 0.3}],
        "limits": {"max_site_mw": 200},
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": 0.3},
        **sections,
    }
    # Limits and prices at the ends of a law are not plausible, and are meant.
    problem, _ = write_problem(parse_national(raw).insisting(), CATALOGUE)
    found = search(problem, POOL, gap=GAP, max_rounds=80, report=lambda _: None)
    assert found is not None
    flows = find_flows(problem, POOL.points_of(problem), found, make_areas(problem, found, (), CATALOGUE), CATALOGUE)
    return problem, found, flows


def links(**capacities):
    return [{"id": name.replace("_", "-"), "forward_mw": mw, "reverse_mw": mw} for name, mw in capacities.items()]


def only(**capacities):
    """Nothing but these interconnectors, all of their capacity free."""
    cut = [{"id": name, "enabled": False} for name in interconnector_names(CATALOGUE)]
    kept = links(**capacities)
    names = {entry["id"] for entry in kept}
    return [*kept, *(entry for entry in cut if entry["id"] not in names)]


FULL = {"free_share": 1.0}


@FEW
@given(st.just(0.0) | st.floats(1e-6, 40), st.floats(1, 5))
def test_more_interconnector_never_costs_more(capacity_mw, factor):
    few = plan(network=FULL, area=NO_SPARE, interconnector=only(hokuriku_kansai=capacity_mw, kansai_chugoku=20))
    more = plan(
        network=FULL, area=NO_SPARE, interconnector=only(hokuriku_kansai=capacity_mw * factor, kansai_chugoku=20)
    )
    assert more[1].bound_myen <= few[1].cost_myen * (1 + 1e-9)
    assert more[1].cost_myen <= few[1].cost_myen * (1 + GAP)


@FEW
@given(st.floats(10, 120), st.floats(10, 120))
def test_without_interconnectors_every_area_has_what_it_can_spare_itself(hokuriku_mw, chugoku_mw):
    spare = {
        "hokkaido": {"spare_supply_mw": 30},
        "hokuriku": {"spare_supply_mw": hokuriku_mw},
        "chugoku": {"spare_supply_mw": chugoku_mw},
    }
    _, cut, _ = plan(area=spare, network={"islands": True})
    _, each, _ = plan(area=spare, interconnector=only())
    headroom = {area: {"headroom_mw": terms["spare_supply_mw"]} for area, terms in spare.items()}
    _, island, flows = plan(area=headroom, network={"enabled": False})
    assert flows is None
    assert cut.cost_myen == pytest.approx(island.cost_myen, rel=2 * GAP)
    assert each.cost_myen == pytest.approx(cut.cost_myen, rel=2 * GAP)
    _, joined, _ = plan(area=spare)
    assert joined.bound_myen <= cut.cost_myen * (1 + 1e-9)


@FEW
@given(*[st.just(0.0) | st.floats(1e-6, most) for most in (60, 60, 1)])
def test_flows_balance_within_what_is_free(spare_mw, capacity_mw, share):
    area = {**NO_SPARE, "hokuriku": {"spare_supply_mw": spare_mw}}
    problem, found, flows = plan(
        network={"free_share": share}, area=area, interconnector=only(hokuriku_kansai=capacity_mw, kansai_chugoku=80)
    )
    assert flows is not None
    for link in flows.links:
        assert -link.reverse_mw - 1e-3 <= link.flow_mw <= link.forward_mw + 1e-3
        assert link.forward_mw == pytest.approx(share * (capacity_mw if "hokuriku" in link.id else 80))
        assert 0 <= link.used_share <= 1
    for balance in flows.areas:
        assert balance.draw_mw <= balance.spare_supply_mw + balance.import_mw - balance.export_mw + 0.01
    assert sum(area.import_mw for area in flows.areas) == pytest.approx(sum(area.export_mw for area in flows.areas))
    drawn = {site.candidate.area: site.connection_mw for site in make_sites(problem, found)}
    for balance in flows.areas:
        assert balance.draw_mw == pytest.approx(drawn.get(balance.area, 0.0), abs=1e-3)


def test_what_binds_is_worth_what_more_of_it_saves():
    study = {"area": {**NO_SPARE, "hokkaido": {"spare_supply_mw": 0.0}}, "network": FULL}
    _, at, flows = plan(**study, interconnector=only(hokuriku_kansai=60, kansai_chugoku=40))
    link = {link.id: link for link in flows.links}["hokuriku-kansai"]
    assert link.flow_mw == pytest.approx(-60, abs=0.1)
    assert link.binding
    assert link.worth_myen_per_mw > 0
    step = 4.0
    _, more, _ = plan(**study, interconnector=only(hokuriku_kansai=60 + step, kansai_chugoku=40))
    _, less, _ = plan(**study, interconnector=only(hokuriku_kansai=60 - step, kansai_chugoku=40))
    most, least = less.cost_myen - at.bound_myen, at.bound_myen - more.cost_myen
    assert least / step * (1 - 1e-3) <= link.worth_myen_per_mw <= most / step * (1 + 1e-3)


def test_capacity_is_added_where_it_pays_and_is_paid_for():
    cut = {"area": {**NO_SPARE, "hokkaido": {"spare_supply_mw": 0.0}}, "network": FULL}
    narrow = only(hokuriku_kansai=5, kansai_chugoku=5)
    _, without, _ = plan(**cut, interconnector=narrow)
    cheap = [{**entry, "expansion_mw": 100, "expansion_capex_myen_per_mw": 1.0} for entry in narrow[:2]]
    problem, found, flows = plan(**cut, interconnector=[*cheap, *narrow[2:]])
    added = {link.id: link.expansion_mw for link in flows.links}
    assert sum(added.values()) > 10
    assert max(added.values()) <= 100 + 1e-6
    assert flows.expansion_myen == pytest.approx(
        sum(link.expansion_myen_per_mw * added[link.id] for link in problem.network.links)
    )
    assert found.cost_myen < without.cost_myen
    dear = [{**entry, "expansion_mw": 100, "expansion_capex_myen_per_mw": 1e6} for entry in narrow[:2]]
    _, kept, none = plan(**cut, interconnector=[*dear, *narrow[2:]])
    assert none.expansion_myen == 0
    assert kept.cost_myen == pytest.approx(without.cost_myen, rel=2 * GAP)
