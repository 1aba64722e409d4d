"""The embedded typical years: their hours, the choice of the station, the move to the place."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.calendar import HOURS_PER_YEAR, year_index
from kiban.errors import WeatherError
from kiban.weather import nearest_station, read_typical, typical_stations
from kiban.weather.calibration import diffuse_fraction, means_by_month
from kiban.weather.sun import sun_of_steps
from kiban.weather.typical import _archive, _hours, wind_shape

TOMAKOMAI = (42.66, 141.75, 10.0)
WIND = {"wind_speed_m_s": 3.4, "wind_height_m": 10.0, "seed": 7}
FIELDS = ("temperature_c", "relative_humidity_pct", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_speed_m_s")
STATIONS = typical_stations()
# Monthly normals 1991 to 2020 of Tokyo (Japan Meteorological Agency), GHI observed 2016 to 2025.
TOKYO = {
    "monthly_temperature_c": (5.4, 6.1, 9.4, 14.3, 18.8, 21.9, 25.7, 26.9, 23.3, 18.0, 12.5, 7.7),
    "monthly_relative_humidity_pct": (51, 52, 57, 62, 68, 75, 76, 74, 75, 71, 64, 56),
    "monthly_ghi_mj_m2_day": (10.0, 12.6, 14.2, 17.1, 18.1, 16.6, 17.1, 17.1, 12.4, 10.0, 9.6, 8.9),
}


def at(station, **changes):
    place = (station.latitude_deg, station.longitude_deg, station.elevation_m)
    return read_typical(*place, **{**WIND, **changes})


def test_table_and_hours_belong_together():
    archive = _archive()
    assert [station.id for station in STATIONS] == archive["station"].tolist()
    complete = [station.id for station in STATIONS if station.has_humidity_and_wind]
    assert complete == archive["complete_station"].tolist() == [59, 86, 224, 333, 393, 615, 794, 831]
    for name in ("temperature", "dni", "dhi"):
        assert archive[name].shape == (38, HOURS_PER_YEAR)
    for name in ("humidity", "wind"):
        assert archive[name].shape == (8, HOURS_PER_YEAR)
    assert all(archive[name].min() >= 0 for name in ("dni", "dhi", "humidity", "wind"))
    folder = files("kiban") / "catalogue" / "typical"
    assert len((folder / "hours.npz").read_bytes()) < 2_000_000
    rows = list(csv.DictReader((folder / "stations.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["elevation_status"] for row in rows} == {"verified", "assumed"}
    assert all(row["note"] for row in rows if row["elevation_status"] == "assumed")


@pytest.mark.parametrize(
    ("station_id", "annual_temperature_c"),
    # Normals 1981 to 2010 of the agency; the standard year 1981 to 1995 is up to 1 K cooler.
    [(59, 7.7), (224, 10.2), (333, 13.8), (393, 11.9), (615, 16.2), (794, 17.4), (831, 23.1), (86, 6.2)],
)
def test_station_numbers_mean_the_right_places(station_id, annual_temperature_c):
    station = next(s for s in STATIONS if s.id == station_id)
    mean = _hours(station, "temperature").mean() / 10.0
    assert -1.0 < mean - annual_temperature_c < 0.5


@pytest.mark.parametrize("station", STATIONS, ids=str)
def test_hours_of_irradiance_are_right(station):
    """Clear days are symmetric about solar noon and the night is dark, by pvlib's sun."""
    weather = at(station)
    middle = weather.time + pd.Timedelta(minutes=30)
    sun = pvlib.solarposition.get_solarposition(middle, station.latitude_deg, station.longitude_deg)
    solar_hours = (middle.hour + middle.minute / 60.0 + (station.longitude_deg - 135.0) / 15.0).to_numpy()
    from_noon = (solar_hours + sun["equation_of_time"].to_numpy() / 60.0 - 12.0).reshape(365, 24)
    ghi = weather.ghi_w_m2.reshape(365, 24)
    outside = sun_of_steps(weather.time, station.latitude_deg, station.longitude_deg, 1.0)
    clearness = ghi.sum(axis=1) / (outside.extraterrestrial_w_m2 * outside.mean_cosine).reshape(365, 24).sum(axis=1)
    clear = np.argsort(clearness)[-20:]
    off_noon = (ghi[clear] * from_noon[clear]).sum() / ghi[clear].sum()
    assert abs(off_noon) * 60.0 < 15.0
    diffuse = weather.dhi_w_m2.reshape(365, 24)
    assert abs((diffuse * from_noon).sum() / diffuse.sum()) * 60.0 < 5.0
    # Half an hour off the middle the sun moves by 7.5 degrees at most.
    night = sun["elevation"].to_numpy() < -8.0
    assert weather.ghi_w_m2[night].max() == 0.0


