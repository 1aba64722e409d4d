"""Days of the market: those that are alike are cleared once, a few of a year clear as in the year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from kiban.calendar import HOURS_PER_DAY
from kiban.catalogue import load_catalogue
from kiban.market.alike import find_alike
from kiban.market.areas import MARKET_AREAS
from kiban.market.days import SOURCES, clear_days
from kiban.market.offers import build_market
from kiban.market.storages import clear_with_storages
from kiban.market.year import clear_year, default_case

CASE = default_case(load_catalogue())
WEEK = np.arange(24 * 120, 24 * 127)
LOAD = 1000.0 * (np.array(MARKET_AREAS) == "tokyo")


def test_a_year_of_means_has_two_days_a_month() -> None:
    market = build_market(CASE.hours, CASE.fleet, CASE.ties, CASE.offers, CASE.catalogue, fuels=CASE.fuels)
    chosen, place = find_alike(market, HOURS_PER_DAY)
    assert chosen.size == 24 * HOURS_PER_DAY
    assert place.size == market.hours
    np.testing.assert_array_equal(market.demand_mw[chosen][place], market.demand_mw)
    for block in market.blocks:
        capacity = np.broadcast_to(block.capacity_mw, market.demand_mw.shape)
        np.testing.assert_array_equal(capacity[chosen][place], capacity)


def test_a_load_in_one_hour_makes_its_day_another() -> None:
    market = build_market(CASE.hours, CASE.fleet, CASE.ties, CASE.offers, CASE.catalogue, fuels=CASE.fuels)
    more = np.zeros_like(market.demand_mw)
    more[30, 2] = 1.0
    chosen, place = find_alike(market.with_demand(more), HOURS_PER_DAY)
    assert chosen.size == 25 * HOURS_PER_DAY
    assert (place == place[30]).sum() == 1


def test_limits_and_offers_of_an_hour_make_its_day_another() -> None:
    market = build_market(CASE.hours, CASE.fleet, CASE.ties, CASE.offers, CASE.catalogue, fuels=CASE.fuels)
    limits = np.tile(market.ties.forward_mw, (market.hours, 1))
    limits[50] /= 2.0
    tied = replace(market, ties=replace(market.ties, forward_mw=limits))
    assert find_alike(tied, HOURS_PER_DAY)[0].size == 25 * HOURS_PER_DAY
    coal = next(block for block in market.blocks if block.name == "coal")
    dear = coal.high_yen_per_kwh.copy()
    dear[50, 0] += 1.0
    blocks = tuple(replace(block, high_yen_per_kwh=dear) if block is coal else block for block in market.blocks)
    assert find_alike(replace(market, blocks=blocks), HOURS_PER_DAY)[0].size == 25 * HOURS_PER_DAY


# Between two offers a price is one of many; a tenth of the exchange's tick apart they are the same.
TICK = 1e-3


def test_days_that_are_alike_clear_as_each_for_itself() -> None:
    market = build_market(CASE.hours, CASE.fleet, CASE.ties, CASE.offers, CASE.catalogue, fuels=CASE.fuels).at(WEEK)
    together = clear_with_storages(market, CASE.storages)
    for day in range(7):
        alone = clear_with_storages(market.at(np.arange(24 * day, 24 * day + 24)), CASE.storages)
        some = slice(24 * day, 24 * day + 24)
        np.testing.assert_allclose(
            together.clearing.price_yen_per_kwh[some], alone.clearing.price_yen_per_kwh, rtol=0.0, atol=TICK
        )
        np.testing.assert_allclose(together.held_mwh[some], alone.held_mwh, atol=0.1)
    assert abs(together.gap_thousand_yen) < 1e-3 * abs(together.cost_thousand_yen)


def test_days_clear_as_in_the_year() -> None:
    year = clear_year(CASE, LOAD)
    days = clear_days(CASE, date(2024, 7, 30), 7, LOAD)
    assert days.hours.start[0] == CASE.hours.start[WEEK[0]]
    found = days.after.cleared.clearing
    np.testing.assert_allclose(found.price_yen_per_kwh, year.price_yen_per_kwh[WEEK], rtol=0.0, atol=TICK)
    np.testing.assert_allclose(found.flow_mw, year.cleared.clearing.flow_mw[WEEK], atol=0.5)


def test_no_load_changes_nothing() -> None:
    days = clear_days(CASE, date(2024, 4, 1), 2, np.zeros(len(MARKET_AREAS)))
    np.testing.assert_array_equal(
        days.after.cleared.clearing.price_yen_per_kwh, days.before.cleared.clearing.price_yen_per_kwh
    )


def test_supply_by_source_serves_demand_with_what_flows_in() -> None:
    days = clear_days(CASE, date(2024, 10, 18), 3, LOAD)
    found = days.after.supply_mw
    assert tuple(found) == SOURCES
    flow, ties = days.after.cleared.clearing.flow_mw, CASE.ties
    into = np.zeros_like(days.hours.demand_mw)
    for tie, (origin, destination) in enumerate(zip(ties.origin, ties.destination, strict=True)):
        into[:, origin] -= flow[:, tie]
        into[:, destination] += flow[:, tie]
    np.testing.assert_allclose(sum(found.values()) + into, days.hours.demand_mw + LOAD, atol=1e-4)
    # What is not taken of sun and wind is missing in both alike.
    assert (found["solar"] <= days.hours.solar_mw + 1e-9).all()
    assert (found["nuclear"] <= days.hours.nuclear_mw + 1e-9).all()
    assert (found["pumped"] < -1.0).any()
    assert (found["pumped"] > 1.0).any()
