"""What a user says of a project's money: paths, growth, falling output, the size of debt, reserves, tax and the end."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kiban.errors import InputError, ScenarioError
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, Draws, project_cash_flow
from kiban.finance.debt import size_debt
from kiban.finance.levelised import break_even_price, levered_price
from kiban.finance.metrics import npv
from kiban.finance.money_terms import PLAIN, MoneyTerms, read_money_terms
from kiban.finance.paying import Question
from kiban.finance.project import UNTAXED, Project, ProjectAsset, RevenueStream
from kiban.policy.own_terms import with_own_tax
from kiban.policy.package_terms import resolve
from kiban.policy.terms import DepreciationTerms
from kiban.scenario import parse_scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.study import Finance


def project(**changes: Any) -> Project:
    """100 for 4 years, 10 MWh a year at 5, 4 of power and 6 of other costs and charges a year."""
    whole = Project(
        name="by hand",
        assets=(ProjectAsset("pv", "pv", 100.0, 4.0, fixed_om_myen_per_year=2.0),),
        streams=(RevenueStream("compute", 10.0, 5.0),),
        operating_costs_myen_per_year={"energy": 4.0, "water": 4.0},
        policy=UNTAXED,
        start_year=2027,
    )
    return replace(whole, **changes)


def assumptions(terms: MoneyTerms = PLAIN, **changes: Any) -> FinanceAssumptions:
    plain = FinanceAssumptions(
        inflation=0.0,
        horizon_years=4,
        construction_years=0,
        capex_at_start_share=1.0,
        discount_rate_real=0.05,
        equity_rate=0.1,
        debt_share=0.0,
        debt_tenor_years=4,
        debt_reference_rate=0.1,
        debt_margin=0.0,
        dscr_target=1.0,
        upfront_fee_share=0.0,
        public_rate=0.0,
        terms=terms,
    )
    return replace(plain, **changes)


def flow(terms: MoneyTerms = PLAIN, **changes: Any) -> CashFlow:
    return project_cash_flow(project(), assumptions(terms, **changes))


def of(values: Any) -> list[float]:
    return [round(float(value), 9) for value in np.asarray(values)]


def test_price_path_growth_and_falling_output_multiply() -> None:
    found = flow(MoneyTerms(price_path=(1.0, 2.0), price_escalation=0.1, output_degradation=0.2))
    # 50 x path x 1.1^(k-1) x 0.8^(k-1); the last factor of the path holds on.
    assert of(found.revenue["compute"]) == of([0.0, 50.0, 100.0 * 0.88, 100.0 * 0.88**2, 100.0 * 0.88**3])
    later = flow(MoneyTerms(price_escalation=0.1), construction_years=2, inflation=0.05)
    assert of(later.revenue["compute"][:5]) == of([0.0, 0.0, 0.0, 50.0 * 1.05**3, 50.0 * 1.1 * 1.05**4])
    longer = flow(MoneyTerms(price_path=(2.0,) * 9))
    assert of(longer.revenue["compute"]) == [0.0, 100.0, 100.0, 100.0, 100.0]


def test_costs_and_power_grow_apart() -> None:
    found = flow(MoneyTerms(cost_escalation=0.5, power_escalation=-0.5))
    assert of(found.operating_costs["energy"]) == [0.0, 4.0, 2.0, 1.0, 0.5]
    assert of(found.operating_costs["water"]) == [0.0, 4.0, 6.0, 9.0, 13.5]
    assert of(found.fixed_om["pv"]) == [0.0, 2.0, 3.0, 4.5, 6.75]


def test_draws_come_on_top_of_a_path() -> None:
    terms = assumptions(MoneyTerms(price_path=(1.0, 3.0), debt_reserve_months=12.0, working_reserve_months=12.0))
    planned = project_cash_flow(project(), terms)
    drawn = Draws(price_factor=np.array([[1.0], [0.5]]), power_price_factor=np.array([[1.0], [2.0]]))
    found = project_cash_flow(project(), terms, draws=drawn, debt=planned.debt)
    assert of(found.revenue["compute"][1]) == [0.0, 25.0, 75.0, 75.0, 75.0]
    assert of(found.equity_flow[0]) == of(planned.equity_flow)
    assert of(found.cash_reserves[1]) == [14.0, 14.0, 14.0, 14.0, 0.0]


def debt_of(**changes: Any) -> Any:
    need, available = np.array([50.0, 50.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 10.0, 20.0, 30.0])
    terms: dict[str, Any] = {"start": 1, "rate": 0.1, "share": 0.5, "tenor_years": 3, "cover": 1.0, **changes}
    return size_debt(need, available, **terms)


@pytest.mark.parametrize("repayment", ["annuity", "sculpted"])
def test_a_fixed_share_is_lent_whatever_the_cover(repayment: Any) -> None:
    asked = debt_of(cover=5.0, repayment=repayment)
    assert asked.binding == "cover"
    fixed = debt_of(cover=5.0, repayment=repayment, sizing="share")
    assert fixed.binding == "share"
    # Half of 100 and of the interest on it: x (55 + 50) = 0.5 (100 + 5 x), x the share that is lent.
    assert fixed.amount_myen == pytest.approx(50.0 / 102.5 * 105.0)
    assert fixed.amount_myen == debt_of(cover=0.1, repayment=repayment).amount_myen
    assert fixed.balance[-1] == pytest.approx(0.0, abs=1e-9)
    shape = fixed.service[2:] / fixed.service[2]
    assert of(shape) == ([1.0, 1.0, 1.0] if repayment == "annuity" else [1.0, 2.0, 3.0])


def test_interest_while_building_can_be_left_out() -> None:
    with_it, without = debt_of(sizing="share"), debt_of(sizing="share", interest_while_building=False)
    assert with_it.interest_during_construction.sum() == pytest.approx(with_it.drawdown[0] * 0.1)
    assert without.interest_during_construction.sum() == 0.0
    assert without.amount_myen == pytest.approx(50.0)
    assert of(without.drawdown) == [25.0, 25.0, 0.0, 0.0, 0.0]
    assert without.interest[2] == pytest.approx(5.0)
    assert without.balance[-1] == pytest.approx(0.0, abs=1e-9)


def test_reserves_are_filled_at_the_start_and_come_back() -> None:
    loan = {"debt_share": 0.5, "repayment": "annuity", "debt_tenor_years": 2}
    plain = flow(MoneyTerms(debt_sizing="share"), **loan)
    kept = flow(MoneyTerms(debt_sizing="share", debt_reserve_months=6.0, working_reserve_months=3.0), **loan)
    service = 50.0 * 0.1 / (1 - 1.1**-2)
    assert of(kept.cash_reserves) == of([service / 2 + 2.5, service / 2 + 2.5, 2.5, 2.5, 0.0])
    assert of(kept.equity_flow - plain.equity_flow) == of([-service / 2 - 2.5, 0.0, service / 2, 0.0, 2.5])
    assert kept.equity_flow.sum() == pytest.approx(plain.equity_flow.sum())
    assert of(kept.project_flow) == of(plain.project_flow)


def test_the_levered_price_is_where_equity_just_earns_its_return() -> None:
    terms = assumptions(MoneyTerms(price_escalation=0.02), debt_share=0.6, debt_reference_rate=0.03)
    price = levered_price(project(), terms)
    at = project_cash_flow(project().priced(price, all_streams=True), terms)
    assert npv(terms.equity_rate, at.equity_flow) == pytest.approx(0.0, abs=1e-9)
    # Without tax and debt, at the rate that equity asks, both prices are one.
    alone = replace(terms, debt_share=0.0, discount_rate_real=terms.equity_rate)
    assert levered_price(project(), alone) == pytest.approx(break_even_price(project(), alone))
    assert price < levered_price(project(), alone)
    with pytest.raises(ScenarioError, match="sells no compute"):
        levered_price(project(streams=()), terms)


def test_what_is_left_of_depreciation_is_deducted_or_lost() -> None:
    half = DepreciationTerms("table", 4, (0.125, 0.25, 0.25, 0.25, 0.125))
    policy = replace(
        UNTAXED,
        assets={
            name: replace(terms, depreciation=half, ordinary_depreciation=half)
            for name, terms in UNTAXED.assets.items()
        },
    )
    taxed = project(policy=policy)
    kept = project_cash_flow(taxed, assumptions())
    lost = project_cash_flow(taxed, assumptions(MoneyTerms(undepreciated="lost")))
    assert of(kept.depreciation["pv"]) == [0.0, 12.5, 25.0, 25.0, 37.5]
    assert of(lost.depreciation["pv"]) == [0.0, 12.5, 25.0, 25.0, 25.0]


@pytest.mark.parametrize(
    ("said", "method", "shares"),
    [
        ({"depreciation": "expensing"}, "expensing", ()),
        ({"depreciation": "straight_line", "depreciation_years": 10}, "straight_line", ()),
        ({"depreciation": "half_year", "depreciation_years": 4}, "table", (0.125, 0.25, 0.25, 0.25, 0.125)),
        # Publication 946, table A-1.
        ({"depreciation": "macrs_5"}, "table", (0.2, 0.32, 0.192, 0.1152, 0.1152, 0.0576)),
    ],
)
def test_ones_own_tax_takes_the_place_of_the_laws(said: dict[str, Any], method: str, shares: tuple[float, ...]) -> None:
    law = resolve((), start_year=2027)
    own = with_own_tax(law, Finance(tax_rate=0.2, **said), 2027)
    assert (own.tax.rate, own.tax.shares) == (0.2, law.tax.shares)
    for asset in own.assets.values():
        assert asset.depreciation == asset.ordinary_depreciation
        assert (asset.depreciation.method, asset.depreciation.table) == (method, pytest.approx(shares))
    assert with_own_tax(law, Finance(), 2027) == law
    for table, years in (("macrs_15", 16), ("macrs_20", 21)):
        found = with_own_tax(law, Finance(depreciation=table), 2027).assets["pv"].depreciation.table
        assert (len(found), sum(found)) == (years, pytest.approx(1.0, abs=2e-4))


def test_support_on_top_of_ones_own_depreciation_is_kept_and_a_public_body_owes_nothing() -> None:
    from kiban.scenario.package import load_package

    own = Finance(tax_rate=0.2, depreciation="half_year")
    special = with_own_tax(resolve([load_package("special-depreciation")], start_year=2027), own, 2027)
    ordinary = resolve([load_package("special-depreciation")], start_year=2027)
    supported = [name for name, asset in ordinary.assets.items() if asset.depreciation.first_year_share > 0]
    assert supported
    for name in supported:
        share = ordinary.assets[name].depreciation.first_year_share
        assert special.assets[name].depreciation.first_year_share == share
        assert special.assets[name].ordinary_depreciation.first_year_share == 0.0
    assert with_own_tax(resolve([load_package("public-ownership")], start_year=2027), own, 2027).tax.rate == 0.0


WRITTEN = """
name = "terms"
[site]
id = "tomakomai"
[finance]
price_path = [1.0, 1.2]
price_escalation_per_year = -0.01
cost_escalation_per_year = 0.02
power_escalation_per_year = 0.03
output_degradation_per_year = 0.005
debt_sizing = "share"
interest_during_construction = false
undepreciated = "lost"
debt_reserve_months = 6
working_reserve_months = 2
"""


def test_a_scenario_says_all_of_it() -> None:
    found = read_money_terms(parse_scenario(tomllib.loads(WRITTEN)).finance)
    assert found == MoneyTerms((1.0, 1.2), -0.01, 0.02, 0.03, 0.005, "share", False, "lost", 6.0, 2.0)
    assert read_money_terms(Finance()) == PLAIN
    wrong = WRITTEN.replace("0.005", "0.9").replace("debt_reserve_months = 6", "debt_reserve_months = -6")
    with pytest.raises(InputError) as caught:
        parse_scenario(tomllib.loads(wrong))
    assert {problem.key for problem in caught.value.problems} == {
        "finance.output_degradation_per_year",
        "finance.debt_reserve_months",
    }


@pytest.mark.slow
def test_a_payment_under_ones_own_terms_still_sums_to_zero() -> None:
    """Over two days: the load is sold at the price that its falling output asks for, and every yen is posted."""
    plain = load_scenario("tomakomai")
    plain = plain.model_copy(update={"time": plain.time.model_copy(update={"hours": 48})})
    finance = plain.finance.model_copy(
        update={
            "price_escalation_per_year": -0.02,
            "output_degradation_per_year": 0.01,
            "debt_sizing": "share",
            "debt_reserve_months": 6.0,
            "tax_rate": 0.25,
            "depreciation": "half_year",
            "undepreciated": "lost",
        }
    )
    sides = {}
    for name, scenario in (("plain", plain), ("own", plain.model_copy(update={"finance": finance}))):
        payment = Question(scenario).pay(("tax-credit",))
        assert payment.incidence.residual_yen == payment.after.ledger.residual_yen == 0
        sides[name] = payment.after
    own = sides["own"]
    assert own.terms.tax.rate == 0.25
    assert own.cash.debt.binding == "share"
    assert own.cash.cash_reserves[own.cash.start] > 0
    # What falls is dearer at first, so that on the whole it pays the same.
    assert own.levelised.myen_per_it_mwh > 1.1 * sides["plain"].levelised.myen_per_it_mwh
