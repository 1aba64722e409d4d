"""Assessed values to the yen as municipalities publish them."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from kiban.policy.law import load_law
from kiban.policy.property_tax import assessed_values, present_value, taxes
from kiban.policy.terms import PropertyTaxTerms


def by_law(life):
    """Terms of Japan's tax on depreciable assets for a useful life."""
    terms = load_law().measure("jp_fixed_asset_tax").terms(date(2026, 4, 1))
    row = next(row for row in terms["rows"] if row[0] == life)
    return PropertyTaxTerms(terms["tax_rate"], row[1], row[2], terms["floor_share"])


def test_five_years_as_hakone_publishes_them():
    # Town of Hakone, worked example: 400,000 yen, 5 years; the floor of 20,000 from the eighth year on.
    values = assessed_values(by_law(5), 400_000, 9, whole_yen=True)
    assert values == (326000, 205706, 129800, 81903, 51680, 32610, 20576, 20000, 20000)


def test_ten_years_as_kakogawa_publishes_them():
    assert assessed_values(by_law(10), 10_000_000, 2, whole_yen=True) == (8970000, 7122180)


def test_tax_is_the_rate_of_the_value():
    assert taxes(by_law(5), 400_000, 3, whole_yen=True) == (4564, 2879, 1817)
    assert taxes(by_law(5), 400.0, 2) == pytest.approx((4.564, 2.879884))


def test_relief_lasts_for_its_years():
    terms = replace(by_law(5), relief=(0.0, 0.5, 0.75))
    full = taxes(by_law(5), 1.0, 5)
    shares = [paid / due for paid, due in zip(taxes(terms, 1.0, 5), full, strict=True)]
    assert shares == pytest.approx([0.0, 0.5, 0.75, 1.0, 1.0])
    assert taxes(terms, 1.0, 2) == taxes(terms, 1.0, 5)[:2]
    assert taxes(terms, 400_000, 2, whole_yen=True) == (0, 1439)


def test_a_building_keeps_its_value():
    assert assessed_values(PropertyTaxTerms(0.014, 0.0, 0.6, 0.2), 1.0, 30) == (0.6,) * 30


def test_present_value_at_the_end_of_each_year():
    terms = PropertyTaxTerms(0.02, 0.5, 0.8, 0.1)
    expected = 0.02 * (0.8 / 1.1 + 0.4 / 1.21 + 0.2 / 1.331)
    assert present_value(terms, 0.1, 3) == pytest.approx(expected, rel=1e-12)
    assert present_value(terms, 0.1, 2.5) == pytest.approx(expected - 0.02 * 0.1 / 1.331, rel=1e-12)


@pytest.mark.parametrize("life", range(2, 51))
def test_every_life_falls_to_the_floor_and_stays(life):
    values = assessed_values(by_law(life), 1_000_000, 120, whole_yen=True)
    assert values[0] < 1_000_000
    assert all(later <= earlier for earlier, later in pairwise(values))
    assert values[-1] == 50_000