@pytest.mark.parametrize("station", STATIONS, ids=str)
def test_nothing_is_lost_from_the_source(station):
    weather = at(station)
    counts = {name: _hours(station, name) for name in ("temperature", "dni", "dhi")}
    source = counts["dhi"].sum() * station.irradiance_count_w_m2
    assert weather.dhi_w_m2.sum() == pytest.approx(source, rel=1e-3)
    assert weather.temperature_c.mean() == pytest.approx(counts["temperature"].mean() / 10.0, abs=1e-9)
    rows = year_index(2001, 9.0) + pd.Timedelta(minutes=30)
    sun = sun_of_steps(rows, station.latitude_deg, station.longitude_deg, 1.0)
    cosine = np.divide(sun.mean_cosine, sun.sunlit, out=np.zeros_like(sun.sunlit), where=sun.sunlit > 0)
    beam = (counts["dni"] * station.irradiance_count_w_m2 * cosine).sum()
    assert (weather.ghi_w_m2 - weather.dhi_w_m2).sum() == pytest.approx(beam, rel=1e-3)


def test_beam_and_sky_close():
    weather = read_typical(*TOMAKOMAI, **WIND)
    sun = sun_of_steps(weather.time, weather.latitude_deg, weather.longitude_deg, 1.0)
    np.testing.assert_allclose(weather.ghi_w_m2, weather.dhi_w_m2 + weather.dni_w_m2 * sun.mean_cosine, atol=1e-9)


def test_tomakomai_is_not_a_mountain_lake():
    station, distance_km = nearest_station(*TOMAKOMAI)
    assert (station.name_en, station.id) == ("Iwamizawa", 59)
    assert distance_km == pytest.approx(61, abs=1)
    weather = read_typical(*TOMAKOMAI, **WIND)
    assert str(weather.source) == "typical: Iwamizawa (59)"
    assert weather.synthetic == {"wind_speed_m_s"}
    assert any("61 km away" in str(note) for note in weather.notes)
    assert any("wind is synthetic" in str(note) and "seed 7" in str(note) for note in weather.notes)
    assert any("1981 to 1995" in str(note) for note in weather.notes)


def test_a_mountain_gets_the_mountain_station():
    assert nearest_station(37.6, 140.2, 1100.0)[0].name_en == "Washikura"
    assert nearest_station(37.6, 140.2, 200.0)[0].name_en == "Wakamatsu"


def test_station_can_be_chosen_by_number_or_name():
    by_number = read_typical(*TOMAKOMAI, **WIND, station=49)
    assert str(by_number.source) == "typical: Shikotsukohan (49)"
    for name in ("shikotsukohan", "支笏湖畔", "49"):
        other = read_typical(*TOMAKOMAI, **WIND, station=name)
        np.testing.assert_array_equal(other.temperature_c, by_number.temperature_c)
    with pytest.raises(WeatherError, match="'Iwamizava' is unknown; did you mean 'Iwamizawa'"):
        read_typical(*TOMAKOMAI, **WIND, station="Iwamizava")
    with pytest.raises(WeatherError, match="name one of Toyotomi"):
        read_typical(*TOMAKOMAI, **WIND, station="x")


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (36.1, -79.95),
        (37.57, 126.98),
        (35.18, 129.07),
        (46.96, 142.74),
        (27.09, 142.19),
        (25.04, 121.5),
        (-43.0, 141.0),
    ],
    ids=["Greensboro", "Seoul", "Busan", "Sakhalin", "Ogasawara", "Taipei", "mirrored"],
)
def test_places_without_a_station(latitude, longitude):
    with pytest.raises(WeatherError, match="no station within 250 km") as caught:
        read_typical(latitude, longitude, 10.0, **WIND)
    assert "epw" in str(caught.value)


