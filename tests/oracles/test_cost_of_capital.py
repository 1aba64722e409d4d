"""Costs of capital and effective rates against the Cost-of-Capital-Calculator.

PUBLISHED: the cases of its own tests (PSLmodels/Cost-of-Capital-Calculator, ccc/tests/test_calcfunctions.py, commit
d416b15, CC0). COMPUTED: its functions `dbsl`, `sl`, `eq_coc`, `eq_ucc`, `eq_metr`, `eq_eatr` of version 2.1.1 run on
assets as they occur here; nothing of the package is needed to run this file.
"""

import math

import pytest
from tests.cases.cost_of_capital import (
    allowance_declining_balance,
    allowance_economic,
    allowance_straight_line,
    average_effective_tax_rate,
    cost_of_capital,
    marginal_effective_tax_rate,
    marginal_total_effective_tax_rate,
    tax_wedge,
    user_cost,
)

from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.effective_rates import marginal_effective_tax_rate_of
from kiban.policy.terms import AssetTerms, CreditTerms, DepreciationTerms, TaxTerms
from kiban.policy.user_cost import user_cost_factor

close = pytest.approx

# z, u, r, rho with delta 0.1, w 0.01, credit 0.08 that reduces the basis, pi 0.02
PUBLISHED_COSTS = [
    (0.1, 0.3, 0.05, 0.07573143),
    (0.0, 0.0, 0.06, 0.0388),
    (0.5, 0.3, 0.04, 0.04405714),
    (1.0, 0.0, 0.03, 0.0112),
    (0.55556, 0.3, 0.11, 0.11809491),
    (0.8, 0.0, 0.12, 0.094),
]
# rho, r', metr, mettr (with s = r'), profit rate, u, eatr; pi 0.02
PUBLISHED_RATES = [
    (0.075285714, 0.05, 0.601518027, 0.335863378, 0.1, 0.35, 0.539357143),
    (0.0388, 0.06, -0.030927835, -0.546391753, 0.2, 0.21, 0.16326),
    (0.042, 0.04, 0.523809524, 0.047619048, 0.3, 0.0, 0.073333333),
    (0.0112, 0.03, 0.107142857, -1.678571429, 0.05, 0.4, 0.3344),
    (0.114475829, 0.11, 0.213807831, 0.03909846, 0.5, 1.0, 0.82),
    (0.094, 0.12, -0.063829787, -0.276595745, 1.0, 0.9, 0.8094),
]
# asset; delta, life, multiple (1: straight line), first share, u, k, psi, w, pi, r; z, rho, ucc, metr, eatr at p 0.2
COMPUTED = [
    ("servers", 0.25, 5, 2.0, 0, 0.3064, 0, 0, 0.014, 0.02, 0.06,
     0.8882620718257318, 0.06831456941443592, 0.3183145694144359, 0.4144733642784642, 0.34331492672926384),
    ("servers, 20 % credit", 0.25, 5, 2.0, 0, 0.3064, 0.2, 0, 0.014, 0.02, 0.06,
     0.8882620718257318, -0.015307114553268775, 0.23469288544673123, 3.613163954630375, 0.05331492672926397),
    ("servers, 30 % special depreciation", 0.25, 5, 2.0, 0.3, 0.3064, 0, 0, 0.014, 0.02, 0.06,
     0.9217834502780122, 0.06402019859010516, 0.31402019859010516, 0.3751971896228651, 0.32842204871048475),
    ("five-year property, 48D", 0.2, 5, 2.0, 1.0, 0.21, 0.35, 1, 0, 0.02, 0.07,
     1.0, -0.0375, 0.1625, 2.333333333333333, -0.188125),
    ("photovoltaics, 48E", 0.04, 5, 2.0, 0, 0.21, 0.3, 0.5, 0.005, 0.02, 0.07,
     0.8715461321779809, 0.027023558717165476, 0.06702355871716548, -0.8502374362796191, 0.06674305693280363),
    ("electrical equipment, 15 years", 0.06, 15, 1.0, 0, 0.3064, 0, 0, 0.014, 0.01, 0.05,
     0.7035112630119804, 0.06709748399843271, 0.1270974839984327, 0.40385246038533523, 0.3390940745065646),
    ("building, 38 years", 0.025, 38, 1.0, 0, 0.3064, 0, 0, 0.012, 0.01, 0.05,
     0.4475954635670341, 0.06786171964763402, 0.09286171964763401, 0.4105660715982963, 0.34174444373799473),
    ("building, a fifth at once", 0.025, 39, 1.0, 0.2, 0.21, 0, 0, 0.01, 0.02, 0.07,
     0.47392841328406515, 0.07048813606427337, 0.09548813606427337, 0.29066077226941595, 0.23842813745387978),
]  # fmt: skip


