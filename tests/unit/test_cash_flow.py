"""The cash flow by hand: small projects whose every number can be worked out on paper."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.finance.assumptions import FinanceAssumptions, read_assumptions
from kiban.finance.cash_flow import CashFlow, Draws, project_cash_flow, sum_of
from kiban.finance.levelised import break_even_price, levelised_cost, token_costs
from kiban.finance.metrics import compute_returns
from kiban.finance.project import UNTAXED, Project, ProjectAsset, RevenueStream, project_from_plan
from kiban.finance.purchases import list_vintages
from kiban.planning import build
from kiban.planning.plan import Investment, ServedTranche
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    FinancingTerms,
    GrantTerms,
    PolicyTerms,
    ProductionCreditTerms,
    PropertyTaxTerms,
    TaxTerms,
)
from kiban.scenario.examples import load_scenario

SL4 = DepreciationTerms("straight_line", 4)
TAX = TaxTerms("law", 0.3, {"national_treasury": 0.7, "municipality": 0.3}, 0.8, 10, 0.5)


def assumptions(**changes: object) -> FinanceAssumptions:
    plain = FinanceAssumptions(
        inflation=0.0, horizon_years=4, construction_years=0, capex_at_start_share=0.25, discount_rate_real=0.1,
        equity_rate=0.1, debt_share=0.0, debt_tenor_years=4, debt_reference_rate=0.04, debt_margin=0.01,
        dscr_target=1.25, upfront_fee_share=0.0, public_rate=0.02, group_tax_myen=0.0,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def project(
    terms: AssetTerms | None = None,
    *,
    asset: str = "cooling",
    life: float = 4.0,
    tax: TaxTerms = TAX,
    financing: FinancingTerms = UNTAXED.financing,
) -> Project:
    of_all = dict.fromkeys(ASSETS, terms or AssetTerms(SL4, SL4))
    return Project(
        name="paper",
        assets=(ProjectAsset(asset, asset, 400.0, life, 10.0, 5.0),),
        streams=(RevenueStream("load", 100.0, 2.0),),
        operating_costs_myen_per_year={"energy": 20.0, "water": 5.0},
        policy=PolicyTerms("paper", "", "", tax, of_all, financing),
        start_year=2027,
        clean_output_mwh_per_year={asset: 50.0},
        facility_energy_mwh_per_year=120.0,
        gpu_hours_per_year=4000.0,
    )


def test_every_account_of_a_plain_project() -> None:
    flow = project_cash_flow(project(), assumptions())
    assert list(flow.years) == [2027, 2028, 2029, 2030, 2031]
    np.testing.assert_allclose(flow.capex["cooling"], [400, 0, 0, 0, 0])
    np.testing.assert_allclose(flow.revenue["load"], [0, 200, 200, 200, 200])
    np.testing.assert_allclose(flow.operating_costs["energy"], [0, 20, 20, 20, 20])
    np.testing.assert_allclose(flow.fixed_om["cooling"], [0, 10, 10, 10, 10])
    np.testing.assert_allclose(flow.network_charges["cooling"], [0, 5, 5, 5, 5])
    np.testing.assert_allclose(flow.depreciation["cooling"], [0, 100, 100, 100, 100])
    # 200 - 20 - 5 - 10 - 5 = 160 earned; 60 taxed at 30 %.
    np.testing.assert_allclose(flow.tax.income, [0, 60, 60, 60, 60])
    np.testing.assert_allclose(flow.project_flow, [-400, 142, 142, 142, 142])
    np.testing.assert_allclose(flow.equity_flow, flow.project_flow)
    np.testing.assert_allclose(flow.dividends - flow.contributions, flow.equity_flow)
    assert flow.discount_rate == pytest.approx(0.07)


def test_construction_is_paid_in_instalments_and_prices_follow_inflation() -> None:
    flow = project_cash_flow(project(), assumptions(construction_years=3, inflation=0.1))
    np.testing.assert_allclose(flow.capex["cooling"][:4], [100, 110, 121, 133.1])
    assert flow.revenue["load"][4] == pytest.approx(200 * 1.1**4)
    assert np.all(flow.revenue["load"][:4] == 0)
    # The law depreciates what was paid.
    assert flow.depreciation["cooling"].sum() == pytest.approx(464.1)


def test_chips_are_paid_when_operation_starts_and_bought_again() -> None:
    flow = project_cash_flow(project(asset="chips", life=2.0), assumptions(construction_years=2, inflation=0.1))
    np.testing.assert_allclose(flow.capex["chips"], [0, 0, 400 * 1.1**2, 0, 0, 0, 0])
    np.testing.assert_allclose(flow.replacements["chips"], [0, 0, 0, 0, 400 * 1.1**4, 0, 0])
    # What law has not written off when an asset leaves is deducted then.
    np.testing.assert_allclose(flow.depreciation["chips"][3:5], [121, 363])
    np.testing.assert_allclose(flow.reserve[3:], [0.5 * 400 * 1.1**4] * 2 + [0, 0])


@pytest.mark.parametrize(
    ("life", "horizon", "bought", "left"),
    [
        (4.0, 10, [0, 4, 8], 2.0),
        (25.0, 30, [0, 25], 20.0),
        (38.0, 30, [0], 8.0),
        (10.0, 30, [0, 10, 20], 0.0),
        (1.0, 2, [0, 1], 0.0),
    ],
)
def test_purchases_come_when_lives_end(life: float, horizon: int, bought: list[int], left: float) -> None:
    vintages = list_vintages(life, horizon)
    assert [vintage.bought for vintage in vintages] == bought
    assert [vintage.retired for vintage in vintages] == [*bought[1:], horizon]
    assert [vintage.replaces for vintage in vintages] == [None, *bought[:-1]]
    assert vintages[-1].remaining_life_years == pytest.approx(left)


def test_half_of_an_asset_goes_early_where_its_life_is_no_whole_number() -> None:
    vintages = list_vintages(4.5, 18)
    assert [(v.bought, v.retired, v.share) for v in vintages] == [
        (0, 4, 0.5), (0, 5, 0.5), (4, 9, 0.5), (5, 9, 0.5), (9, 13, 0.5), (9, 14, 0.5), (13, 18, 0.5), (14, 18, 0.5),
    ]  # fmt: skip
    assert {vintage.remaining_life_years for vintage in vintages} == {0.0}
    # The later half of the second purchase would come at the horizon: what it replaces stays.
    assert [(v.bought, v.retired, v.remaining_life_years) for v in list_vintages(4.5, 5)] == [
        (0, 4, 0.0), (0, 5, 0.0), (4, 5, 4.0),
    ]  # fmt: skip


def test_life_that_is_left_is_sold_and_taxed() -> None:
    flow = project_cash_flow(project(life=8.0), assumptions())
    # Half of the life at a real 10 %: a share of (1 - 1.1^-4) / (1 - 1.1^-8).
    worth = 400 * (1 - 1.1**-4) / (1 - 1.1**-8)
    assert flow.residual_values["cooling"][-1] == pytest.approx(worth)
    assert flow.tax.income[-1] == pytest.approx(60 + worth)


@pytest.mark.parametrize(
    ("treatment", "first", "later"),
    # 40 is paid at the start. Reduced basis: 90 a year deducted. Taxed: 12 of it goes in tax at the start.
    [("reduces_basis", -360, 139), ("taxed", -372, 142), ("exempt", -360, 142)],
)
def test_a_grant_and_its_tax(treatment: str, first: float, later: float) -> None:
    terms = AssetTerms(SL4, SL4, grants=(GrantTerms(0.1, treatment),))  # type: ignore[arg-type]
    flow = project_cash_flow(project(terms), assumptions())
    assert flow.project_flow[0] == pytest.approx(first)
    np.testing.assert_allclose(flow.project_flow[1:], later)
    assert flow.grants[0].payer == "national_treasury"


def test_a_cap_binds_over_all_purchases() -> None:
    terms = AssetTerms(SL4, SL4, grants=(GrantTerms(0.1, "exempt", cap_myen=60.0),))
    flow = project_cash_flow(project(terms, life=2.0), assumptions())
    np.testing.assert_allclose(sum_of(flow.grants), [40, 0, 20, 0, 0])


def test_a_credit_is_limited_carried_and_lost() -> None:
    terms = AssetTerms(SL4, SL4, credits=(CreditTerms(0.1, limit_share_of_tax=0.2, carry_forward_years=2),))
    flow = project_cash_flow(project(terms), assumptions())
    # Tax is 18 a year from the second date on, 14.4 of it counts, 2.88 may be used.
    np.testing.assert_allclose(flow.tax.credits[0].used, [0, 2.88, 2.88, 0, 0])
    assert flow.tax.credits[0].expired.sum() == pytest.approx(40 - 5.76)
    wealthy = project_cash_flow(project(terms), assumptions(group_tax_myen=1000.0))
    np.testing.assert_allclose(wealthy.tax.credits[0].used, [40, 0, 0, 0, 0])
    assert wealthy.credit_utilisation() == {"cooling": pytest.approx(1.0)}
    used = flow.credit_utilisation()["cooling"]
    assert used == pytest.approx((2.88 / 1.07 + 2.88 / 1.07**2) / 40)
    np.testing.assert_allclose(sum_of(flow.tax.credits_used), flow.tax.credits[0].used)


@pytest.mark.parametrize(
    ("first", "last", "granted"),
    [
        (2020, 2026, [0, 0, 0, 0, 0]),
        (2020, 2027, [40, 0, 0, 0, 0]),
        (2027, 2028, [40, 0, 0, 0, 0]),
        (2027, 2029, [40, 0, 40, 0, 0]),
        (2028, 2029, [0, 0, 40, 0, 0]),
        (2029, 2040, [0, 0, 40, 0, 0]),
        (2030, 2040, [0, 0, 0, 0, 0]),
    ],
)
def test_support_begins_and_ends_with_its_years(first: int, last: int, granted: list[float]) -> None:
    """A tenth of 400 for what is bought in 2027 and, two years later, in 2029."""
    terms = AssetTerms(SL4, SL4, grants=(GrantTerms(0.1, "exempt"),), first_year=first, last_year=last)
    flow = project_cash_flow(project(terms, life=2.0), assumptions())
    np.testing.assert_allclose(np.broadcast_to(sum_of(flow.grants), 5), granted)


def test_a_campus_that_is_late_has_no_support() -> None:
    terms = AssetTerms(SL4, SL4, grants=(GrantTerms(0.1, "exempt"),), last_year=2028)
    late = project_cash_flow(replace(project(terms, life=2.0), start_year=2029), assumptions())
    assert sum_of(late.grants).sum() == 0


def test_property_tax_its_relief_and_the_refund() -> None:
    due = PropertyTaxTerms(0.014, 0.5, 0.75, 0.05, relief=(0.5,), state_refund_share=0.8)
    flow = project_cash_flow(project(AssetTerms(SL4, SL4, property_tax=due)), assumptions())
    full = 0.014 * 400 * 0.75 * np.array([1, 0.5, 0.25, 0.125])
    np.testing.assert_allclose(flow.property_tax["cooling"][1:], full * [0.5, 1, 1, 1])
    np.testing.assert_allclose(flow.property_tax_relief["cooling"][1:], [full[0] / 2, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(flow.state_refunds["cooling"][1:], [0.4 * full[0], 0, 0, 0], atol=1e-12)


def test_a_production_credit_is_paid_for_its_years_free_of_tax() -> None:
    terms = AssetTerms(SL4, SL4, production_credit=ProductionCreditTerms(0.1, 2))
    flow = project_cash_flow(project(terms), assumptions())
    np.testing.assert_allclose(flow.project_flow, [-400, 147, 147, 142, 142])


def test_alone_a_loss_waits_for_profit_and_its_cap() -> None:
    expensed = AssetTerms(*[DepreciationTerms("expensing", 4)] * 2)
    alone = project_cash_flow(project(expensed), assumptions(tax_position="standalone"))
    # 240 lost in the first year; then 160 a year, of which half may be absorbed.
    np.testing.assert_allclose(alone.tax.before_credits, [0, 0, 24, 24, 24])
    # A group that pays 90 on other income of 300 relieves all of the loss at once; one that pays 30 on 100 is left with
    # a loss of 140: 160 and 100 in the next year, of which 130 is absorbed, then the last 10.
    group = project_cash_flow(project(expensed), assumptions(group_tax_myen=90.0))
    small = project_cash_flow(project(expensed), assumptions(group_tax_myen=30.0))
    np.testing.assert_allclose(small.tax.before_credits, [0, -30, 0.3 * 130 - 30, 0.3 * 250 - 30, 48])
    np.testing.assert_allclose(group.tax.before_credits, [0, -72, 48, 48, 48])


def test_debt_within_its_share_with_interest_while_building() -> None:
    case = assumptions(
        construction_years=1, debt_share=0.5, capex_at_start_share=0.5, upfront_fee_share=0.02, group_tax_myen=90.0
    )
    flow = project_cash_flow(project(), case)
    debt = flow.debt
    # Two payments of 200: x * (200 * 1.05 + 200) = 0.5 * (400 + x * 10 + 0.02 * x * 410)
    share = 0.5 * 400 / (410 - 0.5 * 10 - 0.5 * 0.02 * 410)
    assert debt.binding == "share"
    assert debt.amount_myen == pytest.approx(share * 410)
    np.testing.assert_allclose(debt.drawdown[:2], [share * 200] * 2)
    assert debt.interest_during_construction.sum() == pytest.approx(share * 10)
    # Interest and fee are deducted in the year they accrue: a loss of the group.
    assert flow.tax.before_credits[0] == pytest.approx(-0.3 * 0.02 * debt.amount_myen)
    lent = debt.drawdown - debt.service - debt.upfront_fee
    shield = 0.3 * (debt.interest + debt.upfront_fee)
    np.testing.assert_allclose(flow.equity_flow, flow.project_flow + lent + shield)


def test_the_cover_limits_the_debt() -> None:
    flow = project_cash_flow(project(), assumptions(debt_share=1.0, dscr_target=2.0))
    assert flow.debt.binding == "cover"
    assert flow.debt.amount_myen == pytest.approx(80 * (1 - 1.05**-4) / 0.05)


def test_what_stands_behind_the_debt_sets_its_rate_and_fee() -> None:
    guaranteed = FinancingTerms(guarantee_coverage=0.8, guarantee_fee_rate=0.005)
    flow = project_cash_flow(project(financing=guaranteed), assumptions(debt_share=0.5))
    assert flow.debt.rate == pytest.approx(0.042)
    assert flow.debt.guarantee_fee[1] == pytest.approx(0.8 * 0.005 * 200)
    public_loan = FinancingTerms(concessional_rate=0.01)
    assert project_cash_flow(project(financing=public_loan), assumptions(debt_share=0.5)).debt.rate == 0.01
    assert (
        project_cash_flow(project(financing=FinancingTerms(public=True)), assumptions(debt_share=0.5)).debt.rate == 0.02
    )


def test_debt_that_no_cash_flow_can_carry() -> None:
    poor = project().priced(0.3, all_streams=True)
    assert project_cash_flow(poor, assumptions(debt_share=0.5)).debt.amount_myen == 0
    asked = read_assumptions(load_catalogue().overridden({"finance.debt_share": 0.5}))
    assert asked.insists_on_debt
    assert not read_assumptions(load_catalogue()).insists_on_debt
    with pytest.raises(ScenarioError, match=r"finance.debt_share asks for 0.5 of the cost as debt.*raise the price"):
        project_cash_flow(poor, asked)


def test_support_for_a_replacement_need_not_be_put_by() -> None:
    terms = AssetTerms(SL4, SL4, grants=(GrantTerms(0.1, "exempt"),), credits=(CreditTerms(0.2),))
    flow = project_cash_flow(project(terms, life=2.0), assumptions(group_tax_myen=1e4))
    np.testing.assert_allclose(flow.reserve, [0, 140, 140, 0, 0])


def test_a_guarantee_lowers_the_price_at_which_a_project_just_pays() -> None:
    """The rate of the design holds, debt or not: at that price the project is worth nothing at its rate."""
    backed = project(financing=FinancingTerms(guarantee_coverage=0.8))
    case = assumptions(debt_share=0.5)
    flow = project_cash_flow(backed.priced(break_even_price(backed, case), all_streams=True), case)
    assert compute_returns(flow).project_npv_myen == pytest.approx(0.0, abs=1e-6)
    assert flow.discount_rate < project_cash_flow(project(), case).discount_rate


def test_a_stream_without_a_price() -> None:
    free = replace(project(), streams=(RevenueStream("load", 100.0, None),))
    with pytest.raises(ScenarioError, match="has no price for load"):
        project_cash_flow(free, assumptions())
    priced = free.priced(break_even_price(free, assumptions()))
    assert compute_returns(project_cash_flow(priced, assumptions())).project_npv_myen == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("debt_share", 1.2), ("horizon_years", 0), ("dscr_target", 0.9), ("inflation", 0.6), ("construction_years", -1)],
)
def test_an_assumption_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ScenarioError, match=f"finance.{name} is .*, outside"):
        assumptions(**{name: value})


def test_a_delay_costs_sales_and_saves_power_but_not_the_debt() -> None:
    case = assumptions(debt_share=0.5)
    planned = project_cash_flow(project(), case)
    late = project_cash_flow(project(), case, draws=Draws(delay_years=np.array([[1.5]])), debt=planned.debt)
    np.testing.assert_allclose(late.revenue["load"][0], [0, 0, 100, 200, 200])
    np.testing.assert_allclose(late.operating_costs["energy"][0], [0, 0, 10, 20, 20])
    np.testing.assert_allclose(late.fixed_om["cooling"], planned.fixed_om["cooling"])
    assert late.debt is planned.debt


def test_less_use_sells_less_and_needs_less_power() -> None:
    case = assumptions()
    planned = project_cash_flow(project(), case)
    draws = Draws(utilisation=np.full((2, 1), 0.5), power_price_factor=np.array([[1.0], [2.0]]))
    flow = project_cash_flow(project(), case, draws=draws, debt=planned.debt)
    np.testing.assert_allclose(flow.operating_costs["energy"][:, 1], [10, 20])
    np.testing.assert_allclose(flow.operating_costs["water"][:, 1], [2.5, 2.5])
    np.testing.assert_allclose(flow.revenue["load"][:, 1], [100, 100])


def test_draws_need_the_debt_that_was_planned() -> None:
    with pytest.raises(ValueError, match="debt of the case as planned"):
        project_cash_flow(project(), assumptions(), draws=Draws(delay_years=np.ones((2, 1))))


@pytest.mark.slow
def test_ten_thousand_draws_at_once_are_each_of_them_alone(of_plan: tuple[CashFlow, dict[str, float]]) -> None:
    flow, _ = of_plan
    chance, draws, horizon = np.random.default_rng(1), 10_000, flow.assumptions.horizon_years
    drawn = Draws(
        price_factor=chance.lognormal(0.0, 0.2, (draws, horizon)),
        utilisation=chance.uniform(0.6, 1.0, (draws, horizon)),
        capex_factor=chance.lognormal(0.0, 0.1, (draws, 1)),
        chip_price_factor=chance.lognormal(0.0, 0.2, (draws, horizon + 1)),
        delay_years=chance.uniform(0.0, 2.0, (draws, 1)),
        power_price_factor=chance.lognormal(0.0, 0.3, (draws, horizon)),
    )
    case = replace(flow.assumptions, tax_position="standalone")
    equity = project_cash_flow(flow.project, case, draws=drawn, debt=flow.debt).equity_flow
    assert equity.shape == (draws, len(flow.years))
    for one in (0, 4711, draws - 1):
        alone = Draws(*(getattr(drawn, field.name)[one : one + 1] for field in fields(Draws)))
        alone_flow = project_cash_flow(flow.project, case, draws=alone, debt=flow.debt).equity_flow
        np.testing.assert_allclose(alone_flow, equity[one : one + 1], rtol=1e-12, atol=1e-9)


def test_levelised_cost_in_all_its_units() -> None:
    cost = levelised_cost(project(), assumptions())
    # 400 recovered at 7 % after tax with 100 a year deducted at 30 %, before tax: (400 / a - 30) / 0.7.
    annuity = (1 - 1.07**-4) / 0.07
    price = ((400 / annuity - 30) / 0.7 + 40) / 100
    assert cost.myen_per_it_mwh == pytest.approx(price, rel=1e-9)
    assert cost.yen_per_gpu_hour == pytest.approx(price * 100 / 4000 * 1e6)
    # Cooling is no power: what is left is the bill for energy and water over what the facility uses.
    assert cost.power_myen_per_mwh == pytest.approx(25 / 120)
    # 3.6 J a token is 1e-3 MWh for a million tokens.
    assert cost.yen_per_million_tokens(3.6) == pytest.approx(price * 1e6 * 1e-3)


def test_fewer_bits_make_cheaper_tokens() -> None:
    cost = levelised_cost(project(), assumptions())
    catalogue = load_catalogue()
    tokens = token_costs(cost, catalogue, "h100")
    energy = catalogue.value("token.70b_bf16.h100.batch128") * catalogue.value("chip.h100.server_power_factor")
    assert tokens["fp16"] == pytest.approx(cost.myen_per_it_mwh * energy / 3.6e9 * 1e12)
    assert tokens["fp8"] < tokens["fp16"]


def test_a_plan_without_a_design_has_no_project() -> None:
    plan = SimpleNamespace(status="infeasible", scenario=SimpleNamespace(name="too little"))
    with pytest.raises(ScenarioError, match="too little has no design"):
        project_from_plan(plan)  # type: ignore[arg-type]


def test_what_tranches_pay_is_theirs_and_the_rest_is_to_be_priced() -> None:
    plan = SimpleNamespace(
        status="optimal",
        scenario=SimpleNamespace(
            name="two", policy=SimpleNamespace(start_year=2030), grid=SimpleNamespace(contract=None)
        ),
        capacities={},
        investments=(
            Investment("battery", "battery_power", 2.0, "mw", 10.0, 20.0, 1.0, 0.0, 0.0),
            Investment("battery", "battery_energy", 8.0, "mwh", 30.0, 20.0, 0.5, 0.0, 0.0),
            Investment("other_supply", "tidal", 1.0, "mw", 50.0, 30.0, 2.0, 0.0, 0.0),
            Investment("other_supply", "wave", 1.0, "mw", 60.0, 20.0, 3.0, 0.0, 0.0),
            Investment("other_supply", "hired", 1.0, "mw", 0.0, 1.0, 4.0, 0.0, 0.0),
        ),
        tranches=(
            ServedTranche("batch", 5.0, 5.0, 0.3, 400.0, False),
            ServedTranche("unserved", 5.0, 0.0, 0.1, 0.0, False),
        ),
        indicators={"it_energy_mwh_per_year": 1000.0, "load_mwh_per_year": 1100.0, "it_power_kw_per_gpu": 2.0},
        costs={"energy": 7.0, "pv": 3.0, "compute_revenue": -120.0, "export_revenue": -1.0},
        clean_output_mwh_per_year={"tidal": 11.0, "wave": 12.0},
        policy=None,
    )
    found = project_from_plan(plan)  # type: ignore[arg-type]
    assert found.streams == (RevenueStream("base_load", 600.0, None), RevenueStream("batch", 400.0, 0.3))
    assert found.assets == (
        ProjectAsset("battery", "battery", 40.0, 20.0, 1.5),
        ProjectAsset("other_supply_tidal", "other_supply", 50.0, 30.0, 2.0),
        ProjectAsset("other_supply_wave", "other_supply", 60.0, 20.0, 3.0),
        ProjectAsset("other_supply_hired", "other_supply", 0.0, 1.0, 4.0),
    )
    assert found.clean_output_mwh_per_year == {"other_supply_tidal": 11.0, "other_supply_wave": 12.0}
    assert found.operating_costs_myen_per_year == {"energy": 7.0, "export_revenue": -1.0}
    assert found.gpu_hours_per_year == 500_000.0


def test_nothing_sold_has_no_price() -> None:
    with pytest.raises(ScenarioError, match="sells no compute"):
        break_even_price(replace(project(), streams=()), assumptions())


def test_the_catalogue_gives_all_assumptions() -> None:
    found = read_assumptions(load_catalogue(), discount_rate_real=0.04, tax_position="standalone")
    assert (found.inflation, found.horizon_years, found.construction_years) == (0.02, 30, 2)
    assert (found.discount_rate_real, found.tax_position) == (0.04, "standalone")
    assert {fact.id for fact in found.facts} >= {"finance.debt_share", "finance.group_tax"}
    assert "finance.discount_rate" not in {fact.id for fact in found.facts}


@pytest.fixture(scope="module")
def of_plan() -> tuple[CashFlow, dict[str, float]]:
    plan = build(load_scenario("tomakomai"))
    whole = project_from_plan(plan)
    case = replace(read_assumptions(load_catalogue()), construction_years=0)
    return project_cash_flow(whole.priced(break_even_price(whole, case)), case), dict(plan.indicators)


def test_a_plan_costs_what_the_design_counted(of_plan: tuple[CashFlow, dict[str, float]]) -> None:
    """Before tax and without construction the levelised cost of power is the plan's; chips last 4.5 years."""
    flow, indicators = of_plan
    cost = levelised_cost(flow.project, flow.assumptions)
    assert flow.project.policy is UNTAXED
    assert cost.power_myen_per_mwh == pytest.approx(indicators["power_cost_myen_per_mwh"], rel=1e-9)
    assert cost.yen_per_gpu_hour == pytest.approx(indicators["cost_yen_per_gpu_hour"], rel=1e-3)
    assert {asset.name for asset in flow.project.assets} >= {"chips", "building", "pv", "battery"}
    assert flow.project.clean_output_mwh_per_year["pv"] > 0