@pytest.mark.parametrize("speed", [0.0, -3.0, 25.0, float("nan")])
def test_wind_out_of_range(speed):
    with pytest.raises(WeatherError, match=r"wind_speed_m_s is .*from 0\.3 to 20 m/s"):
        read_typical(*TOMAKOMAI, wind_speed_m_s=speed, wind_height_m=10.0, seed=1)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("monthly_temperature_c", [10.0] * 11, "instead of 12 values"),
        ("monthly_temperature_c", [283.0] * 12, "is 283 in month 12"),
        ("monthly_relative_humidity_pct", [0.7] * 12, "is 0.7 in month 1"),
        ("monthly_ghi_mj_m2_day", [3.6] * 11 + [float("nan")], "is nan in month 12"),
        ("monthly_ghi_mj_m2_day", [30.0] * 12, "is 30 in month 1, clear skies give"),
    ],
)
def test_monthly_values_out_of_range(name, values, said):
    with pytest.raises(WeatherError) as caught:
        read_typical(*TOMAKOMAI, **WIND, **{name: values})
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_height_cools_and_thins_the_air():
    low = read_typical(35.66, 138.55, 273.0, **WIND)
    high = read_typical(35.66, 138.55, 373.0, **WIND, station="Kofu")
    np.testing.assert_allclose(high.temperature_c, low.temperature_c - 0.65)
    assert low.pressure_hpa[0] / high.pressure_hpa[0] == pytest.approx(1.0119, abs=2e-4)
    assert any("shifted by -0.7 K for +100 m" in str(note) for note in high.notes)
    # Standard atmosphere at 1000 m, ISO 2533.
    assert read_typical(35.66, 138.55, 1000.0, **WIND).pressure_hpa[0] == pytest.approx(898.75, abs=0.05)


def test_levels_move_to_monthly_normals():
    raw = read_typical(35.69, 139.75, 25.0, **WIND)
    moved = read_typical(35.69, 139.75, 25.0, **WIND, **TOKYO)
    np.testing.assert_allclose(means_by_month(moved.temperature_c, 1.0), TOKYO["monthly_temperature_c"], atol=1e-9)
    humidity = means_by_month(moved.relative_humidity_pct, 1.0)
    np.testing.assert_allclose(humidity, TOKYO["monthly_relative_humidity_pct"], atol=0.05)
    irradiation = means_by_month(moved.ghi_w_m2, 1.0) * 0.0864
    np.testing.assert_allclose(irradiation, TOKYO["monthly_ghi_mj_m2_day"], rtol=1e-6)
    for said in ("temperature shifted to", "relative humidity shifted to", "irradiance scaled to"):
        assert any(said in str(note) for note in moved.notes)
    assert not any("1981 to 1995" in str(note) for note in moved.notes)
    # The hours keep their order: warm stays warm, cloudy stays cloudy.
    assert np.corrcoef(raw.temperature_c, moved.temperature_c)[0, 1] > 0.99
    assert np.corrcoef(raw.ghi_w_m2, moved.ghi_w_m2)[0, 1] > 0.98
    cosine = sun_of_steps(moved.time, 35.69, 139.75, 1.0).mean_cosine
    haurwitz = np.asarray(pvlib.clearsky.haurwitz(pd.Series(np.degrees(np.arccos(cosine))))["ghi"])
    assert (moved.ghi_w_m2 <= np.maximum(haurwitz, raw.ghi_w_m2) + 1e-6).all()
    assert moved.dni_w_m2.max() < 1000.0
    # A brighter year is a year with relatively more beam.
    brighter = moved.ghi_w_m2.sum() / raw.ghi_w_m2.sum()
    assert 1.05 < brighter < moved.dni_w_m2.sum() / raw.dni_w_m2.sum()
    np.testing.assert_array_equal(moved.wind_speed_m_s, raw.wind_speed_m_s)


def test_diffuse_fraction_is_that_of_erbs():
    clearness = np.linspace(0.0, 1.0, 41)
    zenith = np.full(41, 40.0)
    ghi = clearness * 1361.1 * np.cos(np.radians(40.0))
    factor = pvlib.irradiance.get_extra_radiation(172) / 1361.1
    expected = pvlib.irradiance.erbs(ghi * factor, zenith, 172)
    np.testing.assert_allclose(
        diffuse_fraction(np.asarray(expected["kt"])),
        np.divide(expected["dhi"], ghi * factor, out=np.ones(41), where=ghi > 0),
        rtol=1e-6,
    )