@pytest.mark.parametrize(
    ("life", "multiple", "first", "rate", "value"),
    [
        (40, 1.2, 0, 0.03, 0.588563059),
        (3, 1, 0, 0.03, 0.956320164),
        (10, 1.5, 0.4, 0.03, 0.924042198),
        (20, 2, 1, 0.03, 1),
        (8, 1.8, 0.9, 0.03, 0.99041001),
        (10, 2, 0, 0.05, 0.824294709),
        (10, 2, 0.5, 0.05, 0.912147355),
        (10, 1.5, 0, 0.05, 0.801550194),
    ],
)
def test_published_declining_balances(life, multiple, first, rate, value):
    assert allowance_declining_balance(life, multiple, rate, first) == close(value, abs=1e-9)


@pytest.mark.parametrize(
    ("life", "first", "rate", "value"),
    [
        (40, 0, 0.12, 0.206618803),
        (1, 0, 0.12, 0.942329694),
        (10, 0.4, 0.12, 0.749402894),
        (20, 1, 0.12, 1),
        (8, 1.2, 0.12, 1.071436018),
        (8, 0, 0.05, 0.824199885),
    ],
)
def test_published_straight_lines(life, first, rate, value):
    assert allowance_straight_line(life, rate, first) == close(value, abs=1e-9)


@pytest.mark.parametrize(
    ("delta", "first", "value"),
    [(0.01, 0, 0.1), (0.1, 0, 0.526315789), (0.1, 0.4, 0.715789474), (0.02, 1, 1), (0.1, 1.2, 1.094736842)],
)
def test_published_economic_depreciation(delta, first, value):
    assert allowance_economic(delta, 0.12, 0.03, first) == close(value, abs=1e-9)


@pytest.mark.parametrize(("allowance", "tax", "rate", "value"), PUBLISHED_COSTS)
def test_published_costs_of_capital(allowance, tax, rate, value):
    cost = cost_of_capital(
        discount_rate=rate,
        inflation=0.02,
        economic_depreciation=0.1,
        tax_rate=tax,
        allowance=allowance,
        credit_rate=0.08,
        basis_reduction_share=1.0,
        property_tax_rate=0.01,
    )
    assert cost == close(value, abs=1e-8)


@pytest.mark.parametrize(("allowance", "tax", "rate", "value"), [case for case in PUBLISHED_COSTS if case[0] > 0])
def test_the_user_cost_of_a_plan_has_the_same_bracket(allowance, tax, rate, value):
    """Both charge the same net price: what differs is how an asset wears out, the annuity or constant decay."""
    nominal = 0.05
    # One deduction so late that its present value is the allowance of the case.
    once = DepreciationTerms("expensing", 5)
    late = -math.log(allowance) / math.log1p(nominal)
    cost = user_cost_factor(
        AssetTerms(once, once, credits=(CreditTerms(0.08, basis_reduction_share=1.0),)),
        TaxTerms("united-states", tax, {}, 1.0, None, 0.8),
        real_after_tax_rate=1.05 / 1.02 - 1,
        inflation=0.02,
        life_years=12,
        purchase_year=2026,
        first_charge_year=late,
    )
    bracket = (value - 0.01 + 0.1) / (rate - 0.02 + 0.1)
    assert cost.annual_factor / capital_recovery_factor(1.05 / 1.02 - 1, 12) == close(bracket, rel=1e-7)


