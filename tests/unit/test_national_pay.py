"""PAY for a national plan: the ledgers of all sites, what moves between them, the page, the book, the command."""

from __future__ import annotations

import io
import json
from functools import cache

import numpy as np
import pytest
from tests.cases.documents import misfits
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import InputError, OutputError, ScenarioError
from kiban.finance.bridge import subtotal_yen
from kiban.finance.fiscal import PublicViews
from kiban.finance.ledger import PARTIES
from kiban.finance.national import NationalQuestion
from kiban.finance.national_choice import NationalInfeasibleError
from kiban.finance.paying import Question
from kiban.market.hours import synthetic_hours
from kiban.national.building import build_national
from kiban.national.study.variants import energy_per_mw
from kiban.planning.grid_draw import load_of_plan
from kiban.quantities import YEN_PER_MYEN
from kiban.report.layout import render
from kiban.report.national.document import national_document
from kiban.report.national.payment_document import NationalPaymentDocument, national_payment_document
from kiban.report.national.payment_terminal import national_payment_text
from kiban.report.national.payment_workbook import ledger_book_bytes, save_ledger_book
from kiban.report.national.terminal import national_text
from kiban.report.payment.words import further_sentences
from kiban.report.plan.record import to_json
from kiban.scenario import parse_scenario
from kiban.scenario.national_file import parse_national
from kiban.scenario.package import load_package, parse_package

pytestmark = pytest.mark.slow

FOUR = {
    "national": {
        "name": "four sites",
        "sites": ["tomakomai", "inzai", "nanto", "kirishima"],
        "hours": 168,
        "first_hour": 2400,
        "year": 2035,
        "gap": 0.001,
    },
    "tranche": [
        {"id": "training", "it_load_mw": 300, "deferrable_share": 0.8},
        {"id": "metro", "it_load_mw": 60, "firm_shape": "inference", "max_round_trip_ms": 5},
    ],
    "limits": {"max_area_share": 0.6},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.5},
}
WIND = {"kind": "production_credit", "assets": ["wind_onshore"], "rate_myen_per_mwh": 0.02, "years": 20}
TARGET = {"clean_share": 0.6, "carbon_price_myen_per_t": 0.003}
HARMLESS = {
    "id": "tomakomai",
    "shaking_probability_30y": 0.0,
    "tsunami_class": 0,
    "flood_class": 0,
    "typhoon_class": 0,
    "snow_depth_maximum_cm": 0,
    "land_price_myen_per_m2": 0,
    "fixed_cost_myen_per_year": 0,
    "max_mw": 400.0,
}
ONE_SITE = {
    "national": {"name": "one site", "sites": ["tomakomai"], "hours": 168, "first_hour": 2400, "gap": 1e-4},
    "tranche": [{"id": "answers", "it_load_mw": 100, "firm_shape": "inference"}],
    "site": [HARMLESS],
    "area": {"hokkaido": {"headroom_mw": 2000}},
    "cooling": {"system": "direct_liquid"},
    "target": TARGET,
}
ONE_CAMPUS = {
    "name": "one campus",
    "site": {"id": "tomakomai"},
    "time": {"hours": 168, "first_hour": 2400},
    "load": {"it_load_mw": 100, "deferrable_share": 0.0},
    "cooling": {"system": "direct_liquid"},
    "target": TARGET,
}


@cache
def question():
    return NationalQuestion(parse_national(FOUR))


@cache
def credit():
    return question().pay(("tax-credit",))


@cache
def wind():
    return question().pay((parse_package({"name": "wind", "instrument": [WIND]}),))


@pytest.fixture(scope="module", params=["credit", "wind"])
def payment(request):
    return {"credit": credit, "wind": wind}[request.param]()


def test_the_ledger_sums_to_zero_in_every_year_and_at_every_site(payment):
    assert payment.after.ledger.residual_yen == payment.before.ledger.residual_yen == 0
    assert payment.incidence.residual_yen == 0
    for campus in payment.after.campuses:
        assert campus.ledger.residual_yen == 0


