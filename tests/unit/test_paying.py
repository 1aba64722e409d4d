"""PAY as a whole: laws of support between two plans, prices, and what the owner can use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.payments import ELEVEN, FREE, campus, package, paid, question

from kiban.finance import paying
from kiban.finance.campus import ONE_CAMPUS
from kiban.finance.cash_flow import project_cash_flow
from kiban.finance.ledger import TREASURIES
from kiban.finance.levelised import levelised_cost
from kiban.finance.metrics import npv
from kiban.finance.paying import InfeasibleError, Question, pay
from kiban.finance.payment import Payment
from kiban.planning import build
from kiban.policy.package_terms import resolve
from kiban.policy.terms import ASSETS
from kiban.quantities import Language, format_share
from kiban.report.payment.words import further_sentences
from kiban.report.phrases import phrase

SOLVER = 1e-6
UNUSED = "wind_offshore_fixed"
ON_UNUSED = (
    {"kind": "tax_credit", "rate": 0.4, "assets": [UNUSED]},
    {"kind": "capital_grant", "rate": 0.1, "assets": [UNUSED]},
    {"kind": "special_depreciation", "rate": 0.5, "assets": [UNUSED]},
    {"kind": "property_tax_relief", "rate": 1.0, "years": 5, "assets": [UNUSED]},
    {"kind": "surcharge_relief", "rate": 0.0},
    {"kind": "network_relief", "rate": 0.0},
)


@pytest.mark.parametrize("instrument", ON_UNUSED, ids=lambda instrument: instrument["kind"])
def test_an_irrelevant_instrument_changes_nothing(instrument: dict[str, object]) -> None:
    payment = question().pay((package(instrument),))
    assert payment.before.plan.capacities[f"{UNUSED}_mw"] == pytest.approx(0.0, abs=1e-4)
    scale = payment.before.plan.cost_myen_per_year
    assert payment.after.plan.cost_myen_per_year == pytest.approx(scale, rel=SOLVER)
    assert payment.fiscal_cost_myen == pytest.approx(0.0, abs=SOLVER * scale)
    assert payment.support.total_myen == pytest.approx(0.0, abs=SOLVER * scale)
    assert payment.induced_it_mw == pytest.approx(0.0, abs=1e-6)
    for party, value in payment.party_values_myen.items():
        assert value == pytest.approx(0.0, abs=1e-5 * scale), party


def test_none_against_none_is_nothing() -> None:
    payment = paid("none")
    assert payment.incidence.entries == ()
    assert payment.fiscal_cost_myen == 0.0
    assert payment.value_of_public_funds is None
    assert payment.cost_per_induced_mw_myen is None


def test_without_tax_the_costs_are_those_before_tax() -> None:
    plain = build(campus())
    # The rate before tax that the plan counts with, and not that of its financing.
    given = campus(finance={"discount_rate": plain.scenario.finance.discount_rate or 0.05})
    side = Question(given, against=(FREE,)).before
    assert side.terms.tax.rate == 0.0
    assert side.plan.cost_myen_per_year == pytest.approx(plain.cost_myen_per_year, rel=1e-8)
    for account, cost in plain.costs.items():
        assert side.plan.costs[account] == pytest.approx(cost, abs=1e-6 * plain.cost_myen_per_year), account
    for capacity, assets in plain.capital_factors.items():
        assert side.plan.capital_factors[capacity] == pytest.approx(assets, rel=1e-12)


def alike(rate: float) -> tuple[Payment, Payment]:
    of = ["compute", "datacentre"]
    credit = package({"kind": "tax_credit", "rate": rate, "assets": of, "basis_reduction_share": 0.0})
    # A yen of credit that is used takes away the tax on the tax, too.
    worth = resolve([credit], start_year=2027, construction_years=0).assets["chips"].credits[0].worth
    grant = package({"kind": "capital_grant", "rate": worth * rate, "assets": of, "treatment": "exempt"})
    # The owner has tax enough to use the credit although nothing is paid out. There is no debt, since a grant lowers
    # what is borrowed for, while a credit comes back with the tax return.
    facts = {"finance.group_tax": 1e7, "finance.construction": 0, "finance.debt_share": 0.0}
    asked = Question(campus(assumptions=facts))
    return asked.pay((credit,)), asked.pay((grant,))


def test_a_usable_credit_and_an_equal_grant_without_tax_are_the_same() -> None:
    credit, grant = alike(0.2)
    assert credit.after.credit_utilisation == pytest.approx(dict.fromkeys(credit.after.credit_utilisation, 1.0))
    assert not credit.after.terms.assets["chips"].credits[0].refundable
    assert credit.after.plan.capacities == pytest.approx(grant.after.plan.capacities, rel=1e-5, abs=1e-3)
    assert credit.after.levelised.myen_per_it_mwh == pytest.approx(grant.after.levelised.myen_per_it_mwh, rel=1e-6)
    assert credit.fiscal_cost_myen == pytest.approx(grant.fiscal_cost_myen, rel=1e-6)
    assert credit.support.total_myen == pytest.approx(grant.support.total_myen, rel=1e-6)
    flows = [payment.after.cash.project_flow for payment in (credit, grant)]
    assert flows[0] == pytest.approx(flows[1], rel=1e-5, abs=1.0)


def test_the_forced_plan_serves_what_the_policy_serves() -> None:
    for name in ("tax-credit", "blueprint-japan"):
        payment = paid(name)
        assert payment.induced_it_mw > 1.0
        served = {tranche.name: tranche.served_mw for tranche in payment.forced.tranches}
        for tranche in payment.after.plan.tranches:
            assert served[tranche.name] == pytest.approx(tranche.served_mw, abs=1e-6)
        assert payment.forced.policy == payment.before.terms
        # Serving more than pays by itself cannot be cheaper than what is served without the policy.
        assert payment.forced.net_cost_myen_per_year >= payment.before.plan.net_cost_myen_per_year * (1 - SOLVER)


def test_the_fiscal_cost_of_a_credit_is_what_is_paid_out() -> None:
    """A refundable credit without cut of the basis moves no other tax; with debt it would pay for more of it."""
    credit = package({"kind": "tax_credit", "rate": 0.1, "assets": ["chips"], "refundable": True})
    payment = Question(campus(assumptions={"finance.debt_share": 0.0})).pay((credit,))
    rate = payment.shares.social_rate
    paid_out = -payment.after.ledger.present_value("national_treasury", rate, accounts=frozenset({"tax_credit"}))
    assert paid_out > 0.0
    assert payment.fiscal_cost_myen == pytest.approx(paid_out, rel=1e-3)


def test_the_treasuries_value_is_the_sum_of_theirs() -> None:
    for name in ELEVEN:
        payment = paid(name)
        values = payment.party_values_myen
        social = payment.shares.social_rate
        changes = [payment.incidence.present_value(party, social) for party in TREASURIES]
        # What the state bears as owner it is charged for.
        owed = sum(changes) - payment.risk_charge_myen
        assert payment.treasury_value_myen == pytest.approx(owed, rel=1e-6, abs=1e-2)
        rates = payment.shares.party_rates
        assert values == pytest.approx(payment.incidence.present_values(rates), rel=1e-6, abs=1e-2)


def test_competition_passes_on_its_share_of_the_fall_in_cost() -> None:
    for share in (0.0, 0.5, 1.0):
        asked = Question(campus(assumptions={"finance.pass_through": share}))
        payment = asked.pay(("tax-credit",))
        before, after = payment.before.levelised.myen_per_it_mwh, payment.after.levelised.myen_per_it_mwh
        price = next(s.price_myen_per_mwh for s in payment.after.project.streams if s.name == "base_load")
        assert price == pytest.approx(payment.before.campus.price_myen_per_mwh - share * (before - after), rel=1e-9)
        sold = next(s.price_myen_per_mwh for s in payment.before.project.streams if s.name == "base_load")
        # At the rate that follows from its financing, what it costs without debt is what it costs with it.
        assert sold == pytest.approx(before, rel=1e-4)


@pytest.mark.parametrize("law", ["none", "japan"])
@pytest.mark.parametrize("inflation", [0.0, 0.02])
def test_user_cost_and_finance_agree_where_their_conventions_do(law: str, inflation: float) -> None:
    """All equity and no years of construction: the price at which the design just pays is its average cost.

    What is left: the user cost charges each life by its annuity and cuts the last at the horizon, finance renews
    assets in whole years and credits the worth that is left at the end.
    """
    facts = {"finance.inflation": inflation, "finance.construction": 0}
    against = ("none",) if law == "japan" else (FREE,)
    side = Question(campus(assumptions=facts), against=against).before
    unlevered = replace(side.cash.assumptions, debt_share=0.0)
    price = levelised_cost(side.project, unlevered).myen_per_it_mwh
    flow = project_cash_flow(side.project.priced(price, all_streams=True), unlevered)
    rate = unlevered.discount_rate_after_tax(side.terms, side.project.start_year)
    spent = sum(float(np.sum(amount)) for amount in flow.capex.values())
    assert float(npv(rate, flow.project_flow)) == pytest.approx(0.0, abs=1e-9 * spent)
    assert price == pytest.approx(side.plan.indicators["cost_myen_per_it_mwh"], rel=1e-3)


def test_years_of_construction_cost_interest_that_the_programme_leaves_out() -> None:
    side = paid("none").before
    average = side.plan.indicators["cost_myen_per_it_mwh"]
    assert average * 1.001 < side.levelised.myen_per_it_mwh < average * 1.03


def test_unused_credits_do_not_count_in_the_design() -> None:
    """An owner without other tax can use little of a credit that is limited to a fifth of the tax."""
    limited = package(
        {"kind": "tax_credit", "rate": 0.3, "assets": ["compute"], "limit_share_of_tax": 0.2, "carry_forward_years": 1}
    )
    poor = Question(campus(assumptions={"finance.group_tax": 0.0})).pay((limited,))
    rich = Question(campus(assumptions={"finance.group_tax": 1e7})).pay((limited,))
    assert 0.0 <= poor.after.credit_utilisation["chips"] < 0.5
    assert rich.after.credit_utilisation["chips"] == pytest.approx(1.0)
    factors = [payment.after.plan.capital_factors["it"]["chips"] for payment in (poor, rich)]
    assert factors[0] > factors[1]
    assert poor.fiscal_cost_myen < rich.fiscal_cost_myen


def test_utilisation_is_of_a_class_though_its_assets_have_two_lives() -> None:
    """Two turbines of different lives are two assets of one class; a credit that cannot be used counts in neither."""
    credit = package({"kind": "tax_credit", "rate": 0.4, "assets": ["other_supply"], "limit_share_of_tax": 0.0})
    turbine = {"availability": 0.5, "capex_myen_per_mw": 300.0, "min_mw": 5.0, "max_mw": 5.0}
    scenario = campus(supply={"tidal": turbine | {"life_years": 20}, "waves": turbine | {"life_years": 10}})
    payment = Question(scenario).pay((credit,))
    assert set(payment.after.credit_utilisation) <= set(ASSETS)
    assert payment.after.credit_utilisation["other_supply"] == pytest.approx(0.0)
    before, after = (side.plan.capital_factors for side in (payment.before, payment.after))
    for part in ("tidal", "waves"):
        assert after[part]["other_supply"] == pytest.approx(before[part]["other_supply"], rel=1e-9)


def test_a_scenarios_own_packages_are_left_to_the_question() -> None:
    asked = Question(campus(policy={"packages": ["tax-credit"]}))
    assert asked.before.terms.name == "none"


def test_packages_combine() -> None:
    payment = question().pay(("tax-credit", "production-credit"))
    assert payment.after.terms.name == "tax-credit + production-credit"
    assert payment.fiscal_cost_myen > paid("tax-credit").fiscal_cost_myen


def test_progress_is_told() -> None:
    told: list[str] = []
    pay(campus(), "none", report=told.append)
    assert [str(step) for step in told] == [
        "reading inputs", "without the policy", "with the policy", "serving the same compute without the policy",
        "the downside",
    ]  # fmt: skip


def test_the_downside_is_the_same_beside_the_last_design() -> None:
    told: list[str] = []
    both = question().pay(("tax-credit",), report=lambda step: told.append(str(step)), draws=300)
    alone = question().with_downside(paid("tax-credit"), draws=300)
    assert both.downside == alone.downside
    assert both.fiscal_cost_myen == paid("tax-credit").fiscal_cost_myen
    assert told[-2:] == ["serving the same compute without the policy", "the downside"]
    assert question().pay(("tax-credit",)).downside is None


def test_no_design_is_explained() -> None:
    blocked = campus(grid={"max_mw": 0.0}, supply={"pv": {"max_mw": 1.0}, "geothermal": {"enabled": False},
                     "wind_onshore": {"enabled": False}, "wind_offshore_fixed": {"enabled": False},
                     "wind_offshore_floating": {"enabled": False}, "hydro": {"enabled": False}},
                     battery={"enabled": False}, backup={"technology": "none"})  # fmt: skip
    with pytest.raises(InfeasibleError) as error:
        Question(blocked)
    assert error.value.plan.infeasibility is not None


LIMITED = package(
    {"kind": "tax_credit", "rate": 0.3, "assets": ["compute"], "limit_share_of_tax": 0.2, "carry_forward_years": 3},
    name="limited",
)
SMALL_GROUP = {"finance.group_tax": 2000.0}


def test_usable_credits_settle_between_design_and_finance() -> None:
    asked = Question(campus(assumptions=SMALL_GROUP))
    side = asked.build_side((LIMITED,), asked.before)
    assert 0.0 < side.credit_utilisation["chips"] < 0.99
    assert side.unsettled == 0.0
    # The design that counts with this share is the one that was financed.
    again = asked.preparation.under((LIMITED,), credit_utilisation=side.credit_utilisation)
    factors = {
        asset.asset: asset.annual_capital_myen / asset.capex_myen
        for asset in again.resources_for(side.plan.cooling_system).assets["it"]
        if asset.capex_myen > 0
    }
    assert side.plan.capital_factors["it"]["chips"] == pytest.approx(factors["chips"], rel=1e-4)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_usable_credits_that_do_not_settle_are_said(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    monkeypatch.setattr(paying, "ONE_CAMPUS", replace(ONE_CAMPUS, most_rounds=1))
    asked = Question(campus(assumptions=SMALL_GROUP))
    payment = asked.pay((LIMITED,))
    assert payment.after.unsettled > 0.01
    said = phrase("pay.unsettled", language, share=format_share(payment.after.unsettled, language))
    assert said in further_sentences(payment, language)
    assert said not in further_sentences(paid("japan-current"), language)


def test_an_instrument_below_its_threshold_is_left_out_of_design_and_ledger() -> None:
    """No campus of this size costs ¥65 bn in building and chips at one megawatt; the rest of the package holds."""
    both = package(
        {"kind": "capital_grant", "law": "jp_meti_tomakomai_grant", "assets": ["chips"]},
        {"kind": "tax_credit", "rate": 0.1, "assets": ["battery"]},
        name="both",
    )
    asked = Question(campus(load={"it_load_mw": 1}))
    payment = asked.pay((both,))
    (check,) = [check for check in payment.after.checks if check.status == "unmet"]
    assert check.condition.kind == "investment"
    assert check.found is not None
    assert check.found < check.condition.limit == 65_000
    assert payment.after.refused == (("both", 1),)
    assert not payment.after.terms.assets["chips"].grants
    assert payment.after.terms.assets["battery"].credits
    assert not any(entry.account == "grant" for entry in payment.after.ledger.entries)
    large = asked.scenario.model_copy(update={"tranche": (), "load": campus(load={"it_load_mw": 50}).load})
    assert not Question(large).build_side((both,), None).refused
