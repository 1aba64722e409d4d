"""The stochastic wind: distribution, memory, cycles; and that the fit recovers what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import weibull_min

from kiban.weather.synthetic_wind import WindShape, fit_wind_shape, generate_wind, weibull_shape
from kiban.weather.typical import _hours, typical_stations, wind_shape

SHAPE = wind_shape()


def year(mean=4.0, height=10.0, seed=3, step_hours=1.0):
    return generate_wind(mean, height, SHAPE, steps=round(8760 / step_hours), step_hours=step_hours, seed=seed)


@pytest.mark.parametrize("mean", [1.5, 3.4, 8.0])
def test_values_are_weibull_with_the_asked_mean(mean):
    wind = year(mean)
    assert wind.mean() == pytest.approx(mean, rel=1e-12)
    shape = weibull_shape(mean, SHAPE.shape_per_root_mean)
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
    quantiles = weibull_min(shape, scale=mean / weibull_min(shape).mean()).ppf(levels)
    np.testing.assert_allclose(np.quantile(wind, levels), quantiles, rtol=1e-2)


def test_weibull_shape_stays_in_its_range():
    assert weibull_shape(0.5, 1.03) == 1.2
    assert weibull_shape(2.25, 1.0) == pytest.approx(1.5)
    assert weibull_shape(9.0, 1.03) == 2.0


def test_hours_remember_each_other():
    wind = np.mean([np.corrcoef(w[:-1], w[1:])[0, 1] for w in (year(seed=s) for s in range(4))])
    assert 0.80 < wind < 0.92
    halves = np.mean([np.corrcoef(w[:-2], w[2:])[0, 1] for w in (year(seed=s, step_hours=0.5) for s in range(4))])
    assert halves == pytest.approx(wind, abs=0.02)
    days = np.mean([np.corrcoef(w[:-72], w[72:])[0, 1] for w in (year(seed=s) for s in range(4))])
    assert -0.05 < days < 0.25


def test_afternoons_are_windy_near_the_ground_and_not_at_hub_height():
    near = np.mean([year(seed=s).reshape(365, 24).mean(axis=0) for s in range(6)], axis=0)
    assert 11 <= near.argmax() <= 16
    assert near.max() / near.min() > 1.5
    hub = np.mean([year(8.0, 100.0, seed=s).reshape(365, 24).mean(axis=0) for s in range(6)], axis=0)
    assert hub.max() / hub.min() < 1.15


def test_the_fit_recovers_the_process():
    """Generated wind, read at the full hours without noise, gives back cycles, memory and shape."""
    made = [year(3.0, seed=s) for s in range(8)]
    found = fit_wind_shape(made)
    np.testing.assert_allclose(found.cycles[4:6], SHAPE.cycles[4:6], atol=0.08)
    assert found.shape_per_root_mean == pytest.approx(SHAPE.shape_per_root_mean, rel=0.03)
    lags = np.array([1.0, 3.0, 6.0, 12.0, 24.0])

    def memory(shape: WindShape):
        fast, slow = np.exp(-lags / shape.fast_hours), np.exp(-lags / shape.slow_hours)
        return shape.fast_weight * fast + (1.0 - shape.fast_weight) * slow

    np.testing.assert_allclose(memory(found), memory(SHAPE), atol=0.06)


@pytest.mark.parametrize("station", [s for s in typical_stations() if s.has_humidity_and_wind], ids=str)
def test_model_resembles_each_station(station):
    """Against the real hours: spread, daily cycle and memory of half a day, to what one fit for all can do."""
    real = _hours(station, "wind") / 10.0
    model = year(float(real.mean()))
    assert model.std() == pytest.approx(real.std(), rel=0.25)
    by_hour = [w.reshape(365, 24).mean(axis=0) / w.mean() for w in (np.roll(real, 1), model)]
    assert np.corrcoef(*by_hour)[0, 1] > 0.9
    memory = [np.corrcoef(w[:-12], w[12:])[0, 1] for w in (real, model)]
    assert memory[1] == pytest.approx(memory[0], abs=0.3)


def test_no_correlation_with_sunshine_is_left_out():
    """Daily means of wind and clearness hardly correlate at the eight stations, so the model has none."""
    from kiban.weather import read_typical
    from kiban.weather.sun import sun_of_steps

    for station in typical_stations():
        if not station.has_humidity_and_wind:
            continue
        place = (station.latitude_deg, station.longitude_deg, station.elevation_m)
        weather = read_typical(*place, wind_speed_m_s=3.0, wind_height_m=10.0, seed=1)
        sun = sun_of_steps(weather.time, *place[:2], 1.0)
        outside = (sun.extraterrestrial_w_m2 * sun.mean_cosine).reshape(365, 24).sum(axis=1)
        clearness = weather.ghi_w_m2.reshape(365, 24).sum(axis=1) / outside
        wind = _hours(station, "wind").reshape(365, 24).mean(axis=1)
        assert abs(np.corrcoef(wind, clearness)[0, 1]) < 0.25
