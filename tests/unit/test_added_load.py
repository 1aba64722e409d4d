"""A load that comes to a market: every hour clears, and what cannot be delivered is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.unit.test_market import two_areas

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.market.added_load import PRICE_RISE_YEN, deliverable_share, with_load
from kiban.market.areas import MARKET_AREAS
from kiban.market.blocks import Market
from kiban.market.clearing import clear
from kiban.market.offers import UNSERVED, UNSERVED_LOAD
from kiban.market.response import area_market
from kiban.market.storages import clear_with_storages
from kiban.market.year import MarketCase, account, default_case

SHIKOKU = MARKET_AREAS.index("shikoku")


@pytest.fixture(scope="module")
def case() -> MarketCase:
    return default_case(load_catalogue())


@pytest.fixture(scope="module")
def day(case: MarketCase) -> Market:
    return area_market(case, np.arange(24) + 24 * 121).market


def in_shikoku(mw: float) -> np.ndarray:
    return np.where(np.arange(9) == SHIKOKU, mw, 0.0)


def test_a_load_of_any_size_clears_and_most_of_it_is_given_up(case: MarketCase, day: Market) -> None:
    """Shikoku's demand is about 3 GW; 20 GW more are beyond its plants, its ties and all of its demand."""
    market = with_load(day, in_shikoku(20_000.0))
    cleared = clear_with_storages(market, case.storages)
    assert np.abs(cleared.clearing.excess_mw).max() < 1e-6
    lost = next(float(block.high_yen_per_kwh) for block in day.blocks if block.name == UNSERVED)
    price = cleared.clearing.price_yen_per_kwh[:, SHIKOKU]
    assert ((price > lost) & (price < lost + PRICE_RISE_YEN)).all()
    unserved = account(cleared.clearing, cleared.output_mw).unserved_mwh
    made = {block.name: cleared.clearing.output_mw(block)[:, SHIKOKU] for block in market.blocks}
    # What its plants and ties can give is served, the rest is not.
    ties = cleared.clearing.flow_mw[:, day.ties.destination == SHIKOKU].sum(axis=1)
    served = sum(made.values()) - made[UNSERVED] - made[UNSERVED_LOAD] + ties + cleared.output_mw[:, SHIKOKU]
    demand = day.demand_mw[:, SHIKOKU] + 20_000.0
    assert unserved[SHIKOKU] == pytest.approx(float((demand - served).sum()), rel=1e-9)
    assert made[UNSERVED_LOAD].min() > 1000.0


def test_a_load_within_an_areas_plants_adds_no_block(day: Market) -> None:
    assert len(with_load(day, in_shikoku(1000.0)).blocks) == len(day.blocks)
    assert [block.name for block in with_load(day, in_shikoku(20_000.0)).blocks][-1] == UNSERVED_LOAD


def test_what_demand_and_ties_cannot_take_is_refused(day: Market) -> None:
    load = in_shikoku(-6000.0)
    share = deliverable_share(day, np.broadcast_to(load, day.demand_mw.shape))
    assert 0.3 < share < 1.0
    with pytest.raises(ScenarioError) as refused:
        with_load(day, load)
    (problem,) = refused.value.problems
    assert problem.code == "impact.undeliverable"
    assert problem.values == {"value": 6000.0, "most": pytest.approx(share * 6000.0)}
    assert np.abs(clear(with_load(day, load * share * (1.0 - 1e-6))).excess_mw).max() < 1e-6


def test_the_share_by_hand() -> None:
    """West takes 200 MW itself, and the tie carries 300 of the 600 in the east."""
    delivers = np.array([[-1000.0, 0.0]])
    assert deliverable_share(two_areas(300.0), delivers) == pytest.approx(0.5)
    assert deliverable_share(two_areas(900.0), delivers) == pytest.approx(0.8)
    assert deliverable_share(two_areas(900.0), -delivers) == 1.0
    one_way = two_areas(300.0)
    one_way = replace(one_way, ties=replace(one_way.ties, forward_mw=np.array([100.0])))
    assert deliverable_share(one_way, delivers) == pytest.approx(0.3)


def test_the_share_is_that_of_a_linear_programme(day: Market) -> None:
    """Most of a delivery in several areas such that flows within limits leave no area with more than its demand."""
    rng = np.random.default_rng(5)
    ties, found = day.ties, []
    for hour in range(6):
        load = -rng.uniform(0.0, 40_000.0, 9) * (rng.random(9) < 0.4)
        part = day.at(np.array([hour]))
        into = np.zeros((9, ties.origin.size))
        into[ties.destination, np.arange(ties.origin.size)] = 1.0
        into[ties.origin, np.arange(ties.origin.size)] -= 1.0
        # Demand + share load - inflow >= 0, flows within limits.
        limits = [*zip(-ties.reverse_mw, ties.forward_mw, strict=True), (0.0, 1.0)]
        rows = np.column_stack([into, -load])
        best = linprog([*np.zeros(ties.origin.size), -1.0], A_ub=rows, b_ub=part.demand_mw[0], bounds=limits)
        found.append(deliverable_share(part, load[None, :]))
        assert found[-1] == pytest.approx(-best.fun, rel=1e-7)
    assert min(found) < 0.9
