"""National studies with phases: dates, law, debt and ledger of what is built in each, by hand and against one phase."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.cases.national_studies import one_site

from kiban.catalogue import load_catalogue
from kiban.finance.assumptions import read_assumptions
from kiban.finance.cash_flow import joint_flow, project_cash_flow
from kiban.finance.fiscal import PublicViews
from kiban.finance.ledger import PARTIES
from kiban.finance.levelised import (
    COMPUTE_ASSETS,
    break_even_price,
    common_break_even_price,
    common_levered_price,
    levered_price,
)
from kiban.finance.metrics import npv
from kiban.finance.national import NationalQuestion
from kiban.finance.posting import post_entries, read_shares
from kiban.finance.project import UNTAXED, Project, ProjectAsset, RevenueStream
from kiban.finance.purchases import vintages_of
from kiban.finance.vintages import HIRED, hired_cost
from kiban.report.national.payment_document import national_payment_document
from kiban.scenario.package import parse_package

TWO = {"years": [2026, 2030], "last_year": 2040}
GROWS = {"id": "answers", "it_load_mw": [100, 160], "firm_shape": "inference"}
ASSUMPTIONS = read_assumptions(load_catalogue())
PLANT = Project(
    name="plant",
    assets=(ProjectAsset("building", "building", 8_000.0, 40.0), ProjectAsset("chips", "chips", 20_000.0, 5.0, 300.0)),
    streams=(RevenueStream("base_load", 80_000.0, None),),
    operating_costs_myen_per_year={"energy": 900.0},
    policy=UNTAXED,
    start_year=2027,
)


@cache
def two_phases():
    return NationalQuestion(one_site(phases=TWO, tranche=[GROWS])).pay(("tax-credit",))


@cache
def of_one_year():
    return NationalQuestion(one_site(year=2026)).pay(("tax-credit",))


@cache
def waits():
    return NationalQuestion(one_site(phases=TWO, tranche=[GROWS], target={}, connection_year=2030)).pay(("tax-credit",))


def test_money_of_a_project_that_starts_later_is_the_same_money_at_later_prices():
    """By hand: untaxed, without debt, all flows are those of the project that starts at once times inflation^4."""
    plain = replace(ASSUMPTIONS, debt_share=0.0)
    at_once = project_cash_flow(PLANT.priced(0.1), plain)
    later = project_cash_flow(replace(PLANT.priced(0.1), start_year=2031, years_after_base=4), plain)
    level = (1.0 + plain.inflation) ** 4
    assert later.project_flow == pytest.approx(level * at_once.project_flow, rel=1e-12)
    assert list(later.years) == [year + 4 for year in at_once.years]
    ours, theirs = (post_entries(cash, read_shares(load_catalogue())) for cash in (at_once, later))
    # At constant prices the ledger is the same to the yen, four years later.
    moved = [(entry.year + 4, entry.payer, entry.payee, entry.account, entry.amount_myen) for entry in ours.entries]
    found = [(entry.year, entry.payer, entry.payee, entry.account, entry.amount_myen) for entry in theirs.entries]
    assert len(moved) == len(found)
    for one, other in zip(sorted(moved), sorted(found), strict=True):
        assert one[:4] == other[:4]
        assert other[4] == pytest.approx(one[4], abs=2e-6)


def test_two_projects_sell_at_the_price_at_which_both_together_just_pay():
    """By hand: the price that is zero in the value of both, the second counted four years later."""
    second = replace(
        PLANT, start_year=2031, years_after_base=4, assets=(replace(PLANT.assets[0], capex_myen=30_000.0),)
    )
    price = common_break_even_price((PLANT, second), ASSUMPTIONS, all_streams=True)
    plain = replace(ASSUMPTIONS, debt_share=0.0)
    rate = plain.discount_rate_after_tax(UNTAXED, 2027)
    flows = [project_cash_flow(one.priced(price), plain).project_flow for one in (PLANT, second)]
    worth = [float(npv(rate, flow)) for flow in flows]
    assert abs(worth[0]) > 1_000.0
    assert worth[0] + worth[1] / (1.0 + rate) ** 4 == pytest.approx(0.0, abs=1e-4 * abs(worth[0]))


def test_one_project_is_priced_as_it_is_alone():
    assert common_break_even_price((PLANT,), ASSUMPTIONS, all_streams=True) == break_even_price(PLANT, ASSUMPTIONS)
    assert common_levered_price((PLANT,), ASSUMPTIONS, all_streams=True) == levered_price(PLANT, ASSUMPTIONS)
    # All later costs the same, since money is at constant prices.
    later = replace(PLANT, start_year=2031, years_after_base=4)
    found = common_break_even_price((later,), ASSUMPTIONS, all_streams=True)
    assert found == pytest.approx(break_even_price(PLANT, ASSUMPTIONS), rel=1e-9)


def test_flows_are_added_up_by_calendar_year():
    cashes = [
        project_cash_flow(replace(PLANT.priced(0.1), start_year=2027 + after, years_after_base=after), ASSUMPTIONS)
        for after in (0, 4)
    ]
    total = joint_flow(cashes, lambda cash: cash.equity_flow)
    assert len(total) == len(cashes[0].years) + 4
    assert total[0] == cashes[0].equity_flow[0]
    assert total[4] == cashes[0].equity_flow[4] + cashes[1].equity_flow[0]
    assert total[-1] == cashes[1].equity_flow[-1]
    alone = joint_flow(cashes[:1], lambda cash: cash.equity_flow)
    assert np.array_equal(alone, cashes[0].equity_flow)


def test_an_asset_that_comes_later_is_bought_kept_and_renewed_from_then_on():
    """By hand: 20 operating years, an asset of 5 years that comes after 4: bought after 4, 9, 14, 19."""
    bought = vintages_of(ProjectAsset("pv", "pv", 100.0, 5.0, 2.0, waits_years=4), 20)
    assert [(one.bought, one.retired, one.replaces) for one in bought] == [
        (4, 9, None), (9, 14, 4), (14, 19, 9), (19, 20, 14)
    ]  # fmt: skip
    late = replace(PLANT.assets[0], name="pv", asset="pv", fixed_om_myen_per_year=10.0, waits_years=4)
    case = replace(PLANT, assets=(*PLANT.assets, late), waiting_years=4, waiting_costs_myen_per_year={"fuel": 50.0})
    cash = project_cash_flow(case.priced(0.1), ASSUMPTIONS)
    start, level = cash.start, cash.price_level
    assert not cash.fixed_om["pv"][: start + 5].any()
    assert cash.fixed_om["pv"][start + 5] == pytest.approx(10.0 * level[start + 5])
    fuel = cash.operating_costs["fuel"] / level
    assert fuel[start + 1 : start + 5] == pytest.approx([50.0] * 4)
    assert not fuel[start + 5 :].any()
    assert not cash.operating_costs["energy"][: start + 5].any()
    assert cash.operating_costs["energy"][start + 5] > 0
    # Its first purchase is paid in the years of construction before it is there.
    assert (cash.capex["pv"] / level).sum() == pytest.approx(late.capex_myen)
    assert not cash.capex["pv"][:4].any()


@pytest.mark.slow
def test_one_phase_is_the_study_of_one_year_to_the_last_bit():
    year = of_one_year()
    phase = NationalQuestion(one_site(phases={"years": [2026], "last_year": 2040})).pay(("tax-credit",))
    assert phase.fiscal_cost_myen == year.fiscal_cost_myen
    assert phase.party_values_myen == year.party_values_myen
    assert phase.after.ledger.entries == year.after.ledger.entries
    assert phase.support == year.support


@pytest.mark.slow
def test_a_second_phase_without_new_load_is_no_phase():
    one = of_one_year()
    two = NationalQuestion(one_site(phases=TWO)).pay(("tax-credit",))
    assert [campus.name for campus in two.after.campuses] == ["tomakomai 2026"]
    assert two.fiscal_cost_myen == pytest.approx(one.fiscal_cost_myen, rel=1e-6)
    assert two.induced_it_mw == pytest.approx(one.induced_it_mw, abs=0.1)
    for party in PARTIES:
        wanted = one.party_values_myen[party]
        assert two.party_values_myen[party] == pytest.approx(wanted, rel=1e-5, abs=1.0)


@pytest.mark.slow
def test_each_phase_is_ordered_in_service_and_financed_by_itself():
    payment = two_phases()
    first, second = payment.after.campuses
    assert (first.name, second.name) == ("tomakomai 2026", "tomakomai 2030")
    assert second.project.start_year == first.project.start_year + 4
    assert second.ledger.years[0] == first.ledger.years[0] + 4
    assert first.returns.debt_myen > 0
    assert second.returns.debt_myen > 0
    # One price for a MWh of the same work in the whole country, in every phase.
    assert first.price_myen_per_mwh == second.price_myen_per_mwh
    # A MW of later servers does more work, so that fewer of them serve the 60 MW that are new.
    vintages = payment.before.vintages
    assert vintages[1].gain > 1.2
    assert vintages[1].gain * vintages[1].plan.capacities["it_mw"] == pytest.approx(60.0, rel=1e-4)
    for side in (payment.before, payment.after):
        assert side.ledger.residual_yen == 0
        assert side.equity_return is not None
    assert payment.incidence.residual_yen == 0
    parts = payment.support.windfall_myen + payment.support.induced_myen + payment.support.distortion_myen
    assert parts == pytest.approx(payment.support.total_myen)


@pytest.mark.slow
def test_values_of_a_later_phase_are_those_of_the_start_year():
    payment = two_phases()
    rate, (first, second) = payment.shares.social_rate, payment.after.campuses
    whole = payment.after.ledger
    assert whole.base_year == first.project.start_year
    for party in ("equity", "national_treasury", "suppliers_abroad"):
        own = [campus.ledger.present_value(party, rate) for campus in (first, second)]
        assert whole.present_value(party, rate) == pytest.approx(own[0] + own[1] / (1.0 + rate) ** 4, rel=1e-9)
    # What the package costs is the change of the treasuries' flows on what is built, at the start year's value.
    summary = national_payment_document(payment)
    (site,) = summary["sites"]
    assert site["fiscal_cost_myen"] == pytest.approx(payment.fiscal_cost_myen)
    assert [vintage["order_year"] for vintage in site["vintages"]] == [
        first.project.start_year,
        second.project.start_year,
    ]
    assert sum(vintage["fiscal_cost_myen"] for vintage in site["vintages"]) == pytest.approx(payment.fiscal_cost_myen)
    assert site["returns"] is None


@pytest.mark.slow
def test_law_that_has_lapsed_supports_the_first_phase_alone():
    ends = {"kind": "tax_credit", "assets": ["all"], "rate": 0.2, "to_year": 2029}
    package = parse_package({"name": "ends", "instrument": [ends]})
    question = NationalQuestion(one_site(phases=TWO, tranche=[GROWS]))
    payment = question.pay((package,))
    costs = {name: payment.fiscal_costs_myen[name] for name in payment.fiscal_costs_myen}
    assert costs["tomakomai 2026"] > 1_000.0
    assert costs["tomakomai 2030"] == pytest.approx(0.0, abs=1.0)


@pytest.mark.slow
def test_what_waits_for_its_connection_hires_its_power_and_buys_its_plant_later():
    payment = waits()
    vintage = payment.before.vintages[0]
    project = vintage.project
    assert (vintage.waiting_years, project.waiting_years) == (4, 4)
    assert {asset.waits_years for asset in project.assets if asset.asset in COMPUTE_ASSETS} == {0}
    assert {asset.waits_years for asset in project.assets if asset.asset not in COMPUTE_ASSETS} == {4}
    assert "energy" not in project.waiting_costs_myen_per_year
    assert project.waiting_costs_myen_per_year["fuel"] > 100 * project.operating_costs_myen_per_year.get("fuel", 0.0)
    # What it costs while it waits is all that the study counts for it, but for servers and hall, which are bought.
    waiting = vintage.waiting
    bought = sum(
        one.annual_capital_myen + one.fixed_om_myen_per_year + one.network_charge_myen_per_year
        for one in waiting.investments
        if one.asset in COMPUTE_ASSETS
    )
    running = sum(waiting.costs.get(name, 0.0) for name in ("energy", "fuel", "carbon", "water", "throughput"))
    assert hired_cost(waiting) + bought + running == pytest.approx(sum(waiting.costs.values()), rel=1e-6)
    cash = payment.before.campuses[0].cash
    hired = cash.operating_costs[HIRED] / cash.price_level
    assert hired[cash.start + 1 : cash.start + 5] == pytest.approx([hired_cost(waiting)] * 4)
    assert not hired[cash.start + 5 :].any()
    assert payment.before.ledger.residual_yen == payment.after.ledger.residual_yen == 0
    accounts = {entry.account for entry in payment.after.ledger.entries}
    assert HIRED in accounts


@pytest.mark.slow
def test_phases_in_one_town_are_one_municipality_and_every_total_meets():
    payment = two_phases()
    views = PublicViews(payment)
    (place,) = views.kept_by.places
    assert place.place.site == "tomakomai"
    assert sum(place.change_myen.values()) == pytest.approx(payment.treasury_value_myen, abs=0.01)
    assert views.budget.present_value_myen == pytest.approx(payment.fiscal_cost_myen, abs=0.01)
    assert views.bridge[-1].yen == 0
    # The credit of the second phase falls four years after that of the first.
    years = [one.year for one in views.budget.years if one.by_cause_myen.get("tax_credit")]
    assert years[0] + 4 in years
