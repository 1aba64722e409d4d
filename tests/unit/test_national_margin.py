"""What the choice of sites can move: the cost that is common to all plans, and bounds on what a site is worth."""

from __future__ import annotations

import pytest

from kiban.catalogue import load_catalogue
from kiban.national.building import build_national
from kiban.national.result.common_cost import common_cost
from kiban.national.search.cut_pool import CutPool
from kiban.national.study.assembly import write_problem
from kiban.report.layout import render
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import parse_national

STUDY = {
    "national": {"name": "margin", "sites": ["tomakomai", "inzai", "nanto"], "hours": 72, "first_hour": 2400},
    "tranche": [
        {"id": "training", "it_load_mw": 300, "deferrable_share": 0.5},
        {"id": "metro", "it_load_mw": 80, "firm_shape": "inference", "max_round_trip_ms": 5},
    ],
    "limits": {"max_site_mw": 250},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.6},
}
POOL = CutPool()


def build(**national):
    return build_national(parse_national({**STUDY, "national": {**STUDY["national"], **national}}), pool=POOL)


def test_no_plan_pays_less_for_servers_than_the_common_cost():
    plan = build()
    servers = sum(site.costs["compute"] for site in plan.sites)
    assert 0.9 * servers < plan.common_myen <= servers * (1 + 1e-9)
    assert plan.movable_gap > plan.relative_gap
    assert plan.movable_myen == pytest.approx(plan.net_cost_myen - plan.common_myen)


def test_the_common_cost_is_that_of_the_demand_at_the_cheapest_site():
    raw = {**STUDY, "national": {**STUDY["national"], "it_annual_cost_myen_per_mw": 100.0}}
    flat = {**raw, "tranche": [{"id": "a", "it_load_mw": 200}, {"id": "b", "it_load_mw": 50, "must_serve": False,
                                                               "price_myen_per_mw_year": 1.0}]}  # fmt: skip
    problem, _ = write_problem(parse_national(flat), load_catalogue())
    assert common_cost(problem) == pytest.approx(200 * 100.0)


def test_later_phases_buy_their_servers_later():
    raw = {
        **STUDY,
        "national": {**STUDY["national"], "it_annual_cost_myen_per_mw": 100.0},
        "tranche": [{"id": "a", "it_load_mw": [100, 300]}],
        "phases": {"years": [2027, 2032], "last_year": 2037, "better_chips": False},
    }
    problem, _ = write_problem(parse_national(raw), load_catalogue())
    later = float(problem.phase_weights[1])
    assert common_cost(problem) == pytest.approx(100.0 * (100 + 200 * later))


def test_what_a_site_is_worth_lies_between_the_bounds_of_building_without_it():
    plan = build(gap=1e-4)
    for site in plan.sites:
        names = [name for name in STUDY["national"]["sites"] if name != site.candidate.id]
        without = build_national(
            parse_national({**STUDY, "national": {**STUDY["national"], "sites": names, "gap": 1e-4}}), pool=POOL
        )
        if without.status == "infeasible":
            assert site.without_myen is None
            continue
        assert site.without_myen is not None
        more, slack = without.net_cost_myen - plan.net_cost_myen, 2e-4 * plan.net_cost_myen
        assert site.without_least_myen <= more + slack
        assert more - slack <= site.without_myen


def test_the_gap_on_what_siting_moves_is_kept_where_it_is_asked_for():
    loose = build(gap=0.02)
    tight = build(gap=0.02, movable_gap=0.005)
    assert tight.movable_gap <= 0.005
    assert tight.bound_myen >= loose.bound_myen
    assert tight.rounds >= loose.rounds


@pytest.mark.parametrize(("language", "word"), [("en", "what siting moves"), ("ja", "拠点選択で動く費用")])
def test_the_page_compares_on_what_siting_moves(language, word):
    page = render(national_text(build(), language, 200), width=200, colour=False)
    assert page.count(word) >= 3