def test_users_elsewhere_pay_for_what_all_campuses_draw_together(payment):
    """By the slope that was seen: yen/kWh for each GW that all campuses of one side of the country draw more."""
    effects = payment.price_effects
    hours, catalogue = synthetic_hours(load_catalogue()), load_catalogue()
    change = np.zeros(hours.demand_mw.shape)
    for side, sign in ((payment.after, 1.0), (payment.before, -1.0)):
        for campus in side.campuses:
            change += sign * load_of_plan(campus.plan, hours.start).load_mw
    hertz = np.array([catalogue.value(f"grid.{area}.frequency") for area in hours.areas])
    expected = np.zeros(len(hours.areas))
    for place, own in enumerate(hertz):
        slope = catalogue.value(f"market.slope.{own:.0f}_hz") / 1000.0
        rise = slope * change[:, hertz == own].sum(axis=1)
        expected[place] = (rise * hours.demand_mw[:, place]).sum() / 1000.0
    np.testing.assert_allclose(effects.yearly_myen, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(effects.yearly_myen).max() > 1.0
    assert effects.ledger.residual_yen == 0.0
    assert not set(effects.ledger.parties) & set(PARTIES)
    others, document = abs(effects.present_value_myen(payment.shares.social_rate)), national_payment_document(payment)
    larger = [change for change in payment.changes_at_social_rate_myen.values() if abs(change) > others]
    assert payment.others_are_among_the_largest == (len(larger) < 3)
    assert document["others"]["residual_yen"] == 0.0
    assert document["others"]["among_the_largest"] == payment.others_are_among_the_largest
    for language, said in (("ja", "電力需要家"), ("en", "electricity users elsewhere")):
        named = any(said in sentence for sentence in further_sentences(payment, language))
        assert named == payment.others_are_among_the_largest
        text = render(national_payment_text(payment, language, 110), width=110, colour=False)
        assert "".join(said.split()) in "".join(text.split())


def test_regions_add_up_to_the_country(payment):
    rates = payment.shares.party_rates
    for regions in (payment.areas, payment.prefectures):
        for party in PARTIES:
            whole = payment.after.ledger.present_value(party, rates[party])
            assert sum(region.with_myen[party] for region in regions) == pytest.approx(whole, abs=1e-3)
            change = payment.party_values_myen[party]
            assert sum(region.change_myen[party] for region in regions) == pytest.approx(change, abs=1e-3)
        assert sum(region.fiscal_cost_myen for region in regions) == pytest.approx(payment.fiscal_cost_myen)
        assert sum(region.moved_mw for region in regions) == pytest.approx(0, abs=0.01)
        induced = sum(region.induced_mw for region in regions)
        assert induced == pytest.approx(payment.induced_it_mw, abs=0.01)


def test_support_splits_into_windfall_induced_and_distortion(payment):
    support = payment.support
    parts = support.windfall_myen + support.induced_myen + support.distortion_myen
    assert support.total_myen > 0
    assert parts == pytest.approx(support.total_myen, rel=1e-9)
    assert min(support.windfall_myen, support.induced_myen, support.distortion_myen) >= 0
    assert sum(region.support_myen for region in payment.areas) == pytest.approx(support.total_myen)


def test_the_law_alone_is_no_support():
    payment = question().pay(("none",))
    assert payment.support.total_myen == payment.fiscal_cost_myen == payment.induced_it_mw == payment.moved_mw == 0
    assert set(payment.party_values_myen.values()) == {0.0}


def test_a_credit_for_every_campus_moves_nothing():
    # Sizes shift a little, since plant weighs more in the cost of one site than of another; none of it must be.
    assert credit().moved_mw < 0.015 * credit().before.total_mw
    assert credit().least_moved_mw < 0.1
    # What is induced may open a site beside the others; none closes.
    assert credit().before.loads.keys() <= credit().after.loads.keys()
    assert credit().induced_it_mw > 10


def test_a_credit_for_wind_moves_load_to_where_wind_is_and_that_is_distortion():
    payment = wind()
    opened = payment.after.loads.keys() - payment.before.loads.keys()
    assert opened
    assert payment.moved_mw > 50
    assert payment.support.distortion_myen > payment.support.windfall_myen
    # What would cost more than the gap elsewhere must move; no more than what does move.
    assert 10 < payment.least_moved_mw <= payment.moved_mw * 1.01
    # What a site gains of the same load, others lose.
    assert sum(payment.moved_by_site_mw.values()) == pytest.approx(0, abs=0.01)


def test_sites_change_only_where_that_pays_more_than_the_gap():
    payment = wind()
    assert payment.after.relative_gap <= 0.001
    assert payment.before.relative_gap <= 0.001


def test_more_support_never_lowers_what_is_served():
    served = [question().pay((load_package("tax-credit").scaled(rate),)).after.total_mw for rate in (0.05, 0.15, 0.3)]
    assert served == sorted(served)


def test_owners_of_a_country_together_earn_what_they_ask():
    payment = credit()
    assert payment.before.equity_return == pytest.approx(payment.assumptions.equity_rate, abs=1e-9)
    assert payment.participation.builds_without
    assert payment.participation.return_with > payment.participation.required_return
    parts = payment.equity_gain
    assert parts.unlevered_myen + parts.cheaper_debt_myen == pytest.approx(payment.gains_myen["equity"])


def test_capital_costs_a_study_with_one_site_what_it_costs_one_campus():
    ours, theirs = NationalQuestion(parse_national(ONE_SITE)), Question(parse_scenario(ONE_CAMPUS))
    assert ours.before.equity_return == pytest.approx(0.12, abs=1e-9)
    assert ours.capital.discount_rate == pytest.approx(theirs.campus_terms.assumptions.discount_rate_real, abs=5e-4)


def test_a_study_with_one_site_has_the_ledger_of_one_campus():
    price = 0.17
    energy = energy_per_mw(NationalQuestion(parse_national(ONE_SITE)).problem, 0)
    further = {"id": "more", "it_load_mw": 30.0, "firm_shape": "inference", "must_serve": False}
    further |= {"price_myen_per_mw_year": price * energy}
    # At a rate that is given, since each finds the rate of its financing to its own tolerance.
    finance = {"finance": {"discount_rate": 0.05}}
    national = {**ONE_SITE, **finance, "tranche": [*ONE_SITE["tranche"], further]}
    offered = {"name": "more", "it_load_mw": 30.0, "price_myen_per_mwh": price, "shape": "inference"}
    campus = {**ONE_CAMPUS, **finance, "tranche": [offered]}
    ours, theirs = NationalQuestion(parse_national(national)), Question(parse_scenario(campus))
    for name, induced in (("tax-credit", 30.0), ("blueprint-japan", 30.0)):
        many, one = ours.pay((name,)), theirs.pay((name,))
        views, alone = PublicViews(many), PublicViews(one)
        assert views.kept_by.change_myen == pytest.approx(alone.kept_by.change_myen, rel=1e-3, abs=1.0)
        assert views.budget.five_years_myen == pytest.approx(alone.budget.five_years_myen, rel=1e-3, abs=1.0)
        assert views.incidence.middle.shares == pytest.approx(alone.incidence.middle.shares, abs=1e-3)
        assert one.induced_it_mw == pytest.approx(induced, rel=1e-6)
        assert set(many.after.refused) == {(*check.instrument, check.condition.kind) for check in one.after.checks
                                           if check.status == "unmet"}  # fmt: skip
        assert many.induced_it_mw == pytest.approx(one.induced_it_mw, rel=1e-5)
        for whole, single in ((many.before, one.before), (many.after, one.after)):
            assert whole.levelised.myen_per_it_mwh == pytest.approx(single.levelised.myen_per_it_mwh, rel=1e-6)
            assert whole.ledger.years == single.ledger.years
            assert len(whole.campuses) == 1
            for party in PARTIES:
                for year, amount in single.ledger.balances[party].items():
                    assert whole.ledger.balances[party][year] == pytest.approx(amount, rel=1e-4, abs=0.5)
                accounts = whole.ledger.accounts(party)
                for account, amount in single.ledger.accounts(party).items():
                    assert accounts.get(account, 0.0) == pytest.approx(amount, rel=1e-4, abs=1.0)
        assert many.damage_myen == pytest.approx(one.damage_myen, rel=1e-3, abs=1.0)
        assert many.value_of_public_funds == pytest.approx(one.value_of_public_funds, rel=1e-4)
        assert many.fiscal_cost_myen == pytest.approx(one.fiscal_cost_myen, rel=1e-4)
        for part in ("total_myen", "windfall_myen", "induced_myen", "distortion_myen"):
            wanted = getattr(one.support, part)
            assert getattr(many.support, part) == pytest.approx(wanted, rel=1e-4, abs=1e-3 * one.support.total_myen)


def test_further_demand_of_a_study_with_one_site_is_that_of_one_campus():
    """On the curve, with the share of a fall that is passed on: what one campus induces, to a tenth of a MW."""
    finance = {"finance": {"discount_rate": 0.05}}
    many = NationalQuestion(parse_national({**ONE_SITE, **finance})).pay(("japan-current",))
    one = Question(parse_scenario({**ONE_CAMPUS, **finance})).pay(("japan-current",))
    assert many.demand == one.demand
    assert one.induced_it_mw > 1.0
    assert many.induced_it_mw == pytest.approx(one.induced_it_mw, abs=0.1)
    assert many.induced_range_mw == pytest.approx(one.induced_range_mw, rel=0.02)
    assert many.support.windfall_share == pytest.approx(one.support.windfall_share, abs=1e-3)
    # What is induced is sold as the load is, and worth its bids.
    campus = many.after.campuses[0]
    (further,) = (stream for stream in campus.project.streams if stream.name == "answers_elastic")
    (alone,) = (stream for stream in one.after.project.streams if stream.name == "elastic")
    assert further.price_myen_per_mwh == campus.price_myen_per_mwh
    assert further.worth_myen_per_mwh == pytest.approx(alone.worth_myen_per_mwh, rel=1e-3)


def test_the_bridge_of_a_country_reconciles_every_total_to_the_yen(payment):
    steps, rate = PublicViews(payment).bridge, payment.shares.social_rate
    # Entries of a difference are rounded to the yen each, thousands of them.
    assert subtotal_yen(steps, ("support", "risk")) == pytest.approx(-payment.fiscal_cost_myen * YEN_PER_MYEN, abs=1e4)
    assert subtotal_yen(steps, ("tax_back",)) == pytest.approx(
        payment.public_funds.fiscal_externality * YEN_PER_MYEN, abs=1e4
    )
    (net,) = (step for step in steps if step.kind == "net")
    assert net.amount_myen == pytest.approx(payment.treasury_value_myen, abs=0.01)
    for party in PARTIES:
        moved = subtotal_yen(steps, ("support", "risk", "tax_back", "party"), party)
        assert moved / YEN_PER_MYEN == pytest.approx(payment.incidence.present_value(party, rate), abs=0.01)
    assert steps[-1].kind == "end"
    assert steps[-1].yen == 0


def test_the_budget_of_a_country_is_its_fiscal_cost_year_by_year(payment):
    budget, rate = PublicViews(payment).budget, payment.shares.social_rate
    assert budget.present_value_myen == pytest.approx(payment.fiscal_cost_myen, abs=0.01)
    present = sum(one.at_start_prices_myen * (1.0 + rate) ** (budget.start_year - one.year) for one in budget.years)
    assert present == pytest.approx(payment.fiscal_cost_myen, abs=0.01)
    for year in budget.years:
        assert sum(year.by_cause_myen.values()) == pytest.approx(sum(year.by_party_myen.values()), abs=1e-6)


def test_who_keeps_the_tax_is_told_of_every_municipality(payment):
    kept = PublicViews(payment).kept_by
    sites = {campus.site for side in (payment.before, payment.after) for campus in side.campuses}
    assert {one.place.site for one in kept.places} == sites
    assert sum(kept.change_myen.values()) == pytest.approx(payment.treasury_value_myen, abs=0.01)
    assert sum(kept.before_rules_myen.values()) == pytest.approx(payment.treasury_value_myen, abs=0.01)
    local = sum(kept.before_rules_myen[party] for party in ("prefecture", "municipality"))
    assert local == pytest.approx(sum(area.local_public_myen for area in payment.areas), abs=0.01)
    for one in kept.places:
        # What a body that receives the grant has more, the state has less of, and nobody else.
        assert sum(one.change_myen.values()) == pytest.approx(sum(one.before_rules_myen.values()), abs=1e-6)


def test_parties_of_a_country_are_held_against_one_another_at_one_rate(payment):
    changes, rate = payment.changes_at_social_rate_myen, payment.shares.social_rate
    assert changes["suppliers_abroad"] == pytest.approx(payment.incidence.present_value("suppliers_abroad", rate))
    treasuries = sum(changes[party] for party in ("national_treasury", "prefecture", "municipality"))
    assert treasuries == pytest.approx(payment.treasury_value_myen)


def test_induced_load_has_its_range_wherever_it_stands(payment):
    ends = payment.induced_range_mw
    assert ends is not None
    for regions in (payment.areas, payment.prefectures):
        for number, end in enumerate(ends):
            parts = [region.induced_range_mw[number] for region in regions]
            if min(region.induced_mw for region in regions) >= 0:
                assert sum(parts) == pytest.approx(end, rel=1e-3, abs=0.1)
        for region in regions:
            low, high = region.induced_range_mw
            assert low <= region.induced_mw <= high or abs(region.induced_mw) < 1e-6


def test_hazard_land_and_the_site_are_posted():
    accounts = {entry.account: entry for entry in credit().after.ledger.entries}
    assert accounts["hazard"].payee == "suppliers_home"
    assert accounts["land_rent"].payee == "landowners"
    assert accounts["downtime"].payee == "users"


def test_the_costs_of_the_campuses_are_the_cost_of_the_national_plan(payment):
    for side in (payment.before, payment.after):
        costs = sum(campus.plan.net_cost_myen_per_year for campus in side.campuses)
        assert costs == pytest.approx(side.found.cost_myen, rel=1e-6)


def test_reinforcement_is_borne_by_the_rule_of_the_study():
    tight = {**ONE_SITE, "area": {"hokkaido": {"headroom_mw": 20.0, "reinforcement_mw": 500.0}}}
    paid = {}
    for rule in ("developer", "ratepayers"):
        study = parse_national({**tight, "target": {}, "supply": {}, "grid": {"reinforcement_rule": rule}})
        side = NationalQuestion(study).before
        added = side.found.choice.reinforcement_mw["hokkaido"]
        assert added > 1
        paid[rule] = {
            payer: sum(e.amount_myen for e in side.ledger.entries if e.payer == payer and "reinforcement" in e.account)
            for payer in ("equity", "ratepayers")
        }
    assert paid["developer"]["equity"] > 0 == paid["developer"]["ratepayers"]
    assert paid["ratepayers"]["ratepayers"] > 0 == paid["ratepayers"]["equity"]


def test_interconnectors_that_are_added_are_paid_by_the_campuses_that_draw():
    link = {"id": "hokkaido-tohoku", "expansion_mw": 2000.0, "reverse_mw": 1.0, "expansion_capex_myen_per_mw": 10.0}
    tight = {
        **ONE_SITE,
        "area": {"hokkaido": {"headroom_mw": 2000, "spare_supply_mw": 0.0}},
        "interconnector": [link],
        "target": {},
    }
    side = NationalQuestion(parse_national(tight)).before
    assert sum(side.found.choice.expansion_mw.values()) > 1
    (campus,) = side.campuses
    assert campus.plan.costs["reinforcement"] > 0
    assert campus.plan.net_cost_myen_per_year == pytest.approx(side.found.cost_myen, rel=1e-6)


def test_every_entry_says_where_it_falls(payment):
    summary = json.loads(to_json(national_payment_document(payment)))
    assert misfits(summary, NationalPaymentDocument) == []
    ledger = summary["ledger"]
    assert ledger["residual_yen"] == 0
    area_of = {candidate.id: candidate.area for candidate in payment.candidates}
    assert {entry["area"] for entry in ledger["entries"]} == {area_of[campus.site] for campus in payment.after.campuses}
    assert all(entry["site"] and entry["prefecture"] for entry in ledger["entries"])
    assert len(ledger["entries"]) == len(payment.after.ledger.entries)
    tax = sum(e["amount_myen"] for e in ledger["entries"] if e["account"] == "property_tax" and e["area"] == "hokkaido")
    assert tax > 0
    by_area = ledger["by_area"]
    for party in PARTIES:
        for year, amount in ledger["by_party"]["with"][party].items():
            parts = sum(area["by_party"].get(party, {}).get(year, 0.0) for area in by_area.values())
            assert parts == pytest.approx(amount, abs=2 / YEN_PER_MYEN)
    support = summary["support"]
    assert support["windfall_myen"] + support["induced_myen"] + support["distortion_myen"] == pytest.approx(
        support["total_myen"]
    )


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_and_names_sites_and_areas(payment, language, width):
    page = render(national_payment_text(payment, language, width), width=width, colour=False)
    known = {candidate.id: candidate for candidate in payment.candidates}
    for campus in payment.after.campuses:
        name = known[campus.site].name_ja if language == "ja" else known[campus.site].name_en
        assert name[:10] in page
    assert {"en": "Hokkaido", "ja": "北海道"}[language] in page
    assert "…" not in page or width < 80


def test_the_book_holds_every_entry_and_is_the_same_every_time(tmp_path):
    from openpyxl import load_workbook

    content = ledger_book_bytes(credit())
    assert content == ledger_book_bytes(credit())
    book = load_workbook(io.BytesIO(content))
    assert book["Ledger"].max_row == len(credit().after.ledger.entries) + 1
    assert book["Areas"].max_row == len(credit().areas) + 1
    headings, first = ([cell.value for cell in row] for row in book["Areas"].iter_rows(max_row=2))
    place = headings.index("induced_it_mw")
    assert headings[place + 1 : place + 3] == ["induced_low_it_mw", "induced_high_it_mw"]
    assert first[place + 1] < first[place] < first[place + 2]
    amounts = [row[3] for row in book["Bridge"].iter_rows(min_row=2, values_only=True) if row[2] not in ("net", "end")]
    assert sum(amounts) == pytest.approx(0.0, abs=1e-5)
    target = save_ledger_book(credit(), tmp_path / "ledger.xlsx")
    with pytest.raises(OutputError, match="exists already"):
        save_ledger_book(credit(), target)


def test_a_study_without_a_plan_is_explained():
    large = {**FOUR, "tranche": [{"id": "training", "it_load_mw": 90_000}]}
    with pytest.raises(NationalInfeasibleError) as caught:
        NationalQuestion(parse_national(large)).pay(("tax-credit",))
    assert caught.value.plan.relaxations


FILE = """
[national]
name = "two sites"
sites = ["tomakomai", "nanto"]
hours = 48
[[tranche]]
id = "training"
it_load_mw = {mw}
[cooling]
system = "direct_liquid"
"""


def test_the_command_takes_a_national_file(tmp_path):
    runner = CliRunner()
    study = tmp_path / "two.toml"
    study.write_text(FILE.format(mw="100.0"), encoding="utf-8")
    book = tmp_path / "ledger.xlsx"
    done = runner.invoke(app, ["pay", str(study), "--package", "tax-credit", "--json", "--book", str(book)])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["format"] == "kiban national payment"
    assert summary["support"]["total_myen"] > 0
    assert book.exists()
    taken = runner.invoke(app, ["pay", str(study), "--package", "tax-credit", "--book", str(book)])
    assert taken.exit_code == 2
    shown = runner.invoke(app, ["pay", str(study), "--package", "none", "--lang", "en"])
    assert shown.exit_code == 0
    assert "gives no support" in shown.stdout
    large = tmp_path / "large.toml"
    large.write_text(FILE.format(mw="90000.0"), encoding="utf-8")
    assert runner.invoke(app, ["pay", str(large), "--package", "tax-credit"]).exit_code == 4
    assert runner.invoke(app, ["pay", str(study), "--package", "tax-credti"]).exit_code == 2
    raced = runner.invoke(app, ["race", str(study)])
    assert raced.exit_code == 2
    assert "national study" in raced.stderr


def test_what_is_wrong_with_the_packages_of_a_study_is_said_once():
    with pytest.raises(ScenarioError, match="did you mean 'tax-credit'") as caught:
        parse_national({**FOUR, "policy": {"packages": ["tax-credti"]}})
    assert [problem.key for problem in caught.value.problems] == ["policy.packages"]
    early = parse_national({**FOUR, "policy": {"packages": ["tax-credit"], "start_year": 2005}})
    with pytest.raises(InputError) as caught:
        build_national(early)
    assert len(caught.value.problems) == 1


def test_a_plan_under_packages_says_so():
    plan = build_national(parse_national({**FOUR, "policy": {"packages": ["tax-credit"]}}), pool=question().memory)
    assert "under Tax credit" in render(national_text(plan, "en", 100), width=100, colour=False)
    assert "税額控除" in render(national_text(plan, "ja", 100), width=100, colour=False)
    assert national_document(plan)["packages"] == ["tax-credit"]
    # The same sites at the same costs as on the side that pays under the package, before further demand.
    assert plan.net_cost_myen == pytest.approx(credit_alone().found.cost_myen, rel=0.002)


def credit_alone():
    return NationalQuestion(parse_national(FOUR), memory=question().memory).build_side(("tax-credit",))
