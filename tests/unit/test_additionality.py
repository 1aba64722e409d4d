"""Windfall, induced and distortion: the split by hand, and in plans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.payments import ELEVEN, paid, question

from kiban.finance.additionality import measure_support, split

quantity = st.floats(0, 1e4)


def test_the_split_by_hand() -> None:
    # 10 anyway, 4 for the compute that is induced, 6 beyond what that compute needs.
    assert split(2.0, 10.0, 20.0, 14.0) == (20.0, 8.0, 12.0)
    # Less than without the policy: all that is left is windfall.
    assert split(2.0, 10.0, 6.0, 8.0) == (12.0, 0.0, 0.0)
    # The forced plan needs less of it than was built before: what is added only moved.
    assert split(1.0, 10.0, 15.0, 8.0) == (10.0, 0.0, 5.0)


@given(st.floats(0, 100), quantity, quantity, quantity)
def test_the_split_is_the_whole(support: float, without: float, after: float, forced: float) -> None:
    parts = split(support, without, after, forced)
    assert min(parts) >= 0.0
    assert sum(parts) == pytest.approx(support * after, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("name", ELEVEN)
def test_windfall_induced_and_distortion_are_all_of_it(name: str) -> None:
    support = paid(name).support
    for asset in support.assets:
        parts = (asset.windfall_myen, asset.induced_myen, asset.distortion_myen)
        assert min(parts) >= 0.0
        assert sum(parts) == pytest.approx(asset.total_myen, rel=1e-9, abs=1e-6)
    whole = support.windfall_myen + support.induced_myen + support.distortion_myen
    assert whole == pytest.approx(support.total_myen, rel=1e-9, abs=1e-6)
    assert support.total_myen == pytest.approx(sum(asset.total_myen for asset in support.assets))
    assert 0.0 <= support.windfall_share <= 1.0


def test_no_support_is_no_split() -> None:
    support = paid("none").support
    assert (support.total_myen, support.windfall_share) == (0.0, 0.0)


def test_support_is_for_what_the_package_covers() -> None:
    found = {asset.asset for asset in paid("tax-credit").support.assets if asset.total_myen > 1e-6}
    assert found <= {"chips", "building", "electrical", "fitout", "cooling", "interconnection"}
    assert {"chips", "building"} <= found
    found = {asset.asset for asset in paid("production-credit").support.assets if asset.total_myen > 1e-6}
    assert found
    assert found <= {"pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro"}


def test_a_credit_is_worth_its_rate_on_what_is_built() -> None:
    """A credit that cuts no basis, on chips bought once, is worth its rate at purchase."""
    payment = paid("tax-credit")
    chips = next(asset for asset in payment.support.assets if asset.asset == "chips")
    assert chips.quantity_with == pytest.approx(payment.after.plan.capacities["it_mw"])
    assert chips.windfall_myen / chips.total_myen == pytest.approx(chips.quantity_without / chips.quantity_with)
    assert chips.induced_myen > 0.0
    assert chips.distortion_myen == pytest.approx(0.0, abs=1e-6 * chips.total_myen)


def test_support_of_a_plan_against_itself_is_nothing() -> None:
    plan = paid("none").before.plan
    support = measure_support(plan, plan, plan, capital=question().preparation.capital, tax_rate=0.3)
    assert support.total_myen == 0.0


def test_a_dearer_unit_is_no_support() -> None:
    """Seen from the package, its absence is a burden and no negative support."""
    question()
    with_credit, without = paid("tax-credit").after.plan, paid("tax-credit").before.plan
    support = measure_support(with_credit, without, without, capital=question().preparation.capital, tax_rate=0.3)
    assert support.total_myen == 0.0
