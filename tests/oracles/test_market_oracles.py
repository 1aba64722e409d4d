"""The market against general solvers: the same hours as one quadratic programme, and as PyPSA would cut them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.market.areas import load_ties
from kiban.market.blocks import Market
from kiban.market.clearing import TIE_SLOPE_MW_PER_YEN, clear
from kiban.market.fleet import load_fleet
from kiban.market.hours import MarketHours, synthetic_hours
from kiban.market.offers import build_market, load_offers


class Optimum(NamedTuple):
    """Cost of all hours, thousand yen, and prices `(hours, areas)`."""

    cost_thousand_yen: float
    price_yen_per_kwh: Array


def nine_areas(hours: slice) -> Market:
    """Some hours of the synthetic year, with noise that makes areas and ties differ from hour to hour."""
    catalogue, rng = load_catalogue(), np.random.default_rng(3)
    whole = synthetic_hours(catalogue)
    columns = {
        name: getattr(whole, name)[hours] * rng.uniform(0.7, 1.35, getattr(whole, name)[hours].shape)
        for name in MarketHours.__dataclass_fields__
        if name.endswith("_mw")
    }
    part = MarketHours(areas=whole.areas, start=whole.start[hours], **columns)
    return build_market(part, load_fleet(catalogue), load_ties(catalogue), load_offers(catalogue), catalogue)


def solve_quadratic(market: Market) -> Optimum:
    """All hours as one convex quadratic programme, by Clarabel."""
    import clarabel

    hours, areas = market.demand_mw.shape
    shape, ties = (hours, areas), market.ties
    low, high, capacity = (
        np.concatenate([np.broadcast_to(getattr(block, name), shape).ravel() for block in market.blocks])
        for name in ("low_yen_per_kwh", "high_yen_per_kwh", "capacity_mw")
    )
    count, flows = low.size, hours * ties.origin.size
    nonzero = np.maximum(capacity, 1e-6)
    curve = sp.diags(np.r_[(high - low) / nonzero, np.full(flows, 1.0 / TIE_SLOPE_MW_PER_YEN)], format="csc")
    cost = np.r_[low, np.zeros(flows)]
    supply = sp.hstack([sp.eye(hours * areas)] * len(market.blocks))
    net = sp.lil_matrix((areas, ties.origin.size))
    for tie, (origin, destination) in enumerate(zip(ties.origin, ties.destination, strict=True)):
        net[origin, tie], net[destination, tie] = -1.0, 1.0
    balance = sp.hstack([supply, sp.kron(sp.eye(hours), net)], format="csc")
    forward, reverse = (
        np.broadcast_to(limit, (hours, ties.origin.size)).ravel() for limit in (ties.forward_mw, ties.reverse_mw)
    )
    least, most = np.r_[np.zeros(count), -reverse], np.r_[capacity, forward]
    unit = sp.eye(count + flows, format="csc")
    rows = sp.vstack([balance, unit, -unit], format="csc")
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    cones = [clarabel.ZeroConeT(hours * areas), clarabel.NonnegativeConeT(2 * (count + flows))]
    found = clarabel.DefaultSolver(
        curve, cost, rows, np.r_[market.demand_mw.ravel(), most, -least], cones, settings
    ).solve()
    assert str(found.status) in {"Solved", "AlmostSolved"}
    prices = -np.array(found.z)[: hours * areas].reshape(shape)
    return Optimum(float(found.obj_val), prices)


def test_cost_and_prices_of_nine_areas_are_those_of_a_quadratic_programme() -> None:
    market = nine_areas(slice(2900, 2900 + 96))
    found, other = clear(market), solve_quadratic(market)
    cost = float(found.cost_thousand_yen().sum())
    assert cost == pytest.approx(other.cost_thousand_yen, rel=1e-6)
    apart = np.abs(found.price_yen_per_kwh - other.price_yen_per_kwh)
    assert np.median(apart) < 1e-4
    assert apart.max() < 0.1
    # The hours are of all kinds.
    assert found.price_yen_per_kwh.min() < 0.02
    assert (np.abs(found.flow_mw) >= market.ties.forward_mw - 1e-6).any()
