"""Photovoltaic output against pvlib's own PVWatts chain and NREL's SAM, on Greensboro TMY3."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.calendar import year_index
from kiban.physics.solar import _sun, inverter_output, pv_availability, snow_coverage

PLANT = {
    "step_hours": 1.0,
    "mount": "fixed",
    "tilt_deg": 30.0,
    "azimuth_deg": 180.0,
    "dc_ac_ratio": 1.2,
    "system_loss_share": 0.1407566,  # the 14.08 % of PVWatts
    "temperature_coefficient_per_k": -0.0047,
    "inverter_efficiency": 0.96,
    "ground_albedo": 0.2,
}
TRACKER = PLANT | {
    "mount": "single_axis",
    "tilt_deg": 0.0,
    "ground_coverage_ratio": 0.4,
    "maximum_rotation_deg": 55.0,
}


@pytest.fixture(scope="module")
def greensboro():
    path = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the reader, on newer pandas
        frame, site = pvlib.iotools.read_tmy3(path, coerce_year=1990, map_variables=True)
    frame.index = frame.index - pd.Timedelta(hours=1)  # TMY3 labels the end of the hour
    return frame, site


def arguments(greensboro):
    frame, site = greensboro
    columns = ("ghi", "dni", "dhi", "temp_air", "wind_speed")
    place = (site["latitude"], site["longitude"], site["altitude"])
    return frame.index, *place, *(frame[column].to_numpy(dtype=float) for column in columns)


def model_chain(greensboro, mount):
    frame, site = greensboro
    array = pvlib.pvsystem.Array(
        mount=mount,
        module_parameters={"pdc0": 1.2, "gamma_pdc": -0.0047},
        temperature_model_parameters=pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"],
        albedo=0.2,
    )
    system = pvlib.pvsystem.PVSystem(arrays=[array], inverter_parameters={"pdc0": 1 / 0.96, "eta_inv_nom": 0.96})
    place = pvlib.location.Location(site["latitude"], site["longitude"], altitude=site["altitude"])
    chain = pvlib.modelchain.ModelChain.with_pvwatts(system, place)
    weather = frame[["ghi", "dni", "dhi", "temp_air", "wind_speed"]].copy()
    weather.index = weather.index + pd.Timedelta(minutes=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chain.run_model(weather)
    return chain.results.ac.fillna(0.0).to_numpy()


def test_fixed_tilt_agrees_with_the_model_chain(greensboro):
    ours = pv_availability(*arguments(greensboro), **PLANT)
    theirs = model_chain(greensboro, pvlib.pvsystem.FixedMount(30, 180))
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-3)
    assert np.abs(ours - theirs).max() < 0.03
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9999


def test_tracker_agrees_with_the_model_chain(greensboro):
    ours = pv_availability(*arguments(greensboro), **TRACKER)
    theirs = model_chain(greensboro, pvlib.pvsystem.SingleAxisTrackerMount(0, 180, 55, True, 0.4))
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-3)
    assert np.abs(ours - theirs).max() < 0.03


@pytest.mark.parametrize(
    ("plant", "kwh_per_kw"),
    [
        # PVWatts version 8 in NREL's SAM (nrel-pysam 7.1.1), same weather file, 14.08 % losses.
        (PLANT, 1363.8),
        (PLANT | {"tilt_deg": 0.0}, 1212.0),
        (TRACKER, 1505.8),
    ],
)
def test_yearly_yield_agrees_with_pvwatts_8(greensboro, plant, kwh_per_kw):
    yearly = pv_availability(*arguments(greensboro), **plant).sum() / 1.2
    assert yearly == pytest.approx(kwh_per_kw, rel=0.02)


def test_night_is_dark_and_a_large_array_is_clipped(greensboro):
    output = pv_availability(*arguments(greensboro), **PLANT | {"dc_ac_ratio": 2.5})
    ghi = greensboro[0]["ghi"].to_numpy()
    assert output[ghi == 0].max() == 0.0
    assert output.max() == 1.0
    assert (output == 1.0).sum() > 1000


def test_half_hours_with_the_same_weather_give_the_same_energy(greensboro):
    index, *place, ghi, dni, dhi, air, wind = arguments(greensboro)
    days = slice(24 * 171, 24 * 178)
    halves = pd.date_range(index[days][0], periods=2 * 24 * 7, freq="30min")
    hourly = pv_availability(index[days], *place, *(s[days] for s in (ghi, dni, dhi, air, wind)), **PLANT)
    series = (np.repeat(s[days], 2) for s in (ghi, dni, dhi, air, wind))
    half_hourly = pv_availability(halves, *place, *series, **PLANT | {"step_hours": 0.5})
    assert half_hourly.sum() / 2 == pytest.approx(hourly.sum(), rel=0.02)


def test_the_sun_stands_where_the_time_zone_says():
    index = pd.date_range("2023-06-21", periods=24, freq="1h", tz="Etc/GMT-9")
    flat = np.full(24, 300.0)
    output = pv_availability(
        index, 35.7, 135.0, 0.0, flat, np.zeros(24), flat, np.full(24, 20.0), np.full(24, 2.0), **PLANT
    )
    # Diffuse light alone, nearly symmetric about solar noon, which is 12:00 on the zone's meridian.
    np.testing.assert_allclose(output[8:12], output[12:16][::-1], atol=0.005)


def test_the_inverter_curve_is_that_of_pvlib():
    direct = np.linspace(0.0, 1.6, 400)
    expected = pvlib.inverter.pvwatts(direct, pdc0=1 / 0.97, eta_inv_nom=0.97)
    np.testing.assert_allclose(inverter_output(direct, 0.97), expected, atol=1e-12)


def snowy_days():
    random = np.random.default_rng(3)
    hours = 24 * 60
    index = pd.date_range("2022-12-20", periods=hours, freq="1h", tz="Etc/GMT-9")
    hour = np.asarray(index.hour)
    irradiance = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * random.uniform(50, 700, hours)
    temperature = random.normal(-2.0, 4.0, hours)
    fall = np.where(random.random(hours) < 0.05, random.integers(1, 6, hours), 0)
    depth = np.zeros(hours)
    for i in range(1, hours):
        depth[i] = max(0.0, depth[i - 1] + fall[i] - (0.4 if temperature[i] > 0 else 0.05))
    return index, depth, irradiance, temperature


def test_snow_coverage_is_that_of_pvlib():
    index, depth, irradiance, temperature = snowy_days()
    tilt = np.full(len(index), 30.0)
    ours = snow_coverage(index, depth, irradiance, temperature, tilt, step_hours=1.0)
    plain = index.tz_localize(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pvlib.snow.coverage_nrel(
            pd.Series(np.maximum(np.diff(depth, prepend=depth[0]), 0.0), plain),
            pd.Series(irradiance, plain),
            pd.Series(temperature, plain),
            30.0,
            snow_depth=pd.Series(depth, plain),
            threshold_snowfall=0.999,  # pvlib asks for more than the threshold, not at least
        )
    np.testing.assert_allclose(ours, theirs.to_numpy(), atol=1e-9)
    assert 0.2 < ours.mean() < 0.9


def test_snow_loses_energy_and_a_steep_module_loses_less(greensboro):
    index, *place, ghi, dni, dhi, _, wind = arguments(greensboro)
    cold = np.full(8760, -3.0)
    depth = np.where(np.arange(8760) % 240 < 4, 0.0, 20.0)
    depth[3000:] = 0.0
    weather = (ghi, dni, dhi, cold, wind)

    def lost(tilt):
        plant = PLANT | {"tilt_deg": tilt}
        bare = pv_availability(index, *place, *weather, **plant)
        snowy = pv_availability(index, *place, *weather, **plant, snow_depth_cm=depth, snow_strings=4)
        assert np.all(snowy <= bare)
        np.testing.assert_array_equal(snowy[3100:], bare[3100:])
        return 1 - snowy.sum() / bare.sum()

    assert 0.0 < lost(45.0) < lost(10.0) < 0.3


def test_a_gap_between_years_is_not_snowfall():
    first = pd.date_range("2015-12-31", periods=24, freq="1h", tz="Etc/GMT-9")
    second = pd.date_range("2019-01-01", periods=24, freq="1h", tz="Etc/GMT-9")
    depth = np.concatenate([np.full(24, 5.0), np.full(24, 60.0)])
    coverage = snow_coverage(
        first.append(second), depth, np.zeros(48), np.full(48, -5.0), np.full(48, 30.0), step_hours=1.0
    )
    assert coverage.max() == 0.0


def test_monthly_snow_loss_scales_the_months(greensboro):
    loss = np.zeros(12)
    loss[0] = 0.5
    bare = pv_availability(*arguments(greensboro), **PLANT)
    snowy = pv_availability(*arguments(greensboro), **PLANT, monthly_snow_loss_share=loss)
    january = np.arange(8760) < 31 * 24
    np.testing.assert_array_equal(snowy[~january], bare[~january])
    assert 0.45 < snowy[january].sum() / bare[january].sum() < 0.52


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mount": "roof"}, "mount is 'roof'"),
        ({"dc_ac_ratio": 0.0}, "dc_ac_ratio"),
        ({"system_loss_share": 1.2}, "system_loss_share"),
        ({"inverter_efficiency": 0.0}, "inverter_efficiency"),
        ({"mount": "single_axis"}, "ground_coverage_ratio and maximum_rotation_deg"),
        ({"snow_depth_cm": np.ones(8760)}, "snow_strings"),
        ({"snow_depth_cm": np.ones(8760), "monthly_snow_loss_share": np.zeros(12)}, "not both"),
    ],
)
def test_bad_parameters_are_refused(greensboro, change, message):
    with pytest.raises(ValueError, match=message):
        pv_availability(*arguments(greensboro), **PLANT | change)


def test_time_without_a_zone_is_refused(greensboro):
    index, *rest = arguments(greensboro)
    with pytest.raises(ValueError, match="time zone"):
        pv_availability(index.tz_localize(None), *rest, **PLANT)


@pytest.mark.parametrize("place", [(43.1, 141.3, 17.0), (26.2, 127.7, 0.0), (-33.9, 151.2, 400.0), (68.4, 17.4, 5.0)])
@pytest.mark.parametrize("step_hours", [1.0, 0.5])
def test_the_sun_stands_where_pvlib_puts_it_also_when_other_places_were_asked_first(place, step_hours):
    latitude, longitude, elevation = place
    time = year_index(2019, 9.0, step_hours)[::61]
    middle = time + pd.Timedelta(hours=step_hours / 2)
    expected = pvlib.solarposition.spa_python(middle, latitude, longitude, altitude=elevation)
    zenith, azimuth, day = _sun(time, latitude, longitude, elevation, step_hours)
    assert np.array_equal(zenith, expected["apparent_zenith"])
    assert np.array_equal(azimuth, expected["azimuth"])
    assert np.array_equal(day, middle.day_of_year)
