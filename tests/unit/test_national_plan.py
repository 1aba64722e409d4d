"""The national plan as a whole: phases, risk, near-optimal plans, the page, the map, the folder, the command."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from tests.cases.documents import misfits
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.national.building import build_national
from kiban.national.result.robustness import read_ranges
from kiban.national.search.cut_pool import CutPool
from kiban.report.layout import render
from kiban.report.national.document import NationalDocument, national_document
from kiban.report.national.folder import save_national
from kiban.report.national.map import draw_map
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import parse_national
from kiban.weather.table import read_table

pytestmark = pytest.mark.slow

SINGLE = {
    "national": {
        "name": "six sites",
        "sites": ["tomakomai", "rokkasho", "inzai", "nanto", "kure", "kirishima"],
        "hours": 48,
        "first_hour": 2400,
        "year": 2030,
    },
    "tranche": [
        {"id": "training", "it_load_mw": 500, "deferrable_share": 0.8},
        {"id": "metro", "it_load_mw": 100, "firm_shape": "inference", "max_round_trip_ms": 5, "survival_share": 0.5},
        {"id": "extra", "it_load_mw": 200, "must_serve": False, "price_myen_per_mw_year": 100.0},
    ],
    "limits": {"max_area_share": 0.6, "max_site_mw": 300},
    "supply": {"geothermal": {"lead_time_years": 4}},
    "shared": [{"id": "field", "supply": "geothermal", "sites": ["kirishima", "tomakomai"], "max_mw": 120}],
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.5},
    "risk": {"draws": 12, "flip_points": False},
}
PHASED = {
    "national": {
        "name": "phases",
        "sites": ["tomakomai", "inzai", "nanto"],
        "hours": 48,
        "first_hour": 2400,
        "decision_year": 2026,
    },
    "tranche": [
        {"id": "training", "it_load_mw": [100, 250, 400], "deferrable_share": 0.8},
        {"id": "metro", "it_load_mw": [30, 60, 100], "firm_shape": "inference", "max_round_trip_ms": 5},
    ],
    "phases": {"years": [2028, 2031, 2035], "last_year": 2040, "better_chips": False},
    "supply": {"pv": {"lead_time_years": 2}, "wind_onshore": {"lead_time_years": 2}},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.4},
}


@pytest.fixture(scope="module")
def single():
    return build_national(parse_national(SINGLE))


@pytest.fixture(scope="module")
def phased():
    return build_national(parse_national(PHASED))


def test_what_is_built_serves_the_demand_within_all_limits(single):
    assert single.status == "optimal"
    assert single.relative_gap <= 0.005
    assert single.served_mw["training"][0] == pytest.approx(500, rel=1e-4)
    assert single.served_mw["metro"][0] >= 100 * (1 - 1e-6)
    total = sum(site.total_mw for site in single.sites)
    for area in single.areas:
        assert area.load_mw <= 0.6 * total * (1 + 1e-4)
        assert area.connection_mw <= area.headroom_mw + area.reinforcement_mw + 1e-3
    assert all(site.total_mw <= 300 + 1e-6 for site in single.sites)
    field = sum(
        site.capacities.get("geothermal", 0.0)
        for site in single.sites
        if site.candidate.id in {"kirishima", "tomakomai"}
    )
    assert field <= 120 + 1e-3


def test_costs_of_sites_add_up(single):
    assert sum(site.cost_myen for site in single.sites) + single.reinforcement_myen == pytest.approx(
        single.cost_myen, rel=1e-6
    )


def test_a_tranche_whose_price_does_not_pay_is_not_served(single):
    # A MW costs some twelve times its price: no more than the gap can hide.
    most = (single.net_cost_myen - single.bound_myen) / 1000
    assert single.served_mw["extra"][0] <= most
    assert single.income_myen == pytest.approx(100 * single.served_mw["extra"][0], rel=1e-6)


def test_a_tranche_whose_price_pays_is_served():
    tranches = [SINGLE["tranche"][0], {**SINGLE["tranche"][2], "price_myen_per_mw_year": 5000.0}]
    plan = build_national(parse_national({**SINGLE, "tranche": tranches, "risk": {"draws": 0, "flip_points": False}}))
    assert plan.served_mw["extra"][0] == pytest.approx(200, rel=1e-4)
    assert plan.income_myen == pytest.approx(5000 * 200, rel=1e-3)
    assert plan.net_cost_myen == pytest.approx(plan.cost_myen - plan.income_myen, rel=1e-9)


def test_the_loss_of_any_one_area_leaves_enough_near_the_metropoles(single):
    areas = {site.candidate.area for site in single.sites}
    for lost in areas:
        left = sum(
            site.total_mw
            for site in single.sites
            if site.candidate.area != lost and site.candidate.reach_ms("nearest") <= 5
        )
        assert left >= 0.5 * 100 - 1e-3


def test_near_optimal_plans_stay_within_their_share(single):
    assert [other.share for other in single.near_optima] == [0.01, 0.03, 0.05]
    for other in single.near_optima:
        assert other.cost_myen <= single.net_cost_myen + other.share * single.movable_myen * (1 + 1e-6)
        assert sum(other.load_mw.values()) >= 600 * (1 - 1e-3)


def test_draws_are_seeded_and_their_ranges_come_from_the_catalogue(single):
    again = build_national(parse_national(SINGLE))
    assert again.robustness == single.robustness
    other = parse_national({**SINGLE, "national": {**SINGLE["national"], "seed": 2}})
    assert build_national(other).robustness.cost_myen != single.robustness.cost_myen
    assert single.robustness.draws == 12
    assert all(0 <= share <= 1 for share in single.robustness.chosen.values())
    pv = load_catalogue().fact("pv.capex")
    assert read_ranges(load_catalogue())["pv"] == (pv.low / pv.value, pv.high / pv.value)


def test_what_was_solved_is_remembered_for_the_next_question():
    pool = CutPool()
    first = build_national(parse_national({**SINGLE, "risk": None}), pool=pool)
    limits = {**SINGLE["limits"], "max_area_share": 0.7}
    second = build_national(parse_national({**SINGLE, "risk": None, "limits": limits}), pool=pool)
    assert second.solves < first.solves / 2
    assert second.cost_myen <= first.cost_myen * 1.005


def test_phases_grow_and_carry_investments_forward(phased):
    assert phased.status == "optimal"
    for site in phased.sites:
        assert list(site.phase_load_mw) == sorted(site.phase_load_mw)
    for tranche, wanted in (("training", (100, 250, 400)), ("metro", (30, 60, 100))):
        for served, demand in zip(phased.served_mw[tranche], wanted, strict=True):
            assert served >= demand * (1 - 1e-6)
    built = [sum(site.phase_load_mw[phase] for site in phased.sites) for phase in range(3)]
    assert built == sorted(built)


def test_before_the_connection_a_block_runs_on_temporary_supply_or_is_not_built(phased):
    assert any(site.waits for site in phased.sites if site.phase_load_mw[0] > 0)
    none = {**PHASED, "phases": {**PHASED["phases"], "temporary_supply": False}}
    plan = build_national(parse_national(none))
    # The areas' lead times end in 2030 and later: nothing can be connected in 2028.
    assert plan.status == "infeasible"


def test_supply_of_a_site_is_shared_by_its_phases(phased):
    catalogue = load_catalogue()
    for site in phased.sites:
        for name in ("pv", "wind_onshore"):
            assert site.capacities.get(name, 0.0) <= catalogue.value(f"{name}.limit") + 1e-3


def test_better_chips_need_less_power():
    better = {**PHASED, "phases": {**PHASED["phases"], "better_chips": True}}
    plan = build_national(parse_national(better))
    gain = 1 + load_catalogue().value("national.compute_gain")
    assert gain > 1
    assert sum(site.total_mw for site in plan.sites) < 500
    assert plan.served_mw["training"][-1] >= 400 * (1 - 1e-6)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_and_names_every_site(single, phased, language, width):
    for plan in (single, phased):
        page = render(national_text(plan, language, width), width=width, colour=False)
        for site in plan.sites:
            name = site.candidate.name_ja if language == "ja" else site.candidate.name_en
            assert name[:10] in page
        assert "…" not in page or width < 80


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_map_is_one_file_without_anything_from_outside(single, language):
    drawn = draw_map(single, language)
    root = ET.fromstring(drawn)
    assert root.tag.endswith("svg")
    assert drawn.count("http") == 1  # the name space
    for site in single.sites:
        assert (site.candidate.name_ja if language == "ja" else site.candidate.name_en) in drawn
    assert draw_map(single, language) == drawn


def test_the_folder_holds_reports_figures_and_map(single, tmp_path):
    folder = save_national(single, tmp_path / "plan")
    names = {path.name for path in folder.iterdir()}
    tables = {"sites.csv", "interconnectors.csv"}
    assert {"summary.json", "report.en.txt", "report.ja.txt", "map.en.svg", "map.ja.svg"} | tables == names
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["cost_myen_per_year"] == single.cost_myen
    assert misfits(summary, NationalDocument) == []
    assert summary == json.loads(json.dumps(national_document(single)))
    for name in tables:
        assert (folder / name).read_bytes().startswith(b"\xef\xbb\xbf")
    sites = read_table(folder / "sites.csv")
    assert sites.header[:2] == ("site", "area")
    assert [row[0] for row in sites.rows] == [site.candidate.id for site in single.sites]


def test_the_command_builds_a_national_file_and_ends_with_4_where_there_is_no_plan(tmp_path):
    text = (
        '[national]\nname = "x"\nsites = ["inzai"]\nhours = 48\n'
        '[[tranche]]\nid = "a"\nit_load_mw = {mw}\n[cooling]\nsystem = "direct_liquid"\n'
    )
    (tmp_path / "fine.toml").write_text(text.format(mw="100.0"), encoding="utf-8")
    (tmp_path / "large.toml").write_text(text.format(mw="9000.0"), encoding="utf-8")
    runner = CliRunner()
    done = runner.invoke(app, ["build", str(tmp_path / "fine.toml"), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["sites"][0]["id"] == "inzai"
    assert summary["relative_gap"] <= 0.005
    assert runner.invoke(app, ["build", str(tmp_path / "large.toml")]).exit_code == 4


def test_a_changed_price_is_answered_from_designs_that_are_known():
    pool = CutPool()
    study = parse_national({**SINGLE, "risk": None})
    first = build_national(study, pool=pool)
    dearer = parse_national({**SINGLE, "risk": None, "assumptions": {"pv.capex": 180.0}})
    second = build_national(dearer, pool=pool)
    cold = build_national(dearer)
    assert second.solves < first.solves
    assert second.relative_gap <= 0.005
    assert second.net_cost_myen == pytest.approx(cold.net_cost_myen, rel=0.006)
    assert second.bound_myen <= cold.net_cost_myen * (1 + 1e-9)
    assert cold.bound_myen <= second.net_cost_myen * (1 + 1e-9)


def test_a_package_prices_every_site():
    tax = build_national(parse_national({**SINGLE, "risk": None, "policy": {"packages": ["none"]}}))
    grant = build_national(parse_national({**SINGLE, "risk": None, "policy": {"packages": ["capital-grant"]}}))
    assert tax.status == grant.status == "optimal"
    assert grant.net_cost_myen < tax.bound_myen
