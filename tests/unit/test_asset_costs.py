"""Assets of a unit of capacity, and which class a supply option is."""

from __future__ import annotations

import pytest

from kiban.planning.asset_costs import AssetCost, asset_class
from kiban.policy.terms import ASSET_GROUPS, ASSETS


def test_the_yearly_cost_is_capital_and_what_is_charged_each_year() -> None:
    asset = AssetCost("pv", 160.0, 25.0, 3.0, 11.0, 0.5)
    assert asset.annual_cost_myen == pytest.approx(14.5)
    assert AssetCost("pv", 160.0, 25.0, 3.0, 11.0).annual_cost_myen == pytest.approx(14.0)


def test_known_supply_is_its_own_class_and_other_supply_is_not() -> None:
    assert [asset_class(name) for name in ("pv", "geothermal", "tidal")] == ["pv", "geothermal", "other_supply"]
    assert len(set(ASSETS)) == len(ASSETS) == sum(len(group) for group in ASSET_GROUPS.values())
