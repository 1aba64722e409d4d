"""Laws of limits by year: slack ones change nothing, binding ones cost their price, broken ones explain themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.cases.national_studies import HARMLESS

from kiban.catalogue import load_catalogue
from kiban.national.building import build_national
from kiban.national.result.annual_limits import annual_limit_prices
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.study.assembly import discounted_years, write_problem
from kiban.report.layout import render
from kiban.report.national.document import national_document
from kiban.report.national.terminal import national_text
from kiban.scenario.national import NationalScenario
from kiban.scenario.national_file import parse_national

GAP = 1e-5
POOL = CutPool()
HEAD = {"name": "crews", "sites": ["tomakomai", "inzai"], "hours": 24, "first_hour": 2400, "gap": GAP}
SITES = [{**HARMLESS, "id": name, "min_mw": 0, "connection_year": 2026} for name in ("tomakomai", "inzai")]
PHASES = {"years": [2028, 2030], "last_year": 2036, "better_chips": False}
CREW = {"id": "crew", "unit": "people", "sites": ["tomakomai"], "building_per_mw": 2.0, "build_years": 3}


def study(*limits: dict[str, Any], load_mw: object = (60.0, 100.0), **sections: Any) -> NationalScenario:
    raw: dict[str, Any] = {
        "national": HEAD,
        "tranche": [{"id": "training", "it_load_mw": load_mw}],
        "site": SITES,
        "phases": PHASES,
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": 0.2},
        "finance": {"discount_rate": 0.05},
    }
    return parse_national({**raw, "build_limit": list(limits), **sections})


def crew(*available: float, first: int = 2025, **keys: Any) -> dict[str, Any]:
    return {**CREW, "years": list(range(first, first + len(available))), "available": list(available), **keys}


@pytest.fixture(scope="module")
def free():
    return build_national(study(), pool=POOL)


@pytest.fixture(scope="module")
def bound():
    return build_national(study(crew(*(100.0,) * 5)), pool=POOL)


def loads(plan) -> dict[str, tuple[float, ...]]:
    return {site.candidate.id: site.phase_load_mw for site in plan.sites}


def test_what_each_year_takes_is_counted_by_hand():
    (limit,) = write_problem(study(crew(*(100.0,) * 10, running_per_mw=0.5)), load_catalogue())[0].annual_limits
    taken = {year: limit.need_per_mw(0, 2028, year) for year in range(2024, 2030)}
    assert taken == {2024: 0.0, 2025: 2.0, 2026: 2.0, 2027: 2.0, 2028: 0.5, 2029: 0.5}
    assert limit.need_per_mw(1, 2028, 2026) == 0.0


def test_a_slack_limit_changes_nothing(free):
    plan = build_national(study(crew(*(1000.0,) * 5)), pool=POOL)
    assert plan.net_cost_myen == pytest.approx(free.net_cost_myen, rel=GAP)
    for site, mw in loads(free).items():
        assert loads(plan)[site] == pytest.approx(mw, abs=0.5)
    (use,) = plan.limits
    assert use.price_myen == 0.0
    assert use.worth_myen == 0.0
    assert use.full_years == ()


def test_a_plan_keeps_its_limit_in_every_year(free, bound):
    # The cheaper site takes all of both phases where it may: 2 people x 100 MW in the year when both are built.
    assert loads(free)["tomakomai"][-1] > 90
    (use,) = bound.limits
    first, last = loads(bound)["tomakomai"]
    by_hand = [2 * first, 2 * first, 2 * last, 2 * (last - first), 2 * (last - first)]
    assert [one.year for one in use.years] == [2025, 2026, 2027, 2028, 2029]
    assert [one.taken for one in use.years] == pytest.approx(by_hand, abs=1e-3)
    # All 50 MW of the first phase, which stand the longest; then nobody is left for the second in 2027.
    assert by_hand == pytest.approx([100.0, 100.0, 100.0, 0.0, 0.0], abs=1e-3)
    assert use.full_years == (2025, 2026, 2027)
    assert sum(site.phase_load_mw[-1] for site in bound.sites) == pytest.approx(100.0, rel=1e-5)
    assert bound.net_cost_myen > free.net_cost_myen * (1 + GAP)


def test_what_binds_costs_its_price_for_a_small_change(bound):
    problem, _ = write_problem(study(crew(*(100.0,) * 5)), load_catalogue())
    points = POOL.points_of(problem)

    def least(more: float, held: Incumbent) -> float:
        limits = tuple(
            replace(limit, available={year: units + more for year, units in limit.available.items()})
            for limit in problem.annual_limits
        )
        master = write_master(replace(problem, annual_limits=limits), points, "inner")
        master.hold_open(held.choice)
        return master.model.solve().objective

    choice = write_master(problem, points, "inner").solve(relative_gap=1e-9)
    assert choice is not None
    held = Incumbent(choice, {}, choice.objective)
    price = annual_limit_prices(problem, points, held)["crew"]
    assert price == pytest.approx(bound.limits[0].price_myen, rel=1e-6)
    assert price > 0
    small = 1e-3
    assert least(0.0, held) - least(small, held) == pytest.approx(price * small, rel=1e-3)
    assert least(-small, held) - least(0.0, held) == pytest.approx(price * small, rel=1e-3)


def test_more_people_save_at_most_their_price_and_all_of_it_as_long_as_sites_cost_the_same(bound):
    more = 20.0
    after = build_national(study(crew(*(100.0 + more,) * 5)), pool=POOL)
    saved = bound.net_cost_myen - after.net_cost_myen
    price, gap = bound.limits[0].price_myen, GAP * bound.net_cost_myen
    assert 0 < saved <= price * more + gap
    assert saved >= after.limits[0].price_myen * more - gap


def test_the_worth_over_all_years_is_discounted_to_the_decision(bound):
    by_hand = sum(1.05 ** -(year - 2026) for year in range(2028, 2036))
    assert discounted_years(bound.study, load_catalogue()) == pytest.approx(by_hand, rel=1e-12)
    assert bound.limits[0].worth_myen == pytest.approx(bound.limits[0].price_myen * by_hand, rel=1e-12)


def test_what_may_stand_later_is_built_later():
    paid = {"id": "extra", "it_load_mw": [60.0, 60.0], "must_serve": False, "price_myen_per_mw_year": 9000.0}
    late = crew(40.0, 40.0, 40.0, 200.0, 200.0, sites=None, build_years=1)
    sections = {"tranche": [{"id": "training", "it_load_mw": [10.0, 10.0]}, paid]}
    before = build_national(study(**sections), pool=POOL)
    after = build_national(study(late, **sections), pool=POOL)
    assert before.served_mw["extra"] == pytest.approx((60.0, 60.0), abs=0.1)
    # 40 people a year build 20 MW until 2028, of which 10 must be served; from 2028 on there are enough.
    assert after.served_mw["extra"] == pytest.approx((10.0, 60.0), abs=0.1)


def test_without_enough_people_the_study_says_how_many_are_missing():
    short = crew(*(50.0,) * 5, sites=None, name="Crews")
    plan = build_national(study(short), pool=POOL)
    assert plan.status == "infeasible"
    found = {change.key: change for change in plan.relaxations}
    # 60 MW and 40 MW at 2 people each overlap in one year: 200 people.
    assert found["build_limit.Crews"].current == 50.0
    assert found["build_limit.Crews"].needed == pytest.approx(200.0, abs=0.1)
    page = render(national_text(plan, "en", 100), width=100, colour=False)
    assert "50.00 people now, 200.0 people needed" in " ".join(page.split())
    assert build_national(study({**short, "available": [200.0] * 5}), pool=POOL).status == "optimal"


def test_where_two_limits_are_short_a_factor_on_all_of_them_is_found():
    both = [crew(*(50.0,) * 5, sites=None, id=name) for name in ("north", "south")]
    plan = build_national(study(*both), pool=POOL)
    found = {change.key: change for change in plan.relaxations}
    assert "build_limit.north" not in found
    assert found["build_limits"].needed == pytest.approx(4.0, abs=0.02)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_price_is_printed_and_told(bound, language):
    page = " ".join(render(national_text(bound, language, 120), width=120, colour=False).split())
    assert {"en": "People and goods by year", "ja": "年ごとの人と資材"}[language] in page
    (told,) = national_document(bound)["limits"]
    assert told["price_myen_per_year"] == bound.limits[0].price_myen
    assert [one["year"] for one in told["years"] if one["full"]] == [2025, 2026, 2027]
