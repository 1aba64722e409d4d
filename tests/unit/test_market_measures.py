"""Measures of prices and flows, and the peers, worked out by hand on a few hours."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kiban.errors import InputError
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import MarketHours
from kiban.market.judging import FitRecord, check_judged, load_fit_record, shifted
from kiban.market.measures import (
    HIGHEST_YEN,
    LOWEST_YEN,
    correlate,
    daily_spread,
    day_pairs,
    held,
    measure_areas,
    measure_flows,
    measure_slopes,
    slope_weights,
    split_share,
)
from kiban.market.readings.observed import ObservedHours

DAY = np.timedelta64(24, "h")


def hours(count: int, first: str = "2023-10-01") -> np.ndarray:
    return np.datetime64(first, "h") + np.arange(count)


def observed(price: np.ndarray, start: np.ndarray) -> ObservedHours:
    nothing = np.zeros_like(price)
    quantities = dict.fromkeys(
        ("demand_mw", "nuclear_mw", "hydro_mw", "geothermal_mw", "biomass_mw", "solar_mw", "wind_mw", "pumped_mw"),
        nothing,
    )
    return ObservedHours(
        hours=MarketHours(areas=MARKET_AREAS, start=start, **quantities),
        thermal_mw=nothing,
        curtailed_mw=nothing,
        tie_inflow_mw=nothing,
        price_yen_per_kwh=price,
        stored=True,
    )


def test_an_area_by_hand() -> None:
    start = np.concatenate([hours(2), hours(2, "2023-10-02")])
    actual = np.array([[0.5], [10.0], [4.0], [8.0]])
    price = np.array([[2.0], [9.0], [0.2], [9.0]])
    (area,) = measure_areas(("tokyo",), start, price, actual)
    assert area.mae_yen_per_kwh == pytest.approx((1.5 + 1.0 + 3.8 + 1.0) / 4)
    assert area.bias_yen_per_kwh == pytest.approx((1.5 - 1.0 - 3.8 + 1.0) / 4)
    assert area.correlation == pytest.approx(np.corrcoef(price[:, 0], actual[:, 0])[0, 1])
    assert (area.floor_hours, area.floor_hours_actual) == (1, 1)
    assert area.daily_spread_yen_per_kwh == pytest.approx((7.0 + 8.8) / 2)
    assert area.daily_spread_actual_yen_per_kwh == pytest.approx((9.5 + 4.0) / 2)


def test_hours_without_a_price_do_not_count() -> None:
    price = np.array([[np.nan], [3.0], [5.0]])
    actual = np.array([[1.0], [2.0], [5.0]])
    (area,) = measure_areas(("tokyo",), hours(3), price, actual)
    assert area.mae_yen_per_kwh == 0.5
    assert area.floor_hours == 0


def test_prices_are_compared_within_a_range() -> None:
    assert held(np.array([-1.0, 3.0, 500.0])).tolist() == [LOWEST_YEN, 3.0, HIGHEST_YEN]
    assert correlate(np.ones(3), np.arange(3.0)) == 0.0
    assert daily_spread(hours(24), np.arange(24.0)) == 23.0
    assert split_share(np.array([[1.0, 1.4], [1.0, 1.6], [3.0, 1.0]]), 0, 1) == pytest.approx(2 / 3)


def test_pairs_of_days_over_a_gap() -> None:
    start = np.concatenate([hours(3), hours(2) + DAY, hours(3) + 3 * DAY])
    later, earlier = day_pairs(start)
    assert (start[later] - start[earlier] == DAY).all()
    assert later.tolist() == [3, 4]


def test_the_slope_is_that_of_day_to_day_changes() -> None:
    random = np.random.default_rng(3)
    start = hours(24 * 5)
    load = random.normal(30_000, 4_000, len(start))
    price = 0.0004 * load + 3.0 + np.tile(random.normal(0, 2, 24), 5)  # the shape of the day drops out
    weights = slope_weights(start, load)
    assert weights @ price == pytest.approx(0.4)
    change, answer = (load[24:] - load[:-24]) / 1000, price[24:] - price[:-24]
    noisy = answer + random.normal(0, 1, len(answer))
    told = np.concatenate([price[:24], np.zeros(len(noisy))])
    for hour in range(len(noisy)):
        told[hour + 24] = told[hour] + noisy[hour]
    assert weights @ told == pytest.approx(change @ noisy / (change @ change))


def test_slopes_of_the_two_regions() -> None:
    random = np.random.default_rng(4)
    start = hours(24 * 4)
    net = random.normal(5_000, 1_000, (len(start), len(MARKET_AREAS)))
    price = np.full_like(net, 10.0)
    east, west = net[:, :3].sum(axis=1), net[:, 3:].sum(axis=1)
    price[:, MARKET_AREAS.index("tokyo")] = 0.0005 * east
    price[:, MARKET_AREAS.index("kansai")] = 0.0003 * west + 1.0
    fifty, sixty = measure_slopes(MARKET_AREAS, start, net, price, 2.0 * price)
    assert (fifty.region, fifty.area, sixty.area) == ("50 Hz", "tokyo", "kansai")
    assert fifty.yen_per_kwh_per_gw == pytest.approx(0.5)
    assert sixty.yen_per_kwh_per_gw == pytest.approx(0.3)
    assert fifty.actual_yen_per_kwh_per_gw == pytest.approx(1.0)


def test_flows_over_ties_that_stand_alone() -> None:
    inflow = np.zeros((3, len(MARKET_AREAS)))
    inflow[:, 0], inflow[:, 1], inflow[:, 2] = (-100.0, -200.0, -300.0), (-50.0, 0.0, 50.0), 10.0
    inflow[:, 8] = (-7.0, -9.0, -5.0)
    found = {one.tie: one for one in measure_flows(MARKET_AREAS, inflow, np.zeros_like(inflow))}
    assert found["hokkaido-tohoku"].mae_mw == 200.0
    assert found["tohoku-tokyo"].mae_mw == 200.0
    assert found["tokyo-chubu"].mae_mw == pytest.approx(190.0)
    assert found["kyushu-chugoku"].mae_mw == 7.0
    assert found["kyushu-chugoku"].correlation == 0.0
    same = measure_flows(MARKET_AREAS, inflow, inflow)
    assert {one.mae_mw for one in same} == {0.0}
    assert [one.correlation for one in same[:2]] == pytest.approx([1.0, 1.0])


def test_peers_know_the_price_of_a_day_and_a_week_before() -> None:
    start = hours(48)
    price = np.tile(np.arange(48.0)[:, None], (1, len(MARKET_AREAS)))
    alone = shifted(observed(price, start), 24)
    assert np.isnan(alone[:24]).all()
    assert alone[24:, 0].tolist() == list(range(24))
    before = (start[:24] - DAY, price[:24] + 100.0)
    known = shifted(observed(price, start), 24, before)
    assert known[:, 0].tolist() == [*(100.0 + np.arange(24)), *range(24)]


def test_what_was_fitted_is_not_judged() -> None:
    record = FitRecord(date(2023, 4, 1), date(2023, 9, 30), "hours", date(2026, 11, 30))
    for first, last in ((date(2023, 9, 30), date(2023, 12, 31)), (date(2022, 1, 1), date(2024, 1, 1)),
                        (date(2022, 4, 1), date(2023, 4, 1))):  # fmt: skip
        with pytest.raises(InputError, match="2023-04-01 to 2023-09-30"):
            check_judged(first, last, record)
    check_judged(date(2023, 10, 1), date(2023, 12, 31), record)
    check_judged(date(2022, 4, 1), date(2023, 3, 31), record)
    with pytest.raises(InputError, match="before"):
        check_judged(date(2023, 10, 2), date(2023, 10, 1), record)
    kept = load_fit_record()
    assert kept.first < kept.last <= kept.fitted
