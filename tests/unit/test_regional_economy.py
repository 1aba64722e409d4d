"""What a plan sets in motion: the ledger's yen by product, the multi-regional table, effects, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.catalogue.economy_products import load_products, portions
from kiban.catalogue.economy_tables import (
    demand_shares,
    load_input_output,
    load_prefectures,
    prefecture_shares,
)
from kiban.cli import app
from kiban.economy.answer import Economy
from kiban.economy.asking import economy_of_campuses, read_prefecture
from kiban.economy.effects import ROUNDS, case_terms, end_of, supplier_shares, trace
from kiban.economy.inequality import Inequality
from kiban.economy.receipts import (
    ABROAD,
    HOME,
    PHASES,
    Receipts,
    collect_receipts,
    lay_on_products,
    place_of,
    residual_yen,
)
from kiban.economy.regions import WITHOUT_TABLE, balance, load_regional_table, region_of, regional_table, trade_shares
from kiban.economy.spread import Spread
from kiban.errors import EXIT_INFEASIBLE, EXIT_INPUT, SolverError
from kiban.finance.campus import Campus
from kiban.finance.economy import (
    construction_demand,
    location_ratios,
    national_structure,
    read_economy_terms,
    trace_effects,
)
from kiban.finance.ledger import Entry, Ledger
from kiban.finance.paying import InfeasibleError
from kiban.planning.plan import Plan
from kiban.policy.terms import ASSETS
from kiban.quantities import YEN_PER_MYEN, MoneyFormat, format_number
from kiban.report.economy.document import economy_document
from kiban.report.economy.page import fill_economy_page
from kiban.report.economy.tables import list_tables
from kiban.report.economy.words import answer, further_sentences, note_sentences
from kiban.scenario.place import Site

TABLE = load_input_output()
TERMS = read_economy_terms(load_catalogue())
CASES = case_terms(load_catalogue())


@pytest.fixture
def campus(akita_campus: Campus) -> Campus:
    return akita_campus


@pytest.fixture
def found(akita_economy: Economy) -> Economy:
    return akita_economy


# ---- the tables


def test_products_refine_what_sectors_are_paid() -> None:
    for phase in ("construction", "operation"):
        for item, shares in demand_shares(phase).items():
            parts = portions(phase, "home")[item]
            by_sector = np.zeros(len(TABLE.sectors))
            for part in parts:
                by_sector[TABLE.index(part.sector)] += part.share
            np.testing.assert_allclose(by_sector, shares, atol=1e-12, err_msg=item)
    for origin in ("home", "abroad"):
        for phase in ("construction", "operation", "account"):
            for item, parts in portions(phase, origin).items():
                assert sum(part.share for part in parts) == pytest.approx(1.0, abs=1e-12), (phase, item)
                assert all(part.product in load_products() for part in parts)
    assert portions("construction", "abroad").keys() == portions("construction", "home").keys() == set(ASSETS)


def test_prefectures_and_regions() -> None:
    known = load_prefectures()
    assert len(known) == 47 and len({one.region for one in known.values()}) == 9
    assert {name for name, one in known.items() if one.persons is None} == set(known) - set(prefecture_shares())
    assert sum(one.persons or 0 for one in known.values()) == pytest.approx(
        float((TABLE.jobs_per_bn_yen * TABLE.output_bn_yen).sum()) - 2_309_920
    )
    assert region_of("Akita") == "tohoku" and region_of(WITHOUT_TABLE) == WITHOUT_TABLE


# ---- the balance


def test_ras_keeps_margins_and_cross_products() -> None:
    prior = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 1.0], [2.0, 5.0, 1.0]])
    rows, columns = np.array([10.0, 20.0, 30.0]), np.array([15.0, 25.0, 20.0])
    made = balance(prior, rows, columns)
    np.testing.assert_allclose(made.sum(axis=1), rows, atol=1e-9)
    np.testing.assert_allclose(made.sum(axis=0), columns, atol=1e-9)
    cross = made[0, 0] * made[1, 1] / (made[0, 1] * made[1, 0])
    assert cross == pytest.approx(4.0 * 3.0 / 1.0)


def test_a_balance_that_is_worked_out_by_hand() -> None:
    # [[x, 3 - x], [4 - x, 3 + x]] with x (3 + x) = 2 (3 - x) (4 - x): x = (17 - sqrt(193)) / 2.
    made = balance(np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([3.0, 7.0]), np.array([4.0, 6.0]))
    assert made[0, 0] == pytest.approx((17.0 - np.sqrt(193.0)) / 2.0, abs=1e-9)


def test_a_slow_balance_is_met() -> None:
    # Hardly anything is traded across: scaling alone would take tens of thousands of rounds.
    prior = np.array([[1.0, 1e-6], [1e-6, 1.0]])
    made = balance(prior, np.array([1.0, 2.0]), np.array([1.3, 1.7]))
    np.testing.assert_allclose(made.sum(axis=1), [1.0, 2.0], atol=1e-9)
    np.testing.assert_allclose(made.sum(axis=0), [1.3, 1.7], atol=1e-9)


def test_what_cannot_be_balanced() -> None:
    with pytest.raises(ValueError, match="different sums"):
        balance(np.ones((2, 2)), np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    with pytest.raises(ValueError, match="not negative"):
        balance(np.array([[1.0, -1.0], [1.0, 1.0]]), np.ones(2), np.ones(2))
    with pytest.raises(SolverError, match="zeros"):
        balance(np.eye(2), np.array([1.0, 2.0]), np.array([2.0, 1.0]))


@pytest.mark.parametrize("quotient", ["slq", "flq"])
def test_every_demand_is_met_and_every_output_sold(quotient: Any) -> None:
    regional = load_regional_table(quotient, TERMS.flq_delta)
    np.testing.assert_allclose(regional.trade.sum(axis=1), 1.0, atol=1e-12)
    assert np.all(regional.trade >= 0.0)
    # What all places buy of a supplier's product, at the nation's final demand, is what it has to sell at home.
    supply = regional.output_bn_yen * (1.0 - TABLE.export_bn_yen / TABLE.output_bn_yen)
    weight = regional.output_bn_yen @ TABLE.value_added_ratio
    inputs = regional.output_bn_yen @ ((1.0 - TABLE.import_share)[:, None] * TABLE.coefficients).T
    final = np.maximum(supply.sum(axis=0) - inputs.sum(axis=0), 0.0)
    demand = inputs + np.outer(weight / weight.sum(), final)
    demand *= supply.sum(axis=0) / demand.sum(axis=0)
    sold = np.einsum("irs,si->ri", regional.trade, demand)
    built = TABLE.index("const")
    traded = np.arange(len(TABLE.sectors)) != built
    assert np.max(np.abs(sold - supply)[:, traded]) < 1e-9 * supply.sum(axis=0).max()
    # What is built is made where it stands: each place sells what it buys, whatever its share in the nation's output.
    np.testing.assert_array_equal(regional.trade[built], np.eye(len(regional.places)))
    np.testing.assert_allclose(sold[:, built], demand[:, built])


def test_few_stay_with_flegg_and_many_with_the_simple_quotient() -> None:
    own = {q: load_regional_table(q, 0.3).trade.diagonal(axis1=1, axis2=2) for q in ("slq", "flq")}
    assert float((own["slq"] - own["flq"]).mean()) > 0.2


def test_two_places_by_hand() -> None:
    # One place has a quarter of both sectors; nothing is imported or exported. The simple quotient is 1 for all.
    two = replace(
        TABLE,
        sectors=("a", "b"),
        coefficients=np.array([[0.1, 0.2], [0.3, 0.1]]),
        output_bn_yen=np.array([100.0, 200.0]),
        import_share=np.zeros(2),
        export_bn_yen=np.zeros(2),
        value_added_ratio=np.array([0.6, 0.7]),
        wage_ratio=np.array([0.3, 0.4]),
        household_share=np.array([0.5, 0.5]),
    )
    regional = regional_table(two, ("x", "y"), np.array([[0.25, 0.25], [0.75, 0.75]]), quotient="slq", delta=0.3)
    np.testing.assert_allclose(regional.trade, np.array([np.eye(2)] * 2), atol=1e-12)
    demand = np.zeros((2, 2, 1))
    demand[0, 0, 0] = 75.0
    without, everything = regional.outputs(demand, spent_share=0.5)
    # (I - A)^-1 = [[0.9, 0.2], [0.3, 0.9]] / 0.75, all within the place that buys.
    np.testing.assert_allclose(without[:, :, 0], [[90.0, 30.0], [0.0, 0.0]], atol=1e-9)
    # Wages 0.3 a + 0.4 b, half of them spent equally: w = 39 / (1 - 0.25 (0.3 * 110/75 + 0.4 * 120/75)).
    wages = 39.0 / (1.0 - 0.25 * (0.3 * 110.0 / 75.0 + 0.4 * 120.0 / 75.0))
    extra = 0.25 * wages * np.array([110.0 / 75.0, 120.0 / 75.0])
    np.testing.assert_allclose(everything[0, :, 0] - without[0, :, 0], extra, atol=1e-9)


def test_a_buyer_without_a_producer_is_served_by_the_others() -> None:
    shares = trade_shares(np.array([0.0, 3.0]), np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(shares, [[0.0, 0.0], [1.0, 1.0]], atol=1e-9)


# ---- over all places it is the national model


@pytest.mark.parametrize("quotient", ["slq", "flq"])
def test_places_add_up_to_the_nation(quotient: Any) -> None:
    regional, national = load_regional_table(quotient, 0.3), national_structure(spent_share=0.7)
    demand = np.zeros((len(regional.places), len(TABLE.sectors), 1))
    demand[4, 3, 0], demand[12, 10, 0] = 60.0, 40.0
    without, everything = regional.outputs(demand, 0.7)
    whole = demand.sum(axis=(0, 2))
    np.testing.assert_allclose(without.sum(axis=(0, 2)), national.inverse @ whole, rtol=1e-9)
    closed = national.household_inverse @ np.append(whole, 0.0)
    np.testing.assert_allclose(everything.sum(axis=(0, 2)), closed[:-1], rtol=1e-9)


def test_published_multipliers_are_met() -> None:
    # Domestic output multipliers of the 20-sector aggregation of the ministry's 2015 table, as printed to 3 decimals.
    regional = load_regional_table("flq", 0.3)
    for sector, multiplier, jobs in (("const", 1.835, 105.1), ("ict", 1.750, 73.5), ("elgas", 1.523, None)):
        demand = np.zeros((len(regional.places), len(TABLE.sectors), 1))
        demand[0, TABLE.index(sector), 0] = 1.0
        without, _ = regional.outputs(demand, 0.0)
        assert float(without.sum()) == pytest.approx(multiplier, abs=5e-4)
        if jobs is not None:
            assert float(without.sum(axis=(0, 2)) @ TABLE.jobs_per_bn_yen) == pytest.approx(jobs, abs=0.05)


# ---- the ledger


def test_products_add_up_to_the_ledger_to_the_yen(campus: Campus, found: Economy) -> None:
    assert found.residual_yen == 0
    posted = sum(campus.ledger.balances[party][year] for party in HOME + ABROAD for year in campus.ledger.years)
    sides = [side.value for one in found.industries for side in (one.abroad, one.japan, one.prefecture) if side]
    assert sum(sides) + found.worth_left_myen == pytest.approx(posted, abs=0.5 / YEN_PER_MYEN)
    assert sum(one.abroad.value for one in found.industries) == pytest.approx(
        sum(campus.ledger.balances["suppliers_abroad"].values()), abs=0.5 / YEN_PER_MYEN
    )
    for year in found.years:
        flows = [flow for flow in found.flows if flow.year == year]
        of_year = sum(flow.abroad_myen + flow.japan_myen + (flow.prefecture_myen or 0.0) for flow in flows)
        receipts = sum(campus.ledger.balances[party].get(year, 0.0) for party in HOME + ABROAD)
        left = found.worth_left_myen if year == max(found.years) else 0.0
        assert of_year + left == pytest.approx(receipts, abs=0.5 / YEN_PER_MYEN)


def test_a_yen_that_is_lost_is_seen(campus: Campus) -> None:
    receipts = collect_receipts((campus,))
    first = next(iter(receipts.home_yen))
    changed = {**receipts.home_yen, first: receipts.home_yen[first] + 1.0}
    laid = lay_on_products(replace(receipts, home_yen=changed))
    assert residual_yen(receipts, laid, (campus,)) == 1


def test_what_nobody_said_is_an_error(campus: Campus) -> None:
    entry = Entry(campus.ledger.years[0], "equity", "suppliers_home", "a new account", 1.0, "")
    other = replace(campus, ledger=Ledger((entry,)))
    with pytest.raises(ValueError, match="a new account"):
        lay_on_products(collect_receipts((other,)))


# ---- effects


def _scaled(receipts: Receipts, factor: float) -> Receipts:
    home, abroad = (
        {key: factor * yen for key, yen in side.items()} for side in (receipts.home_yen, receipts.abroad_yen)
    )
    return replace(receipts, home_yen=home, abroad_yen=abroad)


def test_nothing_has_no_effect_and_effects_are_linear(campus: Campus) -> None:
    receipts = collect_receipts((campus,))
    one, three, none = (trace(_scaled(receipts, factor), CASES["high"]) for factor in (1.0, 3.0, 0.0))
    for measure, values in one.measures.items():
        np.testing.assert_allclose(three.measures[measure], 3.0 * values, rtol=1e-9, atol=1e-9)
        assert not np.any(none.measures[measure])
    assert not np.any(none.home_myen) and not np.any(none.imports_myen)


def test_construction_is_what_compare_counts(campus: Campus, found: Economy) -> None:
    # The column of job-years in `kiban compare` is of first purchases; works on the grid stand in the ledger alone.
    capex = dict.fromkeys(ASSETS, 0.0)
    for investment in campus.plan.investments:
        capex[investment.asset] += investment.capex_myen
    nation = trace_effects(
        national_structure(spent_share=TERMS.spent_share),
        construction_demand(capex, TERMS).home_myen,
        price_level=TERMS.price_level,
    )
    for number, effect in enumerate((nation.direct, nation.indirect, nation.induced)):
        counted = found.effects["japan"]["construction"][ROUNDS[number]]
        assert counted["jobs"].value == pytest.approx(effect.jobs, rel=2e-3)
        assert counted["value_added_myen"].value == pytest.approx(effect.value_added, rel=2e-3)


def test_what_is_spent_is_value_added_or_imported(found: Economy) -> None:
    spent = found.total_myen - found.worth_left_myen
    added = sum(found.headline("japan", phase, "value_added_myen").value for phase in PHASES)
    assert added + found.imports.value == pytest.approx(spent, rel=1e-5)


def test_value_lies_within_its_range_and_the_prefecture_within_japan(found: Economy) -> None:
    own = [industry.prefecture for industry in found.industries if industry.prefecture is not None]
    assert len(own) == len(found.industries)
    for spread in (*(one.abroad for one in found.industries), *(one.japan for one in found.industries), *own):
        assert spread.low <= spread.value <= spread.high
    assert any(one.low < one.value < one.high for one in own)
    for phase in PHASES:
        own, japan = (found.headline(where, phase, "jobs") for where in ("prefecture", "japan"))
        assert 0.0 < own.low < own.value < own.high and own.value < japan.value
    assert sum(place.jobs.value for place in found.regions) == pytest.approx(
        sum(found.headline("japan", phase, "jobs").value for phase in PHASES)
    )
    years = found.jobs["operation"]["japan"]
    assert sum(spread["direct"].value for spread in years.values()) == pytest.approx(
        found.effects["japan"]["operation"]["direct"]["jobs"].value
    )
    assert found.effects["japan"]["construction"]["induced"]["jobs"].low == 0.0


def test_work_at_the_site_stays_more_than_the_market_says() -> None:
    regional = load_regional_table("flq", 0.3)
    shares = supplier_shares(regional, ("Akita",), 0.8)
    names, own = list(load_products()), regional.places.index("Akita")
    np.testing.assert_allclose(shares.sum(axis=2), 1.0, atol=1e-9)
    built = TABLE.index("const")
    np.testing.assert_allclose(np.delete(shares[names.index("security"), :, own, 0], built), 0.8)
    assert np.all(shares[:, built, own, 0] == 1.0)  # nobody elsewhere builds there
    design = np.delete(shares[names.index("design"), :, own, 0], built)
    assert np.all(design < 0.8)


def test_another_prefecture_gets_what_it_sells(campus: Campus) -> None:
    asked = economy_of_campuses("a campus", (campus,), load_catalogue(), "Tokyo")
    own = economy_of_campuses("a campus", (campus,), load_catalogue())
    assert asked.prefectures == ("Tokyo",) and own.prefectures == ("Akita",)
    received = [sum(one.prefecture.value for one in two.industries if one.prefecture) for two in (asked, own)]
    elsewhere = [sum(one.japan.value for one in two.industries) for two in (asked, own)]
    whole = [inside + outside for inside, outside in zip(received, elsewhere, strict=True)]
    assert whole[0] == pytest.approx(whole[1], abs=1e-6)
    tokyo = next(place for place in own.places if place.id == "Tokyo")
    assert asked.headline("prefecture", "construction", "jobs").value < tokyo.jobs.value
    assert received[0] == pytest.approx(tokyo.received.value, abs=1e-4)
    # Headings name the prefecture that is asked about.
    for language, name, host in (("en", "Tokyo", "prefecture"), ("ja", "対象県（東京都）", "所在県")):
        for one in list_tables(asked, language)[:3]:
            assert name in one.headings and host not in one.headings
        assert host in list_tables(own, language)[0].headings


def test_a_prefecture_without_a_table_is_said_to_be_unknown(campus: Campus) -> None:
    scenario = campus.plan.scenario.model_copy(update={"site": Site(id="okinawa")})
    there = replace(campus, plan=replace(campus.plan, scenario=scenario))
    assert place_of(there) == WITHOUT_TABLE
    found = economy_of_campuses("a campus", (there,), load_catalogue())
    assert found.prefectures == () and all(one.prefecture is None for one in found.industries)
    assert "is not known" in answer(found, "en") and "Okinawa" in answer(found, "en")
    known = economy_of_campuses("a campus", (campus,), load_catalogue())
    document = economy_document(found, "en")
    assert all(one["prefecture_myen"] is None for one in document["by_industry"])
    assert all(one["prefecture_myen"] is None for one in document["by_year"])
    assert document["effects"]["prefecture"] is None and document["inequality"] is None
    assert all(year["prefecture"] is None for years in document["jobs"].values() for year in years)
    assert sum(one.japan.value for one in found.industries) == pytest.approx(
        sum(one.japan.value + one.prefecture.value for one in known.industries if one.prefecture is not None), abs=1e-3
    )
    for language, unknown in (("en", "unknown"), ("ja", "不明")):
        for table in list_tables(found, language)[:3]:
            assert all(row[-3:] == (unknown, "–", "–") for row in table.rows)
    # Of all of Japan is said what is known of it, and nobody counts only what no source counts.
    said, notes = " ".join(further_sentences(found, "en")), " ".join(note_sentences(found, "en"))
    assert format_number(found.headline("japan", "construction", "jobs").value) + " job-years in Japan" in said
    assert "Gini" not in said and "a campus stands in a prefecture without a table" in said
    assert "Nobody counts: Kubernetes and HPC, Data scientists;" in notes


# ---- what is read


def test_the_document_keeps_its_contract(found: Economy) -> None:
    document = economy_document(found, "ja")
    plain = json.loads(json.dumps(document, allow_nan=False))
    assert {"by_industry", "jobs", "residual_yen", "sentence"} <= plain.keys()
    assert {"id", "abroad_myen", "japan_myen", "prefecture_myen"} <= plain["by_industry"][0].keys()
    assert plain["by_industry"][0]["prefecture_myen"].keys() == {"value", "low", "high"}
    assert {"construction", "operation"} <= plain["jobs"].keys()
    assert plain["jobs"]["construction"][0]["japan"]["direct"]["value"] > 0.0
    assert "秋田県" in plain["sentence"]


def test_what_is_received_is_not_called_what_stays(found: Economy) -> None:
    added = sum(found.headline("prefecture", phase, "value_added_myen").value for phase in PHASES)
    for language, words in (("en", "is received in Akita, where"), ("ja", "秋田県の供給者と労働者が受け取るのは")):
        said = answer(found, language)
        assert words in said and MoneyFormat(language).amount(added) in said
        assert "stays" not in said and "残る" not in said


def test_changes_have_one_digit_and_no_negative_nothing(found: Economy) -> None:
    assert found.inequality is not None
    tiny = replace(found, inequality=Inequality(0.0574, Spread(0.0574, 0.0574, 0.0574), Spread(-1.26e-5, -2e-5, -1e-9)))
    said = " ".join(further_sentences(tiny, "en"))
    assert "0.0574, changes by -0.00001 (-0.00002 to -0.000000001)" in said
    assert "per person engaged" in said and "campuses add themselves is left out" in said
    none = replace(found, inequality=Inequality(0.0574, Spread(0.0574, 0.0574, 0.0574), Spread(1.5e-5, -0.0, 2e-5)))
    assert "changes by +0.00002 (0 to +0.00002)" in " ".join(further_sentences(none, "en"))


def test_regions_are_read_at_eighty_columns(found: Economy) -> None:
    table = list_tables(found, "en")[-1]
    columns = zip(table.headings, *table.rows, strict=True)
    assert sum(max(map(len, column)) + 2 for column in columns) <= 80


def test_taxes_are_said_to_lie_inside_value_added(found: Economy) -> None:
    assert "Taxes lie inside value added" in " ".join(note_sentences(found, "en"))
    assert "内数" in " ".join(note_sentences(found, "ja"))


def test_what_has_no_design_is_explained_as_json(monkeypatch: pytest.MonkeyPatch, infeasible_plan: Plan) -> None:
    def refuse(*_: object, **__: object) -> Economy:
        raise InfeasibleError(infeasible_plan)

    monkeypatch.setattr("kiban.economy.asking.economy_of_plan", refuse)
    done = CliRunner().invoke(app, ["economy", "--json", "--lang", "en"])
    content = json.loads(done.stdout)
    assert done.exit_code == EXIT_INFEASIBLE and content["status"] == "infeasible"
    assert content["infeasibility"]["relaxations"]


def test_the_page_needs_nothing_from_elsewhere(found: Economy) -> None:
    for language in ("en", "ja"):
        page = fill_economy_page(replace(found, name="<script>"), language)
        assert "<script" not in page and "http" not in page and "&lt;script&gt;" in page
        for table in list_tables(found, language):
            assert table.title in page and all(len(row) == len(table.headings) for row in table.rows)


@pytest.mark.parametrize("text", ["Akita", "akita", "秋田県", "秋田"])
def test_a_prefecture_by_its_names(text: str) -> None:
    assert read_prefecture(text) == "Akita"


REFUSED = [
    (["--prefecture", "Akia"], "did you mean 'Akita'"),
    (["--prefecture", "Okinawa"], "could not be read"),
    (["greensboro"], "of another country"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_is_refused(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["economy", *arguments, "--lang", "en"])
    assert done.exit_code == EXIT_INPUT and said in " ".join(done.output.split())


def test_an_end_that_is_not_given_is_the_value() -> None:
    fact = load_catalogue().fact("economy.spent_share")
    assert end_of(replace(fact, low=None), "low") == fact.value and end_of(fact, "high") == fact.high


def test_the_balance_hardly_moves_what_the_quotient_keeps() -> None:
    regional = load_regional_table("flq", 0.3)
    for name in ("Hokkaido", "Akita", "Tokyo"):
        place = regional.places.index(name)
        kept = location_ratios(prefecture_shares()[name], TABLE.output_bn_yen, quotient="flq", delta=0.3)[1]
        for sector in ("mach", "biz", "ict"):
            number = TABLE.index(sector)
            assert regional.trade[number, place, place] == pytest.approx(kept[number], abs=0.03), (name, sector)
