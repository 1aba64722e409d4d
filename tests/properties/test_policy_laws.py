"""Laws that the user cost keeps whatever the asset, the tax and the support."""

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.depreciation import present_value, schedule
from kiban.policy.effective_rates import marginal_effective_tax_rate_of, return_before_tax
from kiban.policy.terms import AssetTerms, CreditTerms, DepreciationTerms, GrantTerms, PropertyTaxTerms, TaxTerms
from kiban.policy.user_cost import user_cost_factor

METHODS = st.sampled_from(["declining_balance_200", "straight_line", "expensing"])
SHARES = st.floats(0.0, 1.0)
RATES = st.floats(-0.01, 0.15)
LAWS = settings(max_examples=60, derandomize=True)
FREE = DepreciationTerms("none", 10)


@st.composite
def depreciations(draw):
    return DepreciationTerms(draw(METHODS), draw(st.integers(2, 50)), (), draw(SHARES))


@st.composite
def property_taxes(draw):
    decline = draw(st.floats(0.0, 0.6))
    relief = tuple(draw(st.lists(SHARES, max_size=4)))
    return PropertyTaxTerms(draw(st.floats(0.0, 0.03)), decline, 1 - decline / 2, 0.05, relief)


@st.composite
def supports(draw):
    """An asset with credits, grants, quicker depreciation and property tax, always supported."""
    ordinary = replace(draw(depreciations()), first_year_share=0.0)
    return AssetTerms(
        depreciation=replace(ordinary, first_year_share=draw(SHARES)),
        ordinary_depreciation=ordinary,
        credits=tuple(CreditTerms(draw(st.floats(0.0, 0.3)), draw(SHARES)) for _ in range(draw(st.integers(0, 2)))),
        grants=tuple(
            GrantTerms(draw(st.floats(0.0, 0.3)), draw(st.sampled_from(["reduces_basis", "taxed", "exempt"])))
            for _ in range(draw(st.integers(0, 2)))
        ),
        property_tax=draw(property_taxes()),
    )


@st.composite
def cases(draw):
    return {
        "tax": TaxTerms("japan", draw(st.floats(0.0, 0.6)), {}, 1.0, 10, 0.5),
        "real_after_tax_rate": draw(RATES),
        "inflation": draw(st.floats(0.0, 0.05)),
        "life_years": draw(st.floats(1.0, 45.0)),
        "purchase_year": 2026,
    }


def unsupported(asset):
    return AssetTerms(
        asset.ordinary_depreciation,
        asset.ordinary_depreciation,
        property_tax=asset.property_tax,
        ordinary_property_tax=asset.property_tax,
    )


@LAWS
@given(cases())
def test_expensing_at_purchase_leaves_the_return_untaxed(case):
    assume(case["real_after_tax_rate"] > 1e-3)
    once = DepreciationTerms("expensing", 5)
    cost = user_cost_factor(AssetTerms(once, once), **case, first_charge_year=0.0)
    rate, life = case["real_after_tax_rate"], case["life_years"]
    assert cost.annual_factor == pytest.approx(capital_recovery_factor(rate, life), rel=1e-12)
    assert marginal_effective_tax_rate_of(cost, rate, life) == pytest.approx(0.0, abs=1e-9)


@LAWS
@given(cases(), depreciations(), st.floats(0.0, 0.9))
def test_a_credit_is_an_equal_grant_where_neither_is_taxed(case, deduction, rate):
    plain = AssetTerms(deduction, deduction)
    credit = user_cost_factor(replace(plain, credits=(CreditTerms(rate),)), **case)
    grant = user_cost_factor(replace(plain, grants=(GrantTerms(rate, "exempt"),)), **case)
    assert credit.annual_factor == pytest.approx(grant.annual_factor, rel=1e-12, abs=1e-15)


@LAWS
@given(cases(), depreciations(), st.floats(0.0, 0.9))
def test_a_credit_that_cuts_the_basis_is_a_grant_that_does(case, deduction, rate):
    plain = AssetTerms(deduction, deduction)
    credit = user_cost_factor(replace(plain, credits=(CreditTerms(rate, 1.0),)), **case)
    grant = user_cost_factor(replace(plain, grants=(GrantTerms(rate, "reduces_basis"),)), **case)
    assert credit.annual_factor == pytest.approx(grant.annual_factor, rel=1e-12, abs=1e-15)


@LAWS
@given(cases(), supports(), st.floats(0.0, 0.3), st.floats(5.0, 60.0))
def test_more_support_never_costs_more(case, asset, more, horizon):
    def cost(terms, **changes):
        return user_cost_factor(terms, **{**case, "horizon_years": horizon, **changes}).annual_factor

    now = cost(asset) + 1e-12
    # Late deductions may be worth more than one yen a yen where money loses no value: look at sensible rates only.
    assume((1 + case["real_after_tax_rate"]) * (1 + case["inflation"]) >= 1)
    assert cost(replace(asset, credits=(*asset.credits, CreditTerms(more, 1.0)))) <= now
    for treatment in ("reduces_basis", "taxed", "exempt"):
        assert cost(replace(asset, grants=(*asset.grants, GrantTerms(more, treatment)))) <= now
    share = asset.depreciation.first_year_share
    quicker = replace(asset.depreciation, first_year_share=share + more * (1 - share))
    assert cost(replace(asset, depreciation=quicker)) <= now
    relief = tuple(part * (1 - more) for part in asset.property_tax.relief) or (1 - more,)
    assert cost(replace(asset, property_tax=replace(asset.property_tax, relief=relief))) <= now
    assert cost(asset, credit_utilisation=1.0) <= cost(asset, credit_utilisation=1 - more) + 1e-12
    assert cost(unsupported(asset)) >= cost(replace(unsupported(asset), depreciation=quicker)) - 1e-12
    # A window that ends sooner covers fewer replacements.
    before = replace(asset, ordinary_property_tax=replace(asset.property_tax, relief=()))
    if all(part <= 1 for part in asset.property_tax.relief):
        assert cost(before) <= cost(replace(before, last_year=2026 + int(more * 100))) + 1e-12