def test_humidity_is_measured_at_eight_stations_and_modelled_elsewhere():
    psychrolib = pytest.importorskip("psychrolib")
    psychrolib.SetUnitSystem(psychrolib.SI)
    measured = read_typical(26.203, 127.688, 28.0, **WIND)
    assert measured.synthetic == {"wind_speed_m_s"}
    naha = next(s for s in STATIONS if s.id == 831)
    grams, tenths = _hours(naha, "humidity") / 10.0, _hours(naha, "temperature") / 10.0
    for step in (5, 2000, 4800):
        ratio, temperature = (0.5 * (values[step - 1] + values[step]) for values in (grams / 1000.0, tenths))
        expected = 100.0 * psychrolib.GetRelHumFromHumRatio(temperature, ratio, measured.pressure_hpa[0] * 100.0)
        assert measured.relative_humidity_pct[step] == pytest.approx(min(expected, 100.0), abs=0.4)
    modelled = read_typical(34.987, 135.913, 86.0, **WIND)
    assert str(modelled.source) == "typical: Otsu (551)"
    assert modelled.synthetic == {"wind_speed_m_s", "relative_humidity_pct"}
    assert any("relative humidity modelled after" in str(note) for note in modelled.notes)
    assert 55.0 < modelled.relative_humidity_pct.mean() < 85.0


def test_modelled_humidity_resembles_measured():
    """At Utsunomiya, after the relation found at Iwamizawa, 740 km north: still most of the hours."""
    from kiban.calendar import month_of_step
    from kiban.weather.humidity import transfer_humidity
    from kiban.weather.typical import _daily_clearness

    here, there = (at(next(s for s in STATIONS if s.id == number)) for number in (333, 59))
    suns = [sun_of_steps(w.time, w.latitude_deg, w.longitude_deg, 1.0) for w in (here, there)]
    clearness = [
        _daily_clearness(w.ghi_w_m2, sun.extraterrestrial_w_m2 * sun.mean_cosine, 1.0)
        for w, sun in zip((here, there), suns, strict=True)
    ]
    hour = (np.arange(HOURS_PER_YEAR) + 0.5) % 24.0
    modelled = transfer_humidity(
        here.temperature_c,
        clearness[0],
        month_of_step(),
        hour,
        from_temperature_c=there.temperature_c,
        from_relative_humidity_pct=there.relative_humidity_pct,
        from_daily_clearness=clearness[1],
    )
    assert np.corrcoef(modelled, here.relative_humidity_pct)[0, 1] > 0.65
    assert 0.6 < modelled.std() / here.relative_humidity_pct.std() < 1.1


def test_half_hours_average_to_hours():
    hours = read_typical(*TOMAKOMAI, **WIND)
    halves = read_typical(*TOMAKOMAI, **WIND, step_hours=0.5)
    assert halves.step_hours == 0.5
    for name in ("temperature_c", "ghi_w_m2", "dhi_w_m2"):
        pairs = getattr(halves, name).reshape(-1, 2).mean(axis=1)
        np.testing.assert_allclose(pairs, getattr(hours, name), atol=0.02)
    assert halves.wind_speed_m_s.mean() == pytest.approx(3.4)


def test_same_seed_same_bytes():
    first = read_typical(*TOMAKOMAI, **WIND)
    second = read_typical(*TOMAKOMAI, **WIND)
    other = read_typical(*TOMAKOMAI, **{**WIND, "seed": 8})
    for name in FIELDS:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert (first.wind_speed_m_s != other.wind_speed_m_s).any()
    assert first.temperature_c.tobytes() == other.temperature_c.tobytes()


def test_year_only_labels_the_hours():
    weather = read_typical(*TOMAKOMAI, **WIND, year=2024)
    assert weather.years == (2024,)
    assert len(weather.time) == HOURS_PER_YEAR
    base = read_typical(*TOMAKOMAI, **WIND)
    np.testing.assert_array_equal(weather.temperature_c, base.temperature_c)
    assert weather.ghi_w_m2.sum() == pytest.approx(base.ghi_w_m2.sum(), rel=2e-3)


def test_wind_model_in_the_catalogue_is_the_fit_of_its_stations():
    from kiban.weather.synthetic_wind import fit_wind_shape, values_of_shape

    winds = [_hours(s, "wind") / 10.0 for s in STATIONS if s.has_humidity_and_wind]
    fitted = values_of_shape(fit_wind_shape(winds))
    stored = values_of_shape(wind_shape())
    assert stored == pytest.approx(fitted, rel=2e-3, abs=2e-4)
