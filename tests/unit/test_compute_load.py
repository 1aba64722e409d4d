"""Compute load: the shape of a day, the room for delay, chips for a megawatt."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.calendar import hour_of_step
from kiban.physics.compute import allowed_backlog, deferrable_arrivals, gpu_hours_per_mwh, inference_shape


def test_the_day_peaks_and_rests_where_it_should():
    shape = inference_shape(hour_of_step(), trough_share=0.55, peak_hour=15)
    day = shape[:24]
    assert shape.shape == (8760,)
    assert (day.max(), day.argmax()) == (1.0, 15)
    assert (day.min(), day.argmin()) == (pytest.approx(0.55), 3)
    assert day.mean() == pytest.approx((1 + 0.55) / 2)
    np.testing.assert_array_equal(shape, np.tile(day, 365))


def test_weekends_are_lower():
    weekend = np.array([False, True])
    shape = inference_shape([15, 15], weekend, trough_share=0.5, peak_hour=15, weekend_share=0.8)
    assert shape.tolist() == [1.0, 0.8]


def test_a_flat_load_has_no_trough():
    assert np.all(inference_shape(np.arange(24), trough_share=1.0, peak_hour=15) == 1.0)


@pytest.mark.parametrize("change", [{"trough_share": -0.1}, {"trough_share": 1.1}, {"weekend_share": 2.0}])
def test_bad_shares_are_refused(change):
    arguments = {"trough_share": 0.5, "peak_hour": 15} | change
    with pytest.raises(ValueError, match=next(iter(change))):
        inference_shape(np.arange(24), **arguments)


def test_arrivals_are_constant():
    assert deferrable_arrivals(30.0, 4).tolist() == [30.0] * 4
    with pytest.raises(ValueError, match="load_mw"):
        deferrable_arrivals(-1.0, 4)


def brute_force(arrivals, delay, steps):
    years = arrivals.reshape(-1, steps)
    return np.concatenate([sum((np.roll(year, k) for k in range(delay)), np.zeros(steps)) for year in years])


@pytest.mark.parametrize("delay", [0, 1, 3, 7, 12])
def test_backlog_may_hold_the_arrivals_of_the_last_steps_of_its_own_year(delay):
    arrivals = np.random.default_rng(5).uniform(0, 10, 24)
    np.testing.assert_allclose(allowed_backlog(arrivals, delay, 12), brute_force(arrivals, delay, 12), atol=1e-12)


def test_no_delay_allows_no_backlog():
    assert not allowed_backlog(np.ones(8), 0, 8).any()


def test_one_year_of_delay_allows_all_of_a_year():
    np.testing.assert_allclose(allowed_backlog(np.arange(8.0), 8, 8), 28.0)


@pytest.mark.parametrize(("size", "delay", "steps"), [(10, 1, 4), (8, -1, 4), (8, 5, 4), (8, 1, 0)])
def test_bad_delays_are_refused(size, delay, steps):
    with pytest.raises(ValueError, match="steps"):
        allowed_backlog(np.ones(size), delay, steps)


def test_gpu_hours_of_published_systems():
    # 32 servers of 8 B200 (1,000 W) with network take 458 kW.
    factor = 458 / 256
    assert gpu_hours_per_mwh(1000.0, factor) == pytest.approx(256 / 0.458, rel=1e-6)
    # An H100 cluster of 100,000 chips takes 150 MW.
    assert gpu_hours_per_mwh(700.0, 2.143) == pytest.approx(100_000 / 150, rel=1e-3)
    assert gpu_hours_per_mwh(700.0, 2.0, busy_power_share=0.5) == 2 * gpu_hours_per_mwh(700.0, 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 1.5), "chip_power_w"), ((700.0, 0.9), "server_power_factor"), ((700.0, 1.5, 0.0), "busy_power_share")],
)
def test_bad_chips_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        gpu_hours_per_mwh(*arguments)
