"""The market by hand: two areas, one hour; fuel prices, hours and offers of the catalogue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.errors import CatalogueError, SolverError
from kiban.market.areas import MARKET_AREAS, Ties, load_ties, ties_of
from kiban.market.blocks import Market, flat_block
from kiban.market.clearing import clear
from kiban.market.fleet import load_fleet
from kiban.market.fuels import fuel_prices
from kiban.market.hours import synthetic_hours
from kiban.market.offers import available_mw, build_blocks, load_offers, must_run_mw, offer_scale
from kiban.market.storages import Storages, clear_with_storages

CATALOGUE = load_catalogue()
OFFERS = replace(
    load_offers(CATALOGUE),
    coal_efficiency_best=0.43,
    coal_efficiency_worst=0.36,
    oil_share=0.5,
    variable_cost_yen_per_kwh=0.3,
    availability=0.95,
    month_weight=0.5,
    low_load_share=0.15,
    peak_share=0.0,
    rise_above_mean=0.0,
    fall_below_mean=0.0,
    rise_of_day=0.0,
    fleet_factor=np.ones(9),
    must_run_share=np.full(9, 0.25),
    price_factor=np.ones(9),
)
"""Offers of round numbers, whatever was fitted."""


def two_areas(limit_mw: float, hours: int = 1) -> Market:
    """West: 1,000 MW from 10 to 20 yen/kWh, demand 200; east: 1,000 MW from 30 to 40, demand 600."""
    ties = ties_of(("west", "east"), [("west", "east", limit_mw, limit_mw)])
    low = np.array([[10.0, 30.0]])
    blocks = [
        replace(
            flat_block("plants", np.array([[1000.0, 1000.0]]), 0.0, 1.0),
            low_yen_per_kwh=low,
            high_yen_per_kwh=low + 10.0,
        ),
        flat_block("unserved", np.full((hours, 2), 2000.0), 200.0, 3000.0),
    ]
    return Market(np.tile([[200.0, 600.0]], (hours, 1)), tuple(blocks), ties)


def test_a_full_tie_splits_the_prices() -> None:
    found = clear(two_areas(300.0))
    # West makes 500 MW at 10 + 10 x 0.5 yen, east 300 MW at 30 + 10 x 0.3.
    np.testing.assert_allclose(found.price_yen_per_kwh, [[15.0, 33.0]], atol=1e-8)
    np.testing.assert_allclose(found.flow_mw, [[300.0]])
    np.testing.assert_allclose(found.congestion_rent_thousand_yen(), [[300.0 * 18.0]], atol=1e-5)
    # Under the offers 500 x 12.5 and 300 x 31.5, and the flow's 300^2 / (2 x 200,000).
    assert found.cost_thousand_yen().sum() == pytest.approx(6250.0 + 9450.0 + 0.225)


def test_a_wide_tie_leaves_one_price_but_for_the_flow() -> None:
    found = clear(two_areas(5000.0))
    west, east = found.price_yen_per_kwh[0]
    # West makes all 800 MW: 18 yen, and 600 MW over 200,000 MW per yen for the way.
    assert west == pytest.approx(18.0)
    assert east - west == pytest.approx(0.003)


def test_demand_that_nothing_can_serve_is_given_up_at_a_price() -> None:
    market = two_areas(0.0).with_demand(np.array([[0.0, 1000.0]]))
    found = clear(market)
    # 600 MW of 2,000 are given up between 200 and 3,000 yen.
    np.testing.assert_allclose(found.price_yen_per_kwh[0, 1], 200.0 + 2800.0 * 600.0 / 2000.0, atol=1e-6)


def test_a_market_without_enough_supply_does_not_clear() -> None:
    market = two_areas(0.0)
    with pytest.raises(SolverError, match="1 hours does not clear"):
        clear(Market(market.demand_mw * 3.0, market.blocks[:1], market.ties))


def test_a_region_in_a_wide_gap_of_prices_clears() -> None:
    """Cheap plants run full but for a trace and the next offer is far off: with storages that keep to what they did,
    demand of 1,000.000015 MW meets 1,000 MW below 5 yen and nothing more up to 400 yen."""
    ties = ties_of(("west", "east"), [("west", "east", 500.0, 500.0)])
    blocks = (
        flat_block("plants", np.full((2, 2), 1000.0), 0.0, 5.0),
        flat_block("unserved", np.full((2, 2), 3000.0), 400.0, 3000.0),
    )
    market = Market(np.array([[600.0, 700.0], [900.0, 1000.0]]), blocks, ties)
    storages = Storages(np.array([0]), np.array([50.0]), np.array([100.0]), np.array([0.7]), np.array([0.1]))
    before = clear_with_storages(market, storages, horizon_hours=2)
    assert before.take_mw.max() > 1.0
    held = before.clearing
    short_mw = 1.5e-5
    more = np.zeros((2, 2))
    more[:, 0] = 2000.0 + short_mw - held.market.demand_mw.sum(axis=1)
    after = clear(held.market.with_demand(more), held.price_yen_per_kwh)
    assert np.abs(after.excess_mw).max() <= 1e-6
    assert (after.price_yen_per_kwh > 400.0 - 2.0).all()


def test_the_slope_of_prices_in_a_gap_is_steep_and_finite() -> None:
    """Nothing answers but the trace that keeps the systems regular, 1e-8 MW per yen in each area."""
    ties = ties_of(("west", "east"), [("west", "east", 500.0, 500.0)])
    blocks = (
        flat_block("plants", np.full((1, 2), 1000.0), 0.0, 5.0),
        flat_block("unserved", np.full((1, 2), 3000.0), 400.0, 3000.0),
    )
    market = Market(np.array([[1000.0, 1000.0]]), blocks, ties)
    found = clear(market, np.full((1, 2), 50.0))
    np.testing.assert_allclose(found.price_yen_per_kwh, 50.0)
    np.testing.assert_allclose(found.respond(np.array([[1.0, 0.0]])), 1.0 / 2e-8, rtol=0.05)


def test_a_storage_moves_energy_until_its_losses_are_paid() -> None:
    market = two_areas(0.0, hours=2)
    market = market.with_demand(np.array([[0.0, 0.0], [600.0, 0.0]]))
    # West pays 12 and then 18 yen. The storage takes c and gives 0.9 c: 18 - 0.009 c = (12 + 0.01 c) / 0.9 + bands.
    storages = Storages(np.array([0]), np.array([400.0]), np.array([1e6]), np.array([0.9]), np.array([1e-3]))
    found = clear_with_storages(market, storages, horizon_hours=2)
    take = (18.0 - 12.0 / 0.9) / (0.009 + 0.01 / 0.9)
    assert found.take_mw[0, 0] == pytest.approx(take, rel=1e-3)
    assert found.deliver_mw[1, 0] == pytest.approx(0.9 * take, rel=1e-3)
    assert found.held_mwh[0, 0] == pytest.approx(0.9 * take, rel=1e-3)
    assert found.deliver_mw[0, 0] == found.take_mw[1, 0] == 0.0


@pytest.mark.parametrize("limit", [-1.0, np.inf, np.nan])
def test_a_tie_has_a_limit(limit: float) -> None:
    with pytest.raises(ValueError, match="a tie needs a finite limit"):
        Ties(("a", "b"), np.array([0]), np.array([1]), np.array([limit]), np.array([1.0]))


def test_ties_of_the_catalogue_join_the_nine_areas() -> None:
    for limits, forward in (("operating", 650.0), ("published", 900.0)):
        ties = load_ties(CATALOGUE, limits)
        assert len(ties.names) == 10
        assert ties.names[0] == "hokkaido-tohoku"
        assert ties.forward_mw[0] == forward
        assert set(ties.origin) | set(ties.destination) == set(range(9))


def test_fuel_prices_by_hand() -> None:
    months = np.array(["2023-10"], dtype="datetime64[M]")
    prices = fuel_prices(CATALOGUE, months, spot_share=0.5, lead_months=1)
    # Customs prices of November 2023: LNG 92,990 and coal 26,872 yen/t; spot of October 14.7 USD/MMBtu at 149.59.
    assert prices.coal_yen_per_kwh[0] == pytest.approx(26872 / 1000 / 25.7 * 3.6)
    assert prices.gas_yen_per_kwh[0] == pytest.approx((92990 / 1000 / 54.6 * 3.6 + 14.7 * 149.59 / 293.07107) / 2)
    dearer = fuel_prices(CATALOGUE, months, carbon_price_myen_per_t=0.001)
    # 1,000 yen/t on 0.0906 t/GJ.
    assert dearer.coal_yen_per_kwh[0] - prices.coal_yen_per_kwh[0] == pytest.approx(1.0 * 0.0906 * 3.6)


def test_a_month_without_fuel_prices_is_said() -> None:
    with pytest.raises(CatalogueError, match="there are no fuel prices of 2019-05; choose hours"):
        fuel_prices(CATALOGUE, np.array(["2019-05"], dtype="datetime64[M]"))


def test_synthetic_hours_are_the_means_of_the_table() -> None:
    hours = synthetic_hours(CATALOGUE)
    assert hours.synthetic
    assert hours.demand_mw.shape == (8760, 9)
    # New year's day at 18 h: a day off in January; of the table.
    place = int(np.flatnonzero(hours.start == np.datetime64("2025-01-01T00"))[0])
    assert hours.demand_mw[place, MARKET_AREAS.index("chubu")] == 13438.0
    assert hours.demand_mw[place, MARKET_AREAS.index("tokyo")] == 29733.0
    assert 800.0 < hours.demand_mw.sum() / 1e6 < 900.0
    assert (hours.biomass_mw[:, MARKET_AREAS.index("tokyo")] == 700.0).all()


def test_offers_rise_from_curtailment_to_lost_load() -> None:
    hours, fleet, offers = synthetic_hours(CATALOGUE), load_fleet(CATALOGUE), OFFERS
    blocks = build_blocks(hours, fleet, offers, CATALOGUE)
    names = [block.name for block in blocks]
    assert names[:4] == ["must_run", "fixed", "variable", "biomass"]
    assert names[-3:] == ["scarcity", "reserve", "unserved"]
    assert float(blocks[2].high_yen_per_kwh) == 0.01
    available = available_mw(hours, fleet, offers)
    assert (available <= 0.95 * fleet.capacity_mw + 1e-9).all()
    # Must-run, low load, coal, gas and oil make up what is there.
    made = sum(np.broadcast_to(block.capacity_mw, available.shape) for block in (blocks[0], *blocks[4:10]))
    np.testing.assert_allclose(made, available)
    coal = next(block for block in blocks if block.name == "coal")
    april = fuel_prices(CATALOGUE, np.array(["2024-04"], dtype="datetime64[M]")).coal_yen_per_kwh[0]
    assert coal.low_yen_per_kwh[0, 0] == pytest.approx(april / 0.43 + 0.3)


def test_must_run_follows_the_peak_of_the_day() -> None:
    hours, fleet, offers = synthetic_hours(CATALOGUE), load_fleet(CATALOGUE), OFFERS
    available = available_mw(hours, fleet, offers)
    flat = must_run_mw(hours, available, offers)
    np.testing.assert_allclose(flat, 0.25 * available)
    higher = must_run_mw(hours, available, replace(offers, peak_share=0.1)) - flat
    peak = hours.net_load_mw[:24].max(axis=0)
    np.testing.assert_allclose(higher[:24], np.tile(0.1 * peak, (24, 1)))


def test_offers_follow_the_hour_within_its_day() -> None:
    hours = synthetic_hours(CATALOGUE)
    offers = replace(OFFERS, rise_above_mean=0.5, fall_below_mean=0.2)
    scale = offer_scale(hours, offers, CATALOGUE)
    east = hours.net_load_mw[:24, :3].sum(axis=1)
    above = (east - east.mean()) / east.mean()
    np.testing.assert_allclose(scale[:24, 0], 1.0 + np.where(above > 0, 0.5, 0.2) * above)
    assert (scale[:, 0] == scale[:, 2]).all()
    assert not (scale[:, 2] == scale[:, 3]).all()
