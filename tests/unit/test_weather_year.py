"""Every way in which a weather file can be wrong, and the few repairs that are made on request."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kiban.calendar import year_index
from kiban.errors import WeatherError
from kiban.weather import Weather, check_weather, select_years
from kiban.weather.rows import align_rows, row_count_problem
from kiban.weather.sun import sun_of_steps

LATITUDE, LONGITUDE = 42.6, 141.6
PLACE = {
    "latitude_deg": LATITUDE,
    "longitude_deg": LONGITUDE,
    "elevation_m": 10.0,
    "wind_height_m": 10.0,
    "source": "test",
    "where": "station.csv",
}


def rows_of(time):
    """Plausible columns: a half-clear sky, ten degrees, a breeze."""
    sun = sun_of_steps(time, LATITUDE, LONGITUDE, 1.0 if len(time) % 8760 in (0, 24) else 0.5)
    sky = 0.25 * sun.extraterrestrial_w_m2 * sun.mean_cosine
    beam = np.where(sun.mean_cosine > 0, 400.0, 0.0)
    hours = np.arange(len(time))
    return {
        "temperature_c": 10.0 + 8.0 * np.sin(hours / 3000.0),
        "relative_humidity_pct": 70.0 + 20.0 * np.sin(hours / 50.0),
        "ghi_w_m2": sky + beam * sun.mean_cosine,
        "dni_w_m2": beam,
        "dhi_w_m2": sky,
        "wind_speed_m_s": 4.0 + 3.0 * np.sin(hours / 17.0),
        "pressure_hpa": np.full(len(time), 1010.0),
    }


@pytest.fixture
def time():
    return year_index(2023, 9.0)


@pytest.fixture
def columns(time):
    return rows_of(time)


def refused(time, columns, **changes) -> str:
    with pytest.raises(WeatherError) as caught:
        check_weather(time, columns, **{**PLACE, **changes})
    assert caught.value.exit_code == 2
    return str(caught.value)


def without(time, columns, rows):
    return time.delete(rows), {name: np.delete(values, rows) for name, values in columns.items()}


def changed(columns, name, rows, value):
    copy = {key: values.copy() for key, values in columns.items()}
    copy[name][rows] = value
    return copy


def test_a_good_year_passes_unchanged(time, columns):
    weather = check_weather(time, columns, **PLACE)
    assert isinstance(weather, Weather)
    assert weather.years == (2023,)
    assert weather.time.equals(year_index(2023, 9.0))
    for name, values in columns.items():
        np.testing.assert_array_equal(getattr(weather, name), values)
    assert weather.notes == ()
    assert weather.synthetic == frozenset()
    assert weather.snow_depth_cm is None


def test_arrays_are_read_only_copies(time, columns):
    weather = check_weather(time, columns, **PLACE)
    columns["temperature_c"][0] = 99.0
    assert weather.temperature_c[0] != 99.0
    with pytest.raises(ValueError, match="read-only"):
        weather.ghi_w_m2[0] = 1.0


def test_leap_day_is_dropped_and_noted():
    time = pd.date_range("2024-01-01", "2025-01-01", freq="h", inclusive="left", tz="Etc/GMT-9")
    columns = rows_of(time)
    weather = check_weather(time, columns, **PLACE)
    assert len(weather.time) == 8760
    kept = ~((time.month == 2) & (time.day == 29))
    np.testing.assert_array_equal(weather.temperature_c, columns["temperature_c"][kept])
    assert any("29 February" in str(note) and "24" in str(note) for note in weather.notes)


def test_half_hours_are_allowed():
    time = year_index(2023, 9.0, 0.5)
    weather = check_weather(time, rows_of(time), step_hours=0.5, **PLACE)
    assert weather.step_hours == 0.5
    assert len(weather.ghi_w_m2) == 17520


def test_years_follow_one_another_and_can_be_selected():
    time = year_index([2021, 2022, 2023], 9.0)
    columns = rows_of(time)
    columns["snow_depth_cm"] = np.zeros(len(time))
    weather = check_weather(time, columns, **PLACE)
    assert weather.years == (2021, 2022, 2023)
    chosen = select_years(weather, [2023, 2021])
    assert chosen.years == (2023, 2021)
    np.testing.assert_array_equal(chosen.wind_speed_m_s[:8760], columns["wind_speed_m_s"][17520:])
    np.testing.assert_array_equal(chosen.wind_speed_m_s[8760:], columns["wind_speed_m_s"][:8760])
    assert chosen.time[0].year == 2023
    directly = check_weather(time, columns, **PLACE, years=[2023, 2021])
    np.testing.assert_array_equal(directly.temperature_c, chosen.temperature_c)
    with pytest.raises(WeatherError, match="2020"):
        select_years(weather, [2020])
    with pytest.raises(WeatherError, match="2021"):
        select_years(weather, [2021, 2021])


def test_requested_year_that_is_absent(time, columns):
    assert "year 2019 has 0 of 8760 steps; choose among the complete years (2023)" in refused(
        time, columns, years=[2023, 2019]
    )
    assert "no year" in refused(time, columns, years=[])
    assert "a year twice" in refused(time, columns, years=[2023, 2023])


def test_gap_names_file_line_and_remedy(time, columns):
    short_time, short = without(time, columns, [100, 101, 5000])
    message = refused(short_time, short, lines=range(7, 7 + len(short_time)))
    assert "station.csv, line 106: time 2 h missing from 2023-01-05 04:00 to 2023-01-05 06:00" in message
    assert "1 h missing from 2023-07-28 08:00" in message
    assert "fill_gaps_hours" in message


def test_short_gaps_are_filled_on_request_only(time, columns):
    short_time, short = without(time, columns, [2000, 2001])
    weather = check_weather(short_time, short, fill_gaps_hours=2, **PLACE)
    expected = np.interp([2000, 2001], [1999, 2002], columns["temperature_c"][[1999, 2002]])
    np.testing.assert_allclose(weather.temperature_c[2000:2002], expected)
    assert any("filled linearly" in str(note) and "temperature_c 2 h" in str(note) for note in weather.notes)
    assert any("the sun's course" in str(note) and "ghi_w_m2 2 h" in str(note) for note in weather.notes)
    np.testing.assert_allclose(weather.ghi_w_m2[2000:2002], columns["ghi_w_m2"][2000:2002], rtol=0.05)
    assert "2 h missing" in refused(short_time, short, fill_gaps_hours=1)


def test_filled_irradiance_stays_below_the_sun(time, columns):
    dusk = 24 * 180 + np.arange(17, 21)
    weather = check_weather(time, changed(columns, "dni_w_m2", dusk, np.nan), fill_gaps_hours=4, **PLACE)
    sun = sun_of_steps(time, LATITUDE, LONGITUDE, 1.0)
    assert (weather.dni_w_m2[dusk][sun.mean_cosine[dusk] == 0] == 0).all()


def test_nan_is_refused_and_filled_on_request(time, columns):
    holes = changed(columns, "relative_humidity_pct", slice(10, 13), np.nan)
    message = refused(time, holes)
    assert "row 11: relative_humidity_pct is missing (NaN) for 3 h from 2023-01-01 10:00" in message
    weather = check_weather(time, holes, fill_gaps_hours=3, **PLACE)
    assert np.isfinite(weather.relative_humidity_pct).all()
    endless = changed(columns, "relative_humidity_pct", slice(None), np.nan)
    assert "missing (NaN) for 8760 h" in refused(time, endless, fill_gaps_hours=10000)


def test_duplicated_hour(time, columns):
    twice = time.insert(500, time[499])
    more = {name: np.insert(values, 500, values[499]) for name, values in columns.items()}
    message = refused(twice, more)
    assert "row 501: time 2023-01-21 19:00 is duplicated (first in row 500)" in message


def test_rows_out_of_order(time, columns):
    order = np.arange(len(time))
    order[[300, 301]] = [301, 300]
    message = refused(time[order], {name: values[order] for name, values in columns.items()})
    assert "row 302: time 2023-01-13 12:00 is earlier than the row before it" in message


def test_8761_rows(time, columns):
    longer = time.append(pd.DatetimeIndex([time[-1] + pd.Timedelta(hours=1)]))
    more = {name: np.append(values, values[-1]) for name, values in columns.items()}
    message = refused(longer, more)
    assert "row 8761: time year 2024 has 1 of 8760 steps; remove the rows of 2024" in message


def test_row_count_without_times():
    assert row_count_problem(8760, 1.0) is None
    assert row_count_problem(3 * 17520, 0.5) is None
    assert "has 8761 rows" in str(row_count_problem(8761, 1.0, "a.csv"))
    assert "29 February" in str(row_count_problem(8784, 1.0))
    assert "has 0 rows" in str(row_count_problem(0, 1.0))


def test_truncated_file(time, columns):
    message = refused(time[:5000], {name: values[:5000] for name, values in columns.items()})
    assert "3760 h missing from 2023-07-28 08:00 to 2024-01-01 00:00" in message


def test_no_rows(time, columns):
    assert "has no rows" in refused(time[:0], {name: values[:0] for name, values in columns.items()})


def test_half_hourly_rows_given_as_hourly():
    time = year_index(2023, 9.0, 0.5)
    message = refused(time, rows_of(time))
    assert "2023-01-01 00:30 is not on the 1 h grid" in message
    assert "8757 more rows" in message


def test_step_that_is_not_supported(time, columns):
    assert "step of 0.25 h" in refused(time, columns, step_hours=0.25)


def test_time_without_zone(time, columns):
    assert "has no time zone" in refused(time.tz_localize(None), columns)


def test_daylight_saving_is_refused(columns):
    time = pd.date_range("2023-01-01", periods=8760, freq="h", tz="America/New_York")
    assert "daylight saving" in refused(time, columns)


def test_invalid_time(time, columns):
    broken = pd.DatetimeIndex([*time[:10], pd.NaT, *time[11:]])
    assert "row 11: time is not a time" in refused(broken, columns)


def test_zone_far_from_the_longitude(time, columns):
    message = refused(time.tz_localize(None).tz_localize("UTC"), columns)
    assert "is UTC+0 at longitude 141.6" in message


@pytest.mark.parametrize(("shift", "said"), [(1, "1.0 h after"), (-2, "2.0 h before")])
def test_labels_that_are_shifted(time, columns, shift, said):
    shifted = {name: np.roll(values, shift) for name, values in columns.items()}
    message = refused(time, shifted)
    assert f"ghi_w_m2 is centred {said} solar noon" in message
    assert "start of the step" in message


def test_sun_at_night_alone_is_found(time, columns):
    message = refused(time, changed(columns, "ghi_w_m2", 24 * 200, 250.0))
    assert "row 4801: ghi_w_m2 is 250 at 2023-07-20 00:00, while the sun is down" in message


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature_c", 99.9, "above 60"),
        ("temperature_c", -99.0, "below -90"),
        ("temperature_c", 285.0, "above 60"),
        ("relative_humidity_pct", 101.0, "above 100"),
        ("relative_humidity_pct", -1.0, "below 0"),
        ("ghi_w_m2", -3.0, "negative"),
        ("dni_w_m2", -3.0, "negative"),
        ("dhi_w_m2", -3.0, "negative"),
        ("ghi_w_m2", 9999.0, "above 1600"),
        ("dni_w_m2", 9999.0, "above 1420"),
        ("ghi_w_m2", 1500.0, "more than the sun can give"),
        ("dhi_w_m2", 900.0, "more than the sun can give"),
        ("wind_speed_m_s", -0.1, "below 0"),
        ("wind_speed_m_s", 999.0, "above 115"),
        ("pressure_hpa", 101325.0, "above 1090"),
        ("pressure_hpa", 30.0, "below 400"),
        ("temperature_c", np.inf, "above 60"),
    ],
)
def test_value_out_of_range(time, columns, name, value, said):
    noon = 24 * 20 + 12
    message = refused(time, changed(columns, name, noon, value))
    assert f"station.csv, row {noon + 1}: {name} is {value:g} at 2023-01-21 12:00, {said}" in message
    assert message.count("\n") == 0


def test_many_bad_values_are_counted(time, columns):
    message = refused(time, changed(columns, "pressure_hpa", slice(None), 101325.0))
    assert message.count("pressure_hpa") == 3
    assert "and so are 8,757 more" in message


def test_small_negative_irradiance_is_clipped_on_request_only(time, columns):
    noise = changed(columns, "ghi_w_m2", 24 * 100, -1.5)
    assert "clip_negative_w_m2" in refused(time, noise)
    weather = check_weather(time, noise, clip_negative_w_m2=5.0, **PLACE)
    assert weather.ghi_w_m2[24 * 100] == 0.0
    assert any("ghi_w_m2: 1 values" in str(note) for note in weather.notes)
    assert "is -8" in refused(time, changed(columns, "ghi_w_m2", 24 * 100, -8.0), clip_negative_w_m2=5.0)


def test_wrong_unit_of_irradiance(time, columns):
    megajoule = {**columns, **{name: columns[name] * 0.0036 for name in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")}}
    assert "kWh/m2 a year, which no place receives" in refused(time, megajoule)


def test_beam_on_the_horizontal_given_as_normal(time, columns):
    sun = sun_of_steps(time, LATITUDE, LONGITUDE, 1.0)
    wrong = {**columns, "dni_w_m2": columns["dni_w_m2"] * sun.mean_cosine * 0.5}
    assert "times DHI + DNI cos(zenith) over the year" in refused(time, wrong)


def test_columns_missing_unknown_or_too_short(time, columns):
    del columns["pressure_hpa"]
    columns["temprature_c"] = columns["temperature_c"]
    columns["wind_speed_m_s"] = columns["wind_speed_m_s"][:-1]
    message = refused(time, columns)
    assert "pressure_hpa is missing" in message
    assert "temprature_c is not a weather column; did you mean 'temperature_c'?" in message
    assert "wind_speed_m_s has 8759 values for 8760 times" in message


def test_place_out_of_range(time, columns):
    message = refused(time, columns, latitude_deg=95.0, longitude_deg=400.0, elevation_m=1e5, wind_height_m=0.0)
    for said in ("latitude_deg is 95", "longitude_deg is 400", "elevation_m is 100000", "wind_height_m is 0"):
        assert said in message
    assert "latitude_deg is nan" in refused(time, columns, latitude_deg=float("nan"))


def test_all_problems_at_once(time, columns):
    short_time, short = without(time, columns, [100])
    short["temperature_c"][50] = np.nan
    short["pressure_hpa"][60] = 5.0
    short["ghi_w_m2"][70] = -20.0
    message = refused(short_time, short)
    for said in ("1 h missing", "temperature_c is missing (NaN)", "pressure_hpa is 5", "ghi_w_m2 is -20"):
        assert said in message


def test_alignment_finds_rows_of_requested_years():
    time = pd.date_range("2020-03-01", "2023-02-01", freq="h", inclusive="left", tz="Etc/GMT-9")
    alignment = align_rows(time, years=[2022, 2021])
    assert alignment.problems == ()
    assert alignment.gaps == ()
    assert time[alignment.row[0]] == pd.Timestamp("2022-01-01", tz="Etc/GMT-9")
    assert time[alignment.row[8760]] == pd.Timestamp("2021-01-01", tz="Etc/GMT-9")
    assert str(alignment.place_of(0)) == f"row {alignment.row[0] + 1}"
    everything = align_rows(time)
    assert everything.years == (2020, 2021, 2022, 2023)
    assert "choose among the complete years (2021, 2022)" in str(everything.gap_problems[0])


@pytest.mark.parametrize(
    ("latitude", "longitude", "offset"), [(42.6, 141.6, 9.0), (-33.9, 151.2, 10.0), (69.6, 18.9, 1.0)]
)
def test_sun_agrees_with_pvlib(latitude, longitude, offset):
    pvlib = pytest.importorskip("pvlib")
    time = year_index(2023, offset)[::37]
    sun = sun_of_steps(time, latitude, longitude, 1.0)
    minutes = []
    for minute in range(1, 60, 2):
        moment = time + pd.Timedelta(minutes=minute)
        minutes.append(pvlib.solarposition.get_solarposition(moment, latitude, longitude)["zenith"].to_numpy())
    cosine = np.cos(np.radians(np.array(minutes)))
    np.testing.assert_allclose(sun.mean_cosine, np.maximum(cosine, 0).mean(axis=0), atol=4e-4)
    # Sampled a minute inside the step's ends: up to 0.0045 short of the largest.
    np.testing.assert_allclose(sun.largest_cosine, cosine.max(axis=0), atol=5e-3)
    np.testing.assert_allclose(sun.sunlit, (cosine > 0).mean(axis=0), atol=0.04)
    distance = pvlib.solarposition.nrel_earthsun_distance(time).to_numpy()
    np.testing.assert_allclose(sun.extraterrestrial_w_m2, 1361.1 / distance**2, rtol=3e-4)
