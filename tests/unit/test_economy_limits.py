"""People and goods as limits of a national study: what is written, what it changes, and what more would be worth."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from tests.cases.national_studies import SMALL_TOML, one_site
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.catalogue.economy_tables import load_input_output, prefecture_shares
from kiban.cli import app
from kiban.economy.limits import limits_of_study, limits_text
from kiban.economy.shortage import Shortage
from kiban.national.building import build_national
from kiban.national.search.cut_pool import CutPool
from kiban.report.economy.document import economy_document
from kiban.report.economy.shortage import shortage_document, shortage_text
from kiban.report.economy.tables import list_tables
from kiban.report.layout import render
from kiban.scenario.national import BuildLimit
from kiban.scenario.national_file import parse_national

CATALOGUE = load_catalogue()
STUDY = tomllib.loads(SMALL_TOML)


def limits(case="value", language="en"):
    return {limit.id: limit for limit in limits_of_study(parse_national(STUDY), CATALOGUE, case, language)}


def test_people_of_a_prefecture_by_hand():
    electricians = limits()["electricians_hokkaido"]
    assert electricians.sites == ("tomakomai",)
    assert electricians.building_per_mw == 1.8
    assert electricians.running_per_mw == 0.0
    assert electricians.build_years == 2
    assert electricians.years == tuple(range(2027, 2032))
    share = float(prefecture_shares()["Hokkaido"][load_input_output().index("const")])
    change = CATALOGUE.value("labour.change.hokkaido")
    by_hand = [0.03 * 379_510 * share * (1 + change) ** (year - 2020) for year in electricians.years]
    assert list(electricians.available) == pytest.approx(by_hand, abs=0.051)
    assert limits(language="ja")["electricians_hokkaido"].name == "電気工事士 (Hokkaido)"


def test_least_people_stand_against_most_need():
    value, low, high = (limits(case)["electricians_hokkaido"] for case in ("value", "low", "high"))
    assert (low.building_per_mw, value.building_per_mw, high.building_per_mw) == (3.0, 1.8, 1.0)
    assert low.available[0] < value.available[0] < high.available[0]


def test_whom_nobody_counts_is_no_limit():
    assert "kubernetes_hpc_hokkaido" not in limits()
    assert not [name for name in limits() if name.startswith("data_science")]


def test_goods_that_come_late_keep_everything_from_standing():
    # Ordered in 2026: transformers after 2 to 4 years, so that blocks stand from 2029 on, at the low end from 2030.
    assert "transformers_lead" in limits("low")
    late = limits("low")["transformers_lead"]
    assert (late.years, late.available) == ((2028,), (0.0,))
    assert "transformers_lead" not in limits("value")
    plan = build_national(parse_national({**STUDY, "build_limit": [late.model_dump(exclude_none=True)]}))
    assert plan.status == "infeasible"
    early = {**STUDY, "phases": {"years": [2030, 2031], "last_year": 2040}, "build_limit": [late.model_dump()]}
    assert build_national(parse_national(early)).status == "optimal"


def test_what_is_written_is_what_a_study_reads():
    found = limits_of_study(parse_national(STUDY), CATALOGUE)
    again = parse_national({**STUDY, **tomllib.loads(limits_text(found))})
    assert again.build_limit == found


@pytest.fixture(scope="module")
def shortage() -> Shortage:
    pool, study = CutPool(), parse_national(STUDY)
    free = build_national(study, pool=pool)
    site = free.sites[0].candidate.id
    # Half of what the larger site takes in its scarcest year.
    few = 0.5 * 1.8 * free.sites[0].phase_load_mw[0]
    crew = BuildLimit(
        id="crew", name="Crew", unit="people", sites=(site,), building_per_mw=1.8, build_years=2,
        years=tuple(range(2027, 2031)), available=(few,) * 4,
    )  # fmt: skip
    return Shortage((crew,), free, build_national(study.changed(build_limit=(crew,)), pool=pool))


def test_what_is_short_moves_load_and_has_a_price(shortage):
    moved = {one.id: one for one in shortage.sites}
    leading = shortage.free.sites[0].candidate.id
    assert moved[leading].limited_mw[0] == pytest.approx(0.5 * moved[leading].free_mw[0], rel=1e-3)
    assert shortage.more_myen > shortage.gap_myen
    (use,) = shortage.binding
    assert use.price_myen > 0
    assert shortage.delayed == ()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_is_said_with_what_twenty_more_would_be_worth(shortage, language):
    page = " ".join(render(shortage_text(shortage, language, 100), width=100, colour=False).split())
    said = {"en": "Crew: 20 more (people) in every year would save", "ja": "Crew: 毎年20（people）増えれば"}
    assert said[language].replace(" ", "") in page.replace(" ", "")
    told = json.loads(json.dumps(shortage_document(shortage, language)))
    assert told["more_myen_per_year"] == shortage.more_myen
    assert told["limits"][0]["worth_myen"] == shortage.binding[0].worth_myen
    assert told["sites"][0]["id"] == shortage.sites[0].id


def test_the_command_writes_and_plans(tmp_path: Path):
    study = tmp_path / "study.toml"
    study.write_text(SMALL_TOML.replace("it_load_mw = [200, 400]", "it_load_mw = [20, 40]"))
    done = CliRunner().invoke(app, ["economy", str(study), "--limits", str(tmp_path / "people.toml"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    written = tomllib.loads((tmp_path / "people.toml").read_text(encoding="utf-8"))
    assert [one["id"] for one in told["limits"]] == [one["id"] for one in written["build_limit"]]
    assert told["sentence"].startswith("The people and goods that there are do for two places")
    again = CliRunner().invoke(app, ["economy", str(study), "--limits", str(tmp_path / "people.toml")])
    assert again.exit_code == 2


def test_a_site_of_ones_own_has_no_people_that_are_known():
    own = {"id": "mine", "latitude_deg": 43.0, "longitude_deg": 141.5, "area": "hokkaido"}
    study = one_site(year=2030, site=[own], national={"name": "mine", "sites": [], "year": 2030})
    assert [limit.id for limit in limits_of_study(study, CATALOGUE)] == []


def test_who_makes_what_is_given_with_its_range_or_left_open(akita_economy):
    makers = {one.product: one for one in akita_economy.makers}
    assert set(makers) <= {one.id for one in akita_economy.industries}
    transformers = makers["transformers"]
    assert (transformers.share.low, transformers.share.value, transformers.share.high) == (0.8, 0.9, 0.95)
    lead = transformers.lead_months
    assert lead is not None
    assert (lead.low, lead.value, lead.high) == pytest.approx((24, 36, 48))
    assert makers["chips"].lead_months is None
    told = {one["id"]: one for one in economy_document(akita_economy, "en")["makers"]}
    assert told["chips"]["share"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert told["transformers"]["status"] == "assumed"
    table = next(one for one in list_tables(akita_economy, "en") if "makers" in one.title)
    assert ("Transformers", "90.0 %", "80.0 %", "95.0 %", "36", "24", "48") in table.rows


def test_guards_by_money_are_those_by_skill(akita_campus, akita_economy):
    paid = [one for one in akita_economy.flows if one.id == "security" and one.phase == "operation"]
    years = len({one.year for one in paid})
    received = sum(one.japan_myen + (one.prefecture_myen or 0.0) for one in paid) / years
    table = load_input_output()
    wages = received * float(table.wage_ratio[table.index("biz")])
    people = CATALOGUE.fact("labour.security.running")
    pay = CATALOGUE.value("labour.security.wage") * akita_campus.it_mw
    assert people.low * pay < wages < people.high * pay
    assert wages == pytest.approx(people.value * pay, rel=0.1)