@LAWS
@given(st.floats(0.005, 0.15), st.floats(0.0, 0.6), st.integers(1, 45))
def test_a_tax_on_economic_income_changes_nothing(before_tax, tax, life):
    """Deducting what the asset loses in value, and paying interest net of tax, leaves the rent as without tax."""
    rent = capital_recovery_factor(before_tax, life)
    losses = [rent * (1 + before_tax) ** -(life - year) for year in range(life)]
    assert math.fsum(losses) == pytest.approx(1.0)
    economic = DepreciationTerms("table", life, tuple(losses))
    cost = user_cost_factor(
        AssetTerms(economic, economic),
        TaxTerms("japan", tax, {}, 1.0, 10, 0.5),
        real_after_tax_rate=before_tax * (1 - tax),
        inflation=0.0,
        life_years=life,
        purchase_year=2026,
    )
    assert cost.annual_factor == pytest.approx(rent, rel=1e-9)
    if before_tax * (1 - tax) > 1e-3:
        rate = marginal_effective_tax_rate_of(cost, before_tax * (1 - tax), life)
        assert rate == pytest.approx(tax, abs=1e-7)


@LAWS
@given(cases())
def test_a_public_owner_pays_the_annuity(case):
    cost = user_cost_factor(AssetTerms(FREE, FREE), **{**case, "tax": replace(case["tax"], rate=0.0)})
    annuity = capital_recovery_factor(case["real_after_tax_rate"], case["life_years"])
    assert cost.annual_factor == pytest.approx(annuity, rel=1e-12)


@LAWS
@given(cases(), supports(), st.floats(0.5, 80.0))
def test_without_a_window_the_horizon_changes_nothing(case, asset, horizon):
    for terms in (replace(asset, ordinary_property_tax=asset.property_tax), unsupported(asset)):
        alone = user_cost_factor(terms, **case)
        over = user_cost_factor(terms, **case, horizon_years=horizon)
        assert over.annual_factor == pytest.approx(alone.annual_factor, rel=1e-9, abs=1e-12)


@LAWS
@given(cases(), supports(), st.integers(1, 4), st.integers(2026, 2080))
def test_an_outlasting_window_is_no_window(case, asset, lives, last):
    horizon = lives * case["life_years"]
    alone = user_cost_factor(asset, **case)
    over = user_cost_factor(replace(asset, last_year=last), **case, horizon_years=horizon)
    if 2026 + (lives - 1) * case["life_years"] + 1 < last:
        assert over.annual_factor == pytest.approx(alone.annual_factor, rel=1e-9, abs=1e-12)
    assert over.credit == alone.credit


@LAWS
@given(cases(), supports(), st.floats(0.1, 1e4))
def test_caps_far_away_change_nothing_and_scale_with_the_price(case, asset, scale):
    def capped(cap):
        return replace(
            asset,
            credits=tuple(replace(item, cap_myen=cap) for item in asset.credits),
            grants=tuple(replace(item, cap_myen=cap) for item in asset.grants),
        )

    def cost(terms, price):
        return user_cost_factor(terms, **case, horizon_years=30.0, capex_myen=price).annual_factor

    assert cost(capped(1e12), 100.0) == pytest.approx(cost(asset, 100.0), rel=1e-12, abs=1e-15)
    assert cost(capped(20.0), 100.0) == pytest.approx(cost(capped(20.0 * scale), 100.0 * scale), rel=1e-9, abs=1e-12)


@LAWS
@given(depreciations(), st.floats(0.01, 1e9), st.integers(1, 12))
def test_a_schedule_deducts_the_basis_and_scales_with_it(terms, basis, months):
    charges = schedule(terms, basis, months_in_first_year=months)
    assert math.fsum(charges) == pytest.approx(basis, rel=1e-12)
    assert min(charges) > 0
    unit = schedule(terms, 1.0, months_in_first_year=months)
    assert charges == pytest.approx([basis * charge for charge in unit], rel=1e-9, abs=basis * 1e-11)


@LAWS
@given(depreciations(), st.integers(1, 10**12), st.integers(1, 12))
def test_whole_yen_add_up_to_the_yen(terms, basis, months):
    charges = schedule(terms, basis, months_in_first_year=months, whole_yen=True)
    assert sum(charges) == basis - (0 if terms.method == "expensing" else 1)
    assert all(charge == int(charge) and charge > 0 for charge in charges)


@LAWS
@given(depreciations(), st.floats(0.0, 0.2), st.integers(1, 60))
def test_deductions_are_worth_less_than_they_are(terms, rate, years):
    value = present_value(terms, rate)
    assert value <= 1.0 + 1e-12
    assert present_value(terms, rate + 0.01) <= value
    # Who retires an asset early deducts the rest early.
    assert present_value(terms, rate, years=years) >= value - 1e-12


@LAWS
@given(st.floats(-0.05, 0.5), st.floats(1.0, 60.0))
def test_the_return_is_what_the_annuity_says(rate, life):
    assert return_before_tax(capital_recovery_factor(rate, life), life) == pytest.approx(rate, abs=1e-9)
