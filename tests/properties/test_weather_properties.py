"""Laws of the weather readers, under hypothesis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.calendar import DAYS_PER_MONTH, year_index
from kiban.errors import WeatherError
from kiban.weather import check_weather, read_typical, typical_stations
from kiban.weather.calibration import means_by_month, scale_irradiance, shift_humidity, shift_to_means
from kiban.weather.humidity import dew_point_c, relative_humidity_pct, saturation_pressure_hpa
from kiban.weather.sun import sun_of_steps
from kiban.weather.synthetic_wind import generate_wind
from kiban.weather.typical import wind_shape

TIME = year_index(2023, 9.0)
SUN = sun_of_steps(TIME, 36.0, 138.0, 1.0)
SKY = 0.3 * SUN.extraterrestrial_w_m2 * SUN.mean_cosine
BEAM = np.where(SUN.mean_cosine > 0, 300.0, 0.0)
COLUMNS = {
    "temperature_c": np.linspace(-5.0, 30.0, 8760),
    "relative_humidity_pct": np.full(8760, 60.0),
    "ghi_w_m2": SKY + BEAM * SUN.mean_cosine,
    "dni_w_m2": BEAM,
    "dhi_w_m2": SKY,
    "wind_speed_m_s": np.full(8760, 4.0),
    "pressure_hpa": np.full(8760, 1000.0),
}
PLACE = {
    "latitude_deg": 36.0,
    "longitude_deg": 138.0,
    "elevation_m": 100.0,
    "wind_height_m": 10.0,
    "source": "test",
}
FEW = settings(max_examples=25)
MONTHS = st.lists(st.floats(-8.0, 8.0), min_size=12, max_size=12).map(np.array)


@FEW
@given(st.sets(st.integers(0, 8759), min_size=1, max_size=30))
def test_every_missing_hour_is_counted_and_filling_restores_the_year(missing):
    rows = sorted(missing)
    time = TIME.delete(rows)
    columns = {name: np.delete(values, rows) for name, values in COLUMNS.items()}
    with pytest.raises(WeatherError, match="missing"):
        check_weather(time, columns, **PLACE)
    weather = check_weather(time, columns, fill_gaps_hours=30.0, **PLACE)
    assert weather.time.equals(TIME)
    inside = [row for row in rows if not {*range(row), *range(row + 1, 8760)} <= missing and 0 < row < 8759]
    steady = [row for row in inside if missing.isdisjoint({0, 8759})]
    np.testing.assert_allclose(weather.temperature_c[steady], COLUMNS["temperature_c"][steady], atol=1e-9)
    assert any(f"temperature_c {len(rows)} h" in str(note) for note in weather.notes)


@FEW
@given(st.permutations(range(40)), st.integers(0, 8700))
def test_only_the_right_order_passes(order, first):
    rows = np.arange(8760)
    rows[first : first + 40] = first + np.array(order)
    time, columns = TIME[rows], {name: values[rows] for name, values in COLUMNS.items()}
    if list(order) == sorted(order):
        check_weather(time, columns, **PLACE)
    else:
        with pytest.raises(WeatherError, match="earlier than the row before it"):
            check_weather(time, columns, **PLACE)


@FEW
@given(st.integers(0, 8759), st.sampled_from(list(COLUMNS)), st.sampled_from([np.nan, np.inf, -np.inf, -1e6, 1e6]))
def test_one_bad_value_is_named_by_row_and_column(row, name, value):
    columns = {**COLUMNS, name: COLUMNS[name].copy()}
    columns[name][row] = value
    with pytest.raises(WeatherError) as caught:
        check_weather(TIME, columns, **PLACE)
    assert all(str(problem.where) == f"row {row + 1}" and problem.key == name for problem in caught.value.problems)


@FEW
@given(st.floats(-70.0, 70.0), st.floats(-180.0, 180.0), st.sampled_from([0.5, 1.0]))
def test_sun_averages_are_consistent(latitude, longitude, step_hours):
    time = year_index(2023, round(longitude / 15.0), step_hours)[:: round(7 / step_hours)]
    sun = sun_of_steps(time, latitude, longitude, step_hours)
    assert ((sun.mean_cosine >= 0) & (sun.mean_cosine <= 1)).all()
    assert ((sun.sunlit >= -1e-12) & (sun.sunlit <= 1 + 1e-9)).all()
    assert (sun.mean_cosine <= np.maximum(sun.largest_cosine, 0) * sun.sunlit + 1e-9).all()
    assert ((sun.mean_cosine > 0) == (sun.sunlit > 0)).all()
    # Two halves of a step average to the step.
    fine = sun_of_steps(time, latitude, longitude, step_hours / 2.0).mean_cosine
    fine = 0.5 * (
        fine
        + sun_of_steps(
            time + np.timedelta64(round(step_hours * 1800), "s"), latitude, longitude, step_hours / 2.0
        ).mean_cosine
    )
    np.testing.assert_allclose(fine, sun.mean_cosine, atol=1e-4)


@FEW
@given(MONTHS)
def test_shift_gives_the_means_and_is_smooth(monthly):
    values = 10.0 + 5.0 * np.sin(np.arange(8760) / 100.0)
    shifted = shift_to_means(values, 10.0 + monthly, 1.0)
    np.testing.assert_allclose(means_by_month(shifted, 1.0), 10.0 + monthly, atol=1e-9)
    change = shifted - values
    largest = np.abs(np.diff(change)).max()
    wanted = np.abs(10.0 + monthly - means_by_month(values, 1.0)).max()
    assert largest <= 5.0 * wanted / (28 * 24) + 1e-12
    assert abs(change[0] - change[-1]) <= largest + 1e-9


@FEW
@given(st.lists(st.floats(25.0, 95.0), min_size=12, max_size=12).map(np.array))
def test_humidity_stays_in_its_range(monthly):
    values = 65.0 + 35.0 * np.sin(np.arange(8760) / 10.0)
    shifted = shift_humidity(values, monthly, 1.0)
    assert ((shifted >= 5.0) & (shifted <= 100.0)).all()
    np.testing.assert_allclose(means_by_month(shifted, 1.0), monthly, atol=2.5)


@FEW
@given(st.lists(st.floats(0.3, 1.2), min_size=12, max_size=12).map(np.array))
def test_scaled_irradiance_has_the_means_and_closes(factor):
    target = means_by_month(COLUMNS["ghi_w_m2"], 1.0) * factor * 0.0864
    dni, dhi = scale_irradiance(BEAM, SKY, SUN, target, 1.0, "")
    ghi = dhi + dni * SUN.mean_cosine
    np.testing.assert_allclose(means_by_month(ghi, 1.0) * 0.0864, target, rtol=1e-9)
    assert (dni >= 0).all()
    assert (dhi >= 0).all()
    assert (ghi[COLUMNS["ghi_w_m2"] == 0] == 0).all()


@FEW
@given(st.floats(-30.0, 40.0), st.floats(5.0, 100.0))
def test_humidity_formulas_invert(temperature, humidity):
    vapour = humidity / 100.0 * saturation_pressure_hpa(temperature)
    assert saturation_pressure_hpa(dew_point_c(vapour)) == pytest.approx(float(vapour), rel=1e-9)
    grams = 622.0 * float(vapour) / (1000.0 - float(vapour))
    assert float(relative_humidity_pct(grams, temperature, 1000.0)) == pytest.approx(humidity, rel=1e-9)


@FEW
@given(st.floats(0.5, 12.0), st.floats(5.0, 200.0), st.integers(0, 2**32), st.sampled_from([0.5, 1.0]))
def test_wind_has_its_mean_whatever_the_seed(mean, height, seed, step_hours):
    steps = round(8760 / step_hours)
    wind = generate_wind(mean, height, wind_shape(), steps=steps, step_hours=step_hours, seed=seed)
    again = generate_wind(mean, height, wind_shape(), steps=steps, step_hours=step_hours, seed=seed)
    other = generate_wind(mean, height, wind_shape(), steps=steps, step_hours=step_hours, seed=seed + 1)
    assert wind.tobytes() == again.tobytes()
    assert wind.mean() == pytest.approx(mean, rel=1e-12)
    assert (wind > 0).all()
    np.testing.assert_allclose(np.sort(wind), np.sort(other), rtol=1e-9)


@FEW
@given(
    st.sampled_from(typical_stations()),
    st.floats(-0.5, 0.5),
    st.floats(-0.5, 0.5),
    st.floats(0.0, 1500.0),
    st.floats(1.0, 9.0),
)
def test_every_place_near_a_station_gets_a_checked_year(station, north, east, elevation, wind):
    """`check_weather` inside must accept it, whatever station is chosen for the place."""
    latitude, longitude = min(station.latitude_deg + north, 45.6), station.longitude_deg + east
    weather = read_typical(latitude, longitude, elevation, wind_speed_m_s=wind, wind_height_m=10.0, seed=5)
    assert weather.latitude_deg == latitude
    assert "wind_speed_m_s" in weather.synthetic
    assert len(weather.time) == 24 * sum(DAYS_PER_MONTH)
