"""Depreciation to the yen where tables are published, and in its rules."""

from fractions import Fraction

import pytest

from kiban.errors import CatalogueError
from kiban.policy.depreciation import (
    DecliningBalanceRates,
    declining_balance,
    declining_balance_rates,
    present_value,
    schedule,
    straight_line_rate,
    until_retirement,
)
from kiban.policy.terms import DepreciationTerms

MACRS_FIVE = (0.2, 0.32, 0.192, 0.1152, 0.1152, 0.0576)


def declining(life, share=0.0):
    return DepreciationTerms("declining_balance_200", life, first_year_share=share)


def straight(life, share=0.0):
    return DepreciationTerms("straight_line", life, first_year_share=share)


def test_national_tax_agency_example_of_the_guarantee_to_the_yen():
    # National Tax Agency, questions and answers on the 2007 reform (question 3): 1,000,000 yen, 10 years, rates of the
    # 250 % table; the whole row as a tax office prints it (toyama-tax.info).
    rates = DecliningBalanceRates(Fraction("0.250"), Fraction("0.334"), Fraction("0.04448"))
    published = [250000, 187500, 140625, 105469, 79102, 59326, 44495, 44584, 44584, 44314]
    assert list(declining_balance(Fraction(1_000_000), rates, whole_yen=True)) == published


def test_a_server_of_a_million_yen_to_the_yen():
    # Published case of the 200 % table: 5 years, rates 0.400, 0.500, 0.10800.
    assert schedule(declining(5), 1_000_000, whole_yen=True) == (400000, 240000, 144000, 108000, 107999)


def test_ten_years_stay_just_above_the_guarantee_in_the_sixth():
    # 65,536 is above the guaranteed 65,520, and a quarter of the book value then is the same amount.
    charges = schedule(declining(10), 1_000_000, whole_yen=True)
    assert charges == (200000, 160000, 128000, 102400, 81920, 65536, 65536, 65536, 65536, 65535)


def test_straight_line_uses_the_rate_that_is_rounded_up():
    assert schedule(straight(3), 1_000_000, whole_yen=True) == (334000, 334000, 331999)
    assert straight_line_rate(15) == Fraction("0.067")
    assert len(schedule(straight(37), 1.0)) == 36  # 0.028 a year is used up before the 37th


def test_a_first_year_of_three_months():
    assert schedule(straight(5), 1_000_000, months_in_first_year=3, whole_yen=True) == (
        50000, 200000, 200000, 200000, 200000, 149999,
    )  # fmt: skip
    # The declining balance works on what is left: 0.4 of 900,000, of 540,000, of 324,000; then half of 194,400.
    assert schedule(declining(5), 1_000_000, months_in_first_year=3, whole_yen=True) == (
        100000, 360000, 216000, 129600, 97200, 97199,
    )  # fmt: skip


def test_special_depreciation_comes_on_top_and_the_ordinary_charge_goes_on():
    # 30 % at once on top of 20 %; then 0.2 of the book value until that is less than the guaranteed 65,520:
    # 500,000, 400,000, 320,000 -> 64,000 < 65,520, so a quarter of 320,000 from then on.
    charges = schedule(declining(10, 0.3), 1_000_000, whole_yen=True)
    assert charges == (500000, 100000, 80000, 80000, 80000, 80000, 79999)
    assert schedule(straight(10, 0.5), 100.0) == pytest.approx((60.0, 10.0, 10.0, 10.0, 10.0))
    # What is left after the first year's share of one is nothing.
    assert schedule(straight(10, 1.0), 100.0) == (100.0,)


def test_bonus_depreciation_comes_before_the_table():
    # Year 1 of five-year property with 40 % bonus: 0.4 + 0.6 x 0.2.
    charges = schedule(DepreciationTerms("table", 5, MACRS_FIVE, 0.4), 1000.0)
    assert charges == pytest.approx((520.0, 192.0, 115.2, 69.12, 69.12, 34.56))


