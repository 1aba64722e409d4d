"""The long run by hand: one area, a flat day; a battery between cheap and dear hours; sums of equal days."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from kiban.catalogue import load_catalogue
from kiban.market import entry
from kiban.market.areas import ties_of
from kiban.market.blocks import Market, flat_block
from kiban.market.entrants import annual_cost_yen_per_mw, availability_of, load_battery, load_entrants
from kiban.market.entry import BatteryEntrant, Days, Entrant, at_hours, battery_earns_yen, equal_days, find_long_run
from kiban.market.year import default_case

YEAR = Days(np.arange(24), np.array([365.0]))


def one_area(demand_mw: np.typing.ArrayLike = 150.0) -> Market:
    """100 MW at 5 to 6 yen, 120 MW that rise from 10 to 40 yen, for a day."""
    demand = np.broadcast_to(demand_mw, (24,))[:, None].astype(float)
    whole = np.ones((24, 1))
    blocks = (
        flat_block("old", 100.0 * whole, 5.0, 6.0),
        flat_block("dear", 120.0 * whole, 10.0, 40.0),
        flat_block("unserved", demand + 1.0, 200.0, 3000.0),
    )
    return Market(demand, blocks, ties_of(("a",), []))


def plant(cost_yen_per_kwh: float, availability: float = 1.0) -> Entrant:
    """Offers from 12 to 13 yen and has to earn so much on every hour of the year."""
    return Entrant(
        "new", np.full((24, 1), availability), np.array(12.0), np.array(13.0), 0.4, 1000.0 * 8760.0 * cost_yen_per_kwh
    )


def test_entry_by_hand() -> None:
    found = find_long_run(one_area(), None, [plant(5.0)], None, YEAR)
    # A MW earns p - 12.5 at full output, so p = 17.5; the dear block then makes 30 MW, the old one 100.
    np.testing.assert_allclose(found.price_yen_per_kwh, 17.5, rtol=1e-4)
    assert found.capacity_mw[0, 0] == pytest.approx(20.0, rel=1e-3)
    assert found.earned_yen_per_mw[0, 0] == pytest.approx(5.0 * 8.76e6, rel=1e-3)
    assert found.largest_profit() < 1e-3


def test_a_plant_that_is_half_there_enters_with_its_own_cost() -> None:
    found = find_long_run(one_area(), None, [plant(2.5, availability=0.5)], None, YEAR)
    assert found.capacity_mw[0, 0] == pytest.approx(40.0, rel=1e-3)


def test_a_plant_that_costs_more_than_it_earns_stays_away() -> None:
    # Without entry the price is 10 + 50 / 4 = 22.5: a MW earns 10.
    found = find_long_run(one_area(), None, [plant(10.5)], None, YEAR)
    assert found.capacity_mw[0, 0] == 0.0
    assert found.earned_yen_per_mw[0, 0] == pytest.approx(10.0 * 8.76e6)
    assert found.largest_profit() == 0.0


def test_a_load_raises_no_price_where_plants_enter() -> None:
    """In the long run the price is what a new plant needs; others pay no more, and the load brings its plants."""
    before = find_long_run(one_area(), None, [plant(5.0)], None, YEAR)
    after = find_long_run(one_area().with_demand(np.full((24, 1), 60.0)), None, [plant(5.0)], None, YEAR)
    np.testing.assert_allclose(after.price_yen_per_kwh, before.price_yen_per_kwh, rtol=1e-4)
    assert after.capacity_mw[0, 0] - before.capacity_mw[0, 0] == pytest.approx(60.0, rel=1e-3)


def test_no_other_capacity_costs_less() -> None:
    """The programme's cost over the capacity of one kind, minimised without its derivative."""
    demand = np.where(np.arange(24) < 12, 110.0, 190.0)
    kind = plant(4.0)
    found = find_long_run(one_area(demand), None, [kind], None, YEAR)
    programme = entry._Programme(one_area(demand), None, [kind], None, YEAR)
    done = minimize_scalar(lambda mw: programme.solve(np.array([[mw]])).cost_yen, bounds=(0.0, 200.0), method="bounded")
    assert found.capacity_mw[0, 0] == pytest.approx(done.x, abs=0.05)


