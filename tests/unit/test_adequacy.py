"""Adequacy by hand: two units, a day with a storage; the catalogue's areas without and with a load."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.market.adequacy import (
    Units,
    capacity_distribution,
    draw_capacity,
    expected_shortage,
    find_adequacy,
    least_shortage,
    load_units,
    shave_peaks,
    spread_points,
)
from kiban.market.areas import MARKET_AREAS, ties_of
from kiban.market.storages import Storages
from kiban.market.year import default_case

CATALOGUE = load_catalogue()


def test_two_units_by_hand() -> None:
    mw, probability = capacity_distribution([Units(2, 300.0, 200.0, 0.1)])
    seen = {float(at): float(of) for at, of in zip(mw, probability, strict=True) if of}
    assert seen == pytest.approx({0.0: 0.01, 100.0: 0.09, 200.0: 0.09, 300.0: 0.81})
    # 250 MW are wanted: 50 missing with 0.09, 150 with 0.09, 250 with 0.01.
    hours, mwh = expected_shortage(mw, probability, np.array([250.0]))
    assert hours == pytest.approx(0.19)
    assert mwh == pytest.approx(0.09 * 50 + 0.09 * 150 + 0.01 * 250)
    # Nothing is missing where as much is wanted as is there.
    assert expected_shortage(mw, probability, np.array([0.0, -20.0])) == (0.0, 0.0)
    assert expected_shortage(mw, probability, np.array([100.0]))[0] == pytest.approx(0.01)


def test_many_units_are_all_their_cases() -> None:
    """Three fuels, six units, against every case of which are out; sizes between the points of the grid."""
    units = [Units(3, 631.0, 300.0, 0.05), Units(2, 150.0, 90.0, 0.1), Units(1, 47.0, 47.0, 0.2)]
    rates = [one.outage_rate for one in units for _ in one.sizes_mw]
    sizes = [size for one in units for size in one.sizes_mw]
    wanted = np.array([400.0, 612.5, 700.0])
    mw, probability = capacity_distribution(units)
    assert probability.sum() == pytest.approx(1.0)
    assert probability @ mw == pytest.approx(sum(s * (1.0 - r) for s, r in zip(sizes, rates, strict=True)))
    missing = 0.0
    for out in product((True, False), repeat=len(sizes)):
        chance = float(np.prod([r if o else 1.0 - r for o, r in zip(out, rates, strict=True)]))
        there = sum(size for size, o in zip(sizes, out, strict=True) if not o)
        missing += chance * float(np.maximum(wanted - there, 0.0).sum())
    assert expected_shortage(mw, probability, wanted)[1] == pytest.approx(missing, rel=0.01)


def test_draws_of_outages_agree() -> None:
    units = [Units(12, 5000.0, 900.0, 0.07)]
    rng = np.random.default_rng(3)
    there = (rng.random((200_000, 12)) >= 0.07) @ np.array(units[0].sizes_mw)
    mw, probability = capacity_distribution(units)
    hours, mwh = expected_shortage(mw, probability, np.array([4300.0]))
    assert hours == pytest.approx(float((there < 4300.0).mean()), rel=0.03)
    assert mwh == pytest.approx(float(np.maximum(4300.0 - there, 0.0).mean()), rel=0.03)


def test_a_storage_shaves_the_peak() -> None:
    load = np.zeros((24, 1))
    load[17:21, 0] = [100.0, 140.0, 120.0, 100.0]
    one = np.ones(1)
    storage = Storages(np.zeros(1, dtype=np.int64), 30.0 * one, 50.0 * one, 0.7 * one, one)
    shaved = shave_peaks(load, storage)
    # 50 MWh from 140 and 120: 30 from the first (its power), 20 from the second down to 100.
    np.testing.assert_allclose(shaved[17:21, 0], [100.0, 110.0, 100.0, 100.0], atol=1e-6)
    assert (load - shaved).sum() == pytest.approx(50.0)
    # With less to give the first is cut down to the second.
    small = Storages(np.zeros(1, dtype=np.int64), 30.0 * one, 24.0 * one, 0.7 * one, one)
    np.testing.assert_allclose(shave_peaks(load, small)[17:21, 0], [100.0, 118.0, 118.0, 100.0], atol=1e-6)


def test_a_spread_keeps_mean_and_deviation() -> None:
    weights, points = np.array(spread_points(0.06)).T
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ points == pytest.approx(0.0, abs=1e-12)
    assert np.sqrt(weights @ points**2) == pytest.approx(0.06)
    assert spread_points(0.0) == [(1.0, 0.0)]


def test_neighbours_help_as_far_as_their_tie_goes() -> None:
    """100 MW are missing in the first area; the second has 300 to spare, the tie carries 60."""
    ties = ties_of(("a", "b"), [("a", "b", 500.0, 60.0)])
    missing = least_shortage(np.array([[600.0, 200.0]]), np.array([[500.0, 500.0]]), ties)
    np.testing.assert_allclose(missing, [[40.0, 0.0]], atol=0.1)
    # Both are short: nobody helps, and nothing more is missing than is missing.
    both = least_shortage(np.array([[600.0, 550.0]]), np.array([[500.0, 500.0]]), ties)
    assert both.sum() == pytest.approx(150.0, abs=0.1)


def test_drawn_capacity_has_the_mean_of_its_units() -> None:
    units = [[Units(12, 5000.0, 900.0, 0.07), Units(1, 300.0, 300.0, 0.2)], [Units(2, 300.0, 200.0, 0.1)]]
    there = draw_capacity(units, 100_000, np.random.default_rng(1))
    np.testing.assert_allclose(there.mean(axis=0), [5000.0 * 0.93 + 240.0, 270.0], rtol=2e-3)
    assert there.max() <= 5300.0
    assert np.mean(there[:, 1] == 0.0) == pytest.approx(0.01, abs=0.002)


def test_a_load_takes_reserve_and_nothing_takes_none() -> None:
    case = default_case(CATALOGUE)
    before, none = find_adequacy(case, draws=1), find_adequacy(case, 0.0, draws=1)
    np.testing.assert_array_equal(none.joined_mwh, before.joined_mwh)
    load = np.where(np.array(MARKET_AREAS) == "kyushu", 1000.0, 0.0)
    after = find_adequacy(case, load, draws=1)
    there = MARKET_AREAS.index("kyushu")
    others = np.arange(9) != there
    np.testing.assert_array_equal(after.alone_mwh[others], before.alone_mwh[others])
    assert after.alone_mwh[there] > before.alone_mwh[there]
    assert after.alone_hours[there] > before.alone_hours[there]
    assert after.reserve_margin[there] < before.reserve_margin[there]
    assert after.joined_mwh.sum() >= before.joined_mwh.sum()
    # Ties only help.
    assert before.joined_mwh.sum() < before.alone_mwh.sum()


def test_units_of_the_fleet_are_all_there() -> None:
    fleet = default_case(CATALOGUE).fleet
    units = load_units(CATALOGUE, fleet)
    total = [sum(one.capacity_mw for one in of_area) for of_area in units]
    seen = fleet.coal_mw + fleet.gas_mw + fleet.oil_mw
    np.testing.assert_allclose(total, np.maximum(seen, fleet.month_peak_mw.max(axis=0)))
    assert all(sum(one.sizes_mw) == pytest.approx(one.capacity_mw) for of_area in units for one in of_area)