def test_expensing_and_no_depreciation():
    assert schedule(DepreciationTerms("expensing", 5), 70.0) == (70.0,)
    assert schedule(DepreciationTerms("none", 5), 70.0) == ()
    assert present_value(DepreciationTerms("none", 5), 0.05, years=3) == 0.0


@pytest.mark.parametrize("life", range(2, 51))
def test_every_life_deducts_the_whole_cost(life):
    for terms in (declining(life), straight(life), declining(life, 0.35), straight(life, 0.35)):
        assert sum(schedule(terms, 1.0)) == pytest.approx(1.0, abs=1e-12)
        charges = schedule(terms, 123_456_789, whole_yen=True)
        assert sum(charges) == 123_456_788
        assert len(charges) <= life


@pytest.mark.parametrize("life", [life for life in range(3, 51) if life != 44])
def test_rows_of_the_table_follow_from_the_life(life):
    # Rows after 20 were not all read in a source; this is the rule that the read ones keep. 44 does not: known.
    rates = declining_balance_rates(life)
    assert float(rates.rate) == pytest.approx(2 / life, abs=0.0005 + 1e-12)
    left = next(years for years in range(life, 0, -1) if Fraction(1, years) > rates.rate)
    ceiling = -(-1000 // left)
    assert rates.revised_rate == Fraction(ceiling, 1000)
    book = (1 - rates.rate) ** (life - left)
    least = min(book * rates.revised_rate, rates.rate * (1 - rates.rate) ** (life - left - 1))
    assert float(rates.guarantee_rate) == pytest.approx(float(least), abs=2.5e-5)


def test_present_value_counts_the_first_charge_a_year_after_purchase():
    terms = DepreciationTerms("table", 2, (0.25, 0.75))
    assert present_value(terms, 0.1) == pytest.approx(0.25 / 1.1 + 0.75 / 1.21)
    assert present_value(terms, 0.1, first_charge_year=0.0) == pytest.approx(0.25 + 0.75 / 1.1)
    assert present_value(terms, 0.0) == pytest.approx(1.0)


def test_an_asset_that_leaves_early_takes_the_rest():
    assert until_retirement((40.0, 30.0, 20.0, 10.0), 2) == (40.0, 60.0)
    assert until_retirement((40.0, 30.0), 5) == (40.0, 30.0)
    assert present_value(straight(10), 0.1, years=1) == pytest.approx(1 / 1.1)


@pytest.mark.parametrize(
    ("terms", "rate", "published"),
    [
        # Tax Foundation, Capital Cost Recovery (commit 8ede3a0), Japan at 7.5 %, first deduction not discounted.
        (straight(50), 0.075, 0.278958448750364),
        (straight(8), 0.075, 0.787075165170195),
    ],
)
def test_present_values_of_the_tax_foundation(terms, rate, published):
    assert present_value(terms, rate, first_charge_year=0.0) == pytest.approx(published, rel=1e-12)


def test_the_guarantee_is_worth_a_little_more_than_the_plain_switch():
    # The Tax Foundation's machines (7 years, declining balance switching to straight line) stand at 0.85903; the
    # statutory revised and guaranteed rates give 0.8673.
    assert present_value(declining(7), 0.075, first_charge_year=0.0) == pytest.approx(0.8673, abs=5e-5)


@pytest.mark.parametrize("life", [1, 51])
def test_a_life_without_rates_is_refused(life):
    for terms in (declining(life), straight(life)):
        with pytest.raises(CatalogueError, match=f"useful life of {life} years; take a life from 2 to 50"):
            schedule(terms, 1.0)


@pytest.mark.parametrize("table", [(), (0.5, 0.4), (1.2, -0.2)])
def test_a_table_that_does_not_add_up_is_refused(table):
    with pytest.raises(CatalogueError, match="add up to 1"):
        schedule(DepreciationTerms("table", 5, table), 1.0)


def test_impossible_arguments():
    with pytest.raises(ValueError, match="between 1 and 12"):
        schedule(straight(5), 1.0, months_in_first_year=0)
    with pytest.raises(ValueError, match="negative"):
        schedule(straight(5), -1.0)
    with pytest.raises(ValueError, match="at least a year"):
        until_retirement((1.0,), 0)