BATTERY = BatteryEntrant(hours=4.0, efficiency=0.8, band_yen_per_kwh=0.2, annual_cost_yen_per_mw=8e6)


def test_a_small_battery_by_hand() -> None:
    """12 hours at 10 yen, 12 at 20: 4 MWh at 20 less 5 MWh at 10 a day."""
    demand = np.where(np.arange(24) < 12, 100.0, 140.0)
    found = find_long_run(one_area(demand), None, [plant(50.0)], None, YEAR)
    price = found.price_yen_per_kwh[:, 0]
    expected = 365.0 * 1000.0 * (4.0 * price.max() - 5.0 * price.min())
    assert battery_earns_yen(found, BATTERY)[0] == pytest.approx(expected)


def test_batteries_enter_until_they_earn_their_cost() -> None:
    demand = np.where(np.arange(24) < 12, 100.0, 190.0)
    without = find_long_run(one_area(demand), None, [plant(50.0)], None, YEAR)
    assert battery_earns_yen(without, BATTERY)[0] > BATTERY.annual_cost_yen_per_mw
    found = find_long_run(one_area(demand), None, [plant(50.0)], BATTERY, YEAR)
    assert found.names[-1] == "battery"
    assert found.capacity_mw[-1, 0] > 1.0
    assert found.earned_yen_per_mw[-1, 0] == pytest.approx(BATTERY.annual_cost_yen_per_mw, rel=2e-3)
    # Dear hours become cheaper and cheap ones dearer.
    assert found.price_yen_per_kwh.max() < without.price_yen_per_kwh.max()
    assert found.price_yen_per_kwh.min() >= without.price_yen_per_kwh.min() - 1e-6


def test_equal_days_are_counted_once() -> None:
    whole = np.tile(np.arange(24.0), 5)[:, None]
    whole[48:72] += 1.0  # the third of five days differs
    market = Market(whole, (flat_block("all", np.full((120, 1), 99.0), 1.0, 2.0),), ties_of(("a",), []))
    days = equal_days(market, np.zeros((120, 1)))
    assert list(days.weight) == [4.0, 1.0]
    assert list(days.hours) == [*range(24), *range(48, 72)]
    # A load that differs on the last day makes a third kind.
    more = np.zeros((120, 1))
    more[-1] = 5.0
    assert list(equal_days(market, more).weight) == [3.0, 1.0, 1.0]
    few = equal_days(market, more, most_days=2)
    assert few.weight.sum() == 5.0 and few.weight.size == 2
    np.testing.assert_array_equal(at_hours(market, days.hours).demand_mw, whole[days.hours])


def test_entrants_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    case = default_case(catalogue)
    kinds = {kind.name: kind for kind in load_entrants(case)}
    # 268 million yen at 5 % over 40 years is 15.618 a year, and 9.5 of fixed cost.
    assert annual_cost_yen_per_mw(catalogue, "gas_ccgt") == pytest.approx((268.0 * 0.0582782 + 9.5) * 1e6, rel=1e-5)
    assert kinds["new_peaker"].annual_cost_yen_per_mw < kinds["new_gas"].annual_cost_yen_per_mw
    assert (kinds["new_peaker"].low_yen_per_kwh > kinds["new_gas"].low_yen_per_kwh).all()
    np.testing.assert_allclose(kinds["new_pv"].availability.mean(axis=0), 0.183, rtol=1e-3)
    assert kinds["new_wind"].availability.max() <= 1.0
    assert load_battery(catalogue).hours == 4.0
    made = np.array([[0.0, 0.0], [2.0, 0.0]])
    np.testing.assert_allclose(availability_of(made, 0.3), [[0.0, 0.0], [0.6, 0.0]])