@pytest.mark.parametrize("credit", [0.0, 0.1])
@pytest.mark.parametrize(
    ("method", "years"),
    [("straight_line", 39), ("declining_balance_200", 5), ("declining_balance_200", 15), ("expensing", 5)],
)
def test_the_effective_rate_of_a_plan_is_that_of_the_closed_form(method, years, credit):
    """An asset that does not wear out needs the same return in both, whatever it is written off by."""
    real, inflation, for_ever = 0.04, 0.02, 2000
    written_off = DepreciationTerms(method, years)
    cost = user_cost_factor(
        AssetTerms(written_off, written_off, credits=(CreditTerms(credit, 0.5),)),
        TaxTerms("japan", 0.3, {}, 1.0, 10, 0.5),
        real_after_tax_rate=real,
        inflation=inflation,
        life_years=for_ever,
        purchase_year=2026,
    )
    closed = cost_of_capital(
        discount_rate=real + inflation,
        inflation=inflation,
        economic_depreciation=0.0,
        tax_rate=0.3,
        allowance=cost.allowance_present_value,
        credit_rate=credit,
        basis_reduction_share=0.5,
    )
    found = marginal_effective_tax_rate_of(cost, real, for_ever)
    assert found == close(marginal_effective_tax_rate(closed, real + inflation, inflation), abs=1e-6)


@pytest.mark.parametrize(("cost", "rate", "marginal", "total", "profit", "tax", "average"), PUBLISHED_RATES)
def test_published_effective_rates(cost, rate, marginal, total, profit, tax, average):
    found = marginal_effective_tax_rate(cost, rate, 0.02)
    assert found == close(marginal, abs=1e-8)
    assert marginal_total_effective_tax_rate(cost, rate) == close(total, abs=1e-8)
    assert average_effective_tax_rate(cost, found, profit, tax) == close(average, abs=1e-8)
    assert tax_wedge(cost, rate) == close(total * cost, abs=1e-8)


@pytest.mark.parametrize("case", COMPUTED, ids=[case[0] for case in COMPUTED])
def test_assets_of_a_data_centre(case):
    _, delta, life, multiple, first, tax, credit, cut, property_rate, inflation, rate, z, rho, gross, metr, eatr = case
    if multiple > 1:
        allowance = allowance_declining_balance(life, multiple, rate, first)
    else:
        allowance = allowance_straight_line(life, rate, first)
    assert allowance == close(z, rel=1e-12)
    cost = cost_of_capital(
        discount_rate=rate,
        inflation=inflation,
        economic_depreciation=delta,
        tax_rate=tax,
        allowance=allowance,
        credit_rate=credit,
        basis_reduction_share=cut,
        property_tax_rate=property_rate,
    )
    assert cost == close(rho, rel=1e-11)
    assert user_cost(cost, delta) == close(gross, rel=1e-12)
    assert marginal_effective_tax_rate(cost, rate, inflation) == close(metr, rel=1e-11)
    assert average_effective_tax_rate(cost, metr, 0.2, tax) == close(eatr, rel=1e-11)


def test_economic_depreciation_is_taxed_at_the_statutory_rate():
    allowance = allowance_economic(0.05, 0.04, 0.02)
    cost = cost_of_capital(
        discount_rate=0.04, inflation=0.02, economic_depreciation=0.05, tax_rate=0.35, allowance=allowance
    )
    assert marginal_effective_tax_rate(cost, 0.04, 0.02) == close(0.35, rel=1e-12)


def test_expensing_is_not_taxed_at_the_margin():
    cost = cost_of_capital(discount_rate=0.04, inflation=0.02, economic_depreciation=0.05, tax_rate=0.35, allowance=1)
    assert marginal_effective_tax_rate(cost, 0.04, 0.02) == close(0.0, abs=1e-14)


def test_deductions_may_count_at_another_rate():
    terms = {"discount_rate": 0.05, "inflation": 0.02, "economic_depreciation": 0.1, "tax_rate": 0.3, "allowance": 0.8}
    assert cost_of_capital(**terms, deduction_tax_rate=0.2) == close(0.13 / 0.7 * (1 - 0.16) - 0.1)


def test_no_return_has_no_share():
    assert math.isnan(marginal_effective_tax_rate(0.0, 0.05, 0.02))
