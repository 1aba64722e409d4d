"""Laws of the market: balances of energy and money, prices between costs, and what loads and supply do to both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.market import impact
from kiban.market.areas import ties_of
from kiban.market.blocks import Market, SupplyBlock, flat_block
from kiban.market.clearing import clear
from kiban.market.elimination import edges_of, find_pattern, solve_pattern
from kiban.market.hours import MarketHours, synthetic_hours
from kiban.market.impact import compare_years, find_impact
from kiban.market.offers import build_market
from kiban.market.storages import Storages, clear_with_storages
from kiban.market.year import MarketYear, account, clear_year, default_case

HOURS = 48
AREAS = ("north", "middle", "south")
seeds = pytest.mark.parametrize("seed", range(5))


def random_market(seed: int) -> Market:
    """Three areas in a ring for two days; supply of every kind, scarce and plentiful hours."""
    rng = np.random.default_rng(seed)
    ties = ties_of(
        AREAS,
        [
            (a, b, *rng.uniform(0.0, 300.0, 2))
            for a, b in (("north", "middle"), ("middle", "south"), ("north", "south"))
        ],
    )
    shape = (HOURS, len(AREAS))
    blocks = [flat_block("sun", rng.uniform(0.0, 500.0, shape) * (rng.random(shape) < 0.4), 0.0, 0.01)]
    for place in range(3):
        low = rng.uniform(1.0, 20.0, (1, len(AREAS)))
        blocks.append(
            SupplyBlock(
                f"plant {place}", rng.uniform(0.0, 400.0, (1, 3)), low, low + rng.uniform(0.1, 9.0), np.array(0.5)
            )
        )
    demand = rng.uniform(100.0, 900.0, shape)
    return Market(demand, (*blocks, flat_block("unserved", demand + 1.0, 200.0, 3000.0)), ties)


def random_storages(seed: int) -> Storages:
    rng = np.random.default_rng(seed)
    return Storages(
        area=np.array([0, 2, 2]),
        power_mw=rng.uniform(10.0, 200.0, 3),
        size_mwh=rng.uniform(20.0, 800.0, 3),
        efficiency=rng.uniform(0.6, 1.0, 3),
        band_yen_per_kwh=rng.uniform(0.1, 2.0, 3),
    )


@seeds
def test_energy_balances_and_flows_keep_their_limits(seed: int) -> None:
    market = random_market(seed)
    found = clear(market)
    supply = sum(found.output_mw(block) for block in market.blocks)
    inflow = np.zeros_like(market.demand_mw)
    for tie, (origin, destination) in enumerate(zip(market.ties.origin, market.ties.destination, strict=True)):
        inflow[:, origin] -= found.flow_mw[:, tie]
        inflow[:, destination] += found.flow_mw[:, tie]
    assert np.abs(supply + inflow - market.demand_mw).max() < 2e-6
    assert (found.flow_mw <= market.ties.forward_mw + 1e-9).all()
    assert (found.flow_mw >= -market.ties.reverse_mw - 1e-9).all()


@seeds
def test_prices_lie_between_the_costs_of_plants_that_run_and_of_those_that_do_not(seed: int) -> None:
    market = random_market(seed)
    found = clear(market)
    for block in market.blocks:
        made, most = found.output_mw(block), np.broadcast_to(block.capacity_mw, market.demand_mw.shape)
        runs, could_more = made > 1e-9, made < most - 1e-9
        assert (found.price_yen_per_kwh[runs] >= np.broadcast_to(block.low_yen_per_kwh, made.shape)[runs]).all()
        high = np.broadcast_to(block.high_yen_per_kwh, made.shape)
        assert (found.price_yen_per_kwh[could_more & (most > 0)] <= high[could_more & (most > 0)]).all()


@seeds
def test_a_flow_goes_to_the_dearer_area_and_fills_a_tie_that_splits_prices(seed: int) -> None:
    market = random_market(seed)
    found = clear(market)
    assert (found.congestion_rent_thousand_yen() >= -1e-6).all()
    difference = found.price_yen_per_kwh[:, market.ties.destination] - found.price_yen_per_kwh[:, market.ties.origin]
    limit = np.where(difference > 0, market.ties.forward_mw, market.ties.reverse_mw)
    split = np.abs(difference) > 0.01
    assert np.abs(np.abs(found.flow_mw) - limit)[split].max(initial=0.0) < 1e-6


@seeds
def test_more_supply_never_raises_cost_and_more_demand_never_lowers_a_price(seed: int) -> None:
    market, rng = random_market(seed), np.random.default_rng(seed + 1)
    found = clear(market)
    more = flat_block("more", rng.uniform(0.0, 100.0, market.demand_mw.shape), 0.0, 5.0)
    cost = found.cost_thousand_yen()
    assert (clear(market.with_blocks([more])).cost_thousand_yen() <= cost * (1 + 1e-9) + 1e-6).all()
    load = np.zeros_like(market.demand_mw)
    load[:, rng.integers(3)] = 50.0
    dearer = clear(market.with_demand(load)).price_yen_per_kwh
    assert (dearer >= found.price_yen_per_kwh - 1e-4).all()


@seeds
def test_a_load_and_as_much_supply_that_costs_nothing_cancel(seed: int) -> None:
    market, rng = random_market(seed), np.random.default_rng(seed + 1)
    extra = rng.uniform(0.0, 300.0, market.demand_mw.shape)
    # The supply must run: it is sold at any price that can occur.
    supply = flat_block("own", extra, -1.0, -0.5)
    both = clear(market.with_demand(extra).with_blocks([supply]))
    np.testing.assert_allclose(both.price_yen_per_kwh, clear(market).price_yen_per_kwh, atol=1e-5)


@seeds
def test_a_response_is_the_slope_of_prices_on_demand(seed: int) -> None:
    market, rng = random_market(seed), np.random.default_rng(seed + 1)
    found = clear(market)
    way = rng.uniform(-1.0, 1.0, market.demand_mw.shape)
    step = 0.01
    moved = clear(market.with_demand(step * way), found.price_yen_per_kwh).price_yen_per_kwh
    there, expected = found.respond(way), (moved - found.price_yen_per_kwh) / step
    # On a kink the two sides differ; nearly all hours are on none.
    assert np.mean(np.abs(there - expected).max(axis=1) < 1e-4 + 1e-2 * np.abs(there).max(axis=1)) > 0.9


@pytest.mark.slow
@seeds
def test_storages_keep_their_limits_and_no_other_schedule_is_cheaper(seed: int) -> None:
    market, storages = random_market(seed), random_storages(seed)
    found = clear_with_storages(market, storages)
    held = np.vstack([found.held_mwh[23::24].repeat(1, axis=0)[:1], found.held_mwh[:-1]])
    held[24] = found.held_mwh[47]
    change = storages.efficiency * found.take_mw - found.deliver_mw
    np.testing.assert_allclose(found.held_mwh - held, change, atol=1e-4)
    assert (found.held_mwh >= 0).all()
    assert (found.held_mwh <= storages.size_mwh).all()
    assert (np.maximum(found.deliver_mw, found.take_mw) <= storages.power_mw).all()
    assert abs(found.gap_thousand_yen) <= 1e-9 * abs(found.cost_thousand_yen) + 1e-3
    assert found.cost_thousand_yen <= clear(market).cost_thousand_yen().sum() + 1e-3


@given(st.integers(1, 7), st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_elimination_solves_what_numpy_solves(nodes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = edges_of((a, b) for a in range(nodes) for b in range(a) if rng.random() < 0.5)
    off = -rng.uniform(0.0, 1.0, (len(edges), 4))
    matrix = np.zeros((4, nodes, nodes))
    for place, (first, last) in enumerate(edges):
        matrix[:, first, last] = matrix[:, last, first] = off[place]
    diagonal = -matrix.sum(axis=2).T + rng.uniform(0.01, 1.0, (nodes, 4))
    for node in range(nodes):
        matrix[:, node, node] = diagonal[node]
    right = rng.normal(size=(nodes, 4))
    found = solve_pattern(find_pattern(nodes, edges), diagonal, off, right)
    np.testing.assert_allclose(found.T, np.linalg.solve(matrix, right.T[..., None])[..., 0], rtol=1e-9, atol=1e-9)


def some_days(days: list[int]) -> MarketHours:
    """Some days of the synthetic year."""
    whole = synthetic_hours(load_catalogue())
    places = (np.array(days)[:, None] * 24 + np.arange(24)).ravel()
    columns = {name: getattr(whole, name)[places] for name in MarketHours.__dataclass_fields__ if name.endswith("_mw")}
    return replace(whole, start=whole.start[places], **columns)


@pytest.fixture(scope="module")
def days() -> MarketYear:
    return clear_year(default_case(load_catalogue(), some_days([3, 32, 121, 130, 290])))


def test_money_balances_to_the_yen(days: MarketYear) -> None:
    accounts = days.accounts
    assert abs(accounts.residual_yen) < 1.0
    assert accounts.consumer_payment_yen.sum() > 1e10
    assert accounts.unserved_mwh.sum() == 0.0
    np.testing.assert_allclose(accounts.demand_mwh, days.case.hours.demand_mw.sum(axis=0))


def test_no_load_has_no_impact_and_a_load_raises_prices_where_it_stands(days: MarketYear) -> None:
    again = clear_year(days.case, 0.0, start=days.price_yen_per_kwh)
    np.testing.assert_allclose(again.price_yen_per_kwh, days.price_yen_per_kwh, atol=1e-6)
    load: Array = np.zeros(9)
    load[2] = 1000.0
    more = clear_year(days.case, load)
    dearer = (more.price_yen_per_kwh - days.price_yen_per_kwh).mean(axis=0)
    assert dearer[2] > 0.05
    assert more.accounts.emissions_t.sum() > days.accounts.emissions_t.sum()
    assert abs(more.accounts.residual_yen) < 1.0


def test_accounts_are_read_off_the_clearing(days: MarketYear) -> None:
    accounts = account(days.cleared.clearing, days.cleared.output_mw)
    clearing = days.cleared.clearing
    price = clearing.price_yen_per_kwh
    paid = 1000.0 * (price * days.case.hours.demand_mw).sum(axis=0)
    np.testing.assert_allclose(accounts.consumer_payment_yen, paid)
    # Storages earn by moving energy from cheap hours to dear ones.
    assert (accounts.storage_margin_yen[days.case.storages.area] > 0.0).all()
    assert accounts.curtailed_mwh.sum() < days.case.hours.variable_mw.sum()


@pytest.mark.slow
def test_the_impact_of_a_load_is_a_range_over_variants(days: MarketYear) -> None:
    load = np.zeros(9)
    load[2] = 1000.0
    impact = find_impact(days.case, load)
    assert [variant.name for variant in impact.variants] == [
        "central", "whole_pumped", "published_ties", "held_storages", "observed_slope", "bid_curves",
    ]  # fmt: skip
    low, high = impact.others_pay_range_yen()
    assert (low <= impact.central.others_pay_yen).all()
    assert (impact.central.others_pay_yen <= high).all()
    least, most = impact.total_range_yen()
    assert 1e10 < least < most < 1e12
    assert impact.load_mwh == pytest.approx(8760 * 1000.0)
    # Others and the load pay what generators, storages and ties receive more; nobody else's money is in it.
    assert abs(impact.residual_yen) < 1.0
    for variant in impact.variants[:4]:
        assert variant.generators_gain_yen is not None
        assert variant.generators_gain_yen > variant.others_pay_yen.sum()
    # The fitted market lies between the slope that was seen and the bids that were made, which nobody answers.
    assert impact.variants[5].others_pay_yen.sum() == most
    for variant in impact.variants[:4]:
        assert variant.emissions_t is not None
        assert 0.2 < variant.emissions_t / impact.load_mwh < 1.0
        demand = days.case.hours.demand_mw.sum(axis=0) * 8760 / days.case.hours.demand_mw.shape[0]
        rise = variant.price_after_yen_per_kwh - variant.price_before_yen_per_kwh
        np.testing.assert_allclose(variant.others_pay_yen, 1000.0 * rise * demand, rtol=1e-9)
    # 0.43 yen per GW on the demand of the three areas of 50 Hz.
    slope = impact.variants[4].others_pay_yen
    np.testing.assert_allclose(slope[:3], 430.0 * demand[:3])
    assert (slope[3:] == 0.0).all()


@pytest.mark.slow
def test_no_load_has_no_impact_in_any_variant(days: MarketYear) -> None:
    impact = find_impact(days.case, np.zeros(9))
    for variant in impact.variants:
        np.testing.assert_allclose(variant.others_pay_yen, 0.0, atol=1e6)
        assert abs(variant.emissions_t or 0.0) < 10.0


@pytest.mark.slow
def test_a_load_and_as_much_must_run_supply_of_the_same_hours_have_no_impact(days: MarketYear) -> None:
    """Storages follow prices in both markets; nobody else pays more or less, to the yen of the clearing's tolerance."""
    case, load = days.case, np.zeros(days.case.hours.demand_mw.shape)
    load[:, 2] = np.linspace(0.0, 1500.0, load.shape[0])
    # The supply must run: it is sold at any price that can occur.
    own = flat_block("own", load, -1.0, -0.5)
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels)
    both = clear_with_storages(market.with_demand(load).with_blocks([own]), case.storages, start=days.price_yen_per_kwh)
    covered = MarketYear(case, both, account(both.clearing, both.output_mw))
    found = compare_years(days, covered, load)
    np.testing.assert_allclose(found.price_after_yen_per_kwh, found.price_before_yen_per_kwh, atol=1e-5)
    alone = compare_years(days, clear_year(case, load, days.price_yen_per_kwh), load)
    assert np.abs(found.others_pay_yen).sum() < 1e-4 * alone.others_pay_yen.sum()
    assert alone.others_pay_yen.sum() > 1e10
    for one in (found, alone):
        assert abs(one.residual_yen) < 1.0


@pytest.mark.slow
def test_a_year_that_is_known_with_the_load_is_not_cleared_again(
    days: MarketYear, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = np.zeros(days.case.hours.demand_mw.shape)
    load[:, 2] = 800.0
    after = clear_year(days.case, load, days.price_yen_per_kwh)
    whole = find_impact(days.case, load, days)
    cleared = []
    monkeypatch.setattr(
        impact, "clear_year", lambda case, *args, **keys: cleared.append(case) or clear_year(case, *args, **keys)
    )
    known = find_impact(days.case, load, days, after=after)
    assert known.after is after
    assert len(cleared) == 4
    assert not any(case is days.case for case in cleared)
    np.testing.assert_allclose(known.central.others_pay_yen, whole.central.others_pay_yen, rtol=1e-9)
