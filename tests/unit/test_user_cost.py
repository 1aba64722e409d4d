"""The user cost by hand in each of its parts."""

from dataclasses import replace

import pytest

from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.depreciation import present_value
from kiban.policy.terms import AssetTerms, CreditTerms, DepreciationTerms, GrantTerms, PropertyTaxTerms, TaxTerms
from kiban.policy.user_cost import user_cost_factor

TAX = TaxTerms("japan", 0.3, {"national_treasury": 1.0}, 1.0, 10, 0.5)
STRAIGHT = DepreciationTerms("straight_line", 10)
PLAIN = AssetTerms(STRAIGHT, STRAIGHT)
PROPERTY = PropertyTaxTerms(0.014, 0.2, 0.9, 0.05)
CASE = {"real_after_tax_rate": 0.04, "inflation": 0.02, "life_years": 10, "purchase_year": 2026}
RECOVERY = 0.04 / (1 - 1.04**-10)
NOMINAL = 1.04 * 1.02 - 1
Z = sum(0.1 * (1 + NOMINAL) ** -year for year in range(1, 11))


def factor(asset=PLAIN, tax=TAX, **changes):
    return user_cost_factor(asset, tax, **{**CASE, **changes})


def test_ordinary_terms_by_hand():
    cost = factor()
    assert cost.capital_factor == pytest.approx((1 - 0.3 * Z) / 0.7 * RECOVERY, rel=1e-12)
    assert cost.allowance_present_value == pytest.approx(Z, rel=1e-12)
    assert cost.annual_factor == cost.capital_factor
    assert (cost.credit, cost.grant, cost.basis_share) == (0, 0, 1)


def test_a_credit_and_what_it_takes_off_the_basis():
    for share in (0.0, 0.5, 1.0):
        cost = factor(replace(PLAIN, credits=(CreditTerms(0.35, share),)))
        expected = (1 - 0.35 - 0.3 * Z * (1 - 0.35 * share)) / 0.7 * RECOVERY
        assert cost.annual_factor == pytest.approx(expected, rel=1e-12)


def test_only_the_used_part_of_a_credit_counts_and_cuts_the_basis():
    """A quarter of 20 %: 5 % of the price, by which the basis falls; what expires is deducted after all (IRC 196)."""
    asset = replace(PLAIN, credits=(CreditTerms(0.2, 1.0),))
    cost = factor(asset, credit_utilisation=0.25)
    assert cost.credit == pytest.approx(0.05)
    assert cost.annual_factor == pytest.approx((1 - 0.05 - 0.3 * Z * 0.95) / 0.7 * RECOVERY, rel=1e-12)
    refundable = replace(PLAIN, credits=(CreditTerms(0.2, 1.0, refundable=True),))
    assert factor(refundable, credit_utilisation=0.25).credit == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("treatment", "net"),
    [
        ("reduces_basis", 1 - 0.4 - 0.3 * Z * 0.6),
        ("taxed", 1 - 0.4 * 0.7 - 0.3 * Z),
        ("exempt", 1 - 0.4 - 0.3 * Z),
    ],
)
def test_a_grant_after_its_own_tax(treatment, net):
    cost = factor(replace(PLAIN, grants=(GrantTerms(0.4, treatment),)))
    assert cost.annual_factor == pytest.approx(net / 0.7 * RECOVERY, rel=1e-12)


def test_property_tax_is_deductible_and_eroded_by_inflation():
    values = [max(0.9 * 0.8**year, 0.05) for year in range(10)]
    expected = sum(0.014 * value * (1 + NOMINAL) ** -(year + 1) for year, value in enumerate(values)) * RECOVERY
    cost = factor(replace(PLAIN, property_tax=PROPERTY))
    assert cost.property_tax_factor == pytest.approx(expected, rel=1e-12)
    assert cost.capital_factor == factor().capital_factor
    halved = factor(replace(PLAIN, property_tax=replace(PROPERTY, relief=(0.5,) * 10)))
    assert halved.property_tax_factor == pytest.approx(expected / 2, rel=1e-12)


def test_replacements_after_the_window_have_ordinary_terms():
    supported = replace(
        PLAIN,
        credits=(CreditTerms(0.3),),
        property_tax=replace(PROPERTY, relief=(0.0,) * 10),
        ordinary_property_tax=PROPERTY,
        last_year=2030,
    )
    first, ordinary = factor(supported), factor(replace(PLAIN, property_tax=PROPERTY))
    # Two purchases, 2026 and 2036; the level cost weighs them by the years they serve, discounted.
    weight = (1 - 1.04**-10) / (1 - 1.04**-20)
    both = factor(supported, horizon_years=20)
    assert both.capital_factor == pytest.approx(
        weight * first.capital_factor + (1 - weight) * ordinary.capital_factor, rel=1e-12
    )
    assert both.property_tax_factor == pytest.approx((1 - weight) * ordinary.property_tax_factor, rel=1e-12)
    late = factor(supported, purchase_year=2031, horizon_years=20)
    assert late.annual_factor == pytest.approx(ordinary.annual_factor, rel=1e-12)


def test_a_horizon_that_cuts_a_life_charges_the_years_that_serve():
    supported = replace(PLAIN, credits=(CreditTerms(0.3),), last_year=2030)
    weight = (1 - 1.04**-10) / (1 - 1.04**-15)
    expected = weight * factor(supported).annual_factor + (1 - weight) * factor().annual_factor
    assert factor(supported, horizon_years=15).annual_factor == pytest.approx(expected, rel=1e-12)
    assert factor(supported, horizon_years=7).annual_factor == pytest.approx(factor(supported).annual_factor, rel=1e-12)


def test_special_depreciation_is_lost_with_the_window():
    quick = replace(PLAIN, depreciation=DepreciationTerms("expensing", 10), last_year=2026)
    assert factor(quick).allowance_present_value == pytest.approx(1 / (1 + NOMINAL))
    assert factor(quick, purchase_year=2027).allowance_present_value == pytest.approx(Z)


def test_an_asset_that_leaves_before_its_tax_life_writes_off_the_rest():
    cost = factor(life_years=4)
    assert cost.allowance_present_value == pytest.approx(present_value(STRAIGHT, NOMINAL, years=4))
    assert cost.allowance_present_value > Z


def test_a_cap_binds_for_a_given_price_and_only_once():
    capped = replace(PLAIN, grants=(GrantTerms(0.5, "exempt", cap_myen=100.0),))
    assert factor(capped).grant == pytest.approx(0.5)
    assert factor(capped, capex_myen=150.0).grant == pytest.approx(0.5)
    assert factor(capped, capex_myen=1000.0).grant == pytest.approx(0.1)
    weight = (1 - 1.04**-10) / (1 - 1.04**-20)
    both = factor(capped, capex_myen=1000.0, horizon_years=20)
    expected = weight * factor(capped, capex_myen=1000.0).annual_factor + (1 - weight) * factor().annual_factor
    assert both.annual_factor == pytest.approx(expected, rel=1e-12)
    credit = replace(PLAIN, credits=(CreditTerms(0.5, cap_myen=100.0),))
    assert factor(credit, capex_myen=1000.0).credit == pytest.approx(0.1)


def test_recovery_at_and_near_no_interest():
    assert capital_recovery_factor(0.0, 20) == pytest.approx(0.05)
    assert capital_recovery_factor(1e-13, 20) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [{"life_years": 0}, {"horizon_years": 0}, {"credit_utilisation": 1.5}, {"tax": replace(TAX, rate=1.0)}],
)
def test_impossible_arguments(wrong):
    with pytest.raises(ValueError, match=r"must be above 0|out of range"):
        factor(**wrong)
