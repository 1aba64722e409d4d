"""Laws of the cash flow for any terms: it values what the design counted, keeps all money, and support never hurts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import Draws, project_cash_flow
from kiban.finance.debt import size_debt
from kiban.finance.levelised import break_even_price
from kiban.finance.metrics import npv
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.finance.tax import CreditRule, carry_losses, income_tax, use_credits
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    GrantTerms,
    PolicyTerms,
    PropertyTaxTerms,
    TaxTerms,
)
from kiban.policy.user_cost import user_cost_factor

START_YEAR = 2027
ENERGY_MWH = 1000.0

shares = st.floats(0.0, 0.3)
caps = st.none() | st.floats(0.0, 500.0)
depreciations = st.builds(
    DepreciationTerms,
    method=st.sampled_from(["straight_line", "declining_balance_200", "expensing"]),
    life_years=st.integers(3, 20),
    first_year_share=st.sampled_from([0.0, 0.3]),
)
property_taxes = st.none() | st.builds(
    PropertyTaxTerms,
    rate=st.floats(0.0, 0.03),
    decline_rate=st.floats(0.0, 0.4),
    first_year_factor=st.floats(0.5, 1.0),
    floor_share=st.floats(0.0, 0.1),
    relief=st.sampled_from([(), (0.5, 0.5, 0.5), (0.0,)]),
)
assets = st.builds(
    AssetTerms,
    depreciation=depreciations,
    ordinary_depreciation=depreciations,
    credits=st.lists(
        st.builds(CreditTerms, rate=shares, basis_reduction_share=st.floats(0, 1), cap_myen=caps), max_size=2
    ).map(tuple),
    grants=st.lists(
        st.builds(
            GrantTerms, rate=shares, treatment=st.sampled_from(["reduces_basis", "taxed", "exempt"]), cap_myen=caps
        ),
        max_size=2,
    ).map(tuple),
    property_tax=property_taxes,
    ordinary_property_tax=property_taxes,
    last_year=st.integers(START_YEAR - 1, START_YEAR + 30),
)
taxes = (st.just(0.0) | st.floats(1e-3, 0.5)).map(
    lambda rate: TaxTerms("law", rate, {"national_treasury": 1.0}, 1.0, 10, 0.5)
)


def assumptions(**changes: object) -> FinanceAssumptions:
    plain = FinanceAssumptions(
        inflation=0.02, horizon_years=24, construction_years=0, capex_at_start_share=0.2, discount_rate_real=0.05,
        equity_rate=0.1, debt_share=0.0, debt_tenor_years=12, debt_reference_rate=0.02, debt_margin=0.01,
        dscr_target=1.3, upfront_fee_share=0.01, public_rate=0.017, group_tax_myen=1e9,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def project(
    terms: AssetTerms, tax: TaxTerms, *, price: float | None, life: float = 6.0, capex: float = 900.0
) -> Project:
    return Project(
        name="law",
        assets=(ProjectAsset("cooling", "cooling", capex, life, 10.0),),
        streams=(RevenueStream("load", ENERGY_MWH, price),),
        operating_costs_myen_per_year={"energy": 40.0},
        policy=PolicyTerms("law", "", "", tax, dict.fromkeys(ASSETS, terms)),
        start_year=START_YEAR,
    )


@settings(max_examples=150)
@given(terms=assets, tax=taxes, rate=st.floats(0.0, 0.12), inflation=st.floats(-0.01, 0.08),
       life=st.sampled_from([3.0, 4.0, 6.0, 12.0]))  # fmt: skip
def test_a_project_that_earns_its_user_cost_just_pays(
    terms: AssetTerms, tax: TaxTerms, rate: float, inflation: float, life: float
) -> None:
    """All equity, group offset, no construction, whole lives: the price from the user cost has no present value."""
    given_by = assumptions(inflation=inflation, discount_rate_real=rate)
    factor = user_cost_factor(
        terms, tax, real_after_tax_rate=rate * (1.0 - tax.rate), inflation=inflation, life_years=life,
        purchase_year=START_YEAR, horizon_years=given_by.horizon_years, capex_myen=900.0,
        # Where there is no tax no credit can be used.
        credit_utilisation=float(tax.rate > 0.0),
    ).annual_factor  # fmt: skip
    price = (900.0 * factor + 10.0 + 40.0) / ENERGY_MWH
    flow = project_cash_flow(project(terms, tax, price=price, life=life), given_by)
    assert float(npv(flow.discount_rate, flow.project_flow)) == pytest.approx(0.0, abs=1e-9 * 900.0 * 24)
    found = break_even_price(project(terms, tax, price=None, life=life), given_by)
    assert found == pytest.approx(price, rel=1e-7, abs=1e-9)


@settings(max_examples=40)
@given(tax=taxes, limit=st.floats(0.05, 1.0), carry=st.integers(0, 5), group_tax=st.floats(0.0, 100.0),
       rate=st.floats(0.0, 0.3), cut=st.just(0.0) | st.floats(0.0, 1.0))  # fmt: skip
def test_what_limits_leave_of_a_credit_is_what_the_user_cost_counts(
    tax: TaxTerms, limit: float, carry: int, group_tax: float, rate: float, cut: float
) -> None:
    """The price at which the project just pays is the user cost with the share of the credit that it can use."""
    line = DepreciationTerms("straight_line", 6)
    credit = CreditTerms(rate, basis_reduction_share=cut, limit_share_of_tax=limit, carry_forward_years=carry)
    terms = AssetTerms(line, line, credits=(credit,))
    case = assumptions(group_tax_myen=group_tax)
    price = break_even_price(project(terms, tax, price=None), case)
    flow = project_cash_flow(project(terms, tax, price=price), case)
    factor = user_cost_factor(
        terms, tax, real_after_tax_rate=0.05 * (1.0 - tax.rate), inflation=0.02, life_years=6.0,
        purchase_year=START_YEAR, horizon_years=24,
        credit_utilisation=min(flow.credit_utilisation().get("cooling", 0.0), 1.0),
    ).annual_factor  # fmt: skip
    # Each purchase loses of its basis what is used of its own credit; the design knows the mean of all purchases.
    tolerance = 1e-6 if cut == 0.0 else 5e-3
    assert price == pytest.approx((900.0 * factor + 50.0) / ENERGY_MWH, rel=tolerance)


@settings(max_examples=60)
@given(terms=assets, tax=taxes, extra=st.floats(0.001, 0.2))
def test_more_support_never_lowers_the_value(terms: AssetTerms, tax: TaxTerms, extra: float) -> None:
    def value(terms: AssetTerms) -> float:
        flow = project_cash_flow(project(terms, tax, price=0.3), assumptions())
        return float(npv(flow.discount_rate, flow.project_flow))

    grant = GrantTerms(extra, "exempt")
    credit = CreditTerms(extra, refundable=True)
    plain = value(terms)
    assert value(replace(terms, grants=(*terms.grants, grant))) >= plain
    with_credit = value(replace(terms, credits=(*terms.credits, credit)))
    assert with_credit >= plain
    # A credit that is paid out, and a grant with no tax on it, are the same money.
    assert with_credit == pytest.approx(value(replace(terms, grants=(*terms.grants, grant))), rel=1e-9, abs=1e-9)


@settings(max_examples=60)
@given(terms=assets, tax=taxes, years=st.integers(0, 4), position=st.sampled_from(["group", "standalone"]),
       seed=st.integers(0, 1000))  # fmt: skip
def test_draws_are_the_same_as_one_case_after_another(
    terms: AssetTerms, tax: TaxTerms, years: int, position: str, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    horizon = 24
    case = assumptions(construction_years=years, tax_position=position, debt_share=0.6)
    plan = project(terms, tax, price=0.5, life=4.5)
    debt = project_cash_flow(plan, case).debt
    many = Draws(
        price_factor=chance.lognormal(0.0, 0.2, (3, horizon)),
        utilisation=chance.uniform(0.5, 1.0, (3, horizon)),
        capex_factor=chance.lognormal(0.0, 0.2, (3, 1)),
        delay_years=chance.uniform(0.0, 2.5, (3, 1)),
        power_price_factor=chance.lognormal(0.0, 0.2, (3, horizon)),
    )
    together = project_cash_flow(plan, case, draws=many, debt=debt)
    assert together.equity_flow.shape == (3, years + horizon + 1)
    for draw in range(3):
        one = Draws(
            **{name: getattr(many, name)[[draw]] for name in Draws.__slots__ if getattr(many, name) is not None}
        )
        alone = project_cash_flow(plan, case, draws=one, debt=debt)
        np.testing.assert_allclose(alone.equity_flow[0], together.equity_flow[draw], rtol=1e-12, atol=1e-9)
    as_planned = project_cash_flow(plan, case, draws=Draws(capex_factor=np.ones((1, 1))), debt=debt)
    np.testing.assert_allclose(as_planned.equity_flow[0], project_cash_flow(plan, case).equity_flow, atol=1e-9)


def with_caps_scaled(terms: AssetTerms, scale: float) -> AssetTerms:
    def scaled(item: CreditTerms | GrantTerms) -> CreditTerms | GrantTerms:
        return item if item.cap_myen is None else replace(item, cap_myen=item.cap_myen * scale)

    return replace(terms, credits=tuple(map(scaled, terms.credits)), grants=tuple(map(scaled, terms.grants)))


@settings(max_examples=60)
@given(terms=assets, tax=taxes, scale=st.floats(0.1, 100.0), years=st.integers(0, 3))
def test_money_has_no_scale(terms: AssetTerms, tax: TaxTerms, scale: float, years: int) -> None:
    case = assumptions(construction_years=years, debt_share=0.5, group_tax_myen=1e6)
    small = project(terms, tax, price=0.4)
    large = replace(
        small,
        assets=tuple(
            replace(a, capex_myen=a.capex_myen * scale, fixed_om_myen_per_year=a.fixed_om_myen_per_year * scale)
            for a in small.assets
        ),
        streams=(RevenueStream("load", ENERGY_MWH * scale, 0.4),),
        operating_costs_myen_per_year={"energy": 40.0 * scale},
        policy=replace(small.policy, assets=dict.fromkeys(ASSETS, with_caps_scaled(terms, scale))),
    )
    one, other = project_cash_flow(small, case), project_cash_flow(large, replace(case, group_tax_myen=1e6 * scale))
    np.testing.assert_allclose(other.equity_flow, one.equity_flow * scale, rtol=1e-9, atol=1e-9 * scale)


@settings(max_examples=100)
@given(income=st.lists(st.floats(-100, 100), min_size=1, max_size=30), loss_years=st.none() | st.integers(1, 10),
       cap=st.floats(0, 1))  # fmt: skip
def test_losses_are_used_expire_or_stay(income: list[float], loss_years: int | None, cap: float) -> None:
    flow = np.array(income)
    losses = carry_losses(flow, loss_years, cap)
    made = np.maximum(-flow, 0).sum()
    assert losses.used.sum() + losses.expired.sum() + losses.carried[-1] == pytest.approx(made, abs=1e-9)
    assert np.all(losses.used <= cap * np.maximum(flow, 0) + 1e-9)
    assert np.all(losses.taxable >= -1e-9)
    if loss_years is None:
        assert losses.expired.sum() == 0


@settings(max_examples=100)
@given(
    base=st.lists(st.floats(0, 100), min_size=2, max_size=20),
    credits=st.lists(st.floats(0, 50), min_size=2, max_size=20),
    limit=st.none() | st.floats(0, 1),
    carry=st.integers(0, 5),
)
def test_credits_are_used_within_their_limit_or_expire(
    base: list[float], credits: list[float], limit: float | None, carry: int
) -> None:
    years = min(len(base), len(credits))
    tax, earned = np.array(base[:years]), np.array(credits[:years])
    rules = [CreditRule("a", "national_treasury", limit, carry, False), CreditRule("b", "x", None, carry, False)]
    uses = use_credits([earned, earned], rules, tax)
    for use in uses:
        assert use.used.sum() + use.expired.sum() == pytest.approx(use.earned.sum(), abs=1e-9)
        np.testing.assert_allclose(sum(use.used_by_origin.values(), np.zeros(years)), use.used)
    assert np.all(uses[0].used <= (1.0 if limit is None else limit) * tax + 1e-9)
    assert np.all(uses[0].used + uses[1].used <= tax + 1e-9)


@settings(max_examples=60)
@given(income=st.lists(st.floats(-100, 100), min_size=3, max_size=15), tax=taxes)
def test_a_group_pays_no_more_tax_than_a_company_alone(income: list[float], tax: TaxTerms) -> None:
    flow = np.array(income)
    group = income_tax(flow, tax, position="group")
    alone = income_tax(flow, tax, position="standalone")
    assert group.due.sum() <= alone.due.sum() + 1e-9
    assert np.all(alone.due >= -1e-9)


@settings(max_examples=100)
@given(
    need=st.lists(st.floats(1, 100), min_size=1, max_size=4),
    available=st.lists(st.floats(0.5, 40), min_size=5, max_size=20),
    rate=st.floats(0.0, 0.12),
    share=st.floats(0.05, 0.95),
    cover=st.floats(1.0, 2.0),
    repayment=st.sampled_from(["sculpted", "annuity"]),
)
def test_debt_is_repaid_in_full_and_covered(
    need: list[float], available: list[float], rate: float, share: float, cover: float, repayment: str
) -> None:
    start = len(need) - 1
    years = len(need) + len(available)
    spent, cash = np.zeros(years), np.zeros(years)
    spent[: start + 1], cash[start + 1 :] = need, available
    debt = size_debt(
        spent, cash, start=start, rate=rate, share=share, tenor_years=len(available), cover=cover,
        upfront_fee_share=0.01, repayment=repayment,
    )  # fmt: skip
    assert debt.balance[-1] == pytest.approx(0.0, abs=1e-9 * sum(need))
    assert float(npv(rate, debt.service - debt.drawdown)) == pytest.approx(0.0, abs=1e-9 * sum(need))
    assert np.all(debt.service * cover <= cash + 1e-9)
    cost = sum(need) + debt.interest_during_construction.sum() + debt.upfront_fee.sum()
    assert debt.amount_myen <= share * cost * (1 + 1e-9)
    if debt.binding == "share":
        assert debt.amount_myen == pytest.approx(share * cost)
