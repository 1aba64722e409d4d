"""The market against general solvers: the same hours as one quadratic programme, by Clarabel and PyPSA (HiGHS)."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import clarabel
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
from kiban.market.storages import HOLDING_YEN_PER_KWH, Storages, clear_with_storages, load_storages

BENCH = Path(__file__).resolve().parents[2] / "bench"


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


def solve_quadratic(market: Market, storages: Storages | None = None, horizon_hours: int = 24) -> Optimum:
    """All hours as one convex quadratic programme, by Clarabel: outputs, flows, and what storages do."""
    hours, areas = market.demand_mw.shape
    shape, ties = (hours, areas), market.ties
    low, high, capacity = (
        np.concatenate([np.broadcast_to(getattr(block, name), shape).ravel() for block in market.blocks])
        for name in ("low_yen_per_kwh", "high_yen_per_kwh", "capacity_mw")
    )
    net = sp.lil_matrix((areas, ties.origin.size))
    for tie, (origin, destination) in enumerate(zip(ties.origin, ties.destination, strict=True)):
        net[origin, tie], net[destination, tie] = -1.0, 1.0
    forward, reverse = (
        np.broadcast_to(limit, (hours, ties.origin.size)).ravel() for limit in (ties.forward_mw, ties.reverse_mw)
    )
    flows = forward.size
    curve = [(high - low) / np.maximum(capacity, 1e-6), np.full(flows, 1.0 / TIE_SLOPE_MW_PER_YEN)]
    cost, least, most = [low, np.zeros(flows)], [np.zeros(low.size), -reverse], [capacity, forward]
    balance = [sp.hstack([sp.eye(hours * areas)] * len(market.blocks)), sp.kron(sp.eye(hours), net)]
    stored = []
    if storages is not None:
        # Deliver, take, hold at the end of the hour: each by hour, then by storage.
        size = storages.area.size
        place = sp.lil_matrix((areas, size))
        for storage, area in enumerate(storages.area):
            place[area, storage] = 1.0
        into = sp.kron(sp.eye(hours), place)
        balance += [into, -into, sp.csr_matrix((hours * areas, hours * size))]
        before = np.arange(hours).reshape(-1, horizon_hours)
        back = sp.csr_matrix((np.ones(hours), (np.arange(hours), np.roll(before, 1, axis=1).ravel())))
        unit = sp.eye(hours * size)
        change = sp.kron(back, sp.eye(size)) - unit
        stored = [
            sp.csr_matrix((hours * size, low.size + flows)),
            -unit,
            sp.kron(sp.eye(hours), sp.diags(storages.efficiency)),
            change,
        ]
        for limit, slope in (
            (storages.power_mw, storages.band_yen_per_kwh / storages.power_mw),
            (storages.power_mw, storages.band_yen_per_kwh / storages.power_mw),
            (storages.size_mwh, HOLDING_YEN_PER_KWH / storages.size_mwh),
        ):
            curve.append(np.tile(slope, hours))
            cost.append(np.zeros(hours * size))
            least.append(np.zeros(hours * size))
            most.append(np.tile(limit, hours))
    equal = sp.vstack([sp.hstack(balance), sp.hstack(stored)]) if stored else sp.hstack(balance)
    count = sum(part.size for part in cost)
    unit = sp.eye(count)
    zeros = np.zeros(equal.shape[0] - hours * areas)
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    found = clarabel.DefaultSolver(
        sp.diags(np.concatenate(curve), format="csc"),
        np.concatenate(cost),
        sp.vstack([equal, unit, -unit], format="csc"),
        np.concatenate([market.demand_mw.ravel(), zeros, *most, *(-part for part in least)]),
        [clarabel.ZeroConeT(equal.shape[0]), clarabel.NonnegativeConeT(2 * count)],
        settings,
    ).solve()
    assert str(found.status) in {"Solved", "AlmostSolved"}
    return Optimum(float(found.obj_val), -np.array(found.z)[: hours * areas].reshape(shape))


def test_cost_and_prices_of_nine_areas_are_those_of_a_quadratic_programme() -> None:
    market = nine_areas(slice(2900, 2900 + 96))
    found, other = clear(market), solve_quadratic(market)
    assert float(found.cost_thousand_yen().sum()) == pytest.approx(other.cost_thousand_yen, rel=1e-6)
    apart = np.abs(found.price_yen_per_kwh - other.price_yen_per_kwh)
    assert np.median(apart) < 1e-4
    assert apart.max() < 0.1
    # The hours are of all kinds.
    assert found.price_yen_per_kwh.min() < 0.02
    assert (np.abs(found.flow_mw) >= market.ties.forward_mw - 1e-6).any()


@pytest.mark.slow
@pytest.mark.parametrize("full", [False, True], ids=["large", "small"])
def test_storages_of_nine_areas_are_used_as_a_quadratic_programme_uses_them(full: bool) -> None:
    market, storages = nine_areas(slice(2904, 2904 + 48)), load_storages(load_catalogue(), 1.0)
    if full:
        storages = replace(storages, size_mwh=storages.power_mw * 1.5)
    found, other = clear_with_storages(market, storages), solve_quadratic(market, storages)
    assert found.cost_thousand_yen == pytest.approx(other.cost_thousand_yen, rel=1e-6)
    assert np.abs(found.clearing.price_yen_per_kwh - other.price_yen_per_kwh).max() < 0.1
    assert abs(found.gap_thousand_yen) < 1e-6 * found.cost_thousand_yen
    assert (found.held_mwh.max(axis=0) >= storages.size_mwh - 1e-3).any() == full


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # PyPSA's own
def test_pypsa_finds_the_same_cost_and_prices() -> None:
    """Half a day; `bench/market_pypsa.py` does four weeks."""
    pytest.importorskip("pypsa")
    spec = importlib.util.spec_from_file_location("market_pypsa", BENCH / "market_pypsa.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    market = bench.noisy_market(12)
    found = clear(market)
    parts = list(bench.solve(market))
    assert sum(part.price_yen_per_kwh.shape[0] for part in parts) == market.hours
    cost = sum(part.cost_thousand_yen for part in parts)
    assert float(found.cost_thousand_yen().sum()) == pytest.approx(cost, rel=1e-6)
    prices = np.concatenate([part.price_yen_per_kwh for part in parts])
    assert np.abs(found.price_yen_per_kwh - prices).max() < 0.01
